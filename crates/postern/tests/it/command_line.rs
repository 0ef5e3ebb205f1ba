//! The command line: what each command prints, and how it ends.

use crate::clinic::{Folder, POSTERN, postern, printed};
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

fn fed(arguments: &[&str], input: impl AsRef<[u8]>) -> Output {
    let mut child = Command::new(POSTERN)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    child.stdin.take().expect("piped").write_all(input.as_ref()).expect("written");
    child.wait_with_output().expect("it ended")
}

/// A case in which nothing is known of the patient.
fn case() -> Value {
    json!({
        "now": "2026-12-01T15:00:00-05:00",
        "tenant": { "name": "Sunrise Health", "role": "covered_entity",
                    "sender": { "alias": "Sunrise Health", "reveals_specialty": false } },
        "ehr": { "status": "live" },
        "bundle": { "resourceType": "Bundle", "type": "collection", "entry": [
            { "resource": { "resourceType": "Patient", "id": "p1", "telecom": [{ "system": "sms", "value": "+12125550101" }] } }
        ] },
        "request": { "patient": "Patient/p1", "purpose": "appointment_reminder", "channels": ["sms"],
                     "content": { "body": "Sunrise Health: appt 12/04 2:00 PM" } }
    })
}

#[test]
fn explain_decides_a_case_without_a_data_directory_and_says_why() {
    let folder = Folder::new("explain");
    let file = folder.join("case.json");
    std::fs::write(&file, case().to_string()).unwrap();
    let path = file.to_str().unwrap();
    let answer = printed(&postern(&["explain", path, "--json"]));
    assert_eq!(answer["outcome"], "refuse", "{answer}");
    let told = postern(&["explain", path]);
    // Long sentences are broken between words.
    let text = String::from_utf8_lossy(&told.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    let reason = &answer["refusals"][0];
    for part in ["rule", "citation", "sentence"] {
        assert!(text.contains(reason[part].as_str().unwrap()), "{part}: {text}");
    }
}

#[test]
fn explain_names_the_field_that_is_not_right_and_ends_with_two() {
    let mut wrong = case();
    wrong["request"]["chanels"] = json!(["sms"]);
    let output = fed(&["explain", "-"], wrong.to_string());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("request.chanels"), "{said}");
}

#[test]
fn explain_says_in_json_what_is_wrong_with_a_case_and_decides_the_others() {
    let folder = Folder::new("explain-several");
    let write = |name: &str, text: &[u8]| {
        let file = folder.join(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let with = |pointer: &str, value: Value| {
        let mut case = case();
        let (place, key) = pointer.rsplit_once('/').unwrap();
        case.pointer_mut(place).unwrap()[key] = value;
        case.to_string().into_bytes()
    };
    let good = case().to_string();
    let wrong = [
        (write("time.json", &with("/now", json!("yesterday"))), json!("now"), "2026-12-01T15:00:00-05:00"),
        (write("local.json", &with("/now", json!("2026-12-01T15:00:00"))), json!("now"), "with its offset"),
        (write("hour.json", &with("/now", json!("2026-12-01T25:00:00Z"))), json!("now"), "with its offset"),
        (write("state.json", &with("/tenant/state", json!("Narnia"))), json!("tenant.state"), "two letters"),
        (
            write("number.json", &with("/bundle", json!({"resourceType": "Bundle", "entry": [7]}))),
            json!("bundle.entry[0].resource"),
            "FHIR resource",
        ),
        (
            write("typo.json", &with("/bundle", json!({"resourceType": "Bundle", "entry": [{"resouce": {}}]}))),
            json!("bundle.entry[0].resource"),
            "FHIR resource",
        ),
        (write("twice.json", good.replacen("\"now\":", "\"now\":1,\"now\":", 1).as_bytes()), json!("."), "twice"),
        (write("empty.json", b""), json!("."), "JSON"),
        (write("latin.json", b"\xff\xfe{}"), json!("."), "JSON"),
        (
            write("deep.json", &[b"{\"a\":".repeat(4_000), b"1".to_vec(), b"}".repeat(4_000)].concat()),
            json!("."),
            "nested",
        ),
        (folder.join("nowhere.json").to_str().unwrap().to_owned(), Value::Null, ""),
    ];
    let good = write("good.json", good.as_bytes());
    let mut arguments = vec!["explain", "--json"];
    arguments.extend(wrong.iter().map(|(path, _, _)| path.as_str()));
    arguments.push(&good);
    let output = postern(&arguments);
    assert_eq!(output.status.code(), Some(2));
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), wrong.len() + 1);
    for ((path, field, what), line) in wrong.iter().zip(&lines) {
        let error = &line["error"];
        assert_eq!((&error["file"], &error["field"]), (&json!(path), field), "{line}");
        assert!(error["what"].as_str().unwrap().contains(what), "{line}");
    }
    assert_eq!(lines[wrong.len()]["outcome"], "refuse");
}

