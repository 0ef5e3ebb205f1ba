//! What decisions were made from, kept sealed so that each can be made again, and the policies they were made under.

use crate::coverage::{DECISIONS, POLICIES};
use crate::database::{Failure, Location, Readers, Row, Use, Value, array, bytes, column, id};
use crate::keys::{Keyring, PatientKey, TenantKeys};
use crate::open::{Tenanted, load_epochs, read_installation};
use crate::records::{KeptDecision, OpenError, RootKey, StoreError};
use crate::seal::Place;
use crate::writer::{Tx, Write};
use postern_base::{EntryId, MessageId, Phi, Rng, SystemRng, TenantId};
use postern_ledger::{CommitmentKey, Entry};
use std::path::Path;
use std::sync::Arc;

/// The head of an INSERT of what a decision was made from.
pub(crate) const DECISION: &str = "INSERT INTO decisions (tenant, entry, message, patient, facts) VALUES";

/// The place of what a decision was made from.
const fn facts_of(entry: &[u8]) -> Place<'_> {
    Place { table: "decisions", column: "facts", row: entry }
}

/// The place of a policy's text.
const fn content_of(version: &str) -> Place<'_> {
    Place { table: "policies", column: "content", row: version.as_bytes() }
}

/// A row of [`DECISION`].
pub(crate) fn row(
    tenant: &TenantKeys,
    key: &PatientKey,
    message: MessageId,
    entry: EntryId,
    facts: &Phi<Vec<u8>>,
    rng: &dyn Rng,
) -> Result<Vec<Value>, StoreError> {
    let sealed = key.sealer().seal(facts_of(entry.0.as_bytes()), facts.reveal(), rng)?;
    Ok(vec![tenant.seq.into(), bytes(entry.0), bytes(message.0), key.index.to_vec().into(), sealed.into()])
}

/// Writes a row of [`DECISION`], once per entry.
pub(crate) async fn keep(tx: &mut Tx, tenant: &TenantKeys, row: &[Value]) -> Result<(), Failure> {
    tx.insert(DECISION, &[row], "").await?;
    tx.state(tenant, DECISIONS.inserted(DECISION, row)?);
    Ok(())
}

/// Keeps a policy's text.
#[derive(Debug)]
struct KeepPolicy {
    tenant: Arc<TenantKeys>,
    row: Vec<Value>,
    entry: Entry,
}

impl Write for KeepPolicy {
    type Output = ();
    async fn run(&self, tx: &mut Tx) -> Result<(), Failure> {
        let sql =
            "INSERT INTO policies (tenant, version, content) VALUES (?, ?, ?) ON CONFLICT (tenant, version) DO NOTHING";
        if tx.write(&self.tenant, &POLICIES, sql, self.row.clone()).await? > 0 {
            tx.append(&self.tenant, &self.entry).await?;
        }
        Ok(())
    }
}

impl Tenanted {
    /// Keeps the text of a policy under its version, once, so that a decision made under it can be made again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keep_policy(&self, version: &str, content: &[u8], entry: Entry) -> Result<(), StoreError> {
        let tenant = self.keys().await?;
        self.admissible(std::slice::from_ref(&entry))?;
        let sql = "SELECT 1 FROM policies WHERE tenant = ? AND version = ?";
        if self.shared.one(sql, vec![tenant.seq.into(), version.into()]).await?.is_some() {
            return Ok(());
        }
        let sealed = tenant.sealer().seal(content_of(version), content, self.shared.keyring.rng())?;
        let row = vec![tenant.seq.into(), version.into(), sealed.into()];
        self.shared.queue.write(KeepPolicy { tenant, row, entry }).await
    }
}

/// The decisions of a data directory, read with the root key and without the directory's lock: for `postern verify --replay`,
/// beside a running process or after it.
#[derive(Debug)]
pub struct Decisions {
    readers: Readers,
    keyring: Keyring,
}

