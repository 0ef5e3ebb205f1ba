//! Enrolment: an invitation, two identifiers, then a passkey, or a password with an authenticator app. Until its last step nothing of it
//! is stored; the last step stores all of it at once.

use super::account::Account;
use super::beat::refused_on_beat;
use super::hashing::Asks;
use super::invitations::{For as Invited, secret};
use super::passkey::{For, PasskeyAnswer, PasskeyOffer, Site};
use super::sessions::{Browser, SignedIn};
use super::sign_in::of_account;
use super::texted::Phone;
use super::throttle::Trier;
use super::totp::Totp;
use super::waiting::Step;
use super::warnings::Warning;
use super::{Aal, Refused, password};
use crate::engine::Engine;
use crate::facts::Directory;
use jiff::SignedDuration;
use jiff::civil::Date;
use postern_base::{AccountId, Language, MessageId, PatientId, Phi, Secret, TenantId};
use postern_store::{PortalInvitation, PortalPerson, PortalStep, StoreError};
use uuid::Uuid;

/// How long an enrolment may take.
const LASTS: SignedDuration = SignedDuration::from_mins(30);
/// house: wrong identifiers after which an invitation is spent.
const TRIES: u32 = 5;
/// house: names that are not free after which an enrolment begins again.
const NAMES: u32 = 10;
/// house: wrong codes of a new authenticator app after which an enrolment begins again.
const WRONG_CODES: u32 = 10;

/// What somebody says of the patient: the day they were born, and one thing more.
#[derive(Debug, Clone)]
pub struct Identifiers {
    /// The patient's date of birth.
    pub born: Date,
    /// A family name of the patient, a number of their record or plan, or a telephone number or e-mail address on the record.
    pub other: Phi<String>,
}

/// An enrolment that has begun.
#[derive(Debug, Clone)]
pub struct Enrolment {
    /// Names it in its next steps; for the cookie of whoever enrols.
    pub token: Secret<String>,
    /// Who enrols stands for somebody else.
    pub proxy: bool,
    /// The language of the patient's record.
    pub language: Language,
}

/// A key for an authenticator app.
#[derive(Debug, Clone)]
pub struct TotpOffer {
    /// The key as people type it.
    pub key: Secret<String>,
    /// The same as a link that apps read, for a picture: `otpauth://totp/...`.
    pub uri: Secret<String>,
}

/// Who stood for somebody before they were invited anew.
enum Earlier {
    None,
    /// An account of theirs alone.
    Theirs(PortalPerson),
    /// An account that is somebody else's too.
    Anothers(PortalPerson),
}

/// What is known of an enrolment so far.
#[derive(Debug, Clone)]
pub(super) struct Enrolling {
    tenant: TenantId,
    patient: PatientId,
    person: Option<String>,
    invitation: Uuid,
    account: AccountId,
    pub(super) content: Account,
    wrong: u32,
    /// Names that were asked for and are not free.
    names: u32,
    /// The number that a code went to in the place of an app, and the message that holds it.
    pub(super) texted: Option<(Phone, MessageId)>,
}

impl Enrolling {
    /// Whose account it will be, where a password was chosen and it is the patient's own: a proxy's is never opened by the patient's number.
    pub(super) fn own(&self) -> Option<(&TenantId, &PatientId)> {
        (self.person.is_none() && self.content.password.is_some()).then_some((&self.tenant, &self.patient))
    }
}

