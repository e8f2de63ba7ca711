//! Pieces without a feature of their own.

mod avatar;
mod empty;
mod icon;
mod moment;
mod text_area;

pub use avatar::{Avatar, Size};
pub use empty::Empty;
#[cfg(feature = "ssr")]
pub use icon::SPRITE;
pub use icon::{Icon, Mark};
pub use moment::{Here, Moment, Style};
pub use text_area::TextArea;
