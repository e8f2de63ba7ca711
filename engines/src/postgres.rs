//! PostgreSQL, as Debian packages it.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
};

use tempfile::TempDir;

use crate::process::{As, Process, address, command, free_port, run, wait_until};

/// A cluster of its own.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
    process: Option<Process>,
}

impl Postgres {
    /// A new cluster, running.
    ///
    /// # Panics
    /// Where PostgreSQL is not installed, or does not start.
    pub fn start() -> Self {
        let folder = TempDir::new().expect("a folder");
        if crate::process::is_root() {
            let mut own = Command::new("chown");
            own.arg("nobody").arg(folder.path());
            run(own);
        }
        let programs = programs();
        let mut init = command(&program(&programs, "initdb"), As::Nobody);
        init.arg("-D").arg(folder.path().join("data"));
        init.args(["-U", "kith", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
        run(init);
        let mut postgres = Self { programs, folder, port: free_port(), process: None };
        postgres.start_again();
        postgres
    }

    /// Starts it again.
    ///
    /// # Panics
    /// Where it does not.
    pub fn start_again(&mut self) {
        let mut server = command(&program(&self.programs, "postgres"), As::Nobody);
        server.arg("-D").arg(self.folder.path().join("data"));
        server.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-k", ""]);
        // A test kills the server, and not the machine: no page can be torn.
        server.args(["-c", "max_connections=400", "-c", "full_page_writes=off"]);
        self.process = Some(Process::start(server, self.port));
        let ready = || {
            let mut ready = command(&program(&self.programs, "pg_isready"), As::Ourselves);
            ready.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
            ready.status().is_ok_and(|status| status.success())
        };
        wait_until("PostgreSQL is ready", ready);
    }

    /// Its process, whose children serve.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn id(&self) -> u32 {
        self.process.as_ref().expect("it runs").id()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        address(self.port)
    }

    /// The address of its first database.
    pub fn url(&self) -> String {
        url(self.port, "postgres")
    }

    /// A new database in it: its address.
    pub fn database(&self) -> String {
        database(&self.url())
    }

    /// Ends it as an operator would, breaking every connection.
    pub fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.end("-INT");
        }
    }

    /// Lets all of it stand still: its connections stay open, and nothing comes.
    pub fn freeze(&self) {
        self.signal_all("-STOP");
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal_all("-CONT");
    }

    fn signal_all(&self, signal: &str) {
        let process = self.process.as_ref().expect("it runs");
        process.signal(signal);
        process.signal_children(signal);
    }
}

/// A new database in the PostgreSQL at this address: its address.
///
/// # Panics
/// Where it cannot be made.
pub fn database(server: &str) -> String {
    let name = fresh_name();
    let mut create = command(&program(&programs(), "psql"), As::Ourselves);
    create.args(["-q", "-d", server, "-c", &format!("CREATE DATABASE {name} TEMPLATE template0")]);
    run(create);
    let (server, _) = server.rsplit_once('/').expect("an address with a database");
    format!("{server}/{name}")
}

/// A name that no database has yet.
pub(crate) fn fresh_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("t{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn url(port: u16, database: &str) -> String {
    format!("postgres://kith@127.0.0.1:{port}/{database}")
}

/// Debian keeps each version in a folder of its own.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions.map(|version| version.path().join("bin")).max();
    newest.expect("PostgreSQL is installed: bin/setup does it")
}

fn program(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}
