//! Bodies, queries and paths, refused in the words of the public interface.

use axum::extract::{FromRequest, FromRequestParts};
use protocol::Limit;
use serde::Deserialize;

use crate::problem::Refusal;

/// A JSON body.
#[derive(FromRequest)]
#[from_request(via(axum::Json), rejection(Refusal))]
pub struct Json<T>(pub T);

/// A query string.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Refusal))]
pub struct Query<T>(pub T);

/// Ids and names in a path; what is none names nothing.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Refusal))]
pub struct Path<T>(pub T);

/// Which page of a list.
#[derive(Deserialize)]
pub struct Paging {
    pub cursor: Option<String>,
    #[serde(default)]
    pub limit: Limit,
}
