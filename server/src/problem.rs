//! Errors on their way out: `application/problem+json`, logged once if somebody should know.

use std::time::Duration;

use axum::{
    Json,
    extract::{
        Request,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use protocol::{Code, Problem};

/// A refused request.
#[derive(Debug)]
pub struct Refusal(pub Problem);

impl From<domain::Error> for Refusal {
    fn from(error: domain::Error) -> Self {
        if error.is_fault() {
            tracing::error!(%error, "a request failed");
        }
        Self(error.problem())
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<JsonRejection> for Refusal {
    fn from(rejection: JsonRejection) -> Self {
        Self(match rejection {
            JsonRejection::JsonDataError(error) => unfit(&error.body_text()),
            JsonRejection::BytesRejection(error)
                if error.status() == StatusCode::PAYLOAD_TOO_LARGE =>
            {
                Problem::new(Code::TooLarge, "That is more than Kith takes at once.")
            }
            JsonRejection::MissingJsonContentType(_) => {
                Problem::malformed("Send JSON, with the content type application/json.")
            }
            _ => Problem::malformed("This is not JSON."),
        })
    }
}

/// What serde says of a field, told to who sent it. Its words are `…: FIELD: SENTENCE at line …`.
fn unfit(text: &str) -> Problem {
    let text = text.split_once(": ").map_or(text, |(_, text)| text);
    let text = text.rsplit_once(" at line ").map_or(text, |(text, _)| text);
    let named = ["missing field `", "unknown field `"].iter().find_map(|words| {
        let rest = text.split_once(words)?.1;
        rest.split_once('`').map(|(field, _)| field.to_owned())
    });
    let field = named.or_else(|| {
        let (field, _) = text.split_once(": ")?;
        field.chars().all(|c| c.is_ascii_lowercase() || c == '_').then(|| field.to_owned())
    });
    let sentence = match &field {
        Some(field) => text.strip_prefix(&format!("{field}: ")).unwrap_or(text).to_owned(),
        None => text.to_owned(),
    };
    let mut problem = Problem::new(Code::Invalid, sentence.clone());
    if let Some(field) = field {
        problem.fields.insert(field.into(), sentence.into());
    }
    problem
}

impl From<QueryRejection> for Refusal {
    fn from(rejection: QueryRejection) -> Self {
        let text = rejection.body_text();
        let field = ["limit", "cursor", "direction", "before", "after", "around", "changed_after"]
            .into_iter()
            .find(|field| text.contains(*field))
            .unwrap_or("query");
        Self(Problem::invalid(field, "This is not a value that Kith takes here."))
    }
}

impl From<PathRejection> for Refusal {
    fn from(_: PathRejection) -> Self {
        // An id that is none names nothing.
        Self(Problem::not_found())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(problem) = self;
        let status =
            StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry = problem.code.passes().then(|| {
            HeaderValue::from(problem.retry_after_ms.unwrap_or(1_000).div_ceil(1_000).max(1))
        });
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(retry) = retry {
            headers.insert(header::RETRY_AFTER, retry);
        }
        response
    }
}

/// How long a request may take, its body included: who sends one byte a minute holds no place.
const PATIENCE: Duration = Duration::from_secs(30);

/// Ends what takes too long. A socket is past this once it is open.
pub async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(PATIENCE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let problem = Problem::malformed("This request took too long.");
            Refusal(Problem { status: 408, ..problem }).into_response()
        }
    }
}

/// What is at no address.
pub async fn not_found() -> Refusal {
    Refusal(Problem::not_found())
}

/// An address that does not take this method.
pub async fn method_not_allowed() -> Response {
    let problem =
        Problem { status: 405, ..Problem::malformed("This address does not take that method.") };
    Refusal(problem).into_response()
}
