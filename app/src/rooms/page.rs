//! A room's page: who it is with, what is said, and where one speaks.

use leptos::{
    either::{Either, EitherOf3},
    prelude::*,
};
use protocol::{
    RoomId,
    rooms::{Kind, Retention},
};

use super::{
    list::Face,
    panels::{CloseBeside, OpenBeside},
};
use crate::{
    frame::NotHere,
    friends::Actions,
    live::{
        Live,
        world::{Touched, World},
    },
    messages::{Acting, Composer, MessageList, UndoLine},
    presence::{self, TypingLine},
    route::Place,
    ui::{Avatar, Empty, Here, Icon, Size},
};

/// Without an open room: where to begin.
#[component]
pub fn HomePage() -> impl IntoView {
    let live = Live::here();
    let has_friends =
        Memo::new(move |_| live.get(Touched::Friends, |world| !world.friends().is_empty()));
    view! {
        <h1 class="visually-hidden">"Kith"</h1>
        {move || {
            let (icon, title, text, next) = if has_friends.get() {
                (
                    "message-circle",
                    "Pick up where you left off",
                    "Choose a conversation, or begin one with a friend.",
                    "See your friends",
                )
            } else {
                (
                    "sprout",
                    "Quiet here, so far",
                    "Find somebody you know by their name, and ask them to be friends.",
                    "Find your first friend",
                )
            };
            view! {
                <Empty icon title text>
                    <a class="button" href="/friends">
                        {next}
                    </a>
                </Empty>
            }
        }}
    }
}

#[component]
pub fn RoomPage(id: RoomId) -> impl IntoView {
    let live = Live::here();
    let is_known =
        Memo::new(move |_| live.get(Touched::Room(id), |world| world.room(id).is_some()));
    move || match is_known.get() {
        true => Either::Left(view! { <Conversation id /> }),
        false => Either::Right(view! { <NotHere /> }),
    }
}

#[component]
fn Conversation(id: RoomId) -> impl IntoView {
    let live = Live::here();
    provide_context(Acting::new());
    let room = Memo::new(move |_| live.get(Touched::Room(id), |world| world.room(id).cloned()));
    let name = Signal::derive(move || {
        room.with(|room| room.as_ref().map(|room| room.name.clone())).unwrap_or_default()
    });
    let closed = Memo::new(move |_| room.with(|room| room.as_ref().is_none_or(|room| room.closed)));
    let other = room.get_untracked().and_then(|room| room.direct_with);
    let kind = room.get_untracked().map(|room| room.kind);
    let here = use_context::<Here>();
    let is_visitor = live.peek(World::is_visitor);
    let place = Place::here();
    let is_beside = Memo::new(move |_| place.beside().contains(&id));
    let is_in = room.with_untracked(|room| room.as_ref().is_some_and(|room| room.role.is_some()));
    let about = move || {
        room.with(|room| match room {
            Some(room) if room.kind == Kind::Direct => {
                let other = room.direct_with.as_ref()?;
                let said = presence::said(live, here, other.id);
                Some(said.unwrap_or_else(|| format!("@{}", other.username)))
            }
            Some(room) => {
                let members = match room.member_count {
                    n @ 0..=1 => format!("{n} {}", if n == 1 { "member" } else { "members" }),
                    n => format!("{} of {n} here", room.online_count),
                };
                let kept = match room.retention {
                    Retention::Forever => None,
                    Retention::Days(1) => Some("kept for a day".to_owned()),
                    Retention::Days(days) => Some(format!("kept for {days} days")),
                    Retention::Ephemeral => Some("nothing is kept".to_owned()),
                };
                let topic = Some(room.topic.clone()).filter(|topic| !topic.is_empty());
                let said: Vec<String> =
                    [Some(members), kept, topic].into_iter().flatten().collect();
                Some(said.join(" · "))
            }
            None => None,
        })
    };
    view! {
        <section class="conversation" aria-label=name>
            <header class="page-header">
                <a class="icon-button page-header__back" href="/" aria-label="Back to all chats">
                    <Icon name="arrow-left" />
                </a>
                <Face id />
                <div class="page-header__text">
                    <h1 class="page-header__title" dir="auto">
                        {name}
                    </h1>
                    <p class="page-header__about">{about}</p>
                </div>
                {other
                    .clone()
                    .map(|other| {
                        let href = format!("/people/{}", other.username);
                        let label = format!("Profile of {}", other.display_name);
                        view! {
                            <a class="icon-button page-header__details" href=href aria-label=label>
                                <Icon name="user" />
                            </a>
                        }
                    })}
                {(kind != Some(Kind::Direct) && is_in)
                    .then(|| {
                        view! {
                            <a
                                class="icon-button"
                                href=format!("/rooms/{id}/settings")
                                rel="external"
                                aria-label="Members and settings"
                            >
                                <Icon name="users" />
                            </a>
                        }
                    })}
                {(!is_visitor)
                    .then_some(move || match is_beside.get() {
                        true => Either::Left(view! { <CloseBeside id name /> }),
                        false => Either::Right(view! { <OpenBeside /> }),
                    })}
            </header>
            <MessageList room=id name />
            <TypingLine room=id />
            <UndoLine />
            {move || {
                if !is_in {
                    return EitherOf3::C(view! { <WayIn id is_visitor /> });
                }
                if !closed.get() {
                    return EitherOf3::A(view! { <Composer room=id name /> });
                }
                let text = match kind {
                    Some(Kind::Direct) => "You must be friends to chat. What was said stays here.",
                    _ => "This room is closed. What was said stays here.",
                };
                EitherOf3::B(
                    view! {
                        <p class="closed-line">
                            <Icon name="lock" />
                            {text}
                        </p>
                    },
                )
            }}
        </section>
        {other
            .map(|other| {
                view! {
                    <aside class="details" aria-label="About this conversation">
                        <Avatar user=other.clone() size=Size::Large />
                        <h2 class="details__name" dir="auto">
                            {other.display_name.clone()}
                        </h2>
                        <p class="details__about">{format!("@{}", other.username)}</p>
                        <a
                            class="button button--plain button--wide"
                            href=format!("/people/{}", other.username)
                        >
                            "Profile"
                        </a>
                        <Actions user=other message=false />
                    </aside>
                }
            })}
    }
}

/// Where one would write, for who reads a public room without being in it: how to come in.
#[component]
fn WayIn(id: RoomId, is_visitor: bool) -> impl IntoView {
    match is_visitor {
        true => Either::Left(view! {
            <p class="closed-line">
                <Icon name="message-circle" />
                "You must be signed in to chat."
                <a class="button" href=format!("/sign-in?next=/rooms/{id}")>
                    "Sign in"
                </a>
                <a class="button button--plain" href=format!("/sign-up?next=/rooms/{id}")>
                    "Create an account"
                </a>
            </p>
        }),
        false => Either::Right(view! {
            <form class="closed-line" action="/fn/rooms/join" method="post">
                <input type="hidden" name="room" value=id.to_string() />
                <span>"To write here, join the room."</span>
                <button class="button" type="submit">
                    "Join"
                </button>
            </form>
        }),
    }
}
