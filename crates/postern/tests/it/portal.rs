//! Stories of the patients' portal, told in a real browser: Chromium, driven by Playwright, every page looked at by axe. In the folder of the
//! same name: attacks on it over HTTP.

mod aloud;
mod browser;
mod choosing;
mod filing;
mod forms;
mod guessing;
mod letters;
mod links;
mod stories;
mod surface;
mod texted;
mod uploads;
mod walls;
mod ward;
mod wishes;
mod words;

use crate::clinic::{Folder, POSTERN, free_port};
use crate::peers::missing_peer;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Where the npm peers are, when everything a browser needs is there.
pub(crate) fn browser() -> Option<PathBuf> {
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers");
    for (file, what) in [
        (peers.join("node/node_modules/playwright-core"), "playwright-core (npm)"),
        (peers.join("node/node_modules/axe-core"), "axe-core (npm)"),
        (PathBuf::from("/usr/bin/chromium"), "chromium (Debian)"),
    ] {
        if !file.exists() {
            missing_peer(what);
            return None;
        }
    }
    peers.canonicalize().ok()
}

/// Tells a story in a browser; what it says of itself is shown when it fails.
pub(crate) fn tell(peers: &Path, story: &str, known: &Value) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/run.mjs");
    let mut child = Command::new("node")
        .arg(script)
        .arg(peers)
        .arg(story)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("node runs");
    let mut input = child.stdin.take().expect("it was asked for");
    input.write_all(known.to_string().as_bytes()).expect("it listens");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{story}: {said}{wrong}");
}

/// A demo, running: its clinic has patients with messages, and invitations for some of them.
struct Running {
    child: Child,
    /// Removed at the end.
    folder: Folder,
    said: Value,
    /// How far its clock is ahead of the machine's, in seconds.
    offset: i64,
}

impl Running {
    /// Starts one whose clock shows mid-morning of a fixed day, and waits until it says where it is.
    fn start(name: &str) -> Self {
        Self::start_at(name, "2026-12-01T15:00:00Z".parse().expect("an instant"))
    }

    /// The same, with another time on its clock.
    fn start_at(name: &str, at: jiff::Timestamp) -> Self {
        let folder = Folder::new(name);
        let address = free_port().to_string();
        let data = folder.join("data");
        let data = data.to_str().expect("UTF-8");
        let begun = postern_base::Clock::now(&postern_base::SystemClock);
        let mut child = Command::new(POSTERN)
            .args(["--json", "demo", "--at", &at.to_string(), "--listen", &address, "--data", data])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let lines = BufReader::new(child.stdout.take().expect("it was asked for")).lines();
        let said = lines.map_while(Result::ok).filter_map(|line| serde_json::from_str::<Value>(&line).ok());
        let said = said.into_iter().find(|said| said["portal"].is_string()).expect("the demo says where it is");
        Self { child, folder, said, offset: at.duration_since(begun).as_secs() }
    }

    /// What a story needs to know of it and of its `nth` invitation.
    fn known(&self, nth: usize, more: &Value) -> Value {
        let portal = self.said["portal"].as_str().expect("an address").trim_end_matches('/');
        let (root, _) = portal.split_once("/p/").expect("a path");
        let invited = &self.said["invitations"][nth];
        let mut known = json!({
            "root": root, "base": portal, "offset": self.offset, "invitation": invited["code"], "born": invited["born"],
            "key": self.said["api_key"], "name": invited["family_name"], "login": format!("somebody-{nth}"), "never": [invited["family_name"], "8.2"],
        });
        if let Some(shots) = pictures() {
            known["shots"] = json!(shots);
        }
        for (key, value) in more.as_object().expect("a table") {
            known[key.as_str()] = value.clone();
        }
        known
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Where pictures of every page are put, when somebody asks for them.
#[expect(clippy::disallowed_methods, reason = "a person asks for pictures by the environment")]
pub(crate) fn pictures() -> Option<String> {
    std::env::var("POSTERN_PICTURES").ok()
}

#[test]
fn whoever_has_no_account_is_shown_the_way_in_and_nothing_else() {
    let Some(peers) = browser() else { return };
    let running = Running::start("portal-stranger");
    tell(&peers, "stranger", &running.known(0, &json!({})));
}

#[test]
fn a_patient_comes_by_the_link_of_a_notice_enrols_reads_answers_and_chooses() {
    let Some(peers) = browser() else { return };
    let running = Running::start("portal-patient");
    let english = json!({
        "language": "en", "patient": "Patient/p01", "reached": "p01@mail.example", "body": "8.2 %",
        "answer": "Thank you, I will call.", "danger": "I want to kill myself",
    });
    tell(&peers, "patient", &running.known(0, &english));
}

#[test]
fn a_spanish_patient_does_the_same_without_any_script() {
    let Some(peers) = browser() else { return };
    let running = Running::start("portal-spanish");
    let spanish = json!({
        "language": "es", "patient": "Patient/p22", "opens": "Cuenta por pagar", "body": "120", "scripts": false,
        "answer": "Gracias, llamaré.", "danger": "quiero suicidarme",
    });
    tell(&peers, "patient", &running.known(2, &spanish));
}

#[test]
fn a_passkey_makes_an_account_and_opens_it_again() {
    let Some(peers) = browser() else { return };
    let running = Running::start("portal-passkey");
    tell(&peers, "passkey", &running.known(1, &json!({ "language": "en" })));
}

#[test]
fn a_passkey_is_given_a_name_and_a_browser_that_finds_none_says_so() {
    let Some(peers) = browser() else { return };
    let running = Running::start("portal-naming");
    tell(
        &peers,
        "naming",
        &running.known(1, &json!({ "language": "en", "called": "Grandma's <b>tablet</b>, in the kitchen" })),
    );
    tell(
        &peers,
        "naming",
        &running.known(2, &json!({ "language": "es", "called": "La tableta de la abuela, en la cocina" })),
    );
}

#[test]
fn two_minutes_before_a_session_ends_the_page_says_so() {
    let Some(peers) = browser() else { return };
    let running = Running::start("portal-idle");
    tell(&peers, "idle", &running.known(1, &json!({ "language": "en" })));
    tell(&peers, "idle", &running.known(2, &json!({ "language": "es" })));
}
