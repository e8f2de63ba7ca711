//! `kith serve`: from the open database to the last socket's farewell.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use app::shell::Assets;
use domain::{Config, Ctx};
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    accept,
    admin::say,
    assets,
    config::{self, Serve, Switch},
    gateway::Hub,
    house::{self, Outcome},
    mail::{self, Mailer},
    metrics,
    origin::Origins,
    provider::{self, Provider},
    router,
};

/// How long what is under way may take to finish once no more is taken.
const DRAIN: Duration = Duration::from_secs(8);
/// As many connections wait to be taken, of all who come back at once.
const BACKLOG: u32 = 1_024;

/// What every handler may use. Cheap to clone.
#[derive(Clone)]
pub struct House {
    pub ctx: Ctx,
    pub hub: Arc<Hub>,
    assets: Arc<Assets>,
    pub origins: Arc<Origins>,
    /// What signs people in beside passwords.
    pub provider: Option<Arc<Provider>>,
    /// Cancelled when the server is told to stop.
    pub shutdown: CancellationToken,
    /// The sockets that are open.
    pub sockets: TaskTracker,
    /// Whether requests are counted.
    pub is_measured: bool,
}

impl House {
    pub fn new(ctx: Ctx, origins: Origins) -> Self {
        let hub = Hub::start(ctx.clone());
        Self {
            ctx,
            hub,
            assets: Arc::new(assets::names()),
            origins: Arc::new(origins),
            provider: None,
            shutdown: CancellationToken::new(),
            sockets: TaskTracker::new(),
            is_measured: false,
        }
    }

    /// The same, where people may sign in by a provider, too.
    pub fn with(self, provider: Option<Provider>) -> Self {
        Self { provider: provider.map(Arc::new), ..self }
    }

    /// What stands in the head of a page. In development files are built anew while this runs.
    pub fn assets(&self) -> Arc<Assets> {
        if cfg!(debug_assertions) { Arc::new(assets::names()) } else { Arc::clone(&self.assets) }
    }
}

/// Serves until told to stop.
pub async fn run(house: &config::House, serve: Serve) -> Outcome {
    let origins = Origins::new(serve.public_url.as_deref(), serve.trusted_proxies)?;
    let provider = provider::set_up(&serve.provider)?;
    if provider.is_none() && serve.passwords == Switch::Off {
        return Err("KITH_PASSWORDS=off wants KITH_OIDC_ISSUER: nobody could sign in".into());
    }
    let mailer = Mailer::new(serve.smtp_url.as_deref(), &serve.mail_from)?;
    let _ = any_spawner::Executor::init_tokio();
    // Its place is taken before anything is changed, and nobody is let in before all is ready: until
    // then they are refused, and go to another node.
    let socket = bind("KITH_LISTEN", serve.listen)?;
    if serve.metrics_listen.is_some_and(|at| overlap(at, serve.listen)) {
        let port = "KITH_METRICS_LISTEN wants a port of its own: KITH_LISTEN has this one";
        return Err(port.into());
    }
    let metrics_socket =
        serve.metrics_listen.map(|at| bind("KITH_METRICS_LISTEN", at)).transpose()?;
    let measured = metrics_socket.is_some().then(metrics::measure).transpose()?;
    let here = format!("http://{}", socket.local_addr()?);
    let config = Config {
        quotas: (serve.rate_limits == Switch::On).then_some(serve.limits),
        address: origins.public.clone().unwrap_or(here),
        sends_mail: serve.smtp_url.is_some(),
        challenges_bots: serve.challenge == Switch::On,
        takes_passwords: serve.passwords == Switch::On,
        ..house::config(house)
    };
    let database = house::place(&config.database_url);
    let redis = config.redis_url.as_deref().map_or_else(|| "none".to_owned(), house::place);
    let ctx = house::open(config).await?;
    let house = House::new(ctx, origins).with(provider);
    let house = House { is_measured: measured.is_some(), ..house };
    if let Some((socket, measured)) = metrics_socket.zip(measured) {
        let listener = listen("KITH_METRICS_LISTEN", socket)?;
        tracing::info!(listen = %listener.local_addr()?, "metrics can be asked for");
        tokio::spawn(metrics::serve(listener, house.clone(), measured));
    }
    let listener = listen("KITH_LISTEN", socket)?;
    let (address, version) = (listener.local_addr()?, env!("CARGO_PKG_VERSION"));
    tracing::info!(version, listen = %address, database, redis, "open");
    say(&format!("Kith is open at {}", house.ctx.address()))?;
    tokio::spawn(mail::deliver(house.ctx.clone(), mailer, house.shutdown.clone()));
    on(listener, house, stop_signal(), Duration::from_secs(serve.drain_seconds)).await
}

/// Takes an address, and lets nobody in yet. What cannot be taken is told with the `variable` that names it.
fn bind(variable: &str, address: SocketAddr) -> Outcome<TcpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    let taken = |error| format!("{variable}={address} cannot be listened on: {error}");
    socket.bind(address).map_err(taken)?;
    Ok(socket)
}

/// Whether two addresses cannot both be listened on.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let is_any = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() > 0 && one.port() == other.port() && (is_any || one.ip() == other.ip())
}

/// Lets people in. An address may be taken by two, of whom one finds out here.
fn listen(variable: &str, socket: TcpSocket) -> Outcome<TcpListener> {
    let taken = |error| format!("{variable} cannot be listened on: {error}");
    Ok(socket.listen(BACKLOG).map_err(taken)?)
}

/// Serves on a listener until `stop` is done, then lets everyone go in peace: sockets at once, while
/// requests are still taken for as long as it `lingers`, so that who asks whether it is ready hears that
/// it is not.
pub async fn on(
    listener: TcpListener,
    house: House,
    stop: impl Future<Output = ()> + Send + 'static,
    lingers: Duration,
) -> Outcome {
    let shutdown = house.shutdown.clone();
    tokio::spawn(async move {
        stop.await;
        shutdown.cancel();
    });
    let app = router::router(house.clone());
    let closed = CancellationToken::new();
    let served = accept::connections(listener, app, closed.clone());
    let mut served = std::pin::pin!(served);
    tokio::select! {
        () = house.shutdown.cancelled() => {}
        // It ends once it is closed, and not before.
        () = &mut served => return Ok(()),
    }
    tracing::info!("stopping: everyone is sent away, and this node is ready no more");
    house.hub.close();
    house.sockets.close();
    let close = async {
        tokio::time::sleep(lingers).await;
        closed.cancel();
    };
    // A request that is still under way may open a socket; so they are counted last.
    let served = async {
        served.await;
        house.sockets.wait().await;
    };
    let drained = async { tokio::join!(close, served) };
    if tokio::time::timeout(lingers + DRAIN, drained).await.is_err() {
        tracing::warn!("stopped: something did not finish in time");
    } else {
        tracing::info!("stopped");
    }
    Ok(())
}

async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};

    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
