//! People: one's friends and requests, finding somebody, and who they are.

mod actions;
mod find;
mod page;
mod profile;
mod search;

pub use actions::Actions;
pub use find::{Found, PeoplePage};
pub use page::FriendsPage;
pub use profile::ProfilePage;
pub use search::SearchBox;

use leptos::prelude::*;
use protocol::{
    User,
    friends::{Profile, Relation},
};

use crate::{presence::Dot, ui::Avatar};

/// How somebody stands to the viewer, in a word or two.
fn note(profile: &Profile) -> Option<&'static str> {
    match profile.relation? {
        Relation::Friend => Some("your friend"),
        Relation::Myself => Some("you"),
        Relation::Incoming => Some("asked you"),
        Relation::Outgoing => Some("you asked"),
        Relation::Blocked => Some("you block them"),
        Relation::None => None,
    }
}

/// How many friends two people share, in words.
fn common(count: Option<u32>) -> Option<String> {
    match count? {
        0 => None,
        1 => Some("1 friend in common".to_owned()),
        n => Some(format!("{n} friends in common")),
    }
}

/// A person in a list: the way to their profile, and what can be done beside it.
#[component]
fn PersonRow<C: IntoView + 'static>(
    user: User,
    #[prop(optional, into)] note: Signal<Option<String>>,
    children: TypedChildren<C>,
) -> impl IntoView {
    let href = format!("/people/{}", user.username);
    let (id, username) = (user.id, user.username.clone());
    let about = move || match note.get() {
        Some(note) => format!("@{username} · {note}"),
        None => format!("@{username}"),
    };
    view! {
        <li class="person">
            <a class="person__link" href=href>
                <span class="face">
                    <Avatar user=user.clone() />
                    <Dot id />
                </span>
                <span class="person__text">
                    <span class="person__name" dir="auto">
                        {user.display_name.clone()}
                    </span>
                    <span class="person__about">{about}</span>
                </span>
            </a>
            <div class="person__actions">{children.into_inner()()}</div>
        </li>
    }
}
