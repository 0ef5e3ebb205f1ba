//! The register of law (`law/index.tsv`) held against the code.
//!
//! A citation stands next to the line that enforces it, in the form a lawyer writes. This module reads those citations out
//! of the sources, reads the register, and reports each citation without a row, each claim without a test, and each rule
//! the two sides do not agree on.

use crate::Finding;
use crate::source::{Source, sources};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Where the register is.
pub const REGISTER: &str = "law/index.tsv";

/// What is not held, or not wholly, and why: a line for each rule whose row does not say `enforced`.
pub const OPEN: &str = "law/open.tsv";

/// The register's columns, in order.
const COLUMNS: &str = "rule\tcitations\tasks\tstate\tbasis\theld by\ttests";

/// How far what a row asks is done. `law/README.md` says what each means.
const STATES: &[&str] = &["enforced", "partly", "procedure", "not ours", "not yet"];

/// On what our reading of a row stands. `law/README.md` says what each means.
const BASES: &[&str] = &["source read", "second-hand", "from knowledge", "house"];

/// What rule ids begin with.
const FAMILIES: &[&str] =
    &["SEC", "PRI", "SPC", "IB", "TCP", "EML", "PSH", "CHT", "SOC", "OTP", "BRN", "CIV", "IDN", "INT", "SYS"];

/// One row of the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its line in the file, counted from 1.
    pub line: usize,
    /// The rule's id; `-` for law that needs no rule of the gate.
    pub rule: String,
    /// What it stands on, canonical.
    pub citations: Vec<String>,
    /// What it asks, in our own words.
    pub asks: String,
    /// How far it is done: one of [`STATES`].
    pub state: String,
    /// On what our reading stands: one of [`BASES`].
    pub basis: String,
    /// The crate that holds it; `-` when none does.
    pub held_by: String,
    /// The tests that fail when it is broken.
    pub tests: Vec<String>,
}

/// A rule as the gate's registry names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its citation.
    pub citation: &'a str,
}

/// Reads the register.
///
/// # Errors
/// What cannot be read as a register: each line with its reason.
pub fn parse(text: &str) -> Result<Vec<Row>, Vec<Finding>> {
    let mut rows = Vec::new();
    let mut findings = Vec::new();
    if text.lines().next() != Some(COLUMNS) {
        findings.push(Finding::at(
            REGISTER,
            1,
            format!("the first line must name the columns: {}", COLUMNS.replace('\t', " | ")),
        ));
    }
    for (index, line) in text.lines().enumerate().skip(1) {
        let number = index + 1;
        let cells: Vec<&str> = line.split('\t').map(str::trim).collect();
        let [rule, citations, asks, state, basis, held_by, tests] = cells.as_slice() else {
            findings.push(Finding::at(REGISTER, number, format!("has {} cells, 7 are needed", cells.len())));
            continue;
        };
        if !STATES.contains(state) {
            findings.push(Finding::at(REGISTER, number, format!("`{state}` is not a state: {}", STATES.join(", "))));
        }
        if !BASES.contains(basis) {
            findings.push(Finding::at(REGISTER, number, format!("`{basis}` is not a basis: {}", BASES.join(", "))));
        }
        if asks.is_empty() || citations.is_empty() {
            findings.push(Finding::at(REGISTER, number, "says neither on what it stands nor what it asks"));
        }
        rows.push(Row {
            line: number,
            rule: (*rule).to_owned(),
            citations: citations.split("; ").map(str::to_owned).collect(),
            asks: (*asks).to_owned(),
            state: (*state).to_owned(),
            basis: (*basis).to_owned(),
            held_by: (*held_by).to_owned(),
            tests: tests.split_whitespace().filter(|t| *t != "-").map(str::to_owned).collect(),
        });
    }
    if findings.is_empty() { Ok(rows) } else { Err(findings) }
}

