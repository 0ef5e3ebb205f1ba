//! Prism, which answers as a vendor's OpenAPI file says and refuses calls that are not as it says.

use super::missing_peer;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The path of `file` in what `cargo xtask peers` installed from npm; `None`, said loudly, when `what` is not there.
pub(crate) fn package(file: &str, what: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers/node/node_modules").join(file);
    if path.exists() {
        return Some(path);
    }
    missing_peer(what);
    None
}

/// A running Prism.
pub(crate) struct Prism {
    child: Child,
    pub(crate) port: u16,
}

impl Prism {
    /// Starts one that answers as `file` says; `None`, said loudly, when there is no Prism.
    pub(crate) async fn start(file: &Path) -> Option<Self> {
        let program = package("@stoplight/prism-cli/dist/index.js", "prism (npm)")?;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("node");
        command.arg(program).args(["mock", "-h", "127.0.0.1", "-p", &port.to_string()]).arg(file);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let prism = Self { child, port };
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(prism);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("Prism does not listen");
    }
}

impl Drop for Prism {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
