//! What states ask before some results are released electronically. Which states, which results and for how long stands in
//! `tables/result-holds.tsv`; a refusal cites the statute of the row it comes from. Such a hold is required by law, so it is not
//! information blocking (45 CFR 171.103(a)(1)).

use crate::candidate::Candidate;
use crate::facts::{Event, is_report};
use crate::finding::{Finding, ask, later, require};
use crate::reference::{HeldResult, HeldUntil, RESULT_HOLDS, ResultHold};
use crate::remedy::Remedy;
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead, Waiver};
use crate::view::View;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
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

/// What a message tells of a result.
fn told<'a>(view: &View<'a>, candidate: &Candidate<'_>) -> Told<'a> {
    // house: a machine that asks the patient to call about a result begins to tell it, so it waits as the result does.
    let tells = (is_electronic(candidate) && candidate.has_body()) || candidate.asks_to_call_back(view);
    if !tells {
        return Told::Nothing;
    }
    // Whatever purpose the caller gives it: a text about care that names the report discloses it, and so does one that
    // tells what a test found and names none.
    let about_results = view.request.purpose == Purpose::TestResult;
    let about_care = view.level.is_none_or(|level| level >= Level::L2);
    let in_words = view.tells_result;
    match report(view) {
        Some(report) if report.is_released(view.now) => Told::Nothing,
        Some(report) if about_results || about_care => Told::Result(report),
        None if !names_report(view) && ((about_results && about_care) || in_words) => Told::Unnamed,
        _ => Told::Nothing,
    }
}

/// Who speaks on a call, and who writes a letter, discloses nothing electronically.
fn is_electronic(candidate: &Candidate<'_>) -> bool {
    !candidate.channel.is_human_task() && candidate.channel != Channel::Voice
}

/// The request names a report, whether or not it is on record.
fn names_report(view: &View<'_>) -> bool {
    view.request.event.as_ref().is_some_and(|event| is_report(event))
}

/// The report that the message names.
fn report<'a>(view: &View<'a>) -> Option<&'a Event> {
    view.event.filter(|event| event.is_report())
}

/// The rows in force of the states where the patient lives and the practice is.
fn rows<'v>(view: &'v View<'_>, ends: fn(HeldUntil) -> bool) -> impl Iterator<Item = &'static ResultHold> + 'v {
    let here = |row: &&ResultHold| view.is_under_law_of(row.state);
    let in_force = |row: &&ResultHold| row.since.is_none_or(|first| first <= view.today.latest);
    RESULT_HOLDS.iter().filter(move |row| ends(row.until)).filter(here).filter(in_force)
}

/// The row is about this report: by the class on record, by what the text or the report itself tells, or, for the classes that are
/// protected categories too, by a label. What is told is the stronger fact: a report that the record calls `other` is none where its text
/// or the text of the message names a carcinoma.
fn holds(view: &View<'_>, report: &Event, row: &ResultHold) -> bool {
    is_of_class(report, row.class) || is_told_in_words(view, report, row.class) || is_told_by_category(view, row.class)
}

fn is_told_in_words(view: &View<'_>, report: &Event, class: HeldResult) -> bool {
    let by_message = view.facts.renditions.iter().any(|text| text.result_classes.contains(&class.into()));
    by_message || report.told_classes.contains(&class.into())
}

/// The report is of this class. Where nobody recorded the class, the report's own codes and words say which tests it is of; one that they
/// do not say may be of every class.
fn is_of_class(report: &Event, class: HeldResult) -> bool {
    match report.result_class {
        Some(recorded) => recorded == class.into(),
        None => report.tested_classes.is_empty() || report.tested_classes.contains(&class.into()),
    }
}

/// Neither did somebody record the class, nor does the report say what it is of.
fn is_of_no_known_class(report: &Event) -> bool {
    report.result_class.is_none() && report.tested_classes.is_empty() && report.told_classes.is_empty()
}

fn is_told_by_category(view: &View<'_>, class: HeldResult) -> bool {
    match class {
        HeldResult::Hiv => view.has_category(Category::Hiv),
        HeldResult::Genetic => view.has_category(Category::Genetic),
        HeldResult::DrugTest => view.has_category(Category::SubstanceUse) || view.has_category(Category::Part2),
        HeldResult::Malignancy | HeldResult::Hepatitis => false,
    }
}

