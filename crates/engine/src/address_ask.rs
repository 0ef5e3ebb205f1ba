//! Asking of itself whether an address is the patient's own (RULES EML-03): when a message would have gone by e-mail but for that, a
//! code goes to the address, and an answer to that mail with the code in it makes the round trip.
//!
//! There is no link to click: beside a code there is none (it is what those who steal codes send), and programs that look for viruses open
//! every link. The address that the answer comes to is signed and known only to who holds the mail; that a person, and no program, answers is what
//! the code is for. It counts for the patient it was sent about, and for nobody else who shares the mailbox.

use crate::accept::Prepared;
use crate::address_check::{code_of, six_digits};
use crate::engine::Engine;
use crate::error::AcceptError;
use crate::principal::Principal;
use crate::receipts::ReceiveFailure;
use crate::returned::Of;
use crate::wire::{Request, TemplateUse};
use jiff::SignedDuration;
use postern_base::{Channel, Purpose, TenantId};
use postern_gate::decision::Effect;
use postern_gate::facts::Address;
use postern_gate::{Decision, Outcome, Refusal};
use std::collections::BTreeMap;

/// The template that asks.
pub(crate) const TEMPLATE: &str = "address_check";
/// NIST SP 800-63A 4.4.1.6: what is sent to an e-mail address of record is good for 24 hours at most.
const ANSWERABLE: SignedDuration = SignedDuration::from_hours(24);
/// house: an address is asked about at most so often, unless something was learned of it since.
const ASKED_EVERY_SECONDS: i64 = 3 * 86_400;

impl Engine {
    /// Asks about the address that `prepared` would have gone to, if it was verified. Nothing of the message depends on it.
    pub(crate) async fn ask_by_itself(&self, tenant: &TenantId, prepared: &Prepared) {
        // An answer has to come to somebody.
        if self.inner.addresses.is_none() || is_formality(prepared.gate.purpose) {
            return;
        }
        let Some(point) = only_unverified(&prepared.decision) else { return };
        if let Err(error) = self.ask_about(tenant, prepared, point).await {
            tracing::warn!(%error, "an address could not be asked about; the next message there asks again");
        }
    }

    async fn ask_about(&self, tenant: &TenantId, prepared: &Prepared, point: &Address) -> Result<(), AcceptError> {
        let patient = &prepared.gate.patient;
        let own = self.inner.store.tenant(tenant).reading().await?.verifications(std::slice::from_ref(point)).await?;
        // What was learned of the address since makes it a new question.
        let learned = own.iter().filter_map(|own| own.at).max().map_or(0, |at| at.as_second());
        let turn = prepared.now.as_second().div_euclid(ASKED_EVERY_SECONDS);
        let key = format!("{TEMPLATE}:{}:{}:{learned}:{turn}", patient.as_str(), point.reveal());
        let code = six_digits(self.inner.rng.as_ref())?;
        let template = TemplateUse { name: TEMPLATE.to_owned(), data: BTreeMap::from([("code".to_owned(), code)]) };
        let request = Request::ours(patient, Purpose::OneTimeCode, template, Channel::Email);
        let principal = Principal::system(tenant.clone());
        // Its own purpose asks about no address, so this ends here.
        match Box::pin(self.accept_request(&principal, Some(&key), request, None)).await {
            // Another code under the same key: it was asked already.
            Ok(_) | Err(AcceptError::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes the answer of whoever reads the mailbox: with the code in their own words, the address counts as the patient's. `false` = it
    /// answers no such question, or not rightly.
    pub(crate) async fn take_code(&self, of: &Of, words: &str) -> Result<bool, ReceiveFailure> {
        let Some(record) = self.inner.store.tenant(&of.tenant).message(of.message).await? else { return Ok(false) };
        let late = self.now().duration_since(record.accepted_at) > ANSWERABLE;
        let Some(code) = code_of(&record, TEMPLATE).filter(|_| !late) else { return Ok(false) };
        // A try, right or wrong; and a mail is one try.
        let Some(said) = said(words) else { return Ok(false) };
        if !self.inner.tries.admits(of.message, self.now()) || said != code {
            return Ok(false);
        }
        let principal = Principal::system(of.tenant.clone());
        match self.count_as_verified(&principal, &record, &of.point, "answered a mail with its code").await {
            Ok(_) => Ok(true),
            Err(error) => {
                tracing::warn!(%error, "an address that was answered for could not be verified");
                Err(ReceiveFailure::Unavailable)
            }
        }
    }
}

/// house: how many words an answer with a code has at most.
const WORDS: usize = 12;

const fn is_formality(purpose: Purpose) -> bool {
    matches!(purpose, Purpose::OneTimeCode | Purpose::ConsentConfirmation)
}

/// The e-mail address to which something could have gone, had somebody verified it; none where an e-mail goes anyway.
fn only_unverified(decision: &Decision) -> Option<&Address> {
    if decision.outcome == Outcome::Defer || decision.deliveries.iter().any(|d| d.channel == Channel::Email) {
        return None;
    }
    let by_mail: Vec<_> = decision.refusals.iter().filter(|refusal| refusal.channel == Channel::Email).collect();
    let unverified = by_mail.iter().filter(|refusal| refusal.rule == "EML-03");
    // What only waits for an hour of the day is no other reason.
    let found = unverified.filter(|asked| {
        let same = |other: &&&Refusal| {
            other.contact_point == asked.contact_point && other.mode == asked.mode && other.form == asked.form
        };
        by_mail.iter().filter(same).all(|other| other.rule == "EML-03" || other.effect == Effect::Defer)
    });
    found.map(|asked| &asked.contact_point).next()
}

/// The code that somebody says: the first number that is as long as one, where they say little else. A program that says that it is away
/// and repeats our mail, without a mark of either, says more.
fn said(words: &str) -> Option<&str> {
    if words.split_whitespace().count() > WORDS {
        return None;
    }
    words.split(|c: char| !c.is_ascii_digit()).find(|digits| digits.len() == 6)
}

#[cfg(test)]
mod tests {
    use super::said;

    #[test]
    fn a_mail_is_one_guess_however_many_numbers_stand_in_it() {
        assert_eq!(said("It is 123456, or 234567, or 345678"), Some("123456"));
        assert_eq!(said("Room 12, call 5551234: 123456."), Some("123456"));
        assert_eq!(said("Thank you"), None);
        assert_eq!(said("Hola, el código es 123456. Gracias, un saludo de Pat"), Some("123456"));
        let away =
            "I am away until Monday and read no mail. You wrote: A code from Sunrise Health: 123456. Answer with it.";
        assert_eq!(said(away), None, "a program that repeats our mail");
    }
}
