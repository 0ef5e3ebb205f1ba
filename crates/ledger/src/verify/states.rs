//! The rows of a database held against what entries state of them: which row was changed, removed, or written by nobody.
//!
//! The newest entry that states a row says what it must be. [`RowStates`] learns that from the published files, and from the
//! entries that the database has beyond them; the rows themselves come from whoever can read the database.

use crate::entry::Entry;
use jiff::Timestamp;
use std::collections::HashMap;

/// What is stated of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stated {
    /// `None` = it is gone.
    digest: Option<[u8; 32]>,
    /// The entry that states it.
    index: u64,
    at: Timestamp,
    /// Rows of this name that were held against it.
    seen: u32,
}

/// What entries state of rows, and which of those rows were seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowStates {
    newest: HashMap<Box<str>, Stated>,
    /// The newest instant any entry gives.
    until: Option<Timestamp>,
}

/// What is wrong with a row of the database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowProblem {
    /// It is not what the newest entry about it states.
    #[error("row {row} of the database was changed: it is not what entry {index} states")]
    Changed {
        /// `TABLE/KEY`.
        row: String,
        /// The entry.
        index: u64,
    },
    /// No entry speaks of it.
    #[error("row {row} of the database was inserted: no entry speaks of it")]
    Inserted {
        /// `TABLE/KEY`.
        row: String,
    },
    /// It is gone, and no entry says so.
    #[error("row {row} of the database was removed: entry {index} states it, and no later entry says that it is gone")]
    Removed {
        /// `TABLE/KEY`.
        row: String,
        /// The entry.
        index: u64,
    },
    /// An entry says that it is gone.
    #[error("row {row} of the database was put back: entry {index} says that it is gone")]
    PutBack {
        /// `TABLE/KEY`.
        row: String,
        /// The entry.
        index: u64,
    },
    /// There are two of it.
    #[error("row {row} stands in the database twice")]
    Twice {
        /// `TABLE/KEY`.
        row: String,
    },
}

impl RowProblem {
    /// A short word for programs; stable.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Changed { .. } => "row_changed",
            Self::Inserted { .. } => "row_inserted",
            Self::Removed { .. } => "row_removed",
            Self::PutBack { .. } => "row_put_back",
            Self::Twice { .. } => "row_twice",
        }
    }

    /// `TABLE/KEY`.
    #[must_use]
    pub fn row(&self) -> &str {
        match self {
            Self::Changed { row, .. }
            | Self::Inserted { row }
            | Self::Removed { row, .. }
            | Self::PutBack { row, .. }
            | Self::Twice { row } => row,
        }
    }
}

impl RowStates {
    /// Takes in what the entry at `index` states, in any order.
    pub fn learn(&mut self, index: u64, entry: &Entry) {
        let rows = entry.rows.iter().map(|state| (state.row.as_str().into(), state.digest)).collect();
        self.take(Statement { index, at: entry.at, rows });
    }

    pub(super) fn take(&mut self, statement: Statement) {
        let Statement { index, at, rows } = statement;
        self.until = self.until.max(Some(at));
        for (row, digest) in rows {
            let stated = Stated { digest, index, at, seen: 0 };
            let newest = self.newest.entry(row).or_insert_with(|| stated.clone());
            if newest.index < index {
                *newest = stated;
            }
        }
    }

    /// How many rows entries speak of, those that are gone included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.newest.len()
    }

    /// Whether no entry speaks of any row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.newest.is_empty()
    }

    /// Holds a row of the database, with the digest that it has now, against what is stated.
    pub fn hold(&mut self, row: &str, digest: Option<[u8; 32]>) -> Option<RowProblem> {
        let name = || row.to_owned();
        let Some(stated) = self.newest.get_mut(row) else { return Some(RowProblem::Inserted { row: name() }) };
        stated.seen = stated.seen.saturating_add(1);
        if stated.seen > 1 {
            return Some(RowProblem::Twice { row: name() });
        }
        match stated.digest {
            None => Some(RowProblem::PutBack { row: name(), index: stated.index }),
            Some(expected) if digest != Some(expected) => {
                Some(RowProblem::Changed { row: name(), index: stated.index })
            }
            Some(_) => None,
        }
    }

    /// The rows that are stated and were not seen, in the order of their entries. `forgotten` says which of them were to be
    /// removed by their age without an entry: it is given the row, the instant it was stated, and the newest instant of any entry.
    #[must_use]
    pub fn unseen(&self, forgotten: impl Fn(&str, Timestamp, Timestamp) -> bool) -> Vec<RowProblem> {
        let until = self.until.unwrap_or(Timestamp::MIN);
        let mut missing: Vec<(u64, &str)> = self
            .newest
            .iter()
            .filter(|(row, stated)| stated.seen == 0 && stated.digest.is_some() && !forgotten(row, stated.at, until))
            .map(|(row, stated)| (stated.index, &**row))
            .collect();
        missing.sort_unstable();
        missing.into_iter().map(|(index, row)| RowProblem::Removed { row: row.to_owned(), index }).collect()
    }
}

/// What one entry states.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) index: u64,
    pub(super) at: Timestamp,
    pub(super) rows: Vec<(Box<str>, Option<[u8; 32]>)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stated(statements: &[(u64, &str, Option<u8>)]) -> RowStates {
        let mut states = RowStates::default();
        for (index, row, digest) in statements {
            let at = Timestamp::from_second(i64::try_from(*index).unwrap()).unwrap();
            let rows = vec![((*row).into(), digest.map(|byte| [byte; 32]))];
            states.take(Statement { index: *index, at, rows });
        }
        states
    }

    #[test]
    fn the_newest_entry_counts_in_whatever_order_they_are_learnt() {
        for order in [[(1, "t/1", Some(1)), (5, "t/1", Some(5))], [(5, "t/1", Some(5)), (1, "t/1", Some(1))]] {
            let mut states = stated(&order);
            assert_eq!(states.clone().hold("t/1", Some([5; 32])), None);
            let changed = RowProblem::Changed { row: "t/1".to_owned(), index: 5 };
            assert_eq!(states.hold("t/1", Some([1; 32])), Some(changed));
        }
    }

    #[test]
    fn a_row_of_nobody_one_twice_one_gone_and_one_put_back_are_each_named() {
        let mut states = stated(&[(1, "t/1", Some(1)), (2, "t/2", Some(2)), (3, "t/3", Some(3)), (4, "t/3", None)]);
        assert_eq!(states.hold("t/9", Some([9; 32])).unwrap().code(), "row_inserted");
        assert_eq!(states.hold("t/1", Some([1; 32])), None);
        assert_eq!(states.hold("t/1", Some([1; 32])).unwrap().code(), "row_twice");
        assert_eq!(states.unseen(|_, _, _| false), [RowProblem::Removed { row: "t/2".to_owned(), index: 2 }]);
        assert_eq!(states.hold("t/3", Some([3; 32])).unwrap().code(), "row_put_back");
    }

    #[test]
    fn what_is_forgotten_by_its_age_is_not_missed() {
        let states = stated(&[(1, "t/1", Some(1)), (9, "t/2", Some(2))]);
        let old = |_: &str, at: Timestamp, until: Timestamp| at < until;
        assert_eq!(states.unseen(old), [RowProblem::Removed { row: "t/2".to_owned(), index: 9 }]);
    }
}