impl Decisions {
    /// Opens the database in `dir` for reading.
    ///
    /// # Errors
    /// [`OpenError::WrongRootKey`], [`OpenError::Newer`], [`OpenError::Damaged`], [`OpenError::Io`].
    pub async fn open(dir: &Path, root: RootKey) -> Result<Self, OpenError> {
        let location = Location::of(dir);
        std::fs::metadata(&location.path).map_err(OpenError::Io)?;
        let mut connection = location.connect(Use::Reader)?;
        // A database of an earlier version has kept nothing to make a decision from.
        if crate::schema::version(&mut connection).await? < 2 {
            return Err(OpenError::Damaged);
        }
        let keyring = Keyring::new(root, Arc::new(SystemRng));
        read_installation(&mut connection, &keyring).await?;
        load_epochs(&mut connection, &keyring).await?;
        Ok(Self { readers: Readers::open(location)?, keyring })
    }

    /// Up to `limit` decisions in the order they were kept, after the place `after` (0 = from the first).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Damaged`].
    pub async fn page(&self, after: i64, limit: u32) -> Result<Vec<KeptDecision>, StoreError> {
        let sql =
            "SELECT seq, tenant, entry, message, patient, facts FROM decisions WHERE seq > ? ORDER BY seq LIMIT ?";
        let rows = self.all(sql, vec![after.into(), i64::from(limit).into()]).await?;
        let mut page = Vec::with_capacity(rows.len());
        for row in &rows {
            page.push(self.read(row).await?);
        }
        Ok(page)
    }

    async fn read(&self, row: &Row) -> Result<KeptDecision, StoreError> {
        let tenant = self.keyring.tenant_by_seq(&self.readers, column(row, 1)?).await?;
        let (entry, message) = (EntryId(id(row, 2)?), MessageId(id(row, 3)?));
        Ok(KeptDecision {
            place: column(row, 0)?,
            tenant: tenant.id.clone(),
            message,
            entry: self.entry(&tenant, message, entry).await?,
            opened: self.open_facts(&tenant, row, message, entry).await,
        })
    }

    async fn open_facts(
        &self,
        tenant: &Arc<TenantKeys>,
        row: &Row,
        message: MessageId,
        entry: EntryId,
    ) -> Result<(CommitmentKey, Phi<Vec<u8>>), StoreError> {
        let patient = array(row, 4)?;
        let key = self.keyring.patient(&self.readers, tenant, patient).await?.ok_or(StoreError::Damaged)?;
        let facts = key.sealer().open(facts_of(entry.0.as_bytes()), &column::<Vec<u8>>(row, 5)?)?;
        let sql = "SELECT commitment_key FROM messages WHERE tenant = ? AND id = ? AND patient = ?";
        let values = vec![tenant.seq.into(), bytes(message.0), patient.to_vec().into()];
        let rows = self.all(sql, values).await?;
        let sealed: Vec<u8> = column(rows.first().ok_or(StoreError::Damaged)?, 0)?;
        let place = crate::accept::part("commitment_key", message.0.as_bytes());
        Ok((key.sealer().open_key(place, &sealed)?, facts))
    }

    async fn entry(&self, tenant: &TenantKeys, message: MessageId, id: EntryId) -> Result<Option<Entry>, StoreError> {
        let sql = "SELECT leaf FROM leaves WHERE tenant = ? AND message = ? AND entry = ?";
        let rows = self.all(sql, vec![tenant.seq.into(), bytes(message.0), bytes(id.0)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Entry::from_bytes(&column::<Vec<u8>>(row, 0)?).ok())
    }

    /// The text of a policy as it was kept.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Damaged`].
    pub async fn policy(&self, tenant: &TenantId, version: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let keys = self.keyring.tenant(&self.readers, tenant).await?;
        let sql = "SELECT content FROM policies WHERE tenant = ? AND version = ?";
        let rows = self.all(sql, vec![keys.seq.into(), version.into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        keys.sealer().open(content_of(version), &column::<Vec<u8>>(row, 0)?).map(|text| Some(text.into_inner()))
    }

    async fn all(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        Ok(self.readers.all(sql, &values).await?)
    }
}
