//! What a person sees: pages and components by noun, the server functions behind their forms, and
//! the live world under them. The server renders it, the browser hydrates it.

#![recursion_limit = "256"]

pub mod accounts;
pub mod api;
#[cfg(feature = "hydrate")]
mod browser;
mod frame;
pub mod friends;
pub mod live;
mod messages;
mod rooms;
#[cfg(feature = "ssr")]
pub mod shell;
mod ui;

use leptos::prelude::*;
use leptos_router::{
    components::{FlatRoutes, Route, Router},
    path,
};

use frame::{Frame, NotHere};
use friends::{Found, FriendsPage, PeoplePage, ProfilePage};
use live::{Live, snapshot::Snapshot};
use rooms::{HomePage, RoomPage};
use ui::Here;

/// The page of somebody who is signed in.
#[component]
pub fn App(snapshot: Snapshot) -> impl IntoView {
    let here = Here::new(snapshot.rendered_at);
    provide_context(here);
    provide_context(messages::FormId(snapshot.form_id));
    provide_context(Found(StoredValue::new(snapshot.found.then(|| snapshot.people.clone()))));
    let problem = snapshot.problem.clone();
    let live = Live::new(snapshot.world(), problem);
    provide_context(live);
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        here.settle();
        live::socket::start(live);
    });
    view! {
        <Router>
            <Frame>
                <FlatRoutes fallback=|| view! { <NotHere /> }>
                    <Route path=path!("/") view=HomePage />
                    <Route path=path!("/rooms/:id") view=RoomPage />
                    <Route path=path!("/friends") view=FriendsPage />
                    <Route path=path!("/people") view=PeoplePage />
                    <Route path=path!("/people/:username") view=ProfilePage />
                </FlatRoutes>
            </Frame>
        </Router>
    }
}

/// Takes over the page that the server rendered.
#[cfg(feature = "hydrate")]
pub fn hydrate() {
    let Some(json) = browser::embedded_json("kith-snapshot") else { return };
    let Ok(snapshot) = serde_json::from_str::<Snapshot>(&json) else { return };
    leptos::mount::hydrate_body(move || view! { <App snapshot /> });
    browser::mark_hydrated();
}
