//! Accounts and sessions.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{AccountId, DisplayName, Email, Login, Password, SessionId, Timestamp, Username};

/// A person as others see them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct User {
    pub id: AccountId,
    pub username: String,
    pub display_name: String,
    /// A square picture, 96 pixels a side; with `/512.jpg` at its end, a larger one.
    pub avatar_url: Option<String>,
    /// Present to friends, where it is fresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// When they were here last, of those who are not and let friends know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
}

/// Whether somebody is here.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Online,
    /// Here, but without a hand on it for some minutes.
    Away,
    Offline,
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
    /// What was asked of bots, where the house asks.
    #[serde(default)]
    pub challenge: Option<Challenge>,
}

/// A token of the house, and what was worked out for it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    pub token: String,
    /// With it, the SHA-256 of `token:answer` begins with as many zero bits as were asked for.
    #[serde(default)]
    pub answer: Option<String>,
}

/// A password that is to be judged before it is chosen.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StrengthCheck {
    pub password: Password,
    /// What the person is called.
    #[serde(default)]
    pub words: Vec<String>,
}

/// How strong a password is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Strength {
    /// 0 to 4; from 2 on it is taken.
    pub score: u8,
    /// The same in a sentence.
    pub says: Cow<'static, str>,
}

/// One's own account, with what only oneself sees.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Account {
    #[serde(flatten)]
    pub user: User,
    pub email: Option<String>,
    pub email_confirmed: bool,
    /// Whether everyone sees the address.
    pub email_shown: bool,
    /// Whether friends see when one was here last.
    pub seen_shown: bool,
    /// Whether nobody sees that one is here.
    pub invisible: bool,
    /// Whether one may sign in with a password.
    pub has_password: bool,
    pub admin: bool,
    pub created_at: Timestamp,
}

/// What of an account is to change; what is absent stays.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileChange {
    #[serde(default)]
    pub display_name: Option<DisplayName>,
    /// Empty for none. Another one wants the password: by it the account can be taken over.
    #[serde(default)]
    pub email: Option<String>,
    /// The password, where the address changes.
    #[serde(default)]
    pub current: Option<Password>,
    #[serde(default)]
    pub email_shown: Option<bool>,
    #[serde(default)]
    pub seen_shown: Option<bool>,
    #[serde(default)]
    pub invisible: Option<bool>,
}

/// What becomes of what somebody said whose account is deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// It stays, said by a deleted account.
    #[default]
    Stays,
    /// It is deleted too.
    Goes,
}

/// What deleting one's account asks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deletion {
    /// None where the account has none: then it is enough to have signed in a moment ago.
    #[serde(default)]
    pub password: Option<Password>,
    #[serde(default)]
    pub messages: Said,
}

/// Another password for oneself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// None where the account has none.
    #[serde(default)]
    pub current: Option<Password>,
    pub new: Password,
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