/// Holds the register against the sources, and against the gate's registry when it is at hand.
#[must_use]
pub fn check(root: &Path, rules: Option<&[Rule<'_>]>) -> Vec<Finding> {
    let Ok(text) = fs::read_to_string(root.join(REGISTER)) else {
        return vec![Finding::of(REGISTER, "is missing or unreadable")];
    };
    let rows = match parse(&text) {
        Ok(rows) => rows,
        Err(findings) => return findings,
    };
    let sources: Vec<Source> = sources(root).into_iter().filter(|s| s.member != "xtask").collect();
    let mut findings = Vec::new();
    for source in &sources {
        findings.extend(uncovered(source, &rows));
    }
    findings.extend(claims(&rows, &sources));
    findings.extend(open(&fs::read_to_string(root.join(OPEN)).unwrap_or_default(), &rows));
    if let Some(rules) = rules {
        findings.extend(agreement(&rows, rules));
    }
    findings.sort();
    findings.dedup();
    findings
}

/// Citations and rule ids in one file that the register does not know.
fn uncovered(source: &Source, rows: &[Row]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        for citation in citations(line) {
            if !covered(&citation, rows) {
                findings.push(Finding::at(&source.path, index + 1, format!("`{citation}` has no row in {REGISTER}")));
            }
        }
        for id in rule_ids(line) {
            if !rows.iter().any(|row| row.rule == id) {
                findings.push(Finding::at(
                    &source.path,
                    index + 1,
                    format!("the rule `{id}` has no row in {REGISTER}"),
                ));
            }
        }
    }
    findings
}

/// Whether the register has the paragraph itself, one it lies in, or one that lies in it.
fn covered(citation: &str, rows: &[Row]) -> bool {
    let lies_in = |inner: &str, outer: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('(') || rest.starts_with(" section"))
    };
    rows.iter().flat_map(|row| &row.citations).any(|known| lies_in(citation, known) || lies_in(known, citation))
}

/// Rows that claim more than the tests show.
fn claims(rows: &[Row], sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for row in rows {
        if row.state == "enforced" && row.tests.is_empty() {
            findings.push(Finding::at(REGISTER, row.line, "says `enforced` and names no test"));
        }
        if matches!(row.state.as_str(), "enforced" | "partly") && row.held_by == "-" {
            findings.push(Finding::at(
                REGISTER,
                row.line,
                format!("says `{}` and names no crate that holds it", row.state),
            ));
        }
        for test in &row.tests {
            let signature = format!("fn {test}(");
            if !sources.iter().any(|s| s.text.contains(&signature)) {
                findings.push(Finding::at(REGISTER, row.line, format!("the test `{test}` does not exist")));
            }
        }
    }
    findings
}

/// Rules that are not held and say nowhere why, and reasons for what is held.
fn open(text: &str, rows: &[Row]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lines: Vec<(usize, &str, &str)> = (1..)
        .zip(text.lines())
        .skip(1)
        .map(|(line, text)| text.split_once('\t').map_or((line, text, ""), |(rule, why)| (line, rule, why.trim())))
        .collect();
    let is_open = |row: &&Row| row.rule != "-" && row.state != "enforced";
    for row in rows.iter().filter(is_open) {
        if !lines.iter().any(|(_, rule, why)| *rule == row.rule && !why.is_empty()) {
            findings.push(Finding::at(
                REGISTER,
                row.line,
                format!("{OPEN} does not say why `{}` is {}", row.rule, row.state),
            ));
        }
    }
    for (line, rule, _) in &lines {
        if lines.iter().filter(|(_, other, _)| other == rule).count() > 1
            || !rows.iter().filter(is_open).any(|row| row.rule == *rule)
        {
            findings.push(Finding::at(
                OPEN,
                *line,
                format!("`{rule}` is there twice, or is enforced, or is not in {REGISTER}"),
            ));
        }
    }
    findings
}

/// Where the register and the gate's registry do not agree.
fn agreement(rows: &[Row], rules: &[Rule<'_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for row in rows.iter().filter(|row| row.rule != "-") {
        // `gate` = by the rule of that name; `gate SEC-12` = by another rule; `gate matrix`, `gate plan` = by how it is built.
        let holder = match row.held_by.split_once(' ') {
            None if row.held_by == "gate" => row.rule.as_str(),
            Some(("gate", holder)) if !matches!(holder, "matrix" | "plan") => holder,
            _ => continue,
        };
        if !rules.iter().any(|rule| rule.id == holder) {
            findings.push(Finding::at(REGISTER, row.line, format!("`{holder}` is not among the gate's rules")));
        }
    }
    for rule in rules {
        let mut own = rows.iter().filter(|row| row.rule == rule.id).peekable();
        if own.peek().is_none() {
            findings.push(Finding::of(REGISTER, format!("the gate's rule `{}` has no row", rule.id)));
        } else if !own.any(|row| matches!(row.state.as_str(), "enforced" | "partly")) {
            findings.push(Finding::of(REGISTER, format!("the gate runs `{}`, its row says otherwise", rule.id)));
        }
        let mut found = citations(rule.citation);
        if found.is_empty() {
            found = rule.citation.split("; ").map(|c| c.trim().to_owned()).collect();
        }
        for citation in found {
            if !covered(&citation, rows) {
                let what = format!("the gate's rule `{}` cites `{citation}`, which has no row", rule.id);
                findings.push(Finding::of(REGISTER, what));
            }
        }
    }
    findings
}

