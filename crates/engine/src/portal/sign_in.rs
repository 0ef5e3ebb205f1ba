//! Signing in: a passkey, or a password and then a second factor (RULES IDN-01; NIST SP 800-63B-4 section 2.2: two factors).
//!
//! There is no factor by text message or e-mail: what a stolen telephone or an open mailbox shows is worth nothing here
//! (RULES OTP-02).

use super::account::{Known, PasskeyName};
use super::passkey::{For, PasskeyAnswer, PasskeyOffer, Site};
use super::sessions::{Browser, SignedIn};
use super::throttle::Trier;
use super::totp::Totp;
use super::waiting::Step as Kept;
use super::{Aal, Refused, TotpOffer, Visitor, password};
use crate::engine::Engine;
use crate::error::UseError;
use jiff::{SignedDuration, Timestamp};
use postern_base::{AccountId, Language, Secret, TenantId};
use postern_store::{PortalStep, StoreError};

/// How long somebody may take between the two factors.
const BETWEEN: SignedDuration = SignedDuration::from_mins(10);
/// house: wrong second factors after which the password is asked for again.
const WRONG: u32 = 5;

/// What comes next.
#[derive(Debug, Clone)]
pub struct Step {
    /// Names the sign-in in its second step; for the cookie of whoever signs in.
    pub token: Secret<String>,
}

/// A second factor.
#[derive(Debug, Clone)]
pub enum Second {
    /// A code of the authenticator app.
    Code(Secret<String>),
    /// A recovery code from paper: it works once.
    Recovery(Secret<String>),
}

/// Between the two factors.
#[derive(Debug, Clone)]
pub(super) struct Between {
    tenant: TenantId,
    account: AccountId,
    name: String,
    wrong: u32,
}

impl Engine {
    /// Takes a name and a password. The answer, the work and what the store does are the same whether there is such an account or not.
    ///
    /// # Errors
    /// [`Refused::NoMatch`], [`Refused::TooMany`].
    pub async fn sign_in_with_password(
        &self,
        tenant: &TenantId,
        name: &str,
        password: &Secret<String>,
        source: &str,
    ) -> Result<Step, Refused> {
        let trier = Trier::new(name, source);
        let counted = self.admit(tenant, &trier).await?;
        let known = match self.inner.store.tenant(tenant).portal_account_named(name).await {
            Err(StoreError::KeyDestroyed) => None,
            record => record?.map(|record| Known::of(&record)).transpose()?,
        };
        let kept = known.as_ref().and_then(|known| known.content.password.clone());
        if !self.password_is_right(password, kept).await? {
            return Err(Refused::NoMatch);
        }
        let account = known.ok_or(Refused::NoMatch)?.id;
        // The name starts anew only with the second factor: who knows the password alone must not clear what was tried at that.
        self.take_back(tenant, counted).await?;
        let between = Between { tenant: tenant.clone(), account, name: name.to_owned(), wrong: 0 };
        let moment = (self.now(), BETWEEN);
        let token = self.inner.portal.keep(Kept::Between(between), moment, self.inner.rng.as_ref())?;
        Ok(Step { token: token.ok_or(Refused::Unavailable)? })
    }

    async fn password_is_right(&self, password: &Secret<String>, kept: Option<String>) -> Result<bool, Refused> {
        let _turn = self.inner.portal.passwords.acquire().await.map_err(|_| Refused::Unavailable)?;
        let password = password.clone();
        let work = tokio::task::spawn_blocking(move || password::is_right(&password, kept.as_deref()));
        work.await.map_err(|_| Refused::Unavailable)
    }

    /// Takes the second factor, and signs in.
    ///
    /// # Errors
    /// [`Refused`]; after five wrong ones the password is asked for again, and all of them count for the name.
    pub async fn finish_sign_in(
        &self,
        token: &Secret<String>,
        second: &Second,
        source: &str,
        browser: Browser,
    ) -> Result<SignedIn, Refused> {
        let Some(Kept::Between(mut between)) = self.inner.portal.look(token, self.now()) else {
            return Err(Refused::Over);
        };
        let trier = Trier::new(&between.name, source);
        let counted = self.admit(&between.tenant, &trier).await?;
        let mut known = self.known_account(&between.tenant, between.account).await?;
        if !takes(&mut known, second, self.now()) {
            between.wrong += 1;
            if between.wrong >= WRONG {
                self.inner.portal.end(token);
            } else {
                self.inner.portal.replace(token, Kept::Between(between));
            }
            return Err(Refused::NoMatch);
        }
        if !self.inner.portal.end(token) {
            return Err(Refused::Over);
        }
        let signed_in = self.begin_session(&between.tenant, &known, browser).await?;
        self.hit(&between.tenant, &trier, counted).await?;
        Ok(signed_in)
    }

