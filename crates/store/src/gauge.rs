//! Counts for health, metrics and benchmarks.

use crate::database::column;
use crate::open::Store;
use crate::records::{Gauges, StoreError};
use std::sync::atomic::{AtomicU64, Ordering};

/// Classes of batch size: 1, 2 to 3, 4 to 7, ... 512 and more.
pub const BATCH_CLASSES: usize = 10;

/// What the writer has done since the store was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Transactions committed.
    pub commits: u64,
    /// Transactions given up.
    pub failures: u64,
    /// Writes in them.
    pub writes: u64,
    /// Ledger entries in them.
    pub entries: u64,
    /// Commits by number of writes: class `n` counts those with `2^n` to `2^(n+1) - 1`; the last class has no upper end.
    pub batch_sizes: [u64; BATCH_CLASSES],
}

/// The counters behind [`Stats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    commits: AtomicU64,
    failures: AtomicU64,
    writes: AtomicU64,
    entries: AtomicU64,
    batch_sizes: [AtomicU64; BATCH_CLASSES],
}

impl Counters {
    pub(crate) fn committed(&self, writes: usize, entries: usize) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.writes.fetch_add(writes as u64, Ordering::Relaxed);
        self.entries.fetch_add(entries as u64, Ordering::Relaxed);
        let class = usize::try_from(writes.max(1).ilog2()).unwrap_or(0).min(BATCH_CLASSES - 1);
        if let Some(counter) = self.batch_sizes.get(class) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }
}

impl Store {
    /// What the writer has done since the store was opened.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let counters = &self.shared.counters;
        let mut stats = Stats {
            commits: counters.commits.load(Ordering::Relaxed),
            failures: counters.failures.load(Ordering::Relaxed),
            writes: counters.writes.load(Ordering::Relaxed),
            entries: counters.entries.load(Ordering::Relaxed),
            batch_sizes: [0; BATCH_CLASSES],
        };
        for (to, from) in stats.batch_sizes.iter_mut().zip(&counters.batch_sizes) {
            *to = from.load(Ordering::Relaxed);
        }
        stats
    }

    /// Counts for health and metrics: queue depth, oldest due, log size.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn gauges(&self) -> Result<Gauges, StoreError> {
        let sql = "SELECT (SELECT COUNT(*) FROM deliveries WHERE live = 1), \
             (SELECT COUNT(*) FROM deliveries WHERE deadline IS NOT NULL AND state = 4), \
             (SELECT COUNT(*) FROM deliveries WHERE state = 2), (SELECT size FROM log)";
        let rows = self.shared.scan(sql, Vec::new()).await?;
        let row = rows.first().ok_or(StoreError::Damaged)?;
        let count = |index| column::<i64>(row, index).map(|n| u64::try_from(n).unwrap_or(0));
        Ok(Gauges {
            queued: count(0)?,
            sent: count(1)?,
            held: count(2)?,
            log_size: count(3)?,
            oldest_due: self.next_due().await?,
        })
    }
}
