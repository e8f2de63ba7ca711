//! The cookie that keeps a browser signed in.

use domain::accounts::sessions::LIFETIME_MS;

/// How the session cookie is written: under HTTPS bound to the host and never sent in the clear.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionCookie {
    pub secure: bool,
}

impl SessionCookie {
    fn name(self) -> &'static str {
        if self.secure { "__Host-kith" } else { "kith" }
    }

    /// `Set-Cookie` for a new session.
    pub fn set(self, token: &str) -> String {
        self.written(token, LIFETIME_MS / 1_000)
    }

    /// `Set-Cookie` that forgets the session.
    pub fn clear(self) -> String {
        self.written("", 0)
    }

    fn written(self, value: &str, max_age: i64) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        let name = self.name();
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age}{secure}")
    }

    /// The token in a `Cookie` header.
    pub fn read(self, header: &str) -> Option<&str> {
        header.split(';').find_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == self.name() && !value.is_empty()).then_some(value)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_binds_the_cookie_to_the_host() {
        let cookie = SessionCookie { secure: true }.set("t");
        assert_eq!(
            cookie,
            "__Host-kith=t; Path=/; HttpOnly; SameSite=Lax; Max-Age=2592000; Secure"
        );
        assert_eq!(SessionCookie { secure: true }.read("a=b; __Host-kith=t"), Some("t"));
        assert_eq!(SessionCookie { secure: true }.read("kith=t"), None);
        assert_eq!(SessionCookie { secure: false }.read("kith="), None);
    }
}
