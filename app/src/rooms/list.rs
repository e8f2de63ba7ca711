//! The list of rooms, the latest activity first.

use leptos::{either::Either, prelude::*};
use protocol::{Room, RoomId, rooms::Kind};

use crate::{
    live::{Live, world::Touched},
    route::Place,
    ui::{Avatar, Icon, Moment, Size, Style},
};

#[component]
pub fn RoomList() -> impl IntoView {
    let live = Live::here();
    let of_kind = move |direct: bool| {
        live.get(Touched::RoomList, |world| {
            let is_kind = |id: &RoomId| {
                world.room(*id).is_some_and(|room| (room.kind == Kind::Direct) == direct)
            };
            world.rooms().into_iter().filter(is_kind).collect::<Vec<_>>()
        })
    };
    let direct = Memo::new(move |_| of_kind(true));
    let rooms = Memo::new(move |_| of_kind(false));
    view! {
        <nav class="room-list" aria-label="Chats">
            <Show when=move || !rooms.read().is_empty()>
                <h2 class="room-list__heading">"Rooms"</h2>
                <Rows ids=rooms />
            </Show>
            <h2 class="room-list__heading">"Direct messages"</h2>
            <Rows ids=direct />
            <Show when=move || direct.read().is_empty()>
                <p class="room-list__empty">"Conversations with your friends appear here."</p>
            </Show>
        </nav>
    }
}

#[component]
fn Rows(ids: Memo<Vec<RoomId>>) -> impl IntoView {
    view! {
        <ul class="room-list__rows">
            <For each=move || ids.get() key=|id| *id let(id)>
                <Row id />
            </For>
        </ul>
    }
}

#[component]
fn Row(id: RoomId) -> impl IntoView {
    let live = Live::here();
    let place = Place::here();
    let href = format!("/rooms/{id}");
    let here = href.clone();
    let is_open = Memo::new(move |_| place.path() == here);
    let room = Memo::new(move |_| live.get(Touched::Room(id), |world| world.room(id).cloned()));
    let unread = move || room.with(|room| room.as_ref().map_or(0, Room::unread));
    let has_unread = move || unread() > 0;
    let shown = move || room.get().map(|room| Shown::of(&room));
    view! {
        <li>
            <a
                class="room-row"
                class:room-row--unread=has_unread
                href=href
                aria-current=move || is_open.get().then_some("page")
            >
                <Face id />
                <span class="room-row__text">
                    <span class="room-row__name" dir="auto">
                        {move || shown().map(|room| room.name)}
                    </span>
                    <span class="room-row__preview" dir="auto">
                        {move || shown().and_then(|room| room.preview)}
                    </span>
                </span>
                {move || match (unread(), shown().and_then(|room| room.at)) {
                    (0, None) => None,
                    (0, Some(at)) => Some(Either::Left(view! { <Moment at style=Style::Brief /> })),
                    (unread, _) => {
                        Some(
                            Either::Right(
                                view! {
                                <span class="count">
                                    {unread} <span class="visually-hidden">" unread"</span>
                                </span>
                            },
                            ),
                        )
                    }
                }}
            </a>
        </li>
    }
}

struct Shown {
    name: String,
    preview: Option<String>,
    at: Option<protocol::Timestamp>,
}

impl Shown {
    fn of(room: &Room) -> Self {
        let last = room.last_message.as_ref();
        Self {
            name: room.name.clone(),
            preview: last.map(|last| last.text.clone()),
            at: last.map(|last| last.created_at),
        }
    }
}

/// A room's face: the other person's, or the sign of its kind. It never changes.
#[component]
pub fn Face(id: RoomId, #[prop(optional)] size: Size) -> impl IntoView {
    let room = Live::here().peek(|world| world.room(id).cloned());
    match room.map(|room| (room.kind, room.direct_with)) {
        Some((_, Some(other))) => Some(Either::Left(view! { <Avatar user=other size /> })),
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
