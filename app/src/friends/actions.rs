//! What can be done about a person: exactly what fits how the two stand to each other.

use leptos::{
    either::{Either, EitherOf4},
    ev,
    prelude::*,
};
use protocol::{
    User,
    friends::{Relation, Step},
};

use crate::{
    live::{Live, world::Touched},
    ui::Icon,
};

/// Buttons for this person, live.
#[component]
pub fn Actions(
    user: User,
    /// Whether opening the conversation is among them.
    #[prop(default = true)]
    message: bool,
    /// Whether blocking is among them.
    #[prop(default = true)]
    block: bool,
) -> impl IntoView {
    let live = Live::here();
    let id = user.id;
    let relation = Memo::new(move |_| live.get(Touched::Person(id), |world| world.relation(id)));
    let name = user.display_name.clone();
    let named = name.clone();
    let pending = RwSignal::new(false);
    let button = move |does: Step, class: &'static str, says: &'static str, name: &str| {
        view! {
            <button
                class=format!("button {class}")
                type="submit"
                name="step"
                value=does.as_str()
                disabled=move || pending.get()
            >
                {says}
                <span class="visually-hidden">{format!(" {name}")}</span>
            </button>
        }
    };
    view! {
        <div class="actions">
            {message.then(|| view! { <OpenConversation user=user.clone() /> })}
            <form
                class="actions"
                action=STEP
                method="post"
                on:submit=move |event| take_step(live, &event, pending)
            >
                <input type="hidden" name="username" value=user.username.clone() />
                {move || match relation.get() {
                    Relation::None => EitherOf4::A(button(Step::Ask, "", "Add friend", &name)),
                    Relation::Outgoing => {
                        EitherOf4::A(
                            button(Step::Withdraw, "button--plain", "Cancel request to", &name),
                        )
                    }
                    Relation::Incoming => {
                        EitherOf4::B((
                            button(Step::Decline, "button--plain", "Decline", &name),
                            button(Step::Accept, "", "Accept", &name),
                        ))
                    }
                    Relation::Friend => {
                        EitherOf4::C(view! {
                            <details class="menu menu--confirm">
                                <summary class="button button--quiet">
                                    "Unfriend"
                                    <span class="visually-hidden">{format!(" {name}")}</span>
                                </summary>
                                <div class="menu__panel">
                                    <p class="menu__text">
                                        "Your chat closes. What was said stays for both of you."
                                    </p>
                                    {button(
                                        Step::Unfriend,
                                        "button--danger button--wide",
                                        "Yes, unfriend",
                                        &name,
                                    )}
                                </div>
                            </details>
                        })
                    }
                    Relation::Blocked => {
                        EitherOf4::A(button(Step::Unblock, "button--plain", "Unblock", &name))
                    }
                    Relation::Myself => EitherOf4::D(()),
                }}
                {move || {
                    let may = !matches!(relation.get(), Relation::Blocked | Relation::Myself);
                    (block && may)
                        .then(|| {
                            view! {
                                <details class="menu menu--confirm">
                                    <summary class="button button--quiet">
                                        "Block"
                                        <span class="visually-hidden">{format!(" {named}")}</span>
                                    </summary>
                                    <div class="menu__panel">
                                        <p class="menu__text">
                                            "You will no longer be friends, and hear nothing from each other. They are not told."
                                        </p>
                                        {button(
                                            Step::Block,
                                            "button--danger button--wide",
                                            "Yes, block",
                                            &named,
                                        )}
                                    </div>
                                </details>
                            }
                        })
                }}
            </form>
        </div>
    }
}

/// Where a form with a person and a step goes.
const STEP: &str = "/fn/friends/step";

/// Does what the button says that the form was sent by, without loading anew. Written out: the client
/// that comes with server functions weighs a tenth of the page.
fn take_step(live: Live, event: &ev::SubmitEvent, pending: RwSignal<bool>) {
    #[cfg(feature = "hydrate")]
    {
        let Some(form) = crate::browser::submitted(event) else { return };
        event.prevent_default();
        let refocus = crate::browser::focus_after(event);
        pending.set(true);
        leptos::task::spawn_local(async move {
            match crate::browser::fetch::send_form(STEP, form).await {
                Ok(state) => live.apply_friend(state),
                Err(problem) => live.problem.set(Some(problem)),
            }
            pending.try_set(false);
            refocus();
        });
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (live, event, pending);
}

/// Leads to the conversation with a friend: a link where there is one, and where there is none yet a
/// form that makes it.
#[component]
pub fn OpenConversation(user: User) -> impl IntoView {
    let live = Live::here();
    let id = user.id;
    let (username, name) = (user.username, user.display_name);
    let room = Memo::new(move |_| {
        live.get(Touched::Person(id), |world| world.relation(id) == Relation::Friend)
            .then(|| live.get(Touched::RoomList, |world| world.direct_with(id).map(|room| room.id)))
    });
    let says = move || {
        view! {
            <Icon name="message-circle" />
            "Message"
            <span class="visually-hidden">{format!(" {name}")}</span>
        }
    };
    move || {
        let says = says();
        Some(match room.get()? {
            Some(room) => Either::Left(view! {
                <a class="button button--soft" href=format!("/rooms/{room}")>
                    {says}
                </a>
            }),
            None => {
                let person = username.clone();
                Either::Right(view! {
                    <form
                        action="/fn/rooms/open_direct"
                        method="post"
                        on:submit=move |event| {
                            event.prevent_default();
                            open_direct(live, &person);
                        }
                    >
                        <input type="hidden" name="username" value=username.clone() />
                        <button class="button button--soft" type="submit">
                            {says}
                        </button>
                    </form>
                })
            }
        })
    }
}

fn open_direct(live: Live, username: &str) {
    #[cfg(feature = "hydrate")]
    {
        use crate::{browser, route::Place};

        let place = Place::here();
        let path = format!("/api/v1/direct/{username}");
        leptos::task::spawn_local(async move {
            match browser::fetch::send::<protocol::Room>("PUT", &path).await {
                Ok(room) => {
                    let address = format!("/rooms/{}", room.id);
                    live.apply(&protocol::Event::Room { room });
                    place.go(&address);
                }
                Err(problem) => live.problem.set(Some(problem)),
            }
        });
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (live, username);
}
