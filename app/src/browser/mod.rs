//! The calls to the browser itself. Everything else of the page is plain Rust and signals.

pub mod fetch;
pub mod keys;
pub mod navigation;
pub mod notice;
pub mod storage;

use std::time::Duration;

use futures_channel::{mpsc, oneshot};
use futures_util::{StreamExt, future::select};
use leptos::{ev, html, prelude::*};
use protocol::{MessageId, RoomId, Timestamp};
use wasm_bindgen::{JsCast, closure::Closure};

/// Now, by this machine's clock: good for showing, not for deciding.
pub fn now() -> Timestamp {
    Timestamp(js_sys::Date::now() as i64)
}

/// Minutes to add to UTC at an instant to read this place's clock.
pub fn offset_minutes(at: Timestamp) -> i64 {
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(at.0 as f64));
    -(date.get_timezone_offset() as i64)
}

/// A fresh message id. `crypto.randomUUID` is missing on plain-HTTP pages, `getRandomValues` never.
pub fn new_message_id() -> MessageId {
    MessageId::new(now().0, random())
}

/// Between 0 and 1.
pub fn random_fraction() -> f64 {
    let [a, b, ..] = random();
    f64::from(u16::from_be_bytes([a, b])) / f64::from(u16::MAX)
}

fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    if let Ok(crypto) = window().crypto() {
        let _ = crypto.get_random_values_with_u8_array(&mut bytes);
    }
    bytes
}

/// Where the socket is: this page's own host; with a room, for who only looks at that.
pub fn socket_url(looked_at: Option<RoomId>) -> String {
    let location = window().location();
    let scheme = match location.protocol().as_deref() {
        Ok("https:") => "wss",
        _ => "ws",
    };
    let room = looked_at.map(|id| format!("&room={id}")).unwrap_or_default();
    format!("{scheme}://{}/api/v1/socket?resume=1{room}", location.host().unwrap_or_default())
}

/// Path and query of this page.
pub fn address() -> String {
    let location = window().location();
    location.pathname().unwrap_or_default() + &location.search().unwrap_or_default()
}

/// A text in lowercase, by the browser's tables: Rust's would weigh kilobytes.
pub fn lowercase(text: &str) -> String {
    js_sys::JsString::from(text).to_lower_case().into()
}

/// Loads a script of ours, once.
pub fn want_script(path: &str) {
    let document = document();
    let is_there = document.query_selector(&format!("script[src='{path}']"));
    if let (Ok(None), Ok(script), Some(body)) =
        (is_there, document.create_element("script"), document.body())
    {
        let _ = script.set_attribute("src", path);
        let _ = body.append_child(&script);
    }
}

/// Leaves for a page of the server's alone.
pub fn leave_for(path: &str) {
    let _ = window().location().set_href(path);
}

/// The session is over: to the sign-in page, and from there back to where one was.
pub fn sign_in_again() {
    let location = window().location();
    let path = location.pathname().unwrap_or_default();
    let next = js_sys::encode_uri_component(&path);
    let _ = location.set_href(&format!("/sign-in?next={next}"));
}

pub async fn sleep(ms: u32) {
    let (done, wake) = oneshot::channel();
    set_timeout(
        move || {
            let _ = done.send(());
        },
        Duration::from_millis(ms.into()),
    );
    let _ = wake.await;
}

/// Waits; not any longer once the network, or the person, is back.
pub async fn until_online_or(ms: u32) {
    let (sender, mut back) = mpsc::unbounded();
    let told = sender.clone();
    let by_network = window_event_listener(ev::online, move |_| drop(told.unbounded_send(())));
    let by_person = window_event_listener(ev::focus, move |_| drop(sender.unbounded_send(())));
    select(std::pin::pin!(sleep(ms)), back.next()).await;
    by_network.remove();
    by_person.remove();
}

/// Whether this page is shown.
pub fn is_shown() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Visible
}

/// Whether the element that an event happened to has an attribute.
pub fn has_attribute(event: &ev::Event, name: &str) -> bool {
    let element = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    element.is_some_and(|element| element.has_attribute(name))
}

/// Does something whenever an element comes into view, as long as whoever asks for it is there, and where it
/// still is in view after what is `looked_at` has changed.
pub fn when_seen<T: Track + 'static>(
    element: NodeRef<html::Button>,
    looked_at: T,
    act: impl Fn() + Clone + 'static,
) {
    Effect::new(move |_| {
        looked_at.track();
        let Some(element) = element.get() else { return };
        let act = act.clone();
        let seen = Closure::<dyn Fn(js_sys::Array)>::new(move |entries: js_sys::Array| {
            let entry = entries.get(entries.length().saturating_sub(1));
            let entry = entry.unchecked_into::<web_sys::IntersectionObserverEntry>();
            if entry.is_intersecting() {
                act();
            }
        });
        let observer = web_sys::IntersectionObserver::new(seen.as_ref().unchecked_ref());
        if let Ok(observer) = observer {
            observer.observe(&element);
            let kept = StoredValue::new_local((observer, seen));
            on_cleanup(move || kept.with_value(|(observer, _)| observer.disconnect()));
        }
    });
}

/// What a form says, with the button that it was sent by.
pub fn submitted(event: &ev::SubmitEvent) -> Option<web_sys::UrlSearchParams> {
    let form = event.target()?.dyn_into::<web_sys::HtmlFormElement>().ok()?;
    let fields = web_sys::FormData::new_with_form(&form).ok()?;
    if let Some(button) = event.submitter() {
        let text = |name: &str| button.get_attribute(name).unwrap_or_default();
        fields.append_with_str(&text("name"), &text("value")).ok()?;
    }
    web_sys::UrlSearchParams::new_with_str_sequence_sequence(&fields).ok()
}

