//! API keys: made, listed and revoked, on a running server and on a data directory at rest.

use crate::client::Client;
use crate::clinic::{Clinic, code, patient, postern, printed};
use serde_json::{Value, json};

fn clinic(name: &str) -> Clinic {
    Clinic::new(name, &patient("p1", "+12125550101", "pat@mail.example"))
}

fn listed<'a>(list: &'a Value, id: &Value) -> &'a Value {
    list["keys"].as_array().expect("keys").iter().find(|key| key["id"] == *id).expect("the key is listed")
}

#[test]
fn a_key_that_is_revoked_is_refused_at_its_very_next_call() {
    let mut clinic = clinic("revoke");
    let address = clinic.serve();
    let mut admin = clinic.client();
    let made = admin.post("/v1/keys", &json!({ "label": "front desk", "scopes": ["messages:read"] }));
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    let (id, token) = (&made["key"]["id"], made["api_key"].as_str().expect("the key, once"));
    let mut holder = Client::new(address, token);
    assert_eq!(holder.get("/v1/patients/p1/messages").status, 200);

    let list = admin.get("/v1/keys");
    let row = listed(&list.json(), id).clone();
    assert_eq!(
        (&row["label"], &row["revoked"], &row["scopes"]),
        (&json!("front desk"), &json!(false), &json!(["messages:read"]))
    );
    let made_at: jiff::Timestamp = row["made_at"].as_str().expect("a time").parse().expect("RFC 3339");
    assert!(made_at.as_second() > 1_700_000_000);
    assert!(!list.text().contains(token), "the key stands nowhere again");

    assert_eq!(
        admin.call("DELETE", &format!("/v1/keys/{}", id.as_str().expect("text")), &[], b"").expect("an answer").status,
        204
    );
    let refused = holder.get("/v1/patients/p1/messages");
    assert_eq!(refused.status, 401, "{}", refused.text());
    assert_eq!(listed(&admin.get("/v1/keys").json(), id)["revoked"], json!(true));
    assert_eq!(admin.call("DELETE", "/v1/keys/nobody", &[], b"").expect("an answer").status, 404);
    clinic.stop();
    let (exit, report) = clinic.verify(&[]);
    assert_eq!(exit, 0, "{report}");
}

#[test]
fn nobody_gives_what_they_do_not_have_and_only_an_administrator_gives() {
    let mut clinic = clinic("give");
    let address = clinic.serve();
    let mut first = clinic.client();
    let made = first.post("/v1/keys", &json!({ "scopes": ["admin"] })).json();
    let mut admin = Client::new(address, made["api_key"].as_str().expect("the key"));
    // A log may hold entries of several tenants: `admin` alone does not read it, and so does not give it.
    assert_eq!(admin.post("/v1/keys", &json!({ "scopes": ["ledger:read"] })).status, 403);
    let made = admin.post("/v1/keys", &json!({ "scopes": ["messages:read"] })).json();
    let mut reader = Client::new(address, made["api_key"].as_str().expect("the key"));
    assert_eq!(reader.get("/v1/keys").status, 403);
    assert_eq!(reader.post("/v1/keys", &json!({ "scopes": ["messages:read"] })).status, 403);
    assert_eq!(reader.call("DELETE", "/v1/keys/x", &[], b"").expect("an answer").status, 403);
    for (body, field) in [
        (json!({ "scopes": [] }), "scopes"),
        (json!({ "scopes": ["everything"] }), "scopes"),
        (json!({ "scopes": ["admin"], "label": "two\nlines" }), "label"),
        (json!({ "scopes": ["admin"], "owner": "x" }), "owner"),
    ] {
        let answer = admin.post("/v1/keys", &body);
        assert_eq!((answer.status, &answer.json()["field"]), (422, &json!(field)), "{}", answer.text());
    }
}

