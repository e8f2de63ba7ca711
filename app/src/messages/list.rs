//! What was said in a room: sticks to the end when one is there, keeps its place when one is not.

use leptos::{either::Either, ev, html, prelude::*};
use protocol::{MessageId, RoomId, rooms::Retention};

use super::row::Row;
use crate::{
    live::{Live, timeline::Timeline, world::Touched},
    ui::{Empty, Icon},
};

/// Closer to the oldest loaded message than this, in pixels, older ones are fetched.
#[cfg(feature = "hydrate")]
const FETCH_WITHIN: i32 = 600;
/// Closer to the end than this, in pixels, one is at the end.
#[cfg(feature = "hydrate")]
const END_WITHIN: i32 = 40;

#[component]
pub fn MessageList(room: RoomId, #[prop(into)] name: Signal<String>) -> impl IntoView {
    let live = Live::here();
    let ids = Memo::new(move |_| {
        live.get_with_outbox(Touched::Timeline(room), |world, outbox| {
            let timeline = world.timeline(room)?;
            let mut ids: Vec<MessageId> = timeline.ids().collect();
            let unstored = outbox.in_room(room).map(|pending| pending.id);
            ids.extend(unstored.filter(|id| timeline.get(*id).is_none()));
            Some(ids)
        })
    });
    let older = Memo::new(move |_| {
        live.get(Touched::Timeline(room), |world| {
            let timeline = world.timeline(room)?;
            timeline.first_seq().filter(|_| timeline.has_older())
        })
    });
    let has_newer = Memo::new(move |_| {
        live.get(Touched::Timeline(room), |world| {
            world.timeline(room).is_some_and(Timeline::has_newer)
        })
    });
    // Where reading went on, for as long as the conversation is open.
    let read_to = live.peek(|world| {
        let room = world.room(room)?;
        room.read_seq.filter(|read| *read < room.last_seq)
    });
    live.opens();
    let scroller = NodeRef::<html::Div>::new();
    let loading = RwSignal::new(false);
    let failed = RwSignal::new(false);
    let missed = RwSignal::new(0_usize);
    Effect::new(move |_| {
        // What could not be loaded is tried again with each connection.
        #[cfg(feature = "hydrate")]
        live.connections.track();
        if ids.with(Option::is_none) {
            live.ensure_timeline(room, failed);
        }
    });
    // The first that is not read, where it lies before what is loaded.
    let unread_above = move || {
        let kept = live.get(Touched::Room(room), |world| world.room(room).map(|it| it.first_seq));
        let first = (read_to? + 1).max(kept?);
        older.get().filter(|oldest| *oldest > first).map(|_| first)
    };
    let anchor = StoredValue::new(None::<Anchor>);
    keep_place(live, room, scroller, (ids, has_newer), missed, anchor);
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        // Whoever went on while something was loaded may be at an edge again.
        let is_idle = !loading.get();
        if let Some(element) = scroller.get().filter(|_| is_idle && ids.with(Option::is_some)) {
            fetch_near(live, room, &element, loading);
        }
    });
    #[cfg(feature = "hydrate")]
    {
        use crate::route::{Place, Route};

        let place = Place::here();
        Effect::new(move |before: Option<Vec<RoomId>>| {
            let beside = place.beside();
            let at = place.asked("at").and_then(|seq| seq.parse().ok());
            let at = at.filter(|_| place.route() == Route::Room(room));
            // A conversation is opened at its end, also where more was said than the page has kept.
            // What is put beside it moves nothing.
            let is_led = before.is_none_or(|before| before == beside);
            if at.is_some() || (is_led && has_newer.get_untracked()) {
                live.show_at(room, at);
            }
            beside
        });
    }
    mark_read(live, room, scroller);
    let on_scroll = move |_: ev::Event| scrolled(live, room, scroller, loading, missed, anchor);
    let is_passing = Memo::new(move |_| {
        live.get(Touched::Room(room), |world| {
            world.room(room).is_some_and(|room| room.retention == Retention::Ephemeral)
        })
    });
    let empty = move || ids.with(|ids| ids.as_ref().is_some_and(Vec::is_empty));
    view! {
        <div class="messages">
            <div
                class="messages__scroller"
                tabindex="0"
                role="region"
                aria-label=move || format!("Messages in {}", name.get())
                node_ref=scroller
                on:scroll=on_scroll
            >
                <div class="messages__column">
                    {move || {
                        older
                            .get()
                            .map(|seq| {
                                view! {
                                    <a
                                        class="messages__older"
                                        href=format!("/rooms/{room}?before={seq}")
                                        on:click=move |event| {
                                            event.prevent_default();
                                            event.stop_propagation();
                                            live.load_beyond(room, false, loading);
                                        }
                                    >
                                        {move || {
                                            if loading.get() { "Loading …" } else { "Older messages" }
                                        }}
                                    </a>
                                }
                            })
                    }}
                    {move || {
                        empty()
                            .then(|| {
                                let (title, text) = match is_passing.get() {
                                    true => (
                                        "Just passing through",
                                        "Nothing said here is kept."
                                            .to_owned(),
                                    ),
                                    false => (
                                        "Nothing said yet",
                                        format!("This is the beginning of {}.", name.get()),
                                    ),
                                };
                                view! {
                                    <Empty icon="message-circle" title text>
                                        ""
                                    </Empty>
                                }
                            })
                    }}
                    {move || {
                        ids.with(Option::is_none)
                            .then(|| {
                                view! {
                                    <Loading failed on_retry=move || live.ensure_timeline(room, failed) />
                                }
                            })
                    }}
                    <div role="log" aria-label="Conversation">
                        <ol class="messages__list">
                            <For each=move || ids.get().unwrap_or_default() key=|id| *id let(id)>
                                <Row room id read_to />
                            </For>
                        </ol>
                    </div>
                </div>
            </div>
            {move || {
                unread_above()
                    .map(|first| {
                        view! {
                            <a class="messages__unread" href=format!("/rooms/{room}?at={first}")>
                                <Icon name="arrow-up" />
                                "First unread"
                            </a>
                        }
                    })
            }}
            <button
                class="messages__latest"
                type="button"
                hidden=move || missed.get() == 0 && !has_newer.get()
                on:click=move |_| to_end(live, room, scroller, missed)
            >
                <Icon name="arrow-down" />
                {move || match (has_newer.get(), missed.get()) {
                    (true, _) => "To the newest".to_owned(),
                    (false, 1) => "1 new message".to_owned(),
                    (false, n) => format!("{n} new messages"),
                }}
            </button>
        </div>
    }
}

