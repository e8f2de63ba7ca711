//! Signing up and in: pages of the server alone, without WASM.

#[cfg(feature = "ssr")]
pub(crate) mod form;
#[cfg(feature = "ssr")]
mod pages;
#[cfg(feature = "ssr")]
mod settings;

#[cfg(feature = "ssr")]
pub use form::Form;
#[cfg(feature = "ssr")]
pub use pages::{ChooseName, Forgotten, Notice, PublicProfile, Reset, SignIn, SignUp, Welcome};

#[cfg(feature = "ssr")]
pub use settings::{Own, Section, Settings};

/// A link that was never sent, was used, or is too old.
#[cfg(feature = "ssr")]
pub fn stale_link() -> protocol::Problem {
    let detail = "This link has been used, or is older than half an hour. Ask for another one.";
    protocol::Problem::new(protocol::Code::NotFound, detail)
}

/// Where to go after signing in: a path of this house, never another host.
pub fn local_path(next: &str) -> &str {
    let is_local = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains('\\')
        && !next.chars().any(char::is_control)
        && next.is_ascii();
    if is_local { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_house_are_followed() {
        for path in ["/", "/rooms/1", "/people/bob?x=1#y"] {
            assert_eq!(local_path(path), path);
        }
        for foreign in [
            "",
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "rooms",
            "/a\nb",
            "/ä",
            "javascript:alert(1)",
        ] {
            assert_eq!(local_path(foreign), "/", "{foreign:?}");
        }
    }
}
