//! The loaded part of a room's messages: whole from its first message to its last, and whole in
//! revisions up to a number from which it can be resumed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use protocol::{
    AccountId, Message, MessageId,
    messages::{By, History, Reaction, Window},
};

/// Messages of one person within this time of each other stand as one group.
const GROUP_MS: i64 = 5 * 60 * 1_000;

/// What taking in a message did.
#[derive(Debug, Default)]
pub struct Change {
    /// Messages that look different now.
    pub redrawn: Vec<MessageId>,
    /// Whether a message was added.
    pub listed: bool,
}

/// A range of a room's messages by `seq`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    messages: BTreeMap<i64, Message>,
    seqs: HashMap<MessageId, i64>,
    /// Every change up to this revision is in.
    revision: i64,
    /// Revisions beyond the next one that are in already.
    ahead: BTreeSet<i64>,
    has_older: bool,
    /// Newer ones are there than the last that is loaded.
    has_newer: bool,
    /// The highest number that came while newer ones were not loaded.
    beyond: i64,
}

/// As many messages of a room are in the page at most; a live end may grow to twice as many.
const MOST: usize = 300;

impl Timeline {
    /// What somebody is called who spoke here.
    pub fn name_of(&self, id: AccountId) -> Option<&str> {
        let said = self.messages.values().find(|message| message.author.id == id);
        said.map(|message| message.author.display_name.as_str())
    }

    /// What somebody said here.
    pub fn said_by(&self, id: AccountId) -> impl Iterator<Item = MessageId> {
        self.messages
            .values()
            .filter(move |message| message.author.id == id)
            .map(|message| message.id)
    }

    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// Whether a change is in, and one before it is not.
    pub fn has_hole(&self) -> bool {
        !self.ahead.is_empty()
    }

    pub fn has_older(&self) -> bool {
        self.has_older
    }

    pub fn has_newer(&self) -> bool {
        self.has_newer
    }

    /// The message with this number.
    pub fn at(&self, seq: i64) -> Option<&Message> {
        self.messages.get(&seq)
    }

    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    pub fn first_seq(&self) -> Option<i64> {
        self.messages.keys().next().copied()
    }

    pub fn last_seq(&self) -> Option<i64> {
        self.messages.keys().next_back().copied()
    }

