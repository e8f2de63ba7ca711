//! What somebody was told of.

use axum::{Json, extract::State};
use domain::notifications;
use protocol::notifications::{Inbox, ReadUpTo};
use serde_json::{Value, json};

use super::{
    Answer,
    input::{self, Paging, Query},
};
use crate::{auth::SignedIn, serve::House};

/// `GET /notifications`
pub async fn list(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    Query(Paging { cursor, limit }): Query<Paging>,
) -> Answer<Json<Inbox>> {
    Ok(Json(notifications::list(&house.ctx, &viewer, cursor.as_deref(), limit).await?))
}

/// `PUT /notifications/read`
pub async fn read(
    State(house): State<House>,
    SignedIn(viewer): SignedIn,
    input::Json(ReadUpTo { up_to }): input::Json<ReadUpTo>,
) -> Answer<Json<Value>> {
    let unread = notifications::mark_read(&house.ctx, &viewer, up_to).await?;
    Ok(Json(json!({"unread": unread})))
}
