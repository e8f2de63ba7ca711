//! Finding people as one types: a list of suggestions under the field, by mouse or by keyboard. Enter
//! without a choice, and a page without JavaScript, lead to all who are found.

use leptos::{either::Either, ev, prelude::*};
use protocol::friends::Profile;

use super::note;
use crate::ui::{Avatar, Icon, Size};

/// What is suggested, and which of it is chosen.
#[derive(Clone, Copy)]
struct Suggestions {
    found: RwSignal<Option<Vec<Profile>>>,
    chosen: RwSignal<Option<usize>>,
    /// The latest query: an answer to an earlier one comes too late.
    asked: StoredValue<u32>,
}

/// `id` is unlike any other on the page.
#[component]
pub fn SearchBox(
    id: &'static str,
    #[prop(optional, into)] query: String,
    #[prop(optional)] class: &'static str,
    /// What the search is called; unlike any other on the page.
    #[prop(default = "People, by name")]
    label: &'static str,
) -> impl IntoView {
    let suggestions = Suggestions {
        found: RwSignal::new(None),
        chosen: RwSignal::new(None),
        asked: StoredValue::new(0),
    };
    let Suggestions { found, chosen, .. } = suggestions;
    let list = format!("{id}-list");
    let is_open = move || found.with(Option::is_some);
    let option = move |at: usize| format!("{id}-{at}");
    let on_key = move |event: ev::KeyboardEvent| {
        let count = found.with(|found| found.as_ref().map_or(0, Vec::len));
        match event.key().as_str() {
            "ArrowDown" | "ArrowUp" if count > 0 => {
                event.prevent_default();
                let down = event.key() == "ArrowDown";
                chosen.update(|chosen| *chosen = Some(moved(*chosen, count, down)));
            }
            "Escape" => suggestions.close(),
            "Enter" => {
                if let Some(path) = suggestions.path() {
                    event.prevent_default();
                    suggestions.close();
                    go(&path);
                }
            }
            _ => {}
        }
    };
    view! {
        <form
            class=format!("find {class}")
            action="/people"
            method="get"
            role="search"
            aria-label=label
            on:submit=move |_| suggestions.close()
            on:focusout=move |event| {
                if leaves(&event) {
                    suggestions.close();
                }
            }
        >
            <Icon name="search" />
            <input
                class="find__input"
                type="search"
                name="query"
                value=query
                placeholder="Find people by name"
                aria-label="Find people by name"
                minlength="2"
                maxlength="64"
                required
                autocomplete="off"
                role="combobox"
                aria-autocomplete="list"
                aria-controls=list.clone()
                aria-expanded=move || is_open().to_string()
                aria-activedescendant=move || chosen.get().map(option)
                on:keydown=on_key
                on:input=move |event| suggestions.ask(event_target_value(&event))
            />
            <p class="visually-hidden" role="status">
                {move || found.with(|found| Some(counted(found.as_ref()?.len())))}
            </p>
            <div class="find__list" id=list role="listbox" aria-label="People" hidden=move || !is_open()>
                {move || {
                    let people = found.get()?;
                    Some(
                        match people.is_empty() {
                            true => {
                                Either::Left(
                                    view! {
                                        <p class="find__none" aria-hidden="true">
                                            "No results"
                                        </p>
                                    },
                                )
                            }
                            false => {
                                Either::Right(
                                    people
                                        .into_iter()
                                        .enumerate()
                                        .map(|(at, profile)| {
                                            view! { <Suggestion profile at chosen id=option(at) /> }
                                        })
                                        .collect_view(),
                                )
                            }
                        },
                    )
                }}
            </div>
        </form>
    }
}

#[component]
fn Suggestion(
    profile: Profile,
    at: usize,
    chosen: RwSignal<Option<usize>>,
    id: String,
) -> impl IntoView {
    let about = match note(&profile) {
        Some(note) => format!("@{} · {note}", profile.user.username),
        None => format!("@{}", profile.user.username),
    };
    view! {
        <a
            class="find__option"
            href=format!("/people/{}", profile.user.username)
            id=id
            role="option"
            tabindex="-1"
            aria-selected=move || (chosen.get() == Some(at)).to_string()
        >
            <Avatar user=profile.user.clone() size=Size::Small />
            <span class="person__text">
                <span class="person__name" dir="auto">
                    {profile.user.display_name.clone()}
                </span>
                <span class="person__about">{about}</span>
            </span>
        </a>
    }
}

/// How many are found, in words.
pub fn counted(count: usize) -> String {
    match count {
        0 => "No results".to_owned(),
        1 => "1 person found".to_owned(),
        n => format!("{n} people found"),
    }
}

/// One further up or down, and around the ends.
fn moved(chosen: Option<usize>, count: usize, down: bool) -> usize {
    match (chosen, down) {
        (None, true) => 0,
        (None, false) => count - 1,
        (Some(at), true) => (at + 1) % count,
        (Some(at), false) => (at + count - 1) % count,
    }
}

/// Whether a beginning of a name is long enough to look for.
pub fn is_enough(query: &str) -> bool {
    query.trim().chars().count() >= 2
}

impl Suggestions {
    fn close(self) {
        self.found.set(None);
        self.chosen.set(None);
        self.asked.update_value(|asked| *asked += 1);
    }

    /// Where the chosen one is found.
    fn path(self) -> Option<String> {
        let chosen = self.chosen.get_untracked()?;
        self.found.with_untracked(|found| {
            let profile = found.as_ref()?.get(chosen)?;
            Some(format!("/people/{}", profile.user.username))
        })
    }

    /// Looks up what is typed, once it stands still.
    fn ask(self, query: String) {
        self.chosen.set(None);
        self.asked.update_value(|asked| *asked += 1);
        let is_enough = is_enough(&query);
        if !is_enough {
            self.found.set(None);
        }
        #[cfg(feature = "hydrate")]
        if is_enough {
            let number = self.asked.get_value();
            leptos::task::spawn_local(async move {
                crate::browser::sleep(180).await;
                if self.asked.try_get_value() != Some(number) {
                    return;
                }
                let query = js_sys::encode_uri_component(query.trim());
                let path = format!("/api/v1/users?limit=8&query={query}");
                let page = crate::browser::fetch::get::<protocol::Items<Profile>>(&path).await;
                if self.asked.try_get_value() == Some(number)
                    && let Ok(page) = page
                {
                    self.found.try_set(Some(page.items));
                }
            });
        }
    }
}

/// Whether the focus goes out of the form.
fn leaves(event: &ev::FocusEvent) -> bool {
    #[cfg(feature = "hydrate")]
    return crate::browser::focus_leaves(event);
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = event;
        false
    }
}

fn go(path: &str) {
    #[cfg(feature = "hydrate")]
    crate::route::Place::here().go(path);
    #[cfg(not(feature = "hydrate"))]
    let _ = path;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_go_around_the_ends() {
        assert_eq!((moved(None, 3, true), moved(None, 3, false)), (0, 2));
        assert_eq!((moved(Some(2), 3, true), moved(Some(0), 3, false)), (0, 2));
    }
}
