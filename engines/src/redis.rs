//! Redis, as Debian packages it, or Valkey; it keeps nothing on the disk.

use tempfile::TempDir;

use crate::process::{As, Process, address, command, free_port};

/// A Redis of its own.
#[derive(Debug)]
pub struct Redis {
    folder: TempDir,
    port: u16,
    process: Option<Process>,
}

impl Redis {
    /// A new one, running.
    ///
    /// # Panics
    /// Where Redis is not installed, or does not start.
    pub fn start() -> Self {
        let mut redis =
            Self { folder: TempDir::new().expect("a folder"), port: free_port(), process: None };
        redis.start_again();
        redis
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Its process.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn id(&self) -> u32 {
        self.process.as_ref().expect("it runs").id()
    }

    /// How many commands it has done, and how many bytes it has said.
    ///
    /// # Panics
    /// Where it does not answer.
    pub fn done(&self) -> (u64, u64) {
        let said = self.ask("INFO stats");
        let number = |name: &str| {
            let line = said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.and_then(|number| number.trim().parse().ok()).expect(name)
        };
        (number("total_commands_processed"), number("total_net_output_bytes"))
    }

    /// How many connections listen to channels.
    ///
    /// # Panics
    /// Where it does not answer.
    pub fn listeners(&self) -> usize {
        self.ask("CLIENT LIST TYPE pubsub").lines().filter(|line| line.starts_with("id=")).count()
    }

    /// Sets it up otherwise, until it is started again.
    ///
    /// # Panics
    /// Where it does not take it.
    pub fn configure(&self, name: &str, value: &str) {
        let said = self.ask(&format!("CONFIG SET {name} \"{value}\""));
        assert!(said.starts_with("+OK"), "{said}");
    }

    fn ask(&self, command: &str) -> String {
        use std::io::{Read as _, Write as _};

        let mut stream = std::net::TcpStream::connect(address(self.port)).expect("it listens");
        stream.write_all(format!("{command}\r\nQUIT\r\n").as_bytes()).expect("it hears");
        let mut said = String::new();
        stream.read_to_string(&mut said).expect("it answers");
        said
    }

    /// Ends it at once.
    pub fn stop(&mut self) {
        drop(self.process.take());
    }

    /// Starts it again, on the same port.
    ///
    /// # Panics
    /// Where it does not.
    pub fn start_again(&mut self) {
        let mut server = command(&program(), As::Ourselves);
        server.current_dir(self.folder.path());
        let port = self.port.to_string();
        server.args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        self.process = Some(Process::start(server, self.port));
    }

    /// Lets it stand still: its connections stay open, and nothing comes.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        self.process.as_ref().expect("it runs").signal(signal);
    }
}

/// What is started as a Redis.
pub(crate) fn program() -> String {
    std::env::var(crate::REDIS_SERVER).unwrap_or_else(|_| "redis-server".into())
}
