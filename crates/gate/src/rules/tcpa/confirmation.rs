//! The one message that confirms an opt-out, or an opt-in. It may go where nothing else may, so it is held narrow: something was
//! said there to confirm, it goes back the way that was said, once, and it speaks of nothing else.

use crate::candidate::Candidate;
use crate::consent::{Standing, names_point, ruling};
use crate::decision::WaitingFor;
use crate::facts::{Address, ConsentKind, History, Inbound, OptOut, PointSource, Ruling};
use crate::finding::{Finding, MISSING, deny, strip, unknown, wait};
use crate::reference::CONFIRMATION_TEXT;
use crate::remedy::Remedy;
use crate::rendition::Confirms;
use crate::revocation::Meaning;
use crate::rules::privacy::restriction::system;
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead, Waiver};
use crate::view::{View, same_place};
use jiff::Timestamp;
use postern_base::{Channel, Origin, Purpose};

/// 47 CFR 64.1200(a)(12): one text may confirm a revocation, where it "merely confirms the text recipient's revocation request and does
/// not include any marketing or promotional information, and is the only additional message sent"; within five minutes it is presumed to
/// lie within the consent. house: a confirmation of an opt-in is held to the same: there is an opt-in at that place, it is confirmed
/// once, and the text speaks of nothing else.
pub(crate) const CONFIRMATION: Rule = Rule {
    id: "TCP-13",
    citation: "47 CFR 64.1200(a)(12)",
    ground: Ground::Law,
    read: SourceRead::SecondHand,
    effective: Effective::from(2025, 4, 11),
    waived_by: &[Waiver::LiveCall],
    asks: "An opt-out is confirmed once, within five minutes, there and in the way it was said, and with nothing else in the text; so is an opt-in, once.",
    scope: Scope::CONTACTS.when(Purpose::ConsentConfirmation),
    check: confirmation,
};

fn confirmation(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let Some(point) = candidate.point.filter(|_| confirms_by_machine(view, candidate)) else {
        return Finding::NotApplicable;
    };
    let Some(history) = view.history else { return history_is_missing(view) };
    if view.answered.is_some_and(|message| !was_said_here(message, candidate)) {
        return deny(
            "What this confirms was said elsewhere; a confirmation goes back to where it was said, the same way.",
        )
        .for_good("A confirmation goes to the place it was asked from, and to no other.");
    }
    // "merely confirms … and does not include any marketing or promotional information".
    if candidate.rendition.is_some_and(|text| text.says_business) {
        return strip("A confirmation says what becomes of the messages and whom to call; money, offers, pleas to stay and other matters are taken out.")
            .for_good("A text is not changed after it was asked for; what else there is to say goes as a message of its own purpose.");
    }
    if view.answers_help() {
        // Whether HELP was answered before is TCP-25's to say.
        return Finding::Satisfied;
    }
    // "the text recipient's revocation request": there is one, or an opt-in, and it is the last thing that was said.
    let (said_out, said_in) = (opted_out_at(view, history, candidate), opted_in_at(view, candidate));
    if view.answered.is_some_and(|message| !is_a_wish(view, message, said_out.max(said_in))) {
        return deny("The message that this answers asks for nothing that could be confirmed.")
            .for_good("What was asked for is confirmed to whoever asked; this was not.");
    }
    let stopped = point.stopped.by_message || point.stopped.on_record;
    if stopped || said_out > said_in {
        let finding = confirms_opt_out(view, history, candidate, (said_out, said_in));
        unless_it_says(Confirms::Beginning, candidate, finding)
    } else {
        let finding = confirms_opt_in(view, history, candidate, said_in);
        unless_it_says(Confirms::End, candidate, finding)
    }
}

/// A machine confirms something there; what a person says on a call is theirs.
fn confirms_by_machine(view: &View<'_>, candidate: &Candidate<'_>) -> bool {
    let live = candidate.channel == Channel::Voice && view.human_voice();
    candidate.is_contact() && !live && view.request.purpose == Purpose::ConsentConfirmation
}

