//! Signing in: a passkey, or a password and then a second factor (RULES IDN-01; NIST SP 800-63B-4 section 2.2: two factors).
//!
//! What an open mailbox shows is worth nothing here (RULES OTP-02), and a telephone that was found opens nothing by itself but what tells
//! little: see `texted.rs`.

use super::account::Known;
use super::beat::refused_on_beat;
use super::devices::{KnownDevice, Whence};
use super::hashing::Asks;
use super::passkey::{For, PasskeyAnswer, PasskeyOffer, Site};
use super::preferences::told;
use super::sessions::{Browser, SignedIn};
use super::texted::{Seconds, Texted};
use super::throttle::Trier;
use super::waiting::Step as Kept;
use super::{Aal, Refused, Visitor, password};
use crate::engine::Engine;
use jiff::{SignedDuration, Timestamp};
use postern_base::{AccountId, Secret, TenantId};
use postern_store::StoreError;

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
    /// The code that was asked for by text in this step.
    Text(Secret<String>),
    /// The password, of who is signed in with a code by text: it is what a found telephone does not show.
    Password(Secret<String>),
}

/// Between the two factors.
#[derive(Debug, Clone)]
pub(super) struct Between {
    tenant: TenantId,
    /// `None` = there is no such account, and whoever asked for a code by its name is not told.
    account: Option<AccountId>,
    name: String,
    /// The code by text that was asked for in this step.
    texted: Option<Texted>,
    /// No password was shown: a code alone signs in for little.
    alone: bool,
    /// The device it happens on, where somebody signed in on it before, and what the browser brought of it.
    device: (Option<KnownDevice>, Option<Secret<String>>),
    wrong: u32,
}

impl Between {
    /// The step of who asked for a code by a name alone.
    pub(super) const fn alone(tenant: TenantId, account: Option<AccountId>, name: String, texted: Texted) -> Self {
        Self { tenant, account, name, texted: Some(texted), alone: true, device: (None, None), wrong: 0 }
    }

    /// The step of who has shown the password of an account.
    pub(super) const fn shown(
        tenant: TenantId,
        account: AccountId,
        name: String,
        device: (Option<KnownDevice>, Option<Secret<String>>),
    ) -> Self {
        Self { tenant, account: Some(account), name, texted: None, alone: false, device, wrong: 0 }
    }

    /// Whether nothing was shown for it.
    pub(super) const fn is_alone(&self) -> bool {
        self.alone
    }

    fn trier(&self, source: &str) -> Trier {
        if self.alone {
            return Trier::by_text(&self.name, source);
        }
        self.device.0.as_ref().map_or_else(|| Trier::new(&self.name, source), Trier::device)
    }
}

