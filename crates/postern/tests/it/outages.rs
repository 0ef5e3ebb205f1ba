//! The disk is full, another program holds the database: nothing is lost, nothing is sent twice, health says so, and it goes on
//! by itself.

use crate::clinic::{Clinic, code, eventually, patient};
use crate::peers::missing_peer;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Another process that holds the database's write lock until it is let go.
struct Holder(Child);

const HOLD: &str = "\
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
db.execute('BEGIN IMMEDIATE')
print('held', flush=True)
sys.stdin.readline()
db.execute('ROLLBACK')
";

impl Holder {
    /// `None` = there is no Python to play it.
    fn of(database: &Path) -> Option<Self> {
        let child = Command::new("python3")
            .args(["-c", HOLD])
            .arg(database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut child) = child else {
            missing_peer("python3");
            return None;
        };
        let mut said = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut said).expect("it speaks");
        assert_eq!(said.trim(), "held");
        Some(Self(child))
    }

    fn let_go(mut self) {
        self.0.stdin.take().expect("piped").write_all(b"\n").expect("it listens");
        assert!(self.0.wait().expect("it ended").success());
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A filesystem of a few megabytes, taken away at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` = this user may not mount.
    fn at(path: &Path) -> Option<Self> {
        std::fs::create_dir_all(path).expect("a folder");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=6m,mode=0700", "none"]).arg(path).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(path.to_path_buf()));
        }
        missing_peer("leave to mount a small filesystem (root only)");
        None
    }

    /// Leaves no byte free.
    fn fill(&self) {
        let mut file = std::fs::File::create(self.0.join("filler")).expect("a file");
        while file.write_all(&[0; 4096]).is_ok() {}
    }

    fn make_room(&self) {
        std::fs::remove_file(self.0.join("filler")).expect("removed");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}

/// 503 with word of when to come back.
fn turned_away(answer: &crate::client::Answer) {
    assert_eq!(answer.status, 503, "{}", answer.text());
    let wait: u64 = answer.header("retry-after").and_then(|s| s.parse().ok()).expect("Retry-After in seconds");
    assert!(wait >= 1);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
}

/// A code that falls due in a moment.
fn soon(patient: &str, digits: &str) -> Value {
    let mut request = code(patient, digits);
    request["send_at"] =
        json!((postern_base::Clock::now(&postern_base::SystemClock) + jiff::SignedDuration::from_secs(1)).to_string());
    request
}

/// What was queued is sent once, what was turned away is taken now, and the record holds.
fn all_is_well_again(clinic: &mut Clinic, queued: &str, once: &str) {
    let mut client = clinic.client();
    eventually("it is ready again", || (client.get("/readyz").status == 200).then_some(()));
    let again = client.post_once("/v1/messages", once, &code("p1", "222222")).expect("an answer");
    assert_eq!(again.status, 202, "{}", again.text());
    assert_eq!(again.header("idempotent-replayed"), None, "it was not half stored");
    for id in [queued, again.json()["id"].as_str().expect("an id")] {
        eventually("it is delivered", || {
            (client.get(&format!("/v1/messages/{id}")).json()["state"] == "delivered").then_some(())
        });
    }
    assert!(client.get("/metrics").text().contains("postern_store_well 1"));
    clinic.stop();
    let mut sent: Vec<String> =
        clinic.sent().iter().filter_map(|line| line.split(' ').nth(1).map(str::to_owned)).collect();
    let all = sent.len();
    sent.sort();
    sent.dedup();
    assert_eq!(sent.len(), all, "nothing was sent twice");
    let (exit, report) = clinic.verify(&[]);
    assert_eq!(exit, 0, "{report}");
}

#[test]
fn while_another_program_holds_the_database_callers_wait_health_is_red_and_nothing_is_lost() {
    let mut clinic = Clinic::new("locked", &patient("p1", "+12125550101", "pat@mail.example"));
    clinic.serve();
    let mut client = clinic.client();
    let queued = client.post("/v1/messages", &soon("p1", "111111"));
    assert_eq!(queued.status, 202, "{}", queued.text());
    let queued = queued.json()["id"].as_str().expect("an id").to_owned();

    let Some(holder) = Holder::of(&clinic.data().join("postern.db")) else { return };
    turned_away(&client.post_once("/v1/messages", "k-1", &code("p1", "222222")).expect("an answer"));
    let red = client.get("/readyz");
    turned_away(&red);
    assert!(red.text().contains("nothing can be stored"), "{}", red.text());
    assert_eq!(client.get("/healthz").status, 200, "the process itself is alive");
    assert!(client.get("/metrics").text().contains("postern_store_well 0"));
    assert_eq!(client.get(&format!("/v1/messages/{queued}")).status, 200, "what is there can be read");
    holder.let_go();

    all_is_well_again(&mut clinic, &queued, "k-1");
}

#[test]
fn on_a_full_disk_callers_wait_health_is_red_and_with_room_it_goes_on_by_itself() {
    let folder = crate::clinic::Folder::new("full-disk");
    let Some(disk) = SmallDisk::at(&folder.join("data")) else { return };
    let mut clinic = Clinic::within(folder, &patient("p1", "+12125550101", "pat@mail.example"));
    clinic.serve();
    let mut client = clinic.client();
    let queued = client.post("/v1/messages", &soon("p1", "111111"));
    assert_eq!(queued.status, 202, "{}", queued.text());
    let queued = queued.json()["id"].as_str().expect("an id").to_owned();

    disk.fill();
    // What the database has already reserved takes a few more.
    let refused = (0..2000).find_map(|nth| {
        let answer =
            client.post_once("/v1/messages", &format!("fill-{nth}"), &code("p1", "222222")).expect("an answer");
        (answer.status != 202).then_some((nth, answer))
    });
    let (nth, answer) = refused.expect("the disk is full");
    turned_away(&answer);
    let red = client.get("/readyz");
    turned_away(&red);
    assert!(red.text().contains("is the disk full"), "{}", red.text());
    disk.make_room();

    all_is_well_again(&mut clinic, &queued, &format!("fill-{nth}"));
    drop(disk);
}
