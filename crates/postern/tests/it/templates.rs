//! `postern template`: a practice's own files, in its own repository and into use.

use crate::clinic::{Clinic, Folder, patient, postern, printed};
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
    assert!(said(&proposed).contains("help@3 is proposed now"), "{}", said(&proposed));
    let alone = run(&["template", "approve", "help@3", "--key-file", &ana]);
    assert_eq!(alone.status.code(), Some(2), "{}", said(&alone));
    assert!(said(&alone).contains("ask a second person"), "{}", said(&alone));
    let approved = run(&["template", "approve", "help@3", "--key-file", &ben]);
    assert!(said(&approved).contains("help@3 is approved now"), "{}", said(&approved));

    let listed = said(&run(&["template", "list"]));
    let line = listed.lines().find(|line| line.starts_with("help@3")).unwrap();
    assert!(line.contains("approved") && line.contains("proposed by staff:"), "{line}");
    let diff = said(&run(&["template", "diff", "help@2", "help@3"]));
    assert!(diff.contains("- body = \"{sender}: for help call"), "{diff}");
    assert!(diff.contains("+ body = \"{sender}: to reach us call"), "{diff}");
    let whole = run(&["verify"]);
    assert_eq!(whole.status.code(), Some(0), "{}", said(&whole));
}
