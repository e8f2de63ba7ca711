//! What every action needs: the store, the bus, the clock.

use std::{sync::Arc, time::Duration};

use sea_orm::{
    ActiveModelBehavior, ActiveValue::Set, DatabaseConnection, DeriveEntityModel, DerivePrimaryKey,
    DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait, sea_query::OnConflict,
};

use crate::{
    Clock, Result, accounts::passwords::Hasher, bus::Bus, change_log, clock, db::Db, error::Error,
    messages::queues::Queues,
};

/// How long the database may take to say that it is there.
const PING: Duration = Duration::from_secs(2);

/// What a [`Ctx`] is opened with.
#[derive(Clone, Debug)]
pub struct Config {
    /// `sqlite:PATH`, or `postgres://…`, which several nodes may share.
    pub database_url: String,
    /// `redis://…` or `rediss://…`, by which nodes wake each other.
    pub redis_url: Option<String>,
    pub clock: Clock,
}

/// The first argument of every action. Cheap to clone.
#[derive(Clone)]
pub struct Ctx {
    pub(crate) db: Db,
    pub(crate) bus: Bus,
    pub(crate) clock: Clock,
    pub(crate) hasher: Arc<Hasher>,
    pub(crate) queues: Queues,
    epoch: Arc<str>,
}

impl Ctx {
    /// Opens the database, lets `migrate` bring it to the schema of this build, and reads which
    /// house it is.
    ///
    /// # Errors
    /// `Internal` or `Unavailable` where the database cannot be opened or migrated.
    pub async fn open(
        config: Config,
        migrate: impl AsyncFnOnce(&DatabaseConnection) -> Result<(), sea_orm::DbErr>,
    ) -> Result<Self> {
        let db = Db::open(&config.database_url, &config.clock).await?;
        db.migrate(migrate).await?;
        let epoch = epoch(&db, &config.clock).await?;
        // First it listens, then it reads where the others stand.
        let bus = Bus::open(config.redis_url.as_deref(), &epoch, &config.clock).await?;
        if let Some(lanes) = db.lanes() {
            change_log::follow(lanes, db.deliver(), &config.clock, &bus).await?;
        }
        let ctx = Self {
            db,
            bus,
            clock: config.clock,
            hasher: Arc::default(),
            queues: Queues::none(),
            epoch: epoch.into(),
        };
        Ok(Self { queues: Queues::open(&ctx), ..ctx })
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// `Unavailable` or `Internal` where it does not.
    pub async fn ping(&self) -> Result<()> {
        Ok(self.db.read().ping(PING).await?)
    }

    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Names this database; another one after it was restored.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// An id that nobody has: the present time and chance.
    pub fn new_id<T>(&self, make: impl FnOnce(i64, [u8; 16]) -> T) -> T {
        make(self.clock.now().0, clock::random())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "house")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    pub epoch: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

async fn epoch(db: &Db, clock: &Clock) -> Result<String> {
    let fresh = protocol::RoomId::new(clock.now().0, clock::random()).to_string();
    Entity::insert(ActiveModel { id: Set(1), epoch: Set(fresh) })
        .on_conflict(OnConflict::column(Column::Id).do_nothing().to_owned())
        .exec_without_returning(db.writer())
        .await?;
    let house = Entity::find_by_id(1).one(db.writer()).await?;
    house.map(|house| house.epoch).ok_or_else(|| Error::internal("the house has no row"))
}
