//! What stands around every page: the rooms at the side, the tabs of a phone, the quiet line about
//! the connection.

use leptos::prelude::*;
use protocol::RoomId;

use crate::{
    friends::SearchBox,
    live::{Link, Live, world::Touched},
    notifications::{self, Bell, UnreadChats},
    rooms::RoomList,
    route::{Place, Route},
    ui::{Avatar, Empty, Icon, Mark, Size},
};

#[component]
pub fn Frame<C: IntoView + 'static>(children: TypedChildren<C>) -> impl IntoView {
    let place = Place::here();
    let at_list = move || place.route() == Route::Home;
    let me = Live::here().peek(|world| world.me().username.clone());
    let has_tabs = move || match place.route() {
        Route::Home | Route::Friends | Route::Requests | Route::Activity => true,
        Route::Person(username) => username == me,
        Route::Room(_) | Route::People(_) | Route::Nowhere => false,
    };
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        let live = Live::here();
        let unread =
            live.get(Touched::RoomList, |world| world.unread_rooms()) + notifications::unread(live);
        let title = page_title(&place.route(), |id| {
            live.get(Touched::Room(id), |world| Some(world.room(id)?.name.clone()))
        });
        crate::browser::set_title(&match unread {
            0 => title,
            unread => format!("({unread}) {title}"),
        });
    });
    view! {
        <a class="skip" href="#main">
            "Skip to the conversation"
        </a>
        <div class="frame" class:frame--list=at_list class:frame--tabs=has_tabs>
            <div class="frame__side">
                <SideHeader />
                <SearchBox id="find" class="find--side" label="People" />
                <RoomList />
                <Account />
            </div>
            <main class="frame__main" id="main" tabindex="-1">
                <ProblemLine />
                {children.into_inner()()}
            </main>
            <Tabs />
            <LinkLine />
        </div>
    }
}

/// What stands around a public room for who is not signed in.
#[component]
pub fn Visit<C: IntoView + 'static>(id: RoomId, children: TypedChildren<C>) -> impl IntoView {
    view! {
        <a class="skip" href="#main">
            "Skip to the conversation"
        </a>
        <div class="visit">
            <header class="visit__header">
                <a class="side-header__home" href="/">
                    <Mark />
                    <span class="side-header__name">"Kith"</span>
                </a>
                <a class="button button--plain" href=format!("/sign-in?next=/rooms/{id}")>
                    "Sign in"
                </a>
                <a class="button" href="/sign-up">
                    "Create an account"
                </a>
            </header>
            <main class="frame__main" id="main" tabindex="-1">
                {children.into_inner()()}
            </main>
            <LinkLine />
        </div>
    }
}

/// The title of a page, the same on the server and in the browser.
pub fn page_title(route: &Route, room: impl FnOnce(RoomId) -> Option<String>) -> String {
    let name = match route {
        Route::Room(id) => room(*id),
        Route::Person(username) => Some(format!("@{username}")),
        Route::Friends => Some("Friends".to_owned()),
        Route::Requests => Some("Friend requests".to_owned()),
        Route::Activity => Some("Activity".to_owned()),
        Route::People(_) => Some("Find people".to_owned()),
        Route::Home | Route::Nowhere => None,
    };
    name.map_or_else(|| "Kith".to_owned(), |name| format!("{name} · Kith"))
}

#[component]
fn SideHeader() -> impl IntoView {
    let live = Live::here();
    let place = Place::here();
    view! {
        <header class="side-header">
            <a class="side-header__home" href="/" aria-label="Kith, all chats">
                <Mark />
                <span class="side-header__name">"Kith"</span>
            </a>
            <a
                class="icon-button"
                href="/friends"
                aria-current=move || place.path().starts_with("/friends").then_some("page")
                aria-label=move || match waiting(live) {
                    0 => "Friends".to_owned(),
                    1 => "Friends, 1 request waits for you".to_owned(),
                    n => format!("Friends, {n} requests wait for you"),
                }
            >
                <Icon name="users" />
                <Badge count=Signal::derive(move || waiting(live)) />
            </a>
            <UnreadChats />
            <Bell />
        </header>
    }
}

/// Requests that wait for the viewer's answer.
pub fn waiting(live: Live) -> usize {
    live.get(Touched::Friends, |world| {
        let incoming = |request: &protocol::friends::FriendRequest| {
            request.direction == protocol::friends::Direction::Incoming
        };
        world.requests().iter().filter(|request| incoming(request)).count()
    })
}

/// A number that is gone at 0. What it counts is said by the name of what it stands on.
#[component]
pub fn Badge(count: Signal<usize>) -> impl IntoView {
    move || {
        let count = count.get();
        (count > 0).then(|| {
            view! {
                <span class="badge" aria-hidden="true">
                    {count}
                </span>
            }
        })
    }
}

