//! Two organisations in one database: every path with the other's ids.

use crate::client::Client;
use crate::clinic::{Clinic, code, patient, postern, printed};
use serde_json::json;

#[test]
fn with_the_other_tenants_ids_there_is_nothing_on_any_path() {
    let mut clinic = Clinic::new("tenants", &patient("p1", "+12125550101", "pat@mail.example"));
    clinic.add_practice("other", "Other Health");
    let mut arguments = vec!["key", "--json", "--tenant", "other", "--scope", "admin", "--data"];
    let data = clinic.data_text();
    arguments.push(&data);
    let made = postern(&arguments);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let other_key = printed(&made)["api_key"].as_str().unwrap().to_owned();

    let address = clinic.serve();
    let mut own = clinic.client();
    let mut other = Client::new(address, &other_key);
    let sent = own.post_once("/v1/messages", "k-1", &code("p1", "482913")).unwrap();
    assert_eq!(sent.status, 202, "{}", sent.text());
    let id = sent.json()["id"].as_str().unwrap().to_owned();

    for path in ["", "?content=true", "/decision", "/entries", "/proof"] {
        let path = format!("/v1/messages/{id}{path}");
        assert_eq!(own.get(&path).status, 200, "{path}");
        assert_eq!(other.get(&path).status, 404, "{path}");
    }
    // The patient is nobody there: not to be written to, not to be asked about, and no key of the other's is taken.
    assert_eq!(other.post("/v1/messages", &code("p1", "482913")).status, 404);
    assert_eq!(other.post("/v1/messages:check", &code("p1", "482913")).status, 404);
    assert_eq!(other.post_once("/v1/messages", "k-1", &code("p1", "482913")).unwrap().status, 404);
    for path in ["messages", "portal-copies", "inbound?why=treatment"] {
        let answer = other.get(&format!("/v1/patients/p1/{path}"));
        assert!(!answer.text().contains(&id), "{}", answer.text());
        assert!(answer.status == 404 || answer.text().contains("[]"), "{} {}", answer.status, answer.text());
    }
    // A row of theirs changes nothing of ours.
    let row = json!({ "vendor": "simulator", "service": "messaging", "channels": ["sms"] });
    assert_eq!(other.put("/v1/vendors", &row).status, 204);
    let again = own.post("/v1/messages", &code("p1", "111111")).json();
    assert_eq!(again["decision"]["outcome"], "send", "{again}");
    assert!(!other.get("/v1/vendors").text().contains("self"), "their registry is theirs");
    // An administrator of one tenant does not read a log that holds both.
    assert_eq!(other.get("/ledger/checkpoint").status, 403);
}

#[test]
fn a_key_may_do_what_its_scopes_say_and_no_more() {
    let mut clinic = Clinic::new("scopes", &patient("p1", "+12125550101", "pat@mail.example"));
    let data = clinic.data_text();
    let made = postern(&["key", "--json", "--scope", "messages:read", "--data", &data]);
    let key = printed(&made)["api_key"].as_str().unwrap().to_owned();
    let address = clinic.serve();
    let mut reader = Client::new(address, &key);
    assert_eq!(reader.get("/v1/patients/p1/messages").status, 200);
    for (status, answer) in [
        (403, reader.post("/v1/messages", &code("p1", "1234"))),
        (403, reader.get("/v1/vendors")),
        (403, reader.put("/v1/vendors", &json!({}))),
        (403, reader.get("/v1/patients/p1/portal-copies")),
        (403, reader.get("/v1/patients/p1/inbound?why=treatment")),
        (403, reader.get("/ledger/checkpoint")),
    ] {
        assert_eq!(answer.status, status, "{}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
}
