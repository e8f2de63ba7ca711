//! What has just been said in a room, kept while somebody here listens: who comes back after a
//! moment is answered from here, and the database is left to who writes.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::queue::Frame;

/// For as long it is kept.
pub const KEPT: Duration = Duration::from_secs(60);
/// As much is kept of a room.
const FRAMES: usize = 200;
const BYTES: usize = 128 * 1024;

/// The latest events of a room, each message in its latest form.
#[derive(Debug, Default)]
pub struct Recent {
    kept: VecDeque<Kept>,
    bytes: usize,
    /// Everything after this revision is here.
    floor: i64,
    /// … up to this one.
    last: i64,
    /// When the latest of them came.
    heard_at: Option<Instant>,
}

#[derive(Debug)]
struct Kept {
    revision: i64,
    seq: i64,
    frame: Frame,
    marks: Marks,
}

/// What a frame says of who put what on its message: that is not in the message as all are told of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Marks {
    /// Nothing, since nothing was put on it or taken off.
    None,
    /// Who put one on it, or took one off.
    Told,
    /// Nothing, though somebody may have.
    Untold,
}

impl Recent {
    /// Takes in an event about the message with this `seq`.
    pub fn push(&mut self, seq: i64, revision: i64, frame: &Frame, marks: Marks) {
        if revision <= self.last {
            return;
        }
        if revision != self.last + 1 || self.heard_at.is_none() {
            *self = Self { floor: revision - 1, ..Self::default() };
        }
        // An event about a message stands for those before it.
        if let Some(at) = self.kept.iter().position(|kept| kept.seq == seq)
            && let Some(before) = self.kept.remove(at)
        {
            self.bytes -= before.frame.text.len();
            // But for whose marks are on it: who missed that has to read it.
            if before.marks == Marks::Told {
                self.floor = self.floor.max(before.revision);
            }
        }
        if marks == Marks::Untold {
            self.floor = self.floor.max(revision);
        }
        self.last = revision;
        self.heard_at = Some(Instant::now());
        self.bytes += frame.text.len();
        self.kept.push_back(Kept { revision, seq, frame: frame.clone(), marks });
        while self.kept.len() > FRAMES || self.bytes > BYTES {
            let Some(oldest) = self.kept.pop_front() else { break };
            self.bytes -= oldest.frame.text.len();
            self.floor = self.floor.max(oldest.revision);
        }
    }

    /// The revisions up to this one stand for nothing.
    pub fn skip_to(&mut self, revision: i64) {
        if self.heard_at.is_some() {
            self.last = self.last.max(revision);
        }
    }

    /// Whether nothing has come for so long that it is not worth its room.
    pub fn is_old(&self, now: Instant) -> bool {
        self.heard_at.is_some_and(|at| at + KEPT <= now)
    }

    /// What came after a revision, and the revision that it is whole to; `None` where not all of it
    /// is here.
    pub fn since(&self, revision: i64) -> Option<(Vec<Frame>, i64)> {
        if self.heard_at.is_none() || revision < self.floor || revision > self.last {
            return None;
        }
        let newer = self.kept.iter().filter(|kept| kept.revision > revision);
        Some((newer.map(|kept| kept.frame.clone()).collect(), self.last))
    }
}

#[cfg(test)]
mod tests {
    use protocol::RoomId;

    use super::*;

    fn push(recent: &mut Recent, seq: i64, revision: i64) {
        marked(recent, seq, revision, Marks::None);
    }

    fn marked(recent: &mut Recent, seq: i64, revision: i64, marks: Marks) {
        recent.push(seq, revision, &Frame::skip(RoomId::new(0, [1; 16]), revision), marks);
    }

    fn since(recent: &Recent, revision: i64) -> Option<Vec<i64>> {
        let (frames, last) = recent.since(revision)?;
        assert_eq!(last, recent.last);
        Some(frames.iter().filter_map(|frame| Some(frame.number()?.1)).collect())
    }

    #[test]
    fn it_knows_what_it_knows() {
        let mut recent = Recent::default();
        assert_eq!(since(&recent, 0), None, "nothing was heard yet, and much may have been said");
        for n in 11..=13 {
            push(&mut recent, n, n);
        }
        assert_eq!(since(&recent, 9), None);
        assert_eq!(since(&recent, 10).unwrap(), [11, 12, 13]);
        assert_eq!(since(&recent, 13).unwrap(), [0; 0]);
        assert_eq!(since(&recent, 14), None, "above the room's");
    }

    #[test]
    fn a_message_comes_once_in_its_latest_form() {
        let mut recent = Recent::default();
        push(&mut recent, 1, 1);
        push(&mut recent, 2, 2);
        push(&mut recent, 1, 3);
        assert_eq!(since(&recent, 0).unwrap(), [2, 3]);
        assert_eq!(since(&recent, 1).unwrap(), [2, 3]);
        assert_eq!(since(&recent, 2).unwrap(), [3]);
    }

    #[test]
    fn who_missed_what_was_put_on_a_message_reads_it() {
        let mut recent = Recent::default();
        push(&mut recent, 1, 1);
        marked(&mut recent, 1, 2, Marks::Told);
        assert_eq!(since(&recent, 1).unwrap(), [2]);
        push(&mut recent, 1, 3);
        assert_eq!(since(&recent, 1), None, "the edit does not say whose it is");
        assert_eq!(since(&recent, 2).unwrap(), [3]);
        marked(&mut recent, 1, 4, Marks::Untold);
        assert_eq!(since(&recent, 3), None);
        assert_eq!(since(&recent, 4).unwrap(), [0; 0]);
    }

    #[test]
    fn a_hole_is_not_bridged_and_much_is_not_kept() {
        let mut recent = Recent::default();
        push(&mut recent, 1, 1);
        push(&mut recent, 3, 3);
        assert_eq!(since(&recent, 1), None);
        assert_eq!(since(&recent, 2).unwrap(), [3]);
        for n in 4..=1_000 {
            push(&mut recent, n, n);
        }
        assert_eq!(since(&recent, 1_000 - FRAMES as i64).unwrap().len(), FRAMES);
        assert_eq!(since(&recent, 999 - FRAMES as i64), None);
    }
}
