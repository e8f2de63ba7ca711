//! What a message answers, and what one is about to answer.

use leptos::{either::Either, ev, prelude::*};
use protocol::{MessageId, RoomId};

use super::actions::Acting;
use crate::{
    live::{Live, world::World},
    ui::Icon,
};

/// What a message answers, in a line: who said it, and how it began.
pub fn quote(world: &World, room: RoomId, id: MessageId) -> (String, String) {
    let found = world.timeline(room).and_then(|timeline| timeline.get(id));
    match found {
        None => ("An earlier message".to_owned(), String::new()),
        Some(message) => {
            let name = match message.author.id == world.me().id {
                true => "You".to_owned(),
                false => message.author.display_name.clone(),
            };
            let said = match message.deleted_at {
                Some(_) => "deleted".to_owned(),
                None => protocol::rooms::Preview::cut(&protocol::markdown::plain(&message.body)),
            };
            (name, said)
        }
    }
}

/// That a message is being answered, above where one writes.
#[component]
pub fn Replying(room: RoomId) -> impl IntoView {
    let live = Live::here();
    let acting = use_context::<Acting>();
    move || {
        let acting = acting?;
        let id = acting.replying.get()?;
        let (name, said) = live.peek(|world| quote(world, room, id));
        Some(view! {
            <div class="replying">
                <Icon name="reply" />
                <span class="replying__text" dir="auto">
                    {format!("{name}: {said}")}
                </span>
                <button
                    class="icon-button"
                    type="button"
                    aria-label="Do not reply"
                    on:click=move |_| acting.replying.set(None)
                >
                    <Icon name="x" />
                </button>
            </div>
        })
    }
}

/// The way from an answer to what it answers.
pub fn answers(
    live: Live,
    room: RoomId,
    id: MessageId,
    name: String,
    said: String,
) -> impl IntoView {
    let to = format!("#m-{id}");
    match said.is_empty() {
        true => Either::Left(view! {
            <button class="quote" type="button" on:click=move |_| show_elsewhere(live, room, id)>
                {name}
            </button>
        }),
        false => Either::Right(view! {
            <a class="quote" href=to rel="external" dir="auto" on:click=move |event| show(&event, id)>
                <strong>{name}</strong>
                " "
                {said}
            </a>
        }),
    }
}

/// Brings a message into view, and to notice.
fn show(event: &ev::MouseEvent, id: MessageId) {
    #[cfg(feature = "hydrate")]
    {
        event.prevent_default();
        event.stop_propagation();
        crate::browser::show(&format!("m-{id}"), true);
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (event, id);
}

/// Shows a message that is not loaded.
fn show_elsewhere(live: Live, room: RoomId, id: MessageId) {
    #[cfg(feature = "hydrate")]
    live.show_message(room, id);
    #[cfg(not(feature = "hydrate"))]
    let _ = (live, room, id);
}
