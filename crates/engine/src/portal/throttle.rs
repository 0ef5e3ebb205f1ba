//! Wrong answers slow the next one down: for a name that somebody signs in by, and for where answers come from (NIST SP 800-63B-4
//! section 3.2.2). Whoever has signed in on a device before has a count of that device's own: nobody who tries names elsewhere, or behind the
//! same router, makes them wait. A passkey is asked no name and cannot be guessed, so a right one is never made to wait at all.

use super::Refused;
use super::devices::KnownDevice;
use super::hashing::Asks;
use crate::engine::Engine;
use jiff::{SignedDuration, Timestamp};
use postern_base::{Hex, PatientId, TenantId};
use postern_store::{PortalAdmission, PortalCounted, PortalTries, PortalWait};
use std::net::Ipv6Addr;

/// house: wrong answers for one name that cost nothing.
const FREE_OF_NAME: u32 = 5;
/// house: codes by text for a name alone, or to a place that somebody adds; then one an hour, so that of the five an hour that go to one place
/// (RULES OTP-01) its holder has some. Who says one has them back.
const FREE_OF_TEXTS: u32 = 2;
/// house: the same from one place, behind which a family or a whole clinic may sit.
const FREE_OF_SOURCE: u32 = 30;
/// house: the longest wait of a place. Behind one address sits a waiting room, or a whole mobile network: one of them who guesses must not
/// shut the others out for longer than a coffee; each name and each invitation has its own count besides.
const LONGEST_OF_SOURCE_SECONDS: i64 = 300;
/// The first wait; it doubles with each answer.
const FIRST_SECONDS: i64 = 15;
/// house: the longest wait.
const LONGEST_SECONDS: i64 = 3_600;
/// NIST SP 800-63B-4 section 3.2.2: "no more than 100" consecutive failed attempts; then a day passes.
const MOST: u32 = 100;
const DAY_SECONDS: i64 = 24 * 3_600;

/// Who tries: by which name, from where. Both are kept as keyed indexes alone.
#[derive(Debug, Clone)]
pub(super) struct Trier {
    /// `None` = no name is asked for here: nobody shares a count with whoever tries elsewhere.
    name: Option<String>,
    source: String,
    /// What stands as source is a known device, which has no more wrong answers free than a name.
    of_device: bool,
    /// A text goes with each try.
    seldom: bool,
}

impl Trier {
    pub(super) fn new(name: &str, source: &str) -> Self {
        let name = format!("name {}", name.trim().to_lowercase());
        Self { name: Some(name), ..Self::source(source) }
    }

    pub(super) fn source(source: &str) -> Self {
        Self { name: None, source: format!("from {}", place(source)), of_device: false, seldom: false }
    }

    /// Whoever shows a passkey that is wrong.
    pub(super) fn passkey(source: &str) -> Self {
        Self { source: format!("from passkey {}", place(source)), ..Self::source(source) }
    }

    /// Whoever asks for a code by text with a name alone: apart from who guesses at that name, and seldom, so that nobody uses up the few
    /// codes an hour that its holder may have, or wakes them.
    pub(super) fn texted(name: &str, source: &str) -> Self {
        let (name, source) =
            (format!("texted {}", name.trim().to_lowercase()), format!("texted from {}", place(source)));
        Self { name: Some(name), source, of_device: false, seldom: true }
    }

    /// A patient who has codes sent to a place that is not known to be theirs: the five an hour of that place (RULES OTP-01) are its holder's too,
    /// whoever that is.
    pub(super) fn adding(patient: &PatientId, place: &str) -> Self {
        let of = format!("adding {}", patient.as_str());
        Self { name: Some(format!("{of} {place}")), source: of, of_device: false, seldom: true }
    }

    /// Whoever says a code that was asked for so.
    pub(super) fn by_text(name: &str, source: &str) -> Self {
        Self::new(&format!("by text {name}"), source)
    }

    /// Whoever answers an invitation, apart from who guesses passwords at the same place.
    pub(super) fn invited(source: &str) -> Self {
        Self { source: format!("invited from {}", place(source)), ..Self::source(source) }
    }

    /// Where they ask from and whose password it is, or the device alone: so they wait for their turn at working it out.
    pub(super) fn asks(&self) -> Asks<'_> {
        Asks { whence: Some(&self.source), whose: self.name.as_deref(), on_known_device: self.of_device }
    }

    /// A device that somebody has signed in on before: it shares a count with nobody.
    pub(super) fn device(device: &KnownDevice) -> Self {
        Self { name: None, source: format!("device {}", Hex(&device.hash)), of_device: true, seldom: false }
    }
}

/// An address as it is counted: of IPv6 the network, of which a household has all addresses.
fn place(source: &str) -> String {
    match source.parse::<Ipv6Addr>() {
        Ok(six) => match six.to_ipv4_mapped() {
            Some(four) => four.to_string(),
            None => {
                let [one, two, three, four, ..] = six.segments();
                format!("{one:x}:{two:x}:{three:x}:{four:x}::/64")
            }
        },
        Err(_) => source.to_owned(),
    }
}

