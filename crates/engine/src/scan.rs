//! Scanning texts for PHI: what the command line and HTTP share (DESIGN 6).

use postern_base::{Channel, Language, Level, Purpose};
use serde::{Deserialize, Serialize};

/// One text to scan.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScanLine {
    /// The caller's name for it.
    pub id: String,
    /// The text.
    pub text: String,
    /// The channel it would travel on.
    pub channel: Channel,
    /// Why it would be sent.
    #[serde(default)]
    pub purpose: Option<Purpose>,
    /// Its language.
    #[serde(default)]
    pub lang: Option<Language>,
}

impl std::fmt::Debug for ScanLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ScanLine")
    }
}

/// What was found in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScanAnswer {
    /// The caller's name for the text.
    pub id: String,
    /// Whether it is PHI once it reaches a person.
    pub phi: bool,
    /// Its sensitivity.
    pub level: Level,
    /// What was found where.
    pub spans: Vec<ScanSpan>,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScanSpan {
    /// The first code point.
    pub start: usize,
    /// The code point after the last.
    pub end: usize,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: String,
}

/// Scans one text. A text the classifier cannot judge counts as PHI of the highest level: nothing passes because a tool failed.
#[must_use]
pub fn scan_line(line: &ScanLine) -> ScanAnswer {
    let context = postern_classify::Context {
        channel: Some(line.channel),
        purpose: line.purpose,
        language: line.lang,
        ..postern_classify::Context::default()
    };
    answer(&line.id, &line.text, &context)
}

/// Scans a text of which nothing else is known.
#[must_use]
pub fn scan_text(id: &str, text: &str) -> ScanAnswer {
    answer(id, text, &postern_classify::Context::default())
}

fn answer(id: &str, text: &str, context: &postern_classify::Context<'_>) -> ScanAnswer {
    match postern_classify::scan(text, context) {
        Ok(findings) => ScanAnswer {
            id: id.to_owned(),
            phi: findings.phi,
            level: findings.level,
            spans: findings
                .spans
                .iter()
                .map(|span| ScanSpan { start: span.start, end: span.end, kind: span.kind.as_str().to_owned() })
                .collect(),
        },
        Err(_) => ScanAnswer { id: id.to_owned(), phi: true, level: Level::L4, spans: Vec::new() },
    }
}
