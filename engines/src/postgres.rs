//! PostgreSQL, as Debian packages it.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
};

use tempfile::TempDir;

use crate::process::{As, Process, address, command, free_port, is_root, run, wait_until};

/// A cluster of its own.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
    /// How many bytes its databases have; `None` for as many as there are.
    room: Option<usize>,
    settings: Vec<String>,
    process: Option<Process>,
}

impl Postgres {
    /// A new cluster, running.
    ///
    /// # Panics
    /// Where PostgreSQL is not installed, or does not start.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// The same, with settings of its own, such as `fsync=off`.
    ///
    /// # Panics
    /// As [`Postgres::start`].
    pub fn with(settings: &[&str]) -> Self {
        Self::made(None, settings)
    }

    /// The same, with a file system of their own for its databases, of so many bytes; what it writes ahead
    /// lies elsewhere.
    ///
    /// # Panics
    /// As [`Postgres::start`].
    pub fn on_a_small_disk(bytes: usize) -> Self {
        let postgres = Self::made(Some(bytes), &[]);
        let sql = format!("CREATE TABLESPACE small LOCATION '{}'", postgres.disk().display());
        tell(&postgres.url(), &sql);
        postgres
    }

    fn made(room: Option<usize>, settings: &[&str]) -> Self {
        let folder = TempDir::new().expect("a folder");
        std::fs::create_dir(folder.path().join("disk")).expect("a folder");
        if is_root() {
            let mut own = Command::new("chown");
            own.arg("-R").arg("nobody").arg(folder.path());
            run(own);
        }
        let programs = programs();
        let mut init = command(&program(&programs, "initdb"), As::Nobody);
        init.arg("-D").arg(folder.path().join("data"));
        init.args(["-U", "kith", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
        run(init);
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let mut postgres =
            Self { programs, folder, port: free_port(), room, settings, process: None };
        postgres.start_again();
        postgres
    }

    fn disk(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// What takes room from its databases on a small disk, as the server sees it: a file that is not there
    /// yet.
    pub fn ballast(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.id()));
        root.join(self.disk().join("ballast").strip_prefix("/").expect("a whole path"))
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
        self.settings.iter().for_each(|setting| {
            server.args(["-c", setting]);
        });
        if let Some(bytes) = self.room {
            server = in_a_small_file_system(&server, &self.disk(), bytes);
        }
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
        made(&self.url(), if self.room.is_some() { "TABLESPACE small" } else { "" })
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
    made(server, "")
}

fn made(server: &str, how: &str) -> String {
    let name = fresh_name();
    tell(server, &format!("CREATE DATABASE {name} TEMPLATE template0 {how}"));
    let (server, _) = server.rsplit_once('/').expect("an address with a database");
    format!("{server}/{name}")
}

fn tell(database: &str, sql: &str) {
    let mut tell = command(&program(&programs(), "psql"), As::Ourselves);
    tell.args(["-q", "-d", database, "-c", sql]);
    run(tell);
}

/// The same command where this folder is a file system of so many bytes, which nobody else sees. Nobody
/// becomes root for it: PostgreSQL would refuse to run.
fn in_a_small_file_system(inner: &Command, folder: &Path, bytes: usize) -> Command {
    let mut outer = command("unshare", As::Ourselves);
    let owner = if is_root() { "uid=$(id -u nobody)" } else { "mode=0700" };
    if !is_root() {
        outer.args(["--map-current-user", "--keep-caps"]);
    }
    let folder = folder.display();
    let mount = format!(r#"mount -t tmpfs -o size={bytes},{owner} kith "{folder}" && exec "$@""#);
    outer.args(["--mount", "sh", "-c", &mount, "sh"]);
    outer.arg(inner.get_program()).args(inner.get_args());
    outer
}

/// What the database at this address answers to a question whose answer is one number.
///
/// # Panics
/// Where it is none.
pub fn query_number(database: &str, question: &str) -> u64 {
    let mut ask = command(&program(&programs(), "psql"), As::Ourselves);
    ask.args(["-q", "-A", "-t", "-d", database, "-c", question]);
    let said = ask.stdout(Stdio::piped()).output().expect("psql").stdout;
    String::from_utf8_lossy(&said).trim().parse().expect("a number")
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
