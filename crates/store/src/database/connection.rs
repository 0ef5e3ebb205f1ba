//! Connections to SQLite, called on the spot: a statement that finds its pages in memory takes two or three microseconds, and
//! handing it to another thread would take ten times as long (decision 0009).
//!
//! The functions that a statement passes through are `async`, though nothing in them waits: a database behind a socket will.

use super::value::{Row, Value};
use super::{Failure, ROWS_PER_INSERT, places};
use crate::records::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{OpenFlags, Statement, ToSql};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a statement waits for a lock that another process holds.
const BUSY_TIMEOUT: Duration = Duration::from_millis(500);
/// Prepared statements a connection keeps.
const STATEMENTS_KEPT: usize = 512;
/// How an INSERT of many rows begins (https://www.sqlite.org/lang_conflict.html).
const INSERT: &str = "INSERT OR ROLLBACK";
/// Connections that are kept for the next read. One read may open another: no read waits for one.
const READERS_KEPT: usize = 16;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// The one that writes.
    Writer,
    /// One that reads.
    Reader,
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
    /// The database of a data directory.
    pub(crate) fn of(dir: &Path) -> Self {
        Self { path: dir.join("postern.db"), pages_max: None }
    }

    /// Connects. WAL with `synchronous=FULL`: a COMMIT that was answered survives a power cut. `secure_delete` overwrites
    /// what is deleted, so that a destroyed key does not linger in free pages. Sorting never spills to a file.
    pub(crate) fn connect(&self, what: Use) -> Result<Connection, rusqlite::Error> {
        // A connection is used by one thread at a time: it is moved, never shared.
        let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX
            | match what {
                Use::Writer => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
                Use::Reader => OpenFlags::SQLITE_OPEN_READ_ONLY,
            };
        let connection = rusqlite::Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        connection.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF")?;
        if what == Use::Writer {
            connection.execute_batch(
                // Pages that many commits change are copied into the database once per checkpoint.
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF; PRAGMA secure_delete = ON; \
                 PRAGMA cache_size = -32000; PRAGMA wal_autocheckpoint = 8000; PRAGMA journal_size_limit = 67108864",
            )?;
            if let Some(pages) = self.pages_max {
                connection.execute_batch(&format!("PRAGMA max_page_count = {pages}"))?;
            }
        }
        steady(connection)
    }
}

/// An empty database that is nowhere but in memory.
pub(crate) fn in_memory() -> Result<Connection, rusqlite::Error> {
    steady(rusqlite::Connection::open_in_memory()?)
}

/// A connection whose statements are planned without a look at their values. With one, every other value of a `LIMIT ?` has SQLite parse and
/// plan the statement anew (<https://www.sqlite.org/queryplanner-ng.html#qpstab>).
fn steady(connection: rusqlite::Connection) -> Result<Connection, rusqlite::Error> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(Connection(connection))
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null | Self::Unreadable => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl From<ValueRef<'_>> for Value {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Text(text) => std::str::from_utf8(text).map_or(Self::Unreadable, Self::from),
            ValueRef::Blob(bytes) => Self::Blob(bytes.to_vec()),
            ValueRef::Real(_) => Self::Unreadable,
        }
    }
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Connection(rusqlite::Connection);

impl Connection {
    /// Reads rows, or writes and gives back rows.
    pub(crate) async fn all(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Failure> {
        let mut statement = self.0.prepare_cached(sql)?;
        let width = statement.column_count();
        bind(&mut statement, values)?;
        let mut rows = statement.raw_query();
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let values = (0..width).map(|index| row.get_ref(index).map(Value::from));
            found.push(Row(values.collect::<Result<_, _>>()?));
        }
        Ok(found)
    }

    /// Reads one row.
    pub(crate) async fn one(&mut self, sql: &str, values: &[Value]) -> Result<Option<Row>, Failure> {
        Ok(self.all(sql, values).await?.into_iter().next())
    }

    /// Runs a statement that changes rows; gives how many.
    pub(crate) async fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, Failure> {
        let mut statement = self.0.prepare_cached(sql)?;
        bind(&mut statement, values)?;
        Ok(u64::try_from(statement.raw_execute()?).unwrap_or(u64::MAX))
    }

    /// Runs statements without values, one after the other.
    pub(crate) async fn run(&mut self, sql: &str) -> Result<(), Failure> {
        Ok(self.0.execute_batch(sql)?)
    }

