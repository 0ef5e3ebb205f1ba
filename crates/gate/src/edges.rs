//! The edge cases of RULES section 6 that a decision can meet, each by its name. Those that happen elsewhere are shown where they happen:
//! two tenants on one number and a full disk in `store`, evasion of the detector in `classify`, two patients with different requests
//! on one number in `ehr`, injected headers in the templates of `engine` and links that are tried again in its results, replayed
//! webhooks in `channels`.

use crate::facts::{Certificate, ConsentKind, Ehr, Provision, Ruling, System};
use crate::sample::{Case, address, consent, refused_by, related, sends, sends_form};
use crate::{Fact, Outcome};
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use postern_base::{Category, Channel, EmailMode, Form, RecipientRole};

const NUMBER: &str = "+12125550101";

fn at(time: &str) -> Case {
    let mut case = Case::reminder_by_sms();
    case.facts.now = time.parse().unwrap();
    // A number looked up lately, whatever the day.
    let now = case.facts.now;
    case.history().number_checks.iter_mut().for_each(|check| check.checked_at = now);
    case.facts.vendors.iter_mut().for_each(|v| v.agreement.expires = Some("2029-12-31".parse().unwrap()));
    case
}

fn answered(text: &str) -> Case {
    let mut case = Case::reminder_by_sms();
    let at = case.facts.now.checked_sub(SignedDuration::from_mins(3)).unwrap();
    case.hears(at, Channel::Sms, NUMBER, text);
    case
}

#[test]
fn on_the_day_the_clocks_change_the_window_is_that_of_the_clock_on_the_wall() {
    // 14 March 2027, New York: 09:00 EDT is 13:00 UTC; the day before, 09:00 EST was 14:00 UTC.
    assert!(!sends(&at("2027-03-13T13:59:59Z"), Channel::Sms) && sends(&at("2027-03-13T14:00:00Z"), Channel::Sms));
    assert!(!sends(&at("2027-03-14T12:59:59Z"), Channel::Sms) && sends(&at("2027-03-14T13:00:00Z"), Channel::Sms));
    let decision = at("2027-03-14T03:00:00Z").decide();
    assert_eq!(decision.deliveries[0].not_before, Some("2027-03-14T13:00:00Z".parse().unwrap()));
}

#[test]
fn the_window_closes_on_the_second_and_opens_on_the_second() {
    assert!(sends(&at("2026-12-02T00:59:59Z"), Channel::Sms), "19:59:59 in New York");
    assert!(!sends(&at("2026-12-02T01:00:00Z"), Channel::Sms), "20:00:00");
    assert!(!sends(&at("2026-12-01T13:59:59Z"), Channel::Sms), "08:59:59");
}

#[test]
fn a_clock_five_minutes_off_still_sends_inside_the_federal_hours_and_never_beyond_the_window_by_its_own() {
    // Skewed either way, what goes goes between 08:55 and 20:05 true local time: inside 47 CFR 64.1200(c)(1), 8 to 21.
    for (true_time, goes) in [
        ("2026-12-01T13:55:00Z", true),  // 08:55, the clock five minutes ahead shows 09:00
        ("2026-12-01T13:54:59Z", false), // 08:54:59
    ] {
        let true_time: Timestamp = true_time.parse().unwrap();
        let shown = true_time.checked_add(SignedDuration::from_mins(5)).unwrap();
        assert_eq!(sends(&at(&shown.to_string()), Channel::Sms), goes);
    }
    for (true_time, goes) in [
        ("2026-12-02T01:04:59Z", true),  // 20:04:59, the clock five minutes behind shows 19:59:59
        ("2026-12-02T01:05:00Z", false), // 20:05
    ] {
        let true_time: Timestamp = true_time.parse().unwrap();
        let shown = true_time.checked_sub(SignedDuration::from_mins(5)).unwrap();
        assert_eq!(sends(&at(&shown.to_string()), Channel::Sms), goes);
    }
}

#[test]
fn the_small_breaches_of_a_year_before_a_leap_day_are_due_on_the_leap_day() {
    let due = |year| date(year, 12, 31).checked_add(crate::reference::BREACH_HHS_SMALL_AFTER_YEAR.days()).unwrap();
    assert_eq!(due(2026), date(2027, 3, 1));
    assert_eq!(due(2027), date(2028, 2, 29));
}

#[test]
fn stop_is_stop_in_any_width_with_anything_around_or_inside_it_and_in_spanish() {
    let words = [
        "STOP",
        "ＳＴＯＰ",
        "s\u{200b}t\u{200b}op",
        "🛑 stop 🛑",
        "Stop!!!",
        "pls STOP texting",
        "stop.",
        "STOPALL",
        "unsubscribe",
        "Quit",
        "opt out",
        "opt-out",
        "END",
        "revoke",
        "cancel",
        "PARAR",
        "alto",
        "arrêt",
        "no me manden más mensajes",
        "quiten mi número",
        "take me off your list",
        "do not text me again",
    ];
    for word in words {
        assert!(!sends(&answered(word), Channel::Sms), "{word}");
    }
}

#[test]
fn an_opt_out_from_a_shared_number_silences_the_number_for_each_patient() {
    for patient in ["Patient/p1", "Patient/p2"] {
        let mut case = answered("STOP");
        case.request.patient = patient.parse().unwrap();
        case.patient().id = patient.parse().unwrap();
        case.patient().points.iter_mut().for_each(|p| p.shared_with.push("Patient/p9".into()));
        assert!(refused_by(&case, Channel::Sms, "TCP-11"), "{patient}");
    }
}

