//! Opening a data directory, and letting go of it.
//!
//! `DIR/postern.db` is the database, `DIR/ledger/` what the ledger publishes, `DIR/lock` keeps a second process out.

use crate::attachments::remove_begun;
use crate::database::{Column, Connection, Failure, Location, Readers, Row, Use, Value, column};
use crate::evidence::{Ledger, StateAll, keep_publishing};
use crate::gauge::Counters;
use crate::health::Health;
use crate::keys::{Index, Keyring, PatientKey, TenantKeys};
use crate::records::{OpenError, RootKey, StoreError};
use crate::schema;
use crate::seal::Place;
use crate::writer::{Queue, Writer, stored_frontier};
use aws_lc_rs::hmac;
use jiff::Timestamp;
use postern_base::{Clock, Hex, PatientId, Rng, Secret, TenantId};
use postern_ledger::Frontier;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// The store of one data directory. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) shared: Arc<Shared>,
}

/// The store as one tenant sees it.
#[derive(Debug, Clone)]
pub struct Tenanted {
    pub(crate) shared: Arc<Shared>,
    pub(crate) tenant: TenantId,
}

/// What every clone of a [`Store`] shares.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) readers: Arc<Readers>,
    pub(crate) queue: Queue,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) health: Arc<Health>,
    pub(crate) ledger: Ledger,
    return_key: Secret<[u8; 32]>,
    /// One new tenant or one rotation at a time.
    pub(crate) administration: tokio::sync::Mutex<()>,
    lock: Mutex<Option<File>>,
}

/// How a store is opened.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The most bytes the database may grow to; `None` = what the disk holds. Beyond it writes are refused as on a full disk.
    pub database_bytes_max: Option<u64>,
    /// The ledger's origin in a new directory: a URL without scheme (C2SP tlog-checkpoint). `None` = a random one.
    pub origin: Option<String>,
}

/// The page size of every Postern database, in bytes.
const PAGE_BYTES: u64 = 4_096;
/// How often, and how far apart, a lock is tried that a predecessor may be about to release.
const LOCK_TRIES: u32 = 40;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// Makes a directory that only its owner may enter, if it is not there.
pub(crate) fn private_directory(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Opens a file that only its owner may read, making it if it is not there.
fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Takes the directory's lock. A predecessor that is letting go gets two seconds.
async fn lock(dir: &Path) -> Result<File, OpenError> {
    let file = private_file(&dir.join("lock")).map_err(OpenError::Io)?;
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_PAUSE).await,
            Err(TryLockError::Error(error)) => return Err(OpenError::Io(error)),
        }
    }
    Err(OpenError::InUse)
}

impl Store {
    /// Opens the store in `dir`, creating and migrating it as needed. `root` wraps the epoch keys.
    ///
    /// Must be called in a Tokio runtime; its tasks end with the last clone.
    ///
    /// # Errors
    /// [`OpenError`]: another process has it, it is newer than this binary, the root key is another one, the disk says no.
    pub async fn open(dir: &Path, root: RootKey, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Result<Self, OpenError> {
        Self::open_with(dir, root, clock, rng, Options::default()).await
    }

    /// As [`Store::open`], with options.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_with(
        dir: &Path,
        root: RootKey,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
        options: Options,
    ) -> Result<Self, OpenError> {
        private_directory(dir).map_err(OpenError::Io)?;
        let lock = lock(dir).await?;
        let pages_max = options.database_bytes_max.map(|bytes| u32::try_from(bytes / PAGE_BYTES).unwrap_or(u32::MAX));
        let location = Location { pages_max, ..Location::of(dir) };
        private_file(&location.path).map_err(OpenError::Io)?;
        let mut connection = location.connect(Use::Writer)?;
        let keyring = Arc::new(Keyring::new(root, rng));
        let (origin, seed) = prepare(&mut connection, &keyring, clock.as_ref(), options.origin).await?;
        load_epochs(&mut connection, &keyring).await?;
        release_leases(&mut connection, clock.now()).await?;
        remove_begun(&mut connection).await?;
        let return_key = return_key(&seed);
        let size = stored_frontier(&mut connection).await?.size();
        let readers = Arc::new(Readers::open(location.clone())?);

        let (queue, receiver) = Queue::new();
        let (sizes, grown) = watch::channel(size);
        let counters = Arc::new(Counters::default());
        let health = Arc::new(Health::default());
        let writer = Writer::new(
            location,
            connection,
            Arc::clone(&keyring),
            Arc::clone(&clock),
            Arc::clone(&counters),
            Arc::clone(&health),
            sizes,
        );
        writer.start(receiver).map_err(OpenError::Io)?;
        let shared = Arc::new(Shared {
            keyring,
            readers,
            queue,
            clock,
            counters,
            health,
            ledger: Ledger::new(dir.join("ledger"), origin, seed),
            return_key,
            administration: tokio::sync::Mutex::default(),
            lock: Mutex::new(Some(lock)),
        });
        let stated = shared.one("SELECT stated FROM log", Vec::new()).await.map_err(Failure::from)?;
        if stated.is_none_or(|row| crate::database::column::<i64>(&row, 0) != Ok(1)) {
            shared.queue.write(StateAll).await.map_err(Failure::from)?;
        }
        tokio::spawn(keep_publishing(Arc::downgrade(&shared), grown));
        Ok(Self { shared })
    }

