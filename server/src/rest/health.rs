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
    let database = word(house.ctx.ping().await.is_ok());
    let redis = house.ctx.bus().redis_is_up().map(word);
    let draining = house.shutdown.is_cancelled();
    let status = if draining { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (status, Json(json!({ "ready": !draining, "database": database, "redis": redis })))
}
