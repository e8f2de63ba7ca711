//! One message: pending, failed or stored, in the same keyed row all the way.

use leptos::{either::Either, prelude::*};
use protocol::{
    MessageId, RoomId, Timestamp, User,
    messages::{Kind, Reaction},
};

use super::{
    actions::{self, Acting, Toolbar, may_delete},
    answers::{self, quote},
    body,
    earlier::{self, Earlier},
    editor::Editor,
};

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
    /// Its class: a warning, an alert, an aside.
    kind: Kind,
    /// It mentions the viewer.
    mentions_me: bool,
    /// What it answers: who said that, and how it began.
    answers: Option<(MessageId, String, String)>,
    reactions: Vec<Reaction>,
    /// Its number, where it has one.
    seq: Option<i64>,
    may_delete: bool,
    /// Whether one may write in its room.
    open: bool,
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
    fn class(&self) -> String {
        let mut class = match (self.begins_group, self.standing == Standing::Pending) {
            (false, false) => "message".to_owned(),
            (true, false) => "message message--first".to_owned(),
            (false, true) => "message message--pending".to_owned(),
            (true, true) => "message message--first message--pending".to_owned(),
        };
        class.push_str(match self.kind {
            Kind::Message => "",
            Kind::Warning => " message--warning",
            Kind::Alert => " message--alert",
            Kind::Muted => " message--muted",
        });
        if self.mentions_me {
            class.push_str(" message--mention");
        }
        class
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
                kind: message.kind,
                mentions_me: message.mentions.contains(&me.id) && message.deleted_at.is_none(),
                answers: message.reply_to.map(|id| {
                    let (name, said) = quote(world, room, id);
                    (id, name, said)
                }),
                reactions: message.reactions.clone(),
                seq: (message.revision > 0 && !world.is_visitor()).then_some(message.seq),
                may_delete: may_delete(world, message),
                open: world.room(room).is_some_and(|room| !room.closed)
                    && message.deleted_at.is_none(),
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
            kind: Kind::Message,
            mentions_me: false,
            answers: pending.reply_to.map(|id| {
                let (name, said) = quote(world, room, id);
                (id, name, said)
            }),
            reactions: Vec::new(),
            seq: None,
            may_delete: false,
            open: false,
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
    let acting = use_context::<Acting>();
    let is_edited = Memo::new(move |_| acting.is_some_and(|acting| acting.is_edited(live, id)));
    let shown = Memo::new(move |before: Option<&Option<Shown>>| {
        let now = live.get_with_outbox(Touched::Message(id), |world, outbox| {
            Shown::of(world, outbox, room, id, read_to, here)
        });
        // What is being written into it would be drawn anew with it.
        before.filter(|_| is_edited.get()).map_or(now, Clone::clone)
    });
    on_cleanup(move || live.unwatch(Touched::Message(id)));
    let class = move || shown.read().as_ref().map_or("message".to_owned(), Shown::class);
    let point = move || {
        if let Some(acting) = acting {
            acting.point_at(live, id);
        }
    };
    let is_pointed =
        Memo::new(move |_| acting.is_some_and(|acting| acting.is_pointed_at(live, id)));
    view! {
        <li
            class=class
            id=format!("m-{id}")
            on:pointerenter=move |_| point()
            on:focusin=move |_| point()
        >
            {move || shown.get().map(|shown| drawn(live, room, id, shown, is_edited))}
            {move || {
                let shown = (is_pointed.get() && !is_edited.get()).then(|| shown.get()).flatten()?;
                let seq = shown.seq?;
                Some(
                    view! {
                        <Toolbar
                            room
                            id
                            seq
                            is_mine=shown.is_mine && !shown.deleted
                            may_delete=shown.may_delete
                            open=shown.open
                        />
                    },
                )
            }}
        </li>
    }
}

/// A row as it stands now: what changes redraws this one, and no other.
fn drawn(
    live: Live,
    room: RoomId,
    id: MessageId,
    shown: Shown,
    is_edited: Memo<bool>,
) -> impl IntoView {
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
        answers,
        reactions,
        ..
    } = shown;
    let (text, says) = match deleted {
        true => ("This message was deleted.".to_owned(), "message__body message__body--gone"),
        false => (body, "message__body"),
    };
    let profile = format!("/people/{}", author.username);
    let name = if is_mine { "You".to_owned() } else { author.display_name.clone() };
    let head = if begins_group { "message__head" } else { "message__head visually-hidden" };
    let earlier = RwSignal::new(Earlier::new());
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
                {answers
                    .filter(|_| !deleted)
                    .map(|(id, name, said)| answers::answers(live, room, id, name, said))}
                {move || match is_edited.get() {
                    true => {
                        Either::Left(view! { <Editor room id body=text.clone() /> })
                    }
                    false => {
                        let tail = view! {
                            {(edited && !deleted)
                                .then(|| earlier::asked(live, room, id, earlier))}
                            {ticked
                                .then(|| {
                                    view! {
                                        <span class="message__tick" role="img" aria-label="Stored">
                                            <Icon name="check" />
                                        </span>
                                    }
                                })}
                            {is_pending
                                .then(|| view! { <span class="visually-hidden">" (sending)"</span> })}
                        };
                        Either::Right(view! {
                            <div class=says dir="auto">
                                {match folded && !deleted {
                                    true => Either::Left(view! { <Folded body=text.clone() /> }),
                                    false => Either::Right(body::body(&text, tail)),
                                }}
                            </div>
                        })
                    }
                }}
                {(edited && !deleted).then(|| earlier::shown(earlier))}
                {actions::reactions(live, room, id, if deleted { Vec::new() } else { reactions })}
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
        true => Either::Left(body::body(&body, ())),
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
