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
    if house.shutdown.is_cancelled() {
        // At once: what the database says would change nothing.
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "ready": false })));
    }
    let word = |is_up: bool| if is_up { "up" } else { "down" };
    let database = word(house.ctx.ping().await.is_ok());
    let redis = house.ctx.bus().redis_is_up().map(word);
    (StatusCode::OK, Json(json!({ "ready": true, "database": database, "redis": redis })))
}
