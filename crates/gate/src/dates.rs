//! What the days on record prove: what is dated ahead, taken back later, or dated the wrong way round.

use crate::fact::Fact;
use crate::facts::{ActReason, Consent, ConsentKind, NumberCheck, PointSource, Provision, Reassigned, Ruling, System};
use crate::request::{Marketing, MarketingKind, Remuneration};
use crate::sample::{Case, address, consent, refused_by, sends};
use jiff::{Timestamp, ToSpan};
use postern_base::{Channel, Level};

const NUMBER: &str = "+12125550101";

fn permit(reasons: &[ActReason]) -> Provision {
    let until = Some("2027-06-01T00:00:00Z".parse().unwrap());
    Provision { decision: Some(Ruling::Permit), until, reasons: reasons.to_vec(), ..Provision::default() }
}

fn denial() -> Provision {
    Provision { decision: Some(Ruling::Deny), ..Provision::default() }
}

fn given(kind: ConsentKind, provision: Provision, at: Timestamp) -> Consent {
    Consent { given: Some(at), ..consent(kind, provision) }
}

/// An offer by text that somebody pays for, with all signatures it needs.
fn paid_offer() -> Case {
    let mut case = Case::of("marketing", Level::L1, &[Channel::Sms]);
    let (kind, remuneration) = (MarketingKind::ThirdParty, Remuneration::AboveCost);
    case.request.marketing = Some(Marketing { kind, remuneration, drug_lapsed_days: 0 });
    case.sign_for_texts();
    let mut signed = consent(ConsentKind::MarketingAuthorization, permit(&[ActReason::HMarkt]));
    (signed.signed_by, signed.has_source) = (Some("Patient/p1".into()), true);
    signed.remuneration_disclosed = true;
    case.consents().push(signed);
    case
}

#[test]
fn a_signature_dated_ahead_proves_nothing_yet() {
    assert!(sends(&paid_offer(), Channel::Sms));
    for (kind, rule) in [(ConsentKind::MarketingAuthorization, "PRI-08"), (ConsentKind::MarketingTextConsent, "TCP-22")]
    {
        let mut case = paid_offer();
        let now = case.facts.now;
        let of_kind = |case: &mut Case, at| {
            case.consents().iter_mut().filter(|c| c.kind == kind).for_each(|c| c.given = Some(at));
        };
        of_kind(&mut case, now);
        assert!(sends(&case, Channel::Sms), "signed this very second");
        of_kind(&mut case, now + 1.second());
        assert!(refused_by(&case, Channel::Sms, rule), "{kind:?}");
    }
}

#[test]
fn a_signature_is_taken_back_by_a_later_denial_of_its_kind_and_not_by_an_earlier_one_or_one_about_elsewhere() {
    for (kind, rule) in [(ConsentKind::MarketingAuthorization, "PRI-08"), (ConsentKind::MarketingTextConsent, "TCP-22")]
    {
        let with = |denied: Provision, at: &str| {
            let mut case = paid_offer();
            case.consents().push(given(kind, denied, at.parse().unwrap()));
            case
        };
        assert!(refused_by(&with(denial(), "2026-10-10T15:00:00Z"), Channel::Sms, rule), "{kind:?}");
        assert!(sends(&with(denial(), "2026-01-10T15:00:00Z"), Channel::Sms), "{kind:?}: signed anew since");
        let ended = Provision { until: Some("2026-11-01T00:00:00Z".parse().unwrap()), ..denial() };
        assert!(sends(&with(ended, "2026-10-10T15:00:00Z"), Channel::Sms), "{kind:?}");
    }
    let mut elsewhere = paid_offer();
    let of_mail = Provision { points: vec![address("pat@example.org")], ..denial() };
    let at = "2026-10-10T15:00:00Z".parse().unwrap();
    elsewhere.consents().push(given(ConsentKind::MarketingTextConsent, of_mail, at));
    assert!(sends(&elsewhere, Channel::Sms), "it takes back what was signed for a mailbox");
}

