//! A patient's own numbers and addresses: adding one, making sure by a code that it is theirs, not using one any more, wanting one first.
//!
//! What is added counts for nothing until its holder has said the code that went there (RULES EML-03), by the same way as every message:
//! the gate lets a code pass to a place that nobody verified, and nothing else.

use super::preferences::{Shown, channel_of, is_verified, themselves};
use super::throttle::Trier;
use super::warnings::Warning;
use super::{Aal, Refused, Visitor};
use crate::accept::Tie;
use crate::address_check::{code_of, six_digits};
use crate::engine::Engine;
use crate::error::{AcceptError, UseError};
use crate::principal::Principal;
use crate::verifications;
use crate::wire::{Request, TemplateUse};
use crate::wishes::{self, Wish};
use aws_lc_rs::constant_time;
use jiff::SignedDuration;
use postern_base::rng::NoEntropy;
use postern_base::{Channel, MessageId, PatientId, Purpose, TenantId};
use postern_ehr::normal::normalise;
use postern_gate::facts::{Address, System};
use postern_gate::{Decision, Outcome};
use postern_store::{DeliveryState, MessageRecord, StoreError};
use std::collections::BTreeMap;

/// The template of the code, and its slot.
const CODE: (&str, &str) = ("one_time_code", "code");
/// NIST SP 800-63B 5.1.3.2 (RULES OTP-01): as long as the text says.
const LIFETIME: SignedDuration = SignedDuration::from_mins(5);
/// The rule that few codes go to one place in an hour.
const FEW_CODES: &str = "OTP-01";
/// The rule that what would go only when it is worthless does not go: of a code that waits for the others to be an hour old it always says so.
const TOO_LATE: &str = "SYS-04";
/// house: how many numbers and addresses one patient adds in a day, so that nobody floods strangers with codes.
const ADDED_DAILY: usize = 5;

/// Why a number or address was not added or confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PointRefused {
    /// It is none, or it is not there any more.
    #[error("this is no number or address that can be used")]
    NotOne,
    /// It is on record already.
    #[error("this is on record already")]
    Known,
    /// Too many were added today, or too many codes asked for or said.
    #[error("there were too many: wait and try again")]
    TooMany,
    /// The gate lets no code go there.
    #[error("no code can be sent there")]
    NotSent,
    /// The code is another, was used or is too old.
    #[error("this code is not right: look again, or ask for another")]
    WrongCode,
    /// It takes a sign-in with two factors.
    #[error("sign in with a second factor first")]
    SignInStronger,
    /// Codes to sign in with go there.
    #[error("codes to sign in with go there: change that first")]
    SignsIn,
    /// The patient asked to be reached nowhere else.
    #[error("this is the only place the patient asked for: change that first")]
    OnlyOne,
    /// The store does not answer (503).
    #[error("the store does not answer now: try again")]
    Unavailable,
}

impl From<UseError> for PointRefused {
    fn from(error: UseError) -> Self {
        match error {
            UseError::NotFound | UseError::Destroyed => Self::NotOne,
            _ => Self::Unavailable,
        }
    }
}

impl From<StoreError> for PointRefused {
    fn from(_: StoreError) -> Self {
        Self::Unavailable
    }
}

impl From<NoEntropy> for PointRefused {
    fn from(_: NoEntropy) -> Self {
        Self::Unavailable
    }
}

impl Engine {
    /// Adds a mobile number or an e-mail address of the patient's own and sends a code there; gives the message that holds it. `shared` =
    /// others read there too.
    ///
    /// # Errors
    /// [`PointRefused`].
    pub async fn add_point(
        &self,
        visitor: &Visitor,
        (channel, text, shared): (Channel, &str, bool),
        shown: &Shown,
    ) -> Result<MessageId, PointRefused> {
        self.lately(visitor)?;
        let system = if channel == Channel::Email { System::Email } else { System::Sms };
        let point = normalise(system, text).ok_or(PointRefused::NotOne)?;
        let own = self.own_points(visitor).await?;
        let known = own.points.iter().find(|(_, known)| known.value == point && known.system == system);
        if known.is_some_and(|(_, known)| is_verified(known, self.now())) {
            return Err(PointRefused::Known);
        }
        if known.is_none() {
            let since = self.now().checked_sub(SignedDuration::from_hours(24)).unwrap_or(self.now());
            let wishes = wishes::all(&own.attested)?;
            let lately =
                wishes.iter().filter(|one| matches!(one.content.wish, Wish::AddPoint { .. }) && one.content.at > since);
            if lately.count() >= ADDED_DAILY {
                return Err(PointRefused::TooMany);
            }
            self.wish(visitor, Some(point.clone()), Wish::AddPoint { channel, shared }, shown).await?;
        }
        self.ask_at(visitor, channel, &point).await
    }

