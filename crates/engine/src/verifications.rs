//! Whether contact points are the patient's own: what the record says, what Postern learned itself (a wrong-number reply, a bounce), and
//! what somebody found out and recorded. The newest word counts, and of two of the same instant the one against it.

use crate::attestations::{Attested, happened, of_kind, patient_id, source};
use crate::engine::Engine;
use crate::error::UseError;
use crate::number_checks::ending;
use crate::principal::{Principal, Scope};
use crate::wire::{NewVerification, VerificationView, WireError};
use jiff::Timestamp;
use postern_gate::Fact;
use postern_gate::facts::{Address, ContactPoint, Verification};
use postern_store::{Attestation, OwnVerification, StoreError};
use serde::{Deserialize, Serialize};

const KIND: &str = "verification 1";

/// A verification as kept; the contact point stands beside it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    verified: bool,
    at: Timestamp,
    until: Option<Timestamp>,
    how: String,
}

impl Engine {
    /// Records that one of a patient's contact points is their own, or is not.
    ///
    /// # Errors
    /// [`UseError`]: malformed when it is of the future, over already, or of a contact point that is not on the patient's record.
    pub async fn add_verification(
        &self,
        principal: &Principal,
        patient: &str,
        new: &NewVerification,
    ) -> Result<VerificationView, UseError> {
        principal.must(Scope::ConsentWrite)?;
        let patient = patient_id(patient)?;
        let at = happened("at", new.at, self.now())?;
        if new.until.is_some_and(|until| until <= at || !new.verified) {
            return Err(
                WireError::new("until", "expected a time after `at`, of a contact point that is verified").into()
            );
        }
        let kept = Kept { verified: new.verified, at, until: new.until, how: source("how", &new.how)? };
        let point = self.point_of(principal, &patient, "contact_point", &new.contact_point).await?;
        let code = if new.verified { "point_verified" } else { "point_not_theirs" };
        let added_at = self.attest(principal, &patient, (KIND, code), Some(point.clone()), &kept).await?;
        Ok(view(&Attested { point: Some(point), content: kept, added_at }))
    }

    /// What was recorded of a patient's contact points, in the order it was recorded.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn verifications(&self, principal: &Principal, patient: &str) -> Result<Vec<VerificationView>, UseError> {
        principal.must(Scope::ConsentRead)?;
        let patient = patient_id(patient)?;
        let all = self.inner.store.tenant(&principal.tenant).reading().await?.attestations(&patient).await?;
        Ok(found_out(&all)?.iter().map(view).collect())
    }
}

/// The verifications among what is attested.
pub(crate) fn found_out(all: &[Attestation]) -> Result<Vec<Attested<Kept>>, StoreError> {
    of_kind(all, KIND)
}

/// What somebody found out about one contact point.
#[derive(Debug)]
pub(crate) struct Finding {
    /// The contact point.
    pub(crate) point: Address,
    /// It is the patient's own.
    pub(crate) verified: bool,
    /// When it was found out.
    pub(crate) at: Timestamp,
}

/// What was found out of contact points, in the order it was recorded.
pub(crate) fn findings(all: &[Attestation]) -> Result<Vec<Finding>, StoreError> {
    let read =
        |one: Attested<Kept>| Some(Finding { point: one.point?, verified: one.content.verified, at: one.content.at });
    Ok(found_out(all)?.into_iter().filter_map(read).collect())
}

/// Whether somebody recorded at `since`, or after it, that `point` is the patient's own.
pub(crate) fn verified_since(all: &[Attestation], point: &Address, since: Timestamp) -> Result<bool, StoreError> {
    let of_it =
        |one: &Attested<Kept>| one.point.as_ref() == Some(point) && one.content.verified && one.content.at >= since;
    Ok(found_out(all)?.iter().any(of_it))
}

/// What is known of each point: Postern's own knowledge stands above the record, and what was found out since above both.
pub(crate) fn know(points: &mut [ContactPoint], own: &[OwnVerification], found_out: &[Attested<Kept>]) {
    const NOT_THEIRS: Verification = Verification { validated: false, last: None, next: None };
    for point in points {
        let own = own.iter().find(|own| own.point == point.value);
        if let Some(own) = own {
            point.verification = Fact::Known(own.verification.unwrap_or(NOT_THEIRS));
        }
        // What is of the same instant as a word against it does not outdo it.
        let of_this = found_out.iter().filter(|one| one.point.as_ref() == Some(&point.value));
        let Some(newest) = of_this.max_by_key(|one| (one.content.at, !one.content.verified)) else { continue };
        let word = &newest.content;
        let before = match own {
            Some(own) => own.at,
            None => point.verification.known().and_then(|verification| verification.last),
        };
        if before.is_none_or(|before| before < word.at || (before == word.at && !word.verified)) {
            let theirs = Verification { validated: true, last: Some(word.at), next: word.until };
            point.verification = Fact::Known(if word.verified { theirs } else { NOT_THEIRS });
        }
    }
}

fn view(one: &Attested<Kept>) -> VerificationView {
    let kept = &one.content;
    VerificationView {
        contact_point_ends: one.point.as_ref().map(ending).unwrap_or_default(),
        verified: kept.verified,
        at: kept.at,
        until: kept.until,
        how: kept.how.clone(),
        added_at: one.added_at,
    }
}