/// The citations of federal law and RFCs in a line, canonical: `45 CFR 164.522(b)(1)(i)`, `47 USC 227(b)`,
/// `RFC 8461 section 5`.
#[must_use]
pub fn citations(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for title in ["45 CFR ", "47 CFR ", "42 CFR ", "16 CFR ", "42 USC ", "47 USC ", "15 USC ", "18 USC "] {
        for (at, _) in line.match_indices(title) {
            let mut rest = line.get(at + title.len()..).unwrap_or_default();
            while let Some((paragraph, after)) = paragraph(rest) {
                found.push(format!("{title}{paragraph}"));
                let next = after.trim_start_matches("-(D)");
                rest = ["; ", ", ", " and "].iter().find_map(|link| next.strip_prefix(link)).unwrap_or_default();
                // What follows a semicolon is a paragraph of the same title only when it has a part and a section.
                if !rest
                    .split(['(', ';', ',', ' '])
                    .next()
                    .is_some_and(|word| word.contains('.') && !word.ends_with('.'))
                {
                    break;
                }
            }
        }
    }
    for (at, _) in line.match_indices("RFC ") {
        let rest = line.get(at + 4..).unwrap_or_default();
        let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
        if number.is_empty() {
            continue;
        }
        let after = rest.get(number.len()..).unwrap_or_default();
        let section: String = after
            .strip_prefix(" section ")
            .map(|s| s.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect())
            .unwrap_or_default();
        let section = section.trim_end_matches('.');
        found.push(if section.is_empty() {
            format!("RFC {number}")
        } else {
            format!("RFC {number} section {section}")
        });
    }
    found
}

/// A paragraph such as `164.522(b)(1)(i)` or `300jj-52` at the start of `text`, and what follows it.
fn paragraph(text: &str) -> Option<(String, &str)> {
    let section: usize = text.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')).count();
    let mut end = text.get(..section)?.trim_end_matches(['.', '-']).len();
    if !text.starts_with(|c: char| c.is_ascii_digit()) || text.get(..end)?.ends_with("xx") {
        return None;
    }
    loop {
        let rest = text.get(end..)?;
        let Some(inner) = rest.strip_prefix('(').and_then(|r| r.split(')').next()) else { break };
        let paragraph = !inner.is_empty() && inner.len() <= 4 && inner.bytes().all(|b| b.is_ascii_alphanumeric());
        if !paragraph || !rest.contains(')') {
            break;
        }
        end += inner.len() + 2;
    }
    Some((text.get(..end)?.to_owned(), text.get(end..)?))
}

/// The rule ids in a line, such as `SEC-12`.
#[must_use]
pub fn rule_ids(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for family in FAMILIES {
        for (at, _) in line.match_indices(family) {
            let before = line.get(..at).and_then(|b| b.chars().next_back());
            let Some(rest) = line.get(at + family.len()..).and_then(|r| r.strip_prefix('-')) else { continue };
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            let after = rest.chars().nth(digits.len());
            let alone = !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric);
            if digits.len() == 2 && alone {
                found.push(format!("{family}-{digits}"));
            }
        }
    }
    found
}

/// How much of the register stands in which state, and the list of what is not done.
///
/// # Errors
/// What cannot be read as a register.
pub fn summary(root: &Path) -> Result<String, Vec<Finding>> {
    let text =
        fs::read_to_string(root.join(REGISTER)).map_err(|_| vec![Finding::of(REGISTER, "is missing or unreadable")])?;
    let rows = parse(&text)?;
    let mut by_state: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &rows {
        *by_state.entry(row.state.as_str()).or_default() += 1;
    }
    let mut out = String::new();
    for state in STATES {
        out.push_str(&format!("{:>5}  {state}\n", by_state.get(state).copied().unwrap_or_default()));
    }
    let unread: Vec<&str> = rows.iter().filter(|row| needs_counsel(row)).map(|row| row.rule.as_str()).collect();
    out.push_str(&format!("{:>5}  need counsel: nobody re-read the wording: {}\n", unread.len(), unread.join(" ")));
    for row in rows.iter().filter(|row| matches!(row.state.as_str(), "partly" | "not yet")) {
        out.push_str(&format!("{:8} {:8} {}\n", row.rule, row.state, row.asks));
    }
    Ok(out)
}

