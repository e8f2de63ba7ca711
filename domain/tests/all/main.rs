//! Rules and store, against a real database, with people set up through real actions.
#![allow(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

mod accounts;
mod databases;
mod friends;
mod house;
mod identities;
mod letters;
mod limits;
mod messages;
mod moderation;
mod notifications;
mod presence;
mod replies;
mod retention;
mod rooms;
mod sessions;
