//! What a rule can bear on: the rules that cannot speak of a message or a candidate are not asked of it.
//!
//! A scope is never the rule: the rule says for itself that it does not bear on what lies outside. The scope only spares
//! asking, and a property test asks every rule outside its scope all the same.

use crate::facts::Facts;
use crate::policy::Policy;
use crate::request::Request;
use postern_base::{Channel, Origin, Purpose, RecipientRole, Urgency};

/// What a rule can bear on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scope {
    /// A bit for each [`Channel`].
    pub(super) channels: u32,
    /// A bit for each [`Purpose`].
    pub(super) purposes: u32,
    /// Bits of [`Given`], all of which the message must have.
    pub(super) needs: u16,
    /// It asks nothing of the candidate: what it says of one it says of each.
    pub(crate) of_the_message: bool,
}

impl Scope {
    /// Everything.
    pub(crate) const ANY: Self = Self { channels: u32::MAX, purposes: u32::MAX, needs: 0, of_the_message: false };
    /// Every candidate alike.
    pub(crate) const MESSAGE: Self = Self { of_the_message: true, ..Self::ANY };
    /// What reaches out to the patient.
    pub(crate) const CONTACTS: Self = Self::ANY.on(&[
        Channel::Sms,
        Channel::Email,
        Channel::Voice,
        Channel::Voicemail,
        Channel::Push,
        Channel::MessagingApp,
    ]);
    /// What reaches out to the patient, and the call of a person, which is bound as that is where it sells.
    pub(crate) const BOUND: Self = Self::CONTACTS.and_on(&[Channel::HumanCall]);
    /// Texts, calls and voicemail.
    pub(crate) const CALLS_AND_TEXTS: Self = Self::ANY.on(&[Channel::Sms, Channel::Voice, Channel::Voicemail]);
    /// Calls and voicemail.
    pub(crate) const CALLS: Self = Self::ANY.on(&[Channel::Voice, Channel::Voicemail]);
    /// E-mail.
    pub(crate) const EMAIL: Self = Self::ANY.on(&[Channel::Email]);
    /// What a machine carries.
    pub(crate) const MACHINES: Self = Self::ANY.not_on(&[Channel::Mail, Channel::HumanCall]);

    /// Only on these channels.
    pub(crate) const fn on(self, channels: &[Channel]) -> Self {
        Self { channels: bits(channels), ..self }
    }

    /// On these channels too.
    pub(crate) const fn and_on(self, channels: &[Channel]) -> Self {
        Self { channels: self.channels | bits(channels), ..self }
    }

    /// Not on these channels.
    pub(crate) const fn not_on(self, channels: &[Channel]) -> Self {
        Self { channels: self.channels & !bits(channels), ..self }
    }

    /// Only for one purpose.
    pub(crate) const fn when(self, purpose: Purpose) -> Self {
        Self { purposes: 1 << purpose as u32, ..self }
    }

    /// Only where the message has this too.
    pub(crate) const fn with(self, given: Given) -> Self {
        Self { needs: self.needs | given as u16, ..self }
    }
}

const fn bits(mut channels: &[Channel]) -> u32 {
    let mut bits = 0;
    while let [channel, rest @ ..] = channels {
        bits |= 1 << *channel as u32;
        channels = rest;
    }
    bits
}

/// What few messages have, and some rules ask about only then. One bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Given {
    /// A model had a part in it.
    Model = 1,
    /// It is spoken.
    Voice = 1 << 1,
    /// It was translated.
    Translation = 1 << 2,
    /// Its caller declares an emergency, or breaks the glass.
    Emergency = 1 << 3,
    /// Something of it, of its event or of the patient is specially protected.
    Category = 1 << 4,
    /// Its caller tells what it sells.
    Marketing = 1 << 5,
    /// It is a disclosure that a law asks for.
    Disclosure = 1 << 6,
    /// It goes to somebody who stands for the patient.
    Proxy = 1 << 7,
    /// It goes to somebody involved in the patient's care.
    Caregiver = 1 << 8,
    /// It answers what somebody sent.
    Answer = 1 << 9,
    /// It is one of many.
    Bulk = 1 << 10,
    /// The patient may be in danger at home.
    Endangerment = 1 << 11,
    /// The practice's policy holds results back, or has a defect.
    HeldResults = 1 << 12,
}

/// What a message has of [`Given`], as bits.
pub(crate) fn given(request: &Request, facts: &Facts, policy: &Policy) -> u16 {
    let patient = facts.patient.known();
    let event = facts.event.known();
    let category = !facts.content.categories.is_empty()
        || patient.is_some_and(|patient| !patient.labels.is_empty())
        || event.is_some_and(|event| !event.labels.is_empty())
        || facts.renditions.iter().any(|rendition| !rendition.categories.is_empty());
    let role = request.recipient.role;
    let all = [
        (Given::Model, request.ai.is_some() || request.origin == Origin::Ai),
        (Given::Voice, request.voice.is_some()),
        (Given::Translation, request.translation.is_some()),
        (Given::Emergency, request.urgency == Urgency::Emergency || request.break_glass.is_some()),
        (Given::Category, category),
        (Given::Marketing, request.marketing.is_some()),
        (Given::Disclosure, request.disclosure.is_some()),
        (Given::Proxy, role == RecipientRole::Proxy),
        (Given::Caregiver, role == RecipientRole::Caregiver),
        (Given::Answer, request.in_reply_to.is_some()),
        (Given::Bulk, matches!(request.origin, Origin::Bulk | Origin::Journey)),
        (Given::Endangerment, patient.is_some_and(|patient| patient.flags.endangerment)),
        (Given::HeldResults, policy.results_hold.is_some() || !policy.defects.is_empty()),
    ];
    all.iter().filter(|(_, has)| *has).fold(0, |bits, (given, _)| bits | *given as u16)
}
