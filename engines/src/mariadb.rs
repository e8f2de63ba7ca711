//! MariaDB, as Debian packages it, for what is to run on MySQL.

use std::{fs, net::SocketAddr, process::Command};

use tempfile::TempDir;

use crate::{
    postgres::fresh_name,
    process::{As, Process, address, command, free_port, is_root, run, wait_until},
};

/// Who may connect, and do everything.
const WHO: &str = "CREATE USER IF NOT EXISTS 'kith'@'127.0.0.1';\n\
                   GRANT ALL ON *.* TO 'kith'@'127.0.0.1';\n";

/// A server of its own.
#[derive(Debug)]
pub struct MariaDb {
    folder: TempDir,
    port: u16,
    options: Vec<String>,
    process: Option<Process>,
}

impl MariaDb {
    /// A new server, running.
    ///
    /// # Panics
    /// Where MariaDB is not installed, or does not start.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// The same, with more of its own options.
    ///
    /// # Panics
    /// As [`MariaDb::start`].
    pub fn with(options: &[&str]) -> Self {
        let folder = TempDir::new().expect("a folder");
        fs::write(folder.path().join("who.sql"), WHO).expect("a file");
        if is_root() {
            let mut own = Command::new("chown");
            own.args(["-R", "nobody"]).arg(folder.path());
            run(own);
        }
        let data = format!("--datadir={}", folder.path().join("data").display());
        let mut install = command("mariadb-install-db", As::Nobody);
        install.args(["--no-defaults", &data, "--auth-root-authentication-method=normal"]);
        install.args(["--skip-test-db", "--skip-name-resolve"]);
        run(install);
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let mut mariadb = Self { folder, port: free_port(), options, process: None };
        mariadb.start_again();
        mariadb
    }

    /// Starts it again, on the same port and data.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn start_again(&mut self) {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let (port, data) = (self.port, format!("--datadir={}", path("data")));
        let mut server = command("mariadbd", As::Nobody);
        server.args(["--no-defaults", &data, "--bind-address=127.0.0.1", "--skip-name-resolve"]);
        server.arg(format!("--port={port}"));
        server.arg(format!("--socket={}", path("socket")));
        server.arg(format!("--pid-file={}", path("pid")));
        server.arg(format!("--init-file={}", path("who.sql")));
        server.args(["--max-connections=3000", "--innodb-buffer-pool-size=256M"]);
        // A test kills the server, and not the machine: no page can be torn.
        server.arg("--skip-innodb-doublewrite").args(&self.options);
        self.process = Some(Process::start(server, port));
        let ready = || {
            let mut ready = client(port);
            ready.args(["-e", "SELECT 1"]);
            ready.status().is_ok_and(|status| status.success())
        };
        wait_until("MariaDB is ready", ready);
    }

    /// Ends it as an operator would.
    pub fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.end("-TERM");
        }
    }

    /// Lets it stand still: its connections stay open, and nothing comes.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn freeze(&self) {
        self.process.as_ref().expect("it runs").signal("-STOP");
    }

    /// Lets it go on.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn thaw(&self) {
        self.process.as_ref().expect("it runs").signal("-CONT");
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        address(self.port)
    }

    /// A new database in it: its address.
    pub fn database(&self) -> String {
        database(&self.url())
    }

    /// The address of its own database, which is not Kith's.
    pub fn url(&self) -> String {
        format!("mysql://kith@127.0.0.1:{}/mysql", self.port)
    }
}

fn client(port: u16) -> Command {
    let mut client = command("mariadb", As::Ourselves);
    client.args(["--no-defaults", "-h", "127.0.0.1", "-u", "kith", "-P", &port.to_string()]);
    client
}

/// A new database in the server at this address, in whatever character set that takes by itself: its
/// address.
///
/// # Panics
/// Where it cannot be made.
pub fn database(server: &str) -> String {
    let name = fresh_name();
    let (address, _) = server.rsplit_once('/').expect("an address with a database");
    let port = address.rsplit(':').next().and_then(|port| port.parse().ok());
    let mut create = client(port.expect("an address with a port"));
    create.args(["-e", &format!("CREATE DATABASE {name}")]);
    run(create);
    format!("{address}/{name}")
}
