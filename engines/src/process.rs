//! A process that ends with the value.

use std::{
    io::Write as _,
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(60);

/// A port of the loopback that nobody listens on.
///
/// # Panics
/// Where there is none.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a port").port()
}

/// Who the process runs as: a database refuses to be root.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum As {
    Ourselves,
    Nobody,
}

pub(crate) fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id");
    id.stdout.trim_ascii() == b"0"
}

/// A command that does not outlive who starts it, even where that is killed.
pub(crate) fn command(program: &str, who: As) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    if who == As::Nobody && is_root() {
        command.args(["--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]);
    }
    command.arg(program);
    // Where Debian keeps servers, which not everybody looks into.
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", path + ":/usr/sbin:/sbin");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// A running process, killed when dropped.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Process {
    /// Starts it, and waits until it answers on its port.
    pub(crate) fn start(mut command: Command, port: u16) -> Self {
        let process = Self(command.spawn().expect("the process starts"));
        wait_until("it listens", || TcpStream::connect(address(port)).is_ok());
        process
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.0.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().expect("kill");
        assert!(sent.success(), "the process is there");
    }

    pub(crate) fn signal_children(&self, signal: &str) {
        let pid = self.0.id().to_string();
        let sent = Command::new("pkill").args([signal, "-P", &pid]).status().expect("pkill");
        assert!(sent.success(), "it has children");
    }

    /// Ends it by a signal, and waits until it is gone.
    pub(crate) fn end(mut self, signal: &str) {
        self.signal(signal);
        self.0.wait().expect("the process ends");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // What has ended already needs no more.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let late = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < late, "not in time: {what}");
        sleep(Duration::from_millis(20));
    }
}

/// Runs a command to its end, and says what it said where it failed.
pub(crate) fn run(mut command: Command) {
    let done = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().expect("it runs");
    if !done.status.success() {
        let _ = std::io::stderr().write_all(&done.stderr);
        panic!("{command:?} failed");
    }
}
