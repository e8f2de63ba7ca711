//! Finding people by the beginning of their name.

use leptos::{either::EitherOf3, prelude::*};
use protocol::friends::{Profile, Relation};

use super::{PersonRow, actions::Actions, page::FindForm};
use crate::ui::{Empty, Icon};

/// Who was found, as the server rendered it.
#[derive(Clone)]
pub struct Found(pub StoredValue<Option<Vec<Profile>>>);

#[component]
pub fn PeoplePage(query: String) -> impl IntoView {
    let rendered =
        use_context::<Found>().and_then(|Found(found)| found.try_update_value(Option::take)?);
    let found = RwSignal::new(rendered);
    if found.with_untracked(Option::is_none) {
        look_up(&query, found);
    }
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
                <FindForm query />
            </header>
            <div class="page__body">
                {move || match found.get() {
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
                                let about = note(&profile);
                                view! {
                                    <PersonRow user=profile.user.clone() note=about>
                                        <Actions user=profile.user />
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
            </div>
        </div>
    }
}

/// Looks up what the server has not looked up already.
fn look_up(query: &str, found: RwSignal<Option<Vec<Profile>>>) {
    #[cfg(feature = "hydrate")]
    {
        let query = js_sys::encode_uri_component(query);
        leptos::task::spawn_local(async move {
            let path = format!("/api/v1/users?limit=50&query={query}");
            let page = crate::browser::fetch::get::<protocol::Items<Profile>>(&path).await;
            found.try_set(Some(page.map(|page| page.items).unwrap_or_default()));
        });
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (query, found);
}
