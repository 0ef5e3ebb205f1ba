//! Who may break the glass: a natural person of the practice, by reference or by name.

use crate::reference::{NOBODY, PROGRAMS, TITLES};
use crate::view::says_something;
use crate::words::plain;

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

/// Whether `actor` names a natural person of the practice.
///
/// 45 CFR 164.312(a)(2)(ii) with (i): emergency access is somebody's, and that somebody is identified. house: by a reference to their
/// record, or by name; whether it is the one who asks is for whoever takes the request to see.
pub(crate) fn is_person(actor: &str) -> bool {
    match actor.trim().split_once('/') {
        // "user/ana.ruiz": what a directory calls its people is no matter.
        Some((kind, id)) => {
            let word = !kind.is_empty() && kind.chars().all(char::is_alphanumeric);
            word && !OTHERS.contains(&kind.to_lowercase().as_str()) && is_entry(id)
        }
        None => is_name(actor),
    }
}

/// Whether what stands behind the kind of a reference is somebody's: a number in a directory is (FHIR R4 `id`, one character at least), and so
/// is a name with one; a program's is not, nor a word for everybody.
fn is_entry(id: &str) -> bool {
    let program = words(id).iter().any(|word| PROGRAMS.contains(&word.as_str()));
    let numbered = !program && id.chars().any(char::is_numeric);
    numbered || is_name(id)
}

/// Whether a name is somebody's. "Dr. Robot Chen" is called so; what ends as a program does, or holds nothing but words for everybody, is
/// nobody, and so is a number that stands for itself.
fn is_name(name: &str) -> bool {
    let words = words(name);
    let is = |list: &[&str], word: &String| list.contains(&word.as_str());
    let called: Vec<&String> = words.iter().filter(|word| !is(TITLES, word)).collect();
    let program = called.last().is_some_and(|word| is(PROGRAMS, word));
    let titled = called.len() < words.len();
    let named = called.iter().any(|word| titled || !(is(PROGRAMS, word) || is(NOBODY, word)));
    says_something(name) && !program && named
}

/// The words of a name, without accents and without the numbers between them.
fn words(name: &str) -> Vec<String> {
    let plain = plain(name);
    crate::words::words(&plain).filter(|word| word.chars().any(char::is_alphabetic)).map(str::to_owned).collect()
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
            "Practitioner/1",
            "Dr. Key",
            "Dra. Guardia",
            "J. Call",
            "Ana Gómez (front desk)",
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
            "everyone",
            "Everybody",
            "on-call team",
            "The front desk",
            "nurse",
            "nurse 7",
            "the nurses on call",
            "Dr.",
            "RN",
            "webhook",
            "Epic",
            "test",
            "api-key-1",
            "Practitioner/api-key-1",
            "Practitioner/everyone",
            "user/desk",
            "1234",
            "todos",
            "El equipo de guardia",
            "la enfermera",
            "Recepción",
            "servidor",
            "Unknown",
            "https://ehr.example/Practitioner/7",
        ] {
            assert!(!is_person(actor), "{actor}");
        }
    }
}
