//! STOP.

use super::confirmation::answers_opt_out;
use crate::candidate::Candidate;
use crate::decision::WaitingFor;
use crate::finding::{Finding, MISSING, ask, deny, unknown, wait};
use crate::reference::ANSWER_AFTER_STOP;
use crate::remedy::Remedy;
use crate::revocation::{Meaning, can_answer};
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead, Waiver};
use crate::view::{Stopped, View};
use postern_base::{Origin, Purpose};

/// The stopped state that binds a candidate: of contacts by machine and of calls to sell, unless TCP-15 or TCP-17 lift it.
fn binding(view: &View<'_>, candidate: &Candidate<'_>) -> Option<Stopped> {
    // 47 CFR 64.1200(d)(3): who asked not to be called is called no more to sell, by a person either.
    let point = candidate.point.filter(|_| view.binds(candidate.channel))?;
    // No question is answered with an offer.
    let sells = view.purpose == Purpose::Marketing;
    // 47 CFR 64.1200(a)(10): an opt-out does not reach live calls, mail, the portal, emergencies, or one answer to what
    // the patient sends afterwards.
    let stops = point.stopped.by_message || point.stopped.on_record;
    let answers = !sells && (is_an_answer(view) || !stops);
    let answer = answers && view.is_first_answer(candidate.address, point.stopped.at) && is_prompt(view);
    let confirmation = view.purpose == Purpose::ConsentConfirmation;
    // 47 CFR 64.1200(a)(12): nor does it reach the one message that confirms it.
    let confirms = || answers_opt_out(view, candidate);
    let spares = view.emergency || (answer && (confirmation || !replies_to_stop(view))) || confirms();
    (!spares).then_some(point.stopped)
}

/// house: who has said stop and asks something is answered within a day; after that a person calls or writes.
fn is_prompt(view: &View<'_>) -> bool {
    view.answered.is_some_and(|message| view.start.duration_since(message.at) <= ANSWER_AFTER_STOP)
}

/// Whether what is sent is about what the patient asked: 47 CFR 64.1200(a)(10) ends reminders, bills and offers, and a question about
/// something else does not begin them again. HELP is answered with the help text (RULES TCP-25).
fn is_an_answer(view: &View<'_>) -> bool {
    let formality = view.purpose == Purpose::ConsentConfirmation;
    let asked = |purpose| view.answered.is_some_and(|message| can_answer(message.text.reveal(), purpose));
    (formality || !view.answers_help()) && asked(view.purpose) && asked(view.request.purpose)
}

/// The message that is answered is itself a revocation, which only a confirmation may answer, or may be one, which only a
/// person who has read it may answer.
fn replies_to_stop(view: &View<'_>) -> bool {
    let meaning = view.answered_meaning();
    let unclear = meaning == Some(Meaning::Ambiguous) && view.request.origin != Origin::Staff;
    unclear || meaning.is_some_and(|meaning| meaning.stops() || meaning.is_wrong_number())
}

/// 47 CFR 64.1200(a)(10): "may revoke prior express consent … by using any reasonable method"; (a)(11): and what is presumed.
pub(crate) const REVOKED: Rule = Rule {
    id: "TCP-11",
    citation: "47 CFR 64.1200(a)(10)",
    ground: Ground::Law,
    read: SourceRead::SecondHand,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::Emergency, Waiver::Answer, Waiver::LiveCall],
    asks: "Who said stop, in whatever words, gets nothing more by machine at that address, and no call to sell, until they ask again.",
    scope: Scope::BOUND,
    check: revoked,
};

fn revoked(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let Some(stopped) = binding(view, candidate) else { return Finding::NotApplicable };
    if stopped.by_message {
        return deny(
            "The patient answered with a word that means stop; nothing more is sent there until they ask again.",
        )
        .lifted_by(&[Remedy::OptBackIn]);
    }
    if stopped.perhaps {
        return ask(
            "The patient answered with words that may mean stop; a person must read them before anything more is sent.",
        )
        .lifted_by(&[Remedy::ReadAnswer])
        .and_alert();
    }
    match (view.history, view.history_missing().and_then(WaitingFor::because)) {
        (Some(_), _) => Finding::Satisfied,
        (None, Some(system)) => wait(system, "What the patient answered could not be read; waiting for it."),
        (None, None) => {
            unknown("What the patient answered before is not on record; nothing is sent without it.").for_good(MISSING)
        }
    }
}

/// 47 CFR 64.1200(a)(10): `cancel` is one of the words that revoke as such, in an appointment thread too.
pub(crate) const CANCEL: Rule = Rule {
    id: "TCP-12",
    citation: "47 CFR 64.1200(a)(10)",
    ground: Ground::Law,
    read: SourceRead::SecondHand,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::Emergency, Waiver::Answer, Waiver::LiveCall],
    asks: "CANCEL stops messages; a person asks whether the visit was meant too.",
    scope: Scope::BOUND,
    check: cancel,
};

