//! Beside each rule, in `pairs.rs` of its folder, two cases: one it stops (or speaks in, where it only obliges or alerts), one it
//! lets pass. Here is what they are made of.
//!
//! The tests below fail when a rule has no pair, when it is silent where it should speak, when nothing goes in the second of which it
//! was asked, and when what its metadata says lifts it does not, or something else does. Where a rule can object, a duty is how it
//! lets pass.

use super::{ALL, Waiver, blocking, house, privacy, security, special, tcpa};
use crate::Verdict;
use crate::examine::{Examined, Fate, Said, examine};
pub(in crate::rules) use crate::fact::{Fact, Missing};
pub(in crate::rules) use crate::facts::{ConsentKind, Event, EventStatus, History, Provision, Ruling, System};
pub(in crate::rules) use crate::request::{Ai, AnsweredBy, Marketing, MarketingKind, Remuneration, Voice, VoiceMode};
pub(in crate::rules) use crate::sample::{Case, address, consent};
pub(in crate::rules) use postern_base::{Channel, EmailMode, Level, Origin, Purpose, RecipientRole};

/// A rule and its two cases.
pub(in crate::rules) struct Pair {
    id: &'static str,
    stops: fn() -> Case,
    passes: fn() -> Case,
}

pub(in crate::rules) const fn pair(id: &'static str, stops: fn() -> Case, passes: fn() -> Case) -> Pair {
    Pair { id, stops, passes }
}

fn all() -> impl Iterator<Item = &'static Pair> {
    let folders = [
        security::pairs::PAIRS,
        privacy::pairs::PAIRS,
        special::pairs::PAIRS,
        blocking::pairs::PAIRS,
        tcpa::pairs::PAIRS,
        house::pairs::PAIRS,
    ];
    folders.into_iter().flatten()
}

// ---- what the cases are made of

pub(in crate::rules) const NUMBER: &str = "+12125550101";
pub(in crate::rules) const MAIL: &str = "pat@example.org";

pub(in crate::rules) fn but(mut case: Case, change: impl FnOnce(&mut Case)) -> Case {
    change(&mut case);
    case
}

pub(in crate::rules) fn text() -> Case {
    Case::reminder_by_sms()
}

pub(in crate::rules) fn mail() -> Case {
    Case::reminder_by_email_body()
}

pub(in crate::rules) fn result() -> Case {
    Case::result()
}

pub(in crate::rules) fn missing<T>() -> Fact<T> {
    Fact::Unknown(Missing::NotRecorded)
}

pub(in crate::rules) fn points(case: &mut Case, change: impl Fn(&mut crate::facts::ContactPoint)) {
    case.patient().points.iter_mut().for_each(change);
}

pub(in crate::rules) fn texts(case: &mut Case, change: impl Fn(&mut crate::Rendition)) {
    case.facts.renditions.iter_mut().for_each(change);
}

/// A call about follow-up care by `mode`, answered as `answered_by`.
pub(in crate::rules) fn call(mode: VoiceMode, answered_by: AnsweredBy, identity_verified: bool) -> Case {
    but(Case::of("follow_up", Level::L1, &[Channel::Voice, Channel::Voicemail]), |case| {
        case.request.voice = Some(Voice {
            mode,
            answered_by,
            identity_verified,
            recording: false,
            transcribing: false,
            recording_consent: false,
            disclosed: true,
        });
    })
}

pub(in crate::rules) fn voice(case: &mut Case) -> &mut Voice {
    case.request.voice.as_mut().unwrap()
}

pub(in crate::rules) fn heard(case: &mut Case, channel: Channel, from: &str, text: &str) {
    let at = case.facts.now.checked_sub(jiff::SignedDuration::from_mins(2)).unwrap();
    case.hears(at, channel, from, text);
}

pub(in crate::rules) fn after(words: &str) -> Case {
    but(text(), |case| heard(case, Channel::Sms, NUMBER, words))
}

pub(in crate::rules) fn permit_provision() -> Provision {
    Provision { decision: Some(Ruling::Permit), ..Provision::default() }
}

