//! Editing a message in its place.

use leptos::{ev, html, prelude::*};
use protocol::{Body, MessageId, RoomId};

use super::actions::Acting;
use crate::{live::Live, ui::TextArea};

/// A message that is being edited, in its place.
#[component]
pub fn Editor(room: RoomId, id: MessageId, body: String) -> impl IntoView {
    let live = Live::here();
    let acting = use_context::<Acting>();
    let area = NodeRef::<html::Textarea>::new();
    let problem = RwSignal::new(None::<String>);
    let draft = acting.and_then(|acting| acting.draft.get_value());
    let leave = move || {
        if let Some(acting) = acting {
            acting.edit(live, None);
        }
    };
    let save = move || {
        let Some(area) = area.get_untracked() else { return };
        match Body::parse(&area.value()) {
            Ok(body) => {
                edit(live, acting, room, id, body);
            }
            Err(refused) => problem.set(Some(refused.to_string())),
        }
    };
    let on_key = Callback::new(move |event: ev::KeyboardEvent| match event.key().as_str() {
        "Escape" => leave(),
        "Enter" if !event.shift_key() && !event.is_composing() => {
            event.prevent_default();
            save();
        }
        _ => {}
    });
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        if let Some(area) = area.get() {
            let _ = area.focus();
            let end = area.text_length();
            let _ = area.set_selection_range(end, end);
        }
    });
    view! {
        <form
            class="editor"
            on:submit=move |event| {
                event.prevent_default();
                save();
            }
        >
            <TextArea
                name="body"
                label=Signal::stored("Edit the message".to_owned())
                value=draft.unwrap_or(body)
                node_ref=area
                on_key
                on_input=Callback::new(move |text: String| {
                    problem.set(None);
                    if let Some(acting) = acting {
                        acting.draft.set_value(Some(text));
                    }
                })
            />
            <p class="editor__keys">
                <button class="link-button" type="submit">
                    "Save"
                </button>
                " with Enter, "
                <button class="link-button" type="button" on:click=move |_| leave()>
                    "cancel"
                </button>
                " with Esc"
            </p>
            <p class="composer__problem" role="alert">
                {move || problem.get()}
            </p>
        </form>
    }
}

/// The editor stays, with what was written, until it is stored.
fn edit(live: Live, acting: Option<Acting>, room: RoomId, id: MessageId, body: Body) {
    #[cfg(feature = "hydrate")]
    leptos::task::spawn_local(async move {
        let path = format!("/api/v1/rooms/{room}/messages/{id}");
        let edit = protocol::messages::Edit { body };
        match crate::browser::fetch::patch_json::<protocol::Message>(&path, &edit).await {
            Ok(message) => {
                live.apply(&protocol::Event::MessageChanged { message, by: None });
                if let Some(acting) = acting {
                    acting.edited(live, id);
                }
            }
            Err(problem) => live.problem.set(Some(problem)),
        }
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = (live, acting, room, id, body);
}
