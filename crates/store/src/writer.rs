//! Group commit: one thread writes everything.
//!
//! Whatever arrived while the last COMMIT was on its way to the disk goes into the next transaction together; nobody waits
//! for a timer. Callers send a [`Write`] and await the answer: a caller that goes away cancels nothing half-way, because no
//! transaction runs inside its future. A write checks before it changes anything; one that is refused leaves the others in its
//! transaction alone, and when the database blames a constraint the batch is done again one by one.

use crate::accept::{Accepting, accept_all};
use crate::coverage::{PATIENT_KEYS, Table};
use crate::database::{Connection, Failure, Location, Row, Use, Value, blob, bytes, count};
use crate::gauge::Counters;
use crate::health::Health;
use crate::keys::{Index, Keyring, PatientKey, TenantKeys, wrapped};
use crate::records::StoreError;
use jiff::Timestamp;
use postern_base::{Clock, EntryId, MessageId, Secret, TenantId};
use postern_ledger::{Entry, Frontier, Kind, RowState, leaf_hash};
use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

/// Writes that may wait; one more is [`StoreError::Busy`].
pub(crate) const WAITING_MAX: usize = 4_096;
/// Writes in one transaction.
const BATCH_MAX: usize = 512;
/// Rows that one entry states: its leaf stays well below what a leaf may hold.
const ROWS_PER_ENTRY: usize = 400;
/// Rows inserted by one statement that gives them back.
const ROWS_RETURNED: usize = 32;

/// One write. It may be run again in a new transaction, so it takes nothing out of itself.
pub(crate) trait Write: Send + Sync + 'static {
    /// What the caller gets once it is committed.
    type Output: Send + 'static;
    /// Checks, then writes.
    fn run(&self, tx: &mut Tx) -> impl Future<Output = Result<Self::Output, Failure>> + Send;
}

/// A write that waits for its turn.
#[derive(Debug)]
pub(crate) enum Job {
    /// An accepted message: many are written with few statements.
    Accept(Box<Accepting>),
    /// Anything else.
    Other(Box<dyn Work>),
    /// Answer what came before, then let go of the file.
    Close(oneshot::Sender<()>),
}

/// A [`Write`] with its answer still to give.
pub(crate) trait Work: Send + std::fmt::Debug {
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>>;
    fn answer(self: Box<Self>, outcome: Result<(), StoreError>);
}

struct Queued<W: Write> {
    write: W,
    reply: oneshot::Sender<Result<W::Output, StoreError>>,
    output: Option<W::Output>,
}

impl<W: Write> std::fmt::Debug for Queued<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Queued")
    }
}

impl<W: Write> Work for Queued<W> {
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>> {
        Box::pin(async move {
            self.output = Some(self.write.run(tx).await?);
            Ok(())
        })
    }

    fn answer(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Self { reply, output, .. } = *self;
        // A caller that went away needs no answer; what was written stays written.
        reply.send(outcome.and_then(|()| output.ok_or(StoreError::Unavailable))).ok();
    }
}

/// Where callers put their writes.
#[derive(Debug, Clone)]
pub(crate) struct Queue(mpsc::Sender<Job>);

impl Queue {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Job>) {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        (Self(sender), receiver)
    }

    /// Queues a job.
    pub(crate) fn push(&self, job: Job) -> Result<(), StoreError> {
        self.0.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => StoreError::Unavailable,
        })
    }

    /// Queues a write and waits until it is committed.
    pub(crate) async fn write<W: Write>(&self, write: W) -> Result<W::Output, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.push(Job::Other(Box::new(Queued { write, reply, output: None })))?;
        answer.await.unwrap_or(Err(StoreError::Unavailable))
    }

    /// Queues a write that nobody waits for, if there is room.
    pub(crate) fn leave<W: Write>(&self, write: W) {
        let (reply, _) = oneshot::channel();
        self.push(Job::Other(Box::new(Queued { write, reply, output: None }))).ok();
    }

    /// Waits until everything before is answered and the file is let go.
    pub(crate) async fn close(&self) {
        let (reply, answer) = oneshot::channel();
        if self.0.send(Job::Close(reply)).await.is_ok() {
            drop(answer.await);
        }
    }
}

