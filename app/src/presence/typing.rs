//! Who is writing: told while one does, and shown for a moment.

use leptos::prelude::*;
use protocol::{AccountId, RoomId};

use crate::live::{Live, world::Touched};

/// The viewer has written something in a room.
pub fn writes(live: Live, room: RoomId) {
    #[cfg(feature = "hydrate")]
    live.tell_typing(room);
    #[cfg(not(feature = "hydrate"))]
    let _ = (live, room);
}

/// Says who is writing, three names at most; and who came or left, where nobody is.
#[component]
pub fn TypingLine(room: RoomId) -> impl IntoView {
    let live = Live::here();
    let line = move || {
        live.get(Touched::Typing(room), |world| {
            let name = |id: &AccountId| world.name_of(*id).unwrap_or("Somebody").to_owned();
            let names = world.typing(room).iter().map(name).collect::<Vec<_>>();
            said(&names).or_else(|| world.noticed(room).map(str::to_owned))
        })
    };
    view! {
        <p class="typing-line" role="status">
            {line}
        </p>
    }
}

fn said(names: &[String]) -> Option<String> {
    Some(match names {
        [] => return None,
        [one] => format!("{one} is typing …"),
        [one, other] => format!("{one} and {other} are typing …"),
        [one, other, third] => format!("{one}, {other} and {third} are typing …"),
        many => format!("{} people are typing …", many.len()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_are_named_at_most() {
        let names = ["Ann", "Bo", "Cy", "Di"].map(str::to_owned);
        for (count, expected) in [
            (0, None),
            (1, Some("Ann is typing …")),
            (2, Some("Ann and Bo are typing …")),
            (3, Some("Ann, Bo and Cy are typing …")),
            (4, Some("4 people are typing …")),
        ] {
            assert_eq!(said(&names[..count]).as_deref(), expected);
        }
    }
}
