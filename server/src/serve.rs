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
    origin::Origins,
    provider::{self, Provider},
    router,
};

/// How long what is under way may take to finish after SIGTERM.
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
    let socket = match serve.listen {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(serve.listen)?;
    let here = format!("http://{}", socket.local_addr()?);
    let config = Config {
        quotas: (serve.rate_limits == Switch::On).then_some(serve.limits),
        address: origins.public.clone().unwrap_or(here),
        sends_mail: serve.smtp_url.is_some(),
        challenges_bots: serve.challenge == Switch::On,
        takes_passwords: serve.passwords == Switch::On,
        ..house::config(house)
    };
    let ctx = house::open(config).await?;
    let house = House::new(ctx, origins).with(provider);
    let listener = socket.listen(BACKLOG)?;
    say(&format!("Kith is open at {}", house.ctx.address()))?;
    tokio::spawn(mail::deliver(house.ctx.clone(), mailer, house.shutdown.clone()));
    on(listener, house, stop_signal()).await
}

/// Serves on a listener until `stop` is done, then lets everyone go in peace.
pub async fn on(
    listener: TcpListener,
    house: House,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Outcome {
    let shutdown = house.shutdown.clone();
    tokio::spawn(async move {
        stop.await;
        shutdown.cancel();
    });
    let app = router::router(house.clone());
    let served = accept::connections(listener, app, house.shutdown.clone());
    let mut served = std::pin::pin!(served);
    // It ends by itself only after the shutdown has begun.
    tokio::select! {
        biased;
        () = house.shutdown.cancelled() => {}
        () = &mut served => return Ok(()),
    }
    house.hub.close();
    house.sockets.close();
    let drained = async { tokio::join!(served, house.sockets.wait()) };
    if tokio::time::timeout(DRAIN, drained).await.is_err() {
        tracing::warn!("something did not finish in time");
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
