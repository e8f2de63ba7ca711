//! A line of the log: what other nodes have to look at. It names what changed; what is so now they
//! read, since a line may be read later than those that follow it in other lanes.

use std::collections::BTreeMap;

use protocol::{AccountId, MessageId, NotificationId, RoomId, SessionId};
use serde::{Deserialize, Serialize};

use crate::bus::Change;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Note {
    /// Messages of the room changed: its revision, its `access`.
    Said(RoomId, i64, i64),
    Membership(RoomId, AccountId),
    Role(RoomId, AccountId),
    Reacted(RoomId, AccountId, MessageId),
    Noticed(RoomId, AccountId, bool),
    Room(RoomId),
    Hidden(RoomId),
    Relation(AccountId, AccountId),
    OwnRelation(AccountId, AccountId),
    Read(RoomId, AccountId, Vec<AccountId>),
    ReadBack(RoomId, AccountId, Vec<AccountId>),
    Session(SessionId),
    Notified(AccountId, NotificationId),
    NotificationsRead(AccountId, i64),
    Visibility(AccountId),
}

/// The line of these changes; `None` where there is nothing to say.
pub(super) fn write(changes: &[Change]) -> serde_json::Result<Option<String>> {
    let mut said: BTreeMap<RoomId, (i64, i64)> = BTreeMap::new();
    let mut notes = Vec::new();
    for change in changes {
        if let Change::MessageChanged { message, by: Some(by), .. } = change {
            notes.push(Note::Reacted(message.room, by.user, message.id));
        }
        match change {
            Change::MessagePosted { message, access }
            | Change::MessageChanged { message, access, .. } => {
                let latest = said.entry(message.room).or_default();
                *latest = (*latest).max((message.revision, *access));
            }
            Change::Joined { room, account, .. } | Change::Left { room, account, .. } => {
                notes.push(Note::Membership(*room, *account));
            }
            Change::RoleChanged { room, account } => notes.push(Note::Role(*room, *account)),
            Change::Noticed { room, account, enters } => {
                notes.push(Note::Noticed(*room, *account, *enters));
            }
            Change::RoomChanged { room } => notes.push(Note::Room(*room)),
            Change::Hidden { room } => notes.push(Note::Hidden(*room)),
            Change::RelationChanged { one, other } => notes.push(Note::Relation(*one, *other)),
            Change::OwnRelationChanged { account, other } => {
                notes.push(Note::OwnRelation(*account, *other));
            }
            Change::ReadMoved { room, reader, to, back } => {
                let note = if *back { Note::ReadBack } else { Note::Read };
                notes.push(note(*room, *reader, to.clone()));
            }
            Change::SessionEnded { session } => notes.push(Note::Session(*session)),
            Change::Notified { account, id } => notes.push(Note::Notified(*account, *id)),
            Change::NotificationsRead { account, up_to } => {
                notes.push(Note::NotificationsRead(*account, *up_to));
            }
            Change::VisibilityMoved { account } => notes.push(Note::Visibility(*account)),
            // Only ever read, or never stored.
            Change::RoomAhead { .. }
            | Change::Reacted { .. }
            | Change::MembershipMoved { .. }
            | Change::Passed { .. }
            | Change::Present { .. }
            | Change::Counted { .. }
            | Change::Typing { .. }
            | Change::Lost => {}
        }
    }
    notes.extend(
        said.into_iter().map(|(room, (revision, access))| Note::Said(room, revision, access)),
    );
    if notes.is_empty() { Ok(None) } else { serde_json::to_string(&notes).map(Some) }
}

/// What a line says to a node that did not write it. A newer node may note what this one does not know
/// of, and cannot tell anybody.
pub(super) fn read(line: &str) -> Vec<Change> {
    let notes: Vec<serde_json::Value> = serde_json::from_str(line).unwrap_or_else(|error| {
        tracing::error!(%error, "a line of the change log cannot be read");
        Vec::new()
    });
    notes.into_iter().filter_map(|note| Some(change(serde_json::from_value(note).ok()?))).collect()
}

fn change(note: Note) -> Change {
    match note {
        Note::Said(room, revision, access) => Change::RoomAhead { room, revision, access },
        Note::Membership(room, account) => Change::MembershipMoved { room, account },
        Note::Reacted(room, account, message) => Change::Reacted { room, account, message },
        Note::Role(room, account) => Change::RoleChanged { room, account },
        Note::Noticed(room, account, enters) => Change::Noticed { room, account, enters },
        Note::Room(room) => Change::RoomChanged { room },
        Note::Hidden(room) => Change::Hidden { room },
        Note::Relation(one, other) => Change::RelationChanged { one, other },
        Note::OwnRelation(account, other) => Change::OwnRelationChanged { account, other },
        Note::Read(room, reader, to) => Change::ReadMoved { room, reader, to, back: false },
        Note::ReadBack(room, reader, to) => Change::ReadMoved { room, reader, to, back: true },
        Note::Session(session) => Change::SessionEnded { session },
        Note::Notified(account, id) => Change::Notified { account, id },
        Note::NotificationsRead(account, up_to) => Change::NotificationsRead { account, up_to },
        Note::Visibility(account) => Change::VisibilityMoved { account },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_of_two_versions_understand_each_other() {
        let (room, account) = (RoomId::new(1, [1; 16]), AccountId::new(2, [2; 16]));
        let session = SessionId::new(3, [3; 16]);
        let notification = NotificationId::new(4, [4; 16]);
        let changes = [
            Change::Joined { room, account, access: 7 },
            Change::RoleChanged { room, account },
            Change::Noticed { room, account, enters: true },
            Change::RoomChanged { room },
            Change::Hidden { room },
            Change::RelationChanged { one: account, other: account },
            Change::OwnRelationChanged { account, other: account },
            Change::ReadMoved { room, reader: account, to: vec![account], back: false },
            Change::ReadMoved { room, reader: account, to: vec![account], back: true },
            Change::SessionEnded { session },
            Change::Notified { account, id: notification },
            Change::NotificationsRead { account, up_to: 9 },
            Change::VisibilityMoved { account },
        ];
        let line = write(&changes).unwrap().unwrap();
        let pinned = format!(
            r#"[{{"membership":["{room}","{account}"]}},{{"role":["{room}","{account}"]}},{{"noticed":["{room}","{account}",true]}},{{"room":"{room}"}},{{"hidden":"{room}"}},{{"relation":["{account}","{account}"]}},{{"own_relation":["{account}","{account}"]}},{{"read":["{room}","{account}",["{account}"]]}},{{"read_back":["{room}","{account}",["{account}"]]}},{{"session":"{session}"}},{{"notified":["{account}","{notification}"]}},{{"notifications_read":["{account}",9]}},{{"visibility":"{account}"}}]"#
        );
        assert_eq!(line, pinned);
        let told = read(&line);
        assert_eq!(told[0], Change::MembershipMoved { room, account });
        assert_eq!(told[1..], changes[1..]);
        let newer = format!(r#"[{{"weather":"fine"}},{{"said":["{room}",5,7]}}]"#);
        assert_eq!(read(&newer), [Change::RoomAhead { room, revision: 5, access: 7 }]);
        assert_eq!(write(&[]).unwrap(), None);
    }
}