    /// Sends a code to a number or address that is on record and not known to be the patient's; gives the message that holds it.
    ///
    /// # Errors
    /// [`PointRefused`].
    pub async fn ask_point(&self, visitor: &Visitor, handle: &str) -> Result<MessageId, PointRefused> {
        self.lately(visitor)?;
        let point = self.point_called(visitor, handle).await?;
        let channel = channel_of(point.system).ok_or(PointRefused::NotOne)?;
        if is_verified(&point, self.now()) {
            return Err(PointRefused::Known);
        }
        self.ask_at(visitor, channel, &point.value).await
    }

    /// Sends a code to a place that may be a stranger's, as seldom as that allows.
    async fn ask_at(&self, visitor: &Visitor, channel: Channel, point: &Address) -> Result<MessageId, PointRefused> {
        let asks = Trier::adding(&visitor.patient, point.reveal());
        self.admit(&visitor.tenant, &asks).await.map_err(|refused| match refused {
            Refused::TooMany { .. } => PointRefused::TooMany,
            _ => PointRefused::Unavailable,
        })?;
        self.send_code((&visitor.tenant, &visitor.patient), channel, point).await
    }

    /// house: where messages go is worth as much as what an account signs in with: whoever changes it has shown a strong factor lately, and
    /// is the patient themself. A session that was found open changes nothing of it.
    fn lately(&self, visitor: &Visitor) -> Result<(), PointRefused> {
        themselves(visitor)?;
        if self.has_confirmed(visitor) { Ok(()) } else { Err(PointRefused::SignInStronger) }
    }

    /// Sends a code to `point` alone, by the path of every message; gives the message that holds it.
    pub(super) async fn send_code(
        &self,
        (tenant, patient): (&TenantId, &PatientId),
        channel: Channel,
        point: &Address,
    ) -> Result<MessageId, PointRefused> {
        let request = self.code_for(patient, channel)?;
        let principal = Principal::system(tenant.clone());
        let accepted =
            self.accept_request(&principal, None, request, Some(Tie::Place(point.clone()))).await.map_err(|error| {
                match error {
                    AcceptError::NoSuchPatient | AcceptError::Malformed(_) => PointRefused::NotSent,
                    _ => PointRefused::Unavailable,
                }
            })?;
        match accepted.answer.decision.outcome.as_str() {
            "send" => Ok(accepted.answer.id),
            // RULES OTP-01: as many codes as may went there within the hour, which is longer than another would live.
            _ if accepted.answer.decision.refusals.iter().any(|refusal| refusal.rule == FEW_CODES) => {
                Err(PointRefused::TooMany)
            }
            _ => Err(PointRefused::NotSent),
        }
    }

    /// Whether the gate would let a code go to `point`, now or once fewer went there within the hour: not after a STOP from there, nor where the
    /// patient is to be reached elsewhere only.
    pub(super) async fn would_send_code(
        &self,
        (tenant, patient): (&TenantId, &PatientId),
        channel: Channel,
        point: &Address,
    ) -> Result<bool, PointRefused> {
        let request = self.code_for(patient, channel)?;
        let tie = Some(Tie::Place(point.clone()));
        match self.would_decide(&Principal::system(tenant.clone()), request, tie).await {
            Ok(decision) => Ok(decision.outcome == Outcome::Send || is_only_flooded(&decision, (channel, point))),
            Err(AcceptError::NoSuchPatient | AcceptError::Malformed(_)) => Ok(false),
            Err(_) => Err(PointRefused::Unavailable),
        }
    }

    /// A message with a new code.
    fn code_for(&self, patient: &PatientId, channel: Channel) -> Result<Request, PointRefused> {
        let code = six_digits(self.inner.rng.as_ref())?;
        let template = TemplateUse { name: CODE.0.to_owned(), data: BTreeMap::from([(CODE.1.to_owned(), code)]) };
        Ok(Request {
            expires_at: self.now().checked_add(LIFETIME).ok(),
            ..Request::ours(patient, Purpose::OneTimeCode, template, channel)
        })
    }

