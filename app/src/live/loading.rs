//! Loading what the socket does not bring, when somebody looks at it.

use leptos::prelude::*;
use protocol::RoomId;

use super::Live;

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

    /// Loads the messages before the first one that is loaded.
    pub fn load_older(self, room: RoomId, loading: RwSignal<bool>) {
        let first = self.peek(|world| {
            let timeline = world.timeline(room)?;
            timeline.first_seq().filter(|_| timeline.has_older())
        });
        let Some(first) = first.filter(|_| !loading.get_untracked()) else { return };
        loading.set(true);
        #[cfg(feature = "hydrate")]
        leptos::task::spawn_local(async move {
            let path = format!("/api/v1/rooms/{room}/messages?before={first}&limit=50");
            if let Ok(history) = crate::browser::fetch::get(&path).await {
                self.load(room, history, protocol::messages::Window::Before(first));
            }
            loading.try_set(false);
        });
        #[cfg(not(feature = "hydrate"))]
        let _ = first;
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
                Err(_) => {
                    missing.try_set(true);
                }
            }
        });
        #[cfg(not(feature = "hydrate"))]
        let _ = (missing, loaded);
    }
}
