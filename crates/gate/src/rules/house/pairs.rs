//! Beside each rule of this folder two cases: one it stops, one it lets pass.

use crate::deployment::Actor;
use crate::facts::{AvailableTime, EarlierRequest, Ehr, Flags, LineType, MailboxKind};
use crate::policy::PolicyDefect;
use crate::rendition::{Offers, TemplateRef};
use crate::rules::pairs::*;
use postern_base::Category;

/// From nine to five on one day of the week; the cases are decided on a Tuesday.
fn hours(day: i8) -> AvailableTime {
    AvailableTime { day, from_minute: 9 * 60, to_minute: 17 * 60 }
}

fn from_a_template(approvals: u32) -> Case {
    but(text(), |case| {
        case.facts.content.template = Some(TemplateRef { name: "visit".into(), version: 3 });
        case.facts.deployment.template_approvals = Fact::Known(approvals);
    })
}

fn asked_behind(two_factors: bool) -> Case {
    but(text(), |case| {
        case.request.origin = Origin::Staff;
        let (actor, two_factor) = (Actor::SATISFIED, Fact::Known(two_factors));
        case.facts.deployment.actor = Fact::Known(Actor { two_factor, ..actor });
    })
}

fn called_about(reviewed: bool) -> Case {
    but(Case::of("test_result", Level::L3, &[Channel::Portal, Channel::Voice]), |case| {
        case.request.translation = Some(crate::request::Translation { machine: true, reviewed });
    })
}

fn app(asked: bool) -> Case {
    but(Case::of("appointment_reminder", Level::L1, &[Channel::MessagingApp, Channel::Portal]), |case| {
        opened(case, System::MessagingApp, "app-1");
        let (at, point) = (case.facts.now, address("app-1"));
        let kind = "app_risk".into();
        case.history().notices.push(crate::facts::NoticeGiven { kind, point, at, objected: false });
        if asked {
            case.permit(System::MessagingApp, "app-1");
        }
    })
}

fn pushed(level: Level) -> Case {
    but(Case::of("appointment_reminder", Level::L1, &[Channel::Push, Channel::Portal]), |case| {
        opened(case, System::App, "device-1");
        texts(case, |r| {
            if r.form == postern_base::Form::Notice {
                r.level = Fact::Known(level);
            }
        });
    })
}

fn chat_result(anew: bool) -> Case {
    but(Case::of("test_result", Level::L4, &[Channel::Chat]), |case| {
        case.facts.content.categories.push(Category::Hiv);
        case.facts.deployment.reauthenticated = if anew { Fact::Known(true) } else { missing() };
    })
}

fn open_chat(purpose: &str, level: Level) -> Case {
    but(Case::of(purpose, level, &[Channel::ChatAnonymous]), |case| {
        opened(case, System::Portal, "Patient/p1");
        if level == Level::L0 {
            case.speak_l0();
        }
    })
}

pub(in crate::rules) const PAIRS: &[Pair] = &[
    pair(
        "SYS-01",
        || {
            but(text(), |c| {
                c.policy.defects.push(PolicyDefect {
                    rule: "SYS-01",
                    key: "window".into(),
                    sentence: "too wide".into(),
                });
            })
        },
        text,
    ),
    pair("SYS-02", || but(text(), |c| c.facts.ehr = Ehr::Unreachable), text),
    pair(
        "SYS-03",
        || {
            but(text(), |c| {
                let deny = Provision { decision: Some(Ruling::Deny), ..Provision::default() };
                c.consents().push(consent(ConsentKind::ContactConsent, deny));
            })
        },
        text,
    ),
    pair(
        "SYS-04",
        || but(text(), |c| event(c, "Appointment/a1", EventStatus::Cancelled, "2026-12-04T19:00:00Z")),
        || but(text(), |c| event(c, "Appointment/a1", EventStatus::Active, "2026-12-04T19:00:00Z")),
    ),
    pair(
        "SYS-05",
        || {
            but(text(), |c| {
                let (at, purpose) = (c.facts.now, c.request.purpose);
                c.history().earlier.push(EarlierRequest {
                    at,
                    purpose,
                    event: None,
                    template: None,
                    same_content: true,
                    commitment: None,
                });
            })
        },
        text,
    ),
    pair("SYS-06", || but(text(), |c| texts(c, |r| r.level = Fact::Known(Level::L3))), text),
    pair(
        "SYS-08",
        || {
            but(text(), |c| {
                c.request.origin = Origin::Bulk;
                c.facts.deployment.paused = Fact::Known(true);
            })
        },
        || but(text(), |c| c.request.origin = Origin::Bulk),
    ),
    pair("SYS-09", || from_a_template(1), || from_a_template(2)),
    pair("SYS-10", || written_by_a_model(false, true), || written_by_a_model(true, true)),
    pair(
        "EML-01",
        || but(offer(MarketingKind::OwnService, Remuneration::None), |c| c.facts.deployment.postal_address = missing()),
        || offer(MarketingKind::OwnService, Remuneration::None),
    ),
    pair("EML-03", || but(text(), |c| points(c, |p| p.verification = missing())), text),
    pair("EML-04", || but(mail(), |c| points(c, |p| p.mailbox = Fact::Known(MailboxKind::Family))), mail),
    pair("PSH-01", || pushed(Level::L1), || pushed(Level::L0)),
    pair("CHT-01", || open_chat("appointment_reminder", Level::L1), || open_chat("consent_confirmation", Level::L0)),
    pair("CHT-02", || but(result(), |c| c.facts.deployment.no_trackers = Fact::Known(false)), result),
    pair("CHT-03", || chat_result(false), || chat_result(true)),
    pair("IDN-01", || asked_behind(false), || asked_behind(true)),
    pair("SOC-01", || app(false), || app(true)),
    pair(
        "OTP-01",
        || {
            but(code(Channel::Sms), |c| {
                c.request.expires_at = Some("2026-12-01T21:00:00Z".parse().unwrap());
            })
        },
        || {
            but(code(Channel::Sms), |c| {
                c.request.expires_at = Some("2026-12-01T20:05:00Z".parse().unwrap());
            })
        },
    ),
    pair(
        "OTP-02",
        || but(code(Channel::Sms), |c| points(c, |p| p.line_type = Fact::Known(LineType::Voip))),
        || code(Channel::Sms),
    ),
    pair("HSE-01", || but(text(), |c| c.patient().points.clear()), text),
    pair(
        "HSE-04",
        || but(text(), |c| texts(c, |t| t.offers = Offers::Perhaps)),
        || but(refill(Remuneration::None), |c| texts(c, |t| t.offers = Offers::Perhaps)),
    ),
    pair(
        "HSE-05",
        || but(text(), |c| points(c, |p| p.hours = Fact::Known(vec![hours(3)]))),
        || but(text(), |c| points(c, |p| p.hours = Fact::Known(vec![hours(2)]))),
    ),
    pair("HSE-03", || called_about(false), || called_about(true)),
    pair("HSE-02", || but(text(), |c| c.patient().flags = Flags { no_automated: true, ..Flags::default() }), text),
];
