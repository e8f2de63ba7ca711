//! A house of its own for every test, and a clock that moves when told to: SQLite in a folder that
//! goes with it, or a database in the PostgreSQL that the tests are run beside.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::{
    Clock, Config, Ctx, Viewer,
    accounts::{self, sessions::Device},
    bus::Change,
    friends,
    mail::{self, Letter},
    rooms,
};
use engines::{Chosen, Shared};
use migrations::Migrator;
use protocol::{
    Body, DisplayName, Login, MessageId, Password, Room, RoomId, Timestamp, User, Username,
    accounts::{SignIn, SignUp},
    friends::Direction,
    messages::Draft,
};
use sea_orm_migration::MigratorTrait;
use tempfile::TempDir;
use tokio::time::timeout;

pub struct House {
    pub ctx: Ctx,
    place: Place,
}

/// Where a house keeps everything.
enum Place {
    /// As the environment asks for it.
    Own(TempDir, Chosen),
    /// Where somebody else looks after it: the addresses of database and Redis.
    Elsewhere(String, String),
}

#[derive(Clone)]
pub struct Person {
    pub user: User,
    pub viewer: Viewer,
}

impl Person {
    pub fn name(&self) -> &str {
        &self.user.username
    }
}

pub const NOON: Timestamp = Timestamp(1_800_000_000_000);

impl House {
    pub async fn open() -> Self {
        Self::with(|config| config).await
    }

    /// A house that is set up otherwise.
    pub async fn with(change: impl FnOnce(Config) -> Config) -> Self {
        let place = Place::new();
        let ctx = place.open(change).await;
        Self { ctx, place }
    }

    /// A node of the house that keeps everything here.
    pub async fn on(shared: &Shared) -> Self {
        Self::on_with(shared, |config| config).await
    }

    /// The same, set up otherwise.
    pub async fn on_with(shared: &Shared, change: impl FnOnce(Config) -> Config) -> Self {
        let place = Place::Elsewhere(shared.database_url.clone(), shared.redis_url.clone());
        let ctx = place.open(change).await;
        Self { ctx, place }
    }

    /// The same database, opened again as after a restart.
    pub async fn reopen(self) -> Self {
        let Self { ctx, place } = self;
        drop(ctx);
        let ctx = place.open(|config| config).await;
        Self { ctx, place }
    }

    /// Where its files are, if it has any of its own.
    pub fn folder(&self) -> Option<&std::path::Path> {
        match &self.place {
            Place::Own(folder, chosen) if chosen.database_url.is_none() => Some(folder.path()),
            _ => None,
        }
    }

    /// Listens from here on.
    pub fn listen(&self) -> Heard {
        let mut bus = self.ctx.bus().listen();
        let heard = Heard(Arc::default());
        let changes = Arc::clone(&heard.0);
        tokio::spawn(async move {
            while let Some(published) = bus.recv().await {
                changes.lock().unwrap().extend(published.changes.iter().cloned());
            }
        });
        heard
    }

    pub async fn person(&self, name: &str) -> Person {
        let (user, token) =
            accounts::sign_up(&self.ctx, sign_up(name), Device::default()).await.unwrap();
        let viewer = accounts::sessions::authenticate(&self.ctx, token.as_str()).await.unwrap();
        Person { user, viewer }
    }

    /// Somebody who is called otherwise than their username.
    pub async fn named(&self, username: &str, name: &str) -> Person {
        let display_name = Some(DisplayName::parse(name).unwrap());
        let form = SignUp { display_name, ..sign_up(username) };
        let (user, token) = accounts::sign_up(&self.ctx, form, Device::default()).await.unwrap();
        let viewer = accounts::sessions::authenticate(&self.ctx, token.as_str()).await.unwrap();
        Person { user, viewer }
    }

    pub async fn befriend(&self, one: &Person, other: &Person) {
        friends::ask(&self.ctx, &one.viewer, other.name()).await.unwrap();
        let request = self.incoming(other).await;
        friends::accept(&self.ctx, &other.viewer, request).await.unwrap();
    }

    /// The next letter that leaves, which may be written in a moment.
    pub async fn letter(&self) -> Letter {
        let next = async {
            loop {
                if let Some(letter) = mail::claim(&self.ctx).await.unwrap() {
                    mail::sent(&self.ctx, &letter).await.unwrap();
                    return letter;
                }
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(20), next).await.unwrap()
    }

    pub async fn incoming(&self, person: &Person) -> protocol::RequestId {
        let direction = Some(Direction::Incoming);
        let requests = friends::requests(&self.ctx, &person.viewer, direction).await.unwrap();
        requests[0].id
    }

    /// Two friends and the direct room between them.
    pub async fn alice_and_bob(&self) -> (Person, Person, Room) {
        let (alice, bob) = (self.person("alice").await, self.person("bob").await);
        self.befriend(&alice, &bob).await;
        let room = rooms::direct::open(&self.ctx, &alice.viewer, "bob").await.unwrap();
        (alice, bob, room)
    }

    pub async fn say(
        &self,
        person: &Person,
        room: RoomId,
        body: &str,
    ) -> domain::Result<domain::messages::Posted> {
        self.say_as(person, room, self.ctx.new_id(MessageId::new), body).await
    }

    pub async fn say_as(
        &self,
        person: &Person,
        room: RoomId,
        id: MessageId,
        body: &str,
    ) -> domain::Result<domain::messages::Posted> {
        let member = rooms::member(&self.ctx, &person.viewer, room).await?;
        domain::messages::post(&self.ctx, &member, id, draft(body)).await
    }
}

impl Place {
    fn new() -> Self {
        Self::Own(TempDir::new().unwrap(), Chosen::start())
    }

    async fn open(&self, change: impl FnOnce(Config) -> Config) -> Ctx {
        let (database_url, redis_url) = match self {
            Self::Own(folder, chosen) => {
                (chosen.database_in(folder.path()), chosen.redis_url.clone())
            }
            Self::Elsewhere(database, redis) => (database.clone(), Some(redis.clone())),
        };
        let clock = Clock::fixed(NOON);
        // Clocks stand still here: what Redis does not answer in time would be asked for no more.
        let redis_patience = Duration::from_secs(10);
        let config =
            Config { redis_url, redis_patience, clock, ..change(Config::new(database_url)) };
        Ctx::open(config, async |db| Migrator::up(db, None).await).await.unwrap()
    }
}

pub fn sign_up(name: &str) -> SignUp {
    SignUp {
        username: Username::parse(name).unwrap(),
        password: Password::parse("correct horse battery").unwrap(),
        email: None,
        display_name: None,
        challenge: None,
    }
}

pub fn credentials(login: &str, password: &str) -> SignIn {
    SignIn { login: Login::parse(login).unwrap(), password: Password::parse(password).unwrap() }
}

pub fn draft(body: &str) -> Draft {
    Draft::of(Body::parse(body).unwrap())
}

/// Everything that is published, written down as it comes.
pub struct Heard(Arc<Mutex<Vec<Change>>>);

/// Everything that was published since this was asked last.
pub fn heard(bus: &mut Heard) -> Vec<Change> {
    let changes = std::mem::take(&mut *bus.0.lock().unwrap());
    // What people are told of it has tests of its own.
    changes.into_iter().filter(|change| !matches!(change, Change::Notified { .. })).collect()
}
