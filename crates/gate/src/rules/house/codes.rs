//! One-time codes (RULES 1.8).

use super::points::is_verified;
use crate::candidate::Candidate;
use crate::facts::LineType;
use crate::finding::{Finding, deny, later, redirect, unknown};
use crate::matrix::Mark;
use crate::reference::{ONE_TIME_CODE_LIFETIME, ONE_TIME_CODES_HOURLY_MOST};
use crate::remedy::Remedy;
use crate::rules::scope::Scope;
use crate::rules::{Effective, Ground, Rule, SourceRead};
use crate::view::View;
use jiff::{SignedDuration, Timestamp};
use postern_base::{Channel, Purpose};

/// NIST SP 800-63B 5.1.3.2: an out-of-band secret is good for a few minutes. house: five (RULES 1.0, `otp_ttl_seconds`); five
/// codes an hour to one place, so that nobody's phone is flooded and nobody guesses long; and the text is a code, because what
/// this purpose lifts (hours, opt-outs, verification) it lifts for a code alone.
pub(crate) const ONE_TIME_CODE: Rule = Rule {
    id: "OTP-01",
    citation: "NIST SP 800-63B 5.1.3",
    ground: Ground::Standard,
    read: SourceRead::FromKnowledge,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "A one-time code is a code, says nothing of care, lives five minutes at most, and few go to one place in an hour.",
    scope: Scope::ANY.when(Purpose::OneTimeCode),
    check: one_time_code,
};

fn one_time_code(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    if view.request.purpose != Purpose::OneTimeCode {
        return Finding::NotApplicable;
    }
    if candidate.cell.has(Mark::DeviceBound) {
        return redirect("A code is not pushed as text; the device approves instead.")
            .for_good("A code on the device it unlocks proves nothing; the device approves instead.");
    }
    if candidate.rendition.is_some_and(|text| !text.says_code) {
        return deny("There is no code in this text, so it is no one-time code; ask for it with the purpose it has.")
            .for_good("A text is not changed after it was asked for; the next request names the purpose it has.");
    }
    let expires = view.request.expires_at;
    if expires.is_some_and(|expires| expires.duration_since(view.start) > ONE_TIME_CODE_LIFETIME) {
        return deny("The code would live longer than five minutes; let it, and this request, expire sooner.")
            .lifted_by(&[Remedy::ShortenCode]);
    }
    if let Some(until) = flooded_until(view, candidate) {
        return later(until, "Several codes went there within the hour; another waits, and somebody may be guessing.")
            .and_alert();
    }
    match expires {
        None => Finding::Obliges("Let the code expire five minutes after it was made, at the latest.".into()),
        Some(_) if candidate.rendition.is_some_and(|text| !text.says_keep_secret) => {
            Finding::Obliges("Say in the text that the code is not to be shared with anybody.".into())
        }
        Some(_) => Finding::Satisfied,
    }
}

/// When another code may go to this place, if as many as may went there within an hour.
fn flooded_until(view: &View<'_>, candidate: &Candidate<'_>) -> Option<Timestamp> {
    let hour = SignedDuration::from_hours(1);
    let codes = view.history?.deliveries.iter().filter(|past| {
        past.purpose == Purpose::OneTimeCode
            && past.point == *candidate.address
            && past.counts()
            && past.at <= view.start
    });
    let mut ends: Vec<Timestamp> =
        codes.filter_map(|past| past.at.checked_add(hour).ok()).filter(|end| *end > view.start).collect();
    ends.sort_unstable();
    let free = ends.len().checked_sub(usize::try_from(ONE_TIME_CODES_HOURLY_MOST).ok()?)?;
    ends.get(free).copied()
}

/// NIST SP 800-63B 5.1.3.1, 5.1.3.3: e-mail and VoIP numbers "shall not be used" for out-of-band codes; texts and calls are
/// restricted.
pub(crate) const OUT_OF_BAND: Rule = Rule {
    id: "OTP-02",
    citation: "NIST SP 800-63B 5.1.3",
    ground: Ground::Standard,
    read: SourceRead::SecondHand,
    effective: Effective::ALWAYS,
    waived_by: &[],
    asks: "A one-time code goes to no VoIP number, nor to a line nobody looked up unless it verifies it, is spoken only to a verified one, and by e-mail it only verifies the address.",
    scope: Scope::ANY.when(Purpose::OneTimeCode),
    check: out_of_band,
};