#[test]
fn scan_finds_what_is_phi_counts_in_code_points_and_fails_when_told_to() {
    let lines = "\
{\"id\":\"1\",\"text\":\"Sunrise Health: appointment Dec 4, 2:00 PM.\",\"channel\":\"sms\"}\n\
\n\
{\"id\":\"2\",\"text\":\"\u{1f44b}\u{1f44b} SSN 219-09-9991\",\"channel\":\"sms\",\"lang\":\"en\"}\n";
    let output = fed(&["scan", "--json"], lines);
    assert_eq!(output.status.code(), Some(0));
    let answers: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 2);
    assert_eq!((&answers[0]["id"], &answers[0]["phi"]), (&json!("1"), &json!(false)), "{}", answers[0]);
    assert_eq!(answers[1]["phi"], true, "{}", answers[1]);
    let span = answers[1]["spans"].as_array().unwrap().iter().find(|s| s["type"] == "ssn").expect("the number").clone();
    assert_eq!(span["end"], 18, "two emoji are two code points: {span}");
    assert_eq!(fed(&["scan", "--fail-on", "phi"], lines).status.code(), Some(1));
    let clean: String = lines.lines().take(1).map(|line| format!("{line}\n")).collect();
    assert_eq!(fed(&["scan", "--fail-on", "phi"], &clean).status.code(), Some(0));
}

#[test]
fn scan_tells_of_a_line_it_cannot_read_and_goes_on_to_the_end() {
    let lines = "\
{\"id\":\"1\",\"text\":\"x\",\"chanel\":\"sms\"}\n\
\n\
not json, SSN 219-09-9991\n\
{\"id\":\"4\",\"text\":\"SSN 219-09-9991\",\"channel\":\"sms\"}\n";
    let output = fed(&["scan", "--json", "--fail-on", "phi"], lines);
    assert_eq!(output.status.code(), Some(2), "what could not be read outweighs what was found");
    let told: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!((&told[0]["id"], &told[0]["line"]), (&Value::Null, &json!(1)));
    assert!(told[0]["error"].as_str().unwrap().contains("chanel"), "{}", told[0]);
    assert_eq!(told[1]["line"], json!(3), "an empty line is counted, as people count");
    assert_eq!((&told[2]["id"], &told[2]["phi"]), (&json!("4"), &json!(true)));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("2 lines could not be read") && !said.contains("219"), "{said}");

    let output = fed(&["scan"], lines);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("line 1: `chanel`") && said.contains("line 3: ") && !said.contains("219"), "{said}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 texts, 1 with PHI"));
}

