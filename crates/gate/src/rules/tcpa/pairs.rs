//! Beside each rule of this folder two cases: one it stops, one it lets pass.

use crate::deployment::DoNotCall;
use crate::facts::{LineType, OptOut, OptOutScope, PastDelivery, PointSource, Reassigned, Registration};
use crate::rendition::LinkState;
use crate::rules::pairs::*;
use jiff::ToSpan;
use postern_base::{Basis, Urgency};

fn sent(case: &mut Case, channel: Channel, purpose: Purpose, times: i64) {
    for hour in 1..=times {
        let at = case.facts.now.checked_sub(hour.hours()).unwrap();
        case.history().deliveries.push(PastDelivery {
            at,
            channel,
            point: address(NUMBER),
            purpose,
            automated: true,
            outcome: None,
        });
    }
}

fn offers(channel: Channel) -> Case {
    but(Case::of("marketing", Level::L1, &[channel]), |case| {
        let (kind, remuneration) = (MarketingKind::OwnService, Remuneration::None);
        case.request.marketing = Some(Marketing { kind, remuneration, drug_lapsed_days: 0 });
        sign(case, ConsentKind::MarketingTextConsent, true);
        sign(case, ConsentKind::ContactConsent, true);
    })
}

fn confirmation(minutes: i64) -> Case {
    but(after("STOP"), |case| {
        case.request.purpose = Purpose::ConsentConfirmation;
        case.request.origin = Origin::Reply;
        case.request.in_reply_to = Some(0);
        case.speak_l0();
        case.facts.now = case.history().inbound[0].at.checked_add(minutes.minutes()).unwrap();
    })
}

fn landline() -> Case {
    but(call(VoiceMode::Ivr, AnsweredBy::Patient, false), |case| {
        points(case, |p| p.line_type = Fact::Known(LineType::Landline));
    })
}

fn recorded(recording_consent: bool) -> Case {
    but(call(VoiceMode::Human, AnsweredBy::Patient, true), |case| {
        voice(case).recording = true;
        voice(case).recording_consent = recording_consent;
    })
}

fn helped(answered: bool) -> Case {
    but(after("HELP"), |case| {
        case.request.purpose = Purpose::ConsentConfirmation;
        case.request.origin = Origin::Reply;
        case.request.in_reply_to = Some(0);
        case.speak_l0();
        if answered {
            let at = case.facts.now;
            sent(case, Channel::Sms, Purpose::ConsentConfirmation, 1);
            case.history().deliveries[0].at = at;
        }
    })
}

pub(in crate::rules) const PAIRS: &[Pair] = &[
    pair(
        "TCP-01",
        || {
            but(text(), |c| {
                c.consents().clear();
                points(c, |p| p.source = missing());
            })
        },
        text,
    ),
    pair(
        "TCP-02",
        || {
            but(text(), |c| {
                c.request.basis = Some(Basis::ProvidedNumber);
                points(c, |p| p.source = Fact::Known(PointSource::Staff));
            })
        },
        || but(text(), |c| c.request.basis = Some(Basis::ProvidedNumber)),
    ),
    pair("TCP-03", || but(text(), |c| sent(c, Channel::Sms, Purpose::Recall, 1)), text),
    pair("TCP-04", || but(landline(), |c| sent(c, Channel::Voice, Purpose::Recall, 1)), landline),
    pair("TCP-05", || but(text(), |c| texts(c, |r| r.says_opt_out = false)), text),
    pair("TCP-06", || at("2026-12-02T02:30:00Z"), text),
    pair("TCP-07", || but(at("2026-12-01T15:00:00Z"), |c| c.patient().zones.clear()), text),
    pair(
        "TCP-08",
        || {
            but(at("2026-12-06T16:00:00Z"), |c| {
                c.patient().zones = vec!["America/Chicago".into()];
                c.patient().states = vec!["TX".into()];
            })
        },
        text,
    ),
    pair(
        "TCP-09",
        || but(offers(Channel::Sms), |c| sent(c, Channel::Sms, Purpose::Marketing, 3)),
        || offers(Channel::Sms),
    ),
    pair(
        "TCP-10",
        || {
            but(offers(Channel::Voice), |c| {
                c.facts.deployment.do_not_call =
                    DoNotCall { registry: Fact::Known(vec![]), own: Fact::Known(vec![address(NUMBER)]) };
            })
        },
        || {
            but(offers(Channel::Voice), |c| {
                c.facts.deployment.do_not_call =
                    DoNotCall { registry: Fact::Known(vec![address(NUMBER)]), own: Fact::Known(vec![]) };
            })
        },
    ),
    pair("TCP-11", || after("please stop texting me"), || after("thank you")),
    pair("TCP-12", || after("CANCEL"), || after("thank you")),
    pair("TCP-13", || confirmation(6), || confirmation(1)),
    pair(
        "TCP-14",
        || {
            but(text(), |c| {
                let (at, point) = (c.facts.now, address(NUMBER));
                c.history().opt_outs.push(OptOut { at, channel: Channel::Sms, point, scope: OptOutScope::All });
            })
        },
        text,
    ),
    pair(
        "TCP-17",
        || but(text(), |c| c.request.urgency = Urgency::Emergency),
        || {
            but(text(), |c| {
                c.break_glass();
                c.request.urgency = Urgency::Routine;
            })
        },
    ),
    pair(
        "TCP-18",
        || but(text(), |c| c.history().number_checks.iter_mut().for_each(|n| n.reassigned = Reassigned::Yes)),
        text,
    ),
    pair("TCP-19", || after("wrong number"), text),
    pair("TCP-20", || but(text(), |c| points(c, |p| p.line_type = Fact::Known(LineType::PatientRoom))), text),
    pair("TCP-22", || Case::of("marketing", Level::L1, &[Channel::Sms]), || offers(Channel::Sms)),
    pair("TCP-23", || but(text(), |c| c.vendor(Channel::Sms).sender_registration = Registration::Pending), text),
    pair(
        "TCP-24",
        || but(offers(Channel::Sms), |c| points(c, |p| p.source = Fact::Known(PointSource::ThirdParty))),
        || but(offers(Channel::Sms), |c| sent(c, Channel::Sms, Purpose::ConsentConfirmation, 1)),
    ),
    pair("TCP-25", || helped(true), || helped(false)),
    pair(
        "TCP-26",
        || but(call(VoiceMode::Ai, AnsweredBy::Patient, true), |c| voice(c).disclosed = false),
        || call(VoiceMode::Ai, AnsweredBy::Patient, true),
    ),
    pair("TCP-27", || recorded(false), || recorded(true)),
    pair(
        "TCP-28",
        || but(text(), |c| c.facts.tenant.accepts_replies = false),
        || {
            but(text(), |c| {
                c.facts.tenant.accepts_replies = false;
                texts(c, |r| r.says_no_reply = true);
            })
        },
    ),
    pair(
        "TCP-29",
        || but(text(), |c| texts(c, |r| r.links = LinkState::Foreign)),
        || but(text(), |c| texts(c, |r| r.links = LinkState::Clean)),
    ),
];
