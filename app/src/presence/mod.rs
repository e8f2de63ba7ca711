//! Who is here, and who is writing.

#[cfg(feature = "hydrate")]
mod hands;
mod typing;

#[cfg(feature = "hydrate")]
pub use hands::watch as watch_hands;
pub use typing::{TypingLine, writes};

use leptos::prelude::*;
use protocol::{AccountId, Timestamp, accounts::Status};

use crate::{
    live::{Live, world::Touched},
    ui::{Here, Style},
};

/// A dot on the face of a friend, live; nothing on anybody else's.
#[component]
pub fn Dot(id: AccountId) -> impl IntoView {
    let live = Live::here();
    let status = Memo::new(move |_| {
        live.get(Touched::Person(id), |world| world.presence(id).map(|(status, _)| status))
    });
    move || {
        status.get().map(|status| {
            let (class, says) = match status {
                Status::Online => ("dot dot--online", "online"),
                Status::Away => ("dot dot--away", "away"),
                Status::Offline => ("dot", ""),
            };
            view! {
                <span class=class>
                    <span class="visually-hidden">{says}</span>
                </span>
            }
        })
    }
}

/// The same in words: `online`, `away`, `seen on Monday`; `None` for who is no friend, and where it is
/// not known.
pub fn said(live: Live, here: Option<Here>, id: AccountId) -> Option<String> {
    let (status, seen) = live.get(Touched::Person(id), |world| world.presence(id))?;
    match (word(status), seen) {
        (Some(word), _) => Some(word.to_owned()),
        (None, Some(at)) => seen_at(here, at),
        (None, None) => None,
    }
}

/// Whether somebody is here, in a word; none for who is not.
pub fn word(status: Status) -> Option<&'static str> {
    match status {
        Status::Online => Some("online"),
        Status::Away => Some("away"),
        Status::Offline => None,
    }
}

fn seen_at(here: Option<Here>, at: Timestamp) -> Option<String> {
    here.map(|here| format!("seen {}", here.say(at, Style::Seen)))
}
