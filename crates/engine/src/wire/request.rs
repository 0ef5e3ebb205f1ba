//! The body of `POST /v1/messages`, and the `request` part of a case.

use super::malformed::WireError;
use jiff::Timestamp;
use postern_base::{
    Basis, Category, Channel, EmailMode, Language, Level, Origin, PatientId, Phi, Purpose, RecipientRole, Urgency,
};
use postern_gate::request as gate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is asked.
///
/// It is `Serialize` because the store keeps it, sealed, for the second gate; nothing else writes it anywhere.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// `Patient/ID`.
    pub patient: String,
    /// Why.
    pub purpose: Purpose,
    /// The text, when the caller writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// The template and its values, when Postern writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<TemplateUse>,
    /// Narrows the candidates; absent = all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<Vec<Channel>>,
    /// How an e-mail is to travel, when the caller asks for a body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_mode: Option<EmailMode>,
    /// Who is to receive it; absent = the patient.
    #[serde(default)]
    pub recipient: Recipient,
    /// Where the request came from; absent = `api`.
    #[serde(default = "api")]
    pub origin: Origin,
    /// Pins the TCPA basis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Basis>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// The inbound message it answers: an index into the history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_reply_to: Option<usize>,
    /// Not before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send_at: Option<Timestamp>,
    /// Worthless after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// How pressing; absent = routine.
    #[serde(default = "routine")]
    pub urgency: Urgency,
    /// Emergency access by a named human.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub break_glass: Option<BreakGlass>,
    /// Facts about marketing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marketing: Option<Marketing>,
    /// How far a machine wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ai: Option<Ai>,
    /// Facts about a call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<Voice>,
    /// How the text came into its language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub translation: Option<Translation>,
    /// What a notice of a breach says, and by when it is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breach: Option<Breach>,
    /// It is disclosed because a law asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disclosure: Option<Disclosure>,
}

impl Request {
    /// What Postern asks for itself: a template by one channel, to the patient, and nothing else said.
    pub(crate) fn ours(patient: &PatientId, purpose: Purpose, template: TemplateUse, channel: Channel) -> Self {
        Self {
            patient: patient.reference(),
            purpose,
            content: None,
            template: Some(template),
            channels: Some(vec![channel]),
            email_mode: None,
            recipient: Recipient::default(),
            origin: api(),
            basis: None,
            event: None,
            in_reply_to: None,
            send_at: None,
            expires_at: None,
            urgency: routine(),
            break_glass: None,
            marketing: None,
            ai: None,
            voice: None,
            translation: None,
            breach: None,
            disclosure: None,
        }
    }
}

const fn api() -> Origin {
    Origin::Api
}

const fn routine() -> Urgency {
    Urgency::Routine
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request").field("purpose", &self.purpose).field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// A text that the caller wrote.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// Subject or title; shown only where the reader is authenticated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The text.
    pub body: String,
    /// What the caller says it carries; the classifier may only raise it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// What the caller says makes it specially protected.
    #[serde(default)]
    pub categories: Vec<Category>,
    /// The language it is written in; absent = English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Content").field("level", &self.level).finish_non_exhaustive()
    }
}

/// A template and its values.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateUse {
    /// Its name.
    pub name: String,
    /// A value for each of its slots, as text.
    #[serde(default)]
    pub data: BTreeMap<String, String>,
}

impl std::fmt::Debug for TemplateUse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TemplateUse").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Who is to receive it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// In which role.
    pub role: RecipientRole,
    /// The reference of anyone but the patient.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

impl Default for Recipient {
    fn default() -> Self {
        Self { role: RecipientRole::SelfPatient, reference: None }
    }
}

/// Emergency access by a named human.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreakGlass {
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// Until when.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for BreakGlass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BreakGlass").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// What is promoted.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarketingKind {
    /// The practice's own service.
    OwnService,
    /// Somebody else's.
    ThirdParty,
    /// A refill of a current drug.
    Refill,
    /// Gifts for the practice itself.
    Fundraising,
    /// Health information is given for payment.
    Sale,
}

/// What is paid for it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remuneration {
    /// Nothing.
    None,
    /// The cost of making it.
    CostOnly,
    /// More.
    AboveCost,
}

