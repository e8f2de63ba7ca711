//! The cards of the bell: newest first, ten at a time, each changing in place.

use std::collections::HashSet;

use leptos::{either::EitherOf3, html, prelude::*};
use protocol::{
    NotificationId,
    notifications::{Kind, Notification},
};

use crate::{
    friends::Actions,
    live::{Live, world::Touched},
    ui::{Avatar, Empty, Moment, Style},
};

/// The list. Opening it marks everything as read; what was unread then stays marked while one looks.
#[component]
pub fn Cards() -> impl IntoView {
    let live = Live::here();
    let fresh = StoredValue::new(HashSet::<NotificationId>::new());
    let loading = RwSignal::new(false);
    let ids = Memo::new(move |_| {
        live.get(Touched::Bell, |world| {
            let cards = world.bell().cards()?;
            fresh.update_value(|fresh| {
                let unread = cards.iter().filter(|card| card.read_at.is_none());
                fresh.extend(unread.map(|card| card.id));
            });
            // One that has changed is another row.
            Some(cards.iter().map(|card| (card.id, card.seq)).collect::<Vec<_>>())
        })
    });
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| match ids.with(Option::is_some) {
        true => live.read_cards(),
        // Not yet, or not any more: much has happened while the page was not connected.
        false => live.ensure_cards(loading),
    });
    let more = move || live.get(Touched::Bell, |world| world.bell().next().is_some());
    let older = move |_| live.load_older_cards(loading);
    let end = NodeRef::<html::Button>::new();
    #[cfg(feature = "hydrate")]
    crate::browser::when_seen(end, ids, move || live.load_older_cards(loading));
    let is_empty = Memo::new(move |_| ids.with(|ids| ids.as_ref().map(Vec::is_empty)));
    let shown = move || match is_empty.get() {
        None => EitherOf3::A(view! {
            <p class="page__note" role="status">
                "Loading …"
            </p>
        }),
        Some(true) => EitherOf3::B(view! {
            <Empty
                icon="bell"
                title="All quiet"
                text="Friend requests, their answers, and where somebody names you will be here."
            >
                <a class="button button--soft" href="/friends">
                    "See your friends"
                </a>
            </Empty>
        }),
        Some(false) => EitherOf3::C(view! {
            <ol class="cards" aria-label="Activity">
                <For each=move || ids.get().unwrap_or_default() key=|key| *key let((id, _))>
                    <Card id is_fresh=fresh.with_value(|fresh| fresh.contains(&id)) />
                </For>
            </ol>
            <button
                class="button button--plain button--wide"
                type="button"
                node_ref=end
                on:click=older
                hidden=move || !more()
                disabled=move || loading.get()
            >
                "Show older"
            </button>
        }),
    };
    view! {
        <div class="cards__all" tabindex="-1">
            {shown}
        </div>
    }
}

#[component]
fn Card(id: NotificationId, is_fresh: bool) -> impl IntoView {
    let card =
        Live::here().peek(|world| world.bell().cards()?.iter().find(|card| card.id == id).cloned());
    card.map(|card| {
        let Notification { kind, actor, text, created_at, .. } = card;
        let (name, text) = cut(&actor.display_name, &text);
        let href = format!("/people/{}", actor.username);
        let class = if is_fresh { "card card--fresh" } else { "card" };
        let answer = (kind == Kind::FriendRequest)
            .then(|| view! { <Actions user=actor.clone() message=false block=false /> });
        view! {
            <li class=class>
                <a class="card__link" href=href>
                    <Avatar user=actor.clone() />
                    <span class="card__text">
                        <span class="card__says" dir="auto">
                            {named(&text, &name)}
                        </span>
                        <Moment at=created_at style=Style::Ago />
                    </span>
                    {is_fresh.then(|| view! { <span class="visually-hidden">" (new)"</span> })}
                </a>
                {answer}
            </li>
        }
    })
}

/// As much of a card's sentence is shown, in characters.
const CUT: usize = 50;

/// A name, and the sentence that it stands in, cut at the name: what happened stays to be read.
fn cut(name: &str, text: &str) -> (String, String) {
    let over = text.chars().count().saturating_sub(CUT);
    let length = name.chars().count();
    if over == 0 || length < 2 || !text.contains(name) {
        return (name.to_owned(), text.to_owned());
    }
    let mut short: String = name.chars().take(length.saturating_sub(over + 1).max(12)).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    let text = text.replacen(name, &short, 1);
    (short, text)
}

/// The sentence with the name in it made strong.
fn named(text: &str, name: &str) -> impl IntoView + use<> {
    let (before, after) = text.split_once(name).unwrap_or(("", text));
    let name = text.contains(name).then(|| view! { <strong>{name.to_owned()}</strong> });
    (before.to_owned(), name, after.to_owned())
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn what_happened_stays_where_a_name_is_long() {
        let text = "Mara Lindqvist sent you a friend request.";
        assert_eq!(cut("Mara Lindqvist", text), ("Mara Lindqvist".into(), text.into()));
        let name = "Maximiliane Alexandra von und zu Hohenberg";
        let (short, text) = cut(name, &format!("{name} sent you a friend request."));
        assert_eq!(short, "Maximiliane Alexandra…");
        assert_eq!(text, "Maximiliane Alexandra… sent you a friend request.");
        assert!(text.chars().count() <= super::CUT);
        // As little of a name as tells who it is.
        let (short, _) =
            cut(name, &format!("You cancelled the request, of some weeks ago, to {name}."));
        assert_eq!(short, "Maximiliane…");
    }
}
