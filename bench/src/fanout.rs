//! One room of 200: what a delivery costs, how late it is, and how many there can be.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{SinkExt, StreamExt, stream::SplitSink};
use protocol::RoomId;
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    Outcome,
    dialect::{Dialect, Target},
    house::Usage,
    report::percentile,
    socket::{Socket, nanos, next, said_at},
};

pub const MEMBERS: usize = 200;
/// As many of them speak.
const SPEAKERS: usize = 10;

/// Everyone in the room, listening.
pub struct Crowd {
    target: Target,
    sinks: Vec<SplitSink<Socket, Message>>,
    room: RoomId,
    /// What is sent to the bare broadcaster is filled up to the size of Kith's frames.
    padding: Option<usize>,
    heard: Arc<Heard>,
    tasks: JoinSet<Outcome<()>>,
}

/// What everyone heard, added up; times of every delivery while it is asked for.
#[derive(Default)]
struct Heard {
    deliveries: AtomicU64,
    bytes: AtomicU64,
    samples: AtomicBool,
    seen: std::sync::Mutex<Vec<u64>>,
    acked: std::sync::Mutex<Vec<u64>>,
}

/// What one run showed.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    pub deliveries_a_second: f64,
    pub cpu_a_million: f64,
    pub seen_p50_ms: f64,
    pub seen_p99_ms: f64,
    pub acked_p50_ms: f64,
    pub acked_p99_ms: f64,
    pub frame_bytes: usize,
}

impl Crowd {
    pub async fn gather(
        target: Target,
        tokens: &[String],
        room: RoomId,
        padding: Option<usize>,
    ) -> Outcome<Self> {
        let heard = Arc::<Heard>::default();
        let mut tasks = JoinSet::new();
        let mut sinks = Vec::new();
        for token in tokens {
            let (sink, stream) = target.enter(token, "").await?.split();
            sinks.push(sink);
            tasks.spawn(listen(target, stream, Arc::clone(&heard)));
        }
        Ok(Self { target, sinks, room, padding, heard, tasks })
    }

    /// Says `rate` messages a second for a while.
    pub async fn run(
        &mut self,
        rate: f64,
        lasts: Duration,
        usage: impl Fn() -> Outcome<Usage>,
    ) -> Outcome<Run> {
        let heard = Arc::clone(&self.heard);
        heard.seen.lock().map_err(|_| "poisoned")?.clear();
        heard.acked.lock().map_err(|_| "poisoned")?.clear();
        let before = (
            usage()?,
            heard.deliveries.load(Ordering::Relaxed),
            heard.bytes.load(Ordering::Relaxed),
        );
        heard.samples.store(true, Ordering::Relaxed);
        let began = Instant::now();
        let mut ticks = interval(Duration::from_secs_f64(1.0 / rate));
        // Open loop: who is late says all that is due, at the time it was due for.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut said = 0_usize;
        while began.elapsed() < lasts {
            ticks.tick().await;
            self.say(said).await?;
            said += 1;
        }
        let elapsed = began.elapsed();
        let expected = said as u64 * self.sinks.len() as u64;
        let told = |heard: &Heard| heard.deliveries.load(Ordering::Relaxed) - before.1;
        let in_time = told(&heard);
        let patience = Instant::now() + Duration::from_secs(10);
        while told(&heard) < expected && Instant::now() < patience {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        heard.samples.store(false, Ordering::Relaxed);
        let deliveries = told(&heard);
        let bytes = heard.bytes.load(Ordering::Relaxed) - before.2;
        let used = usage()?.cpu - before.0.cpu;
        let mut seen = std::mem::take(&mut *heard.seen.lock().map_err(|_| "poisoned")?);
        let mut acked = std::mem::take(&mut *heard.acked.lock().map_err(|_| "poisoned")?);
        if deliveries < expected {
            // What was dropped was not delivered in time by any measure.
            seen.extend(std::iter::repeat_n(u64::MAX / 2, (expected - deliveries) as usize));
        }
        Ok(Run {
            deliveries_a_second: in_time as f64 / elapsed.as_secs_f64(),
            cpu_a_million: used / deliveries as f64 * 1e6,
            seen_p50_ms: percentile(&mut seen, 0.5) / 1e6,
            seen_p99_ms: percentile(&mut seen, 0.99) / 1e6,
            acked_p50_ms: percentile(&mut acked, 0.5) / 1e6,
            acked_p99_ms: percentile(&mut acked, 0.99) / 1e6,
            frame_bytes: (bytes / deliveries.max(1)) as usize,
        })
    }

    /// Begins to take times without saying anything.
    pub fn watch(&self) -> Outcome<()> {
        self.heard.seen.lock().map_err(|_| "poisoned")?.clear();
        self.heard.samples.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// How long after it was said everything was heard since then: for half, and for 99 of 100, in
    /// milliseconds.
    pub fn seen(&self) -> Outcome<(f64, f64)> {
        self.heard.samples.store(false, Ordering::Relaxed);
        let mut seen = std::mem::take(&mut *self.heard.seen.lock().map_err(|_| "poisoned")?);
        Ok((percentile(&mut seen, 0.5) / 1e6, percentile(&mut seen, 0.99) / 1e6))
    }

    async fn say(&mut self, n: usize) -> Outcome<()> {
        let (_, message) = self.target.message(self.room, self.padding);
        Ok(self.sinks[n % SPEAKERS].send(message).await?)
    }

    pub async fn leave(mut self) {
        self.tasks.abort_all();
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn listen(
    target: Target,
    mut stream: impl StreamExt<Item = crate::socket::SocketItem> + Unpin,
    heard: Arc<Heard>,
) -> Outcome<()> {
    let mut seen = Vec::new();
    let mut acked: Vec<u64> = Vec::new();
    loop {
        let text = next(&mut stream).await?;
        // An ack carries no body; which of one's messages it is for the id would tell. The time it
        // came is what matters: it is compared with the message's own arrival.
        if target.speaks != Dialect::Bare && target.is_ack(&text) {
            if let Some(at) = acked_at(&text) {
                acked.push(at);
            }
            if heard.samples.load(Ordering::Relaxed) {
                heard.acked.lock().map_err(|_| "poisoned")?.append(&mut acked);
            }
            continue;
        }
        let Some(at) = said_at(&text) else { continue };
        heard.deliveries.fetch_add(1, Ordering::Relaxed);
        heard.bytes.fetch_add(text.len() as u64, Ordering::Relaxed);
        if heard.samples.load(Ordering::Relaxed) {
            seen.push(nanos().saturating_sub(at));
            if seen.len() >= 16 {
                heard.seen.lock().map_err(|_| "poisoned")?.append(&mut seen);
            }
        }
    }
}

/// How long the ack took, from the time that its message's id carries: the id ends in it.
fn acked_at(text: &str) -> Option<u64> {
    let at = text.find(r#""id":""#)? + 6;
    let id: protocol::MessageId = text.get(at..at + 36)?.parse().ok()?;
    crate::socket::since_of(id)
}
