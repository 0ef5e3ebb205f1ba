//! What a connection promises.

use super::*;
use std::path::PathBuf;
use std::sync::Arc;

/// A directory of its own, removed afterwards.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("postern-database-{name}-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&dir));
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    async fn with_table(&self) -> (Connection, Arc<Readers>) {
        let location = Location::of(&self.0);
        let mut writer = location.connect(Use::Writer).unwrap();
        writer.run("CREATE TABLE t (n INTEGER PRIMARY KEY, what)").await.unwrap();
        (writer, Arc::new(Readers::open(location).unwrap()))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

async fn count_of(readers: &Arc<Readers>) -> i64 {
    column(&readers.one("SELECT COUNT(*) FROM t", &[]).await.unwrap().unwrap(), 0).unwrap()
}

#[tokio::test]
async fn values_come_back_as_they_went_in_and_as_nothing_else() {
    let scratch = Scratch::new("values");
    let (mut writer, readers) = scratch.with_table().await;
    let values = [Value::Null, i64::MIN.into(), "Zürich".into(), vec![0_u8, 255].into()];
    let rows: Vec<Vec<Value>> = (1_i64..).zip(&values).map(|(n, value)| vec![n.into(), value.clone()]).collect();
    writer.insert("INSERT INTO t (n, what) VALUES", &rows, "").await.unwrap();
    let read = readers.all("SELECT what FROM t ORDER BY n", &[]).await.unwrap();
    assert_eq!(read.iter().map(|row| raw(row, 0).unwrap().clone()).collect::<Vec<_>>(), values);
    assert_eq!(column::<Option<i64>>(&read[0], 0), Ok(None));
    assert_eq!(column::<i64>(&read[0], 0), Err(StoreError::Damaged));
    assert_eq!(column::<i32>(&read[1], 0), Err(StoreError::Damaged), "it does not fit");
    assert_eq!(column::<String>(&read[3], 0), Err(StoreError::Damaged));
    assert_eq!(column::<Vec<u8>>(&read[2], 0), Err(StoreError::Damaged));
    assert_eq!(column::<i64>(&read[1], 1), Err(StoreError::Damaged), "there is no such column");
}

#[tokio::test]
async fn what_postern_never_writes_is_read_as_nothing() {
    let scratch = Scratch::new("odd");
    let (mut writer, readers) = scratch.with_table().await;
    writer.run("INSERT INTO t VALUES (1, 0.5), (2, CAST(x'ff' AS TEXT))").await.unwrap();
    for row in readers.all("SELECT what FROM t", &[]).await.unwrap() {
        assert_eq!(raw(&row, 0).unwrap(), &Value::Unreadable);
        assert_eq!(column::<Option<String>>(&row, 0), Err(StoreError::Damaged));
        assert_eq!(column::<Option<Vec<u8>>>(&row, 0), Err(StoreError::Damaged));
    }
}

#[tokio::test]
async fn any_number_of_rows_is_inserted_once_each() {
    let scratch = Scratch::new("rows");
    let (mut writer, readers) = scratch.with_table().await;
    let mut next = 0_i64;
    for many in [0, 1, 2, 3, 63, 64, 65, 200] {
        let rows: Vec<Vec<Value>> = (next..next + many).map(|n| vec![n.into(), n.into()]).collect();
        let written = writer.insert("INSERT INTO t (n, what) VALUES", &rows, "").await.unwrap();
        assert_eq!(i64::try_from(written), Ok(many));
        next += many;
    }
    assert_eq!(count_of(&readers).await, next);
    let wrong = "SELECT COUNT(*) FROM t WHERE n <> what";
    assert_eq!(column::<i64>(&readers.scan(wrong, Vec::new()).await.unwrap()[0], 0), Ok(0));
}

#[tokio::test]
async fn an_insert_that_a_constraint_refuses_takes_its_whole_transaction_with_it() {
    let scratch = Scratch::new("constraint");
    let (mut writer, readers) = scratch.with_table().await;
    writer.run("BEGIN IMMEDIATE").await.unwrap();
    writer.insert("INSERT INTO t (n) VALUES", &[[Value::from(1_i64)]], "").await.unwrap();
    let twice = [[Value::from(2_i64)], [Value::from(1_i64)]];
    assert_eq!(writer.insert("INSERT INTO t (n) VALUES", &twice, "").await, Err(Failure::Constraint));
    assert!(writer.execute("COMMIT", &[]).await.is_err(), "there is no transaction left");
    assert_eq!(count_of(&readers).await, 0);
}

#[tokio::test]
async fn a_snapshot_does_not_see_what_is_written_after_it_began() {
    let scratch = Scratch::new("snapshot");
    let (mut writer, readers) = scratch.with_table().await;
    let mut before = readers.snapshot().await.unwrap();
    let count = "SELECT COUNT(*) FROM t";
    assert_eq!(column::<i64>(&before.one(count, &[]).await.unwrap().unwrap(), 0), Ok(0));
    writer.run("INSERT INTO t VALUES (1, 1)").await.unwrap();
    assert_eq!(column::<i64>(&before.one(count, &[]).await.unwrap().unwrap(), 0), Ok(0));
    drop(before);
    // The same connection, used again, sees what is there by now.
    assert_eq!(count_of(&readers).await, 1);
    let mut after = readers.snapshot().await.unwrap();
    assert_eq!(after.all("SELECT n FROM t", &[]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn readers_write_nothing_and_once_closed_read_nothing() {
    let scratch = Scratch::new("closed");
    let (_writer, readers) = scratch.with_table().await;
    assert!(readers.all("INSERT INTO t VALUES (1, 1)", &[]).await.is_err());
    assert_eq!(count_of(&readers).await, 0);
    readers.close();
    assert_eq!(readers.one("SELECT 1", &[]).await.unwrap_err(), Failure::Unavailable);
    assert_eq!(readers.snapshot().await.unwrap_err(), Failure::Unavailable);
}
