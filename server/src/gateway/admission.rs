//! Bounds how many come in at once. After a restart all come together; those whose turn it is not wait
//! here, and not for the database, which refuses who waits for long, and behind whom everybody else would
//! wait who reads a page.

use std::time::Duration;

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// As many are asked about at once: enough to keep a database busy.
pub const AT_ONCE: usize = 64;

/// How long anybody waits at the door, who is told by a 503 then: less than a request may take.
const PATIENCE: Duration = Duration::from_secs(25);

/// Who waits for a turn, on this node. Who goes away while they wait at the door have left the line.
#[derive(Debug)]
pub struct Admission {
    handshakes: Semaphore,
    greetings: Semaphore,
}

impl Default for Admission {
    fn default() -> Self {
        Self { handshakes: Semaphore::new(AT_ONCE), greetings: Semaphore::new(AT_ONCE) }
    }
}

impl Admission {
    /// A turn to be asked who it is, until it is dropped; none where the node shuts down, or too many came
    /// before.
    pub async fn handshake(&self, shutdown: &CancellationToken) -> Option<SemaphorePermit<'_>> {
        timeout(PATIENCE, turn(&self.handshakes, shutdown)).await.ok().flatten()
    }

    /// A turn to be told where everything stands, however long that takes; none where the node shuts down.
    pub async fn greeting(&self, shutdown: &CancellationToken) -> Option<SemaphorePermit<'_>> {
        turn(&self.greetings, shutdown).await
    }
}

async fn turn<'a>(
    turns: &'a Semaphore,
    shutdown: &CancellationToken,
) -> Option<SemaphorePermit<'a>> {
    tokio::select! {
        biased;
        () = shutdown.cancelled() => None,
        // They are never closed.
        turn = turns.acquire() => turn.ok(),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn who_comes_late_waits_until_a_turn_is_over_or_the_node_shuts_down() {
        let (admission, shutdown) = (Admission::default(), CancellationToken::new());
        let ask = || admission.handshake(&shutdown).now_or_never();
        let mut turns: Vec<_> = (0..AT_ONCE).map(|_| ask().unwrap().unwrap()).collect();
        assert!(ask().is_none(), "it waits");
        assert!(admission.greeting(&shutdown).now_or_never().is_some(), "another line");
        turns.pop();
        assert!(ask().unwrap().is_some());
        shutdown.cancel();
        assert!(ask().unwrap().is_none());
    }
}
