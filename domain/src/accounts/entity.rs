//! The table of accounts.

use protocol::{AccountId, PictureId, Timestamp, User};
use sea_orm::entity::prelude::*;

#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AccountId,
    #[sea_orm(unique)]
    pub username: String,
    pub display_name: String,
    /// `display_name` in lower case.
    pub display_key: String,
    pub email: Option<String>,
    /// `email` in lower case, once it is confirmed.
    #[sea_orm(unique)]
    pub email_key: Option<String>,
    /// A PHC string; empty for none.
    pub password_hash: String,
    pub admin: bool,
    /// What the username looks like; of an account that is no more, what it looked like.
    #[sea_orm(unique)]
    pub skeleton: Option<String>,
    pub email_shown: bool,
    pub seen_shown: bool,
    pub invisible: bool,
    pub picture_id: Option<PictureId>,
    pub last_seen_at: Option<Timestamp>,
    pub deleted_at: Option<Timestamp>,
    /// What they said is to go as well, and some of it is still there.
    pub forgetting: bool,
    /// It is deleted, and others may still have something with it.
    pub leaving: bool,
    /// The number of the latest notification.
    pub notified_seq: i64,
    pub created_at: Timestamp,
}

impl Model {
    /// Whether one may sign in to it with a password.
    pub fn has_password(&self) -> bool {
        !self.password_hash.is_empty()
    }
}

// Written out so that no address and no hash gets into a log by way of `{:?}`.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("id", &self.id).finish_non_exhaustive()
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for User {
    fn from(account: Model) -> Self {
        let Model { id, username, display_name, picture_id, .. } = account;
        super::Named { id, username, display_name, picture_id }.into()
    }
}
