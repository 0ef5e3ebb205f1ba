//! The shape of the house, checked: one place per concern, calm files, no leftovers.

use crate::source::{Source, sources};
use crate::{Finding, docs, edges, supply};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A call or name that only some members may hold in production code.
struct Concern {
    /// What is looked for, as text.
    tokens: &'static [&'static str],
    /// Members, or path prefixes, that may hold it.
    homes: &'static [&'static str],
    /// What to say when it is found elsewhere.
    what: &'static str,
}

/// One place per concern (invariant 8).
const CONCERNS: &[Concern] = &[
    Concern {
        tokens: &["rusqlite", "sea_orm", "sqlx"],
        homes: &["store", "xtask", "benches"],
        what: "only `store` names a database",
    },
    Concern {
        tokens: &["env::var", "env::vars", "env::set_var", "env::remove_var", "env::temp_dir", "env::home_dir"],
        // A build script is told by Cargo where to write, and only there.
        homes: &["postern", "xtask", "benches", "crates/gate/build.rs"],
        what: "only `postern` reads the environment",
    },
    Concern {
        tokens: &[
            "TcpStream::connect",
            "TcpSocket",
            "UdpSocket",
            "UnixStream::connect",
            "reqwest",
            "hyper::client",
            "hyper_util::client",
        ],
        homes: &["channels", "ehr", "postern", "xtask", "benches", "crates/store/src/keys"],
        what: "only `channels` and `ehr` (and key providers in `store`, telemetry in `postern`) open outbound sockets",
    },
    Concern {
        tokens: &["axum::", "TcpListener::bind", "Html("],
        homes: &["web", "postern", "xtask", "benches"],
        what: "only `web` serves HTTP and draws pages",
    },
    Concern {
        tokens: &["todo!(", "unimplemented!(", "TODO", "FIXME", "XXX"],
        homes: &["xtask"],
        what: "nothing is left undone in the code: do it, or write it down as an open issue",
    },
];

/// File names that hide what is inside.
const BANNED_NAMES: &[&str] = &["utils", "util", "common", "helpers", "helper", "manager", "service", "core", "misc"];

/// Libraries of which the lock file must hold one version: two of them means two TLS stacks, two databases, or types that
/// do not fit each other.
const SINGLE: &[&str] = &[
    "aws-lc-rs",
    "aws-lc-sys",
    "axum",
    "http",
    "hyper",
    "jiff",
    "libsqlite3-sys",
    "rustls",
    "rustls-webpki",
    "serde",
    "tokio",
    "tokio-rustls",
];

/// A file may have this many lines; most have far fewer.
const LINES_MAX: usize = 800;

/// `base` is where god crates begin: all its production lines together stay under this.
const BASE_LINES_MAX: usize = 1_500;

/// Runs every check of the house except the law's.
#[must_use]
pub fn check(root: &Path) -> Vec<Finding> {
    let sources = sources(root);
    let mut findings = edges::check(root);
    for source in &sources {
        findings.extend(concerns(source));
        findings.extend(shape(source));
    }
    findings.extend(log_has_one_implementation(&sources));
    findings.extend(base_stays_small(&sources));
    findings.extend(crate_docs(root, &sources));
    findings.extend(one_test_binary(root));
    findings.extend(
        fs::read_to_string(root.join("Cargo.lock")).map_or_else(
            |_| vec![Finding::of("Cargo.lock", "is missing or unreadable")],
            |text| single_versions(&text),
        ),
    );
    findings.extend(docs::check(root));
    findings.extend(supply::check(root));
    findings.sort();
    findings
}

/// One place per concern in one file.
fn concerns(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in source.production_lines() {
        for concern in CONCERNS {
            let home = concern.homes.iter().any(|home| source.member == *home || source.path.starts_with(home));
            if home {
                continue;
            }
            if let Some(token) = concern.tokens.iter().find(|token| line.contains(**token)) {
                findings.push(Finding::at(&source.path, number, format!("`{token}`: {}", concern.what)));
            }
        }
    }
    findings
}

/// The size and the name of one file.
fn shape(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lines = source.text.lines().count();
    if lines > LINES_MAX {
        findings.push(Finding::of(
            &source.path,
            format!("has {lines} lines; {LINES_MAX} is the most, split it by what it is about"),
        ));
    }
    for part in source.path.split('/') {
        let name = part.strip_suffix(".rs").unwrap_or(part);
        if BANNED_NAMES.contains(&name) {
            findings.push(Finding::of(&source.path, format!("`{name}` says nothing: name it after what is inside")));
        }
    }
    findings
}

/// Only `store` may say that a permit is recorded (invariant 1).
fn log_has_one_implementation(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|s| s.member != "store") {
        for (number, line) in source.production_lines() {
            let line = line.trim_start();
            if line.starts_with("impl") && line.contains("Log<") && line.contains(" for ") {
                findings.push(Finding::at(&source.path, number, "only `store` implements `Log` outside tests"));
            }
        }
    }
    findings
}

