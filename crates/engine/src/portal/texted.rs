//! A code by text as a factor: beside a password the second one, alone enough for what tells little (RULES OTP-01, OTP-02).
//!
//! NIST SP 800-63B-4 section 3.1.3.3 restricts it: whoever takes it up is told of its risk, has another way at hand, and the practice may
//! switch it off. It goes to a mobile number that is verified as the account holder's own and that nobody else reads, by the path of every
//! message; it is tied to the step that asked for it, lives five minutes, works once. An address of e-mail is no such place. A proxy's account
//! has none: the number on the record is the patient's.

use super::account::Known;
use super::beat::on_beat;
use super::preferences::{is_verified, told};
use super::sessions::{Browser, SignedIn};
use super::throttle::Trier;
use super::waiting::Step as Kept;
use super::{PointRefused, Refused, Visitor};
use crate::engine::Engine;
use crate::number_checks;
use jiff::SignedDuration;
use postern_base::{AccountId, Channel, MessageId, PatientId, Secret, TenantId};
use postern_gate::facts::{Address, ContactPoint, LineType, Reassigned, System};
use postern_store::{Attestation, StoreError};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, OnceLock};

/// As long as the code: nothing waits for one that is over (RULES OTP-01).
const LASTS: SignedDuration = SignedDuration::from_mins(10);
/// house: wrong codes after which another is asked for.
const WRONG: u32 = 5;
/// How long who has asked for as many codes as go to one place in an hour is told to wait.
const FULL: SignedDuration = SignedDuration::from_hours(1);

/// The number that an account's codes go to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Phone {
    /// As the record writes it: it counts for as long as it stands there, verified.
    pub(super) number: String,
    /// A code may sign in without the password, for what tells little. Who was never asked has not said so.
    #[serde(default)]
    pub(super) alone: bool,
}

impl Phone {
    pub(super) fn is(&self, address: &Address) -> bool {
        address.reveal().as_ref() == self.number
    }
}

/// A number that codes may go to.
#[derive(Debug, Clone)]
pub struct Number {
    /// Names it in a form; it holds nothing of the number.
    pub handle: String,
    /// Its last digits.
    pub ends: String,
}

/// Which second factors there are for who has shown a password.
#[derive(Debug, Clone, Default)]
pub struct Seconds {
    /// An authenticator app.
    pub app: bool,
    /// The end of a number that a code can go to now.
    pub text: Option<String>,
    /// There is a number, and no code can go there: who has it said STOP, or asked to be reached elsewhere only.
    pub text_closed: bool,
    /// Codes on paper.
    pub recovery: bool,
}

/// A code that went, or is on its way: the message that holds it, once that is known.
pub(super) type Texted = Arc<OnceLock<MessageId>>;

/// A number whose holder has not said its code yet: it is no factor until then.
#[derive(Debug, Clone)]
pub(super) struct NewPhone {
    account: AccountId,
    phone: Phone,
    message: MessageId,
    wrong: u32,
}

/// It can be read by its owner alone, and takes a code (NIST SP 800-63B-4 section 3.1.3.3: no number of a VoIP provider).
fn takes_codes(point: &ContactPoint, now: jiff::Timestamp) -> bool {
    let alone = point.shared_with.is_empty() && !point.of_another && !point.closed_by_another;
    let begun = point.from.is_none_or(|from| from <= now);
    let mobile = point.system == System::Sms && point.line_type.known() != Some(&LineType::Voip);
    mobile && alone && begun && is_verified(point, now)
}

/// Whether the newest look-up says that a number is somebody else's now (47 CFR 64.1200(m)).
fn is_reassigned(attested: &[Attestation], number: &Address) -> Result<bool, Refused> {
    let checks = number_checks::answers(&number_checks::looked_up(attested)?);
    let newest = checks.iter().filter(|check| check.point == *number).max_by_key(|check| check.checked_at);
    Ok(newest.is_some_and(|check| check.reassigned == Reassigned::Yes))
}

