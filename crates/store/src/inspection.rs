//! A database looked at from outside, without keys and without its lock: for `postern verify`, beside a running process or after
//! it. Everything is read in one transaction, so that rows and entries belong together.

use crate::accept::bucket;
use crate::coverage::{Order, TABLES, Table};
use crate::database::{Connection, Failure, Location, Row, Use, Value, column, count, in_memory};
use crate::records::{OpenError, StoreError};
use crate::writer::stored_frontier;
use jiff::Timestamp;
use postern_ledger::{Digest, Frontier, RowState};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use tokio::sync::Mutex;
use uuid::Uuid;

/// Rows read at a time.
const PAGE: i64 = 512;
/// Findings about the file that are told at most.
const UNSOUND_MAX: usize = 100;

/// The rows of a data directory's database, as they were when it was opened.
#[derive(Debug)]
pub struct LedgerRows {
    /// In the one transaction that everything is read in.
    reading: Mutex<Connection>,
    frontier: Frontier,
    size: u64,
    tenants: HashMap<i64, String>,
}

/// A row of the ledger's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// The entry's index.
    pub index: u64,
    /// Its leaf.
    pub leaf: Vec<u8>,
    /// The columns by which the row is found say what the leaf says.
    pub agrees: bool,
}

impl LedgerRows {
    /// Opens the database in `dir` for reading.
    ///
    /// # Errors
    /// [`OpenError::Newer`], [`OpenError::Damaged`], [`OpenError::Io`].
    pub async fn open(dir: &Path) -> Result<Self, OpenError> {
        let location = Location::of(dir);
        std::fs::metadata(&location.path).map_err(OpenError::Io)?;
        let mut reading = location.connect(Use::Reader)?;
        if crate::schema::version(&mut reading).await? == 0 {
            return Err(OpenError::Damaged);
        }
        let damaged = |_: StoreError| OpenError::Damaged;
        reading.run("BEGIN").await?;
        let frontier = stored_frontier(&mut reading).await?;
        let row = reading.one("SELECT size FROM log", &[]).await?.ok_or(OpenError::Damaged)?;
        let size = u64::try_from(column::<i64>(&row, 0).map_err(damaged)?).map_err(|_| OpenError::Damaged)?;
        let mut tenants = HashMap::new();
        for row in reading.all("SELECT seq, name FROM tenants", &[]).await? {
            tenants.insert(column(&row, 0).map_err(damaged)?, column(&row, 1).map_err(damaged)?);
        }
        Ok(Self { reading: Mutex::new(reading), frontier, size, tenants })
    }

    /// How many entries the log has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root hash that the database keeps for that many entries; `None` = its edge of the tree is of another size.
    #[must_use]
    pub fn root(&self) -> Option<Digest> {
        (self.frontier.size() == self.size).then(|| self.frontier.root())
    }

    /// Whether the rows of this database are stated by entries: one that no version since has opened has none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Damaged`].
    pub async fn are_stated(&self) -> Result<bool, StoreError> {
        if crate::schema::version_in(&mut *self.reading.lock().await).await? < STATED_SINCE {
            return Ok(false);
        }
        let row = self.all("SELECT stated FROM log", Vec::new()).await?;
        Ok(column::<i64>(row.first().ok_or(StoreError::Damaged)?, 0)? != 0)
    }

    /// Up to `limit` rows of the ledger's table from index `from` on, in order. Empty = there are no more. An index that is
    /// missing is missing in the answer.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Damaged`].
    pub async fn page(&self, from: u64, limit: u64) -> Result<Vec<LedgerRow>, StoreError> {
        let sql =
            "SELECT idx, leaf, tenant, message, entry FROM leaves WHERE idx >= ? AND idx < ? ORDER BY idx LIMIT ?";
        let rows = self.all(sql, vec![count(from), count(self.size), count(limit)]).await?;
        rows.iter()
            .map(|row| {
                let index = u64::try_from(column::<i64>(row, 0)?).map_err(|_| StoreError::Damaged)?;
                let leaf: Vec<u8> = column(row, 1)?;
                let agrees = self.agrees(row, &leaf).unwrap_or(false);
                Ok(LedgerRow { index, leaf, agrees })
            })
            .collect()
    }

    /// The leaf's fields are looked for as they stand in its bytes: reading a million leaves as JSON would take seconds.
    fn agrees(&self, row: &Row, leaf: &[u8]) -> Option<bool> {
        let says = |name: &str, id: &Uuid| holds(leaf, format!(",\"{name}\":\"{}\"", id.hyphenated()).as_bytes());
        let tenant = self.tenants.get(&column::<i64>(row, 2).ok()?)?;
        let message = column::<Option<Vec<u8>>>(row, 3).ok()?;
        let of_message = match message {
            Some(bytes) => says("message", &Uuid::from_slice(&bytes).ok()?),
            None => !holds(leaf, b",\"message\":\""),
        };
        let entry = Uuid::from_slice(&column::<Vec<u8>>(row, 4).ok()?).ok()?;
        Some(of_message && says("id", &entry) && holds(leaf, format!(",\"tenant\":\"{tenant}\",").as_bytes()))
    }

