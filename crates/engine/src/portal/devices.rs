//! Devices that somebody has signed in on before: a token in a cookie that lasts, its digest in the account. It signs nobody in. All it gives is
//! a count of wrong answers of its own, so that nobody is kept out of their account by others who try its name.

use super::account::Account;
use super::sessions::{sha256, token};
use aws_lc_rs::constant_time;
use jiff::Timestamp;
use postern_base::rng::NoEntropy;
use postern_base::{AccountId, Rng, Secret};
use serde::{Deserialize, Serialize};

/// house: devices that one account knows; the oldest is forgotten first.
const DEVICES: usize = 10;
/// house: persons who sign in on one device, such as a family's: so many tokens stand in its cookie.
const PERSONS: usize = 6;
/// The sign between the tokens of a cookie: one that a cookie may hold and no token does.
const BETWEEN: char = '.';

/// A device, as the account knows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct KnownDevice {
    pub(super) hash: [u8; 32],
    /// When somebody first signed in on it.
    pub(super) since: Timestamp,
}

/// Where a request comes from.
#[derive(Debug, Clone, Copy)]
pub struct Whence<'a> {
    /// Its address.
    pub source: &'a str,
    /// What the browser brought as the device's own, which anybody may have made up.
    pub device: Option<&'a Secret<String>>,
}

impl<'a> From<&'a str> for Whence<'a> {
    fn from(source: &'a str) -> Self {
        Self { source, device: None }
    }
}

impl<'a> From<&'a String> for Whence<'a> {
    fn from(source: &'a String) -> Self {
        Self::from(source.as_str())
    }
}

fn hash(id: AccountId, token: &str) -> [u8; 32] {
    sha256(format!("device {id} {token}").as_bytes())
}

impl Account {
    /// The device that `brought` shows, if somebody signed in to this account on it before. Every token is compared.
    pub(super) fn device(&self, id: AccountId, brought: Option<&Secret<String>>) -> Option<KnownDevice> {
        let tokens = brought.into_iter().flat_map(|brought| brought.reveal().split(BETWEEN)).take(PERSONS);
        let mut found = None;
        for hash in tokens.map(|token| hash(id, token)) {
            for one in &self.devices {
                if constant_time::verify_slices_are_equal(&one.hash, &hash).is_ok() {
                    found = Some(one.clone());
                }
            }
        }
        found
    }

    /// Knows a device from now on; gives what its cookie holds then. `None` = it was known.
    pub(super) fn know(
        &mut self,
        id: AccountId,
        brought: Option<&Secret<String>>,
        (now, rng): (Timestamp, &dyn Rng),
    ) -> Result<Option<Secret<String>>, NoEntropy> {
        if self.device(id, brought).is_some() {
            return Ok(None);
        }
        // Never a token that was brought: whoever planted it in this browser would hold it too.
        let (token, _) = token(rng)?;
        self.devices.push(KnownDevice { hash: hash(id, token.reveal()), since: now });
        let over = self.devices.len().saturating_sub(DEVICES);
        self.devices.drain(..over);
        let others = brought.into_iter().flat_map(|brought| brought.reveal().split(BETWEEN));
        let others = others.filter(|other| other.len() == 64 && other.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let all: Vec<&str> = std::iter::once(token.reveal().as_str()).chain(others.take(PERSONS - 1)).collect();
        Ok(Some(Secret::new(all.join("."))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use postern_base::{Language, SystemRng};
    use uuid::Uuid;

    #[test]
    fn a_device_is_known_to_the_account_that_signed_in_on_it_and_a_family_shares_one() {
        let (one, other) = (AccountId(Uuid::from_u128(1)), AccountId(Uuid::from_u128(2)));
        let (mut alma, mut ben) = (Account::new(Language::En), Account::new(Language::En));
        let moment = (Timestamp::UNIX_EPOCH, &SystemRng as &dyn Rng);
        let first = alma.know(one, None, moment).unwrap().unwrap();
        assert!(alma.device(one, Some(&first)).is_some() && ben.device(other, Some(&first)).is_none());
        assert!(alma.know(one, Some(&first), moment).unwrap().is_none(), "it keeps its cookie");
        let both = ben.know(other, Some(&first), moment).unwrap().unwrap();
        assert!(alma.device(one, Some(&both)).is_some() && ben.device(other, Some(&both)).is_some());
        assert!(alma.device(one, Some(&Secret::new(String::new()))).is_none() && alma.device(one, None).is_none());
    }

    #[test]
    fn an_eleventh_device_takes_the_place_of_the_oldest_and_nothing_brought_is_kept_but_tokens() {
        let id = AccountId(Uuid::from_u128(1));
        let mut account = Account::new(Language::En);
        let moment = (Timestamp::UNIX_EPOCH, &SystemRng as &dyn Rng);
        let first = account.know(id, None, moment).unwrap().unwrap();
        for _ in 0..DEVICES {
            let planted = Secret::new("planted.; Path=/evil".to_owned());
            let given = account.know(id, Some(&planted), moment).unwrap().unwrap();
            assert_eq!(given.reveal().len(), 64);
        }
        assert_eq!(account.devices.len(), DEVICES);
        assert!(account.device(id, Some(&first)).is_none());
    }
}
