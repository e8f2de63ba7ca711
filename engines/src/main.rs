//! `engines COMMAND…`: runs a command with a database server and a Redis beside it, named in its
//! environment, and stops them when it ends.

use std::process::{Command, ExitCode};

use engines::{REDIS, Redis, SERVER, Server};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(program) = arguments.next() else { return ExitCode::FAILURE };
    let (server, redis) = (Server::start(), Redis::start());
    let status = Command::new(program)
        .args(arguments)
        .env(SERVER, server.url())
        .env(REDIS, redis.url())
        .status();
    let code = status.ok().and_then(|status| status.code());
    code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}