#[test]
fn a_permission_to_contact_dated_ahead_opens_nothing_and_a_denial_dated_ahead_closes_at_once() {
    let mut case = Case::reminder_by_sms();
    let ahead = case.facts.now + 24.hours();
    case.consents().clear();
    case.patient().points.iter_mut().for_each(|p| p.source = crate::Fact::Known(crate::facts::PointSource::Staff));
    assert!(!sends(&case, Channel::Sms), "staff found the number");
    let mut permitted = case.clone();
    permitted.permit(System::Sms, NUMBER);
    assert!(sends(&permitted, Channel::Sms));
    permitted.consents().iter_mut().for_each(|c| c.given = Some(ahead));
    assert!(!sends(&permitted, Channel::Sms));

    let mut denied = Case::reminder_by_sms();
    denied.consents().push(given(ConsentKind::ContactConsent, denial(), ahead));
    assert!(refused_by(&denied, Channel::Sms, "SYS-03"));
}

#[test]
fn a_period_that_ends_before_it_begins_permits_never_and_denies_always() {
    let backwards = |provision: Provision| Provision {
        from: Some("2026-12-01T00:00:00Z".parse().unwrap()),
        until: Some("2026-01-01T00:00:00Z".parse().unwrap()),
        ..provision
    };
    let mut case = Case::reminder_by_sms();
    case.consents().push(consent(ConsentKind::ConfidentialCommunication, backwards(denial())));
    assert!(refused_by(&case, Channel::Sms, "PRI-20"));
    let mut case = paid_offer();
    case.consents().iter_mut().for_each(|c| c.provision = backwards(c.provision.clone()));
    assert!(!sends(&case, Channel::Sms));
}

#[test]
fn a_number_that_went_to_somebody_else_comes_back_by_verification_and_not_by_a_later_look_up() {
    let looked_up = |answers: &[(&str, Reassigned)]| {
        let mut case = Case::reminder_by_sms();
        case.history().number_checks = answers
            .iter()
            .map(|(at, reassigned)| NumberCheck {
                point: address(NUMBER),
                checked_at: at.parse().unwrap(),
                reassigned: *reassigned,
            })
            .collect();
        case
    };
    let mut case = looked_up(&[("2026-11-20T15:00:00Z", Reassigned::Yes), ("2026-11-25T15:00:00Z", Reassigned::No)]);
    assert!(refused_by(&case, Channel::Sms, "TCP-18"));
    case.patient().points.iter_mut().for_each(|p| {
        if let crate::Fact::Known(verification) = &mut p.verification {
            verification.last = Some("2026-11-26T15:00:00Z".parse().unwrap());
        }
    });
    assert!(sends(&case, Channel::Sms));
}

#[test]
fn a_look_up_dated_ahead_proves_nothing_yet() {
    let mut case = Case::reminder_by_sms();
    case.facts.now += (24 * 100).hours();
    let now = case.facts.now;
    case.facts.vendors.iter_mut().for_each(|v| v.agreement.expires = Some("2029-12-31".parse().unwrap()));
    let at = |case: &mut Case, at| case.history().number_checks.iter_mut().for_each(|check| check.checked_at = at);
    at(&mut case, now - 1.hour());
    assert!(sends(&case, Channel::Sms));
    at(&mut case, now + 1.hour());
    assert!(refused_by(&case, Channel::Sms, "TCP-18"));
}

/// A reminder of half past nine in the evening in New York, which waits for nine in the morning.
fn tonight(channels: &[Channel]) -> Case {
    let mut case = Case::of("appointment_reminder", Level::L1, channels);
    case.facts.now = "2026-12-02T02:30:00Z".parse().unwrap();
    case
}

const MIDNIGHT: &str = "2026-12-02T05:00:00Z";
const MORNING: &str = "2026-12-02T14:00:00Z";

