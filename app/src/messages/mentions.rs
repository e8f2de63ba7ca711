//! Completing a mention: who of the room begins as what stands behind the @, by mouse or by keyboard.

use leptos::{ev, html, prelude::*};
use protocol::{RoomId, User};

use crate::ui::{Avatar, Size};

/// As many are offered at once.
#[cfg(feature = "hydrate")]
const OFFERED: usize = 6;

/// Who is offered, and which of them is chosen.
#[derive(Clone, Copy)]
pub struct Mentions {
    room: RoomId,
    area: NodeRef<html::Textarea>,
    found: RwSignal<Vec<User>>,
    chosen: RwSignal<usize>,
    /// Who is in the room, a hundred at most, once somebody is looked for.
    #[cfg(feature = "hydrate")]
    members: RwSignal<Option<Vec<User>>>,
}

impl Mentions {
    pub fn new(room: RoomId, area: NodeRef<html::Textarea>) -> Self {
        Self {
            room,
            area,
            found: RwSignal::new(Vec::new()),
            chosen: RwSignal::new(0),
            #[cfg(feature = "hydrate")]
            members: RwSignal::new(None),
        }
    }

    /// What is chosen, by its id on the page.
    pub fn active(self) -> Option<String> {
        self.found.with(|found| found.get(self.chosen.get()).map(option))
    }

    /// Nobody is offered any more.
    pub fn close(self) {
        self.found.set(Vec::new());
    }

    /// Looks who could be meant by what stands before the caret.
    pub fn look(self) {
        #[cfg(feature = "hydrate")]
        {
            let Some(begun) = self.begun() else { return self.close() };
            self.load();
            let begun = crate::browser::lowercase(&begun);
            let is_meant = |user: &&User| {
                let name = crate::browser::lowercase(&user.display_name);
                user.username.starts_with(&begun)
                    || name.split_whitespace().any(|word| word.starts_with(&begun))
            };
            let found = self.members.with_untracked(|members| {
                let members = members.as_deref().unwrap_or_default().iter();
                members.filter(is_meant).take(OFFERED).cloned().collect()
            });
            self.chosen.set(0);
            self.found.set(found);
        }
    }

    /// Takes a key for the list, if it is open. Whether it was for the list.
    pub fn takes(self, event: &ev::KeyboardEvent) -> bool {
        let count = self.found.with_untracked(Vec::len);
        if count == 0 || event.is_composing() || event.shift_key() {
            return false;
        }
        let chosen = self.chosen.get_untracked();
        match event.key().as_str() {
            "ArrowDown" => self.chosen.set((chosen + 1) % count),
            "ArrowUp" => self.chosen.set((chosen + count - 1) % count),
            "Enter" | "Tab" => self.choose(chosen),
            "Escape" => self.close(),
            _ => return false,
        }
        event.prevent_default();
        event.stop_propagation();
        true
    }

    /// Writes the name out, and goes on behind it.
    fn choose(self, at: usize) {
        let user = self.found.with_untracked(|found| found.get(at).cloned());
        self.close();
        #[cfg(feature = "hydrate")]
        if let (Some(user), Some(begun), Some(area)) =
            (user, self.begun(), self.area.get_untracked())
        {
            let end = area.selection_start().ok().flatten().unwrap_or(0);
            let start = end - js_sys::JsString::from(begun).length();
            let name = user.username + " ";
            let _ = area.set_range_text_with_start_and_end(&name, start, end);
            let caret = start + name.len() as u32;
            let _ = area.set_selection_range(caret, caret);
            let _ = area.focus();
        }
        #[cfg(not(feature = "hydrate"))]
        let _ = (user, self.area, self.room);
    }

    /// The beginning of a name before the caret, behind an @ that begins a word.
    #[cfg(feature = "hydrate")]
    fn begun(self) -> Option<String> {
        let area = self.area.get_untracked()?;
        let caret = area.selection_start().ok()??;
        let text = String::from(js_sys::JsString::from(area.value()).slice(0, caret));
        let (before, begun) = text.rsplit_once('@')?;
        let is_word = before.chars().next_back().is_none_or(|c| c.is_whitespace() || c == '(');
        (is_word && begun.len() <= 32 && !begun.contains(char::is_whitespace))
            .then(|| begun.to_owned())
    }

    /// Reads who is in the room, once.
    #[cfg(feature = "hydrate")]
    fn load(self) {
        if self.members.with_untracked(Option::is_some) {
            return;
        }
        self.members.set(Some(Vec::new()));
        leptos::task::spawn_local(async move {
            let path = format!("/api/v1/rooms/{}/members?limit=100", self.room);
            let read = crate::browser::fetch::get::<Members>(&path);
            match read.await {
                Ok(page) => {
                    let users = page.items.into_iter().map(|member| member.user).collect();
                    // Unless the conversation is left by now.
                    if self.members.try_set(Some(users)).is_none() {
                        self.look();
                    }
                }
                // It is tried again with the next letter.
                Err(_) => drop(self.members.try_set(None)),
            }
        });
    }
}

/// What is of interest of a room's members.
#[cfg(feature = "hydrate")]
#[derive(serde::Deserialize)]
struct Members {
    items: Vec<Member>,
}

#[cfg(feature = "hydrate")]
#[derive(serde::Deserialize)]
struct Member {
    user: User,
}

fn option(user: &User) -> String {
    format!("mention-{}", user.username)
}

/// The list above where one writes.
#[component]
pub fn Offered(mentions: Mentions) -> impl IntoView {
    let Mentions { found, chosen, .. } = mentions;
    view! {
        <div
            class="find__list offered"
            id="mentions"
            role="listbox"
            aria-label="People to mention"
            hidden=move || found.read().is_empty()
        >
            {move || {
                let people = found.get().into_iter().enumerate();
                people
                    .map(|(at, user)| {
                        view! {
                            <div
                                class="find__option"
                                id=option(&user)
                                role="option"
                                aria-selected=move || (chosen.get() == at).to_string()
                                on:pointerdown=move |event: ev::PointerEvent| {
                                    event.prevent_default();
                                    mentions.choose(at);
                                }
                            >
                                <Avatar user=user.clone() size=Size::Small />
                                <span class="person__text">
                                    <span class="person__name" dir="auto">
                                        {user.display_name.clone()}
                                    </span>
                                    <span class="person__about">{format!("@{}", user.username)}</span>
                                </span>
                            </div>
                        }
                    })
                    .collect_view()
            }}
        </div>
    }
}