/// Facts about marketing.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marketing {
    /// What is promoted.
    pub kind: MarketingKind,
    /// What is paid for it.
    pub remuneration: Remuneration,
    /// Days since the prescription lapsed.
    #[serde(default)]
    pub drug_lapsed_days: u32,
}

/// How far a machine wrote the text.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ai {
    /// A model wrote it.
    pub generated: bool,
    /// A clinician read it.
    #[serde(default)]
    pub human_reviewed: bool,
    /// It says something clinical.
    #[serde(default)]
    pub clinical: bool,
    /// Who runs the model, as in the vendor registry, when that is not Postern itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
}

/// How a text came into its language.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Translation {
    /// A machine translated it.
    pub machine: bool,
    /// A qualified human translator read it.
    #[serde(default)]
    pub reviewed: bool,
}

/// What a notice of a breach says, and by when it is due.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Breach {
    /// The elements it holds.
    pub elements: Vec<NoticeElement>,
    /// The day of discovery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discovered: Option<jiff::civil::Date>,
    /// A law-enforcement official asked for a delay until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delayed_until: Option<Timestamp>,
}

/// An element of a notice of a breach.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeElement {
    /// What happened, with dates.
    WhatHappened,
    /// Which kinds of information.
    Information,
    /// What the person should do.
    Steps,
    /// What the practice does.
    Response,
    /// Whom to ask.
    Contact,
}

/// Why it is disclosed, when not for care, payment or operations.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disclosure {
    /// A law requires it.
    RequiredByLaw,
    /// To an agency that oversees health care.
    Oversight,
    /// By a whistleblower.
    Whistleblower,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoiceMode {
    /// A person.
    Human,
    /// A script.
    Ivr,
    /// A model.
    Ai,
}

/// Who answered.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnsweredBy {
    /// The patient.
    Patient,
    /// A machine.
    Machine,
    /// Somebody else.
    Other,
    /// Not known.
    #[default]
    Unknown,
}

/// Facts about a call.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Voice {
    /// Who speaks.
    pub mode: VoiceMode,
    /// Who answered.
    #[serde(default)]
    pub answered_by: AnsweredBy,
    /// Identity verified in this call.
    #[serde(default)]
    pub identity_verified: bool,
    /// Recorded.
    #[serde(default)]
    pub recording: bool,
    /// Written down by a machine.
    #[serde(default)]
    pub transcribing: bool,
    /// All parties agreed to the recording, or the transcription.
    #[serde(default)]
    pub recording_consent: bool,
    /// The artificial voice was disclosed.
    #[serde(default)]
    pub disclosed: bool,
}

impl Request {
    /// Whether what it tells of the past can be so at `now`.
    ///
    /// # Errors
    /// [`WireError`] when a breach was discovered on a day that has begun nowhere yet: every deadline would be counted from it.
    pub fn tells_of_the_past(&self, now: Timestamp) -> Result<(), WireError> {
        let latest_day = jiff::tz::Offset::constant(14).to_datetime(now).date();
        match self.breach.as_ref().and_then(|breach| breach.discovered) {
            Some(day) if day > latest_day => {
                Err(WireError::new("breach.discovered", "expected a day that has begun: today, or before"))
            }
            _ => Ok(()),
        }
    }