pub(in crate::rules) fn offer(kind: MarketingKind, remuneration: Remuneration) -> Case {
    but(Case::of("marketing", Level::L1, &[Channel::Email]), |case| {
        case.request.marketing = Some(Marketing { kind, remuneration, drug_lapsed_days: 0 });
        sign(case, ConsentKind::ContactConsent, true);
    })
}

/// Word of a drug that the patient takes.
pub(in crate::rules) fn refill(remuneration: Remuneration) -> Case {
    but(Case::of("medication", Level::L1, &[Channel::Sms]), |case| {
        case.request.marketing = Some(Marketing { kind: MarketingKind::Refill, remuneration, drug_lapsed_days: 30 });
    })
}

/// A signed authorization, or consent, for marketing at the address and number; whole or not.
pub(in crate::rules) fn sign(case: &mut Case, kind: ConsentKind, whole: bool) {
    let provision = Provision {
        until: Some("2027-06-01T00:00:00Z".parse().unwrap()),
        reasons: vec![crate::facts::ActReason::HMarkt],
        points: vec![address(NUMBER), address(MAIL)],
        ..permit_provision()
    };
    let mut signed = consent(kind, provision);
    (signed.signed_by, signed.has_source) = (whole.then(|| "Patient/p1".to_owned()), true);
    signed.remuneration_disclosed = true;
    case.consents().push(signed);
}

pub(in crate::rules) fn event(case: &mut Case, reference: &str, status: EventStatus, at: &str) {
    case.is_about(reference, status, Some(at));
}

/// A result with its report, in `state`.
pub(in crate::rules) fn report(state: &str) -> Case {
    but(result(), |case| {
        case.patient().states = vec![state.into()];
        event(case, "DiagnosticReport/d1", EventStatus::Active, "2026-11-30T18:00:00Z");
    })
}

pub(in crate::rules) fn known_event(case: &mut Case) -> &mut Event {
    match &mut case.facts.event {
        Fact::Known(event) => event,
        Fact::Unknown(_) => panic!("the case has an event"),
    }
}

pub(in crate::rules) fn at(time: &str) -> Case {
    but(text(), |case| case.facts.now = time.parse().unwrap())
}

pub(in crate::rules) fn written_by_a_model(human_reviewed: bool, clinical: bool) -> Case {
    but(text(), |case| case.request.ai = Some(Ai { generated: true, human_reviewed, clinical }))
}

pub(in crate::rules) fn breach() -> Case {
    but(Case::of("breach_notice", Level::L1, &[Channel::Mail, Channel::Portal, Channel::Email]), |case| {
        case.request.email_mode = Some(EmailMode::EnforcedTls);
        case.patient().postal.push(address("1 Elm St, New York NY 10001"));
        case.consents().push(consent(ConsentKind::ElectronicNotice, permit_provision()));
    })
}

pub(in crate::rules) fn told_by(person: &str, role: RecipientRole, kind: ConsentKind) -> Case {
    but(Case::of("appointment_reminder", Level::L1, &[Channel::Portal]), |case| {
        case.request.recipient.role = role;
        case.request.recipient.reference = Some(person.into());
        case.facts.related.push(crate::sample::related(person, "PRN"));
        let provision = Provision { actors: vec![person.into()], ..permit_provision() };
        case.consents().push(consent(kind, provision));
        case.patient().birth_date = Some("2012-05-05".parse().unwrap());
    })
}

pub(in crate::rules) fn code(channel: Channel) -> Case {
    but(Case::of("one_time_code", Level::L0, &[channel]), Case::speak_l0)
}

pub(in crate::rules) fn mother() -> Case {
    told_by("RelatedPerson/r1", RecipientRole::Proxy, ConsentKind::ProxyCommunication)
}

pub(in crate::rules) fn opened(case: &mut Case, system: System, value: &str) {
    let phone = case.patient().points[0].clone();
    case.patient().points.push(crate::facts::ContactPoint { system, value: address(value), ..phone });
    let mut vendor = case.facts.vendors[0].clone();
    vendor.channels = vec![Channel::Push, Channel::MessagingApp, Channel::ChatAnonymous];
    case.facts.vendors.push(vendor);
}

