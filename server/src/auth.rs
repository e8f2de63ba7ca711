//! Who asks: the session in the cookie, or in `Authorization: Bearer`.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use domain::{Viewer, accounts::sessions::Device};
use http::{HeaderMap, header, request::Parts};
use protocol::Problem;

use crate::{origin::Origins, problem::Refusal, serve::House};

/// Somebody who is signed in; else the request is refused with 401.
pub struct SignedIn(pub Viewer);

/// Where a request comes from: what signs up or in.
pub struct Caller {
    pub user_agent: Option<String>,
    pub address: IpAddr,
    /// Who is at the other end of the connection: a proxy, perhaps.
    pub peer: IpAddr,
}

impl Caller {
    pub fn device(&self) -> Device<'_> {
        Device { user_agent: self.user_agent.as_deref(), address: Some(self.address) }
    }
}

impl FromRequestParts<House> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, Refusal> {
        let headers = &parts.headers;
        let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self {
            user_agent: agent.map(str::to_owned),
            address: house.origins.client(headers, peer(parts)),
            peer: peer(parts),
        })
    }
}

/// Somebody, or nobody.
pub struct Anyone(pub Option<Viewer>);

/// The address that the request came from.
pub fn peer(parts: &Parts) -> IpAddr {
    let unknown = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map_or(unknown, |info| info.0.ip())
}

impl FromRequestParts<House> for SignedIn {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, Refusal> {
        let token = token(&house.origins, &parts.headers, peer(parts))
            .ok_or_else(|| Refusal(Problem::unauthenticated()))?;
        Ok(Self(domain::accounts::sessions::authenticate(&house.ctx, token).await?))
    }
}

impl FromRequestParts<House> for Anyone {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, Refusal> {
        match SignedIn::from_request_parts(parts, house).await {
            Ok(SignedIn(viewer)) => Ok(Self(Some(viewer))),
            Err(Refusal(problem)) if problem.status == 401 => Ok(Self(None)),
            Err(refusal) => Err(refusal),
        }
    }
}

/// Whether a request brings what could be a session's token.
pub fn shows_token(parts: &Parts, house: &House) -> bool {
    token(&house.origins, &parts.headers, peer(parts)).is_some()
}

fn token<'a>(origins: &Origins, headers: &'a HeaderMap, peer: IpAddr) -> Option<&'a str> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    match bearer {
        Some(value) => value.strip_prefix("Bearer ").map(str::trim),
        None => cookie_token(origins, headers, peer),
    }
}

/// The token in the session cookie.
pub fn cookie_token<'a>(
    origins: &Origins,
    headers: &'a HeaderMap,
    peer: IpAddr,
) -> Option<&'a str> {
    cookies(headers).find_map(|cookie| origins.cookie(headers, peer).read(cookie))
}

/// Every `Cookie` header.
pub fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok())
}

/// One cookie by its name.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    cookies(headers).flat_map(|header| header.split(';')).find_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        (key == name).then_some(value)
    })
}
