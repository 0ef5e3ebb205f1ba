//! Sessions: a random token in a cookie, its digest in the store, an end that no use puts off.

use super::account::Account;
use super::{Aal, Person, Refused, Visitor, actor};
use crate::engine::Engine;
use crate::error::UseError;
use crate::ledger_entry;
use aws_lc_rs::digest;
use jiff::{SignedDuration, Timestamp};
use postern_base::rng::NoEntropy;
use postern_base::{AccountId, Rng, Secret, SessionId, TenantId};
use postern_ledger::{Entry, Kind};
use postern_store::{PortalPerson, PortalSession, PortalStep, StoreError};

/// Bytes of a token: 256 bits (NIST SP 800-63B-4 section 5.1 asks for 64 at least).
const TOKEN: usize = 32;
/// How often the use of a session is written down at most.
const TOUCHED_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// The kind of browser a session was begun with, for the list of devices. Nothing more of it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Browser {
    /// On a telephone.
    Phone,
    /// On a tablet.
    Tablet,
    /// On a computer.
    Computer,
    /// It does not say.
    Unsaid,
}

impl Browser {
    /// What a `User-Agent` (RFC 9110 section 10.1.5) says of its kind.
    #[must_use]
    pub fn of(user_agent: &str) -> Self {
        let has = |word: &str| user_agent.contains(word);
        if has("iPad") || has("Tablet") || (has("Android") && !has("Mobile")) {
            Self::Tablet
        } else if has("Mobile") || has("iPhone") {
            Self::Phone
        } else if has("Windows") || has("Macintosh") || has("X11") || has("CrOS") {
            Self::Computer
        } else {
            Self::Unsaid
        }
    }

    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Tablet => "tablet",
            Self::Computer => "computer",
            Self::Unsaid => "unsaid",
        }
    }

    fn read(word: &str) -> Self {
        [Self::Phone, Self::Tablet, Self::Computer]
            .into_iter()
            .find(|kind| kind.as_str() == word)
            .unwrap_or(Self::Unsaid)
    }
}

/// Somebody has signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// What the cookie holds. It is known to nobody else.
    pub token: Secret<String>,
    /// Recovery codes, where new ones were made: shown once.
    pub recovery_codes: Vec<Secret<String>>,
    /// What the device's own cookie holds from now on; `None` = as before.
    pub device: Option<Secret<String>>,
    /// The account.
    pub account: AccountId,
    /// The session.
    pub session: SessionId,
    /// The cookie is worth nothing after.
    pub until: Timestamp,
}

/// A session in the list of devices.
#[derive(Debug, Clone)]
pub struct Device {
    /// Its id.
    pub session: SessionId,
    /// It is the one that asks.
    pub this: bool,
    /// The kind of browser.
    pub browser: Browser,
    /// When it began.
    pub made_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
}

/// A token, and its digest.
pub(super) fn token(rng: &dyn Rng) -> Result<(Secret<String>, [u8; 32]), NoEntropy> {
    let mut bytes = zeroize::Zeroizing::new([0u8; TOKEN]);
    rng.fill(bytes.as_mut_slice())?;
    let text = postern_base::Hex(bytes.as_slice()).to_string();
    let hash = sha256(text.as_bytes());
    Ok((Secret::new(text), hash))
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(digest::digest(&digest::SHA256, bytes).as_ref()) {
        *to = *from;
    }
    out
}

