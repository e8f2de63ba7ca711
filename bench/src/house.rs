//! A server that is measured: the release binary with a database in a folder of its own, or the bare
//! broadcaster beside it.

use std::{net::SocketAddr, path::Path, process::Stdio, time::Duration};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpStream,
    process::{Child, Command},
};

use crate::{
    Outcome,
    dialect::{Dialect, Target},
};

/// How long a server may take to open its port.
const OPENS_WITHIN: Duration = Duration::from_secs(20);

pub struct House {
    pub address: SocketAddr,
    binary: std::path::PathBuf,
    folder: TempDir,
    /// What it is set up with beside the usual.
    settings: Vec<(&'static str, String)>,
    child: Child,
}

impl House {
    /// Starts `kith serve` on a free port.
    pub async fn open(binary: &Path) -> Outcome<Self> {
        Self::open_with(binary, Vec::new()).await
    }

    /// The same, set up otherwise by environment variables.
    pub async fn open_with(binary: &Path, settings: Vec<(&'static str, String)>) -> Outcome<Self> {
        let folder = TempDir::new()?;
        let address = free_address()?;
        let child = serve(binary, folder.path(), address, &settings)?;
        answers(address).await?;
        Ok(Self { address, binary: binary.to_owned(), folder, settings, child })
    }

    /// Kills it and starts it again on the same data and port.
    pub async fn restart(&mut self) -> Outcome<()> {
        self.child.kill().await?;
        self.child = serve(&self.binary, self.folder.path(), self.address, &self.settings)?;
        answers(self.address).await
    }

    pub fn target(&self) -> Target {
        Target { address: self.address, speaks: Dialect::Kith }
    }

    pub fn usage(&self) -> Outcome<Usage> {
        usage(self.child.id())
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub async fn close(mut self) -> Outcome<()> {
        Ok(self.child.kill().await?)
    }
}

/// The bare broadcaster, as a process of its own so that its use is counted like Kith's.
pub struct Bare {
    address: SocketAddr,
    child: Child,
}

impl Bare {
    pub async fn open() -> Outcome<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("bare")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let out = child.stdout.take().ok_or("no output")?;
        let line = BufReader::new(out).lines().next_line().await?.ok_or("no address")?;
        Ok(Self { address: line.parse()?, child })
    }

    pub fn target(&self) -> Target {
        Target { address: self.address, speaks: Dialect::Bare }
    }

    pub fn usage(&self) -> Outcome<Usage> {
        usage(self.child.id())
    }

    pub async fn close(mut self) -> Outcome<()> {
        Ok(self.child.kill().await?)
    }
}

/// Until somebody listens there.
pub async fn answers(address: SocketAddr) -> Outcome<()> {
    tokio::time::timeout(OPENS_WITHIN, async {
        while TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .map_err(|_| "the server did not open its port".into())
}

pub fn free_address() -> Outcome<SocketAddr> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn serve(
    binary: &Path,
    data: &Path,
    address: SocketAddr,
    settings: &[(&'static str, String)],
) -> Outcome<Child> {
    Ok(Command::new(binary)
        .arg("serve")
        .env("KITH_DATA", data)
        .env("KITH_LISTEN", address.to_string())
        .env("KITH_RATE_LIMITS", "off")
        .env("KITH_LOG", "warn")
        .envs(settings.iter().cloned())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()?)
}

/// What a process has used so far.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// CPU-seconds, of user and system.
    pub cpu: f64,
    /// Resident bytes.
    pub resident: u64,
}

/// What a process has used, by its id.
pub fn usage(pid: Option<u32>) -> Outcome<Usage> {
    let stat = Stat::of(pid.ok_or("the server has ended")?)?;
    // Linux counts in hundredths of a second and in pages of 4 KiB.
    let cpu = (stat.number(14)? + stat.number(15)?) / 100.0;
    Ok(Usage { cpu, resident: stat.number(24)? as u64 * 4096 })
}

/// CPU-seconds that a process and its children have used, those that have ended among them.
pub fn cpu_of_family(pid: u32) -> Outcome<f64> {
    let mut ticks = 0.0;
    for field in 14..=17 {
        ticks += Stat::of(pid)?.number(field)?;
    }
    for entry in std::fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(child) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        // It may have ended by now.
        let Ok(stat) = Stat::of(child) else { continue };
        if stat.number(4)? == f64::from(pid) {
            ticks += stat.number(14)? + stat.number(15)?;
        }
    }
    Ok(ticks / 100.0)
}

/// What the kernel says of a process.
struct Stat(Vec<String>);

impl Stat {
    fn of(pid: u32) -> Outcome<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // After the name, which may have spaces: state is field 3, the parent 4, utime 14, stime 15,
        // those of children that have ended 16 and 17, rss 24.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        Ok(Self(fields.map(str::to_owned).collect()))
    }

    fn number(&self, field: usize) -> Outcome<f64> {
        Ok(self.0.get(field - 3).ok_or("short stat")?.parse::<f64>()?)
    }
}
