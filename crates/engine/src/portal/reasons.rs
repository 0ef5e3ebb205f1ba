//! Why a message came the way it came, for the person it is for: which ways were taken and what spoke against the others, as codes that the
//! pages have a plain sentence for. What the gate says is for a nurse or a lawyer; a patient asks something simpler.

use postern_base::{Channel, Form};
use postern_gate::decision::Criterion;
use postern_store::DeliveryState;

/// What spoke against a way, as a patient would say it. In the order in which it is told: what the patient can change stands first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlainReason {
    /// They said stop there.
    Stopped,
    /// They asked to be reached elsewhere.
    Elsewhere,
    /// There is no number or address.
    NoPoint,
    /// It is not sure that the number or address is theirs.
    NotVerified,
    /// They have not said yes to that kind of message there.
    NoConsent,
    /// They have not accepted the risk of e-mail.
    EmailRisk,
    /// Others could see what it says.
    Private,
    /// It is for one person alone.
    Personal,
    /// It was too early or too late in the day.
    Hours,
    /// Enough went there already.
    Enough,
    /// It could not be said there in a way they understand, or hear.
    Language,
    /// It had to wait for its time.
    Waits,
    /// A person has to look at it first.
    Looked,
    /// The law asks for a letter.
    Letter,
    /// The practice is not set up for it.
    Setup,
}

impl PlainReason {
    /// Every one.
    pub const ALL: &[Self] = &[
        Self::Stopped,
        Self::Elsewhere,
        Self::NoPoint,
        Self::NotVerified,
        Self::NoConsent,
        Self::EmailRisk,
        Self::Private,
        Self::Personal,
        Self::Hours,
        Self::Enough,
        Self::Language,
        Self::Waits,
        Self::Looked,
        Self::Letter,
        Self::Setup,
    ];

    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Elsewhere => "elsewhere",
            Self::NoPoint => "no-point",
            Self::NotVerified => "not-verified",
            Self::NoConsent => "no-consent",
            Self::EmailRisk => "e-mail-risk",
            Self::Private => "private",
            Self::Personal => "personal",
            Self::Hours => "hours",
            Self::Enough => "enough",
            Self::Language => "language",
            Self::Waits => "waits",
            Self::Looked => "looked",
            Self::Letter => "letter",
            Self::Setup => "setup",
        }
    }

    /// What a rule of the gate that refused a way means to the patient; `None` = no rule of that name.
    ///
    /// RULES PRI-06 and HSE-02 stand among what is private and nothing else: whoever looks over a shoulder must not learn of a flag
    /// (45 CFR 164.502(g)(5)).
    #[must_use]
    pub fn of(rule: &str) -> Option<Self> {
        Some(match rule {
            "TCP-11" | "TCP-12" | "TCP-14" | "SYS-03" => Self::Stopped,
            "PRI-19" | "PRI-20" => Self::Elsewhere,
            "HSE-01" => Self::NoPoint,
            "EML-03" | "TCP-18" | "TCP-19" => Self::NotVerified,
            "TCP-01" | "TCP-02" | "TCP-10" | "TCP-22" | "TCP-24" | "TCP-27" | "PRI-08" | "PRI-09" | "PRI-10"
            | "PRI-11" | "PRI-13" | "PSH-01" | "SOC-01" | "SPC-10" | "INT-01" | "INT-02" => Self::NoConsent,
            "PRI-21" | "PRI-22" | "PRI-23" => Self::EmailRisk,
            "PRI-04" | "PRI-06" | "PRI-12" | "PRI-15" | "PRI-17" | "PRI-30" | "SPC-01" | "SPC-02" | "SPC-03"
            | "SPC-04" | "SPC-07" | "HSE-02" | "EML-04" | "EML-05" | "SEC-27" | "SEC-29" | "SYS-06" | "CHT-01"
            | "CHT-02" | "CHT-03" | "IDN-01" | "OTP-02" | "TCP-20" | "TCP-29" => Self::Private,
            "PRI-01" | "PRI-05" | "PRI-07" | "PRI-14" | "SPC-05" | "SPC-06" => Self::Personal,
            "TCP-06" | "TCP-07" | "TCP-08" | "HSE-05" => Self::Hours,
            "TCP-03" | "TCP-04" | "TCP-09" | "TCP-13" | "TCP-25" | "SYS-05" | "OTP-01" => Self::Enough,
            "CIV-01" | "CIV-02" | "CIV-03" => Self::Language,
            "SYS-02" | "SYS-04" | "SYS-08" | "IB-02" | "IB-05" | "SPC-08" | "SPC-09" | "HSE-03" | "BRN-11" => {
                Self::Waits
            }
            "SYS-09" | "SYS-10" | "HSE-04" | "PRI-28" | "TCP-26" | "CIV-05" => Self::Looked,
            "BRN-05" | "BRN-06" | "BRN-13" => Self::Letter,
            "SYS-01" | "SEC-02" | "SEC-03" | "SEC-04" | "SEC-06" | "SEC-07" | "SEC-08" | "SEC-10" | "SEC-11"
            | "SEC-12" | "SEC-13" | "SEC-17" | "SEC-18" | "SEC-28" | "SEC-30" | "TCP-05" | "TCP-17" | "TCP-23"
            | "TCP-28" | "EML-01" | "IB-01" | "PRI-18" | "PRI-29" => Self::Setup,
            _ => return None,
        })
    }
}

