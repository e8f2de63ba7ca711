//! Who is here: a lease that each connection holds, counted by person. Nodes tell each other by Redis
//! who is with them, in the channels of the rooms that these are in; of who shares no room with anybody
//! here they find a lease there that ends by itself, as does what a node said that died. Nothing of it
//! is in the database but when somebody was here last.

mod audience;
mod due;
mod elsewhere;
mod heard;
mod lease;
mod state;
mod store;

use std::{collections::HashSet, sync::Weak, time::Duration};

use protocol::{
    AccountId, RoomId, Timestamp, User,
    accounts::Status,
    friends::{FriendState, Profile, Relation},
    rooms::MemberOf,
};
use sea_orm::entity::prelude::*;

pub use audience::Audience;
use due::Due;
pub use lease::Lease;
pub(crate) use state::Presence;
use store::Leases;

use crate::{
    Ctx, Result, Viewer,
    accounts::entity as account,
    bus::{Change, Saying},
    friends,
    rooms::{self, Member},
    rows::padded,
};

/// How long a node is believed whose heart is not heard to beat, in milliseconds.
pub const LEASE_MS: i64 = 45_000;
/// How often it beats: what is heard of it may be as old.
const BEAT_MS: i64 = 5_000;
/// How long Redis keeps a lease that nobody renews, in seconds.
const KEPT_S: i64 = 60;
/// How long Redis keeps how many are in a room, in seconds: longer than two renewals.
const TALLIED_S: i64 = 45;
/// How long a room has to be heard here until the others have said who is in it: they do so each second.
const SETTLES_MS: i64 = 2_500;
/// How long somebody is still here whose last connection went: a page that is loaded anew is nobody's
/// leaving.
pub const GRACE_MS: i64 = 4_000;
/// How often a node renews what it has written down of its people.
const REPEAT_MS: i64 = 20_000;
/// How long somebody is seen as they were found written down, until it is heard of them.
const BORROWED_MS: i64 = 5_000;
/// How often it is written down that those who are here are here.
const WRITE_MS: i64 = 5 * 60_000;
const TICK_MS: i64 = 1_000;

/// A connection of the viewer's is here, until the lease is dropped; seen by others once it is known
/// that they may be seen.
pub fn enter(ctx: &Ctx, viewer: &Viewer) -> Lease {
    Lease::take(&ctx.presence, ctx.bus(), ctx.clock(), viewer.account())
}

/// Whether somebody is here, as others see it.
pub fn status(ctx: &Ctx, account: AccountId) -> Status {
    ctx.presence.status(account, ctx.clock.now())
}

