//! A process that ends with the value.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    io::{Read as _, Seek as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    ops::Range,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(60);
/// How long a process may take to end.
const FAREWELL: Duration = Duration::from_secs(5);

/// Below those that the system gives to whoever connects somewhere: what is stopped for a while has to find
/// its port free again.
const PORTS: Range<u16> = 10_000..30_000;

/// A port of the loopback that nobody listens on.
///
/// # Panics
/// Where there is none.
pub fn free_port() -> u16 {
    let ports = u64::from(PORTS.end - PORTS.start);
    let any = || {
        let chance = RandomState::new().build_hasher().finish() % ports;
        PORTS.start + u16::try_from(chance).unwrap_or_default()
    };
    let is_free = |port: &u16| TcpListener::bind(address(*port)).is_ok();
    std::iter::repeat_with(any).take(1_000).find(is_free).expect("a free port")
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
    /// Starts it, and waits until it answers on its port; what it said where it does not.
    pub(crate) fn start(mut command: Command, port: u16) -> Self {
        let mut log = tempfile::tempfile().expect("a file");
        let says = || Stdio::from(log.try_clone().expect("a file"));
        command.stdout(says()).stderr(says());
        let mut process = Self(command.spawn().expect("the process starts"));
        let late = Instant::now() + PATIENCE;
        while TcpStream::connect(address(port)).is_err() {
            let ended = process.0.try_wait().expect("a process of ours");
            if ended.is_some() || Instant::now() > late {
                let mut said = String::new();
                let _ = log.rewind().and_then(|()| log.read_to_string(&mut said));
                panic!("{command:?} does not listen on {port}: {ended:?}\n{said}");
            }
            sleep(Duration::from_millis(20));
        }
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

    /// Lets it end by itself, for a moment; who asks may be ending for a fault, and learns nothing of others.
    pub(crate) fn ask_to_end(&mut self) {
        let pid = self.0.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).stderr(Stdio::null()).status();
        let late = Instant::now() + FAREWELL;
        while matches!(self.0.try_wait(), Ok(None)) && Instant::now() < late {
            sleep(Duration::from_millis(10));
        }
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
