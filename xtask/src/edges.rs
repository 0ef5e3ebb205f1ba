//! Which crate may depend on which, and which crate alone may use an outside library.

use crate::Finding;
use std::fs;
use std::path::Path;

/// The allowed edges between the workspace's crates (ARCHITECTURE.md, "Edges"). A boundary is there because it forbids an
/// import, serves a second consumer, or fences a heavy dependency; a new edge needs a decision record.
pub const EDGES: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("net", &[]),
    ("gate", &["base", "net"]),
    ("classify", &["base", "net"]),
    ("ledger", &["base"]),
    ("store", &["base", "gate", "ledger"]),
    ("ehr", &["base", "gate"]),
    ("channels", &["base", "gate", "ledger"]),
    ("engine", &["base", "gate", "classify", "ledger", "store", "ehr", "channels"]),
    ("web", &["base", "gate", "classify", "ledger", "store", "ehr", "channels", "engine"]),
    ("postern", &["base", "gate", "classify", "ledger", "store", "ehr", "channels", "engine", "web"]),
];

/// Outside libraries that only the named crates may use, tests included.
pub const FENCED: &[(&str, &[&str])] = &[
    ("sea-orm", &["store"]),
    ("sqlx", &["store"]),
    ("rusqlite", &["store"]),
    ("axum", &["web"]),
    ("askama", &["web"]),
    ("tower", &["web"]),
    ("utoipa", &["web"]),
    ("clap", &["postern"]),
    ("indicatif", &["postern"]),
    ("mail-send", &["channels"]),
    ("mail-builder", &["channels"]),
    ("mail-parser", &["channels"]),
    ("quick-xml", &["channels"]),
    ("reqwest", &["channels", "ehr"]),
];

/// What `gate` may import besides `base`: a calendar with bundled zone data and sums over weights, nothing else, ever.
const GATE_MAY_USE: &[&str] = &["postern-base", "postern-net", "jiff"];

/// Checks every crate's manifest against the two tables.
#[must_use]
pub fn check(root: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen = Vec::new();
    let Ok(entries) = fs::read_dir(root.join("crates")) else {
        return vec![Finding::of("crates", "cannot be read")];
    };
    let mut names: Vec<_> = entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    for name in names {
        let file = format!("crates/{name}/Cargo.toml");
        match fs::read_to_string(root.join(&file)) {
            Ok(text) => findings.extend(manifest(&name, &file, &text)),
            Err(_) => findings.push(Finding::of(&file, "is missing or unreadable")),
        }
        seen.push(name);
    }
    for (name, _) in EDGES {
        if !seen.iter().any(|s| s == name) {
            findings.push(Finding::of("xtask/src/edges.rs", format!("the crate `{name}` in the table does not exist")));
        }
    }
    findings
}

/// Checks one manifest.
#[must_use]
pub fn manifest(name: &str, file: &str, text: &str) -> Vec<Finding> {
    let Ok(table) = text.parse::<toml::Table>() else {
        return vec![Finding::of(file, "is not TOML")];
    };
    let mut findings = Vec::new();
    let Some((_, allowed)) = EDGES.iter().find(|(crate_name, _)| *crate_name == name) else {
        let what = format!("the crate `{name}` is not in the table of edges; a new crate needs a decision record");
        return vec![Finding::of(file, what)];
    };
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let Some(dependencies) = table.get(section).and_then(toml::Value::as_table) else { continue };
        for dependency in dependencies.keys() {
            if let Some(inner) = dependency.strip_prefix("postern-")
                && !allowed.contains(&inner)
            {
                findings
                    .push(Finding::of(file, format!("`{name}` may not depend on `{inner}` (ARCHITECTURE.md, Edges)")));
            }
            if name == "gate" && section == "dependencies" && !GATE_MAY_USE.contains(&dependency.as_str()) {
                findings.push(Finding::of(file, format!("`gate` imports base and a calendar, never `{dependency}`")));
            }
            if let Some((_, homes)) = FENCED.iter().find(|(fenced, _)| fenced == dependency)
                && !homes.contains(&name)
            {
                findings.push(Finding::of(file, format!("`{dependency}` belongs to {} alone", homes.join(", "))));
            }
        }
    }
    let inherits = table.get("lints").and_then(|l| l.get("workspace")).and_then(toml::Value::as_bool);
    if inherits != Some(true) {
        findings.push(Finding::of(file, "lacks `[lints] workspace = true`"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_one(name: &str, dependency: &str) -> Vec<Finding> {
        let text = format!("[dependencies]\n{dependency} = \"1\"\n[lints]\nworkspace = true\n");
        manifest(name, "crates/x/Cargo.toml", &text)
    }

    #[test]
    fn an_edge_in_the_table_passes() {
        assert_eq!(check_one("store", "postern-gate"), []);
    }

    #[test]
    fn an_edge_outside_the_table_is_found() {
        assert_eq!(check_one("gate", "postern-store").len(), 2);
        assert_eq!(check_one("ledger", "postern-gate").len(), 1);
    }

    #[test]
    fn a_database_outside_the_store_is_found() {
        assert_eq!(check_one("engine", "sea-orm").len(), 1);
    }

    #[test]
    fn gate_importing_anything_but_base_and_a_calendar_is_found() {
        assert_eq!(check_one("gate", "serde").len(), 1);
    }

    #[test]
    fn an_unknown_crate_and_a_crate_without_the_lints_are_found() {
        assert_eq!(manifest("tenth", "f", "[dependencies]\n").len(), 1);
        assert_eq!(manifest("base", "f", "[dependencies]\n").len(), 1);
    }
}