    /// What is asked of the browser to sign in with a passkey. It is the same for everybody.
    ///
    /// # Errors
    /// [`Refused::Unavailable`].
    pub async fn passkey_begin(&self, tenant: &TenantId, at: &Site) -> Result<PasskeyOffer, Refused> {
        let moment = (self.now(), self.inner.rng.as_ref());
        Ok(self.inner.portal.challenges.offer_known(tenant, (For::SignIn, at), &[], moment)?)
    }

    /// Signs in with a passkey. How often a name was tried does not count here.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn passkey_finish(
        &self,
        tenant: &TenantId,
        at: &Site,
        answer: &PasskeyAnswer,
        source: &str,
        browser: Browser,
    ) -> Result<SignedIn, Refused> {
        let trier = Trier::source(source);
        let counted = self.admit(tenant, &trier).await?;
        let record = match answer.account() {
            Some(account) => match self.inner.store.tenant(tenant).portal_account(account).await {
                Err(StoreError::KeyDestroyed) => None,
                record => record?,
            },
            None => None,
        };
        let mut known = record.map(|record| Known::of(&record)).transpose()?;
        let now = self.now();
        let challenges = &self.inner.portal.challenges;
        let passkeys = known.iter_mut().flat_map(|known| &mut known.content.passkeys);
        let found = passkeys
            .filter(|passkey| answer.is_of(passkey))
            .any(|passkey| challenges.shown(tenant, (For::SignIn, at), answer, passkey, now));
        match known.filter(|_| found) {
            Some(known) => {
                self.take_back(tenant, counted).await?;
                self.begin_session(tenant, &known, browser).await
            }
            None => Err(Refused::NoMatch),
        }
    }

    /// A session at two factors, in one transaction with what was used of the account.
    async fn begin_session(&self, tenant: &TenantId, known: &Known, browser: Browser) -> Result<SignedIn, Refused> {
        let store = self.inner.store.tenant(tenant);
        let persons = store.portal_persons(known.id).await?;
        // Who may ask for nobody's record any more has nowhere to go.
        let person = persons.first().ok_or(Refused::NoMatch)?;
        let (session, signed_in) = self.new_session(known.id, person.id, Aal::Aal2, browser)?;
        let entry = self.entry_of(tenant, known.id, "portal_signed_in")?;
        // Of two who show the same code at once, the account's version lets one through.
        store.portal_change(vec![known.put(), session], vec![entry]).await?;
        Ok(signed_in)
    }

    /// Shows a second factor again: for a while what is specially protected may be read. The session goes on under a new token.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn confirm(&self, visitor: &Visitor, second: &Second, source: &str) -> Result<SignedIn, Refused> {
        // Counted by account: a session that was stolen must not try its way up.
        let trier = Trier::new(&format!("confirm {}", visitor.account), source);
        let counted = self.admit(&visitor.tenant, &trier).await?;
        let mut known = self.known_account(&visitor.tenant, visitor.account).await?;
        if !takes(&mut known, second, self.now()) {
            return Err(Refused::NoMatch);
        }
        self.hit(&visitor.tenant, &trier, counted).await?;
        self.confirmed(visitor, &known).await
    }

    /// What is asked of the browser to show one of the account's own passkeys again.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn confirm_passkey_begin(&self, visitor: &Visitor, at: &Site) -> Result<PasskeyOffer, Refused> {
        let known = self.known_account(&visitor.tenant, visitor.account).await?;
        let (session, moment) = (visitor.session.to_string(), (self.now(), self.inner.rng.as_ref()));
        let what = (For::Confirm(&session), at);
        Ok(self.inner.portal.challenges.offer_known(&visitor.tenant, what, &known.content.passkeys, moment)?)
    }

    /// As [`Engine::confirm`], with a passkey.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn confirm_passkey_finish(
        &self,
        visitor: &Visitor,
        at: &Site,
        answer: &PasskeyAnswer,
    ) -> Result<SignedIn, Refused> {
        let mut known = self.known_account(&visitor.tenant, visitor.account).await?;
        let (session, now) = (visitor.session.to_string(), self.now());
        let challenges = &self.inner.portal.challenges;
        let what = (For::Confirm(&session), at);
        let found = known.content.passkeys.iter_mut().filter(|passkey| answer.is_of(passkey));
        let mut found =
            found.filter_map(|passkey| challenges.shown(&visitor.tenant, what, answer, passkey, now).then_some(()));
        if found.next().is_none() {
            return Err(Refused::NoMatch);
        }
        drop(found);
        self.confirmed(visitor, &known).await
    }

    async fn confirmed(&self, visitor: &Visitor, known: &Known) -> Result<SignedIn, Refused> {
        let raised = (Aal::Aal2, Some(self.now()));
        let beside = vec![known.put()];
        self.turn_session(visitor, visitor.standing, raised, "portal_confirmed", beside).await
    }

    /// The passkeys of the account of `visitor`.
    ///
    /// # Errors
    /// [`UseError::Unavailable`].
    pub async fn passkeys(&self, visitor: &Visitor) -> Result<Vec<PasskeyName>, UseError> {
        let known = self.known_account(&visitor.tenant, visitor.account).await.map_err(|_| UseError::Unavailable)?;
        let names = known.content.passkeys.iter();
        Ok(names.map(|passkey| PasskeyName { id: passkey.name(), added_at: passkey.added_at }).collect())
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
        known.content.passkeys.push(made.ok_or(Refused::NoMatch)?);
        self.change(visitor, &known, "portal_factor_added").await
    }

    /// Takes a passkey out of use. The last strong factor stays.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn remove_passkey(&self, visitor: &Visitor, id: &str) -> Result<(), Refused> {
        let mut known = self.freshly(visitor).await?;
        known.content.passkeys.retain(|passkey| passkey.name() != id);
        if known.content.passkeys.is_empty() && known.content.totp.is_none() {
            return Err(Refused::NoMatch);
        }
        self.change(visitor, &known, "portal_factor_removed").await
    }

    /// Gives the account a new key for an authenticator app. The old one ends; so does every other session.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn renew_totp(&self, visitor: &Visitor) -> Result<TotpOffer, Refused> {
        let mut known = self.freshly(visitor).await?;
        let practice = self.practice(&visitor.tenant).await?;
        let totp = Totp::new(self.inner.rng.as_ref())?;
        let name = known.content.name.clone().ok_or(Refused::NoMatch)?;
        let offer = TotpOffer { key: totp.text(), uri: super::enrolment::uri(&totp, &name, &practice) };
        known.content.totp = Some(totp);
        self.change(visitor, &known, "portal_factor_renewed").await?;
        Ok(offer)
    }

    /// Gives the account a new password. Every other session ends.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn change_password(&self, visitor: &Visitor, password: &Secret<String>) -> Result<(), Refused> {
        let mut known = self.freshly(visitor).await?;
        let name = known.content.name.clone().ok_or(Refused::NoMatch)?;
        password::check(password.reveal(), &name, &self.practice(&visitor.tenant).await?)?;
        known.content.password = Some(self.hash_password(password).await?);
        self.change(visitor, &known, "portal_password_changed").await
    }

    /// Gives the account new recovery codes; the old ones are worth nothing from then on.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn renew_recovery_codes(&self, visitor: &Visitor) -> Result<Vec<Secret<String>>, Refused> {
        let mut known = self.freshly(visitor).await?;
        let codes = known.content.renew_recovery(known.id, self.inner.rng.as_ref())?;
        self.change(visitor, &known, "portal_recovery_renewed").await?;
        Ok(codes)
    }

    /// Keeps the language that the visitor chose.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn choose_language(&self, visitor: &Visitor, language: Language) -> Result<(), Refused> {
        let mut known = self.known_account(&visitor.tenant, visitor.account).await?;
        known.content.language = language;
        let entry = self.account_entry(&visitor.tenant, visitor.account, "portal_language_chosen")?;
        self.inner.store.tenant(&visitor.tenant).portal_change(vec![known.put()], vec![entry]).await?;
        Ok(())
    }

    /// The account of who has just shown a strong factor: factors are changed by nobody else (NIST SP 800-63B-4 section 4.1.2).
    async fn freshly(&self, visitor: &Visitor) -> Result<Known, Refused> {
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

    /// Stores a change of factors; every other session of the account ends with it.
    async fn change(&self, visitor: &Visitor, known: &Known, code: &'static str) -> Result<(), Refused> {
        let entry = self.account_entry(&visitor.tenant, visitor.account, code)?;
        let steps = vec![known.put(), PortalStep::EndSessions(visitor.account, Some(visitor.session))];
        self.inner.store.tenant(&visitor.tenant).portal_change(steps, vec![entry]).await?;
        Ok(())
    }
}

/// Takes a second factor, and notes that it was used.
fn takes(known: &mut Known, second: &Second, now: Timestamp) -> bool {
    match second {
        Second::Code(said) => known.content.totp.as_mut().is_some_and(|totp| totp.takes(said.reveal(), now)),
        Second::Recovery(said) => known.content.use_recovery(known.id, said.reveal()),
    }
}
