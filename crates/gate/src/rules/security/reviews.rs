//! What is looked at from time to time. None of it stops a message: it is raised for the people whose task it is.

use crate::candidate::Candidate;
use crate::fact::Fact;
use crate::finding::Finding;
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead};
use crate::view::View;
use jiff::civil::Date;
use jiff::{SignedDuration, ToSpan};

/// house: records of activity are reviewed each month, everything else each year.
const MONTH_DAYS: i32 = 31;
const YEAR_DAYS: i32 = 366;
/// house: a backup is no older than a week; the proposed rule would say 48 hours.
const BACKUP: SignedDuration = SignedDuration::from_hours(24 * 7);

/// Whether `last` lies more than `days` before today.
pub(super) fn overdue(view: &View<'_>, last: Date, days: i32) -> bool {
    last.checked_add(days.days()).is_ok_and(|due| due < view.today.earliest)
}

/// An alert when what was recorded lies too far back. What nobody recorded is for the register of reviews to show, not for
/// every message.
fn due(view: &View<'_>, last: Fact<Date>, days: i32, sentence: &'static str) -> Finding {
    match last {
        Fact::Known(last) if overdue(view, last, days) => Finding::Alerts(sentence.into()),
        Fact::Known(_) => Finding::Satisfied,
        Fact::Unknown(_) => Finding::NotApplicable,
    }
}

/// 45 CFR 164.306(d)(3): an addressable specification is implemented, or it is documented why not, with an equivalent.
pub(crate) const ADDRESSABLE: Rule = Rule {
    id: "SEC-02",
    citation: "45 CFR 164.306(d)(3)",
    ground: Ground::Law,
    read: SourceRead::SecondHand,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Every addressable control that is off has its written decision.",
    scope: Scope::MESSAGE,
    check: addressable,
};

fn addressable(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    match view.facts.deployment.reviews.addressable {
        Fact::Known(true) => Finding::Satisfied,
        Fact::Known(false) => Finding::Alerts(
            "An addressable safeguard is off without a written decision: record why, and what stands in its place."
                .into(),
        ),
        Fact::Unknown(_) => Finding::NotApplicable,
    }
}

/// 45 CFR 164.308(a)(1)(ii)(D): "regularly review records of information system activity". house: every month.
pub(crate) const ACTIVITY: Rule = Rule {
    id: "SEC-04",
    citation: "45 CFR 164.308(a)(1)(ii)(D)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Records of activity were reviewed within the last month.",
    scope: Scope::MESSAGE,
    check: activity,
};

fn activity(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    due(view, view.facts.deployment.reviews.activity, MONTH_DAYS, "The review of the activity log is overdue.")
}

/// 45 CFR 164.308(a)(7)(ii)(A), (D): a data backup plan, and testing of contingency plans.
pub(crate) const CONTINGENCY: Rule = Rule {
    id: "SEC-10",
    citation: "45 CFR 164.308(a)(7)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "There is a recent backup, and a restore was tested within a year.",
    scope: Scope::MESSAGE,
    check: contingency,
};

fn contingency(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    let reviews = &view.facts.deployment.reviews;
    if let Fact::Known(at) = reviews.backup
        && view.now.duration_since(at) > BACKUP
    {
        return Finding::Alerts("The last backup is more than a week old.".into());
    }
    due(view, reviews.restore, YEAR_DAYS, "No restore of a backup was tested within a year.")
}

/// 45 CFR 164.308(a)(8): "a periodic technical and nontechnical evaluation". house: every year.
pub(crate) const EVALUATION: Rule = Rule {
    id: "SEC-11",
    citation: "45 CFR 164.308(a)(8)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "The safeguards were evaluated within a year.",
    scope: Scope::MESSAGE,
    check: evaluation,
};

fn evaluation(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    due(
        view,
        view.facts.deployment.reviews.evaluation,
        YEAR_DAYS,
        "The yearly evaluation of the safeguards is overdue.",
    )
}

/// 90 FR 898, proposed and not law: two factors and encryption everywhere, inventory, penetration test and vendors' verification
/// each year, a scan every six months, backups within 48 hours. Only told, and only to who asks for it.
pub(crate) const PROPOSED: Rule = Rule {
    id: "SEC-30",
    citation: "90 FR 898",
    ground: Ground::Standard,
    read: SourceRead::SecondHand,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Proposed only, and only when switched on: what the proposed Security Rule would ask is in place.",
    scope: Scope::MESSAGE,
    check: proposed,
};

fn proposed(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    const HALF_YEAR_DAYS: i32 = 184;
    const PROPOSED_BACKUP: SignedDuration = SignedDuration::from_hours(48);
    let Some(found) = view.facts.deployment.proposed else { return Finding::NotApplicable };
    let old = |last: Option<Date>, days| last.is_none_or(|last| overdue(view, last, days));
    let backup = match view.facts.deployment.reviews.backup {
        Fact::Known(at) => view.now.duration_since(at) <= PROPOSED_BACKUP,
        Fact::Unknown(_) => false,
    };
    let met = found.two_factor_everywhere
        && found.encrypted_everywhere
        && backup
        && !old(found.inventory, YEAR_DAYS)
        && !old(found.scan, HALF_YEAR_DAYS)
        && !old(found.penetration_test, YEAR_DAYS)
        && !old(found.vendors_verified, YEAR_DAYS);
    Finding::when(met, || {
        Finding::Alerts(
            "Proposed, not law (90 FR 898): not everything the proposed Security Rule would ask is in place.".into(),
        )
    })
}
