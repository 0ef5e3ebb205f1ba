//! Who may break the glass: a natural person of the practice, by reference or by name.

use crate::view::says_something;

/// The resources that stand for somebody or something else than a person of the staff (FHIR R4): a reference to one names nobody.
const OTHERS: &[&str] = &[
    "device",
    "patient",
    "relatedperson",
    "organization",
    "group",
    "healthcareservice",
    "location",
    "endpoint",
    "careteam",
];
/// What programs call themselves: a name that ends with one of these words names nobody.
const PROGRAMS: &[&str] = &[
    "account",
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
const NOBODY: &[&str] =
    &["ai", "admin", "anonymous", "n", "a", "the", "nobody", "none", "null", "staff", "unknown", "user"];

/// Whether `actor` names a natural person of the practice.
///
/// 45 CFR 164.312(a)(2)(ii) with (i): emergency access is somebody's, and that somebody is identified. house: by a reference to their
/// record, or by name; whether it is the one who asks is for whoever takes the request to see.
pub(crate) fn is_person(actor: &str) -> bool {
    match actor.trim().split_once('/') {
        // "user/ana.ruiz": what a directory calls its people is no matter.
        Some((kind, id)) => {
            let word = !kind.is_empty() && kind.chars().all(char::is_alphanumeric);
            word && !OTHERS.contains(&kind.to_lowercase().as_str()) && is_name(id)
        }
        None => is_name(actor),
    }
}

/// Whether a name is somebody's. "Dr. Robot Chen" is called so; what ends as a program does, or holds nothing but such words, is nobody.
fn is_name(name: &str) -> bool {
    let lower = name.to_lowercase();
    let words = || lower.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().any(char::is_alphabetic));
    let program = |word: &str| PROGRAMS.contains(&word);
    let ends_as_program = words().next_back().is_some_and(program);
    // A number in a directory is somebody's; a name of words such as these is nobody's.
    let nobody = words().next().is_some() && words().all(|word| program(word) || NOBODY.contains(&word));
    says_something(name) && !ends_as_program && !nobody
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
            "user/ana.ruiz",
            "staff/ana",
            "User/17",
            "Person/12",
            "practitioner/dr-lee",
            "Dr. Robot Chen",
            "System Admin Ana Ruiz",
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
            "device/pump-1",
            "Device/pump-1",
            "Patient/p1",
            "Organization/clinic",
            "RelatedPerson/r1",
            "HealthcareService/er",
            "system",
            "user/system",
            "Robot",
            "the system admin",
            "robot-7",
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
