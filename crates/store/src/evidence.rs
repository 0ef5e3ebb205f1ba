//! The ledger as others see it: entries read back, tiles and checkpoints published, proofs handed out.
//!
//! Leaves and the tree's frontier are committed with the rows they speak of (`writer.rs`); a checkpoint is signed only from the
//! frontier that is in the database, after its COMMIT.

use crate::accept::bucket;
use crate::coverage::{TABLES, TENANTS};
use crate::database::{Failure, bytes, column};
use crate::keys::TenantKeys;
use crate::open::{Shared, Store, Tenanted};
use crate::records::StoreError;
use crate::writer::{FRONTIER, Tx, Write, frontier_of};
use postern_base::{MessageId, Secret};
use postern_ledger::proof::Proof;
use postern_ledger::{Entry, PublishError, Publisher, Signer};
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard, watch};

/// Leaves read and written at a time.
const PAGE: u64 = 4_096;
/// The least time between two checkpoints that nobody asked for.
const PAUSE: Duration = Duration::from_secs(1);
/// Idempotency rows of a tenant forgotten each time.
const FORGET_MAX: i64 = 1_000;

/// The published side of the log.
#[derive(Debug)]
pub(crate) struct Ledger {
    dir: PathBuf,
    origin: String,
    seed: Secret<[u8; 32]>,
    publisher: Arc<Mutex<Option<Publisher>>>,
}

impl Ledger {
    pub(crate) fn new(dir: PathBuf, origin: String, seed: Secret<[u8; 32]>) -> Self {
        Self { dir, origin, seed, publisher: Arc::default() }
    }

    fn signer(&self) -> Result<Signer, StoreError> {
        Signer::from_seed(&self.seed, &self.origin).map_err(|_| StoreError::Damaged)
    }
}

/// What a failed publishing means; the log says why.
fn refused(error: &PublishError) -> StoreError {
    tracing::error!(%error, "the ledger was not published");
    match error {
        PublishError::Io(_) | PublishError::Contended => StoreError::Unavailable,
        PublishError::Checkpoint(_)
        | PublishError::OtherKey
        | PublishError::Tile(_)
        | PublishError::Damaged
        | PublishError::Ahead { .. }
        | PublishError::Count { .. }
        | PublishError::Diverged { .. }
        | PublishError::LeafTooLong { .. }
        | PublishError::Sign(_) => StoreError::Damaged,
    }
}

type Held = OwnedMutexGuard<Option<Publisher>>;

/// Runs `act` on the publisher where blocking is allowed.
async fn blocking<T: Send + 'static>(
    mut held: Held,
    act: impl FnOnce(&mut Option<Publisher>) -> Result<T, PublishError> + Send + 'static,
) -> Result<(Held, T), StoreError> {
    let done = tokio::task::spawn_blocking(move || {
        let outcome = act(&mut held);
        if outcome.is_err() {
            // Taken up again from the directory next time.
            *held = None;
        }
        (held, outcome)
    });
    let (held, outcome) = done.await.map_err(|_| StoreError::Unavailable)?;
    Ok((held, outcome.map_err(|error| refused(&error))?))
}

/// Keeps the newest signed checkpoint in the database too, so that a lost ledger directory is written again to the same tree.
#[derive(Debug)]
struct KeepNote(String);

impl Write for KeepNote {
    type Output = ();
    async fn run(&self, tx: &mut Tx) -> Result<(), Failure> {
        tx.execute("UPDATE log SET note = ?", vec![self.0.as_str().into()]).await?;
        Ok(())
    }
}

/// Forgets idempotency keys that are too old, a few of each tenant at a time.
#[derive(Debug)]
struct Forget;

impl Write for Forget {
    type Output = ();
    async fn run(&self, tx: &mut Tx) -> Result<(), Failure> {
        let oldest = bucket(tx.now) - 1;
        for row in tx.all("SELECT seq FROM tenants", Vec::new()).await? {
            let tenant: i64 = column(&row, 0)?;
            let sql = "DELETE FROM idempotency WHERE tenant = ? AND bucket < ? AND (bucket, key) IN \
                 (SELECT bucket, key FROM idempotency WHERE tenant = ? AND bucket < ? LIMIT ?)";
            let values = vec![tenant.into(), oldest.into(), tenant.into(), oldest.into(), FORGET_MAX.into()];
            tx.execute(sql, values).await?;
        }
        Ok(())
    }
}

