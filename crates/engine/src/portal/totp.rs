//! One-time codes by time (RFC 6238) of an authenticator app. A code works once: the time step of the last one is kept.

use aws_lc_rs::{constant_time, hmac};
use jiff::Timestamp;
use postern_base::rng::NoEntropy;
use postern_base::{Rng, Secret};
use serde::{Deserialize, Serialize};

/// RFC 6238 section 5.2: a time step of 30 seconds.
const STEP_SECONDS: i64 = 30;
/// RFC 4226 section 4: at least six digits.
const DIGITS: u32 = 6;
/// RFC 4226 section 4, R6: a shared secret of 160 bits is recommended.
const SECRET: usize = 20;
/// RFC 6238 section 5.2: "at most one time step is allowed as the network delay".
const APART: i64 = 1;

/// The key of an authenticator app and what was used of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Totp {
    key: Key,
    /// The time step of the last code that was taken; earlier ones are refused.
    last: i64,
}

/// The shared secret, which no `Debug` prints.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
struct Key([u8; SECRET]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

impl Totp {
    pub(super) fn new(rng: &dyn Rng) -> Result<Self, NoEntropy> {
        let mut key = [0; SECRET];
        rng.fill(&mut key)?;
        Ok(Self { key: Key(key), last: i64::MIN })
    }

    /// The secret in the base32 of RFC 4648 section 6, as people type it into an app.
    pub(super) fn text(&self) -> Secret<String> {
        const SIGNS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let (mut text, mut bits, mut held) = (String::with_capacity(32), 0u32, 0u32);
        for byte in self.key.0 {
            held = (held << 8) | u32::from(byte);
            bits += 8;
            while bits >= 5 {
                bits -= 5;
                let sign = (held >> bits) & 31;
                text.extend(SIGNS.get(usize::try_from(sign).unwrap_or(0)).map(|sign| char::from(*sign)));
            }
        }
        Secret::new(text)
    }

    /// Takes a code at `now`: one that is right and newer than the last.
    pub(super) fn takes(&mut self, said: &str, now: Timestamp) -> bool {
        let said: String = said.chars().filter(|c| !c.is_whitespace()).collect();
        let step = now.as_second().div_euclid(STEP_SECONDS);
        let mut found = None;
        for at in step - APART..=step + APART {
            let right = constant_time::verify_slices_are_equal(self.code(at).as_bytes(), said.as_bytes()).is_ok();
            if right && at > self.last {
                found = Some(at);
            }
        }
        if let Some(at) = found {
            self.last = at;
        }
        found.is_some()
    }

    /// RFC 4226 section 5.3 over the time step.
    fn code(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.key.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let at = tag.as_ref().last().map_or(0, |byte| usize::from(byte & 15));
        let word = tag.as_ref().get(at..at + 4).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()).unwrap_or_default();
        let number = (u32::from_be_bytes(word) & 0x7fff_ffff) % 10u32.pow(DIGITS);
        format!("{number:06}")
    }

    /// What an app would show at `now`.
    #[cfg(test)]
    pub(super) fn shown(&self, now: Timestamp) -> String {
        self.code(now.as_second().div_euclid(STEP_SECONDS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use postern_base::SystemRng;

    /// RFC 6238 appendix B, the rows for SHA-1, their last six digits.
    #[test]
    fn the_codes_are_those_of_the_rfc() {
        let totp = Totp { key: Key(*b"12345678901234567890"), last: i64::MIN };
        let rows = [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ];
        for (second, code) in rows {
            assert_eq!(totp.code(second / STEP_SECONDS), code, "{second}");
        }
        assert_eq!(totp.text().reveal(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn a_code_works_once_a_step_early_or_late_and_no_longer() {
        let mut totp = Totp::new(&SystemRng).unwrap();
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        let code = totp.shown(at(0));
        assert!(!totp.clone().takes(&code, at(60)), "two steps late");
        assert!(totp.clone().takes(&code, at(-30)) && totp.clone().takes(&code, at(30)));
        let (first, last) = code.split_at(3);
        assert!(totp.takes(&format!("{first} {last}"), at(0)), "as apps show it");
        assert!(!totp.takes(&code, at(0)), "a code that was seen over a shoulder is worth nothing");
        assert!(!totp.takes(&totp.shown(at(-30)), at(0)), "nor an older one");
        assert!(!totp.takes("", at(30)) && !totp.takes("000000000", at(30)));
    }
}
