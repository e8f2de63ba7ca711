//! A challenge against bots that needs no third party and no eyes: a token of this house, and either
//! some work done on it (a few lines of script do it in a moment) or some seconds passed since it was
//! given, as they pass for who fills in a form by hand.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use protocol::{Timestamp, accounts::Challenge};
use sha2::{Digest, Sha256};

use crate::{Ctx, Error, Result, clock};

/// Bits that the hash of token and answer begins with: some 65,000 tries.
pub const BITS: u32 = 16;
/// Nobody fills in a form faster by hand.
const BY_HAND_MS: i64 = 4_000;
/// A form that was left open for longer is asked for anew.
const LIFETIME_MS: i64 = 60 * 60 * 1_000;

/// Tokens that were used, until they would be too old anyway.
#[derive(Default)]
pub(crate) struct Used(Mutex<HashMap<String, Timestamp>>);

/// A token to do the work on.
pub fn give(ctx: &Ctx) -> String {
    let nonce = clock::secret::<12>();
    let said = format!("{}.{nonce}", ctx.clock.now().0);
    let seal = seal(ctx, &said);
    format!("{said}.{seal}")
}

/// Takes what came back, once.
///
/// # Errors
/// `Invalid` in words: ask for another, or wait a moment.
pub(super) fn take(ctx: &Ctx, challenge: Option<&Challenge>) -> Result<()> {
    let invalid = |detail| Err(Error::invalid("challenge", detail));
    let stale = "This form is too old. Load the page again, please.";
    let Some(Challenge { token, answer }) = challenge else {
        return invalid("This house asks for proof of some work. Load the page again, please.");
    };
    let Some((said, sealed)) = token.rsplit_once('.') else { return invalid(stale) };
    if token.len() > 128 || seal(ctx, said) != sealed {
        return invalid(stale);
    }
    let given = said.split('.').next().and_then(|ms| ms.parse().ok()).unwrap_or(0);
    let now = ctx.clock.now();
    let age = now.0 - given;
    if !(0..LIFETIME_MS).contains(&age) {
        return invalid(stale);
    }
    if !is_worked(token, answer.as_deref()) && age < BY_HAND_MS {
        return invalid(
            "That was faster than anybody types. Wait four seconds, then send it again.",
        );
    }
    let mut used = ctx.challenges.0.lock().unwrap_or_else(PoisonError::into_inner);
    used.retain(|_, at| at.0 + LIFETIME_MS > now.0);
    if used.insert(token.clone(), Timestamp(given)).is_some() {
        return invalid(stale);
    }
    Ok(())
}

fn is_worked(token: &str, answer: Option<&str>) -> bool {
    let Some(answer) = answer.filter(|answer| answer.len() <= 32) else { return false };
    let hash = Sha256::digest(format!("{token}:{answer}").as_bytes());
    let first = hash.iter().take(4).fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
    first.leading_zeros() >= BITS
}

/// A keyed hash, with the key on both sides of the inner one.
pub(super) fn seal(ctx: &Ctx, text: &str) -> String {
    let inner = Sha256::new().chain_update(ctx.secret.as_bytes()).chain_update(text).finalize();
    let outer = Sha256::new().chain_update(ctx.secret.as_bytes()).chain_update(inner).finalize();
    clock::hex(&outer[..16])
}