/// The finding, unless the text tells the patient the contrary of what they said last.
fn unless_it_says(contrary: Confirms, candidate: &Candidate<'_>, finding: Finding) -> Finding {
    let says_it = candidate.rendition.is_some_and(|text| text.confirms == contrary);
    if says_it && matches!(finding, Finding::Satisfied) {
        return strip("The text confirms the contrary of what the patient said last; confirm that.")
            .for_good("A text is not changed after it was asked for; another one says what the patient said.");
    }
    finding
}

/// Whether a message that is answered asked for an end or a beginning; or a person read it so, and recorded that at once or later.
fn is_a_wish(view: &View<'_>, message: &Inbound, recorded: Option<Timestamp>) -> bool {
    let said = view.answered_meaning().is_some_and(|meaning| meaning.stops() || meaning == Meaning::Resumes);
    said || recorded.is_some_and(|at| at >= message.at)
}

fn history_is_missing(view: &View<'_>) -> Finding {
    match view.history_missing().and_then(WaitingFor::because) {
        Some(system) => wait(system, "What the patient said of messages could not be read; waiting for it."),
        None => unknown("What the patient said of messages is not on record, so there is nothing to confirm.")
            .for_good(MISSING),
    }
}

/// The message came from this contact point, by this channel.
fn was_said_here(message: &Inbound, candidate: &Candidate<'_>) -> bool {
    message.channel == candidate.channel && same_place(&message.point, candidate.address)
}

// ---- opt-outs

fn confirms_opt_out(
    view: &View<'_>,
    history: &History,
    candidate: &Candidate<'_>,
    (said, resumed): (Option<Timestamp>, Option<Timestamp>),
) -> Finding {
    let Some(said) = said else {
        return deny("The patient did not say stop here and in this way, so this is not where it is confirmed.")
            .for_good("A confirmation goes to the place it was asked from, and to no other.");
    };
    if view.start.duration_since(said) > CONFIRMATION_TEXT {
        return deny("An opt-out may be confirmed within five minutes of it, and they are over.")
            .for_good("The five minutes in which an opt-out may be confirmed do not come back.");
    }
    if anything_went_since(history, candidate, said) {
        return deny("An opt-out may be confirmed once, and a message has gone there since it was said.")
            .for_good("The one message that may follow an opt-out has been sent.");
    }
    // Who says it twice revokes once, unless a START came between: the first was answered.
    let first = opt_outs(view, history, candidate).filter(|at| Some(*at) > resumed).min();
    Finding::when(!first.is_some_and(|_| was_confirmed_since(history, candidate, first)), || {
        deny("The opt-out was said before and confirmed then; saying it again is not confirmed again.")
            .for_good("The one message that may follow an opt-out has been sent.")
    })
}

/// Whether the message is the one that may follow an opt-out, which the rules that keep the opt-out let pass.
///
/// 47 CFR 64.1200(a)(12): a confirmation answers the opt-out; neither a mass mailing nor a journey nor a model does.
pub(super) fn answers_opt_out(view: &View<'_>, candidate: &Candidate<'_>) -> bool {
    let answers = matches!(view.request.origin, Origin::Api | Origin::Staff | Origin::Reply);
    let confirms = answers && view.purpose == Purpose::ConsentConfirmation && !view.answers_help();
    confirms && matches!(confirmation(view, candidate), Finding::Satisfied)
}

/// When the patient last opted out here and in this way, in their own words or on record.
fn opted_out_at(view: &View<'_>, history: &History, candidate: &Candidate<'_>) -> Option<Timestamp> {
    opt_outs(view, history, candidate).max()
}

/// Each time the patient opted out here and in this way, in no order.
fn opt_outs<'v>(
    view: &'v View<'_>,
    history: &'v History,
    candidate: &'v Candidate<'_>,
) -> impl Iterator<Item = Timestamp> + 'v {
    let words = view.messages().filter(|(message, meaning)| meaning.stops() && was_said_here(message, candidate));
    let recorded_here = |row: &&OptOut| row.channel == candidate.channel && same_place(&row.point, candidate.address);
    let rows = history.opt_outs.iter().filter(recorded_here);
    words.map(|(message, _)| message.at).chain(rows.map(|row| row.at))
}

fn anything_went_since(history: &History, candidate: &Candidate<'_>, since: Timestamp) -> bool {
    let there = history.deliveries.iter().filter(|past| past.counts() && same_place(&past.point, candidate.address));
    there.map(|past| past.at).any(|at| at >= since)
}

