//! Changing what an account signs in with. Only who has just shown a strong factor may (NIST SP 800-63B-4 section 4.1.2); every other session
//! ends, no device is known any more, the change stands in the ledger and in the account for its holder to see, and no account is left with
//! less than two factors.

use super::account::{FactorChange, Factors, Known, PasskeyName};
use super::passkey::{For, PasskeyAnswer, PasskeyOffer, Site};
use super::preferences::told;
use super::totp::Totp;
use super::waiting::Step;
use super::warnings::Warning;
use super::{Aal, Refused, TotpOffer, Visitor, password};
use crate::engine::Engine;
use crate::error::UseError;
use crate::templates::unseen;
use jiff::SignedDuration;
use postern_base::{AccountId, Secret};
use postern_store::PortalStep;

/// How long somebody may take to bring a new authenticator app to its first code.
const LASTS: SignedDuration = SignedDuration::from_mins(15);
/// house: wrong first codes after which a new app is begun again.
const WRONG: u32 = 10;
/// house: the longest name of a passkey.
const NAME: usize = 40;
/// house: passkeys of one account.
const PASSKEYS: usize = 20;

/// A new authenticator app that has not shown a code yet: the old one counts until it has.
#[derive(Debug, Clone)]
pub(super) struct NewApp {
    account: AccountId,
    totp: Totp,
    wrong: u32,
}

impl Engine {
    /// What the account of `visitor` signs in with.
    ///
    /// # Errors
    /// [`UseError::Unavailable`].
    pub async fn factors(&self, visitor: &Visitor) -> Result<Factors, UseError> {
        let known = self.known_account(&visitor.tenant, visitor.account).await.map_err(|_| UseError::Unavailable)?;
        let content = &known.content;
        let passkeys = content.passkeys.iter().map(|one| PasskeyName {
            id: one.name(),
            called: one.called.clone(),
            added_at: one.added_at,
            used_at: one.used_at,
        });
        let phone = self.number_now(&visitor.tenant, &known).await.map_err(|_| UseError::Unavailable)?;
        let phone_closed =
            content.phone.is_some() && self.closed(visitor, &known).await.map_err(|_| UseError::Unavailable)?;
        let numbers = self.code_numbers(visitor).await.map_err(|_| UseError::Unavailable)?;
        let password = content.password.is_some() && (content.totp.is_some() || content.phone.is_some());
        Ok(Factors {
            passkeys: passkeys.collect(),
            password,
            app: content.totp.is_some(),
            texts: content.password.is_some() && !numbers.is_empty(),
            phone: phone.as_ref().map(told),
            phone_closed,
            code_alone: content.phone.as_ref().is_some_and(|phone| phone.alone),
            phone_removable: !content.passkeys.is_empty() || content.totp.is_some(),
            recovery_left: content.recovery.len(),
            changes: content.changes.iter().rev().map(|change| (change.what, change.at)).collect(),
        })
    }

    /// What is asked of the browser to make another passkey. Only who has just shown a strong factor may.
    ///
    /// # Errors
    /// [`Refused::NoMatch`]: they have not.
    pub async fn add_passkey_begin(&self, visitor: &Visitor, at: &Site) -> Result<PasskeyOffer, Refused> {
        let known = self.freshly(visitor).await?;
        let practice = self.practice(&visitor.tenant).await?;
        let name = known.content.name.as_deref().unwrap_or(&practice);
        let session = visitor.session.to_string();
        let (what, moment) = ((For::Register(&session), at), (self.now(), self.inner.rng.as_ref()));
        let challenges = &self.inner.portal.challenges;
        let named = (visitor.account, name, practice.as_str());
        Ok(challenges.offer_new(&visitor.tenant, what, named, &known.content.passkeys, moment)?)
    }

