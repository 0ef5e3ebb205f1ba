//! Requests not to be called to sell: by number, whoever else uses it, honoured from the moment they are recorded (47 CFR 64.1200(d)(3) allows
//! ten business days) and for as long as the table says (64.1200(d)(6)).

use crate::attestations::{happened, patient_id};
use crate::engine::Engine;
use crate::error::UseError;
use crate::ledger_entry;
use crate::number_checks::ending;
use crate::principal::{Principal, Scope};
use crate::wire::{DoNotCallView, NewDoNotCall, WireError};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use postern_gate::facts::Address;
use postern_gate::reference::DO_NOT_CALL_RETENTION;
use postern_gate::{Fact, Missing};
use postern_ledger::Kind;
use postern_store::{Reading, StoreError};

impl Engine {
    /// Records that the holder of one of a patient's numbers asked not to be called to sell, or took that back. Gives what stands.
    ///
    /// # Errors
    /// [`UseError`]: malformed when the number is not on the patient's record, or the time in the future.
    pub async fn add_do_not_call(
        &self,
        principal: &Principal,
        patient: &str,
        new: &NewDoNotCall,
    ) -> Result<Vec<DoNotCallView>, UseError> {
        principal.must(Scope::ConsentWrite)?;
        let patient = patient_id(patient)?;
        let asked_at = happened("asked_at", new.asked_at, self.now())?;
        let point = self.point_of(principal, &patient, "number", &new.number).await?;
        if !point.reveal().starts_with('+') {
            return Err(WireError::new("number", "expected a telephone number").into());
        }
        let code = if new.withdrawn { "do_not_call_withdrawn" } else { "do_not_call" };
        let entry = ledger_entry::of(self, &principal.tenant, Kind::ConsentChanged, principal.actor(), code)
            .map_err(|_| UseError::Unavailable)?;
        let tenant = self.inner.store.tenant(&principal.tenant);
        tenant.put_do_not_call(&point, asked_at, new.withdrawn, entry).await?;
        let standing = tenant.reading().await?.do_not_call(std::slice::from_ref(&point)).await?;
        Ok(self.shown(&standing))
    }

    /// The requests that stand on a patient's numbers.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn do_not_call(&self, principal: &Principal, patient: &str) -> Result<Vec<DoNotCallView>, UseError> {
        principal.must(Scope::ConsentRead)?;
        let patient = patient_id(patient)?;
        let mut reading = self.inner.store.tenant(&principal.tenant).reading().await?;
        let directory = self.directory(&mut reading, &patient, None, self.now()).await?;
        if !directory.found {
            return Err(UseError::NotFound);
        }
        let own = directory.record.patient.known().into_iter().flat_map(|patient| &patient.points);
        let others = directory.record.related.iter().flat_map(|person| &person.points);
        let mut points: Vec<Address> = own.chain(others).map(|point| point.value.clone()).collect();
        points.sort_by(|one, other| one.reveal().cmp(other.reveal()));
        points.dedup_by(|one, other| one == other);
        Ok(self.shown(&reading.do_not_call(&points).await?))
    }

    fn shown(&self, standing: &[(Address, Timestamp)]) -> Vec<DoNotCallView> {
        let now = self.now();
        let views = standing.iter().map(|(point, asked_at)| DoNotCallView {
            number_ends: ending(point),
            asked_at: *asked_at,
            until: until(*asked_at),
        });
        views.filter(|view| now < view.until).collect()
    }
}

/// The numbers among `points` whose requests are honoured at `now`, and those that the practice's settings list; a list of theirs that cannot be
/// read leaves it unknown.
pub(crate) async fn honoured(
    reading: &mut Reading,
    points: &[Address],
    now: Timestamp,
    listed: &Fact<Vec<Address>>,
) -> Result<Fact<Vec<Address>>, StoreError> {
    let listed = match listed {
        Fact::Known(listed) => listed.as_slice(),
        Fact::Unknown(Missing::NotRecorded) => &[],
        Fact::Unknown(why) => return Ok(Fact::Unknown(*why)),
    };
    let standing = reading.do_not_call(points).await?;
    let asked = standing.into_iter().filter(|(_, asked_at)| now < until(*asked_at)).map(|(point, _)| point);
    Ok(Fact::Known(asked.chain(listed.iter().cloned()).collect()))
}

/// 47 CFR 64.1200(d)(6): how long a request is honoured. One of a time beyond all calendars never ends.
fn until(asked_at: Timestamp) -> Timestamp {
    let years = Span::new().years(DO_NOT_CALL_RETENTION);
    asked_at.to_zoned(TimeZone::UTC).checked_add(years).map_or(Timestamp::MAX, |end| end.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_honoured_for_the_years_of_the_table_to_the_day() {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        assert_eq!(until(at("2024-02-29T12:00:00Z")), at("2029-02-28T12:00:00Z"));
        assert_eq!(until(at("2026-11-22T15:00:00Z")), at("2031-11-22T15:00:00Z"));
        assert_eq!(until(Timestamp::MAX), Timestamp::MAX);
    }
}