// ---- opt-ins

fn confirms_opt_in(view: &View<'_>, history: &History, candidate: &Candidate<'_>, asked: Option<Timestamp>) -> Finding {
    if matches!(view.request.origin, Origin::Bulk | Origin::Ai) {
        return deny("What one patient asked for is confirmed to that patient, not to many, and not by a model.")
            .lifted_by(&[Remedy::AskByAnother]);
    }
    let permitted = candidate.point.is_some_and(|point| point.standing == Some(Standing::Permitted));
    if asked.is_none() && !permitted && !was_given_by_patient(candidate) {
        return deny("Nobody asked for messages here, so there is no opt-in to confirm.")
            .lifted_by(&[Remedy::RecordConsent]);
    }
    if opted_out_elsewhere(view, history, candidate.address, asked) {
        return deny("The patient has since said stop elsewhere; that is confirmed there, and not here.")
            .lifted_by(&[Remedy::RecordConsent]);
    }
    Finding::when(!was_confirmed_since(history, candidate, asked), || {
        deny("This opt-in was confirmed before; it is confirmed once.")
            .for_good("It was confirmed; a new opt-in is confirmed anew.")
    })
}

/// When the patient last asked for messages here: with START, or in a consent that names the place.
fn opted_in_at(view: &View<'_>, candidate: &Candidate<'_>) -> Option<Timestamp> {
    let resumes =
        |(message, meaning): &(&Inbound, Meaning)| *meaning == Meaning::Resumes && was_said_here(message, candidate);
    let query = view.query(system(candidate), candidate.address);
    let consents = view.active(ConsentKind::ContactConsent).filter(|consent| {
        names_point(&consent.provision, query) && ruling(&consent.provision, query) == Some(Ruling::Permit)
    });
    let words = view.messages().filter(resumes).map(|(message, _)| message.at);
    words.chain(consents.filter_map(|consent| consent.given)).max()
}

fn was_given_by_patient(candidate: &Candidate<'_>) -> bool {
    candidate.point.is_some_and(|point| point.point.source.is_known_and(|source| *source == PointSource::Patient))
}

/// Whether the patient opted out at another place after `asked`, and did not take that back there.
fn opted_out_elsewhere(view: &View<'_>, history: &History, here: &Address, asked: Option<Timestamp>) -> bool {
    let words = view.messages().filter(|(_, meaning)| meaning.stops()).map(|(message, _)| (&message.point, message.at));
    let rows = history.opt_outs.iter().map(|row| (&row.point, row.at));
    words.chain(rows).any(|(place, at)| {
        let later = asked.is_none_or(|asked| at > asked);
        later && !same_place(place, here) && !was_taken_back(view, place, at)
    })
}

fn was_taken_back(view: &View<'_>, place: &Address, at: Timestamp) -> bool {
    view.messages()
        .any(|(message, meaning)| meaning == Meaning::Resumes && message.at > at && same_place(&message.point, place))
}

/// Whether something was confirmed there, in this way, since then; ever, where no time is given.
fn was_confirmed_since(history: &History, candidate: &Candidate<'_>, asked: Option<Timestamp>) -> bool {
    history.deliveries.iter().any(|past| {
        past.purpose == Purpose::ConsentConfirmation
            && past.counts()
            && past.channel == candidate.channel
            && same_place(&past.point, candidate.address)
            && asked.is_none_or(|asked| past.at >= asked)
    })
}

#[cfg(test)]
mod tests {
    use crate::fact::Fact;
    use crate::facts::{OptOut, OptOutScope, PastDelivery, PointSource};
    use crate::rendition::Confirms;

    use crate::sample::{Case, address, refused_by, sends, sms};
    use jiff::ToSpan;
    use postern_base::{Channel, Level, Origin, Purpose};

    const NUMBER: &str = "+12125550101";
    const OTHER: &str = "+13175550177";

    /// A confirmation that is asked for two minutes after `text` came from the patient's number.
    fn after(text: &str) -> Case {
        let mut case = confirmation(Channel::Sms);
        hear(&mut case, NUMBER, text, 2);
        case
    }

