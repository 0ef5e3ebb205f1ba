//! Passwords (RULES IDN-02; NIST SP 800-63B-4 section 3.1.1): long enough, not known to everybody, and no other rule. Each is kept as
//! Argon2id (RFC 9106) with a salt of its own.

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time;
use postern_base::rng::NoEntropy;
use postern_base::{Hex, Rng, Secret};
use std::sync::LazyLock;

/// NIST SP 800-63B-4 section 3.1.1.2: eight characters where a second factor is always asked for, as it is here.
const SHORTEST: usize = 8;
/// The same: at least 64 must be taken; what is longer only costs work.
const LONGEST: usize = 256;
/// RFC 9106 section 4 lets memory be traded for passes: 19 MiB and two passes keep a small machine up while many sign in.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const SALT: usize = 16;
const HASH: usize = 32;
/// The name of the format, so that a later one can be told from it.
const FORMAT: &str = "argon2id-1";

/// What everybody tries first: small letters and digits, sorted, a line is one (`PASSWORDS.md` says where from).
const KNOWN: &str = include_str!("known_passwords.txt");

/// Why a password will not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// It is too short.
    #[error("a password has 8 characters or more: add some words")]
    Short,
    /// It is longer than is taken.
    #[error("a password has 256 characters at most")]
    Long,
    /// Many people use it, or it is a row of keys, or it is the name beside it.
    #[error("this password is easy to guess: use a few words that do not belong together")]
    Known,
}

/// Whether `password` will do for somebody of whom `about` is known: the name they sign in by, their own, the practice's.
///
/// # Errors
/// [`WeakPassword`].
pub(super) fn check(password: &str, about: &[String]) -> Result<(), WeakPassword> {
    let length = password.chars().count();
    if length < SHORTEST {
        return Err(WeakPassword::Short);
    }
    if length > LONGEST {
        return Err(WeakPassword::Long);
    }
    let bare = |text: &str| -> String { text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect() };
    let plain = bare(password);
    // NIST SP 800-63B-4 section 3.1.1.2: "context-specific words, such as the name of the service, the username, and derivatives thereof".
    let words = about.iter().flat_map(|name| name.split_whitespace().chain([name.as_str()])).map(bare);
    let mut rest = plain.clone();
    let mut words: Vec<String> = words.filter(|word| word.chars().count() >= 3).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    for word in &words {
        rest = rest.replace(word.as_str(), "");
    }
    let is_about = rest.len() < plain.len() && rest.trim_matches(|c: char| c.is_ascii_digit()).chars().count() < 4;
    // Numbers at the end are what people add when they are told to: they hide nothing.
    let stem = plain.trim_end_matches(|c: char| c.is_ascii_digit());
    let known = [plain.as_str(), stem].into_iter().any(|word| word.len() >= 4 && is_known(word));
    if is_about || known || is_row(&plain) { Err(WeakPassword::Known) } else { Ok(()) }
}

fn is_known(word: &str) -> bool {
    static LINES: LazyLock<Vec<&str>> = LazyLock::new(|| KNOWN.lines().collect());
    LINES.binary_search(&word).is_ok()
}

/// One sign again and again, or signs that follow each other.
fn is_row(plain: &str) -> bool {
    let signs: Vec<u32> = plain.chars().map(u32::from).collect();
    let steps: Vec<i64> =
        signs.iter().zip(signs.iter().skip(1)).map(|(one, next)| i64::from(*next) - i64::from(*one)).collect();
    let same = |step: i64| steps.iter().filter(|other| **other == step).count();
    signs.is_empty() || [0, 1, -1].into_iter().any(|step| same(step) + 2 >= signs.len())
}

fn argon2(password: &[u8], salt: &[u8]) -> Option<[u8; HASH]> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, Some(HASH)).ok()?;
    let mut out = [0; HASH];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(password, salt, &mut out).ok()?;
    Some(out)
}

