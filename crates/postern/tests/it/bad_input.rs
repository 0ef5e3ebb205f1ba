//! Bad input and faults, as a caller and an operator meet them (DESIGN "Bad input and faults"): a clear error that names what is
//! wrong, nothing stored, nothing lost.

use crate::client::Client;
use crate::clinic::{Clinic, Folder, code, patient, postern};
use serde_json::{Value, json};

fn clinic(name: &str) -> Clinic {
    Clinic::new(name, &patient("p1", "+12125550101", "pat@mail.example"))
}

/// The problem's status, field and detail.
fn problem(answer: &crate::client::Answer) -> (u16, String, String) {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{}", answer.text());
    let problem = answer.json();
    assert_eq!(problem["status"], json!(answer.status));
    let text = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
    (answer.status, text("field"), text("detail"))
}

#[test]
fn a_request_that_is_not_right_is_refused_with_the_field_and_nothing_is_stored() {
    let mut clinic = clinic("bad-input");
    clinic.serve();
    let mut client = clinic.client();
    let with = |field: &str, value: Value| {
        let mut body = code("p1", "482913");
        body[field] = value;
        body
    };
    for (body, field) in [
        (with("pateint", json!("Patient/p1")), "pateint"),
        (with("purpose", json!("gossip")), "purpose"),
        (with("purpose", json!(7)), "purpose"),
        (with("patient", json!("Patient/../etc")), "patient"),
        (with("channels", json!("sms")), "channels"),
        (with("send_at", json!("tomorrow")), "send_at"),
        (with("recipient", json!(["self", null])), "recipient"),
        (json!(["Patient/p1", "one_time_code"]), "."),
        (with("template", json!({ "name": "no_such_template", "data": {} })), "template.name"),
        (with("template", json!({ "name": "one_time_code", "data": {} })), "template.data.code"),
        (with("template", json!({ "name": "one_time_code", "data": { "code": "1", "x": "y" } })), "template.data.x"),
    ] {
        let answer = client.post("/v1/messages", &body);
        let (status, named, detail) = problem(&answer);
        assert_eq!((status, named.as_str()), (422, field), "{detail}");
        assert!(!detail.is_empty());
    }
    let stored = client.get("/v1/patients/p1/messages");
    assert_eq!(stored.json()["messages"], json!([]), "{}", stored.text());
}

#[test]
fn a_body_that_is_no_json_too_large_or_of_another_type_is_told_so() {
    let mut clinic = clinic("bad-bodies");
    clinic.serve();
    let mut client = clinic.client();
    let torn = client.call("POST", "/v1/messages", &[], b"{\"patient\": ").expect("an answer");
    assert_eq!(problem(&torn).0, 422);
    let deep = client.call("POST", "/v1/messages", &[], "[".repeat(100_000).as_bytes()).expect("an answer");
    assert_eq!(problem(&deep).0, 422);
    let other = client.call("POST", "/v1/messages", &[("Content-Type", "text/plain")], b"hello").expect("an answer");
    assert_eq!(problem(&other).0, 415);
    let mut body = code("p1", "482913");
    body["content"] = json!({ "body": "x".repeat(2 * 1024 * 1024) });
    let large = clinic.client().call("POST", "/v1/messages", &[], body.to_string().as_bytes());
    // The server may cut the connection while we still write: then nothing was taken either.
    if let Ok(answer) = large {
        assert_eq!(problem(&answer).0, 413);
    }
    assert_eq!(clinic.client().get("/healthz").status, 200);
}

