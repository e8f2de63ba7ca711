//! What became of a plain form, for the page that it leads back to: a cookie for one minute. The
//! problem and what was typed, never a secret, and never in the address.

use std::collections::BTreeMap;

use http::HeaderMap;
use protocol::Problem;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::auth;

const NAME: &str = "kith_flash";
/// Browsers take cookies up to 4 KiB; what was typed goes first.
const LARGEST: usize = 3_500;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Flash {
    pub problem: Option<Problem>,
    pub typed: BTreeMap<String, String>,
}

impl Flash {
    /// `Set-Cookie` that keeps this for the next page.
    pub fn set(&self) -> String {
        let mut value = hex(self);
        if value.len() > LARGEST {
            value = hex(&Self { typed: BTreeMap::new(), ..self.clone() });
        }
        format!("{NAME}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=60")
    }

    /// `Set-Cookie` that forgets it.
    pub fn clear() -> String {
        format!("{NAME}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0")
    }

    /// What the request carries, if it carries any.
    pub fn read(headers: &HeaderMap) -> Option<Self> {
        unhex(auth::cookie(headers, NAME)?)
    }
}

/// As a cookie may have it.
pub fn hex(value: &impl Serialize) -> String {
    let json = serde_json::to_vec(value).unwrap_or_default();
    json.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What [`hex`] wrote; `None` for anything else.
pub fn unhex<T: DeserializeOwned>(digits: &str) -> Option<T> {
    let byte = |at: usize| u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..digits.len() / 2).map(byte).collect();
    serde_json::from_slice(&bytes?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again() {
        let flash = Flash {
            problem: Some(Problem::invalid("username", "“Ä” is no letter here.")),
            typed: BTreeMap::from([("username".to_owned(), "Ä; x=y".to_owned())]),
        };
        let cookie = flash.set();
        let mut headers = HeaderMap::new();
        headers.insert("cookie", cookie.split(';').next().unwrap().parse().unwrap());
        let read = Flash::read(&headers).unwrap();
        assert_eq!((read.problem, read.typed), (flash.problem, flash.typed));
    }

    #[test]
    fn a_cookie_that_kith_did_not_write_is_nothing() {
        for value in ["", "zz", "7b", "é", "0"] {
            let mut headers = HeaderMap::new();
            let cookie = format!("{NAME}={value}");
            headers.insert("cookie", http::HeaderValue::from_bytes(cookie.as_bytes()).unwrap());
            assert!(Flash::read(&headers).is_none(), "{value}");
        }
    }
}
