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
