//! What can be done about a person: exactly what fits how the two stand to each other.

use leptos::{form::ActionForm, prelude::*};
use protocol::{RequestId, User, friends::Relation};

use crate::{
    api::{
        friends::{Accept, Ask, Decline, Unfriend, Withdraw},
        rooms::OpenDirect,
    },
    live::{Live, world::Touched},
    ui::Icon,
};

/// Takes the answer of a form into the world, or says what went wrong.
macro_rules! follow {
    ($live:ident, $action:ident, $take:expr) => {
        #[cfg(feature = "hydrate")]
        Effect::new(move |_| match $action.value().get() {
            Some(Ok(answer)) => $take($live, answer),
            Some(Err(crate::api::Failure(problem))) => $live.problem.set(Some(problem)),
            None => {}
        });
        #[cfg(not(feature = "hydrate"))]
        let _ = $live;
    };
}

/// Buttons for this person, live.
#[component]
pub fn Actions(
    user: User,
    /// Whether opening the conversation is among them.
    #[prop(default = true)]
    message: bool,
) -> impl IntoView {
    let live = Live::here();
    let id = user.id;
    let standing = Memo::new(move |_| {
        live.get(Touched::Person(id), |world| match world.person(id) {
            Some(profile) => (profile.relation.unwrap_or(Relation::None), profile.request),
            None => world.standing(id),
        })
    });
    move || {
        let user = user.clone();
        match standing.get() {
            (Relation::Friend, _) => view! { <OfFriend user message /> }.into_any(),
            (Relation::Incoming, Some(request)) => view! { <Answer request user /> }.into_any(),
            (Relation::Outgoing, Some(request)) => view! { <TakeBack request user /> }.into_any(),
            (Relation::None, _) => view! { <AskThem user /> }.into_any(),
            _ => ().into_any(),
        }
    }
}

#[component]
fn AskThem(user: User) -> impl IntoView {
    let live = Live::here();
    let ask = ServerAction::<Ask>::new();
    follow!(live, ask, Live::apply_friend);
    view! {
        <ActionForm action=ask>
            <input type="hidden" name="username" value=user.username.clone() />
            <button class="button" type="submit" disabled=move || ask.pending().get()>
                <Icon name="user-plus" />
                "Add friend"
                <span class="visually-hidden">{format!(" {}", user.display_name)}</span>
            </button>
        </ActionForm>
    }
}

/// Accept and decline a request.
#[component]
pub fn Answer(request: RequestId, user: User) -> impl IntoView {
    let live = Live::here();
    let accept = ServerAction::<Accept>::new();
    let decline = ServerAction::<Decline>::new();
    follow!(live, accept, Live::apply_friend);
    follow!(live, decline, Live::apply_friend);
    let whose = StoredValue::new(format!(" {}’s request", user.display_name));
    view! {
        <div class="actions">
            <ActionForm action=decline>
                <input type="hidden" name="request" value=request.to_string() />
                <button class="button button--plain" type="submit">
                    "Decline"
                    <span class="visually-hidden">{whose.get_value()}</span>
                </button>
            </ActionForm>
            <ActionForm action=accept>
                <input type="hidden" name="request" value=request.to_string() />
                <button class="button" type="submit">
                    "Accept"
                    <span class="visually-hidden">{whose.get_value()}</span>
                </button>
            </ActionForm>
        </div>
    }
}

#[component]
fn TakeBack(request: RequestId, user: User) -> impl IntoView {
    let live = Live::here();
    let withdraw = ServerAction::<Withdraw>::new();
    follow!(live, withdraw, Live::apply_friend);
    view! {
        <ActionForm action=withdraw>
            <input type="hidden" name="request" value=request.to_string() />
            <button class="button button--plain" type="submit">
                "Cancel request"
                <span class="visually-hidden">{format!(" to {}", user.display_name)}</span>
            </button>
        </ActionForm>
    }
}

#[component]
fn OfFriend(user: User, message: bool) -> impl IntoView {
    let live = Live::here();
    let unfriend = ServerAction::<Unfriend>::new();
    follow!(live, unfriend, Live::apply_friend);
    view! {
        <div class="actions">
            {message.then(|| view! { <OpenConversation user=user.clone() /> })}
            <details class="menu menu--confirm">
                <summary class="button button--quiet">
                    "Unfriend" <span class="visually-hidden">{format!(" {}", user.display_name)}</span>
                </summary>
                <div class="menu__panel">
                    <p class="menu__text">
                        "Your chat closes. What was said stays for both of you."
                    </p>
                    <ActionForm action=unfriend>
                        <input type="hidden" name="username" value=user.username.clone() />
                        <button class="button button--danger button--wide" type="submit">
                            {format!("Unfriend {}", user.display_name)}
                        </button>
                    </ActionForm>
                </div>
            </details>
        </div>
    }
}

/// Leads to the conversation with a friend, made on first use.
#[component]
pub fn OpenConversation(user: User) -> impl IntoView {
    let live = Live::here();
    let open = ServerAction::<OpenDirect>::new();
    follow!(live, open, |_: Live, _: protocol::RoomId| ());
    view! {
        <ActionForm action=open>
            <input type="hidden" name="username" value=user.username.clone() />
            <button class="button button--soft" type="submit">
                <Icon name="message-circle" />
                "Message"
                <span class="visually-hidden">{format!(" {}", user.display_name)}</span>
            </button>
        </ActionForm>
    }
}
