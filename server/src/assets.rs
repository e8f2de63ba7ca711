//! The site inside the binary: hashed files that never change, compressed when they were built.

use axum::{
    body::Body,
    extract::Path,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rust_embed::{EmbeddedFile, RustEmbed};

use app::shell::Assets;

#[derive(RustEmbed)]
#[folder = "../target/site"]
#[allow_missing = true]
struct Site;

/// Names of the hashed files, as this build has them.
pub fn names() -> Assets {
    let find = |prefix: &str, suffix: &str| {
        let found = Site::iter().find(|path| {
            let name = path.rsplit('/').next().unwrap_or(path);
            path.starts_with("pkg/") && name.starts_with(prefix) && name.ends_with(suffix)
        });
        found.map_or_else(|| format!("kith{suffix}"), |path| path["pkg/".len()..].to_owned())
    };
    Assets {
        css: find("kith", ".css"),
        js: find("kith", ".js"),
        wasm: find("kith", ".wasm"),
        entry_js: "entry.js".to_owned(),
        font: "fonts/figtree-latin.woff2".to_owned(),
        reload_port: reload_port(),
    }
}

/// Set by `cargo leptos watch`, and looked at in builds for development alone.
fn reload_port() -> Option<u16> {
    let watched = cfg!(debug_assertions) && std::env::var_os("LEPTOS_WATCH").is_some();
    watched.then(|| std::env::var("LEPTOS_RELOAD_PORT").ok()?.parse().ok())?
}

/// `GET` of a font.
pub async fn serve_font(Path(path): Path<String>, headers: HeaderMap) -> Response {
    file(&format!("fonts/{path}"), &headers)
}

/// `GET /favicon.ico`, for who asks without reading the page.
pub async fn favicon(headers: HeaderMap) -> Response {
    file("icon.svg", &headers)
}

/// `GET` of a file at the root of the site.
pub async fn root(uri: http::Uri, headers: HeaderMap) -> Response {
    file(uri.path().trim_start_matches('/'), &headers)
}

/// `GET` of a hashed file.
pub async fn pkg(Path(path): Path<String>, headers: HeaderMap) -> Response {
    file(&format!("pkg/{path}"), &headers)
}

fn file(path: &str, headers: &HeaderMap) -> Response {
    let Some(plain) = Site::get(path) else { return StatusCode::NOT_FOUND.into_response() };
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let accepts = |encoding: &str| {
        accepted.is_some_and(|list| {
            list.split(',')
                .any(|one| one.split(';').next().is_some_and(|one| one.trim() == encoding))
        })
    };
    let compressed = [("br", "br"), ("gzip", "gz")].into_iter().find_map(|(encoding, suffix)| {
        let file = accepts(encoding).then(|| Site::get(&format!("{path}.{suffix}")))??;
        Some((encoding, file))
    });
    let etag = etag(&plain);
    let (encoding, file) = match compressed {
        Some((encoding, file)) => (Some(encoding), file),
        None => (None, plain),
    };
    let mut response = Response::new(Body::empty());
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    answer.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    let cache = if path.starts_with("pkg/") || path.starts_with("fonts/") {
        "public, max-age=31536000, immutable"
    } else {
        "public, max-age=3600"
    };
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Ok(value) = HeaderValue::from_str(&etag) {
        answer.insert(header::ETAG, value);
    }
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    if let Some(encoding) = encoding {
        answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    *response.body_mut() = match file.data {
        std::borrow::Cow::Borrowed(bytes) => Body::from(bytes),
        std::borrow::Cow::Owned(bytes) => Body::from(bytes),
    };
    response
}

fn etag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let digits: String = hash[..12].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{digits}\"")
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("webmanifest") => "application/manifest+json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
