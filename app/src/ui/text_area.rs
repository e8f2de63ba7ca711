//! The only place with a `<textarea>`: its content is escaped here, because Leptos 0.8 renders it
//! on the server as it is, and a draft with `</textarea><script>` in it would run.

use leptos::{ev, html, prelude::*};

#[component]
pub fn TextArea(
    name: &'static str,
    #[prop(into)] label: Signal<String>,
    /// What stands in it at first.
    #[prop(optional)]
    value: String,
    #[prop(optional)] node_ref: NodeRef<html::Textarea>,
    #[prop(into)] on_key: Callback<ev::KeyboardEvent>,
    #[prop(into)] on_input: Callback<String>,
    /// The chosen one of a list that what is written completes from, by its id.
    #[prop(optional)]
    active: Signal<Option<String>>,
) -> impl IntoView {
    view! {
        <textarea
            class="text-area"
            name=name
            rows="1"
            dir="auto"
            aria-label=move || label.get()
            placeholder=move || label.get()
            autocomplete="off"
            aria-activedescendant=move || active.get()
            node_ref=node_ref
            on:keydown=move |event| on_key.run(event)
            on:input=move |event| on_input.run(event_target_value(&event))
        >
            {content(&value)}
        </textarea>
    }
}

/// In the browser a text node is set as it is; on the server it is written into the HTML.
fn content(value: &str) -> String {
    if cfg!(feature = "ssr") { escaped(value) } else { value.to_owned() }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn a_draft_cannot_end_its_text_area() {
        let html = Owner::new().with(|| {
            view! {
                <TextArea
                    name="body"
                    label="Message"
                    value="a & </textarea><script>alert(1)</script>".to_owned()
                    on_key=|_| ()
                    on_input=|_| ()
                />
            }
            .to_html()
        });
        assert!(!html.contains("<script"), "{html}");
        assert_eq!(html.matches("</textarea").count(), 1, "{html}");
        assert!(html.contains("a &amp; &lt;/textarea&gt;&lt;script&gt;"), "{html}");
    }
}
