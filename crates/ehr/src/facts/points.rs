//! Contact points, with Postern's extensions.

use super::Context;
use crate::fhir::{self, Extension, ExtensionValue, POSTERN};
use crate::normal;
use postern_base::{Channel, Purpose};
use postern_gate::facts::{AvailableTime, ContactPoint, LineType, MailboxKind, PointSource, System};
use postern_gate::{Fact, Missing};

/// The contact points of `owner` (`Patient/p1`, `RelatedPerson/rp1`).
pub(super) fn points(owner: &str, telecom: &[fhir::ContactPoint], context: &Context<'_>) -> Vec<ContactPoint> {
    let points = telecom.iter().enumerate().map(|(index, written)| {
        let system = system(written);
        let value = normal::normalise(system, written.value.as_deref()?)?;
        let expired = match &written.period {
            Some(period) if period.unreadable => true,
            Some(period) => is_over(period, context),
            None => false,
        };
        Some(ContactPoint {
            system,
            rank: written.rank,
            expired: expired || written.use_code.as_deref() == Some("old"),
            from: begin(written.period.as_ref(), context),
            until: end(written.period.as_ref(), context),
            source: coded(&written.extension, "contact-source", |code| match code {
                "patient" => Some(PointSource::Patient),
                "staff" => Some(PointSource::Staff),
                "third_party" => Some(PointSource::ThirdParty),
                _ => None,
            }),
            line_type: coded(&written.extension, "line-type", |code| match code {
                "mobile" => Some(LineType::Mobile),
                "landline" => Some(LineType::Landline),
                "voip" => Some(LineType::Voip),
                "emergency" => Some(LineType::Emergency),
                "patient_room" => Some(LineType::PatientRoom),
                _ => None,
            }),
            mailbox: coded(&written.extension, "mailbox-kind", |code| match code {
                "personal" => Some(MailboxKind::Personal),
                "employer" => Some(MailboxKind::Employer),
                "shared" => Some(MailboxKind::Shared),
                "family" => Some(MailboxKind::Family),
                _ => None,
            }),
            shared_with: shared_with(&written.extension),
            closed_by_another: false,
            crowded: false,
            of_another: false,
            only_for: only_for(&written.extension),
            hours: hours(&written.extension),
            verification: context.verifications.of_point(owner, index, written, system, &value, context),
            value,
        })
    });
    points.flatten().collect()
}

/// HL7's extension for what a contact point is for.
const PURPOSE: &str = "http://hl7.org/fhir/StructureDefinition/contactpoint-purpose";
const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/contactentity-type";

/// What a contact point was given for; `None` = it does not say. What cannot be understood is nothing that we send.
fn only_for(extensions: &[Extension]) -> Option<Vec<Purpose>> {
    let named = |e: &&Extension| e.url.as_deref() == Some(PURPOSE) || postern_name(e) == Some("contact-purpose");
    let mut named = extensions.iter().filter(named).peekable();
    named.peek()?;
    let mut purposes = Vec::new();
    for extension in named {
        let found: Vec<Purpose> = match &extension.value {
            ExtensionValue::Concept(concept) => concept.coding.iter().flat_map(purposes_of).collect(),
            ExtensionValue::Text(word) => purpose_named(word).into_iter().collect(),
            _ => Vec::new(),
        };
        // "Contact details for the patient" narrows nothing.
        if is_the_patients(&extension.value) {
            return None;
        }
        purposes.extend(found);
    }
    Some(purposes)
}

fn is_the_patients(value: &ExtensionValue) -> bool {
    matches!(value, ExtensionValue::Concept(concept) if concept.codes(ENTITY_TYPE).any(|code| code == "PATINF"))
}

