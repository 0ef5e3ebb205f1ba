//! What is asked: the gate's view of the body of `POST /v1/messages`.

use crate::reference::REFILL_LAPSED;
use jiff::Timestamp;
use postern_base::{Basis, Channel, EmailMode, Origin, PatientId, Phi, Purpose, RecipientRole, Urgency};

/// A request to tell a patient something. The content itself never enters the gate; see [`crate::Content`].
#[derive(Debug, Clone)]
pub struct Request {
    /// Whom the message concerns.
    pub patient: PatientId,
    /// Why (RULES PRI-01: every send declares a permitted purpose).
    pub purpose: Purpose,
    /// Who is to receive it.
    pub recipient: Recipient,
    /// A hard filter on candidates, portal and human tasks included; `None` = all channels.
    pub channels: Option<Vec<Channel>>,
    /// The e-mail mode the caller asks for, when it asks for one.
    pub email_mode: Option<EmailMode>,
    /// Where the request came from.
    pub origin: Origin,
    /// The TCPA basis the caller pins; `None` = the gate picks.
    pub basis: Option<Basis>,
    /// The event it is about, such as `Appointment/a1`.
    pub event: Option<String>,
    /// The inbound message it answers: an index into [`crate::facts::History::inbound`].
    pub in_reply_to: Option<usize>,
    /// Not to be sent before.
    pub send_at: Option<Timestamp>,
    /// Worthless after.
    pub expires_at: Option<Timestamp>,
    /// How pressing.
    pub urgency: Urgency,
    /// The named human who takes responsibility in an emergency.
    pub break_glass: Option<BreakGlass>,
    /// Facts about marketing, when the purpose or the content is.
    pub marketing: Option<Marketing>,
    /// How far a machine wrote the text.
    pub ai: Option<Ai>,
    /// Who runs the model that wrote the text, when that is not Postern itself.
    pub model_vendor: Option<String>,
    /// Facts about a call.
    pub voice: Option<Voice>,
    /// How the text came into its language.
    pub translation: Option<Translation>,
    /// Facts about a breach that is notified.
    pub breach: Option<Breach>,
    /// It is disclosed because a law asks for it, not for care, payment or operations.
    pub disclosure: Option<Disclosure>,
}

impl Request {
    /// What the message is: 45 CFR 164.501 "marketing" asks what it promotes and who pays, not what its caller calls it.
    #[must_use]
    pub fn by_its_facts(&self) -> Purpose {
        if self.marketing.is_some_and(Marketing::is_marketing) { Purpose::Marketing } else { self.purpose }
    }
}

/// How a text came into its language (45 CFR 92.201(c)(3)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Translation {
    /// A machine translated it.
    pub machine: bool,
    /// A qualified human translator read it.
    pub reviewed: bool,
}

/// What a notice of a breach says, and by when it is due (45 CFR 164.404).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// The elements the notice holds.
    pub elements: Vec<NoticeElement>,
    /// The day of discovery.
    pub discovered: Option<jiff::civil::Date>,
    /// A law-enforcement official asked for a delay until then (45 CFR 164.412).
    pub delayed_until: Option<Timestamp>,
}

/// An element of a notice of a breach (45 CFR 164.404(c)(1)(A)-(E)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoticeElement {
    /// What happened, with the dates of breach and discovery.
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

impl NoticeElement {
    /// Every element.
    pub const ALL: [Self; 5] = [Self::WhatHappened, Self::Information, Self::Steps, Self::Response, Self::Contact];
}

/// A disclosure that only a person makes (45 CFR 164.502(j), 164.512).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disclosure {
    /// A law requires it.
    RequiredByLaw,
    /// To an agency that oversees health care.
    Oversight,
    /// By a whistleblower.
    Whistleblower,
}

/// Who is to receive the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// In which role.
    pub role: RecipientRole,
    /// The FHIR reference of anyone but the patient, such as `RelatedPerson/rp1`.
    pub reference: Option<String>,
}

/// Emergency access by a named human (45 CFR 164.312(a)(2)(ii)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakGlass {
    /// Who.
    pub actor: String,
    /// Why, in their words.
    pub reason: Phi<String>,
    /// When the emergency access ends.
    pub expires_at: Timestamp,
}

/// What decides whether a message is marketing (45 CFR 164.501 "marketing").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marketing {
    /// What is promoted.
    pub kind: MarketingKind,
    /// What is paid for it.
    pub remuneration: Remuneration,
    /// Days since the current prescription lapsed.
    pub drug_lapsed_days: u32,
}

impl Marketing {
    /// 45 CFR 164.501 "marketing" (2): not refill reminders of a current drug at cost (i), nor treatment and the practice's own services
    /// while nobody pays (ii). Everything else here is, whatever purpose its caller gives it. A reminder of a drug that lapsed long ago,
    /// for which nobody pays, is treatment: (i) only spares what is paid for.
    #[must_use]
    pub const fn is_marketing(self) -> bool {
        match self.kind {
            MarketingKind::ThirdParty | MarketingKind::Sale => true,
            MarketingKind::Fundraising => false,
            MarketingKind::OwnService => !matches!(self.remuneration, Remuneration::None),
            MarketingKind::Refill => {
                let lapsed = self.drug_lapsed_days > REFILL_LAPSED;
                matches!((self.remuneration, lapsed), (Remuneration::AboveCost, _) | (Remuneration::CostOnly, true))
            }
        }
    }
}

/// What is promoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarketingKind {
    /// The practice's own health service.
    OwnService,
    /// Somebody else's product.
    ThirdParty,
    /// A refill of a current drug.
    Refill,
    /// Gifts for the practice itself (45 CFR 164.514(f)).
    Fundraising,
    /// Protected health information is given for payment (45 CFR 164.502(a)(5)(ii)).
    Sale,
}

/// What a third party pays for the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remuneration {
    /// Nothing.
    None,
    /// No more than the cost of making it.
    CostOnly,
    /// More than that.
    AboveCost,
}

/// How far a machine wrote the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ai {
    /// A model wrote it.
    pub generated: bool,
    /// A clinician read and accepted it.
    pub human_reviewed: bool,
    /// It says something clinical.
    pub clinical: bool,
}

/// Facts about a call that is being placed, or has been answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Voice {
    /// Who speaks.
    pub mode: VoiceMode,
    /// Who answered.
    pub answered_by: AnsweredBy,
    /// Identity verified in this call (45 CFR 164.514(h)).
    pub identity_verified: bool,
    /// The call is recorded.
    pub recording: bool,
    /// A machine writes the call down.
    pub transcribing: bool,
    /// All parties agreed to that.
    pub recording_consent: bool,
    /// The artificial voice or model was disclosed.
    pub disclosed: bool,
}

/// Who speaks on a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoiceMode {
    /// A person, now, through us.
    Human,
    /// A recorded or synthesised script.
    Ivr,
    /// A model.
    Ai,
}

/// Who answered a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnsweredBy {
    /// The patient, as far as one can tell.
    Patient,
    /// A machine.
    Machine,
    /// Somebody else.
    Other,
    /// Not known, or not answered yet.
    Unknown,
}
