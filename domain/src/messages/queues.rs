//! Where messages wait to be stored. All that waits in a queue goes into one transaction, and while it
//! commits the next ones gather: under load many share a commit, and when idle nobody waits.

use std::{
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    sync::Arc,
};

use metrics::{counter, histogram};
use protocol::{MessageId, messages::Draft};
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

use super::post::{self, Posted};
use crate::{Ctx, Error, Result, db::Committed, rooms::Member};

/// As many messages share a commit at most.
const TOGETHER: usize = 256;
/// As many wait in a queue at most; more are told to try again.
const LONGEST: usize = 4_096;

/// A message that waits, and who waits for its outcome.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub member: Member,
    pub id: MessageId,
    pub draft: Draft,
    answer: oneshot::Sender<Result<Posted>>,
    since: Instant,
}

/// The queues of one node. A room has its queue, so that its messages stay in order.
#[derive(Clone, Debug)]
pub(crate) struct Queues(Arc<[mpsc::Sender<Waiting>]>);

impl Queues {
    /// No queues: for who stores what waits, and never joins one.
    pub(crate) fn none() -> Self {
        Self(Arc::new([]))
    }

    /// Opens as many queues as the database is to write at once. They close when nobody can join
    /// them any more.
    pub(crate) fn open(ctx: &Ctx) -> Self {
        let queue = |_| {
            let (join, waiting) = mpsc::channel(LONGEST);
            tokio::spawn(serve(ctx.clone(), waiting));
            join
        };
        Self((0..ctx.db.queues()).map(queue).collect())
    }

    /// Takes a place in the room's queue.
    ///
    /// # Errors
    /// `Unavailable` where the queue is full.
    pub(crate) fn join(
        &self,
        member: Member,
        id: MessageId,
        draft: Draft,
    ) -> Result<oneshot::Receiver<Result<Posted>>> {
        let (answer, outcome) = oneshot::channel();
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(member.room());
        let queue = usize::try_from(hash % self.0.len().max(1) as u64).unwrap_or(0);
        let queue = self.0.get(queue).ok_or_else(|| Error::Unavailable("no queue".into()))?;
        let waiting = Waiting { member, id, draft, answer, since: Instant::now() };
        queue.try_send(waiting).map_err(|_| {
            count_failed(1);
            Error::Unavailable("too many messages wait".into())
        })?;
        Ok(outcome)
    }
}

async fn serve(ctx: Ctx, mut queue: mpsc::Receiver<Waiting>) {
    let mut together = Vec::with_capacity(TOGETHER);
    while queue.recv_many(&mut together, TOGETHER).await > 0 {
        let (ctx, line) = (ctx.clone(), std::mem::take(&mut together));
        // A task of its own: should it ever panic, those who wait are told, and the queue goes on.
        let _ = tokio::spawn(async move { store(&ctx, line).await }).await;
    }
}

async fn store(ctx: &Ctx, line: Vec<Waiting>) {
    match ctx.commit_again(async |tx| post::store(tx, &line).await).await {
        Ok(committed) => return answer(line, committed),
        Err(error) if error.is_taken() && line.len() > 1 => {}
        Err(error) => return fail(line, &error),
    }
    for waiting in line {
        let alone = vec![waiting];
        match ctx.commit_again(async |tx| post::store(tx, &alone).await).await {
            Ok(committed) => answer(alone, committed),
            Err(error) => fail(alone, &error),
        }
    }
}

/// Answers once everyone on this node has been told, so that an acknowledgement and the message
/// itself can go out together. The queue goes on meanwhile.
fn answer(line: Vec<Waiting>, committed: Committed<Vec<Result<Posted>>>) {
    tokio::spawn(async move {
        let outcomes = committed.told().await;
        measure(&line, &outcomes);
        for (waiting, outcome) in line.into_iter().zip(outcomes) {
            // Who is gone needs no answer.
            let _ = waiting.answer.send(outcome);
        }
    });
}

fn measure(line: &[Waiting], outcomes: &[Result<Posted>]) {
    let is_new = |outcome: &Result<Posted>| matches!(outcome, Ok(posted) if !posted.again);
    let (stored, seconds) =
        (counter!("kith_messages_stored_total"), histogram!("kith_message_seconds"));
    histogram!("kith_messages_together").record(line.len() as f64);
    for (waiting, _) in line.iter().zip(outcomes).filter(|(_, outcome)| is_new(outcome)) {
        stored.increment(1);
        seconds.record(waiting.since.elapsed());
    }
}

fn count_failed(count: usize) {
    counter!("kith_messages_failed_total").increment(count as u64);
}

fn fail(line: Vec<Waiting>, error: &Error) {
    count_failed(line.len());
    for waiting in line {
        let _ = waiting.answer.send(Err(error.again()));
    }
}
