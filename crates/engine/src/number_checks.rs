//! Look-ups of numbers: whether one was given to somebody else (47 CFR 64.1200(m)), and what kind of line it is. Postern asks no
//! database itself; whoever does records the answer, and the gate obeys it at the next decision, also for what is queued.

use crate::attestations::{Attested, happened, of_kind, patient_id, source};
use crate::engine::Engine;
use crate::error::UseError;
use crate::principal::{Principal, Scope};
use crate::wire::{LineKind, NewNumberCheck, NumberCheckView, Reassigned, WireError};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use postern_channels::sms::rates::Carrier;
use postern_gate::Fact;
use postern_gate::facts::{self, ContactPoint, LineType, NumberCheck};
use postern_store::{Attestation, StoreError};
use serde::{Deserialize, Serialize};

const KIND: &str = "number_check 1";
const CODE: &str = "number_checked";

/// A look-up as kept; the number stands beside it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    checked_at: Timestamp,
    source: String,
    reassigned: Option<Reassigned>,
    known_on: Option<Date>,
    line_type: Option<LineKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    carrier: Option<Carrier>,
}

impl Engine {
    /// Records a look-up of one of a patient's numbers.
    ///
    /// # Errors
    /// [`UseError`]: malformed when it says nothing, or of the future, or of a number that is not on the patient's record.
    pub async fn add_number_check(
        &self,
        principal: &Principal,
        patient: &str,
        new: &NewNumberCheck,
    ) -> Result<NumberCheckView, UseError> {
        principal.must(Scope::ConsentWrite)?;
        let patient = patient_id(patient)?;
        let kept = read(new, self.now())?;
        let point = self.point_of(principal, &patient, "number", &new.number).await?;
        if !point.reveal().starts_with('+') {
            return Err(WireError::new("number", "expected a telephone number").into());
        }
        let added_at = self.attest(principal, &patient, (KIND, CODE), Some(point.clone()), &kept).await?;
        Ok(view(&Attested { point: Some(point), content: kept, added_at }))
    }

    /// The look-ups of a patient's numbers, in the order they were recorded.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn number_checks(&self, principal: &Principal, patient: &str) -> Result<Vec<NumberCheckView>, UseError> {
        principal.must(Scope::ConsentRead)?;
        let patient = patient_id(patient)?;
        let all = self.inner.store.tenant(&principal.tenant).reading().await?.attestations(&patient).await?;
        Ok(looked_up(&all)?.iter().map(view).collect())
    }
}

/// The look-ups among what is attested.
pub(crate) fn looked_up(all: &[Attestation]) -> Result<Vec<Attested<Kept>>, StoreError> {
    of_kind(all, KIND)
}

/// What the gate hears of them.
pub(crate) fn answers(all: &[Attested<Kept>]) -> Vec<NumberCheck> {
    all.iter()
        .filter_map(|one| {
            Some(NumberCheck {
                point: one.point.clone()?,
                checked_at: one.content.checked_at,
                reassigned: one.content.reassigned?.to_gate(),
            })
        })
        .collect()
}

/// What a look-up says of a line stands above the record, the newest last; an emergency line and a patient's room stay what the
/// record calls them, since no database knows.
pub(crate) fn know_lines(points: &mut [ContactPoint], all: &[Attested<Kept>]) {
    for point in points {
        if point.line_type.is_known_and(|line| matches!(line, LineType::Emergency | LineType::PatientRoom)) {
            continue;
        }
        let told = all.iter().filter(|one| one.point.as_ref() == Some(&point.value));
        let told = told.filter_map(|one| Some((one.content.checked_at, one.content.line_type?)));
        if let Some((_, line)) = told.max_by_key(|(at, _)| *at) {
            point.line_type = Fact::Known(match line {
                LineKind::Mobile => LineType::Mobile,
                LineKind::Landline => LineType::Landline,
                LineKind::Voip => LineType::Voip,
            });
        }
    }
}

/// Whose subscriber has the number `point`, as the newest look-up that says so has it.
pub(crate) fn carrier_of(all: &[Attestation], point: &facts::Address) -> Result<Option<Carrier>, StoreError> {
    let checks = looked_up(all)?;
    let told = checks.iter().filter(|one| one.point.as_ref() == Some(point));
    let told = told.filter_map(|one| Some((one.content.checked_at, one.content.carrier?)));
    Ok(told.max_by_key(|(at, _)| *at).map(|(_, carrier)| carrier))
}

fn read(new: &NewNumberCheck, now: Timestamp) -> Result<Kept, WireError> {
    let checked_at = happened("checked_at", new.checked_at, now)?;
    match (new.reassigned, new.known_on) {
        (None, _) if new.line_type.is_none() && new.carrier.is_none() => {
            return Err(WireError::new("reassigned", "expected the answer here, in `line_type` or in `carrier`"));
        }
        (Some(_), None) => {
            // 47 CFR 64.1200(m): the answer is about a day, and without it protects nobody.
            let what = "this field is required with `reassigned`: the day the database was asked about";
            return Err(WireError::new("known_on", what));
        }
        (_, Some(day)) if day > checked_at.to_zoned(TimeZone::UTC).date() => {
            return Err(WireError::new("known_on", "is after the look-up"));
        }
        _ => {}
    }
    Ok(Kept {
        checked_at,
        source: source("source", &new.source)?,
        reassigned: new.reassigned,
        known_on: new.known_on,
        line_type: new.line_type,
        carrier: new.carrier,
    })
}

fn view(one: &Attested<Kept>) -> NumberCheckView {
    let kept = &one.content;
    NumberCheckView {
        number_ends: one.point.as_ref().map(ending).unwrap_or_default(),
        checked_at: kept.checked_at,
        source: kept.source.clone(),
        reassigned: kept.reassigned,
        known_on: kept.known_on,
        line_type: kept.line_type,
        carrier: kept.carrier,
        added_at: one.added_at,
    }
}

/// The last two signs of an address: enough to tell one of a patient's from another, and no address.
pub(crate) fn ending(point: &facts::Address) -> String {
    let mut signs: Vec<char> = point.reveal().chars().rev().take(2).collect();
    signs.reverse();
    signs.into_iter().collect()
}
