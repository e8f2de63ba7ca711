//! Finding people by the beginning of their name: all who are found, page by page.

use leptos::{either::EitherOf3, prelude::*};
use protocol::{Items, friends::Profile};

use super::{PersonRow, actions::Actions, note, search::SearchBox};
use crate::ui::{Empty, Icon};

/// Who was found, as the server rendered it.
#[derive(Clone)]
pub struct Found(pub StoredValue<Option<Items<Profile>>>);

#[component]
pub fn PeoplePage(query: String) -> impl IntoView {
    let rendered =
        use_context::<Found>().and_then(|Found(found)| found.try_update_value(Option::take)?);
    let found = RwSignal::new(rendered);
    if found.with_untracked(Option::is_none) {
        look_up(&query, None, found);
    }
    let typed = query.clone();
    let next = move || found.with(|found| found.as_ref()?.next.clone());
    let more =
        move |_| look_up(&typed, found.with_untracked(|found| found.as_ref()?.next.clone()), found);
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
                {move || match found.get().map(|found| found.items) {
                    None => EitherOf3::A(view! { <p class="page__note" role="status">"Looking …"</p> }),
                    Some(people) if people.is_empty() => {
                        EitherOf3::B(
                            view! {
                                <Empty
                                    icon="search"
                                    title="No results"
                                    text="Nobody’s name begins like that. Two letters are enough to search."
                                >""</Empty>
                            },
                        )
                    }
                    Some(people) => {
                        let rows = people
                            .into_iter()
                            .map(|profile| {
                                let about = said(&profile);
                                let note = Signal::stored(about);
                                view! {
                                    <PersonRow user=profile.user.clone() note>
                                        <Actions user=profile.user block=false />
                                    </PersonRow>
                                }
                            })
                            .collect_view();
                        EitherOf3::C(
                            view! {
                                <section class="people" aria-label="Results">
                                    <ul class="people__rows people__rows--cards">{rows}</ul>
                                </section>
                            },
                        )
                    }
                }}
                <button
                    class="button button--plain"
                    type="button"
                    hidden=move || next().is_none()
                    on:click=more
                >
                    "Show more"
                </button>
            </div>
        </div>
    }
}

/// How somebody stands to the viewer, and how many friends the two share.
fn said(profile: &Profile) -> Option<String> {
    let common = super::common(profile.common_friends);
    match (note(profile), common) {
        (Some(note), Some(common)) => Some(format!("{note} · {common}")),
        (note, common) => note.map(str::to_owned).or(common),
    }
}

/// Looks up what the server has not looked up already: the first page, or one that follows.
fn look_up(query: &str, cursor: Option<String>, found: RwSignal<Option<Items<Profile>>>) {
    #[cfg(feature = "hydrate")]
    {
        let query = js_sys::encode_uri_component(query);
        leptos::task::spawn_local(async move {
            let after = cursor.as_ref().map(|cursor| format!("&cursor={cursor}"));
            let path = format!("/api/v1/users?limit=20&query={query}{}", after.unwrap_or_default());
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
    let _ = (query, cursor, found);
}
