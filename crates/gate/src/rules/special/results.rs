//! What states ask before some results are released electronically.

use crate::candidate::Candidate;
use crate::facts::{Event, ResultClass};
use crate::finding::{Finding, ask, later, require};
use crate::reference::{HeldResult, RESULT_HOLDS, ResultHold};
use crate::remedy::Remedy;
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead, Waiver};
use crate::view::View;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use postern_base::{Category, Channel, Level, Purpose};

/// What a message tells of a result that the law of a state may hold back.
#[derive(Debug, Clone, Copy)]
enum Told<'a> {
    /// Nothing, or on no path that the law is about, or a clinician has released it.
    Nothing,
    /// This result.
    Result(&'a Event),
    /// A result, and nobody says which.
    Unnamed,
}

/// What a message tells of a result, when the patient or the practice is in `state`.
fn told<'a>(view: &View<'a>, candidate: &Candidate<'_>, state: &str) -> Told<'a> {
    // house: a machine that asks the patient to call about a result begins to tell it, so it waits as the result does.
    let tells = (is_electronic(candidate) && candidate.has_body()) || candidate.asks_to_call_back(view);
    if !is_in(view, state) || !tells {
        return Told::Nothing;
    }
    let about_results = view.request.purpose == Purpose::TestResult;
    // Whatever purpose the caller gives it: a text about care that names the report discloses it.
    let about_care = view.level.is_none_or(|level| level >= Level::L2);
    match report(view) {
        Some(report) if is_released(view, report) => Told::Nothing,
        Some(report) if about_results || about_care => Told::Result(report),
        None if about_results && about_care && view.request.event.is_none() => Told::Unnamed,
        _ => Told::Nothing,
    }
}

/// The patient lives in `state`, or the practice is there.
fn is_in(view: &View<'_>, state: &str) -> bool {
    let home = view.patient.and_then(|patient| patient.state.as_deref());
    let practice = view.facts.tenant.state.as_deref();
    home == Some(state) || practice == Some(state)
}

/// Who speaks on a call, and who writes a letter, discloses nothing electronically.
fn is_electronic(candidate: &Candidate<'_>) -> bool {
    !candidate.channel.is_human_task() && candidate.channel != Channel::Voice
}

/// The report that the message names.
fn report<'a>(view: &View<'a>) -> Option<&'a Event> {
    view.event.filter(|event| event.reference.starts_with("DiagnosticReport/"))
}

fn is_released(view: &View<'_>, report: &Event) -> bool {
    report.clinician_release.is_some_and(|at| at <= view.now)
}