fn until_of_source(tries: PortalTries) -> Option<Timestamp> {
    let over = tries.failures.checked_sub(FREE_OF_SOURCE)?;
    let doubled = FIRST_SECONDS.saturating_mul(1i64.checked_shl(over.min(20)).unwrap_or(i64::MAX));
    tries.last_at.checked_add(SignedDuration::from_secs(doubled.min(LONGEST_OF_SOURCE_SECONDS))).ok()
}

fn until_texted(tries: PortalTries) -> Option<Timestamp> {
    let over = tries.failures >= FREE_OF_TEXTS;
    over.then(|| tries.last_at.checked_add(SignedDuration::from_secs(LONGEST_SECONDS)).ok()).flatten()
}

fn until(tries: PortalTries, free: u32) -> Option<Timestamp> {
    let over = tries.failures.checked_sub(free)?;
    let wait = if tries.failures >= MOST {
        DAY_SECONDS
    } else {
        FIRST_SECONDS.saturating_mul(1i64.checked_shl(over.min(20)).unwrap_or(i64::MAX)).min(LONGEST_SECONDS)
    };
    tries.last_at.checked_add(SignedDuration::from_secs(wait)).ok()
}

impl Engine {
    /// Counts a try before it is weighed, if it is heard now. What is not taken back was wrong: whoever sends many at once has no more of
    /// them weighed than whoever waits for each. It asks the same of the store whoever exists.
    pub(super) async fn admit(&self, tenant: &TenantId, who: &Trier) -> Result<PortalCounted, Refused> {
        let mut what: Vec<(&str, PortalWait)> = vec![match who.of_device {
            true => (&who.source, |tries| until(tries, FREE_OF_NAME)),
            false => (&who.source, until_of_source),
        }];
        if let Some(name) = &who.name {
            let wait: PortalWait = if who.seldom { until_texted } else { |tries| until(tries, FREE_OF_NAME) };
            what.push((name, wait));
        }
        match self.inner.store.tenant(tenant).admit_portal_try(&what).await? {
            PortalAdmission::Counted(counted) => Ok(counted),
            PortalAdmission::Wait(until) => Err(Refused::TooMany { until }),
        }
    }

    /// The try was right, and is none of those that are counted.
    pub(super) async fn take_back(&self, tenant: &TenantId, counted: PortalCounted) -> Result<(), Refused> {
        Ok(self.inner.store.tenant(tenant).take_back_portal_try(counted).await?)
    }

    /// Codes to a place that `patient` adds are counted no more: it is theirs.
    pub(super) async fn has_added(&self, tenant: &TenantId, patient: &PatientId, place: &str) -> Result<(), Refused> {
        let Some(name) = Trier::adding(patient, place).name else { return Ok(()) };
        Ok(self.inner.store.tenant(tenant).forget_portal_tries(&name).await?)
    }

    /// Codes by text that a name alone asked for are counted no more: its holder said one.
    pub(super) async fn has_said_code(&self, tenant: &TenantId, name: &str) -> Result<(), Refused> {
        let Some(name) = Trier::texted(name, "").name else { return Ok(()) };
        Ok(self.inner.store.tenant(tenant).forget_portal_tries(&name).await?)
    }

    /// The last answer was right too: the name, or the device, starts anew. Where it came from does not, or an attacker's own account would clear it.
    pub(super) async fn hit(&self, tenant: &TenantId, who: &Trier, counted: PortalCounted) -> Result<(), Refused> {
        self.take_back(tenant, counted).await?;
        let own = who.name.as_deref().or_else(|| who.of_device.then_some(who.source.as_str()));
        match own {
            Some(own) => Ok(self.inner.store.tenant(tenant).forget_portal_tries(own).await?),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_doubles_from_the_sixth_wrong_answer_to_an_hour_and_after_a_hundred_is_a_day() {
        let last_at = Timestamp::UNIX_EPOCH;
        let wait = |failures| until(PortalTries { failures, last_at }, FREE_OF_NAME).map(Timestamp::as_second);
        assert_eq!([0, 4, 5, 6, 7].map(wait), [None, None, Some(15), Some(30), Some(60)]);
        assert_eq!([20, 99, 100, u32::MAX].map(wait), [Some(3_600), Some(3_600), Some(86_400), Some(86_400)]);
        let at_a_place = |failures| until_of_source(PortalTries { failures, last_at }).map(Timestamp::as_second);
        assert_eq!([29, 30, 31, 40, u32::MAX].map(at_a_place), [None, Some(15), Some(30), Some(300), Some(300)]);
    }

    #[test]
    fn a_name_alone_has_two_codes_sent_and_then_one_an_hour() {
        let last_at = Timestamp::UNIX_EPOCH;
        let wait = |failures| until_texted(PortalTries { failures, last_at }).map(Timestamp::as_second);
        assert_eq!([0, 1, 2, 3, u32::MAX].map(wait), [None, None, Some(3_600), Some(3_600), Some(3_600)]);
    }

    #[test]
    fn a_place_is_an_address_or_the_network_that_one_household_has() {
        assert_eq!(place("203.0.113.7"), "203.0.113.7");
        assert_eq!(place("2001:db8:1:2:3:4:5:6"), place("2001:db8:1:2:ffff::1"));
        assert_ne!(place("2001:db8:1:2::1"), place("2001:db8:1:3::1"));
        assert_eq!(place("::ffff:203.0.113.7"), "203.0.113.7");
    }
}
