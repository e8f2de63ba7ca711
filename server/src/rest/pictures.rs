//! Pictures of people.

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use domain::uploads;
use http::header;
use protocol::{PictureId, Problem};

use super::{Answer, input::Path};
use crate::serve::House;

/// `GET /pictures/{id}/{size}`: for everyone who knows it, and the same for ever.
pub async fn show(
    State(house): State<House>,
    Path((id, size)): Path<(PictureId, String)>,
) -> Answer<Response> {
    let size = size.strip_suffix(".jpg").and_then(|size| size.parse().ok());
    let bytes = uploads::picture(&house.ctx, id, size.ok_or(Problem::not_found())?).await?;
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, bytes).into_response())
}
