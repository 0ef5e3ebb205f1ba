//! Certificates of patients' mailboxes, sealed with their owner's key. What is in one is nothing to the store.

use crate::coverage::CERTIFICATES;
use crate::database::{Failure, Row, array, column, time};
use crate::frame::{Framer, Frames};
use crate::keys::{PatientKey, TenantKeys};
use crate::open::Tenanted;
use crate::reading::Reading;
use crate::records::StoreError;
use crate::rows::Insert;
use crate::seal::Place;
use crate::writer::{Tx, Write};
use jiff::Timestamp;
use postern_base::{PatientId, Phi};
use postern_gate::facts::Address;
use postern_ledger::Entry;
use std::sync::Arc;

/// A certificate on record.
#[derive(Debug, Clone)]
pub struct CertificateRecord {
    /// What names it; of no meaning.
    pub name: [u8; 16],
    /// The address it was brought for.
    pub address: Address,
    /// The certificate and its issuers, as they were brought.
    pub certificates: Phi<Vec<u8>>,
    /// When it was added.
    pub added_at: Timestamp,
}

const INSERT: &str = "INSERT INTO certificates (tenant, name, patient, point, added_at, content) VALUES";
const SELECT: &str = "SELECT name, added_at, content FROM certificates \
     WHERE tenant = ? AND patient = ? AND removed_at IS NULL ORDER BY seq";

/// The place of a certificate.
const fn content_of(name: &[u8]) -> Place<'_> {
    Place { table: "certificates", column: "content", row: name }
}

#[derive(Debug)]
struct Remove {
    tenant: Arc<TenantKeys>,
    name: [u8; 16],
    entry: Entry,
}

impl Write for Remove {
    /// Whether it was there.
    type Output = bool;
    async fn run(&self, tx: &mut Tx) -> Result<bool, Failure> {
        let sql = "UPDATE certificates SET removed_at = ? WHERE tenant = ? AND name = ? AND removed_at IS NULL";
        let values = vec![tx.now.as_microsecond().into(), self.tenant.seq.into(), self.name.to_vec().into()];
        let removed = tx.write(&self.tenant, &CERTIFICATES, sql, values).await? > 0;
        if removed {
            tx.append(&self.tenant, &self.entry).await?;
        }
        Ok(removed)
    }
}

impl Tenanted {
    /// Adds a certificate for one of a patient's addresses, with its entry.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: there is no such patient. [`StoreError::KeyDestroyed`]: there is none any more.
    pub async fn add_certificate(
        &self,
        patient: &PatientId,
        address: &Address,
        certificates: &Phi<Vec<u8>>,
        entry: Entry,
    ) -> Result<(), StoreError> {
        let tenant = self.keys().await?;
        self.admissible(std::slice::from_ref(&entry))?;
        let index = tenant.patient(patient);
        let key = self.shared.keyring.patient(&self.shared.readers, &tenant, index).await?;
        let key = key.ok_or(StoreError::NotFound)?;
        let rng = self.shared.keyring.rng();
        let mut name = [0u8; 16];
        rng.fill(&mut name).map_err(|_| StoreError::Unavailable)?;
        let mut content = Framer::default();
        content.put(address.reveal().as_bytes()).put(certificates.reveal());
        let sealed = key.sealer().seal(content_of(&name), &content.finish(), rng)?;
        let row = vec![
            tenant.seq.into(),
            name.to_vec().into(),
            index.to_vec().into(),
            tenant.point(address.reveal()).to_vec().into(),
            entry.at.as_microsecond().into(),
            sealed.into(),
        ];
        let entries = vec![entry];
        self.shared.queue.write(Insert { tenant, table: &CERTIFICATES, head: INSERT, row, tail: "", entries }).await?;
        Ok(())
    }

    /// Takes a certificate out of use, with its entry; `false` = it was not there. The row stays.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove_certificate(&self, name: [u8; 16], entry: Entry) -> Result<bool, StoreError> {
        let tenant = self.keys().await?;
        self.admissible(std::slice::from_ref(&entry))?;
        self.shared.queue.write(Remove { tenant, name, entry }).await
    }
}

impl Reading {
    /// The certificates in use of a patient, oldest first. None is there once the patient's key is destroyed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Damaged`].
    pub async fn certificates(&mut self, patient: &PatientId) -> Result<Vec<CertificateRecord>, StoreError> {
        self.of_patient(patient, SELECT, record).await
    }
}

fn record(key: &PatientKey, row: &Row) -> Result<CertificateRecord, StoreError> {
    let name: [u8; 16] = array(row, 0)?;
    let sealed: Vec<u8> = column(row, 2)?;
    let plain = key.sealer().open(content_of(&name), &sealed)?;
    let mut frames = Frames(plain.reveal());
    let address = Phi::new(frames.text()?.into());
    Ok(CertificateRecord { name, address, certificates: Phi::new(frames.take()?.to_vec()), added_at: time(row, 1)? })
}
