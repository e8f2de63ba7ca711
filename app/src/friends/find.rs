//! Finding people by the beginning of their name: all who are found, page by page.

use leptos::{either::Either, prelude::*};
use protocol::{
    Items,
    friends::{Profile, Relation},
};

use super::{
    PersonRow,
    actions::{Actions, OpenConversation},
    note,
    search::{SearchBox, is_enough},
};
use crate::{
    route,
    ui::{Empty, Icon},
};

/// Who was found, as the server rendered it.
#[derive(Clone)]
pub struct Found(pub StoredValue<Option<Items<Profile>>>);

#[component]
pub fn PeoplePage(query: String) -> impl IntoView {
    let asked = is_enough(&query);
    let path = found_by(&query);
    let found = match asked {
        true => look_up(path.clone()),
        false => RwSignal::new(Some(Items { items: Vec::new(), next: None })),
    };
    let (title, text) = match asked {
        true => ("No results", "Nobody’s name begins like that."),
        false => ("Who are you looking for?", "Type two letters of a name, or more, above."),
    };
    let nobody = move || found.with(|found| found.as_ref().is_some_and(|it| it.items.is_empty()));
    view! {
        <div class="page">
            <header class="page-header">
                <a class="icon-button page-header__back" href="/friends" aria-label="Back to friends">
                    <Icon name="arrow-left" />
                </a>
                <h1 class="page-header__title page-header__text">"Find people"</h1>
                <SearchBox id="find-people" query class="find--page" />
            </header>
            <div class="page__body">
                <Listed found path title="Found" />
                {move || {
                    nobody()
                        .then(|| {
                            view! {
                                <Empty icon="search" title text>
                                    <a class="button" href="/friends">
                                        "See your friends"
                                    </a>
                                </Empty>
                            }
                        })
                }}
            </div>
        </div>
    }
}

/// A person with what can be done.
fn row(profile: Profile) -> impl IntoView {
    let note = Signal::stored(said(&profile));
    // What ends a friendship is on the friend's own page.
    let is_friend = profile.relation == Some(Relation::Friend);
    let user = profile.user.clone();
    view! {
        <PersonRow user=profile.user note>
            {match is_friend {
                true => Either::Left(view! { <OpenConversation user /> }),
                false => Either::Right(view! { <Actions user block=false /> }),
            }}
        </PersonRow>
    }
}

/// A person's friends, by how they stand to the viewer.
#[component]
pub fn Circle(username: String, is_own: bool) -> impl IntoView {
    let path = friends_of(&username);
    let found = look_up(path.clone());
    let title = if is_own { "Your friends" } else { "Their friends" };
    view! { <Listed found path title /> }
}

/// People who were looked up, and how many are shown.
#[component]
fn Listed(found: People, path: String, title: &'static str) -> impl IntoView {
    let rows = move || {
        let people = found.get().map(|found| found.items).unwrap_or_default();
        (!people.is_empty()).then(|| {
            let heading = format!("{title} · {}", people.len());
            let rows = people.into_iter().map(row);
            view! {
                <section class="people">
                    <h2 class="people__heading" aria-live="polite">
                        {heading}
                    </h2>
                    <ul class="people__rows people__rows--cards">{rows.collect_view()}</ul>
                </section>
            }
        })
    };
    view! {
        {rows}
        <More found path />
    }
}

/// Leads on where there are more than are shown.
#[component]
fn More(found: People, path: String) -> impl IntoView {
    let next = move || found.with(|found| found.as_ref()?.next.clone());
    let more = move |_| fetch(&path, untrack(next), found);
    view! {
        <button
            class="button button--plain"
            type="button"
            hidden=move || next().is_none()
            on:click=more
        >
            "Show more"
        </button>
    }
}

/// How somebody stands to the viewer, and how many friends the two share.
fn said(profile: &Profile) -> Option<String> {
    if profile.relation == Some(Relation::Myself) {
        return Some("you".to_owned());
    }
    let common = super::common(profile.common_friends);
    match (note(profile), common) {
        (Some(note), Some(common)) => Some(format!("{note} · {common}")),
        (note, common) => note.map(str::to_owned).or(common),
    }
}

/// People who were looked up; `None` while they are.
pub type People = RwSignal<Option<Items<Profile>>>;

/// Where the people are whose names begin like this.
fn found_by(query: &str) -> String {
    format!("/api/v1/users?limit=20&query={}", route::encoded(query))
}

/// Where the friends of a person are.
pub fn friends_of(username: &str) -> String {
    format!("/api/v1/users/{}/friends?limit=100", route::encoded(username))
}

/// The first page of these people: what the server rendered, or else what it says now.
pub fn look_up(path: String) -> People {
    let rendered =
        use_context::<Found>().and_then(|Found(found)| found.try_update_value(Option::take)?);
    let found = RwSignal::new(rendered);
    if found.with_untracked(Option::is_none) {
        fetch(&path, None, found);
    }
    found
}

fn fetch(path: &str, cursor: Option<String>, found: People) {
    #[cfg(feature = "hydrate")]
    {
        let after = cursor.as_ref().map(|cursor| format!("&cursor={cursor}"));
        let path = format!("{path}{}", after.unwrap_or_default());
        leptos::task::spawn_local(async move {
            let page = crate::browser::fetch::get::<Items<Profile>>(&path).await;
            let page = page.unwrap_or(Items { items: Vec::new(), next: None });
            found.try_update(|found| match found {
                Some(found) if cursor.is_some() => {
                    found.items.extend(page.items);
                    found.next = page.next;
                }
                found => *found = Some(page),
            });
        });
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (path, cursor, found);
}
