//! What people do to each other and to rooms, by chance.

use domain::{Ctx, accounts, friends, messages as said, notifications, rooms};
use protocol::{
    Body, DisplayName, Limit, MessageId, RoomId, RoomName, Topic,
    accounts::ProfileChange,
    messages::{Draft, Window},
    rooms::{Kind, NewRoom, Notify, Retention, Role, RoomChange},
};

use super::{super::house::House, Chance, Watcher};

/// Something that somebody does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Action {
    Ask,
    ReadCards,
    Accept,
    Decline,
    Withdraw,
    Unfriend,
    Block,
    Unblock,
    OpenDirect,
    Rename,
    Hide,
    Create,
    Join,
    Invite,
    Add,
    Remove,
    Leave,
    MarkRead,
    SetRole,
    Ban,
    Unban,
    Mute,
    Notify,
    NameRoom,
    SetTopic,
    Retain,
    SlowDown,
    ShowNotices,
    SetKind,
    DeleteRoom,
    Say,
    Edit,
    React,
    Delete,
    Restore,
}

/// Each action, and how often it is chosen.
pub const ACTIONS: [(Action, usize); 35] = [
    (Action::Ask, 3),
    (Action::ReadCards, 1),
    (Action::Accept, 3),
    (Action::Decline, 1),
    (Action::Withdraw, 1),
    (Action::Unfriend, 1),
    (Action::Block, 1),
    (Action::Unblock, 2),
    (Action::OpenDirect, 2),
    (Action::Rename, 1),
    (Action::Hide, 1),
    (Action::Create, 4),
    (Action::Join, 3),
    (Action::Invite, 2),
    (Action::Add, 6),
    (Action::Remove, 2),
    (Action::Leave, 1),
    (Action::MarkRead, 2),
    (Action::SetRole, 5),
    (Action::Ban, 3),
    (Action::Unban, 4),
    (Action::Mute, 6),
    (Action::Notify, 1),
    (Action::NameRoom, 2),
    (Action::SetTopic, 2),
    (Action::Retain, 2),
    (Action::SlowDown, 2),
    (Action::ShowNotices, 2),
    (Action::SetKind, 2),
    (Action::DeleteRoom, 1),
    (Action::Say, 20),
    (Action::Edit, 3),
    (Action::React, 6),
    (Action::Delete, 2),
    (Action::Restore, 2),
];

/// By chance, and now and then what was never done yet.
fn choose(chance: &mut Chance, done: &[Action]) -> Action {
    let never = ACTIONS.iter().map(|(action, _)| *action).filter(|action| !done.contains(action));
    let never: Vec<Action> = never.collect();
    if !never.is_empty() && chance.once_in(4) {
        return never[chance.below(never.len())];
    }
    let mut left = chance.below(ACTIONS.iter().map(|(_, weight)| weight).sum());
    let chosen = ACTIONS.iter().find(|(_, weight)| {
        let is_this = left < *weight;
        left = left.wrapping_sub(*weight);
        is_this
    });
    chosen.unwrap().0
}

/// Who tries something, at most, until somebody may do it.
const TRIES: usize = 10;

/// Somebody does something on some node; what is not allowed changes nothing, and is part of the game.
/// What was done joins what was done before.
pub async fn act(
    nodes: &[House],
    people: &[Watcher],
    chance: &mut Chance,
    all_done: &mut Vec<Action>,
) {
    let ctx = &nodes[chance.below(nodes.len())].ctx;
    let action = choose(chance, all_done);
    for _ in 0..TRIES {
        let n = chance.below(people.len());
        let one = &people[n];
        let other = &people[(n + 1 + chance.below(people.len() - 1)) % people.len()];
        let done = match alone(ctx, action, one, other, chance).await {
            Some(done) => done,
            None => in_room(ctx, action, one, other, chance).await,
        };
        if done {
            return all_done.push(action);
        }
    }
}