/// What is kept of `password`.
pub(super) fn hash(password: &Secret<String>, salt: [u8; SALT]) -> Option<String> {
    let hash = argon2(password.reveal().as_bytes(), &salt)?;
    Some(format!("{FORMAT}${}${}", Hex(&salt), Hex(&hash)))
}

/// A salt.
pub(super) fn salt(rng: &dyn Rng) -> Result<[u8; SALT], NoEntropy> {
    let mut salt = [0; SALT];
    rng.fill(&mut salt)?;
    Ok(salt)
}

/// Whether `password` is the one that `kept` was made of. Without `kept` the work is the same and the answer no: how long it takes
/// does not tell whether there is an account.
pub(super) fn is_right(password: &Secret<String>, kept: Option<&str>) -> bool {
    let parts = kept.and_then(read);
    let (salt, expected) = parts.unwrap_or(([7; SALT], [0; HASH]));
    let Some(found) = argon2(password.reveal().as_bytes(), &salt) else { return false };
    constant_time::verify_slices_are_equal(&found, &expected).is_ok() && parts.is_some()
}

fn read(kept: &str) -> Option<([u8; SALT], [u8; HASH])> {
    let mut parts = kept.split('$');
    if parts.next()? != FORMAT {
        return None;
    }
    let salt = unhex::<SALT>(parts.next()?)?;
    Some((salt, unhex::<HASH>(parts.next()?)?))
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes: Option<Vec<u8>> = text
        .as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some((digit(high)? << 4) | digit(low)?),
            _ => None,
        })
        .collect();
    bytes?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use postern_base::SystemRng;

    #[test]
    fn a_password_is_long_enough_and_not_everybodys_and_nothing_else_is_asked() {
        let about = ["alma.beech", "Sunrise Health", "Alma Rosa Beech"].map(str::to_owned);
        let weak = |password: &str| check(password, &about).err();
        for good in ["correct horse battery", "umbrella tango", "ñandú 雨 lluvia", "zzzxqjvk", &"long ".repeat(40)] {
            assert_eq!(weak(good), None, "{good}");
        }
        assert_eq!(weak("seven77"), Some(WeakPassword::Short));
        assert_eq!(weak(&"x y ".repeat(80)), Some(WeakPassword::Long));
        for known in [
            "password",
            "Password123",
            "QWERTYUIOP",
            "aaaaaaaaaa",
            "123456789",
            "abcdefgh",
            "alma.beech1",
            "Sunrise-Health",
            "Alma-Beech-1978",
            "rosabeech!",
            "iloveyou",
            "Trustno1!",
        ] {
            assert_eq!(weak(known), Some(WeakPassword::Known), "{known}");
        }
    }

    #[test]
    fn ten_thousand_passwords_and_more_are_known_and_found_by_halves() {
        let lines: Vec<&str> = KNOWN.lines().collect();
        assert!(lines.len() >= 10_000 && lines.is_sorted());
        assert!(lines.iter().all(|line| is_known(line) && !line.contains(|c: char| c.is_whitespace())));
        assert!(!is_known("umbrellatango"));
    }

    #[test]
    fn what_is_kept_tells_nothing_and_fits_one_password() {
        let secret = |text: &str| Secret::new(text.to_owned());
        let kept = hash(&secret("umbrella tango"), salt(&SystemRng).unwrap()).unwrap();
        assert!(!kept.contains("umbrella") && kept.starts_with("argon2id-1$"));
        assert!(is_right(&secret("umbrella tango"), Some(&kept)));
        assert!(!is_right(&secret("umbrella Tango"), Some(&kept)));
        assert!(!is_right(&secret("umbrella tango"), None), "where there is no account");
        assert!(!is_right(&secret("umbrella tango"), Some("argon2id-0$00$00")), "of a format that is not known");
    }

    #[test]
    fn two_of_the_same_password_are_kept_differently() {
        let password = Secret::new("umbrella tango".to_owned());
        let one = hash(&password, salt(&SystemRng).unwrap());
        assert_ne!(one, hash(&password, salt(&SystemRng).unwrap()));
    }
}
