//! A clinic to test with: a data directory of its own, the real binary, simulated vendors.

use crate::client::Client;
use crate::clocks::begins_at;
use crate::peers::missing_peer;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The binary under test.
pub(crate) const POSTERN: &str = env!("CARGO_BIN_EXE_postern");

/// A directory that is removed at the end, unless the test failed.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        static NTH: AtomicU32 = AtomicU32::new(0);
        let nth = NTH.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}-{nth}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the target directory can be written");
        Self(path)
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            drop(std::fs::remove_dir_all(&self.0));
        }
    }
}

/// Runs the binary to its end.
pub(crate) fn postern(arguments: &[&str]) -> Output {
    Command::new(POSTERN).args(arguments).stdin(Stdio::null()).output().expect("the binary runs")
}

/// What it printed, as JSON.
pub(crate) fn printed(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    })
}

/// A clinic made by `quickstart`, with its patients imported.
#[derive(Debug)]
pub(crate) struct Clinic {
    pub(crate) folder: Folder,
    pub(crate) key: String,
    server: Option<(Child, SocketAddr)>,
}

impl Clinic {
    /// Adds a second practice to the configuration, by its id and name.
    pub(crate) fn add_practice(&self, id: &str, name: &str) {
        let config = self.data().join("postern.toml");
        let text = std::fs::read_to_string(&config).expect("the configuration");
        let other = format!(
            r#"
[tenant.{id}]
numbers = ["+15555550177"]
[tenant.{id}.tenant]
name = "{name}"
role = "covered_entity"
sender = {{ alias = "{name}", reveals_specialty = false }}
callback = "+15555550177"
state = "NY"
[tenant.{id}.deployment]
risk_record = true
portal_available = true
portal_two_factor = true
no_trackers = true
dkim = true
voice_srtp = true
"#
        );
        std::fs::write(&config, text + &other).expect("written");
    }

    /// A clinic with `patients` (FHIR resources), not serving yet.
    pub(crate) fn new(name: &str, patients: &[Value]) -> Self {
        Self::within(Folder::new(name), patients)
    }

    /// The same, with its data directory in `folder`.
    pub(crate) fn within(folder: Folder, patients: &[Value]) -> Self {
        let data = folder.join("data");
        let made = postern(&["quickstart", "--data", data.to_str().expect("UTF-8"), "--json"]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let key = printed(&made)["api_key"].as_str().expect("a key").to_owned();
        let config = data.join("postern.toml");
        let text = std::fs::read_to_string(&config).expect("quickstart writes it");
        // A key of the top level stands before every table.
        std::fs::write(&config, format!("simulator_log = {:?}\n{text}", folder.join("sent.log"))).expect("written");
        let clinic = Self { folder, key, server: None };
        clinic.import(patients);
        clinic
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Replaces `this` in the configuration; the server must not be running.
    pub(crate) fn configure(&self, this: &str, with: &str) {
        let file = self.data().join("postern.toml");
        let text = std::fs::read_to_string(&file).expect("quickstart writes it");
        assert!(text.contains(this), "{this}: {text}");
        std::fs::write(&file, text.replacen(this, with, 1)).expect("written");
    }

    /// The data directory as an argument.
    pub(crate) fn data_text(&self) -> String {
        self.data().to_str().expect("UTF-8").to_owned()
    }

    /// Imports FHIR resources; the server must not be running.
    pub(crate) fn import(&self, resources: &[Value]) {
        let entries: Vec<Value> = resources.iter().map(|resource| json!({ "resource": resource })).collect();
        let bundle = json!({ "resourceType": "Bundle", "type": "collection", "entry": entries });
        let file = self.folder.join("patients.json");
        std::fs::write(&file, bundle.to_string()).expect("written");
        let done = postern(&["import", "--data", &self.data_text(), file.to_str().expect("UTF-8"), "--json"]);
        assert!(
            done.status.success(),
            "{}{}",
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr)
        );
    }

    /// Starts the server on a free port of loopback and waits until it is ready.
    pub(crate) fn serve(&mut self) -> SocketAddr {
        self.serve_by(Command::new(POSTERN))
    }

    /// The same by another clock, which stands at `instant` when it begins; `None`, said loudly, where there is none.
    pub(crate) fn serve_from(&mut self, instant: Timestamp) -> Option<SocketAddr> {
        let mut command = Command::new(POSTERN);
        begins_at(&mut command, instant).then(|| self.serve_by(command))
    }

    /// The same while strace writes to `trace` where the binary connects and sends to; `None`, said loudly, where there is no strace.
    pub(crate) fn serve_traced(&mut self, trace: &Path) -> Option<SocketAddr> {
        if !Path::new("/usr/bin/strace").exists() {
            missing_peer("strace");
            return None;
        }
        let mut command = Command::new("/usr/bin/strace");
        // The binary stays our own child, which is told to stop.
        command.args(["-D", "-f", "--seccomp-bpf", "-q", "-e", "signal=none", "-s", "0"]);
        command.args(["-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o"]).arg(trace).arg(POSTERN);
        Some(self.serve_by(command))
    }

    /// The same by `command`, which is the binary or runs it.
    fn serve_by(&mut self, mut command: Command) -> SocketAddr {
        assert!(self.server.is_none(), "it is serving already");
        let address = free_port();
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("server.log"))
            .expect("the log can be written");
        let child = command
            .args(["serve", "--data", &self.data_text(), "--listen", &address.to_string()])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn()
            .expect("the binary runs");
        self.server = Some((child, address));
        self.wait_until_ready();
        address
    }

