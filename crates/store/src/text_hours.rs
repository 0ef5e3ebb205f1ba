//! How much of a day's limit of texts was used, by the hour, for every tenant together: carriers count what comes from a number, a campaign or
//! a brand, whoever sends it.

use crate::database::{Failure, Row, Value, column};
use crate::open::Store;
use crate::records::StoreError;
use crate::writer::{Tx, Write};

/// What of a limit may have been used in an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextHour {
    /// Whose limit.
    pub name: String,
    /// Hours since 1970.
    pub hour: i64,
    /// So many segments.
    pub segments: u32,
}

#[derive(Debug)]
struct Keep {
    of: TextHour,
    forgotten: i64,
}

impl Write for Keep {
    type Output = ();
    async fn run(&self, tx: &mut Tx) -> Result<(), Failure> {
        let name = || Value::from(self.of.name.as_str());
        tx.execute("DELETE FROM text_hours WHERE name = ? AND hour < ?", vec![name(), self.forgotten.into()]).await?;
        // Two that are written the other way round leave the larger.
        let sql = "INSERT INTO text_hours (name, hour, segments) VALUES (?, ?, ?) \
             ON CONFLICT (name, hour) DO UPDATE SET segments = max(segments, excluded.segments)";
        tx.execute(sql, vec![name(), self.of.hour.into(), i64::from(self.of.segments).into()]).await?;
        Ok(())
    }
}

fn read(row: &Row) -> Result<TextHour, StoreError> {
    let segments = u32::try_from(column::<i64>(row, 2)?).map_err(|_| StoreError::Damaged)?;
    Ok(TextHour { name: column(row, 0)?, hour: column(row, 1)?, segments })
}

impl Store {
    /// Keeps what of a limit may have been used in an hour, and forgets the hours of it before `forgotten`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then no more of it may be used.
    pub async fn keep_text_hour(&self, of: TextHour, forgotten: i64) -> Result<(), StoreError> {
        self.shared.queue.write(Keep { of, forgotten }).await
    }

    /// What is kept of every limit, the earliest hours first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Damaged`].
    pub async fn text_hours(&self) -> Result<Vec<TextHour>, StoreError> {
        let sql = "SELECT name, hour, segments FROM text_hours ORDER BY hour, name";
        self.shared.scan(sql, Vec::new()).await?.iter().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::start::tests::Bench;

    #[tokio::test]
    async fn the_larger_of_an_hour_is_kept_and_hours_of_yesterday_are_forgotten() {
        let bench = Bench::new().await;
        let hour = |name: &str, hour, segments| TextHour { name: name.to_owned(), hour, segments };
        for kept in [hour("a", 10, 30), hour("a", 10, 20), hour("b", 10, 5), hour("a", 11, 1)] {
            bench.store.keep_text_hour(kept, 0).await.unwrap();
        }
        assert_eq!(bench.store.text_hours().await.unwrap(), [hour("a", 10, 30), hour("b", 10, 5), hour("a", 11, 1)]);
        bench.store.keep_text_hour(hour("a", 36, 2), 11).await.unwrap();
        assert_eq!(bench.store.text_hours().await.unwrap(), [hour("b", 10, 5), hour("a", 11, 1), hour("a", 36, 2)]);
    }
}
