//! Passwords: argon2id on threads of its own, at most as many at once as there are cores, and a
//! bounded queue before them, so that guessing costs the guesser and not the chat.

use std::sync::{Arc, atomic::AtomicUsize};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use protocol::{Password, accounts::Strength};
use sea_orm::EntityTrait as _;
use tokio::sync::{OnceCell, Semaphore};

use super::{entity, sessions};
use crate::{Ctx, Error, Result, Viewer, clock, line::Place};

/// More waiting than this are refused with `unavailable`.
const QUEUE: usize = 64;

/// As many words are looked at that somebody is called by.
const WORDS: usize = 32;

/// How strong a password is, and what is wrong with it.
#[derive(Clone, Debug)]
pub struct Judged {
    pub strength: Strength,
    fault: Option<&'static str>,
}

impl Judged {
    /// # Errors
    /// `Invalid` for one that is guessed too easily.
    pub fn accept(&self) -> Result<()> {
        self.fault.map_or(Ok(()), |fault| Err(Error::invalid("password", fault)))
    }
}

/// Judges a password of somebody who is called by these words.
///
/// # Errors
/// `Unavailable` past the queue.
pub async fn judge(ctx: &Ctx, password: &Password, words: &[String]) -> Result<Judged> {
    let (password, words) = (password.as_str().to_owned(), words.to_vec());
    ctx.hasher.run(move || Ok(judged(&password, &words))).await
}

fn judged(password: &str, words: &[String]) -> Judged {
    let lower = password.to_lowercase();
    // An address is its parts as well.
    let parts = words.iter().flat_map(|word| word.split(['@', ' ']).chain([word.as_str()]));
    let parts: Vec<String> =
        parts.filter(|part| part.len() <= 256).take(WORDS).map(str::to_lowercase).collect();
    let is_name = |word: &String| {
        word.chars().count() >= 3
            && (lower == *word
                || lower.contains(word.as_str())
                    && lower.chars().count() < word.chars().count() + 5)
    };
    let inputs: Vec<&str> = parts.iter().map(String::as_str).chain(["kith"]).collect();
    // More than this is not looked at, and strong anyway.
    let looked_at: String = password.chars().take(64).collect();
    let score = u8::from(zxcvbn::zxcvbn(&looked_at, &inputs).score());
    let fault = if password.chars().all(|c| c.is_numeric()) {
        Some("Digits alone are guessed fast. Add some words.")
    } else if parts.iter().any(is_name) {
        Some("This is too much like your name. Anybody would try it.")
    } else if score < 2 {
        Some("This is one of the first that anybody would try. A few words in a row are better.")
    } else {
        None
    };
    let score = if fault.is_some() { score.min(1) } else { score };
    let says = fault.unwrap_or(match score {
        2 => "Fair. One more word makes it strong.",
        3 => "Strong. It would take years to guess.",
        _ => "Very strong. Nobody will guess it.",
    });
    Judged { strength: Strength { score, says: says.into() }, fault }
}

/// Whether anybody signs up or in here with a password.
///
/// # Errors
/// `Forbidden` where nobody does.
pub(super) fn are_taken(ctx: &Ctx) -> Result<()> {
    match ctx.takes_passwords {
        true => Ok(()),
        false => Err(Error::Forbidden("Nobody signs in here with a password.")),
    }
}

/// Whether this is the password of the viewer's account: its hash. Where the account has none, it is
/// enough to have signed in a moment ago.
///
/// # Errors
/// `Invalid` where it is not.
pub(super) async fn confirm(
    ctx: &Ctx,
    viewer: &Viewer,
    password: Option<&Password>,
) -> Result<String> {
    let row = entity::Entity::find_by_id(viewer.account()).one(ctx.db.read()).await?;
    let row = row.ok_or(Error::NotFound)?;
    if !row.has_password() {
        return match sessions::is_fresh(ctx, viewer).await? {
            true => Ok(row.password_hash),
            false => Err(Error::invalid("current", "Sign in again, then do this at once.")),
        };
    }
    let hash = row.password_hash;
    match ctx.hasher.verify(password.ok_or_else(wrong)?, Some(hash.clone())).await? {
        true => Ok(hash),
        false => Err(wrong()),
    }
}

pub(super) fn wrong() -> Error {
    Error::invalid("current", "That is not your password.")
}

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
            let password = Password::parse(&clock::secret::<16>()).map_err(Error::internal)?;
            self.hash(&password).await
        };
        self.nobody.get_or_try_init(make).await.cloned()
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _place = Place::take(&self.waiting, QUEUE)?;
        let permit = Arc::clone(&self.cores).acquire_owned().await.map_err(Error::internal)?;
        let done = tokio::task::spawn_blocking(move || {
            let value = work();
            drop(permit);
            value
        });
        done.await.map_err(Error::internal)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(password: &str) -> (u8, bool) {
        let judged = judged(password, &["mara".into(), "mara.lind@example.org".into()]);
        (judged.strength.score, judged.accept().is_ok())
    }

    #[test]
    fn what_anybody_would_try_first_is_refused() {
        for weak in [
            "password",
            "password1",
            "12345678",
            "9081726354",
            "qwertyuiop",
            "mara1234",
            "mara.lind",
            "letmein123",
            "aaaaaaaaaaaa",
            "Example.org",
        ] {
            let (score, is_accepted) = score(weak);
            assert!(score < 2 && !is_accepted, "{weak}: {score}");
        }
        for strong in [
            "correct horse battery",
            "demo house",
            "tvzk-29-mole",
            &"vier Äpfel unter dem Bett ".repeat(9),
        ] {
            let (score, is_accepted) = score(strong);
            assert!(score >= 2 && is_accepted, "{strong}: {score}");
        }
    }
}