    /// Inserts `rows` with as few statements as may be: `head` is `INSERT INTO t (...) VALUES`, `tail` what follows the rows.
    /// Gives the number of rows written. A constraint that says no ends the transaction: so SQLite keeps no journal of each
    /// statement, which would cost a copy of every page.
    pub(crate) async fn insert<R: AsRef<[Value]>>(
        &mut self,
        head: &str,
        rows: &[R],
        tail: &str,
    ) -> Result<u64, Failure> {
        let mut written = 0;
        let mut rows = rows;
        while let Some(first) = rows.first() {
            // Powers of two: few statements to prepare, and any number of rows with few of them.
            let take = if rows.len() >= ROWS_PER_INSERT { ROWS_PER_INSERT } else { 1 << rows.len().ilog2() };
            let (chunk, rest) = rows.split_at(take);
            let row = format!("({})", places(first.as_ref().len()));
            let mut sql =
                String::with_capacity(INSERT.len() + head.len() + tail.len() + (row.len() + 1) * chunk.len() + 1);
            sql.push_str(INSERT);
            sql.push_str(head.strip_prefix("INSERT").ok_or(Failure::Damaged)?);
            for n in 0..chunk.len() {
                sql.push_str(if n == 0 { " " } else { "," });
                sql.push_str(&row);
            }
            sql.push(' ');
            sql.push_str(tail);
            let mut statement = self.0.prepare_cached(&sql)?;
            bind(&mut statement, chunk.iter().flat_map(AsRef::as_ref))?;
            written += u64::try_from(statement.raw_execute()?).unwrap_or(u64::MAX);
            rows = rest;
        }
        Ok(written)
    }
}

fn bind<'v>(statement: &mut Statement<'_>, values: impl IntoIterator<Item = &'v Value>) -> Result<(), rusqlite::Error> {
    for (at, value) in (1_usize..).zip(values) {
        statement.raw_bind_parameter(at, value)?;
    }
    Ok(())
}

/// Connections that read.
#[derive(Debug)]
pub(crate) struct Readers {
    location: Location,
    idle: Mutex<Vec<Connection>>,
    closed: AtomicBool,
}

impl Readers {
    /// Connects once, to see that it can be done.
    pub(crate) fn open(location: Location) -> Result<Self, rusqlite::Error> {
        let first = location.connect(Use::Reader)?;
        Ok(Self { location, idle: Mutex::new(vec![first]), closed: AtomicBool::new(false) })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Result<Connection, Failure> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(Failure::Unavailable);
        }
        let idle = self.idle().pop();
        idle.map_or_else(|| Ok(self.location.connect(Use::Reader)?), Ok)
    }

    fn put(&self, connection: Connection) {
        let mut idle = self.idle();
        if idle.len() < READERS_KEPT && !self.closed.load(Ordering::SeqCst) {
            idle.push(connection);
        }
    }

    /// Reads one row.
    pub(crate) async fn one(&self, sql: &str, values: &[Value]) -> Result<Option<Row>, Failure> {
        let mut connection = self.take()?;
        let row = connection.one(sql, values).await;
        self.put(connection);
        row
    }

    /// Reads rows: a few, found by an index. What is longer goes through [`Readers::scan`].
    pub(crate) async fn all(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Failure> {
        let mut connection = self.take()?;
        let rows = connection.all(sql, values).await;
        self.put(connection);
        rows
    }

    /// Reads many rows, where that keeps nobody from their turn.
    pub(crate) async fn scan(self: &Arc<Self>, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let readers = Arc::clone(self);
        let handle = tokio::runtime::Handle::current();
        let read = tokio::task::spawn_blocking(move || handle.block_on(readers.all(sql, &values)));
        Ok(read.await.map_err(|_| StoreError::Unavailable)??)
    }

    /// Several reads that see one and the same state of the database.
    pub(crate) async fn snapshot(self: &Arc<Self>) -> Result<Snapshot, Failure> {
        let mut connection = self.take()?;
        connection.execute("BEGIN", &[]).await?;
        Ok(Snapshot { readers: Arc::clone(self), connection: Some(connection) })
    }

    /// Lets go of the file: nothing can be read any more.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.idle().clear();
    }
}

/// One state of the database. What is written after it began is not in it.
#[derive(Debug)]
pub(crate) struct Snapshot {
    readers: Arc<Readers>,
    connection: Option<Connection>,
}

impl Snapshot {
    /// Reads one row.
    pub(crate) async fn one(&mut self, sql: &str, values: &[Value]) -> Result<Option<Row>, StoreError> {
        Ok(self.connection.as_mut().ok_or(StoreError::Unavailable)?.one(sql, values).await?)
    }

    /// Reads rows.
    pub(crate) async fn all(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        Ok(self.connection.as_mut().ok_or(StoreError::Unavailable)?.all(sql, values).await?)
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        // A connection whose transaction does not end is not used again.
        if let Some(connection) = self.connection.take()
            && connection.0.prepare_cached("COMMIT").and_then(|mut end| end.raw_execute()).is_ok()
        {
            self.readers.put(connection);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::StatementStatus;

    #[tokio::test]
    async fn a_statement_is_planned_once_whatever_its_values_are() {
        let mut connection = in_memory().unwrap();
        connection.run("CREATE TABLE t (n INTEGER PRIMARY KEY); CREATE INDEX few ON t (n) WHERE n = 7").await.unwrap();
        let sql = "SELECT n FROM t WHERE n = ? ORDER BY n LIMIT ?";
        for n in 0_i64..9 {
            connection.all(sql, &[n.into(), (n + 1).into()]).await.unwrap();
        }
        let statement = connection.0.prepare_cached(sql).unwrap();
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
        assert_eq!(statement.get_status(StatementStatus::Run), 9);
    }
}
