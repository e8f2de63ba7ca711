//! Finding, making and joining rooms: pages of the server alone.

use leptos::prelude::*;
use protocol::{
    Items, Room, User,
    rooms::{Invitation, Retention},
};

use crate::{
    accounts::form::{Form, Outcome, TextField},
    ui::{Avatar, Icon, Mark, Size},
};

/// What stands around these pages.
#[component]
pub(super) fn Sheet(title: String, children: Children) -> impl IntoView {
    view! {
        <div class="sheet">
            <header class="settings__header">
                <a class="settings__home" href="/">
                    <Mark />
                    <span class="visually-hidden">"Back to Kith"</span>
                </a>
                <h1 class="settings__name" dir="auto">
                    {title}
                </h1>
                <a class="button button--plain" href="/">
                    <Icon name="arrow-left" />
                    "Back to chats"
                </a>
            </header>
            <main class="sheet__main" id="main">
                {children()}
            </main>
        </div>
    }
}

/// How many are in a room, and how many of them are here.
fn size(room: &Room) -> String {
    let members = match room.member_count {
        1 => "1 member".to_owned(),
        n => format!("{n} members"),
    };
    match room.online_count {
        0 => members,
        n => format!("{members} · {n} here"),
    }
}

/// Public rooms; those that the viewer is in lead there.
#[component]
pub fn Directory(
    found: Items<Room>,
    mine: Vec<protocol::RoomId>,
    query: String,
    form: Form,
) -> impl IntoView {
    let next = found.next.clone().map(|cursor| {
        let address = crate::route::encoded(&cursor);
        format!("/rooms?query={}&cursor={address}", crate::route::encoded(&query))
    });
    let none = found.items.is_empty().then_some(match query.is_empty() {
        true => "There is no public room yet. Make one, and others will find it here.",
        false => "No public room is called that. Make one, and others will find it here.",
    });
    let rows = found.items.into_iter().map(move |room| {
        let is_in = mine.contains(&room.id);
        let about = size(&room);
        let name = room.name.clone();
        view! {
            <li class="room-card">
                <span class="room-face" aria-hidden="true">
                    <Icon name="hash" />
                </span>
                <span class="room-card__text">
                    <span class="room-card__name" dir="auto">
                        {room.name}
                    </span>
                    <span class="room-card__topic" dir="auto">
                        {room.topic}
                    </span>
                    <span class="room-card__about">{about}</span>
                </span>
                {match is_in {
                    true => {
                        view! {
                            <a class="button button--plain" href=format!("/rooms/{}", room.id)>
                                "Open"
                                <span class="visually-hidden">{format!(" {name}")}</span>
                            </a>
                        }
                            .into_any()
                    }
                    false => {
                        view! {
                            <form action="/fn/rooms/join" method="post">
                                <input type="hidden" name="room" value=room.id.to_string() />
                                <button class="button" type="submit">
                                    "Join"
                                    <span class="visually-hidden">{format!(" {name}")}</span>
                                </button>
                            </form>
                        }
                            .into_any()
                    }
                }}
            </li>
        }
    });
    view! {
        <Sheet title="Rooms".to_owned()>
            <Outcome fault=form.fault_of_all() said=form.said />
            <div class="sheet__bar">
                <form class="sheet__find" role="search" action="/rooms">
                    <label class="visually-hidden" for="query">
                        "Find a room"
                    </label>
                    <input
                        class="field__input"
                        id="query"
                        name="query"
                        type="search"
                        value=query
                        placeholder="Find a room"
                        maxlength="100"
                    />
                </form>
                <a class="button" href="/rooms/new">
                    <Icon name="plus" />
                    "New room"
                </a>
            </div>
            {none.map(|none| view! { <p class="sheet__none">{none}</p> })}
            <ul class="room-cards">{rows.collect_view()}</ul>
            {next
                .map(|next| {
                    view! {
                        <a class="button button--plain" href=next>
                            "Show more"
                        </a>
                    }
                })}
        </Sheet>
    }
}