/// What ends, or begins, at midnight, and the rule that then stands against a text in the morning.
type Turn = (fn(&mut Case, Timestamp), &'static str);

const AT_MIDNIGHT: &[Turn] = &[
    (
        |case, at| {
            case.patient().points.iter_mut().for_each(|point| point.source = Fact::Known(PointSource::Staff));
            case.consents().iter_mut().for_each(|consent| consent.provision.until = Some(at));
        },
        "TCP-01",
    ),
    (
        |case, at| {
            let listed = Provision { points: vec![address("+19995550100")], ..permit(&[]) };
            let provision = Provision { from: Some(at), exceptions: vec![listed], ..denial() };
            case.consents().push(consent(ConsentKind::ConfidentialCommunication, provision));
        },
        "PRI-20",
    ),
    (
        |case, at| {
            case.consents().push(consent(ConsentKind::ContactConsent, Provision { from: Some(at), ..denial() }));
        },
        "SYS-03",
    ),
    (|case, at| case.patient().points.iter_mut().for_each(|point| point.until = Some(at)), "HSE-01"),
    (
        |case, at| {
            case.patient().points.iter_mut().for_each(|point| {
                if let Fact::Known(verification) = &mut point.verification {
                    verification.next = Some(at);
                }
            });
        },
        "EML-03",
    ),
    (|case, _| case.vendor(Channel::Sms).agreement.expires = Some("2026-12-01".parse().unwrap()), "SEC-12"),
];

#[test]
fn what_ends_or_begins_before_the_morning_stands_against_what_waits_for_it() {
    assert_eq!(tonight(&[Channel::Sms]).decide().deliveries[0].not_before, Some(MORNING.parse().unwrap()));
    for (turn, rule) in AT_MIDNIGHT {
        let mut case = tonight(&[Channel::Sms]);
        turn(&mut case, MIDNIGHT.parse().unwrap());
        let decision = case.decide();
        assert_eq!((decision.outcome.as_str(), decision.deliveries.len()), ("refuse", 0), "{rule}");
        assert!(refused_by(&case, Channel::Sms, rule), "{rule}");
        let said = decision.refusals.iter().find(|refusal| refusal.rule == *rule).unwrap();
        let when = "It could go from 2026-12-02 09:00 EST at the earliest, and then: ";
        assert!(said.sentence.starts_with(when) && said.sentence.len() > when.len(), "{}", said.sentence);
        // A minute after the opening it would be too late for this to matter.
        let mut later = tonight(&[Channel::Sms]);
        turn(&mut later, "2026-12-02T14:01:00Z".parse().unwrap());
        assert!(*rule == "SEC-12" || later.decide().outcome.as_str() == "defer", "{rule}");
    }
}

#[test]
fn of_two_ways_that_wait_the_one_that_may_go_then_is_taken() {
    let both = &[Channel::Sms, Channel::Email];
    assert_eq!(tonight(both).decide().deliveries[0].channel, Channel::Sms, "the patient ranks it first");
    let mut case = tonight(both);
    case.vendor(Channel::Sms).agreement.expires = Some("2026-12-01".parse().unwrap());
    let decision = case.decide();
    let planned: Vec<_> = decision.deliveries.iter().map(|delivery| (delivery.channel, delivery.not_before)).collect();
    assert_eq!(planned, [(Channel::Email, Some(MORNING.parse().unwrap()))]);
}

#[test]
fn the_vendor_that_is_named_is_the_one_whose_agreement_holds_then() {
    let mut case = tonight(&[Channel::Sms]);
    case.facts.vendors.push(crate::sample::vendor("zephyr", &[Channel::Sms]));
    let named = |case: &Case| case.decide().deliveries[0].vendor.as_ref().unwrap().vendor.clone();
    assert_eq!(named(&case), "texter");
    case.vendor(Channel::Sms).agreement.expires = Some("2026-12-01".parse().unwrap());
    assert_eq!(named(&case), "zephyr");
}

#[test]
fn a_look_up_that_grows_too_old_before_a_planned_day_is_made_again_and_stands_against_nothing() {
    let mut case = tonight(&[Channel::Sms]);
    case.request.send_at = Some("2027-03-15T15:00:00Z".parse().unwrap());
    assert_eq!(case.decide().outcome.as_str(), "defer");
}
