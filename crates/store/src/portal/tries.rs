//! Tries, counted by what was tried and by where from before they are weighed; a right one is taken back. They outlive a restart, and are forgotten a day after the last.

use crate::database::{Failure, Row, Value, column, time};
use crate::keys::{Field, Index};
use crate::open::Tenanted;
use crate::records::StoreError;
use crate::writer::{Tx, Write};
use jiff::{SignedDuration, Timestamp};

/// house: how long a wrong answer is remembered after the last.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);
/// How many forgotten rows a try clears away: more than it makes, so that there are never more than one day's tries leave.
const CLEARED: i64 = 16;
/// Rows that nobody remembers any more, the oldest first.
const OLD: &str = "DELETE FROM portal_tries WHERE tenant = ? AND what IN \
     (SELECT what FROM portal_tries WHERE tenant = ? AND last_at < ? ORDER BY last_at LIMIT ?)";

/// How often something was tried wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortalTries {
    /// How often.
    pub failures: u32,
    /// The last time.
    pub last_at: Timestamp,
}

/// Until when nothing more is heard of what was tried so often; `None` = it is heard at once.
pub type PortalWait = fn(PortalTries) -> Option<Timestamp>;

/// What became of a try.
#[derive(Debug)]
pub enum PortalAdmission {
    /// It may be weighed, and is counted as wrong until it is taken back.
    Counted(PortalCounted),
    /// It is not heard before this time, and is not counted.
    Wait(Timestamp),
}

/// A try that was counted before it was weighed.
#[derive(Debug)]
pub struct PortalCounted {
    at: Timestamp,
    /// What it counts for, and when that was last tried before.
    before: Vec<(Index, Option<Timestamp>)>,
}

#[derive(Debug)]
struct Admit {
    tenant: i64,
    what: Vec<(Index, PortalWait)>,
}

impl Write for Admit {
    type Output = PortalAdmission;
    async fn run(&self, tx: &mut Tx) -> Result<PortalAdmission, Failure> {
        let now = tx.now;
        let forgotten = now.checked_sub(REMEMBERED).unwrap_or(Timestamp::MIN).as_microsecond();
        tx.execute(OLD, vec![self.tenant.into(), self.tenant.into(), forgotten.into(), CLEARED.into()]).await?;
        let (mut before, mut wait) = (Vec::with_capacity(self.what.len()), None);
        for (what, until) in &self.what {
            let of = || -> Vec<Value> { vec![self.tenant.into(), what.to_vec().into(), forgotten.into()] };
            tx.execute("DELETE FROM portal_tries WHERE tenant = ? AND what = ? AND last_at < ?", of()).await?;
            let sql = "SELECT failures, last_at FROM portal_tries WHERE tenant = ? AND what = ? AND last_at >= ?";
            let tries = tx.one(sql, of()).await?.as_ref().map(read).transpose()?;
            wait = wait.max(tries.and_then(until).filter(|until| *until > now));
            before.push((*what, tries.map(|tries| tries.last_at)));
        }
        if let Some(until) = wait {
            return Ok(PortalAdmission::Wait(until));
        }
        let sql = "INSERT INTO portal_tries (tenant, what, failures, last_at) VALUES (?, ?, 1, ?) \
             ON CONFLICT (tenant, what) DO UPDATE SET failures = portal_tries.failures + 1, last_at = excluded.last_at";
        for (what, _) in &before {
            let values: Vec<Value> = vec![self.tenant.into(), what.to_vec().into(), now.as_microsecond().into()];
            tx.execute(sql, values).await?;
        }
        Ok(PortalAdmission::Counted(PortalCounted { at: now, before }))
    }
}

fn read(row: &Row) -> Result<PortalTries, StoreError> {
    Ok(PortalTries { failures: column(row, 0)?, last_at: time(row, 1)? })
}

#[derive(Debug)]
struct TakeBack {
    tenant: i64,
    counted: PortalCounted,
}

impl Write for TakeBack {
    type Output = ();
    async fn run(&self, tx: &mut Tx) -> Result<(), Failure> {
        for (what, before) in &self.counted.before {
            let of = || -> Vec<Value> { vec![self.tenant.into(), what.to_vec().into()] };
            let sql = "UPDATE portal_tries SET failures = failures - 1 WHERE tenant = ? AND what = ?";
            tx.execute(sql, of()).await?;
            tx.execute("DELETE FROM portal_tries WHERE tenant = ? AND what = ? AND failures <= 0", of()).await?;
            // Nobody waits for a right answer, unless a wrong one came after it.
            if let Some(before) = before {
                let sql = "UPDATE portal_tries SET last_at = ? WHERE tenant = ? AND what = ? AND last_at = ?";
                let mut values: Vec<Value> = vec![before.as_microsecond().into()];
                values.extend(of());
                values.push(self.counted.at.as_microsecond().into());
                tx.execute(sql, values).await?;
            }
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
    /// Counts a try for each of `what` before it is weighed, unless any of them must wait: one step, so that of many at once no more are
    /// weighed than of as many in a row.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then nothing may be tried.
    pub async fn admit_portal_try(&self, what: &[(&str, PortalWait)]) -> Result<PortalAdmission, StoreError> {
        let tenant = self.keys().await?;
        let what = what.iter().map(|(what, until)| (tenant.index(Field::Tried, what.as_bytes()), *until)).collect();
        self.shared.queue.write(Admit { tenant: tenant.seq, what }).await
    }

    /// The try was right: it counts no more.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn take_back_portal_try(&self, counted: PortalCounted) -> Result<(), StoreError> {
        let tenant = self.keys().await?;
        self.shared.queue.write(TakeBack { tenant: tenant.seq, counted }).await
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::start::tests::Bench;
    use std::sync::atomic::Ordering;

    #[tokio::test]
    async fn names_that_a_day_has_forgotten_are_removed_by_who_tries_later() {
        let bench = Bench::new().await;
        let kept = async || -> i64 {
            let row = bench.tenant.shared.one("SELECT COUNT(*) FROM portal_tries", Vec::new()).await.unwrap().unwrap();
            column(&row, 0).unwrap()
        };
        let try_names = async |names: std::ops::Range<u32>| {
            for n in names {
                bench.tenant.admit_portal_try(&[(&format!("name {n}"), |_| None)]).await.unwrap();
            }
        };
        try_names(0..40).await;
        assert_eq!(kept().await, 40);
        bench.clock.0.fetch_add(23 * 3_600, Ordering::SeqCst);
        try_names(40..41).await;
        assert_eq!(kept().await, 41, "within the day they are remembered");
        bench.clock.0.fetch_add(2 * 3_600, Ordering::SeqCst);
        try_names(41..44).await;
        assert_eq!(kept().await, 4, "of yesterday only the last is left, and those of today");
    }

    #[tokio::test]
    async fn what_is_forgotten_is_found_by_its_age() {
        let plan = crate::database::plan::plan(OLD).await;
        assert!(plan.iter().any(|line| line.contains("portal_tries_by_age (tenant=? AND last_at<?)")), "{plan:?}");
        assert!(!plan.iter().any(|line| line.starts_with("SCAN")), "{plan:?}");
    }
}
