//! Who may break the glass: a natural person of the practice, by reference or by name.

use crate::view::says_something;

/// The resources that stand for a person of the staff (FHIR R4 `Practitioner`, `PractitionerRole`). A device, an organisation, a
/// patient and their relatives are none of it.
const STAFF: &[&str] = &["Practitioner", "PractitionerRole"];
/// What programs call themselves: a name that holds one of these words names nobody.
const PROGRAMS: &[&str] = &[
    "agent",
    "api",
    "automated",
    "automatic",
    "automation",
    "bot",
    "chatbot",
    "cron",
    "daemon",
    "device",
    "engine",
    "gateway",
    "integration",
    "job",
    "model",
    "noreply",
    "postern",
    "process",
    "robot",
    "root",
    "scheduler",
    "server",
    "service",
    "system",
    "workflow",
];
/// What stands for a name where there is none.
const NOBODY: &[&str] = &["ai", "admin", "anonymous", "n a", "nobody", "none", "null", "staff", "unknown", "user"];

/// Whether `actor` names a natural person of the practice.
///
/// 45 CFR 164.312(a)(2)(ii) with (i): emergency access is somebody's, and that somebody is identified. house: by a reference to their
/// record, or by name; whether it is the one who asks is for whoever takes the request to see.
pub(crate) fn is_person(actor: &str) -> bool {
    match actor.trim().split_once('/') {
        Some((kind, id)) => STAFF.contains(&kind) && is_name(id),
        None => is_name(actor),
    }
}

fn is_name(name: &str) -> bool {
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    says_something(name)
        && !words.iter().any(|word| PROGRAMS.contains(word))
        && !NOBODY.contains(&words.join(" ").as_str())
}

#[cfg(test)]
mod tests {
    use super::is_person;

    #[test]
    fn a_practitioner_and_a_name_are_somebody() {
        for actor in [
            "Practitioner/nurse-7",
            "PractitionerRole/on-call-3",
            "Dr. Linden",
            "dr-lee",
            "Ai Tanaka",
            " Ana Gómez, RN ",
        ] {
            assert!(is_person(actor), "{actor}");
        }
    }

    #[test]
    fn a_program_a_thing_a_patient_and_a_relative_are_nobody_of_the_staff() {
        for actor in [
            "",
            " ",
            "x",
            "?!",
            "Practitioner/",
            "Practitioner/system",
            "Practitioner//",
            "practitioner/dr-lee",
            "Device/pump-1",
            "Patient/p1",
            "Organization/clinic",
            "RelatedPerson/r1",
            "HealthcareService/er",
            "system",
            "SYSTEM",
            "ai-agent",
            "AI",
            "The triage bot",
            "on-call scheduler",
            "nobody",
            "n/a",
            "Unknown",
            "https://ehr.example/Practitioner/7",
        ] {
            assert!(!is_person(actor), "{actor}");
        }
    }
}