/// What needs no room that one is in; `None` for what does.
async fn alone(
    ctx: &Ctx,
    action: Action,
    one: &Watcher,
    other: &Watcher,
    chance: &mut Chance,
) -> Option<bool> {
    let (viewer, name) = (&one.viewer, other.person.name());
    Some(match action {
        Action::Ask => friends::ask(ctx, viewer, name).await.is_ok(),
        Action::ReadCards => {
            let up_to = chance.below(20) as i64;
            notifications::mark_read(ctx, viewer, up_to).await.is_ok()
        }
        Action::Accept | Action::Decline | Action::Withdraw => {
            let mut done = false;
            for request in friends::requests(ctx, viewer, None).await.unwrap() {
                done |= match action {
                    Action::Accept => friends::accept(ctx, viewer, request.id).await.is_ok(),
                    Action::Decline => friends::decline(ctx, viewer, request.id).await.is_ok(),
                    _ => friends::withdraw(ctx, viewer, request.id).await.is_ok(),
                };
            }
            done
        }
        Action::Unfriend => friends::unfriend(ctx, viewer, name).await.is_ok(),
        Action::Block => friends::block(ctx, viewer, name).await.is_ok(),
        Action::Unblock => friends::unblock(ctx, viewer, name).await.is_ok(),
        Action::OpenDirect => rooms::direct::open(ctx, viewer, name).await.is_ok(),
        Action::Rename => {
            let name = DisplayName::parse(&format!("Name {}", chance.below(100))).unwrap();
            let change = ProfileChange { display_name: Some(name), ..ProfileChange::default() };
            accounts::profile::change(ctx, viewer, change).await.is_ok()
        }
        Action::Hide => {
            let invisible = Some(chance.once_in(2));
            let change = ProfileChange { invisible, ..ProfileChange::default() };
            accounts::profile::change(ctx, viewer, change).await.is_ok()
        }
        Action::Create if rooms_of(ctx, one).await.len() < 4 => {
            let kind = [Kind::Public, Kind::Private][chance.below(2)];
            let name = RoomName::parse("A room").unwrap();
            let retention = Retention::Forever;
            let new = NewRoom { kind, name, topic: None, retention, members: Vec::new() };
            rooms::create(ctx, viewer, new).await.is_ok()
        }
        Action::Create => false,
        Action::Join => {
            // A public room, or one that somebody else is in: it is theirs to join, or not.
            match pick(&rooms_of(ctx, other).await, chance) {
                Some(room) => rooms::join(ctx, viewer, room).await.is_ok(),
                None => false,
            }
        }
        _ => return None,
    })
}

async fn in_room(
    ctx: &Ctx,
    action: Action,
    one: &Watcher,
    other: &Watcher,
    chance: &mut Chance,
) -> bool {
    let mut rooms = rooms_of(ctx, one).await;
    if matches!(action, Action::SetRole | Action::Mute | Action::Remove | Action::Ban) {
        // Where the other is, too.
        let theirs = rooms_of(ctx, other).await;
        rooms.retain(|room| theirs.contains(room));
    }
    let Some(room) = pick(&rooms, chance) else { return false };
    let Ok(member) = &rooms::member(ctx, &one.viewer, room).await else { return false };
    let name = other.person.name();
    let empty = RoomChange::default();
    let change = match action {
        Action::NameRoom => {
            let name = RoomName::parse(&format!("Room {}", chance.below(100))).unwrap();
            RoomChange { name: Some(name), ..empty }
        }
        Action::SetTopic => {
            let topic = Topic::parse(&format!("About {}", chance.below(100))).unwrap();
            RoomChange { topic: Some(topic), ..empty }
        }
        Action::Retain => {
            let retention = [Retention::Forever, Retention::Days(7)][chance.below(2)];
            RoomChange { retention: Some(retention), ..empty }
        }
        Action::SlowDown => RoomChange { slow_mode: Some([0, 0, 5][chance.below(3)]), ..empty },
        Action::ShowNotices => RoomChange { notices: Some(chance.once_in(2)), ..empty },
        Action::SetKind => {
            let kind = [Kind::Public, Kind::Private][chance.below(2)];
            RoomChange { kind: Some(kind), ..empty }
        }
        Action::Say | Action::Edit | Action::React | Action::Delete | Action::Restore => {
            return speak(ctx, action, member, name, chance).await;
        }
        _ => return keep(ctx, action, member, other, chance).await,
    };
    rooms::settings::change(ctx, member, change).await.is_ok()
}