// ---- the tests

/// How loudly a rule speaks in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Loudness {
    /// It says nothing.
    Silent,
    /// It names a duty.
    Obliges,
    /// It stands against a candidate, or raises an alert.
    Objects,
}

fn loudness(case: &Case, id: &str) -> Loudness {
    let decision = case.decide();
    let objects =
        decision.refusals.iter().any(|r| r.rule == id) || decision.alerts.iter().any(|alert| alert.rule == id);
    match decision.obligations.iter().any(|duty| duty.rule == id) {
        _ if objects => Loudness::Objects,
        true => Loudness::Obliges,
        false => Loudness::Silent,
    }
}

/// Whether something goes now, or is a person's task now, of which the rule was asked and which it found satisfied. A message on which a rule does not bear passes
/// it as it passes a law of another country, and shows nothing of the rule.
fn lets_pass(case: &Case, id: &str) -> bool {
    let examined = examine(&case.request, &case.facts, &case.policy);
    let holds = |said: &Said| said.rule == id && said.verdict == Verdict::Satisfied;
    let goes = |one: &&Examined| one.result == Fate::Chosen && one.not_before.is_none();
    examined.candidates.iter().filter(goes).any(|one| one.rules.iter().any(holds))
}

fn stands_against(case: &Case, id: &str) -> bool {
    case.decide().refusals.iter().any(|r| r.rule == id)
}

#[test]
fn every_rule_has_a_case_it_stops_and_one_it_lets_pass() {
    let mut wrong = Vec::new();
    for rule in ALL {
        match all().filter(|pair| pair.id == rule.id).count() {
            1 => {}
            n => wrong.push(format!("{}: {n} pairs", rule.id)),
        }
    }
    for pair in all() {
        if !ALL.iter().any(|rule| rule.id == pair.id) {
            wrong.push(format!("{}: no such rule", pair.id));
        }
        let (stops, passes) = ((pair.stops)(), (pair.passes)());
        if loudness(&stops, pair.id) == Loudness::Silent {
            wrong.push(format!("{}: silent where it should speak", pair.id));
        }
        if loudness(&passes, pair.id) >= loudness(&stops, pair.id) {
            wrong.push(format!("{}: speaks where it should let pass", pair.id));
        }
        if !lets_pass(&passes, pair.id) {
            wrong.push(format!("{}: nothing goes that it was asked of and found right", pair.id));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_named_human_who_breaks_the_glass_lifts_the_rules_that_say_so_and_no_other() {
    let mut wrong = Vec::new();
    for rule in ALL {
        let Some(pair) = all().find(|pair| pair.id == rule.id) else { continue };
        // Only a person breaks the glass, so what is asked of programs alone is silent of whoever does.
        let before = but((pair.stops)(), |case| case.request.origin = Origin::Staff);
        if !stands_against(&before, rule.id) {
            continue;
        }
        let after = but(before, Case::break_glass);
        let lifted = !stands_against(&after, rule.id);
        if lifted != rule.waived_by.contains(&Waiver::Emergency) {
            wrong.push(format!("{}: lifted {lifted}", rule.id));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_rule_says_nothing_before_it_is_in_force() {
    for rule in ALL.iter().filter(|rule| rule.effective.from.is_some()) {
        let pair = all().find(|pair| pair.id == rule.id).unwrap();
        let early = but((pair.stops)(), |case| case.facts.now = "2023-06-01T18:00:00Z".parse().unwrap());
        assert_eq!(loudness(&early, rule.id), Loudness::Silent, "{}", rule.id);
    }
}

#[test]
fn history_that_is_missing_satisfies_no_rule_that_needs_it() {
    for id in ["SYS-05", "TCP-03", "TCP-11", "TCP-19"] {
        let case = but(text(), |case| case.facts.history = missing::<History>());
        assert!(stands_against(&case, id), "{id}");
    }
    let _ = (Origin::Api, Purpose::Recall);
}
