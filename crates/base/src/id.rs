//! Identifiers. All of Postern's own are UUIDv7 (RFC 9562 section 5.7): they sort by time, so indexes stay append-only.

use crate::rng::{NoEntropy, Rng};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use uuid::Uuid;

/// Makes a UUIDv7 from an instant and 10 random bytes (RFC 9562 section 5.7).
///
/// # Errors
/// [`NoEntropy`] when `rng` cannot answer.
pub fn new_v7(at: Timestamp, rng: &dyn Rng) -> Result<Uuid, NoEntropy> {
    let mut random = [0u8; 10];
    rng.fill(&mut random)?;
    let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
    Ok(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id for the instant `at`.
            ///
            /// # Errors
            /// [`NoEntropy`] when `rng` cannot answer.
            pub fn new(at: Timestamp, rng: &dyn Rng) -> Result<Self, NoEntropy> {
                new_v7(at, rng).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                Uuid::from_str(s).map(Self)
            }
        }
    };
}

uuid_id!(/** One accepted message. */ MessageId);
uuid_id!(/** One delivery of a message: one channel, one contact point. */ DeliveryId);
uuid_id!(/** One attempt at a delivery: at most one call of a provider. */ AttemptId);
uuid_id!(/** One ledger entry. */ EntryId);
uuid_id!(/** The account of one person in the patients' portal. */ AccountId);
uuid_id!(/** One sign-in of an account, until it ends. */ SessionId);
uuid_id!(/** One file that came with what a patient wrote. */ AttachmentId);

/// A tenant: 1 to 63 characters of `a-z`, `0-9` and `-`, beginning with a letter (an RFC 1035 label, so that it can
/// stand in a host name and a ledger origin).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct TenantId(Arc<str>);

/// The text is not a tenant id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadTenantId;

impl fmt::Display for BadTenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tenant id is 1 to 63 characters of a-z, 0-9 and '-', beginning with a letter")
    }
}

impl std::error::Error for BadTenantId {}

impl TenantId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TenantId {
    type Err = BadTenantId;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let starts_well = s.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        let rest_well = s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if starts_well && rest_well && s.len() <= 63 { Ok(Self(s.into())) } else { Err(BadTenantId) }
    }
}

impl<'de> Deserialize<'de> for TenantId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A patient's logical id in the EHR or the built-in directory: the `p1` of `Patient/p1` (FHIR R4 `id`: 1 to 64
/// characters of `A-Z a-z 0-9 - .`). It identifies a person, so it is printed only where the caller already named it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PatientId(Arc<str>);

/// The text is not a patient reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadPatientId;

impl fmt::Display for BadPatientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected \"Patient/ID\", where ID is 1 to 64 characters of A-Z, a-z, 0-9, '-' and '.'")
    }
}

impl std::error::Error for BadPatientId {}

impl PatientId {
    /// The logical id, without `Patient/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The FHIR reference, `Patient/ID`.
    #[must_use]
    pub fn reference(&self) -> String {
        format!("Patient/{}", self.0)
    }
}

impl FromStr for PatientId {
    type Err = BadPatientId;
    /// Takes `Patient/ID` or the bare `ID`.
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let id = s.strip_prefix("Patient/").unwrap_or(s);
        let well =
            (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
        if well { Ok(Self(id.into())) } else { Err(BadPatientId) }
    }
}

impl fmt::Debug for PatientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientId")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Zeros;
    impl Rng for Zeros {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), NoEntropy> {
            buffer.fill(0);
            Ok(())
        }
    }

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        let early = MessageId::new(Timestamp::from_second(1_700_000_000).unwrap(), &Zeros).unwrap();
        let late = MessageId::new(Timestamp::from_second(1_700_000_001).unwrap(), &Zeros).unwrap();
        assert!(early < late);
        assert_eq!(early.0.get_version_num(), 7);
    }

    #[test]
    fn tenant_ids_are_dns_labels() {
        assert!("sunrise-health".parse::<TenantId>().is_ok());
        for bad in ["", "Sunrise", "1st", "a b", "x/../y"] {
            assert!(bad.parse::<TenantId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn patient_ids_take_a_reference_or_a_bare_id_and_never_print_themselves() {
        let id: PatientId = "Patient/p1".parse().unwrap();
        assert_eq!(id.as_str(), "p1");
        assert_eq!(id.reference(), "Patient/p1");
        assert_eq!(format!("{id:?}"), "PatientId");
        assert!("Patient/../etc".parse::<PatientId>().is_err());
    }
}
