//! `kith serve`: from the open database to the last socket's farewell.

use std::{sync::Arc, time::Duration};

use app::shell::Assets;
use domain::Ctx;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    accept,
    admin::say,
    assets,
    config::{self, Serve, Switch},
    gateway::Hub,
    house::{self, Outcome},
    mail::Mailer,
    origin::Origins,
    router,
};

/// How long what is under way may take to finish after SIGTERM.
const DRAIN: Duration = Duration::from_secs(8);

/// What every handler may use. Cheap to clone.
#[derive(Clone)]
pub struct House {
    pub ctx: Ctx,
    pub hub: Arc<Hub>,
    assets: Arc<Assets>,
    pub origins: Arc<Origins>,
    pub mailer: Arc<Mailer>,
    /// How often things may be done; off for benchmarks.
    pub rate_limits: Switch,
    /// Cancelled when the server is told to stop.
    pub shutdown: CancellationToken,
    /// The sockets that are open.
    pub sockets: TaskTracker,
}

impl House {
    /// `address` is where this house is found, for links in letters.
    pub fn new(ctx: Ctx, origins: Origins, address: String, rate_limits: Switch) -> Self {
        let hub = Hub::start(ctx.clone());
        Self {
            ctx,
            hub,
            assets: Arc::new(assets::names()),
            mailer: Arc::new(Mailer { address: origins.public.clone().unwrap_or(address) }),
            origins: Arc::new(origins),
            rate_limits,
            shutdown: CancellationToken::new(),
            sockets: TaskTracker::new(),
        }
    }

    /// What stands in the head of a page. In development files are built anew while this runs.
    pub fn assets(&self) -> Arc<Assets> {
        if cfg!(debug_assertions) { Arc::new(assets::names()) } else { Arc::clone(&self.assets) }
    }
}

/// Serves until told to stop.
pub async fn run(house: &config::House, serve: Serve) -> Outcome {
    let origins = Origins::new(serve.public_url.as_deref(), serve.trusted_proxies)?;
    let ctx = house::open(house).await?;
    let _ = any_spawner::Executor::init_tokio();
    let listener = TcpListener::bind(serve.listen).await?;
    let address = format!("http://{}", listener.local_addr()?);
    let house = House::new(ctx, origins, address, serve.rate_limits);
    say(&format!("Kith is open at {}", house.mailer.address))?;
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
