//! The links in commercial mail with which a reader hears no more of it: by a click of their own, or of their mail program (RFC 8058).
//!
//! 15 USC 7704(a)(3)(A): a way to opt out that works, for thirty days at least. These work for as long as the message is kept.

use crate::engine::Engine;
use crate::error::UseError;
use crate::portal::{CHOSEN, ends_of, link_digest};
use crate::receipts::ReceiveFailure;
use crate::returned::Of;
use aws_lc_rs::{constant_time, hmac};
use postern_base::{Channel, MessageId, Purpose, Secret, TenantId};
use postern_gate::facts::{OptOutScope, Tenant};
use postern_gate::reference::SHARERS_MOST;
use postern_store::{DeliveryRecord, MessageRecord, StoreError};
use uuid::Uuid;

/// The length of the signature in bytes: 80 bits, checked online only.
const TAG: usize = 10;
/// One for each four bits. No vowels, so that they spell nothing, and no digits, so that they look like no number of anybody's.
const LETTERS: &[u8; 16] = b"bcdfghjkmnpqrstv";
/// Stands where a token will be, as long as one.
pub(crate) const SAMPLE: &str = "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww";

/// Makes and reads the opaque part of such a link: the message's id and an HMAC-SHA-256 over it. RFC 8058 section 3.1: it names the
/// mail and its reader, and nobody can make one up.
#[derive(Debug)]
pub(crate) struct Tokens {
    key: hmac::Key,
}

impl Tokens {
    pub(crate) fn new(key: &Secret<[u8; 32]>) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key.reveal()) }
    }

    /// The token of `message`.
    pub(crate) fn of(&self, message: MessageId) -> String {
        let letter = |half: u8| char::from(*LETTERS.get(usize::from(half)).unwrap_or(&b'b'));
        let bytes = message.0.as_bytes().iter().copied().chain(self.tag(message));
        bytes.flat_map(|byte| [letter(byte >> 4), letter(byte & 15)]).collect()
    }

    /// The message whose token this is; `None` = nobody's.
    pub(crate) fn read(&self, token: &str) -> Option<MessageId> {
        if token.len() != SAMPLE.len() {
            return None;
        }
        let half = |letter: &u8| LETTERS.iter().position(|known| known == letter).and_then(|at| u8::try_from(at).ok());
        let byte = |pair: &[u8]| match pair {
            [high, low] => Some((half(high)? << 4) | half(low)?),
            _ => None,
        };
        let bytes: Vec<u8> = token.as_bytes().chunks(2).map(byte).collect::<Option<_>>()?;
        let (id, tag) = bytes.split_at_checked(16)?;
        let message = MessageId(Uuid::from_slice(id).ok()?);
        constant_time::verify_slices_are_equal(&self.tag(message), tag).ok()?;
        Some(message)
    }

    fn tag(&self, message: MessageId) -> [u8; TAG] {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(b"unsubscribe 1\0");
        context.update(message.0.as_bytes());
        let mut tag = [0; TAG];
        for (to, from) in tag.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        tag
    }
}

/// Where a click ends mail of this kind; `None` where the practice named no domain of its own.
pub(crate) fn link(tenant: &Tenant, token: &str) -> Option<String> {
    tenant.link_domains.first().map(|domain| format!("https://{domain}/u/{token}"))
}

impl Engine {
    /// The link for the header of an e-mail of `purpose`. 15 USC 7704(a)(3) asks for a way out of commercial mail, and large hosts ask
    /// for it in the header (RFC 8058); on what belongs to care it would invite readers to lose what they need.
    pub(crate) fn unsubscribe_link(&self, tenant: &Tenant, purpose: Purpose, message: MessageId) -> Option<String> {
        if purpose == Purpose::Marketing { link(tenant, &self.inner.tokens.of(message)) } else { None }
    }

    /// Ends, for the address it went to, mail of the kind that `token` came in. Twice is harmless. `false` = the token is nobody's.
    ///
    /// # Errors
    /// [`ReceiveFailure::Unavailable`]: nothing was stored, and the reader should try again.
    pub async fn unsubscribe(&self, token: &str) -> Result<bool, ReceiveFailure> {
        let Some(message) = self.inner.tokens.read(token) else { return Ok(false) };
        let Some(tenant) = self.inner.store.tenant_of(message).await? else { return Ok(false) };
        let record = match self.inner.store.tenant(&tenant).message(message).await {
            // Nobody is left to write to.
            Err(StoreError::KeyDestroyed) => return Ok(true),
            record => record?,
        };
        let Some(record) = record else { return Ok(false) };
        for delivery in record.deliveries.iter().filter(|delivery| delivery.candidate.channel == Channel::Email) {
            let of = Of {
                tenant: tenant.clone(),
                message,
                delivery: delivery.id,
                patient: record.patient.clone(),
                purpose: record.purpose,
                point: delivery.candidate.point.clone(),
            };
            self.opt_out(&of, OptOutScope::Purpose(record.purpose)).await?;
        }
        Ok(true)
    }
}

/// What a link offers to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopOffer {
    /// Whose messages.
    pub tenant: TenantId,
    /// Which kind.
    pub purpose: Purpose,
    /// The kind may be named to whoever holds the link: it tells nothing of anybody's care.
    pub names_kind: bool,
    /// Where: channel and as much of the number or address as tells it from another.
    pub places: Vec<(Channel, String)>,
    /// The first letters of those whose messages come there; several where a number is shared.
    pub initials: Vec<char>,
}

