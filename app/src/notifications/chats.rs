//! One card a conversation with something unread. It goes when the conversation is read.

use leptos::{either::Either, prelude::*};
use protocol::RoomId;

use crate::{
    live::{Live, world::Touched},
    rooms::Face,
    ui::{Moment, Style},
};

/// As much is shown of what was said last, in characters.
const CUT: usize = 50;

#[component]
pub fn Chats() -> impl IntoView {
    let live = Live::here();
    let ids = Memo::new(move |_| {
        live.get(Touched::RoomList, |world| {
            let unread = |id: &RoomId| world.room(*id).is_some_and(|room| room.unread() > 0);
            world.rooms().into_iter().filter(unread).collect::<Vec<_>>()
        })
    });
    move || match ids.read().is_empty() {
        true => Either::Left(view! { <p class="cards__none">"Everything is read."</p> }),
        false => Either::Right(view! {
            <ol class="cards">
                <For each=move || ids.get() key=|id| *id let(id)>
                    <Chat id />
                </For>
            </ol>
        }),
    }
}

#[component]
fn Chat(id: RoomId) -> impl IntoView {
    let live = Live::here();
    let shown = Memo::new(move |_| {
        live.get(Touched::Room(id), |world| {
            let room = world.room(id)?;
            let last = room.last_message.as_ref();
            let text = last.map(|last| last.text.chars().take(CUT).collect::<String>());
            Some((room.name.clone(), text, last.map(|last| last.created_at)))
        })
    });
    view! {
        <li class="card card--fresh">
            <a class="card__link" href=format!("/rooms/{id}")>
                <Face id />
                <span class="card__text">
                    {move || {
                        shown
                            .get()
                            .map(|(name, text, at)| {
                                view! {
                                    <span class="card__says" dir="auto">
                                        <strong>{name}</strong>
                                        {text.map(|text| format!(" {text}"))}
                                    </span>
                                    {at.map(|at| view! { <Moment at style=Style::Ago /> })}
                                }
                            })
                    }}
                </span>
            </a>
        </li>
    }
}
