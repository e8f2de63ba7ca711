//! Friends, and the requests that wait.

use leptos::prelude::*;
use protocol::{
    User,
    accounts::Status,
    friends::{Direction, FriendRequest},
};

use super::{
    PersonRow,
    actions::{Actions, OpenConversation},
    common,
    find::{self, People as Found},
    search::SearchBox,
};
use crate::{
    frame::waiting,
    live::{Live, world::Touched},
    presence,
    route::Place,
    ui::{Empty, Here, Icon},
};

/// Friends and requests, or requests alone.
#[component]
pub fn FriendsPage(
    /// Whether what is answered is shown as well: who is a friend.
    with_friends: bool,
) -> impl IntoView {
    let live = Live::here();
    let (incoming, outgoing) =
        (requests(live, Direction::Incoming), requests(live, Direction::Outgoing));
    let me = live.peek(|world| world.me().username.clone());
    // How many friends each has in common with the viewer.
    let found = find::look_up(find::friends_of(&me));
    let friends = Memo::new(move |_| match with_friends {
        true => live.get(Touched::Friends, |world| world.friends().to_vec()),
        false => Vec::new(),
    });
    let those = move |are_here: bool| {
        Memo::new(move |_| {
            live.get(Touched::Presence, |_| ());
            let is_here = |user: &User| {
                let presence = live.peek(|world| world.presence(user.id));
                presence.is_some_and(|(status, _)| status != Status::Offline)
            };
            let mut friends = friends.get();
            friends.retain(|user| is_here(user) == are_here);
            // What changes of them redraws their row alone.
            friends
                .into_iter()
                .map(|user| User { status: None, last_seen: None, ..user })
                .collect::<Vec<_>>()
        })
    };
    let (here, others) = (those(true), those(false));
    let nobody = move || {
        friends.read().is_empty() && incoming.read().is_empty() && outgoing.read().is_empty()
    };
    let (heading, title, text) = match with_friends {
        true => (
            "Friends",
            "Who do you know here?",
            "Look for them by their name, and ask them to be friends.",
        ),
        false => (
            "Friend requests",
            "No requests",
            "Who asks to be your friend, and whom you ask, stands here until it is answered.",
        ),
    };
    view! {
        <div class="page">
            <header class="page-header">
                <a class="icon-button page-header__back" href="/" aria-label="Back to all chats">
                    <Icon name="arrow-left" />
                </a>
                <h1 class="page-header__title page-header__text">{heading}</h1>
                <SearchBox id="find-friends" class="find--page" />
            </header>
            <Sections />
            <div class="page__body">
                <Requests title="Waiting for you" requests=incoming />
                <Requests title="Waiting for their answer" requests=outgoing />
                <People title="Here now" people=here found />
                <People title="Others" people=others found />
                {move || {
                    nobody()
                        .then(|| {
                            view! {
                                <Empty icon="user-plus" title text>
                                    <a class="button" href="/people">
                                        "Find people"
                                    </a>
                                </Empty>
                            }
                        })
                }}
            </div>
        </div>
    }
}

/// The ways between friends, their requests, and who is blocked.
#[component]
fn Sections() -> impl IntoView {
    let live = Live::here();
    let place = Place::here();
    let here = move |path: &'static str| (place.path() == path).then_some("page");
    view! {
        <nav class="sections" aria-label="Friends">
            <a class="sections__one" href="/friends" aria-current=move || here("/friends")>
                "All"
            </a>
            <a
                class="sections__one"
                href="/friends/requests"
                aria-current=move || here("/friends/requests")
            >
                {move || match waiting(live) {
                    0 => "Requests".to_owned(),
                    n => format!("Requests · {n}"),
                }}
            </a>
            <a class="sections__one" href="/settings/privacy" rel="external">
                "Blocked"
            </a>
        </nav>
    }
}

fn requests(live: Live, direction: Direction) -> Memo<Vec<FriendRequest>> {
    Memo::new(move |_| {
        live.get(Touched::Friends, |world| {
            let mut requests = world.requests().to_vec();
            requests.retain(|request| request.direction == direction);
            requests
        })
    })
}

#[component]
fn People(title: &'static str, people: Memo<Vec<User>>, found: Found) -> impl IntoView {
    let live = Live::here();
    let here = use_context::<Here>();
    move || {
        let people = people.get();
        (!people.is_empty()).then(|| {
            view! {
                <section class="people">
                    <h2 class="people__heading">{format!("{title} · {}", people.len())}</h2>
                    <ul class="people__rows people__rows--columns">
                        {people
                            .into_iter()
                            .map(|user| {
                                let id = user.id;
                                let shared = move || {
                                    found.with(|found| {
                                        let items = &found.as_ref()?.items;
                                        let one = items.iter().find(|one| one.user.id == id)?;
                                        common(one.common_friends)
                                    })
                                };
                                let note = Signal::derive(move || {
                                    match (presence::said(live, here, id), shared()) {
                                        (Some(said), Some(shared)) => Some(format!("{said} · {shared}")),
                                        (said, shared) => said.or(shared),
                                    }
                                });
                                view! {
                                    <PersonRow user=user.clone() note>
                                        <OpenConversation user />
                                    </PersonRow>
                                }
                            })
                            .collect_view()}
                    </ul>
                </section>
            }
        })
    }
}

#[component]
fn Requests(title: &'static str, requests: Memo<Vec<FriendRequest>>) -> impl IntoView {
    move || {
        let requests = requests.get();
        (!requests.is_empty()).then(|| {
            view! {
                <section class="people">
                    <h2 class="people__heading">{title}</h2>
                    <ul class="people__rows people__rows--cards">
                        {requests
                            .into_iter()
                            .map(|request| {
                                view! {
                                    <PersonRow user=request.user.clone()>
                                        <Actions user=request.user block=false />
                                    </PersonRow>
                                }
                            })
                            .collect_view()}
                    </ul>
                </section>
            }
        })
    }
}
