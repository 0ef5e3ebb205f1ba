//! Whether the store can commit now: what readiness asks.
//!
//! Reading works on a full disk, so a look at a row says nothing. What counts is how the last transaction ended; when it failed,
//! or none was tried for a while, one is tried: a row is written and taken away again, with as much beside it as a message
//! needs, so that a disk with room for a few bytes does not pass.

use crate::database::Failure;
use crate::open::Store;
use crate::writer::{Tx, Write};
use jiff::{SignedDuration, Timestamp};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// A commit this young says enough.
const YOUNG: SignedDuration = SignedDuration::from_secs(10);
/// The least time between two tries: readiness is asked by anybody, and a try writes.
const PAUSE: SignedDuration = SignedDuration::from_secs(1);
/// What a try writes after a failure, in bytes: more than a message and its entries take.
const ROOM_BYTES: i64 = 128 * 1024;

/// Why the store is not well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unwell {
    /// Nothing can be committed: the disk is full or gone, or another process holds the database.
    #[error("nothing can be stored: is the disk full, or does another program hold the database?")]
    CannotCommit,
    /// The database cannot be read.
    #[error("the database cannot be read: is its disk there?")]
    CannotRead,
    /// Rows are committed, but the ledger's files cannot be written.
    #[error("the ledger's files cannot be written: is the disk full?")]
    CannotPublish,
}

/// How writing went lately.
#[derive(Debug, Default)]
pub(crate) struct Health {
    commit_failed: AtomicBool,
    publish_failed: AtomicBool,
    /// When the last transaction was committed, in microseconds since 1970; 0 = none was.
    committed_at: AtomicI64,
    /// When a try was last made.
    tried_at: tokio::sync::Mutex<Option<Timestamp>>,
}

impl Health {
    /// A transaction was committed. After a failure only one with a message in it says that there is room again: on a full disk
    /// a claim or an empty transaction still goes through.
    pub(crate) fn committed(&self, now: Timestamp, with_message: bool) {
        if with_message {
            self.commit_failed.store(false, Ordering::SeqCst);
        }
        self.committed_at.store(now.as_microsecond(), Ordering::SeqCst);
    }

    /// A transaction failed. One that was refused by a rule of its own says nothing of the disk.
    pub(crate) fn failed(&self, why: Failure) {
        if matches!(why, Failure::Unavailable | Failure::Damaged) {
            self.commit_failed.store(true, Ordering::SeqCst);
        }
    }

    pub(crate) fn published(&self, well: bool) {
        self.publish_failed.store(!well, Ordering::SeqCst);
    }

    fn committed_lately(&self, now: Timestamp) -> bool {
        let at = self.committed_at.load(Ordering::SeqCst);
        Timestamp::from_microsecond(at).is_ok_and(|at| now.duration_since(at) < YOUNG)
    }
}

/// Writes a row and takes it away again, in one transaction.
#[derive(Debug)]
struct Try {
    room_bytes: i64,
}

impl Write for Try {
    type Output = ();
    async fn run(&self, tx: &mut Tx) -> Result<(), Failure> {
        let sql = "INSERT INTO epochs (epoch, made_at, wrapped) VALUES (-1, 0, zeroblob(?))";
        tx.execute(sql, vec![self.room_bytes.into()]).await?;
        tx.execute("DELETE FROM epochs WHERE epoch = -1", Vec::new()).await?;
        Ok(())
    }
}

impl Store {
    /// Whether what is asked for now would be kept. It turns well again by itself: when the last transaction failed, a call tries
    /// another, at most one a second.
    ///
    /// # Errors
    /// [`Unwell`], with what an operator should look at.
    pub async fn health(&self) -> Result<(), Unwell> {
        let health = &self.shared.health;
        let mut tried_at = health.tried_at.lock().await;
        let now = self.shared.clock.now();
        let failed = health.commit_failed.load(Ordering::SeqCst);
        let due = tried_at.is_none_or(|at| now.duration_since(at).abs() >= PAUSE);
        if due && (failed || !health.committed_lately(now)) {
            *tried_at = Some(now);
            let room_bytes = if failed { ROOM_BYTES } else { 0 };
            // How it ended is noted by the writer; a queue that is full is not well either.
            self.shared.queue.write(Try { room_bytes }).await.map_err(|_| Unwell::CannotCommit)?;
            if failed {
                health.commit_failed.store(false, Ordering::SeqCst);
            }
        }
        drop(tried_at);
        if health.commit_failed.load(Ordering::SeqCst) {
            return Err(Unwell::CannotCommit);
        }
        if health.publish_failed.load(Ordering::SeqCst) { Err(Unwell::CannotPublish) } else { Ok(()) }
    }
}
