//! A row of the vendor and agreement registry.

use jiff::civil::Date;
use postern_base::Channel;
use postern_gate::facts;
use postern_gate::reference::lacking;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A vendor's service and the agreement that covers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vendor {
    /// The vendor.
    pub vendor: String,
    /// Its service.
    pub service: String,
    /// The tier bought.
    #[serde(default)]
    pub tier: String,
    /// The channels it carries.
    pub channels: Vec<Channel>,
    /// The agreement; absent = there is none.
    #[serde(default)]
    pub agreement: Option<Agreement>,
    /// `approved`, `pending`, or `not_needed` where no texts are sent; anything else counts as not approved, and so does `not_needed` for texts.
    #[serde(default)]
    pub sender_registration: Option<String>,
    /// A free-to-end-user short code.
    #[serde(default)]
    pub free_to_end_user: bool,
}

/// A business associate agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// `executed`, `draft`, `terminated`; anything else counts as missing.
    pub status: String,
    /// First day in force.
    #[serde(default)]
    pub effective: Option<Date>,
    /// Last day in force.
    #[serde(default)]
    pub expires: Option<Date>,
    /// Services it names.
    #[serde(default)]
    pub services: Vec<String>,
    /// Every required term is in it.
    #[serde(default)]
    pub required_terms: bool,
    /// The checklist term by term, by the names of the `agreement-terms` table; a legal term that is absent or `false` is lacking,
    /// whatever `required_terms` says, and a name that is none of them ticks nothing. Empty = no checklist was kept.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub terms: BTreeMap<String, bool>,
}

impl Agreement {
    /// Every legal term is in it (45 CFR 164.504(e)(2), 164.314(a)(2)).
    fn is_complete(&self) -> bool {
        let present = |term: &str| self.terms.get(term) == Some(&true);
        self.required_terms && (self.terms.is_empty() || lacking(present).next().is_none())
    }
}

impl Vendor {
    /// The gate's view of the row.
    #[must_use]
    pub fn to_gate(&self) -> facts::Vendor {
        facts::Vendor {
            vendor: self.vendor.clone(),
            service: self.service.clone(),
            tier: self.tier.clone(),
            channels: self.channels.clone(),
            agreement: self.agreement.as_ref().map_or(
                facts::Agreement {
                    status: facts::AgreementStatus::Missing,
                    effective: None,
                    expires: None,
                    services: Vec::new(),
                    required_terms: false,
                },
                |a| facts::Agreement {
                    status: match a.status.as_str() {
                        "executed" => facts::AgreementStatus::Executed,
                        "draft" => facts::AgreementStatus::Draft,
                        "terminated" => facts::AgreementStatus::Terminated,
                        _ => facts::AgreementStatus::Missing,
                    },
                    effective: a.effective,
                    expires: a.expires,
                    services: a.services.clone(),
                    required_terms: a.is_complete(),
                },
            ),
            sender_registration: match self.sender_registration.as_deref() {
                Some("approved") => facts::Registration::Approved,
                Some("pending") => facts::Registration::Pending,
                Some("not_needed") => facts::Registration::NotNeeded,
                _ => facts::Registration::NotApproved,
            },
            free_to_end_user: self.free_to_end_user,
        }
    }

    /// The row as the registry holds it.
    #[must_use]
    pub fn from_gate(row: &facts::Vendor) -> Self {
        Self {
            vendor: row.vendor.clone(),
            service: row.service.clone(),
            tier: row.tier.clone(),
            channels: row.channels.clone(),
            agreement: Some(Agreement {
                status: match row.agreement.status {
                    facts::AgreementStatus::Executed => "executed",
                    facts::AgreementStatus::Draft => "draft",
                    facts::AgreementStatus::Terminated => "terminated",
                    facts::AgreementStatus::Missing => "missing",
                }
                .to_owned(),
                effective: row.agreement.effective,
                expires: row.agreement.expires,
                services: row.agreement.services.clone(),
                required_terms: row.agreement.required_terms,
                terms: BTreeMap::new(),
            }),
            sender_registration: Some(
                match row.sender_registration {
                    facts::Registration::Approved => "approved",
                    facts::Registration::Pending => "pending",
                    facts::Registration::NotNeeded => "not_needed",
                    facts::Registration::NotApproved => "not_approved",
                }
                .to_owned(),
            ),
            free_to_end_user: row.free_to_end_user,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(terms: &[(&str, bool)]) -> Option<bool> {
        let terms: serde_json::Map<String, serde_json::Value> =
            terms.iter().map(|(name, there)| ((*name).to_owned(), (*there).into())).collect();
        let agreement = serde_json::json!({ "status": "executed", "required_terms": true, "terms": terms });
        serde_json::from_value::<Agreement>(agreement).ok().map(|agreement| agreement.is_complete())
    }

    #[test]
    fn an_agreement_is_complete_when_every_legal_term_is_ticked_and_the_houses_own_are_extra() {
        let legal: Vec<(&str, bool)> = lacking(|_| false).map(|row| (row.term, true)).collect();
        assert!(legal.len() > 10 && complete(&legal) == Some(true));
        assert_eq!(complete(&legal[1..]), Some(false), "one is not ticked");
        let mut refused = legal.clone();
        refused[0].1 = false;
        assert_eq!(complete(&refused), Some(false), "one is refused");
        assert_eq!(complete(&[]), Some(true), "no checklist was kept, and the box says so");
        assert_eq!(complete(&[("a_term_there_is_not", true)]), Some(false), "a name that is no term ticks none");
    }
}
