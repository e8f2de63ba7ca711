//! Loading what the socket does not bring, when somebody looks at it.

use leptos::prelude::*;
#[cfg(feature = "hydrate")]
use protocol::MessageId;
use protocol::RoomId;

use super::Live;

/// How soon a page is asked for again that did not come.
#[cfg(feature = "hydrate")]
const AGAIN_MS: u32 = 3_000;

impl Live {
    /// Loads the newest messages of a room that has none loaded.
    pub fn ensure_timeline(self, room: RoomId, failed: RwSignal<bool>) {
        if self.peek(|world| world.timeline(room).is_some()) {
            return;
        }
        #[cfg(feature = "hydrate")]
        leptos::task::spawn_local(async move {
            let path = format!("/api/v1/rooms/{room}/messages?limit=50");
            let loaded = crate::browser::fetch::get(&path).await;
            failed.try_set(loaded.is_err());
            if let Ok(history) = loaded {
                self.load(room, history, protocol::messages::Window::Newest);
            }
        });
        #[cfg(not(feature = "hydrate"))]
        let _ = failed;
    }

    /// Loads the messages beyond the last, or before the first, that is loaded, where there are any.
    pub fn load_beyond(self, room: RoomId, newer: bool, loading: RwSignal<bool>) {
        let from = self.peek(|world| {
            let timeline = world.timeline(room)?;
            match newer {
                true => timeline.last_seq().filter(|_| timeline.has_newer()),
                false => timeline.first_seq().filter(|_| timeline.has_older()),
            }
        });
        let Some(seq) = from.filter(|_| !loading.get_untracked()) else { return };
        loading.set(true);
        #[cfg(feature = "hydrate")]
        leptos::task::spawn_local(async move {
            use protocol::messages::Window;

            let (side, window) = match newer {
                true => ("after", Window::After(seq)),
                false => ("before", Window::Before(seq)),
            };
            let path = format!("/api/v1/rooms/{room}/messages?{side}={seq}&limit=50");
            match crate::browser::fetch::get(&path).await {
                Ok(history) => self.load(room, history, window),
                // Not at once again: who is near an edge asks as soon as this is over.
                Err(_) => crate::browser::sleep(AGAIN_MS).await,
            }
            loading.try_set(false);
        });
        #[cfg(not(feature = "hydrate"))]
        let _ = seq;
    }

    /// Shows a message by its number, or the end: what is loaded stays, if that is among it.
    #[cfg(feature = "hydrate")]
    pub fn show_at(self, room: RoomId, seq: Option<i64>) {
        use crate::browser;

        let shown = move || {
            let id = self.peek(|world| match (world.timeline(room)?, seq) {
                (timeline, None) => timeline.last().map(|message| message.id),
                (timeline, Some(seq)) => timeline.at(seq).map(|message| message.id),
            });
            if let Some(id) = id {
                browser::after_drawing(move || browser::show(&format!("m-{id}"), seq.is_some()));
            }
            id.is_some()
        };
        let is_loaded = self.peek(|world| match (world.timeline(room), seq) {
            (Some(timeline), None) => !timeline.has_newer(),
            (Some(timeline), Some(seq)) => timeline.at(seq).is_some(),
            (None, _) => false,
        });
        if is_loaded && shown() {
            return;
        }
        leptos::task::spawn_local(async move {
            let around = seq.map(|seq| format!("&around={seq}")).unwrap_or_default();
            let path = format!("/api/v1/rooms/{room}/messages?limit=50{around}");
            match browser::fetch::get(&path).await {
                Ok(history) => {
                    self.load_instead(room, history);
                    shown();
                }
                Err(problem) => self.problem.set(Some(problem)),
            }
        });
    }

    /// Shows the message that another answers, wherever it lies.
    #[cfg(feature = "hydrate")]
    pub fn show_message(self, room: RoomId, id: MessageId) {
        leptos::task::spawn_local(async move {
            let path = format!("/api/v1/rooms/{room}/messages/{id}");
            match crate::browser::fetch::get::<protocol::Message>(&path).await {
                Ok(message) => self.show_at(room, Some(message.seq)),
                Err(problem) => self.problem.set(Some(problem)),
            }
        });
    }

    /// Loads the newest cards, where none are loaded.
    #[cfg(feature = "hydrate")]
    pub fn ensure_cards(self, loading: RwSignal<bool>) {
        if self.peek(|world| world.bell().cards().is_none()) {
            self.fetch_cards(None, loading);
        }
    }

    /// Loads the cards before the oldest that is loaded.
    pub fn load_older_cards(self, loading: RwSignal<bool>) {
        let next = self.peek(|world| world.bell().next().map(str::to_owned));
        if next.is_some() && !loading.get_untracked() {
            self.fetch_cards(next, loading);
        }
    }

    fn fetch_cards(self, cursor: Option<String>, loading: RwSignal<bool>) {
        #[cfg(feature = "hydrate")]
        {
            loading.set(true);
            leptos::task::spawn_local(async move {
                let after = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
                let path = format!("/api/v1/notifications?limit=10{after}");
                match crate::browser::fetch::get(&path).await {
                    Ok(inbox) => self.load_cards(inbox),
                    Err(problem) => self.problem.set(Some(problem)),
                }
                loading.try_set(false);
            });
        }
        #[cfg(not(feature = "hydrate"))]
        let _ = (cursor, loading);
    }

    /// Everything that the viewer was told of is read.
    #[cfg(feature = "hydrate")]
    pub fn read_cards(self) {
        let state = self.peek(|world| world.bell().state());
        if state.unread == 0 || !crate::browser::is_shown() {
            return;
        }
        leptos::task::spawn_local(async move {
            let read = protocol::notifications::ReadUpTo { up_to: state.last_seq };
            // What is so comes by the socket.
            if let Err(problem) =
                crate::browser::fetch::put_json("/api/v1/notifications/read", &read).await
            {
                self.problem.set(Some(problem));
            }
        });
    }

    /// Loads a person that is not known yet: `loaded` when there is one, `missing` when not.
    pub fn ensure_person(self, username: &str, missing: RwSignal<bool>, loaded: RwSignal<()>) {
        if self.peek(|world| world.person_named(username).is_some()) {
            return;
        }
        #[cfg(feature = "hydrate")]
        let path = format!("/api/v1/users/{}", js_sys::encode_uri_component(username));
        #[cfg(feature = "hydrate")]
        leptos::task::spawn_local(async move {
            match crate::browser::fetch::get::<protocol::friends::Profile>(&path).await {
                Ok(profile) => {
                    self.meet(profile);
                    loaded.try_set(());
                }
                Err(problem) if problem.code == protocol::Code::NotFound => {
                    missing.try_set(true);
                }
                Err(problem) => self.problem.set(Some(problem)),
            }
        });
        #[cfg(not(feature = "hydrate"))]
        let _ = (missing, loaded);
    }
}