    fn confirmation(channel: Channel) -> Case {
        let mut case = Case::of("consent_confirmation", Level::L0, &[channel]);
        case.speak_l0();
        case
    }

    fn hear(case: &mut Case, from: &str, text: &str, minutes_ago: i64) {
        let at = case.facts.now.checked_sub(minutes_ago.minutes()).unwrap();
        case.hears(at, Channel::Sms, from, text);
    }

    fn went(case: &mut Case, to: &str, purpose: Purpose, minutes_ago: i64) {
        let at = case.facts.now.checked_sub(minutes_ago.minutes()).unwrap();
        let (channel, point) = (Channel::Sms, address(to));
        let past = PastDelivery { at, channel, point, purpose, automated: true, outcome: None };
        case.history().deliveries.push(past);
    }

    #[test]
    fn a_stop_is_confirmed_by_whoever_answers_it_and_by_nothing_that_goes_to_many() {
        for origin in [Origin::Reply, Origin::Staff, Origin::Api] {
            let mut case = after("STOP");
            case.request.origin = origin;
            assert!(sends(&case, Channel::Sms), "{origin}");
        }
        for origin in [Origin::Bulk, Origin::Journey, Origin::Ai] {
            let mut case = after("STOP");
            case.request.origin = origin;
            assert!(refused_by(&case, Channel::Sms, "TCP-11"), "{origin}");
        }
    }

    #[test]
    fn an_opt_out_on_record_is_confirmed_as_one_in_words_is() {
        for (minutes, goes) in [(4, true), (6, false)] {
            let mut case = confirmation(Channel::Sms);
            let at = case.facts.now.checked_sub(minutes.minutes()).unwrap();
            let (channel, point) = (Channel::Sms, address(NUMBER));
            case.history().opt_outs.push(OptOut { at, channel, point, scope: OptOutScope::All });
            assert_eq!(sends(&case, Channel::Sms), goes, "{minutes}");
            assert_eq!(refused_by(&case, Channel::Sms, "TCP-13"), !goes, "{minutes}");
        }
    }

    #[test]
    fn five_minutes_are_five_minutes() {
        let mut case = after("STOP");
        let said = case.history().inbound[0].at;
        case.facts.now = said.checked_add(5.minutes()).unwrap();
        assert!(sends(&case, Channel::Sms));
        case.facts.now = said.checked_add(5.minutes().seconds(1)).unwrap();
        assert!(refused_by(&case, Channel::Sms, "TCP-13"));
        case.facts.now = said;
        case.request.send_at = said.checked_add(10.minutes()).ok();
        assert!(refused_by(&case, Channel::Sms, "TCP-13"), "asked for now, to go later");
    }

    #[test]
    fn a_second_confirmation_of_one_stop_is_refused_and_a_new_stop_is_confirmed() {
        let mut case = after("STOP");
        went(&mut case, NUMBER, Purpose::ConsentConfirmation, 1);
        assert!(refused_by(&case, Channel::Sms, "TCP-13"));
        hear(&mut case, NUMBER, "START", 1);
        hear(&mut case, NUMBER, "STOP", 0);
        assert!(sends(&case, Channel::Sms));
    }

    #[test]
    fn a_stop_that_is_said_again_is_not_confirmed_again() {
        let mut case = confirmation(Channel::Sms);
        hear(&mut case, NUMBER, "STOP", 30);
        went(&mut case, NUMBER, Purpose::ConsentConfirmation, 29);
        hear(&mut case, NUMBER, "STOP", 1);
        assert!(refused_by(&case, Channel::Sms, "TCP-13"));
        let mut unanswered = confirmation(Channel::Sms);
        hear(&mut unanswered, NUMBER, "STOP", 30);
        hear(&mut unanswered, NUMBER, "STOP", 1);
        assert!(sends(&unanswered, Channel::Sms), "the first was never answered");
    }