fn purposes_of(coding: &fhir::Coding) -> Vec<Purpose> {
    use Purpose::{
        AppointmentReminder, Billing, FollowUp, Marketing, Medication, Recall, Survey, TestResult, TreatmentUpdate,
    };
    let code = coding.code.as_deref().unwrap_or_default();
    match (coding.system.as_deref(), code) {
        (Some(ACT_REASON), "TREAT") => {
            vec![AppointmentReminder, Recall, TestResult, Medication, FollowUp, TreatmentUpdate]
        }
        (Some(ACT_REASON), "CAREMGT") => vec![Recall, FollowUp],
        (Some(ACT_REASON), "PATADMIN") | (Some(ENTITY_TYPE), "ADMIN") => vec![AppointmentReminder],
        (Some(ACT_REASON), "HPAYMT") | (Some(ENTITY_TYPE), "BILL" | "PAYOR") => vec![Billing],
        (Some(ACT_REASON), "HOPERAT") => vec![Survey],
        (Some(ACT_REASON), "HMARKT") => vec![Marketing],
        _ => purpose_named(code).into_iter().collect(),
    }
}

/// A purpose by Postern's own name for it.
fn purpose_named(word: &str) -> Option<Purpose> {
    if word == "appointment" { Some(Purpose::AppointmentReminder) } else { word.parse().ok() }
}

/// The hours of a contact point: HL7's extension of the national directory, or Postern's own of the same parts.
fn hours(extensions: &[Extension]) -> Fact<Vec<AvailableTime>> {
    let says_hours = |e: &&Extension| {
        let foreign =
            e.url.as_deref().is_some_and(|url| url.to_ascii_lowercase().ends_with("contactpoint-availabletime"));
        foreign || postern_name(e) == Some("available-time")
    };
    let mut hours = Vec::new();
    for extension in extensions.iter().filter(says_hours) {
        let Some(found) = hours_of(&extension.extension) else { return Fact::Unknown(Missing::Unreadable) };
        hours.extend(found);
    }
    Fact::Known(hours)
}

/// The hours of one such extension; `None` = they cannot be understood.
fn hours_of(parts: &[Extension]) -> Option<Vec<AvailableTime>> {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    const WHOLE: (i16, i16) = (0, 24 * 60);
    let (mut days, mut from, mut to, mut all_day) = (Vec::new(), None, None, false);
    for part in parts {
        match (part.url.as_deref()?, &part.value) {
            ("daysOfWeek", ExtensionValue::Text(day)) => days.push((1_i8..).zip(DAYS).find(|(_, name)| name == day)?.0),
            ("allDay", ExtensionValue::Boolean(all)) => all_day = *all,
            ("availableStartTime", ExtensionValue::Text(time)) => from = Some(minute_of(time)?),
            ("availableEndTime", ExtensionValue::Text(time)) => to = Some(minute_of(time)?),
            _ => return None,
        }
    }
    if days.is_empty() {
        days = (1..=7).collect();
    }
    let (from, to) = match (from, to) {
        (Some(from), Some(to)) if !all_day => (from, to),
        (None, None) => WHOLE,
        _ if all_day => WHOLE,
        _ => return None,
    };
    let on = |day, from_minute, to_minute| AvailableTime { day, from_minute, to_minute };
    // "22:00 to 06:00" goes on into the next day.
    let spans = days.into_iter().flat_map(|day| {
        let next = if day == 7 { 1 } else { day + 1 };
        if from < to { vec![on(day, from, to)] } else { vec![on(day, from, WHOLE.1), on(next, 0, to)] }
    });
    Some(spans.filter(|span| span.from_minute < span.to_minute).collect())
}

/// The minute of the day that a FHIR time (`09:00:00`) lies in.
fn minute_of(time: &str) -> Option<i16> {
    let time: jiff::civil::Time = time.parse().ok()?;
    Some(i16::from(time.hour()) * 60 + i16::from(time.minute()))
}

/// The kind of a contact point. `phone` is for calls even with `use=mobile`: only `sms` is for texts.
pub(crate) fn system(point: &fhir::ContactPoint) -> System {
    let by_channel = extension(&point.extension, "contact-channel").and_then(|value| match value {
        ExtensionValue::Concept(concept) => systems(concept),
        _ => None,
    });
    match point.system.as_deref() {
        Some("sms") => System::Sms,
        Some("phone") => System::Phone,
        Some("email") => System::Email,
        Some("app") => System::App,
        _ => by_channel.unwrap_or(System::Other),
    }
}