/// Which report it is decides whether it waits, and nobody said.
fn unnamed(row: &ResultHold) -> Finding {
    ask("State law holds some results back, and the request does not say which result this is; name the report.")
        .for_good("Which result it is cannot be supposed; the request names it.")
        .under(row.basis.source)
}

/// Tex. Occ. Code 159.0062 (SB 922): a result that likely shows a malignancy or a genetic marker is not disclosed
/// electronically before the third day after it is final. KRS 333.152(2): nor, in Kentucky, before 72 hours are over. The table
/// names the others.
pub(crate) const TIMED: Rule = Rule {
    id: "SPC-08",
    citation: "Tex. Occ. Code 159.0062; KRS 333.152(2)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::ClinicianRelease],
    asks: "Where a state's law says so, a likely malignancy, a genetic marker or another grave result waits for days or hours after it is final.",
    scope: Scope::MACHINES,
    check: timed,
};

fn timed(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let mut rows = rows(view, |until| until != HeldUntil::Clinician);
    let event = match told(view, candidate) {
        Told::Nothing => return Finding::NotApplicable,
        Told::Unnamed => return rows.next().map_or(Finding::NotApplicable, unnamed),
        Told::Result(event) => event,
    };
    let Some(first) = rows.next() else { return Finding::NotApplicable };
    let held = std::iter::once(first).chain(rows).filter(|row| holds(view, event, row));
    let Some((opens, row)) = held.map(|row| (opens(view, event, row), row)).max_by_key(|(opens, _)| *opens) else {
        return Finding::Satisfied;
    };
    // A release that a clinician has dated ahead is one on its day: it is looked at again then.
    let Some(opens) = opens.into_iter().chain(event.released_at()).min() else {
        return ask(
            "Nobody recorded when this result became final, and state law makes some results wait from then on.",
        )
        .lifted_by(&[Remedy::ReleaseResult])
        .under(row.basis.source);
    };
    if opens <= view.start {
        return Finding::Satisfied;
    }
    let sentence = match row.until {
        HeldUntil::Hours => {
            "State law makes this kind of result wait for some hours after it is final, unless a clinician releases it."
        }
        _ => {
            "State law makes this kind of result wait for some days after it is final, unless a clinician releases it."
        }
    };
    later(opens, sentence).lifted_by(&[Remedy::Wait, Remedy::ReleaseResult]).under(row.basis.source)
}

/// When a row lets a report go; `None` when nobody recorded when it became final.
fn opens(view: &View<'_>, event: &Event, row: &ResultHold) -> Option<Timestamp> {
    let (at, count) = (event.at?, row.count?);
    match row.until {
        HeldUntil::Hours => at.checked_add(SignedDuration::from_hours(count)).ok(),
        _ => nth_day(at, count, clock(view, row)),
    }
}

/// The clock by which days are counted: the state's first, or another of its own where that is the patient's.
fn clock(view: &View<'_>, row: &ResultHold) -> &'static str {
    let at_home = view.patient.filter(|patient| patient.may_live_in(row.state));
    let is_patients = |clock: &&str| at_home.is_some_and(|patient| patient.zones.iter().any(|zone| zone == clock));
    let (usual, others) = row.clocks.split_once(' ').unwrap_or((row.clocks, ""));
    others.split(' ').find(is_patients).unwrap_or(usual)
}

/// The beginning, by that clock, of the n-th day after an instant.
fn nth_day(at: Timestamp, days: i64, clock: &str) -> Option<Timestamp> {
    let zone = TimeZone::get(clock).ok()?;
    let day = zone.to_datetime(at).date().checked_add(days.days()).ok()?;
    zone.to_timestamp(day.to_datetime(jiff::civil::Time::midnight())).ok()
}

/// Cal. Health & Safety Code 123148: some results (malignancy, HIV, hepatitis, drugs) are not disclosed electronically unless
/// a clinician has spoken with the patient first. To be verified by counsel.
pub(crate) const CLINICIAN: Rule = Rule {
    id: "SPC-09",
    citation: "Cal. Health & Safety Code 123148",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::ClinicianRelease],
    asks: "Where a state's law says so, some results wait until a clinician has released them.",
    scope: Scope::MACHINES,
    check: clinician,
};

