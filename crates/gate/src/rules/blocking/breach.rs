//! How a breach notice travels.

use crate::candidate::Candidate;
use crate::consent::{Standing, permits_point};
use crate::facts::{ConsentKind, System};
use crate::finding::{Finding, ask, deny, later, redirect, unknown};
use crate::matrix::Mark;
use crate::reference::{BREACH_DEADLINES, BREACH_INDIVIDUAL, BREACH_ORAL_DELAY_MAX, Counted};
use crate::remedy::Remedy;
use crate::request::NoticeElement;
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead};
use crate::view::{PointView, View};
use jiff::civil::{Date, Weekday};
use jiff::{SignedDuration, ToSpan};
use postern_base::{Channel, Form, Purpose};

/// 45 CFR 164.404(d)(1)(i): "by first-class mail … or, if the individual agrees to electronic notice …, by electronic mail".
pub(crate) const FIRST_CLASS_MAIL: Rule = Rule {
    id: "BRN-05",
    citation: "45 CFR 164.404(d)",
    ground: Ground::Law,
    read: SourceRead::SecondHand,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "A breach notice goes by first-class mail, or by e-mail to a person who agreed to that; a text never satisfies it.",
    scope: Scope::ANY.when(Purpose::BreachNotice),
    check: first_class_mail,
};

fn first_class_mail(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if view.request.purpose != Purpose::BreachNotice {
        return Finding::NotApplicable;
    }
    match candidate.channel {
        Channel::Mail => Finding::Satisfied,
        // 45 CFR 164.502(g)(5) (PRI-06): where the letter would lie, somebody may read it whom the patient must be protected from.
        Channel::Portal | Channel::Chat if is_endangered(view) && !agreed_to_mail_somewhere(view) => ask(
            "A safety flag stands on the record, so no letter goes to the house; a person finds an address or a way that is safe for the notice.",
        )
        .lifted_by(&[Remedy::AgreeToNotice])
        .and_alert(),
        Channel::Portal | Channel::Chat if is_endangered(view) => {
            Finding::Obliges("Let the e-mail the person agreed to be the notice: no letter goes to the house while the safety flag stands.".into())
        }
        Channel::Portal | Channel::Chat => Finding::Obliges(
            "Send the notice by first-class mail, or by e-mail the person agreed to: the portal copy is an extra."
                .into(),
        ),
        Channel::Email if candidate.form != Form::Full => {
            redirect("A word that a notice waits is not the notice of the breach itself, which goes by mail, or whole by e-mail the person agreed to.")
                .for_good("The law asks that the notice itself be sent; another form of it is none.")
        }
        Channel::Email => {
            // An agreement of its own: consent to be written to about visits is none to be told of a breach this way.
            let query = view.query(System::Email, candidate.address);
            let agreed = candidate.cell.has(Mark::Agreed)
                && candidate.point.is_some_and(|p| p.standing != Some(Standing::Denied))
                && permits_point(view.consents.unwrap_or_default(), ConsentKind::ElectronicNotice, query);
            Finding::when(agreed, || {
                unknown("No record says that the person agreed to be notified by e-mail; send first-class mail.")
                    .lifted_by(&[Remedy::AgreeToNotice])
            })
        }
        _ => redirect(
            "A breach notice goes by first-class mail; a text, a call or a push is an extra and never satisfies the duty.",
        ).for_good("The law names first-class mail; only the letter, or e-mail the person agreed to, is the notice."),
    }
}

/// Somebody near the patient is a danger (PRI-06).
fn is_endangered(view: &View<'_>) -> bool {
    view.patient.is_some_and(|patient| patient.flags.endangerment)
}

/// Whether the person agreed to be notified at a mailbox that nobody else reads (PRI-06), and the request may go there.
fn agreed_to_mail_somewhere(view: &View<'_>) -> bool {
    let wanted = view.request.channels.as_ref().is_none_or(|channels| channels.contains(&Channel::Email));
    let own = |point: &&PointView<'_>| {
        point.point.system == System::Email && !point.may_be_anothers() && point.standing != Some(Standing::Denied)
    };
    wanted
        && view.points.iter().filter(own).any(|point| {
            let query = view.query(System::Email, &point.point.value);
            permits_point(view.consents.unwrap_or_default(), ConsentKind::ElectronicNotice, query)
        })
}

/// 45 CFR 164.404(c)(1): the five things a notice says, "to the extent possible".
pub(crate) const ELEMENTS: Rule = Rule {
    id: "BRN-06",
    citation: "45 CFR 164.404(c)",
    ground: Ground::Law,
    read: SourceRead::Read,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "A breach notice says what happened, which information, what to do, what is done, and whom to ask.",
    scope: Scope::ANY.when(Purpose::BreachNotice),
    check: elements,
};

