//! Accounts and sessions.

use serde::{Deserialize, Serialize, de::IgnoredAny};

use crate::{AccountId, DisplayName, Email, Login, Password, SessionId, Timestamp, Username};

/// A person as others see them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct User {
    pub id: AccountId,
    pub username: String,
    pub display_name: String,
    pub avatar_url: Option<String>,
}

impl User {
    /// What lists of people are sorted by, the same on the server and in the page.
    pub fn sort_key(&self) -> (String, AccountId) {
        (self.display_name.to_ascii_lowercase(), self.id)
    }
}

/// What signing up asks for. Without a display name the username is shown.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignUp {
    pub username: Username,
    pub password: Password,
    #[serde(default)]
    pub email: Option<Email>,
    #[serde(default)]
    pub display_name: Option<DisplayName>,
    /// An answer to a challenge against bots; nothing asks for one yet.
    #[serde(default)]
    pub challenge: Option<IgnoredAny>,
}

/// What signing in asks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    pub login: Login,
    pub password: Password,
}

/// What a forgotten password is asked back with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResetRequest {
    pub email: Email,
}

/// The new password, given with the token of the link.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reset {
    pub password: Password,
}

/// What signing up or in answers; the token only to who is no browser.
#[derive(Debug, Serialize, Deserialize)]
pub struct SignedIn {
    pub user: User,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// A signed-in device.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Session {
    pub id: SessionId,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    /// What the browser called itself when it signed in.
    pub user_agent: Option<String>,
    pub current: bool,
}
