//! What a room is, who is in it, and who keeps it in order: a page of the server alone.

use leptos::prelude::*;
use protocol::{
    Room, Timestamp, User,
    rooms::{Action, Kind, Logged, MemberOf, Notify, OpenInvite, Receipt, Retention, Role},
};

use super::browse::{Keeps, Sheet};
use crate::{
    accounts::form::{Form, Outcome, Part, TextField, Tick},
    ui::{Avatar, Here, Icon, Moment, Style},
};

/// What the page is about.
#[derive(Clone, Debug)]
pub struct Managed {
    pub room: Room,
    pub members: Vec<MemberOf>,
    /// Friends who are not in it.
    pub friends: Vec<User>,
    pub invites: Vec<OpenInvite>,
    pub log: Vec<Logged>,
    /// The address that lets others in, once it is made; and the same to be photographed.
    pub invited: Option<(String, Option<String>)>,
    pub receipt: Receipt,
    pub now: Timestamp,
}

/// What has been done, by the word in the address: never text from there.
pub fn said(word: &str) -> Option<&'static str> {
    match word {
        "saved" => Some("Saved."),
        "done" => Some("Done."),
        "invited" => Some("The invitation is made. Whoever has its address can join."),
        _ => None,
    }
}

#[component]
pub fn RoomSettings(managed: Managed, form: Form) -> impl IntoView {
    provide_context(Here::new(managed.now));
    let Managed { room, members, friends, invites, log, invited, receipt, now } = managed;
    let role = room.role.unwrap_or(Role::Member);
    let keeps = role != Role::Member;
    let may_invite = keeps || room.kind == Kind::Public;
    let id = room.id;
    view! {
        <Sheet title=room.name.clone()>
            <p class="sheet__up">
                <a class="link" href=format!("/rooms/{id}")>
                    "Open the conversation"
                </a>
            </p>
            <Outcome fault=form.fault_of_all() said=form.said />
            {keeps.then(|| view! { <Name room=room.clone() form=form.clone() /> })}
            <Members room=room.clone() members role />
            {may_invite.then(|| view! { <Invite id friends invites invited keeps now /> })}
            <Quiet room=room.clone() />
            <Kept receipt />
            {keeps.then(|| view! { <Log log /> })}
            <Ends id is_owner=role == Role::Owner />
        </Sheet>
    }
}

#[component]
fn Name(room: Room, form: Form) -> impl IntoView {
    let slow =
        [(0, "off"), (5, "5 seconds"), (30, "30 seconds"), (60, "a minute"), (600, "10 minutes")];
    let slow = slow.map(|(seconds, says)| {
        view! {
            <option value=seconds selected=seconds == room.slow_mode>
                {says}
            </option>
        }
    });
    view! {
        <Part title="Room" about="Its members see a change at once.">
            <form class="settings__form" action="/fn/rooms/change" method="post">
                <input type="hidden" name="room" value=room.id.to_string() />
                <TextField
                    label="Name"
                    name="name"
                    value=room.name.clone()
                    fault=form.fault("name")
                    autocomplete="off"
                    maxlength=255
                />
                <TextField
                    label="Topic"
                    name="topic"
                    value=room.topic.clone()
                    fault=form.fault("topic")
                    autocomplete="off"
                    maxlength=255
                    note="may stay empty"
                />
                <Tick
                    label="Show who comes and goes"
                    name="notices"
                    about="A quiet line in the conversation, kept nowhere."
                    is_ticked=room.notices
                />
                <div class="field">
                    <label class="field__label" for="slow_mode">
                        "Slow mode"
                    </label>
                    <select class="field__input" id="slow_mode" name="slow_mode">
                        {slow.into_iter().collect_view()}
                    </select>
                    <p class="field__hint">
                        "How long a member waits between two messages. Owners and moderators do not."
                    </p>
                </div>
                {(room.role == Some(Role::Owner) && room.retention != Retention::Ephemeral)
                    .then(|| view! { <Keeps retention=room.retention with_ephemeral=false /> })}
                <button class="button settings__save" type="submit">
                    "Save"
                </button>
            </form>
        </Part>
    }
}

/// What of the room is stored, as the database counts it.
#[component]
fn Kept(receipt: Receipt) -> impl IntoView {
    let about = match receipt.retention {
        Retention::Forever => "What is said here is kept.",
        Retention::Days(_) => "What is said here goes when its time is over.",
        Retention::Ephemeral => "What is said here never gets to the database, a log or a disk.",
    };
    view! {
        <Part title="Receipt" about>
            <p class="settings__fact">
                "Rows stored of what was said here: " <strong>{receipt.rows}</strong>
            </p>
        </Part>
    }
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Moderator => "moderator",
        Role::Member => "member",
    }
}

