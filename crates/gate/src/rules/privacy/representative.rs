//! Who stands for the patient: representatives, family, the dead.

use super::grant::{forbidden, granted};
use crate::candidate::Candidate;
use crate::facts::{ConsentKind, LineType};
use crate::finding::{Finding, deny, require, unknown};
use crate::remedy::Remedy;
use crate::request::AnsweredBy;
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
    if !stands_on_record(view) {
        return unknown("This person is not on record as standing for the patient.")
            .for_good("Who stands for the patient is read from their papers by a person, not supposed.");
    }
    if !granted(view, ConsentKind::ProxyCommunication) {
        return unknown(
            "No grant on record lets this person receive messages for the patient; it is asked of a parent too.",
        )
        .lifted_by(&[Remedy::GrantPerson]);
    }
    Finding::Satisfied
}

/// The recipient is a related person on record whose part is not over.
fn stands_on_record(view: &View<'_>) -> bool {
    matches!(view.audience, Audience::Related(person) if person.is_active(view.now))
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
    let to_another = view.request.recipient.role != RecipientRole::SelfPatient;
    if to_another || others_may_read_it(candidate) || rings_at_home(view, candidate) {
        return deny(
            "A safety flag stands on the record: this could reach a person the patient must be protected from.",
        )
        .for_good("The patient must be protected from whoever may read it there.")
        .and_alert();
    }
    Finding::Satisfied
}

/// It lies where others of a household find it: in a mailbox, on a machine, on a number they share.
fn others_may_read_it(candidate: &Candidate<'_>) -> bool {
    let lies_at_home = matches!(candidate.channel, Channel::Voicemail | Channel::Mail);
    lies_at_home || candidate.point.is_some_and(PointView::may_be_anothers)
}

/// A machine calls a landline, which rings for everybody at home, or somebody else has answered; a person who calls hears who answers.
fn rings_at_home(view: &View<'_>, candidate: &Candidate<'_>) -> bool {
    let by_machine = candidate.channel == Channel::Voice && !view.human_voice();
    let another = view.request.voice.as_ref().is_some_and(|voice| voice.answered_by == AnsweredBy::Other);
    let landline = |line: &LineType| *line == LineType::Landline;
    by_machine && (another || candidate.point.is_some_and(|p| p.point.line_type.is_known_and(landline)))
}

/// 45 CFR 164.502(f), (g)(4): after death the executor stands for the patient; protected for 50 years. 45 CFR 164.510(b)(5): family who
/// were involved may be told what bears on that, which a person weighs.
pub(crate) const DECEASED: Rule = Rule {
    id: "PRI-07",
    citation: "45 CFR 164.502(f)",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Nothing is sent about a patient who has died; a person calls the family or executor.",
    scope: Scope::ANY,
    check: deceased,
};

fn deceased(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let Some(patient) = view.patient else { return Finding::NotApplicable };
    if !patient.deceased {
        return Finding::Satisfied;
    }
    if candidate.channel == Channel::HumanCall && !candidate.placeholder {
        return Finding::Obliges(
            "The record says that the patient has died: a person speaks with the family or executor, and decides what they are told."
                .into(),
        );
    }
    // Where the caller leaves it to a person too, one must act; of machines alone nothing is left.
    let to_a_person = view.request.channels.as_ref().is_none_or(|channels| channels.contains(&Channel::HumanCall));
    let sentence =
        "The record says that the patient has died; a person must decide what the family or executor is told.";
    let against = if to_a_person { require(sentence) } else { deny(sentence) };
    against.for_good("Nobody reaches a patient who died; a person speaks with the family or executor.").and_alert()
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
    if !person.is_active(view.now) {
        return deny("This person's part in the patient's care is over.")
            .for_good("The part is over; the patient names whoever takes it up.");
    }
    if view.has_category(Category::MinorConfidential) || view.level == Some(Level::L4) {
        return deny("Specially protected content goes to the patient alone.")
            .for_good("What is specially protected is the patient's alone to tell.");
    }
    if forbidden(view, ConsentKind::ProxyCommunication) {
        return deny("The patient does not want this person to be told.")
            .for_good("The patient said no; only the patient tells this person.");
    }
    if tells_logistics_only(view, candidate) || granted(view, ConsentKind::ProxyCommunication) {
        return Finding::Satisfied;
    }
    unknown("No agreement of the patient on record lets this person hear more than logistics.")
        .lifted_by(&[Remedy::GrantPerson])
}

/// What is told is a visit's time and place at most. A closed phrase tells what its source is about: "your prescription is ready" is
/// clinical for anybody but the patient.
fn tells_logistics_only(view: &View<'_>, candidate: &Candidate<'_>) -> bool {
    let is_logistics = |level: Option<Level>| level.is_some_and(|level| level <= Level::L1);
    let source = !candidate.has_body() || is_logistics(view.level);
    source && is_logistics(candidate.carried(view.level))
}

#[cfg(test)]
mod tests {
    use crate::fact::Fact;
    use crate::facts::{ActReason, ConsentKind, Flags, LineType, MailboxKind, Provision, RelatedPerson, Ruling};
    use crate::request::{AnsweredBy, Voice, VoiceMode};
    use crate::sample::{Case, consent, refused_by, sends};
    use postern_base::{Category, Channel, Level, RecipientRole};

    #[test]
    fn a_death_flag_stops_every_machine_and_calls_a_person() {
        let mut case = Case::result();
        case.patient().deceased = true;
        let decision = case.decide();
        let planned: Vec<_> = decision.deliveries.iter().map(|delivery| delivery.channel).collect();
        assert_eq!((decision.outcome.as_str(), planned), ("hold", vec![Channel::HumanCall]));
        assert!(decision.obligations.iter().any(|duty| duty.rule == "PRI-07"));
        case.patient().points.retain(|point| point.system != crate::facts::System::Phone);
        assert_eq!(
            (case.decide().outcome.as_str(), case.decide().deliveries.len()),
            ("hold", 0),
            "nobody to call, a person all the same"
        );
        case.request.channels = Some(vec![Channel::Sms, Channel::Portal]);
        assert_eq!(case.decide().outcome.as_str(), "refuse");
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
    fn a_safety_flag_closes_a_number_that_is_a_spouses_too() {
        let mut case = Case::reminder_by_sms();
        case.patient().points.iter_mut().for_each(|point| point.of_another = true);
        assert!(sends(&case, Channel::Sms));
        case.patient().flags = Flags { endangerment: true, ..Flags::default() };
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
        case.facts.related.push(RelatedPerson { points, ..crate::sample::related(DAUGHTER, "HPOWATT") });
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
    fn a_safety_flag_ends_a_machines_call_that_somebody_else_answers() {
        let mut case = Case::of("appointment_reminder", Level::L1, &[Channel::Voice]);
        case.patient().flags = Flags { endangerment: true, ..Flags::default() };
        let mut voice = Voice {
            mode: VoiceMode::Ivr,
            answered_by: AnsweredBy::Patient,
            identity_verified: false,
            recording: false,
            transcribing: false,
            recording_consent: false,
            disclosed: true,
        };
        case.request.voice = Some(voice);
        assert!(!refused_by(&case, Channel::Voice, "PRI-06"));
        voice.answered_by = AnsweredBy::Other;
        case.request.voice = Some(voice);
        assert!(refused_by(&case, Channel::Voice, "PRI-06"));
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
