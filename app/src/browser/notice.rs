//! Messages of the system, where the person has asked for them on this device.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Notification, NotificationOptions, NotificationPermission};

/// Where the settings keep whether they are wanted.
const WANTED: &str = "kith.notify";

/// Shows one, if nobody looks at this page. With the same `tag` in many tabs it is shown once.
pub fn show(title: &str, body: &str, tag: &str, open: impl Fn() + 'static) {
    let is_wanted = super::storage::read::<bool>(WANTED).unwrap_or(false);
    if !is_wanted
        || super::is_watched()
        || Notification::permission() != NotificationPermission::Granted
    {
        return;
    }
    let options = NotificationOptions::new();
    options.set_body(body);
    options.set_tag(tag);
    options.set_icon("/icon-180.png");
    let Ok(notice) = Notification::new_with_options(title, &options) else { return };
    let shown = notice.clone();
    let clicked = Closure::<dyn Fn()>::new(move || {
        let _ = window().focus();
        shown.close();
        open();
    });
    notice.set_onclick(Some(clicked.as_ref().unchecked_ref()));
    // It lives as long as the message of the system may be clicked.
    clicked.forget();
}