    /// Takes the code that the holder of the number or mailbox said: from then on it counts as the patient's own.
    ///
    /// # Errors
    /// [`PointRefused`].
    pub async fn confirm_point(&self, visitor: &Visitor, message: MessageId, said: &str) -> Result<(), PointRefused> {
        strong(visitor)?;
        let (record, point) = self.code_said((&visitor.tenant, &visitor.patient), message, said).await?;
        let attested = self.inner.store.tenant(&visitor.tenant).reading().await?.attestations(&visitor.patient).await?;
        if verifications::verified_since(&attested, &point, record.accepted_at)? {
            return Err(PointRefused::WrongCode);
        }
        let principal = Principal::system(visitor.tenant.clone());
        self.count_as_verified(&principal, &record, &point, "a code that went there was said in the portal").await?;
        if let Err(refused) = self.has_added(&visitor.tenant, &visitor.patient, point.reveal()).await {
            // Nothing depends on it but how soon a code may be asked for there again.
            tracing::warn!(%refused, "codes to a place that is the patient's stay counted");
        }
        self.inner.wake.notify_one();
        self.warn_of(visitor, Warning::Places, Some(&point)).await;
        Ok(())
    }

    /// The message of a code that somebody says, and where it went, if it is the right one and in time.
    ///
    /// # Errors
    /// [`PointRefused::WrongCode`], [`PointRefused::TooMany`].
    pub(super) async fn code_said(
        &self,
        (tenant, patient): (&TenantId, &PatientId),
        message: MessageId,
        said: &str,
    ) -> Result<(MessageRecord, Address), PointRefused> {
        let record = self.inner.store.tenant(tenant).message(message).await?;
        let record = record.filter(|record| record.patient == *patient).ok_or(PointRefused::WrongCode)?;
        let expected = code_of(&record, CODE.0).ok_or(PointRefused::WrongCode)?;
        let sent = |state| matches!(state, DeliveryState::Sent | DeliveryState::Delivered | DeliveryState::Unknown);
        let delivery = record.deliveries.iter().find(|one| sent(one.state)).ok_or(PointRefused::WrongCode)?;
        let point = delivery.candidate.point.clone();
        if self.now().duration_since(record.accepted_at) > LIFETIME {
            return Err(PointRefused::WrongCode);
        }
        if !self.inner.tries.admits(message, self.now()) {
            return Err(PointRefused::TooMany);
        }
        let said: String = said.chars().filter(char::is_ascii_digit).collect();
        match constant_time::verify_slices_are_equal(said.as_bytes(), expected.as_bytes()) {
            Ok(()) => Ok((record, point)),
            Err(_) => Err(PointRefused::WrongCode),
        }
    }

    /// Has a number or address used no more.
    ///
    /// # Errors
    /// [`PointRefused`].
    pub async fn remove_point(&self, visitor: &Visitor, handle: &str, shown: &Shown) -> Result<(), PointRefused> {
        self.lately(visitor)?;
        let point = self.point_called(visitor, handle).await?;
        let own = self.own_points(visitor).await?;
        let wishes = wishes::all(&own.attested)?;
        // 45 CFR 164.522(b)(1): the request would go on to bind, and leave no way at all.
        if wishes::only_at(&wishes).is_some_and(|one| one.point.as_ref() == Some(&point.value)) {
            return Err(PointRefused::OnlyOne);
        }
        let account =
            self.known_account(&visitor.tenant, visitor.account).await.map_err(|_| PointRefused::Unavailable)?;
        if account.content.phone.is_some_and(|phone| phone.is(&point.value)) {
            return Err(PointRefused::SignsIn);
        }
        self.wish(visitor, Some(point.value), Wish::RemovePoint, shown).await?;
        self.warn_of(visitor, Warning::Places, None).await;
        Ok(())
    }

    /// Has a number or address used before the others.
    ///
    /// # Errors
    /// [`PointRefused`].
    pub async fn prefer_point(&self, visitor: &Visitor, handle: &str, shown: &Shown) -> Result<(), PointRefused> {
        self.lately(visitor)?;
        let point = self.point_called(visitor, handle).await?;
        self.wish(visitor, Some(point.value.clone()), Wish::Prefer, shown).await?;
        self.warn_of(visitor, Warning::Places, Some(&point.value)).await;
        Ok(())
    }
}

/// Whether nothing stands against a code to a place but that as many as may went there within the hour (RULES OTP-01): that passes.
fn is_only_flooded(decision: &Decision, (channel, point): (Channel, &Address)) -> bool {
    let there = || decision.refusals.iter().filter(|one| one.channel == channel && one.contact_point == *point);
    let flooded = there().filter(|one| one.rule == FEW_CODES);
    flooded
        .map(|one| one.form)
        .any(|form| there().filter(|one| one.form == form).all(|one| one.rule == FEW_CODES || one.rule == TOO_LATE))
}

/// house: whoever says a code is signed in with two factors, and is the patient themself.
fn strong(visitor: &Visitor) -> Result<(), PointRefused> {
    themselves(visitor)?;
    if visitor.aal == Aal::Aal2 { Ok(()) } else { Err(PointRefused::SignInStronger) }
}
