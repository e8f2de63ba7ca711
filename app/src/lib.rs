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
mod notifications;
mod presence;
pub mod rooms;
mod route;
#[cfg(feature = "ssr")]
pub mod shell;
mod ui;

use leptos::{
    either::{Either, EitherOf7},
    prelude::*,
};

use frame::{Frame, NotHere, Visit};
use friends::{Found, FriendsPage, PeoplePage, ProfilePage};
use live::{Live, snapshot::Snapshot};
use notifications::ActivityPage;
use rooms::{HomePage, Panels, RoomPage};
pub use route::beside;
use route::{Place, Route};
use ui::Here;

/// The page of somebody who is signed in, or a public room for who is not.
#[component]
pub fn App(
    snapshot: Snapshot,
    /// Path and query.
    #[prop(into)]
    address: String,
) -> impl IntoView {
    let place = Place::new(&address);
    provide_context(place);
    let here = Here::new(snapshot.rendered_at);
    provide_context(here);
    provide_context(messages::FormId(snapshot.form_id));
    provide_context(Found(StoredValue::new(snapshot.found.clone())));
    let problem = snapshot.problem.clone();
    let live = Live::new(snapshot.world(), problem);
    provide_context(live);
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        here.settle();
        live::socket::start(live);
        // Who only looks goes elsewhere by loading anew.
        if !live.peek(live::world::World::is_visitor) {
            place.follow();
            presence::watch_hands(live);
            browser::keys::listen(live, place);
        }
    });
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        if let Some(address) = live.led_to.get() {
            place.go(&address);
        }
    });
    let looked_at = live.peek(live::world::World::looked_at);
    if let Some(id) = looked_at {
        return Either::Left(view! {
            <Visit id>
                <RoomPage id />
            </Visit>
        });
    }
    // From one room to the next the panels stay, and change what they show.
    let route = Memo::new_with_compare(
        move |_| place.route(),
        |before, now| match (before, now) {
            (Some(Route::Room(_)), Some(Route::Room(_))) => false,
            (before, now) => before != now,
        },
    );
    Either::Right(view! {
        <Frame>
            {move || match route.get() {
                Route::Home => EitherOf7::A(view! { <HomePage /> }),
                Route::Room(_) => EitherOf7::B(view! { <Panels /> }),
                page @ (Route::Friends | Route::Requests) => {
                    let with_friends = page == Route::Friends;
                    EitherOf7::C(view! { <FriendsPage with_friends /> })
                }
                Route::People(query) => EitherOf7::D(view! { <PeoplePage query /> }),
                Route::Person(username) => EitherOf7::E(view! { <ProfilePage username /> }),
                Route::Activity => EitherOf7::F(view! { <ActivityPage /> }),
                Route::Nowhere => EitherOf7::G(view! { <NotHere /> }),
            }}
        </Frame>
    })
}

/// Takes over the page that the server rendered.
#[cfg(feature = "hydrate")]
pub fn hydrate() {
    let Some(json) = browser::embedded_json("kith-snapshot") else { return };
    let Ok(snapshot) = protocol::json::read::<Snapshot>(&json) else { return };
    leptos::mount::hydrate_body(move || view! { <App snapshot address=browser::address() /> });
    browser::mark_hydrated();
}
