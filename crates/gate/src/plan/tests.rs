//! Which contact is chosen, when it may go, and why.

use crate::decision::{Criterion, Decision, Outcome, PassedOver};
use crate::examine::{Fate, examine};
use crate::fact::Fact;
use crate::facts::{ConsentKind, ContactPoint, PastDelivery, PastOutcome, Provision, Ruling, System};
use crate::sample::{Case, address, consent};
use jiff::ToSpan;
use postern_base::{Channel, Form, Level};
use proptest::prelude::*;

const FIRST: &str = "+12125550101";
const SECOND: &str = "+13175550177";

/// A reminder for a patient with two numbers for texts, both good.
fn two_numbers() -> Case {
    let mut case = Case::of("appointment_reminder", Level::L1, &[Channel::Sms, Channel::Portal]);
    let point = case.patient().points.iter().find(|p| p.system == System::Sms).unwrap().clone();
    case.patient().points.push(ContactPoint { value: address(SECOND), ..point });
    case.permit(System::Sms, SECOND);
    case
}

fn went(case: &mut Case, to: &str, days_ago: i64, outcome: PastOutcome) {
    let at = case.facts.now.checked_sub((24 * days_ago).hours()).unwrap();
    let (channel, purpose) = (Channel::Sms, postern_base::Purpose::Billing);
    let sent = PastDelivery { at, channel, point: address(to), purpose, automated: true, outcome: Some(outcome) };
    case.history().deliveries.push(sent);
    verified(case, "2026-10-01T15:00:00Z");
}

fn verified(case: &mut Case, at: &str) {
    for point in &mut case.patient().points {
        if let Fact::Known(verification) = &mut point.verification {
            verification.last = Some(at.parse().unwrap());
        }
    }
}

fn rank(case: &mut Case, value: &str, rank: u32) {
    let points = &mut case.patient().points;
    points.iter_mut().filter(|p| p.value == address(value)).for_each(|p| p.rank = Some(rank));
}

/// Where the contact goes, and what decided.
fn chosen(decision: &Decision) -> (String, Criterion) {
    let contact = decision.deliveries.iter().find(|d| d.channel != Channel::Portal).unwrap();
    (contact.contact_point.reveal().to_string(), contact.why.by)
}

#[test]
fn what_decides_is_said_and_against_which_runner_up() {
    let mut preferred = two_numbers();
    rank(&mut preferred, FIRST, 2);
    rank(&mut preferred, SECOND, 1);
    let mut failed = two_numbers();
    rank(&mut failed, FIRST, 1);
    went(&mut failed, FIRST, 5, PastOutcome::Failed);
    let mut unconfirmed = two_numbers();
    went(&mut unconfirmed, FIRST, 5, PastOutcome::Unknown);
    let mut long_ago = two_numbers();
    went(&mut long_ago, FIRST, 40, PastOutcome::Failed);
    let mut better_since = two_numbers();
    went(&mut better_since, FIRST, 5, PastOutcome::Failed);
    went(&mut better_since, FIRST, 4, PastOutcome::Delivered);
    for (case, point, by) in [
        (two_numbers(), FIRST, Criterion::Address),
        (preferred, SECOND, Criterion::Preference),
        (failed, SECOND, Criterion::Failures),
        (unconfirmed, SECOND, Criterion::Receipts),
        (long_ago, FIRST, Criterion::Address),
        (better_since, FIRST, Criterion::Address),
    ] {
        let decision = case.decide();
        assert_eq!(chosen(&decision), (point.to_owned(), by));
        let contact = decision.deliveries.iter().find(|d| d.channel == Channel::Sms).unwrap();
        let over = contact.why.over.clone().unwrap();
        let other = if point == FIRST { SECOND } else { FIRST };
        assert_eq!((over.channel, over.contact_point), (Channel::Sms, address(other)));
    }
}

/// Why each way that could be used is not in the plan, by channel, contact point and form.
fn passed_over(case: &Case) -> Vec<(Channel, String, Form, PassedOver)> {
    let examined = examine(&case.request, &case.facts, &case.policy);
    let told = |one: &crate::examine::Examined| {
        let why = one.passed_over?;
        Some((one.channel, one.contact_point.reveal().to_string(), one.form, why))
    };
    examined.candidates.iter().filter_map(told).collect()
}

