//! What Redis knows for a minute: how those are that no room here tells of, how many are in public rooms
//! that nobody here hears, and that a node lives.

use protocol::{AccountId, RoomId, accounts::Status};

use super::{KEPT_S, TALLIED_S};
use crate::bus::Store;

/// The leases that nodes write for each other.
#[derive(Clone, Debug)]
pub(crate) struct Leases(Store);

impl Leases {
    pub(super) fn new(store: Store) -> Self {
        Self(store)
    }

    /// Writes down how these are, for a minute; who is away from everywhere is struck off. Whether it is.
    pub(super) async fn write(&self, people: &[(AccountId, Status)]) -> bool {
        for some in people.chunks(1_000) {
            let entries = some.iter().map(|(account, status)| {
                let status = match status {
                    Status::Online => Some("online"),
                    Status::Away => Some("away"),
                    Status::Offline => None,
                };
                (person(*account), status.map(str::to_owned))
            });
            if !self.0.keep(KEPT_S, entries.collect()).await {
                return false;
            }
        }
        true
    }

    /// How these are, as some node wrote it; nothing where Redis does not answer.
    pub(super) async fn read(
        &self,
        people: Vec<AccountId>,
    ) -> Option<Vec<(AccountId, Option<Status>)>> {
        let found: Vec<Option<String>> =
            self.0.read(people.iter().map(|account| person(*account)).collect()).await?;
        let status = |text: &str| match text {
            "online" => Some(Status::Online),
            "away" => Some(Status::Away),
            _ => None,
        };
        let found = found.into_iter().map(|text| text.as_deref().and_then(status));
        Some(people.into_iter().zip(found).collect())
    }

    /// Writes down how many are in these rooms, until it has to be written again; where it is not known any
    /// more, nothing is. Whether it is written.
    pub(super) async fn write_tallies(&self, rooms: &[(RoomId, Option<i64>)]) -> bool {
        for some in rooms.chunks(1_000) {
            let entry =
                |(id, count): &(RoomId, Option<i64>)| (tally(*id), count.map(|n| n.to_string()));
            if !self.0.keep(TALLIED_S, some.iter().map(entry).collect()).await {
                return false;
            }
        }
        true
    }

    /// How many are in these rooms, as some node wrote it; nobody where none did, and nothing where Redis
    /// does not answer.
    pub(super) async fn read_tallies(&self, rooms: &[RoomId]) -> Option<Vec<i64>> {
        let found: Vec<Option<i64>> =
            self.0.read(rooms.iter().map(|id| tally(*id)).collect()).await?;
        Some(found.into_iter().map(Option::unwrap_or_default).collect())
    }

    /// Says that this node lives, and hears which of these others do.
    pub(super) async fn beat(&self, beat: i64, others: Vec<String>) -> Vec<(String, i64)> {
        let own = (heart(&self.0.node), Some(beat.to_string()));
        self.0.keep(KEPT_S, vec![own]).await;
        let hearts = others.iter().map(|node| heart(node)).collect();
        let beats: Option<Vec<Option<i64>>> = self.0.read(hearts).await;
        let beats = others.into_iter().zip(beats.into_iter().flatten());
        beats.filter_map(|(node, beat)| Some((node, beat?))).collect()
    }
}

fn person(account: AccountId) -> String {
    format!("here:{account}")
}

fn tally(room: RoomId) -> String {
    format!("count:{room}")
}

fn heart(node: &str) -> String {
    format!("heart:{node}")
}
