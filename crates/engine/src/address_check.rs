//! Verification of an address by round trip (RULES EML-03): a code goes there, and who reads the mailbox says it.
//!
//! OCR FAQ 570 names "an e-mail alert to the patient for address confirmation prior to sending the message". The mail with the code
//! passes the gate like any other, and goes only where nothing is verified (OTP-02); the code is bound to the message it went in, so
//! what is confirmed is the address that message went to, whatever the caller believes.

use crate::accept::Accepted;
use crate::address_ask;
use crate::engine::Engine;
use crate::error::{AcceptError, UseError};
use crate::kept::Kept;
use crate::principal::{Principal, Scope};
use crate::verifications;
use crate::wire::{self, AddressConfirmed, NewVerification, WireError};
use aws_lc_rs::constant_time;
use jiff::{SignedDuration, Timestamp};
use postern_base::rng::NoEntropy;
use postern_base::{Channel, MessageId, PatientId, Purpose, Rng};
use postern_gate::facts::Address;
use postern_store::{DeliveryState, MessageRecord};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

/// The template that asks.
const TEMPLATE: &str = "address_code";
/// Its slot.
const SLOT: &str = "code";
/// NIST SP 800-63B 5.1.3.2 (RULES OTP-01): as long as the text says.
const LIFETIME: SignedDuration = SignedDuration::from_mins(5);
/// house: how often a code may be said wrong. Six digits, so somebody who guesses is right once in two hundred thousand codes.
const TRIES: u32 = 5;
/// Messages whose wrong codes are remembered; beyond it, those whose codes have ended are forgotten first.
const REMEMBERED: usize = 10_000;

/// Wrong codes, by message. A code lives five minutes, so what a restart forgets is worth nothing.
#[derive(Debug, Default)]
pub(crate) struct Tries(Mutex<HashMap<MessageId, (u32, Timestamp)>>);

impl Tries {
    /// Counts a try; `false` = there were too many.
    pub(crate) fn admits(&self, message: MessageId, now: Timestamp) -> bool {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() >= REMEMBERED {
            tries.retain(|_, (_, since)| now.duration_since(*since) < LIFETIME);
        }
        let full = tries.len() >= REMEMBERED;
        match tries.get_mut(&message) {
            Some((count, _)) => {
                *count = count.saturating_add(1);
                *count <= TRIES
            }
            None if full => false,
            None => {
                tries.insert(message, (1, now));
                true
            }
        }
    }
}

impl Engine {
    /// Sends a code to an address of the patient's that nobody verified, by the gate. What it answers says whether it goes, and the
    /// message's id is what [`Engine::confirm_address`] asks for.
    ///
    /// # Errors
    /// [`AcceptError`]; nothing was stored.
    pub async fn ask_address(&self, principal: &Principal, patient: &str) -> Result<Accepted, AcceptError> {
        principal.must(Scope::MessagesWrite)?;
        let patient: PatientId = patient.parse().map_err(|error: postern_base::id::BadPatientId| {
            AcceptError::from(WireError::new("patient", error.to_string()))
        })?;
        let data = BTreeMap::from([(SLOT.to_owned(), six_digits(self.inner.rng.as_ref())?)]);
        let template = wire::TemplateUse { name: TEMPLATE.to_owned(), data };
        let request = wire::Request::ours(&patient, Purpose::OneTimeCode, template, Channel::Email);
        self.accept_request(principal, None, request, None).await
    }

    /// Takes the code that the reader of the mailbox said: from then on the address that `message` went to counts as
    /// the patient's.
    ///
    /// # Errors
    /// [`UseError`]: `NotFound` when the message asked for no address or has not gone out; malformed when the code is another, too
    /// late, or was used.
    pub async fn confirm_address(
        &self,
        principal: &Principal,
        message: MessageId,
        code: &str,
    ) -> Result<AddressConfirmed, UseError> {
        principal.must(Scope::ConsentWrite)?;
        let store = self.inner.store.tenant(&principal.tenant);
        let record = store.message(message).await?.ok_or(UseError::NotFound)?;
        let sent = |delivery: &&postern_store::DeliveryRecord| {
            delivery.candidate.channel == Channel::Email
                && matches!(delivery.state, DeliveryState::Sent | DeliveryState::Delivered | DeliveryState::Unknown)
        };
        let expected = code_of(&record, TEMPLATE).or_else(|| code_of(&record, address_ask::TEMPLATE));
        let (Some(expected), Some(delivery)) = (expected, record.deliveries.iter().find(sent)) else {
            return Err(UseError::NotFound);
        };
        let (now, refused) = (self.now(), |what: &str| UseError::from(WireError::new(SLOT, what)));
        if now.duration_since(record.accepted_at) > LIFETIME {
            return Err(refused("has expired: ask for another"));
        }
        let point = delivery.candidate.point.clone();
        let attested = store.reading().await?.attestations(&record.patient).await?;
        let used = verifications::verified_since(&attested, &point, record.accepted_at)?;
        if used {
            return Err(refused("was used: the address is verified"));
        }
        if !self.inner.tries.admits(message, now) {
            return Err(refused("was said wrong too often: ask for another"));
        }
        if constant_time::verify_slices_are_equal(code.trim().as_bytes(), expected.as_bytes()).is_err() {
            return Err(refused("is another: look at the mail again"));
        }
        self.count_as_verified(principal, &record, &point, "a code that went there was said").await
    }

    /// Records that `point` is the mailbox of the patient whom `record` went to: theirs, and nobody else's who shares it.
    pub(crate) async fn count_as_verified(
        &self,
        principal: &Principal,
        record: &MessageRecord,
        point: &Address,
        how: &str,
    ) -> Result<AddressConfirmed, UseError> {
        let address = point.reveal().to_string();
        let new = NewVerification {
            contact_point: address.clone(),
            verified: true,
            at: None,
            until: None,
            how: how.to_owned(),
        };
        let verified = self.add_verification(principal, record.patient.as_str(), &new).await?;
        Ok(AddressConfirmed { address, verified_at: verified.at })
    }
}

/// A code of six digits.
pub(crate) fn six_digits(rng: &dyn Rng) -> Result<String, NoEntropy> {
    let mut bytes = [0; 8];
    rng.fill(&mut bytes)?;
    Ok(format!("{:06}", u64::from_le_bytes(bytes) % 1_000_000))
}

/// The code that went out in a message that asked for an address by `template`; `None` = it did not.
pub(crate) fn code_of(record: &MessageRecord, template: &str) -> Option<String> {
    let (kept, _) = Kept::read(record).ok()?;
    let used = kept.request.template.filter(|used| used.name == template)?;
    used.data.get(SLOT).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_code_is_guessed_five_times_and_no_more_and_nobody_fills_the_table() {
        let (tries, now) = (Tries::default(), Timestamp::UNIX_EPOCH);
        let message = |n: usize| MessageId(Uuid::from_u128(u128::try_from(n).unwrap()));
        let admitted = (0..9).filter(|_| tries.admits(message(1), now)).count();
        assert_eq!(admitted, 5);
        assert!(tries.admits(message(2), now), "another code is another matter");
        for n in 10..REMEMBERED + 100 {
            tries.admits(message(n), now);
        }
        assert!(!tries.admits(message(9_000_000), now), "full");
        assert!(tries.admits(message(9_000_000), now + LIFETIME), "what has ended makes room");
        assert!(tries.0.lock().unwrap().len() < 10);
    }
}