#[test]
fn of_every_way_that_is_passed_over_it_is_said_what_set_the_chosen_one_before_it() {
    let mut failed = Case::of("appointment_reminder", Level::L1, &[Channel::Sms, Channel::Email, Channel::Voice]);
    went(&mut failed, FIRST, 3, PastOutcome::Failed);
    let why = passed_over(&failed);
    let of = |channel: Channel| why.iter().find(|(c, ..)| *c == channel).map(|(.., why)| *why);
    assert_eq!(chosen(&failed.decide()).0, "pat@example.org");
    assert_eq!(of(Channel::Sms), Some(PassedOver::For(Criterion::Failures)), "not that the patient ranks it lower");
    assert_eq!(of(Channel::Voice), Some(PassedOver::For(Criterion::Preference)));

    let mut unconfirmed = two_numbers();
    went(&mut unconfirmed, FIRST, 5, PastOutcome::Unknown);
    let mut preferred = two_numbers();
    rank(&mut preferred, FIRST, 2);
    rank(&mut preferred, SECOND, 1);
    for (case, by) in [(unconfirmed, Criterion::Receipts), (preferred, Criterion::Preference)] {
        let why = passed_over(&case);
        let first = |form| (Channel::Sms, FIRST.to_owned(), form, PassedOver::For(by));
        assert!(why.contains(&first(Form::Minimal)) && why.contains(&first(Form::Notice)), "{why:?}");
        let same_place = (Channel::Sms, SECOND.to_owned(), Form::Notice, PassedOver::Form);
        assert!(why.contains(&same_place), "{why:?}");
    }
}

#[test]
fn a_way_in_the_plan_and_one_that_is_refused_were_not_passed_over() {
    let mut case = two_numbers();
    case.permit(System::Sms, SECOND);
    let examined = examine(&case.request, &case.facts, &case.policy);
    for one in &examined.candidates {
        let could = one.result == Fate::Possible || (one.result == Fate::Waits && one.not_before.is_some());
        assert_eq!(one.passed_over.is_some(), could, "{one:?}");
    }
    let call = Case::of("appointment_reminder", Level::L1, &[Channel::Sms, Channel::HumanCall]);
    let why = passed_over(&call);
    assert!(why.iter().any(|(channel, .., why)| *channel == Channel::HumanCall && *why == PassedOver::Task), "{why:?}");
}

#[test]
fn the_portal_copy_and_the_only_way_say_so() {
    let decision = Case::of("appointment_reminder", Level::L1, &[Channel::Sms, Channel::Portal]).decide();
    let by: Vec<_> = decision.deliveries.iter().map(|d| (d.channel, d.why.by)).collect();
    assert_eq!(by, [(Channel::Portal, Criterion::PortalCopy), (Channel::Sms, Criterion::OnlyWay)]);
}

#[test]
fn a_point_that_failed_is_tried_again_where_there_is_no_other() {
    let mut case = Case::reminder_by_sms();
    went(&mut case, FIRST, 5, PastOutcome::Failed);
    assert_eq!(chosen(&case.decide()), (FIRST.to_owned(), Criterion::OnlyWay));
}

#[test]
fn what_failed_for_good_counts_against_no_cap() {
    let mut case = Case::reminder_by_sms();
    for outcome in [PastOutcome::Failed, PastOutcome::Delivered] {
        case.history().deliveries.clear();
        let at = case.facts.now.checked_sub(3.hours()).unwrap();
        let (channel, purpose) = (Channel::Sms, postern_base::Purpose::Recall);
        let point = address(FIRST);
        let outcome = Some(outcome);
        case.history().deliveries.push(PastDelivery { at, channel, point, purpose, automated: true, outcome });
        let expected = if outcome == Some(PastOutcome::Failed) { Outcome::Send } else { Outcome::Defer };
        assert_eq!(case.decide().outcome, expected);
    }
}

#[test]
fn a_long_text_goes_by_the_cheaper_of_two_ways() {
    let mut case = Case::of("appointment_reminder", Level::L1, &[Channel::Sms, Channel::Email]);
    case.patient().points.iter_mut().for_each(|p| p.rank = None);
    let (_, short) = chosen(&case.decide());
    case.facts.renditions.iter_mut().filter(|r| r.form == Form::Minimal).for_each(|r| r.chars = 300);
    let (long, by) = chosen(&case.decide());
    assert_ne!(short, Criterion::Cost);
    assert_eq!((long.as_str(), by), ("pat@example.org", Criterion::Cost));
}