/// The kind of contact point that the codings of a `contact-channel` name; `None` when none is known or they disagree.
pub(super) fn systems(concept: &fhir::CodeableConcept) -> Option<System> {
    let mut known = concept.coding.iter().filter_map(|coding| {
        let code = coding.code.as_deref()?;
        match coding.system.as_deref()? {
            "http://hl7.org/fhir/contact-point-system" => match code {
                "sms" => Some(System::Sms),
                "phone" => Some(System::Phone),
                "email" => Some(System::Email),
                "fax" | "pager" => Some(System::Other),
                _ => None,
            },
            "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode" => match code {
                "PHONE" => Some(System::Phone),
                "EMAILWRIT" => Some(System::Email),
                "MAILWRIT" => Some(System::Postal),
                "ONLINEWRIT" => Some(System::Portal),
                "SMSWRIT" => Some(System::Sms),
                "FAXWRIT" => Some(System::Other),
                _ => None,
            },
            "https://postern.example/fhir/CodeSystem/postern-channel" => code.parse().ok().map(channel_system),
            _ => None,
        }
    });
    let first = known.next()?;
    known.all(|other| other == first).then_some(first)
}

const fn channel_system(channel: Channel) -> System {
    match channel {
        Channel::Sms => System::Sms,
        Channel::Email => System::Email,
        Channel::Voice | Channel::Voicemail | Channel::HumanCall => System::Phone,
        Channel::Portal | Channel::Chat | Channel::ChatAnonymous => System::Portal,
        Channel::Push => System::App,
        Channel::MessagingApp => System::MessagingApp,
        Channel::Mail => System::Postal,
    }
}

/// The value of one of Postern's own extensions.
pub(super) fn extension<'a>(extensions: &'a [Extension], name: &str) -> Option<&'a ExtensionValue> {
    extensions.iter().find(|e| postern_name(e) == Some(name)).map(|e| &e.value)
}

/// The name of one of Postern's own extensions, without the address before it.
pub(super) fn postern_name(extension: &Extension) -> Option<&str> {
    extension.url.as_deref()?.strip_prefix(POSTERN)?.strip_prefix("StructureDefinition/")
}

/// A coded extension: absent = not recorded, a code that is not understood = unreadable.
pub(super) fn coded<T>(extensions: &[Extension], name: &str, read: impl Fn(&str) -> Option<T>) -> Fact<T> {
    match extension(extensions, name) {
        None => Fact::Unknown(Missing::NotRecorded),
        Some(ExtensionValue::Text(code)) => read(code).map_or(Fact::Unknown(Missing::Unreadable), Fact::Known),
        Some(_) => Fact::Unknown(Missing::Unreadable),
    }
}

fn shared_with(extensions: &[Extension]) -> Vec<String> {
    let shared = extensions.iter().filter(|e| postern_name(e) == Some("shared-with"));
    let named = shared.map(|e| match &e.value {
        ExtensionValue::Reference(reference) => reference.reference.clone(),
        ExtensionValue::Text(text) => Some(text.clone()),
        _ => None,
    });
    // Shared with somebody who cannot be made out is still shared.
    named
        .map(|reference| reference.map_or_else(|| "unknown".into(), |r| super::local(&r).unwrap_or(&r).into()))
        .collect()
}

/// Whether a period is certainly or possibly over.
pub(super) fn is_over(period: &fhir::Period, context: &Context<'_>) -> bool {
    period
        .end
        .as_deref()
        .is_some_and(|end| context.calendar.end(end).is_none_or(|(earliest, _)| earliest <= context.now))
}

/// The first instant at which a period that is to come to an end may be over.
pub(super) fn end(period: Option<&fhir::Period>, context: &Context<'_>) -> Option<jiff::Timestamp> {
    let (earliest, _) = context.calendar.end(period?.end.as_deref()?)?;
    Some(earliest).filter(|end| *end > context.now)
}

/// The instant from which a period has certainly begun.
pub(super) fn begin(period: Option<&fhir::Period>, context: &Context<'_>) -> Option<jiff::Timestamp> {
    context.calendar.begin(period?.start.as_deref()?).map(|(_, latest)| latest)
}