/// Who is signed in, how the page looks, and the way out: plain forms, since the whole page changes.
#[component]
fn Account() -> impl IntoView {
    let live = Live::here();
    let me = live.peek(|world| world.me().clone());
    let profile = format!("/people/{}", me.username);
    let choice = |value: &'static str, icon: &'static str, label: &'static str| {
        view! {
            <button class="icon-button" type="submit" name="theme" value=value title=label>
                <Icon name=icon />
                <span class="visually-hidden">{label}</span>
            </button>
        }
    };
    view! {
        <footer class="account">
            <a class="account__me" href=profile>
                <Avatar user=me.clone() size=Size::Small />
                <span class="account__name" dir="auto">
                    {me.display_name.clone()}
                </span>
            </a>
            <details class="menu">
                <summary class="icon-button" aria-label="Settings, appearance and signing out">
                    <Icon name="settings" />
                </summary>
                <div class="menu__panel">
                    <p class="menu__label">"Appearance"</p>
                    <form action="/fn/accounts/set_theme" method="post" class="menu__row">
                        {choice("system", "monitor", "As the system has it")}
                        {choice("light", "sun", "Light")} {choice("dark", "moon", "Dark")}
                    </form>
                    <a class="button button--quiet button--wide" href="/settings">
                        <Icon name="settings" />
                        "Settings"
                    </a>
                    <form action="/fn/accounts/sign_out" method="post" class="menu__row">
                        <button class="button button--quiet button--wide" type="submit">
                            <Icon name="log-out" />
                            "Sign out"
                        </button>
                    </form>
                </div>
            </details>
        </footer>
    }
}

/// The ways to go at the foot of a phone.
#[component]
fn Tabs() -> impl IntoView {
    let live = Live::here();
    let place = Place::here();
    let me = live.peek(|world| format!("/people/{}", world.me().username));
    let tab = move |href: String, icon: &'static str, label: &'static str, count: Signal<usize>| {
        let here = href.clone();
        view! {
            <a
                class="tabs__tab"
                href=href
                aria-current=move || {
                    let path = place.path();
                    let within = here.len() > 1 && path.starts_with(&here);
                    (path == here || within).then_some("page")
                }
            >
                <Icon name=icon />
                {label}
                <span class="visually-hidden">
                    {move || (count.get() > 0).then(|| format!(", {} new", count.get()))}
                </span>
                <Badge count />
            </a>
        }
    };
    let unread = move || live.get(Touched::RoomList, |world| world.unread_rooms());
    view! {
        <nav class="tabs" aria-label="Sections">
            {tab("/".to_owned(), "message-circle", "Chats", Signal::derive(unread))}
            {tab(
                "/friends".to_owned(),
                "users",
                "Friends",
                Signal::derive(move || waiting(live)),
            )}
            {tab(
                "/activity".to_owned(),
                "bell",
                "Activity",
                Signal::derive(move || notifications::unread(live)),
            )} {tab(me, "user", "You", Signal::derive(|| 0))}
        </nav>
    }
}

/// What went wrong, until it is dismissed.
#[component]
fn ProblemLine() -> impl IntoView {
    let problem = Live::here().problem;
    view! {
        <div role="alert">
            {move || {
                problem
                    .get()
                    .map(|problem| {
                        view! {
                            <p class="problem-line">
                                <Icon name="circle-alert" />
                                <span class="problem-line__text">{problem.detail.into_owned()}</span>
                                <button
                                    class="icon-button js-only"
                                    type="button"
                                    aria-label="Dismiss"
                                    on:click=move |_| Live::here().problem.set(None)
                                >
                                    <Icon name="x" />
                                </button>
                            </p>
                        }
                    })
            }}
        </div>
    }
}

/// Says quietly that the connection is gone, and when it is back.
#[component]
fn LinkLine() -> impl IntoView {
    let link = Live::here().link;
    view! {
        <div class="link-line" role="status">
            {move || {
                let said = match link.get() {
                    Link::Quiet => return None,
                    Link::Away => "Not connected. What you write is kept and sent later.",
                    Link::Back => "Connected again.",
                };
                let icon = if link.get() == Link::Away { "wifi-off" } else { "check" };
                Some(
                    view! {
                        <p class="link-line__text">
                            <Icon name=icon />
                            {said}
                        </p>
                    },
                )
            }}
        </div>
    }
}

/// A page that is not there, or not the viewer's.
#[component]
pub fn NotHere() -> impl IntoView {
    view! {
        <Empty
            icon="search"
            title="Nothing here"
            text="This page is not there, or it is not yours to see."
        >
            <a class="button" href="/">
                "Back to your chats"
            </a>
        </Empty>
    }
}
