//! The error a client sees: RFC 9457 with a stable code, the same over REST, server functions and
//! (as `refused`) the socket.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// Why something was not done. Stable: clients decide by it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    Invalid,
    Unauthenticated,
    Forbidden,
    NotFound,
    Conflict,
    TooLarge,
    RateLimited,
    Unavailable,
    /// A code that this build does not know.
    #[serde(other)]
    Unknown,
}

impl Code {
    /// The HTTP status that carries this code.
    pub fn status(self) -> u16 {
        match self {
            Self::Invalid => 422,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::RateLimited => 429,
            Self::Unavailable => 503,
            Self::Unknown => 500,
        }
    }

    /// Whether the same would work a little later.
    pub fn passes(self) -> bool {
        matches!(self, Self::RateLimited | Self::Unavailable)
    }

    fn title(self) -> &'static str {
        match self {
            Self::Invalid => "Something in the request is not valid",
            Self::Unauthenticated => "Not signed in",
            Self::Forbidden => "Not allowed",
            Self::NotFound => "Not found",
            Self::Conflict => "In conflict with what is so already",
            Self::TooLarge => "Too large",
            Self::RateLimited => "Too many at once",
            Self::Unavailable => "Not available right now",
            Self::Unknown => "Something went wrong",
        }
    }
}

/// A problem document: `application/problem+json`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Problem {
    pub r#type: Cow<'static, str>,
    pub title: Cow<'static, str>,
    pub status: u16,
    /// A sentence for a person: what is wrong and what to do next.
    pub detail: Cow<'static, str>,
    pub code: Code,
    /// With `invalid`: each field that is wrong, with a sentence about it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<Cow<'static, str>, Cow<'static, str>>,
    /// With `rate_limited`: how long to wait, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl Problem {
    /// A problem with this code, told in `detail`.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            r#type: Cow::Borrowed("about:blank"),
            title: Cow::Borrowed(code.title()),
            status: code.status(),
            detail: detail.into(),
            code,
            fields: BTreeMap::new(),
            retry_after_ms: None,
        }
    }

    /// `invalid`, because of one field.
    pub fn invalid(field: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        let detail = detail.into();
        let mut problem = Self::new(Code::Invalid, detail.clone());
        problem.fields.insert(Cow::Borrowed(field), detail);
        problem
    }

    /// `invalid`, because the request could not be read at all (status 400).
    pub fn malformed(detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status: 400, ..Self::new(Code::Invalid, detail) }
    }

    /// Too often: how long to wait, in milliseconds, also in words.
    pub fn rate_limited(retry_after_ms: u64) -> Self {
        let seconds = retry_after_ms.div_ceil(1_000).max(1);
        let (number, unit) = match seconds {
            1..60 => (seconds, "second"),
            60..3_600 => (seconds.div_ceil(60), "minute"),
            _ => (seconds.div_ceil(3_600), "hour"),
        };
        let plural = if number == 1 { "" } else { "s" };
        let detail = format!("That was too often. Try again in {number} {unit}{plural}.");
        Self { retry_after_ms: Some(retry_after_ms), ..Self::new(Code::RateLimited, detail) }
    }

    /// The body of every answer to what is not there or not yours.
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, "There is nothing here, or it is not yours to see.")
    }

    /// What someone who is not signed in hears.
    pub fn unauthenticated() -> Self {
        Self::new(Code::Unauthenticated, "Sign in to go on.")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_its_json_pinned() {
        let json = serde_json::to_value(Problem::invalid("body", "Say something.")).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "type": "about:blank", "title": "Something in the request is not valid",
                "status": 422, "detail": "Say something.", "code": "invalid",
                "fields": {"body": "Say something."}
            })
        );
    }

    #[test]
    fn every_code_has_its_name_and_status() {
        for (code, name, status) in [
            (Code::Invalid, "invalid", 422),
            (Code::Unauthenticated, "unauthenticated", 401),
            (Code::Forbidden, "forbidden", 403),
            (Code::NotFound, "not_found", 404),
            (Code::Conflict, "conflict", 409),
            (Code::TooLarge, "too_large", 413),
            (Code::RateLimited, "rate_limited", 429),
            (Code::Unavailable, "unavailable", 503),
        ] {
            assert_eq!(serde_json::to_value(code).unwrap(), name);
            assert_eq!(code.status(), status);
        }
    }

    #[test]
    fn an_unknown_code_is_read_as_such() {
        assert_eq!(serde_json::from_str::<Code>("\"new_one\"").unwrap(), Code::Unknown);
    }
}
