//! Takes connections, and gives each a deadline for the head of its next request: who dawdles, or
//! keeps a line open for nothing, holds no place.

use std::{io, net::SocketAddr, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_service::Service as _;

/// How long a request's head may take, counted from the answer before it.
const HEAD: Duration = Duration::from_secs(30);
/// How long what was written may lie untaken at the other end.
const UNTAKEN: Duration = Duration::from_secs(60);
/// The largest head, in bytes.
const LARGEST_HEAD: usize = 32 * 1024;
/// How long nothing is taken when there are no descriptors left.
const BREATH: Duration = Duration::from_millis(100);

/// Serves every connection until `shutdown`, then waits until each has its answer.
pub async fn connections(listener: TcpListener, app: Router, shutdown: CancellationToken) {
    let mut services = app.into_make_service_with_connect_info::<SocketAddr>();
    let open = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                // It cannot fail: making one is cloning the router.
                let Ok(service) = services.call(peer).await;
                let service = TowerToHyperService::new(service);
                open.spawn(serve(stream, service, shutdown.clone()));
            }
            Err(error) if is_theirs(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be taken");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    drop(listener);
    open.close();
    open.wait().await;
}

/// Gone before it was taken.
fn is_theirs(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn serve<S>(stream: TcpStream, service: TowerToHyperService<S>, shutdown: CancellationToken)
where
    S: tower_service::Service<
            http::Request<hyper::body::Incoming>,
            Response = axum::response::Response,
            Error = std::convert::Infallible,
        > + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    // An event is one small write; waiting for more to go with it would only make it late.
    let _ = stream.set_nodelay(true);
    // An answer that nobody takes holds no place either.
    let _ = socket2::SockRef::from(&stream).set_tcp_user_timeout(Some(UNTAKEN));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // What a client breaks off is no news.
        _ = connection.as_mut() => return,
        () = shutdown.cancelled() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}
