//! Finding people by the beginning of their name.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use protocol::friends::{Profile, Relation};

use super::{PersonRow, actions::Actions, page::FindForm};
use crate::ui::{Empty, Icon};

/// Who was found, as the server rendered it.
#[derive(Clone)]
pub struct Found(pub StoredValue<Option<Vec<Profile>>>);

#[component]
pub fn PeoplePage() -> impl IntoView {
    let query = use_query_map();
    let query = Memo::new(move |_| query.read().get("query").unwrap_or_default());
    let rendered =
        use_context::<Found>().and_then(|Found(found)| found.try_update_value(Option::take)?);
    let found = RwSignal::new(rendered);
    search_again(query, found);
    let note = |profile: &Profile| match profile.relation {
        Some(Relation::Friend) => Some("your friend"),
        Some(Relation::Myself) => Some("you"),
        Some(Relation::Incoming) => Some("asked you"),
        Some(Relation::Outgoing) => Some("you asked"),
        _ => None,
    };
    view! {
        <div class="page">
            <header class="page-header">
                <a class="icon-button page-header__back" href="/friends" aria-label="Back to friends">
                    <Icon name="arrow-left" />
                </a>
                <h1 class="page-header__title page-header__text">"Find people"</h1>
                <FindForm query=query.get_untracked() />
            </header>
            <div class="page__body">
                {move || match found.get() {
                    None => view! { <p class="page__note" role="status">"Looking …"</p> }.into_any(),
                    Some(people) if people.is_empty() => {
                        view! {
                            <Empty
                                icon="search"
                                title="No results"
                                text="Nobody’s name begins like that. Two letters are enough to search."
                            />
                        }
                            .into_any()
                    }
                    Some(people) => {
                        let rows = people
                            .into_iter()
                            .map(|profile| {
                                let about = note(&profile);
                                view! {
                                    <PersonRow user=profile.user.clone() note=about>
                                        <Actions user=profile.user />
                                    </PersonRow>
                                }
                            })
                            .collect_view();
                        view! {
                            <section class="people" aria-label="Results">
                                <ul class="people__rows people__rows--cards">{rows}</ul>
                            </section>
                        }
                            .into_any()
                    }
                }}
            </div>
        </div>
    }
}

/// Looks again when something else is searched for; not for what the server has looked up.
fn search_again(query: Memo<String>, found: RwSignal<Option<Vec<Profile>>>) {
    #[cfg(feature = "hydrate")]
    Effect::new(move |before: Option<String>| {
        let query = query.get();
        let is_rendered = before.is_none() && found.with_untracked(Option::is_some);
        if !is_rendered && before.as_ref() != Some(&query) {
            let asked = query.clone();
            found.set(None);
            leptos::task::spawn_local(async move {
                let path = format!(
                    "/api/v1/users?limit=50&query={}",
                    js_sys::encode_uri_component(&asked)
                );
                let page = crate::browser::fetch::get::<protocol::Items<Profile>>(&path).await;
                found.try_set(Some(page.map(|page| page.items).unwrap_or_default()));
            });
        }
        query
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = (query, found);
}
