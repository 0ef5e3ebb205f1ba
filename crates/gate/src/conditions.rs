//! Single conditions of the rules, each with the sentence of law or of the house that it stands for. Each of these tests noticed, alone
//! or nearly so, when that condition was broken by hand ("What was broken by hand" in docs/add-a-rule.md).

use crate::fact::{Fact, Missing};
use crate::facts::{
    ConsentKind, EventStatus, NoticeGiven, OptOut, OptOutScope, PastDelivery, PastOutcome, Provision, RelatedPerson,
    ResultClass, Ruling, System,
};
use crate::policy::{Overrides, Policy, ResultsHold};
use crate::rendition::Confirms;
use crate::request::Ai;
use crate::sample::{Case, address, consent, point, refused_by, related, sends, vendor};
use jiff::{Timestamp, ToSpan};
use postern_base::{Category, Channel, EmailMode, Form, Level, Origin, Purpose, RecipientRole};

const NUMBER: &str = "+12125550101";
const MAIL: &str = "pat@example.org";
const PERSON: &str = "RelatedPerson/r1";

fn permit() -> Provision {
    Provision { decision: Some(Ruling::Permit), ..Provision::default() }
}

fn deny() -> Provision {
    Provision { decision: Some(Ruling::Deny), ..Provision::default() }
}

/// A text that went to the patient's number some minutes ago.
fn went(case: &mut Case, purpose: Purpose, minutes_ago: i64, outcome: Option<PastOutcome>) {
    let at = case.facts.now.checked_sub(minutes_ago.minutes()).unwrap();
    let (channel, point) = (Channel::Sms, address(NUMBER));
    case.history().deliveries.push(PastDelivery { at, channel, point, purpose, automated: true, outcome });
}

fn noticed(case: &mut Case, kind: &str, at: Timestamp, point: &str) {
    let notice = NoticeGiven { kind: kind.into(), point: address(point), at, objected: false };
    case.history().notices.push(notice);
}

/// The patient wrote from their mailbox ten minutes ago, and this answers it.
fn answering(words: &str, level: Level) -> Case {
    let mut case = Case::of("follow_up", level, &[Channel::Email]);
    case.request.email_mode = Some(EmailMode::EnforcedTls);
    let ago = case.facts.now.checked_sub(10.minutes()).unwrap();
    case.hears(ago, Channel::Email, MAIL, words);
    case.request.in_reply_to = Some(0);
    case.request.origin = Origin::Reply;
    noticed(&mut case, "email_risk", ago, MAIL);
    case
}

/// A person on the patient's record, to whom this goes in that role.
fn told(case: &mut Case, role: RecipientRole, relationship: &str) {
    let points = case.patient().points.clone();
    case.facts.related.push(RelatedPerson { points, ..related(PERSON, relationship) });
    case.request.recipient.role = role;
    case.request.recipient.reference = Some(PERSON.into());
}

fn names(provision: Provision) -> Provision {
    Provision { actors: vec![PERSON.into()], ..provision }
}

// ---- 45 CFR 164.5xx and Part 2

/// 42 CFR 2.31(a)(6): consent may be revoked; a denial beside a permission, in whatever order, is obeyed.
#[test]
fn of_two_part2_consents_the_one_that_denies_is_obeyed_in_either_order() {
    let disclosed = |rulings: [Provision; 2]| {
        let mut case = Case::result();
        case.facts.content.categories.push(Category::Part2);
        told(&mut case, RecipientRole::Proxy, "HPOWATT");
        for ruling in rulings {
            case.consents().push(consent(ConsentKind::Part2Consent, names(ruling)));
        }
        !refused_by(&case, Channel::Portal, "SPC-01")
    };
    assert!(disclosed([permit(), permit()]));
    assert!(!disclosed([permit(), deny()]) && !disclosed([deny(), permit()]));
}

/// 42 CFR 2.23 with 45 CFR 164.524(c)(2): the patient's own access comes in the form they ask for.
#[test]
fn part2_records_go_by_the_mail_the_patient_asked_for_and_by_no_other() {
    let mut case = Case::of("follow_up", Level::L4, &[Channel::Email, Channel::Portal]);
    case.facts.content.categories.push(Category::Part2);
    case.request.email_mode = Some(EmailMode::EnforcedTls);
    assert!(refused_by(&case, Channel::Email, "SPC-01"));
    let mut request = consent(ConsentKind::AccessRequest, Provision { points: vec![address(MAIL)], ..permit() });
    request.access_mode = Some(EmailMode::EnforcedTls);
    case.consents().push(request);
    let full = |case: &Case| {
        let refusals = case.decide().refusals;
        refusals.iter().any(|r| (r.channel, r.form, r.rule) == (Channel::Email, Form::Full, "SPC-01"))
    };
    assert!(!full(&case), "asked for, in this form");
}

