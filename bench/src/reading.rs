//! Pages and histories: what a request costs.

use std::time::{Duration, Instant};

use reqwest::Client;

use crate::{Outcome, house::House, report::percentile};

/// As many ask at once.
const AT_ONCE: usize = 4;

#[derive(Clone, Copy, Debug)]
pub struct Run {
    pub a_second: f64,
    pub cpu_ms: f64,
    pub p99_ms: f64,
    pub bytes: usize,
}

/// Asks for one address over and over.
pub async fn run(house: &House, path: &str, token: Option<&str>, lasts: Duration) -> Outcome<Run> {
    let url = house.url(path);
    // Warm first.
    drive(&url, token, Duration::from_millis(300)).await?;
    let (before, began) = (house.usage()?.cpu, Instant::now());
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..AT_ONCE {
        let (url, token) = (url.clone(), token.map(str::to_owned));
        asking.spawn(async move { drive(&url, token.as_deref(), lasts).await });
    }
    let (mut took, mut bytes) = (Vec::new(), 0);
    while let Some(done) = asking.join_next().await {
        let (some, length) = done??;
        took.extend(some);
        bytes = length;
    }
    let count = took.len() as f64;
    Ok(Run {
        a_second: count / began.elapsed().as_secs_f64(),
        cpu_ms: (house.usage()?.cpu - before) * 1e3 / count,
        p99_ms: percentile(&mut took, 0.99) / 1e6,
        bytes,
    })
}

async fn drive(url: &str, token: Option<&str>, lasts: Duration) -> Outcome<(Vec<u64>, usize)> {
    let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let (mut took, mut bytes, began) = (Vec::new(), 0, Instant::now());
    while began.elapsed() < lasts {
        let at = Instant::now();
        let mut request = client.get(url).header("accept", "text/html,application/json");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await?.error_for_status()?;
        bytes = answer.bytes().await?.len();
        took.push(at.elapsed().as_nanos() as u64);
    }
    Ok((took, bytes))
}
