//! Facts that a case says could not be had. In production a store, a record or a person fails to give them; a case names them, since
//! what it leaves out it means otherwise: no history is an empty one, and a fact of the deployment that is absent is satisfied.

use postern_gate::{Fact, deployment};
use postern_gate::{Facts, Missing, Rendition};
use serde::Deserialize;

/// A fact that could not be had, by its place in the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum UnknownFact {
    /// The patient's own record.
    #[serde(rename = "patient")]
    Patient,
    /// The patient's Consents, of every kind.
    #[serde(rename = "consents")]
    Consents,
    /// The event the request is about.
    #[serde(rename = "event")]
    Event,
    /// What went out and came in before.
    #[serde(rename = "history")]
    History,
    /// The level of what is asked for.
    #[serde(rename = "content")]
    Content,
    /// The level of every text that was made of it.
    #[serde(rename = "renditions")]
    Renditions,
    /// Whether the channels' risks were assessed.
    #[serde(rename = "deployment.risk_record")]
    RiskRecord,
    /// Whether the portal is open to the patient.
    #[serde(rename = "deployment.portal_available")]
    PortalAvailable,
    /// Whether the portal asks for two factors.
    #[serde(rename = "deployment.portal_two_factor")]
    PortalTwoFactor,
    /// Who asks.
    #[serde(rename = "deployment.actor")]
    Actor,
    /// Whether the session of the chat was authenticated anew.
    #[serde(rename = "deployment.reauthenticated")]
    Reauthenticated,
    /// How many persons approved the template.
    #[serde(rename = "deployment.template_approvals")]
    TemplateApprovals,
    /// Whether what is sent in bulk is paused.
    #[serde(rename = "deployment.paused")]
    Paused,
    /// Whether our own DKIM signature verifies.
    #[serde(rename = "deployment.dkim")]
    Dkim,
    /// Whether our calls are encrypted on every leg of ours.
    #[serde(rename = "deployment.voice_srtp")]
    VoiceSrtp,
    /// Whether a tracker runs on signed-in pages.
    #[serde(rename = "deployment.no_trackers")]
    NoTrackers,
    /// Whether the visitor of the open chat agreed.
    #[serde(rename = "deployment.visitor_consent")]
    VisitorConsent,
    /// Which numbers are on the national do-not-call registry, and on the practice's own list.
    #[serde(rename = "deployment.do_not_call")]
    DoNotCall,
    /// Which numbers are on the national registry alone.
    #[serde(rename = "deployment.do_not_call.national")]
    NationalRegistry,
    /// Whether a postal address stands in commercial e-mail.
    #[serde(rename = "deployment.postal_address")]
    PostalAddress,
    /// Whether the patient was offered the notice of privacy practices.
    #[serde(rename = "deployment.privacy_notice")]
    PrivacyNotice,
    /// Whether models were tested for bias.
    #[serde(rename = "deployment.bias_tested")]
    BiasTested,
}

/// Why a fact could not be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Absence {
    /// Nobody recorded it.
    NotRecorded,
    /// The EHR did not answer.
    EhrUnreachable,
    /// A record is there and could not be understood.
    Unreadable,
    /// Our own store did not answer.
    StoreUnavailable,
    /// The classifier failed.
    ClassifierFailed,
}

impl Absence {
    const fn to_gate(self) -> Missing {
        match self {
            Self::NotRecorded => Missing::NotRecorded,
            Self::EhrUnreachable => Missing::EhrUnreachable,
            Self::Unreadable => Missing::Unreadable,
            Self::StoreUnavailable => Missing::StoreUnavailable,
            Self::ClassifierFailed => Missing::ClassifierFailed,
        }
    }
}

impl UnknownFact {
    /// Takes the fact out of `facts`, whatever the case says of it elsewhere.
    pub(crate) fn take(self, why: Absence, facts: &mut Facts) {
        let why = why.to_gate();
        let deployment = &mut facts.deployment;
        let flag: fn(&mut deployment::Deployment) -> &mut Fact<bool> = match self {
            Self::Patient => return facts.patient = Fact::Unknown(why),
            Self::Consents => return facts.consents = Fact::Unknown(why),
            Self::Event => return facts.event = Fact::Unknown(why),
            Self::History => return facts.history = Fact::Unknown(why),
            Self::Content => return facts.content.level = Fact::Unknown(why),
            Self::Renditions => {
                let unmeasured = |text: &mut Rendition| text.level = Fact::Unknown(why);
                return facts.renditions.iter_mut().for_each(unmeasured);
            }
            Self::Actor => return deployment.actor = Fact::Unknown(why),
            Self::TemplateApprovals => return deployment.template_approvals = Fact::Unknown(why),
            Self::DoNotCall => {
                let lists = &mut deployment.do_not_call;
                (lists.registry, lists.own) = (Fact::Unknown(why), Fact::Unknown(why));
                return;
            }
            Self::NationalRegistry => return deployment.do_not_call.registry = Fact::Unknown(why),
            Self::RiskRecord => |d| &mut d.risk_record,
            Self::PortalAvailable => |d| &mut d.portal_available,
            Self::PortalTwoFactor => |d| &mut d.portal_two_factor,
            Self::Reauthenticated => |d| &mut d.reauthenticated,
            Self::Paused => |d| &mut d.paused,
            Self::Dkim => |d| &mut d.dkim,
            Self::VoiceSrtp => |d| &mut d.voice_srtp,
            Self::NoTrackers => |d| &mut d.no_trackers,
            Self::VisitorConsent => |d| &mut d.visitor_consent,
            Self::PostalAddress => |d| &mut d.postal_address,
            Self::PrivacyNotice => |d| &mut d.privacy_notice,
            Self::BiasTested => |d| &mut d.bias_tested,
        };
        *flag(deployment) = Fact::Unknown(why);
    }
}
