//! What comes from outside: licences, versions and sources of every dependency against `deny.toml`, and that the demo and the
//! tests are one build.

use crate::Finding;
use crate::run;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A dependency as Cargo resolved it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence, as an SPDX expression; empty = it names none.
    pub licence: String,
}

/// What `deny.toml` allows.
#[derive(Debug, Default)]
pub struct Allowed {
    /// SPDX identifiers, exceptions included.
    pub licences: BTreeSet<String>,
    /// `name@version` of which a second version may be there.
    pub second: BTreeSet<String>,
}

impl Allowed {
    /// Reads `deny.toml`; `None` when it is not what cargo-deny takes.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let table: toml::Table = text.parse().ok()?;
        let licences = table.get("licenses")?.get("allow")?.as_array()?;
        let skip = table.get("bans")?.get("skip")?.as_array()?;
        Some(Self {
            licences: licences.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect(),
            second: skip.iter().filter_map(|of| of.get("crate")?.as_str().map(str::to_owned)).collect(),
        })
    }
}

/// Holds what Cargo resolves against `deny.toml`.
#[must_use]
pub fn check(root: &Path) -> Vec<Finding> {
    let Some(allowed) = fs::read_to_string(root.join("deny.toml")).ok().and_then(|text| Allowed::read(&text)) else {
        return vec![Finding::of("deny.toml", "is missing, or lacks [licenses] allow or [bans] skip")];
    };
    let Some(listed) = tree(root, &["--workspace", "--edges", "normal,build,dev"], "{p}\t{l}") else {
        return vec![Finding::of(
            "Cargo.lock",
            "`cargo tree` could not list the dependencies; does it fit Cargo.toml?",
        )];
    };
    let packages: BTreeSet<Package> = listed.lines().filter_map(package).collect();
    let mut findings = licences(&packages, &allowed);
    findings.extend(second_versions(&packages, &allowed));
    findings.extend(one_build(root));
    findings
}

/// `cargo tree` for this machine, one line a package, each once or more.
fn tree(root: &Path, arguments: &[&str], format: &str) -> Option<String> {
    let manifest = root.join("Cargo.toml");
    let manifest = manifest.to_string_lossy();
    let mut all = vec!["tree", "--locked", "--prefix", "none", "--manifest-path", &manifest];
    all.extend_from_slice(arguments);
    all.extend_from_slice(&["--format", format]);
    run::output("cargo", &all)
}

/// One line of `cargo tree`: `name v1.2.3 (where)<tab>licence (*)`.
fn package(line: &str) -> Option<Package> {
    let (what, licence) = line.split_once('\t')?;
    let mut words = what.split(' ');
    let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
    let licence = licence.trim_end_matches(" (*)").trim();
    Some(Package { name: name.into(), version: version.into(), licence: licence.into() })
}

/// Every licence is one that others may ship in one binary.
#[must_use]
pub fn licences(packages: &BTreeSet<Package>, allowed: &Allowed) -> Vec<Finding> {
    let fits = |licence: &str| {
        spdx::Expression::parse_mode(licence, spdx::ParseMode::LAX)
            .is_ok_and(|expression| expression.evaluate(|needed| allowed.licences.contains(&needed.to_string())))
    };
    packages
        .iter()
        .filter(|package| !fits(&package.licence))
        .map(|package| {
            let Package { name, version, licence } = package;
            let licence = if licence.is_empty() { "no licence" } else { licence };
            Finding::of("deny.toml", format!("`{name} {version}` is under {licence}, which [licenses] does not allow"))
        })
        .collect()
}

/// A second version is compiled a second time: each is named with its reason, and none is named that is not there.
#[must_use]
pub fn second_versions(packages: &BTreeSet<Package>, allowed: &Allowed) -> Vec<Finding> {
    let mut versions: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for Package { name, version, .. } in packages {
        versions.entry(name).or_default().push(format!("{name}@{version}"));
    }
    versions.retain(|_, found| found.len() > 1);
    let mut findings = Vec::new();
    for found in versions.values() {
        if found.iter().filter(|one| !allowed.second.contains(*one)).count() > 1 {
            let what = format!("{} are all there; make them one, or [bans] skip says why not", found.join(", "));
            findings.push(Finding::of("Cargo.lock", what));
        }
    }
    let second: BTreeSet<&String> = versions.values().flatten().collect();
    for gone in allowed.second.iter().filter(|one| !second.contains(*one)) {
        findings.push(Finding::of("deny.toml", format!("[bans] skip names `{gone}`, which is no second version")));
    }
    findings
}