impl Engine {
    /// Who holds the session of `token`, and whose record they look at; `None` = nobody: there is no such session, it has ended, it stood
    /// still too long, or who it is of may not look at that record any more.
    ///
    /// # Errors
    /// [`UseError::Unavailable`].
    pub async fn visitor(&self, token: &Secret<String>) -> Result<Option<Visitor>, UseError> {
        if token.reveal().len() != TOKEN * 2 {
            return Ok(None);
        }
        let Some((tenant, session)) = self.inner.store.portal_session(&sha256(token.reveal().as_bytes())).await? else {
            return Ok(None);
        };
        let now = self.now();
        if !self.lives(&session, now) {
            return Ok(None);
        }
        let store = self.inner.store.tenant(&tenant);
        let account = match store.portal_account(session.account).await {
            Ok(Some(record)) => Account::read(&record)?,
            Ok(None) | Err(StoreError::KeyDestroyed) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let standing = store.portal_persons(session.account).await?.into_iter().find(|one| one.id == session.person);
        let Some(standing) = standing else { return Ok(None) };
        if now.duration_since(session.seen_at) >= TOUCHED_EVERY {
            store.touch_portal_session(session.id).await?;
        }
        Ok(Some(visitor(tenant, &session, standing, account.language)))
    }

    /// How long a session may stand still.
    #[must_use]
    pub fn signs_out_after(&self) -> SignedDuration {
        self.inner.config.portal.idle
    }

    fn lives(&self, session: &PortalSession, now: Timestamp) -> bool {
        let portal = &self.inner.config.portal;
        let (age, still) = (now.duration_since(session.made_at), now.duration_since(session.seen_at));
        session.ended_at.is_none() && age < portal.longest && still < portal.idle
    }

    /// Ends the session of `visitor`. Twice is harmless.
    ///
    /// # Errors
    /// [`UseError::Unavailable`].
    pub async fn sign_out(&self, visitor: &Visitor) -> Result<(), UseError> {
        self.end_session(visitor, visitor.session).await
    }

    /// Ends one session of the account of `visitor`, such as that of a telephone that was lost.
    ///
    /// # Errors
    /// [`UseError::NotFound`]: it is no session of this account.
    pub async fn end_session(&self, visitor: &Visitor, session: SessionId) -> Result<(), UseError> {
        let store = self.inner.store.tenant(&visitor.tenant);
        let own = store.portal_sessions(visitor.account).await?;
        if !own.iter().any(|one| one.id == session) {
            // Of somebody else, or over: the answer is the same, but where it is the visitor's own.
            return if session == visitor.session { Ok(()) } else { Err(UseError::NotFound) };
        }
        let entry = self.account_entry(&visitor.tenant, visitor.account, "portal_signed_out")?;
        store.portal_change(vec![PortalStep::EndSession(session)], vec![entry]).await?;
        Ok(())
    }

    /// Ends every session of the account of `visitor`, this one too.
    ///
    /// # Errors
    /// [`UseError::Unavailable`].
    pub async fn sign_out_everywhere(&self, visitor: &Visitor) -> Result<(), UseError> {
        let entry = self.account_entry(&visitor.tenant, visitor.account, "portal_signed_out_everywhere")?;
        let steps = vec![PortalStep::EndSessions(visitor.account, None)];
        self.inner.store.tenant(&visitor.tenant).portal_change(steps, vec![entry]).await?;
        Ok(())
    }

    /// The devices where the account of `visitor` is signed in now, the newest first.
    ///
    /// # Errors
    /// [`UseError::Unavailable`].
    pub async fn sessions(&self, visitor: &Visitor) -> Result<Vec<Device>, UseError> {
        let now = self.now();
        let sessions = self.inner.store.tenant(&visitor.tenant).portal_sessions(visitor.account).await?;
        let living = sessions.into_iter().filter(|session| self.lives(session, now));
        Ok(living
            .map(|session| Device {
                session: session.id,
                this: session.id == visitor.session,
                browser: Browser::read(&session.browser),
                made_at: session.made_at,
                seen_at: session.seen_at,
            })
            .collect())
    }

    /// A new session of `account`, as a step to be written with whatever makes it one, and what its holder gets.
    pub(super) fn new_session(
        &self,
        account: AccountId,
        person: uuid::Uuid,
        aal: Aal,
        browser: Browser,
    ) -> Result<(PortalStep, SignedIn), NoEntropy> {
        let now = self.now();
        let rng = self.inner.rng.as_ref();
        let (token, hash) = token(rng)?;
        let session = PortalSession {
            id: SessionId::new(now, rng)?,
            account,
            person,
            aal: number(aal),
            made_at: now,
            seen_at: now,
            confirmed_at: (aal == Aal::Aal2).then_some(now),
            ended_at: None,
            browser: browser.as_str().to_owned(),
        };
        let until = now.checked_add(self.inner.config.portal.longest).unwrap_or(now);
        let signed_in =
            SignedIn { token, recovery_codes: Vec::new(), device: None, account, session: session.id, until };
        Ok((PortalStep::AddSession(session, hash), signed_in))
    }

    /// The session of `visitor` under a new token: the old one is nobody's from then on, so that one that was planted or seen before is
    /// worth nothing after (session fixation).
    pub(super) async fn turn_session(
        &self,
        visitor: &Visitor,
        person: uuid::Uuid,
        (aal, confirmed_at): (Aal, Option<Timestamp>),
        code: &'static str,
        mut beside: Vec<PortalStep>,
    ) -> Result<SignedIn, Refused> {
        let store = self.inner.store.tenant(&visitor.tenant);
        let own = store.portal_sessions(visitor.account).await?;
        let session = own.into_iter().find(|one| one.id == visitor.session).ok_or(Refused::Over)?;
        let (token, hash) = token(self.inner.rng.as_ref())?;
        let until = session.made_at.checked_add(self.inner.config.portal.longest).unwrap_or(session.made_at);
        let turned = PortalSession { person, aal: number(aal), confirmed_at, ..session };
        beside.push(PortalStep::TurnSession(turned, hash));
        let entry = self.account_entry(&visitor.tenant, visitor.account, code)?;
        store.portal_change(beside, vec![entry]).await?;
        let (account, session) = (visitor.account, visitor.session);
        Ok(SignedIn { token, recovery_codes: Vec::new(), device: None, account, session, until })
    }

    /// An entry about an account, by who holds it.
    pub(super) fn account_entry(
        &self,
        tenant: &TenantId,
        account: AccountId,
        code: &'static str,
    ) -> Result<Entry, UseError> {
        ledger_entry::of(self, tenant, Kind::Administered, actor(account), code).map_err(|_| UseError::Unavailable)
    }
}

const fn number(aal: Aal) -> u32 {
    match aal {
        Aal::Aal1 => 1,
        Aal::Aal2 => 2,
    }
}

fn visitor(
    tenant: TenantId,
    session: &PortalSession,
    standing: PortalPerson,
    language: postern_base::Language,
) -> Visitor {
    Visitor {
        tenant,
        account: session.account,
        standing: standing.id,
        person: standing.person.map_or(Person::Patient, Person::Proxy),
        patient: standing.patient,
        aal: if session.aal >= 2 { Aal::Aal2 } else { Aal::Aal1 },
        confirmed_at: session.confirmed_at,
        session: session.id,
        language,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_says_on_what_it_runs_and_nothing_more_is_kept() {
        let phone =
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile/15E148";
        let tablet = "Mozilla/5.0 (Linux; Android 16; SM-X200) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36";
        let computer = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
        let seen = [phone, tablet, computer, "curl/8.5.0"].map(Browser::of);
        assert_eq!(seen, [Browser::Phone, Browser::Tablet, Browser::Computer, Browser::Unsaid]);
        assert!(seen.iter().all(|kind| Browser::read(kind.as_str()) == *kind));
    }
}