    /// The gate's view of the request.
    ///
    /// # Errors
    /// [`WireError`] when a reference is not one, or neither or both of `content` and `template` are given.
    pub fn to_gate(&self) -> Result<gate::Request, WireError> {
        let patient = self
            .patient
            .parse()
            .map_err(|error: postern_base::id::BadPatientId| WireError::new("patient", error.to_string()))?;
        match (&self.content, &self.template) {
            (Some(_), None) | (None, Some(_)) => {}
            (Some(_), Some(_)) => {
                return Err(WireError::new("template", "give either `content` or `template`, not both"));
            }
            (None, None) => return Err(WireError::new("content", "give either `content` or `template`")),
        }
        if let (Some(from), Some(until)) = (self.send_at, self.expires_at)
            && from >= until
        {
            return Err(WireError::new("expires_at", "must be later than `send_at`"));
        }
        // Two answers to one question: whom it is for, and somebody's name who would be somebody else.
        if self.recipient.role == RecipientRole::SelfPatient && self.recipient.reference.is_some() {
            return Err(WireError::new(
                "recipient.ref",
                "expected none: the patient is named in `patient`; give `role` to write to somebody else",
            ));
        }
        Ok(gate::Request {
            patient,
            purpose: self.purpose,
            recipient: gate::Recipient { role: self.recipient.role, reference: self.recipient.reference.clone() },
            channels: self.channels.clone(),
            email_mode: self.email_mode,
            origin: self.origin,
            basis: self.basis,
            event: self.event.clone(),
            in_reply_to: self.in_reply_to,
            send_at: self.send_at,
            expires_at: self.expires_at,
            urgency: self.urgency,
            break_glass: self.break_glass.as_ref().map(|b| gate::BreakGlass {
                actor: b.actor.clone(),
                reason: Phi::new(b.reason.clone()),
                expires_at: b.expires_at,
            }),
            marketing: self.marketing.map(Marketing::to_gate),
            ai: self.ai.as_ref().map(|a| gate::Ai {
                generated: a.generated,
                human_reviewed: a.human_reviewed,
                clinical: a.clinical,
            }),
            model_vendor: self.ai.as_ref().and_then(|ai| ai.vendor.clone()),
            voice: self.voice.map(Voice::to_gate),
            translation: self.translation.map(|t| gate::Translation { machine: t.machine, reviewed: t.reviewed }),
            breach: self.breach.as_ref().map(Breach::to_gate),
            disclosure: self.disclosure.map(Disclosure::to_gate),
        })
    }
}

impl Breach {
    fn to_gate(&self) -> gate::Breach {
        let elements = self.elements.iter().map(|element| match element {
            NoticeElement::WhatHappened => gate::NoticeElement::WhatHappened,
            NoticeElement::Information => gate::NoticeElement::Information,
            NoticeElement::Steps => gate::NoticeElement::Steps,
            NoticeElement::Response => gate::NoticeElement::Response,
            NoticeElement::Contact => gate::NoticeElement::Contact,
        });
        gate::Breach { elements: elements.collect(), discovered: self.discovered, delayed_until: self.delayed_until }
    }
}

impl Disclosure {
    const fn to_gate(self) -> gate::Disclosure {
        match self {
            Self::RequiredByLaw => gate::Disclosure::RequiredByLaw,
            Self::Oversight => gate::Disclosure::Oversight,
            Self::Whistleblower => gate::Disclosure::Whistleblower,
        }
    }
}

impl Marketing {
    const fn to_gate(self) -> gate::Marketing {
        gate::Marketing {
            kind: match self.kind {
                MarketingKind::OwnService => gate::MarketingKind::OwnService,
                MarketingKind::ThirdParty => gate::MarketingKind::ThirdParty,
                MarketingKind::Refill => gate::MarketingKind::Refill,
                MarketingKind::Fundraising => gate::MarketingKind::Fundraising,
                MarketingKind::Sale => gate::MarketingKind::Sale,
            },
            remuneration: match self.remuneration {
                Remuneration::None => gate::Remuneration::None,
                Remuneration::CostOnly => gate::Remuneration::CostOnly,
                Remuneration::AboveCost => gate::Remuneration::AboveCost,
            },
            drug_lapsed_days: self.drug_lapsed_days,
        }
    }
}

impl Voice {
    const fn to_gate(self) -> gate::Voice {
        gate::Voice {
            mode: match self.mode {
                VoiceMode::Human => gate::VoiceMode::Human,
                VoiceMode::Ivr => gate::VoiceMode::Ivr,
                VoiceMode::Ai => gate::VoiceMode::Ai,
            },
            answered_by: match self.answered_by {
                AnsweredBy::Patient => gate::AnsweredBy::Patient,
                AnsweredBy::Machine => gate::AnsweredBy::Machine,
                AnsweredBy::Other => gate::AnsweredBy::Other,
                AnsweredBy::Unknown => gate::AnsweredBy::Unknown,
            },
            identity_verified: self.identity_verified,
            recording: self.recording,
            transcribing: self.transcribing,
            recording_consent: self.recording_consent,
            disclosed: self.disclosed,
        }
    }
}