/// How many are in a room and here: of these people, who are in it on this node, and of those who are on
/// others, as far as somebody here hears the room.
pub fn count(ctx: &Ctx, room: RoomId, people: impl IntoIterator<Item = AccountId>) -> i64 {
    let count = ctx.presence.count(room, people, ctx.clock.now());
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Whether it is known how many are in a room and here: on other nodes, too, they say so in a moment once
/// somebody here hears it.
pub fn is_settled(ctx: &Ctx, room: RoomId) -> bool {
    ctx.presence.leases.is_none() || ctx.presence.is_settled(room, ctx.clock.now())
}

/// So many are in a public room that is settled ([`is_settled`]): nodes on which nobody hears it read it
/// ([`tallies`]). Nothing is kept of a room of another kind.
pub fn tally(ctx: &Ctx, room: RoomId, count: Option<i64>) {
    if ctx.presence.leases.is_some() {
        ctx.presence.tally(room, count, ctx.clock.now());
    }
}

/// How many are in public rooms and here, of which this node does not know it itself: as others have written
/// it down; nobody where Redis does not answer.
pub async fn tallies(ctx: &Ctx, rooms: &[RoomId]) -> Vec<i64> {
    let found = match &ctx.presence.leases {
        Some(leases) => leases.read_tallies(rooms).await,
        None => None,
    };
    found.unwrap_or_else(|| vec![0; rooms.len()])
}

/// What other nodes have to know of the rooms that this one serves.
pub fn audience(ctx: &Ctx) -> Audience {
    Audience::new(&ctx.presence, ctx.bus(), ctx.clock())
}

/// Looks up of these people whether they are here, where no room tells of them; from then on
/// [`status`] knows it.
pub async fn look_up(ctx: &Ctx, people: impl IntoIterator<Item = AccountId>) {
    let Some(leases) = &ctx.presence.leases else { return };
    let people: HashSet<AccountId> = people.into_iter().collect();
    let people: Vec<AccountId> = people.into_iter().collect();
    let unknown = ctx.presence.unknown(&people, ctx.clock.now());
    if !unknown.is_empty()
        && let Some(found) = leases.read(unknown).await
    {
        // That they are not here, only as long as a reading takes.
        let lasts = |status: Option<Status>| Some(status.map_or(TICK_MS, |_| BORROWED_MS));
        ctx.bus().publish(ctx.presence.borrow(found, ctx.clock.now(), lasts));
    }
}

/// The viewer's friends, by display name, with whether they are here.
///
/// # Errors
/// As reading fails.
pub async fn friends(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<User>> {
    let mut friends = friends::list(ctx, viewer).await?;
    dress(ctx, &mut friends).await;
    Ok(friends)
}

/// A person's public profile; to who is signed in also with how they stand to each other, and whether
/// the person is here; where one blocks the other, it looks as if they were not.
///
/// # Errors
/// `NotFound` where nobody has the name.
pub async fn profile(ctx: &Ctx, viewer: Option<&Viewer>, username: &str) -> Result<Profile> {
    let mut profile = friends::profile(ctx, viewer, username).await?;
    let Some(viewer) = viewer else { return Ok(profile) };
    let id = profile.user.id;
    look_up(ctx, [id]).await;
    if profile.relation == Some(Relation::Friend) {
        let (status, last_seen) = of(ctx, id).await?;
        profile.user = User { status: Some(status), last_seen, ..profile.user };
    } else if id != viewer.account() {
        // Where there is a block they look as if they were away: it is told to nobody.
        let is_apart = friends::apart(ctx, viewer.account()).await?.contains(&id);
        profile.user.status = Some(if is_apart { Status::Offline } else { status(ctx, id) });
    }
    Ok(profile)
}

/// Says of the viewer's friends whether they are here, and looks from here on how those are of whom no room
/// tells, for as long as the viewer is here.
pub(crate) async fn follow(ctx: &Ctx, viewer: &Viewer, friends: &mut [User]) {
    if ctx.presence.leases.is_some() {
        ctx.presence.watch(viewer.account(), friends.iter().map(|friend| friend.id));
    }
    dress(ctx, friends).await;
}

/// Says of friends whether they are here; when they were last stays with those who are not.
async fn dress(ctx: &Ctx, users: &mut [User]) {
    look_up(ctx, users.iter().map(|user| user.id)).await;
    let now = ctx.clock.now();
    for user in users {
        let status = ctx.presence.status(user.id, now);
        user.status = Some(status);
        user.last_seen = user.last_seen.filter(|_| status == Status::Offline);
    }
}

/// Who is in the member's room, with whether they are here; those with whom there is a block look as
/// if they were not.
///
/// # Errors
/// As reading fails.
pub async fn members(ctx: &Ctx, member: &Member) -> Result<Vec<MemberOf>> {
    let mut members = rooms::members(ctx, member).await?;
    let apart = friends::apart(ctx, member.account()).await?;
    look_up(ctx, members.iter().map(|member| member.user.id)).await;
    let now = ctx.clock.now();
    for MemberOf { user, .. } in &mut members {
        let status = ctx.presence.status(user.id, now);
        user.status = Some(if apart.contains(&user.id) { Status::Offline } else { status });
    }
    Ok(members)
}

/// A person as a friend sees them now: whether they are here, and when they were last.
///
/// # Errors
/// `NotFound` where they are gone.
pub async fn of(ctx: &Ctx, account: AccountId) -> Result<(Status, Option<Timestamp>)> {
    let status = status(ctx, account);
    if status != Status::Offline {
        return Ok((status, None));
    }
    let row = account::Entity::find_by_id(account).one(ctx.db.deliver()).await?;
    let seen = row.filter(|row| row.seen_shown).and_then(|row| row.last_seen_at);
    // They may have come while it was read.
    let status = self::status(ctx, account);
    Ok((status, seen.filter(|_| status == Status::Offline)))
}

/// The viewer is writing in a room: told to who is there, and to the other nodes. Nothing is kept.
///
/// # Errors
/// `NotFound` where they are not in it; `Forbidden` where they may not write.
pub async fn typing(ctx: &Ctx, viewer: &Viewer, room: RoomId) -> Result<()> {
    let member = rooms::member(ctx, viewer, room).await?;
    rooms::may_speak(ctx, &member).await?;
    let account = viewer.account();
    if !ctx.presence.is_invisible(account) {
        ctx.bus().publish(vec![Change::Typing { room, account }]);
        ctx.bus().say(room, Saying::Typing(account));
    }
    Ok(())
}

/// How an account stands to another person, with whether they are here where they are a friend.
///
/// # Errors
/// `NotFound` where the other is nobody.
pub async fn state(ctx: &Ctx, account: AccountId, other: AccountId) -> Result<FriendState> {
    let mut state = friends::state(ctx, account, other).await?;
    if state.relation == Relation::Friend {
        if ctx.presence.leases.is_some() {
            ctx.presence.watch_too(account, other);
        }
        look_up(ctx, [other]).await;
        let (status, last_seen) = of(ctx, other).await?;
        state.user = User { status: Some(status), last_seen, ..state.user };
    }
    Ok(state)
}

/// Reads again whether somebody wants to be seen; whether by nobody.
///
/// # Errors
/// As reading fails.
pub async fn look(ctx: &Ctx, account: AccountId) -> Result<bool> {
    let row = account::Entity::find_by_id(account).one(ctx.db.deliver()).await?;
    let is_invisible = row.is_none_or(|row| row.invisible);
    ctx.presence.set_invisible(account, is_invisible, ctx.bus(), ctx.clock.now());
    Ok(is_invisible)
}

/// Looks at the clock for as long as the house is open.
pub(crate) fn start(ctx: Ctx, open: Weak<()>) {
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(Duration::from_millis(TICK_MS.unsigned_abs()));
        loop {
            ticks.tick().await;
            if open.strong_count() == 0 {
                return;
            }
            let due = say(&ctx).await;
            // The other nodes do not wait for the database.
            let ctx = ctx.clone();
            tokio::spawn(async move { write(&ctx, due).await });
        }
    });
}

