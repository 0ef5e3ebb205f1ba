//! What was said to the practice, and of which contact points it is said.

use super::View;
use crate::facts::{Address, ContactPoint, History, Inbound, OptOutScope, Patient, System};
use crate::revocation::{Meaning, SpokenOf, Ways};
use jiff::{SignedDuration, Timestamp};
use postern_base::{Channel, Origin, Review};

/// What stands of the revocations for one contact point and purpose.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Stopped {
    /// An opt-out on record covers this.
    pub(crate) on_record: bool,
    /// A message said it, and nothing was said since.
    pub(crate) by_message: bool,
    /// The word was CANCEL.
    pub(crate) by_cancel: bool,
    /// A message may have said it.
    pub(crate) perhaps: bool,
    /// When the last of them was said.
    pub(crate) at: Option<Timestamp>,
}

impl<'a> View<'a> {
    pub(super) fn stopped(&self, history: &History, point: &ContactPoint) -> Stopped {
        let address = &point.value;
        let readings = || self.read().filter_map(|(m, heard)| Some((m.at, self.said_of(m, heard, point)?)));
        // What is dated ahead of now was not said yet: a clock that is wrong by more than a minute opens nothing that somebody closed.
        let said = |at: &Timestamp| at.duration_since(self.facts.now) <= SignedDuration::from_mins(1);
        let resumed = if history.inbound.is_empty() {
            None
        } else {
            let resumes = readings().filter(|(_, meaning)| *meaning == Meaning::Resumes);
            resumes.map(|(at, _)| at).filter(said).max()
        };
        let stands = |at: Timestamp| resumed.is_none_or(|resumed| at >= resumed);
        let mut stopped = Stopped::default();
        for (at, meaning) in readings().filter(|(at, _)| stands(*at)) {
            stopped.by_message |= meaning.stops();
            stopped.by_cancel |= meaning == Meaning::RevokesOrCancelsVisit;
            stopped.perhaps |= meaning == Meaning::Ambiguous;
            if meaning.stops() || meaning == Meaning::Ambiguous {
                stopped.at = stopped.at.max(Some(at));
            }
        }
        for row in history.opt_outs.iter().filter(|row| same_place(&row.point, address) && stands(row.at)) {
            let covers = match row.scope {
                OptOutScope::All => true,
                OptOutScope::Purpose(purpose) => purpose == self.purpose || purpose == self.request.purpose,
            };
            if covers {
                stopped.on_record = true;
                stopped.at = stopped.at.max(Some(row.at));
            }
        }
        stopped
    }

