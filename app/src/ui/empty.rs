//! The empty state: what is not here yet, and the next step.

use leptos::prelude::*;

use super::Icon;

/// Without a next step its child is an empty text.
#[component]
pub fn Empty<C: IntoView + 'static>(
    icon: &'static str,
    title: &'static str,
    #[prop(into)] text: String,
    /// The one button, if there is a next step.
    children: TypedChildren<C>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <span class="empty__icon">
                <Icon name=icon />
            </span>
            <h2 class="empty__title">{title}</h2>
            <p class="empty__text">{text}</p>
            {children.into_inner()()}
        </div>
    }
}