/// `cargo run` (the demo) and `cargo test --workspace` must ask for the same features of the same crates, or Cargo compiles
/// those, and all that stands on them, twice.
fn one_build(root: &Path) -> Vec<Finding> {
    let edges = ["--edges", "normal,build"];
    let (demo, tests) = (["--package", "postern"], ["--workspace"]);
    let format = "{p}\t{f}";
    let demo = tree(root, &[&demo[..], &edges[..]].concat(), format);
    let tests = tree(root, &[&tests[..], &["--edges", "normal,build,dev"]].concat(), format);
    let (Some(demo), Some(tests)) = (demo, tests) else {
        return vec![Finding::of("Cargo.toml", "`cargo tree` could not list the features")];
    };
    twice(&demo, &tests)
        .into_iter()
        .map(|name| {
            let what = format!("`{name}` is compiled twice: the tests ask for features that the demo does not have");
            Finding::of("Cargo.toml", what)
        })
        .collect()
}

/// The crates of the demo that no test is built with, by their features.
fn twice(demo: &str, tests: &str) -> Vec<String> {
    fn lines(listed: &str) -> BTreeSet<&str> {
        listed.lines().map(|line| line.trim_end_matches(" (*)").trim_end()).filter(|line| !line.is_empty()).collect()
    }
    let tests = lines(tests);
    lines(demo).difference(&tests).filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages(listed: &str) -> BTreeSet<Package> {
        listed.lines().filter_map(package).collect()
    }

    fn allowed() -> Allowed {
        let deny = "[licenses]\nallow = ['MIT', 'Apache-2.0', 'Apache-2.0 WITH LLVM-exception']\n\
                    [bans]\nskip = [{ crate = 'syn@2.0.1', reason = 'macros' }]\n";
        Allowed::read(deny).unwrap()
    }

    #[test]
    fn a_copyleft_licence_is_found_and_one_of_two_is_enough() {
        let found = licences(
            &packages(
                "a v1.0.0\tMIT OR GPL-3.0-only\nb v1.0.0 (proc-macro)\tMIT AND GPL-3.0-only (*)\nc v1.0.0\t\n\
                 d v1.0.0\tMIT/Apache-2.0\ne v1.0.0\tApache-2.0 WITH LLVM-exception",
            ),
            &allowed(),
        );
        let named: Vec<&str> = found.iter().map(|finding| finding.what.split('`').nth(1).unwrap()).collect();
        assert_eq!(named, ["b 1.0.0", "c 1.0.0"]);
    }

    #[test]
    fn a_second_version_needs_a_reason_and_a_reason_needs_a_second_version() {
        assert_eq!(second_versions(&packages("syn v2.0.1\tMIT\nsyn v3.0.0\tMIT (*)"), &allowed()), []);
        assert_eq!(
            second_versions(&packages("syn v2.0.1\tMIT\nsyn v3.0.0\tMIT\nsyn v4.0.0\tMIT"), &allowed()).len(),
            1
        );
        assert_eq!(second_versions(&packages("syn v3.0.0\tMIT"), &allowed()).len(), 1, "a reason for nothing");
    }

    #[test]
    fn a_crate_with_other_features_in_the_tests_is_found() {
        let demo = "idna v1.1.0\talloc\nserde v1.0.0\tderive (*)";
        assert_eq!(twice(demo, "idna v1.1.0\talloc,std\nserde v1.0.0\tderive"), ["idna"]);
        assert_eq!(twice(demo, "idna v1.1.0\talloc (*)\nserde v1.0.0\tderive\nboon v1.0.0\t"), Vec::<String>::new());
    }
}