/// The cap on `base`.
fn base_stays_small(sources: &[Source]) -> Vec<Finding> {
    let lines: usize = sources.iter().filter(|s| s.member == "base").map(|s| s.production_lines().len()).sum();
    if lines <= BASE_LINES_MAX {
        return Vec::new();
    }
    vec![Finding::of(
        "crates/base",
        format!("has {lines} lines; {BASE_LINES_MAX} is the most, domain nouns live in `gate`"),
    )]
}

/// Every crate opens with what it is for, what it must not do, where to start.
fn crate_docs(root: &Path, sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, _) in edges::EDGES {
        let file =
            ["lib.rs", "main.rs"].iter().map(|f| format!("crates/{name}/src/{f}")).find(|f| root.join(f).exists());
        let Some(source) = sources.iter().find(|s| Some(&s.path) == file.as_ref()) else {
            findings.push(Finding::of(format!("crates/{name}"), "has neither src/lib.rs nor src/main.rs"));
            continue;
        };
        let doc: String = source.text.lines().take_while(|l| l.starts_with("//!")).collect::<Vec<_>>().join(" ");
        if !doc.contains("must not") || !(doc.contains("Start ") || doc.contains("start ")) {
            let what = "must open with `//!`: what it is for, what it must not do, where to start";
            findings.push(Finding::of(&source.path, what));
        }
    }
    findings
}

/// Test binaries relink everything: a crate has one at most.
fn one_test_binary(root: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, _) in edges::EDGES {
        let directory = root.join(format!("crates/{name}/tests"));
        let Ok(entries) = fs::read_dir(&directory) else { continue };
        let binaries = entries
            .flatten()
            .filter(|entry| {
                entry.path().extension().is_some_and(|e| e == "rs") || entry.path().join("main.rs").exists()
            })
            .count();
        if binaries > 1 {
            let what = format!("has {binaries} test binaries; make them modules of one");
            findings.push(Finding::of(format!("crates/{name}/tests"), what));
        }
    }
    findings
}

/// One version of the libraries of which two would be a mistake.
#[must_use]
pub fn single_versions(lock: &str) -> Vec<Finding> {
    let Ok(table) = lock.parse::<toml::Table>() else {
        return vec![Finding::of("Cargo.lock", "is not TOML")];
    };
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let packages = table.get("package").and_then(toml::Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for package in packages {
        let text = |key| package.get(key).and_then(toml::Value::as_str).unwrap_or_default();
        if SINGLE.contains(&text("name")) {
            versions.entry(text("name")).or_default().push(text("version"));
        }
    }
    versions
        .into_iter()
        .filter(|(_, found)| found.len() > 1)
        .map(|(name, found)| {
            Finding::of("Cargo.lock", format!("`{name}` is there {} times: {}", found.len(), found.join(", ")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found_in(member: &str, text: &str) -> Vec<Finding> {
        let path = format!("crates/{member}/src/x.rs");
        concerns(&Source { path, member: member.into(), text: text.into(), test: false })
    }

    #[test]
    fn a_socket_opened_in_the_engine_is_found_and_in_channels_is_not() {
        let line = "let socket = TcpStream::connect(address).await?;\n";
        assert_eq!(found_in("engine", line).len(), 1);
        assert_eq!(found_in("channels", line), []);
    }

    #[test]
    fn a_database_named_outside_the_store_is_found() {
        assert_eq!(found_in("engine", "use rusqlite::Connection;\n").len(), 1);
    }

    #[test]
    fn something_left_undone_is_found_anywhere() {
        assert_eq!(found_in("gate", "    todo!()\n").len(), 1);
    }

    #[test]
    fn a_long_file_and_a_file_named_after_nothing_are_found() {
        let long = Source {
            path: "crates/web/src/utils.rs".into(),
            member: "web".into(),
            text: "fn a() {}\n".repeat(LINES_MAX + 1),
            test: false,
        };
        assert_eq!(shape(&long).len(), 2);
    }

    #[test]
    fn a_second_implementation_of_log_is_found() {
        let log = |member: &str| Source {
            path: format!("crates/{member}/src/x.rs"),
            member: member.into(),
            text: "impl Log<Permit> for Pretender {\n}\n".into(),
            test: false,
        };
        assert_eq!(log_has_one_implementation(&[log("store")]), []);
        assert_eq!(log_has_one_implementation(&[log("engine")]).len(), 1);
    }

    #[test]
    fn two_versions_of_a_tls_library_are_found() {
        let lock = "[[package]]\nname = \"rustls\"\nversion = \"0.22.0\"\n[[package]]\nname = \"rustls\"\nversion = \"0.23.0\"\n";
        assert_eq!(single_versions(lock).len(), 1);
    }
}
