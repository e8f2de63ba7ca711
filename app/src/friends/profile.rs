//! A person's page.

use leptos::{either::EitherOf3, prelude::*};
use protocol::friends::{Profile, Relation};

use super::{actions::Actions, common, find::Circle};
use crate::{
    frame::{NotHere, waiting},
    live::{Live, world::Touched},
    presence::{self, Dot},
    ui::{Avatar, Here, Icon, Size},
};

#[component]
pub fn ProfilePage(username: String) -> impl IntoView {
    let live = Live::here();
    let here = use_context::<Here>();
    let missing = RwSignal::new(false);
    let loaded = RwSignal::new(());
    live.ensure_person(&username, missing, loaded);
    let left = username.clone();
    // Whether they are here is asked again with the next visit.
    on_cleanup(move || live.part(&left));
    let person = Memo::new(move |_| {
        loaded.track();
        live.peek(|world| world.person_named(&username).cloned())
    });
    view! {
        <div class="page">
            <header class="page-header page-header--bare">
                <a class="icon-button page-header__back" href="/friends" aria-label="Back to friends">
                    <Icon name="arrow-left" />
                </a>
            </header>
            {move || match person.get() {
                None if missing.get() => EitherOf3::A(view! { <NotHere /> }),
                None => EitherOf3::B(view! { <p class="page__note" role="status">"Loading …"</p> }),
                Some(Profile { user, email, common_friends, .. }) => {
                    let id = user.id;
                    let relation = move || {
                        live.get(Touched::Person(id), |world| world.relation(id))
                    };
                    let status = user.status.and_then(presence::word);
                    let presence = move || {
                        let told = presence::said(live, here, id);
                        told.or_else(|| status.filter(|_| relation() != Relation::Friend).map(str::to_owned))
                    };
                    let username = user.username.clone();
                    let circle = Memo::new(move |_| {
                        matches!(relation(), Relation::Friend | Relation::Myself)
                    });
                    EitherOf3::C(view! {
                        <section class="profile">
                            <span class="face face--large">
                                <Avatar user=user.clone() size=Size::Large />
                                <Dot id />
                            </span>
                            <h1 class="profile__name" dir="auto">
                                {user.display_name.clone()}
                            </h1>
                            <p class="profile__about">
                                {format!("@{}", user.username)}
                                {move || said(relation()).map(|said| format!(" · {said}"))}
                                {move || presence().map(|said| format!(" · {said}"))}
                            </p>
                            {common(common_friends)
                                .map(|common| view! { <p class="profile__note">{common}</p> })}
                            {email
                                .map(|email| {
                                    view! {
                                        <a class="link profile__note" href=format!("mailto:{email}")>
                                            {email.clone()}
                                        </a>
                                    }
                                })}
                            <Actions user />
                            {move || {
                                (relation() == Relation::Myself)
                                    .then(|| {
                                        view! {
                                            <div class="actions">
                                                <a class="button" href="/settings">
                                                    "Edit your profile"
                                                </a>
                                                <a class="button button--plain" href="/settings/security">
                                                    "Change password"
                                                </a>
                                                <a class="button button--plain" href="/friends/requests">
                                                    {move || match waiting(live) {
                                                        0 => "Friend requests".to_owned(),
                                                        n => format!("Friend requests · {n}"),
                                                    }}
                                                </a>
                                            </div>
                                        }
                                    })
                            }}
                        </section>
                        {move || {
                            let is_own = relation() == Relation::Myself;
                            circle
                                .get()
                                .then(|| view! { <div class="page__body"><Circle username=username.clone() is_own /></div> })
                        }}
                    })
                }
            }}
        </div>
    }
}

fn said(relation: Relation) -> Option<&'static str> {
    match relation {
        Relation::Myself => Some("this is you"),
        Relation::Friend => Some("your friend"),
        Relation::Incoming => Some("wants to be your friend"),
        Relation::Outgoing => Some("has your friend request"),
        Relation::Blocked => Some("you block them"),
        Relation::None => None,
    }
}
