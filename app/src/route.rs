//! Which page an address means, the same on the server and in the browser; and the way from one to
//! the next without loading anew.
//!
//! `leptos_router` would do this too. It erases the type of every page, and with that brings a
//! second, asynchronous way of hydrating all of them: 60 KB of the page after compression.

use std::fmt::Write as _;

use leptos::prelude::*;
use protocol::RoomId;

/// A page of somebody who is signed in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Route {
    Home,
    Room(RoomId),
    Friends,
    /// Friend requests that wait for an answer.
    Requests,
    /// Who is found by this beginning of a name.
    People(String),
    /// The person with this username.
    Person(String),
    /// What one was told of.
    Activity,
    Nowhere,
}

impl Route {
    /// The page at a path with its query.
    pub fn of(address: &str) -> Self {
        let path = address.split('?').next().unwrap_or_default();
        match path.trim_matches('/').split_once('/') {
            None => match path.trim_matches('/') {
                "" => Self::Home,
                "friends" => Self::Friends,
                "activity" => Self::Activity,
                "people" => Self::People(decoded(asked(address, "query").unwrap_or_default())),
                _ => Self::Nowhere,
            },
            Some(("friends", "requests")) => Self::Requests,
            Some(("rooms", id)) => id.parse().map_or(Self::Nowhere, Self::Room),
            Some(("people", name)) => Self::Person(decoded(name).to_ascii_lowercase()),
            Some(_) => Self::Nowhere,
        }
    }
}

/// Text as it goes into an address.
pub fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            // Writing to a string cannot fail.
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    encoded
}

/// Text as it was before it went into an address.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => match (digit(rest.next()), digit(rest.next())) {
                (Some(high), Some(low)) => (high * 16 + low) as u8,
                _ => b'%',
            },
            byte => byte,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What an address asks for by this name, as it stands there.
fn asked<'a>(address: &'a str, name: &str) -> Option<&'a str> {
    let (_, query) = address.split('#').next()?.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// Rooms that stand beside the open one, at most.
pub const BESIDE: usize = 3;

/// The rooms that an address has beside its own.
pub fn beside(address: &str) -> Vec<RoomId> {
    let Route::Room(open) = Route::of(address) else { return Vec::new() };
    let mut beside = Vec::new();
    for id in asked(address, "beside").unwrap_or_default().split('.') {
        if let Ok(id) = id.parse()
            && id != open
            && !beside.contains(&id)
            && beside.len() < BESIDE
        {
            beside.push(id);
        }
    }
    beside
}

fn listed(beside: &[RoomId]) -> String {
    let ids: Vec<String> = beside.iter().map(ToString::to_string).collect();
    format!("beside={}", ids.join("."))
}

/// A room's address, with others beside it. With none it says so: an address that says nothing of them
/// leaves those where they are that stand there.
pub fn arranged(open: RoomId, beside: &[RoomId]) -> String {
    format!("/rooms/{open}?{}", listed(beside))
}

/// Where the page is. Cheap to copy; found by `use_context`.
#[derive(Clone, Copy)]
pub struct Place {
    address: RwSignal<String>,
}

impl Place {
    pub fn new(address: &str) -> Self {
        Self { address: RwSignal::new(address.to_owned()) }
    }

    /// The page's place, from the context that `App` gives.
    ///
    /// # Panics
    /// Outside of `App`.
    pub fn here() -> Self {
        use_context().expect("a component that asks for its place stands inside App")
    }

    pub fn route(self) -> Route {
        self.address.with(|address| Route::of(address))
    }

    /// The path alone.
    pub fn path(self) -> String {
        self.address.with(|address| address.split('?').next().unwrap_or_default().to_owned())
    }

    /// What the address asks for by this name.
    #[cfg(feature = "hydrate")]
    pub fn asked(self, name: &str) -> Option<String> {
        self.address.with(|address| asked(address, name).map(decoded))
    }

    /// The rooms beside the open one.
    pub fn beside(self) -> Vec<RoomId> {
        self.address.with(|address| beside(address))
    }

    /// Goes to another page. What stands beside a room stays there; one that stood there changes
    /// places with the open one.
    #[cfg(feature = "hydrate")]
    pub fn go(self, address: &str) {
        let mut address = address.to_owned();
        if let (Route::Room(open), Route::Room(next)) = (self.route(), Route::of(&address))
            && asked(&address, "beside").is_none()
        {
            let mut beside = self.beside();
            beside.iter_mut().filter(|id| **id == next).for_each(|id| *id = open);
            if !beside.is_empty() {
                address.push(if address.contains('?') { '&' } else { '?' });
                address.push_str(&listed(&beside));
            }
        }
        crate::browser::navigation::go(&address);
        self.address.set(address);
    }

    /// From here on links, forms that ask and the browser's own buttons change the place, and
    /// nothing is loaded anew.
    #[cfg(feature = "hydrate")]
    pub fn follow(self) {
        crate::browser::navigation::follow(
            move |address: &str| self.go(address),
            move |address| self.address.set(address),
            |address| Route::of(address) != Route::Nowhere,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_means_a_page() {
        let id = "01a2006a-389d-713b-b42e-38cc34b81d2b";
        for (address, route) in [
            ("/", Route::Home),
            ("/friends", Route::Friends),
            ("/friends/", Route::Friends),
            ("/friends/requests", Route::Requests),
            ("/friends/x", Route::Nowhere),
            (&format!("/rooms/{id}?before=3"), Route::Room(id.parse().unwrap())),
            ("/rooms/x", Route::Nowhere),
            ("/people/Bob", Route::Person("bob".into())),
            ("/people?query=J%C3%BCr+x&y=1", Route::People("Jür x".into())),
            ("/people?query=%", Route::People("%".into())),
            ("/people", Route::People(String::new())),
            ("/sign-in", Route::Nowhere),
            ("/api/v1/me", Route::Nowhere),
        ] {
            assert_eq!(Route::of(address), route, "{address}");
        }
    }

    #[test]
    fn rooms_stand_beside_one_another() {
        let ids: Vec<RoomId> = (0..6).map(|n| RoomId::new(n, [1; 16])).collect();
        let address = arranged(ids[0], &ids[1..3]);
        assert_eq!(beside(&address), ids[1..3]);
        assert_eq!(Route::of(&address), Route::Room(ids[0]));
        assert_eq!(beside(&arranged(ids[0], &[ids[0], ids[1], ids[1]])), [ids[1]]);
        assert_eq!(beside(&arranged(ids[0], &ids)).len(), BESIDE);
        assert_eq!(beside(&arranged(ids[0], &[])), []);
        assert_eq!(beside(&format!("/rooms/{}?beside=x.%00.", ids[0])), []);
        assert_eq!(beside(&format!("/friends?beside={}", ids[0])), []);
    }

    #[test]
    fn text_comes_back_as_it_went() {
        for text in ["bob", "Jür x", "a&b=c?#%/+", ""] {
            assert_eq!(decoded(&encoded(text)), text);
        }
    }
}
