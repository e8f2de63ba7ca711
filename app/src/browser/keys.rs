//! Keys that work wherever one is: to go anywhere, from room to room, and to see all keys.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use crate::{live::Live, rooms, route::Place};

/// Listens for them, for as long as the page lives.
pub fn listen(live: Live, place: Place) {
    let _ = window_event_listener(ev::keydown, move |event| {
        if event.is_composing() {
            return;
        }
        let held = event.ctrl_key() || event.meta_key();
        match event.key().as_str() {
            "k" | "K" if held && !event.alt_key() => focus_search(),
            "ArrowUp" | "ArrowDown" if event.alt_key() && !held => {
                let Some(path) = beside(live, &place.path(), event.key() == "ArrowDown") else {
                    return;
                };
                place.go(&path);
            }
            "?" if !held && !writes(&event) => show_keys(),
            _ => return,
        }
        event.prevent_default();
    });
}

/// Whether a key is a letter of something that is being written.
fn writes(event: &ev::KeyboardEvent) -> bool {
    let element = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    element.is_some_and(|element| matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA"))
}

fn focus_search() {
    if let Some(body) = document().body() {
        super::focus_in(&body, ".find--side input");
    }
}

/// The room before or after the open one, in the order of the list.
fn beside(live: Live, path: &str, down: bool) -> Option<String> {
    let rooms = live.peek(rooms::in_order).concat();
    let open = rooms.iter().position(|id| path == format!("/rooms/{id}"));
    let count = rooms.len();
    let next = match (open, down) {
        (None, true) => 0,
        (None, false) => count.checked_sub(1)?,
        (Some(at), true) => (at + 1) % count,
        (Some(at), false) => (at + count - 1) % count,
    };
    Some(format!("/rooms/{}", rooms.get(next)?))
}

fn show_keys() {
    let keys = document().get_element_by_id("keys");
    if let Some(keys) = keys.and_then(|keys| keys.dyn_into::<web_sys::HtmlDialogElement>().ok()) {
        let _ = keys.show_modal();
    }
}