fn elements(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    // What only points at the notice is not the notice.
    let is_notice = view.request.purpose == Purpose::BreachNotice && candidate.form == Form::Full;
    if !is_notice {
        return Finding::NotApplicable;
    }
    let Some(breach) = &view.request.breach else {
        // 45 CFR 164.404(d)(1): by e-mail it is the notice itself. A template of notices has a slot for each of the five; a letter is a
        // person's to write and to read, and the portal holds its copy.
        if candidate.channel == Channel::Email && view.facts.content.template.is_none() {
            return ask("Nobody says whether the notice says what happened, which information, what to do, what is done, and whom to ask; say so in `breach.elements`, or use the template.")
                .lifted_by(&[Remedy::CompleteNotice])
                .and_alert();
        }
        return Finding::Obliges(
            "Make sure the notice says what happened, which information, what to do, what is done, and whom to ask."
                .into(),
        );
    };
    let missing = NoticeElement::ALL.into_iter().filter(|element| !breach.elements.contains(element));
    let missing: Vec<&str> = missing.map(said).collect();
    Finding::when(missing.is_empty(), || {
        deny(format!("The notice does not say {}; complete it first.", missing.join(", nor ")))
            .lifted_by(&[Remedy::CompleteNotice])
    })
}

/// What an element of the notice says.
const fn said(element: NoticeElement) -> &'static str {
    match element {
        NoticeElement::WhatHappened => "what happened and when",
        NoticeElement::Information => "which information it was",
        NoticeElement::Steps => "what the person should do",
        NoticeElement::Response => "what the practice does about it",
        NoticeElement::Contact => "whom to ask",
    }
}

/// 45 CFR 164.412: a notice waits while a law-enforcement official says that it would impede an investigation; on an oral request for 30
/// days at most. Which of the two it was, the request does not say: whoever asks for a longer wait is told.
pub(crate) const LAW_ENFORCEMENT_DELAY: Rule = Rule {
    id: "BRN-11",
    citation: "45 CFR 164.412",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "A breach notice waits while a law-enforcement official asked for it, and no longer.",
    scope: Scope::MESSAGE.when(Purpose::BreachNotice),
    check: law_enforcement_delay,
};

fn law_enforcement_delay(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    let breach = view.request.breach.as_ref().filter(|_| view.request.purpose == Purpose::BreachNotice);
    match breach.and_then(|breach| breach.delayed_until) {
        // 45 CFR 164.412(b): "no longer than 30 days from the date of the oral statement, unless a written statement" is submitted.
        Some(until) if until.duration_since(view.start) > oral_delay() => later(
            until,
            format!(
                "A law-enforcement official asked that the notice wait until {}; for more than 30 days that is lawful only where the request is in writing, so see that it is.",
                view.locally(until)
            ),
        )
        .and_alert(),
        Some(until) if until > view.start => later(
            until,
            format!("A law-enforcement official asked that the notice wait until {}.", view.locally(until)),
        ),
        Some(_) => Finding::Satisfied,
        None => Finding::NotApplicable,
    }
}

/// The longest wait that an oral request makes.
fn oral_delay() -> SignedDuration {
    SignedDuration::from_hours(BREACH_ORAL_DELAY_MAX.saturating_mul(24))
}

/// State breach laws run beside 45 CFR 164.404(b), and are often shorter, where the patient lives as where the practice is; the earliest
/// day binds.
pub(crate) const EARLIEST_DEADLINE: Rule = Rule {
    id: "BRN-13",
    citation: "state law: breach notification",
    ground: Ground::Law,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "Whoever sends a breach notice is told the earliest deadline, federal or the state's, and that it has passed.",
    scope: Scope::MESSAGE.when(Purpose::BreachNotice),
    check: earliest_deadline,
};

fn earliest_deadline(view: &View<'_>, _candidate: &Candidate<'_>) -> Finding {
    if view.request.purpose != Purpose::BreachNotice {
        return Finding::NotApplicable;
    }
    let Some(discovered) = view.request.breach.as_ref().and_then(|breach| breach.discovered) else {
        // 45 CFR 164.404(b): every day counts from the discovery; who does not say when that was is told no day.
        return Finding::Obliges(UNDATED.into());
    };
    let own = BREACH_DEADLINES.iter().filter(|row| view.is_under_law_of(row.state));
    let federal = discovered.checked_add(BREACH_INDIVIDUAL.days()).ok();
    let state = own.filter_map(|row| match row.counted {
        Counted::Calendar => discovered.checked_add(row.days.days()).ok(),
        Counted::Business => business_days_after(discovered, row.days),
    });
    let Some(due) = federal.into_iter().chain(state).min() else { return Finding::NotApplicable };
    if view.today.latest > due {
        return Finding::Alerts(
            "The deadline for telling this person of the breach is over; send it now, and record why it is late."
                .into(),
        );
    }
    Finding::Obliges(format!("Send the notice by {due}, the earliest deadline that applies.").into())
}

/// What is done where nobody says when the breach was discovered.
const UNDATED: &str = "Say when the breach was discovered (`breach.discovered`): the notice is due within 60 days of that day, and sooner in some states.";

