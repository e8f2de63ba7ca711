//! What the browser keeps of who is on their way: a cookie for some minutes.

use http::HeaderMap;
use protocol::SessionId;
use serde::{Deserialize, Serialize};

use super::Secrets;
use crate::{
    auth::{self, Caller},
    flash,
    serve::House,
};

/// How long somebody may take at the provider, in seconds.
const AWAY: u32 = 15 * 60;

/// What is kept of who is on their way to the provider.
#[derive(Debug, Serialize, Deserialize)]
pub struct UnderWay {
    pub secrets: Secrets,
    /// Where they want to go.
    pub next: String,
    /// The session of who is signed in, and wants to sign in so from then on.
    pub links: Option<SessionId>,
}

#[derive(Debug)]
pub enum Kept {
    UnderWay(UnderWay),
    /// Who comes from the provider and chooses a name, under seal.
    New {
        sealed: String,
        next: String,
    },
}

impl Kept {
    /// As a cookie may have it. What is sealed is so already.
    fn write(&self) -> String {
        match self {
            Self::UnderWay(under_way) => format!("to.{}", flash::hex(under_way)),
            Self::New { sealed, next } => format!("new.{}.{sealed}", flash::hex(next)),
        }
    }

    fn read(text: &str) -> Option<Self> {
        match text.split_once('.')? {
            ("to", under_way) => Some(Self::UnderWay(flash::unhex(under_way)?)),
            ("new", rest) => {
                let (next, sealed) = rest.split_once('.')?;
                Some(Self::New { sealed: sealed.to_owned(), next: flash::unhex(next)? })
            }
            _ => None,
        }
    }
}

/// How the cookie is written for a request: under HTTPS bound to the host.
#[derive(Clone, Copy, Debug)]
pub struct Cookie {
    secure: bool,
}

impl Cookie {
    pub fn of(house: &House, headers: &HeaderMap, caller: &Caller) -> Self {
        Self { secure: house.origins.cookie(headers, caller.peer).secure }
    }

    fn name(self) -> &'static str {
        if self.secure { "__Host-kith_provider" } else { "kith_provider" }
    }

    /// `Set-Cookie` that keeps this.
    pub fn set(self, kept: &Kept) -> String {
        self.written(&kept.write(), AWAY)
    }

    /// `Set-Cookie` that forgets it.
    pub fn clear(self) -> String {
        self.written("", 0)
    }

    fn written(self, value: &str, age: u32) -> String {
        let (name, secure) = (self.name(), if self.secure { "; Secure" } else { "" });
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}")
    }

    /// What the request carries, if it carries any.
    pub fn read(self, headers: &HeaderMap) -> Option<Kept> {
        Kept::read(auth::cookie(headers, self.name())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_identity_fits_into_a_cookie() {
        // As `Identity::cut` leaves it: issuer and subject of 255, names of 64 and 128, an address of 254.
        let identity = "x".repeat(255 + 255 + 64 + 128 + 254 + 150);
        let kept =
            Kept::New { sealed: flash::hex(&identity), next: format!("/{}", "n".repeat(511)) };
        let cookie = Cookie { secure: true }.set(&kept);
        assert!(cookie.len() < 4_096, "{}", cookie.len());
        let mut headers = HeaderMap::new();
        headers.insert("cookie", cookie.split(';').next().unwrap().parse().unwrap());
        let Some(Kept::New { sealed, next }) = Cookie { secure: true }.read(&headers) else {
            panic!("it is read again")
        };
        assert_eq!((sealed, next.len()), (flash::hex(&identity), 512));
        assert!(Cookie { secure: false }.read(&headers).is_none());
    }
}