impl Engine {
    /// Whether the practice lets patients sign in with codes by text.
    ///
    /// # Errors
    /// [`Refused::Unavailable`].
    pub(super) async fn texts_codes(&self, tenant: &TenantId) -> Result<bool, Refused> {
        Ok(self.tenant_state(tenant).await?.settings.portal.codes_by_text)
    }

    /// The numbers of a patient's own that codes may go to, with what they are called in a form.
    pub(super) async fn numbers_of(
        &self,
        tenant: &TenantId,
        patient: &PatientId,
    ) -> Result<Vec<(Number, Address)>, Refused> {
        if !self.texts_codes(tenant).await? {
            return Ok(Vec::new());
        }
        let (own, now) = (self.points_of(tenant, patient).await?, self.now());
        let fitting = own.points.into_iter().filter(|(_, point)| takes_codes(point, now));
        let mut numbers = Vec::new();
        for (nth, point) in fitting {
            if is_reassigned(&own.attested, &point.value)? {
                continue;
            }
            // Two patients of one household with one telephone read each other's codes.
            if self.inner.store.tenant(tenant).patients_of_own_point(&point.value).await? <= 1 {
                let handle = super::preferences::handle(nth, Channel::Sms);
                numbers.push((Number { handle, ends: told(&point.value) }, point.value));
            }
        }
        Ok(numbers)
    }

    /// The number that codes of an account go to, if one may now: it is the account holder's own and still stands on their record.
    pub(super) async fn number_now(&self, tenant: &TenantId, known: &Known) -> Result<Option<Address>, Refused> {
        let Some(phone) = &known.content.phone else { return Ok(None) };
        let Some(patient) = self.own_patient(tenant, known.id).await? else { return Ok(None) };
        let numbers = self.numbers_of(tenant, &patient).await?;
        Ok(numbers.into_iter().map(|(_, address)| address).find(|address| phone.is(address)))
    }

    /// Whether a code can go to `number`, which is that of an account.
    pub(super) async fn can_text(
        &self,
        tenant: &TenantId,
        account: AccountId,
        number: &Address,
    ) -> Result<bool, Refused> {
        let Some(patient) = self.own_patient(tenant, account).await? else { return Ok(false) };
        let would = self.would_send_code((tenant, &patient), Channel::Sms, number).await;
        would.map_err(|_| Refused::Unavailable)
    }

    /// The patient whose own account it is; `None` = it is of somebody who stands for others alone.
    pub(super) async fn own_patient(
        &self,
        tenant: &TenantId,
        account: AccountId,
    ) -> Result<Option<PatientId>, Refused> {
        let persons = self.inner.store.tenant(tenant).portal_persons(account).await?;
        Ok(persons.into_iter().find(|one| one.person.is_none()).map(|one| one.patient))
    }

    /// Sends a code to the number of an account; gives the message that holds it.
    pub(super) async fn text_to(&self, tenant: &TenantId, known: &Known) -> Result<MessageId, Refused> {
        let number = self.number_now(tenant, known).await?.ok_or(Refused::NoMatch)?;
        let patient = self.own_patient(tenant, known.id).await?.ok_or(Refused::NoMatch)?;
        self.text_code(tenant, &patient, &number).await
    }

    /// The same to a number at hand.
    pub(super) async fn text_code(
        &self,
        tenant: &TenantId,
        patient: &PatientId,
        number: &Address,
    ) -> Result<MessageId, Refused> {
        self.send_code((tenant, patient), Channel::Sms, number).await.map_err(|refused| match refused {
            PointRefused::TooMany => Refused::TooMany { until: self.now().checked_add(FULL).unwrap_or(self.now()) },
            PointRefused::Unavailable => Refused::Unavailable,
            _ => Refused::NoMatch,
        })
    }