/// What is done once the transaction is committed.
#[derive(Debug)]
pub(crate) enum AfterCommit {
    /// A patient's key is in the database.
    PatientStored(Arc<PatientKey>),
    /// A patient's key is no longer in the database.
    PatientDestroyed(i64, Index),
    /// There is a new epoch.
    EpochAdded(u32, Secret<[u8; 32]>),
    /// Epochs before this one are gone.
    EpochsDropped(u32),
    /// What was overwritten must not stay in the write-ahead log.
    Truncate,
}

/// The transaction that a batch shares.
#[derive(Debug)]
pub(crate) struct Tx {
    sql: Connection,
    /// The keys.
    pub(crate) keyring: Arc<Keyring>,
    /// The instant of the batch.
    pub(crate) now: Timestamp,
    frontier: Frontier,
    from: u64,
    leaves: Vec<Vec<Value>>,
    heads: HashMap<(i64, MessageId), EntryId>,
    after: Vec<AfterCommit>,
    changed: bool,
    /// Rows that were written and that no entry states yet.
    unstated: Vec<Unstated>,
}

/// A row that was written, and whose it is.
#[derive(Debug)]
struct Unstated {
    seq: i64,
    tenant: TenantId,
    state: RowState,
}

impl Tx {
    /// Runs a statement that changes rows; gives how many.
    pub(crate) async fn execute(&mut self, sql: &str, values: Vec<Value>) -> Result<u64, Failure> {
        let rows = self.sql.execute(sql, &values).await?;
        self.changed |= rows > 0;
        Ok(rows)
    }

    /// Inserts rows, many at a time.
    pub(crate) async fn insert<R: AsRef<[Value]>>(
        &mut self,
        head: &str,
        rows: &[R],
        tail: &str,
    ) -> Result<u64, Failure> {
        self.changed |= !rows.is_empty();
        self.sql.insert(head, rows, tail).await
    }

