//! The tables of rooms and of memberships.

pub mod room {
    use protocol::{AccountId, RoomId, Timestamp, rooms::Kind};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "room")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: RoomId,
        pub kind: Kind,
        pub name: String,
        pub topic: String,
        pub closed: bool,
        /// For the house's own people alone.
        pub staff_only: bool,
        /// It is shown who comes and goes.
        pub notices: bool,
        /// Seconds between two messages of one member; 0 for none.
        pub slow_mode: i64,
        /// How many days what is said is kept: 0 for ever, -1 for not at all.
        pub retention_days: i64,
        /// The first number that is kept.
        pub first_seq: i64,
        /// The two ids of a direct room, the lower first.
        pub direct_pair: Option<Vec<u8>>,
        pub last_seq: i64,
        pub revision: i64,
        /// Rises with every change of who is in the room.
        pub access: i64,
        pub member_count: i64,
        pub last_author_id: Option<AccountId>,
        pub last_text: String,
        pub last_message_at: Timestamp,
        pub created_at: Timestamp,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(has_many = "super::membership::Entity")]
        Membership,
    }

    impl Related<super::membership::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Membership.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod membership {
    use protocol::{
        AccountId, RoomId, Timestamp,
        rooms::{Notify, Role},
    };
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "membership")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub room_id: RoomId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub account_id: AccountId,
        pub role: Role,
        pub read_seq: i64,
        pub joined_at: Timestamp,
        pub muted_until: Option<Timestamp>,
        /// When they said something last.
        pub spoke_at: Option<Timestamp>,
        pub notify: Notify,
        /// The number of the latest message that mentions them; 0 for none.
        pub mentioned_seq: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "super::room::Entity",
            from = "Column::RoomId",
            to = "super::room::Column::Id"
        )]
        Room,
    }

    impl Related<super::room::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Room.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod removal {
    use protocol::{AccountId, RoomId, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "removal")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub room_id: RoomId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub account_id: AccountId,
        pub removed_by: AccountId,
        pub removed_at: Timestamp,
        /// Nobody lets them back in before the ban is lifted.
        pub banned: bool,
        pub reason: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod invite {
    use protocol::{AccountId, RoomId, Timestamp};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "invite")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub code_hash: Vec<u8>,
        pub room_id: RoomId,
        pub created_by: AccountId,
        pub created_at: Timestamp,
        pub expires_at: Timestamp,
        /// `None` for as many as come.
        pub uses_left: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod log {
    use protocol::{AccountId, RoomId, Timestamp, rooms::Action};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "room_log")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub room_id: RoomId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub actor_id: AccountId,
        pub action: Action,
        pub subject_id: Option<AccountId>,
        pub detail: String,
        pub created_at: Timestamp,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