impl Store {
    /// Writes tiles and a signed checkpoint of everything committed to `DIR/ledger/` and returns the signed note.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the disk says no; [`StoreError::Damaged`] when the directory and the database are not the
    /// same log. The last checkpoint stands.
    pub async fn publish(&self) -> Result<String, StoreError> {
        let published = self.published(0).await;
        self.shared.health.published(published.is_ok());
        published.map(|(_, note)| note)
    }

    /// The ledger's public key in the form of a signed-note verifier key (`NAME+HASH+KEY`).
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub fn ledger_key(&self) -> Result<String, StoreError> {
        self.shared.ledger.signer().map(|signer| signer.verifier().to_string())
    }

    /// The publisher with at least `wanted` entries published, and the signed note. With 0: with everything.
    async fn published(&self, wanted: u64) -> Result<(Held, String), StoreError> {
        let ledger = &self.shared.ledger;
        let mut held = Arc::clone(&ledger.publisher).lock_owned().await;
        if held.is_none() {
            let (dir, signer) = (ledger.dir.clone(), ledger.signer()?);
            let row = self.shared.one("SELECT note FROM log", Vec::new()).await?.ok_or(StoreError::Damaged)?;
            let note: Option<String> = column(&row, 0)?;
            (held, ()) = blocking(held, move |slot| {
                let mut publisher = Publisher::open(&dir, signer)?;
                if let Some(note) = note {
                    publisher.pledge(&note)?;
                }
                *slot = Some(publisher);
                Ok(())
            })
            .await?;
        }
        if let Some(signed) = held.as_ref().and_then(Publisher::published)
            && wanted > 0
            && signed.checkpoint().size >= wanted
        {
            let note = signed.note().to_owned();
            return Ok((held, note));
        }
        let frontier = frontier_of(self.shared.one(FRONTIER, Vec::new()).await?)?;
        let mut from = held.as_ref().map_or(0, Publisher::next);
        let before = from;
        while from < frontier.size() {
            let upto = frontier.size().min(from.saturating_add(PAGE));
            let leaves = leaves(&self.shared, from, upto).await?;
            (held, ()) = blocking(held, move |slot| match slot {
                Some(publisher) => publisher.append(leaves.iter().map(|(_, leaf)| leaf)),
                None => Err(PublishError::Damaged),
            })
            .await?;
            from = upto;
        }
        let grown = frontier.size() > before;
        let (held, note) = blocking(held, move |slot| match slot {
            Some(publisher) => publisher.seal(&frontier).map(|signed| signed.note().to_owned()),
            None => Err(PublishError::Damaged),
        })
        .await?;
        if grown {
            self.shared.queue.write(KeepNote(note.clone())).await?;
        }
        Ok((held, note))
    }
}

/// Publishes when the log has grown, at most once a second, until the store is gone.
pub(crate) async fn keep_publishing(shared: Weak<Shared>, mut grown: watch::Receiver<u64>) {
    if *grown.borrow() > 0 {
        grown.mark_changed();
    }
    while grown.changed().await.is_ok() {
        let Some(shared) = shared.upgrade() else { return };
        let store = Store { shared };
        if store.publish().await.is_err() {
            // Why is in the log already; it is tried again whether the log grows or not.
            grown.mark_changed();
        }
        store.shared.queue.write(Forget).await.ok();
        drop(store);
        tokio::time::sleep(PAUSE).await;
    }
}

/// The leaves from `from` to before `upto`, in order.
async fn leaves(on: &Shared, from: u64, upto: u64) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
    let sql = "SELECT idx, leaf FROM leaves WHERE idx >= ? AND idx < ? ORDER BY idx";
    let values = vec![crate::database::count(from), crate::database::count(upto)];
    let rows = on.scan(sql, values).await?;
    rows.iter()
        .map(|row| Ok((u64::try_from(column::<i64>(row, 0)?).map_err(|_| StoreError::Damaged)?, column(row, 1)?)))
        .collect()
}

