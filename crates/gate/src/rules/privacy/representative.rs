//! Who stands for the patient: representatives, family, the dead.

use crate::candidate::Candidate;
use crate::consent::{in_force, names_purpose};
use crate::facts::{ConsentKind, LineType, Provision, Ruling};
use crate::finding::{Finding, deny, require, unknown};
use crate::remedy::Remedy;
use crate::rules::scope::{Given, Scope};
use crate::rules::{Effective, Ground, Rule, SourceRead};
use crate::view::{Audience, PointView, View};
use postern_base::{Category, Channel, Level, RecipientRole};

/// 45 CFR 164.502(g)(3): a parent is not the representative where the minor lawfully consented alone.
pub(crate) const MINOR: Rule = Rule {
    id: "PRI-05",
    citation: "45 CFR 164.502(g)(3)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "A proxy is on record as one, and sees nothing of care a minor consented to alone.",
    scope: Scope::MESSAGE.with(Given::Proxy),
    check: minor,
};

fn minor(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    if view.request.recipient.role != RecipientRole::Proxy {
        return Finding::NotApplicable;
    }
    if view.has_category(Category::MinorConfidential) {
        return deny("This is care the minor consented to alone; it goes to the minor's own contact points only.")
            .for_good("It is the minor's to tell; a parent is told by the minor or not at all.");
    }
    match view.audience {
        Audience::Related(person) if person.active => {
            Finding::when(granted(view, ConsentKind::ProxyCommunication), || {
                unknown("No grant on record lets this person receive messages for the patient.")
                    .lifted_by(&[Remedy::GrantPerson])
            })
        }
        _ => unknown("This person is not on record as standing for the patient.")
            .for_good("Who stands for the patient is read from their papers by a person, not supposed."),
    }
}

/// Whether a Consent of `kind` in force permits the recipient of the request to be told this; a denial in any of them wins.
pub(crate) fn granted(view: &View<'_>, kind: ConsentKind) -> bool {
    ruled(view, kind) == Some(Ruling::Permit)
}

/// What the Consents of `kind` rule on telling the recipient this.
fn ruled(view: &View<'_>, kind: ConsentKind) -> Option<Ruling> {
    let reference = view.request.recipient.reference.as_deref()?;
    strictest(view.active(kind).filter_map(|consent| told(view, &consent.provision, reference, false)))
}

fn strictest(rulings: impl Iterator<Item = Ruling>) -> Option<Ruling> {
    rulings.fold(None, |so_far, next| match (so_far, next) {
        (Some(Ruling::Deny), _) | (_, Ruling::Deny) => Some(Ruling::Deny),
        (_, Ruling::Permit) => Some(Ruling::Permit),
    })
}

/// What `provision` rules on telling `reference` this: the innermost exception that bears on it, and a denial before a
/// permission. A grant for visits is none for results, and one that keeps out mental health keeps it out.
///
/// An exception that names nobody is about whom the provision around it names (`named`); a permission that names nobody
/// permits nobody in particular, a denial that names nobody is about everybody.
fn told(view: &View<'_>, provision: &Provision, reference: &str, named: bool) -> Option<Ruling> {
    let names = provision.actors.iter().any(|actor| actor == reference);
    let bears = names || provision.actors.is_empty();
    if !bears || !in_force(provision, view.now) {
        return None;
    }
    let exceptions = provision.exceptions.iter();
    let excepted = strictest(exceptions.filter_map(|exception| told(view, exception, reference, named || names)));
    excepted.or(provision.decision.filter(|decision| covers(view, provision, *decision, named || names)))
}

/// Whether a provision covers this content and purpose: a denial as far as it can be read, a permission as far as it says.
fn covers(view: &View<'_>, provision: &Provision, decision: Ruling, named: bool) -> bool {
    let labels = &provision.labels;
    let listed = |c: Category| labels.contains(&c);
    let content = labels.is_empty()
        || match decision {
            Ruling::Deny => view.categories().any(listed),
            Ruling::Permit => view.categories().next().is_some() && view.categories().all(listed),
        };
    let person = named || decision == Ruling::Deny;
    person && content && names_purpose(provision, decision, view.request.purpose)
}

/// 45 CFR 164.502(g)(5): may decline to treat a person as representative where abuse or endangerment is believed.
pub(crate) const ENDANGERMENT: Rule = Rule {
    id: "PRI-06",
    citation: "45 CFR 164.502(g)(5)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Where endangerment is flagged, nobody but the patient is told, and no voicemail, shared or postal address is used.",
    scope: Scope::ANY.with(Given::Endangerment),
    check: endangerment,
};

fn endangerment(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if !view.patient.is_some_and(|patient| patient.flags.endangerment) {
        return Finding::NotApplicable;
    }
    // A landline rings for everybody at home; a person who calls it hears who answers.
    let landline = candidate.channel == Channel::Voice
        && !view.human_voice()
        && candidate.point.is_some_and(|p| p.point.line_type.is_known_and(|line| *line == LineType::Landline));
    let household = matches!(candidate.channel, Channel::Voicemail | Channel::Mail)
        || landline
        || candidate.point.is_some_and(PointView::is_shared)
        || view.request.recipient.role != RecipientRole::SelfPatient;
    Finding::when(!household, || {
        deny("A safety flag stands on the record: this could reach a person the patient must be protected from.")
            .for_good("The patient must be protected from whoever may read it there.")
            .and_alert()
    })
}

/// 45 CFR 164.502(f), (g)(4): after death the executor stands for the patient; protected for 50 years.
pub(crate) const DECEASED: Rule = Rule {
    id: "PRI-07",
    citation: "45 CFR 164.502(f)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Nothing is sent by machine about a patient who has died.",
    scope: Scope::MESSAGE,
    check: deceased,
};

