//! Takes over, in the browser, what the server rendered. Nothing else belongs here.

use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the page once the WASM is there.
#[wasm_bindgen]
pub fn hydrate() {
    app::hydrate();
}
