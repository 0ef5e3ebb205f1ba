//! Programs of the npm peers.

use std::path::Path;
use std::process::Command;

/// Node on `script` of `xtask/peers`, with the packages that `cargo xtask peers` installed; `None`, said loudly, when `package` is
/// not among them.
pub(crate) fn node(script: &str, package: &str) -> Option<Command> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let packages = root.join("target/peers/node/node_modules");
    if !packages.join(package).exists() {
        super::missing_peer(&format!("{package} (npm)"));
        return None;
    }
    let mut command = Command::new("node");
    command.arg(root.join("xtask/peers").join(script)).env("NODE_PATH", packages.canonicalize().unwrap());
    Some(command)
}
