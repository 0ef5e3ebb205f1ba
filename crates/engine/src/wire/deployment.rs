//! Facts of the deployment and of whoever acts: `deployment` in a case, and in a tenant's settings.

use jiff::Timestamp;
use jiff::civil::Date;
use postern_base::{Channel, Phi};
use postern_gate::deployment as gate;
use postern_gate::{Fact, Missing};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Facts of the deployment. What is absent is satisfied in a case, and Unknown in a tenant's settings.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Deployment {
    /// Every channel in use has an approved risk record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk_record: Option<bool>,
    /// Risk records channel by channel.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub risk_records: BTreeMap<Channel, RiskRecord>,
    /// The portal is open to patients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub portal_available: Option<bool>,
    /// The portal asks for two factors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub portal_two_factor: Option<bool>,
    /// Who asks. In settings it is not read: there the caller is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// Last day of the training of each member of staff, by the id of their account. Settings only.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub trained_until: BTreeMap<String, Date>,
    /// The session of the chat was authenticated anew just now. Cases only: it is true of a session, not of a practice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reauthenticated: Option<bool>,
    /// How many persons approved the version of the template in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_approvals: Option<u32>,
    /// What is sent in bulk is paused; absent = it is not, since nobody but Postern pauses it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused: Option<bool>,
    /// Our own DKIM signature verifies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dkim: Option<bool>,
    /// Every VoIP leg we control runs over TLS and SRTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice_srtp: Option<bool>,
    /// No tracker of others runs on signed-in pages or in a chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_trackers: Option<bool>,
    /// The visitor of the open chat agreed to what is collected. Cases only: it is recorded of each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visitor_consent: Option<bool>,
    /// Do-not-call lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub do_not_call: Option<DoNotCall>,
    /// A postal address stands in every commercial e-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_address: Option<bool>,
    /// The patient was offered the current notice of privacy practices. Cases only: it is recorded of each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privacy_notice: Option<bool>,
    /// The version of the notice of privacy practices in force; absent = it is not kept here who was offered it. Settings only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privacy_notice_version: Option<String>,
    /// Models were tested for bias.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bias_tested: Option<bool>,
    /// Reviews that are due from time to time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reviews: Option<Reviews>,
    /// The proposed Security Rule (90 FR 898): alerts only; absent = off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposed_rule: Option<Proposed>,
}

/// A channel's risk record.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RiskRecord {
    /// Approved.
    pub approved: bool,
    /// Last looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed: Option<Date>,
}

/// Who asks for the message. What is absent is satisfied.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Actor {
    /// The account.
    pub id: String,
    /// Several persons use it.
    pub shared: bool,
    /// It was disabled.
    pub disabled: bool,
    /// Their role may do this; absent = yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permitted: Option<bool>,
    /// Last day of their training; absent = in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trained_until: Option<Date>,
    /// They were never trained.
    pub untrained: bool,
    /// They signed in with two factors; absent = yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub two_factor: Option<bool>,
}

/// Do-not-call lists: numbers, E.164.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DoNotCall {
    /// On the national registry.
    pub national: Vec<String>,
    /// Asked of this practice.
    pub own: Vec<String>,
}

impl std::fmt::Debug for DoNotCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DoNotCall")
    }
}

/// When things were last looked at.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reviews {
    /// Every addressable control that is off has its written decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addressable_recorded: Option<bool>,
    /// Records of activity were reviewed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity: Option<Date>,
    /// The safeguards were evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<Date>,
    /// A backup was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup: Option<Timestamp>,
    /// A restore was tested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restore: Option<Date>,
}

/// What the proposed Security Rule would ask, as far as it was recorded.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Proposed {
    /// Two factors everywhere.
    pub two_factor_everywhere: bool,
    /// Everything encrypted.
    pub encrypted_everywhere: bool,
    /// Inventory and network map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inventory: Option<Date>,
    /// Scan for vulnerabilities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scan: Option<Date>,
    /// Penetration test.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub penetration_test: Option<Date>,
    /// Written verification by business associates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendors_verified: Option<Date>,
}

impl Deployment {
    /// The gate's view in a case: what is absent is satisfied.
    #[must_use]
    pub fn of_a_case(&self) -> gate::Deployment {
        let satisfied = gate::Deployment::satisfied();
        let or = |value: Option<bool>| Fact::Known(value.unwrap_or(true));
        gate::Deployment {
            risk_record: or(self.risk_record),
            portal_available: or(self.portal_available),
            portal_two_factor: or(self.portal_two_factor),
            actor: self.actor.as_ref().map_or(satisfied.actor, |actor| Fact::Known(actor.to_gate())),
            reauthenticated: or(self.reauthenticated),
            template_approvals: self.template_approvals.map_or(satisfied.template_approvals, Fact::Known),
            dkim: or(self.dkim),
            voice_srtp: or(self.voice_srtp),
            no_trackers: or(self.no_trackers),
            visitor_consent: or(self.visitor_consent),
            do_not_call: self.do_not_call.clone().unwrap_or_default().to_gate(),
            postal_address: or(self.postal_address),
            privacy_notice: or(self.privacy_notice),
            bias_tested: or(self.bias_tested),
            ..self.said()
        }
    }

