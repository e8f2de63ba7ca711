//! Where one speaks. With JavaScript a message goes to the outbox; without it, it is a plain form.

use leptos::{ev, html, prelude::*};
use protocol::{Body, MessageId, RoomId};

use super::{
    FormId,
    actions::Acting,
    answers::Replying,
    mentions::{Mentions, Offered},
};
use crate::{
    live::Live,
    presence::writes,
    ui::{Icon, TextArea},
};

#[component]
pub fn Composer(room: RoomId, #[prop(into)] name: Signal<String>) -> impl IntoView {
    let live = Live::here();
    let form_id = use_context::<FormId>().map(|FormId(id)| id.to_string());
    let area = NodeRef::<html::Textarea>::new();
    let problem = RwSignal::new(None::<String>);
    let acting = use_context::<Acting>();
    let mentions = Mentions::new(room, area);
    let send = Callback::new(move |()| {
        let Some(area) = area.get_untracked() else { return };
        match Body::parse(&area.value()) {
            Ok(body) => {
                problem.set(None);
                mentions.close();
                area.set_value("");
                let reply_to = acting.and_then(|acting| acting.replying.get_untracked());
                say(live, room, body, reply_to);
                if let Some(acting) = acting.filter(|_| reply_to.is_some()) {
                    acting.replying.set(None);
                }
            }
            // Blank: nothing to say, nothing to complain about.
            Err(_) if area.value().trim().is_empty() => area.set_value(""),
            Err(refused) => problem.set(Some(refused.to_string())),
        }
        keep_draft(live, room, &area.value());
    });
    let on_key = Callback::new(move |event: ev::KeyboardEvent| {
        if mentions.takes(&event) {
            if let Some(area) = area.get_untracked() {
                keep_draft(live, room, &area.value());
            }
            return;
        }
        let sends = event.key() == "Enter" && !event.shift_key() && !event.is_composing();
        if sends && !breaks_line() {
            event.prevent_default();
            send.run(());
        }
        let Some(acting) = acting else { return };
        match event.key().as_str() {
            "Escape" => acting.replying.set(None),
            "ArrowUp" if area.get_untracked().is_some_and(|area| area.value().is_empty()) => {
                let last = live.peek(|world| {
                    let last = world.timeline(room)?.last_by(world.me().id)?;
                    (last.deleted_at.is_none()).then_some(last.id)
                });
                if last.is_some() {
                    event.prevent_default();
                    acting.edit(live, last);
                }
            }
            _ => {}
        }
    });
    let on_input = Callback::new(move |text: String| {
        if problem.get_untracked().is_some() {
            problem.set(None);
        }
        keep_draft(live, room, &text);
        mentions.look();
        if !text.trim().is_empty() {
            writes(live, room);
        }
    });
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        if let Some(area) = area.get() {
            if area.value().is_empty() {
                area.set_value(
                    &crate::browser::storage::read::<String>(&draft_key(live, room))
                        .unwrap_or_default(),
                );
            }
            if !crate::browser::is_touch() && !crate::browser::is_writing() {
                let _ = area.focus();
            }
        }
    });
    let label = Signal::derive(move || format!("Message {}", name.get()));
    view! {
        <form
            class="composer"
            action="/fn/messages/post"
            method="post"
            on:submit=move |event| {
                event.prevent_default();
                send.run(());
            }
        >
            <input type="hidden" name="room" value=room.to_string() />
            <input type="hidden" name="id" value=form_id />
            <Replying room />
            <div class="composer__box">
                <Offered mentions />
                <TextArea
                    name="body"
                    label
                    node_ref=area
                    on_key
                    on_input
                    active=Signal::derive(move || mentions.active())
                />
                <button class="composer__send" type="submit" aria-label="Send">
                    <Icon name="arrow-up" />
                </button>
            </div>
            <p class="composer__problem" role="alert">
                {move || problem.get()}
            </p>
        </form>
    }
}

fn say(live: Live, room: RoomId, body: Body, reply_to: Option<MessageId>) {
    #[cfg(feature = "hydrate")]
    {
        use crate::browser;
        let (id, at) = (browser::new_message_id(), browser::now());
        live.say(room, crate::live::Said { id, body: body.into_string(), reply_to, at });
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (live, room, body, reply_to);
}

/// On a screen without a keyboard Enter breaks the line, and the button sends.
fn breaks_line() -> bool {
    #[cfg(feature = "hydrate")]
    return crate::browser::is_touch();
    #[cfg(not(feature = "hydrate"))]
    return false;
}

fn keep_draft(live: Live, room: RoomId, text: &str) {
    #[cfg(feature = "hydrate")]
    if text.is_empty() {
        crate::browser::storage::remove(&draft_key(live, room));
    } else {
        crate::browser::storage::write(&draft_key(live, room), &text);
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (live, room, text);
}

/// Whoever else signs in here is shown none of it.
#[cfg(feature = "hydrate")]
fn draft_key(live: Live, room: RoomId) -> String {
    format!("kith.draft.{}.{room}", live.peek(|world| world.me().id))
}
