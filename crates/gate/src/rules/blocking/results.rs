//! Information blocking.

use crate::candidate::Candidate;
use crate::facts::Event;
use crate::finding::{Finding, MISSING, ask, deny, later, require};
use crate::reference::CLINICIAN_HOLD_LONGEST;
use crate::remedy::Remedy;
use crate::rules::scope::{Given, Scope};
use crate::rules::{Effective, Ground, Rule, SourceRead, Waiver};
use crate::view::View;
use jiff::{SignedDuration, Timestamp};
use postern_base::{Level, Purpose};

/// 42 USC 300jj-52 and 45 CFR 171.103: delaying access to results is information blocking unless law asks for it or an
/// exception fits (45 CFR 171.203 to 171.205 can cover all results for a time); a rule that holds all results for some days
/// without one is neither.
pub(crate) const BLANKET_HOLD: Rule = Rule {
    id: "IB-01",
    citation: "45 CFR 171.103",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "No policy holds all results back, unless under a recorded exception with an end; one that does refuses every message.",
    scope: Scope::ANY.with(Given::HeldResults),
    check: blanket_hold,
};

fn blanket_hold(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if let Some(defect) = view.policy.defects.iter().find(|defect| defect.rule == BLANKET_HOLD.id) {
        return deny(defect.sentence.clone()).lifted_by(&[Remedy::MendPolicy]).and_alert();
    }
    let Some(hold) = view.policy.results_hold.filter(|hold| view.start < hold.until) else {
        return Finding::NotApplicable;
    };
    if let Some(defect) = view.policy.ends_too_late(view.now) {
        return deny(defect.sentence).lifted_by(&[Remedy::MendPolicy]).and_alert();
    }
    let machine = (candidate.has_body() && !candidate.channel.is_human_task()) || candidate.asks_to_call_back(view);
    if view.request.purpose != Purpose::TestResult || !machine {
        return Finding::NotApplicable;
    }
    let days = SignedDuration::from_hours(24 * i64::from(hold.days));
    let Some(opens) = view.event.and_then(|event| event.at).and_then(|at| at.checked_add(days).ok()) else {
        return ask("The practice holds results for a time, and nobody recorded when this one became final.")
            .for_good(MISSING);
    };
    Finding::when(opens <= view.start, || {
        later(
            opens.min(hold.until),
            "The practice holds all results for a time, under a recorded exception to information blocking.",
        )
        .and_alert()
    })
}

/// The result that a text discloses, or a machine asks the patient to call about, when the message is about one.
fn disclosed<'a>(view: &View<'a>, candidate: &Candidate<'_>) -> Option<&'a Event> {
    let tells = candidate.has_body() || candidate.asks_to_call_back(view);
    report(view).filter(|_| tells)
}

/// The report that a message is about: as a result, or under another purpose by a text that tells more than when and where. An emergency and
/// the notice of a breach wait for nothing.
fn report<'a>(view: &View<'a>) -> Option<&'a Event> {
    let about = match view.request.purpose {
        Purpose::TestResult => true,
        Purpose::Emergency | Purpose::BreachNotice => false,
        _ => view.tells_result || view.level.is_none_or(|level| level >= Level::L2),
    };
    view.event.filter(|event| about && event.is_report())
}

/// 45 CFR 171.201(c), (d): a clinician who knows the patient determines, for this patient, that access would endanger life or physical
/// safety; and for no longer than that holds.
pub(crate) const CLINICIAN_HOLD: Rule = Rule {
    id: "IB-02",
    citation: "45 CFR 171.201",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::ClinicianRelease],
    asks: "A result is held back from its patient only by a named clinician, for physical harm, until a stated time within thirty days.",
    scope: Scope::ANY,
    check: clinician_hold,
};

fn clinician_hold(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let Some(event) = disclosed(view, candidate) else { return Finding::NotApplicable };
    let Some(hold) = event.hold.filter(|_| !event.is_released(view.now)) else { return Finding::NotApplicable };
    // 45 CFR 171.201(b): no broader than is needed against the danger. house: thirty days, then a clinician looks again.
    let soon =
        |until: &Timestamp| until.duration_since(view.now) <= SignedDuration::from_hours(24 * CLINICIAN_HOLD_LONGEST);
    let lack = if !hold.named {
        "This result is held back and no clinician's name stands with that; without one, holding it is information blocking: a clinician signs it or releases the result."
    } else if !hold.physical_harm {
        "This result is held back for another reason than a risk of physical harm, which is information blocking; a clinician releases it."
    } else {
        match hold.until {
            Some(until) if !soon(&until) => {
                "This result is held back for more than thirty days; a clinician sets an earlier day or releases it."
            }
            Some(until) if until <= view.start => return Finding::Satisfied,
            Some(until) => {
                return later(
                    until,
                    format!(
                        "A clinician determined that this result would put the patient in danger; it waits until {}.",
                        view.locally(until),
                    ),
                );
            }
            None => {
                "This result is held back without an end; a clinician sets a day within thirty days or releases it."
            }
        }
    };
    require(lack).lifted_by(&[Remedy::ReleaseResult]).and_alert()
}

/// ONC's answers on information blocking: a delay that the patient asked for is the patient's choice. The result stands in the portal;
/// nothing calls the patient to it.
pub(crate) const PATIENT_WAITS: Rule = Rule {
    id: "IB-05",
    citation: "45 CFR 171.103",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::ClinicianRelease],
    asks: "A patient who asked to hear of results from a clinician first is not notified before.",
    scope: Scope::CONTACTS,
    check: patient_waits,
};

