//! nginx, with the configuration that Kith ships.

use std::{fs, net::SocketAddr, path::Path};

use tempfile::TempDir;

use crate::process::{As, Process, address, command, free_port};

/// A proxy of its own.
#[derive(Debug)]
pub struct Nginx {
    _folder: TempDir,
    port: u16,
    process: Process,
}

impl Nginx {
    /// A proxy before these nodes, by the configuration in this file: its nodes and its port are put
    /// in, and all else is left as it stands there.
    ///
    /// # Panics
    /// Where nginx is not installed, or does not take it.
    pub fn before(nodes: &[SocketAddr], configuration: &Path) -> Self {
        let shipped = fs::read_to_string(configuration).expect("the configuration");
        let (port, mut site, mut named) = (free_port(), String::new(), false);
        for line in shipped.lines() {
            match line.trim() {
                line if line.starts_with("server 127.0.0.1:") => {
                    let how = line.split_once(' ').and_then(|(_, rest)| rest.split_once(' '));
                    let how = how.map_or(";", |(_, how)| how);
                    for node in nodes.iter().filter(|_| !named) {
                        site.push_str(&format!("server {node} {how}\n"));
                    }
                    named = true;
                }
                "listen 80;" => site.push_str(&format!("listen 127.0.0.1:{port};\n")),
                line => {
                    site.push_str(line);
                    site.push('\n');
                }
            }
        }
        let folder = TempDir::new().expect("a folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|what| format!("{what}_temp_path {};\n", path(what)))
            .concat();
        let user = if crate::process::is_root() { "user root;\n" } else { "" };
        let whole = format!(
            "{user}daemon off;\nworker_processes 1;\npid {};\nerror_log {};\n\
             events {{ worker_connections 4096; }}\nhttp {{\naccess_log off;\n{temporary}{site}}}\n",
            path("pid"),
            path("errors"),
        );
        fs::write(path("nginx.conf"), whole).expect("a file");
        let mut nginx = command("nginx", As::Ourselves);
        nginx.args(["-c", &path("nginx.conf"), "-e", &path("errors")]);
        let process = Process::start(nginx, port);
        Self { _folder: folder, port, process }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        address(self.port)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Killed, it would leave behind those who work for it.
        self.process.ask_to_end();
    }
}
