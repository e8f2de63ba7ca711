//! What nodes say to each other in a room's channel: heard at once or not at all. What is stored can
//! also be read; the rest is kept nowhere.

use protocol::{AccountId, Message, RoomId, accounts::Status, messages::By};
use serde::{Deserialize, Serialize};

use super::Change;

/// Something that one node says to those that serve a room.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Word {
    /// A message was stored, when the room's members were at this `access`.
    Posted(Box<Message>, i64),
    /// A message was changed.
    Changed(Box<Message>, i64, Option<By>),
    /// Something was said that is kept nowhere.
    Passed(Box<Message>, i64),
    /// Somebody is writing.
    Typing(AccountId),
    /// These are with it and in the room, in this state, or with it no more; everyone else is as it was
    /// said before.
    Here(Vec<(AccountId, Status)>),
    /// These are with it and in the room, and nobody else.
    All(Vec<(AccountId, Status)>),
    /// These are in the room no more.
    Out(Vec<AccountId>),
    /// It has just begun to listen, and knows of nobody.
    Ask,
}

impl Word {
    /// The room of the message that it is about.
    pub(crate) fn room(&self) -> Option<RoomId> {
        match self {
            Self::Posted(message, _) | Self::Changed(message, ..) | Self::Passed(message, _) => {
                Some(message.room)
            }
            _ => None,
        }
    }
}

/// [`Word`], as it is said.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Saying<'a> {
    Posted(&'a Message, i64),
    Changed(&'a Message, i64, Option<&'a By>),
    Passed(&'a Message, i64),
    Typing(AccountId),
    Here(&'a [(AccountId, Status)]),
    All(&'a [(AccountId, Status)]),
    Out(&'a [AccountId]),
    Ask,
}

impl<'a> Saying<'a> {
    /// What is said of a change to those who serve its room; `None` for what they read for themselves.
    pub(super) fn of(change: &'a Change) -> Option<(RoomId, Self)> {
        match change {
            Change::MessagePosted { message, access } => {
                Some((message.room, Self::Posted(message, *access)))
            }
            Change::MessageChanged { message, access, by } => {
                Some((message.room, Self::Changed(message, *access, by.as_ref())))
            }
            _ => None,
        }
    }
}

/// What another node said in a room.
#[derive(Debug)]
pub(crate) struct Said {
    pub node: String,
    pub room: RoomId,
    pub words: Vec<Word>,
}

/// The words of a list; a newer node may say what this one does not know of.
pub(super) fn words(json: &str) -> Vec<Word> {
    serde_json::from_str(json).unwrap_or_else(|_| {
        let all: Vec<serde_json::Value> = serde_json::from_str(json).unwrap_or_default();
        all.into_iter().filter_map(|word| serde_json::from_value(word).ok()).collect()
    })
}

#[cfg(test)]
mod tests {
    use protocol::{MessageId, Timestamp, User, messages::Kind};

    use super::*;

    fn message(author: AccountId) -> Message {
        let name = "mara".to_owned();
        Message {
            id: MessageId::new(1, [2; 16]),
            room: RoomId::new(1, [3; 16]),
            seq: 4,
            revision: 5,
            author: User {
                id: author,
                username: name.clone(),
                display_name: name,
                avatar_url: None,
                status: None,
                last_seen: None,
            },
            kind: Kind::Message,
            body: "once".into(),
            mentions: Vec::new(),
            reply_to: None,
            attachments: Vec::new(),
            reactions: Vec::new(),
            created_at: Timestamp(6),
            edited_at: None,
            deleted_at: None,
        }
    }

    #[test]
    fn nodes_of_two_versions_understand_each_other() {
        let account = AccountId::new(1, [1; 16]);
        let people = [(account, Status::Away)];
        let said = [
            Saying::Typing(account),
            Saying::Here(&people),
            Saying::All(&people),
            Saying::Out(&[account]),
            Saying::Ask,
        ];
        let json = format!(
            r#"[{{"typing":"{account}"}},{{"here":[["{account}","away"]]}},{{"all":[["{account}","away"]]}},{{"out":["{account}"]}},"ask"]"#
        );
        assert_eq!(serde_json::to_string(&said).unwrap(), json);
        let heard = [
            Word::Typing(account),
            Word::Here(people.to_vec()),
            Word::All(people.to_vec()),
            Word::Out(vec![account]),
            Word::Ask,
        ];
        assert_eq!(words(&json), heard);
        let message = message(account);
        let by = By { user: account, emoji: "🌱".into(), on: true };
        let said = [
            Saying::Posted(&message, 7),
            Saying::Changed(&message, 8, Some(&by)),
            Saying::Changed(&message, 8, None),
            Saying::Passed(&message, 9),
        ];
        let text = serde_json::to_string(&message).unwrap();
        let of = serde_json::to_string(&by).unwrap();
        let json = format!(
            r#"[{{"posted":[{text},7]}},{{"changed":[{text},8,{of}]}},{{"changed":[{text},8,null]}},{{"passed":[{text},9]}}]"#
        );
        assert_eq!(serde_json::to_string(&said).unwrap(), json);
        let message = Box::new(message);
        let heard = [
            Word::Posted(message.clone(), 7),
            Word::Changed(message.clone(), 8, Some(by)),
            Word::Changed(message.clone(), 8, None),
            Word::Passed(message, 9),
        ];
        assert_eq!(words(&json), heard);
        assert_eq!(words(r#"[{"sings":1},"ask"]"#), [Word::Ask]);
        assert_eq!(words("nonsense"), []);
    }
}
