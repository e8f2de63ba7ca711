//! Going anywhere as one types: one's rooms, pages, and people, in a list under the field, by mouse or
//! by keyboard. Enter without a choice, and a page without JavaScript, lead to all people who are found.

use leptos::{either::Either, ev, prelude::*};
use protocol::User;
#[cfg(feature = "hydrate")]
use protocol::friends::Profile;

#[cfg(feature = "hydrate")]
use super::note;
#[cfg(feature = "hydrate")]
use crate::live::Live;
use crate::ui::{Avatar, Icon, Size};

/// What is suggested, and which of it is chosen.
#[derive(Clone, Copy)]
struct Suggestions {
    found: RwSignal<Option<Vec<Hit>>>,
    chosen: RwSignal<Option<usize>>,
    /// The latest query: an answer to an earlier one comes too late.
    asked: StoredValue<u32>,
}

/// Somewhere to go.
#[derive(Clone)]
struct Hit {
    path: String,
    name: String,
    about: String,
    /// Who it is, if it is somebody.
    user: Option<User>,
    /// The page is the server's alone.
    is_plain: bool,
}

impl Hit {
    #[cfg(feature = "hydrate")]
    fn person(profile: Profile) -> Self {
        let user = profile.user.clone();
        Self {
            path: format!("/people/{}", user.username),
            name: user.display_name.clone(),
            about: match note(&profile) {
                Some(note) => format!("@{} · {note}", user.username),
                None => format!("@{}", user.username),
            },
            user: Some(user),
            is_plain: false,
        }
    }

    /// One's rooms and the pages whose names have this in them.
    #[cfg(feature = "hydrate")]
    fn near(query: &str) -> Vec<Self> {
        const PAGES: [(&str, &str, bool); 6] = [
            ("/", "Chats", false),
            ("/friends", "Friends", false),
            ("/activity", "Activity", false),
            ("/rooms", "Find a room", true),
            ("/rooms/new", "New room", true),
            ("/settings", "Settings", true),
        ];
        let query = crate::browser::lowercase(query.trim());
        if query.is_empty() {
            return Vec::new();
        }
        let has = |name: &str| crate::browser::lowercase(name).contains(&query);
        let mut near = Live::here().peek(|world| {
            let rooms = world.rooms().into_iter().filter_map(|id| world.room(id));
            let named = rooms.filter(|room| has(&room.name)).take(4);
            let hit = |room: &protocol::Room| Self {
                path: format!("/rooms/{}", room.id),
                name: room.name.clone(),
                about: if room.direct_with.is_some() { "conversation" } else { "room" }.to_owned(),
                user: room.direct_with.clone(),
                is_plain: false,
            };
            named.map(hit).collect::<Vec<_>>()
        });
        near.extend(PAGES.into_iter().filter(|(_, name, _)| has(name)).map(
            |(path, name, is_plain)| Self {
                path: path.to_owned(),
                name: name.to_owned(),
                about: "page".to_owned(),
                user: None,
                is_plain,
            },
        ));
        near
    }
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
                if let Some(hit) = suggestions.hit() {
                    event.prevent_default();
                    suggestions.close();
                    go(&hit);
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
                placeholder="Find people and rooms"
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
            <div class="find__list" id=list role="listbox" aria-label="Where to" hidden=move || !is_open()>
                {move || {
                    let hits = found.get()?;
                    Some(
                        match hits.is_empty() {
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
                                    hits
                                        .into_iter()
                                        .enumerate()
                                        .map(|(at, hit)| {
                                            view! { <Suggestion hit at chosen id=option(at) /> }
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
fn Suggestion(hit: Hit, at: usize, chosen: RwSignal<Option<usize>>, id: String) -> impl IntoView {
    let face = match hit.user {
        Some(user) => Either::Left(view! { <Avatar user size=Size::Small /> }),
        None => Either::Right(view! { <Icon name="hash" /> }),
    };
    view! {
        <a
            class="find__option"
            href=hit.path
            rel=hit.is_plain.then_some("external")
            id=id
            role="option"
            tabindex="-1"
            aria-selected=move || (chosen.get() == Some(at)).to_string()
        >
            {face}
            <span class="person__text">
                <span class="person__name" dir="auto">
                    {hit.name}
                </span>
                <span class="person__about">{hit.about}</span>
            </span>
        </a>
    }
}

/// How many are found, in words.
fn counted(count: usize) -> String {
    match count {
        0 => "No results".to_owned(),
        1 => "1 found".to_owned(),
        n => format!("{n} found"),
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

    /// The chosen one.
    fn hit(self) -> Option<Hit> {
        let chosen = self.chosen.get_untracked()?;
        self.found.with_untracked(|found| found.as_ref()?.get(chosen).cloned())
    }

    /// Looks up what is typed, once it stands still.
    fn ask(self, query: String) {
        self.chosen.set(None);
        self.asked.update_value(|asked| *asked += 1);
        #[cfg(not(feature = "hydrate"))]
        let _ = query;
        #[cfg(feature = "hydrate")]
        let near = Hit::near(&query);
        #[cfg(feature = "hydrate")]
        self.found.set((!near.is_empty()).then(|| near.clone()));
        #[cfg(feature = "hydrate")]
        if is_enough(&query) {
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
                    let people = page.items.into_iter().map(Hit::person);
                    self.found.try_set(Some(near.into_iter().chain(people).collect()));
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

fn go(hit: &Hit) {
    #[cfg(feature = "hydrate")]
    match hit.is_plain {
        true => crate::browser::leave_for(&hit.path),
        false => {
            crate::browser::leave_field();
            crate::route::Place::here().go(&hit.path);
        }
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = hit;
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
