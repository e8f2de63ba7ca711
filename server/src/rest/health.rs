//! Whether this node lives, and whether it should be sent visitors.

use axum::{Json, extract::State};
use domain::bus::RedisState;
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
    let database = if house.ctx.ping().await.is_ok() { "up" } else { "down" };
    let redis = house.ctx.bus().redis().map(|state| match state {
        RedisState::Up => "up",
        RedisState::Down => "down",
    });
    let draining = house.shutdown.is_cancelled();
    let status = if draining { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (status, Json(json!({ "ready": !draining, "database": database, "redis": redis })))
}
