//! Several rooms side by side, on a screen that is wide enough.

use leptos::prelude::*;
use protocol::RoomId;

use super::in_order;
use crate::{
    live::Live,
    route::{Place, Route, arranged},
    ui::Icon,
};

/// The other rooms, to be put beside the open one.
#[component]
pub fn OpenBeside() -> impl IntoView {
    let live = Live::here();
    let place = Place::here();
    let is_open = RwSignal::new(false);
    let others = move || {
        let Route::Room(open) = place.route() else { return Vec::new() };
        let beside = place.beside();
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
            class="menu menu--down beside js-only"
            on:toggle=move |_| is_open.update(|is_open| *is_open = !*is_open)
        >
            <summary class="icon-button" aria-label="Open another chat beside this one">
                <Icon name="columns-2" />
            </summary>
            <div class="menu__panel">
                <p class="menu__label">"Open beside"</p>
                {move || is_open.get().then(others)}
            </div>
        </details>
    }
}

/// Puts a room away that stands beside another.
#[component]
pub fn CloseBeside(id: RoomId) -> impl IntoView {
    let place = Place::here();
    let without = move || {
        let Route::Room(open) = place.route() else { return None };
        let beside: Vec<RoomId> = place.beside().into_iter().filter(|other| *other != id).collect();
        Some(arranged(open, &beside))
    };
    view! {
        <a class="icon-button" href=without aria-label="Close">
            <Icon name="x" />
        </a>
    }
}
