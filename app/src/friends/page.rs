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
    search::SearchBox,
};
use crate::{
    live::{Live, world::Touched},
    presence,
    ui::{Empty, Here, Icon},
};

#[component]
pub fn FriendsPage() -> impl IntoView {
    let live = Live::here();
    let requests = move |direction: Direction| {
        Memo::new(move |_| {
            live.get(Touched::Friends, |world| {
                let mut requests = world.requests().to_vec();
                requests.retain(|request| request.direction == direction);
                requests
            })
        })
    };
    let incoming = requests(Direction::Incoming);
    let outgoing = requests(Direction::Outgoing);
    let friends = Memo::new(move |_| live.get(Touched::Friends, |world| world.friends().to_vec()));
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
    view! {
        <div class="page">
            <header class="page-header">
                <a class="icon-button page-header__back" href="/" aria-label="Back to all chats">
                    <Icon name="arrow-left" />
                </a>
                <h1 class="page-header__title page-header__text">"Friends"</h1>
                <SearchBox id="find-friends" class="find--page" />
            </header>
            <div class="page__body">
                <Requests title="Waiting for you" requests=incoming />
                <Requests title="Waiting for their answer" requests=outgoing />
                <People title="Here now" people=here />
                <People title="Others" people=others />
                {move || {
                    nobody()
                        .then(|| {
                            view! {
                                <Empty
                                    icon="user-plus"
                                    title="Who do you know here?"
                                    text="Type the beginning of a name above, and ask them to be friends."
                                >
                                    ""
                                </Empty>
                            }
                        })
                }}
            </div>
        </div>
    }
}

#[component]
fn People(title: &'static str, people: Memo<Vec<User>>) -> impl IntoView {
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
                                let note = Signal::derive(move || presence::said(live, here, id));
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
