//! The table of pictures.

use protocol::{AccountId, PictureId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "picture")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PictureId,
    /// Pixels a side.
    #[sea_orm(primary_key, auto_increment = false)]
    pub size: i32,
    pub account_id: AccountId,
    /// JPEG.
    pub bytes: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
