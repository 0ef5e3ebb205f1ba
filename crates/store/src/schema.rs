//! The schema and its versions: an ordered list of migrations, counted by SQLite's `user_version`.
//!
//! A migration that has shipped is never edited; the next change is a new file. An older binary refuses a newer database
//! (invariant 10).

use crate::database::{Connection, Failure, column};
use crate::records::OpenError;

/// Marks the file as Postern's (SQLite `application_id`): "PSTN".
const APPLICATION: i64 = 0x5053_544E;

/// Every migration, in order; the version of a database is how many it has seen.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/0001.sql"),
    include_str!("schema/0002.sql"),
    include_str!("schema/0003.sql"),
    include_str!("schema/0004.sql"),
    include_str!("schema/0005.sql"),
    include_str!("schema/0006.sql"),
    include_str!("schema/0007.sql"),
    include_str!("schema/0008.sql"),
    include_str!("schema/0009.sql"),
    include_str!("schema/0010.sql"),
    include_str!("schema/0011.sql"),
    include_str!("schema/0012.sql"),
    include_str!("schema/0013.sql"),
    include_str!("schema/0014.sql"),
    include_str!("schema/0015.sql"),
    include_str!("schema/0016.sql"),
    include_str!("schema/0017.sql"),
    include_str!("schema/0018.sql"),
    include_str!("schema/0019.sql"),
    include_str!("schema/0020.sql"),
];

/// The newest version this binary knows.
pub(crate) fn newest() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

/// One integer that a pragma or an aggregate answers.
async fn number(on: &mut Connection, sql: &str) -> Result<i64, Failure> {
    let row = on.one(sql, &[]).await?.ok_or(Failure::Damaged)?;
    Ok(column(&row, 0)?)
}

/// Checks whose file it is and which version it has: 0 = empty.
pub(crate) async fn version(on: &mut Connection) -> Result<u32, OpenError> {
    let application = number(on, "SELECT application_id FROM pragma_application_id").await?;
    let version = number(on, "SELECT user_version FROM pragma_user_version").await?;
    let tables = number(on, "SELECT COUNT(*) FROM sqlite_schema").await?;
    let found = u32::try_from(version).map_err(|_| OpenError::Damaged)?;
    if tables == 0 && application == 0 && found == 0 {
        return Ok(0);
    }
    if application != APPLICATION || found == 0 {
        return Err(OpenError::Damaged);
    }
    if found > newest() {
        return Err(OpenError::Newer { found, known: newest() });
    }
    Ok(found)
}

/// The version of a database that is known to be Postern's.
pub(crate) async fn version_in(on: &mut Connection) -> Result<u32, Failure> {
    let version = number(on, "SELECT user_version FROM pragma_user_version").await?;
    u32::try_from(version).map_err(|_| Failure::Damaged)
}

/// Every object that a database of `version` has: its kind, name and the statement that made it.
pub(crate) const OBJECTS: &str = "SELECT type || ' ' || name, COALESCE(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1";

/// Makes the schema of `version` in an empty database.
pub(crate) async fn make(on: &mut Connection, version: u32) -> Result<(), Failure> {
    for sql in MIGRATIONS.iter().take(usize::try_from(version).unwrap_or(usize::MAX)) {
        on.run(sql).await?;
    }
    Ok(())
}

/// Runs the migrations after `from` in the transaction.
pub(crate) async fn migrate(tx: &mut Connection, from: u32) -> Result<(), Failure> {
    let done = usize::try_from(from).unwrap_or(usize::MAX);
    for sql in MIGRATIONS.iter().skip(done) {
        tx.run(sql).await?;
    }
    if from < newest() {
        tx.run(&format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {}", newest())).await?;
    }
    Ok(())
}
