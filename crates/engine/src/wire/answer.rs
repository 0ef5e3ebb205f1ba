//! The answer: a decision as JSON.

use super::examined::{AnsweredCandidate, AnsweredChanges};
use super::received::AttachmentView;
use crate::render::{RenderedForm, pick};
use jiff::Timestamp;
use postern_base::{Channel, EmailMode, Form, Level, MessageId};
use postern_channels::sms::text::{self, Encoding};
use postern_gate::{Decision, Delivery, Examination};
use serde::{Deserialize, Serialize};

/// A decision, as `postern explain` and the API give it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// `send`, `defer`, `hold` or `refuse`.
    pub outcome: String,
    /// The plan.
    pub deliveries: Vec<AnsweredDelivery>,
    /// Every reason against every candidate.
    pub refusals: Vec<AnsweredRefusal>,
    /// What must be done.
    pub obligations: Vec<AnsweredObligation>,
    /// What a person should look at.
    pub alerts: Vec<AnsweredAlert>,
    /// Every rule that ran.
    pub rules: Vec<AnsweredRule>,
    /// What a `defer` waits for besides the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<String>,
    /// Decided without reading an outside EHR: dispatch decides again.
    #[serde(default, skip_serializing_if = "is_false")]
    pub advisory: bool,
    /// The version of the rules.
    pub rules_version: u32,
    /// Every candidate and what came of it; only where somebody asks why (`explain`, `messages:check`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<AnsweredCandidate>,
    /// What would change the answer; only where somebody asks why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<AnsweredChanges>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// One planned delivery. The contact point is PHI and is answered only to the caller who asked.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredDelivery {
    /// On which channel.
    pub channel: Channel,
    /// To which contact point.
    pub contact_point: String,
    /// How an e-mail travels.
    pub mode: Option<EmailMode>,
    /// Which form travels.
    pub form: Form,
    /// What it carries.
    pub level: Level,
    /// Not before.
    pub not_before: Option<Timestamp>,
    /// Of a person's task: before this instant, from which on a rule stands against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
    /// Why this one; absent from what was kept before decisions said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<AnsweredChoice>,
    /// What carriers make of a text message; absent for everything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<TextLength>,
}

/// The length of a text message as carriers count it (3GPP TS 23.038, TS 23.040).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextLength {
    /// Its characters.
    pub chars: usize,
    /// Its alphabet: `GSM-7` or `UCS-2`.
    pub encoding: String,
    /// Its units: septets, or 16 bits each.
    pub units: usize,
    /// The messages that are sent and counted.
    pub segments: usize,
}

impl TextLength {
    /// The length of `body` as it is sent.
    pub(crate) fn of(body: &str) -> Self {
        let text::Length { chars, encoding, units, segments } = text::length(body);
        let encoding = match encoding {
            Encoding::Gsm7 => "GSM-7",
            Encoding::Ucs2 => "UCS-2",
        };
        Self { chars, encoding: encoding.to_owned(), units, segments }
    }
}

/// Why a delivery was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredChoice {
    /// What decided, such as `preference`.
    pub by: String,
    /// The same in a sentence.
    pub sentence: String,
    /// The contact that came second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<AnsweredRunnerUp>,
}

/// The contact that came second.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredRunnerUp {
    /// On which channel.
    pub channel: Channel,
    /// Which contact point.
    pub contact_point: String,
    /// How an e-mail would have travelled.
    pub mode: Option<EmailMode>,
    /// In which form.
    pub form: Form,
}

impl std::fmt::Debug for AnsweredRunnerUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.channel, self.form)
    }
}

impl std::fmt::Debug for AnsweredDelivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.channel, self.form, self.level)
    }
}

/// One reason against one candidate.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredRefusal {
    /// The candidate's channel.
    pub channel: Channel,
    /// Its contact point.
    pub contact_point: String,
    /// How an e-mail would have travelled.
    #[serde(default)]
    pub mode: Option<EmailMode>,
    /// Its form.
    pub form: Form,
    /// What the rule does.
    pub effect: String,
    /// The rule.
    pub rule: String,
    /// What it stands on.
    pub citation: String,
    /// The reason in a sentence.
    pub sentence: String,
}

impl std::fmt::Debug for AnsweredRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {} {}", self.channel, self.form, self.rule, self.effect)
    }
}