#[test]
fn texts_to_scan_that_are_no_text_are_told_by_line_and_the_others_are_read() {
    let mut clinic = clinic("bad-scan");
    clinic.serve();
    let mut body = b"{\"id\":\"1\",\"text\":\"a\xff\xfeb\",\"channel\":\"sms\"}\n".to_vec();
    body.extend_from_slice(b"{\"id\":\"2\",\"text\":\"\\udc00 HIV\",\"channel\":\"sms\"}\n");
    let flood = "\u{202e}&amp;amp;#72;IV \u{301}".repeat(4_000);
    body.extend_from_slice(json!({ "id": "3", "text": flood, "channel": "sms" }).to_string().as_bytes());
    let answer = clinic.client().call("POST", "/v1/scan", &[("Content-Type", "application/x-ndjson")], &body);
    let answer = answer.expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told: Vec<Value> = answer.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((&told[0]["line"], &told[1]["line"], told.len()), (&json!(1), &json!(2), 3), "{told:?}");
    assert_eq!((&told[2]["id"], &told[2]["phi"], &told[2]["level"]), (&json!("3"), &json!(true), &json!("L4")));
    let length = flood.chars().count();
    let spans = told[2]["spans"].as_array().expect("spans");
    assert!(spans.iter().all(|span| span["end"].as_u64().is_some_and(|end| end <= length as u64)), "{}", spans.len());
}

#[test]
fn without_a_key_or_at_another_address_there_is_a_problem_and_no_more() {
    let mut clinic = clinic("no-key");
    let address = clinic.serve();
    for key in ["", "pk_nothing", &clinic.key[..clinic.key.len() - 1], &format!("{}x", clinic.key)] {
        let mut stranger = Client::new(address, key);
        assert_eq!(problem(&stranger.post("/v1/messages", &code("p1", "1234"))).0, 401, "{key}");
        assert_eq!(problem(&stranger.get("/v1/patients/p1/portal-copies")).0, 401, "{key}");
    }
    let mut client = clinic.client();
    assert_eq!(problem(&client.get("/v1/nothing-here")).0, 404);
    assert_eq!(problem(&client.call("DELETE", "/v1/messages", &[], b"").expect("an answer")).0, 405);
    assert_eq!(problem(&client.get("/v1/messages/01890000-0000-7000-8000-000000000000")).0, 404);
    let forged = client.call("POST", "/v1/webhooks/simulator/messaging", &[("webhook-signature", "v1,AAAA")], b"{}");
    assert_eq!(problem(&forged.expect("an answer")).0, 401);
    for path in ["/ledger/tile/../../root.key", "/ledger/tile/%2e%2e/%2e%2e/root.key", "/ledger/tile/0/x../000"] {
        let answer = client.get(path);
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
    }
}

#[test]
fn the_same_key_gives_the_first_answer_again_and_another_body_is_a_conflict() {
    let mut clinic = clinic("idempotency");
    clinic.serve();
    let mut client = clinic.client();
    let first = client.post_once("/v1/messages", "k-1", &code("p1", "482913")).expect("an answer");
    assert_eq!(first.status, 202, "{}", first.text());
    let again = client.post_once("/v1/messages", "k-1", &code("p1", "482913")).expect("an answer");
    assert_eq!((again.status, again.json()), (202, first.json()));
    let other = client.post_once("/v1/messages", "k-1", &code("p1", "999999")).expect("an answer");
    assert_eq!(problem(&other).0, 409);
    let listed = client.get("/v1/patients/p1/messages").json();
    assert_eq!(listed["messages"].as_array().map(Vec::len), Some(1), "{listed}");
}

