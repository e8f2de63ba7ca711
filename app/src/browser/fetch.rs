//! Reading over REST: what the socket does not bring.

use std::{future::Future, pin::Pin};

use gloo_net::http::{Request, RequestBuilder};
use protocol::{Code, Problem, json};
use serde::{Serialize, de::DeserializeOwned};

/// Reads one resource.
///
/// # Errors
/// The server's problem, or `unavailable` where it was not reached.
pub async fn get<T: DeserializeOwned>(path: &str) -> Result<T, Problem> {
    read(&ask(Request::get(path).build()).await?)
}

/// Says something about a resource; what it answers is of no interest.
///
/// # Errors
/// As [`get`].
pub async fn put_json(path: &str, body: &impl Serialize) -> Result<(), Problem> {
    ask(with_json(Request::put(path), body)).await.map(drop)
}

/// Does something to a resource, which answers what is there then.
///
/// # Errors
/// As [`get`].
pub async fn send<T: DeserializeOwned>(method: &str, path: &str) -> Result<T, Problem> {
    let request = match method {
        "PUT" => Request::put(path),
        "DELETE" => Request::delete(path),
        _ => Request::post(path),
    };
    read(&ask(request.build()).await?)
}

/// Changes a resource, and reads what it is then.
///
/// # Errors
/// As [`get`].
pub async fn patch_json<T: DeserializeOwned>(
    path: &str,
    body: &impl Serialize,
) -> Result<T, Problem> {
    read(&ask(with_json(Request::patch(path), body)).await?)
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
    read(&ask(request).await?)
}

/// Whether the server says that nobody is signed in here; not being reached says nothing.
pub async fn is_signed_out() -> bool {
    let asked = ask(Request::get("/api/v1/me").build()).await;
    asked.is_err_and(|problem| problem.status == 401)
}

type Built = Result<Request, gloo_net::Error>;

fn with_json(request: RequestBuilder, body: &impl Serialize) -> Built {
    let json = serde_json::to_string(body)?;
    request.header("content-type", "application/json").body(json)
}

/// What is answered, as text. In one piece of code for all that is asked: each of its own would be
/// kilobytes more of the page.
fn ask(request: Built) -> Pin<Box<dyn Future<Output = Result<String, Problem>>>> {
    Box::pin(async move {
        let request = request.map_err(|_| unreachable())?;
        let response = request.send().await.map_err(|_| unreachable())?;
        let text = response.text().await.map_err(|_| unreachable())?;
        if response.ok() {
            Ok(text)
        } else {
            Err(json::read(&text).unwrap_or_else(|_| unreachable()))
        }
    })
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    json::read(text).map_err(|_| unreachable())
}

fn unreachable() -> Problem {
    Problem::new(Code::Unavailable, "Kith cannot be reached. Try again in a moment.")
}