fn deceased(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    match view.patient {
        Some(patient) => {
            Finding::when(!patient.deceased, || {
                require("The record says that the patient has died; a person must decide what the family or executor is told.").for_good("Nobody reaches a patient who died; a person speaks with the family or executor.")
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
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "A caregiver on record hears logistics; more only with the patient's recorded agreement, and nothing after an objection.",
    scope: Scope::ANY.with(Given::Caregiver),
    check: involved,
};

fn involved(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if view.request.recipient.role != RecipientRole::Caregiver {
        return Finding::NotApplicable;
    }
    let Audience::Related(person) = view.audience else {
        return unknown("This person is not on record as involved in the patient's care.")
            .for_good("Who is involved in the care is recorded by a person, not supposed.");
    };
    if !person.active {
        return deny("This person's part in the patient's care is over.")
            .for_good("The part is over; the patient names whoever takes it up.");
    }
    if view.has_category(Category::MinorConfidential) || view.level == Some(Level::L4) {
        return deny("Specially protected content goes to the patient alone.")
            .for_good("What is specially protected is the patient's alone to tell.");
    }
    if ruled(view, ConsentKind::ProxyCommunication) == Some(Ruling::Deny) {
        return deny("The patient does not want this person to be told.")
            .for_good("The patient said no; only the patient tells this person.");
    }
    // What a closed phrase tells is of the source's level: "your prescription is ready" is L2 for anybody but the patient.
    let source = !candidate.has_body() || view.level.is_some_and(|level| level <= Level::L1);
    let logistics = source && candidate.carried(view.level).is_some_and(|level| level <= Level::L1);
    Finding::when(logistics || granted(view, ConsentKind::ProxyCommunication), || {
        unknown("No agreement of the patient on record lets this person hear more than logistics.")
            .lifted_by(&[Remedy::GrantPerson])
    })
}

#[cfg(test)]
mod tests {
    use crate::fact::Fact;
    use crate::facts::{ActReason, ConsentKind, Flags, LineType, MailboxKind, Provision, RelatedPerson, Ruling};
    use crate::sample::{Case, consent, refused_by, sends};
    use postern_base::{Category, Channel, Level, RecipientRole};

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

    const DAUGHTER: &str = "RelatedPerson/r1";

    fn told(purpose: &str, role: RecipientRole, grant: Provision) -> Case {
        let mut case = Case::of(purpose, Level::L1, &[Channel::Portal, Channel::Sms]);
        let points = case.patient().points.clone();
        case.facts.related.push(RelatedPerson {
            reference: DAUGHTER.into(),
            relationship: vec!["HPOWATT".into()],
            active: true,
            points,
        });
        case.request.recipient.role = role;
        case.request.recipient.reference = Some(DAUGHTER.into());
        let grant = Provision { actors: vec![DAUGHTER.into()], ..grant };
        case.consents().push(consent(ConsentKind::ProxyCommunication, grant));
        case
    }

    fn ruling(decision: Ruling) -> Provision {
        Provision { decision: Some(decision), ..Provision::default() }
    }

    #[test]
    fn a_grant_for_visits_is_none_for_results() {
        let visits = Provision { reasons: vec![ActReason::PatAdmin], ..ruling(Ruling::Permit) };
        assert!(sends(&told("appointment_reminder", RecipientRole::Proxy, visits.clone()), Channel::Portal));
        assert!(refused_by(&told("test_result", RecipientRole::Proxy, visits), Channel::Portal, "PRI-05"));
    }

    #[test]
    fn what_a_grant_keeps_out_is_kept_out() {
        let kept_out = Provision { labels: vec![Category::MentalHealth], ..ruling(Ruling::Deny) };
        let grant = Provision { exceptions: vec![kept_out], ..ruling(Ruling::Permit) };
        let mut case = told("follow_up", RecipientRole::Proxy, grant);
        assert!(sends(&case, Channel::Portal));
        case.facts.content.categories.push(Category::MentalHealth);
        assert!(refused_by(&case, Channel::Portal, "PRI-05"));
    }

    #[test]
    fn a_grant_that_names_nobody_permits_nobody() {
        let mut case = told("appointment_reminder", RecipientRole::Proxy, ruling(Ruling::Permit));
        case.consents().iter_mut().for_each(|c| c.provision.actors.clear());
        assert!(refused_by(&case, Channel::Portal, "PRI-05"));
    }

    #[test]
    fn an_objection_within_a_grant_silences_a_caregiver() {
        let no_visits = Provision { reasons: vec![ActReason::PatAdmin], ..ruling(Ruling::Deny) };
        let grant = Provision { exceptions: vec![no_visits], ..ruling(Ruling::Permit) };
        let case = |grant| told("appointment_reminder", RecipientRole::Caregiver, grant);
        assert!(sends(&case(ruling(Ruling::Permit)), Channel::Sms));
        assert!(refused_by(&case(grant), Channel::Sms, "PRI-14"));
    }

    #[test]
    fn a_safety_flag_closes_a_family_mailbox_and_a_landline() {
        let mut case = Case::result();
        case.patient().flags = Flags { endangerment: true, ..Flags::default() };
        assert!(!refused_by(&case, Channel::Email, "PRI-06") && !refused_by(&case, Channel::Voice, "PRI-06"));
        case.patient().points.iter_mut().for_each(|p| {
            p.mailbox = Fact::Known(MailboxKind::Family);
            p.line_type = Fact::Known(LineType::Landline);
        });
        assert!(refused_by(&case, Channel::Email, "PRI-06") && refused_by(&case, Channel::Voice, "PRI-06"));
    }
}
