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
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let query = query.split('#').next().unwrap_or_default();
        match path.trim_matches('/').split_once('/') {
            None => match path.trim_matches('/') {
                "" => Self::Home,
                "friends" => Self::Friends,
                "activity" => Self::Activity,
                "people" => {
                    let typed = query.split('&').find_map(|pair| pair.strip_prefix("query="));
                    Self::People(decoded(typed.unwrap_or_default()))
                }
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
        self.address.with(|address| {
            let (_, query) = address.split_once('?')?;
            let value =
                query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            value.map(decoded)
        })
    }

    /// Goes to another page.
    #[cfg(feature = "hydrate")]
    pub fn go(self, address: &str) {
        crate::browser::navigation::go(address);
        self.address.set(address.to_owned());
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
    fn text_comes_back_as_it_went() {
        for text in ["bob", "Jür x", "a&b=c?#%/+", ""] {
            assert_eq!(decoded(&encoded(text)), text);
        }
    }
}
