//! The `history` part of a case.

use super::malformed::WireError;
use jiff::Timestamp;
use postern_base::{Channel, Phi, Purpose, Review};
use postern_gate::facts;
use postern_gate::revocation::Heard;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What went out and came in before.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct History {
    /// Deliveries made.
    pub deliveries: Vec<DeliveryMade>,
    /// Messages received.
    pub inbound: Vec<InboundSeen>,
    /// Opt-outs.
    pub opt_outs: Vec<OptOutSeen>,
    /// Look-ups of numbers.
    pub number_checks: Vec<NumberChecked>,
    /// Notices given.
    pub notices: Vec<NoticeSeen>,
}

/// A delivery that was made.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveryMade {
    /// When.
    pub at: Timestamp,
    /// On which channel.
    pub channel: Channel,
    /// To which contact point.
    pub contact_point: PhiText,
    /// Why.
    pub purpose: Purpose,
    /// Not made by a person; absent = automated.
    #[serde(default = "yes")]
    pub automated: bool,
    /// What it was about, such as `Appointment/a1`: with it, the same message again is a duplicate (RULES SYS-05).
    #[serde(default)]
    pub event: Option<String>,
    /// What became of it; absent = not known. What failed for good counts against no cap, and its contact point is tried last.
    #[serde(default)]
    pub outcome: Option<Outcome>,
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A receipt says so.
    Delivered,
    /// It failed for good.
    Failed,
    /// No receipt came in time.
    Unknown,
}

/// A message that came in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InboundSeen {
    /// When.
    pub at: Timestamp,
    /// By which channel.
    pub channel: Channel,
    /// From which contact point.
    pub contact_point: PhiText,
    /// What it says.
    pub text: PhiText,
    /// The purpose of the thread it answers.
    #[serde(default)]
    pub thread_purpose: Option<Purpose>,
    /// What a person who read it says it means; absent = nobody has said. `nothing` lifts only what was read as ambiguous.
    #[serde(default)]
    pub reviewed: Option<Review>,
}

/// An opt-out.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptOutSeen {
    /// When.
    pub at: Timestamp,
    /// By which channel.
    pub channel: Channel,
    /// Of which contact point.
    pub contact_point: PhiText,
    /// `all` or `purpose:P`.
    pub scope: String,
}

/// A look-up of a number.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberChecked {
    /// The number.
    pub contact_point: PhiText,
    /// When.
    pub checked_at: Timestamp,
    /// `no`, `yes` or `no_data`.
    pub reassigned: Reassigned,
}

/// The answer of a look-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reassigned {
    /// No.
    No,
    /// Yes.
    Yes,
    /// No data.
    NoData,
}

impl Reassigned {
    /// The gate's word.
    pub(crate) const fn to_gate(self) -> facts::Reassigned {
        match self {
            Self::No => facts::Reassigned::No,
            Self::Yes => facts::Reassigned::Yes,
            Self::NoData => facts::Reassigned::NoData,
        }
    }
}

/// A notice given.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeSeen {
    /// Which.
    pub kind: String,
    /// Where it went.
    pub contact_point: PhiText,
    /// When.
    pub at: Timestamp,
    /// The patient objected.
    #[serde(default)]
    pub objected: bool,
}

const fn yes() -> bool {
    true
}

/// A text that is PHI from the moment it is read.
#[derive(Debug, Clone)]
pub struct PhiText(pub Phi<String>);

impl<'de> Deserialize<'de> for PhiText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Phi::new(text)))
    }
}

impl PhiText {
    /// The text as an address in its one normal form.
    #[must_use]
    pub fn address(&self) -> facts::Address {
        Phi::new(Arc::from(crate::address::normal(self.0.reveal()).as_str()))
    }
}