    #[test]
    fn a_stop_by_text_is_confirmed_by_text_to_that_number_alone() {
        let mut call = after("STOP");
        call.request.channels = Some(vec![Channel::Voice]);
        assert!(refused_by(&call, Channel::Voice, "TCP-13"));
        let mut mail = after("STOP");
        mail.request.channels = Some(vec![Channel::Email]);
        assert!(refused_by(&mail, Channel::Email, "TCP-13"));
        for in_reply_to in [None, Some(0)] {
            let mut other = confirmation(Channel::Sms);
            other.patient().points.push(sms(OTHER, 4));
            hear(&mut other, OTHER, "STOP", 2);
            other.request.in_reply_to = in_reply_to;
            let to = |number: &str| {
                let planned = other.decide().deliveries;
                planned.iter().any(|delivery| delivery.contact_point == address(number))
            };
            assert!(!to(NUMBER), "{in_reply_to:?}");
            assert!(to(OTHER), "{in_reply_to:?}");
        }
    }

    #[test]
    fn an_opt_in_is_confirmed_where_there_is_one_and_once() {
        let mut case = confirmation(Channel::Sms);
        assert!(sends(&case, Channel::Sms));
        went(&mut case, NUMBER, Purpose::ConsentConfirmation, 60);
        assert!(refused_by(&case, Channel::Sms, "TCP-13"));
        hear(&mut case, NUMBER, "START", 1);
        assert!(sends(&case, Channel::Sms));
        let mut nobody = confirmation(Channel::Sms);
        nobody.consents().clear();
        nobody.patient().points.iter_mut().for_each(|p| p.source = Fact::Known(PointSource::Staff));
        assert!(refused_by(&nobody, Channel::Sms, "TCP-13"));
    }

    #[test]
    fn an_opt_in_of_long_ago_is_not_confirmed_at_night_and_one_of_this_minute_is() {
        let mut case = confirmation(Channel::Sms);
        case.facts.now = "2026-12-02T07:00:00Z".parse().unwrap();
        assert!(refused_by(&case, Channel::Sms, "TCP-06"));
        hear(&mut case, NUMBER, "START", 1);
        assert!(sends(&case, Channel::Sms));
    }

    #[test]
    fn an_answer_to_what_asked_for_nothing_confirms_nothing() {
        let mut case = after("ok thank you");
        case.request.in_reply_to = Some(0);
        assert!(refused_by(&case, Channel::Sms, "TCP-13"));
        let at = case.facts.now.checked_sub(1.minutes()).unwrap();
        let (channel, point) = (Channel::Sms, address(NUMBER));
        case.history().opt_outs.push(OptOut { at, channel, point, scope: OptOutScope::All });
        assert!(sends(&case, Channel::Sms), "a person read it as a wish to hear no more");
        let mut start = after("START");
        start.request.in_reply_to = Some(0);
        assert!(sends(&start, Channel::Sms));
    }

    #[test]
    fn an_end_is_not_confirmed_to_who_began_again_nor_a_beginning_to_who_ended_it() {
        let telling =
            |case: &mut Case, confirms| case.facts.renditions.iter_mut().for_each(|text| text.confirms = confirms);
        for (words, right, wrong) in
            [("START", Confirms::Beginning, Confirms::End), ("STOP", Confirms::End, Confirms::Beginning)]
        {
            let mut case = confirmation(Channel::Sms);
            hear(&mut case, NUMBER, "STOP", 3);
            hear(&mut case, NUMBER, words, 1);
            telling(&mut case, right);
            assert!(sends(&case, Channel::Sms), "{words}");
            telling(&mut case, wrong);
            assert!(refused_by(&case, Channel::Sms, "TCP-13"), "{words}");
        }
    }

    #[test]
    fn an_opt_in_is_confirmed_to_one_patient_and_not_in_a_mass_mailing() {
        for origin in [Origin::Bulk, Origin::Ai] {
            let mut case = confirmation(Channel::Sms);
            case.request.origin = origin;
            assert!(refused_by(&case, Channel::Sms, "TCP-13"), "{origin}");
        }
        let mut night = confirmation(Channel::Sms);
        night.facts.now = "2026-12-02T07:00:00Z".parse().unwrap();
        hear(&mut night, NUMBER, "see you tomorrow", 1);
        assert!(refused_by(&night, Channel::Sms, "TCP-06"), "nobody asked for it just now");
    }

    #[test]
    fn a_confirmation_that_speaks_of_anything_else_is_refused() {
        let mut case = after("STOP");
        case.facts.renditions.iter_mut().for_each(|text| text.says_business = true);
        assert!(refused_by(&case, Channel::Sms, "TCP-13"));
    }
}
