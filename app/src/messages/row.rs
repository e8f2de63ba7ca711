//! One message: pending, failed or stored, in the same keyed row all the way.

use leptos::prelude::*;
use protocol::{MessageId, RoomId, Timestamp, User};

use crate::{
    live::{
        Live,
        outbox::{Outbox, State},
        timeline::{Timeline, begins_group},
        world::{Touched, World},
    },
    ui::{Avatar, Here, Icon, Moment, Style},
};

/// Where a message stands on its way.
#[derive(Clone, PartialEq, Eq)]
enum Standing {
    /// Stored; `ticked` beside one's own last.
    Stored {
        ticked: bool,
    },
    Pending,
    Failed(String),
}

/// What a row shows.
#[derive(Clone, PartialEq, Eq)]
struct Shown {
    author: User,
    is_mine: bool,
    body: String,
    at: Timestamp,
    standing: Standing,
    /// Author and time stand above it.
    begins_group: bool,
    /// The day before it was another one.
    begins_day: bool,
    /// The first that was not read when the conversation was opened.
    is_first_new: bool,
}

impl Shown {
    fn of(
        world: &World,
        outbox: &Outbox,
        room: RoomId,
        id: MessageId,
        read_to: Option<i64>,
    ) -> Option<Self> {
        let timeline = world.timeline(room)?;
        let me = world.me();
        if let Some(message) = timeline.get(id) {
            let before = timeline.before(message);
            let is_mine = message.author.id == me.id;
            let is_last = timeline.last_by(me.id).is_some_and(|last| last.id == id);
            return Some(Self {
                author: message.author.clone(),
                is_mine,
                body: message.body.clone(),
                at: message.created_at,
                standing: Standing::Stored { ticked: is_mine && is_last },
                begins_group: begins_group(message, before),
                begins_day: before.is_none_or(|before| {
                    before.created_at.day_number() != message.created_at.day_number()
                }),
                is_first_new: !is_mine && read_to == Some(message.seq - 1),
            });
        }
        let pending = outbox.get(id)?;
        Some(Self {
            author: me.clone(),
            is_mine: true,
            body: pending.body.clone(),
            at: pending.created_at,
            standing: match &pending.state {
                State::Waiting | State::Sent => Standing::Pending,
                State::Failed(why) => Standing::Failed(why.clone()),
            },
            begins_group: !continues_own(timeline, outbox, room, id, me),
            begins_day: timeline.is_empty()
                && outbox.in_room(room).next().is_some_and(|first| first.id == id),
            is_first_new: false,
        })
    }
}

/// Whether what stands before a pending message is one's own too.
fn continues_own(
    timeline: &Timeline,
    outbox: &Outbox,
    room: RoomId,
    id: MessageId,
    me: &User,
) -> bool {
    let first = outbox.in_room(room).next().is_some_and(|first| first.id == id);
    !first || timeline.last().is_some_and(|last| last.author.id == me.id)
}

#[component]
pub fn Row(room: RoomId, id: MessageId, read_to: Option<i64>) -> impl IntoView {
    let live = Live::here();
    let here = use_context::<Here>();
    let shown = Memo::new(move |_| {
        live.get_with_outbox(Touched::Message(id), |world, outbox| {
            Shown::of(world, outbox, room, id, read_to)
        })
    });
    on_cleanup(move || live.unwatch(Touched::Message(id)));
    let part =
        move |read: fn(&Shown) -> bool| Memo::new(move |_| shown.read().as_ref().is_some_and(read));
    let begins_group = part(|shown| shown.begins_group);
    let begins_day = part(|shown| shown.begins_day);
    let is_first_new = part(|shown| shown.is_first_new);
    let is_pending = part(|shown| shown.standing == Standing::Pending);
    let is_ticked = part(|shown| shown.standing == Standing::Stored { ticked: true });
    let failed = Memo::new(move |_| match &shown.read().as_ref()?.standing {
        Standing::Failed(why) => Some(why.clone()),
        _ => None,
    });
    let at = Signal::derive(move || shown.read().as_ref().map_or(Timestamp(0), |shown| shown.at));
    let Some(author) = shown.get_untracked().map(|shown| shown.author) else {
        return None;
    };
    let is_mine = part(|shown| shown.is_mine).get_untracked();
    let profile = format!("/people/{}", author.username);
    let name = author.display_name.clone();
    Some(view! {
        <li class="message" class:message--first=begins_group class:message--pending=is_pending>
            <Show when=move || begins_day.get()>
                <div class="divider">
                    <span class="divider__text">
                        {move || here.map(|here| here.say(at.get(), Style::Day))}
                    </span>
                </div>
            </Show>
            <Show when=move || is_first_new.get()>
                <div class="divider divider--new">
                    <span class="divider__text">"New"</span>
                </div>
            </Show>
            <article class="message__row">
                <Show when=move || begins_group.get()>
                    <a class="message__face" href=profile.clone() tabindex="-1" aria-hidden="true">
                        <Avatar user=author.clone() />
                    </a>
                </Show>
                <div class="message__content">
                    <h3 class="message__head" class:visually-hidden=move || !begins_group.get()>
                        <span class="message__author" dir="auto">
                            {if is_mine { "You".to_owned() } else { name.clone() }}
                        </span>
                        " "
                        <Moment at style=Style::Clock />
                    </h3>
                    <p class="message__body" dir="auto">
                        {move || shown.read().as_ref().map(|shown| shown.body.clone())}
                        <Show when=move || is_ticked.get()>
                            <span class="message__tick" role="img" aria-label="Stored">
                                <Icon name="check" />
                            </span>
                        </Show>
                        <Show when=move || is_pending.get()>
                            <span class="visually-hidden">" (sending)"</span>
                        </Show>
                    </p>
                    {move || failed.get().map(|why| view! { <Failed id why /> })}
                </div>
            </article>
        </li>
    })
}

/// Not sent: why, and what to do about it.
#[component]
fn Failed(id: MessageId, why: String) -> impl IntoView {
    let live = Live::here();
    view! {
        <div class="message__failed">
            <Icon name="circle-alert" />
            <span>"Not sent. " {why}</span>
            <button class="link-button" type="button" on:click=move |_| live.retry(id)>
                "Try again"
            </button>
            <button
                class="link-button"
                type="button"
                on:click=move |_| {
                    live.discard(id);
                }
            >
                "Delete"
            </button>
        </div>
    }
}
