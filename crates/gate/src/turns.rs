//! The instants at which something on record begins or ends: what a person may do from now on is judged as of each (docs/decisions/0049).

use crate::candidate::Candidate;
use crate::facts::Provision;
use crate::reference::{TASK_LOOKED_AHEAD, majority_ages};
use crate::rules::worthless_from;
use crate::view::{Audience, View};
use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// Instants looked at for one task: the nearest of them.
const MOST: usize = 8;

/// The instants after `from` at which what bears on a person's task may change, the nearest first. The hours of a day are none of them: whoever
/// takes the task up looks at the clock.
pub(crate) fn after(view: &View<'_>, candidate: &Candidate<'_>, from: Timestamp) -> Vec<Timestamp> {
    let Ok(last) = from.checked_add(TASK_LOOKED_AHEAD) else { return Vec::new() };
    let mut turns: Vec<Timestamp> = worthless_from(view).into_iter().chain(view.glass_mends()).collect();
    for consent in view.consents.unwrap_or_default().iter().filter(|consent| consent.active) {
        gather(&consent.provision, &mut turns);
    }
    turns.extend(candidate.point.iter().flat_map(|point| [point.point.from, point.point.until]).flatten());
    if let Audience::Related(person) = view.audience {
        turns.extend(person.until.into_iter().chain(comes_of_age(view)));
    }
    turns.retain(|at| from < *at && *at <= last);
    turns.sort_unstable();
    turns.dedup();
    turns.truncate(MOST);
    turns
}

fn gather(provision: &Provision, turns: &mut Vec<Timestamp>) {
    turns.extend(provision.from.into_iter().chain(provision.until));
    provision.exceptions.iter().for_each(|exception| gather(exception, turns));
}

/// When the patient comes of age, by the first of their clocks.
fn comes_of_age(view: &View<'_>) -> Option<Timestamp> {
    let patient = view.patient?;
    let day = patient.birth_date?.checked_add(majority_ages(patient).0.years()).ok()?;
    let begins = |zone: &TimeZone| zone.to_timestamp(day.to_datetime(Time::midnight())).ok();
    view.zones().iter().filter_map(begins).min().or_else(|| begins(&TimeZone::UTC))
}

#[cfg(test)]
mod tests {
    use crate::decision::{Decision, Outcome};
    use crate::facts::{ConsentKind, EventStatus, Provision, Ruling, System};
    use crate::sample::{Case, address, consent, refused_by, related};
    use jiff::Timestamp;
    use postern_base::{Channel, Level, RecipientRole};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// Half past nine in the evening in New York, and a person may call.
    fn tonight(channels: &[Channel]) -> Case {
        let mut case = Case::of("appointment_reminder", Level::L1, channels);
        case.facts.now = at("2026-12-02T02:30:00Z");
        case
    }

    fn visit_at(case: &mut Case, begins: &str) {
        case.is_about("Appointment/a1", EventStatus::Active, Some(begins));
    }

    fn elsewhere_from(case: &mut Case, from: &str) {
        let listed =
            Provision { decision: Some(Ruling::Permit), points: vec![address("+13175550177")], ..Provision::default() };
        let provision = Provision {
            decision: Some(Ruling::Deny),
            from: Some(at(from)),
            exceptions: vec![listed],
            ..Provision::default()
        };
        case.consents().push(consent(ConsentKind::ConfidentialCommunication, provision));
    }

    /// The task of the plan: until when, and the rules that say why.
    fn task(decision: &Decision) -> (Option<Timestamp>, Vec<&'static str>) {
        let task = decision.deliveries.iter().find(|delivery| delivery.channel.is_human_task()).unwrap();
        let why = decision.obligations.iter().filter(|duty| duty.what.starts_with("Do it before "));
        (task.not_after, why.map(|duty| duty.rule).collect())
    }

    #[test]
    fn a_call_to_a_number_that_a_list_closes_tomorrow_is_made_before_it_does() {
        let mut case = tonight(&[Channel::HumanCall]);
        assert_eq!(task(&case.decide()), (None, vec![]));
        elsewhere_from(&mut case, "2026-12-02T05:00:00Z");
        let decision = case.decide();
        assert_eq!(task(&decision), (Some(at("2026-12-02T05:00:00Z")), vec!["PRI-20"]));
        assert!(decision.obligations.iter().any(|duty| duty.what.contains("2026-12-02 00:00 EST")));
    }

    #[test]
    fn a_call_to_a_number_whose_period_ends_is_made_before_it_does() {
        let mut case = tonight(&[Channel::HumanCall]);
        case.patient().points.iter_mut().for_each(|point| point.until = Some(at("2026-12-02T13:00:00Z")));
        assert_eq!(task(&case.decide()), (Some(at("2026-12-02T13:00:00Z")), vec!["HSE-01"]));
    }