    /// The newest signed checkpoint that the database keeps, as a note.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Damaged`].
    pub async fn note(&self) -> Result<Option<String>, StoreError> {
        let rows = self.all("SELECT note FROM log", Vec::new()).await?;
        column(rows.first().ok_or(StoreError::Damaged)?, 0)
    }

    /// What is wrong with the database as a file, in SQLite's words: an index that does not hold what its table holds, so that a row
    /// is there and not found; a page out of place; a table, index or trigger that no version of Postern made. No row or key is
    /// named. At most a hundred findings.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Damaged`].
    pub async fn unsound(&self) -> Result<Vec<String>, StoreError> {
        let mut reading = self.reading.lock().await;
        let checked = reading.all(&format!("PRAGMA integrity_check({UNSOUND_MAX})"), &[]).await?;
        let mut found = Vec::new();
        for row in &checked {
            let told: String = column(row, 0)?;
            if told != "ok" {
                found.push(told);
            }
        }
        let version = crate::schema::version_in(&mut reading).await?;
        let mut made = in_memory().map_err(Failure::from)?;
        crate::schema::make(&mut made, version).await?;
        let (expected, there) = (objects(&mut made).await?, objects(&mut reading).await?);
        found.extend(there.difference(&expected).map(|(name, _)| format!("{name} is not as Postern made it")));
        found.extend(expected.difference(&there).map(|(name, _)| format!("{name} is changed or missing")));
        found.truncate(UNSOUND_MAX);
        Ok(found)
    }

    /// Gives every row that entries speak of to `hold`, table by table, with the digest it has now; `None` = it cannot be read.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Damaged`].
    pub async fn rows(&self, mut hold: impl FnMut(RowState)) -> Result<(), StoreError> {
        for table in TABLES {
            let mut place = None;
            loop {
                let page = self.page_of(table, place.as_ref()).await?;
                let Some(last) = page.last() else { break };
                let at = table.columns.len() + 1;
                let next = match table.order {
                    Order::Seq => vec![column::<i64>(last, at)?.into()],
                    Order::Key(_) => vec![
                        column::<i64>(last, at)?.into(),
                        column::<i64>(last, at + 1)?.into(),
                        column::<Vec<u8>>(last, at + 2)?.into(),
                    ],
                };
                for row in &page {
                    let found_at = column::<i64>(row, at).ok().and_then(|at| u64::try_from(at).ok());
                    hold(table.state_of_any(row, found_at.unwrap_or(0)));
                }
                place = Some(next);
            }
        }
        self.contact_points_of_nothing(&mut hold).await
    }

    async fn page_of(&self, table: &Table, place: Option<&Vec<Value>>) -> Result<Vec<Row>, StoreError> {
        let (order, places) = match table.order {
            Order::Seq => ("seq".to_owned(), "?"),
            Order::Key(columns) => (columns.join(", "), "?, ?, ?"),
        };
        let from = if place.is_some() { format!("WHERE ({order}) > ({places})") } else { String::new() };
        let sql = format!("SELECT {}, {order} FROM {} {from} ORDER BY {order} LIMIT ?", table.selection(), table.name);
        let mut values = place.cloned().unwrap_or_default();
        values.push(PAGE.into());
        self.all(&sql, values).await
    }

    /// A contact point is stated with its resource: one whose resource is not there is stated by nobody.
    async fn contact_points_of_nothing(&self, hold: &mut impl FnMut(RowState)) -> Result<(), StoreError> {
        let sql = "SELECT seq FROM points p WHERE NOT EXISTS \
             (SELECT 1 FROM resources r WHERE r.tenant = p.tenant AND r.name = p.resource)";
        for row in self.all(sql, Vec::new()).await? {
            hold(RowState { row: format!("points/{}", column::<i64>(&row, 0)?), digest: None });
        }
        Ok(())
    }

    async fn all(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        Ok(self.reading.lock().await.all(sql, &values).await?)
    }

    /// Whether a row that an entry stated at `at` was to be forgotten by `until`, without an entry that says so: idempotency keys
    /// are.
    #[must_use]
    pub fn is_forgotten(row: &str, at: Timestamp, until: Timestamp) -> bool {
        row.starts_with("idempotency/") && bucket(at) + 1 < bucket(until)
    }
}

/// The tables, indexes and triggers of a database, with the statements that made them.
async fn objects(on: &mut Connection) -> Result<BTreeSet<(String, String)>, StoreError> {
    let rows = on.all(crate::schema::OBJECTS, &[]).await?;
    rows.iter().map(|row| Ok((column(row, 0)?, column(row, 1)?))).collect()
}

/// The first schema version whose rows are stated.
const STATED_SINCE: u32 = 2;

fn holds(leaf: &[u8], part: &[u8]) -> bool {
    leaf.windows(part.len()).any(|window| window == part)
}