impl Engine {
    /// Begins to enrol with the code of an invitation and two identifiers. Whoever gets any of it wrong hears the same, and the same is
    /// asked of the store, whether there is such an invitation or not. `source` is where the request came from.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn begin_enrolment(
        &self,
        tenant: &TenantId,
        invitation: &str,
        identifiers: &Identifiers,
        source: &str,
    ) -> Result<Enrolment, Refused> {
        let (one, invited, language) = self.answered(tenant, invitation, identifiers, source).await?;
        let rng = self.inner.rng.as_ref();
        let proxy = invited.person.is_some();
        let enrolling = Enrolling {
            tenant: tenant.clone(),
            patient: one.patient,
            person: invited.person,
            invitation: one.id,
            account: AccountId::new(self.now(), rng)?,
            content: Account::new(language),
            wrong: 0,
            names: 0,
            texted: None,
        };
        let step = Step::Enrolling(Box::new(enrolling));
        let token = self.inner.portal.keep(step, (self.now(), LASTS), rng)?.ok_or(Refused::Crowded)?;
        Ok(Enrolment { token, proxy, language })
    }

    /// The invitation that somebody answers rightly. Whatever is wrong, the answer is one, and so is when it comes: what is written is the
    /// same, and the record of a patient takes longer to read than that of nobody.
    pub(super) async fn answered(
        &self,
        tenant: &TenantId,
        invitation: &str,
        identifiers: &Identifiers,
        source: &str,
    ) -> Result<(PortalInvitation, Invited, Language), Refused> {
        refused_on_beat(self.weigh_answer(tenant, invitation, identifiers, source)).await
    }

    async fn weigh_answer(
        &self,
        tenant: &TenantId,
        invitation: &str,
        identifiers: &Identifiers,
        source: &str,
    ) -> Result<(PortalInvitation, Invited, Language), Refused> {
        let trier = Trier::invited(source);
        let counted = self.admit(tenant, &trier).await?;
        let store = self.inner.store.tenant(tenant);
        let found = store.portal_invitation(&secret(invitation)).await?;
        let admitted = self.try_invitation(tenant, found.as_ref()).await?;
        // Of an invitation that is none the record of nobody is looked for.
        let nobody: PatientId = "nobody".parse().map_err(|_| Refused::NoMatch)?;
        let patient = found.as_ref().map_or(&nobody, |found| &found.patient);
        let mut reading = store.reading().await?;
        let directory = self.directory(&mut reading, patient, None, self.now()).await?;
        drop(reading);
        let alive = found.as_ref().filter(|one| admitted && !one.used && one.expires_at > self.now());
        let invited = alive.and_then(|one| serde_json::from_slice::<Invited>(one.content.reveal()).ok());
        let matches = fits(&directory, invited.as_ref(), identifiers);
        match alive.cloned().zip(invited).filter(|_| matches) {
            Some((one, invited)) => {
                store.portal_change(vec![PortalStep::TakeBackTry(one.id)], Vec::new()).await?;
                self.take_back(tenant, counted).await?;
                Ok((one, invited, directory.language().unwrap_or(Language::En)))
            }
            None => Err(Refused::NoMatch),
        }
    }

    /// A try is counted against the invitation too, before it is weighed, so that who holds a code cannot try every birthday; whether it
    /// may be weighed.
    async fn try_invitation(&self, tenant: &TenantId, found: Option<&PortalInvitation>) -> Result<bool, Refused> {
        let steps = vec![PortalStep::TryInvitation(found.map_or(Uuid::nil(), |one| one.id), TRIES)];
        Ok(self.inner.store.tenant(tenant).portal_change(steps, Vec::new()).await? > 0)
    }

    pub(super) fn enrolling(&self, token: &Secret<String>) -> Result<Box<Enrolling>, Refused> {
        match self.inner.portal.look(token, self.now()) {
            Some(Step::Enrolling(enrolling)) => Ok(enrolling),
            _ => Err(Refused::Over),
        }
    }

    /// Chooses a name to sign in by and a password; gives the key for an authenticator app, whose first code ends the enrolment.
    ///
    /// # Errors
    /// [`Refused::Weak`], [`Refused::NameTaken`]; the enrolment goes on.
    pub async fn enrol_with_password(
        &self,
        token: &Secret<String>,
        name: &str,
        password: &Secret<String>,
    ) -> Result<TotpOffer, Refused> {
        let mut enrolling = self.enrolling(token)?;
        let practice = self.practice(&enrolling.tenant).await?;
        let mut about = self.names_of(&enrolling.tenant, &enrolling.patient).await?;
        about.extend([name.to_owned(), practice.clone()]);
        password::check(password.reveal(), &about)?;
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
            return Err(Refused::NoMatch);
        }
        if self.is_taken(&enrolling, name).await? {
            // Who asks for one name after the other is told which patients have accounts.
            enrolling.names += 1;
            if enrolling.names >= NAMES {
                self.inner.portal.end(token);
                return Err(Refused::Over);
            }
            self.inner.portal.replace(token, Step::Enrolling(enrolling));
            return Err(Refused::NameTaken);
        }
        let totp = Totp::new(self.inner.rng.as_ref())?;
        let offer = TotpOffer { key: totp.text(), uri: uri(&totp, name, &practice) };
        enrolling.content.name = Some(name.to_owned());
        enrolling.content.password = Some(self.hash_password(password, enrolling.account).await?);
        enrolling.content.totp = Some(totp);
        self.inner.portal.replace(token, Step::Enrolling(enrolling));
        Ok(offer)
    }

    /// Ends an enrolment with the first code of the authenticator app, and signs in.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn enrol_confirm_code(
        &self,
        token: &Secret<String>,
        code: &str,
        browser: Browser,
    ) -> Result<SignedIn, Refused> {
        let mut enrolling = self.enrolling(token)?;
        let now = self.now();
        if !enrolling.content.totp.as_mut().is_some_and(|totp| totp.takes(code, now)) {
            return Err(self.wrong_code(token, enrolling));
        }
        // A number that a code was asked for to, and that said none, is none.
        enrolling.content.phone = None;
        self.enrol(token, *enrolling, browser).await
    }

    /// Counts a wrong code of an enrolment.
    pub(super) fn wrong_code(&self, token: &Secret<String>, mut enrolling: Box<Enrolling>) -> Refused {
        enrolling.wrong += 1;
        if enrolling.wrong >= WRONG_CODES {
            self.inner.portal.end(token);
        } else {
            self.inner.portal.replace(token, Step::Enrolling(enrolling));
        }
        Refused::NoMatch
    }

    /// What is asked of the browser to make a passkey for an enrolment.
    ///
    /// # Errors
    /// [`Refused::Over`].
    pub async fn enrol_passkey_begin(&self, token: &Secret<String>, at: &Site) -> Result<PasskeyOffer, Refused> {
        let enrolling = self.enrolling(token)?;
        let practice = self.practice(&enrolling.tenant).await?;
        let named = (enrolling.account, practice.as_str(), practice.as_str());
        let moment = (self.now(), self.inner.rng.as_ref());
        let what = (For::Register(token.reveal()), at);
        Ok(self.inner.portal.challenges.offer_new(&enrolling.tenant, what, named, &[], moment)?)
    }

    /// Ends an enrolment with a passkey, and signs in.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn enrol_passkey_finish(
        &self,
        token: &Secret<String>,
        at: &Site,
        answer: &PasskeyAnswer,
        browser: Browser,
    ) -> Result<SignedIn, Refused> {
        let mut enrolling = self.enrolling(token)?;
        let what = (For::Register(token.reveal()), at);
        let made = self.inner.portal.challenges.registered(&enrolling.tenant, what, answer, self.now());
        enrolling.content.passkeys.push(made.ok_or(Refused::NoMatch)?);
        // A password that was begun and not ended is none.
        (enrolling.content.name, enrolling.content.password, enrolling.content.totp) = (None, None, None);
        self.enrol(token, *enrolling, browser).await
    }

    /// Stores the account, whose record it may ask for, its first session and the use of the invitation: all or nothing.
    pub(super) async fn enrol(
        &self,
        token: &Secret<String>,
        enrolling: Enrolling,
        browser: Browser,
    ) -> Result<SignedIn, Refused> {
        let Enrolling { tenant, patient, person, invitation, account, mut content, .. } = enrolling;
        let now = self.now();
        let rng = self.inner.rng.as_ref();
        let whose = patient.clone();
        let own = person.is_none();
        let person = person.map(Phi::new);
        let mut steps = vec![PortalStep::UseInvitation(invitation)];
        let (account, person, seen, code) = match self.earlier(&tenant, &patient, person.as_ref()).await? {
            // Invited anew: the factors are replaced and every session ends. What was lost or stolen is worth nothing from here on.
            Earlier::Theirs(standing) => {
                steps.push(PortalStep::EndSessions(standing.account, None));
                let known = self.known_account(&tenant, standing.account).await?;
                (known.id, standing.id, (known.patient, known.seen), "portal_enrolled_anew")
            }
            // That account is of somebody else too, who was asked nothing: it keeps what it signs in with, and stands for this one no more.
            Earlier::Anothers(standing) => {
                steps.push(PortalStep::MovePerson(standing.id, account));
                (account, standing.id, (patient, 0), "portal_person_moved")
            }
            Earlier::None => {
                let (id, of) = (postern_base::id::new_v7(now, rng)?, patient.clone());
                let person = PortalPerson { id, account, patient: of, person, added_at: now, ended_at: None };
                steps.push(PortalStep::AddPerson(person));
                (account, id, (patient, 0), "portal_enrolled")
            }
        };
        let renewed = own && code == "portal_enrolled_anew";
        // Codes on paper take the place of an app beside a password: without a password they would open nothing.
        let codes = match content.password {
            Some(_) => content.renew_recovery(account, rng)?,
            None => Vec::new(),
        };
        let device = content.know(account, None, (now, rng))?;
        steps.push(content.put(account, &seen.0, seen.1));
        let (session, mut signed_in) = self.new_session(account, person, Aal::Aal2, browser)?;
        steps.push(session);
        (signed_in.recovery_codes, signed_in.device) = (codes, device);
        let signed_in = self.enrolled(token, &tenant, steps, signed_in, code).await?;
        // Who enrols for the first time is told nothing new; whose factors were replaced is.
        if renewed {
            self.warn((&tenant, &whose), Warning::SignIn, None).await;
        }
        Ok(signed_in)
    }

    /// The account that stands for who was invited. The identifiers that were asked for are of one person: they renew an account that
    /// stands for that one alone, or the patient's own, and never one by which somebody looks at another record too.
    async fn earlier(
        &self,
        tenant: &TenantId,
        patient: &PatientId,
        person: Option<&Phi<String>>,
    ) -> Result<Earlier, Refused> {
        let store = self.inner.store.tenant(tenant);
        let Some(standing) = store.portal_person(patient, person).await? else { return Ok(Earlier::None) };
        let all = store.portal_persons(standing.account).await?;
        let others = || all.iter().filter(|one| one.id != standing.id);
        let own = standing.person.is_none() && others().all(|one| one.person.is_some());
        Ok(if own || others().next().is_none() { Earlier::Theirs(standing) } else { Earlier::Anothers(standing) })
    }

    async fn enrolled(
        &self,
        token: &Secret<String>,
        tenant: &TenantId,
        steps: Vec<PortalStep>,
        signed_in: SignedIn,
        code: &'static str,
    ) -> Result<SignedIn, Refused> {
        let entry = self.entry_of(tenant, signed_in.account, code)?;
        self.inner.store.tenant(tenant).portal_change(steps, vec![entry]).await?;
        self.inner.portal.end(token);
        Ok(signed_in)
    }

    async fn is_taken(&self, enrolling: &Enrolling, name: &str) -> Result<bool, Refused> {
        let store = self.inner.store.tenant(&enrolling.tenant);
        let holder = match store.portal_account_named(name).await {
            // It was of a patient whose key is destroyed: it stays with them.
            Err(StoreError::KeyDestroyed) => return Ok(true),
            holder => holder?.map(|holder| holder.id),
        };
        let person = enrolling.person.clone().map(Phi::new);
        let own = match self.earlier(&enrolling.tenant, &enrolling.patient, person.as_ref()).await? {
            Earlier::Theirs(own) => Some(own.account),
            Earlier::Anothers(_) | Earlier::None => None,
        };
        Ok(holder.is_some() && holder != own)
    }

    /// The patient's own names and birthday, which everybody who knows them tries first.
    pub(super) async fn names_of(&self, tenant: &TenantId, patient: &PatientId) -> Result<Vec<String>, Refused> {
        let mut reading = self.inner.store.tenant(tenant).reading().await?;
        let directory = self.directory(&mut reading, patient, None, self.now()).await?;
        let identity = &directory.record.identity;
        let born = identity.birth_date.iter().flat_map(|born| {
            let born = born.reveal();
            ["%Y%m%d", "%m%d%Y", "%d%m%Y", "%m%d%y", "%d%m%y"].map(|form| born.strftime(form).to_string())
        });
        Ok(identity.names.iter().map(|name| name.reveal().clone()).chain(born).collect())
    }

    /// The name of the practice, as its patients know it.
    pub(super) async fn practice(&self, tenant: &TenantId) -> Result<String, Refused> {
        let state = self.tenant_state(tenant).await?;
        Ok(state.gate.alias.clone().unwrap_or_else(|| state.gate.name.clone()))
    }

    /// Works a password out where it keeps nobody else waiting.
    pub(super) async fn hash_password(&self, password: &Secret<String>, of: AccountId) -> Result<String, Refused> {
        let whose = of_account(of);
        let asks = Asks { whose: Some(&whose), ..Asks::default() };
        let _turn = self.inner.portal.hashing.turn(asks).await.ok_or(Refused::Crowded)?;
        let (salt, password) = (password::salt(self.inner.rng.as_ref())?, password.clone());
        let hash = tokio::task::spawn_blocking(move || password::hash(&password, salt)).await;
        hash.ok().flatten().ok_or(Refused::Unavailable)
    }
}

