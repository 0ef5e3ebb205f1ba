//! What is in an account: its factors. Sealed as a whole; each factor is kept so that who reads it cannot sign in with it, but for the
//! key of one-time codes, which both sides must hold.

use super::devices::KnownDevice;
use super::passkey::Passkey;
use super::sessions::sha256;
use super::texted::Phone;
use super::totp::Totp;
use super::{Refused, actor};
use crate::engine::Engine;
use crate::error::UseError;
use crate::ledger_entry;
use aws_lc_rs::constant_time;
use jiff::Timestamp;
use postern_base::rng::NoEntropy;
use postern_base::{AccountId, Language, PatientId, Phi, Rng, Secret, TenantId};
use postern_ledger::{Entry, Kind};
use postern_store::{PortalAccount, PortalStep, StoreError};
use serde::{Deserialize, Serialize};

/// The version of this format (invariant 10).
const VERSION: u32 = 1;
/// house: how many recovery codes an account has.
const RECOVERY_CODES: usize = 8;
/// Letters and digits of codes that are read from paper. No vowels, so that they spell nothing, nor what looks like something else.
const ALPHABET: &[u8; 28] = b"BCDFGHJKMNPQRSTVWXYZ23456789";

/// house: how many changes of factors an account remembers.
const CHANGES: usize = 20;

/// What was changed of an account's factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorChange {
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was taken out of use.
    PasskeyRemoved,
    /// There is a new password.
    Password,
    /// There is a new authenticator app.
    App,
    /// Codes by text go to a number.
    PhoneAdded,
    /// They do not any more.
    PhoneRemoved,
    /// A code by text alone signs in, for what tells little.
    AloneAllowed,
    /// It does not any more.
    AloneRefused,
    /// There are new recovery codes.
    Recovery,
}

impl FactorChange {
    /// The code of its entry in the ledger.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::PasskeyAdded => "portal_factor_added",
            Self::PasskeyRemoved => "portal_factor_removed",
            Self::Password => "portal_password_changed",
            Self::App => "portal_factor_renewed",
            Self::PhoneAdded => "portal_phone_added",
            Self::PhoneRemoved => "portal_phone_removed",
            Self::AloneAllowed => "portal_code_alone_allowed",
            Self::AloneRefused => "portal_code_alone_refused",
            Self::Recovery => "portal_recovery_renewed",
        }
    }
}

/// What an account signs in with.
#[derive(Debug, Clone)]
pub struct Factors {
    /// Its passkeys.
    pub passkeys: Vec<PasskeyName>,
    /// It has a password, and a second factor beside it.
    pub password: bool,
    /// It has an authenticator app.
    pub app: bool,
    /// The end of the number that codes by text go to, where they may now.
    pub phone: Option<String>,
    /// Codes were to go to a number, and none can go there now: who has it said STOP, it is off the record, or the patient is to be reached
    /// elsewhere only.
    pub phone_closed: bool,
    /// A code by text alone signs in, for what tells little.
    pub code_alone: bool,
    /// A second factor is left without that number.
    pub phone_removable: bool,
    /// The practice lets patients sign in with codes by text, and this account could have them.
    pub texts: bool,
    /// How many recovery codes are left.
    pub recovery_left: usize,
    /// What was last changed of them and when, the newest first.
    pub changes: Vec<(FactorChange, Timestamp)>,
}

/// A passkey in the list of an account's own.
#[derive(Debug, Clone)]
pub struct PasskeyName {
    /// Its credential id, base64url.
    pub id: String,
    /// What its holder calls it.
    pub called: Option<String>,
    /// When it was added.
    pub added_at: Timestamp,
    /// When it was last shown; `None` = not since it was added.
    pub used_at: Option<Timestamp>,
}

/// An account's content.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Account {
    version: u32,
    pub(super) language: Language,
    /// The name it signs in by, as its holder wrote it.
    pub(super) name: Option<String>,
    pub(super) password: Option<String>,
    pub(super) totp: Option<Totp>,
    /// The number that codes by text go to.
    #[serde(default)]
    pub(super) phone: Option<Phone>,
    pub(super) passkeys: Vec<Passkey>,
    /// SHA-256 of each recovery code that was not used, with the account's id.
    pub(super) recovery: Vec<[u8; 32]>,
    /// Devices that somebody signed in on.
    #[serde(default)]
    pub(super) devices: Vec<KnownDevice>,
    /// What was last changed of the factors, the newest last.
    #[serde(default)]
    pub(super) changes: Vec<Changed>,
}

/// A change of factors.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Changed {
    pub(super) what: FactorChange,
    pub(super) at: Timestamp,
}

impl Account {
    pub(super) const fn new(language: Language) -> Self {
        Self {
            version: VERSION,
            language,
            name: None,
            password: None,
            totp: None,
            phone: None,
            passkeys: Vec::new(),
            recovery: Vec::new(),
            devices: Vec::new(),
            changes: Vec::new(),
        }
    }

    /// Two factors are left to sign in with: a passkey is both, a password needs an app or a number beside it.
    pub(super) const fn is_strong(&self) -> bool {
        !self.passkeys.is_empty() || (self.password.is_some() && (self.totp.is_some() || self.phone.is_some()))
    }