/// Closes the menus that are open, but for the one in which something happened.
pub fn close_menus(but: Option<&web_sys::Node>) {
    let Ok(open) = document().query_selector_all("details.menu[open]") else { return };
    for at in 0..open.length() {
        let Some(menu) = open.item(at) else { continue };
        if but.is_none_or(|but| !menu.contains(Some(but)))
            && let Ok(menu) = menu.dyn_into::<web_sys::Element>()
        {
            let _ = menu.remove_attribute("open");
        }
    }
}

/// Closes the menus, and goes back to what opened the one that had the focus.
pub fn leave_menu() {
    let had = document().active_element();
    let had = had.and_then(|active| active.closest("details.menu[open]").ok()?);
    close_menus(None);
    if let Some(menu) = had {
        focus_in(&menu, "summary");
    }
}

/// Gives the focus to the first element in another that a selector names; whether there is one.
fn focus_in(element: &web_sys::Element, selector: &str) -> bool {
    let found = element.query_selector(selector).ok().flatten();
    let found = found.and_then(|found| found.dyn_into::<web_sys::HtmlElement>().ok());
    found.is_some_and(|found| found.focus().is_ok())
}

/// Where the focus goes once a form's buttons are others: into the list that the form stands in, since
/// its row may be drawn anew, or else to what the form offers now. To be asked before it is sent.
pub fn focus_after(event: &ev::SubmitEvent) -> impl FnOnce() + use<> {
    let form = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let list = form.as_ref().and_then(|form| form.closest(".cards__all").ok()?);
    move || {
        request_animation_frame(move || {
            let lost = document().active_element().is_none_or(|active| active.tag_name() == "BODY");
            let (true, Some(form)) = (lost, form) else { return };
            let list = list.and_then(|list| list.dyn_into::<web_sys::HtmlElement>().ok());
            let done = match list {
                Some(list) => list.focus().is_ok(),
                None => focus_in(&form, "button, summary"),
            };
            if !done && let Some(body) = document().body() {
                focus_in(&body, "#main");
            }
        });
    }
}

/// Whether the focus goes out of the element that listens for this.
pub fn focus_leaves(event: &ev::FocusEvent) -> bool {
    let inside = event.current_target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
    let to = event.related_target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
    !inside.is_some_and(|inside| inside.contains(to.as_ref()))
}

/// Whether somebody looks at this page: it is shown, and its window has the focus.
pub fn is_watched() -> bool {
    let document = document();
    document.visibility_state() == web_sys::VisibilityState::Visible
        && document.has_focus().unwrap_or(false)
}

/// Whether the focus is where one writes.
pub fn is_writing() -> bool {
    let active = document().active_element();
    active.is_some_and(|active| matches!(active.closest("textarea, input"), Ok(Some(_))))
}

/// Takes the focus from where one writes: who goes on from there is done with it.
pub fn leave_field() {
    if let Some(body) = document().body() {
        focus_in(&body, "#main");
    }
}

/// Whether Enter should break the line: there is no keyboard beside this screen.
pub fn is_touch() -> bool {
    let coarse = window().match_media("(hover: none) and (pointer: coarse)");
    coarse.ok().flatten().is_some_and(|query| query.matches())
}

/// Does something once what has changed is drawn.
pub fn after_drawing(act: impl FnOnce() + 'static) {
    request_animation_frame(act);
}

/// What one looks at in a list that scrolls: a row by its id, and how far its top is from the list's,
/// in pixels.
pub fn looked_at(list: &web_sys::Element) -> Option<(String, f64)> {
    let frame = list.get_bounding_client_rect();
    let (x, y) = (frame.left() + frame.width() / 2.0, frame.top() + frame.height() / 3.0);
    let row = document().element_from_point(x as f32, y as f32)?.closest("li[id]").ok()??;
    Some((row.id(), row.get_bounding_client_rect().top() - frame.top()))
}

/// How far a row has gone from where it was looked at.
pub fn drift(list: &web_sys::Element, (id, top): &(String, f64)) -> Option<f64> {
    let row = document().get_element_by_id(id)?;
    let frame = list.get_bounding_client_rect();
    Some(row.get_bounding_client_rect().top() - frame.top() - top)
}

/// Brings an element into view, and where that is wanted to notice.
pub fn show(id: &str, marked: bool) {
    let Some(element) = document().get_element_by_id(id) else { return };
    element.scroll_into_view();
    // At once, and not with the next frame: what is loaded until then keeps what one looks at from now on.
    if let (Ok(Some(scroller)), Ok(scrolled)) =
        (element.closest(".messages__scroller"), web_sys::Event::new("scroll"))
    {
        let _ = scroller.dispatch_event(&scrolled);
    }
    if !marked {
        return;
    }
    let classes = element.class_list();
    let _ = classes.add_1("message--shown");
    set_timeout(move || drop(classes.remove_1("message--shown")), Duration::from_secs(2));
}

pub fn set_title(title: &str) {
    document().set_title(title);
}

/// The world that the server put into the page.
pub fn embedded_json(id: &str) -> Option<String> {
    document().get_element_by_id(id)?.text_content()
}

/// Tells stylesheets and tests that the page is alive, and a menu that it was opened before that.
pub fn mark_hydrated() {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-hydrated", "");
    }
    if let (Ok(Some(menu)), Ok(toggled)) =
        (document().query_selector("details.menu[open]"), web_sys::Event::new("toggle"))
    {
        // One is open at a time.
        close_menus(Some(&menu));
        let _ = menu.dispatch_event(&toggled);
    }
}