    fn wait_until_ready(&mut self) {
        let (child, address) = self.server.as_mut().expect("it was started");
        for _ in 0..600 {
            if let Some(status) = child.try_wait().expect("it can be asked") {
                let log = std::fs::read_to_string(self.folder.join("server.log")).unwrap_or_default();
                panic!("the server ended with {status}: {log}");
            }
            let ready = Client::new(*address, "").call("GET", "/readyz", &[], b"");
            if ready.is_ok_and(|answer| answer.status == 200) {
                return;
            }
            pause();
        }
        panic!("the server did not become ready");
    }

    /// Where it serves.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.as_ref().expect("it is serving").1
    }

    /// A client with the clinic's key.
    pub(crate) fn client(&self) -> Client {
        let (_, address) = self.server.as_ref().expect("it is serving");
        Client::new(*address, &self.key)
    }

    /// A client with another key.
    pub(crate) fn client_with(&self, key: &str) -> Client {
        let (_, address) = self.server.as_ref().expect("it is serving");
        Client::new(*address, key)
    }

    /// Ends the server as a power cut would: SIGKILL.
    pub(crate) fn kill(&mut self) {
        let (mut child, _) = self.server.take().expect("it is serving");
        child.kill().expect("it can be killed");
        child.wait().expect("it ended");
    }

    /// Sends the server a signal.
    pub(crate) fn signal(&self, name: &str) {
        let (child, _) = self.server.as_ref().expect("it is serving");
        let told = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
        assert!(told.expect("kill runs").success());
    }

    /// Ends the server as an operator would: SIGTERM, and waits for its drain.
    pub(crate) fn stop(&mut self) {
        self.signal("TERM");
        let (mut child, _) = self.server.take().expect("it is serving");
        assert!(child.wait().expect("it ended").success(), "a drained server ends well");
    }

    /// Runs `verify` on the data directory and gives its exit code and report.
    pub(crate) fn verify(&self, more: &[&str]) -> (i32, Value) {
        let data = self.data_text();
        let mut arguments = vec!["verify", "--data", &data, "--json"];
        arguments.extend_from_slice(more);
        let output = postern(&arguments);
        (output.status.code().unwrap_or(-1), printed(&output))
    }

    /// The lines the simulated vendors wrote: one for every message they took, whatever process called them.
    pub(crate) fn sent(&self) -> Vec<String> {
        let Ok(file) = std::fs::File::open(self.folder.join("sent.log")) else { return Vec::new() };
        BufReader::new(file).lines().map_while(Result::ok).collect()
    }
}

impl Drop for Clinic {
    fn drop(&mut self) {
        if let Some((mut child, _)) = self.server.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// A port of loopback that was free a moment ago.
pub(crate) fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("loopback has a free port")
}

/// Waits for another process; nothing is asserted about how long.
#[expect(clippy::disallowed_methods, reason = "the test waits for another process, which no clock here can move")]
pub(crate) fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}

/// Asks until `done` says so.
pub(crate) fn eventually<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    for _ in 0..1500 {
        if let Some(value) = done() {
            return value;
        }
        pause();
    }
    panic!("it never came to pass: {what}");
}

const STRUCTURE: &str = "https://postern.example/fhir/StructureDefinition";

/// A patient of New York with a verified mobile number and e-mail address the patient gave.
pub(crate) fn patient(id: &str, sms: &str, email: &str) -> Vec<Value> {
    let given = |kind: &str, code: &str| {
        json!([
            { "url": format!("{STRUCTURE}/contact-source"), "valueCode": "patient" },
            { "url": format!("{STRUCTURE}/{kind}"), "valueCode": code }
        ])
    };
    let verified = |nth: u32, system: &str, value: &str| {
        json!({
            "resourceType": "VerificationResult", "id": format!("{id}-v{nth}"), "target": [{ "reference": format!("Patient/{id}") }],
            "targetLocation": [format!("Patient.telecom.where(system='{system}' and value='{value}')")],
            "status": "validated", "lastPerformed": "2026-10-01T10:00:00Z", "nextScheduled": "2099-10-01"
        })
    };
    vec![
        json!({
            "resourceType": "Patient", "id": id, "active": true, "birthDate": "1978-10-12",
            "name": [{ "use": "official", "family": "Beech", "given": ["Alma"] }],
            "telecom": [
                { "system": "sms", "value": sms, "use": "mobile", "rank": 1, "extension": given("line-type", "mobile") },
                { "system": "email", "value": email, "use": "home", "rank": 2, "extension": given("mailbox-kind", "personal") }
            ],
            "address": [{ "use": "home", "line": ["1 Elm St"], "city": "New York", "state": "NY", "postalCode": "10001", "country": "US" }],
            "communication": [{ "language": { "coding": [{ "system": "urn:ietf:bcp:47", "code": "en" }] }, "preferred": true }]
        }),
        verified(1, "sms", sms),
        verified(2, "email", email),
    ]
}

/// A request for a one-time code: bound by no hours, so that the tests say the same at night.
pub(crate) fn code(patient: &str, code: &str) -> Value {
    json!({
        "patient": format!("Patient/{patient}"), "purpose": "one_time_code", "channels": ["sms"],
        "template": { "name": "one_time_code", "data": { "code": code } }
    })
}