#[test]
fn scan_holds_what_it_cannot_judge_and_tells_of_bytes_that_are_no_text() {
    let folder = Folder::new("scan-hostile");
    let long = "Your A1c is 8.2 %. ".repeat(10 * 1024 * 1024 / 19);
    let mut texts = format!("See you Monday at 3.\n{long}\nSee you ").into_bytes();
    texts.extend_from_slice(b"\xff\xc3\x28 at 3.\n\xed\xa0\x80\nSee you Friday at 3.\n");
    let file = folder.join("texts.txt");
    std::fs::write(&file, texts).unwrap();
    let output = fed(&["scan", "--json", file.to_str().unwrap()], "");
    assert_eq!(output.status.code(), Some(2), "bytes that are no text were not read");
    let told: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(told.len(), 5, "{told:?}");
    assert_eq!((&told[0]["phi"], &told[4]["phi"]), (&json!(false), &json!(false)), "what is around is judged");
    assert_eq!((&told[1]["phi"], &told[1]["level"]), (&json!(true), &json!("L4")), "too long to judge is not clean");
    assert_eq!((&told[2]["line"], &told[3]["line"]), (&json!(3), &json!(4)));
    assert!(told[2]["error"].as_str().unwrap().contains("UTF-8"), "{}", told[2]);

    let mut lines = b"{\"id\":\"1\",\"text\":\"a\xff\xfeb\",\"channel\":\"sms\"}\n".to_vec();
    lines.extend_from_slice(b"{\"id\":\"2\",\"text\":\"\\ud800 HIV\",\"channel\":\"sms\"}\n");
    lines.extend_from_slice("{\"id\":\"3\",\"text\":\"H\u{301}\u{202e}I\u{200b}V\",\"channel\":\"sms\"}\n".as_bytes());
    let output = fed(&["scan", "--json"], &lines);
    assert_eq!(output.status.code(), Some(2));
    let told: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&told[0]["line"], &told[1]["line"]), (&json!(1), &json!(2)), "half a character is no text");
    assert_eq!((&told[2]["id"], &told[2]["phi"]), (&json!("3"), &json!(true)));
}

#[test]
fn scan_reads_folders_text_by_text_and_shows_the_text_only_when_asked() {
    let folder = Folder::new("scan-folder");
    let inside = folder.join("sms");
    std::fs::create_dir(&inside).unwrap();
    std::fs::write(inside.join("a.txt"), "See you Monday at 3.\nYour A1c is 8.2 %\n").unwrap();
    std::fs::write(inside.join("b.jsonl"), "{\"id\":\"7\",\"text\":\"SSN 219-09-9991\",\"channel\":\"sms\"}\n")
        .unwrap();
    std::fs::write(folder.join("logo.png"), b"\x89PNG\0\0\0").unwrap();
    let all = folder.join("");
    let path = all.to_str().unwrap();
    let output = fed(&["scan", path], "");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("a.txt:2  lab 5-8") && said.contains("3 texts, 2 with PHI, 1 files"), "{said}");
    assert!(!said.contains("219-09") && !said.contains('\u{1b}'), "neither text nor colour in a pipe: {said}");
    let output = fed(&["scan", "--text", path], "");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("Your [A1c]lab is") && said.contains("[219-09-9991]ssn"), "{said}");
    assert_eq!(fed(&["scan", "--fail-on", "phi", path], "").status.code(), Some(1));
}

#[test]
fn scan_shows_people_what_was_found_and_never_the_text() {
    let output = fed(&["scan"], "{\"id\":\"7\",\"text\":\"SSN 219-09-9991\",\"channel\":\"sms\"}\n");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("ssn") && !text.contains("219-09"), "{text}");
}

#[test]
fn send_asks_decides_and_delivers_without_a_server() {
    use crate::clinic::{Clinic, code, patient};
    let clinic = Clinic::new("send", &patient("p1", "+12125550101", "pat@mail.example"));
    let data = clinic.data_text();
    let body = code("p1", "482913").to_string();
    let check = fed(&["send", "--check", "--json", "--data", &data], &body);
    assert_eq!(printed(&check)["decision"]["outcome"], "send");
    assert!(clinic.sent().is_empty(), "a check sends nothing");
    let sent = fed(&["send", "--json", "--data", &data], &body);
    let told = printed(&sent);
    assert_eq!(sent.status.code(), Some(0), "{told}");
    assert_eq!(told["message"]["state"], "delivered", "{told}");
    assert_eq!(clinic.sent().len(), 1);
    let mut wrong = code("p1", "482913");
    wrong["purpose"] = json!("gossip");
    let refused = fed(&["send", "--data", &data], wrong.to_string());
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("purpose"));
}

#[test]
fn help_tells_the_exit_codes_and_a_wrong_option_ends_with_two() {
    let help = String::from_utf8(postern(&["--help"]).stdout).unwrap();
    assert!(help.contains("Exit codes:"), "{help}");
    assert_eq!(postern(&["verify", "--no-such-option"]).status.code(), Some(2));
    let completions = postern(&["completions", "bash"]);
    assert!(completions.status.success() && completions.stdout.len() > 1000);
}
