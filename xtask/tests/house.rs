//! The house holds its own rules: `cargo test` says so, not a reviewer.

use xtask::{Finding, law, root, tidy};

fn none(findings: &[Finding]) {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "{} to be put right:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn crate_edges_concerns_sizes_and_links_are_as_written_down() {
    none(&tidy::check(&root()));
}

#[test]
fn every_citation_has_a_row_every_claim_a_test_and_every_rule_of_the_gate_both() {
    let rules: Vec<law::Rule<'_>> =
        postern_gate::rules::ALL.iter().map(|rule| law::Rule { id: rule.id, citation: rule.citation }).collect();
    none(&law::check(&root(), Some(&rules)));
}
