//! Bundles nobody here wrote: the official FHIR R4 examples (npm `hl7.fhir.r4.examples`) and synthetic patients from two
//! generators (PyPI `tietai-synthea`, `carebundle`), which `cargo xtask peers` installs under `target/peers`.
//!
//! A peer that is missing is said loudly and skipped; under CI it is a failure.
#![expect(clippy::expect_used, clippy::print_stderr, clippy::panic, reason = "helpers of tests may fail loudly")]

use postern_base::PatientId;
use postern_ehr::fhir::{READ_TYPES, Resource};
use postern_ehr::json::Limits;
use postern_ehr::read::{read_file, resources};
use postern_ehr::{ReadResource, Report};
use postern_gate::facts::ConsentKind;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file or directory of a peer, or `None` after saying that the test is skipped.
fn peer(path: &str) -> Option<PathBuf> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers").join(path);
    if found.exists() {
        return Some(found);
    }
    #[expect(clippy::disallowed_methods, reason = "whether this is CI is known from the environment alone")]
    let ci = std::env::var("CI").is_ok_and(|value| value == "true" || value == "1");
    assert!(!ci, "{path} is missing under CI; run: cargo xtask peers");
    eprintln!("SKIPPED: {path} is missing; run: cargo xtask peers");
    None
}

/// A directory for what a generator writes, emptied.
fn scratch(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    drop(fs::remove_dir_all(&path));
    fs::create_dir_all(&path).expect("a scratch directory");
    path
}

fn files(directory: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory");
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    found.retain(|path| path.extension().is_some_and(|e| e == ending));
    found.sort();
    found
}

fn import(path: &Path) -> (Vec<ReadResource>, Report) {
    let mut found = Vec::new();
    let mut keep = |resource| {
        found.push(resource);
        ControlFlow::Continue(())
    };
    let (mut last, mut all) = (0, 0);
    let report = read_file(path, &Limits::default(), &mut keep, &mut |done, total| (last, all) = (done, total))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(all == 0 || last == all, "{}: {last} of {all}", path.display());
    (found, report)
}

fn run(program: &Path, arguments: &[&str], directory: &Path) {
    let output = Command::new(program).args(arguments).current_dir(directory).output().expect("the peer runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn every_official_example_is_read_and_comes_back_as_it_was() {
    let Some(directory) = peer("node/node_modules/hl7.fhir.r4.examples") else { return };
    let (mut total, mut ours, mut types) = (0, 0, BTreeSet::new());
    for path in files(&directory, "json").iter().filter(|p| !p.ends_with("package.json")) {
        let text = fs::read(path).expect("readable");
        let Ok(Value::Object(document)) = serde_json::from_slice(&text) else { continue };
        if !document.contains_key("resourceType") {
            continue;
        }
        total += 1;
        let limits = Limits { resource_bytes: 64 << 20, ..Limits::default() };
        let resource =
            Resource::from_slice(&text, &limits).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(resource.document(), &document, "{}", path.display());
        if READ_TYPES.contains(&resource.resource_type()) {
            ours += 1;
            types.insert(resource.resource_type().to_owned());
            let issues: Vec<String> = resource.issues().iter().map(ToString::to_string).collect();
            assert!(issues.is_empty(), "{}: {issues:?}", path.display());
            let (_, report) = import(path);
            let modified = u64::from(resource.unreadable().is_some());
            assert!(report.unread_count <= modified + 1, "{}: {:?}", path.display(), report.unread);
        }
    }
    eprintln!("official examples: {total} read, {ours} of the imported types {types:?}");
    assert!(total > 5000 && ours > 100, "{total} {ours}");
    assert_eq!(types.len(), READ_TYPES.len());
}

#[test]
fn none_of_the_official_consents_is_leave_to_contact_anybody() {
    let Some(directory) = peer("node/node_modules/hl7.fhir.r4.examples") else { return };
    let now = "2026-12-01T20:00:00Z".parse().expect("an instant");
    let mut seen = 0;
    for path in files(&directory, "json") {
        let named = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("Consent-"));
        if !named {
            continue;
        }
        let (found, _) = resources(&fs::read(&path).expect("readable"), &Limits::default()).expect("read");
        for resource in &found {
            let Some(patient) =
                resource.subjects().iter().find_map(|r| r.strip_prefix("Patient/")?.parse::<PatientId>().ok())
            else {
                continue;
            };
            let record = postern_ehr::record(&found, &patient, now);
            for consent in record.consents.known().into_iter().flatten() {
                seen += 1;
                assert!(
                    matches!(consent.kind, ConsentKind::Other | ConsentKind::Unreadable | ConsentKind::Restriction),
                    "{}: {:?}",
                    path.display(),
                    consent.kind
                );
            }
        }
    }
    assert!(seen >= 10, "{seen}");
}

