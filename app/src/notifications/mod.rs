//! What one was told of: the bell and its cards, the chats with something unread, and both as a page.

mod cards;
mod chats;

use leptos::prelude::*;

use crate::{
    frame::Badge,
    live::{Live, world::Touched},
    ui::{Icon, opened},
};

use cards::Cards;
use chats::Chats;

/// How many cards are unread.
pub fn unread(live: Live) -> usize {
    live.get(Touched::Bell, |world| usize::try_from(world.bell().state().unread).unwrap_or(0))
}

/// The bell in the header, and its menu.
#[component]
pub fn Bell() -> impl IntoView {
    let live = Live::here();
    let is_open = RwSignal::new(false);
    let says = move || match unread(live) {
        0 => "Activity".to_owned(),
        n => format!("Activity, {n} unread"),
    };
    view! {
        <details class="menu menu--down" on:toggle=move |event| is_open.set(opened(&event))>
            <summary class="icon-button" aria-label=says>
                <Icon name="bell" />
                <Badge count=Signal::derive(move || unread(live)) />
            </summary>
            <div class="menu__panel menu__panel--cards">
                <div class="cards__head">
                    <h2 class="cards__title">"Activity"</h2>
                    <a class="link" href="/activity">
                        "See all"
                    </a>
                </div>
                {move || is_open.get().then(|| view! { <Cards /> })}
            </div>
        </details>
    }
}

/// Conversations with something unread, in the header.
#[component]
pub fn UnreadChats() -> impl IntoView {
    let live = Live::here();
    let count = move || live.get(Touched::RoomList, |world| world.unread_rooms());
    let says = move || match count() {
        0 => "Chats".to_owned(),
        1 => "Chats, 1 conversation with something unread".to_owned(),
        n => format!("Chats, {n} conversations with something unread"),
    };
    let is_open = RwSignal::new(false);
    view! {
        <details class="menu menu--down" on:toggle=move |event| is_open.set(opened(&event))>
            <summary class="icon-button" aria-label=says>
                <Icon name="message-circle" />
                <Badge count=Signal::derive(count) />
            </summary>
            <div class="menu__panel menu__panel--cards">
                <div class="cards__head">
                    <h2 class="cards__title">"Unread"</h2>
                </div>
                {move || is_open.get().then(|| view! { <Chats /> })}
            </div>
        </details>
    }
}

/// All that one was told of.
#[component]
pub fn ActivityPage() -> impl IntoView {
    view! {
        <div class="page">
            <header class="page-header">
                <a class="icon-button page-header__back" href="/" aria-label="Back to all chats">
                    <Icon name="arrow-left" />
                </a>
                <h1 class="page-header__title page-header__text">"Activity"</h1>
            </header>
            <div class="page__body page__body--narrow">
                <Cards />
            </div>
        </div>
    }
}