#[component]
fn Members(room: Room, members: Vec<MemberOf>, role: Role) -> impl IntoView {
    let id = room.id;
    let rows = members.into_iter().map(move |member| {
        let MemberOf { user, role: theirs, muted_until } = member;
        let outranks = matches!(
            (role, theirs),
            (Role::Owner, Role::Moderator | Role::Member) | (Role::Moderator, Role::Member)
        );
        let mut steps: Vec<(&'static str, &'static str)> = Vec::new();
        if role == Role::Owner {
            match theirs {
                Role::Member => steps.push(("moderator", "Make moderator")),
                Role::Moderator => {
                    steps.push(("owner", "Make owner"));
                    steps.push(("member", "Make member"));
                }
                Role::Owner => steps.push(("moderator", "Make moderator")),
            }
        }
        if outranks {
            match muted_until {
                Some(_) => steps.push(("unmute", "Let write again")),
                None => steps.push(("mute", "Mute for an hour")),
            }
            steps.push(("remove", "Remove"));
            steps.push(("ban", "Ban"));
        }
        let here = match user.status {
            Some(protocol::accounts::Status::Online) => " · online",
            Some(protocol::accounts::Status::Away) => " · away",
            _ => "",
        };
        let muted = if muted_until.is_some() { " · muted" } else { "" };
        let about = format!("@{} · {}{here}{muted}", user.username, role_word(theirs));
        let name = user.display_name.clone();
        let (username, room) = (user.username.clone(), id.to_string());
        let buttons = steps
            .into_iter()
            .map(|(step, says)| {
                let class = match step {
                    "ban" | "remove" => "menu__item menu__item--danger",
                    _ => "menu__item",
                };
                view! {
                    <button class=class type="submit" name="step" value=step>
                        {says}
                    </button>
                }
            })
            .collect::<Vec<_>>();
        let has_steps = !buttons.is_empty();
        view! {
            <li class="person">
                <a class="person__link" href=format!("/people/{username}")>
                    <Avatar user />
                    <span class="person__text">
                        <span class="person__name" dir="auto">
                            {name.clone()}
                        </span>
                        <span class="person__about">{about}</span>
                    </span>
                </a>
                {has_steps
                    .then(|| {
                        view! {
                            <details class="menu">
                                <summary class="icon-button">
                                    <Icon name="ellipsis" />
                                    <span class="visually-hidden">{format!("What to do about {name}")}</span>
                                </summary>
                                <form
                                    class="menu__panel menu__panel--end"
                                    action="/fn/rooms/member_step"
                                    method="post"
                                >
                                    <input type="hidden" name="room" value=room />
                                    <input type="hidden" name="username" value=username />
                                    {buttons}
                                </form>
                            </details>
                        }
                    })}
            </li>
        }
    });
    view! {
        <Part title="Members" about="Who is in this room, and what they are in it.">
            <ul class="people__rows">{rows.collect_view()}</ul>
        </Part>
    }
}

#[component]
fn Invite(
    id: protocol::RoomId,
    friends: Vec<User>,
    invites: Vec<OpenInvite>,
    invited: Option<(String, Option<String>)>,
    keeps: bool,
    now: Timestamp,
) -> impl IntoView {
    const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
    let has_friends = !friends.is_empty();
    let friends = friends.into_iter().map(|user| {
        view! { <option value=user.username.clone()>{user.display_name}</option> }
    });
    let invites = invites.into_iter().map(move |invite| {
        let uses = match invite.uses_left {
            None => "any number of people".to_owned(),
            Some(1) => "1 more person".to_owned(),
            Some(n) => format!("{n} more people"),
        };
        view! {
            <li class="device">
                <Icon name="link" />
                <span class="device__text">
                    <span class="device__name">{format!("For {uses}")}</span>
                    <span class="device__about">
                        {match (invite.expires_at.0 - now.0) / DAY_MS {
                            ..1 => "for less than a day".to_owned(),
                            1 => "for a day more".to_owned(),
                            days => format!("for {days} days more"),
                        }}
                    </span>
                </span>
                <form action="/fn/rooms/end_invite" method="post">
                    <input type="hidden" name="room" value=id.to_string() />
                    <input type="hidden" name="name" value=invite.name />
                    <button class="button button--plain" type="submit">
                        "End"
                    </button>
                </form>
            </li>
        }
    });
    view! {
        <Part title="Invite" about="Friends come in at once. Others need an address, which ends by itself.">
            {has_friends
                .then(|| {
                    view! {
                        <form class="inline-form" action="/fn/rooms/member_step" method="post">
                            <input type="hidden" name="room" value=id.to_string() />
                            <label class="visually-hidden" for="friend">
                                "A friend"
                            </label>
                            <select class="field__input" id="friend" name="username">
                                {friends.collect_view()}
                            </select>
                            <button class="button" type="submit" name="step" value="add">
                                "Add"
                            </button>
                        </form>
                    }
                })}
            {invited
                .map(|(address, code)| {
                    view! {
                        <div class="invited">
                            <label class="field__label" for="invite">
                                "The address"
                            </label>
                            <input class="field__input" id="invite" readonly value=address />
                            {code
                                .map(|path| {
                                    view! {
                                        <svg
                                            class="invited__code"
                                            viewBox="0 0 60 60"
                                            role="img"
                                            aria-label="The same address, to be photographed"
                                        >
                                            <path d=path />
                                        </svg>
                                    }
                                })}
                        </div>
                    }
                })}
            <form class="inline-form" action="/fn/rooms/invite" method="post">
                <input type="hidden" name="room" value=id.to_string() />
                <label class="visually-hidden" for="expires_in">
                    "How long it lasts"
                </label>
                <select class="field__input" id="expires_in" name="expires_in">
                    <option value="86400">"for a day"</option>
                    <option value="604800" selected>
                        "for a week"
                    </option>
                    <option value="2592000">"for a month"</option>
                </select>
                <button class="button button--plain" type="submit">
                    <Icon name="link" />
                    "Make an address"
                </button>
            </form>
            {keeps.then(|| view! { <ul class="devices">{invites.collect_view()}</ul> })}
        </Part>
    }
}

