//! One message: pending, failed or stored, in the same keyed row all the way.

use leptos::{either::Either, prelude::*};
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
    /// It was said otherwise before.
    edited: bool,
    /// It was said, and taken back.
    deleted: bool,
    /// Somebody said it whom the viewer blocks: shown on request alone.
    folded: bool,
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
    fn class(&self) -> &'static str {
        match (self.begins_group, self.standing == Standing::Pending) {
            (false, false) => "message",
            (true, false) => "message message--first",
            (false, true) => "message message--pending",
            (true, true) => "message message--first message--pending",
        }
    }

    fn of(
        world: &World,
        outbox: &Outbox,
        room: RoomId,
        id: MessageId,
        read_to: Option<i64>,
        here: Option<Here>,
    ) -> Option<Self> {
        let timeline = world.timeline(room)?;
        let me = world.me();
        if let Some(message) = timeline.get(id) {
            let before = timeline.before(message);
            let is_mine = message.author.id == me.id;
            let is_last = timeline.last_by(me.id).is_some_and(|last| last.id == id);
            let begins_day = before.is_none_or(|before| {
                here.is_none_or(|here| !here.is_same_day(before.created_at, message.created_at))
            });
            return Some(Self {
                author: message.author.clone(),
                is_mine,
                body: message.body.clone(),
                edited: message.edited_at.is_some(),
                deleted: message.deleted_at.is_some(),
                folded: world.blocked().contains(&message.author.id),
                at: message.created_at,
                standing: Standing::Stored { ticked: is_mine && is_last },
                begins_group: begins_day || begins_group(message, before),
                begins_day,
                is_first_new: !is_mine && read_to == Some(message.seq - 1),
            });
        }
        let pending = outbox.get(id)?;
        Some(Self {
            author: me.clone(),
            is_mine: true,
            body: pending.body.clone(),
            edited: false,
            deleted: false,
            folded: false,
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
            Shown::of(world, outbox, room, id, read_to, here)
        })
    });
    on_cleanup(move || live.unwatch(Touched::Message(id)));
    let class = move || shown.read().as_ref().map_or("message", Shown::class);
    view! { <li class=class>{move || shown.get().map(|shown| drawn(id, shown))}</li> }
}

/// A row as it stands now: what changes redraws this one, and no other.
fn drawn(id: MessageId, shown: Shown) -> impl IntoView {
    let Shown {
        author,
        at,
        body,
        edited,
        deleted,
        folded,
        standing,
        begins_group,
        begins_day,
        is_first_new,
        is_mine,
    } = shown;
    let (body, says) = match deleted {
        true => ("This message was deleted.".to_owned(), "message__body message__body--gone"),
        false => (body, "message__body"),
    };
    let profile = format!("/people/{}", author.username);
    let name = if is_mine { "You".to_owned() } else { author.display_name.clone() };
    let head = if begins_group { "message__head" } else { "message__head visually-hidden" };
    let is_pending = standing == Standing::Pending;
    let ticked = standing == Standing::Stored { ticked: true };
    let failed = match standing {
        Standing::Failed(why) => Some(why),
        _ => None,
    };
    view! {
        {begins_day
            .then(|| {
                view! {
                    <div class="divider">
                        <span class="divider__text">
                            <Moment at style=Style::Day />
                        </span>
                    </div>
                }
            })}
        {is_first_new
            .then(|| {
                view! {
                    <div class="divider divider--new">
                        <span class="divider__text">"New"</span>
                    </div>
                }
            })}
        <article class="message__row">
            {begins_group
                .then(|| {
                    view! {
                        <a class="message__face" href=profile tabindex="-1" aria-hidden="true">
                            <Avatar user=author />
                        </a>
                    }
                })}
            <div class="message__content">
                <h2 class=head>
                    <span class="message__author" dir="auto">
                        {name}
                    </span>
                    " "
                    <Moment at style=Style::Clock />
                </h2>
                <p class=says dir="auto">
                    {match folded && !deleted {
                        true => Either::Left(view! { <Folded body /> }),
                        false => Either::Right(body),
                    }}
                    {(edited && !deleted)
                        .then(|| view! { <span class="message__note">" (edited)"</span> })}
                    {ticked
                        .then(|| {
                            view! {
                                <span class="message__tick" role="img" aria-label="Stored">
                                    <Icon name="check" />
                                </span>
                            }
                        })}
                    {is_pending.then(|| view! { <span class="visually-hidden">" (sending)"</span> })}
                </p>
                {failed.map(|why| view! { <Failed id why /> })}
            </div>
        </article>
    }
}

/// What somebody said whom the viewer blocks.
#[component]
fn Folded(body: String) -> impl IntoView {
    let is_open = RwSignal::new(false);
    move || match is_open.get() {
        true => Either::Left(body.clone()),
        false => Either::Right(view! {
            <span class="message__note">"From somebody you block. "</span>
            <button class="link-button" type="button" on:click=move |_| is_open.set(true)>
                "Show"
            </button>
        }),
    }
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
