//! Times as people say them. The server renders UTC, since it cannot know the place; the browser
//! rewrites them once it has taken over.

use leptos::prelude::*;
use protocol::Timestamp;

const MINUTE_MS: i64 = 60_000;
const DAYS: [&str; 7] =
    ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The time and place that times are shown for.
#[derive(Clone, Copy)]
pub struct Here {
    now: RwSignal<Timestamp>,
    #[cfg(feature = "hydrate")]
    is_local: RwSignal<bool>,
}

/// How a time is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// `9:41`
    Clock,
    /// `now`, `9:41`, `Mon`, `18 Nov`: as short as a list has room for.
    Brief,
    /// `now`, `3 minutes ago`, `9:41`, `yesterday at 17:19`, `18 November`.
    Ago,
    /// `at 9:41`, `yesterday`, `on Monday`, `on 18 November`: after “seen”.
    Seen,
    /// `Today`, `Yesterday`, `18 November`, `18 November 2025`.
    Day,
}

impl Here {
    /// Times as seen at `now`, in UTC until the browser takes over.
    pub fn new(now: Timestamp) -> Self {
        Self {
            now: RwSignal::new(now),
            #[cfg(feature = "hydrate")]
            is_local: RwSignal::new(false),
        }
    }

    /// From here on in this place's time, and moving with it.
    #[cfg(feature = "hydrate")]
    pub fn settle(self) {
        self.is_local.set(true);
        self.now.set(crate::browser::now());
        let tick = move || self.now.set(crate::browser::now());
        set_interval(tick, std::time::Duration::from_secs(30));
    }

    /// Says an instant in a style; again when the place or the day changes.
    pub fn say(self, at: Timestamp, style: Style) -> String {
        let here = |instant: Timestamp| instant.plus_ms(self.offset(instant) * MINUTE_MS);
        match style {
            Style::Clock => said(here(at), here(at), style),
            _ => said(here(at), here(self.now.get()), style),
        }
    }

    /// Whether two instants are of one day in this place.
    pub fn is_same_day(self, one: Timestamp, other: Timestamp) -> bool {
        let day =
            |instant: Timestamp| instant.plus_ms(self.offset(instant) * MINUTE_MS).day_number();
        day(one) == day(other)
    }

    /// Minutes to add to UTC at an instant.
    #[cfg(feature = "hydrate")]
    fn offset(self, at: Timestamp) -> i64 {
        // It becomes so once: who looks later need not hear of it, and nothing is kept of them.
        let is_local = self.is_local.get_untracked() || self.is_local.get();
        if is_local { crate::browser::offset_minutes(at) } else { 0 }
    }

    #[cfg(not(feature = "hydrate"))]
    fn offset(self, _: Timestamp) -> i64 {
        0
    }
}

fn said(at: Timestamp, now: Timestamp, style: Style) -> String {
    let (year, month, day) = at.date();
    let month = MONTHS[month as usize - 1];
    let days_ago = now.day_number() - at.day_number();
    match style {
        Style::Clock => clock(at),
        Style::Brief => match days_ago {
            ..=0 if now.0 - at.0 < MINUTE_MS => "now".to_owned(),
            ..=0 => clock(at),
            1..=6 => weekday(at)[..3].to_owned(),
            _ => format!("{day} {}", &month[..3]),
        },
        Style::Ago => match (days_ago, (now.0 - at.0) / MINUTE_MS) {
            (_, ..=0) => "now".to_owned(),
            (_, 1) => "1 minute ago".to_owned(),
            (_, minutes @ 2..60) => format!("{minutes} minutes ago"),
            (..=0, _) => clock(at),
            (1, _) => format!("yesterday at {}", clock(at)),
            _ => said(at, now, Style::Day),
        },
        Style::Seen => match days_ago {
            ..=0 => format!("at {}", clock(at)),
            1 => "yesterday".to_owned(),
            2..=6 => format!("on {}", weekday(at)),
            _ => format!("on {}", said(at, now, Style::Day)),
        },
        Style::Day => match days_ago {
            ..=0 => "Today".to_owned(),
            1 => "Yesterday".to_owned(),
            _ if now.date().0 == year => format!("{day} {month}"),
            _ => format!("{day} {month} {year}"),
        },
    }
}

fn weekday(at: Timestamp) -> &'static str {
    DAYS[at.day_number().rem_euclid(7) as usize]
}

fn clock(at: Timestamp) -> String {
    let (hour, minute, ..) = at.time_of_day();
    format!("{hour}:{minute:02}")
}

/// A time, readable by machines too.
#[component]
pub fn Moment(at: Timestamp, style: Style) -> impl IntoView {
    let here = use_context::<Here>();
    view! {
        <time class="moment" datetime=at.to_string()>
            {move || here.map(|here| here.say(at, style))}
        </time>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_as_people_say_them() {
        let now: Timestamp = "2026-11-21T10:30:00Z".parse().unwrap();
        for (at, style, expected) in [
            ("2026-11-21T10:29:30Z", Style::Brief, "now"),
            ("2026-11-21T09:05:00Z", Style::Brief, "9:05"),
            ("2026-11-20T09:05:00Z", Style::Brief, "Fri"),
            ("2026-11-01T09:05:00Z", Style::Brief, "1 Nov"),
            ("2026-11-21T10:29:30Z", Style::Ago, "now"),
            ("2026-11-21T10:27:00Z", Style::Ago, "3 minutes ago"),
            ("2026-11-21T09:05:00Z", Style::Ago, "9:05"),
            ("2026-11-20T17:19:00Z", Style::Ago, "yesterday at 17:19"),
            ("2026-11-18T17:19:00Z", Style::Ago, "18 November"),
            ("2026-11-21T09:05:00Z", Style::Seen, "at 9:05"),
            ("2026-11-20T09:05:00Z", Style::Seen, "yesterday"),
            ("2026-11-16T09:05:00Z", Style::Seen, "on Monday"),
            ("2026-10-16T09:05:00Z", Style::Seen, "on 16 October"),
            ("2026-11-21T00:00:00Z", Style::Day, "Today"),
            ("2026-11-20T23:59:00Z", Style::Day, "Yesterday"),
            ("2026-03-02T10:00:00Z", Style::Day, "2 March"),
            ("2025-03-02T10:00:00Z", Style::Day, "2 March 2025"),
            ("2025-03-02T17:19:00Z", Style::Clock, "17:19"),
        ] {
            assert_eq!(said(at.parse().unwrap(), now, style), expected, "{at}");
        }
    }
}
