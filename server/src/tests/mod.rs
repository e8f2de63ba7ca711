//! The server as its clients meet it: real listeners, real sockets, a real database.
#![allow(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

mod conformance;
mod convergence;
mod dawdlers;
mod doors;
mod forms;
mod friends;
mod greeting;
mod house;
mod mail;
mod matrix;
mod messages;
mod metrics;
mod nodes;
mod people;
mod socket;
mod visitors;