/// 45 CFR 164.508(a)(2): what is told is looked at as well as what it was made from.
#[test]
fn notes_of_psychotherapy_that_stand_in_one_form_alone_are_sent_nowhere() {
    let mut case = Case::result();
    let full = case.facts.renditions.iter_mut().find(|text| text.form == Form::Full).unwrap();
    full.categories.push(Category::PsychotherapyNotes);
    assert!(refused_by(&case, Channel::Portal, "PRI-12"));
}

/// 45 CFR 164.510(b)(1)(i): "directly relevant to such person's involvement": without an agreement a time and a place.
#[test]
fn a_caregiver_hears_no_closed_phrase_about_care_and_nothing_of_unknown_level() {
    let heard = |level: Fact<Level>| {
        let mut case = Case::of("medication", Level::L1, &[Channel::Sms]);
        told(&mut case, RecipientRole::Caregiver, "SPS");
        case.facts.content.level = level;
        !refused_by(&case, Channel::Sms, "PRI-14")
    };
    assert!(heard(Fact::Known(Level::L1)));
    assert!(!heard(Fact::Known(Level::L2)), "the minimal text of what is clinical tells that it is");
    assert!(!heard(Fact::Unknown(Missing::ClassifierFailed)));
}

/// 45 CFR 164.522(a)(2): a restriction may be ended; what it asked for until a day it asks for no longer.
#[test]
fn a_restriction_binds_until_its_last_day_and_not_after_it() {
    let bound = |until: &str| {
        let mut case = Case::reminder_by_sms();
        let over = Provision { until: Some(until.parse().unwrap()), ..deny() };
        case.consents().push(consent(ConsentKind::Restriction, over));
        told(&mut case, RecipientRole::Caregiver, "SPS");
        refused_by(&case, Channel::Sms, "PRI-19")
    };
    assert!(bound("2026-12-02T00:00:00Z") && !bound("2026-12-01T00:00:00Z"));
}

/// 45 CFR 164.502(g)(3): the parent's part ends on the birthday; what the patient grants from that day on is the patient's own.
#[test]
fn a_grant_of_the_patients_first_day_of_age_is_their_own() {
    let goes = |given: &str| {
        let mut case = Case::of("appointment_reminder", Level::L1, &[Channel::Portal]);
        told(&mut case, RecipientRole::Proxy, "NMTH");
        case.patient().birth_date = Some("2008-06-01".parse().unwrap());
        let mut grant = consent(ConsentKind::ProxyCommunication, names(permit()));
        grant.given = Some(given.parse().unwrap());
        case.consents().push(grant);
        !refused_by(&case, Channel::Portal, "SPC-06")
    };
    assert!(goes("2026-06-02T16:00:00Z") && !goes("2026-05-30T16:00:00Z"));
}

/// OCR FAQ 570: "unless the patient has explicitly stated otherwise"; it may stand in the very mail that is answered.
#[test]
fn who_writes_that_mail_is_not_safe_is_not_answered_by_mail() {
    let answered = |words| !refused_by(&answering(words, Level::L2), Channel::Email, "PRI-22");
    assert!(answered("How do I take care of the bandage?"));
    assert!(!answered("Please do not send anything medical by email, it is not safe. How do I change the bandage?"));
}

/// 45 CFR 164.524(c)(2)(i): what is diagnostic is no answer in a thread, unless it is the copy that the patient asked for.
#[test]
fn a_copy_that_was_asked_for_goes_in_the_thread_too() {
    let mut case = answering("Please send me my result here", Level::L3);
    let refused = |case: &Case| {
        let refusals = case.decide().refusals;
        refusals.iter().any(|r| (r.form, r.rule) == (Form::Full, "PRI-23"))
    };
    assert!(refused(&case));
    let mut request = consent(ConsentKind::AccessRequest, Provision { points: vec![address(MAIL)], ..permit() });
    request.access_mode = Some(EmailMode::EnforcedTls);
    case.consents().push(request);
    assert!(!refused(&case));
}