    /// Ids in the order of the room.
    pub fn ids(&self) -> impl Iterator<Item = MessageId> + '_ {
        self.messages.values().map(|message| message.id)
    }

    pub fn get(&self, id: MessageId) -> Option<&Message> {
        self.messages.get(self.seqs.get(&id)?)
    }

    /// The message before this one.
    pub fn before(&self, message: &Message) -> Option<&Message> {
        self.messages.range(..message.seq).next_back().map(|(_, before)| before)
    }

    pub fn last(&self) -> Option<&Message> {
        self.messages.values().next_back()
    }

    /// The latest message of one person.
    pub fn last_by(&self, author: AccountId) -> Option<&Message> {
        self.messages.values().rev().find(|message| message.author.id == author)
    }

    /// Takes in a message, new or changed; the higher revision wins. With what the viewer themselves
    /// put on it or took off: what is told to all does not say whose it is.
    pub(super) fn take(&mut self, message: &Message, own: Option<&By>) -> Change {
        self.reached(message.revision);
        let first = self.first_seq();
        // What lies before the loaded part is loaded with its page.
        if self.has_older && first.is_some_and(|first| message.seq < first) {
            return Change::default();
        }
        // So does what lies behind it.
        if self.has_newer && self.last_seq().is_some_and(|last| message.seq > last) {
            self.beyond = self.beyond.max(message.seq);
            return Change::default();
        }
        let known = self.messages.get(&message.seq);
        if let Some(known) = known.filter(|known| known.revision >= message.revision) {
            // Told late: what is known stands, but for whose reactions they are.
            let mut known = known.clone();
            if let Some(own) = own {
                mark(&mut known.reactions, &own.emoji, own.on);
            }
            for reaction in message.reactions.iter().filter(|_| known.revision == message.revision)
            {
                if let Some(on) = reaction.mine {
                    mark(&mut known.reactions, &reaction.emoji, on);
                }
            }
            let is_other = self.messages.insert(message.seq, known.clone()) != Some(known);
            let redrawn = if is_other { vec![message.id] } else { Vec::new() };
            return Change { redrawn, listed: false };
        }
        let listed = known.is_none();
        let mut redrawn = vec![message.id];
        if listed {
            // Who comes after may no longer begin a group; who was last of theirs loses the tick.
            redrawn.extend(self.messages.range(message.seq..).next().map(|(_, next)| next.id));
            redrawn.extend(self.last_by(message.author.id).map(|last| last.id));
        }
        let mut message = message.clone();
        for reaction in message.reactions.iter_mut().filter(|reaction| reaction.mine.is_none()) {
            let before = known.and_then(|known| {
                known.reactions.iter().find(|before| before.emoji == reaction.emoji)?.mine
            });
            reaction.mine = Some(before.unwrap_or(false));
        }
        if let Some(own) = own {
            mark(&mut message.reactions, &own.emoji, own.on);
        }
        self.seqs.insert(message.id, message.seq);
        self.messages.insert(message.seq, message);
        if self.messages.len() > 2 * MOST {
            self.trim_newer();
        }
        Change { redrawn, listed }
    }

    /// Lets go of the newest, where more are loaded than a page holds: whoever reads there is far away.
    fn trim_newer(&mut self) {
        while self.messages.len() > MOST
            && let Some((seq, message)) = self.messages.pop_last()
        {
            self.seqs.remove(&message.id);
            self.beyond = self.beyond.max(seq);
            self.has_newer = true;
        }
    }

    /// Lets go of the oldest, in the same way. Whether there were any.
    pub(super) fn trim_older(&mut self) -> bool {
        let is_long = self.messages.len() > MOST;
        while self.messages.len() > MOST
            && let Some((_, message)) = self.messages.pop_first()
        {
            self.seqs.remove(&message.id);
            self.has_older = true;
        }
        is_long
    }

    /// Takes in what is kept nowhere, as the next; what looks different then.
    pub(super) fn pass(&mut self, message: &Message) -> Vec<MessageId> {
        if self.seqs.contains_key(&message.id) {
            return Vec::new();
        }
        let last = self.last_by(message.author.id).map(|last| last.id);
        let seq = self.last_seq().unwrap_or(0) + 1;
        self.seqs.insert(message.id, seq);
        self.messages.insert(seq, Message { seq, ..message.clone() });
        last.into_iter().chain([message.id]).collect()
    }

    /// Forgets what lies before a number, which is kept no longer. Whether there was any.
    pub(super) fn drop_before(&mut self, first: i64) -> bool {
        if self.first_seq().is_some_and(|loaded| loaded <= first) {
            self.has_older = false;
        }
        let kept = self.messages.split_off(&first);
        let dropped = std::mem::replace(&mut self.messages, kept);
        for message in dropped.values() {
            self.seqs.remove(&message.id);
        }
        !dropped.is_empty()
    }

    /// Everything up to this revision has been sent.
    pub(super) fn catch_up(&mut self, revision: i64) {
        self.revision = self.revision.max(revision);
        self.close_up();
    }

    pub(super) fn load(&mut self, history: History, window: Window) -> Vec<MessageId> {
        let fresh = self.messages.is_empty();
        let borders = match window {
            Window::Before(seq) => self.first_seq() == Some(seq),
            Window::After(seq) => self.last_seq() == Some(seq),
            _ => false,
        };
        if !fresh && !borders {
            // Something else was loaded meanwhile: there may be a hole between the two.
            return Vec::new();
        }
        // The messages of an older page that were loaded may have begun a group until now.
        let mut redrawn: Vec<MessageId> =
            self.messages.values().next().map(|first| first.id).into_iter().collect();
        for message in history.items {
            redrawn.push(message.id);
            let known = self.messages.get(&message.seq).map(|known| known.revision);
            if known.is_none_or(|known| known < message.revision) {
                self.seqs.insert(message.id, message.seq);
                self.messages.insert(message.seq, message);
            }
        }
        if fresh {
            self.revision = self.revision.max(history.revision);
            self.close_up();
        } else {
            // What has changed in this part since it was read was let pass.
            self.revision = self.revision.min(history.revision);
        }
        if fresh || matches!(window, Window::Before(_)) {
            self.has_older = history.has_older;
        }
        if fresh || matches!(window, Window::After(_)) {
            let last = self.last_seq();
            let came = last.is_some_and(|last| self.beyond > last);
            self.has_newer = history.has_newer || came;
        }
        match window {
            Window::Before(_) => self.trim_newer(),
            _ => drop(self.trim_older()),
        }
        redrawn
    }

    fn reached(&mut self, revision: i64) {
        if revision > self.revision {
            self.ahead.insert(revision);
            self.close_up();
        }
    }

    fn close_up(&mut self) {
        while self.ahead.first().is_some_and(|next| *next <= self.revision + 1) {
            if let Some(next) = self.ahead.pop_first() {
                self.revision = self.revision.max(next);
            }
        }
    }
}

fn mark(reactions: &mut [Reaction], emoji: &str, on: bool) {
    let this = reactions.iter_mut().find(|reaction| reaction.emoji == emoji);
    this.into_iter().for_each(|reaction| reaction.mine = Some(on));
}

/// Whether `message` begins a group of its own after `before`, if both are of one day.
pub fn begins_group(message: &Message, before: Option<&Message>) -> bool {
    before.is_none_or(|before| {
        before.author.id != message.author.id
            || message.created_at.0 - before.created_at.0 > GROUP_MS
    })
}

#[cfg(test)]
mod tests;
