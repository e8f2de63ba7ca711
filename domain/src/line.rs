//! A line of a bounded length before something that takes its time.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{Error, Result};

/// A place in the line, given back when who has it is done or gone.
pub(crate) struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    /// # Errors
    /// `Unavailable` where as many wait.
    pub(crate) fn take(waiting: &'a AtomicUsize, longest: usize) -> Result<Self> {
        let place = Place(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) >= longest {
            return Err(Error::Unavailable("too many wait for the same".into()));
        }
        Ok(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