    /// The gate's view in production, where `actor` asks: what is absent is Unknown.
    #[must_use]
    pub fn in_production(&self, actor: Fact<gate::Actor>) -> gate::Deployment {
        gate::Deployment {
            risk_record: Fact::recorded(self.risk_record),
            portal_available: Fact::recorded(self.portal_available),
            portal_two_factor: Fact::recorded(self.portal_two_factor),
            actor,
            template_approvals: Fact::recorded(self.template_approvals),
            dkim: Fact::recorded(self.dkim),
            voice_srtp: Fact::recorded(self.voice_srtp),
            no_trackers: Fact::recorded(self.no_trackers),
            do_not_call: self
                .do_not_call
                .as_ref()
                .map_or_else(|| gate::Deployment::unknown().do_not_call, DoNotCall::to_gate),
            postal_address: Fact::recorded(self.postal_address),
            bias_tested: Fact::recorded(self.bias_tested),
            ..self.said()
        }
    }

    /// What a tenant's settings may not say: the key, and what to do. What is true of one patient is recorded of that patient.
    #[must_use]
    pub const fn defect(&self) -> Option<(&'static str, &'static str)> {
        const NOTICE: &str = "expected none: what a patient was told is recorded of each (`postern notice add`)";
        match self {
            Self { privacy_notice: Some(_), .. } => Some(("privacy_notice", NOTICE)),
            Self { visitor_consent: Some(_), .. } => Some(("visitor_consent", NOTICE)),
            Self { reauthenticated: Some(_), .. } => {
                Some(("reauthenticated", "expected none: it is true of one session, and no chat is connected here yet"))
            }
            _ => None,
        }
    }

    /// What means the same in both.
    fn said(&self) -> gate::Deployment {
        let rows = self.risk_records.iter();
        gate::Deployment {
            channel_risks: rows
                .map(|(channel, row)| gate::ChannelRisk {
                    channel: *channel,
                    approved: row.approved,
                    reviewed: row.reviewed,
                })
                .collect(),
            paused: Fact::Known(self.paused.unwrap_or(false)),
            reviews: self.reviews.map_or(gate::Reviews::UNKNOWN, Reviews::to_gate),
            proposed: self.proposed_rule.map(Proposed::to_gate),
            ..gate::Deployment::unknown()
        }
    }
}

impl Actor {
    fn to_gate(&self) -> gate::Actor {
        gate::Actor {
            unique: Fact::Known(!self.shared),
            enabled: Fact::Known(!self.disabled),
            permitted: Fact::Known(self.permitted.unwrap_or(true)),
            trained_until: if self.untrained {
                Fact::Unknown(Missing::NotRecorded)
            } else {
                Fact::Known(self.trained_until)
            },
            two_factor: Fact::Known(self.two_factor.unwrap_or(true)),
        }
    }
}

impl DoNotCall {
    fn to_gate(&self) -> gate::DoNotCall {
        // An entry that is no number would stand on a list and match nobody: whose it is, nobody knows.
        let numbers = |list: &[String]| {
            let numbers: Vec<String> = list.iter().map(|number| crate::address::normal(number)).collect();
            match numbers.iter().all(|number| number.starts_with('+')) {
                true => Fact::Known(numbers.into_iter().map(|number| Phi::new(number.as_str().into())).collect()),
                false => Fact::Unknown(Missing::Unreadable),
            }
        };
        gate::DoNotCall { registry: numbers(&self.national), own: numbers(&self.own) }
    }
}

impl Reviews {
    fn to_gate(self) -> gate::Reviews {
        gate::Reviews {
            addressable: Fact::recorded(self.addressable_recorded),
            activity: Fact::recorded(self.activity),
            evaluation: Fact::recorded(self.evaluation),
            backup: Fact::recorded(self.backup),
            restore: Fact::recorded(self.restore),
        }
    }
}

impl Proposed {
    const fn to_gate(self) -> gate::Proposed {
        gate::Proposed {
            two_factor_everywhere: self.two_factor_everywhere,
            encrypted_everywhere: self.encrypted_everywhere,
            inventory: self.inventory,
            scan: self.scan,
            penetration_test: self.penetration_test,
            vendors_verified: self.vendors_verified,
        }
    }
}
