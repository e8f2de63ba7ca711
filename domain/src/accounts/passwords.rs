//! Passwords: argon2id on threads of its own, at most as many at once as there are cores, and a
//! bounded queue before them, so that guessing costs the guesser and not the chat.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use protocol::Password;
use tokio::sync::{OnceCell, Semaphore};

use crate::{Error, Result};

/// More waiting than this are refused with `unavailable`.
const QUEUE: usize = 64;

/// Hashes and checks passwords.
pub struct Hasher {
    cores: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// The hash of a password that nobody has, to spend the same time on a name that nobody has.
    nobody: OnceCell<String>,
}

impl Default for Hasher {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            cores: Arc::new(Semaphore::new(cores)),
            waiting: AtomicUsize::new(0),
            nobody: OnceCell::new(),
        }
    }
}

impl Hasher {
    /// A PHC string for this password, with a fresh salt.
    ///
    /// # Errors
    /// `Unavailable` past the queue.
    pub(crate) async fn hash(&self, password: &Password) -> Result<String> {
        let password = password.as_str().to_owned();
        self.run(move || {
            let hash = Argon2::default().hash_password(password.as_bytes());
            hash.map(|hash| hash.to_string()).map_err(|error| Error::internal(error.to_string()))
        })
        .await
    }

    /// Whether this is the password. Without a hash the answer is no, after the same time.
    ///
    /// # Errors
    /// `Unavailable` past the queue.
    pub(crate) async fn verify(&self, password: &Password, hash: Option<String>) -> Result<bool> {
        let exists = hash.is_some();
        let hash = match hash {
            Some(hash) => hash,
            None => self.nobody().await?,
        };
        let password = password.as_str().to_owned();
        let right = self
            .run(move || {
                let hash =
                    PasswordHash::new(&hash).map_err(|error| Error::internal(error.to_string()))?;
                Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
            })
            .await?;
        Ok(right && exists)
    }

    async fn nobody(&self) -> Result<String> {
        let make = async || {
            let unguessable: String =
                crate::clock::random::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
            let password = Password::parse(&unguessable).map_err(Error::internal)?;
            self.hash(&password).await
        };
        self.nobody.get_or_try_init(make).await.cloned()
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _place = Place::take(&self.waiting)?;
        let permit = Arc::clone(&self.cores).acquire_owned().await.map_err(Error::internal)?;
        let done = tokio::task::spawn_blocking(move || {
            let value = work();
            drop(permit);
            value
        });
        done.await.map_err(Error::internal)?
    }
}

/// A place in the queue, given back when the caller is done or gone.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Result<Self> {
        let place = Place(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) >= QUEUE {
            return Err(Error::Unavailable("too many passwords to check at once".into()));
        }
        Ok(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
