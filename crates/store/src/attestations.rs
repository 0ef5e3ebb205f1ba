//! What somebody attests about a patient beside the directory: a number was looked up, a notice was given, the patient objected.
//! Each is sealed with the patient's key and only ever added to. What is in one is nothing to the store.

use crate::coverage::ATTESTATIONS;
use crate::database::{Row, array, column, time};
use crate::frame::{Framer, Frames};
use crate::keys::PatientKey;
use crate::open::Tenanted;
use crate::reading::Reading;
use crate::records::StoreError;
use crate::rows::Insert;
use crate::seal::Place;
use jiff::Timestamp;
use postern_base::{PatientId, Phi};
use postern_gate::facts::Address;
use postern_ledger::Entry;
use std::sync::Arc;

/// Something attested about a patient.
#[derive(Debug, Clone)]
pub struct Attestation {
    /// What it is, in the engine's words.
    pub kind: String,
    /// The contact point it is about, if it is about one.
    pub point: Option<Address>,
    /// The rest, as the engine writes it.
    pub content: Phi<Vec<u8>>,
    /// When it was recorded.
    pub added_at: Timestamp,
}

const INSERT: &str = "INSERT INTO attestations (tenant, name, patient, added_at, content) VALUES";
const SELECT: &str = "SELECT name, added_at, content FROM attestations WHERE tenant = ? AND patient = ? ORDER BY seq";

const LATELY: &str = "SELECT name, added_at, content, seq, patient FROM attestations WHERE tenant = ? AND seq < ? ORDER BY seq DESC LIMIT ?";

/// The place of an attestation.
const fn content_of(name: &[u8]) -> Place<'_> {
    Place { table: "attestations", column: "content", row: name }
}

impl Tenanted {
    /// Records what is attested about a patient, with its entry; when, says the entry.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: there is no such patient. [`StoreError::KeyDestroyed`]: there is none any more.
    pub async fn attest(&self, patient: &PatientId, attested: Attestation, entry: Entry) -> Result<(), StoreError> {
        let tenant = self.keys().await?;
        self.admissible(std::slice::from_ref(&entry))?;
        let index = tenant.patient(patient);
        let key = self.shared.keyring.patient(&self.shared.readers, &tenant, index).await?;
        let key = key.ok_or(StoreError::NotFound)?;
        let rng = self.shared.keyring.rng();
        let mut name = [0u8; 16];
        rng.fill(&mut name).map_err(|_| StoreError::Unavailable)?;
        let mut content = Framer::default();
        content
            .put(attested.kind.as_bytes())
            .put_optional(attested.point.as_ref().map(|point| point.reveal().as_bytes()))
            .put(attested.content.reveal());
        let sealed = key.sealer().seal(content_of(&name), &content.finish(), rng)?;
        let row = vec![
            tenant.seq.into(),
            name.to_vec().into(),
            index.to_vec().into(),
            entry.at.as_microsecond().into(),
            sealed.into(),
        ];
        let entries = vec![entry];
        self.shared.queue.write(Insert { tenant, table: &ATTESTATIONS, head: INSERT, row, tail: "", entries }).await?;
        Ok(())
    }
}

impl Tenanted {
    /// What was attested about any patient, the newest first, below `before`, at most `limit` rows: with its number and the patient. What is
    /// of a patient whose key is destroyed is not there.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Damaged`].
    pub async fn attested_lately(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<(i64, Option<(PatientId, Attestation)>)>, StoreError> {
        let tenant = self.keys().await?;
        let values = vec![tenant.seq.into(), before.unwrap_or(i64::MAX).into(), i64::from(limit).into()];
        let mut found = Vec::new();
        for row in self.shared.all(LATELY, values).await? {
            let number = column(&row, 3)?;
            found.push(match self.patient_key(&tenant, array(&row, 4)?).await {
                Err(StoreError::KeyDestroyed) => (number, None),
                key => {
                    let key = key?;
                    (number, Some((key.patient.clone(), open(&key, &row)?)))
                }
            });
        }
        Ok(found)
    }
}

impl Reading {
    /// Everything attested about a patient, in the order it was recorded. Nothing is there once the patient's key is destroyed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Damaged`].
    pub async fn attestations(&mut self, patient: &PatientId) -> Result<Vec<Attestation>, StoreError> {
        self.of_patient(patient, SELECT, open).await
    }
}

fn open(key: &PatientKey, row: &Row) -> Result<Attestation, StoreError> {
    let name: [u8; 16] = array(row, 0)?;
    let sealed: Vec<u8> = column(row, 2)?;
    let plain = key.sealer().open(content_of(&name), &sealed)?;
    let mut frames = Frames(plain.reveal());
    let kind = frames.text()?.to_owned();
    let point = frames.optional_text()?.map(|text| Phi::new(Arc::from(text)));
    Ok(Attestation { kind, point, content: Phi::new(frames.take()?.to_vec()), added_at: time(row, 1)? })
}
