//! The table of notifications.

use protocol::{
    AccountId, MessageId, NotificationId, RequestId, RoomId, Timestamp, notifications::Kind,
};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notification")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: NotificationId,
    pub account_id: AccountId,
    /// The account's own numbers; a card that changes takes the next.
    pub seq: i64,
    pub kind: Kind,
    pub actor_id: AccountId,
    /// Whether the request that it is about was the account's own.
    pub own: bool,
    pub request_id: Option<RequestId>,
    pub room_id: Option<RoomId>,
    pub message_id: Option<MessageId>,
    pub created_at: Timestamp,
    pub read_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
