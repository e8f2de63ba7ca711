//! What is counted, and how much of it is too much.

use std::{num::NonZeroU32, str::FromStr, time::Duration};

use governor::Quota;

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Rule {
    /// Failed sign-ins to one account from one address.
    SignIn,
    /// Failed sign-ins from one address.
    SignInAddress,
    /// Ways to the provider and back, from one address, that end with nobody.
    Provider,
    /// Wrong passwords of somebody who is signed in.
    Password,
    /// Accounts made from one address.
    SignUp,
    /// Letters to one address, for a reset or for confirming it.
    Letter,
    /// Addresses that one account says are its own.
    Claim,
    /// Changes of one account's profile, and of whether it is seen.
    Profile,
    /// Rooms that one account joins or leaves, by whichever way, and how it is in them.
    Membership,
    /// What one account does to keep rooms in order.
    Moderation,
    /// Links for a forgotten password, asked for from one address.
    Reset,
    /// Passwords whose strength is judged, for one address.
    Strength,
    /// Messages of one account.
    Message,
    /// Searches for people by one account.
    Search,
    /// Friend requests of one account.
    Request,
    /// Pictures of one account.
    Picture,
    /// Archives of one account's data.
    Export,
    /// Rooms that one account makes.
    Room,
    /// Invites that one account makes.
    Invite,
    /// Reactions of one account.
    Reaction,
    /// People whom one account mentions.
    Mention,
    /// Sockets of one account.
    Handshake,
    /// Sockets from one address that were refused.
    HandshakeAddress,
}

/// Each rule with its name in the configuration and its quota: how many, in how many seconds, and how
/// many at once.
pub(super) const RULES: [(Rule, &str, u32, u64, u32); 23] = [
    (Rule::SignIn, "sign-in", 5, 60, 5),
    (Rule::SignInAddress, "sign-in-address", 20, 60, 20),
    (Rule::Provider, "provider", 20, 60, 20),
    (Rule::Password, "password", 5, 60, 5),
    (Rule::SignUp, "sign-up", 5, 3_600, 5),
    (Rule::Letter, "letter", 3, 3_600, 3),
    (Rule::Claim, "claim", 10, 3_600, 10),
    (Rule::Profile, "profile", 60, 60, 30),
    (Rule::Membership, "membership", 60, 60, 60),
    (Rule::Moderation, "moderation", 300, 60, 150),
    (Rule::Reset, "reset", 20, 3_600, 20),
    (Rule::Strength, "strength", 60, 60, 60),
    (Rule::Message, "message", 10, 1, 20),
    (Rule::Search, "search", 30, 60, 30),
    (Rule::Request, "request", 60, 3_600, 30),
    (Rule::Picture, "picture", 10, 60, 10),
    (Rule::Export, "export", 5, 3_600, 5),
    (Rule::Room, "room", 30, 3_600, 30),
    (Rule::Invite, "invite", 60, 3_600, 30),
    (Rule::Reaction, "reaction", 10, 1, 40),
    (Rule::Mention, "mention", 60, 60, 60),
    (Rule::Handshake, "handshake", 30, 60, 30),
    (Rule::HandshakeAddress, "handshake-address", 30, 60, 30),
];

/// What the rules are called in the configuration.
pub fn names() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|row| row.1)
}

impl Rule {
    /// As it is called in the configuration.
    pub(super) fn name(self) -> &'static str {
        RULES.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }
}

/// Quotas other than the usual ones, as `message=10/s:20,sign-up=5/h`: so many in a second, minute,
/// hour or day, and after the colon how many at once.
#[derive(Clone, Debug, Default)]
pub struct Quotas(pub(super) Vec<(usize, Quota)>);

impl FromStr for Quotas {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let one = |part: &str| {
            let (name, rest) = part.split_once('=')?;
            let rule = RULES.iter().position(|rule| rule.1 == name.trim())?;
            let (count, rest) = rest.split_once('/')?;
            let (unit, burst) = rest.split_once(':').unwrap_or((rest, count));
            let seconds = match unit.trim() {
                "s" => 1,
                "m" => 60,
                "h" => 3_600,
                "d" => 86_400,
                _ => return None,
            };
            let count: NonZeroU32 = count.trim().parse().ok()?;
            let burst: NonZeroU32 = burst.trim().parse().ok()?;
            Some((rule, quota(count, seconds, burst)))
        };
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let read =
            |part| one(part).ok_or_else(|| format!("{part} is no limit such as message=10/s:20"));
        parts.map(read).collect::<Result<_, _>>().map(Self)
    }
}

pub(super) fn quota(count: NonZeroU32, seconds: u64, burst: NonZeroU32) -> Quota {
    let each = Duration::from_secs(seconds) / count.get();
    // Never zero: a count is at most a few thousand millions a second.
    Quota::with_period(each).unwrap_or(Quota::per_second(count)).allow_burst(burst)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_are_read_or_refused_in_words() {
        for text in ["message=10/s:20", "sign-up = 5/h, search=1/d", ""] {
            text.parse::<Quotas>().unwrap();
        }
        for text in ["message", "weather=1/s", "message=0/s", "message=1/y", "message=1/s:0"] {
            assert!(text.parse::<Quotas>().unwrap_err().contains("such as"), "{text}");
        }
    }
}
