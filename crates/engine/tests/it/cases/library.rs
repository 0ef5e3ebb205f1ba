//! Where the cases lie, and the lists beside them.

use super::expectation::Expectation;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Fewer cases than this, and some were lost.
pub(super) const CASES_MIN: usize = 500;
/// The largest a case may be, in bytes: a lawyer reads it whole.
pub(super) const CASE_BYTES_MAX: usize = 6_144;

/// One case and the answer expected.
pub(super) struct Case {
    /// Its place in the library, such as `privacy/only-the-other-number`.
    pub(super) path: String,
    /// The case, as it is given to `postern explain`.
    pub(super) text: Vec<u8>,
    /// The answer expected.
    pub(super) expect: Expectation,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

/// Every case, in the order of the names.
pub(super) fn library() -> Vec<Case> {
    let mut cases = Vec::new();
    for folder in sorted(&root()).into_iter().filter(|path| path.is_dir()) {
        for file in sorted(&folder) {
            let name = file.file_name().unwrap().to_str().unwrap();
            if name.ends_with(".expect.json") {
                continue;
            }
            let name = name.strip_suffix(".json").unwrap();
            let path = format!("{}/{name}", folder.file_name().unwrap().to_str().unwrap());
            let expect = fs::read(folder.join(format!("{name}.expect.json")))
                .unwrap_or_else(|error| panic!("{path} has no expectation: {error}"));
            let expect = serde_json::from_slice(&expect).unwrap_or_else(|error| panic!("{path}: {error}"));
            cases.push(Case { path, text: fs::read(&file).unwrap(), expect });
        }
    }
    cases
}

fn sorted(directory: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Lines of two columns; what stands after `#` at the start of a line is a remark.
fn table(name: &str) -> BTreeMap<String, String> {
    let text = fs::read_to_string(root().join(name)).unwrap();
    let rows = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    rows.map(|row| row.split_once('\t').unwrap_or_else(|| panic!("{name}: {row}: two columns, please")))
        .map(|(key, why)| (key.to_owned(), why.to_owned()))
        .collect()
}

/// Cases that the gate answers otherwise than the law asks, and why we hold them right.
pub(super) fn known_open() -> BTreeMap<String, String> {
    table("known-open.tsv")
}

/// The rules of the register and what they stand on.
pub(super) fn register() -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../law/index.tsv")).unwrap();
    let rows = text.lines().skip(1).filter_map(|line| {
        let mut columns = line.split('\t');
        Some((columns.next()?.to_owned(), columns.next()?.split("; ").map(ToOwned::to_owned).collect::<Vec<_>>()))
    });
    let mut register: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (rule, citations) in rows {
        register.entry(rule).or_default().extend(citations);
    }
    register
}

/// Whether `inner` is `outer` or one of its paragraphs.
pub(super) fn lies_in(inner: &str, outer: &str) -> bool {
    inner
        .strip_prefix(outer)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('(') || rest.starts_with(" section"))
}

/// Numbers without 555 in them and mail addresses outside the example domains.
pub(super) fn real_addresses(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '(' | ')' | '[' | ']'));
    words.filter(|word| is_real(word)).map(ToOwned::to_owned)
}

fn is_real(word: &str) -> bool {
    let digits = word.strip_prefix('+').filter(|rest| rest.len() > 7 && rest.bytes().all(|b| b.is_ascii_digit()));
    if let Some(digits) = digits {
        return !digits.contains("555");
    }
    let domain = word.split_once('@').map(|(_, domain)| {
        let host = domain.split(['/', '#']).next().unwrap_or_default();
        host.trim_end_matches(['.', '?', '!']).to_lowercase()
    });
    domain.is_some_and(|domain| {
        let last = domain.rsplit('.').next().unwrap_or_default();
        let reserved = ["example.org", "example.com", "example.net"];
        last != "example" && !reserved.iter().any(|name| domain == *name || domain.ends_with(&format!(".{name}")))
    })
}