#[test]
fn bundles_of_official_examples_are_taken_apart() {
    let Some(directory) = peer("node/node_modules/hl7.fhir.r4.examples") else { return };
    let mut bundles = 0;
    for path in files(&directory, "json") {
        if !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("Bundle-")) {
            continue;
        }
        let (found, report) = import(&path);
        bundles += 1;
        assert_eq!(found.len() as u64, report.total_read(), "{}", path.display());
        let seen = report.total_read() + report.skipped.values().sum::<u64>() + report.unread_count;
        let document: Value = serde_json::from_slice(&fs::read(&path).expect("readable")).expect("JSON");
        let listed = document.get("entry").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        // A bundle in a bundle is counted by what is in it.
        let nested = |entry: &&Value| entry.pointer("/resource/resourceType").and_then(Value::as_str) == Some("Bundle");
        let entries = listed.iter().filter(|entry| !nested(entry)).count() as u64;
        assert!(seen >= entries, "{}: {seen} of {entries} entries accounted for", path.display());
    }
    assert!(bundles > 20, "{bundles}");
}

#[test]
fn synthea_patients_come_in_with_their_references_resolved() {
    let Some(program) = peer("venv/bin/synthea") else { return };
    let out = scratch("synthea");
    let arguments = ["generate", "-p", "4", "-s", "42", "-r", "20261101", "--log-level", "error", "-o", "out"];
    run(&program, &arguments, &out);
    let bundles = files(&out.join("out/fhir"), "json");
    assert!(bundles.len() >= 4, "{bundles:?}");
    for path in bundles {
        let (found, report) = import(&path);
        assert_eq!(report.unread_count, 0, "{}: {:?}", path.display(), report.unread);
        assert_eq!(report.read.get("Patient"), Some(&1), "{}: {:?}", path.display(), report.read);
        let patient = found.iter().find(|r| r.resource_type == "Patient").expect("a patient");
        for resource in found.iter().filter(|r| r.patient.is_some()) {
            assert_eq!(resource.patient, patient.patient, "{} {}", path.display(), resource.resource_type);
        }
        let texts = found.iter().map(|r| String::from_utf8_lossy(r.json.reveal()).into_owned());
        let documents: Vec<Resource> =
            texts.map(|text| Resource::from_slice(text.as_bytes(), &Limits::default()).expect("reads again")).collect();
        let id = patient.patient.clone().expect("an id");
        let record = postern_ehr::record(&documents, &id, "2026-12-01T20:00:00Z".parse().expect("an instant"));
        let known = record.patient.known().expect("the patient is known");
        assert!(!known.zones.is_empty(), "{}", path.display());
        assert!(!known.states.is_empty() && !known.unknown_state, "{}", path.display());
        assert!(record.consents.known().is_some_and(Vec::is_empty));
    }
}

#[test]
fn carebundle_patients_come_in_clean_and_dirtied() {
    let Some(python) = peer("venv/bin/python") else { return };
    let out = scratch("carebundle");
    let script = "import carebundle as c, json, pathlib, dataclasses\n\
        from carebundle import Imperfection\n\
        fields = {f.name: 0.3 for f in dataclasses.fields(Imperfection) if isinstance(f.default, float)}\n\
        dump = lambda b: json.loads(c.to_json(b))\n\
        defects = 0\n\
        for n, b in enumerate(c.generate_cohort(count=8, seed=7)):\n\
        \x20   clean = dump(b)\n\
        \x20   pathlib.Path(f'clean-{n}.json').write_text(json.dumps(clean))\n\
        \x20   dirty, found = c.inject_defects(clean, Imperfection(**fields), seed=n)\n\
        \x20   defects += len(found)\n\
        \x20   pathlib.Path(f'dirty-{n}.json').write_text(json.dumps(dirty))\n\
        assert defects > 0\n";
    run(&python, &["-c", script], &out);
    let (mut clean, mut dirty) = (0, 0);
    for path in files(&out, "json") {
        let (found, report) = import(&path);
        assert_eq!(found.len() as u64, report.total_read());
        let is_clean = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("clean"));
        if is_clean {
            clean += 1;
            assert_eq!((report.unread_count, report.issue_count), (0, 0), "{}: {:?}", path.display(), report.issues);
            assert_eq!(report.read.get("Patient"), Some(&1));
        } else {
            dirty += 1;
        }
    }
    assert_eq!((clean, dirty), (8, 8));
}
