//! Programs on the npm and Python peers: those that answer once, and those that play a vendor until the test is over.

use serde_json::{Value, json};
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

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

/// Python on `script` of `xtask/peers`, with the packages that `cargo xtask peers` installed; `None`, said loudly, when `module` is not among
/// them.
fn python(script: &str, module: &str) -> Option<Command> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = root.join("target/peers/venv/bin/python");
    let asked = Command::new(&python).args(["-c", &format!("import {module}")]).stderr(Stdio::null()).status();
    if !asked.is_ok_and(|status| status.success()) {
        super::missing_peer(&format!("{module} (Python)"));
        return None;
    }
    let mut command = Command::new(python);
    command.arg(root.join("xtask/peers").join(script));
    Some(command)
}

/// What a program of one answer makes of `input`.
pub(crate) fn answer(mut program: Command, input: &Value) -> Value {
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let text = input.to_string();
    let mut stdin = child.stdin.take().unwrap();
    // It reads everything before it says anything.
    stdin.write_all(text.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What a vendor said, and a bell that rings when it says more.
type Heard = Arc<(Mutex<Vec<Value>>, Condvar)>;

/// A program that plays a vendor: it says what happens, and does as it is told.
#[derive(Debug)]
pub(crate) struct Vendor {
    child: Child,
    input: Mutex<ChildStdin>,
    heard: Heard,
    /// Where on loopback it listens.
    pub(crate) port: u16,
}

impl Vendor {
    /// Starts `script`, of JavaScript or Python, and waits until it listens; `None`, said loudly, when `package` is missing.
    pub(crate) fn start<A: AsRef<OsStr>>(script: &str, package: &str, arguments: &[A]) -> Option<Self> {
        let of = if script.ends_with(".py") { python } else { node };
        let mut command = of(script, package)?;
        let mut child = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        let port = u16::try_from(ready.get("port").and_then(Value::as_u64).unwrap()).unwrap();
        let heard: Heard = Arc::default();
        let hears = Arc::clone(&heard);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let event = serde_json::from_str(&line).unwrap();
                hears.0.lock().unwrap_or_else(PoisonError::into_inner).push(event);
                hears.1.notify_all();
            }
        });
        let input = Mutex::new(child.stdin.take().unwrap());
        Some(Self { child, input, heard, port })
    }

    /// Tells it to do something.
    pub(crate) fn tell(&self, command: &Value) {
        let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
        input.write_all(format!("{command}\n").as_bytes()).unwrap();
    }

    /// Sets how it behaves.
    pub(crate) fn set(&self, values: &Value) {
        self.tell(&json!({ "do": "set", "values": values }));
    }

    /// What happened of a kind up to now, oldest first: it is asked, and says everything before it answers.
    pub(crate) fn events(&self, kind: &str) -> Vec<Value> {
        let of = |events: &[Value], kind: &str| -> Vec<Value> {
            events.iter().filter(|event| event.get("event").is_some_and(|known| known == kind)).cloned().collect()
        };
        let (events, bell) = &*self.heard;
        let before = of(&events.lock().unwrap_or_else(PoisonError::into_inner), "synced").len();
        self.tell(&json!({ "do": "sync" }));
        let events = events.lock().unwrap_or_else(PoisonError::into_inner);
        let waited =
            bell.wait_timeout_while(events, Duration::from_secs(60), |events| of(events, "synced").len() <= before);
        let (events, late) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!late.timed_out(), "the vendor says nothing any more");
        of(&events, kind)
    }
}

impl Drop for Vendor {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
