//! A build that knows no identity provider.

use std::convert::Infallible;

use domain::accounts::identities::Identity;

use super::{Refused, Secrets, Sent};

/// None, ever.
pub struct Provider {
    pub issuer: String,
    pub name: String,
    never: Infallible,
}

impl Provider {
    /// # Errors
    /// Always.
    pub fn new(_: &str, _: &str, _: Option<&str>, _: &str) -> Result<Self, String> {
        Err("KITH_OIDC_ISSUER: this build knows no identity provider (cargo feature oidc)".into())
    }

    pub async fn send(&self, _: &str, _: bool) -> Result<Sent, Refused> {
        match self.never {}
    }

    pub async fn identify(&self, _: &str, _: String, _: Secrets) -> Result<Identity, Refused> {
        match self.never {}
    }
}
