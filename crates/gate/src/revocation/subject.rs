//! What a message asks about, as far as its words say: who has said stop is told what they ask, and nothing else.

use super::net::is_harmless;
use super::normal::Normal;
use crate::reference::{ABOUT_BILLS, ABOUT_MEDICINES, ABOUT_RESULTS, ABOUT_VISITS};
use postern_base::Purpose;

/// Whether a message of this `purpose` can be the answer to `text`.
///
/// 47 CFR 64.1200(a)(10) ends what nobody asked for; what the patient asks for afterwards they are told. A bill answers who asks about
/// money, a time who asks about a visit. What was not asked for, a recall, a survey, an offer, answers nothing, and what a clinician
/// writes of care answers any question.
pub(crate) fn can_answer(text: &str, purpose: Purpose) -> bool {
    let asked = Normal::new(text).text;
    let about = |words: &[&str]| asked.split(' ').any(|word| words.contains(&word));
    match purpose {
        Purpose::AppointmentReminder => about(ABOUT_VISITS),
        Purpose::Billing => about(ABOUT_BILLS),
        Purpose::Medication => about(ABOUT_MEDICINES),
        Purpose::TestResult => about(ABOUT_RESULTS),
        // "ok", "thanks" and a picture ask nothing.
        Purpose::FollowUp | Purpose::TreatmentUpdate => !asked.trim().is_empty() && !is_harmless(text),
        Purpose::ConsentConfirmation | Purpose::Emergency => true,
        Purpose::Recall | Purpose::Survey | Purpose::Marketing | Purpose::OneTimeCode | Purpose::BreachNotice => false,
    }
}

#[cfg(test)]
mod tests {
    use super::can_answer;
    use postern_base::Purpose;

    #[test]
    fn a_question_is_answered_by_what_is_about_it_and_by_nothing_that_nobody_asked_for() {
        assert!(can_answer("What time is my visit?", Purpose::AppointmentReminder));
        assert!(can_answer("¿a qué hora es mi cita?", Purpose::AppointmentReminder));
        assert!(can_answer("how much do I owe", Purpose::Billing));
        assert!(can_answer("is my refill ready", Purpose::Medication));
        assert!(can_answer("any lab results", Purpose::TestResult));
        assert!(can_answer("what should I bring", Purpose::FollowUp));
        assert!(!can_answer("What time is my visit?", Purpose::Billing));
        assert!(!can_answer("thanks", Purpose::AppointmentReminder));
        assert!(!can_answer("ok, thanks", Purpose::FollowUp));
        assert!(!can_answer("👍", Purpose::TreatmentUpdate));
        for unasked in [Purpose::Recall, Purpose::Survey, Purpose::Marketing, Purpose::BreachNotice] {
            assert!(!can_answer("what time do you open, and what do I owe?", unasked), "{unasked}");
        }
    }
}
