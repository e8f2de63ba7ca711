//! Icons, from the sprite that every page carries.

use leptos::prelude::*;

/// The sprite: one `<symbol>` an icon. It stands once in every page.
#[cfg(feature = "ssr")]
pub const SPRITE: &str = include_str!("icons.svg");

/// An icon of the sprite; what it means is said beside it.
#[component]
pub fn Icon(name: &'static str) -> impl IntoView {
    view! {
        <svg class="icon" aria-hidden="true">
            <use href=format!("#i-{name}")></use>
        </svg>
    }
}

/// Kith's mark: a speech bubble that holds a K.
#[component]
pub fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" aria-hidden="true">
            <use href="#i-kith"></use>
        </svg>
    }
}
