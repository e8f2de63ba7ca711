//! Lists: how much of one is asked for, and one page of it.

use serde::{Deserialize, Serialize};

/// One page of a list and where the next begins.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Items<T> {
    pub items: Vec<T>,
    /// Given back as `cursor` for the next page; `None` at the end.
    pub next: Option<String>,
}

impl<T> Items<T> {
    /// One page of a list that is at hand: after the item whose key the cursor is, at most `limit`.
    /// A cursor that is no item's begins anew.
    pub fn cut(
        items: Vec<T>,
        cursor: Option<&str>,
        limit: Limit,
        key: impl Fn(&T) -> String,
    ) -> Self {
        let after = cursor.and_then(|cursor| items.iter().position(|item| key(item) == cursor));
        let mut rest = items.into_iter().skip(after.map_or(0, |at| at + 1));
        let items: Vec<T> = rest.by_ref().take(limit.get() as usize).collect();
        let next = rest.next().and_then(|_| items.last().map(key));
        Self { items, next }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_cut_into_pages_that_join() {
        let limit = Limit::try_from(2).unwrap();
        let cut = |cursor: Option<&str>| {
            Items::cut((1..=5).collect(), cursor, limit, |item: &i32| item.to_string())
        };
        assert_eq!(cut(None), Items { items: vec![1, 2], next: Some("2".into()) });
        assert_eq!(cut(Some("2")), Items { items: vec![3, 4], next: Some("4".into()) });
        assert_eq!(cut(Some("4")), Items { items: vec![5], next: None });
        assert_eq!(cut(Some("3")), Items { items: vec![4, 5], next: None });
    }
}
