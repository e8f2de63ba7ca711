//! The HTML document around every page.

use leptos::prelude::*;

use crate::{App, frame, live::snapshot::Snapshot, route::Route, ui::SPRITE};

/// What stands in the head: names of the hashed files, and what allows the one inline script.
#[derive(Clone, Debug)]
pub struct Assets {
    pub css: String,
    pub js: String,
    pub wasm: String,
    /// The few lines of script of the pages without WASM.
    pub entry_js: String,
    pub font: String,
    /// Where `bin/dev` tells that something was built anew.
    pub reload_port: Option<u16>,
}

/// How one document is written.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    pub assets: &'a Assets,
    /// For the inline script, as in the `Content-Security-Policy`.
    pub nonce: &'a str,
    /// `light`, `dark` or `system`.
    pub theme: &'a str,
}

/// All keys, shown on `?`. It never changes, so that the page need not know of it.
const KEYS: &str = r#"<dialog class="keys" id="keys" aria-labelledby="keys-title"><form method="dialog"><h2 class="keys__title" id="keys-title">Keys</h2><dl class="keys__list"><dt><kbd>Ctrl</kbd> <kbd>K</kbd></dt><dd>Go anywhere: people, rooms, pages</dd><dt><kbd>Alt</kbd> <kbd>↑</kbd> <kbd>↓</kbd></dt><dd>From room to room</dd><dt><kbd>Enter</kbd></dt><dd>Send; with <kbd>Shift</kbd> a new line</dd><dt><kbd>↑</kbd></dt><dd>Edit your last message, where nothing is written yet</dd><dt><kbd>@</kbd></dt><dd>Mention somebody</dd><dt><kbd>Esc</kbd></dt><dd>Leave a menu, an answer or an edit</dd><dt><kbd>?</kbd></dt><dd>These keys</dd></dl><button class="button">Close</button></form></dialog>"#;

/// The whole page of somebody who is signed in, as HTML. One that is not live stays as it is: an
/// older page of a room, for who reads without a script.
pub fn app_page(document: Document<'_>, url: &str, snapshot: Snapshot, is_live: bool) -> String {
    let owner = Owner::new_root(None);
    let html = owner.with(|| {
        let title = frame::page_title(&Route::of(url), |id| {
            let room = snapshot.ready.rooms.iter().find(|room| room.id == id);
            room.map(|room| room.name.clone())
        });
        let json = is_live.then(|| serde_json::to_string(&snapshot).unwrap_or_default());
        let body = view! { <App snapshot address=url /> }.to_html();
        let Assets { js, wasm, .. } = document.assets;
        let Some(json) = json else {
            return written(document, &title, "", &body, "");
        };
        let json = inert(&json);
        let head = format!(
            r#"<link rel="modulepreload" href="/pkg/{js}"><link rel="preload" href="/pkg/{wasm}" as="fetch" type="application/wasm" crossorigin><script type="application/json" id="kith-snapshot">{json}</script><script type="module" nonce="{nonce}">import init,{{hydrate}} from "/pkg/{js}";await init({{module_or_path:"/pkg/{wasm}"}});hydrate();</script>"#,
            nonce = document.nonce,
        );
        written(document, &title, &head, &body, KEYS)
    });
    owner.cleanup();
    html
}

/// A page of the server alone: no WASM, and a few lines of script at most.
pub fn plain_page<V: IntoView>(
    document: Document<'_>,
    title: &str,
    page: impl FnOnce() -> V,
) -> String {
    let owner = Owner::new_root(None);
    let html = owner.with(|| {
        let body = page().into_view().to_html();
        let head = format!(r#"<script src="/{}" defer></script>"#, document.assets.entry_js);
        written(document, title, &head, &body, "")
    });
    owner.cleanup();
    html
}

fn written(document: Document<'_>, title: &str, head: &str, body: &str, after: &str) -> String {
    let Document { assets, theme, .. } = document;
    let title = title.replace('&', "&amp;").replace('<', "&lt;");
    let Assets { css, font, .. } = assets;
    let reload = reloading(document);
    format!(
        r##"<!DOCTYPE html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1, interactive-widget=resizes-content"><title>{title}</title><meta name="color-scheme" content="light dark"><meta name="theme-color" media="(prefers-color-scheme: light)" content="#f8f7f2"><meta name="theme-color" media="(prefers-color-scheme: dark)" content="#141a17"><link rel="preload" href="/{font}" as="font" type="font/woff2" crossorigin><link rel="stylesheet" href="/pkg/{css}"><link rel="icon" href="/icon.svg" type="image/svg+xml"><link rel="apple-touch-icon" href="/icon-180.png"><link rel="manifest" href="/manifest.webmanifest">{head}{reload}</head><body>{body}{SPRITE}{after}</body></html>"##
    )
}

/// Loads the page anew when `bin/dev` has built something; nothing elsewhere.
fn reloading(document: Document<'_>) -> String {
    let Some(port) = document.assets.reload_port else { return String::new() };
    let nonce = document.nonce;
    format!(
        r#"<script nonce="{nonce}">new WebSocket(`ws://${{location.hostname}}:{port}/live_reload`).onmessage = () => {{
  const look = () => fetch("/health/live").then(() => location.reload(), () => setTimeout(look, 100));
  look();
}};</script>"#
    )
}

/// JSON that cannot end the element it stands in.
fn inert(json: &str) -> String {
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}