#[component]
fn Quiet(room: Room) -> impl IntoView {
    let notify = room.notify.unwrap_or(Notify::All);
    let choice = move |value: &'static str, label: &'static str, this: Notify| {
        view! {
            <label class="choice">
                <input type="radio" name="notify" value=value checked=this == notify />
                <span>{label}</span>
            </label>
        }
    };
    view! {
        <Part title="What you are told" about="For you alone, on all your devices.">
            <form class="settings__form" action="/fn/rooms/notify" method="post">
                <input type="hidden" name="room" value=room.id.to_string() />
                <fieldset class="choices">
                    <legend class="visually-hidden">"What you are told"</legend>
                    {choice("all", "Everything", Notify::All)}
                    {choice("mentions", "Only when somebody mentions me", Notify::Mentions)}
                    {choice("none", "Nothing", Notify::None)}
                </fieldset>
                <button class="button settings__save" type="submit">
                    "Save"
                </button>
            </form>
        </Part>
    }
}

#[component]
fn Log(log: Vec<Logged>) -> impl IntoView {
    let is_empty = log.is_empty();
    let lines = log.into_iter().map(|line| {
        let actor = line.actor.display_name;
        let subject = line.subject.map(|user| user.display_name).unwrap_or_default();
        let detail = line.detail;
        let says = match line.action {
            Action::Changed => format!("{actor} changed the room: {detail}"),
            Action::Role => format!("{actor} made {subject} {detail}"),
            Action::Removed => format!("{actor} removed {subject}"),
            Action::Banned if detail.is_empty() => format!("{actor} banned {subject}"),
            Action::Banned => format!("{actor} banned {subject}: {detail}"),
            Action::Unbanned => format!("{actor} let {subject} come back"),
            Action::Muted => format!("{actor} muted {subject}"),
            Action::Unmuted => format!("{actor} let {subject} write again"),
            Action::MessageDeleted => format!("{actor} deleted a message of {subject}"),
        };
        view! {
            <li class="log__line">
                <span dir="auto">{says}</span>
                " "
                <Moment at=line.created_at style=Style::Ago />
            </li>
        }
    });
    view! {
        <Part title="Log" about="Who did what to keep the room in order. For owners and moderators.">
            {is_empty.then(|| view! { <p class="settings__fact">"Nothing had to be done so far."</p> })}
            <ul class="log">{lines.collect_view()}</ul>
        </Part>
    }
}

#[component]
fn Ends(id: protocol::RoomId, is_owner: bool) -> impl IntoView {
    view! {
        <Part title="Leave" about="You hear nothing more from it. What you said stays.">
            <form action="/fn/rooms/leave" method="post">
                <input type="hidden" name="room" value=id.to_string() />
                <button class="button button--plain" type="submit">
                    "Leave the room"
                </button>
            </form>
        </Part>
        {is_owner
            .then(|| {
                view! {
                    <Part
                        title="Delete the room"
                        about="Everyone leaves it, and all that was said there is gone. This cannot be undone."
                    >
                        <details class="settings__delete">
                            <summary class="button button--plain">"Delete the room …"</summary>
                            <form action="/fn/rooms/delete" method="post">
                                <input type="hidden" name="room" value=id.to_string() />
                                <button class="button button--danger" type="submit">
                                    "Delete it for everyone"
                                </button>
                            </form>
                        </details>
                    </Part>
                }
            })}
    }
}
