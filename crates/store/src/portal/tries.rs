//! Wrong answers, counted by what was tried and by where from. They outlive a restart, and are forgotten a day after the last.

use crate::database::{Failure, Row, Value, column, time};
use crate::keys::{Field, Index};
use crate::open::Tenanted;
use crate::records::StoreError;
use crate::writer::{Tx, Write};
use jiff::{SignedDuration, Timestamp};

/// house: how long a wrong answer is remembered after the last.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// How often something was tried wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortalTries {
    /// How often.
    pub failures: u32,
    /// The last time.
    pub last_at: Timestamp,
}

#[derive(Debug)]
struct Count {
    tenant: i64,
    what: Vec<Index>,
}

impl Write for Count {
    type Output = ();
    async fn run(&self, tx: &mut Tx) -> Result<(), Failure> {
        let now = tx.now;
        let forgotten = now.checked_sub(REMEMBERED).unwrap_or(Timestamp::MIN).as_microsecond();
        let sql = "DELETE FROM portal_tries WHERE tenant = ? AND what = ? AND last_at < ?";
        for what in &self.what {
            tx.execute(sql, vec![self.tenant.into(), what.to_vec().into(), forgotten.into()]).await?;
        }
        let sql = "INSERT INTO portal_tries (tenant, what, failures, last_at) VALUES (?, ?, 1, ?) \
             ON CONFLICT (tenant, what) DO UPDATE SET failures = failures + 1, last_at = excluded.last_at";
        for what in &self.what {
            let values: Vec<Value> = vec![self.tenant.into(), what.to_vec().into(), now.as_microsecond().into()];
            tx.execute(sql, values).await?;
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Forget {
    tenant: i64,
    what: Index,
}

impl Write for Forget {
    type Output = ();
    async fn run(&self, tx: &mut Tx) -> Result<(), Failure> {
        let sql = "DELETE FROM portal_tries WHERE tenant = ? AND what = ?";
        tx.execute(sql, vec![self.tenant.into(), self.what.to_vec().into()]).await?;
        Ok(())
    }
}

impl Tenanted {
    /// How often `what` was tried wrongly of late; `None` = not once.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then nothing may be tried.
    pub async fn portal_tries(&self, what: &str) -> Result<Option<PortalTries>, StoreError> {
        let tenant = self.keys().await?;
        let index = tenant.index(Field::Tried, what.as_bytes());
        let sql = "SELECT failures, last_at FROM portal_tries WHERE tenant = ? AND what = ?";
        let row = self.shared.one(sql, vec![tenant.seq.into(), index.to_vec().into()]).await?;
        let read = |row: &Row| Ok::<_, StoreError>(PortalTries { failures: column(row, 0)?, last_at: time(row, 1)? });
        let tries = row.as_ref().map(read).transpose()?;
        let now = self.shared.clock.now();
        Ok(tries.filter(|tries| now.duration_since(tries.last_at) < REMEMBERED))
    }

    /// Counts a wrong answer for each of `what`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn count_portal_tries(&self, what: &[&str]) -> Result<(), StoreError> {
        let tenant = self.keys().await?;
        let indexes = what.iter().map(|what| tenant.index(Field::Tried, what.as_bytes())).collect();
        self.shared.queue.write(Count { tenant: tenant.seq, what: indexes }).await
    }

    /// Forgets the wrong answers for `what`: a right one came.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget_portal_tries(&self, what: &str) -> Result<(), StoreError> {
        let tenant = self.keys().await?;
        let what = tenant.index(Field::Tried, what.as_bytes());
        self.shared.queue.write(Forget { tenant: tenant.seq, what }).await
    }
}
