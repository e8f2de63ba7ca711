//! Whether this node lives, and whether it should be sent visitors.

use axum::{Json, extract::State};
use http::StatusCode;
use serde_json::{Value, json};

use crate::serve::House;

/// `GET /health/live`
pub async fn live() -> StatusCode {
    StatusCode::OK
}

/// `GET /health/ready`: 200 once migrated and not draining. What the database and Redis say stands
/// in the body, and decides nothing: a node that cannot reach them still waits and recovers.
pub async fn ready(State(house): State<House>) -> (StatusCode, Json<Value>) {
    let word = |is_up: bool| if is_up { "up" } else { "down" };
    let redis = house.ctx.bus().redis_is_up().map(word);
    let is_ready = !house.shutdown.is_cancelled();
    // Who stops does so at once: what the database says would change nothing, and it may take its time.
    let database = if is_ready { Some(word(house.ctx.ping().await.is_ok())) } else { None };
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": is_ready, "database": database, "redis": redis })))
}
