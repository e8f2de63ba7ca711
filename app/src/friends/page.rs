//! Friends, and the requests that wait.

use leptos::prelude::*;
use protocol::friends::{Direction, FriendRequest};

use super::{
    PersonRow,
    actions::{Actions, OpenConversation},
};
use crate::{
    live::{Live, world::Touched},
    ui::{Empty, Icon},
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
                <FindForm />
            </header>
            <div class="page__body">
                <Requests title="Waiting for you" requests=incoming />
                <Requests title="Waiting for their answer" requests=outgoing />
                {move || {
                    let friends = friends.get();
                    (!friends.is_empty())
                        .then(|| {
                            view! {
                                <section class="people">
                                    <h2 class="people__heading">
                                        {format!("Your friends · {}", friends.len())}
                                    </h2>
                                    <ul class="people__rows people__rows--columns">
                                        {friends
                                            .into_iter()
                                            .map(|user| {
                                                view! {
                                                    <PersonRow user=user.clone()>
                                                        <OpenConversation user />
                                                    </PersonRow>
                                                }
                                            })
                                            .collect_view()}
                                    </ul>
                                </section>
                            }
                        })
                }}
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
                                        <Actions user=request.user />
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

/// Finds people by the beginning of a name.
#[component]
pub fn FindForm(#[prop(optional, into)] query: String) -> impl IntoView {
    view! {
        <form
            class="find find--page"
            action="/people"
            method="get"
            role="search"
            aria-label="People, by name"
        >
            <Icon name="search" />
            <input
                class="find__input"
                type="search"
                name="query"
                value=query
                placeholder="Find people by name"
                aria-label="Find people by name, here"
                minlength="2"
                maxlength="64"
                required
                autocomplete="off"
            />
        </form>
    }
}
