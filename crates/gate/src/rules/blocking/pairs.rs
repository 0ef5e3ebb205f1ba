//! Beside each rule of this folder two cases: one it stops, one it lets pass.

use crate::facts::{ClinicianHold, Flags};
use crate::policy::{PolicyDefect, ResultsHold};
use crate::request::{Breach, NoticeElement, Translation};
use crate::rules::pairs::*;

fn held(named: bool, until: &str) -> Case {
    but(report("NY"), |case| {
        let until = Some(until.parse().unwrap());
        known_event(case).hold = Some(ClinicianHold { named, physical_harm: true, until });
    })
}

/// A result of yesterday, where the practice holds each for a day while the laboratory's system is down.
fn held_for_a_day() -> Case {
    but(report("NY"), |case| {
        let until = "2026-12-03T00:00:00Z".parse().unwrap();
        case.policy.results_hold = Some(ResultsHold { days: 1, exception: "infeasibility", until });
    })
}

fn notice(missing: usize, discovered: Option<&str>, delayed_until: Option<&str>) -> Case {
    but(breach(), |case| {
        case.request.breach = Some(Breach {
            elements: NoticeElement::ALL.into_iter().skip(missing).collect(),
            discovered: discovered.map(|day| day.parse().unwrap()),
            delayed_until: delayed_until.map(|at| at.parse().unwrap()),
        });
    })
}

fn waiting(released: bool) -> Case {
    but(report("NY"), |case| {
        case.patient().flags = Flags { await_clinician: true, ..Flags::default() };
        if released {
            known_event(case).clinician_release = Some(case.facts.now);
        }
    })
}

fn translated(reviewed: bool) -> Case {
    but(result(), |case| case.request.translation = Some(Translation { machine: true, reviewed }))
}

pub(in crate::rules) const PAIRS: &[Pair] = &[
    pair(
        "IB-01",
        || {
            but(result(), |c| {
                c.policy.defects.push(PolicyDefect {
                    rule: "IB-01",
                    key: "results".into(),
                    sentence: "all wait".into(),
                });
            })
        },
        held_for_a_day,
    ),
    pair("IB-02", || held(false, "2026-12-05T00:00:00Z"), || held(true, "2026-12-01T00:00:00Z")),
    pair("IB-05", || waiting(false), || waiting(true)),
    pair(
        "BRN-05",
        || but(breach(), |c| c.consents().retain(|c| c.kind != ConsentKind::ElectronicNotice)),
        || but(breach(), |c| c.request.channels = Some(vec![Channel::Mail])),
    ),
    pair("BRN-06", || notice(1, None, None), || notice(0, None, None)),
    pair("BRN-11", || notice(0, None, Some("2026-12-20T00:00:00Z")), || notice(0, None, Some("2026-11-20T00:00:00Z"))),
    pair("BRN-13", || notice(0, Some("2026-09-01"), None), || notice(0, Some("2026-11-20"), None)),
    pair("CIV-01", || but(text(), |c| c.patient().language = Some("es-MX".into())), text),
    pair("CIV-02", || translated(false), || translated(true)),
    pair(
        "CIV-03",
        || {
            but(call(VoiceMode::Ivr, AnsweredBy::Patient, false), |c| {
                c.patient().flags = Flags { deaf: true, ..Flags::default() };
            })
        },
        || but(text(), |c| c.patient().flags = Flags { deaf: true, ..Flags::default() }),
    ),
    pair(
        "CIV-05",
        || but(written_by_a_model(false, true), |c| c.facts.deployment.bias_tested = Fact::Known(false)),
        || written_by_a_model(true, true),
    ),
];
