//! What a run of the reader found.

use crate::fhir::{Issue, Resource, Unreadable};
use crate::json::Refused;
use std::collections::BTreeMap;
use std::fmt;

/// How many unread entries and issues are kept one by one; all are counted.
const KEPT: usize = 1000;

/// What a run of the reader found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Resources read, by type.
    pub read: BTreeMap<String, u64>,
    /// Resources counted and left, by type or by type and reason.
    pub skipped: BTreeMap<String, u64>,
    /// Entries that could not be read or understood as a whole, the first 1000.
    pub unread: Vec<Unread>,
    /// How many there were.
    pub unread_count: u64,
    /// Elements that could not be understood, the first 1000, each with its place and type.
    pub issues: Vec<(Place, Issue)>,
    /// How many there were.
    pub issue_count: u64,
}

/// An entry that could not be read or understood as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Where.
    pub place: Place,
    /// Its type, when that much could be read.
    pub resource_type: Option<String>,
    /// Why.
    pub reason: Reason,
}

/// Where in the input something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line on which the document begins, from 1.
    pub line: u64,
    /// The entry of the bundle, from 0.
    pub entry: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.entry {
            Some(entry) => write!(f, "line {}, entry {entry}", self.line),
            None => write!(f, "line {}", self.line),
        }
    }
}

/// Why an entry was not read, or counts as unreadable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Reason {
    /// The text was refused.
    #[error("{0}")]
    Refused(Refused),
    /// Something in it may turn its meaning around; it is kept, and denies what it might deny.
    #[error("{}", match .0 {
        Unreadable::ModifierExtension => "carries a modifier extension that Postern does not know; kept as unreadable",
        Unreadable::ImplicitRules => "carries implicit rules that Postern does not know; kept as unreadable",
        Unreadable::Labels => "carries security labels in no form of FHIR's; kept as unreadable",
    })]
    Unreadable(Unreadable),
    /// A bundle entry without a resource.
    #[error("an entry without a resource")]
    NoResource,
    /// The text ends in the middle.
    #[error("cut off; check that the file is complete")]
    CutOff,
    /// A bundle in a bundle in a bundle.
    #[error("bundles nested too deep")]
    NestedBundle,
    /// Another content stands under the same id and neither is known to be newer.
    #[error("another content stands under the same id; kept as unreadable, export it once")]
    RepeatedId,
    /// It belongs to no patient that can be told.
    #[error("names no patient by Patient/ID; correct the reference")]
    NoPatient,
    /// The patient's id is no FHIR id.
    #[error("the patient has no FHIR id: 1 to 64 characters of A-Z, a-z, 0-9, '-' and '.'")]
    BadId,
}

impl Report {
    /// Resources read.
    #[must_use]
    pub fn total_read(&self) -> u64 {
        self.read.values().sum()
    }

    /// Adds the findings of another run, such as the next file's.
    pub fn add(&mut self, other: Self) {
        for (kind, count) in other.read {
            *self.read.entry(kind).or_default() += count;
        }
        for (kind, count) in other.skipped {
            *self.skipped.entry(kind).or_default() += count;
        }
        self.unread_count += other.unread_count;
        self.issue_count += other.issue_count;
        self.unread.extend(other.unread);
        self.unread.truncate(KEPT);
        self.issues.extend(other.issues);
        self.issues.truncate(KEPT);
    }

    pub(super) fn read(&mut self, place: Place, resource: &Resource, issues: &[Issue]) {
        *self.read.entry(resource.resource_type().to_owned()).or_default() += 1;
        self.issue_count += issues.len() as u64;
        let room = KEPT.saturating_sub(self.issues.len());
        self.issues.extend(issues.iter().take(room).map(|issue| (place, issue.clone())));
    }

    pub(super) fn skipped(&mut self, kind: &str) {
        *self.skipped.entry(kind.to_owned()).or_default() += 1;
    }

    pub(super) fn unread(&mut self, place: Place, resource_type: Option<&str>, reason: Reason) {
        self.unread_count += 1;
        if self.unread.len() < KEPT {
            self.unread.push(Unread { place, resource_type: resource_type.map(ToOwned::to_owned), reason });
        }
    }
}