/// A form for a new room, with the friends who could come along.
#[component]
pub fn NewRoom(friends: Vec<User>, form: Form) -> impl IntoView {
    let has_friends = !friends.is_empty();
    let friends = friends.into_iter().map(|user| {
        let id = format!("with-{}", user.username);
        view! {
            <li class="pick">
                <input
                    class="tick__box"
                    id=id.clone()
                    type="checkbox"
                    name="members[]"
                    value=user.username.clone()
                />
                <label class="pick__label" for=id>
                    <Avatar user=user.clone() />
                    <span dir="auto">{user.display_name}</span>
                    <span class="pick__about">{format!("@{}", user.username)}</span>
                </label>
            </li>
        }
    });
    let kind = |value: &'static str, label: &'static str, about: &'static str, is_chosen: bool| {
        view! {
            <label class="choice">
                <input type="radio" name="kind" value=value checked=is_chosen />
                <span>
                    <strong>{label}</strong>
                    <span class="choice__about">{about}</span>
                </span>
            </label>
        }
    };
    view! {
        <Sheet title="New room".to_owned()>
            <Outcome fault=form.fault_of_all() said=None />
            <form class="settings__form" action="/fn/rooms/create" method="post">
                <TextField
                    label="Name"
                    name="name"
                    value=form.typed("name")
                    fault=form.fault("name")
                    autocomplete="off"
                    maxlength=255
                    is_first=true
                />
                <TextField
                    label="Topic"
                    name="topic"
                    value=form.typed("topic")
                    fault=form.fault("topic")
                    autocomplete="off"
                    maxlength=255
                    note="may stay empty"
                />
                <fieldset class="choices">
                    <legend class="field__label">"Who may come in"</legend>
                    {kind("private", "Those you invite", "Nobody else knows that it is there.", true)}
                    {kind("public", "Everyone in this house", "It is found under Rooms.", false)}
                </fieldset>
                <Keeps retention=Retention::Forever with_ephemeral=true />
                {has_friends
                    .then(|| {
                        view! {
                            <fieldset class="choices">
                                <legend class="field__label">"Friends who come along"</legend>
                                <ul class="picks">{friends.collect_view()}</ul>
                            </fieldset>
                        }
                    })}
                <button class="button settings__save" type="submit">
                    "Make the room"
                </button>
            </form>
        </Sheet>
    }
}

/// How long a room keeps what is said, to choose.
#[component]
pub(super) fn Keeps(retention: Retention, with_ephemeral: bool) -> impl IntoView {
    let known = [
        (Retention::Forever, "for ever"),
        (Retention::Days(365), "for a year"),
        (Retention::Days(30), "for 30 days"),
        (Retention::Days(7), "for a week"),
        (Retention::Days(1), "for a day"),
        (Retention::Ephemeral, "not at all: just passing through"),
    ];
    let other = match retention {
        Retention::Days(days) if known.iter().all(|(one, _)| *one != retention) => {
            Some((retention, format!("for {days} days")))
        }
        _ => None,
    };
    let options = known
        .into_iter()
        .filter(|(one, _)| with_ephemeral || *one != Retention::Ephemeral)
        .map(|(one, says)| (one, says.to_owned()))
        .chain(other)
        .map(|(one, says)| {
            view! {
                <option value=String::from(one) selected=one == retention>
                    {says}
                </option>
            }
        });
    view! {
        <div class="field">
            <label class="field__label" for="retention">
                "What is said is kept"
            </label>
            <select class="field__input" id="retention" name="retention">
                {options.collect_view()}
            </select>
            <p class="field__hint">
                {if with_ephemeral {
                    "A room that keeps nothing stays so: what is said there never gets to a disk."
                } else {
                    "What is older goes within a minute, for everyone and for good."
                }}
            </p>
        </div>
    }
}

/// Where an invite leads.
#[component]
pub fn Invited(
    invitation: Invitation,
    code: String,
    is_signed_in: bool,
    form: Form,
) -> impl IntoView {
    let Invitation { name, topic, member_count, by, .. } = invitation;
    let members = match member_count {
        1 => "1 member".to_owned(),
        n => format!("{n} members"),
    };
    let next = crate::route::encoded(&format!("/invite/{code}"));
    view! {
        <Sheet title="An invitation".to_owned()>
            <Outcome fault=form.fault_of_all() said=None />
            <section class="profile">
                <Avatar user=by.clone() size=Size::Large />
                <p class="profile__about" dir="auto">
                    {format!("{} invites you to", by.display_name)}
                </p>
                <h2 class="profile__name" dir="auto">
                    {name}
                </h2>
                <p class="profile__note" dir="auto">
                    {topic}
                </p>
                <p class="profile__note">{members}</p>
                {match is_signed_in {
                    true => {
                        view! {
                            <form action="/fn/rooms/accept_invite" method="post">
                                <input type="hidden" name="code" value=code />
                                <button class="button" type="submit">
                                    "Join the room"
                                </button>
                            </form>
                        }
                            .into_any()
                    }
                    false => {
                        view! {
                            <div class="actions">
                                <a class="button" href=format!("/sign-up?next={next}")>
                                    "Create an account"
                                </a>
                                <a class="button button--plain" href=format!("/sign-in?next={next}")>
                                    "Sign in"
                                </a>
                            </div>
                        }
                            .into_any()
                    }
                }}
            </section>
        </Sheet>
    }
}
