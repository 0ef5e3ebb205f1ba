//! Beside each rule of this folder two cases: one it stops, one it lets pass.

use crate::facts::ResultClass;
use crate::rules::pairs::*;
use postern_base::Category;

/// An offer of the practice to a patient who lives in `country`.
fn abroad(country: &str) -> Case {
    but(offer(MarketingKind::OwnService, Remuneration::None), |c| c.patient().country = Some(country.into()))
}

fn about(category: Category) -> Case {
    but(result(), |case| case.facts.content.categories.push(category))
}

fn shielded(state: &str) -> Case {
    but(about(Category::Reproductive), |case| {
        case.request.origin = Origin::Bulk;
        case.patient().states = vec![state.into()];
    })
}

fn class(state: &str, class: ResultClass) -> Case {
    but(report(state), |case| known_event(case).result_class = Some(class))
}

fn open_chat(agreed: bool) -> Case {
    but(Case::of("consent_confirmation", Level::L0, &[Channel::ChatAnonymous]), |case| {
        case.speak_l0();
        opened(case, System::Portal, "Patient/p1");
        case.facts.deployment.visitor_consent = if agreed { Fact::Known(true) } else { missing() };
    })
}

pub(in crate::rules) const PAIRS: &[Pair] = &[
    pair(
        "SPC-01",
        || about(Category::Part2),
        || but(about(Category::Part2), |c| c.request.channels = Some(vec![Channel::Portal])),
    ),
    pair("SPC-02", || but(about(Category::Part2), |c| c.facts.tenant.alias = None), || about(Category::Part2)),
    pair("SPC-03", || but(about(Category::Hiv), |c| c.facts.tenant.alias = None), || about(Category::Hiv)),
    pair("SPC-04", || shielded("TX"), || shielded("NY")),
    pair(
        "SPC-05",
        || {
            but(about(Category::Sti), |c| {
                c.patient().birth_date = Some("2011-05-05".parse().unwrap());
                points(c, |p| p.shared_with.push("RelatedPerson/mother".into()));
            })
        },
        || but(about(Category::Sti), |c| c.patient().birth_date = Some("2011-05-05".parse().unwrap())),
    ),
    pair("SPC-06", || but(mother(), |c| c.patient().birth_date = Some("2008-12-01".parse().unwrap())), mother),
    pair(
        "SPC-07",
        || but(Case::of("billing", Level::L1, &[Channel::Sms]), |c| c.patient().dependent = true),
        || but(Case::of("billing", Level::L1, &[Channel::Portal]), |c| c.patient().dependent = true),
    ),
    pair("INT-01", || abroad("DE"), || abroad("US")),
    pair("INT-02", || abroad("CA"), || abroad("US")),
    pair("SPC-08", || class("TX", ResultClass::Malignancy), || class("TX", ResultClass::Other)),
    pair("SPC-09", || class("CA", ResultClass::Malignancy), || class("CA", ResultClass::Other)),
    pair("SPC-10", || open_chat(false), || open_chat(true)),
];
