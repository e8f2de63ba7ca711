//! Whether a hand is on this page: away after five minutes without one, and back with the first.

use std::time::Duration;

use leptos::{ev, prelude::*};
use protocol::{Command, socket::Wish};

use crate::{browser, live::Live};

const AWAY_AFTER_MS: i64 = 5 * 60 * 1_000;
/// How often it is looked at the clock.
const EVERY: Duration = Duration::from_secs(15);

/// Tells the server, for as long as the page lives.
pub fn watch(live: Live) {
    let touched_at = StoredValue::new(browser::now());
    let is_away = StoredValue::new(false);
    let tell = move |away: bool| {
        is_away.set_value(away);
        let status = if away { Wish::Away } else { Wish::Online };
        // Who wants to be seen by nobody is not made visible by a hand.
        if !live.is_invisible() {
            live.command(Command::Status { status });
        }
    };
    let touch = move || {
        touched_at.set_value(browser::now());
        if is_away.get_value() {
            tell(false);
        }
    };
    let _ = window_event_listener(ev::pointermove, move |_| touch());
    let _ = window_event_listener(ev::pointerdown, move |_| touch());
    let _ = window_event_listener(ev::keydown, move |_| touch());
    let _ = window_event_listener(ev::focus, move |_| touch());
    let look = move || {
        let quiet = browser::now().0 - touched_at.get_value().0;
        if !is_away.get_value() && quiet >= AWAY_AFTER_MS {
            tell(true);
        }
    };
    set_interval(look, EVERY);
    // A connection that is new does not know.
    Effect::new(move |before: Option<()>| {
        live.connections.track();
        if before.is_some() && is_away.get_value() {
            tell(true);
        }
    });
}
