//! The table of messages.

use protocol::{AccountId, MessageId, RoomId, Timestamp, messages::Kind};
use sea_orm::entity::prelude::*;

#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "message")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub room_id: RoomId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    pub id: MessageId,
    pub revision: i64,
    pub author_id: AccountId,
    pub kind: Kind,
    pub body: String,
    pub created_at: Timestamp,
    pub edited_at: Option<Timestamp>,
    pub deleted_at: Option<Timestamp>,
    pub reply_to: Option<MessageId>,
    /// JSON: whom it mentions.
    pub mentions: Option<String>,
    /// JSON: each emoji on it, with how often.
    pub reactions: Option<String>,
}

// Written out so that no text gets into a log by way of `{:?}`.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id)
            .field("seq", &self.seq)
            .finish_non_exhaustive()
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What was edited or deleted, by the revision that it took.
pub mod change {
    use protocol::RoomId;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "message_change")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub room_id: RoomId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub revision: i64,
        pub seq: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Who put what on which message.
pub mod reaction {
    use protocol::{AccountId, RoomId, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "reaction")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub room_id: RoomId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub seq: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub account_id: AccountId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub emoji: String,
        pub created_at: Timestamp,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What messages said before they were edited.
pub mod edit {
    use protocol::{RoomId, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "message_edit")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub room_id: RoomId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub seq: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub revision: i64,
        pub body: String,
        pub said_at: Timestamp,
    }

    // No text gets into a log by way of `{:?}`.
    impl std::fmt::Debug for Model {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("Edit").field("seq", &self.seq).finish_non_exhaustive()
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What messages said that were deleted a moment ago.
pub mod undo {
    use protocol::{AccountId, RoomId, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "message_undo")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub room_id: RoomId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub seq: i64,
        pub deleted_by: AccountId,
        pub deleted_at: Timestamp,
        pub body: String,
    }

    // No text gets into a log by way of `{:?}`.
    impl std::fmt::Debug for Model {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("Undo").field("seq", &self.seq).finish_non_exhaustive()
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
