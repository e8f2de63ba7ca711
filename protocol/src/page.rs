//! Lists: how much of one is asked for, and one page of it.

use serde::{Deserialize, Serialize};

/// One page of a list and where the next begins.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Items<T> {
    pub items: Vec<T>,
    /// Given back as `cursor` for the next page; `None` at the end.
    pub next: Option<String>,
}

/// How many items a page may have: 1 to 100, by default 50.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "u64")]
pub struct Limit(u64);

impl Limit {
    pub const MAX: u64 = 100;

    pub fn get(self) -> u64 {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl TryFrom<u64> for Limit {
    type Error = &'static str;

    fn try_from(limit: u64) -> Result<Self, Self::Error> {
        if (1..=Self::MAX).contains(&limit) { Ok(Self(limit)) } else { Err("limit is 1 to 100") }
    }
}
