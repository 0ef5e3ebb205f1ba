//! Every reason a rule of the gate can give is given in some case: counted by sentence, not by rule, since a rule that stops one
//! case may have three more reasons that nobody ever saw.

use super::answer;
use super::library::library;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A sentence of a rule, cut at what is written into it, and where it stands.
struct Reason {
    file: String,
    text: String,
    fixed: Vec<String>,
}

#[test]
fn every_reason_that_a_rule_can_give_is_given_in_a_case() {
    let spoken = spoken();
    let reasons = reasons();
    assert!(reasons.len() > 150, "only {} reasons were found in the rules", reasons.len());
    let is_given = |reason: &&Reason| {
        spoken.iter().any(|sentence| reason.fixed.iter().all(|part| sentence.contains(part.as_str())))
    };
    let silent = reasons.iter().filter(|reason| !is_given(reason));
    let silent: Vec<String> =
        silent.map(|reason| format!("{}: no case is answered with: {}", reason.file, reason.text)).collect();
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

/// Every sentence of every answer.
fn spoken() -> BTreeSet<String> {
    let answers = library().into_iter().filter_map(|case| answer(&case).ok());
    let mut all = BTreeSet::new();
    for answer in answers {
        all.extend(answer.refusals.into_iter().map(|refusal| refusal.sentence));
        all.extend(answer.alerts.into_iter().map(|alert| alert.sentence));
        let document = serde_json::to_value(&answer.obligations).unwrap();
        let duties = document.as_array().into_iter().flatten().filter_map(|duty| duty["do"].as_str());
        all.extend(duties.map(ToOwned::to_owned));
    }
    all
}

/// Every sentence in the code of the rules, their tests aside.
fn reasons() -> Vec<Reason> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../gate/src/rules");
    let mut found = Vec::new();
    for file in files(&root) {
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let name = file.strip_prefix(&root).unwrap_or(&file).display().to_string();
        for literal in literals(code) {
            let fixed: Vec<String> = fixed_parts(&literal);
            if !fixed.is_empty() {
                found.push(Reason { file: name.clone(), text: literal, fixed });
            }
        }
    }
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.file_name().and_then(|name| name.to_str()) {
            // Facts for the tests, not rules.
            Some("pairs" | "pairs.rs" | "roster.rs" | "scope.rs") => {}
            _ if path.is_dir() => found.extend(files(&path)),
            _ => found.push(path),
        }
    }
    found.sort();
    found
}

/// The sentences among the string literals of `code`: what a rule says, not what it asks in its table, nor why nothing lifts it.
fn literals(code: &str) -> Vec<String> {
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code: String = lines.flat_map(|line| [line, "\n"]).collect();
    let mut found = Vec::new();
    let mut rest = code.as_str();
    while let Some((before, after)) = rest.split_once('"') {
        let Some((literal, behind)) = split_literal(after) else { break };
        let spaceless = before.trim_end();
        let aside =
            [".for_good(", "asks:", "citation:", "id:", ": &str ="].iter().any(|place| spaceless.ends_with(place));
        let literal = literal.replace("\\\"", "\"");
        if !aside && literal.contains(' ') && literal.ends_with(['.', ';']) {
            found.push(literal);
        }
        rest = behind;
    }
    found
}

/// A literal whose first quote was passed, and what stands behind its last.
fn split_literal(text: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    let end = text.find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    })?;
    let (literal, rest) = text.split_at(end);
    Some((literal, rest.strip_prefix('"')?))
}

/// What stands between the values written into a sentence.
fn fixed_parts(literal: &str) -> Vec<String> {
    let parts = literal.split(['{', '}']).step_by(2).map(ToOwned::to_owned);
    parts.filter(|part| part.trim().len() > 8).collect()
}

#[test]
fn a_sentence_is_found_wherever_it_stands_in_a_rule() {
    let code = "asks: \"A rule asks.\",\n// deny(\"a remark.\")\nfn f() { deny(\"It is {n} too much; wait a while.\").for_good(\"Nothing helps.\") }\nlet x = wait(system,\n \"It waits \\\"here\\\".\");";
    let found = literals(code);
    assert_eq!(found, ["It is {n} too much; wait a while.", "It waits \"here\"."]);
    assert_eq!(fixed_parts(&found[0]), [" too much; wait a while."]);
}
