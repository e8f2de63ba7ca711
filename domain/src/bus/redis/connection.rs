//! A connection to Redis: how it is made and kept, and when nothing is asked of it.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use fred::{
    clients::Client,
    interfaces::{ClientLike as _, MetricsInterface as _},
    types::{
        Builder, ClientState, ConnectHandle,
        config::{Config, ReconnectPolicy, TcpConfig, UnresponsiveConfig},
    },
};
use tokio::time::sleep;

use super::{BUFFER, PATIENCE, Redis};
use crate::{Error, Result};

/// What an address of a Redis begins with: fred takes anything for one. Sentinels are not for Kith.
const SCHEMES: [&str; 8] = [
    "redis",
    "rediss",
    "redis-cluster",
    "rediss-cluster",
    "valkey",
    "valkeys",
    "valkey-cluster",
    "valkeys-cluster",
];
/// How long a connection that was given up rests.
const REST: Duration = Duration::from_secs(10);
/// As many commands fit into a client's queue. It must never be full: fred 10.1 counts what it turns away
/// as waiting for ever, and sends what comes later only once there is much of it. So nothing is asked of a
/// Redis that [is not connected](is_connected) or stands still, and only so much at once of one that answers.
const COMMANDS: usize = 1_024;

/// The connection over which Redis is told and asked.
#[derive(Clone, Debug)]
pub(in crate::bus) struct Publisher {
    pub client: Client,
    /// Whether it took what this node said last to itself: who stands still takes nothing, and is
    /// connected.
    answers: Arc<AtomicBool>,
}

impl Publisher {
    pub(super) fn new(client: Client) -> Self {
        Self { client, answers: Arc::new(AtomicBool::new(true)) }
    }

    /// Whether Redis may be asked something: it is there, and answers.
    pub(in crate::bus) fn is_up(&self) -> bool {
        is_connected(&self.client) && self.answers()
    }

    pub(super) fn answers(&self) -> bool {
        self.answers.load(Ordering::Relaxed)
    }

    /// Redis has said something of its own, or nothing in time.
    pub(super) fn heard<T>(&self, answer: &Result<T, fred::error::Error>) {
        self.answers.store(answer.is_ok(), Ordering::Relaxed);
    }
}

/// Whether a client is connected, as far as it knows, and sends what it is given.
pub(super) fn is_connected(client: &Client) -> bool {
    client.state() == ClientState::Connected && client.command_queue_len() < COMMANDS / 2
}

/// Connects a client anew that has given up, for as long as anybody needs it.
pub(super) async fn keep_connected(
    redis: Weak<Redis>,
    client: fn(&Redis) -> &Client,
    mut connected: ConnectHandle,
) {
    loop {
        let end = connected.await;
        tracing::warn!(?end, "a connection to Redis was given up: connecting anew");
        sleep(REST).await;
        let Some(redis) = redis.upgrade() else { return };
        connected = client(&redis).connect();
    }
}

/// What an address says.
///
/// # Errors
/// `Internal` for what is no address of a Redis.
pub(super) fn config(url: &str) -> Result<Config> {
    if !url.split_once("://").is_some_and(|(scheme, _)| SCHEMES.contains(&scheme)) {
        let wants = "REDIS_URL begins with redis://, rediss:// or redis-cluster://";
        return Err(Error::internal(wants));
    }
    // What exactly is wrong would tell its password, too.
    let told = |_| Error::internal("REDIS_URL is no address of a Redis");
    let mut config = Config::from_url(url).map_err(told)?;
    // It may come up later than this node.
    config.fail_fast = false;
    Ok(config)
}

pub(super) fn build(config: Config, patience: Duration) -> Result<Client, fred::error::Error> {
    Builder::from_config(config)
        .with_performance_config(|performance| {
            performance.default_command_timeout = PATIENCE.max(patience);
            performance.broadcast_channel_capacity = BUFFER;
        })
        .with_connection_config(|connection| {
            connection.connection_timeout = PATIENCE;
            connection.internal_command_timeout = PATIENCE;
            connection.max_command_attempts = 1;
            connection.max_command_buffer_len = COMMANDS;
            connection.reconnect_on_auth_error = true;
            connection.unresponsive =
                UnresponsiveConfig { max_timeout: Some(2 * PATIENCE), interval: PATIENCE / 2 };
            connection.tcp = TcpConfig {
                nodelay: Some(true),
                // A client whose Redis takes nothing any more would wait for it for ever.
                user_timeout: Some(2 * PATIENCE),
                ..TcpConfig::default()
            };
        })
        .set_policy(ReconnectPolicy::new_exponential(0, 100, 2_000, 2))
        .build()
}