    /// Adds a passkey.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn add_passkey_finish(
        &self,
        visitor: &Visitor,
        at: &Site,
        answer: &PasskeyAnswer,
    ) -> Result<(), Refused> {
        let mut known = self.freshly(visitor).await?;
        let (session, now) = (visitor.session.to_string(), self.now());
        let what = (For::Register(&session), at);
        let made = self.inner.portal.challenges.registered(&visitor.tenant, what, answer, now);
        let made = made.filter(|_| known.content.passkeys.len() < PASSKEYS);
        known.content.passkeys.push(made.ok_or(Refused::NoMatch)?);
        self.change(visitor, known, FactorChange::PasskeyAdded).await
    }

    /// Calls a passkey as its holder wishes, or, with nothing, by no name again.
    ///
    /// # Errors
    /// [`Refused::NoMatch`]: there is no such passkey, or the name is no line of forty signs at most.
    pub async fn name_passkey(&self, visitor: &Visitor, id: &str, called: &str) -> Result<(), Refused> {
        let called = called.trim();
        if visitor.aal < Aal::Aal2 || called.chars().count() > NAME || called.chars().any(unseen) {
            return Err(Refused::NoMatch);
        }
        let mut known = self.known_account(&visitor.tenant, visitor.account).await?;
        let passkey = known.content.passkeys.iter_mut().find(|one| one.name() == id).ok_or(Refused::NoMatch)?;
        passkey.called = (!called.is_empty()).then(|| called.to_owned());
        let entry = self.account_entry(&visitor.tenant, visitor.account, "portal_passkey_named")?;
        self.inner.store.tenant(&visitor.tenant).portal_change(vec![known.put()], vec![entry]).await?;
        Ok(())
    }

    /// Whether no code can go to the number of an account now.
    async fn closed(&self, visitor: &Visitor, known: &Known) -> Result<bool, Refused> {
        match self.number_now(&visitor.tenant, known).await? {
            Some(number) => Ok(!self.can_text(&visitor.tenant, visitor.account, &number).await?),
            None => Ok(true),
        }
    }

    /// Takes a passkey out of use. The last strong factor stays.
    ///
    /// # Errors
    /// [`Refused::NoMatch`]: there is no such passkey, or nothing strong would be left.
    pub async fn remove_passkey(&self, visitor: &Visitor, id: &str) -> Result<(), Refused> {
        let mut known = self.freshly(visitor).await?;
        let content = &mut known.content;
        let before = content.passkeys.len();
        content.passkeys.retain(|passkey| passkey.name() != id);
        if content.passkeys.len() == before || !content.is_strong() {
            return Err(Refused::NoMatch);
        }
        // A number that no code can go to is no factor to be left with.
        let rests_on_texts = content.passkeys.is_empty() && content.totp.is_none();
        if rests_on_texts && self.closed(visitor, &known).await? {
            return Err(Refused::NoMatch);
        }
        self.change(visitor, known, FactorChange::PasskeyRemoved).await
    }

    /// A key for another authenticator app. Nothing changes before that app has shown a code: the token names the step.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn renew_app_begin(&self, visitor: &Visitor) -> Result<(Secret<String>, TotpOffer), Refused> {
        let known = self.freshly(visitor).await?;
        let practice = self.practice(&visitor.tenant).await?;
        let name = known.content.name.clone().ok_or(Refused::NoMatch)?;
        let totp = Totp::new(self.inner.rng.as_ref())?;
        let offer = TotpOffer { key: totp.text(), uri: super::enrolment::uri(&totp, &name, &practice) };
        let step = Step::NewApp(NewApp { account: known.id, totp, wrong: 0 });
        let token = self.inner.portal.keep(step, (self.now(), LASTS), self.inner.rng.as_ref())?;
        Ok((token.ok_or(Refused::Crowded)?, offer))
    }

    /// Takes the first code of another authenticator app: it counts from now on, and the old one is worth nothing.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn renew_app_finish(
        &self,
        visitor: &Visitor,
        token: &Secret<String>,
        code: &Secret<String>,
    ) -> Result<(), Refused> {
        let mut known = self.freshly(visitor).await?;
        let Some(Step::NewApp(mut new)) = self.inner.portal.look(token, self.now()) else { return Err(Refused::Over) };
        if new.account != known.id {
            return Err(Refused::Over);
        }
        if !new.totp.takes(code.reveal(), self.now()) {
            new.wrong += 1;
            if new.wrong >= WRONG {
                self.inner.portal.end(token);
            } else {
                self.inner.portal.replace(token, Step::NewApp(new));
            }
            return Err(Refused::NoMatch);
        }
        if !self.inner.portal.end(token) {
            return Err(Refused::Over);
        }
        known.content.totp = Some(new.totp);
        self.change(visitor, known, FactorChange::App).await
    }

    /// Gives the account a new password. Every other session ends.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn change_password(&self, visitor: &Visitor, password: &Secret<String>) -> Result<(), Refused> {
        let mut known = self.freshly(visitor).await?;
        let name = known.content.name.clone().ok_or(Refused::NoMatch)?;
        let mut about = self.names_of(&visitor.tenant, &known.patient).await?;
        about.extend([name, self.practice(&visitor.tenant).await?]);
        password::check(password.reveal(), &about)?;
        known.content.password = Some(self.hash_password(password, visitor.account).await?);
        self.change(visitor, known, FactorChange::Password).await
    }

    /// Gives the account new recovery codes; the old ones are worth nothing from then on.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn renew_recovery_codes(&self, visitor: &Visitor) -> Result<Vec<Secret<String>>, Refused> {
        let mut known = self.freshly(visitor).await?;
        if known.content.password.is_none() {
            return Err(Refused::NoMatch);
        }
        let codes = known.content.renew_recovery(known.id, self.inner.rng.as_ref())?;
        self.change(visitor, known, FactorChange::Recovery).await?;
        Ok(codes)
    }

    /// The account of who has just shown a strong factor.
    pub(super) async fn freshly(&self, visitor: &Visitor) -> Result<Known, Refused> {
        if self.has_confirmed(visitor) {
            self.known_account(&visitor.tenant, visitor.account).await
        } else {
            Err(Refused::NoMatch)
        }
    }

    /// Whether the visitor has shown a strong factor lately enough for what is specially protected.
    #[must_use]
    pub fn has_confirmed(&self, visitor: &Visitor) -> bool {
        let lasts = self.inner.config.portal.confirmed;
        visitor.aal == Aal::Aal2 && visitor.confirmed_at.is_some_and(|at| self.now().duration_since(at) < lasts)
    }

    /// Stores a change of factors; every other session of the account ends with it, and every device has to sign in anew.
    pub(super) async fn change(&self, visitor: &Visitor, mut known: Known, what: FactorChange) -> Result<(), Refused> {
        known.content.note(what, self.now());
        known.content.devices.clear();
        let entry = self.account_entry(&visitor.tenant, visitor.account, what.code())?;
        let steps = vec![known.put(), PortalStep::EndSessions(visitor.account, Some(visitor.session))];
        self.inner.store.tenant(&visitor.tenant).portal_change(steps, vec![entry]).await?;
        self.warn_of(visitor, Warning::SignIn, None).await;
        Ok(())
    }
}