fn patient_waits(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let asked = view.patient.is_some_and(|patient| patient.flags.await_clinician);
    let told = report(view);
    let about = told.is_some() || view.request.purpose == Purpose::TestResult;
    // Who is called by a person is spoken with; a text beside the call is none.
    if !asked || !about || !candidate.is_contact() || view.is_spoken_by_a_person(candidate.channel) {
        return Finding::NotApplicable;
    }
    Finding::when(told.is_some_and(|event| event.is_released(view.now)), || {
        require("The patient asked to hear of results from a clinician first; a clinician speaks with them, then releases it.")
            .lifted_by(&[Remedy::ReleaseResult])
    })
}

#[cfg(test)]
mod tests {
    use crate::fact::Fact;
    use crate::facts::{EventStatus, ResultClass};
    use crate::policy::ResultsHold;
    use crate::sample::{Case, refused_by};
    use postern_base::{Channel, Level, Purpose};

    fn held(until: &str) -> Case {
        let mut case = Case::result();
        let until = until.parse().unwrap();
        case.policy.results_hold = Some(ResultsHold { days: 3, exception: "infeasibility", until });
        case.is_about("DiagnosticReport/d1", EventStatus::Active, Some("2026-11-30T18:00:00Z")).result_class =
            Some(ResultClass::Other);
        case
    }

    #[test]
    fn a_hold_under_an_exception_defers_the_result_and_says_so() {
        let case = held("2027-01-01T00:00:00Z");
        let decision = case.decide();
        assert!(refused_by(&case, Channel::Portal, "IB-01"));
        let portal = decision.deliveries.iter().find(|d| d.channel == Channel::Portal).unwrap();
        assert_eq!(portal.not_before, Some("2026-12-03T18:00:00Z".parse().unwrap()));
        assert!(decision.alerts.iter().any(|alert| alert.rule == "IB-01"));
    }

    #[test]
    fn a_hold_until_another_age_refuses_everything_as_a_policy_without_an_exception_does() {
        let mut case = held("2199-01-01T00:00:00Z");
        let decision = case.decide();
        assert!(decision.deliveries.is_empty() && refused_by(&case, Channel::Portal, "IB-01"));
        case.request.purpose = Purpose::AppointmentReminder;
        assert!(case.decide().deliveries.is_empty());
    }

    #[test]
    fn a_clinicians_hold_of_one_result_ends_within_thirty_days() {
        for (until, complete) in [("2026-12-31T20:00:00Z", true), ("2027-01-01T20:00:00Z", false)] {
            let mut case = held("2026-12-01T00:00:00Z");
            let Fact::Known(event) = &mut case.facts.event else { unreachable!("the sample has an event") };
            let until = Some(until.parse().unwrap());
            event.hold = Some(crate::facts::ClinicianHold { named: true, physical_harm: true, until });
            let alerted = case.decide().alerts.iter().any(|alert| alert.rule == "IB-02");
            assert!(refused_by(&case, Channel::Portal, "IB-02"));
            assert_eq!(alerted, !complete);
        }
    }

    #[test]
    fn a_held_result_waits_under_every_purpose_that_tells_of_it() {
        let as_purpose = |purpose, level| {
            let mut case = held("2026-12-01T00:00:00Z");
            case.request.purpose = purpose;
            case.facts.content.level = Fact::Known(level);
            let Fact::Known(event) = &mut case.facts.event else { unreachable!("the sample has an event") };
            let until = Some("2026-12-31T20:00:00Z".parse().unwrap());
            event.hold = Some(crate::facts::ClinicianHold { named: true, physical_harm: true, until });
            case.patient().flags.await_clinician = true;
            case
        };
        for purpose in [Purpose::FollowUp, Purpose::TreatmentUpdate, Purpose::Medication] {
            let case = as_purpose(purpose, Level::L3);
            assert!(refused_by(&case, Channel::Portal, "IB-02"), "{purpose}");
            assert!(refused_by(&case, Channel::Sms, "IB-05"), "{purpose}");
            assert!(!refused_by(&as_purpose(purpose, Level::L1), Channel::Portal, "IB-02"), "{purpose}");
        }
    }

    #[test]
    fn when_the_exception_is_over_nothing_is_held() {
        assert_eq!(held("2026-12-01T00:00:00Z").decide().outcome.as_str(), "send");
        let sooner = held("2026-12-02T00:00:00Z").decide();
        assert!(sooner.deliveries.iter().all(|d| d.not_before <= Some("2026-12-02T14:00:00Z".parse().unwrap())));
    }

    #[test]
    fn a_person_on_the_line_opens_no_text_beside_the_call() {
        let mut case = Case::result();
        case.patient().flags.await_clinician = true;
        case.is_about("DiagnosticReport/d1", EventStatus::Active, Some("2026-11-30T18:00:00Z"));
        case.request.voice =
            crate::rules::pairs::call(crate::request::VoiceMode::Human, crate::request::AnsweredBy::Patient, true)
                .request
                .voice;
        assert!(refused_by(&case, Channel::Sms, "IB-05") && refused_by(&case, Channel::Email, "IB-05"));
        assert!(!refused_by(&case, Channel::Voice, "IB-05"), "a clinician speaks with them");
    }
}