    /// Finishes what was begun, publishes the ledger, and lets go of the files. Other clones can then read nothing and write
    /// nothing.
    pub async fn close(self) {
        if let Err(error) = self.publish().await {
            tracing::error!(%error, "the ledger was not published at the end");
        }
        self.shared.queue.close().await;
        self.shared.readers.close();
        drop(self.shared.lock.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// The key under which addresses that mail comes back to are signed: the same for as long as the installation lives.
    #[must_use]
    pub fn return_key(&self) -> &Secret<[u8; 32]> {
        &self.shared.return_key
    }

    /// The store as `tenant` sees it. A tenant that does not exist is [`StoreError::NotFound`] at the first call.
    #[must_use]
    pub fn tenant(&self, tenant: &TenantId) -> Tenanted {
        Tenanted { shared: Arc::clone(&self.shared), tenant: tenant.clone() }
    }
}

impl Shared {
    /// Reads one row.
    pub(crate) async fn one(&self, sql: &str, values: Vec<Value>) -> Result<Option<Row>, StoreError> {
        Ok(self.readers.one(sql, &values).await?)
    }

    /// Reads many rows, or counts them, where that keeps nobody from their turn.
    pub(crate) async fn scan(&self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        self.readers.scan(sql, values).await
    }

    /// Reads rows: a few, found by an index.
    pub(crate) async fn all(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        Ok(self.readers.all(sql, &values).await?)
    }
}

impl Tenanted {
    /// The tenant.
    #[must_use]
    pub const fn id(&self) -> &TenantId {
        &self.tenant
    }

    /// The tenant's keys.
    pub(crate) async fn keys(&self) -> Result<Arc<TenantKeys>, StoreError> {
        self.shared.keyring.tenant(&self.shared.readers, &self.tenant).await
    }

    /// The patient behind a blind index, whose key must still be there.
    pub(crate) async fn patient_of(&self, tenant: &Arc<TenantKeys>, index: Index) -> Result<PatientId, StoreError> {
        self.patient_key(tenant, index).await.map(|key| key.patient.clone())
    }

    /// The key of a patient who has one.
    pub(crate) async fn patient_key(
        &self,
        tenant: &Arc<TenantKeys>,
        index: Index,
    ) -> Result<Arc<PatientKey>, StoreError> {
        self.shared.keyring.patient(&self.shared.readers, tenant, index).await?.ok_or(StoreError::Damaged)
    }
}

/// HMAC-SHA-256 under the ledger's seed, of which nothing can be learnt from it.
fn return_key(seed: &Secret<[u8; 32]>) -> Secret<[u8; 32]> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, seed.reveal());
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(hmac::sign(&key, b"postern return addresses 1").as_ref()) {
        *to = *from;
    }
    Secret::new(out)
}

const ROOT_CHECK: Place<'static> = Place { table: "installation", column: "root_check", row: b"1" };
const SIGNING_SEED: Place<'static> = Place { table: "installation", column: "signing_seed", row: b"1" };

/// The place of an epoch key.
pub(crate) const fn epoch_place(epoch: &[u8]) -> Place<'_> {
    Place { table: "epochs", column: "wrapped", row: epoch }
}

