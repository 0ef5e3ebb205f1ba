//! A case: everything one decision depends on, in one document (`postern explain`).

use super::{Absence, Deployment, History, Request, Tenant, UnknownFact, Vendor};
use jiff::Timestamp;
use postern_base::{EmailTier, Phi};
use postern_gate::{Fact, facts};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Its name.
    #[serde(default)]
    pub id: Option<String>,
    /// The instant of the decision.
    pub now: Timestamp,
    /// Who speaks.
    pub tenant: Tenant,
    /// The vendor registry.
    #[serde(default)]
    pub vendors: Vec<Vendor>,
    /// What is known of transports.
    #[serde(default)]
    pub transport: Transport,
    /// Whether the EHR answers.
    pub ehr: Ehr,
    /// The patient's records.
    pub bundle: Records,
    /// What went out and came in before.
    #[serde(default)]
    pub history: History,
    /// Facts of the deployment; what is absent is satisfied in a case.
    #[serde(default)]
    pub deployment: Deployment,
    /// Facts that could not be had, each with why; they are unknown, whatever the case says of them elsewhere.
    #[serde(default)]
    pub unknown: BTreeMap<UnknownFact, Absence>,
    /// What is asked.
    pub request: Request,
}

/// A FHIR Bundle, kept as it came.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Records(pub serde_json::Value);

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Records")
    }
}

/// What is known of transports.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Transport {
    /// What recipient domains enforce; absent = unknown.
    pub email_tiers: BTreeMap<String, EmailTier>,
    /// S/MIME certificates of recipients, by address; absent = none on record.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub certificates: BTreeMap<String, Certificate>,
}

/// An S/MIME certificate of a recipient, as far as it was checked.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// First instant it is valid.
    pub not_before: Timestamp,
    /// Last instant it is valid.
    pub not_after: Timestamp,
    /// Its chain ends in an authority the practice trusts.
    pub trusted: bool,
    /// It was revoked; absent = nobody could tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<bool>,
    /// It names the address.
    pub names_address: bool,
}

impl Transport {
    /// The gate's view of the certificates.
    #[must_use]
    pub fn certificates(&self) -> Vec<facts::Certificate> {
        let rows = self.certificates.iter();
        rows.map(|(address, row)| facts::Certificate {
            address: Phi::new(crate::address::normal(address).as_str().into()),
            from: row.not_before,
            until: row.not_after,
            trusted: row.trusted,
            revoked: Fact::recorded(row.revoked),
            names_address: row.names_address,
        })
        .collect()
    }
}

/// Whether the EHR answers.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ehr {
    /// Where it stands.
    pub status: EhrStatus,
}

/// Where the EHR stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EhrStatus {
    /// It answers.
    Live,
    /// It does not.
    Unreachable,
    /// Its answers are old: counts as unreachable.
    Stale,
}
