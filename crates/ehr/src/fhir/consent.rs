//! Consent and VerificationResult: the records that give leave, and so the ones read most suspiciously.

use super::datatypes::{CodeableConcept, Coding, Extension, Period, Reference};
use super::fields::{Element, Fields};
use super::quiet_debug;

/// Consent.
#[derive(Clone, Default)]
pub struct Consent {
    /// `active`, `inactive`, `rejected`, `draft`, `proposed`, `entered-in-error`.
    pub status: Option<String>,
    /// What it is about at large: `patient-privacy`, `research`, ...
    pub scope: Option<CodeableConcept>,
    /// What it is about.
    pub category: Vec<CodeableConcept>,
    /// Part of `category` could not be read.
    pub category_unreadable: bool,
    /// Whose.
    pub patient: Option<Reference>,
    /// When it was given.
    pub date_time: Option<String>,
    /// Who agreed.
    pub performer: Vec<Reference>,
    /// A signed source document is attached or referred to.
    pub has_source: bool,
    /// The organisations it was given to.
    pub organization: Vec<Reference>,
    /// Somebody looked, and it is not as it says.
    pub found_false: bool,
    /// URIs of the policies it stands under.
    pub policy_uris: Vec<String>,
    /// The policy it stands under, such as `OPTIN` or `OPTOUT`.
    pub policy_rule: Option<CodeableConcept>,
    /// The root provision.
    pub provision: Option<Provision>,
    /// Something in `provision` or `policyRule` could not be understood: the whole Consent is unreadable.
    pub provision_unreadable: bool,
    /// Extensions.
    pub extension: Vec<Extension>,
}

/// Consent.provision.
#[derive(Clone, Default)]
pub struct Provision {
    /// `permit` or `deny`.
    pub kind: Option<String>,
    /// In force.
    pub period: Option<Period>,
    /// Whom it names.
    pub actor: Vec<ProvisionActor>,
    /// What may be done.
    pub action: Vec<CodeableConcept>,
    /// Security labels it names.
    pub security_label: Vec<Coding>,
    /// Purposes it names.
    pub purpose: Vec<Coding>,
    /// Records it names.
    pub data: Vec<ProvisionData>,
    /// Exceptions.
    pub provision: Vec<Provision>,
    /// Extensions.
    pub extension: Vec<Extension>,
    /// It holds an element that is not in this list: what that narrows is not known.
    pub has_unknown: bool,
}

/// Consent.provision.actor.
#[derive(Clone, Default)]
pub struct ProvisionActor {
    /// Who.
    pub reference: Option<Reference>,
}

/// Consent.provision.data.
#[derive(Clone, Default)]
pub struct ProvisionData {
    /// Which record.
    pub reference: Option<Reference>,
}

/// VerificationResult.
#[derive(Clone, Default)]
pub struct VerificationResult {
    /// Whose record.
    pub target: Vec<Reference>,
    /// Which element of it, as FHIRPath.
    pub target_location: Vec<String>,
    /// `validated`, `attested`, `in-process`, `req-revalid`, `val-fail`, `reval-fail`.
    pub status: Option<String>,
    /// When the status was set.
    pub status_date: Option<String>,
    /// When it was last performed.
    pub last_performed: Option<String>,
    /// When it is due again.
    pub next_scheduled: Option<String>,
    /// `nextScheduled` is there and could not be read.
    pub next_unreadable: bool,
    /// Extensions.
    pub extension: Vec<Extension>,
}

quiet_debug!(Consent, Provision, ProvisionActor, ProvisionData, VerificationResult);

#[derive(Default)]
struct Policy {
    uri: Option<String>,
}

impl Element for Policy {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        Self { uri: f.text("uri") }
    }
}

#[derive(Default)]
struct Verified {
    verified: Option<bool>,
}

impl Element for Verified {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        Self { verified: f.boolean("verified") }
    }
}

#[derive(Default)]
struct Something;

impl Element for Something {
    fn read(_: &mut Fields<'_, '_>) -> Self {
        Self
    }
}

impl Element for Consent {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        let before = f.issue_count();
        let category = f.many("category");
        let category_unreadable = f.issue_count() > before || f.has("_category");
        let before = f.issue_count();
        let provision = f.one("provision");
        let policy_rule = f.one("policyRule");
        let provision_unreadable = f.issue_count() > before;
        let policies: Vec<Policy> = f.many("policy");
        let verified: Vec<Verified> = f.many("verification");
        let attached: Option<Something> = f.one("sourceAttachment");
        let referred: Option<Something> = f.one("sourceReference");
        Self {
            status: f.text("status"),
            scope: f.one("scope"),
            category,
            category_unreadable,
            patient: f.one("patient"),
            date_time: f.text("dateTime"),
            performer: f.many("performer"),
            has_source: attached.is_some() || referred.is_some(),
            organization: f.many("organization"),
            found_false: verified.iter().any(|one| one.verified == Some(false))
                && !verified.iter().any(|one| one.verified == Some(true)),
            policy_uris: policies.into_iter().filter_map(|p| p.uri).collect(),
            policy_rule,
            provision,
            provision_unreadable,
            extension: f.many("extension"),
        }
    }
}

impl Element for Provision {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        const KNOWN: &[&str] =
            &["id", "type", "period", "actor", "action", "securityLabel", "purpose", "data", "provision", "extension"];
        Self {
            // `class`, `code`, `dataPeriod`, an extension on `_type`, a name of a later FHIR version ...
            has_unknown: f.keys().any(|key| !KNOWN.contains(&key) && key != "fhir_comments"),
            kind: f.text("type"),
            period: f.one("period"),
            actor: f.many("actor"),
            action: f.many("action"),
            security_label: f.many("securityLabel"),
            purpose: f.many("purpose"),
            data: f.many("data"),
            provision: f.many("provision"),
            extension: f.many("extension"),
        }
    }
}

impl Element for ProvisionActor {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        Self { reference: f.one("reference") }
    }
}

impl Element for ProvisionData {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        // `meaning` widens or narrows what is named (FHIR R4 consent-data-meaning); what is named is named as it is.
        Self {
            reference: f.one("reference").filter(|_| matches!(f.text("meaning").as_deref(), None | Some("instance"))),
        }
    }
}

impl Element for VerificationResult {
    fn read(f: &mut Fields<'_, '_>) -> Self {
        let next_scheduled = f.text("nextScheduled");
        Self {
            target: f.many("target"),
            target_location: f.texts("targetLocation"),
            status: f.text("status"),
            status_date: f.text("statusDate"),
            last_performed: f.text("lastPerformed"),
            next_unreadable: (f.has("nextScheduled") && next_scheduled.is_none()) || f.has("_nextScheduled"),
            next_scheduled,
            extension: f.many("extension"),
        }
    }
}