#[test]
fn on_a_data_directory_at_rest_the_command_lists_and_revokes_and_beside_a_server_it_says_where_to_ask() {
    let mut clinic = clinic("key-command");
    let data = clinic.data_text();
    let made = printed(&postern(&["key", "add", "--label", "lab feed", "--json", "--data", &data]));
    let id = made["api_key_id"].as_str().expect("an id").to_owned();
    let text = postern(&["key", "list", "--data", &data]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(
        text.contains(&id) && text.contains("lab feed") && text.contains("first key") && text.contains("in use"),
        "{text}"
    );
    let revoked = postern(&["key", "revoke", &id, "--data", &data]);
    assert!(revoked.status.success(), "{}", String::from_utf8_lossy(&revoked.stderr));
    let list = printed(&postern(&["key", "list", "--json", "--data", &data]));
    assert_eq!(listed(&list, &json!(id))["revoked"], json!(true));
    let nobody = postern(&["key", "revoke", "nobody", "--data", &data]);
    assert_eq!(nobody.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("key list"));

    let address = clinic.serve();
    let mut holder = Client::new(address, made["api_key"].as_str().expect("the key"));
    assert_eq!(holder.get("/v1/patients/p1/messages").status, 401);
    let beside = postern(&["key", "revoke", &id, "--data", &data]);
    let said = String::from_utf8_lossy(&beside.stderr).into_owned();
    assert_eq!(beside.status.code(), Some(3), "{said}");
    assert!(said.contains("DELETE /v1/keys/KEY_ID"), "{said}");
}

/// Whether `rule` stands against what a key asks for.
fn stands_against(holder: &mut Client, request: &Value, rule: &str) -> bool {
    let answer = holder.post("/v1/messages:check", request);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let refusals = answer.json()["refusals"].as_array().cloned().unwrap_or_default();
    refusals.iter().any(|refusal| refusal["rule"] == rule)
}

#[test]
fn a_persons_key_asks_for_what_their_role_may_and_as_staff_only_behind_a_second_factor() {
    let mut clinic = clinic("holders");
    let roles = "[tenant.clinic.roles]\ncourier = []\n\n[tenant.clinic.deployment]\n";
    clinic.configure("[tenant.clinic.deployment]\n", roles);
    let address = clinic.serve();
    let mut admin = clinic.client();
    let soon = postern_base::Clock::now(&postern_base::SystemClock) + jiff::SignedDuration::from_hours(24);
    let person = |label: &str, role: Value| json!({ "kind": "person", "label": label, "scopes": ["messages:write"], "role": role });
    let mut key = |wanted: &Value| {
        let made = admin.post("/v1/keys", wanted);
        assert_eq!(made.status, 201, "{}", made.text());
        Client::new(address, made.json()["api_key"].as_str().expect("the key"))
    };
    let mut with_factor = person("Ola Front", json!("front_desk"));
    with_factor["second_factor_until"] = json!(soon.to_string());
    let mut nobody_said = key(&person("Ana", Value::Null));
    let mut courier = key(&person("Cyd", json!("courier")));
    let mut desk = key(&person("Ben", json!("front_desk")));
    let mut sure = key(&with_factor);
    let mut program = key(&json!({ "scopes": ["messages:write"] }));
    let mut narrow = key(&json!({ "scopes": ["messages:write"], "role": "billing" }));

    let request = code("p1", "111111");
    let result = json!({ "patient": "Patient/p1", "purpose": "test_result", "content": { "body": "It is fine." } });
    for (holder, may_code, may_result) in [
        (&mut nobody_said, false, false),
        (&mut courier, false, false),
        (&mut desk, true, false),
        (&mut program, true, true),
        (&mut narrow, true, false),
    ] {
        assert_eq!(stands_against(holder, &request, "SEC-07"), !may_code);
        assert_eq!(stands_against(holder, &result, "SEC-07"), !may_result);
        assert!(!stands_against(holder, &request, "SEC-17"), "each key bears a name or is a program's");
    }
    let mut as_staff = request.clone();
    as_staff["origin"] = json!("staff");
    assert!(stands_against(&mut desk, &as_staff, "IDN-01"), "nobody checked a second factor");
    assert!(!stands_against(&mut sure, &as_staff, "IDN-01"));
    assert_eq!(program.post("/v1/messages:check", &as_staff).status, 422, "a program is no member of staff");

    let mut far = with_factor.clone();
    far["label"] = json!("Fay Front");
    far["second_factor_until"] = json!((soon + jiff::SignedDuration::from_hours(24 * 365)).to_string());
    let mut of_a_program = with_factor.clone();
    of_a_program["kind"] = json!("program");
    for (field, wanted) in [
        ("label", person(" ", json!("nurse"))),
        ("label", person("Ben", json!("front_desk"))),
        ("role", person("Dee", json!("astronaut"))),
        ("second_factor_until", far),
        ("second_factor_until", of_a_program),
    ] {
        let refused = clinic.client().post("/v1/keys", &wanted);
        assert_eq!((refused.status, &refused.json()["field"]), (422, &json!(field)), "{}", refused.text());
    }
    let list = clinic.client().get("/v1/keys").json();
    let of = |label: &str| list["keys"].as_array().expect("keys").iter().find(|key| key["label"] == label).cloned();
    let ola = of("Ola Front").expect("listed");
    assert_eq!((&ola["kind"], &ola["role"]), (&json!("person"), &json!("front_desk")));
    assert_eq!(of("first key").expect("the first")["kind"], "program");
    clinic.stop();
    let (exit, report) = clinic.verify(&[]);
    assert_eq!(exit, 0, "{report}");
}

#[test]
fn on_the_command_line_a_persons_key_has_a_name_and_a_role_that_is_there() {
    let clinic = clinic("holders-cli");
    let data = clinic.data_text();
    let add = |more: &[&str]| postern(&[&["key", "add", "--data", &data, "--json"], more].concat());
    for (arguments, why) in [
        (&["--staff"][..], "label"),
        (&["--staff", "--label", "Ana", "--role", "astronaut"], "front_desk"),
        (&["--staff", "--label", "Ana", "--second-factor-until", "2020-01-01T00:00:00Z"], "future"),
    ] {
        let refused = add(arguments);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(refused.status.code() == Some(2) && said.contains(why), "{said}");
    }
    assert!(add(&["--staff", "--label", "Ana", "--role", "nurse"]).status.success());
    let list = printed(&postern(&["key", "list", "--data", &data, "--json"]));
    assert!(list["keys"].as_array().expect("keys").iter().any(|key| key["role"] == "nurse"), "{list}");
}