/// Whether counsel must check the wording before anybody relies on it, whatever the software does.
fn needs_counsel(row: &Row) -> bool {
    row.rule != "-" && row.basis == "from knowledge"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(citation: &str) -> Vec<Row> {
        let text = format!("{COLUMNS}\nSEC-12\t{citation}\tagreement first\tenforced\tsource read\tgate\ta_test\n");
        parse(&text).unwrap()
    }

    #[test]
    fn citations_are_read_as_a_lawyer_writes_them() {
        let line = "// 45 CFR 164.522(b)(1)(i): must accommodate; 47 USC 227(b), RFC 8461 section 5.1. And RFC 7672.";
        assert_eq!(citations(line), ["45 CFR 164.522(b)(1)(i)", "47 USC 227(b)", "RFC 8461 section 5.1", "RFC 7672"]);
    }

    #[test]
    fn what_is_not_held_says_why_and_what_is_held_does_not() {
        let text = format!("{COLUMNS}\nSEC-12\tx\ty\tenforced\thouse\tgate\tt\nSEC-13\tx\ty\tpartly\thouse\tgate\tt\n");
        let rows = parse(&text).unwrap();
        let found = |lines: &str| open(&format!("rule\twhy\n{lines}"), &rows).len();
        assert_eq!(found("SEC-13\tbecause\n"), 0);
        assert_eq!([found(""), found("SEC-13\t \n"), found("SEC-13\tbecause\nSEC-12\tbecause\n")], [1, 1, 1]);
    }

    #[test]
    fn a_list_of_paragraphs_shares_its_title() {
        assert_eq!(citations("45 CFR 164.308(b); 164.314(a)"), ["45 CFR 164.308(b)", "45 CFR 164.314(a)"]);
        assert_eq!(citations("42 USC 300jj-52; 45 CFR 171.201"), ["45 CFR 171.201", "42 USC 300jj-52"]);
    }

    #[test]
    fn a_sentence_after_a_citation_is_not_a_citation() {
        assert_eq!(citations("// 45 CFR 164.312(b), 2 of them"), ["45 CFR 164.312(b)"]);
        assert_eq!(citations("the 45 CFR 164.5xx family"), [] as [&str; 0]);
    }

    #[test]
    fn a_paragraph_is_covered_by_its_own_row_or_the_row_it_lies_in() {
        assert!(covered("45 CFR 164.522(b)(1)(i)", &row("45 CFR 164.522(b)")));
        assert!(covered("45 CFR 164.522", &row("45 CFR 164.522(b)")));
        assert!(!covered("45 CFR 164.522(a)", &row("45 CFR 164.522(b)")));
        assert!(!covered("45 CFR 164.5220", &row("45 CFR 164.522")));
    }

    #[test]
    fn rule_ids_are_found_and_words_that_look_like_them_are_not() {
        assert_eq!(rule_ids("see SEC-12 and TCP-03, not XSEC-12, SEC-123 or UTF-16"), ["SEC-12", "TCP-03"]);
    }

    #[test]
    fn a_row_with_an_unknown_state_or_too_few_cells_is_refused() {
        assert!(parse(&format!("{COLUMNS}\nSEC-12\tx\ty\tdone\thouse\tgate\t-\n")).is_err());
        assert!(parse(&format!("{COLUMNS}\nSEC-12\tx\n")).is_err());
        assert!(parse("rule\n").is_err());
    }

    #[test]
    fn enforced_without_a_test_is_a_claim_too_many() {
        let mut rows = row("45 CFR 164.522(b)");
        assert_eq!(claims(&rows, &[]).len(), 1, "the named test does not exist");
        rows.iter_mut().for_each(|row| row.tests.clear());
        assert_eq!(claims(&rows, &[]).len(), 1, "no test is named");
    }

    #[test]
    fn a_rule_of_the_gate_without_a_row_is_found() {
        let rules = [Rule { id: "SEC-99", citation: "45 CFR 164.522(b)" }];
        let findings = agreement(&row("45 CFR 164.522(b)"), &rules);
        assert_eq!(findings.len(), 2, "SEC-12 is claimed and not there, SEC-99 is there and not claimed: {findings:?}");
    }
}
