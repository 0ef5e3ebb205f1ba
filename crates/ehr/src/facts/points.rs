//! Contact points, with Postern's extensions.

use super::Context;
use crate::fhir::{self, Extension, ExtensionValue, POSTERN};
use crate::normal;
use postern_base::Channel;
use postern_gate::facts::{ContactPoint, LineType, MailboxKind, PointSource, System};
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
            verification: context.verifications.of_point(owner, index, written, system, &value, context),
            value,
        })
    });
    points.flatten().collect()
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

/// The instant from which a period has certainly begun.
pub(super) fn begin(period: Option<&fhir::Period>, context: &Context<'_>) -> Option<jiff::Timestamp> {
    context.calendar.begin(period?.start.as_deref()?).map(|(_, latest)| latest)
}