// ---- states, results

/// Tex. Occ. Code 159.0062 is in force from the first of September 2025.
#[test]
fn a_hold_of_a_state_begins_on_the_first_day_of_its_law() {
    let held = |now: &str, finalised: &str| {
        let mut case = Case::result();
        case.facts.now = now.parse().unwrap();
        case.patient().states = vec!["TX".into()];
        let event = case.is_about("DiagnosticReport/d1", EventStatus::Active, Some(finalised));
        event.result_class = Some(ResultClass::Malignancy);
        refused_by(&case, Channel::Portal, "SPC-08")
    };
    assert!(!held("2025-08-31T18:00:00Z", "2025-08-31T12:00:00Z"));
    assert!(held("2025-09-01T18:00:00Z", "2025-09-01T12:00:00Z"));
}

/// 42 USC 300jj-52: an exception for results holds results, and no word about a visit.
#[test]
fn a_hold_of_all_results_holds_no_other_message() {
    let mut case = Case::of("follow_up", Level::L1, &[Channel::Portal]);
    let until = "2027-01-01T00:00:00Z".parse().unwrap();
    case.policy.results_hold = Some(ResultsHold { days: 3, exception: "infeasibility", until });
    case.is_about("Encounter/e1", EventStatus::Active, Some("2026-11-30T18:00:00Z"));
    assert!(!refused_by(&case, Channel::Portal, "IB-01"));
    case.request.purpose = Purpose::TestResult;
    assert!(refused_by(&case, Channel::Portal, "IB-01"));
}

/// RCW 19.373.030: consent is what was given; a visitor who was asked and said no has given none.
#[test]
fn a_visitor_who_said_no_is_told_nothing_in_the_open_chat() {
    let told = |agreed| {
        let mut case = Case::of("appointment_reminder", Level::L0, &[Channel::ChatAnonymous]);
        case.speak_l0();
        case.facts.deployment.visitor_consent = Fact::Known(agreed);
        !refused_by(&case, Channel::ChatAnonymous, "SPC-10")
    };
    assert!(told(true) && !told(false));
}

// ---- 47 CFR 64.1200

/// 47 USC 227(b)(1)(A): the caller has the consent; one that nobody could read is none.
#[test]
fn where_consents_are_not_known_no_machine_texts_or_calls() {
    for channel in [Channel::Sms, Channel::Voice] {
        let mut case = Case::of("appointment_reminder", Level::L1, &[channel]);
        assert!(sends(&case, channel));
        case.facts.consents = Fact::Unknown(Missing::NotRecorded);
        assert!(refused_by(&case, channel, "TCP-01"), "{channel}");
    }
}

/// RULES TCP-03: the caps are of automated messages; what a nurse writes herself is none.
#[test]
fn what_a_person_writes_is_not_held_back_by_the_caps() {
    let waits = |origin| {
        let mut case = Case::reminder_by_sms();
        case.request.origin = origin;
        went(&mut case, Purpose::Recall, 60, None);
        refused_by(&case, Channel::Sms, "TCP-03")
    };
    assert!(waits(Origin::Api) && !waits(Origin::Staff));
}

/// RULES TCP-09: three offers in 24 hours; what is no offer, and what never arrived, is not among them.
#[test]
fn only_offers_that_went_out_count_against_the_cap_on_offers() {
    let waits = |purpose, outcome| {
        let mut case = Case::of("marketing", Level::L1, &[Channel::Email]);
        for minutes_ago in [60, 120, 180] {
            went(&mut case, purpose, minutes_ago, outcome);
        }
        refused_by(&case, Channel::Email, "TCP-09")
    };
    assert!(waits(Purpose::Marketing, None));
    assert!(!waits(Purpose::Recall, None) && !waits(Purpose::Marketing, Some(PastOutcome::Failed)));
}

/// 47 CFR 64.1200(a)(12): the confirmation of an opt-out confirms an opt-out, also of one that came by another door and is on record.
#[test]
fn an_opt_out_on_record_is_not_confirmed_as_a_beginning() {
    let confirmed = |confirms, channel| {
        let mut case = Case::of("consent_confirmation", Level::L0, &[Channel::Sms]);
        case.speak_l0();
        let at = case.facts.now.checked_sub(2.minutes()).unwrap();
        let point = address(NUMBER);
        case.history().opt_outs.push(OptOut { at, channel, point, scope: OptOutScope::All });
        case.facts.renditions.iter_mut().for_each(|text| text.confirms = confirms);
        !refused_by(&case, Channel::Sms, "TCP-13")
    };
    assert!(confirmed(Confirms::End, Channel::Sms) && !confirmed(Confirms::Beginning, Channel::Sms));
    assert!(!confirmed(Confirms::Beginning, Channel::Voice), "it was said on the phone, and reaches texts too");
}