    /// Notes a change of factors, for its holder to see.
    pub(super) fn note(&mut self, what: FactorChange, at: Timestamp) {
        self.changes.push(Changed { what, at });
        let over = self.changes.len().saturating_sub(CHANGES);
        self.changes.drain(..over);
    }

    pub(crate) fn read(record: &PortalAccount) -> Result<Self, StoreError> {
        let account: Self = serde_json::from_slice(record.content.reveal()).map_err(|_| StoreError::Damaged)?;
        if account.version == VERSION { Ok(account) } else { Err(StoreError::Damaged) }
    }

    /// The step that stores it: new, or over the version that was seen.
    pub(super) fn put(&self, id: AccountId, patient: &PatientId, seen: i64) -> PortalStep {
        let content = Phi::new(serde_json::to_vec(self).unwrap_or_default());
        let name = self.name.clone().map(Phi::new);
        PortalStep::PutAccount { account: PortalAccount { id, patient: patient.clone(), name, version: seen, content } }
    }

    /// New recovery codes in the place of the old ones (NIST SP 800-63B-4 section 4.2.1.1). They are shown once.
    pub(super) fn renew_recovery(&mut self, id: AccountId, rng: &dyn Rng) -> Result<Vec<Secret<String>>, NoEntropy> {
        let mut codes = Vec::with_capacity(RECOVERY_CODES);
        for _ in 0..RECOVERY_CODES {
            codes.push(code(rng, 4)?);
        }
        self.recovery = codes.iter().map(|code| recovery_hash(id, code.reveal())).collect();
        Ok(codes)
    }

    /// Takes a recovery code, which works once. `false` = it is none.
    pub(super) fn use_recovery(&mut self, id: AccountId, said: &str) -> bool {
        let hash = recovery_hash(id, said);
        let before = self.recovery.len();
        self.recovery.retain(|known| constant_time::verify_slices_are_equal(known, &hash).is_err());
        self.recovery.len() < before
    }
}

fn recovery_hash(id: AccountId, said: &str) -> [u8; 32] {
    sha256(format!("recovery {id} {}", normal(said)).as_bytes())
}

/// A code as it is compared: without blanks, hyphens and case.
pub(super) fn normal(said: &str) -> String {
    said.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// A code of `groups` times four signs for paper: 19 bits each.
pub(super) fn code(rng: &dyn Rng, groups: usize) -> Result<Secret<String>, NoEntropy> {
    let mut text = String::with_capacity(groups * 5);
    let mut signs = 0;
    while signs < groups * 4 {
        let mut byte = [0u8; 1];
        rng.fill(&mut byte)?;
        // Bytes above the last whole multiple would make some signs likelier than others.
        if let Some(sign) = ALPHABET.get(usize::from(byte[0] % 28)).filter(|_| byte[0] < 252) {
            if signs > 0 && signs % 4 == 0 {
                text.push('-');
            }
            text.push(char::from(*sign));
            signs += 1;
        }
    }
    Ok(Secret::new(text))
}

/// An account as it was read.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) id: AccountId,
    pub(super) patient: PatientId,
    pub(super) seen: i64,
    pub(super) content: Account,
}

impl Known {
    pub(super) fn of(record: &PortalAccount) -> Result<Self, StoreError> {
        let content = Account::read(record)?;
        Ok(Self { id: record.id, patient: record.patient.clone(), seen: record.version, content })
    }

    pub(super) fn put(&self) -> PortalStep {
        self.content.put(self.id, &self.patient, self.seen)
    }
}

impl Engine {
    pub(super) async fn known_account(&self, tenant: &TenantId, id: AccountId) -> Result<Known, Refused> {
        let record = self.inner.store.tenant(tenant).portal_account(id).await?.ok_or(Refused::Over)?;
        Ok(Known::of(&record)?)
    }

    /// An entry about an account that whoever holds it is not yet signed in to.
    pub(super) fn entry_of(
        &self,
        tenant: &TenantId,
        account: AccountId,
        code: &'static str,
    ) -> Result<Entry, UseError> {
        ledger_entry::of(self, tenant, Kind::Administered, actor(account), code).map_err(|_| UseError::Unavailable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use postern_base::SystemRng;
    use uuid::Uuid;

    #[test]
    fn a_recovery_code_works_once_however_it_is_written_and_for_no_other_account() {
        let (id, other) = (AccountId(Uuid::from_u128(1)), AccountId(Uuid::from_u128(2)));
        let mut account = Account::new(Language::En);
        let codes = account.renew_recovery(id, &SystemRng).unwrap();
        let said = codes[0].reveal().to_lowercase().replace('-', " ");
        assert!(!account.use_recovery(other, &said));
        assert!(account.use_recovery(id, &said) && !account.use_recovery(id, &said));
        assert_eq!(account.recovery.len(), RECOVERY_CODES - 1);
        assert!(!account.use_recovery(id, ""));
    }

    #[test]
    fn codes_for_paper_have_no_vowels_and_differ() {
        let one = code(&SystemRng, 3).unwrap();
        assert_eq!(one.reveal().len(), 14);
        assert!(one.reveal().split('-').all(|group| group.len() == 4 && group.bytes().all(|b| ALPHABET.contains(&b))));
        assert_ne!(one.reveal(), code(&SystemRng, 3).unwrap().reveal());
    }
}
