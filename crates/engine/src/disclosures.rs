//! The accounting of disclosures (45 CFR 164.528): what the patient may ask to be told of, for six years back.
//!
//! What Postern sends for care, payment and operations, to the patient, to who stands for them and to whom they involve in their care, is
//! no part of it (45 CFR 164.528(a)(1)). What is: a disclosure that a person makes because a law asks for it, which that person records
//! here, and what went to a place that was not the patient's, which is found here.

use crate::attestations::{Attested, happened, of_kind, patient_id, source};
use crate::engine::Engine;
use crate::error::UseError;
use crate::principal::{Principal, Scope};
use crate::verifications::{Finding, findings};
use crate::wire::{DisclosureView, Known, NewDisclosure, WireError};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use postern_base::{Channel, PatientId};
use postern_gate::facts::{Address, PastDelivery, PastOutcome, Reassigned};
use postern_gate::reference::ACCOUNTING_LOOKBACK;
use postern_store::{Attestation, Reading};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

const KIND: &str = "disclosure 1";
const CODE: &str = "disclosure_recorded";

/// A disclosure as kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    at: Timestamp,
    recipient: String,
    address: Option<String>,
    what: String,
    purpose: String,
}

/// That a place was found not to be the patient's, and when.
struct Stranger {
    point: Address,
    found_at: Timestamp,
}

impl Engine {
    /// Records a disclosure that somebody made: whoever makes one that a law asks for, or that went astray by other ways than a message.
    ///
    /// # Errors
    /// [`UseError`]: malformed when a part is missing, or when it is of the future.
    pub async fn add_disclosure(
        &self,
        principal: &Principal,
        patient: &str,
        new: &NewDisclosure,
    ) -> Result<DisclosureView, UseError> {
        principal.must(Scope::ConsentWrite)?;
        let patient = patient_id(patient)?;
        let kept = read(new, self.now())?;
        let added_at = self.attest(principal, &patient, (KIND, CODE), None, &kept).await?;
        Ok(view(&Attested { point: None, content: kept, added_at }))
    }

    /// The accounting of a patient's disclosures, oldest first: of the six years before now.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn disclosures(&self, principal: &Principal, patient: &str) -> Result<Vec<DisclosureView>, UseError> {
        principal.must(Scope::ConsentRead)?;
        let patient = patient_id(patient)?;
        let now = self.now();
        // 45 CFR 164.528(a)(1): "in the six years prior to the date on which the accounting is requested".
        let first = now.to_zoned(TimeZone::UTC).checked_sub(ACCOUNTING_LOOKBACK.years());
        let since = first.map_or(Timestamp::MIN, |first| first.timestamp());
        let mut reading = self.inner.store.tenant(&principal.tenant).reading().await?;
        let all = reading.attestations(&patient).await?;
        let recorded: Vec<Attested<Kept>> = of_kind(&all, KIND)?;
        let mut told: Vec<DisclosureView> = recorded.iter().filter(|one| one.content.at >= since).map(view).collect();
        told.extend(self.misdirected(&mut reading, &patient, &all, since).await?);
        told.sort_by_key(|one| one.at);
        Ok(told)
    }

    /// What went, since `since`, to a place after it was last known to be the patient's and before it was found to be somebody else's.
    async fn misdirected(
        &self,
        reading: &mut Reading,
        patient: &PatientId,
        all: &[Attestation],
        since: Timestamp,
    ) -> Result<Vec<DisclosureView>, UseError> {
        let mut sent = reading.past_deliveries(patient, &[], since, None).await?;
        sent.retain(|one| one.outcome != Some(PastOutcome::Failed) && leaves(one.channel));
        let points: BTreeSet<Address> = sent.iter().map(|one| one.point.clone()).collect();
        let points: Vec<Address> = points.into_iter().collect();
        let names = self.directory(reading, patient, None, self.now()).await?.record.identity.names;
        let findings = findings(all)?;
        let mut strangers = Vec::new();
        for message in reading.inbound(&points, since).await? {
            let heard = self.inner.readings.heard(&message.text, &names).meaning();
            if heard.is_some_and(|meaning| meaning.reviewed(message.reviewed).is_wrong_number()) {
                strangers.push(Stranger { point: message.point, found_at: message.at });
            }
        }
        for check in crate::number_checks::answers(&crate::number_checks::looked_up(all)?) {
            if check.reassigned == Reassigned::Yes {
                strangers.push(Stranger { point: check.point, found_at: check.checked_at });
            }
        }
        let denied = findings.iter().filter(|finding| !finding.verified);
        strangers.extend(denied.map(|one| Stranger { point: one.point.clone(), found_at: one.at }));
        Ok(sent.iter().filter_map(|one| astray(one, &strangers, &findings)).collect())
    }
}

/// Whether what goes by this channel leaves our own house.
const fn leaves(channel: Channel) -> bool {
    !matches!(channel, Channel::Portal | Channel::Chat | Channel::ChatAnonymous)
}

/// The disclosure that a delivery was, where its place was found to be somebody else's afterwards and nobody had verified it since the
/// delivery.
fn astray(sent: &PastDelivery, strangers: &[Stranger], findings: &[Finding]) -> Option<DisclosureView> {
    let found = strangers.iter().filter(|one| one.point == sent.point && one.found_at >= sent.at);
    let found_at = found.map(|one| one.found_at).min()?;
    let theirs = |one: &Finding| one.verified && one.point == sent.point && (sent.at..found_at).contains(&one.at);
    if findings.iter().any(theirs) {
        return None;
    }
    Some(DisclosureView {
        at: sent.at,
        recipient: "unknown: whoever is reached there".to_owned(),
        address: Some(sent.point.reveal().to_string()),
        what: format!("a message about the patient ({}), by {}", sent.purpose, sent.channel),
        purpose: "none: it was sent in error to a place that was found not to be the patient's".to_owned(),
        known: Known::Misdirected,
        known_at: found_at,
    })
}

fn read(new: &NewDisclosure, now: Timestamp) -> Result<Kept, WireError> {
    Ok(Kept {
        at: happened("at", new.at, now)?,
        recipient: source("recipient", &new.recipient)?,
        address: new.address.as_deref().map(|address| source("address", address)).transpose()?,
        what: source("what", &new.what)?,
        purpose: source("purpose", &new.purpose)?,
    })
}

fn view(one: &Attested<Kept>) -> DisclosureView {
    let kept = &one.content;
    DisclosureView {
        at: kept.at,
        recipient: kept.recipient.clone(),
        address: kept.address.clone(),
        what: kept.what.clone(),
        purpose: kept.purpose.clone(),
        known: Known::Recorded,
        known_at: one.added_at,
    }
}
