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
    let leave = move || {
        if let Some(acting) = acting {
            acting.edit(live, None);
        }
    };
    let draft = move || acting.and_then(|acting| acting.draft.try_get_value()?);
    let keep = move |text: String| {
        problem.set(None);
        if let Some(acting) = acting {
            acting.draft.set_value(Some(text));
        }
    };
    let save = move || {
        let Some(area) = area.get_untracked() else { return };
        let text = area.value();
        keep(text.clone());
        match Body::parse(&text) {
            #[cfg(feature = "hydrate")]
            Ok(body) => leptos::task::spawn_local(async move {
                let path = format!("/api/v1/rooms/{room}/messages/{id}");
                let edit = protocol::messages::Edit { body };
                match crate::browser::fetch::patch_json(&path, &edit).await {
                    Ok(message) => {
                        live.apply(&protocol::Event::MessageChanged { message, by: None });
                        // Unless it is left by now, or goes on.
                        if draft() == Some(text) {
                            leave();
                        }
                    }
                    // Where it is edited, or above the page once it is left.
                    Err(refused) => {
                        if problem.try_set(Some(refused.detail.to_string())).is_some() {
                            live.problem.set(Some(refused));
                        }
                    }
                }
            }),
            #[cfg(not(feature = "hydrate"))]
            Ok(_) => {
                let _ = (room, id);
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
                value=draft().unwrap_or(body)
                node_ref=area
                on_key
                on_input=Callback::new(keep)
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
