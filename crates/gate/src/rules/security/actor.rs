//! Who asks: an account of one person or program, in use, allowed to, trained.

use crate::candidate::Candidate;
use crate::deployment::Actor;
use crate::fact::Fact;
use crate::finding::{Finding, deny, unknown};
use crate::remedy::Remedy;
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead, Waiver};
use crate::view::View;

/// The account that asks, and what it means when nothing is known of it.
fn actor<'a>(view: &View<'a>) -> Result<&'a Actor, Finding> {
    view.facts.deployment.actor.known().ok_or_else(|| {
        unknown("Nobody knows which account asked for this; sign in, and ask again.").lifted_by(&[Remedy::AskByAnother])
    })
}

/// A fact about the account: satisfied, or refused with what is wrong.
fn holds(fact: Fact<bool>, wrong: &'static str) -> Finding {
    match fact {
        Fact::Known(true) => Finding::Satisfied,
        Fact::Known(false) => deny(wrong).lifted_by(&[Remedy::AskByAnother]).and_alert(),
        Fact::Unknown(_) => unknown(wrong).lifted_by(&[Remedy::AskByAnother]),
    }
}

/// 45 CFR 164.308(a)(3)(ii)(C): access ends when the employment does.
pub(crate) const ENABLED: Rule = Rule {
    id: "SEC-06",
    citation: "45 CFR 164.308(a)(3)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "The account that asked is still in use.",
    scope: Scope::MESSAGE,
    check: enabled,
};

fn enabled(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    match actor(view) {
        Ok(actor) => {
            holds(actor.enabled, "The account that asked for this was disabled; somebody else must ask for it.")
        }
        Err(missing) => missing,
    }
}

/// 45 CFR 164.308(a)(4)(i): access is authorised, by role.
pub(crate) const ROLE: Rule = Rule {
    id: "SEC-07",
    citation: "45 CFR 164.308(a)(4)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::Emergency],
    asks: "The role of whoever asks lets them send this.",
    scope: Scope::MESSAGE,
    check: role,
};

fn role(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    if view.emergency {
        // 45 CFR 164.312(a)(2)(ii): emergency access is access that the role does not give.
        return Finding::NotApplicable;
    }
    match actor(view) {
        Ok(actor) => {
            holds(actor.permitted, "The role of whoever asks does not let them send this; ask somebody whose does.")
        }
        Err(missing) => missing,
    }
}

/// 45 CFR 164.308(a)(5)(i) and 164.530(b)(1): a training programme for the whole workforce. house: once a year, and
/// who is not trained sends nothing.
pub(crate) const TRAINED: Rule = Rule {
    id: "SEC-08",
    citation: "45 CFR 164.308(a)(5)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::Emergency],
    asks: "A member of staff who asks was trained, and not too long ago.",
    scope: Scope::MESSAGE,
    check: trained,
};

fn trained(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    if view.emergency {
        return Finding::NotApplicable;
    }
    let actor = match actor(view) {
        Ok(actor) => actor,
        // The other rules of this file have said that nobody knows who asks.
        Err(_) => return Finding::NotApplicable,
    };
    match actor.trained_until {
        Fact::Known(None) => Finding::NotApplicable,
        Fact::Known(Some(until)) => Finding::when(view.today.latest <= until, || {
            deny("The privacy training of whoever asks has run out; they renew it, or a trained colleague asks.")
                .lifted_by(&[Remedy::AskByAnother])
                .and_alert()
        }),
        Fact::Unknown(_) => unknown(
            "No privacy training of whoever asks is on record; they are trained first, or a trained colleague asks.",
        )
        .lifted_by(&[Remedy::AskByAnother])
        .and_alert(),
    }
}

/// 45 CFR 164.312(a)(2)(i): "Assign a unique name and/or number for identifying and tracking user identity."
pub(crate) const UNIQUE: Rule = Rule {
    id: "SEC-17",
    citation: "45 CFR 164.312(a)(2)(i)",
    ground: Ground::Law,
    read: SourceRead::Read,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "One person or program, and nobody else, uses the account that asks.",
    scope: Scope::MESSAGE,
    check: unique,
};

fn unique(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    match actor(view) {
        Ok(actor) => {
            holds(actor.unique, "Several persons use the account that asked; each needs an account of their own.")
        }
        Err(_) => Finding::NotApplicable,
    }
}