    /// Whether `said` is the code that went to the number of an account in `texted`.
    pub(super) async fn is_texted(
        &self,
        (tenant, known): (&TenantId, &Known),
        texted: Option<&Texted>,
        said: &Secret<String>,
    ) -> Result<bool, Refused> {
        let Some(message) = texted.and_then(|texted| texted.get()) else { return Ok(false) };
        let Some(patient) = self.own_patient(tenant, known.id).await? else { return Ok(false) };
        let point = match self.code_said((tenant, &patient), *message, said.reveal()).await {
            Ok((_, point)) => point,
            Err(PointRefused::Unavailable) => return Err(Refused::Unavailable),
            Err(_) => return Ok(false),
        };
        // It may have been taken off the record, or the practice switched this off, since the code went. Only who says the right code waits for
        // the record to be read: a long one takes long, and tells by that that there is one.
        Ok(self.number_now(tenant, known).await? == Some(point))
    }

    /// Whether `said` is the code of `message`, which went to the number of `phone`.
    pub(super) async fn is_code(
        &self,
        (tenant, patient): (&TenantId, &PatientId),
        message: MessageId,
        said: &Secret<String>,
        phone: &Phone,
    ) -> Result<bool, Refused> {
        match self.code_said((tenant, patient), message, said.reveal()).await {
            Ok((_, point)) => Ok(phone.is(&point)),
            Err(PointRefused::Unavailable) => Err(Refused::Unavailable),
            Err(_) => Ok(false),
        }
    }

    // ---- signing in with a code alone

    /// Sends a code to the number of the account that signs in by `name`. The answer, and when it comes, are the same whether there is such
    /// an account or not; the code goes meanwhile. What it opens is what tells little (RULES IDN-01).
    ///
    /// # Errors
    /// [`Refused::TooMany`]; [`Refused::NoMatch`] where the practice lets nobody sign in so.
    pub async fn sign_in_by_text(
        &self,
        tenant: &TenantId,
        name: &str,
        source: &str,
    ) -> Result<super::sign_in::Step, Refused> {
        on_beat(self.ask_by_text(tenant, name, source)).await
    }

    async fn ask_by_text(&self, tenant: &TenantId, name: &str, source: &str) -> Result<super::sign_in::Step, Refused> {
        if !self.texts_codes(tenant).await? {
            return Err(Refused::NoMatch);
        }
        self.admit_texted(tenant, name, source).await?;
        let known = self.known_by_name(tenant, name).await?;
        // Whose account wants the password each time is to whoever asks as nobody is.
        let known = known.filter(|known| known.content.phone.as_ref().is_some_and(|phone| phone.alone));
        let texted = Texted::default();
        let (account, name) = (known.as_ref().map(|known| known.id), name.to_owned());
        if let Some(known) = known {
            let (engine, tenant, texted) = (self.clone(), tenant.clone(), Arc::clone(&texted));
            tokio::spawn(async move {
                match engine.text_to(&tenant, &known).await {
                    Ok(message) => drop(texted.set(message)),
                    Err(refused) => tracing::info!(%refused, "no code went to who asked to sign in with one"),
                }
            });
        }
        self.keep_between(super::sign_in::Between::alone(tenant.clone(), account, name, texted))
    }

    // ---- taking a number up, and giving it up

