//! The repository's own files, as the checks see them.

use std::fs;
use std::path::{Path, PathBuf};

/// A Rust source file.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its path relative to the root, with `/`.
    pub path: String,
    /// The workspace member it belongs to: `gate` for `crates/gate/src/lib.rs`, `xtask` for `xtask/src/lib.rs`.
    pub member: String,
    /// The whole text.
    pub text: String,
    /// Whether the whole file is test code.
    pub test: bool,
}

impl Source {
    /// The lines of code that are neither comments nor inside a `#[cfg(test)]` item, with their numbers.
    #[must_use]
    pub fn production_lines(&self) -> Vec<(usize, &str)> {
        if self.test {
            return Vec::new();
        }
        let mut kept = Vec::new();
        let mut lines = self.text.lines().enumerate().peekable();
        while let Some((index, line)) = lines.next() {
            if line.trim_start().starts_with("#[cfg(test)]") {
                skip_item(&mut lines);
            } else if !line.trim_start().starts_with("//") {
                kept.push((index + 1, line));
            }
        }
        kept
    }
}

/// Skips the item that follows an attribute: to its `;`, or to the brace that closes it at the item's own indent.
fn skip_item<'a, I: Iterator<Item = (usize, &'a str)>>(lines: &mut std::iter::Peekable<I>) {
    while lines.next_if(|(_, line)| line.trim_start().starts_with("#[")).is_some() {}
    let Some((_, first)) = lines.next() else { return };
    if first.trim_end().ends_with(';') || first.trim_end().ends_with("{}") {
        return;
    }
    let indent = first.len() - first.trim_start().len();
    for (_, line) in lines {
        let own = line.len() - line.trim_start().len();
        if own == indent && line.trim_start().starts_with('}') {
            return;
        }
    }
}

/// Every `.rs` file of the workspace, sorted by path.
#[must_use]
pub fn sources(root: &Path) -> Vec<Source> {
    let mut sources: Vec<Source> = files(root)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .filter_map(|path| {
            let relative = relative(root, &path);
            let text = fs::read_to_string(&path).ok()?;
            let mut parts = relative.split('/');
            let first = parts.next().unwrap_or_default();
            let member = if first == "crates" { parts.next().unwrap_or_default() } else { first };
            let test = relative.split('/').any(|part| matches!(part, "tests" | "tests.rs" | "benches"))
                || relative.ends_with("_tests.rs");
            Some(Source { member: member.to_owned(), test, text, path: relative })
        })
        .collect();
    let modules: Vec<String> = sources.iter().flat_map(test_modules).collect();
    for source in &mut sources {
        let stem = source.path.strip_suffix(".rs").unwrap_or(&source.path);
        source.test |=
            modules.iter().any(|m| stem.strip_prefix(m.as_str()).is_some_and(|r| r.is_empty() || r.starts_with('/')));
    }
    sources
}

/// The paths, without `.rs`, of the modules that a file declares under `#[cfg(test)]`.
fn test_modules(source: &Source) -> Vec<String> {
    let stem = source.path.strip_suffix(".rs").unwrap_or(&source.path);
    let (directory, name) = stem.rsplit_once('/').unwrap_or_default();
    let home = if matches!(name, "lib" | "main" | "mod") { directory } else { stem };
    let lines: Vec<&str> = source.text.lines().map(str::trim).collect();
    lines
        .windows(2)
        .filter_map(|pair| match pair {
            ["#[cfg(test)]", declared] => {
                declared.trim_start_matches("pub(crate) ").strip_prefix("mod ")?.strip_suffix(';')
            }
            _ => None,
        })
        .map(|module| format!("{home}/{module}"))
        .collect()
}

/// Every file of the repository outside `target` and dot directories other than `.ci`, `.cargo` and `.github`, sorted.
#[must_use]
pub fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(directory) = open.pop() {
        let Ok(entries) = fs::read_dir(&directory) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let kept_dot = matches!(name.as_str(), ".ci" | ".cargo" | ".github" | ".gitignore");
            if name == "target" || name == "node_modules" || (name.starts_with('.') && !kept_dot) {
                continue;
            }
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// `path` relative to `root`, with `/`.
#[must_use]
pub fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source { path: "crates/gate/src/x.rs".into(), member: "gate".into(), text: text.into(), test: false }
    }

    #[test]
    fn test_items_and_comments_are_not_production_lines() {
        let text = "fn a() {}\n// b\n#[cfg(test)]\nmod fixtures;\nfn c() {}\n#[cfg(test)]\nmod tests {\n    fn d() {}\n}\nfn e() {}\n";
        let kept: Vec<_> = source(text).production_lines().into_iter().map(|(n, l)| format!("{n}:{l}")).collect();
        assert_eq!(kept, ["1:fn a() {}", "5:fn c() {}", "10:fn e() {}"]);
    }

    #[test]
    fn a_module_declared_for_tests_is_a_test_file() {
        let mut file = source("#[cfg(test)]\nmod fixtures;\nmod real;\n");
        assert_eq!(test_modules(&file), ["crates/gate/src/x/fixtures"]);
        file.path = "crates/gate/src/lib.rs".into();
        assert_eq!(test_modules(&file), ["crates/gate/src/fixtures"]);
    }

    #[test]
    fn a_line_in_a_test_file_is_never_production() {
        let mut file = source("fn a() {}\n");
        file.test = true;
        assert!(file.production_lines().is_empty());
    }
}
