//! What is measured, for Prometheus, at an address of its own (`KITH_METRICS_LISTEN`). It tells how much
//! and how long, and never of whom; whoever reaches that address may read it.

use std::{fs, time::Duration};

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{Method, StatusCode, header};
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::{
    net::TcpListener,
    time::{Instant, interval},
};
use tokio_util::sync::CancellationToken;

use crate::{accept, house::Outcome, serve::House};

/// How often what was measured is summed up, whether anybody asks for it or not.
const UPKEEP: Duration = Duration::from_secs(5);

/// The bounds that durations are counted by, in seconds.
const SECONDS: [f64; 13] =
    [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 10.0, 30.0];
/// The bounds that messages are counted by which share a transaction.
const TOGETHER: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// Has everything measured from here on, and kept until it is asked for.
///
/// # Errors
/// Where it is measured already.
pub fn measure() -> Outcome<PrometheusHandle> {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_together".into()), &TOGETHER)?
        .build_recorder();
    let measured = recorder.handle();
    metrics::set_global_recorder(recorder)?;
    describe();
    Ok(measured)
}

fn describe() {
    describe_counter!("kith_messages_stored_total", "Messages stored by this node.");
    describe_counter!(
        "kith_messages_failed_total",
        "Messages that could not be stored, or that too many waited before."
    );
    describe_histogram!("kith_messages_together", "Messages that shared a transaction.");
    describe_histogram!(
        "kith_message_seconds",
        "From when a message was taken until who sent it may be told that it is stored, of those that are."
    );
    describe_counter!(
        "kith_transactions_repeated_total",
        "Tries of transactions that the database undid, each followed by another."
    );
    describe_counter!("kith_limited_total", "What was refused for being too much, by its rule.");
    describe_gauge!("kith_sockets", "Sockets that are open.");
    describe_counter!(
        "kith_sockets_ended_total",
        "Sockets that ended, by their close code: 1000 who went away or fell silent."
    );
    describe_counter!("kith_frames_sent_total", "Frames sent to sockets.");
    describe_counter!(
        "kith_requests_total",
        "Requests, by method, route and status; `gone` where the client did not wait for one."
    );
    describe_histogram!("kith_request_seconds", "How long requests took, by route.");
    describe_gauge!("kith_ready", "Whether this node takes sockets: 0 while it stops.");
    describe_gauge!("kith_database_up", "Whether the database answers.");
    describe_gauge!("kith_redis_up", "Whether Redis answers; missing where there is none.");
    describe_gauge!(
        "kith_change_log_age_seconds",
        "How long ago the change log was read; missing on SQLite, and until it is read first."
    );
    describe_gauge!("process_resident_memory_bytes", "Resident memory.");
}

/// Answers who asks, for as long as the process lives: also while it stops.
pub async fn serve(listener: TcpListener, house: House, measured: PrometheusHandle) {
    let upkeep = measured.clone();
    tokio::spawn(async move {
        let mut ticks = interval(UPKEEP);
        loop {
            ticks.tick().await;
            upkeep.run_upkeep();
        }
    });
    let app = Router::new().route("/metrics", get(show)).with_state((house, measured));
    // With the bounds of every other door.
    accept::connections(listener, app, CancellationToken::new()).await;
}

async fn show(State((house, measured)): State<(House, PrometheusHandle)>) -> Response {
    gauge!("kith_sockets").set(house.sockets.len() as f64);
    gauge!("kith_ready").set(zero_or_one(!house.shutdown.is_cancelled()));
    gauge!("kith_database_up").set(zero_or_one(house.ctx.ping().await.is_ok()));
    if let Some(is_up) = house.ctx.bus().redis_is_up() {
        gauge!("kith_redis_up").set(zero_or_one(is_up));
    }
    if let Some(age) = house.ctx.bus().log_age() {
        gauge!("kith_change_log_age_seconds").set(age.as_secs_f64());
    }
    if let Some(bytes) = resident_memory() {
        gauge!("process_resident_memory_bytes").set(bytes);
    }
    let headers = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (headers, measured.render()).into_response()
}

fn zero_or_one(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

/// In bytes, as Linux tells it.
fn resident_memory() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1_024.0)
}

/// A request, counted when it is over: also where the client breaks it off.
struct Counted {
    begun: Instant,
    method: &'static str,
    route: String,
    status: Option<StatusCode>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let (method, route) = (self.method, std::mem::take(&mut self.route));
        let status = self.status.map_or_else(|| "gone".to_owned(), |it| it.as_u16().to_string());
        histogram!("kith_request_seconds", "route" => route.clone()).record(self.begun.elapsed());
        counter!("kith_requests_total", "method" => method, "route" => route, "status" => status)
            .increment(1);
    }
}

/// Counts a request, and how long it took.
pub async fn count_request(request: Request, next: Next) -> Response {
    // As the route is written: what people ask for is not told, and makes no endless list.
    let matched = request.extensions().get::<MatchedPath>();
    let route = matched.map_or_else(|| "other".to_owned(), |path| path.as_str().to_owned());
    let method = match *request.method() {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    };
    let mut counted = Counted { begun: Instant::now(), method, route, status: None };
    let response = next.run(request).await;
    counted.status = Some(response.status());
    response
}