fn cancel(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    match binding(view, candidate) {
        Some(stopped) if stopped.by_cancel => {
            deny("The patient answered CANCEL, which stops messages; ask whether they also want the visit cancelled.")
                .lifted_by(&[Remedy::OptBackIn])
                .and_alert()
        }
        Some(_) if view.history.is_some() => Finding::Satisfied,
        _ => Finding::NotApplicable,
    }
}

/// DA 26-12 and 47 CFR 64.1200(a)(10): how far a revocation reaches. house: a bare STOP stops all texts and machine calls.
pub(crate) const SCOPE: Rule = Rule {
    id: "TCP-14",
    citation: "47 CFR 64.1200(a)(10)",
    ground: Ground::Law,
    read: SourceRead::SecondHand,
    effective: Effective::ALWAYS,
    waived_by: &[Waiver::Emergency, Waiver::Answer, Waiver::LiveCall],
    asks: "An opt-out on record is obeyed: a bare STOP for everything automated at that place, one that names a purpose for that purpose.",
    scope: Scope::BOUND,
    check: scope,
};

fn scope(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    match binding(view, candidate) {
        Some(stopped) if stopped.on_record => {
            deny("The patient has opted out of this; nothing more is sent there until they ask again.")
                .lifted_by(&[Remedy::OptBackIn])
        }
        Some(_) if view.history.is_some() => Finding::Satisfied,
        _ => Finding::NotApplicable,
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::{OptOut, OptOutScope};
    use crate::request::{AnsweredBy, Voice, VoiceMode};

    use crate::sample::{Case, address, refused_by, sends};
    use jiff::ToSpan;
    use postern_base::{Channel, Level, Origin, Purpose, Review};

    fn after(texts: &[&str]) -> Case {
        let mut case = Case::reminder_by_sms();
        for (minute, text) in texts.iter().enumerate() {
            let at = case.facts.now.checked_sub(10.minutes()).unwrap();
            let at = at.checked_add(i64::try_from(minute).unwrap().minutes()).unwrap();
            case.hears(at, Channel::Sms, "+12125550101", text);
        }
        case
    }

    #[test]
    fn a_stop_that_nobody_recorded_is_heard() {
        assert!(refused_by(&after(&["ok", "STOP"]), Channel::Sms, "TCP-11"));
        assert!(refused_by(&after(&["CANCEL"]), Channel::Sms, "TCP-12"));
    }

    #[test]
    fn who_asks_for_one_way_alone_is_reached_by_no_other_wherever_they_ask() {
        let held = |channel, from: &str, text: &str| {
            let mut case = Case::reminder_by_sms();
            let at = case.facts.now.checked_sub(10.minutes()).unwrap();
            case.hears(at, channel, from, text);
            case.decide().outcome.as_str() == "hold"
        };
        for (channel, from) in [(Channel::Portal, "Patient/p1"), (Channel::Email, "pat@example.org")] {
            for text in [
                "Please only e-mail me",
                "Please write to me by post, nothing else",
                "My number is now 646-555-0111",
                "Someone else answers this phone",
            ] {
                assert!(held(channel, from, text), "{text}");
            }
            for text in ["Only text me please", "Don't email me, texts are fine", "Stop the e-mails, texts are enough"]
            {
                assert!(!held(channel, from, text), "{text}");
            }
        }
        assert!(held(Channel::Sms, "+12125550101", "From now on please send letters only"));
    }

    #[test]
    fn a_request_for_one_way_that_a_person_has_read_holds_nothing_more() {
        let mut case = Case::reminder_by_sms();
        let at = case.facts.now.checked_sub(10.minutes()).unwrap();
        case.hears(at, Channel::Portal, "Patient/p1", "Please only e-mail me");
        case.history().inbound.iter_mut().for_each(|message| message.reviewed = Some(Review::Nothing));
        assert!(sends(&case, Channel::Sms));
    }

    #[test]
    fn no_more_robocalls_said_in_the_portal_ends_the_calls() {
        let mut case = Case::of("appointment_reminder", Level::L1, &[Channel::Voice]);
        let at = case.facts.now.checked_sub(10.minutes()).unwrap();
        case.hears(at, Channel::Portal, "Patient/p1", "no more robocalls");
        assert!(!sends(&case, Channel::Voice));
    }

    #[test]
    fn a_phone_that_is_not_to_be_used_gets_no_texts_either_and_who_wants_no_machine_gets_none() {
        for text in ["Do not use this phone, my ex has it", "I do not want any automated messages"] {
            let mut case = Case::reminder_by_sms();
            let at = case.facts.now.checked_sub(10.minutes()).unwrap();
            case.hears(at, Channel::Portal, "Patient/p1", text);
            assert!(!sends(&case, Channel::Sms), "{text}");
        }
    }

    #[test]
    fn start_lifts_a_stop_and_a_later_stop_stands() {
        assert!(sends(&after(&["STOP", "START"]), Channel::Sms));
        assert!(refused_by(&after(&["STOP", "START", "stop"]), Channel::Sms, "TCP-11"));
    }

    #[test]
    fn a_start_of_a_clock_that_runs_ahead_opens_nothing() {
        let opened = |ahead: i64| {
            let mut case = after(&["STOP"]);
            let at = case.facts.now.checked_add(ahead.seconds()).unwrap();
            case.hears(at, Channel::Sms, "+12125550101", "START");
            sends(&case, Channel::Sms)
        };
        assert!(opened(-1) && opened(60), "clocks differ by moments");
        assert!(!opened(61) && !opened(7200));
    }

    #[test]
    fn words_that_may_mean_stop_are_held_for_a_person() {
        let decision = after(&["should I stop?"]).decide();
        assert_eq!(decision.outcome.as_str(), "hold");
        assert!(decision.alerts.iter().any(|alert| alert.rule == "TCP-11"));
    }

    #[test]
    fn one_answer_to_a_later_question_is_given_and_an_unclear_one_only_by_a_person() {
        let answer = |texts: &[&str], to, origin| {
            let mut case = after(texts);
            case.request.origin = origin;
            case.request.in_reply_to = Some(to);
            sends(&case, Channel::Sms)
        };
        assert!(answer(&["STOP", "when is my visit?"], 1, Origin::Reply));
        assert!(!answer(&["STOP", "when is my visit?"], 0, Origin::Reply), "the stop itself is not a question");
        assert!(!answer(&["when is my visit?", "STOP"], 0, Origin::Staff), "the stop came after the question");
        assert!(!answer(&["should I stop?"], 0, Origin::Reply));
        assert!(answer(&["should I stop?"], 0, Origin::Staff));
    }

    #[test]
    fn after_a_stop_an_answer_is_about_what_was_asked_and_help_is_answered_with_help() {
        let answer = |question: &str, purpose| {
            let mut case = after(&["STOP", question]);
            (case.request.origin, case.request.in_reply_to) = (Origin::Reply, Some(1));
            case.request.purpose = purpose;
            refused_by(&case, Channel::Sms, "TCP-11")
        };
        assert!(!answer("When is my visit?", Purpose::AppointmentReminder));
        assert!(!answer("what should I bring?", Purpose::FollowUp));
        assert!(!answer("how much do I owe?", Purpose::Billing));
        assert!(answer("When is my visit?", Purpose::Billing));
        assert!(answer("thanks", Purpose::AppointmentReminder));
        for purpose in [Purpose::Recall, Purpose::Survey, Purpose::Marketing] {
            assert!(answer("When is my visit?", purpose), "{purpose}");
        }
        for purpose in [Purpose::AppointmentReminder, Purpose::FollowUp, Purpose::Billing] {
            assert!(answer("HELP", purpose), "{purpose}");
        }
    }

    #[test]
    fn no_offer_is_the_answer_after_a_stop_and_no_answer_comes_days_late() {
        let mut case = after(&["STOP", "when do you open?"]);
        case.request.origin = Origin::Reply;
        case.request.in_reply_to = Some(1);
        case.facts.now = case.history().inbound[1].at.checked_add(24.hours()).unwrap();
        assert!(!refused_by(&case, Channel::Sms, "TCP-11"));
        case.facts.now = case.history().inbound[1].at.checked_add(24.hours().seconds(1)).unwrap();
        assert!(refused_by(&case, Channel::Sms, "TCP-11"));
        let mut offer = after(&["STOP", "when do you open?"]);
        (offer.request.origin, offer.request.in_reply_to) = (Origin::Reply, Some(1));
        offer.request.purpose = Purpose::Marketing;
        assert!(refused_by(&offer, Channel::Sms, "TCP-11"));
    }

    #[test]
    fn who_read_a_reply_lifts_the_doubt_and_nothing_that_was_said() {
        let read_as = |text: &str, review| {
            let mut case = after(&[text]);
            case.history().inbound[0].reviewed = review;
            case
        };
        const UNCLEAR: &str = "should I stop?";
        assert!(refused_by(&read_as(UNCLEAR, None), Channel::Sms, "TCP-11"));
        assert!(sends(&read_as(UNCLEAR, Some(Review::Nothing)), Channel::Sms));
        assert!(refused_by(&read_as(UNCLEAR, Some(Review::Stops)), Channel::Sms, "TCP-11"));
        assert!(refused_by(&read_as(UNCLEAR, Some(Review::WrongNumber)), Channel::Sms, "TCP-19"));
        assert!(refused_by(&read_as("STOP", Some(Review::Nothing)), Channel::Sms, "TCP-11"));
        assert!(refused_by(&read_as("wrong number", Some(Review::Nothing)), Channel::Sms, "TCP-19"));
        assert!(refused_by(&read_as("see you then", Some(Review::Stops)), Channel::Sms, "TCP-11"));
    }

    const HUMAN: Voice = Voice {
        mode: VoiceMode::Human,
        answered_by: AnsweredBy::Patient,
        identity_verified: true,
        recording: false,
        transcribing: false,
        recording_consent: false,
        disclosed: false,
    };

    #[test]
    fn a_person_calls_about_care_after_a_stop_and_not_to_sell() {
        let calls = |purpose, scope| {
            let mut case = Case::of("follow_up", Level::L1, &[Channel::Voice]);
            case.request.purpose = purpose;
            case.request.origin = Origin::Staff;
            case.request.voice = Some(HUMAN);
            let (at, point) = (case.facts.now, address("+12125550101"));
            case.history().opt_outs.push(OptOut { at, channel: Channel::Voice, point, scope });
            refused_by(&case, Channel::Voice, "TCP-14")
        };
        assert!(calls(Purpose::Marketing, OptOutScope::All));
        assert!(calls(Purpose::Marketing, OptOutScope::Purpose(Purpose::Marketing)));
        assert!(!calls(Purpose::FollowUp, OptOutScope::All));
        assert!(!calls(Purpose::Marketing, OptOutScope::Purpose(Purpose::Billing)));
    }

    #[test]
    fn an_opt_out_from_one_purpose_leaves_the_others() {
        let mut case = Case::reminder_by_sms();
        let at = case.facts.now;
        let point = address("+12125550101");
        let row = |scope| OptOut { at, channel: Channel::Sms, point: point.clone(), scope };
        case.history().opt_outs.push(row(OptOutScope::Purpose(Purpose::Billing)));
        assert!(sends(&case, Channel::Sms));
        case.history().opt_outs.push(row(OptOutScope::Purpose(Purpose::AppointmentReminder)));
        assert!(refused_by(&case, Channel::Sms, "TCP-14"));
    }

    #[test]
    fn a_stop_is_confirmed_once_and_only_at_once() {
        let mut case = after(&["STOP"]);
        case.request.purpose = Purpose::ConsentConfirmation;
        case.request.origin = Origin::Reply;
        case.request.in_reply_to = Some(0);
        case.speak_l0();
        case.facts.now = case.history().inbound[0].at.checked_add(1.minutes()).unwrap();
        assert!(sends(&case, Channel::Sms));
        case.facts.now = case.history().inbound[0].at.checked_add(6.minutes()).unwrap();
        assert!(refused_by(&case, Channel::Sms, "TCP-13"));
    }

    #[test]
    fn who_asks_elsewhere_for_no_more_texts_gets_none() {
        let asked = |channel, from: &str, text: &str| {
            let mut case = Case::reminder_by_sms();
            let at = case.facts.now.checked_sub(1.hours()).unwrap();
            case.hears(at, channel, from, text);
            case
        };
        let (portal, mail) = ("Patient/p1", "pat@example.org");
        assert!(refused_by(&asked(Channel::Portal, portal, "Please stop texting me"), Channel::Sms, "TCP-11"));
        assert!(refused_by(&asked(Channel::Email, mail, "no more text messages please"), Channel::Sms, "TCP-11"));
        assert!(sends(&asked(Channel::Email, mail, "STOP"), Channel::Sms), "a bare word is about where it is said");
        assert!(sends(&asked(Channel::Portal, portal, "Should I stop the metformin?"), Channel::Sms));
        let mut mailed = asked(Channel::Email, "Pat@Example.ORG", "unsubscribe");
        mailed.request.channels = Some(vec![Channel::Email]);
        assert!(refused_by(&mailed, Channel::Email, "TCP-11"), "no mailbox tells capitals apart");
        let elsewhere = asked(Channel::Email, "work@example.net", "stop texting me");
        assert!(
            refused_by(&elsewhere, Channel::Sms, "TCP-11"),
            "it stands in the patient's history, wherever it came from"
        );
        assert!(
            sends(&asked(Channel::Email, "work@example.net", "STOP"), Channel::Sms),
            "a bare word is about where it is said"
        );
        assert!(refused_by(
            &asked(Channel::Mail, "1 Elm St", "Do not call or text our client."),
            Channel::Sms,
            "TCP-11"
        ));
        assert!(sends(&asked(Channel::Mail, "1 Elm St", "Thank you for your call."), Channel::Sms));
    }
}
