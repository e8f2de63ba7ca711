//! What must hold when things go wrong: real processes that are really killed, and clients that keep
//! a log of what they were told.
#![allow(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

mod client;
mod crash;
mod database;
mod disk;
mod house;
mod link;
mod links;
mod nodes;
mod probe;
mod proxy;
mod readers;
mod redis;
mod stop;
mod storm;
mod workload;
