//! Whose request this is: ours, or a foreign page's. Covers REST, server functions and the socket's
//! handshake, so that no other site can act with a person's cookie.

use std::net::{IpAddr, SocketAddr};

use app::api::session_cookie::SessionCookie;
use axum::{
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method, header};
use protocol::{Code, Problem};

use crate::{auth, problem::Refusal, serve::House};

/// Where this house is, and which proxies are believed.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    /// Scheme and host that people type, without a path.
    pub public: Option<String>,
    pub trusted_proxies: Vec<IpAddr>,
}

impl Origins {
    /// Reads the address that people type.
    ///
    /// # Errors
    /// A sentence where it is no http or https address.
    pub fn new(public_url: Option<&str>, trusted_proxies: Vec<IpAddr>) -> Result<Self, String> {
        let origin = |url: &str| {
            let uri: http::Uri = url.parse().ok()?;
            let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https"))?;
            Some(format!("{scheme}://{}", uri.authority()?))
        };
        let public = match public_url {
            None => None,
            Some(url) => Some(origin(url).ok_or_else(|| {
                format!("KITH_PUBLIC_URL: {url} is no address such as https://chat.example.org")
            })?),
        };
        let trusted_proxies = trusted_proxies.iter().map(IpAddr::to_canonical).collect();
        Ok(Self { public, trusted_proxies })
    }

    /// Whether this is a proxy that is believed, also where it comes to an address of IPv6.
    fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.contains(&peer.to_canonical())
    }

    /// Scheme and host as this request has them.
    fn received(&self, headers: &HeaderMap, peer: IpAddr) -> Option<String> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let forwarded = |name: &str| {
            let value = text(name).filter(|_| self.trusts(peer))?;
            value.split(',').next().map(str::trim)
        };
        let scheme = forwarded("x-forwarded-proto").unwrap_or("http");
        let host = forwarded("x-forwarded-host").or_else(|| text("host"))?;
        Some(format!("{scheme}://{host}"))
    }

    /// The address that the request came from: behind proxies that are believed, the last one that
    /// is none of them.
    pub fn client(&self, headers: &HeaderMap, peer: IpAddr) -> IpAddr {
        if !self.trusts(peer) {
            return peer.to_canonical();
        }
        let values = headers.get_all("x-forwarded-for").iter();
        let values: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
        let hops = values.iter().flat_map(|value| value.split(',')).rev();
        let hops = hops.map_while(|hop| hop.trim().parse::<IpAddr>().ok());
        let mut last = peer;
        for hop in hops {
            last = hop;
            if !self.trusts(hop) {
                break;
            }
        }
        last.to_canonical()
    }

    fn is_ours(&self, origin: &str, headers: &HeaderMap, peer: IpAddr) -> bool {
        self.public.as_deref() == Some(origin)
            || self.received(headers, peer).as_deref() == Some(origin)
    }

    /// Whether another site had the browser send this.
    pub fn is_foreign(&self, headers: &HeaderMap, peer: IpAddr) -> bool {
        let site = headers.get("sec-fetch-site").map(|value| value.as_bytes());
        if matches!(site, Some(b"cross-site" | b"same-site")) {
            return true;
        }
        let origin = headers.get(header::ORIGIN);
        origin.is_some_and(|origin| {
            !origin.to_str().is_ok_and(|origin| self.is_ours(origin, headers, peer))
        })
    }

    /// How the session cookie is written for this request.
    pub fn cookie(&self, headers: &HeaderMap, peer: IpAddr) -> SessionCookie {
        let origin = self.public.clone().or_else(|| self.received(headers, peer));
        SessionCookie { secure: origin.is_some_and(|origin| origin.starts_with("https:")) }
    }
}

/// Whether a browser sent this; it gets the cookie, and anyone else the token.
pub fn is_browser(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site")
}

/// Refuses what may change something and does not come from this house.
pub async fn guard(
    State(house): State<House>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let unknown_origin =
        !is_browser(headers) && auth::cookie_token(&house.origins, headers, peer.ip()).is_some();
    if !is_safe && (house.origins.is_foreign(headers, peer.ip()) || unknown_origin) {
        let detail = "This request did not come from Kith's own page.";
        return Refusal(Problem::new(Code::Forbidden, detail)).into_response();
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn only_the_own_origin_is_ours() {
        let origins = Origins::new(Some("https://chat.example.org/"), Vec::new()).unwrap();
        for (pairs, foreign) in [
            (vec![], false),
            (vec![("sec-fetch-site", "same-origin")], false),
            (vec![("sec-fetch-site", "none")], false),
            (vec![("sec-fetch-site", "same-site")], true),
            (vec![("sec-fetch-site", "cross-site")], true),
            (vec![("origin", "https://chat.example.org")], false),
            (vec![("origin", "http://chat.example.org")], true),
            (vec![("origin", "https://evil.example"), ("host", "chat.example.org")], true),
            (vec![("origin", "http://10.0.0.5:3000"), ("host", "10.0.0.5:3000")], false),
            (vec![("origin", "null")], true),
        ] {
            assert_eq!(origins.is_foreign(&headers(&pairs), PEER), foreign, "{pairs:?}");
        }
    }

    #[test]
    fn forwarded_headers_count_from_the_proxy_alone() {
        let forwarded = [("x-forwarded-proto", "https"), ("host", "chat.example.org")];
        let believed = Origins::new(None, vec![PEER]).unwrap();
        let not = Origins::new(None, Vec::new()).unwrap();
        assert!(believed.cookie(&headers(&forwarded), PEER).secure);
        assert!(!not.cookie(&headers(&forwarded), PEER).secure);
    }

    #[test]
    fn who_asks_is_told_by_the_proxy_alone() {
        let (inner, client) = ("10.0.0.2", "203.0.113.9");
        let origins = Origins::new(None, vec![PEER, inner.parse().unwrap()]).unwrap();
        let forged = format!("198.51.100.1, {client}, {inner}");
        let believed = origins.client(&headers(&[("x-forwarded-for", &forged)]), PEER);
        assert_eq!(believed.to_string(), client);
        let stranger: IpAddr = "192.0.2.7".parse().unwrap();
        assert_eq!(origins.client(&headers(&[("x-forwarded-for", client)]), stranger), stranger);
        assert_eq!(origins.client(&headers(&[("x-forwarded-for", "x")]), PEER), PEER);
    }

    #[test]
    fn a_public_url_is_an_address() {
        assert!(Origins::new(Some("chat.example.org"), Vec::new()).is_err());
        assert!(Origins::new(Some("ftp://chat.example.org"), Vec::new()).is_err());
    }
}
