//! What one does about a message: react, delete and undo that; and the way to answering and editing it.

use leptos::prelude::*;
use protocol::{
    Message, MessageId, RoomId,
    messages::Reaction,
    rooms::{Kind, Role},
};

use crate::{
    live::{
        Live,
        world::{Touched, World},
    },
    ui::Icon,
};

/// What is offered first, and in the picker.
const EMOJI: [&str; 24] = [
    "👍", "❤️", "😂", "🎉", "😮", "😢", "🙏", "👀", "🔥", "✅", "👏", "😀", "😉", "😍", "🤔", "😴",
    "😬", "🙌", "💪", "🚀", "☕", "🌱", "👎", "❌",
];

/// What the conversation is doing. Found by `use_context`, inside a conversation alone.
#[derive(Clone, Copy)]
pub struct Acting {
    /// The message that shows what can be done about it. Rows that look at this and at the next look
    /// at their message: a signal would keep something of every row that ever looked.
    on: StoredValue<Option<MessageId>>,
    /// The one that is being edited.
    editing: StoredValue<Option<MessageId>>,
    /// What it is to become, as far as that is written: its row may be drawn anew meanwhile.
    pub draft: StoredValue<Option<String>>,
    /// The one that is being answered.
    pub replying: RwSignal<Option<MessageId>>,
    /// The one that was just deleted here.
    pub deleted: RwSignal<Option<(RoomId, MessageId)>>,
}

impl Acting {
    pub fn new() -> Self {
        Self {
            on: StoredValue::new(None),
            editing: StoredValue::new(None),
            draft: StoredValue::new(None),
            replying: RwSignal::new(None),
            deleted: RwSignal::new(None),
        }
    }

    /// Shows what can be done about a message.
    pub fn point_at(self, live: Live, id: MessageId) {
        move_to(live, self.on, Some(id));
    }

    pub fn is_pointed_at(self, live: Live, id: MessageId) -> bool {
        live.get(Touched::Message(id), |_| self.on.get_value() == Some(id))
    }

    /// Edits a message, or none any more.
    pub fn edit(self, live: Live, id: Option<MessageId>) {
        self.draft.set_value(None);
        move_to(live, self.editing, id);
    }

    pub fn is_edited(self, live: Live, id: MessageId) -> bool {
        live.get(Touched::Message(id), |_| self.editing.get_value() == Some(id))
    }
}

fn move_to(live: Live, place: StoredValue<Option<MessageId>>, id: Option<MessageId>) {
    let before = place.get_value();
    if before != id {
        place.set_value(id);
        live.look_again([before, id].into_iter().flatten());
    }
}

/// Whether the viewer may delete a message.
pub fn may_delete(world: &World, message: &Message) -> bool {
    let room = world.room(message.room);
    let keeps = room.is_some_and(|room| {
        room.kind != Kind::Direct && matches!(room.role, Some(Role::Owner | Role::Moderator))
    });
    message.deleted_at.is_none() && (message.author.id == world.me().id || keeps)
}

/// The buttons beside a message.
#[component]
pub fn Toolbar(
    room: RoomId,
    id: MessageId,
    seq: i64,
    is_mine: bool,
    may_delete: bool,
    open: bool,
) -> impl IntoView {
    let live = Live::here();
    let acting = use_context::<Acting>();
    let picks = RwSignal::new(false);
    let reply = move |_| {
        if let Some(acting) = acting {
            acting.replying.set(Some(id));
        }
    };
    let edit = move |_| {
        if let Some(acting) = acting {
            acting.edit(live, Some(id));
        }
    };
    let button = |icon: &'static str, label: &'static str| {
        view! {
            <Icon name=icon />
            <span class="visually-hidden">{label}</span>
        }
    };
    let write = move || {
        open.then(|| {
            view! {
                <button
                    class="toolbar__button"
                    type="button"
                    title="React"
                    aria-expanded=move || if picks.get() { "true" } else { "false" }
                    on:click=move |_| picks.update(|picks| *picks = !*picks)
                >
                    {button("smile", "React")}
                </button>
                <button class="toolbar__button" type="button" title="Reply" on:click=reply>
                    {button("reply", "Reply")}
                </button>
                {is_mine
                    .then(|| {
                        view! {
                            <button class="toolbar__button" type="button" title="Edit" on:click=edit>
                                {button("pencil", "Edit")}
                            </button>
                        }
                    })}
            }
        })
    };
    view! {
        <div class="toolbar" role="group" aria-label="About this message">
            {write()}
            <a
                class="toolbar__button"
                href=format!("/rooms/{room}?at={seq}")
                title="Link to this message"
            >
                {button("link", "Link to this message")}
            </a>
            <button
                class="toolbar__button"
                type="button"
                title="Mark unread from here"
                on:click=move |_| mark_unread(live, room, seq)
            >
                {button("eye-off", "Mark unread from here")}
            </button>
            {may_delete
                .then(|| {
                    view! {
                        <button
                            class="toolbar__button toolbar__button--danger"
                            type="button"
                            title="Delete"
                            on:click=move |_| delete(live, acting, room, id)
                        >
                            {button("trash", "Delete")}
                        </button>
                    }
                })}
            {move || {
                picks
                    .get()
                    .then(|| {
                        let emoji = EMOJI
                            .map(|emoji| {
                                view! {
                                    <button
                                        class="picker__emoji"
                                        type="button"
                                        on:click=move |_| {
                                            picks.set(false);
                                            react(live, room, id, emoji.to_owned(), true);
                                        }
                                    >
                                        {emoji}
                                    </button>
                                }
                            });
                        view! {
                            <div class="picker" role="group" aria-label="Reactions">
                                {emoji.into_iter().collect_view()}
                            </div>
                        }
                    })
            }}
        </div>
    }
}