/// Migrates; in a new database, makes the first keys and the empty log. Gives the ledger's origin and signing seed.
async fn prepare(
    connection: &mut Connection,
    keyring: &Keyring,
    clock: &dyn Clock,
    origin: Option<String>,
) -> Result<(String, Secret<[u8; 32]>), OpenError> {
    let version = schema::version(connection).await?;
    let installed = if version == 0 { None } else { Some(read_installation(connection, keyring).await?) };
    connection.run("BEGIN IMMEDIATE").await?;
    schema::migrate(connection, version).await?;
    let installation = match installed {
        Some(installation) => installation,
        None => install(connection, keyring, clock, origin).await?,
    };
    connection.run("COMMIT").await?;
    Ok(installation)
}

pub(crate) async fn read_installation(
    connection: &mut Connection,
    keyring: &Keyring,
) -> Result<(String, Secret<[u8; 32]>), OpenError> {
    let sql = "SELECT origin, root_check, signing_seed FROM installation";
    let row = connection.one(sql, &[]).await?.ok_or(OpenError::Damaged)?;
    let (check, seed): (Vec<u8>, Vec<u8>) = (read(&row, 1)?, read(&row, 2)?);
    keyring.root().open(ROOT_CHECK, &check).map_err(|_| OpenError::WrongRootKey)?;
    let seed = keyring.root().open_key(SIGNING_SEED, &seed).map_err(|_| OpenError::Damaged)?;
    Ok((read(&row, 0)?, seed))
}

async fn install(
    tx: &mut Connection,
    keyring: &Keyring,
    clock: &dyn Clock,
    origin: Option<String>,
) -> Result<(String, Secret<[u8; 32]>), OpenError> {
    let no_entropy = |_: StoreError| OpenError::Io(io::ErrorKind::Other.into());
    let (seed, epoch_key) = (keyring.fresh().map_err(no_entropy)?, keyring.fresh().map_err(no_entropy)?);
    let origin = match origin {
        Some(origin) => origin,
        None => {
            let name = keyring.fresh().map_err(no_entropy)?;
            format!("postern.internal/{}/ledger/0", Hex(name.reveal().get(..8).unwrap_or_default()))
        }
    };
    let root = keyring.root();
    let rng = keyring.rng();
    let seal = |place, plain: &[u8]| root.seal(place, plain, rng).map_err(no_entropy);
    let values =
        [origin.as_str().into(), seal(ROOT_CHECK, b"postern")?.into(), seal(SIGNING_SEED, seed.reveal())?.into()];
    let sql = "INSERT INTO installation (one, origin, root_check, signing_seed) VALUES (1, ?, ?, ?)";
    tx.execute(sql, &values).await?;
    let epoch = 1_u32;
    let wrapped = seal(epoch_place(&epoch.to_be_bytes()), epoch_key.reveal())?;
    let values = [epoch.into(), clock.now().as_microsecond().into(), wrapped.into()];
    tx.execute("INSERT INTO epochs (epoch, made_at, wrapped) VALUES (?, ?, ?)", &values).await?;
    let values = [Frontier::empty().to_bytes().into()];
    tx.execute("INSERT INTO log (one, size, frontier, stated) VALUES (1, 0, ?, 1)", &values).await?;
    Ok((origin, seed))
}

/// Lets go of what a process that died had claimed. The lock on the directory says that nobody else is there to hold a lease, so
/// nothing has to wait for one to run out; an attempt that had started still comes back as interrupted.
async fn release_leases(connection: &mut Connection, now: Timestamp) -> Result<(), OpenError> {
    let sql = "UPDATE deliveries SET due = MIN(due, ?), lease_until = 0 WHERE live = 1 AND lease_until > 0";
    connection.execute(sql, &[now.as_microsecond().into()]).await?;
    Ok(())
}

/// A column of a row that a store is opened with.
fn read<T: Column>(row: &Row, index: usize) -> Result<T, OpenError> {
    column(row, index).map_err(|_| OpenError::Damaged)
}

pub(crate) async fn load_epochs(connection: &mut Connection, keyring: &Keyring) -> Result<(), OpenError> {
    for row in connection.all("SELECT epoch, wrapped FROM epochs", &[]).await? {
        let (epoch, wrapped): (u32, Vec<u8>) = (read(&row, 0)?, read(&row, 1)?);
        let place = epoch.to_be_bytes();
        let key = keyring.root().open_key(epoch_place(&place), &wrapped).map_err(|_| OpenError::Damaged)?;
        keyring.add_epoch(epoch, key);
    }
    if keyring.current_epoch() == 0 { Err(Failure::Damaged.into()) } else { Ok(()) }
}
