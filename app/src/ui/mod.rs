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

/// Whether a menu has just been opened, of the event that it was opened or closed.
pub fn opened(event: &leptos::ev::Event) -> bool {
    #[cfg(feature = "hydrate")]
    return crate::browser::has_attribute(event, "open");
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = event;
        false
    }
}
