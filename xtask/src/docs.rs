//! Documents: links that resolve, and no trace of the machine they were written on.

use crate::Finding;
use crate::source::{Source, files, relative, sources};
use std::fs;
use std::path::Path;

/// Paths that belong to somebody's machine. Spelled in halves so that this file does not find itself.
const MACHINE_PATHS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/tm", "p/"),
    concat!("../sha", "red"),
];

/// Which files are read for machine paths.
const TEXT: &[&str] = &["rs", "md", "toml", "tsv", "html", "css", "json", "sh", "py", "go", "txt", "run"];

/// Checks every document.
#[must_use]
pub fn check(root: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    for path in files(root) {
        let name = relative(root, &path);
        let extension = path.extension().map(|e| e.to_string_lossy().into_owned()).unwrap_or_default();
        if !TEXT.contains(&extension.as_str()) && name != ".ci/run" {
            continue;
        }
        let Ok(text) = fs::read_to_string(&path) else { continue };
        findings.extend(machine_paths(&name, &text));
        if extension == "md" {
            findings.extend(links(root, &name, &text));
        }
    }
    for required in
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", "law/README.md", "law/index.tsv"]
    {
        if !root.join(required).exists() {
            findings.push(Finding::of(required, "is missing"));
        }
    }
    findings.extend(undocumented_routes(root));
    findings.extend(unknown_tests(root));
    findings
}

/// Routes of the API that `docs/api.md` does not name. What exists only in a demo is no part of it.
fn undocumented_routes(root: &Path) -> Vec<Finding> {
    let page = fs::read_to_string(root.join("docs/api.md")).unwrap_or_default();
    let tables: Vec<Source> = sources(root)
        .into_iter()
        .filter(|source| source.path.starts_with("crates/web/src/routes/") && !source.path.ends_with("/demo.rs"))
        .collect();
    let mut paths = tables.iter().flat_map(|source| source.text.lines()).filter_map(path_of).peekable();
    if paths.peek().is_none() {
        return vec![Finding::of("crates/web/src/routes", "no route was found to look for in docs/api.md")];
    }
    paths
        .filter(|path| !page.contains(&format!("{path}`")))
        .map(|path| Finding::of("docs/api.md", format!("does not name the route `{path}`")))
        .collect()
}

/// The path in a line of a table of routes.
fn path_of(line: &str) -> Option<&str> {
    line.trim().strip_prefix("path: \"")?.split('"').next()
}

/// Tests that ARCHITECTURE names and nobody wrote.
fn unknown_tests(root: &Path) -> Vec<Finding> {
    let text = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap_or_default();
    let sources = sources(root);
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| {
            name.matches('_').count() > 2
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        })
        .filter(|name| !sources.iter().any(|source| source.text.contains(&format!("fn {name}("))))
        .map(|name| Finding::of("ARCHITECTURE.md", format!("names the test `{name}`, which does not exist")))
        .collect()
}

/// Paths of somebody's machine in one file.
fn machine_paths(name: &str, text: &str) -> Vec<Finding> {
    text.lines()
        .enumerate()
        .filter_map(|(index, line)| {
            let path = MACHINE_PATHS.iter().find(|path| line.contains(**path))?;
            Some(Finding::at(name, index + 1, format!("`{path}` is a path of somebody's machine")))
        })
        .collect()
}

/// Relative links in one document.
fn links(root: &Path, name: &str, text: &str) -> Vec<Finding> {
    let here = Path::new(name).parent().unwrap_or_else(|| Path::new(""));
    let mut findings = Vec::new();
    let mut fenced = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") || file.starts_with("mailto:") {
                continue;
            }
            if !root.join(here).join(file).exists() {
                findings.push(Finding::at(name, index + 1, format!("the link to `{file}` leads nowhere")));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root;

    #[test]
    fn a_link_that_leads_nowhere_is_found_and_one_that_leads_somewhere_is_not() {
        assert_eq!(links(&root(), "docs/x.md", "[a](no-such-file.md)").len(), 1);
        assert_eq!(links(&root(), "docs/x.md", "[a](../Cargo.toml) [b](https://example.org) [c](#here)"), []);
    }

    #[test]
    fn a_path_of_somebodys_machine_is_found() {
        assert_eq!(machine_paths("x.md", concat!("see /ro", "ot/notes")).len(), 1);
    }
}