/// Appends entries alone.
#[derive(Debug)]
struct Append {
    tenant: Arc<TenantKeys>,
    entries: Vec<Entry>,
}

impl Write for Append {
    type Output = ();
    async fn run(&self, tx: &mut Tx) -> Result<(), Failure> {
        for entry in &self.entries {
            tx.append(&self.tenant, entry).await?;
        }
        Ok(())
    }
}

/// States every row that was written before entries stated rows, once.
#[derive(Debug)]
pub(crate) struct StateAll;

impl Write for StateAll {
    type Output = ();
    async fn run(&self, tx: &mut Tx) -> Result<(), Failure> {
        let row = tx.one("SELECT stated FROM log", Vec::new()).await?.ok_or(Failure::Damaged)?;
        if column::<i64>(&row, 0)? != 0 {
            return Ok(());
        }
        for row in tx.all("SELECT seq, name FROM tenants ORDER BY seq", Vec::new()).await? {
            let seq: i64 = column(&row, 0)?;
            let tenant = TenantKeys::new(seq, crate::database::word(&row, 1)?, &Secret::new([0; 32]));
            for table in TABLES {
                let whose = if table.name == TENANTS.name { "seq = ?" } else { "tenant = ?" };
                tx.state_where(&tenant, table, whose, vec![seq.into()]).await?;
            }
        }
        tx.execute("UPDATE log SET stated = 1", Vec::new()).await?;
        Ok(())
    }
}

impl Tenanted {
    /// Appends entries that no row goes with: a disclosure, an alert.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn append(&self, entries: Vec<Entry>) -> Result<(), StoreError> {
        let tenant = self.keys().await?;
        self.admissible(&entries)?;
        self.shared.queue.write(Append { tenant, entries }).await
    }

    /// The ledger entries of a message in order, with their index.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when a leaf does not read.
    pub async fn entries(&self, message: MessageId) -> Result<Vec<(u64, Entry)>, StoreError> {
        let tenant = self.keys().await?;
        let sql = "SELECT idx, leaf FROM leaves WHERE tenant = ? AND message = ? ORDER BY idx";
        let rows = self.shared.all(sql, vec![tenant.seq.into(), bytes(message.0)]).await?;
        rows.iter()
            .map(|row| {
                let index = u64::try_from(column::<i64>(row, 0)?).map_err(|_| StoreError::Damaged)?;
                let entry = Entry::from_bytes(&column::<Vec<u8>>(row, 1)?).map_err(|_| StoreError::Damaged)?;
                Ok((index, entry))
            })
            .collect()
    }

    /// The bytes of one ledger entry of this tenant: what a proof proves.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: this tenant has no such entry.
    pub async fn leaf(&self, index: u64) -> Result<Vec<u8>, StoreError> {
        let tenant = self.keys().await?;
        let sql = "SELECT leaf FROM leaves WHERE idx = ? AND tenant = ?";
        let values = vec![crate::database::count(index), tenant.seq.into()];
        let row = self.shared.one(sql, values).await?.ok_or(StoreError::NotFound)?;
        column(&row, 0)
    }

    /// An offline proof of one entry: a C2SP tlog-proof text (index, inclusion path, checkpoint) under the newest checkpoint.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: this tenant has no such entry.
    pub async fn proof(&self, index: u64) -> Result<String, StoreError> {
        self.leaf(index).await?;
        let store = Store { shared: Arc::clone(&self.shared) };
        let (held, _) = store.published(index.saturating_add(1)).await?;
        let proof = tokio::task::spawn_blocking(move || {
            let publisher = held.as_ref()?;
            Proof::of(publisher.directory(), index, publisher.published()?).ok()
        });
        proof.await.ok().flatten().map(|proof| proof.to_text()).ok_or(StoreError::Damaged)
    }
}
