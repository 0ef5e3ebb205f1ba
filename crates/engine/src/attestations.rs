//! What somebody attests about a patient beside the directory: kept with its kind, read back by who knows the kind.

use crate::engine::Engine;
use crate::error::UseError;
use crate::ledger_entry;
use crate::principal::Principal;
use crate::wire::WireError;
use jiff::Timestamp;
use postern_base::{PatientId, Phi, TenantId};
use postern_gate::facts::Address;
use postern_ledger::Kind;
use postern_store::{Attestation, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest text that says whence something is known, in characters.
const SOURCE_MAX: usize = 100;

/// Something attested, read.
#[derive(Debug, Clone)]
pub(crate) struct Attested<T> {
    /// The contact point it is about, if it is about one.
    pub(crate) point: Option<Address>,
    pub(crate) content: T,
    /// When it was recorded.
    pub(crate) added_at: Timestamp,
}

/// What is attested of one kind, in the order it was recorded.
///
/// # Errors
/// [`StoreError::Damaged`]: one that cannot be read may say anything, so nothing is decided without it.
pub(crate) fn of_kind<T: DeserializeOwned>(all: &[Attestation], kind: &str) -> Result<Vec<Attested<T>>, StoreError> {
    all.iter()
        .filter(|one| one.kind == kind)
        .map(|one| {
            let content = serde_json::from_slice(one.content.reveal()).map_err(|_| StoreError::Damaged)?;
            Ok(Attested { point: one.point.clone(), content, added_at: one.added_at })
        })
        .collect()
}

impl Engine {
    /// Records what is attested, with an entry of `code`; says when.
    pub(crate) async fn attest<T: Serialize>(
        &self,
        principal: &Principal,
        patient: &PatientId,
        words: (&'static str, &'static str),
        point: Option<Address>,
        content: &T,
    ) -> Result<Timestamp, UseError> {
        self.attest_as((&principal.tenant, principal.actor()), patient, words, point, content).await
    }

    /// The same, by whoever stands in the ledger as `actor`.
    pub(crate) async fn attest_as<T: Serialize>(
        &self,
        (tenant, actor): (&TenantId, String),
        patient: &PatientId,
        (kind, code): (&'static str, &'static str),
        point: Option<Address>,
        content: &T,
    ) -> Result<Timestamp, UseError> {
        let entry =
            ledger_entry::of(self, tenant, Kind::ConsentChanged, actor, code).map_err(|_| UseError::Unavailable)?;
        // As it will be read again.
        let added_at = Timestamp::from_microsecond(entry.at.as_microsecond()).unwrap_or(entry.at);
        let content = Phi::new(serde_json::to_vec(content).map_err(|_| UseError::Unavailable)?);
        let attested = Attestation { kind: kind.to_owned(), point, content, added_at };
        self.inner.store.tenant(tenant).attest(patient, attested, entry).await?;
        Ok(added_at)
    }

    /// Makes sure that the record has the patient.
    ///
    /// # Errors
    /// [`UseError::NotFound`]: there is no such patient.
    pub(crate) async fn must_know(&self, principal: &Principal, patient: &str) -> Result<(), UseError> {
        let patient = patient_id(patient)?;
        let mut reading = self.inner.store.tenant(&principal.tenant).reading().await?;
        let directory = self.directory(&mut reading, &patient, None, self.now()).await?;
        if directory.found { Ok(()) } else { Err(UseError::NotFound) }
    }

    /// The one of the patient's contact points, or of a person's related to them, that `text` names.
    ///
    /// # Errors
    /// [`UseError::NotFound`]: there is no such patient. Malformed, at `field`: the record has no such contact point.
    pub(crate) async fn point_of(
        &self,
        principal: &Principal,
        patient: &PatientId,
        field: &'static str,
        text: &str,
    ) -> Result<Address, UseError> {
        let mut reading = self.inner.store.tenant(&principal.tenant).reading().await?;
        let directory = self.directory(&mut reading, patient, None, self.now()).await?;
        if !directory.found {
            return Err(UseError::NotFound);
        }
        let wanted = crate::address::normal(text);
        let own = directory.record.patient.known().into_iter().flat_map(|patient| &patient.points);
        let others = directory.record.related.iter().flat_map(|person| &person.points);
        let found = own.chain(others).find(|point| **point.value.reveal() == *wanted);
        found.map(|point| point.value.clone()).ok_or_else(|| {
            WireError::new(field, "is no contact point on the patient's record: import the record with it first").into()
        })
    }
}

/// A time that a caller gives, or now; what is said to have happened has happened.
pub(crate) fn happened(field: &'static str, at: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, WireError> {
    match at {
        Some(at) if at > now => Err(WireError::new(field, "is in the future")),
        Some(at) => Ok(at),
        None => Ok(now),
    }
}

/// A name of whence something is known: a word or a few, on one line.
pub(crate) fn source(field: &'static str, text: &str) -> Result<String, WireError> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > SOURCE_MAX || text.chars().any(char::is_control) {
        return Err(WireError::new(field, format!("expected one line of 1 to {SOURCE_MAX} characters")));
    }
    Ok(text.to_owned())
}

/// A patient's id from a path.
pub(crate) fn patient_id(text: &str) -> Result<PatientId, UseError> {
    text.parse().map_err(|error: postern_base::id::BadPatientId| WireError::new("patient", error.to_string()).into())
}
