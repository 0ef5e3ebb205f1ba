//! Passkeys: WebAuthn (W3C, Level 3) as a relying party that asks its authenticator to check its holder, and for no attestation.
//!
//! A challenge is signed instead of stored: nobody fills anything by asking for one. What was answered rightly is remembered until its
//! challenge ends, so that an answer works once.

use super::cbor;
use super::sessions::sha256;
use aws_lc_rs::signature::{self, UnparsedPublicKey};
use aws_lc_rs::{constant_time, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use postern_base::rng::NoEntropy;
use postern_base::{AccountId, Rng, Secret, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How long somebody may take to touch an authenticator.
const LIFETIME: SignedDuration = SignedDuration::from_mins(5);
const NONCE: usize = 16;
const TAG: usize = 32;
/// COSE algorithms (RFC 9053 section 2, RFC 8812 section 2): Ed25519, ECDSA with P-256, RSA with SHA-256.
const EDDSA: i64 = -8;
const ES256: i64 = -7;
const RS256: i64 = -257;

/// A passkey of an account: its public half.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Passkey {
    pub(super) id: Vec<u8>,
    algorithm: i64,
    key: Vec<u8>,
    /// WebAuthn section 6.1.1: how often it was used, where it counts.
    count: u32,
    pub(super) added_at: Timestamp,
    #[serde(default)]
    pub(super) used_at: Option<Timestamp>,
    /// What its holder calls it.
    #[serde(default)]
    pub(super) called: Option<String>,
}

/// What is asked of the browser, for `navigator.credentials`.
#[derive(Debug, Clone)]
pub struct PasskeyOffer {
    /// `PublicKeyCredentialCreationOptionsJSON` or `PublicKeyCredentialRequestOptionsJSON` (WebAuthn section 5.1).
    pub options: Value,
}

/// What the browser answers: a credential's `toJSON()`.
#[derive(Debug, Clone, Deserialize)]
pub struct PasskeyAnswer {
    #[serde(rename = "rawId")]
    raw_id: String,
    response: Response,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    attestation_object: Option<String>,
    authenticator_data: Option<String>,
    signature: Option<String>,
    user_handle: Option<String>,
}

/// Where a ceremony takes place: both halves are the practice's own, never what a request says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The host name that passkeys are bound to, such as `portal.sunrise.example`.
    pub host: String,
    /// The whole origin, such as `https://portal.sunrise.example`.
    pub origin: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
}

/// What a challenge is for; one for another thing is none.
#[derive(Debug, Clone, Copy)]
pub(super) enum For<'a> {
    /// To sign in, whoever it is.
    SignIn,
    /// To be added by who holds this token or session.
    Register(&'a str),
    /// To show again that it is the holder of this session.
    Confirm(&'a str),
}

impl For<'_> {
    fn text(self, tenant: &TenantId) -> String {
        match self {
            Self::SignIn => format!("{tenant} sign_in"),
            Self::Register(of) => format!("{tenant} register {of}"),
            Self::Confirm(of) => format!("{tenant} confirm {of}"),
        }
    }
}

/// Makes challenges, and knows which were answered.
#[derive(Debug)]
pub(crate) struct Challenges {
    key: hmac::Key,
    answered: Mutex<HashMap<Vec<u8>, Timestamp>>,
}

