//! aiosmtpd, as PyPI has it: a mail server that keeps what it gets in a folder.

use std::fs;

use tempfile::TempDir;

use crate::process::{As, Process, command, free_port};

/// A mail server of its own.
#[derive(Debug)]
pub struct MailServer {
    folder: TempDir,
    port: u16,
    process: Option<Process>,
}

impl MailServer {
    /// One that is not there yet: its address is known, and nobody answers.
    ///
    /// # Panics
    /// Where no folder can be made.
    pub fn absent() -> Self {
        Self { folder: TempDir::new().expect("a folder"), port: free_port(), process: None }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Starts it.
    ///
    /// # Panics
    /// Where it is not installed, or does not start.
    pub fn start(&mut self) {
        let mut server = command("aiosmtpd", As::Ourselves);
        server.args(["-n", "-l", &format!("127.0.0.1:{}", self.port)]);
        server.args(["-c", "aiosmtpd.handlers.Mailbox"]).arg(self.folder.path().join("mail"));
        self.process = Some(Process::start(server, self.port));
    }

    /// What has come, each letter as it went over the wire.
    pub fn letters(&self) -> Vec<String> {
        let Ok(files) = fs::read_dir(self.folder.path().join("mail/new")) else {
            return Vec::new();
        };
        let read = |file: std::io::Result<fs::DirEntry>| fs::read_to_string(file.ok()?.path()).ok();
        files.filter_map(read).collect()
    }
}
