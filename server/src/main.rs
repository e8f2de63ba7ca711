//! `kith`: the chat in one binary.

mod accept;
mod admin;
mod assets;
mod auth;
mod config;
mod flash;
mod gateway;
mod headers;
mod house;
mod mail;
mod metrics;
mod origin;
mod pages;
mod problem;
mod provider;
mod rest;
mod room_pages;
mod router;
mod seed;
mod serve;
mod server_fns;
#[cfg(test)]
mod tests;
mod visit;

use std::process::ExitCode;

use config::{Cli, Subcommand};

/// Many small pieces by many threads, and now and then the large ones that passwords take: the
/// system's allocator spends an eighth of a message on it, and keeps what it once had.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::read();
    house::log(&cli.house);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return house::complain(&error),
    };
    let done = runtime.block_on(async {
        match cli.subcommand {
            Subcommand::Serve(serve) => serve::run(&cli.house, *serve).await,
            Subcommand::Migrate => house::open(house::config(&cli.house)).await.map(drop),
            Subcommand::Admin(command) => admin::run(&cli.house, command).await,
            Subcommand::Seed => seed::run(&cli.house).await,
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => house::complain(error.as_ref()),
    }
}