fn clinician(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let mut rows = rows(view, |until| until == HeldUntil::Clinician);
    let event = match told(view, candidate) {
        Told::Nothing => return Finding::NotApplicable,
        Told::Unnamed => return rows.next().map_or(Finding::NotApplicable, unnamed),
        Told::Result(event) => event,
    };
    let Some(first) = rows.next() else { return Finding::NotApplicable };
    let Some(row) = std::iter::once(first).chain(rows).find(|row| holds(view, event, row)) else {
        return Finding::Satisfied;
    };
    let finding = if is_of_no_known_class(event) {
        ask("The kind of this result is not on record, and state law makes some kinds wait for a clinician.")
    } else {
        require("State law asks a clinician to speak with the patient before this result is released.")
    };
    finding.lifted_by(&[Remedy::ReleaseResult]).and_alert().under(row.basis.source)
}

#[cfg(test)]
mod tests {
    use crate::fact::Fact;
    use crate::facts::{EventStatus, ResultClass};
    use crate::sample::{Case, refused_by};
    use postern_base::Channel;

    fn in_texas(class: ResultClass) -> Case {
        let mut case = Case::result();
        case.patient().states = vec!["TX".into()];
        case.is_about("DiagnosticReport/d1", EventStatus::Active, Some("2026-11-30T18:00:00Z")).result_class =
            Some(class);
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
    fn in_kentucky_a_likely_malignancy_waits_for_72_hours_and_an_hiv_test_does_not() {
        let held = |class, at: &str| {
            let mut case = in_texas(class);
            (case.patient().states, case.facts.tenant.state) = (vec!["OH".into()], Some("KY".into()));
            case.facts.now = at.parse().unwrap();
            refused_by(&case, Channel::Portal, "SPC-08")
        };
        assert!(
            held(ResultClass::Malignancy, "2026-12-03T17:59:00Z") && held(ResultClass::Genetic, "2026-12-01T18:00:00Z")
        );
        assert!(!held(ResultClass::Malignancy, "2026-12-03T18:00:00Z"));
        assert!(!held(ResultClass::Hiv, "2026-12-01T18:00:00Z"));
    }

    #[test]
    fn a_refusal_cites_the_statute_of_the_state_that_holds_the_result() {
        let cited = |state: &str| {
            let mut case = in_texas(ResultClass::Malignancy);
            case.patient().states = vec![state.into()];
            let refusals = case.decide().refusals;
            refusals.iter().find(|refusal| refusal.rule.starts_with("SPC-0")).map(|refusal| refusal.citation)
        };
        assert_eq!(cited("TX"), Some("Tex. Occ. Code 159.0062"));
        assert_eq!(cited("KY"), Some("KRS 333.152(2)"));
        assert_eq!(cited("MT"), Some("Mont. Code 50-16-806(2)"));
        assert_eq!(cited("CA"), Some("Cal. Health & Safety Code 123148"));
        assert_eq!(cited("NY"), None);
    }

    #[test]
    fn a_result_told_in_words_under_another_purpose_names_its_report_where_a_state_holds_results() {
        for state in ["TX", "CA", "KY", "NY"] {
            let mut case = in_texas(ResultClass::Malignancy);
            case.patient().states = vec![state.into()];
            case.request.purpose = postern_base::Purpose::TreatmentUpdate;
            case.request.event = Some("Appointment/a1".into());
            case.facts.event = Fact::recorded(None);
            assert!(!refused_by(&case, Channel::Portal, "SPC-08") && !refused_by(&case, Channel::Portal, "SPC-09"));
            case.facts.renditions.iter_mut().for_each(|text| text.tells_result = true);
            let held = refused_by(&case, Channel::Portal, if state == "CA" { "SPC-09" } else { "SPC-08" });
            assert_eq!(held, state != "NY", "{state}");
        }
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
            case.patient().states = vec!["CA".into()];
            refused_by(&case, Channel::Portal, "SPC-09")
        };
        assert!([ResultClass::Hiv, ResultClass::Hepatitis, ResultClass::DrugTest].into_iter().all(held));
        assert!(!held(ResultClass::Other) && !held(ResultClass::Genetic));
    }