impl Engine {
    /// What the link with the opaque part `token` offers to stop; `None` = it is nobody's, or stops nothing. Asking changes nothing.
    ///
    /// # Errors
    /// [`UseError::Unavailable`].
    pub async fn stop_offer(&self, token: &str) -> Result<Option<StopOffer>, UseError> {
        let Some((tenant, record)) = self.linked(token).await? else { return Ok(None) };
        let reached: Vec<&DeliveryRecord> = reached(&record).collect();
        if reached.is_empty() || !CHOSEN.contains(&record.purpose) {
            return Ok(None);
        }
        let store = self.inner.store.tenant(&tenant);
        let mut patients = vec![record.patient.clone()];
        for delivery in &reached {
            patients.extend(store.patients_of_point(&delivery.candidate.point, SHARERS_MOST).await?);
        }
        patients.sort_unstable();
        patients.dedup();
        let mut initials = Vec::with_capacity(patients.len());
        for patient in &patients {
            let mut reading = store.reading().await?;
            let name = self.directory(&mut reading, patient, None, self.now()).await?.record.identity.first_name;
            initials.extend(name.and_then(|name| name.reveal().chars().next()));
        }
        let place = |one: &&DeliveryRecord| (one.candidate.channel, ends_of(&one.candidate.point));
        Ok(Some(StopOffer {
            purpose: record.purpose,
            names_kind: is_named(record.purpose),
            places: reached.iter().map(place).collect(),
            initials,
            tenant,
        }))
    }

    /// Ends messages of the kind in which the link came, by machine, at the numbers and addresses it went to (47 CFR 64.1200(a)(10): "any
    /// reasonable method"). Twice is harmless. `false` = the token is nobody's, or stops nothing.
    ///
    /// # Errors
    /// [`UseError::Unavailable`]: perhaps not everything was stored; once more does the rest.
    pub async fn stop_by_link(&self, token: &str) -> Result<bool, UseError> {
        let Some((tenant, record)) = self.linked(token).await? else { return Ok(false) };
        if !CHOSEN.contains(&record.purpose) {
            return Ok(false);
        }
        let mut any = false;
        for delivery in reached(&record) {
            for purpose in ended(record.purpose) {
                let of = Of {
                    tenant: tenant.clone(),
                    message: record.id,
                    delivery: delivery.id,
                    patient: record.patient.clone(),
                    purpose,
                    point: delivery.candidate.point.clone(),
                };
                let scope = OptOutScope::Purpose(purpose);
                self.opt_out(&of, scope).await.map_err(|_: ReceiveFailure| UseError::Unavailable)?;
                any = true;
            }
        }
        Ok(any)
    }

    /// The message that a link belongs to: one of a notice, or one that ends commercial mail.
    async fn linked(&self, token: &str) -> Result<Option<(TenantId, MessageRecord)>, UseError> {
        let (message, tenant) = match self.inner.tokens.read(token) {
            Some(message) => (message, self.inner.store.tenant_of(message).await?),
            None => match self.inner.store.portal_link(&link_digest(token)).await? {
                Some(link) => (link.message, Some(link.tenant)),
                None => return Ok(None),
            },
        };
        let Some(tenant) = tenant else { return Ok(None) };
        match self.inner.store.tenant(&tenant).message(message).await {
            // Nobody is left to write to.
            Err(StoreError::KeyDestroyed) => Ok(None),
            record => Ok(record?.map(|record| (tenant, record))),
        }
    }
}

/// Whether the page of a link says what kind of message it ends: whoever holds the link may read it.
const fn is_named(purpose: Purpose) -> bool {
    matches!(purpose, Purpose::AppointmentReminder | Purpose::Survey | Purpose::Marketing)
}

/// What the link of such a message ends. A kind that tells of care is not named, and its notices all look the same: who ends one of them
/// ends them all, as the page says.
fn ended(purpose: Purpose) -> Vec<Purpose> {
    if is_named(purpose) {
        return vec![purpose];
    }
    CHOSEN.iter().copied().filter(|purpose| !is_named(*purpose)).collect()
}

/// The deliveries of a message by machine that a patient may stop.
fn reached(record: &MessageRecord) -> impl Iterator<Item = &DeliveryRecord> {
    record
        .deliveries
        .iter()
        .filter(|one| matches!(one.candidate.channel, Channel::Sms | Channel::Email | Channel::Voice))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(key: u8) -> Tokens {
        Tokens::new(&Secret::new([key; 32]))
    }

    fn message(n: u128) -> MessageId {
        MessageId(Uuid::from_u128(n))
    }

    #[test]
    fn a_token_names_its_message_in_letters_that_spell_nothing() {
        for n in [0, 1, 0x0199_aaaa_bbbb_7ccc_8ddd_eeee_ffff_0001, u128::MAX] {
            let token = tokens(1).of(message(n));
            assert_eq!(token.len(), SAMPLE.len());
            assert!(token.bytes().all(|letter| LETTERS.contains(&letter)), "{token}");
            assert_eq!(tokens(1).read(&token), Some(message(n)));
        }
    }

    #[test]
    fn a_token_that_was_made_up_or_changed_is_nobodys() {
        let good = tokens(1).of(message(7));
        assert_eq!(tokens(2).read(&good), None, "another installation's");
        for at in 0..good.len() {
            let mut bad = good.clone().into_bytes();
            bad[at] = if bad[at] == b'b' { b'c' } else { b'b' };
            assert_eq!(tokens(1).read(&String::from_utf8(bad).unwrap()), None, "{at}");
        }
        for bad in ["", "b", good.split_at(1).1, &good.to_uppercase(), SAMPLE, &format!("{good}b"), &"é".repeat(26)] {
            assert_eq!(tokens(1).read(bad), None, "{bad}");
        }
    }
}