    #[test]
    fn what_turns_and_takes_nothing_away_gives_a_task_no_end() {
        let mut case = tonight(&[Channel::HumanCall]);
        case.consents().iter_mut().for_each(|consent| consent.provision.until = Some(at("2026-12-03T05:00:00Z")));
        assert_eq!(task(&case.decide()).0, None, "a person needs no leave that a machine needs");
        let mut far = tonight(&[Channel::HumanCall]);
        elsewhere_from(&mut far, "2027-03-01T05:00:00Z");
        assert_eq!(task(&far.decide()).0, None, "by then the task is done or asked for anew");
    }

    #[test]
    fn a_parent_is_called_before_the_birthday() {
        let mut case = tonight(&[Channel::HumanCall]);
        let points = case.patient().points.clone();
        case.facts.related.push(crate::facts::RelatedPerson { points, ..related("RelatedPerson/r1", "MTH") });
        case.request.recipient.role = RecipientRole::Proxy;
        case.request.recipient.reference = Some("RelatedPerson/r1".into());
        let grant = Provision {
            decision: Some(Ruling::Permit),
            actors: vec!["RelatedPerson/r1".into()],
            ..Provision::default()
        };
        case.consents().push(consent(ConsentKind::ProxyCommunication, grant));
        case.patient().birth_date = Some("2008-12-03".parse().unwrap());
        assert_eq!(task(&case.decide()), (Some(at("2026-12-03T05:00:00Z")), vec!["SPC-06"]));
    }

    #[test]
    fn of_two_numbers_the_one_that_closes_tonight_is_called_last() {
        let mut case = tonight(&[Channel::HumanCall]);
        let mut other = case.patient().points.iter().find(|point| point.system == System::Phone).unwrap().clone();
        (other.value, other.rank) = (address("+13175550177"), Some(9));
        case.patient().points.push(other);
        elsewhere_from(&mut case, "2026-12-02T05:00:00Z");
        let decision = case.decide();
        assert_eq!(decision.deliveries[0].contact_point, address("+13175550177"));
        assert_eq!(decision.deliveries[0].not_after, None);
    }

    #[test]
    fn no_letter_is_written_that_comes_after_the_visit_or_to_an_address_that_is_closed_by_then() {
        let letter = |begins: &str| {
            let mut case = tonight(&[Channel::Sms, Channel::Mail]);
            case.patient().postal.push(address("1 Elm St, New York NY 10001"));
            visit_at(&mut case, begins);
            case
        };
        assert!(refused_by(&letter("2026-12-02T13:00:00Z"), Channel::Mail, "SYS-04"));
        let in_time = letter("2026-12-20T13:00:00Z");
        assert!(!refused_by(&in_time, Channel::Mail, "SYS-04"));
        let mut closed = in_time;
        elsewhere_from(&mut closed, "2026-12-04T05:00:00Z");
        let decision = closed.decide();
        let said = |r: &&crate::Refusal| (r.channel, r.rule) == (Channel::Mail, "PRI-20");
        let refusal = decision.refusals.iter().find(said).unwrap();
        assert!(refusal.sentence.starts_with("A letter may be under way until "), "{}", refusal.sentence);
    }

    #[test]
    fn who_cannot_be_reached_by_machine_before_the_visit_is_called_by_a_person() {
        let mut case = tonight(&[]);
        visit_at(&mut case, "2026-12-02T13:00:00Z");
        let decision = case.decide();
        let planned: Vec<_> = decision.deliveries.iter().map(|delivery| delivery.channel).collect();
        assert_eq!((decision.outcome, planned), (Outcome::Send, vec![Channel::Portal, Channel::HumanCall]));
        assert_eq!(task(&decision), (Some(at("2026-12-02T13:00:00Z")), vec!["SYS-04"]));
        visit_at(&mut case, "2026-12-02T16:00:00Z");
        let by_text = case.decide();
        assert!(by_text.deliveries.iter().all(|delivery| !delivery.channel.is_human_task()), "a text comes in time");
    }

    #[test]
    fn where_no_call_may_be_planned_somebody_is_told_that_the_patient_will_not_know_in_time() {
        let alerted = |begins: &str| {
            let mut case = tonight(&[Channel::Sms, Channel::Portal]);
            visit_at(&mut case, begins);
            let decision = case.decide();
            decision.alerts.iter().any(|alert| alert.rule == "SYS-04" && alert.sentence.contains("in time"))
        };
        assert!(alerted("2026-12-02T13:00:00Z") && !alerted("2026-12-02T16:00:00Z"));
    }
}