/// The link that authenticator apps read from a picture (the Key URI Format that they share).
pub(super) fn uri(totp: &Totp, name: &str, practice: &str) -> Secret<String> {
    let plain = |text: &str| -> String {
        text.bytes()
            .map(|byte| match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
                _ => format!("%{byte:02X}"),
            })
            .collect()
    };
    let (key, practice) = (totp.text(), plain(practice));
    Secret::new(format!("otpauth://totp/{practice}:{}?secret={}&issuer={practice}", plain(name), key.reveal()))
}

/// Whether both identifiers are the patient's (RULES PRI-17: two at least). Everything is compared, whatever fits first.
fn fits(directory: &Directory, invited: Option<&Invited>, said: &Identifiers) -> bool {
    let identity = &directory.record.identity;
    let born = identity.birth_date.as_ref().is_some_and(|born| *born.reveal() == said.born);
    let other = said.other.reveal();
    let (word, point) = (plain(other), crate::address::normal(other.trim()).to_lowercase());
    // Of several family names people give one, or all.
    let names = identity.family_names.iter().flat_map(|name| {
        let each = name.reveal().split([' ', '-']).map(plain).filter(|one| one.chars().count() > 2);
        each.chain([plain(name.reveal())]).collect::<Vec<_>>()
    });
    let own = names.chain(identity.identifiers.iter().map(|text| plain(text.reveal())));
    let is_word = own.filter(|own| *own == word).count() > 0 && !word.is_empty();
    let related = invited.and_then(|invited| invited.person.as_ref()).and_then(|person| {
        directory.record.related.iter().find(|related| related.reference == *person && related.active)
    });
    let points = identity.points.iter().chain(related.into_iter().flat_map(|one| one.points.iter().map(|p| &p.value)));
    let is_point = points.filter(|known| known.reveal().to_lowercase() == point).count() > 0;
    // Who is invited for somebody must still be on the record.
    let stands = invited.is_some_and(|invited| invited.person.is_none() || related.is_some());
    born && (is_word || is_point) && stands
}

/// A word as it is compared: small letters and digits, without the marks of Spanish, however those are written.
fn plain(text: &str) -> String {
    super::messages::folded(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_name_is_compared_without_its_marks_however_they_are_written() {
        for name in ["Núñez García", "NUÑEZ GARCIA", "nunez-garcia", "Nu\u{301}n\u{303}ez Garci\u{301}a"] {
            assert_eq!(plain(name), "nunezgarcia", "{name}");
        }
        assert_ne!(plain("Nunes"), plain("Núñez"));
    }
}