    /// Runs a statement that inserts or changes rows of a covered table; the next entry of `tenant` states them as they are after
    /// it. Gives how many rows.
    pub(crate) async fn write(
        &mut self,
        tenant: &TenantKeys,
        table: &Table,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<u64, Failure> {
        let rows = self.returning(&format!("{sql} RETURNING {}", table.selection()), values).await?;
        for row in &rows {
            self.state(tenant, table.state(row)?);
        }
        Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
    }

    /// The next entry of `tenant` states the rows of a covered table that meet `condition` as they are now.
    pub(crate) async fn state_where(
        &mut self,
        tenant: &TenantKeys,
        table: &Table,
        condition: &str,
        values: Vec<Value>,
    ) -> Result<(), Failure> {
        let sql = format!("SELECT {} FROM {} WHERE {condition}", table.selection(), table.name);
        for row in self.all(&sql, values).await? {
            self.state(tenant, table.state(&row)?);
        }
        Ok(())
    }

    /// The next entry of `tenant` states a row.
    pub(crate) fn state(&mut self, tenant: &TenantKeys, state: RowState) {
        self.unstated.push(Unstated { seq: tenant.seq, tenant: tenant.id.clone(), state });
    }

    /// Takes the rows of a tenant that no entry states yet, at most as many as one entry takes.
    fn take_unstated(&mut self, tenant: i64) -> Vec<RowState> {
        let mut taken: Vec<RowState> = Vec::new();
        let mut left = Vec::new();
        for row in self.unstated.drain(..) {
            if row.seq != tenant {
                left.push(row);
            } else if let Some(earlier) = taken.iter_mut().find(|earlier| earlier.row == row.state.row) {
                // Written twice: the later state counts.
                *earlier = row.state;
            } else if taken.len() < ROWS_PER_ENTRY {
                taken.push(row.state);
            } else {
                left.push(row);
            }
        }
        self.unstated = left;
        taken
    }

    /// Appends entries for the rows that no entry of this write states.
    fn state_the_rest(&mut self) -> Result<(), Failure> {
        while let Some(row) = self.unstated.first() {
            let (seq, tenant) = (row.seq, row.tenant.clone());
            let id = EntryId::new(self.now, self.keyring.rng()).map_err(|_| Failure::Unavailable)?;
            let entry = Entry::new(id, tenant, Kind::RowsWritten, self.now);
            self.append_after(seq, &entry, None)?;
        }
        Ok(())
    }

    /// Runs a statement that changes rows and gives them back.
    pub(crate) async fn returning(&mut self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, Failure> {
        let rows = self.sql.all(sql, &values).await?;
        self.changed |= !rows.is_empty();
        Ok(rows)
    }

    /// Reads rows.
    pub(crate) async fn all(&mut self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, Failure> {
        self.sql.all(sql, &values).await
    }

    /// Reads one row.
    pub(crate) async fn one(&mut self, sql: &str, values: Vec<Value>) -> Result<Option<Row>, Failure> {
        self.sql.one(sql, &values).await
    }

    /// Leaves something to do once the transaction is committed.
    pub(crate) fn after_commit(&mut self, what: AfterCommit) {
        self.after.push(what);
    }

    /// Appends an entry of `tenant` to the ledger and gives its index. An entry about a message gets the entry before it in the
    /// life of that message as `previous`.
    pub(crate) async fn append(&mut self, tenant: &TenantKeys, entry: &Entry) -> Result<u64, Failure> {
        let previous = match entry.message {
            Some(message) => self.head(tenant.seq, message).await?,
            None => None,
        };
        self.append_after(tenant.seq, entry, previous)
    }

    /// Appends the entries of a message that is new in this transaction.
    pub(crate) fn append_first(&mut self, tenant: &TenantKeys, entries: &[Entry]) -> Result<(), Failure> {
        for entry in entries {
            let previous = entry.message.and_then(|message| self.heads.get(&(tenant.seq, message)).copied());
            self.append_after(tenant.seq, entry, previous)?;
        }
        Ok(())
    }

    fn append_after(&mut self, tenant: i64, entry: &Entry, previous: Option<EntryId>) -> Result<u64, Failure> {
        let entry = Entry { previous, rows: self.take_unstated(tenant), ..entry.clone() };
        let leaf = entry.to_bytes().map_err(|_| Failure::Constraint)?;
        let index = self.frontier.append(leaf_hash(&leaf));
        self.leaves.push(vec![
            count(index),
            tenant.into(),
            entry.message.map_or(Value::Null, |message| bytes(message.0)),
            bytes(entry.id.0),
            leaf.into(),
        ]);
        if let Some(message) = entry.message {
            self.heads.insert((tenant, message), entry.id);
        }
        Ok(index)
    }

    async fn head(&mut self, tenant: i64, message: MessageId) -> Result<Option<EntryId>, Failure> {
        if let Some(head) = self.heads.get(&(tenant, message)) {
            return Ok(Some(*head));
        }
        let sql = "SELECT entry FROM leaves WHERE tenant = ? AND message = ? ORDER BY idx DESC LIMIT 1";
        let row = self.one(sql, vec![tenant.into(), bytes(message.0)]).await?;
        Ok(row.map(|row| crate::database::id(&row, 0)).transpose()?.map(EntryId))
    }

    /// Stores those of `keys` that are not stored yet. Gives what is to be stated of them, by their ids.
    pub(crate) async fn store_keys(
        &mut self,
        keys: &[&Arc<PatientKey>],
    ) -> Result<HashMap<[u8; 8], RowState>, Failure> {
        let mut seen = HashSet::new();
        let fresh: Vec<Arc<PatientKey>> = keys
            .iter()
            .filter(|key| !key.is_stored() && seen.insert((key.tenant.seq, key.index)))
            .map(|key| Arc::clone(key))
            .collect();
        let mut rows = Vec::with_capacity(fresh.len());
        for key in &fresh {
            let (epoch, sealed) =
                self.keyring.wrap(key.tenant.id.as_str(), wrapped("patient_keys", &key.index), &key.key)?;
            let name = key.sealer().seal(
                crate::keys::name_of(&key.index),
                key.patient.as_str().as_bytes(),
                self.keyring.rng(),
            )?;
            rows.push(vec![
                key.tenant.seq.into(),
                key.index.to_vec().into(),
                key.id.to_vec().into(),
                epoch.into(),
                sealed.into(),
                name.into(),
            ]);
        }
        let head = "INSERT INTO patient_keys (tenant, patient, key_id, epoch, wrapped, name) VALUES";
        let mut written = HashMap::new();
        for chunk in rows.chunks(ROWS_RETURNED) {
            let places = vec!["(?,?,?,?,?,?)"; chunk.len()].join(",");
            let sql = format!(
                "{head} {places} ON CONFLICT (tenant, patient) DO NOTHING RETURNING {}",
                PATIENT_KEYS.selection()
            );
            for row in self.returning(&sql, chunk.iter().flatten().cloned().collect()).await? {
                written.insert(crate::database::array::<8>(&row, 0)?, PATIENT_KEYS.state(&row)?);
            }
        }
        if written.len() < rows.len() {
            // Some are there already. That is well when they are the same; another one would make sealed values unreadable.
            for key in &fresh {
                let sql = "SELECT key_id FROM patient_keys WHERE tenant = ? AND patient = ?";
                let row = self.one(sql, vec![key.tenant.seq.into(), key.index.to_vec().into()]).await?;
                let found = row.map(|row| crate::database::array::<8>(&row, 0)).transpose()?;
                if found != Some(key.id) {
                    return Err(Failure::Refused(StoreError::Unavailable));
                }
            }
        }
        self.after.extend(fresh.into_iter().map(AfterCommit::PatientStored));
        Ok(written)
    }

    /// Writes the leaves and the frontier, and commits.
    async fn commit(mut self) -> Result<(Connection, Frontier, Vec<AfterCommit>), Failure> {
        if !self.leaves.is_empty() {
            let leaves = std::mem::take(&mut self.leaves);
            self.insert("INSERT INTO leaves (idx, tenant, message, entry, leaf) VALUES", &leaves, "").await?;
            // The size says whose turn it was: if it is not what this writer knows, another one has appended.
            let values = vec![count(self.frontier.size()), self.frontier.to_bytes().into(), count(self.from)];
            let rows = self.execute("UPDATE log SET size = ?, frontier = ? WHERE size = ?", values).await?;
            if rows != 1 {
                return Err(Failure::Unavailable);
            }
        }
        self.sql.execute("COMMIT", &[]).await?;
        Ok((self.sql, self.frontier, self.after))
    }
}

/// The thread that writes.
#[derive(Debug)]
pub(crate) struct Writer {
    location: Location,
    keyring: Arc<Keyring>,
    clock: Arc<dyn Clock>,
    counters: Arc<Counters>,
    health: Arc<Health>,
    size: watch::Sender<u64>,
    connection: Option<Connection>,
    frontier: Option<Frontier>,
}

impl Writer {
    pub(crate) fn new(
        location: Location,
        connection: Connection,
        keyring: Arc<Keyring>,
        clock: Arc<dyn Clock>,
        counters: Arc<Counters>,
        health: Arc<Health>,
        size: watch::Sender<u64>,
    ) -> Self {
        Self { location, keyring, clock, counters, health, size, connection: Some(connection), frontier: None }
    }

    /// Starts the thread that writes: a COMMIT waits for the disk, and nobody else may have to wait for that.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn start(self, receiver: mpsc::Receiver<Job>) -> std::io::Result<()> {
        let runtime = tokio::runtime::Handle::current();
        let thread = std::thread::Builder::new().name("postern-writer".to_owned());
        thread.spawn(move || runtime.block_on(self.run(receiver))).map(drop)
    }

    /// Takes jobs until nobody can send one any more, or one says that it is over.
    async fn run(mut self, mut receiver: mpsc::Receiver<Job>) {
        let mut jobs = Vec::with_capacity(BATCH_MAX);
        while receiver.recv_many(&mut jobs, BATCH_MAX).await > 0 {
            let mut closing = Vec::new();
            let mut batch = Vec::with_capacity(jobs.len());
            for job in jobs.drain(..) {
                match job {
                    Job::Close(reply) => closing.push(reply),
                    job @ (Job::Accept(_) | Job::Other(_)) => batch.push(job),
                }
            }
            if !batch.is_empty() {
                self.batch(batch).await;
            }
            if !closing.is_empty() {
                receiver.close();
                self.end().await;
                for reply in closing {
                    reply.send(()).ok();
                }
                return;
            }
        }
        self.end().await;
    }

    async fn batch(&mut self, mut jobs: Vec<Job>) {
        match self.attempt(&mut jobs).await {
            Ok(outcomes) => answer(jobs, outcomes),
            Err(Failure::Constraint | Failure::Refused(_)) if jobs.len() > 1 => {
                for job in jobs {
                    let mut one = vec![job];
                    match self.attempt(&mut one).await {
                        Ok(outcomes) => answer(one, outcomes),
                        Err(failure) => answer(one, vec![Err(failure.into())]),
                    }
                }
            }
            Err(failure) => {
                let outcomes = jobs.iter().map(|_| Err(failure.into())).collect();
                answer(jobs, outcomes);
            }
        }
    }

    /// One transaction over all jobs. An error means that nothing of it is written; the connection is then given up, because what
    /// the engine did with its transaction depends on the error.
    async fn attempt(&mut self, jobs: &mut [Job]) -> Result<Vec<Result<(), StoreError>>, Failure> {
        match self.transact(jobs).await {
            Ok(outcomes) => Ok(outcomes),
            Err(failure) => {
                tracing::warn!(?failure, jobs = jobs.len(), "a transaction was given up");
                self.counters.failed();
                self.health.failed(failure);
                self.frontier = None;
                self.connection = None;
                Err(failure)
            }
        }
    }

    async fn transact(&mut self, jobs: &mut [Job]) -> Result<Vec<Result<(), StoreError>>, Failure> {
        let mut tx = self.begin().await?;
        let mut outcomes: Vec<Result<(), StoreError>> = jobs.iter().map(|_| Ok(())).collect();
        accept_all(&mut tx, jobs, &mut outcomes).await?;
        tx.state_the_rest()?;
        for (job, outcome) in jobs.iter_mut().zip(&mut outcomes) {
            let Job::Other(work) = job else { continue };
            tx.changed = false;
            match work.run(&mut tx).await {
                Ok(()) => tx.state_the_rest()?,
                Err(Failure::Refused(error)) if !tx.changed => *outcome = Err(error),
                // Refused after it wrote: the transaction is void, and the batch is done again one by one.
                Err(failure) => return Err(failure),
            }
        }
        let leaves = tx.leaves.len();
        let (connection, frontier, after) = tx.commit().await?;
        self.connection = Some(connection);
        self.counters.committed(jobs.len(), leaves);
        let with_message = jobs.iter().any(|job| matches!(job, Job::Accept(_)));
        self.health.committed(self.clock.now(), with_message);
        self.size.send_replace(frontier.size());
        self.frontier = Some(frontier);
        for what in after {
            self.follow(what).await;
        }
        Ok(outcomes)
    }

    async fn begin(&mut self) -> Result<Tx, Failure> {
        let mut sql = match self.connection.take() {
            Some(connection) => connection,
            None => self.location.connect(Use::Writer)?,
        };
        sql.execute("BEGIN IMMEDIATE", &[]).await?;
        let frontier = match &self.frontier {
            Some(frontier) => frontier.clone(),
            None => stored_frontier(&mut sql).await?,
        };
        Ok(Tx {
            sql,
            keyring: Arc::clone(&self.keyring),
            now: self.clock.now(),
            from: frontier.size(),
            frontier,
            leaves: Vec::new(),
            heads: HashMap::new(),
            after: Vec::new(),
            changed: false,
            unstated: Vec::new(),
        })
    }

    async fn follow(&mut self, what: AfterCommit) {
        match what {
            AfterCommit::PatientStored(key) => self.keyring.patients.stored(&key),
            AfterCommit::PatientDestroyed(tenant, index) => self.keyring.patients.destroyed(tenant, index),
            AfterCommit::EpochAdded(epoch, key) => self.keyring.add_epoch(epoch, key),
            AfterCommit::EpochsDropped(epoch) => self.keyring.drop_epochs_before(epoch),
            AfterCommit::Truncate => self.truncate().await,
        }
    }

    /// Moves the write-ahead log into the database and empties it. A reader may keep it from being emptied; then the next
    /// checkpoint overwrites it.
    async fn truncate(&mut self) {
        if let Some(connection) = &mut self.connection {
            connection.run("PRAGMA wal_checkpoint(TRUNCATE)").await.ok();
        }
    }

    async fn end(&mut self) {
        self.truncate().await;
        self.connection = None;
    }
}

/// The frontier of the log as the database has it.
pub(crate) async fn stored_frontier(on: &mut Connection) -> Result<Frontier, Failure> {
    Ok(frontier_of(on.one(FRONTIER, &[]).await?)?)
}

/// Reads the frontier of the log.
pub(crate) const FRONTIER: &str = "SELECT frontier FROM log";

/// The frontier in the row that [`FRONTIER`] reads.
pub(crate) fn frontier_of(row: Option<Row>) -> Result<Frontier, StoreError> {
    Frontier::from_bytes(blob(&row.ok_or(StoreError::Damaged)?, 0)?).map_err(|_| StoreError::Damaged)
}

fn answer(jobs: Vec<Job>, outcomes: Vec<Result<(), StoreError>>) {
    for (job, outcome) in jobs.into_iter().zip(outcomes) {
        match job {
            Job::Accept(accepting) => accepting.answer(outcome),
            Job::Other(work) => work.answer(outcome),
            Job::Close(reply) => {
                reply.send(()).ok();
            }
        }
    }
}
