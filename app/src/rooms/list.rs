//! The list of rooms, the latest activity first.

use leptos::{either::Either, prelude::*};
use protocol::{Room, RoomId, Timestamp, rooms::Kind};

use crate::{
    live::{
        Live,
        world::{Touched, World},
    },
    presence::Dot,
    route::Place,
    ui::{Avatar, Icon, Moment, Size, Style},
};

#[component]
pub fn RoomList() -> impl IntoView {
    let live = Live::here();
    let ids = Memo::new(move |_| live.get(Touched::RoomList, in_order));
    let rows = move |at: usize| {
        view! {
            <ul class="room-list__rows">
                <For each=move || ids.read()[at].clone() key=|id| *id let(id)>
                    <Row id />
                </For>
            </ul>
        }
    };
    view! {
        <nav class="room-list" aria-label="Chats">
            <div class="room-list__bar">
                <h2 class="room-list__heading">"Rooms"</h2>
                <a class="icon-button" href="/rooms" rel="external" aria-label="Find a room">
                    <Icon name="search" />
                </a>
                <a class="icon-button" href="/rooms/new" rel="external" aria-label="New room">
                    <Icon name="plus" />
                </a>
            </div>
            {rows(0)} <h2 class="room-list__heading">"Direct messages"</h2> {rows(1)}
            <p class="room-list__empty" hidden=move || !ids.read()[1].is_empty()>
                "Conversations with your friends appear here."
            </p>
        </nav>
    }
}

/// The rooms as the list has them: those of many, and those of two.
pub fn in_order(world: &World) -> [Vec<RoomId>; 2] {
    let is_direct = |id: &RoomId| world.room(*id).is_some_and(|room| room.kind == Kind::Direct);
    let (direct, rooms) = world.rooms().into_iter().partition(is_direct);
    [rooms, direct]
}

#[component]
fn Row(id: RoomId) -> impl IntoView {
    let live = Live::here();
    let place = Place::here();
    let href = format!("/rooms/{id}");
    let here = href.clone();
    // The open one, or one that stands beside it.
    let current = Memo::new(move |_| match place.path() == here {
        true => Some("page"),
        false => place.beside().contains(&id).then_some("true"),
    });
    let shown =
        Memo::new(move |_| live.get(Touched::Room(id), |world| world.room(id).map(Shown::of)));
    let class = move || match shown.read().as_ref().is_some_and(|room| room.unread > 0) {
        true => "room-row room-row--unread",
        false => "room-row",
    };
    view! {
        <li>
            <a class=class href=href aria-current=move || current.get()>
                <Face id />
                {move || shown.get().map(drawn)}
            </a>
        </li>
    }
}

/// What a row shows of its room.
#[derive(Clone, PartialEq)]
struct Shown {
    name: String,
    preview: Option<String>,
    at: Option<Timestamp>,
    unread: i64,
    /// Somebody mentioned the viewer in what is unread.
    is_mentioned: bool,
}

impl Shown {
    fn of(room: &Room) -> Self {
        let last = room.last_message.as_ref();
        Self {
            name: room.name.clone(),
            preview: last.map(|last| match last.text.as_str() {
                "" => "Message deleted".to_owned(),
                text => text.to_owned(),
            }),
            at: last.map(|last| last.created_at),
            unread: room.unread(),
            is_mentioned: room.mentions.unwrap_or(0) > 0,
        }
    }
}

fn drawn(Shown { name, preview, at, unread, is_mentioned }: Shown) -> impl IntoView {
    let at = at.filter(|_| unread == 0);
    view! {
        <span class="room-row__text">
            <span class="room-row__name" dir="auto">
                {name}
            </span>
            <span class="room-row__preview" dir="auto">
                {preview}
            </span>
        </span>
        {at.map(|at| view! { <Moment at style=Style::Brief /> })}
        {(unread > 0)
            .then(|| {
                view! {
                    <span class=if is_mentioned { "count count--mention" } else { "count" }>
                        {unread}
                        <span class="visually-hidden">
                            {if is_mentioned { " unread, you are mentioned" } else { " unread" }}
                        </span>
                    </span>
                }
            })}
    }
}

/// A room's face: the other person's, or the sign of its kind. It never changes.
#[component]
pub fn Face(id: RoomId, #[prop(optional)] size: Size) -> impl IntoView {
    let room = Live::here().peek(|world| world.room(id).cloned());
    match room.map(|room| (room.kind, room.direct_with)) {
        Some((_, Some(other))) => {
            let id = other.id;
            Some(Either::Left(view! {
                <span class="face">
                    <Avatar user=other size />
                    <Dot id />
                </span>
            }))
        }
        Some((kind, None)) => {
            let icon = if kind == Kind::Public { "hash" } else { "lock" };
            Some(Either::Right(view! {
                <span class="room-face" aria-hidden="true">
                    <Icon name=icon />
                </span>
            }))
        }
        None => None,
    }
}