impl PhiText {
    /// The same where somebody wrote or opted out by `channel`: a number, a mailbox, or a record such as `Patient/p1`.
    fn place(&self, channel: Channel, field: impl Fn() -> String) -> Result<facts::Address, WireError> {
        let address = self.address();
        let text = address.reveal();
        let number = || {
            let digits = text.strip_prefix('+').unwrap_or_default();
            (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
        };
        let readable = match channel {
            _ if text.contains('/') => true,
            Channel::Sms | Channel::Voice | Channel::Voicemail => number(),
            Channel::Email => text.contains('@'),
            _ => true,
        };
        if readable {
            Ok(address)
        } else {
            Err(WireError::new(field(), "expected a number such as `+12125550101`, or an e-mail address"))
        }
    }
}

impl DeliveryMade {
    /// The request it came from, when the case says what it was about.
    fn earlier(&self) -> Option<facts::EarlierRequest> {
        let event = Some(self.event.clone().filter(|_| self.outcome != Some(Outcome::Failed))?);
        let (at, purpose) = (self.at, self.purpose);
        Some(facts::EarlierRequest { at, purpose, event, template: None, same_content: false, commitment: None })
    }
}

impl History {
    /// The gate's view of the history.
    ///
    /// # Errors
    /// [`WireError`] when the scope of an opt-out is not one, or somebody said no at a place that cannot be read: such a row would match
    /// nobody, and the message would go.
    pub fn to_gate(&self) -> Result<facts::History, WireError> {
        let opt_outs = self
            .opt_outs
            .iter()
            .enumerate()
            .map(|(i, o)| {
                Ok(facts::OptOut {
                    at: o.at,
                    channel: o.channel,
                    point: o.contact_point.place(o.channel, || format!("history.opt_outs[{i}].contact_point"))?,
                    scope: scope(&o.scope).ok_or_else(|| {
                        WireError::new(format!("history.opt_outs[{i}].scope"), "expected `all` or `purpose:PURPOSE`")
                    })?,
                })
            })
            .collect::<Result<_, WireError>>()?;
        let inbound = self.inbound.iter().enumerate().map(|(i, m)| {
            Ok(facts::Inbound {
                at: m.at,
                channel: m.channel,
                point: m.contact_point.place(m.channel, || format!("history.inbound[{i}].contact_point"))?,
                text: m.text.0.clone(),
                thread_purpose: m.thread_purpose,
                reviewed: m.reviewed,
                heard: Heard::NOT_YET,
            })
        });
        let inbound = inbound.collect::<Result<_, WireError>>()?;
        Ok(facts::History {
            deliveries: self
                .deliveries
                .iter()
                .map(|d| facts::PastDelivery {
                    at: d.at,
                    channel: d.channel,
                    point: d.contact_point.address(),
                    purpose: d.purpose,
                    automated: d.automated,
                    outcome: d.outcome.map(|outcome| match outcome {
                        Outcome::Delivered => facts::PastOutcome::Delivered,
                        Outcome::Failed => facts::PastOutcome::Failed,
                        Outcome::Unknown => facts::PastOutcome::Unknown,
                    }),
                })
                .collect(),
            inbound,
            opt_outs,
            number_checks: self
                .number_checks
                .iter()
                .map(|c| facts::NumberCheck {
                    point: c.contact_point.address(),
                    checked_at: c.checked_at,
                    reassigned: c.reassigned.to_gate(),
                })
                .collect(),
            notices: self
                .notices
                .iter()
                .map(|n| facts::NoticeGiven {
                    kind: n.kind.clone(),
                    point: n.contact_point.address(),
                    at: n.at,
                    objected: n.objected,
                })
                .collect(),
            earlier: self.deliveries.iter().filter_map(DeliveryMade::earlier).collect(),
        })
    }
}

fn scope(text: &str) -> Option<facts::OptOutScope> {
    if text == "all" {
        return Some(facts::OptOutScope::All);
    }
    text.strip_prefix("purpose:")?.parse().ok().map(facts::OptOutScope::Purpose)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_said_no_at_a_place_that_cannot_be_read_is_an_error_and_no_row_that_matches_nobody() {
        let read = |channel: &str, place: &str| {
            let json = format!(
                r#"{{"opt_outs":[{{"at":"2026-11-30T15:00:00Z","channel":"{channel}","contact_point":"{place}","scope":"all"}}]}}"#
            );
            let history: History = crate::wire::parse(json.as_bytes()).unwrap();
            history.to_gate().map(|history| history.opt_outs.len()).map_err(|error| error.to_string())
        };
        for (channel, place) in [
            ("sms", "+12125550101"),
            ("sms", "(212) 555-0101"),
            ("email", "Alma Beech <pat@example.org>"),
            ("voicemail", "Patient/p1"),
            ("portal", "Patient/p1"),
        ] {
            assert_eq!(read(channel, place), Ok(1), "{place}");
        }
        for (channel, place) in [("sms", "Alma's phone"), ("sms", "555"), ("email", "Alma Beech")] {
            assert!(read(channel, place).unwrap_err().contains("history.opt_outs[0].contact_point"), "{place}");
        }
    }

    #[test]
    fn a_delivery_that_says_what_it_was_about_was_accepted_before() {
        let earlier = |event: &str| {
            let json = format!(
                r#"{{"deliveries":[{{"at":"2026-11-30T15:00:00Z","channel":"sms","contact_point":"+12125550101","purpose":"recall"{event}}}]}}"#
            );
            let history: History = crate::wire::parse(json.as_bytes()).unwrap();
            history.to_gate().unwrap().earlier.into_iter().filter_map(|e| e.event).collect::<Vec<_>>()
        };
        assert_eq!(earlier(r#","event":"Appointment/a1""#), ["Appointment/a1"]);
        assert!(earlier("").is_empty());
    }
}