    #[test]
    fn what_a_text_names_is_held_whatever_class_the_record_gives_the_result() {
        for (state, class, rule) in [
            ("CA", ResultClass::Hepatitis, "SPC-09"),
            ("CA", ResultClass::Malignancy, "SPC-09"),
            ("CA", ResultClass::DrugTest, "SPC-09"),
            ("TX", ResultClass::Malignancy, "SPC-08"),
            ("TX", ResultClass::Genetic, "SPC-08"),
        ] {
            let mut case = in_texas(ResultClass::Other);
            case.patient().states = vec![state.into()];
            assert!(!refused_by(&case, Channel::Portal, rule), "{state} {class:?}: the text names nothing");
            case.facts.renditions.iter_mut().for_each(|text| text.result_classes.push(class));
            assert!(refused_by(&case, Channel::Portal, rule), "{state} {class:?}");
            case.patient().states = vec!["NY".into()];
            assert!(!refused_by(&case, Channel::Portal, rule), "{class:?}: New York holds none");
        }
    }

    #[test]
    fn a_report_that_is_plainly_of_an_ordinary_test_waits_nowhere_and_one_of_no_known_kind_waits() {
        for (state, rule) in [("TX", "SPC-08"), ("KY", "SPC-08"), ("MT", "SPC-08"), ("CA", "SPC-09")] {
            let held = |tested: &[ResultClass]| {
                let mut case = in_texas(ResultClass::Other);
                case.patient().states = vec![state.into()];
                if let Fact::Known(event) = &mut case.facts.event {
                    (event.result_class, event.tested_classes) = (None, tested.to_vec());
                }
                refused_by(&case, Channel::Portal, rule)
            };
            assert!(!held(&[ResultClass::Other]), "{state}");
            assert!(held(&[]) && held(&[ResultClass::Malignancy, ResultClass::Other]), "{state}");
            assert_eq!(held(&[ResultClass::Hepatitis, ResultClass::Other]), state == "CA", "{state}");
        }
    }

    #[test]
    fn what_a_report_says_itself_outvotes_the_class_that_somebody_gave_it() {
        let mut case = in_texas(ResultClass::Other);
        if let Fact::Known(event) = &mut case.facts.event {
            event.told_classes = vec![ResultClass::Malignancy];
        }
        assert!(refused_by(&case, Channel::Portal, "SPC-08"));
    }

    #[test]
    fn a_release_from_before_the_result_was_final_releases_nothing() {
        let outcome = |released: &str| {
            let mut case = in_texas(ResultClass::Malignancy);
            if let Fact::Known(event) = &mut case.facts.event {
                event.clinician_release = Some(released.parse().unwrap());
            }
            case.decide().outcome.as_str()
        };
        assert_eq!(outcome("2026-11-30T17:59:59Z"), "defer");
        assert_eq!(outcome("2026-11-30T18:00:00Z"), "send");
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

    #[test]
    fn the_law_of_every_home_holds_and_of_a_home_that_cannot_be_told_every_law() {
        let held = |states: &[&str], unknown_state: bool, practice: Option<&str>| {
            let mut case = Case::result();
            case.is_about("DiagnosticReport/d1", EventStatus::Active, Some("2026-11-30T18:00:00Z")).result_class =
                Some(ResultClass::Malignancy);
            case.patient().states = states.iter().map(|state| (*state).to_owned()).collect();
            case.patient().unknown_state = unknown_state;
            case.facts.tenant.state = practice.map(Into::into);
            refused_by(&case, Channel::Portal, "SPC-09")
        };
        assert!(!held(&["NY"], false, Some("NY")) && !held(&[], false, Some("NY")));
        assert!(held(&["NY", "CA"], false, Some("NY")), "a second home");
        assert!(held(&["NY"], true, Some("NY")), "a home whose state cannot be told");
        assert!(held(&[], false, None), "neither the patient nor the practice is anywhere");
        assert!(!held(&["NY"], false, None));
    }
}