#[test]
fn a_bad_configuration_stops_the_start_and_is_named_by_file_and_key() {
    let clinic = clinic("bad-config");
    let config = clinic.data().join("postern.toml");
    let good = std::fs::read_to_string(&config).expect("it is there");
    for (bad, key) in [
        (good.replace("listen =", "lisen ="), "server.lisen"),
        (good.replace("listen = \"127.0.0.1:8025\"", "listen = 8025"), "server.listen"),
        (good.replace("listen = \"127.0.0.1:8025\"", "listen = \"0.0.0.0:8025\""), "server.listen"),
        (good.replace("role = \"covered_entity\"", "role = \"landlord\""), "role"),
    ] {
        std::fs::write(&config, bad).expect("written");
        let output = postern(&["serve", "--data", &clinic.data_text()]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{key}: {said}");
        assert!(said.contains("postern.toml") && said.contains(key), "{key}: {said}");
    }
}

#[test]
fn a_vendor_of_texts_that_is_not_set_right_is_named_by_its_key() {
    let clinic = clinic("bad-vendor");
    let config = clinic.data().join("postern.toml");
    let good = std::fs::read_to_string(&config).expect("it is there");
    let secret = clinic.folder.join("secret");
    std::fs::write(&secret, "short\n").expect("written");
    let section = format!(
        "[[bandwidth]]\nendpoint = \"https://a.example\"\ntoken_endpoint = \"https://b.example\"\naccount = \"9900000\"\n\
         client_id = \"c\"\nclient_secret_file = {secret:?}\napplication = \"app-1\"\nfrom = \"+12125550100\"\n\
         callback_user = \"hooks\"\ncallback_password_file = {secret:?}\n"
    );
    for (of, with, key) in [
        ("endpoint = \"https://a", "endpoint = \"http://a", "bandwidth[0].endpoint"),
        ("\"https://b", "\"b", "bandwidth[0].token_endpoint"),
        ("account = \"9900000\"", "acount = 1", "acount"),
        ("account = \"9900000\"\n", "", "account"),
        ("9900000", "clinic", "account"),
        ("+1212", "Clinic", "from"),
        ("", "", "callback_password_file"),
    ] {
        let section = section.replacen(of, with, 1);
        std::fs::write(&config, good.replacen("[tenant.clinic]\n", &format!("{section}\n[tenant.clinic]\n"), 1))
            .expect("written");
        let output = postern(&["serve", "--data", &clinic.data_text()]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(key), "{key}: {said}");
    }
}

#[test]
fn a_database_of_a_newer_postern_is_refused_with_a_clear_sentence() {
    let clinic = clinic("newer");
    // SQLite keeps `user_version` as four big-endian bytes at offset 60 of the file (SQLite file format, section 1.3).
    let database = clinic.data().join("postern.db");
    let mut bytes = std::fs::read(&database).expect("it is there");
    bytes[60..64].copy_from_slice(&9_999u32.to_be_bytes());
    std::fs::write(&database, bytes).expect("written");
    let output = postern(&["serve", "--data", &clinic.data_text()]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("9999") && said.contains("newer"), "{said}");
}

#[test]
fn two_processes_cannot_have_one_data_directory() {
    let mut clinic = clinic("in-use");
    clinic.serve();
    let output = postern(&["serve", "--data", &clinic.data_text(), "--listen", "127.0.0.1:0"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("another Postern process"), "{said}");
}

#[test]
fn a_bundle_with_broken_resources_gives_what_it_has_and_names_the_rest() {
    let clinic = clinic("broken-bundle");
    let mut resources = patient("p2", "+12125550102", "p2@mail.example");
    resources.push(json!({ "resourceType": "Patient", "id": "not/an id" }));
    resources.push(json!({ "id": "no-type" }));
    resources.push(json!({ "resourceType": "Observation", "id": "o1", "status": "final" }));
    let entries: Vec<Value> = resources.iter().map(|resource| json!({ "resource": resource })).collect();
    let bundle = json!({ "resourceType": "Bundle", "type": "searchset", "entry": entries });
    let file = clinic.folder.join("broken.json");
    std::fs::write(&file, bundle.to_string()).expect("written");
    let output = postern(&["import", "--data", &clinic.data_text(), file.to_str().expect("UTF-8"), "--json"]);
    let report = crate::clinic::printed(&output);
    assert_eq!(output.status.code(), Some(1), "{report}");
    assert_eq!(report["stored"]["Patient"], json!(1), "{report}");
    assert_eq!(report["skipped"]["Observation"], json!(1), "{report}");
    assert!(report["unreadable"].as_array().is_some_and(|list| !list.is_empty()), "{report}");
}

#[test]
fn a_bundle_that_is_cut_off_is_not_stored_in_part() {
    let mut clinic = clinic("cut-bundle");
    let resources = patient("p2", "+12125550102", "p2@mail.example");
    let entries: Vec<Value> = resources.iter().map(|resource| json!({ "resource": resource })).collect();
    let whole = format!(r#"{{"resourceType":"Bundle","type":"collection","entry":{}}}"#, Value::Array(entries));
    let file = clinic.folder.join("cut.json");
    std::fs::write(&file, &whole.as_bytes()[..whole.len() - 40]).expect("written");
    let output = postern(&["import", "--data", &clinic.data_text(), file.to_str().expect("UTF-8")]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("cut off"), "{said}");
    clinic.serve();
    let unknown = clinic.client().post("/v1/messages", &code("p2", "482913"));
    assert_eq!(problem(&unknown).0, 404, "{}", unknown.text());
}

#[test]
fn a_file_with_nothing_in_it_is_no_import() {
    let clinic = clinic("empty-import");
    let blank = clinic.folder.join("blank.json");
    std::fs::write(&blank, " \n\n").expect("written");
    for file in ["/dev/null", blank.to_str().expect("UTF-8")] {
        let output = postern(&["import", "--data", &clinic.data_text(), file]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{file}: {said}");
        assert!(said.contains(file) && said.contains("empty: expected a Bundle"), "{file}: {said}");
    }
}

#[test]
fn a_file_that_is_no_fhir_keeps_none_of_the_others_from_being_read() {
    let clinic = clinic("several-files");
    let (broken, good) = (clinic.folder.join("broken.json"), clinic.folder.join("good.json"));
    std::fs::write(&broken, "no JSON at all").expect("written");
    let resources = patient("p2", "+12125550102", "p2@mail.example");
    let lines: Vec<String> = resources.iter().map(Value::to_string).collect();
    std::fs::write(&good, lines.join("\n")).expect("written");
    let text = |path: &std::path::Path| path.to_str().expect("UTF-8").to_owned();
    let files = ["import", "--data", &clinic.data_text(), &text(&broken), &text(&good), "--json"];
    let output = postern(&files);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && said.contains("broken.json"), "{said}");
    assert_eq!(crate::clinic::printed(&output)["stored"]["Patient"], json!(1), "{said}");
}

#[test]
fn a_record_whose_key_was_destroyed_is_gone() {
    let mut clinic = clinic("gone");
    clinic.serve();
    let sent = clinic.client().post("/v1/messages", &code("p1", "482913"));
    let id = sent.json()["id"].as_str().expect("an id").to_owned();
    clinic.stop();
    // What destroying a patient's key leaves behind.
    let sql = "import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1])\n\
               db.execute('UPDATE patient_keys SET wrapped = NULL, name = NULL, destroyed_at = 1')\ndb.commit()\n";
    let destroyed =
        std::process::Command::new("python3").args(["-c", sql]).arg(clinic.data().join("postern.db")).status();
    let Ok(status) = destroyed else { return crate::peers::missing_peer("python3") };
    assert!(status.success());
    clinic.serve();
    let mut client = clinic.client();
    for path in ["?content=true", "/decision"] {
        let gone = client.get(&format!("/v1/messages/{id}{path}"));
        assert_eq!(problem(&gone).0, 410, "{path}: {}", gone.text());
        assert!(problem(&gone).2.contains("destroyed"), "{}", gone.text());
    }
    assert_eq!(client.get(&format!("/v1/messages/{id}/entries")).status, 200, "the record of it stands");
}

#[test]
fn quickstart_leaves_a_directory_that_is_there_alone() {
    let clinic = clinic("twice");
    let before = std::fs::read(clinic.data().join("root.key")).expect("the root key");
    let output = postern(&["quickstart", "--data", &clinic.data_text()]);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(std::fs::read(clinic.data().join("root.key")).expect("the root key"), before);
}

#[test]
fn commands_without_a_data_directory_say_what_to_do() {
    let folder = Folder::new("nothing");
    let none = folder.join("none");
    for command in ["serve", "verify"] {
        let output = postern(&[command, "--data", none.to_str().expect("UTF-8")]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(matches!(output.status.code(), Some(2 | 3)), "{command}: {said}");
        assert!(!said.is_empty(), "{command}");
    }
}
