//! `postern template`: a practice's own files, in its own repository and into use.

use crate::client::Client;
use crate::clinic::{Clinic, Folder, patient, postern, printed};
use serde_json::json;
use std::fs;

fn said(output: &std::process::Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_folder_of_templates_is_checked_without_a_data_directory_and_every_problem_is_told_at_once() {
    let folder = Folder::new("templates");
    let file = folder.join("reminder.toml");
    let made = postern(&["template", "new", "our_reminder", "--purpose", "appointment_reminder"]);
    fs::write(&file, &made.stdout).unwrap();
    let path = folder.join("");
    let path = path.to_str().unwrap();
    let good = postern(&["template", "check", path]);
    assert_eq!(good.status.code(), Some(0), "{}", said(&good));

    let text = String::from_utf8(made.stdout).unwrap().replace("[ at {site}]. Call", "[ for {visit}]. Call");
    fs::write(folder.join("worse.toml"), text).unwrap();
    fs::write(folder.join("broken.toml"), "name = ").unwrap();
    let bad = postern(&["template", "check", path, "--json"]);
    assert_eq!(bad.status.code(), Some(1), "{}", said(&bad));
    let told = printed(&bad);
    assert_eq!(told["checked"], 3);
    let files: Vec<&str> = told["files"].as_array().unwrap().iter().map(|f| f["file"].as_str().unwrap()).collect();
    assert!(files.len() == 2 && files[0].ends_with("broken.toml") && files[1].ends_with("worse.toml"), "{files:?}");
    let problems = told["files"][1]["problems"].as_array().unwrap();
    let above = problems.iter().find(|problem| problem["slot"].is_string()).unwrap();
    assert_eq!((&above["slot"], &above["level"], &above["ceiling"]), (&"visit".into(), &"L4".into(), &"L1".into()));
    assert_eq!(above["citation"], "45 CFR 164.530(c)");
}

#[test]
fn a_file_is_previewed_with_lengths_and_places() {
    let folder = Folder::new("preview");
    let file = folder.join("code.toml");
    fs::write(&file, postern(&["template", "new", "our_code", "--purpose", "one_time_code"]).stdout).unwrap();
    let told = postern(&["template", "preview", file.to_str().unwrap()]);
    assert_eq!(told.status.code(), Some(0), "{}", said(&told));
    let text = said(&told);
    assert!(
        text.contains("L0") && text.contains("GSM-7, 1 segment") && text.contains("may travel: sms (L0)"),
        "{text}"
    );
}

#[test]
fn two_people_bring_a_file_into_use_and_one_cannot() {
    let clinic = Clinic::new("approval", &patient("p1", "+12125550101", "pat@mail.example"));
    let data = clinic.folder.join("data");
    let run = |arguments: &[&str]| postern(&[arguments, &["--data", data.to_str().unwrap()]].concat());
    let key = |name: &str| {
        let made = run(&["key", "--staff", "--label", name]);
        let file = clinic.folder.join(&format!("{name}.key"));
        fs::write(&file, &made.stdout).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let (ana, ben) = (key("ana"), key("ben"));
    let file = clinic.folder.join("help.toml");
    let shown = run(&["template", "show", "help"]);
    fs::write(&file, String::from_utf8(shown.stdout).unwrap().replace("for help call", "to reach us call")).unwrap();

    let proposed = run(&["template", "propose", file.to_str().unwrap(), "--key-file", &ana]);
    assert!(said(&proposed).contains("help@4 is proposed now"), "{}", said(&proposed));
    let alone = run(&["template", "approve", "help@4", "--key-file", &ana]);
    assert_eq!(alone.status.code(), Some(2), "{}", said(&alone));
    assert!(said(&alone).contains("ask a second person"), "{}", said(&alone));
    let approved = run(&["template", "approve", "help@4", "--key-file", &ben]);
    assert!(said(&approved).contains("help@4 is approved now"), "{}", said(&approved));

    let listed = said(&run(&["template", "list"]));
    let line = listed.lines().find(|line| line.starts_with("help@4")).unwrap();
    assert!(line.contains("approved") && line.contains("proposed by staff:"), "{line}");
    let diff = said(&run(&["template", "diff", "help@3", "help@4"]));
    assert!(diff.contains("- body = \"{sender}: for help call"), "{diff}");
    assert!(diff.contains("+ body = \"{sender}: to reach us call"), "{diff}");
    let whole = run(&["verify"]);
    assert_eq!(whole.status.code(), Some(0), "{}", said(&whole));
}

/// The clinic, serving, with clients of two people of its staff.
fn with_two_people(name: &str) -> (Clinic, Client, Client) {
    let mut clinic = Clinic::new(name, &patient("p1", "+12125550101", "pat@mail.example"));
    let data = clinic.data_text();
    let key = |label: &str| {
        let made = postern(&["key", "--staff", "--label", label, "--data", &data]);
        String::from_utf8(made.stdout).unwrap().trim().to_owned()
    };
    let (ana, ben) = (key("ana"), key("ben"));
    let address = clinic.serve();
    (clinic, Client::new(address, &ana), Client::new(address, &ben))
}

#[test]
fn over_http_a_version_is_drafted_previewed_compared_proposed_and_approved_by_another_person() {
    let (mut clinic, mut ana, mut ben) = with_two_people("templates-http");
    let built = ana.get("/v1/templates/help");
    assert_eq!(built.status, 200, "{}", built.text());
    let source = built.json()["source"].as_str().unwrap().to_owned();

    let own = source.replace("for help call", "to reach us call");
    let draft = ana.post("/v1/templates", &json!({ "source": own }));
    assert_eq!((draft.status, &draft.json()["version"], &draft.json()["state"]), (201, &json!(4), &json!("draft")));
    let preview = ana.get("/v1/templates/help/preview?version=4");
    assert_eq!(preview.status, 200, "{}", preview.text());
    assert!(preview.text().contains("to reach us call"), "{}", preview.text());
    let diff = ana.get("/v1/templates/help/diff?older=3&newer=4");
    assert!(diff.status == 200 && diff.text().contains("\"to reach us \""), "{}", diff.text());

    let step = |client: &mut Client, step: &str| {
        client.post(&format!("/v1/templates/help/versions/4/{step}"), &json!({})).status
    };
    assert_eq!(step(&mut ben, "approve"), 409, "nobody proposed it yet");
    assert_eq!(step(&mut ana, "propose"), 200);
    assert_eq!(step(&mut ana, "approve"), 403, "one person is not two");
    assert_eq!(clinic.client().post("/v1/templates/help/versions/4/approve", &json!({})).status, 403, "no person");
    assert_eq!(step(&mut ben, "approve"), 200);
    let used = ana.get("/v1/templates/help").json();
    assert_eq!((&used["version"], &used["in_use"]), (&json!(4), &json!(true)), "{used}");
    assert_eq!(step(&mut ben, "retire"), 200);
    assert_eq!(ana.get("/v1/templates/help").json()["state"], "built_in");
    clinic.stop();
    let (exit, report) = clinic.verify(&[]);
    assert_eq!(exit, 0, "{report}");
}

#[test]
fn over_http_what_could_exceed_its_ceiling_or_is_no_template_is_refused_and_nothing_is_kept() {
    let (clinic, mut ana, _) = with_two_people("templates-refused");
    let source = ana.get("/v1/templates/appointment_reminder").json()["source"].as_str().unwrap().to_owned();
    let telling = source.replace("[ at {site}]. Call", "[ for {visit}]. Call");
    let refused = ana.post("/v1/templates", &json!({ "source": telling }));
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(refused.text().contains("visit") && refused.text().contains("45 CFR 164.530(c)"), "{}", refused.text());
    for body in [json!({ "source": "name = " }), json!({}), json!({ "source": 7 }), json!({ "source": source, "x": 1 })]
    {
        let refused = ana.post("/v1/templates", &body);
        assert_eq!(refused.status, 422, "{body}: {}", refused.text());
    }
    for path in ["/v1/templates/nobody", "/v1/templates/help?version=99", "/v1/templates/help/preview?version=99"] {
        assert_eq!(ana.get(path).status, 404, "{path}");
    }
    assert_eq!(ana.get("/v1/templates/help?version=x").status, 422);
    assert_eq!(ana.post("/v1/templates/help/versions/x/propose", &json!({})).status, 404);
    let list = ana.get("/v1/templates").json();
    assert!(list["templates"].as_array().unwrap().iter().all(|one| one["state"] == "built_in"), "{list}");
    drop(clinic);
}
