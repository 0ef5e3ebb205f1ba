//! The whole policy as a committed table, `tests/matrix.out`: for every purpose, column and level, the cell as reviewed and
//! the highest form that really stands when every rule has run. Its diff is the review of a change.

use crate::decide::standing;
use crate::fact::Fact;
use crate::facts::{Certificate, ConsentKind, ContactPoint, EventStatus, NoticeGiven, Provision, Ruling, System};
use crate::matrix::{Column, cell};
use crate::request::{AnsweredBy, Breach, Marketing, MarketingKind, NoticeElement, Remuneration, Voice, VoiceMode};
use crate::sample::{Case, address, consent};
use jiff::SignedDuration;
use postern_base::{Category, Channel, EmailMode, Form, Level, Purpose};
use std::fmt::Write;

const HEAD: &str = "\
The whole policy: how much of a message may travel, by purpose, column and sensitivity.
Written by `cargo xtask matrix` from the running gate; a test compares. Review its diff as a change of policy.

cell      as reviewed, <=L1 / L2-L3 / L4 (RULES section 2); the marks are explained in crates/gate/src/matrix.rs
ordinary  the highest form that stands for a patient with verified points and consent to be contacted, nothing more
met       the same with every condition a record can meet: e-mail warning accepted, written consent and authorization for
          marketing, opted in, identity verified by a person on the call, portal open
no alias  as met, without a neutral sender alias

F full  M minimal  G notice  C callback  . refused
";

