//! The record: verified from the files alone, by the binary, after it was interfered with in every simple way.

use crate::clinic::{Clinic, code, eventually, patient, postern};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A clinic that sent a few codes and was stopped.
fn clinic(name: &str) -> (Clinic, Vec<String>) {
    let mut clinic = Clinic::new(name, &patient("p1", "+12125550101", "pat@mail.example"));
    clinic.serve();
    let mut client = clinic.client();
    let ids: Vec<String> = (0..5)
        .map(|n| {
            let answer = client.post("/v1/messages", &code("p1", &format!("48291{n}")));
            assert_eq!(answer.status, 202, "{}", answer.text());
            answer.json()["id"].as_str().expect("an id").to_owned()
        })
        .collect();
    for id in &ids {
        eventually("it is delivered", || {
            (client.get(&format!("/v1/messages/{id}")).json()["state"] == "delivered").then_some(())
        });
    }
    clinic.stop();
    (clinic, ids)
}

fn entries_file(clinic: &Clinic) -> PathBuf {
    fn newest(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder").map_while(Result::ok) {
            if entry.path().is_dir() {
                newest(&entry.path(), found);
            } else {
                found.push(entry.path());
            }
        }
    }
    let mut found = Vec::new();
    newest(&clinic.data().join("ledger").join("tile").join("entries"), &mut found);
    found.sort_by_key(|path| std::fs::metadata(path).map(|data| data.len()).unwrap_or(0));
    found.pop().expect("there are entries")
}

#[test]
fn what_was_done_is_verified_and_each_message_has_its_life_on_record() {
    let (clinic, ids) = clinic("verify");
    for id in &ids {
        let (exit, report) = clinic.verify(&["--message", id]);
        assert_eq!(exit, 0, "{report}");
        let kinds: Vec<&str> = report["message"]["entries"]
            .as_array()
            .expect("entries")
            .iter()
            .filter_map(|e| e["kind"].as_str())
            .collect();
        assert_eq!(kinds.first(), Some(&"accepted"), "{kinds:?}");
        assert!(kinds.contains(&"attempt_started") && kinds.contains(&"terminal"), "{kinds:?}");
    }
}

#[test]
fn a_byte_edited_in_an_entry_is_found_and_the_entry_is_named() {
    let (clinic, ids) = clinic("edited");
    let file = entries_file(&clinic);
    let mut bytes = std::fs::read(&file).expect("readable");
    let at = bytes.windows(ids[2].len()).position(|window| window == ids[2].as_bytes()).expect("the message is there");
    bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
    std::fs::write(&file, bytes).expect("written");
    let (exit, report) = clinic.verify(&[]);
    assert_eq!(exit, 1, "{report}");
    let sentences = report["problems"].to_string();
    assert!(sentences.contains("edited"), "{sentences}");
    assert!(report["problems"][0]["sentence"].as_str().is_some_and(|s| s.contains(char::is_numeric)), "{sentences}");
}

#[test]
fn a_byte_edited_in_a_row_of_the_database_is_found() {
    let (clinic, ids) = clinic("row");
    let file = clinic.data().join("postern.db");
    let mut bytes = std::fs::read(&file).expect("readable");
    let needle = format!("\"message\":\"{}\"", ids[2]);
    let at = bytes.windows(needle.len()).position(|window| window == needle.as_bytes()).expect("the leaf is there");
    let digit = at + needle.len() - 2;
    bytes[digit] = if bytes[digit] == b'0' { b'1' } else { b'0' };
    std::fs::write(&file, bytes).expect("written");
    let (exit, report) = clinic.verify(&[]);
    assert_eq!(exit, 1, "{report}");
}

#[test]
fn a_database_that_was_taken_away_from_beside_its_root_key_is_missed_and_at_an_auditors_it_is_not() {
    let (clinic, _) = clinic("taken");
    for file in ["postern.db", "postern.db-wal", "postern.db-shm"] {
        drop(std::fs::remove_file(clinic.data().join(file)));
    }
    let (exit, report) = clinic.verify(&[]);
    assert_eq!((exit, &report["problems"][0]["code"]), (1, &Value::from("database_missing")), "{report}");
    std::fs::remove_file(clinic.data().join("root.key")).expect("removed");
    let (exit, report) = clinic.verify(&[]);
    assert_eq!(exit, 0, "the published files alone hold: {report}");
}

/// Changes one byte after `needle` in the database file, and says what verification then names.
fn named_after_an_edit(name: &str, needle: &str) -> String {
    let (clinic, _) = clinic(name);
    let file = clinic.data().join("postern.db");
    let (exit, report) = clinic.verify(&[]);
    assert_eq!(exit, 0, "{report}");
    assert!(report["covered"].as_u64().is_some_and(|rows| rows > 20), "{report}");
    let mut bytes = std::fs::read(&file).expect("readable");
    let needle = needle.as_bytes();
    let mut edited = 0;
    while let Some(at) = bytes.windows(needle.len()).position(|window| window == needle) {
        // A page may have an older copy of the row in its free space: every copy is changed.
        bytes[at + needle.len() - 1] = bytes[at + needle.len() - 1].wrapping_add(1);
        edited += 1;
    }
    assert!(edited > 0, "the row is in the file");
    std::fs::write(&file, bytes).expect("written");
    let (exit, report) = clinic.verify(&[]);
    assert_eq!(exit, 1, "{report}");
    report["problems"].to_string()
}

#[test]
fn a_byte_edited_on_disk_in_an_agreement_a_key_or_a_delivery_names_its_row() {
    let agreement = named_after_an_edit("edit-agreement", "\"status\":\"executed");
    assert!(agreement.contains("row vendors/") && agreement.contains("was changed"), "{agreement}");
    let scopes = named_after_an_edit("edit-scopes", "[\"messages:");
    assert!(scopes.contains("row principals/"), "{scopes}");
    let delivery = named_after_an_edit("edit-delivery", "one_time_codesms");
    assert!(delivery.contains("row deliveries/"), "{delivery}");
}

#[test]
fn a_directory_put_back_to_an_earlier_state_is_found_only_against_an_anchor() {
    let (mut clinic, _) = clinic("rollback");
    let copy = clinic.folder.join("earlier");
    let copied = std::process::Command::new("cp").arg("-r").arg(clinic.data()).arg(&copy).status().expect("cp runs");
    assert!(copied.success());
    clinic.serve();
    assert_eq!(clinic.client().post("/v1/messages", &code("p1", "777777")).status, 202);
    clinic.stop();
    let anchor = clinic.folder.join("anchor");
    std::fs::copy(clinic.data().join("ledger").join("checkpoint"), &anchor).expect("copied");

    std::fs::remove_dir_all(clinic.data()).expect("removed");
    std::fs::rename(&copy, clinic.data()).expect("put back");
    let (exit, report) = clinic.verify(&[]);
    assert_eq!((exit, report["anchored"].is_null()), (0, true), "{report}");
    let (exit, report) = clinic.verify(&["--anchor", anchor.to_str().expect("UTF-8")]);
    assert_eq!(exit, 1, "{report}");
    assert!(report["problems"].to_string().contains("rolled_back"), "{report}");
    assert_eq!(report["problems"].as_array().map(Vec::len), Some(1), "it is said once: {report}");
    let told = postern(&["verify", "--data", &clinic.data_text(), "--anchor", anchor.to_str().expect("UTF-8")]);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.matches("rolled back").count() == 1 && !told.contains("--anchor"), "{told}");
}
