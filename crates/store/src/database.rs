//! The one place that knows how to talk to the database engine: connections, statements, and what its errors mean to us.
//!
//! SQL is the subset that SQLite and PostgreSQL share, with positional `?`; what only SQLite has is in this folder and
//! `schema.rs`.

mod connection;
#[cfg(test)]
pub(crate) mod plan;
mod value;

pub(crate) use connection::{Connection, Location, Readers, Snapshot, Use, in_memory};
pub(crate) use value::{
    Column, Row, Value, array, blob, bytes, column, count, id, optional_id, optional_time, optional_word, raw, time,
    word,
};

use crate::records::{OpenError, StoreError};

/// Rows of one INSERT, a power of two; each smaller one is another prepared statement, kept by the connection.
const ROWS_PER_INSERT: usize = 64;

/// Why a write did not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// This write said no before it wrote anything; others in the transaction are not touched.
    Refused(StoreError),
    /// A constraint says no: the transaction is void, one of its writes is to blame.
    Constraint,
    /// Locked, full, gone: the transaction is void, none of its writes is to blame.
    Unavailable,
    /// The file is not what it should be.
    Damaged,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        match primary_code(&error) {
            Some(SQLITE_CONSTRAINT) => Self::Constraint,
            Some(SQLITE_CORRUPT | SQLITE_NOTADB) => Self::Damaged,
            _ => Self::Unavailable,
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error) => error,
            Failure::Constraint | Failure::Damaged => Self::Damaged,
            Failure::Unavailable => Self::Unavailable,
        }
    }
}

impl From<Failure> for OpenError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Damaged | Failure::Constraint | Failure::Refused(_) => Self::Damaged,
            Failure::Unavailable => Self::Io(std::io::ErrorKind::ResourceBusy.into()),
        }
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        match primary_code(&error) {
            Some(SQLITE_CORRUPT | SQLITE_NOTADB | SQLITE_ERROR) => Self::Damaged,
            Some(SQLITE_FULL) => Self::Io(std::io::ErrorKind::StorageFull.into()),
            Some(SQLITE_CANTOPEN | SQLITE_PERM | SQLITE_READONLY) => {
                Self::Io(std::io::ErrorKind::PermissionDenied.into())
            }
            Some(SQLITE_BUSY) => Self::Io(std::io::ErrorKind::ResourceBusy.into()),
            _ => Self::Io(std::io::ErrorKind::Other.into()),
        }
    }
}

// https://www.sqlite.org/rescode.html, primary result codes.
const SQLITE_ERROR: i32 = 1;
const SQLITE_PERM: i32 = 3;
const SQLITE_BUSY: i32 = 5;
const SQLITE_READONLY: i32 = 8;
const SQLITE_CORRUPT: i32 = 11;
const SQLITE_FULL: i32 = 13;
const SQLITE_CANTOPEN: i32 = 14;
const SQLITE_CONSTRAINT: i32 = 19;
const SQLITE_NOTADB: i32 = 26;

/// The primary result code: the low byte of the extended one.
const fn primary_code(error: &rusqlite::Error) -> Option<i32> {
    match error {
        rusqlite::Error::SqliteFailure(inner, _) | rusqlite::Error::SqlInputError { error: inner, .. } => {
            Some(inner.extended_code & 0xff)
        }
        _ => None,
    }
}

/// `?,?,?` for `count` values.
pub(crate) fn places(count: usize) -> String {
    let mut out = String::with_capacity(count * 2);
    for n in 0..count {
        out.push_str(if n == 0 { "?" } else { ",?" });
    }
    out
}

#[cfg(test)]
mod tests;
