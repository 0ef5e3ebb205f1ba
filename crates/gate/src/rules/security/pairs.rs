//! Beside each rule of this folder two cases: one it stops, one it lets pass.

use crate::deployment::{Actor, ChannelRisk, Proposed};
use crate::facts::Certificate;
use crate::rules::pairs::*;
use postern_base::EmailTier;

fn asked_by(change: fn(&mut Actor)) -> Case {
    but(text(), |case| {
        let mut actor = Actor::SATISFIED;
        change(&mut actor);
        case.facts.deployment.actor = Fact::Known(actor);
    })
}

fn day(text: &str) -> Fact<jiff::civil::Date> {
    Fact::Known(text.parse().unwrap())
}

fn encrypted(revoked: bool) -> Case {
    but(mail(), |case| {
        case.request.email_mode = Some(EmailMode::Smime);
        case.facts.certificates.push(Certificate {
            address: address(MAIL),
            from: "2026-01-01T00:00:00Z".parse().unwrap(),
            until: "2027-01-01T00:00:00Z".parse().unwrap(),
            trusted: true,
            revoked: Fact::Known(revoked),
            names_address: true,
        });
    })
}

fn proposed(two_factor_everywhere: bool) -> Case {
    but(text(), |case| {
        case.facts.deployment.reviews.backup = Fact::Known(case.facts.now);
        let lately = Some("2026-11-01".parse().unwrap());
        case.facts.deployment.proposed = Some(Proposed {
            two_factor_everywhere,
            encrypted_everywhere: true,
            inventory: lately,
            scan: lately,
            penetration_test: lately,
            vendors_verified: lately,
        });
    })
}

pub(in crate::rules) const PAIRS: &[Pair] = &[
    pair(
        "SEC-02",
        || but(text(), |c| c.facts.deployment.reviews.addressable = Fact::Known(false)),
        || but(text(), |c| c.facts.deployment.reviews.addressable = Fact::Known(true)),
    ),
    pair(
        "SEC-03",
        || {
            but(text(), |c| {
                let row = ChannelRisk { channel: Channel::Sms, approved: false, reviewed: None };
                c.facts.deployment.channel_risks.push(row);
            })
        },
        text,
    ),
    pair(
        "SEC-04",
        || but(text(), |c| c.facts.deployment.reviews.activity = day("2026-10-01")),
        || but(text(), |c| c.facts.deployment.reviews.activity = day("2026-11-20")),
    ),
    pair("SEC-06", || asked_by(|actor| actor.enabled = Fact::Known(false)), text),
    pair("SEC-07", || asked_by(|actor| actor.permitted = Fact::Known(false)), text),
    pair(
        "SEC-08",
        || asked_by(|actor| actor.trained_until = Fact::Known(Some("2026-11-30".parse().unwrap()))),
        || asked_by(|actor| actor.trained_until = Fact::Known(Some("2026-12-01".parse().unwrap()))),
    ),
    pair(
        "SEC-10",
        || but(text(), |c| c.facts.deployment.reviews.restore = day("2025-01-01")),
        || but(text(), |c| c.facts.deployment.reviews.restore = day("2026-06-01")),
    ),
    pair(
        "SEC-11",
        || but(text(), |c| c.facts.deployment.reviews.evaluation = day("2025-01-01")),
        || but(text(), |c| c.facts.deployment.reviews.evaluation = day("2026-01-05")),
    ),
    pair("SEC-12", || but(text(), |c| c.vendor(Channel::Sms).agreement.services.clear()), text),
    pair("SEC-13", || but(text(), |c| c.vendor(Channel::Sms).agreement.required_terms = false), text),
    pair("SEC-17", || asked_by(|actor| actor.unique = Fact::Known(false)), text),
    pair(
        "SEC-18",
        || {
            but(text(), |c| {
                c.break_glass();
                c.request.origin = Origin::Api;
            })
        },
        || but(text(), Case::break_glass),
    ),
    pair(
        "SEC-27",
        || but(mail(), |c| c.facts.email_tiers = [("example.org".to_owned(), EmailTier::Pkix)].into()),
        mail,
    ),
    pair("EML-05", || encrypted(true), || encrypted(false)),
    pair(
        "SEC-28",
        || {
            but(mail(), |c| {
                c.request.origin = Origin::Bulk;
                c.facts.deployment.dkim = Fact::Known(false);
            })
        },
        || but(mail(), |c| c.request.origin = Origin::Bulk),
    ),
    pair(
        "SEC-29",
        || {
            but(call(VoiceMode::Ivr, AnsweredBy::Patient, false), |c| {
                c.facts.deployment.voice_srtp = Fact::Known(false)
            })
        },
        || call(VoiceMode::Ivr, AnsweredBy::Patient, false),
    ),
    pair("SEC-30", || proposed(false), || proposed(true)),
];