    /// The numbers that `visitor` may have codes sent to; none for who stands for others alone.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn code_numbers(&self, visitor: &Visitor) -> Result<Vec<Number>, Refused> {
        let Some(patient) = self.own_patient(&visitor.tenant, visitor.account).await? else { return Ok(Vec::new()) };
        let numbers = self.numbers_of(&visitor.tenant, &patient).await?;
        Ok(numbers.into_iter().map(|(number, _)| number).collect())
    }

    /// Begins to take a number up as a second factor beside the password: a code goes there. The token names the step. `alone` = a code
    /// may also sign in without the password, for what tells little.
    ///
    /// # Errors
    /// [`Refused::NoMatch`]: no strong factor was shown lately, there is no password, or no such number.
    pub async fn add_phone_begin(
        &self,
        visitor: &Visitor,
        handle: &str,
        alone: bool,
    ) -> Result<Secret<String>, Refused> {
        let known = self.freshly(visitor).await?;
        known.content.password.as_ref().ok_or(Refused::NoMatch)?;
        let patient = self.own_patient(&visitor.tenant, visitor.account).await?.ok_or(Refused::NoMatch)?;
        let numbers = self.numbers_of(&visitor.tenant, &patient).await?;
        let number = numbers.into_iter().find(|(number, _)| number.handle == handle);
        let (_, number) = number.ok_or(Refused::NoMatch)?;
        let message = self.text_code(&visitor.tenant, &patient, &number).await?;
        let phone = Phone { number: number.reveal().to_string(), alone };
        let step = Kept::NewPhone(NewPhone { account: known.id, phone, message, wrong: 0 });
        let token = self.inner.portal.keep(step, (self.now(), LASTS), self.inner.rng.as_ref())?;
        token.ok_or(Refused::Crowded)
    }

    /// Takes the code that went there: from now on the number is a factor.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn add_phone_finish(
        &self,
        visitor: &Visitor,
        token: &Secret<String>,
        said: &Secret<String>,
    ) -> Result<(), Refused> {
        let mut known = self.freshly(visitor).await?;
        let Some(Kept::NewPhone(mut new)) = self.inner.portal.look(token, self.now()) else {
            return Err(Refused::Over);
        };
        if new.account != known.id {
            return Err(Refused::Over);
        }
        let patient = self.own_patient(&visitor.tenant, visitor.account).await?.ok_or(Refused::Over)?;
        if !self.is_code((&visitor.tenant, &patient), new.message, said, &new.phone).await? {
            new.wrong += 1;
            if new.wrong >= WRONG {
                self.inner.portal.end(token);
            } else {
                self.inner.portal.replace(token, Kept::NewPhone(new));
            }
            return Err(Refused::NoMatch);
        }
        if !self.inner.portal.end(token) {
            return Err(Refused::Over);
        }
        known.content.phone = Some(new.phone);
        self.change(visitor, known, super::FactorChange::PhoneAdded).await
    }

    /// Lets a code alone sign in for what tells little, or has the password asked for each time. Every other session ends, those that a code
    /// alone opened too.
    ///
    /// # Errors
    /// [`Refused::NoMatch`]: no strong factor was shown lately, or codes go nowhere.
    pub async fn let_code_alone(&self, visitor: &Visitor, alone: bool) -> Result<(), Refused> {
        let mut known = self.freshly(visitor).await?;
        let phone = known.content.phone.as_mut().ok_or(Refused::NoMatch)?;
        if phone.alone == alone {
            return Ok(());
        }
        phone.alone = alone;
        let what = if alone { super::FactorChange::AloneAllowed } else { super::FactorChange::AloneRefused };
        self.change(visitor, known, what).await
    }

    /// Sends no codes to the number any more. The last strong factor stays.
    ///
    /// # Errors
    /// [`Refused::NoMatch`].
    pub async fn remove_phone(&self, visitor: &Visitor) -> Result<(), Refused> {
        let mut known = self.freshly(visitor).await?;
        if known.content.phone.take().is_none() || !known.content.is_strong() {
            return Err(Refused::NoMatch);
        }
        self.change(visitor, known, super::FactorChange::PhoneRemoved).await
    }

    // ---- enrolling with one

    /// The numbers that who enrols may have codes sent to, beside the password they chose.
    ///
    /// # Errors
    /// [`Refused::Over`].
    pub async fn enrol_numbers(&self, token: &Secret<String>) -> Result<Vec<Number>, Refused> {
        let enrolling = self.enrolling(token)?;
        let numbers = match enrolling.own() {
            Some((tenant, patient)) => self.numbers_of(tenant, patient).await?,
            None => Vec::new(),
        };
        Ok(numbers.into_iter().map(|(number, _)| number).collect())
    }

    /// Sends who enrols a code, in the place of an authenticator app. `alone` as in [`Engine::add_phone_begin`].
    ///
    /// # Errors
    /// [`Refused`]; the enrolment goes on.
    pub async fn enrol_phone_begin(&self, token: &Secret<String>, handle: &str, alone: bool) -> Result<(), Refused> {
        let mut enrolling = self.enrolling(token)?;
        let (tenant, patient) = enrolling.own().ok_or(Refused::NoMatch)?;
        let numbers = self.numbers_of(tenant, patient).await?;
        let number = numbers.into_iter().find(|(number, _)| number.handle == handle);
        let (_, number) = number.ok_or(Refused::NoMatch)?;
        let message = self.text_code(tenant, patient, &number).await?;
        enrolling.texted = Some((Phone { number: number.reveal().to_string(), alone }, message));
        self.inner.portal.replace(token, Kept::Enrolling(enrolling));
        Ok(())
    }

    /// Ends an enrolment with the code that went to the number, and signs in.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn enrol_phone_finish(
        &self,
        token: &Secret<String>,
        said: &Secret<String>,
        browser: Browser,
    ) -> Result<SignedIn, Refused> {
        let mut enrolling = self.enrolling(token)?;
        let (phone, message) = enrolling.texted.clone().ok_or(Refused::Over)?;
        let right = match enrolling.own() {
            Some(own) => self.is_code(own, message, said, &phone).await?,
            None => false,
        };
        if !right {
            return Err(self.wrong_code(token, enrolling));
        }
        enrolling.content.phone = Some(phone);
        // An app whose key was shown and that has said no code is none.
        enrolling.content.totp = None;
        self.enrol(token, *enrolling, browser).await
    }
}