impl Challenges {
    pub(super) fn new(key: &Secret<[u8; 32]>) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key.reveal()), answered: Mutex::default() }
    }

    fn make(&self, tenant: &TenantId, what: For<'_>, now: Timestamp, rng: &dyn Rng) -> Result<String, NoEntropy> {
        let mut bytes = vec![0u8; NONCE];
        rng.fill(&mut bytes)?;
        let until = now.checked_add(LIFETIME).unwrap_or(now);
        bytes.extend_from_slice(&until.as_second().to_be_bytes());
        let tag = self.tag(&bytes, tenant, what);
        bytes.extend_from_slice(tag.as_ref());
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    fn tag(&self, head: &[u8], tenant: &TenantId, what: For<'_>) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(b"passkey challenge 1\0");
        context.update(what.text(tenant).as_bytes());
        context.update(&[0]);
        context.update(head);
        context.sign()
    }

    /// Whether a challenge is ours, for this, alive, and not answered yet.
    fn admits(&self, challenge: &str, tenant: &TenantId, what: For<'_>, now: Timestamp) -> bool {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(challenge) else { return false };
        let Some((head, tag)) = bytes.split_at_checked(NONCE + 8).filter(|(_, tag)| tag.len() == TAG) else {
            return false;
        };
        let until = head.get(NONCE..).and_then(|until| <[u8; 8]>::try_from(until).ok()).map(i64::from_be_bytes);
        let ours = constant_time::verify_slices_are_equal(self.tag(head, tenant, what).as_ref(), tag).is_ok();
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        ours && until.is_some_and(|until| now.as_second() < until) && !answered.contains_key(bytes.as_slice())
    }

    /// Takes a challenge that was answered rightly; `false` = somebody was faster with the same answer.
    fn take(&self, challenge: &str, now: Timestamp) -> bool {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(challenge) else { return false };
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.retain(|_, until| now < *until);
        answered.insert(bytes, now.checked_add(LIFETIME).unwrap_or(now)).is_none()
    }

    /// What is asked of a browser to make a passkey.
    pub(super) fn offer_new(
        &self,
        tenant: &TenantId,
        (what, at): (For<'_>, &Site),
        (account, name, practice): (AccountId, &str, &str),
        others: &[Passkey],
        (now, rng): (Timestamp, &dyn Rng),
    ) -> Result<PasskeyOffer, NoEntropy> {
        let challenge = self.make(tenant, what, now, rng)?;
        let exclude: Vec<Value> = others.iter().map(|one| one.descriptor()).collect();
        let kinds: Vec<Value> =
            [EDDSA, ES256, RS256].iter().map(|alg| json!({"type": "public-key", "alg": alg})).collect();
        Ok(PasskeyOffer {
            options: json!({
                "rp": {"id": at.host, "name": practice},
                "user": {"id": URL_SAFE_NO_PAD.encode(account.0.as_bytes()), "name": name, "displayName": name},
                "challenge": challenge,
                "pubKeyCredParams": kinds,
                "timeout": LIFETIME.as_millis() as u64,
                "excludeCredentials": exclude,
                "authenticatorSelection": {
                    "residentKey": "required", "requireResidentKey": true, "userVerification": "required",
                },
                "attestation": "none",
            }),
        })
    }

    /// What is asked of a browser to show one: any that is for this practice, or one of `own`.
    pub(super) fn offer_known(
        &self,
        tenant: &TenantId,
        (what, at): (For<'_>, &Site),
        own: &[Passkey],
        (now, rng): (Timestamp, &dyn Rng),
    ) -> Result<PasskeyOffer, NoEntropy> {
        let challenge = self.make(tenant, what, now, rng)?;
        let allow: Vec<Value> = own.iter().map(|one| one.descriptor()).collect();
        Ok(PasskeyOffer {
            options: json!({
                "rpId": at.host, "challenge": challenge, "timeout": LIFETIME.as_millis() as u64,
                "allowCredentials": allow, "userVerification": "required",
            }),
        })
    }

    /// The passkey that `answer` makes (WebAuthn section 7.1). An attestation is not asked for and not looked at.
    pub(super) fn registered(
        &self,
        tenant: &TenantId,
        (what, at): (For<'_>, &Site),
        answer: &PasskeyAnswer,
        now: Timestamp,
    ) -> Option<Passkey> {
        let (client, challenge) = self.client_data(tenant, what, at, answer, "webauthn.create", now)?;
        drop(client);
        let attestation = decode(answer.response.attestation_object.as_deref()?)?;
        let (object, _) = cbor::read(&attestation)?;
        let data = AuthenticatorData::read(object.under("authData")?.bytes()?, at)?;
        let (id, key) = data.attested?;
        if decode(&answer.raw_id)?.as_slice() != id || id.len() > 1023 {
            return None;
        }
        let (algorithm, key) = public_key(key)?;
        let passkey =
            Passkey { id: id.to_vec(), algorithm, key, count: data.count, added_at: now, used_at: None, called: None };
        self.take(&challenge, now).then_some(passkey)
    }

    /// Whether `answer` was made by `passkey` (WebAuthn section 7.2). It counts on then.
    pub(super) fn shown(
        &self,
        tenant: &TenantId,
        (what, at): (For<'_>, &Site),
        answer: &PasskeyAnswer,
        passkey: &mut Passkey,
        now: Timestamp,
    ) -> bool {
        self.try_shown(tenant, (what, at), answer, passkey, now).is_some()
    }

    fn try_shown(
        &self,
        tenant: &TenantId,
        (what, at): (For<'_>, &Site),
        answer: &PasskeyAnswer,
        passkey: &mut Passkey,
        now: Timestamp,
    ) -> Option<()> {
        let (client, challenge) = self.client_data(tenant, what, at, answer, "webauthn.get", now)?;
        let bytes = decode(answer.response.authenticator_data.as_deref()?)?;
        let data = AuthenticatorData::read(&bytes, at)?;
        let mut signed = bytes.clone();
        signed.extend_from_slice(&sha256(&client));
        let signature = decode(answer.response.signature.as_deref()?)?;
        passkey.verify(&signed, &signature)?;
        // WebAuthn section 7.2, step 22: a counter that does not rise is a copy's.
        if (data.count > 0 || passkey.count > 0) && data.count <= passkey.count {
            return None;
        }
        self.take(&challenge, now).then(|| (passkey.count, passkey.used_at) = (data.count, Some(now)))
    }

    fn client_data(
        &self,
        tenant: &TenantId,
        what: For<'_>,
        at: &Site,
        answer: &PasskeyAnswer,
        kind: &str,
        now: Timestamp,
    ) -> Option<(Vec<u8>, String)> {
        let bytes = decode(&answer.response.client_data)?;
        let data: ClientData = serde_json::from_slice(&bytes).ok()?;
        let right = data.r#type == kind && data.origin == at.origin && !data.cross_origin;
        (right && self.admits(&data.challenge, tenant, what, now)).then_some((bytes, data.challenge))
    }
}

impl Passkey {
    fn descriptor(&self) -> Value {
        json!({"type": "public-key", "id": URL_SAFE_NO_PAD.encode(&self.id)})
    }

    pub(super) fn name(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.id)
    }

    fn verify(&self, signed: &[u8], signature: &[u8]) -> Option<()> {
        match self.algorithm {
            ES256 => UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_ASN1, &self.key).verify(signed, signature),
            EDDSA => UnparsedPublicKey::new(&signature::ED25519, &self.key).verify(signed, signature),
            RS256 => {
                let (n, e) = self.key.split_at_checked(self.key.len().checked_sub(3)?)?;
                let key = aws_lc_rs::rsa::PublicKeyComponents { n, e };
                key.verify(&signature::RSA_PKCS1_2048_8192_SHA256, signed, signature)
            }
            _ => return None,
        }
        .ok()
    }
}

impl PasskeyAnswer {
    /// The account that the authenticator says it is for; what it signs tells whether that is so.
    pub(super) fn account(&self) -> Option<AccountId> {
        let bytes = decode(self.response.user_handle.as_deref()?)?;
        uuid::Uuid::from_slice(&bytes).ok().map(AccountId)
    }

    pub(super) fn is_of(&self, passkey: &Passkey) -> bool {
        decode(&self.raw_id).is_some_and(|id| id == passkey.id)
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

/// WebAuthn section 6.1.
struct AuthenticatorData<'b> {
    count: u32,
    /// Credential id, and the public key with what follows it.
    attested: Option<(&'b [u8], &'b [u8])>,
}

impl<'b> AuthenticatorData<'b> {
    /// Reads it, and holds it to this host and to an authenticator that checked its holder.
    fn read(bytes: &'b [u8], at: &Site) -> Option<Self> {
        const PRESENT: u8 = 0x01;
        const VERIFIED: u8 = 0x04;
        const ATTESTED: u8 = 0x40;
        let (host, rest) = bytes.split_first_chunk::<32>()?;
        let (flags, rest) = rest.split_first()?;
        let (count, rest) = rest.split_first_chunk::<4>()?;
        let needed = PRESENT | VERIFIED;
        if *host != sha256(at.host.as_bytes()) || flags & needed != needed {
            return None;
        }
        let attested = if flags & ATTESTED == 0 {
            None
        } else {
            let (_model, rest) = rest.split_first_chunk::<16>()?;
            let (length, rest) = rest.split_first_chunk::<2>()?;
            Some(rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?)
        };
        Some(Self { count: u32::from_be_bytes(*count), attested })
    }
}

/// A COSE key (RFC 9052 section 7) as the library takes it.
fn public_key(bytes: &[u8]) -> Option<(i64, Vec<u8>)> {
    let (map, _) = cbor::read(bytes)?;
    let (kind, algorithm) = (map.at(1)?.integer()?, map.at(3)?.integer()?);
    let part = |number: i64, length: usize| map.at(number)?.bytes().filter(|bytes| bytes.len() == length);
    let key = match (kind, algorithm) {
        // An octet pair on P-256, as an uncompressed point (SEC 1 section 2.3.3).
        (2, ES256) if map.at(-1)?.integer() == Some(1) => [&[4][..], part(-2, 32)?, part(-3, 32)?].concat(),
        (1, EDDSA) if map.at(-1)?.integer() == Some(6) => part(-2, 32)?.to_vec(),
        // The exponent is always 65537 and three bytes long, and so stands last.
        (3, RS256) => {
            let n = map.at(-1)?.bytes().filter(|n| (256..=512).contains(&n.len()))?;
            [n, part(-2, 3)?].concat()
        }
        _ => return None,
    };
    Some((algorithm, key))
}

#[cfg(test)]
#[path = "passkey_tests.rs"]
mod tests;
