//! What an edited message said before.

use leptos::prelude::*;
use protocol::{MessageId, RoomId, messages::Said};

use super::body;
use crate::{
    live::Live,
    ui::{Moment, Style},
};

/// Its texts before this one, the oldest first; empty until somebody asks.
pub type Earlier = Vec<Said>;

/// That it was edited; pressed, it shows how, and pressed again not.
pub fn asked(live: Live, room: RoomId, id: MessageId, earlier: RwSignal<Earlier>) -> impl IntoView {
    let is_open = move || earlier.with(|earlier| !earlier.is_empty());
    view! {
        " "
        <button
            class="message__note message__edited"
            type="button"
            aria-expanded=move || if is_open() { "true" } else { "false" }
            on:click=move |_| {
                if is_open() {
                    earlier.set(Earlier::new());
                } else {
                    load(live, room, id, earlier);
                }
            }
        >
            "(edited)"
        </button>
    }
}

fn load(live: Live, room: RoomId, id: MessageId, earlier: RwSignal<Earlier>) {
    #[cfg(feature = "hydrate")]
    leptos::task::spawn_local(async move {
        let path = format!("/api/v1/rooms/{room}/messages/{id}/history");
        match crate::browser::fetch::get::<protocol::Items<Said>>(&path).await {
            Ok(said) => drop(earlier.try_set(said.items)),
            Err(problem) => live.problem.set(Some(problem)),
        }
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = (live, room, id, earlier);
}

/// What it said before, where that was asked for.
pub fn shown(earlier: RwSignal<Earlier>) -> impl IntoView {
    move || {
        earlier.with(|earlier| {
            let texts = earlier.iter().map(|Said { body, said_at }| {
                view! {
                    <li class="earlier__text" dir="auto">
                        <Moment at=*said_at style=Style::Ago />
                        {body::body(body, ())}
                    </li>
                }
            });
            (!earlier.is_empty()).then(|| {
                view! {
                    <ol class="earlier" aria-label="What it said before">
                        {texts.collect_view()}
                    </ol>
                }
            })
        })
    }
}