// ---- the house

/// RULES TCP-06 and the tenant's policy: hours that the practice narrowed bind.
#[test]
fn hours_that_the_practice_narrowed_are_kept() {
    let hour = |hour| jiff::civil::time(hour, 0, 0, 0);
    let mut case = Case::reminder_by_sms();
    assert!(sends(&case, Channel::Sms), "three in the afternoon");
    case.policy = Policy::tighten(Overrides { window: Some((hour(10), hour(14))), ..Overrides::default() });
    assert!(refused_by(&case, Channel::Sms, "TCP-06"));
    assert_eq!(case.decide().deliveries[0].not_before, Some("2026-12-02T15:00:00Z".parse().unwrap()));
}

/// RULES OTP-01: codes are counted, by place; a code that never arrived was guessed by nobody.
#[test]
fn only_codes_that_went_out_count_against_the_hours_codes() {
    let waits = |purpose, outcome| {
        let mut case = Case::of("one_time_code", Level::L0, &[Channel::Sms]);
        case.speak_l0();
        for minutes_ago in [10, 20, 30, 40, 50] {
            went(&mut case, purpose, minutes_ago, outcome);
        }
        refused_by(&case, Channel::Sms, "OTP-01")
    };
    assert!(waits(Purpose::OneTimeCode, None));
    assert!(!waits(Purpose::FollowUp, None) && !waits(Purpose::OneTimeCode, Some(PastOutcome::Failed)));
}

/// RULES SOC-01: the risk was told before the message goes, not on a day to come.
#[test]
fn a_risk_that_will_be_told_tomorrow_opens_no_app_today() {
    let opened = |purpose: &str, hours_ahead: i64| {
        let mut case = Case::of(purpose, Level::L1, &[Channel::MessagingApp]);
        case.patient().points.push(point(System::MessagingApp, "app-1", 4));
        case.permit(System::MessagingApp, "app-1");
        case.facts.vendors.push(vendor("app", &[Channel::MessagingApp]));
        let at = case.facts.now.checked_add(hours_ahead.hours()).unwrap();
        noticed(&mut case, "app_risk", at, "app-1");
        !refused_by(&case, Channel::MessagingApp, "SOC-01")
    };
    assert!(opened("appointment_reminder", -1) && !opened("appointment_reminder", 24));
    assert!(opened("consent_confirmation", 24), "a confirmation says nothing of care");
}

/// RULES CHT-03: what is specially protected is shown after signing in anew; what is not known to be less is such, what is diagnostic
/// alone is not.
#[test]
fn a_chat_asks_to_sign_in_anew_for_what_is_protected_or_of_unknown_level() {
    let asks = |level: Fact<Level>| {
        let mut case = Case::of("appointment_reminder", Level::L1, &[Channel::Chat]);
        case.facts.content.level = level;
        case.facts.renditions.iter_mut().for_each(|text| text.level = level);
        case.facts.deployment.reauthenticated = Fact::Known(false);
        refused_by(&case, Channel::Chat, "CHT-03")
    };
    assert!(asks(Fact::Known(Level::L4)) && asks(Fact::Unknown(Missing::ClassifierFailed)));
    assert!([Level::L1, Level::L2, Level::L3].iter().all(|level| !asks(Fact::Known(*level))));
}

/// RULES SYS-10: L2 and above of a model is read by a person; so is what nobody could measure.
#[test]
fn a_models_text_of_unknown_level_waits_for_a_reader() {
    let waits = |level: Fact<Level>| {
        let mut case = Case::of("appointment_reminder", Level::L1, &[Channel::Portal]);
        case.request.ai = Some(Ai { generated: true, human_reviewed: false, clinical: false });
        case.facts.content.level = level;
        refused_by(&case, Channel::Portal, "SYS-10")
    };
    assert!(!waits(Fact::Known(Level::L1)));
    assert!(waits(Fact::Known(Level::L2)) && waits(Fact::Unknown(Missing::ClassifierFailed)));
}