/// What people put on a message, each to be joined or taken off.
pub fn reactions(live: Live, room: RoomId, id: MessageId, put: Vec<Reaction>) -> impl IntoView {
    (!put.is_empty()).then(|| {
        let chips = put.into_iter().map(|Reaction { emoji, count, mine }| {
            let mine = mine.unwrap_or(false);
            let class = if mine { "reaction reaction--mine" } else { "reaction" };
            let put = emoji.clone();
            view! {
                <button
                    class=class
                    type="button"
                    aria-pressed=if mine { "true" } else { "false" }
                    on:click=move |_| react(live, room, id, put.clone(), !mine)
                >
                    {emoji}
                    " "
                    <span class="reaction__count">{count}</span>
                </button>
            }
        });
        view! { <div class="reactions">{chips.collect_view()}</div> }
    })
}

fn react(live: Live, room: RoomId, id: MessageId, emoji: String, on: bool) {
    #[cfg(feature = "hydrate")]
    {
        let emoji = js_sys::encode_uri_component(&emoji);
        let path = format!("/api/v1/rooms/{room}/messages/{id}/reactions/{emoji}");
        changes(live, if on { "PUT" } else { "DELETE" }, path);
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (live, room, id, emoji, on);
}

fn delete(live: Live, acting: Option<Acting>, room: RoomId, id: MessageId) {
    #[cfg(feature = "hydrate")]
    {
        leptos::task::spawn_local(async move {
            let is_done =
                change(live, "DELETE", format!("/api/v1/rooms/{room}/messages/{id}")).await;
            // Undone it can be once it is done: what is undone sooner would be deleted after that.
            let Some(acting) = acting.filter(|_| is_done) else { return };
            acting.deleted.try_set(Some((room, id)));
            crate::browser::sleep(9_000).await;
            if acting.deleted.try_get_untracked() == Some(Some((room, id))) {
                acting.deleted.try_set(None);
            }
        });
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (live, acting, room, id);
}

fn restore(live: Live, room: RoomId, id: MessageId) {
    #[cfg(feature = "hydrate")]
    changes(live, "POST", format!("/api/v1/rooms/{room}/messages/{id}/restore"));
    #[cfg(not(feature = "hydrate"))]
    let _ = (live, room, id);
}

fn mark_unread(live: Live, room: RoomId, seq: i64) {
    #[cfg(feature = "hydrate")]
    leptos::task::spawn_local(async move {
        let path = format!("/api/v1/rooms/{room}/read");
        let read = protocol::rooms::Read { seq: seq - 1, back: true };
        live.keep_unread(room);
        if let Err(problem) = crate::browser::fetch::put_json(&path, &read).await {
            live.problem.set(Some(problem));
        }
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = (live, room, seq);
}

#[cfg(feature = "hydrate")]
fn changes(live: Live, method: &'static str, path: String) {
    leptos::task::spawn_local(async move {
        change(live, method, path).await;
    });
}

/// Does something that gives the message as it is then; whether it is done.
#[cfg(feature = "hydrate")]
async fn change(live: Live, method: &'static str, path: String) -> bool {
    let changed = crate::browser::fetch::send::<Message>(method, &path).await;
    let is_done = changed.is_ok();
    match changed {
        Ok(message) => live.apply(&protocol::Event::MessageChanged { message, by: None }),
        Err(problem) => live.problem.set(Some(problem)),
    }
    is_done
}

/// The way back from a deletion, for as long as there is one.
#[component]
pub fn UndoLine() -> impl IntoView {
    let live = Live::here();
    let acting = use_context::<Acting>();
    let deleted = move || acting.and_then(|acting| acting.deleted.get());
    view! {
        <div class="undo" role="status">
            {move || {
                deleted()
                    .map(|(room, id)| {
                        view! {
                            <span>"Message deleted."</span>
                            <button
                                class="link-button"
                                type="button"
                                on:click=move |_| {
                                    restore(live, room, id);
                                    if let Some(acting) = acting {
                                        acting.deleted.set(None);
                                    }
                                }
                            >
                                "Undo"
                            </button>
                        }
                    })
            }}
        </div>
    }
}
