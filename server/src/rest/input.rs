//! Bodies, queries and paths, refused in the words of the public interface.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Multipart, Request, multipart::MultipartError},
};
use domain::uploads::TOO_LARGE;
use http::{StatusCode, header};
use protocol::{Code, Limit, Problem};
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

/// The bytes of a picture: the body itself, or the first file of a form.
pub struct Picture(pub Vec<u8>);

impl<S: Send + Sync> FromRequest<S> for Picture {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let is_form = content_type.is_some_and(|of| of.as_bytes().starts_with(b"multipart/"));
        if !is_form {
            let bytes = Bytes::from_request(request, state).await;
            return bytes.map(|bytes| Self(bytes.into())).map_err(|_| too_large());
        }
        let mut form = Multipart::from_request(request, state)
            .await
            .map_err(|_| Refusal(Problem::malformed("This form cannot be read.")))?;
        while let Some(field) = form.next_field().await.map_err(unread)? {
            if field.file_name().is_some() {
                return Ok(Self(field.bytes().await.map_err(unread)?.into()));
            }
        }
        Err(Problem::invalid("picture", "Choose a picture first.").into())
    }
}

fn unread(error: MultipartError) -> Refusal {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => Problem::malformed("This form cannot be read.").into(),
    }
}

fn too_large() -> Refusal {
    Problem::new(Code::TooLarge, TOO_LARGE).into()
}
