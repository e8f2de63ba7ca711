//! What every action needs: the store, the bus, the clock.

use std::{sync::Arc, time::Duration};

use sea_orm::{ActiveValue::Set, DatabaseConnection, entity::prelude::*, sea_query::OnConflict};

use crate::{
    Clock, Result,
    accounts::{challenge, passwords::Hasher},
    bus::Bus,
    change_log, clock,
    db::Db,
    error::Error,
    followers,
    limits::{self, Limits, Quotas},
    messages::{passing::Passing, queues::Queues},
    others,
    presence::{self, Presence},
    sweep,
    uploads::Studio,
};

/// How long the database may take to say that it is there.
const PING: Duration = Duration::from_secs(2);

/// As many connections to a server are enough for a busy node: more only wait for each other.
pub const CONNECTIONS: u32 = 19;
/// As long is waited for what Redis knows: longer than it takes, and nothing that a person would notice.
const REDIS_PATIENCE: Duration = Duration::from_millis(200);

/// What a [`Ctx`] is opened with.
#[derive(Clone, Debug)]
pub struct Config {
    /// `sqlite:PATH`, or `postgres://…` or `mysql://…`, which several nodes may share.
    pub database_url: String,
    /// As many connections to a database that is a server, at most; two more while it is migrated. Six
    /// are enough to work with.
    pub connections: u32,
    /// `redis://…`, `rediss://…` or `redis-cluster://…`, by which nodes tell each other at once.
    pub redis_url: Option<String>,
    /// How long anybody waits for what Redis knows, before they go on without it.
    pub redis_patience: Duration,
    pub clock: Clock,
    /// How often things may be done; `None` for as often as anybody likes.
    pub quotas: Option<Quotas>,
    /// Where this house is found, such as `https://chat.example.org`: for links in letters.
    pub address: String,
    /// Whether letters leave the house: an e-mail address then counts once it is confirmed.
    pub sends_mail: bool,
    /// Whether who signs up has to show that they are no bot.
    pub challenges_bots: bool,
    /// Whether anybody signs up or in with a password.
    pub takes_passwords: bool,
}

impl Config {
    /// A house with this database, alone, with no limits.
    pub fn new(database_url: impl Into<String>) -> Self {
        Self {
            database_url: database_url.into(),
            connections: CONNECTIONS,
            redis_url: None,
            redis_patience: REDIS_PATIENCE,
            clock: Clock::System,
            quotas: None,
            address: "http://localhost".into(),
            sends_mail: false,
            challenges_bots: false,
            takes_passwords: true,
        }
    }
}

/// The first argument of every action. Cheap to clone.
#[derive(Clone)]
pub struct Ctx {
    pub(crate) db: Db,
    pub(crate) bus: Bus,
    pub(crate) clock: Clock,
    pub(crate) hasher: Arc<Hasher>,
    pub(crate) queues: Queues,
    limits: Limits,
    /// Whether somebody waits to forget what was deleted.
    pub(crate) sweeps: Arc<std::sync::atomic::AtomicBool>,
    pub(crate) studio: Arc<Studio>,
    pub(crate) presence: Arc<Presence>,
    pub(crate) challenges: Arc<challenge::Used>,
    pub(crate) passing: Arc<Passing>,
    pub(crate) sends_mail: bool,
    pub(crate) challenges_bots: bool,
    pub(crate) takes_passwords: bool,
    /// What this house signs with.
    pub(crate) secret: Arc<str>,
    address: Arc<str>,
    epoch: Arc<str>,
    /// What goes on behind the actions ends with the last that holds this.
    open: Arc<()>,
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
        let db = Db::open(&config.database_url, config.connections, &config.clock).await?;
        db.migrate(migrate).await?;
        let House { epoch, secret } = house(&db, &config.clock).await?;
        // First it listens, then it reads where the others stand.
        let redis_url = config.redis_url.as_deref();
        let bus = Bus::open(redis_url, &epoch, &config.clock, config.redis_patience).await?;
        if let Some(lanes) = db.lanes() {
            change_log::follow(lanes, db.deliver(), &config.clock, &bus).await?;
        }
        let secret: Arc<str> = secret.into();
        let store = bus.store(&epoch);
        let counting = |quotas: Quotas| {
            let shared = store.clone().map(limits::Shared::new);
            Limits::new(&quotas, &config.clock, Arc::clone(&secret), shared)
        };
        let limits = config.quotas.map(counting);
        let ctx = Self {
            db,
            bus,
            clock: config.clock,
            limits: limits.unwrap_or_else(Limits::off),
            studio: Arc::default(),
            sweeps: Arc::default(),
            presence: Arc::new(Presence::new(store.clone())),
            open: Arc::default(),
            challenges: Arc::default(),
            passing: Arc::new(Passing::new(store)),
            sends_mail: config.sends_mail,
            challenges_bots: config.challenges_bots,
            takes_passwords: config.takes_passwords,
            secret,
            address: config.address.into(),
            hasher: Arc::default(),
            queues: Queues::none(),
            epoch: epoch.into(),
        };
        others::listen(Self { open: Arc::default(), ..ctx.clone() }, Arc::downgrade(&ctx.open));
        presence::start(Self { open: Arc::default(), ..ctx.clone() }, Arc::downgrade(&ctx.open));
        sweep::start(Self { open: Arc::default(), ..ctx.clone() }, Arc::downgrade(&ctx.open));
        // What a stop has interrupted.
        followers::finish_deletions(&ctx);
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

    /// Whether anybody signs up or in with a password.
    pub fn takes_passwords(&self) -> bool {
        self.takes_passwords
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// How often things may be done.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Where this house is found.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether who signs up has to show that they are no bot.
    pub fn challenges_bots(&self) -> bool {
        self.challenges_bots
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
    pub secret: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What names the house, and what it signs with: the same on every node.
struct House {
    epoch: String,
    secret: String,
}

async fn house(db: &Db, clock: &Clock) -> Result<House> {
    let fresh = protocol::RoomId::new(clock.now().0, clock::random()).to_string();
    let secret = clock::secret::<32>;
    Entity::insert(ActiveModel { id: Set(1), epoch: Set(fresh), secret: Set(Some(secret())) })
        .on_conflict(OnConflict::column(Column::Id).do_nothing_on([Column::Id]).to_owned())
        .exec_without_returning(db.writer())
        .await?;
    // A house from before there was one.
    Entity::update_many()
        .col_expr(Column::Secret, Expr::value(secret()))
        .filter(Column::Secret.is_null())
        .exec(db.writer())
        .await?;
    let house = Entity::find_by_id(1).one(db.writer()).await?;
    let read = house.and_then(|house| Some(House { epoch: house.epoch, secret: house.secret? }));
    read.ok_or_else(|| Error::internal("the house has no row"))
}
