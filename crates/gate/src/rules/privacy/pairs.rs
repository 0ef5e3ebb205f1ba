//! Beside each rule of this folder two cases: one it stops, one it lets pass.

use crate::facts::{ActReason, Flags, NoticeGiven};
use crate::request::Disclosure;
use crate::rules::pairs::*;
use postern_base::Category;

fn told(case: &mut Case, kind: &str, objected: bool) {
    let (at, point) = (case.facts.now, address(MAIL));
    case.history().notices.push(NoticeGiven { kind: kind.into(), point, at, objected });
}

fn clinical_mail() -> Case {
    but(Case::of("follow_up", Level::L2, &[Channel::Email]), |case| {
        case.request.email_mode = Some(EmailMode::EnforcedTls);
    })
}

fn thread(level: Level, noticed: bool) -> Case {
    but(Case::of("follow_up", level, &[Channel::Email]), |case| {
        case.request.email_mode = Some(EmailMode::EnforcedTls);
        case.request.origin = Origin::Reply;
        heard(case, Channel::Email, MAIL, "may I take it with milk?");
        case.request.in_reply_to = Some(0);
        if noticed {
            told(case, "email_risk", false);
        }
    })
}

fn plain(asked: bool) -> Case {
    but(Case::of("test_result", Level::L3, &[Channel::Email]), |case| {
        // Where the domain enforces nothing: elsewhere the copy goes encrypted.
        case.facts.email_tiers.clear();
        case.request.email_mode = Some(EmailMode::Plain);
        told(case, "email_risk", false);
        if asked {
            let provision = Provision { points: vec![address(MAIL)], ..permit_provision() };
            let mut request = consent(ConsentKind::AccessRequest, provision);
            request.access_mode = Some(EmailMode::Plain);
            case.consents().push(request);
        }
    })
}

fn authorized(whole: bool) -> Case {
    but(offer(MarketingKind::ThirdParty, Remuneration::AboveCost), |case| {
        sign(case, ConsentKind::MarketingAuthorization, whole);
    })
}

/// Of HIV, in New York, to who stands for the patient, with a release that names some kinds of care.
fn released(labels: &[Category]) -> Case {
    but(mother(), |case| {
        case.patient().birth_date = Some("1978-10-12".parse().unwrap());
        case.facts.content.categories.push(Category::Hiv);
        let grant = consent(ConsentKind::ProxyCommunication, permit_provision());
        case.consents().push(grant);
        let actors = case.request.recipient.reference.clone().into_iter().collect::<Vec<_>>();
        case.consents()
            .iter_mut()
            .for_each(|c| (c.provision.actors, c.provision.labels) = (actors.clone(), labels.to_vec()));
    })
}

/// What a law asks for, told on `channel`.
fn required_by_law(channel: Channel) -> Case {
    but(Case::of("appointment_reminder", Level::L1, &[channel]), |case| {
        case.request.disclosure = Some(Disclosure::RequiredByLaw);
    })
}

/// To a relative whose points are on record, whose part in the care is over or not.
fn involved(active: bool) -> Case {
    but(told_by("RelatedPerson/r1", RecipientRole::Caregiver, ConsentKind::ProxyCommunication), |c| {
        c.request.channels = None;
        c.facts.related[0].active = active;
        c.facts.related[0].points = c.patient().points.clone();
    })
}

pub(in crate::rules) const PAIRS: &[Pair] = &[
    pair("PRI-01", || but(text(), |c| c.patient().id = "Patient/other".parse().unwrap()), text),
    pair("PRI-04", result, text),
    pair("PRI-05", || but(mother(), |c| c.consents().clear()), mother),
    pair(
        "PRI-06",
        || {
            but(text(), |c| {
                c.patient().flags = Flags { endangerment: true, ..Flags::default() };
                points(c, |p| p.shared_with.push("Patient/p2".into()));
            })
        },
        || but(text(), |c| c.patient().flags = Flags { endangerment: true, ..Flags::default() }),
    ),
    pair("PRI-07", || but(text(), |c| c.patient().deceased = true), text),
    pair("PRI-08", || offer(MarketingKind::ThirdParty, Remuneration::None), || authorized(true)),
    pair("PRI-09", || refill(Remuneration::AboveCost), || refill(Remuneration::CostOnly)),
    pair(
        "PRI-10",
        || offer(MarketingKind::OwnService, Remuneration::CostOnly),
        || offer(MarketingKind::OwnService, Remuneration::None),
    ),
    pair("PRI-11", || authorized(false), || authorized(true)),
    pair(
        "PRI-12",
        || but(result(), |c| c.facts.content.categories.push(Category::PsychotherapyNotes)),
        || but(result(), |c| c.facts.content.categories.push(Category::MentalHealth)),
    ),
    pair(
        "PRI-13",
        || but(offer(MarketingKind::Fundraising, Remuneration::None), |c| told(c, "fundraising", true)),
        || offer(MarketingKind::Fundraising, Remuneration::None),
    ),
    pair("PRI-14", || involved(false), || involved(true)),
    pair(
        "PRI-15",
        || call(VoiceMode::Human, AnsweredBy::Other, true),
        || call(VoiceMode::Human, AnsweredBy::Patient, true),
    ),
    pair(
        "PRI-17",
        || {
            but(Case::of("billing", Level::L2, &[Channel::Voice]), |c| {
                c.request.voice = call(VoiceMode::Human, AnsweredBy::Patient, false).request.voice;
            })
        },
        || {
            but(Case::of("billing", Level::L2, &[Channel::Voice]), |c| {
                c.request.voice = call(VoiceMode::Human, AnsweredBy::Patient, true).request.voice;
            })
        },
    ),
    pair("PRI-18", || but(text(), |c| c.facts.deployment.privacy_notice = Fact::Known(false)), text),
    pair(
        "PRI-19",
        || {
            but(text(), |c| {
                let deny = Provision { decision: Some(Ruling::Deny), ..Provision::default() };
                c.consents().push(consent(ConsentKind::Restriction, deny));
            })
        },
        || {
            but(text(), |c| {
                let deny = Provision {
                    decision: Some(Ruling::Deny),
                    reasons: vec![ActReason::HPaymt],
                    ..Provision::default()
                };
                c.consents().push(consent(ConsentKind::Restriction, deny));
            })
        },
    ),
    pair(
        "PRI-20",
        || {
            but(text(), |c| {
                let provision = Provision { points: vec![address("+13175550177")], ..permit_provision() };
                c.consents().push(consent(ConsentKind::ConfidentialCommunication, provision));
            })
        },
        || {
            but(text(), |c| {
                let provision = Provision { points: vec![address(NUMBER)], ..permit_provision() };
                c.consents().push(consent(ConsentKind::ConfidentialCommunication, provision));
            })
        },
    ),
    pair("PRI-21", || plain(false), || plain(true)),
    pair("PRI-22", clinical_mail, || {
        but(clinical_mail(), |c| c.consents().push(consent(ConsentKind::EmailRiskAcknowledgement, permit_provision())))
    }),
    pair("PRI-23", || thread(Level::L2, false), || thread(Level::L2, true)),
    pair("PRI-28", || required_by_law(Channel::Sms), || required_by_law(Channel::HumanCall)),
    pair("PRI-30", || released(&[]), || released(&[Category::Hiv])),
    pair("PRI-29", || but(result(), |c| c.vendor(Channel::Sms).agreement.services.clear()), result),
];