/// What one does about who is in a room.
async fn keep(
    ctx: &Ctx,
    action: Action,
    member: &rooms::Member,
    other: &Watcher,
    chance: &mut Chance,
) -> bool {
    let name = other.person.name();
    match action {
        Action::Invite => match rooms::invites::invite(ctx, member, None, None).await {
            Ok(made) => rooms::invites::accept(ctx, &other.viewer, &made.code).await.is_ok(),
            Err(_) => false,
        },
        Action::Add => rooms::add(ctx, member, name).await.is_ok(),
        Action::Remove => rooms::remove(ctx, member, name).await.is_ok(),
        Action::Leave => rooms::leave(ctx, member).await.is_ok(),
        Action::MarkRead => {
            let (seq, back) = (chance.below(20) as i64, chance.once_in(4));
            rooms::mark_read(ctx, member, seq, back).await.is_ok()
        }
        Action::SetRole => {
            let role = [Role::Owner, Role::Moderator, Role::Member][chance.below(3)];
            rooms::moderation::set_role(ctx, member, name, role).await.is_ok()
        }
        Action::Ban => rooms::moderation::ban(ctx, member, name, "").await.is_ok(),
        Action::Unban => rooms::moderation::unban(ctx, member, name).await.is_ok(),
        Action::Mute => {
            let until = chance.once_in(2).then(|| ctx.clock().now().plus_ms(60_000));
            rooms::moderation::mute(ctx, member, name, until).await.is_ok()
        }
        Action::Notify => {
            let notify = [Notify::All, Notify::Mentions, Notify::None][chance.below(3)];
            rooms::settings::set_notify(ctx, member, notify).await.is_ok()
        }
        _ => rooms::settings::delete(ctx, member).await.is_ok(),
    }
}

/// What one does with words.
async fn speak(
    ctx: &Ctx,
    action: Action,
    member: &rooms::Member,
    name: &str,
    chance: &mut Chance,
) -> bool {
    if action == Action::Say {
        let mention = if chance.once_in(3) { format!("@{name} ") } else { String::new() };
        let body = format!("{mention}message {}", chance.below(1_000));
        let draft = Draft::of(Body::parse(&body).unwrap());
        return said::post(ctx, member, ctx.new_id(MessageId::new), draft).await.is_ok();
    }
    let newest = Limit::try_from(8).unwrap();
    let newest = said::history(ctx, member, Window::Newest, newest).await.unwrap().items;
    if newest.is_empty() {
        return false;
    }
    let id = newest[chance.below(newest.len())].id;
    match action {
        Action::Delete => said::delete(ctx, member, id).await.is_ok(),
        Action::Restore => said::restore(ctx, member, id).await.is_ok(),
        Action::React => {
            let (emoji, on) = (["👍", "🎉"][chance.below(2)], !chance.once_in(3));
            said::react(ctx, member, id, emoji, on).await.is_ok()
        }
        _ => {
            let text = Body::parse(&format!("better {}", chance.below(1_000))).unwrap();
            said::edit(ctx, member, id, text).await.is_ok()
        }
    }
}

async fn rooms_of(ctx: &Ctx, one: &Watcher) -> Vec<RoomId> {
    let positions = rooms::positions(ctx, &one.viewer).await.unwrap();
    let mut rooms: Vec<RoomId> = positions.iter().map(|at| at.room).collect();
    rooms.sort_unstable();
    rooms
}

fn pick(rooms: &[RoomId], chance: &mut Chance) -> Option<RoomId> {
    (!rooms.is_empty()).then(|| rooms[chance.below(rooms.len())])
}
