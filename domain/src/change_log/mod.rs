//! What changed, in the database itself: each transaction appends a line to its lane, and every node
//! reads the lanes of the others. A lane has one writer at a time and is numbered without holes, so
//! that nobody has to wonder whether an earlier line is still to come. Lines live ten minutes.

mod follow;
mod lanes;
mod line;
#[cfg(test)]
mod tests;

pub(crate) use follow::follow;
pub(crate) use lanes::{Lane, Lanes};

/// For as long a line can be read.
const KEPT_MS: i64 = 10 * 60 * 1_000;