fn out_of_band(view: &View<'_>, candidate: &Candidate<'_>) -> Finding {
    let Some(point) = candidate.point.filter(|_| view.request.purpose == Purpose::OneTimeCode) else {
        return Finding::NotApplicable;
    };
    if candidate.channel == Channel::Email {
        // RULES section 2, P11: by e-mail a code verifies the address, and nothing else; one that is verified needs none.
        return if is_verified(view, point) {
            deny(
                "This address is verified, so the code would be a second factor, which e-mail must not be; use the device, a text or a call.",
            )
            .for_good("Whoever reads the mailbox would hold both factors; another way to sign in is used.")
        } else {
            Finding::Obliges("Use the code to verify the address only, never as a second factor.".into())
        };
    }
    let line = point.point.line_type.known();
    if candidate.is_call_or_text() && line == Some(&LineType::Voip) {
        return deny("A code goes to no VoIP number; use another way to sign in.")
            .for_good("Whoever holds an account at a VoIP provider may read it; another way to sign in is used.");
    }
    if !candidate.cell.has(Mark::NotVoip) {
        // A code that verifies a number may find out that it takes none; to one that is verified it is a factor.
        return Finding::when(line.is_some() || !is_verified(view, point), || {
            unknown("This number is verified, so the code would be a second factor, and whether it is a VoIP number is not on record; look it up, or use the device.")
                .lifted_by(&[Remedy::RecordLineType])
        });
    }
    if line.is_none() {
        return unknown("Whether this is a VoIP number is not on record; a code is not spoken to it.")
            .lifted_by(&[Remedy::RecordLineType]);
    }
    Finding::when(is_verified(view, point), || {
        unknown("Nobody verified that this number is the patient's own; a code is not spoken to it.")
            .lifted_by(&[Remedy::VerifyPoint])
    })
}

#[cfg(test)]
mod tests {
    use crate::fact::{Fact, Missing};
    use crate::facts::{LineType, PastDelivery, System};
    use crate::sample::{Case, refused_by, sends};
    use jiff::{SignedDuration, ToSpan};
    use postern_base::{Channel, Level, Purpose};

    fn code_by_text() -> Case {
        let mut case = Case::of("one_time_code", Level::L0, &[Channel::Sms]);
        case.speak_l0();
        case
    }

    #[test]
    fn a_text_without_a_code_is_no_one_time_code() {
        let mut case = code_by_text();
        case.facts.renditions.iter_mut().for_each(|text| text.says_code = false);
        assert!(refused_by(&case, Channel::Sms, "OTP-01"));
    }

    #[test]
    fn the_sixth_code_within_an_hour_waits_for_the_first_to_be_an_hour_old() {
        let mut case = code_by_text();
        let now = case.facts.now;
        let point = case.patient().points.iter().find(|p| p.system == System::Sms).unwrap().value.clone();
        let code = |minutes: i64| PastDelivery {
            at: now - minutes.minutes(),
            channel: Channel::Sms,
            point: point.clone(),
            purpose: Purpose::OneTimeCode,
            automated: true,
            outcome: None,
        };
        case.history().deliveries = [59, 40, 30, 20].map(code).to_vec();
        assert!(sends(&case, Channel::Sms));
        case.history().deliveries.push(code(10));
        let decision = case.decide();
        assert_eq!(decision.outcome.as_str(), "defer");
        assert_eq!(decision.deliveries[0].not_before, Some(now + 1.minute()));
        case.history().deliveries.push(code(61));
        assert_eq!(case.decide().deliveries[0].not_before, Some(now + 1.minute()));
    }

    #[test]
    fn a_code_lives_five_minutes_at_most() {
        let living = |minutes| {
            let mut case = Case::reminder_by_sms();
            case.request.purpose = Purpose::OneTimeCode;
            case.speak_l0();
            let expires = case.facts.now.checked_add(SignedDuration::from_mins(minutes)).unwrap();
            case.request.expires_at = Some(expires);
            case
        };
        assert!(sends(&living(5), Channel::Sms));
        assert!(refused_by(&living(6), Channel::Sms, "OTP-01"));
    }

    #[test]
    fn a_code_goes_to_no_voip_number_and_is_spoken_only_to_a_verified_one() {
        let code = |channel, line: Fact<LineType>| {
            let mut case = Case::of("one_time_code", Level::L0, &[channel]);
            case.speak_l0();
            case.patient().points.iter_mut().for_each(|p| p.line_type = line);
            case
        };
        let unknown = Fact::Unknown(Missing::NotRecorded);
        for channel in [Channel::Sms, Channel::Voice] {
            assert!(sends(&code(channel, Fact::Known(LineType::Mobile)), channel));
            assert!(refused_by(&code(channel, Fact::Known(LineType::Voip)), channel, "OTP-02"));
        }
        assert!(refused_by(&code(Channel::Sms, unknown), Channel::Sms, "OTP-02"), "it would be a second factor");
        let mut first = code(Channel::Sms, unknown);
        first.patient().points.iter_mut().for_each(|p| p.verification = Fact::Unknown(Missing::NotRecorded));
        assert!(sends(&first, Channel::Sms), "a text is how a number is verified");
        assert!(refused_by(&code(Channel::Voice, unknown), Channel::Voice, "OTP-02"));
        let mut unverified = code(Channel::Voice, Fact::Known(LineType::Mobile));
        unverified.patient().points.iter_mut().for_each(|p| p.verification = Fact::Unknown(Missing::NotRecorded));
        assert!(refused_by(&unverified, Channel::Voice, "OTP-02"));
    }
}
