//! Reading over REST: what the socket does not bring.

use gloo_net::http::{Request, RequestBuilder, Response};
use protocol::{Code, Problem};
use serde::{Serialize, de::DeserializeOwned};

/// Reads one resource.
///
/// # Errors
/// The server's problem, or `unavailable` where it was not reached.
pub async fn get<T: DeserializeOwned>(path: &str) -> Result<T, Problem> {
    read(Request::get(path)).await
}

/// Says something about a resource; what it answers is of no interest.
///
/// # Errors
/// As [`get`].
pub async fn put_json(path: &str, body: &impl Serialize) -> Result<(), Problem> {
    let request = Request::put(path).json(body).map_err(|_| unreachable())?;
    let response = request.send().await.map_err(|_| unreachable())?;
    if response.ok() {
        Ok(())
    } else {
        Err(response.json().await.unwrap_or_else(|_| unreachable()))
    }
}

/// Does something to a resource, which answers what is there then.
///
/// # Errors
/// As [`get`].
pub async fn send<T: DeserializeOwned>(method: &str, path: &str) -> Result<T, Problem> {
    read(match method {
        "PUT" => Request::put(path),
        "DELETE" => Request::delete(path),
        _ => Request::post(path),
    })
    .await
}

/// Changes a resource, and reads what it is then.
///
/// # Errors
/// As [`get`].
pub async fn patch_json<T: DeserializeOwned>(
    path: &str,
    body: &impl Serialize,
) -> Result<T, Problem> {
    let request = Request::patch(path).json(body).map_err(|_| unreachable())?;
    answered(request.send().await.map_err(|_| unreachable())?).await
}

/// Sends a form to a server function, and reads what it answers.
///
/// # Errors
/// As [`get`].
pub async fn send_form<T: DeserializeOwned>(
    path: &str,
    form: web_sys::UrlSearchParams,
) -> Result<T, Problem> {
    let request = Request::post(path).header("accept", "application/json").body(form);
    let response = request.map_err(|_| unreachable())?.send().await;
    answered(response.map_err(|_| unreachable())?).await
}

fn unreachable() -> Problem {
    Problem::new(Code::Unavailable, "Kith cannot be reached. Try again in a moment.")
}

async fn read<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, Problem> {
    answered(request.send().await.map_err(|_| unreachable())?).await
}

async fn answered<T: DeserializeOwned>(response: Response) -> Result<T, Problem> {
    if response.ok() {
        response.json().await.map_err(|_| unreachable())
    } else {
        Err(response.json().await.unwrap_or_else(|_| unreachable()))
    }
}

/// Whether the server says that nobody is signed in here; not being reached says nothing.
pub async fn is_signed_out() -> bool {
    matches!(Request::get("/api/v1/me").send().await, Ok(response) if response.status() == 401)
}
