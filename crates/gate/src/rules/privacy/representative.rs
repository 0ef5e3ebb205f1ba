//! Who stands for the patient: representatives, family, the dead.

use crate::candidate::Candidate;
use crate::consent::{Query, in_force};
use crate::facts::{ConsentKind, Ruling};
use crate::finding::{Finding, deny, require, unknown};
use crate::rules::privacy::restriction::system;
use crate::rules::{Ground, Rule, SourceRead};
use crate::view::{Audience, View};
use postern_base::{Category, Channel, Level, RecipientRole};

/// 45 CFR 164.502(g)(3): a parent is not the representative where the minor lawfully consented alone.
pub(crate) const MINOR: Rule = Rule {
    id: "PRI-05",
    citation: "45 CFR 164.502(g)(3)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    asks: "A proxy is on record as one, and sees nothing of care a minor consented to alone.",
    check: minor,
};

fn minor(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    if view.request.recipient.role != RecipientRole::Proxy {
        return Finding::NotApplicable;
    }
    if view.has_category(Category::MinorConfidential) {
        return deny("This is care the minor consented to alone; it goes to the minor's own contact points only.");
    }
    match view.audience {
        Audience::Related(person) if person.active => {
            Finding::when(granted(view, ConsentKind::ProxyCommunication), || {
                unknown("No grant on record lets this person receive messages for the patient.")
            })
        }
        _ => unknown("This person is not on record as standing for the patient."),
    }
}

/// Whether a Consent of `kind` in force permits the recipient of the request to be told.
pub(crate) fn granted(view: &View<'_>, kind: ConsentKind) -> bool {
    let Some(reference) = &view.request.recipient.reference else { return false };
    let mut granted = false;
    for consent in view.active(kind) {
        let provision = &consent.provision;
        if !in_force(provision, view.now) || !provision.actors.contains(reference) {
            continue;
        }
        match provision.decision {
            Some(Ruling::Permit) => granted = true,
            Some(Ruling::Deny) => return false,
            None => {}
        }
    }
    granted
}

/// 45 CFR 164.502(g)(5): may decline to treat a person as representative where abuse or endangerment is believed.
pub(crate) const ENDANGERMENT: Rule = Rule {
    id: "PRI-06",
    citation: "45 CFR 164.502(g)(5)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    asks: "Where endangerment is flagged, no proxy, no voicemail, no shared or postal address is used.",
    check: endangerment,
};

fn endangerment(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if !view.patient.is_some_and(|patient| patient.flags.endangerment) {
        return Finding::NotApplicable;
    }
    let household = matches!(candidate.channel, Channel::Voicemail | Channel::Mail)
        || candidate.point.is_some_and(|p| !p.point.shared_with.is_empty())
        || view.request.recipient.role != RecipientRole::SelfPatient;
    Finding::when(!household, || {
        deny("A safety flag stands on the record: this could reach a person the patient must be protected from.")
            .and_alert()
    })
}

/// 45 CFR 164.502(f), (g)(4): after death the executor stands for the patient; protected for 50 years.
pub(crate) const DECEASED: Rule = Rule {
    id: "PRI-07",
    citation: "45 CFR 164.502(f)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    asks: "Nothing is sent by machine about a patient who has died.",
    check: deceased,
};

fn deceased(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    match view.patient {
        Some(patient) => {
            Finding::when(!patient.deceased, || {
                require("The record says that the patient has died; a person must decide what the family or executor is told.")
                .and_alert()
            })
        }
        None => Finding::NotApplicable,
    }
}

/// 45 CFR 164.510(b)(1): to family and others involved in care, what bears on their involvement, unless the patient objects.
pub(crate) const INVOLVED: Rule = Rule {
    id: "PRI-14",
    citation: "45 CFR 164.510(b)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    asks: "A caregiver on record hears logistics; more only with the patient's recorded agreement, and nothing after an objection.",
    check: involved,
};

fn involved(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if view.request.recipient.role != RecipientRole::Caregiver {
        return Finding::NotApplicable;
    }
    let Audience::Related(person) = view.audience else {
        return unknown("This person is not on record as involved in the patient's care.");
    };
    if !person.active {
        return deny("This person's part in the patient's care is over.");
    }
    if view.has_category(Category::MinorConfidential) || view.level == Some(Level::L4) {
        return deny("Specially protected content goes to the patient alone.");
    }
    let query: Query<'_> = view.query(system(candidate), candidate.address);
    let objected = view.active(ConsentKind::ProxyCommunication).any(|consent| {
        let names = view.request.recipient.reference.as_ref().is_some_and(|r| consent.provision.actors.contains(r));
        names && in_force(&consent.provision, query.now) && consent.provision.decision == Some(Ruling::Deny)
    });
    if objected {
        return deny("The patient does not want this person to be told.");
    }
    let logistics = candidate.carried(view.level).is_some_and(|level| level <= Level::L1);
    Finding::when(logistics || granted(view, ConsentKind::ProxyCommunication), || {
        unknown("No agreement of the patient on record lets this person hear more than logistics.")
    })
}

#[cfg(test)]
mod tests {
    use crate::facts::Flags;
    use crate::sample::{Case, refused_by, sends};
    use postern_base::Channel;

    #[test]
    fn a_death_flag_stops_every_machine_and_calls_a_person() {
        let mut case = Case::result();
        case.patient().deceased = true;
        let decision = case.decide();
        assert_eq!((decision.outcome.as_str(), decision.deliveries.len()), ("hold", 0));
        assert!(decision.alerts.iter().any(|alert| alert.rule == "PRI-07"));
    }

    #[test]
    fn a_safety_flag_closes_shared_numbers() {
        let mut case = Case::reminder_by_sms();
        case.patient().flags = Flags { endangerment: true, ..Flags::default() };
        assert!(sends(&case, Channel::Sms));
        case.patient().points.iter_mut().for_each(|p| p.shared_with.push("Patient/p2".into()));
        assert!(refused_by(&case, Channel::Sms, "PRI-06"));
    }

    #[test]
    fn a_proxy_without_a_grant_is_told_nothing() {
        let mut case = Case::result();
        case.request.recipient.role = postern_base::RecipientRole::Proxy;
        case.request.recipient.reference = Some("RelatedPerson/r1".into());
        assert!(refused_by(&case, Channel::Portal, "PRI-05"));
    }
}
