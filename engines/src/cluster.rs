//! A Redis Cluster of three, each of which has a third of the channels and keys.

use tempfile::TempDir;

use crate::{
    process::{As, Process, address, command, free_port, run, wait_until},
    redis::program,
};

/// Three masters, and nothing behind them.
#[derive(Debug)]
pub struct RedisCluster {
    _folders: Vec<TempDir>,
    ports: Vec<u16>,
    _processes: Vec<Process>,
}

impl RedisCluster {
    /// A new one, running, with all of its slots given out.
    ///
    /// # Panics
    /// Where Redis is not installed, or does not start.
    pub fn start() -> Self {
        let (mut folders, mut ports, mut processes) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..3 {
            let folder = TempDir::new().expect("a folder");
            let (port, bus) = (free_port(), free_port().to_string());
            let mut server = command(&program(), As::Ourselves);
            server.current_dir(folder.path()).args(["--bind", "127.0.0.1", "--save", ""]);
            server.args(["--port", &port.to_string(), "--cluster-port", &bus]);
            server.args(["--cluster-enabled", "yes", "--appendonly", "no"]);
            processes.push(Process::start(server, port));
            folders.push(folder);
            ports.push(port);
        }
        let mut create = command("redis-cli", As::Ourselves);
        create.args(["--cluster", "create", "--cluster-yes"]);
        create.args(ports.iter().map(|port| address(*port).to_string()));
        run(create);
        wait_until("every node of the cluster knows of all", || {
            ports.iter().all(|port| {
                let mut ask = command("redis-cli", As::Ourselves);
                ask.args(["-p", &port.to_string(), "CLUSTER", "INFO"]);
                let said = ask.stdout(std::process::Stdio::piped()).output().expect("redis-cli");
                String::from_utf8_lossy(&said.stdout).contains("cluster_state:ok")
            })
        });
        Self { _folders: folders, ports, _processes: processes }
    }

    /// Whether somebody listens to a sharded channel with this in its name.
    ///
    /// # Panics
    /// Where one of the three does not answer.
    pub fn has_shard_channel(&self, name: &str) -> bool {
        let has = |port: &u16| {
            let mut ask = command("redis-cli", As::Ourselves);
            ask.args(["-p", &port.to_string(), "PUBSUB", "SHARDCHANNELS"]);
            let said = ask.stdout(std::process::Stdio::piped()).output().expect("redis-cli");
            String::from_utf8_lossy(&said.stdout).lines().any(|line| line.contains(name))
        };
        self.ports.iter().any(has)
    }

    /// Its address: the first of the three, which names the others.
    pub fn url(&self) -> String {
        format!("redis-cluster://{}", address(self.ports[0]))
    }
}
