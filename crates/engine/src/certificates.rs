//! Certificates of patients' mailboxes: brought in, looked at anew for every decision, taken out of use.
//!
//! What is on record is the certificate itself. Whether it is to be used is decided each time, from what the practice believes then:
//! a revocation list that came this morning counts for what was brought last year.

use crate::address;
use crate::engine::Engine;
use crate::error::UseError;
use crate::ledger_entry;
use crate::principal::{Principal, Scope};
use crate::wire::{CertificateView, NewCertificate, WireError};
use jiff::Timestamp;
use postern_base::{EmailMode, Hex, PatientId, Phi};
use postern_channels::email::smime::{Bundle, Examined, Recipient, Trust, Unfit};
use postern_gate::facts::{Address, Certificate};
use postern_gate::{Fact, Request};
use postern_ledger::Kind;
use postern_store::{CertificateRecord, Reading, StoreError};
use std::sync::Arc;

impl Engine {
    /// Says which authorities and revocation lists are believed from now on; `None` = no certificate is used.
    pub fn believe(&self, trust: Option<Arc<Trust>>) {
        if let Ok(mut believed) = self.inner.trust.write() {
            *believed = trust;
        }
    }

    fn trust(&self) -> Option<Arc<Trust>> {
        self.inner.trust.read().ok()?.clone()
    }

    /// Adds the certificate of one of a patient's addresses. One that is there already is answered as it is.
    ///
    /// # Errors
    /// [`UseError`]: malformed, with the reason, when the certificate can never be used as it is; one of which nobody can tell
    /// whether it was revoked is kept, and used once a list says that it was not.
    pub async fn add_certificate(
        &self,
        principal: &Principal,
        patient: &str,
        new: &NewCertificate,
    ) -> Result<CertificateView, UseError> {
        principal.must(Scope::DirectoryWrite)?;
        let patient = patient_id(patient)?;
        let trust = self.trust().ok_or_else(not_set_up)?;
        let address: Address = Phi::new(address::normal(&new.address).into());
        let bundle =
            Bundle::read_text(&new.certificate).map_err(|error| WireError::new("certificate", error.to_string()))?;
        let now = self.now();
        let examined = trust.examine(&bundle, address.reveal(), now).ok_or_else(|| unfit(Unfit::Unreadable))?;
        match examined.fit() {
            Ok(()) | Err(Unfit::RevocationUnknown) => {}
            Err(why) => return Err(unfit(why).into()),
        }
        let tenant = self.inner.store.tenant(&principal.tenant);
        let known = tenant.reading().await?.certificates(&patient).await?;
        let same = |record: &&CertificateRecord| {
            record.address == address
                && look(&trust, record, now).is_some_and(|there| there.fingerprint == examined.fingerprint)
        };
        if let Some(there) = known.iter().find(same) {
            return Ok(view(there.added_at, &examined));
        }
        let pem = bundle.to_pem(address.reveal()).map_err(|_| unfit(Unfit::Unreadable))?;
        let entry =
            ledger_entry::of(self, &principal.tenant, Kind::Administered, principal.actor(), "certificate_added")
                .map_err(|_| UseError::Unavailable)?;
        // As it will be read again.
        let added_at = Timestamp::from_microsecond(entry.at.as_microsecond()).unwrap_or(entry.at);
        tenant.add_certificate(&patient, &address, &Phi::new(pem), entry).await?;
        Ok(view(added_at, &examined))
    }