/// What the clock brings: who has gone, which nodes are silent, what is to be said and written.
pub async fn tick(ctx: &Ctx) {
    let due = say(ctx).await;
    write(ctx, due).await;
}

/// Says to the other nodes what is new, and hears which of them live.
async fn say(ctx: &Ctx) -> Due {
    let due = ctx.presence.tick(ctx.bus(), ctx.clock.now());
    if let Some(leases) = &ctx.presence.leases {
        if let Some((beat, others)) = &due.beat {
            let beats = leases.beat(*beat, others.clone()).await;
            ctx.presence.beats(beats, ctx.clock.now());
        }
        // Before it is said: who hears that somebody has gone finds nothing of them.
        let (written, counted) =
            (leases.write(&due.leases).await, leases.write_tallies(&due.tallies).await);
        if !written || !counted {
            ctx.presence.write_again_soon(&due, ctx.clock.now());
        }
        due.words.iter().for_each(|(room, words)| words.say(ctx.bus(), *room));
        look_for_friends(ctx, leases).await;
    }
    due
}

/// Looks how those friends are of whom no room tells.
async fn look_for_friends(ctx: &Ctx, leases: &Leases) {
    for some in ctx.presence.to_look_for(ctx.clock.now()).chunks(1_000) {
        let Some(found) = leases.read(some.to_vec()).await else { return };
        // Until after the next look, and the one after that where Redis does not answer.
        let lasts = |status: Option<Status>| status.map(|_| 3 * BORROWED_MS);
        ctx.bus().publish(ctx.presence.borrow(found, ctx.clock.now(), lasts));
    }
}

/// Writes down when people were here last, and tells who has gone.
async fn write(ctx: &Ctx, due: Due) {
    let now = ctx.clock.now();
    // A transaction each: others are held up by as few accounts as can be.
    for some in due.seen.chunks(256) {
        let written = ctx.transact(async |tx| {
            account::Entity::update_many()
                .col_expr(account::Column::LastSeenAt, Expr::value(now))
                .filter(account::Column::Id.is_in(padded(some.iter().copied())))
                .exec(tx.conn())
                .await?;
            Ok(())
        });
        if let Err(error) = written.await {
            tracing::warn!(%error, "when people were here last could not be written");
        }
    }
    // After it is written when they were here last, which is told along.
    ctx.bus().publish(due.changes);
}
