//! The one place that knows how to talk to the database engine: connections, statements, and what its errors mean to us.
//!
//! SQL is the subset that SQLite and PostgreSQL share, with positional `?`; what only SQLite has is in this file and
//! `schema.rs`.

use crate::records::{OpenError, StoreError};
use jiff::Timestamp;
use sea_orm::sqlx;
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, QueryResult, RuntimeErr,
    Statement, TryGetable, Value,
};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a statement waits for a lock that another process holds, in milliseconds.
const BUSY_TIMEOUT_MS: u64 = 500;
/// Rows of one INSERT; each smaller number is another prepared statement, kept by the connection.
const ROWS_PER_INSERT: usize = 32;
/// Prepared statements a connection keeps.
const STATEMENTS_KEPT: usize = 512;

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

impl From<DbErr> for Failure {
    fn from(error: DbErr) -> Self {
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

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        Failure::from(error).into()
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

impl From<DbErr> for OpenError {
    fn from(error: DbErr) -> Self {
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
const SQLITE_ERROR: i64 = 1;
const SQLITE_PERM: i64 = 3;
const SQLITE_BUSY: i64 = 5;
const SQLITE_READONLY: i64 = 8;
const SQLITE_CORRUPT: i64 = 11;
const SQLITE_FULL: i64 = 13;
const SQLITE_CANTOPEN: i64 = 14;
const SQLITE_CONSTRAINT: i64 = 19;
const SQLITE_NOTADB: i64 = 26;

/// The primary result code: the low byte of the extended one.
fn primary_code(error: &DbErr) -> Option<i64> {
    let (DbErr::Conn(inner) | DbErr::Exec(inner) | DbErr::Query(inner)) = error else { return None };
    let RuntimeErr::SqlxError(inner) = inner else { return None };
    let sqlx::Error::Database(inner) = inner.as_ref() else { return None };
    inner.code().and_then(|code| code.parse::<i64>().ok()).map(|code| code & 0xff)
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// The one that writes.
    Writer,
    /// The pool that reads.
    Readers,
    /// Somebody looks at a directory that may belong to another process.
    Inspector,
}

/// Where the database is and what bounds it.
#[derive(Debug, Clone)]
pub(crate) struct Location {
    /// The file.
    pub(crate) path: PathBuf,
    /// The most pages it may grow to.
    pub(crate) pages_max: Option<u32>,
}

impl Location {
    /// Connects. WAL with `synchronous=FULL`: a COMMIT that was answered survives a power cut. `secure_delete` overwrites
    /// what is deleted, so that a destroyed key does not linger in free pages. Sorting never spills to a file.
    pub(crate) async fn connect(&self, what: Use) -> Result<DatabaseConnection, DbErr> {
        let path = self.path.clone();
        let pages_max = self.pages_max;
        let mut options = ConnectOptions::new("sqlite::memory:");
        options
            .max_connections(if what == Use::Readers { 4 } else { 1 })
            .min_connections(if what == Use::Writer { 1 } else { 0 })
            .idle_timeout(None::<Duration>)
            .max_lifetime(None::<Duration>)
            .acquire_timeout(Duration::from_secs(10))
            .test_before_acquire(false)
            .sqlx_logging(false)
            .record_stmt_in_spans(false)
            .map_sqlx_sqlite_opts(move |options| {
                let options = options
                    .in_memory(false)
                    .shared_cache(false)
                    .filename(&path)
                    .create_if_missing(what == Use::Writer)
                    .read_only(what != Use::Writer)
                    .busy_timeout(Duration::from_millis(BUSY_TIMEOUT_MS))
                    .statement_cache_capacity(STATEMENTS_KEPT)
                    .pragma("temp_store", "MEMORY")
                    .pragma("trusted_schema", "OFF");
                if what != Use::Writer {
                    return options;
                }
                let options = options
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(false)
                    .pragma("secure_delete", "ON")
                    .pragma("cache_size", "-32000")
                    // Pages that many commits change are copied into the database once per checkpoint.
                    .pragma("wal_autocheckpoint", "8000")
                    .pragma("journal_size_limit", "67108864");
                match pages_max {
                    Some(pages) => options.pragma("max_page_count", pages.to_string()),
                    None => options,
                }
            });
        Database::connect(options).await
    }
}

/// A statement with its values.
pub(crate) fn statement(sql: impl Into<String>, values: Vec<Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)
}

/// `?,?,?` for `count` values.
pub(crate) fn places(count: usize) -> String {
    let mut out = String::with_capacity(count * 2);
    for n in 0..count {
        out.push_str(if n == 0 { "?" } else { ",?" });
    }
    out
}

/// Inserts `rows` with as few statements as may be: `head` is `INSERT INTO t (...) VALUES`, `tail` what follows the rows.
/// Gives the number of rows written.
pub(crate) async fn insert<C: ConnectionTrait>(
    on: &C,
    head: &str,
    rows: Vec<Vec<Value>>,
    tail: &str,
) -> Result<u64, DbErr> {
    let mut written = 0;
    let mut rows = rows.into_iter().peekable();
    while let Some(first) = rows.peek() {
        let row = format!("({})", places(first.len()));
        let chunk: Vec<Vec<Value>> = rows.by_ref().take(ROWS_PER_INSERT).collect();
        let mut sql = String::with_capacity(head.len() + tail.len() + (row.len() + 1) * chunk.len() + 1);
        sql.push_str(head);
        for n in 0..chunk.len() {
            sql.push_str(if n == 0 { " " } else { "," });
            sql.push_str(&row);
        }
        sql.push(' ');
        sql.push_str(tail);
        let values = chunk.into_iter().flatten().collect();
        written += on.execute_raw(statement(sql, values)).await?.rows_affected();
    }
    Ok(written)
}

/// A column of a row, by position.
pub(crate) fn column<T: TryGetable>(row: &QueryResult, index: usize) -> Result<T, StoreError> {
    row.try_get_by_index(index).map_err(|_| StoreError::Damaged)
}

/// A column of fixed length.
pub(crate) fn array<const N: usize>(row: &QueryResult, index: usize) -> Result<[u8; N], StoreError> {
    column::<Vec<u8>>(row, index)?.try_into().map_err(|_| StoreError::Damaged)
}

/// A column that holds an id.
pub(crate) fn id(row: &QueryResult, index: usize) -> Result<uuid::Uuid, StoreError> {
    array::<16>(row, index).map(uuid::Uuid::from_bytes)
}

/// A column that may hold an id.
pub(crate) fn optional_id(row: &QueryResult, index: usize) -> Result<Option<uuid::Uuid>, StoreError> {
    column::<Option<Vec<u8>>>(row, index)?
        .map(|bytes| uuid::Uuid::from_slice(&bytes).map_err(|_| StoreError::Damaged))
        .transpose()
}

/// A column that holds a word of a vocabulary.
pub(crate) fn word<T: std::str::FromStr>(row: &QueryResult, index: usize) -> Result<T, StoreError> {
    column::<String>(row, index)?.parse().map_err(|_| StoreError::Damaged)
}

/// A column that may hold a word of a vocabulary.
pub(crate) fn optional_word<T: std::str::FromStr>(row: &QueryResult, index: usize) -> Result<Option<T>, StoreError> {
    column::<Option<String>>(row, index)?.map(|text| text.parse().map_err(|_| StoreError::Damaged)).transpose()
}

/// A column that holds a time.
pub(crate) fn time(row: &QueryResult, index: usize) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(column(row, index)?).map_err(|_| StoreError::Damaged)
}

/// A column that may hold a time.
pub(crate) fn optional_time(row: &QueryResult, index: usize) -> Result<Option<Timestamp>, StoreError> {
    column::<Option<i64>>(row, index)?
        .map(|micros| Timestamp::from_microsecond(micros).map_err(|_| StoreError::Damaged))
        .transpose()
}

/// An id as a value.
pub(crate) fn bytes(id: uuid::Uuid) -> Value {
    Value::Bytes(Some(id.as_bytes().to_vec()))
}

/// A count as a value.
pub(crate) fn count(n: u64) -> Value {
    Value::BigInt(Some(i64::try_from(n).unwrap_or(i64::MAX)))
}

/// The path of the database in a data directory.
pub(crate) fn path_in(dir: &Path) -> PathBuf {
    dir.join("postern.db")
}
