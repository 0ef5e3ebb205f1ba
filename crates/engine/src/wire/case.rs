//! A case: everything one decision depends on, in one document (`postern explain`).

use super::{History, Request, Tenant, Vendor};
use jiff::Timestamp;
use postern_base::EmailTier;
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

/// Facts of the deployment.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Deployment {
    /// Every channel in use has a current risk record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk_record: Option<bool>,
    /// The portal is open to patients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub portal_available: Option<bool>,
}
