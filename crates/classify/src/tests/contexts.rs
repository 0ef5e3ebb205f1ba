//! What around a word says that it is meant otherwise, and what short sentences and pictures tell.

use super::{assert_clean, found};
use crate::{Kind, Level};

fn assert_phi(texts: &[&str]) {
    for text in texts {
        assert!(found(text).phi, "{text}");
    }
}

#[test]
fn a_care_word_said_of_a_thing_of_the_office_is_none() {
    assert_clean(&[
        "Please note the change in procedure for late arrivals.",
        "El procedimiento para registrarse cambió: use la pantalla de la entrada.",
        "The pain of parking is over: valet is free this month.",
        "No more headaches with paper forms, everything is online now.",
        "The floors are in poor condition on the north side, watch your step.",
        "Sorry if the new signs were confusing.",
    ]);
    assert_phi(&[
        "Your procedure is at 8, bring your form.",
        "Is your pain worse? Use the form on the portal.",
        "Bring someone to drive you home after the procedure.",
    ]);
}

#[test]
fn what_is_offered_to_everybody_says_nothing_of_the_reader() {
    assert_clean(&[
        "Flu shots are available for everyone, no appointment needed.",
        "Vaccine clinic volunteers: meet in the gym at 7.",
        "💉 Free for everyone on Saturday",
    ]);
    assert_phi(&["Your flu shot is due, everyone in your house should come.", "Your vaccine is ready."]);
}

#[test]
fn a_care_word_that_is_the_name_of_somebody_who_works_here_is_none() {
    assert_clean(&[
        "Hi Lupus Reyes here from the front desk, your parking pass is ready.",
        "Ask for Lupus Reyes at window 3.",
    ]);
    assert_phi(&["Your Lupus group meets Monday.", "Lupus Foundation walk with your rheumatologist"]);
}

#[test]
fn a_sentence_that_is_nothing_but_an_outcome_tells_it() {
    for text in [
        "Positive!",
        "It's negative, phew.",
        "It came back positive!",
        "Salió positivo.",
        "n e g a t i v o",
        "p0s1tive!!",
    ] {
        assert!(found(text).phi && found(text).level >= Level::L3, "{text}");
    }
    assert_clean(&[
        "We are positive you will like our new waiting room!",
        "Stay positive!",
        "The negative reviews were about parking, and we heard you.",
    ]);
}

#[test]
fn pictures_that_tell_care_are_findings_where_they_stand() {
    for (text, kind, level) in [
        ("💊 time! Don't forget.", Kind::Medication, Level::L3),
        ("🩸 tomorrow at 8", Kind::Lab, Level::L3),
        ("🤰 week 20!", Kind::Condition, Level::L4),
    ] {
        let findings = found(text);
        let first = findings.spans.first().copied().expect(text);
        assert_eq!((first.start, first.end, first.kind, findings.level), (0, 1, kind, level), "{text}");
    }
    assert_clean(&["📅 Fri 🕘 9:00 📍 Suite 210 ✅ = yes ❌ = no 🙏", "🏥 open till 6 😷 masks on please"]);
}

#[test]
fn links_with_a_word_of_the_office_are_opaque_and_with_a_name_or_number_are_not() {
    assert_clean(&[
        "clinic.example/patients/forms",
        "See clinic.example/name-change",
        "clinic.example/visit/20261122",
        "clinic.example/pt/portal",
    ]);
    assert_phi(&[
        "clinic.example/patient/kowalski",
        "clinic.example/patient/P88120",
        "clinic.example/v?name=kowalski",
        "clinic.example/x/19610314",
        "go to mychart.example/refill/suboxone now",
    ]);
}

#[test]
fn a_number_to_save_or_to_call_from_ones_own_telephone_is_the_clinics() {
    assert_clean(&[
        "Save this number in your phone: 555-0134.",
        "We left you a voicemail from 602-555-0134.",
        "Your care team's number is 602-555-0134.",
        "Update your phone number at 602-555-0134.",
        "Llame desde su celular al 602-555-0134.",
        "602-555-0134 is the right number for scheduling.",
        "Pick up your badge at 4410 Juniper Ave.",
        "We are at 12 Elm St, Unit 4.",
        "📍Calle 8 #114 🕒 3 pm ✅ SI / ❌ NO",
    ]);
    assert_phi(&[
        "We'll call your cell 602-555-0134.",
        "Is 602-555-0134 still the best number for you?",
        "We have you at 12 Elm St, Unit 4, is that right?",
    ]);
}