#[component]
fn Loading(failed: RwSignal<bool>, on_retry: impl Fn() + Copy + Send + 'static) -> impl IntoView {
    move || {
        if failed.get() {
            Either::Left(view! {
                <Empty icon="wifi-off" title="Not loaded" text="These messages could not be loaded.">
                    <button class="button" type="button" on:click=move |_| on_retry()>
                        "Try again"
                    </button>
                </Empty>
            })
        } else {
            Either::Right(view! {
                <div class="skeleton" role="status">
                    <span class="visually-hidden">"Loading messages"</span>
                    <span class="skeleton__row"></span>
                    <span class="skeleton__row"></span>
                    <span class="skeleton__row"></span>
                </div>
            })
        }
    }
}

// The scroller runs from its end: 0 is the newest message, and above it numbers are negative. So
// what is loaded above moves nothing, and a page without a script stands at the end as well.

/// A row by its id, and how far its top was from the list's.
type Anchor = (String, f64);

/// Keeps what one reads where it is, to the pixel, whatever comes or goes above and below it; and
/// counts what comes at the end meanwhile.
fn keep_place(
    live: Live,
    room: RoomId,
    scroller: NodeRef<html::Div>,
    (ids, has_newer): (Memo<Option<Vec<MessageId>>>, Memo<bool>),
    missed: RwSignal<usize>,
    anchor: StoredValue<Option<Anchor>>,
) {
    #[cfg(feature = "hydrate")]
    Effect::new(move |before: Option<(Option<MessageId>, usize, bool)>| {
        let (last, count) = ids.with(|ids| {
            let ids = ids.as_deref().unwrap_or_default();
            (ids.last().copied(), ids.len())
        });
        let now = (last, count, has_newer.get());
        let Some(element) = scroller.get() else { return now };
        if element.scroll_top() < -END_WITHIN || now.2 {
            let drift =
                anchor.with_value(|anchor| crate::browser::drift(&element, anchor.as_ref()?));
            if let Some(drift) = drift.filter(|drift| drift.abs() >= 1.0) {
                element.set_scroll_top(element.scroll_top() + drift.round() as i32);
            }
            if let Some((last_before, count_before, false)) = before
                && !now.2
                && last_before.is_some()
                && last_before != last
            {
                missed.update(|missed| *missed += count.saturating_sub(count_before));
            }
        } else {
            live.trim(room);
        }
        anchor.set_value(crate::browser::looked_at(&element));
        now
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = (live, room, scroller, ids, has_newer, missed, anchor);
}

/// Goes to the newest message.
fn to_end(live: Live, room: RoomId, scroller: NodeRef<html::Div>, missed: RwSignal<usize>) {
    missed.set(0);
    #[cfg(feature = "hydrate")]
    match live.peek(|world| world.timeline(room).is_some_and(Timeline::has_newer)) {
        true => live.show_at(room, None),
        false => {
            if let Some(scroller) = scroller.get_untracked() {
                scroller.set_scroll_top(0);
            }
        }
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (live, room, scroller);
}

/// Fetches older messages near the top and newer ones near the bottom, and forgets the count at the
/// end.
fn scrolled(
    live: Live,
    room: RoomId,
    scroller: NodeRef<html::Div>,
    loading: RwSignal<bool>,
    missed: RwSignal<usize>,
    anchor: StoredValue<Option<Anchor>>,
) {
    #[cfg(feature = "hydrate")]
    if let Some(element) = scroller.get_untracked() {
        anchor.set_value(crate::browser::looked_at(&element));
        let below = fetch_near(live, room, &element, loading);
        let is_end = !live.peek(|world| world.timeline(room).is_some_and(Timeline::has_newer));
        if is_end && below < END_WITHIN {
            if missed.get_untracked() > 0 {
                missed.set(0);
            }
            read_to_end(live, room);
        }
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (live, room, scroller, loading, missed, anchor);
}

/// Fetches what lies beyond an edge that is near. How far the end is, in pixels.
#[cfg(feature = "hydrate")]
fn fetch_near(
    live: Live,
    room: RoomId,
    element: &web_sys::HtmlDivElement,
    loading: RwSignal<bool>,
) -> i32 {
    let below = -element.scroll_top();
    let above = element.scroll_height() - element.client_height() - below;
    if above < FETCH_WITHIN {
        live.load_beyond(room, false, loading);
    }
    if below < FETCH_WITHIN {
        live.load_beyond(room, true, loading);
    }
    below
}

/// What is at the end of an open room is read, as long as somebody looks.
fn mark_read(live: Live, room: RoomId, scroller: NodeRef<html::Div>) {
    #[cfg(feature = "hydrate")]
    {
        let look = move || {
            // A panel that has no room on a narrow screen is seen by nobody.
            let at_end = scroller.get_untracked().is_some_and(|element| {
                element.scroll_top() > -END_WITHIN && element.client_height() > 0
            });
            if at_end {
                read_to_end(live, room);
            }
        };
        Effect::new(move |_| {
            live.get(Touched::Timeline(room), |_| ());
            live.get(Touched::Room(room), |_| ());
            scroller.track();
            look();
        });
        let back = window_event_listener(ev::focus, move |_| look());
        // A panel that had no room may have some now.
        let wider = window_event_listener(ev::resize, move |_| look());
        on_cleanup(move || {
            back.remove();
            wider.remove();
        });
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (live, room, scroller);
}

#[cfg(feature = "hydrate")]
fn read_to_end(live: Live, room: RoomId) {
    let end = live.peek(|world| {
        let last = world.timeline(room).filter(|timeline| !timeline.has_newer())?.last_seq()?;
        (world.room(room)?.read_seq? < last).then_some(last)
    });
    if let Some(seq) = end
        && live.reads(room)
        && crate::browser::is_watched()
    {
        live.tell_read(room, seq);
    }
}
