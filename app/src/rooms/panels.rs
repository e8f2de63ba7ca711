//! Several rooms side by side, on a screen that is wide enough.

use std::array::from_fn;

use leptos::prelude::*;
use protocol::RoomId;

use super::{RoomPage, in_order};
use crate::{
    live::Live,
    route::{BESIDE, Place, Route, arranged},
    ui::{Icon, opened},
};

/// The open room, and those that stand beside it.
#[component]
pub fn Panels() -> impl IntoView {
    let place = Place::here();
    from_fn::<_, { BESIDE + 1 }, _>(|at| {
        let id = Memo::new(move |_| match (at, place.route()) {
            (0, Route::Room(id)) => Some(id),
            (0, _) => None,
            (at, _) => place.beside().get(at - 1).copied(),
        });
        move || id.get().map(|id| view! { <RoomPage id /> })
    })
}

/// The other rooms, to be put beside the open one.
#[component]
pub fn OpenBeside() -> impl IntoView {
    let live = Live::here();
    let place = Place::here();
    let is_open = RwSignal::new(false);
    let others = move || {
        let Route::Room(open) = place.route() else { return Vec::new() };
        let beside = place.beside();
        if beside.len() == BESIDE {
            return Vec::new();
        }
        let rooms = live.peek(|world| {
            let name = |id: RoomId| Some((id, world.room(id)?.name.clone()));
            in_order(world).concat().into_iter().filter_map(name).collect::<Vec<_>>()
        });
        let is_elsewhere = |(id, _): &(RoomId, String)| *id != open && !beside.contains(id);
        let links = rooms.into_iter().filter(is_elsewhere).map(|(id, name)| {
            let beside = [beside.as_slice(), &[id]].concat();
            view! {
                <a class="menu__item" href=arranged(open, &beside) dir="auto">
                    {name}
                </a>
            }
        });
        links.collect::<Vec<_>>()
    };
    view! {
        <details
            class="menu menu--down beside js-only wide-only"
            on:toggle=move |event| is_open.set(opened(&event))
        >
            <summary class="icon-button" aria-label="Open another chat beside this one">
                <Icon name="columns-2" />
            </summary>
            <div class="menu__panel">
                <p class="menu__label">
                    {move || match place.beside().len() {
                        BESIDE => "Close one first: there is room for four.",
                        _ => "Open beside",
                    }}
                </p>
                {move || is_open.get().then(others)}
            </div>
        </details>
    }
}

/// Puts a room away that stands beside another.
#[component]
pub fn CloseBeside(id: RoomId, name: Signal<String>) -> impl IntoView {
    let place = Place::here();
    let without = move || {
        let Route::Room(open) = place.route() else { return None };
        let beside: Vec<RoomId> = place.beside().into_iter().filter(|other| *other != id).collect();
        Some(arranged(open, &beside))
    };
    view! {
        <a class="icon-button" href=without aria-label=move || format!("Close {}", name.get())>
            <Icon name="x" />
        </a>
    }
}