/// The day that many days of business after `day`; public holidays only make it later, and are not counted.
fn business_days_after(day: Date, days: i64) -> Option<Date> {
    let mut found = day;
    let mut left = days;
    while left > 0 {
        found = found.tomorrow().ok()?;
        if !matches!(found.weekday(), Weekday::Saturday | Weekday::Sunday) {
            left = left.saturating_sub(1);
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use crate::rendition::TemplateRef;
    use crate::request::{Breach, NoticeElement};
    use crate::rules::pairs::{breach, but};
    use crate::sample::{Case, address, refused_by};
    use jiff::ToSpan;
    use postern_base::{Category, Channel, Level};

    #[test]
    fn a_breach_notice_goes_by_mail_and_never_by_text_alone() {
        let mut case = Case::of("breach_notice", Level::L1, &[Channel::Sms]);
        assert!(refused_by(&case, Channel::Sms, "BRN-05") && case.decide().deliveries.is_empty());
        case.request.channels = None;
        case.consents().clear();
        case.patient().postal.push(address("1 Elm St, New York NY 10001"));
        let channels: Vec<_> = case.decide().deliveries.iter().map(|d| d.channel).collect();
        assert_eq!(channels, [Channel::Portal, Channel::Mail]);
    }

    #[test]
    fn no_letter_is_ordered_to_a_house_where_the_patient_is_in_danger() {
        let mut case = Case::of("breach_notice", Level::L2, &[Channel::Portal]);
        case.request.channels = None;
        case.consents().clear();
        case.patient().postal.push(address("1 Elm St, New York NY 10001"));
        case.patient().flags.endangerment = true;
        let decision = case.decide();
        assert_eq!(decision.outcome.as_str(), "hold");
        assert!(decision.deliveries.iter().all(|delivery| delivery.channel != Channel::Mail));
        assert!(!decision.obligations.iter().any(|duty| duty.what.contains("first-class")));
    }

    #[test]
    fn an_agreement_to_e_mail_counts_in_danger_where_nobody_else_reads_it() {
        let mut case = but(breach(), |case| case.patient().flags.endangerment = true);
        let by_mail = |case: &Case| case.decide().deliveries.iter().any(|delivery| delivery.channel == Channel::Email);
        case.facts.content.template = Some(TemplateRef { name: "breach_notice".into(), version: 1 });
        assert!(by_mail(&case) && case.decide().outcome.as_str() == "send");
        case.patient().points.iter_mut().for_each(|point| point.of_another = true);
        assert!(!by_mail(&case) && case.decide().outcome.as_str() == "hold");
        let mut narrowed = breach();
        narrowed.consents().iter_mut().for_each(|consent| consent.provision.labels.push(Category::Hiv));
        assert!(refused_by(&narrowed, Channel::Email, "BRN-05"), "agreed for one kind of data only");
    }

    #[test]
    fn a_notice_by_mail_of_which_nobody_says_what_it_says_waits_for_a_reader() {
        let mut case = breach();
        assert!(refused_by(&case, Channel::Email, "BRN-06"));
        let template = TemplateRef { name: "breach_notice".into(), version: 1 };
        case.facts.content.template = Some(template);
        assert!(!refused_by(&case, Channel::Email, "BRN-06"));
    }

    #[test]
    fn who_does_not_say_when_a_breach_was_discovered_is_asked() {
        let asked = |discovered: Option<&str>| {
            let mut case = breach();
            case.request.channels = Some(vec![Channel::Portal]);
            let discovered = discovered.map(|day| day.parse().unwrap());
            case.request.breach =
                Some(Breach { elements: NoticeElement::ALL.to_vec(), discovered, delayed_until: None });
            let duties = case.decide().obligations;
            duties.iter().any(|duty| duty.rule == "BRN-13" && duty.what.contains("breach.discovered"))
        };
        assert!(asked(None) && !asked(Some("2026-11-20")));
    }

    #[test]
    fn a_delay_beyond_thirty_days_asks_for_the_request_in_writing() {
        let alerted = |days: i64| {
            let mut case = breach();
            let until = case.facts.now.checked_add((24 * days).hours()).unwrap();
            let elements = NoticeElement::ALL.to_vec();
            case.request.breach = Some(Breach { elements, discovered: None, delayed_until: Some(until) });
            let decision = case.decide();
            assert!(decision.refusals.iter().any(|refusal| refusal.rule == "BRN-11"));
            decision.alerts.iter().any(|alert| alert.rule == "BRN-11" && alert.sentence.contains("in writing"))
        };
        assert!(alerted(31) && !alerted(30));
    }

    #[test]
    fn the_practices_state_asks_for_its_own_deadline_beside_the_patients() {
        let due = |practice: Option<&str>| {
            let mut case = breach();
            case.request.channels = Some(vec![Channel::Portal]);
            case.patient().states = vec!["NV".into()];
            case.facts.tenant.state = practice.map(Into::into);
            case.request.breach = Some(Breach {
                elements: NoticeElement::ALL.to_vec(),
                discovered: Some("2026-11-20".parse().unwrap()),
                delayed_until: None,
            });
            let duties = case.decide().obligations;
            duties.into_iter().find(|duty| duty.rule == "BRN-13").map(|duty| duty.what)
        };
        assert!(due(Some("NV")).is_some_and(|what| what.contains("2027-01-19")));
        assert!(due(Some("CA")).is_some_and(|what| what.contains("2026-12-11")));
    }
}