    /// A patient's certificates, oldest first, as they stand now.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn certificates(&self, principal: &Principal, patient: &str) -> Result<Vec<CertificateView>, UseError> {
        principal.must(Scope::DirectoryWrite)?;
        let patient = patient_id(patient)?;
        let trust = self.trust().ok_or_else(not_set_up)?;
        let records = self.inner.store.tenant(&principal.tenant).reading().await?.certificates(&patient).await?;
        let now = self.now();
        Ok(records.iter().filter_map(|record| Some(view(record.added_at, &look(&trust, record, now)?))).collect())
    }

    /// Takes a certificate out of use, named by its fingerprint (SHA-256 in hexadecimal).
    ///
    /// # Errors
    /// [`UseError`]; `NotFound` when the patient has none of that fingerprint.
    pub async fn remove_certificate(
        &self,
        principal: &Principal,
        patient: &str,
        fingerprint: &str,
    ) -> Result<(), UseError> {
        principal.must(Scope::DirectoryWrite)?;
        let patient = patient_id(patient)?;
        let trust = self.trust().ok_or_else(not_set_up)?;
        let tenant = self.inner.store.tenant(&principal.tenant);
        let now = self.now();
        let mut removed = false;
        for record in tenant.reading().await?.certificates(&patient).await? {
            let same =
                look(&trust, &record, now).is_some_and(|there| Hex(&there.fingerprint).to_string() == fingerprint);
            if same {
                let (actor, kind) = (principal.actor(), Kind::Administered);
                let entry = ledger_entry::of(self, &principal.tenant, kind, actor, "certificate_removed")
                    .map_err(|_| UseError::Unavailable)?;
                removed |= tenant.remove_certificate(record.name, entry).await?;
            }
        }
        if removed { Ok(()) } else { Err(UseError::NotFound) }
    }

    /// The patient's certificates as the gate sees them. Nothing else looks at them, so they are read only for a request that asks
    /// to encrypt.
    pub(crate) async fn certificate_facts(
        &self,
        request: &Request,
        reading: &mut Reading,
        now: Timestamp,
    ) -> Result<Vec<Certificate>, StoreError> {
        let Some(trust) = self.trust().filter(|_| request.email_mode == Some(EmailMode::Smime)) else {
            return Ok(Vec::new());
        };
        let records = reading.certificates(&request.patient).await?;
        Ok(records
            .iter()
            .filter_map(|record| {
                let found = look(&trust, record, now)?;
                Some(Certificate {
                    address: record.address.clone(),
                    from: found.from,
                    until: found.until,
                    // One that nothing can be encrypted to is as good as one that nobody vouches for.
                    trusted: found.trusted && found.encrypts,
                    revoked: Fact::recorded(found.revoked),
                    names_address: found.names_address,
                })
            })
            .collect())
    }

    /// Somebody at `address` to encrypt to, with the certificate on record; `None` when there is none that is fit now.
    pub(crate) async fn recipient(
        &self,
        reading: &mut Reading,
        patient: &PatientId,
        address: &Address,
        now: Timestamp,
    ) -> Result<Option<(Recipient, Phi<Vec<u8>>)>, StoreError> {
        let Some(trust) = self.trust() else { return Ok(None) };
        let records = reading.certificates(patient).await?;
        Ok(records.into_iter().filter(|record| record.address == *address).find_map(|record| {
            let bundle = Bundle::read(record.certificates.reveal()).ok()?;
            let recipient = trust.recipient(&bundle, address.reveal(), now).ok()?;
            Some((recipient, record.certificates))
        }))
    }
}

fn look(trust: &Trust, record: &CertificateRecord, now: Timestamp) -> Option<Examined> {
    trust.examine(&Bundle::read(record.certificates.reveal()).ok()?, record.address.reveal(), now)
}

fn view(added_at: Timestamp, examined: &Examined) -> CertificateView {
    let unfit = examined.fit().err();
    CertificateView {
        fingerprint: Hex(&examined.fingerprint).to_string(),
        not_before: examined.from,
        not_after: examined.until,
        usable: unfit.is_none(),
        reason: unfit.map(|why| why.code().to_owned()),
        added_at,
    }
}

fn unfit(why: Unfit) -> WireError {
    WireError::new("certificate", why.to_string())
}

fn not_set_up() -> WireError {
    WireError::new("certificate", "no authority for mail certificates is configured: set `smime.authorities`")
}

fn patient_id(text: &str) -> Result<PatientId, UseError> {
    text.parse().map_err(|error: postern_base::id::BadPatientId| WireError::new("patient", error.to_string()).into())
}