impl Engine {
    /// What is asked of the store for an account that is not there: what is asked for one that is.
    pub(super) async fn look_for_nobody(&self, tenant: &TenantId) -> Result<(), Refused> {
        let store = self.inner.store.tenant(tenant);
        match store.portal_account(AccountId(uuid::Uuid::nil())).await {
            Ok(_) | Err(StoreError::KeyDestroyed) => {}
            Err(error) => return Err(error.into()),
        }
        store.portal_persons(AccountId(uuid::Uuid::nil())).await?;
        store.message(MessageId(uuid::Uuid::nil())).await?;
        Ok(())
    }

    /// Counts that somebody asks for a code by a name alone.
    async fn admit_texted(&self, tenant: &TenantId, name: &str, source: &str) -> Result<(), Refused> {
        self.admit(tenant, &Trier::texted(name, source)).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use postern_base::Phi;
    use postern_gate::Fact;
    use postern_gate::facts::{PointSource, Verification};

    fn number() -> ContactPoint {
        let now = Timestamp::UNIX_EPOCH;
        ContactPoint {
            system: System::Sms,
            value: Phi::new("+12125550101".into()),
            rank: None,
            expired: false,
            from: None,
            until: None,
            source: Fact::Known(PointSource::Patient),
            line_type: Fact::Known(LineType::Mobile),
            mailbox: Fact::Unknown(postern_gate::Missing::NotRecorded),
            shared_with: Vec::new(),
            closed_by_another: false,
            crowded: false,
            of_another: false,
            only_for: None,
            hours: Fact::Known(Vec::new()),
            verification: Fact::Known(Verification { validated: true, last: Some(now), next: None }),
        }
    }

    #[test]
    fn codes_go_to_a_mobile_number_of_ones_own_that_is_verified_and_to_nothing_else() {
        let now = Timestamp::UNIX_EPOCH;
        assert!(takes_codes(&number(), now));
        let spoilt: [fn(&mut ContactPoint); 7] = [
            |point| point.system = System::Email,
            |point| point.system = System::Phone,
            |point| point.line_type = Fact::Known(LineType::Voip),
            |point| point.shared_with.push("RelatedPerson/r1".into()),
            |point| point.of_another = true,
            |point| point.closed_by_another = true,
            |point| point.verification = Fact::Unknown(postern_gate::Missing::NotRecorded),
        ];
        for (nth, spoil) in spoilt.into_iter().enumerate() {
            let mut point = number();
            spoil(&mut point);
            assert!(!takes_codes(&point, now), "{nth}");
        }
    }
}
