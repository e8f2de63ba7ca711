//! Following links without loading anew: what a browser does by itself, done within the page.

use leptos::{ev, prelude::*};
use wasm_bindgen::{JsCast, JsValue};

/// Puts a new address into the browser's history.
pub fn go(address: &str) {
    if let Ok(history) = window().history() {
        let _ = history.push_state_with_url(&JsValue::NULL, "", Some(address));
    }
    super::close_menus(None);
    focus_main();
}

/// Leads links and forms to addresses that `is_page` knows through `go`, and the browser's own
/// buttons through `came`; the browser follows the others itself.
pub fn follow(
    go: impl Fn(&str) + Copy + Send + Sync + 'static,
    came: impl Fn(String) + Copy + Send + Sync + 'static,
    is_page: impl Fn(&str) -> bool + Copy + Send + Sync + 'static,
) {
    let _ = window_event_listener(ev::keydown, |event| {
        if event.key() == "Escape" {
            super::leave_menu();
        }
    });
    // Who goes on by Tab leaves a menu as who clicks beside it does.
    let _ = window_event_listener(ev::focusin, |event| {
        let to = event.target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
        super::close_menus(to.as_ref());
    });
    let _ = window_event_listener(ev::click, move |event| {
        let inside = event.target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
        super::close_menus(inside.as_ref());
        if let Some(address) = clicked(&event).filter(|address| is_page(address)) {
            event.prevent_default();
            go(&address);
        }
    });
    let _ = window_event_listener(ev::submit, move |event| {
        if let Some(address) = asked(&event).filter(|address| is_page(address)) {
            event.prevent_default();
            go(&address);
        }
    });
    let _ = window_event_listener(ev::popstate, move |_| came(super::address()));
}

/// Where a plain click on a link of this house leads.
fn clicked(event: &ev::MouseEvent) -> Option<String> {
    let held = event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
    if event.default_prevented() || event.button() != 0 || held {
        return None;
    }
    let target = event.target()?.dyn_into::<web_sys::Element>().ok()?;
    let link = target.closest("a[href]").ok()??.dyn_into::<web_sys::HtmlAnchorElement>().ok()?;
    let elsewhere = !link.target().is_empty() || link.has_attribute("download");
    let here = window().location();
    if elsewhere || link.origin() != here.origin().ok()? || !link.hash().is_empty() {
        return None;
    }
    Some(link.pathname() + &link.search())
}

/// Where a form that only asks leads.
fn asked(event: &ev::SubmitEvent) -> Option<String> {
    let form = event.target()?.dyn_into::<web_sys::HtmlFormElement>().ok()?;
    if event.default_prevented() || form.method() != "get" {
        return None;
    }
    let fields = web_sys::FormData::new_with_form(&form).ok()?;
    let query = web_sys::UrlSearchParams::new_with_str_sequence_sequence(&fields).ok()?;
    Some(format!("{}?{}", form.get_attribute("action")?, query.to_string()))
}

/// Whoever goes by keyboard or listens begins at the new page, not behind the link.
fn focus_main() {
    let before = document().active_element();
    request_animation_frame(move || {
        let main = document().get_element_by_id("main");
        let main = main.and_then(|main| main.dyn_into::<web_sys::HtmlElement>().ok());
        let inside = main.as_ref().zip(document().active_element());
        // A page that has put the focus somewhere itself knows better, and so does who has by now.
        let is_body = |active: &web_sys::Element| document().body().as_deref() == Some(active);
        let stays = |active: &web_sys::Element| before.as_ref() == Some(active) || is_body(active);
        if inside.is_some_and(|(main, active)| !main.contains(Some(&active)) && stays(&active))
            && let Some(main) = main
        {
            let _ = main.focus();
        }
    });
}