/// 45 CFR 164.522(b)(1)(i): a copy in the portal does not answer who asked for letters.
#[test]
fn who_asked_for_letters_alone_gets_the_letter_beside_the_portal_copy() {
    let mut case = Case::of("appointment_reminder", Level::L1, &[Channel::Sms, Channel::Portal, Channel::Mail]);
    let letters = address("PO Box 7, New York NY 10001");
    case.patient().postal.push(letters.clone());
    let listed = Provision { decision: Some(Ruling::Permit), points: vec![letters], ..Provision::default() };
    let provision = Provision { decision: Some(Ruling::Deny), exceptions: vec![listed], ..Provision::default() };
    case.consents().push(consent(ConsentKind::ConfidentialCommunication, provision));
    let decision = case.decide();
    let channels: Vec<Channel> = decision.deliveries.iter().map(|delivery| delivery.channel).collect();
    assert_eq!((decision.outcome, channels), (Outcome::Send, vec![Channel::Portal, Channel::Mail]));
}

/// Local 09:00 in every zone, on the day the clocks go forward.
#[test]
fn it_waits_for_the_hour_that_is_lawful_in_every_zone_across_a_clock_change() {
    // Saturday 2027-03-13, 23:00 in New York; on Sunday New York is at UTC-4, Phoenix stays at UTC-7.
    for (zones, opens) in [
        (vec!["America/New_York"], "2027-03-14T13:00:00Z"),
        (vec!["America/New_York", "America/Phoenix"], "2027-03-14T16:00:00Z"),
        (vec!["America/Los_Angeles", "America/Phoenix"], "2027-03-14T16:00:00Z"),
        (vec!["America/New_York", "Pacific/Honolulu"], "2027-03-14T19:00:00Z"),
    ] {
        let mut case = Case::reminder_by_sms();
        case.facts.now = "2027-03-14T04:00:00Z".parse().unwrap();
        verified(&mut case, "2027-03-01T15:00:00Z");
        case.patient().zones = zones.into_iter().map(str::to_owned).collect();
        let decision = case.decide();
        assert_eq!(decision.outcome, Outcome::Defer, "{:?}", decision.refusals);
        assert_eq!(decision.deliveries[0].not_before, Some(opens.parse().unwrap()));
    }
}

#[test]
fn a_message_that_would_miss_its_event_is_refused_with_both_instants() {
    let mut case = Case::reminder_by_sms();
    case.facts.now = "2026-12-02T02:30:00Z".parse().unwrap();
    case.request.expires_at = Some("2026-12-02T13:30:00Z".parse().unwrap());
    let decision = case.decide();
    assert_eq!(decision.outcome, Outcome::Refuse);
    let missed = decision.refusals.iter().find(|r| r.rule == "SYS-04").unwrap();
    assert!(missed.sentence.contains("2026-12-02 09:00 EST"), "{}", missed.sentence);
    assert!(missed.sentence.contains("2026-12-02 08:30 EST"), "{}", missed.sentence);
}

#[test]
fn who_has_nothing_but_a_postal_address_gets_the_letter_beside_the_copy_in_the_portal() {
    let planned = |purpose: &str, points: bool| {
        let mut case = Case::of(purpose, Level::L1, &[]);
        case.patient().postal.push(crate::sample::address("1 Elm St, New York NY 10001"));
        if !points {
            case.patient().points.clear();
        }
        let decision = case.decide();
        assert_eq!(decision.outcome, Outcome::Send);
        decision.deliveries.iter().map(|delivery| delivery.channel).collect::<Vec<_>>()
    };
    assert_eq!(planned("appointment_reminder", false), [Channel::Portal, Channel::Mail]);
    assert!(!planned("appointment_reminder", true).contains(&Channel::Mail), "a message says so sooner");
    assert_eq!(planned("survey", false), [Channel::Portal], "nobody posts a survey");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_choice_and_its_reason_do_not_depend_on_the_order_of_the_record(
        case in crate::properties::case(),
        outcomes in proptest::collection::vec((0i64..40, 0usize..3), 0..4),
        turn in 0usize..6,
    ) {
        let mut case = case;
        for (days, which) in outcomes {
            let outcome = [PastOutcome::Delivered, PastOutcome::Failed, PastOutcome::Unknown][which];
            went(&mut case, if days % 2 == 0 { FIRST } else { SECOND }, days, outcome);
        }
        let before = case.decide();
        let points = &mut case.patient().points;
        let length = points.len().max(1);
        points.rotate_left(turn % length);
        points.reverse();
        case.history().deliveries.reverse();
        let after = case.decide();
        prop_assert_eq!(before.outcome, after.outcome);
        prop_assert_eq!(before.deliveries, after.deliveries);
    }
}