/// What must be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredObligation {
    /// The rule.
    pub rule: String,
    /// What to do.
    #[serde(rename = "do")]
    pub what: String,
}

/// What a person should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredAlert {
    /// The rule.
    pub rule: String,
    /// Why.
    pub sentence: String,
}

/// One rule's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredRule {
    /// The rule.
    pub rule: String,
    /// `satisfied`, `violated`, `unknown` or `not_applicable`.
    pub result: String,
}

impl Answer {
    /// The same, with the length of every text message that is planned.
    pub(crate) fn measured(mut self, forms: &[RenderedForm]) -> Self {
        for delivery in self.deliveries.iter_mut().filter(|delivery| delivery.channel == Channel::Sms) {
            let key = |form: &RenderedForm| (form.measured.channel, form.measured.form);
            let form = pick(forms, key, delivery.channel, delivery.form);
            delivery.length = form.map(|form| TextLength::of(form.body.reveal()));
        }
        self
    }
}

impl From<&Decision> for Answer {
    fn from(decision: &Decision) -> Self {
        Self {
            outcome: decision.outcome.as_str().to_owned(),
            deliveries: decision.deliveries.iter().map(AnsweredDelivery::from).collect(),
            refusals: decision
                .refusals
                .iter()
                .map(|r| AnsweredRefusal {
                    channel: r.channel,
                    contact_point: r.contact_point.reveal().to_string(),
                    mode: r.mode,
                    form: r.form,
                    effect: r.effect.as_str().to_owned(),
                    rule: r.rule.to_owned(),
                    citation: r.citation.to_owned(),
                    sentence: r.sentence.to_string(),
                })
                .collect(),
            obligations: decision
                .obligations
                .iter()
                .map(|o| AnsweredObligation { rule: o.rule.to_owned(), what: o.what.to_string() })
                .collect(),
            alerts: decision
                .alerts
                .iter()
                .map(|a| AnsweredAlert { rule: a.rule.to_owned(), sentence: a.sentence.to_string() })
                .collect(),
            rules: decision
                .rules
                .iter()
                .map(|r| AnsweredRule { rule: r.rule.to_owned(), result: r.verdict.as_str().to_owned() })
                .collect(),
            waiting_for: decision.waiting_for.map(|w| w.as_str().to_owned()),
            advisory: decision.advisory,
            rules_version: postern_gate::RULES_VERSION,
            candidates: Vec::new(),
            changes: None,
        }
    }
}

impl From<&Examination> for Answer {
    fn from(examination: &Examination) -> Self {
        Self {
            candidates: examination.candidates.iter().map(AnsweredCandidate::from).collect(),
            changes: Some(AnsweredChanges::from(&examination.changes)),
            ..Self::from(&examination.decision)
        }
    }
}

impl From<&Delivery> for AnsweredDelivery {
    fn from(delivery: &Delivery) -> Self {
        Self {
            channel: delivery.channel,
            contact_point: delivery.contact_point.reveal().to_string(),
            mode: delivery.mode,
            form: delivery.form,
            level: delivery.level,
            not_before: delivery.not_before,
            not_after: delivery.not_after,
            why: Some(AnsweredChoice {
                by: delivery.why.by.as_str().to_owned(),
                sentence: delivery.why.by.sentence().to_owned(),
                over: delivery.why.over.as_ref().map(|over| AnsweredRunnerUp {
                    channel: over.channel,
                    contact_point: over.contact_point.reveal().to_string(),
                    mode: over.mode,
                    form: over.form,
                }),
            }),
            length: None,
        }
    }
}

/// What `POST /v1/messages` answers with 202.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// The message.
    pub id: MessageId,
    /// The decision at accept.
    pub decision: Answer,
    /// Files that were taken with it, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<AttachmentView>,
    /// Where to read more.
    pub links: Links,
}

/// Where to read more about a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Links {
    /// Its status.
    pub status: String,
    /// Its decision.
    pub decision: String,
    /// Its proof.
    pub proof: String,
}

impl Links {
    /// The links of `id`.
    #[must_use]
    pub fn of(id: MessageId) -> Self {
        Self {
            status: format!("/v1/messages/{id}"),
            decision: format!("/v1/messages/{id}/decision"),
            proof: format!("/v1/messages/{id}/proof"),
        }
    }
}