/// The e-mail mode, channel and whether a machine answered, per column.
fn way(column: Column) -> (Channel, Option<EmailMode>) {
    match column {
        Column::Sms => (Channel::Sms, None),
        Column::EmailNotify => (Channel::Email, Some(EmailMode::Notify)),
        Column::EmailEnforcedTls => (Channel::Email, Some(EmailMode::EnforcedTls)),
        Column::EmailSmime => (Channel::Email, Some(EmailMode::Smime)),
        Column::Voice => (Channel::Voice, None),
        Column::Voicemail => (Channel::Voicemail, None),
        Column::ChatAnonymous => (Channel::ChatAnonymous, None),
        Column::Chat => (Channel::Chat, None),
        Column::Portal => (Channel::Portal, None),
        Column::Push => (Channel::Push, None),
        Column::MessagingApp => (Channel::MessagingApp, None),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Given {
    Ordinary,
    Met,
    NoAlias,
}

fn case(purpose: Purpose, level: Level, column: Column, given: Given) -> Case {
    let (channel, mode) = way(column);
    let mut case = Case::of(purpose.as_str(), level, &[channel, Channel::Portal]);
    case.request.email_mode = mode;
    if level == Level::L4 {
        case.facts.content.categories.push(Category::MentalHealth);
    }
    let phone = case.patient().points[0].clone();
    for (system, value) in [(System::App, "device-1"), (System::MessagingApp, "app-1")] {
        case.patient().points.push(ContactPoint { system, value: address(value), ..phone.clone() });
    }
    let vendor = case.facts.vendors[0].clone();
    for channel in [Channel::MessagingApp, Channel::ChatAnonymous] {
        let row = crate::facts::Vendor { channels: vec![channel], ..vendor.clone() };
        case.facts.vendors.push(row);
    }
    let voice = Voice {
        mode: VoiceMode::Ivr,
        answered_by: AnsweredBy::Unknown,
        identity_verified: false,
        recording: false,
        transcribing: false,
        recording_consent: false,
        disclosed: true,
    };
    if matches!(purpose, Purpose::OneTimeCode | Purpose::ConsentConfirmation) && level == Level::L0 {
        case.speak_l0();
    }
    case.facts.deployment.reauthenticated = Fact::Known(given != Given::Ordinary);
    if given != Given::Ordinary {
        meet(&mut case, purpose, voice);
    }
    if given == Given::NoAlias {
        case.facts.tenant.alias = None;
    }
    case
}

/// Meets every condition that a record can meet.
fn meet(case: &mut Case, purpose: Purpose, voice: Voice) {
    let now = case.facts.now;
    let permit = |points: &[&str]| Provision {
        decision: Some(Ruling::Permit),
        points: points.iter().map(|p| address(p)).collect(),
        until: Some("2027-06-01T00:00:00Z".parse().unwrap()),
        reasons: vec![crate::facts::ActReason::HMarkt],
        ..Provision::default()
    };
    if purpose == Purpose::BreachNotice {
        let elements = NoticeElement::ALL.to_vec();
        case.request.breach = Some(Breach { elements, discovered: None, delayed_until: None });
    }
    // The offer's own record, which the authorization below names.
    let record = "MedicationRequest/m1";
    case.permit(System::App, "device-1");
    case.permit(System::MessagingApp, "app-1");
    let points = ["+12125550101", "pat@example.org", "device-1", "app-1"];
    case.consents().push(consent(ConsentKind::EmailRiskAcknowledgement, permit(&points)));
    case.consents().push(consent(ConsentKind::ElectronicNotice, permit(&points)));
    for kind in [ConsentKind::ContactConsent, ConsentKind::MarketingAuthorization, ConsentKind::MarketingTextConsent] {
        let mut signed = consent(kind, permit(&points));
        signed.signed_by = Some("Patient/p1".into());
        signed.has_source = true;
        if kind == ConsentKind::MarketingAuthorization {
            signed.provision.data = vec![record.into()];
        }
        case.consents().push(signed);
    }
    for (kind, point) in [("email_risk", "pat@example.org"), ("app_risk", "app-1")] {
        case.history().notices.push(NoticeGiven { kind: kind.into(), point: address(point), at: now, objected: false });
    }
    // A certificate that RFC 8551 has nothing against.
    case.facts.certificates.push(Certificate {
        address: address("pat@example.org"),
        from: now.checked_sub(SignedDuration::from_hours(24)).unwrap(),
        until: now.checked_add(SignedDuration::from_hours(24 * 90)).unwrap(),
        trusted: true,
        revoked: Fact::Known(false),
        names_address: true,
    });
    if purpose == Purpose::OneTimeCode {
        // By e-mail a code verifies the address (OTP-02): here it is not verified yet.
        let mails = case.patient().points.iter_mut().filter(|point| point.system == System::Email);
        mails.for_each(|point| point.verification = Fact::recorded(None));
    }
    case.request.voice =
        Some(Voice { mode: VoiceMode::Human, answered_by: AnsweredBy::Patient, identity_verified: true, ..voice });
    if purpose == Purpose::Marketing {
        case.is_about(record, EventStatus::Active, None);
        let (kind, remuneration) = (MarketingKind::OwnService, Remuneration::None);
        case.request.marketing = Some(Marketing { kind, remuneration, drug_lapsed_days: 0 });
    }
}

fn letter(form: Option<Form>) -> char {
    form.map_or('.', Form::letter)
}

fn row(purpose: Purpose, column: Column, given: Given) -> String {
    let (channel, mode) = way(column);
    let highest = |level: Level| {
        let case = case(purpose, level, column, given);
        let stands = standing(&case.request, &case.facts, &case.policy);
        stands.into_iter().filter(|s| s.0 == channel && (mode.is_none() || s.1 == mode)).map(|s| s.2).max()
    };
    Level::ALL.iter().map(|level| letter(highest(*level)).to_string()).collect::<Vec<_>>().join("  ")
}

fn table() -> String {
    let mut out = HEAD.to_owned();
    let levels = "L0 L1 L2 L3 L4";
    for (number, purpose) in Purpose::ALL.iter().enumerate() {
        writeln!(out, "\nP{} {purpose}", number + 1).unwrap();
        writeln!(out, "{:<20}{:<34}{levels}   {levels}   {levels}", "", "").unwrap();
        writeln!(out, "{:<20}{:<34}{:<14}   {:<14}   no alias", "column", "cell", "ordinary", "met").unwrap();
        for column in Column::ALL {
            let written = [Level::L1, Level::L3, Level::L4].map(|level| cell(*purpose, level, column).notation());
            let rows = [Given::Ordinary, Given::Met, Given::NoAlias].map(|given| row(*purpose, column, given));
            let line =
                format!("{:<20}{:<34}{}    {}    {}", column.as_str(), written.join("/"), rows[0], rows[1], rows[2]);
            writeln!(out, "{}", line.trim_end()).unwrap();
        }
    }
    out
}

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/matrix.out");

#[test]
fn the_committed_table_is_the_policy_that_runs() {
    let committed = std::fs::read_to_string(PATH).unwrap();
    for (line, (is, was)) in table().lines().zip(committed.lines()).enumerate() {
        assert_eq!(is, was, "line {} of matrix.out; run `cargo xtask matrix` and review the diff", line + 1);
    }
    assert_eq!(table().lines().count(), committed.lines().count());
}

#[test]
#[ignore = "writes the committed table anew: `cargo xtask matrix`"]
fn regenerate() {
    std::fs::write(PATH, table()).unwrap();
}

#[test]
fn nothing_stands_above_its_cell_and_nothing_more_stands_without_an_alias() {
    for purpose in Purpose::ALL {
        for column in Column::ALL {
            let (channel, mode) = way(column);
            for level in Level::ALL {
                let forms = |given| {
                    let case = case(*purpose, *level, column, given);
                    let stands = standing(&case.request, &case.facts, &case.policy);
                    stands.into_iter().filter(|s| s.0 == channel && (mode.is_none() || s.1 == mode)).map(|s| s.2).max()
                };
                let (ordinary, met, bare) = (forms(Given::Ordinary), forms(Given::Met), forms(Given::NoAlias));
                let what = format!("{purpose} {} {level}", column.as_str());
                assert!(met <= cell(*purpose, *level, column).highest, "{what}");
                assert!(ordinary <= met || column == Column::Voice, "{what}");
                assert!(bare <= met, "{what}");
            }
        }
    }
}

#[test]
fn a_message_that_answers_in_an_open_chat_says_nothing_of_the_patient() {
    let mut case = Case::of("appointment_reminder", Level::L1, &[Channel::ChatAnonymous]);
    let at = case.facts.now;
    case.hears(at, Channel::ChatAnonymous, "Patient/p1", "when is my visit");
    case.request.in_reply_to = Some(0);
    assert!(case.decide().deliveries.is_empty());
    assert_eq!(case.facts.content.level, Fact::Known(Level::L1));
}