impl Engine {
    /// Takes a name and a password. The answer, when it comes and what the store does are the same whether there is such an account or not.
    ///
    /// # Errors
    /// [`Refused::NoMatch`], [`Refused::TooMany`], [`Refused::Crowded`].
    pub async fn sign_in_with_password<'a>(
        &self,
        tenant: &TenantId,
        name: &str,
        password: &Secret<String>,
        from: impl Into<Whence<'a>> + Send,
    ) -> Result<Step, Refused> {
        refused_on_beat(self.weigh_password(tenant, name, password, from.into())).await
    }

    async fn weigh_password(
        &self,
        tenant: &TenantId,
        name: &str,
        password: &Secret<String>,
        from: Whence<'_>,
    ) -> Result<Step, Refused> {
        // Which count it is says the account, where the browser brought a device at all.
        let early = if from.device.is_some() { Some(self.known_by_name(tenant, name).await?) } else { None };
        let device = early.iter().flatten().find_map(|known| known.content.device(known.id, from.device));
        let trier = device.as_ref().map_or_else(|| Trier::new(name, from.source), Trier::device);
        let counted = self.admit(tenant, &trier).await?;
        let known = match early {
            Some(known) => known,
            None => self.known_by_name(tenant, name).await?,
        };
        let kept = known.as_ref().and_then(|known| known.content.password.clone());
        if !self.password_is_right(password, kept, trier.asks()).await? {
            return Err(Refused::NoMatch);
        }
        let account = known.ok_or(Refused::NoMatch)?.id;
        // The name starts anew only with the second factor: who knows the password alone must not clear what was tried at that.
        self.take_back(tenant, counted).await?;
        let device = (device, from.device.cloned());
        self.keep_between(Between::shown(tenant.clone(), account, name.to_owned(), device))
    }

    pub(super) fn keep_between(&self, between: Between) -> Result<Step, Refused> {
        let moment = (self.now(), BETWEEN);
        let token = self.inner.portal.keep(Kept::Between(between), moment, self.inner.rng.as_ref())?;
        Ok(Step { token: token.ok_or(Refused::Crowded)? })
    }

    fn between(&self, token: &Secret<String>) -> Result<Between, Refused> {
        match self.inner.portal.look(token, self.now()) {
            Some(Kept::Between(between)) => Ok(between),
            _ => Err(Refused::Over),
        }
    }

    /// Which second factors there are for who has shown a password. Who has asked for a code by a name alone is told of none.
    ///
    /// # Errors
    /// [`Refused::Over`].
    pub async fn second_factors(&self, token: &Secret<String>) -> Result<Seconds, Refused> {
        let between = self.between(token)?;
        let Some(account) = between.account.filter(|_| !between.alone) else { return Ok(Seconds::default()) };
        let known = self.known_account(&between.tenant, account).await?;
        let number = self.number_now(&between.tenant, &known).await?;
        let recovery = !known.content.recovery.is_empty();
        let open = match &number {
            Some(number) => self.can_text(&between.tenant, account, number).await?,
            None => false,
        };
        let text_closed = known.content.phone.is_some() && !open;
        let text = number.as_ref().filter(|_| open).map(told);
        Ok(Seconds { app: known.content.totp.is_some(), text, text_closed, recovery })
    }

    /// Sends who has shown a password a code to the number of their account.
    ///
    /// # Errors
    /// [`Refused::TooMany`]: as many as may have gone there lately. [`Refused::NoMatch`]: none can go there.
    pub async fn text_second_factor(&self, token: &Secret<String>) -> Result<(), Refused> {
        let between = self.between(token)?;
        let account = between.account.filter(|_| !between.alone).ok_or(Refused::NoMatch)?;
        let known = self.known_account(&between.tenant, account).await?;
        let message = self.text_to(&between.tenant, &known).await?;
        let texted = Some(Texted::new(message.into()));
        self.inner.portal.replace(token, Kept::Between(Between { texted, ..between }));
        Ok(())
    }

    pub(super) async fn known_by_name(&self, tenant: &TenantId, name: &str) -> Result<Option<Known>, Refused> {
        match self.inner.store.tenant(tenant).portal_account_named(name).await {
            Err(StoreError::KeyDestroyed) => Ok(None),
            record => Ok(record?.map(|record| Known::of(&record)).transpose()?),
        }
    }

    async fn password_is_right(
        &self,
        password: &Secret<String>,
        kept: Option<String>,
        asks: Asks<'_>,
    ) -> Result<bool, Refused> {
        let _turn = self.inner.portal.hashing.turn(asks).await.ok_or(Refused::Crowded)?;
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
        refused_on_beat(self.weigh_second(token, second, source, browser)).await
    }

    async fn weigh_second(
        &self,
        token: &Secret<String>,
        second: &Second,
        source: &str,
        browser: Browser,
    ) -> Result<SignedIn, Refused> {
        let mut between = self.between(token)?;
        let trier = between.trier(source);
        let counted = self.admit(&between.tenant, &trier).await?;
        let Some(known) = self.taken(&between, second).await? else {
            between.wrong += 1;
            if between.wrong >= WRONG {
                self.inner.portal.end(token);
            } else {
                self.inner.portal.replace(token, Kept::Between(between));
            }
            return Err(Refused::NoMatch);
        };
        if !self.inner.portal.end(token) {
            return Err(Refused::Over);
        }
        let aal = if between.alone { Aal::Aal1 } else { Aal::Aal2 };
        let how = (aal, browser, between.device.1.as_ref());
        let signed_in = self.begin_session(&between.tenant, known, how).await?;
        self.hit(&between.tenant, &trier, counted).await?;
        if between.alone {
            self.has_said_code(&between.tenant, &between.name).await?;
        }
        Ok(signed_in)
    }

    /// The account, if `second` is right in this step; what was used of it is noted.
    async fn taken(&self, between: &Between, second: &Second) -> Result<Option<Known>, Refused> {
        let Some(account) = between.account else {
            self.look_for_nobody(&between.tenant).await?;
            return Ok(None);
        };
        let mut known = self.known_account(&between.tenant, account).await?;
        // Whoever refused it meanwhile has refused the one that is on its way.
        let alone = known.content.phone.as_ref().is_some_and(|phone| phone.alone);
        if between.alone && !alone {
            return Ok(None);
        }
        let right = match second {
            Second::Text(said) => self.is_texted((&between.tenant, &known), between.texted.as_ref(), said).await?,
            _ if between.alone => false,
            _ => takes(&mut known, second, self.now()),
        };
        Ok(right.then_some(known))
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
    pub async fn passkey_finish<'a>(
        &self,
        tenant: &TenantId,
        at: &Site,
        answer: &PasskeyAnswer,
        from: impl Into<Whence<'a>> + Send,
        browser: Browser,
    ) -> Result<SignedIn, Refused> {
        refused_on_beat(self.weigh_passkey(tenant, at, answer, from.into(), browser)).await
    }

    async fn weigh_passkey(
        &self,
        tenant: &TenantId,
        at: &Site,
        answer: &PasskeyAnswer,
        from: Whence<'_>,
        browser: Browser,
    ) -> Result<SignedIn, Refused> {
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
            Some(known) => self.begin_session(tenant, known, (Aal::Aal2, browser, from.device)).await,
            None => {
                // A signature is not guessed: what is wrong is counted for where it came from, and nobody who is right waits for it.
                self.admit(tenant, &Trier::passkey(from.source)).await?;
                Err(Refused::NoMatch)
            }
        }
    }

    /// A session, in one transaction with what was used of the account.
    async fn begin_session(
        &self,
        tenant: &TenantId,
        mut known: Known,
        (aal, browser, brought): (Aal, Browser, Option<&Secret<String>>),
    ) -> Result<SignedIn, Refused> {
        let store = self.inner.store.tenant(tenant);
        let persons = store.portal_persons(known.id).await?;
        // Who may ask for nobody's record any more has nowhere to go; one factor opens one's own.
        let person = persons.iter().find(|one| aal == Aal::Aal2 || one.person.is_none()).ok_or(Refused::NoMatch)?;
        // A device is known by who has shown two factors on it.
        let device = match aal {
            Aal::Aal1 => None,
            Aal::Aal2 => known.content.know(known.id, brought, (self.now(), self.inner.rng.as_ref()))?,
        };
        let (session, signed_in) = self.new_session(known.id, person.id, aal, browser)?;
        let code = if aal == Aal::Aal1 { "portal_signed_in_by_text" } else { "portal_signed_in" };
        let entry = self.entry_of(tenant, known.id, code)?;
        // Of two who show the same code at once, the account's version lets one through.
        store.portal_change(vec![known.put(), session], vec![entry]).await?;
        Ok(SignedIn { device, ..signed_in })
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
        if !self.takes_again(visitor, &mut known, second).await? {
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
        source: &str,
    ) -> Result<SignedIn, Refused> {
        let mut known = self.known_account(&visitor.tenant, visitor.account).await?;
        let (session, now) = (visitor.session.to_string(), self.now());
        let challenges = &self.inner.portal.challenges;
        let what = (For::Confirm(&session), at);
        let found = known.content.passkeys.iter_mut().filter(|passkey| answer.is_of(passkey));
        let mut found =
            found.filter_map(|passkey| challenges.shown(&visitor.tenant, what, answer, passkey, now).then_some(()));
        if found.next().is_none() {
            drop(found);
            // A session that was stolen must not try without end.
            self.admit(&visitor.tenant, &Trier::new(&format!("confirm passkey {}", visitor.account), source)).await?;
            return Err(Refused::NoMatch);
        }
        drop(found);
        self.confirmed(visitor, &known).await
    }

    /// What may be shown again. Who came in by a code alone shows what that telephone does not know: the password, or a passkey. So does
    /// who has no app: a code to the telephone that holds the session would prove nothing new (NIST SP 800-63B-4 section 2.2.3).
    async fn takes_again(&self, visitor: &Visitor, known: &mut Known, second: &Second) -> Result<bool, Refused> {
        let by_password = visitor.aal == Aal::Aal1 || known.content.totp.is_none();
        Ok(match second {
            Second::Password(said) if by_password => {
                let whose = of_account(visitor.account);
                let asks = Asks { whose: Some(&whose), ..Asks::default() };
                self.password_is_right(said, known.content.password.clone(), asks).await?
            }
            Second::Code(_) | Second::Recovery(_) if visitor.aal == Aal::Aal2 => takes(known, second, self.now()),
            _ => false,
        })
    }

    async fn confirmed(&self, visitor: &Visitor, known: &Known) -> Result<SignedIn, Refused> {
        let raised = (Aal::Aal2, Some(self.now()));
        let beside = vec![known.put()];
        self.turn_session(visitor, visitor.standing, raised, "portal_confirmed", beside).await
    }
}

/// How an account is named in the queue for passwords.
pub(super) fn of_account(account: AccountId) -> String {
    format!("account {account}")
}

/// Takes a second factor, and notes that it was used.
fn takes(known: &mut Known, second: &Second, now: Timestamp) -> bool {
    match second {
        Second::Code(said) => known.content.totp.as_mut().is_some_and(|totp| totp.takes(said.reveal(), now)),
        Second::Recovery(said) => known.content.use_recovery(known.id, said.reveal()),
        Second::Text(_) | Second::Password(_) => false,
    }
}