    /// Every message that came in, with what it means.
    pub(crate) fn messages(&self) -> impl Iterator<Item = (&'a Inbound, Meaning)> + '_ {
        self.read().map(|(message, (meaning, _))| (message, meaning))
    }

    /// Every message that came in, with what it means and speaks of.
    fn read(&self) -> impl Iterator<Item = (&'a Inbound, (Meaning, SpokenOf))> + '_ {
        self.history.map_or(&[][..], |history| &history.inbound).iter().zip(self.heard.iter().copied())
    }

    /// The patient asked that nothing be left on a machine, and nobody who read it says that it means something else.
    pub(crate) fn refuses_voicemail(&self) -> bool {
        self.read().any(|(message, (_, spoken))| spoken.no_voicemail && message.reviewed != Some(Review::Nothing))
    }

    /// The message that is answered refuses e-mail, doubts it or names another way.
    pub(crate) fn answered_doubts_mail(&self) -> bool {
        let index = self.answered.and(self.request.in_reply_to);
        index.and_then(|index| self.heard.get(index)).is_some_and(|(_, spoken)| spoken.doubts_mail)
    }

    /// What the message that is answered means.
    pub(crate) fn answered_meaning(&self) -> Option<Meaning> {
        let index = self.answered.and(self.request.in_reply_to)?;
        self.heard.get(index).map(|(meaning, _)| *meaning)
    }

    /// What a message says of a contact point: of its own everything; of another what a revocation reaches.
    ///
    /// 47 CFR 64.1200(a)(10): "any reasonable method": who asks in the portal, or by e-mail, for no more texts gets none.
    fn said_of(&self, message: &Inbound, heard: (Meaning, SpokenOf), point: &ContactPoint) -> Option<Meaning> {
        let (meaning, spoken) = heard;
        let asked = message.reviewed != Some(Review::Nothing);
        let of_it: fn(Ways) -> bool = match point.system {
            System::Sms => |ways| ways.texts,
            System::Phone => |ways| ways.calls,
            System::Email => |ways| ways.mails,
            _ => return self.reached_by(message, heard, point),
        };
        let line = point.system != System::Email;
        if of_it(spoken.keeps) && !meaning.is_wrong_number() {
            return None;
        }
        let reached = match self.reached_by(message, heard, point) {
            Some(Meaning::Revokes) if of_it(spoken.perhaps_keeps) => Some(Meaning::Ambiguous),
            reached => reached,
        };
        // 45 CFR 164.522(b)(1)(i): who asks for one way refuses the others, wherever they say it; and of whom a number is no more, a person finds
        // out before anything goes there.
        let doubted = asked && (spoken.keeps_only || (line && spoken.moved));
        reached.or(doubted.then_some(Meaning::Ambiguous))
    }

    /// What a message says of a contact point, as far as it speaks of its kind.
    fn reached_by(&self, message: &Inbound, heard: (Meaning, SpokenOf), point: &ContactPoint) -> Option<Meaning> {
        let (meaning, spoken) = heard;
        if same_place(&message.point, &point.value) {
            return Some(meaning);
        }
        // What is filed under the patient, signed in or written down by whoever took the call, comes from no contact point. What came from
        // a place that is not on record is on this patient's record too, and is heard as if it came from one that is.
        let signed_in = message.point == self.portal;
        // A letter comes from no contact point that a message could go back to.
        let letter = message.channel == Channel::Mail;
        let reached = match point.system {
            System::Sms => spoken.texts,
            System::Phone => spoken.calls,
            System::Email => spoken.mails,
            _ => false,
        };
        // No message goes back to a letter or to the portal: a bare STOP there names no place because it means them all.
        let bare = (letter || signed_in) && spoken == SpokenOf::default();
        let machines = matches!(point.system, System::Sms | System::Phone | System::Email);
        if bare && machines && meaning.stops() {
            return Some(meaning);
        }
        // A question about care says "stop" too: from a place that messages go to, only what clearly revokes reaches beyond it. From any
        // other a person reads what may revoke.
        let of_no_place =
            letter || signed_in || !self.points_of_patient().any(|known| same_place(&known.value, &message.point));
        let heard = meaning == Meaning::Revokes || (of_no_place && meaning == Meaning::Ambiguous);
        (reached && heard).then_some(meaning)
    }

    /// When somebody there last said that it is not the patient's.
    pub(super) fn said_wrong(&self, point: &ContactPoint) -> Option<Timestamp> {
        let said = self
            .messages()
            .filter(|(message, meaning)| meaning.is_wrong_number() && same_place(&message.point, &point.value));
        said.map(|(message, _)| message.at).max()
    }

    fn points_of_patient(&self) -> impl Iterator<Item = &'a ContactPoint> {
        self.patient.map_or(&[][..], |p| &p.points).iter()
    }

    /// It answers what the patient sent, after `since`, and nothing was sent to that contact point in between.
    pub(crate) fn is_first_answer(&self, address: &Address, since: Option<Timestamp>) -> bool {
        let (Some(answered), Some(history)) = (self.answered, self.history) else { return false };
        let answers = answered.point == *address && since.is_none_or(|since| answered.at >= since);
        let first = !history.deliveries.iter().any(|d| d.point == *address && d.at >= answered.at && d.counts());
        matches!(self.request.origin, Origin::Reply | Origin::Staff) && answers && first
    }

    /// It answers a HELP (RULES TCP-25).
    pub(crate) fn answers_help(&self) -> bool {
        self.answered_meaning() == Some(Meaning::Help)
    }
}

/// What each message of the history means and speaks of, in its order.
pub(super) fn heard(history: Option<&History>, patient: Option<&Patient>) -> Vec<(Meaning, SpokenOf)> {
    let names = || patient.map_or(&[][..], |patient| &patient.names).iter().map(|name| name.reveal().as_str());
    let read = |m: &Inbound| {
        let (meaning, spoken) = m.heard.or_read(m.text.reveal(), names());
        (meaning.reviewed(m.reviewed), spoken)
    };
    history.map_or(&[][..], |history| &history.inbound).iter().map(read).collect()
}

/// Whether two addresses are the same place to somebody who says stop there.
///
/// RFC 5321 section 2.4: the local part of an e-mail address may be case sensitive, so for a send it is; but no mailbox is,
/// and what is said from `Pat@example.org` is said of `pat@example.org`.
pub(crate) fn same_place(one: &Address, other: &Address) -> bool {
    one == other || (one.reveal().contains('@') && one.reveal().eq_ignore_ascii_case(other.reveal()))
}