/// The rows of the table that bear on a report.
fn holds(view: &View<'_>, report: &Event, state: &str) -> impl Iterator<Item = &'static ResultHold> {
    let rows = RESULT_HOLDS.iter().filter(move |row| row.state == state);
    rows.filter(move |row| is_of_class(report, row.class) || is_told_by_category(view, row.class))
}

/// The report is of this class; where nobody recorded the class, it may be of every one.
fn is_of_class(report: &Event, class: HeldResult) -> bool {
    let held = match report.result_class {
        None => return true,
        Some(ResultClass::Malignancy) => HeldResult::Malignancy,
        Some(ResultClass::Genetic) => HeldResult::Genetic,
        Some(ResultClass::Hiv) => HeldResult::Hiv,
        Some(ResultClass::Hepatitis) => HeldResult::Hepatitis,
        Some(ResultClass::DrugTest) => HeldResult::DrugTest,
        Some(ResultClass::Other) => return false,
    };
    held == class
}

/// The text or a label tells that it is of this class, whatever class was recorded.
fn is_told_by_category(view: &View<'_>, class: HeldResult) -> bool {
    match class {
        HeldResult::Hiv => view.has_category(Category::Hiv),
        HeldResult::DrugTest => view.has_category(Category::SubstanceUse) || view.has_category(Category::Part2),
        HeldResult::Malignancy | HeldResult::Genetic | HeldResult::Hepatitis => false,
    }
}

/// Which report it is decides whether it waits, and nobody said.
fn unnamed() -> Finding {
    ask("State law holds some results back, and the request does not say which result this is; name the report.")
        .for_good("Which result it is cannot be supposed; the request names it.")
}

/// Tex. Occ. Code 159.0062 (SB 922): a result that likely shows a malignancy or a genetic marker is not disclosed
/// electronically before the third day after it is final. Required by law, so not information blocking (45 CFR 171.103).
pub(crate) const TEXAS: Rule = Rule {
    id: "SPC-08",
    citation: "Tex. Occ. Code 159.0062",
    ground: Ground::Law,
    read: SourceRead::SecondHand,
    effective: Effective::from(2025, 9, 1),
    waived_by: &[Waiver::ClinicianRelease],
    asks: "In Texas a likely malignancy or genetic marker waits until the third day after the result is final.",
    scope: Scope::MACHINES,
    check: texas,
};

fn texas(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let event = match told(view, candidate, "TX") {
        Told::Nothing => return Finding::NotApplicable,
        Told::Unnamed => return unnamed(),
        Told::Result(event) => event,
    };
    let longest = holds(view, event, "TX").filter_map(|row| row.days).max();
    let Some(days) = longest else { return Finding::Satisfied };
    let day = event.at.and_then(|at| nth_day(at, days, texan_zone(view)));
    // A release that a clinician has dated ahead is one on its day: it is looked at again then.
    let Some(opens) = day.into_iter().chain(event.clinician_release).min() else {
        return ask(
            "Nobody recorded when this result became final, and state law makes some results wait for three days.",
        )
        .lifted_by(&[Remedy::ReleaseResult]);
    };
    if opens <= view.start {
        return Finding::Satisfied;
    }
    let wait = later(
        opens,
        "State law makes this kind of result wait until the third day after it is final, unless a clinician releases it.",
    );
    wait.lifted_by(&[Remedy::Wait, Remedy::ReleaseResult])
}

/// The clock by which days are counted in Texas: its west keeps the later one.
fn texan_zone(view: &View<'_>) -> &'static str {
    const WEST: &str = "America/Denver";
    let patient = view.patient.filter(|patient| patient.state.as_deref() == Some("TX"));
    let west = patient.is_some_and(|patient| patient.zones.iter().any(|zone| zone == WEST));
    if west { WEST } else { "America/Chicago" }
}

/// The beginning, by that clock, of the n-th day after an instant.
fn nth_day(at: Timestamp, days: i64, zone: &str) -> Option<Timestamp> {
    let zone = TimeZone::get(zone).ok()?;
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
    scope: Scope::MACHINES,
    check: california,
};

fn california(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let event = match told(view, candidate, "CA") {
        Told::Nothing => return Finding::NotApplicable,
        Told::Unnamed => return unnamed(),
        Told::Result(event) => event,
    };
    if holds(view, event, "CA").next().is_none() {
        return Finding::Satisfied;
    }
    let finding = if event.result_class.is_none() {
        ask("The kind of this result is not on record, and state law makes some kinds wait for a clinician.")
    } else {
        require("State law asks a clinician to speak with the patient before this result is released.")
    };
    finding.lifted_by(&[Remedy::ReleaseResult]).and_alert()
}

#[cfg(test)]
mod tests {
    use crate::fact::Fact;
    use crate::facts::{Event, EventStatus, ResultClass};
    use crate::sample::{Case, refused_by};
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
    fn a_result_under_another_purpose_waits_too_and_one_nobody_names_is_asked_about() {
        let mut case = in_texas(ResultClass::Malignancy);
        case.request.purpose = postern_base::Purpose::FollowUp;
        assert!(refused_by(&case, Channel::Portal, "SPC-08"));
        let mut unnamed = in_texas(ResultClass::Other);
        (unnamed.request.event, unnamed.facts.event) = (None, Fact::recorded(None));
        assert!(refused_by(&unnamed, Channel::Portal, "SPC-08"));
    }

    #[test]
    fn in_the_west_of_texas_the_third_day_begins_an_hour_later() {
        let mut case = in_texas(ResultClass::Genetic);
        case.patient().zones = vec!["America/Chicago".into(), "America/Denver".into()];
        let portal = case.decide().deliveries.into_iter().find(|d| d.channel == Channel::Portal).unwrap();
        assert_eq!(portal.not_before, Some("2026-12-03T07:00:00Z".parse().unwrap()));
    }

    #[test]
    fn a_release_dated_ahead_ends_the_wait_in_texas_on_its_day() {
        let mut case = in_texas(ResultClass::Genetic);
        let released: jiff::Timestamp = "2026-12-02T15:00:00Z".parse().unwrap();
        if let Fact::Known(event) = &mut case.facts.event {
            event.clinician_release = Some(released);
        }
        let portal = case.decide().deliveries.into_iter().find(|d| d.channel == Channel::Portal).unwrap();
        assert_eq!(portal.not_before, Some(released));
    }

    #[test]
    fn in_california_hepatitis_and_drug_tests_wait_for_a_clinician_and_an_ordinary_result_does_not() {
        let held = |class| {
            let mut case = in_texas(class);
            case.patient().state = Some("CA".into());
            refused_by(&case, Channel::Portal, "SPC-09")
        };
        assert!([ResultClass::Hiv, ResultClass::Hepatitis, ResultClass::DrugTest].into_iter().all(held));
        assert!(!held(ResultClass::Other) && !held(ResultClass::Genetic));
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