#[test]
fn of_two_requests_for_another_address_the_strictest_holds() {
    let mut case = Case::reminder_by_sms();
    for listed in [NUMBER, "+13175550177"] {
        let points = vec![address(listed)];
        let provision = Provision { decision: Some(Ruling::Permit), points, ..Provision::default() };
        case.consents().push(consent(ConsentKind::ConfidentialCommunication, provision));
    }
    assert!(refused_by(&case, Channel::Sms, "PRI-20"));
}

#[test]
fn a_stale_answer_of_the_ehr_sends_nothing() {
    let mut case = Case::result();
    case.facts.ehr = Ehr::Unreachable;
    assert_eq!((case.decide().outcome, case.decide().deliveries.len()), (Outcome::Defer, 0));
}

#[test]
fn consent_withdrawn_between_approval_and_send_stops_the_send() {
    let mut case = Case::reminder_by_sms();
    assert!(sends(&case, Channel::Sms));
    case.consents().iter_mut().for_each(|consent| consent.active = false);
    assert!(refused_by(&case, Channel::Sms, "TCP-01"));
}

#[test]
fn a_certificate_that_expires_between_fetch_and_send_encrypts_nothing() {
    let mut case = Case::reminder_by_email_body();
    case.request.email_mode = Some(EmailMode::Smime);
    let until: Timestamp = case.facts.now.checked_add(1.minutes()).unwrap();
    case.facts.certificates.push(Certificate {
        address: address("pat@example.org"),
        from: "2026-01-01T00:00:00Z".parse().unwrap(),
        until,
        trusted: true,
        revoked: Fact::Known(false),
        names_address: true,
    });
    let mode = |case: &Case| case.decide().deliveries.first().and_then(|d| d.mode);
    assert_eq!(mode(&case), Some(EmailMode::Smime));
    case.facts.now = until;
    assert!(refused_by(&case, Channel::Email, "EML-05"));
    assert_ne!(mode(&case), Some(EmailMode::Smime));
}

#[test]
fn who_stands_for_the_one_who_stands_for_the_patient_is_told_nothing() {
    let mut case = Case::result();
    let (mother, her_sister) = ("RelatedPerson/r1", "RelatedPerson/r2");
    for reference in [mother, her_sister] {
        case.facts.related.push(related(reference, "PRN"));
    }
    let actors = vec![mother.into()];
    let provision = Provision { decision: Some(Ruling::Permit), actors, ..Provision::default() };
    case.consents().push(consent(ConsentKind::ProxyCommunication, provision));
    case.patient().birth_date = Some("2012-05-05".parse().unwrap());
    case.request.recipient.role = RecipientRole::Proxy;
    case.request.recipient.reference = Some(mother.into());
    assert!(sends_form(&case, Channel::Portal, Form::Full));
    case.request.recipient.reference = Some(her_sister.into());
    assert!(refused_by(&case, Channel::Portal, "PRI-05"));
}

#[test]
fn a_part_2_flag_that_comes_late_binds_every_later_decision() {
    let mut case = Case::reminder_by_sms();
    assert!(sends_form(&case, Channel::Sms, Form::Minimal));
    case.patient().labels.push(Category::Part2);
    assert!(refused_by(&case, Channel::Sms, "SPC-01") && !sends(&case, Channel::Sms));
}

#[test]
fn a_fallback_never_says_more_than_what_it_falls_back_from() {
    // The portal is closed: the full text does not move to the number, nor does a notice of a page that is not there.
    let mut case = Case::result();
    case.facts.deployment.portal_available = Fact::Known(false);
    let decision = case.decide();
    assert!(decision.deliveries.iter().all(|d| d.form <= Form::Callback), "{:?}", decision.deliveries);
}

#[test]
fn a_second_decision_on_the_same_facts_is_the_same() {
    let mut case = Case::result();
    case.permit(System::Sms, "+13175550177");
    let (one, other) = (case.decide(), case.decide());
    assert_eq!((one.outcome, one.deliveries), (other.outcome, other.deliveries));
}

#[test]
fn of_two_exceptions_in_one_consent_the_denial_wins_in_either_order() {
    use crate::facts::{ConsentKind, Provision, Ruling};
    let leaf = |decision| Provision {
        decision: Some(decision),
        points: vec![crate::sample::address("+12125550101")],
        ..Provision::default()
    };
    for exceptions in [[Ruling::Permit, Ruling::Deny], [Ruling::Deny, Ruling::Permit]] {
        let mut case = crate::sample::Case::reminder_by_sms();
        let exceptions = exceptions.map(leaf).to_vec();
        let provision = Provision { decision: Some(Ruling::Permit), exceptions, ..Provision::default() };
        case.consents().push(crate::sample::consent(ConsentKind::ContactConsent, provision));
        assert!(crate::sample::refused_by(&case, postern_base::Channel::Sms, "SYS-03"));
    }
}

#[test]
fn an_offer_under_another_name_has_no_more_room_than_either_name_gives_it() {
    use crate::request::{Marketing, MarketingKind, Remuneration};
    use postern_base::{Channel, Level};
    // A text about a result is a notice; an offer of logistics is a minimal text.
    let mut case = crate::sample::Case::of("test_result", Level::L1, &[Channel::Sms]);
    let (kind, remuneration) = (MarketingKind::ThirdParty, Remuneration::AboveCost);
    case.request.marketing = Some(Marketing { kind, remuneration, drug_lapsed_days: 0 });
    assert!(crate::sample::refused_by(&case, Channel::Sms, "PRI-04"));
}
