//! People: one's friends and requests, finding somebody, and who they are.

mod actions;
mod find;
mod page;
mod profile;

pub use actions::Actions;
pub use find::{Found, PeoplePage};
pub use page::FriendsPage;
pub use profile::ProfilePage;

use leptos::prelude::*;
use protocol::User;

use crate::ui::Avatar;

/// A person in a list: the way to their profile, and what can be done beside it.
#[component]
fn PersonRow<C: IntoView + 'static>(
    user: User,
    #[prop(optional_no_strip)] note: Option<&'static str>,
    children: TypedChildren<C>,
) -> impl IntoView {
    let href = format!("/people/{}", user.username);
    let about = match note {
        Some(note) => format!("@{} · {note}", user.username),
        None => format!("@{}", user.username),
    };
    view! {
        <li class="person">
            <a class="person__link" href=href>
                <Avatar user=user.clone() />
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