/// How far a message got on a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It went out, or lies in the portal.
    Sent,
    /// It is still to go.
    Waits,
    /// It did not get there, or nobody can say.
    Failed,
}

impl From<DeliveryState> for Progress {
    fn from(state: DeliveryState) -> Self {
        match state {
            DeliveryState::Sent | DeliveryState::Delivered => Self::Sent,
            DeliveryState::Queued | DeliveryState::Waiting | DeliveryState::Held | DeliveryState::Attempting => {
                Self::Waits
            }
            DeliveryState::Failed | DeliveryState::Refused | DeliveryState::Expired | DeliveryState::Unknown => {
                Self::Failed
            }
        }
    }
}

/// A way that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// On which channel.
    pub channel: Channel,
    /// Enough of the contact point to tell it from another; only to the patient themself.
    pub ends: Option<String>,
    /// How much it says.
    pub form: Form,
    /// How far it got.
    pub progress: Progress,
    /// Why this one and not another; `None` where the way was found only after the first one failed.
    pub by: Option<Criterion>,
    /// Why it does not say more, where it does not.
    pub no_more: Vec<PlainReason>,
}

/// A channel that was not used, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotTaken {
    /// Which.
    pub channel: Channel,
    /// What spoke against it.
    pub reasons: Vec<PlainReason>,
}

/// Why a message came the way it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// The ways it took.
    pub taken: Vec<Way>,
    /// The ways it did not take; only to the patient themself.
    pub not_taken: Vec<NotTaken>,
}

/// Sorted, and each once.
pub(super) fn told(reasons: impl Iterator<Item = PlainReason>) -> Vec<PlainReason> {
    let mut all: Vec<PlainReason> = reasons.collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_of_the_gate_means_something_to_a_patient() {
        for rule in postern_gate::rules::ALL {
            assert!(PlainReason::of(rule.id).is_some(), "{}: {}", rule.id, rule.asks);
        }
        assert_eq!(PlainReason::of("ZZZ-01"), None);
    }

    #[test]
    fn a_flag_for_somebodys_safety_reads_like_any_other_care_for_privacy() {
        for rule in ["PRI-06", "HSE-02", "PRI-04"] {
            assert_eq!(PlainReason::of(rule), Some(PlainReason::Private), "{rule}");
        }
    }

    #[test]
    fn what_can_be_changed_is_told_first_and_each_thing_once() {
        let all = [PlainReason::Setup, PlainReason::Private, PlainReason::Stopped, PlainReason::Private];
        assert_eq!(told(all.into_iter()), [PlainReason::Stopped, PlainReason::Private, PlainReason::Setup]);
    }
}
