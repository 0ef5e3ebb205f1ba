//! What states ask before some results are released electronically.

use crate::candidate::Candidate;
use crate::facts::{Event, ResultClass};
use crate::finding::{Finding, ask, later, require};
use crate::remedy::Remedy;
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead, Waiver};
use crate::tables::{HeldResult, RESULT_HOLDS};
use crate::view::View;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use postern_base::{Channel, Purpose};

/// The result a message discloses, when the patient or the practice is in `state` and no clinician has released it.
fn unreleased<'a>(view: &View<'a>, candidate: &Candidate<'_>, state: &str) -> Option<&'a Event> {
    let here = |place: Option<&String>| place.is_some_and(|place| place == state);
    let applies = here(view.patient.and_then(|p| p.state.as_ref())) || here(view.facts.tenant.state.as_ref());
    let discloses = view.request.purpose == Purpose::TestResult && candidate.has_body();
    let electronic = !candidate.channel.is_human_task() && candidate.channel != Channel::Voice;
    let event = view.event.filter(|event| event.reference.starts_with("DiagnosticReport/"))?;
    let released = event.clinician_release.is_some_and(|at| at <= view.now);
    (applies && discloses && electronic && !released).then_some(event)
}

/// Tex. Occ. Code 159.0062 (SB 922): a result that likely shows a malignancy or a genetic marker is not disclosed
/// electronically before the third day after it is final. Required by law, so not information blocking (45 CFR 171.103).
pub(crate) const TEXAS: Rule = Rule {
    id: "SPC-08",
    citation: "Tex. Occ. Code 159.0062",
    ground: Ground::Law,
    read: SourceRead::Read,
    effective: Effective::from(2025, 9, 1),
    waived_by: &[Waiver::ClinicianRelease],
    asks: "In Texas a likely malignancy or genetic marker waits until the third day after the result is final.",
    scope: Scope::ANY.when(Purpose::TestResult),
    check: texas,
};

fn texas(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let Some(event) = unreleased(view, candidate, "TX") else { return Finding::NotApplicable };
    let Some(days) = waits(event.result_class) else { return Finding::Satisfied };
    let Some(opens) = event.at.and_then(|at| nth_day(at, days)) else {
        return ask(
            "Nobody recorded when this result became final, and state law makes some results wait for three days.",
        )
        .lifted_by(&[Remedy::ReleaseResult]);
    };
    Finding::when(opens <= view.start, || {
        later(
            opens,
            "State law makes this kind of result wait until the third day after it is final, unless a clinician releases it.",
        ).lifted_by(&[Remedy::Wait, Remedy::ReleaseResult])
    })
}

/// How many days Texas makes a result of this class wait; an unknown class waits as long as any.
fn waits(class: Option<ResultClass>) -> Option<i64> {
    let held = RESULT_HOLDS.iter().filter(|hold| hold.state == "TX");
    let bears = |hold: HeldResult| match class {
        Some(ResultClass::Malignancy) => hold == HeldResult::Malignancy,
        Some(ResultClass::Genetic) => hold == HeldResult::Genetic,
        Some(ResultClass::Other) => false,
        None => true,
    };
    held.filter(|hold| bears(hold.class)).filter_map(|hold| hold.days).max()
}

/// The beginning, in Texas, of the n-th day after an instant.
fn nth_day(at: Timestamp, days: i64) -> Option<Timestamp> {
    let zone = TimeZone::get("America/Chicago").ok()?;
    let day = zone.to_datetime(at).date().checked_add(days.days()).ok()?;
    zone.to_timestamp(day.to_datetime(jiff::civil::Time::midnight())).ok()
}

/// Cal. Health & Safety Code 123148: some results (malignancy, HIV, hepatitis, drugs) are not disclosed electronically unless
/// a clinician has spoken with the patient first. To be verified by counsel.
pub(crate) const CALIFORNIA: Rule = Rule {
    id: "SPC-09",
    citation: "Cal. Health & Safety Code 123148",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::ClinicianRelease],
    asks: "In California some results wait until a clinician has released them.",
    scope: Scope::ANY.when(Purpose::TestResult),
    check: california,
};

fn california(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let Some(event) = unreleased(view, candidate, "CA") else { return Finding::NotApplicable };
    let listed = view.categories().any(|c| {
        matches!(c, postern_base::Category::Hiv | postern_base::Category::SubstanceUse | postern_base::Category::Part2)
    });
    match event.result_class {
        Some(ResultClass::Malignancy) => {
            require("State law asks a clinician to speak with the patient before this result is released.")
                .lifted_by(&[Remedy::ReleaseResult])
        }
        _ if listed => require("State law asks a clinician to speak with the patient before this result is released.")
            .lifted_by(&[Remedy::ReleaseResult]),
        Some(ResultClass::Genetic | ResultClass::Other) => Finding::Satisfied,
        None => ask("The kind of this result is not on record, and state law makes some kinds wait for a clinician.")
            .lifted_by(&[Remedy::ReleaseResult]),
    }
}

#[cfg(test)]
mod tests {
    use crate::fact::Fact;
    use crate::facts::{Event, EventStatus, ResultClass};
    use crate::sample::Case;
    use postern_base::Channel;

    fn in_texas(class: ResultClass) -> Case {
        let mut case = Case::result();
        case.patient().state = Some("TX".into());
        case.request.event = Some("DiagnosticReport/d1".into());
        case.facts.event = Fact::Known(Event {
            reference: "DiagnosticReport/d1".into(),
            status: EventStatus::Active,
            at: Some("2026-11-30T18:00:00Z".parse().unwrap()),
            result_class: Some(class),
            clinician_release: None,
            hold: None,
            labels: vec![],
        });
        case
    }

    #[test]
    fn a_likely_malignancy_in_texas_waits_with_its_notice_until_the_third_day() {
        let decision = in_texas(ResultClass::Malignancy).decide();
        assert_eq!(decision.outcome.as_str(), "defer");
        let portal = decision.deliveries.iter().find(|d| d.channel == Channel::Portal).unwrap();
        assert_eq!(portal.not_before, Some("2026-12-03T06:00:00Z".parse().unwrap()));
        // Midnight is no hour to be told: the notice waits for the window.
        let notice = decision.deliveries.iter().find(|d| d.channel == Channel::Sms).unwrap();
        assert_eq!(notice.not_before, Some("2026-12-03T14:00:00Z".parse().unwrap()));
    }

    #[test]
    fn another_result_or_a_released_one_does_not_wait() {
        assert_eq!(in_texas(ResultClass::Other).decide().outcome.as_str(), "send");
        let mut released = in_texas(ResultClass::Genetic);
        if let Fact::Known(event) = &mut released.facts.event {
            event.clinician_release = Some(released.facts.now);
        }
        assert_eq!(released.decide().outcome.as_str(), "send");
    }
}
