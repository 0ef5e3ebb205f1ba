//! The case library: decisions as a lawyer would set them, with the answers expected (docs/cases.md).
//!
//! Every case runs through the same function as `postern explain`. A case whose answer is in dispute is listed in
//! `known-open.tsv` and fails this test on the day it is answered as expected, so that the list can only shrink.

mod changes;
mod expectation;
mod library;
mod metamorphic;
mod realised;
mod reasons;

use expectation::differences;
use library::{Case, known_open, library};
use postern_engine::explain;
use postern_engine::wire::Answer;
use std::collections::{BTreeMap, BTreeSet};

/// The answer to a case, as JSON: what a reader of `postern explain --json` sees.
fn answer(case: &Case) -> Result<Answer, String> {
    explain(&case.text).map_err(|error| format!("not understood: {error}"))
}

/// How a case is answered otherwise than expected; empty = as expected.
fn mismatch(case: &Case) -> Vec<String> {
    match answer(case) {
        Ok(answer) => differences(&case.expect, &answer),
        Err(error) => vec![error],
    }
}

#[test]
fn every_case_is_answered_as_expected_or_is_known_to_be_open() {
    let open = known_open();
    let cases = library();
    assert!(cases.len() >= library::CASES_MIN, "only {} cases", cases.len());
    let mut report = String::new();
    for case in &cases {
        let found = mismatch(case);
        match (open.get(&case.path), found.is_empty()) {
            (None, false) => {
                report.push_str(&format!("\n{}\n  {}\n", case.path, case.expect.why));
                for line in found {
                    report.push_str(&format!("  - {line}\n"));
                }
            }
            (Some(_), true) => {
                report.push_str(&format!(
                    "\n{}\n  - is answered as expected now: take it off known-open.tsv\n",
                    case.path
                ));
            }
            _ => {}
        }
    }
    for path in open.keys().filter(|path| !cases.iter().any(|case| case.path == **path)) {
        report.push_str(&format!("\nknown-open.tsv names {path}, and there is no such case\n"));
    }
    assert!(report.is_empty(), "cases answered otherwise than expected:\n{report}");
}

#[test]
fn every_case_cites_rules_and_law_that_the_register_has() {
    let register = library::register();
    let mut wrong = Vec::new();
    for case in library() {
        for rule in case.expect.named_rules() {
            if !register.contains_key(rule) {
                wrong.push(format!("{}: {rule} is not in the register", case.path));
            }
        }
        let known: Vec<&str> = register.values().flatten().map(String::as_str).collect();
        for citation in case.expect.citations() {
            if !known.iter().any(|row| library::lies_in(citation, row) || library::lies_in(row, citation)) {
                wrong.push(format!("{}: the register has no row for {citation}", case.path));
            }
        }
        if case.expect.rules.is_empty() || case.expect.why.len() < 40 {
            wrong.push(format!("{}: say which rules it is about, and why it is decided so", case.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the rules did in all the cases together.
#[derive(Default)]
struct Tally {
    /// They stood against a candidate, or raised an alert.
    objected: BTreeSet<String>,
    /// They named a duty.
    obliged: BTreeSet<String>,
    /// They were asked of something that goes now, and found that it holds: with a duty, or with nothing to add.
    held: BTreeSet<String>,
    held_in_silence: BTreeSet<String>,
}

impl Tally {
    fn add(&mut self, answer: &Answer) {
        let alerting: BTreeSet<&str> = answer.alerts.iter().map(|alert| alert.rule.as_str()).collect();
        let obliging: BTreeSet<&str> = answer.obligations.iter().map(|duty| duty.rule.as_str()).collect();
        self.objected.extend(answer.refusals.iter().map(|refusal| refusal.rule.clone()));
        self.objected.extend(alerting.iter().map(|rule| (*rule).to_owned()));
        self.obliged.extend(obliging.iter().map(|rule| (*rule).to_owned()));
        // What waits has not passed, and a rule that does not bear on a message shows nothing by its silence.
        let goes = answer.candidates.iter().filter(|one| one.result == "chosen" && one.not_before.is_none());
        for said in goes
            .flat_map(|one| &one.rules)
            .filter(|said| said.result == "satisfied" && !alerting.contains(said.rule.as_str()))
        {
            self.held.insert(said.rule.clone());
            if !obliging.contains(said.rule.as_str()) {
                self.held_in_silence.insert(said.rule.clone());
            }
        }
    }
}

#[test]
fn every_rule_of_the_gate_stops_one_case_and_lets_another_pass() {
    let mut tally = Tally::default();
    for case in library() {
        answer(&case).iter().for_each(|answer| tally.add(answer));
    }
    let mut wrong = Vec::new();
    for rule in postern_gate::rules::ALL {
        let id = rule.id.to_string();
        let objects = tally.objected.contains(&id);
        if !objects && !tally.obliged.contains(&id) {
            wrong.push(format!("{id} speaks in no case"));
        }
        // Where a rule can object, a duty is how it lets pass; where it can only oblige, silence is.
        let passes = if objects { &tally.held } else { &tally.held_in_silence };
        if !passes.contains(&id) {
            wrong.push(format!("{id} was asked of nothing that goes and found right"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_case_is_small_synthetic_and_named_like_its_file() {
    let mut wrong = Vec::new();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for case in library() {
        let text = String::from_utf8_lossy(&case.text).into_owned();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let name = case.path.rsplit('/').next().unwrap().to_owned();
        if json["id"] != name.as_str() {
            wrong.push(format!("{}: its id is {}", case.path, json["id"]));
        }
        if let Some(other) = names.insert(name, case.path.clone()) {
            wrong.push(format!("{}: has the name of {other}", case.path));
        }
        if text.len() > library::CASE_BYTES_MAX {
            wrong.push(format!("{}: {} bytes", case.path, text.len()));
        }
        wrong.extend(library::real_addresses(&text).map(|found| format!("{}: {found} may be real", case.path)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_case_says_until_when_it_waits_and_what_is_sent() {
    let silent = library().into_iter().filter_map(|case| {
        let missing = case.expect.says_too_little()?;
        Some(format!("{}: {missing}", case.path))
    });
    let silent: Vec<String> = silent.collect();
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}
