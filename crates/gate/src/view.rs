//! The facts of one decision, looked up once: what every rule asks of them, without asking twice.

use crate::candidate::is_contact;
use crate::consent::{
    Alternative, Query, Standing, alternative, in_force, is_to_be_answered, names_purpose, speaks, standing,
};
use crate::fact::{Fact, Missing};
use crate::facts::{
    Address, AvailableTime, Consent, ConsentKind, ContactPoint, Event, Facts, History, Inbound, MailboxKind,
    OptOutScope, Patient, RelatedPerson, Ruling, System,
};
use crate::matrix::{Cell, Column, cell};
use crate::natural::is_person;
use crate::policy::{LoweredCell, Policy};
use crate::reference::{BREAK_GLASS_LONGEST, CONFIRMATION_TEXT};
use crate::rendition::Offers;
use crate::request::{Request, VoiceMode};
use crate::revocation::{Meaning, SpokenOf, Ways};
use crate::window::{Opening, Window};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use postern_base::{Category, Channel, EmailMode, Form, Level, Origin, Phi, Purpose, RecipientRole, Review, Urgency};
use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

/// Who the recipient is, as far as the records know.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Audience<'a> {
    /// The patient.
    Patient,
    /// A related person on record.
    Related(&'a RelatedPerson),
    /// Anybody else: nobody on record.
    Stranger,
}

/// A contact point with everything that is known of it.
#[derive(Debug)]
pub(crate) struct PointView<'a> {
    /// The point itself.
    pub(crate) point: &'a ContactPoint,
    /// Where it stands under the contact consents; `None` when they could not be read.
    pub(crate) standing: Option<Standing>,
    /// What a 164.522(b) request says of it; `None` when the consents could not be read.
    pub(crate) alternative: Option<Alternative>,
    /// What was said to stop.
    pub(crate) stopped: Stopped,
    /// When somebody there last said that it is not the patient's.
    pub(crate) said_wrong: Option<Timestamp>,
}

impl PointView<'_> {
    /// Somebody there said that it is not the patient's, and it was not verified since.
    pub(crate) fn is_wrong_number(&self) -> bool {
        let verified = self.point.verification.known().filter(|v| v.validated).and_then(|v| v.last);
        self.said_wrong.is_some_and(|said| verified.is_none_or(|verified| said >= verified))
    }

    /// Whether leave that was `given` then is the leave of who is reached there now.
    ///
    /// 47 CFR 64.1200(a)(1), (f)(9): "prior express consent of the called party", "the person called": what was agreed to before somebody
    /// else answered there is not theirs (docs/decisions/0024).
    pub(crate) fn is_leave_of_who_answers(&self, given: Option<Timestamp>) -> bool {
        self.said_wrong.is_none_or(|said| given.is_some_and(|given| given > said))
    }

    /// The hours in which it may be used, where the record says some.
    pub(crate) fn hours(&self) -> Option<&[AvailableTime]> {
        self.point.hours.known().map(Vec::as_slice).filter(|hours| !hours.is_empty())
    }

    /// Others read it too: somebody else's number, or the mailbox of a family or a group.
    pub(crate) fn is_shared(&self) -> bool {
        let mailbox = self.point.mailbox.is_known_and(|kind| matches!(kind, MailboxKind::Family | MailboxKind::Shared));
        mailbox || !self.point.shared_with.is_empty()
    }

    /// It is shared, or the record gives it as somebody else's too: a parent's number that stands on a child's record is the parent's.
    pub(crate) fn may_be_anothers(&self) -> bool {
        self.is_shared() || self.point.of_another
    }
}

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

/// The day it is, by the clock of Greenwich and by the latest clock of the United States' side of the date line, so that no time zone finds an agreement over,
/// or not yet begun, while Postern sends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Today {
    pub(crate) earliest: Date,
    pub(crate) latest: Date,
}

impl Today {
    pub(crate) fn at(now: Timestamp) -> Self {
        let latest = Offset::UTC.to_datetime(now).date();
        let earliest = Offset::constant(-12).to_datetime(now).date();
        Self { earliest, latest }
    }
}

/// The facts of one decision.
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub(crate) request: &'a Request,
    pub(crate) facts: &'a Facts,
    pub(crate) policy: &'a Policy,
    /// The instant that is judged: of the decision, or one that it plans for.
    pub(crate) now: Timestamp,
    /// What the message is by its facts: what 45 CFR 164.501 calls marketing is marketing, whatever its caller calls it.
    pub(crate) purpose: Purpose,
    /// What its texts offer.
    pub(crate) offers: Offers,
    /// One of its texts tells what a test found.
    pub(crate) tells_result: bool,
    /// The instant the plan may begin: now, or the caller's `send_at`.
    pub(crate) start: Timestamp,
    pub(crate) patient: Option<&'a Patient>,
    pub(crate) consents: Option<&'a [Consent]>,
    pub(crate) history: Option<&'a History>,
    pub(crate) event: Option<&'a Event>,
    pub(crate) audience: Audience<'a>,
    pub(crate) points: Vec<PointView<'a>>,
    /// The patient's reference, which is the contact point of portal and chat.
    pub(crate) portal: Address,
    /// The level of the source; `None` when the classifier failed.
    pub(crate) level: Option<Level>,
    /// A named human broke the glass and the time is not over (RULES TCP-17).
    pub(crate) emergency: bool,
    /// The message that is answered.
    pub(crate) answered: Option<&'a Inbound>,
    /// What each message of the history means and speaks of, in its order: each is read once.
    heard: Vec<(Meaning, SpokenOf)>,
    pub(crate) today: Today,
    capped: OnceCell<Option<Timestamp>>,
    window: OnceCell<Window>,
    opening: OnceCell<Opening>,
    /// The last instant that was asked about, and when the window opens from then on: reasons of one kind defer to one instant.
    opens: std::cell::Cell<Option<(Timestamp, Opening)>>,
    zones: OnceCell<Vec<TimeZone>>,
    too_late: RefCell<Option<(Timestamp, Timestamp, String)>>,
}

impl<'a> View<'a> {
    pub(crate) fn new(request: &'a Request, facts: &'a Facts, policy: &'a Policy) -> Self {
        let heard = heard(facts.history.known(), facts.patient.known());
        Self::at(facts.now, request, facts, policy, heard)
    }

    /// The same facts as they will stand at another instant: what is dated has begun by then, or ended (docs/decisions/0045).
    pub(crate) fn as_of(&self, now: Timestamp) -> Self {
        Self::at(now, self.request, self.facts, self.policy, self.heard.clone())
    }

    fn at(
        now: Timestamp,
        request: &'a Request,
        facts: &'a Facts,
        policy: &'a Policy,
        heard: Vec<(Meaning, SpokenOf)>,
    ) -> Self {
        let patient = facts.patient.known();
        let history = facts.history.known();
        let consents = facts.consents.known().map(Vec::as_slice);
        let offers = facts.renditions.iter().map(|text| text.offers).max().unwrap_or_default();
        let bills = facts.renditions.iter().any(|text| text.bills);
        let purpose = purpose(request, offers, bills);
        let mut view = Self {
            request,
            facts,
            policy,
            now,
            purpose,
            offers,
            tells_result: facts.renditions.iter().any(|text| text.tells_result),
            start: request.send_at.map_or(now, |at| at.max(now)),
            patient,
            consents,
            history,
            event: facts.event.known(),
            audience: audience(request, facts),
            points: Vec::new(),
            portal: Phi::new(Arc::from(request.patient.reference())),
            level: None,
            emergency: emergency(request, purpose, now),
            answered: request.in_reply_to.and_then(|index| history.and_then(|h| h.inbound.get(index))),
            heard,
            today: Today::at(now),
            capped: OnceCell::new(),
            window: OnceCell::new(),
            opening: OnceCell::new(),
            opens: std::cell::Cell::new(None),
            zones: OnceCell::new(),
            too_late: RefCell::new(None),
        };
        view.level = view.source_level();
        let points: &'a [ContactPoint] = match view.audience {
            Audience::Patient => patient.map_or(&[], |p| &p.points),
            Audience::Related(person) => &person.points,
            Audience::Stranger => &[],
        };
        view.points = points.iter().map(|point| view.look_at(point)).collect();
        view
    }

    /// The level of the source: what was declared and found, raised to L4 by any protected category or label.
    fn source_level(&self) -> Option<Level> {
        let level = self.facts.content.level.known().copied()?;
        Some(if self.categories().next().is_some() { Level::L4 } else { level })
    }

    /// Every protected category that bears on the message.
    pub(crate) fn categories(&self) -> impl Iterator<Item = Category> + '_ {
        let labels = self.patient.map_or(&[][..], |p| &p.labels);
        let event = self.event.map_or(&[][..], |e| &e.labels);
        self.facts.content.categories.iter().chain(labels).chain(event).copied()
    }

    pub(crate) fn has_category(&self, category: Category) -> bool {
        self.categories().any(|found| found == category)
    }

    fn look_at(&self, point: &'a ContactPoint) -> PointView<'a> {
        let query = self.query(point.system, &point.value);
        let said_wrong = self.said_wrong(point);
        PointView {
            point,
            standing: self.consents.map(|consents| standing(consents, query, said_wrong)),
            alternative: self.consents.map(|consents| match alternative(consents, query) {
                // RULES section 6: of two patients with one number, the stricter request wins.
                _ if point.closed_by_another => Alternative::NotListed,
                own => own,
            }),
            stopped: self.history.map(|history| self.stopped(history, point)).unwrap_or_default(),
            said_wrong,
        }
    }

    /// The question put to a Consent about a contact point.
    pub(crate) fn query<'q>(&self, system: System, address: &'q Address) -> Query<'q> {
        Query { system, address, purpose: self.purpose, asked_as: self.request.purpose, now: self.now }
    }

    fn stopped(&self, history: &History, point: &ContactPoint) -> Stopped {
        let address = &point.value;
        let readings = || self.read().filter_map(|(m, heard)| Some((m.at, self.said_of(m, heard, point)?)));
        let resumed = if history.inbound.is_empty() {
            None
        } else {
            readings().filter(|(_, meaning)| *meaning == Meaning::Resumes).map(|(at, _)| at).max()
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

    /// 45 CFR 164.524(c)(2): the patient asked for access at this address in this mode, and the request stands.
    pub(crate) fn access_requested(&self, address: &Address, mode: Option<EmailMode>) -> bool {
        mode.is_some()
            && self.is_of_the_record()
            && self.active(ConsentKind::AccessRequest).any(|request| {
                // Who takes a copy in the clear takes it encrypted too.
                request.access_mode.is_some_and(|asked| mode.is_some_and(|mode| is_as_safe(mode, asked)))
                    && names_purpose(&request.provision, Ruling::Permit, self.purpose)
                    && request.provision.decision != Some(Ruling::Deny)
                    && in_force(&request.provision, self.now)
                    && request.provision.points.contains(address)
                    && (mode != Some(EmailMode::Plain) || self.answers_in_the_clear(request))
            })
    }

    /// A request for access is for a copy of the record, and no standing way for all that follows. In the clear goes what the caller sends
    /// so by name; and of itself what tells of the record, below L4, while the request waits for its answer (RULES PRI-21;
    /// docs/decisions/0053).
    fn answers_in_the_clear(&self, request: &Consent) -> bool {
        let tells = matches!(
            self.purpose,
            Purpose::TestResult | Purpose::TreatmentUpdate | Purpose::Medication | Purpose::FollowUp
        );
        let below = self.level.is_some_and(|level| level < Level::L4);
        let named = self.request.email_mode == Some(EmailMode::Plain);
        named || (tells && below && is_to_be_answered(request, self.now))
    }

    /// 45 CFR 164.524(c)(2): the patient asked for their record by e-mail at this address, in whatever mode, and this is of it.
    pub(crate) fn asked_for_email(&self, address: &Address) -> bool {
        let modes = [EmailMode::Plain, EmailMode::EnforcedTls, EmailMode::Smime];
        modes.iter().any(|mode| self.access_requested(address, Some(*mode)))
    }

    /// Whether the practice's policy lowers what may travel so of this message.
    pub(crate) fn is_lowered(&self, channel: Channel) -> bool {
        self.level.is_some_and(|level| self.lowered(channel, level).next().is_some())
    }

    /// 45 CFR 164.524(a)(1): access is to what the practice keeps about the patient; an offer, a survey or a code is nothing of it, whatever
    /// purposes a request names.
    fn is_of_the_record(&self) -> bool {
        self.is_care() || self.purpose == Purpose::Billing
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
    fn said_wrong(&self, point: &ContactPoint) -> Option<Timestamp> {
        let said = self
            .messages()
            .filter(|(message, meaning)| meaning.is_wrong_number() && same_place(&message.point, &point.value));
        said.map(|(message, _)| message.at).max()
    }

    fn points_of_patient(&self) -> impl Iterator<Item = &'a ContactPoint> {
        self.patient.map_or(&[][..], |p| &p.points).iter()
    }

    /// The cell of a contact point: a request for access raises a body by e-mail to `Fw`, and nothing else raises
    /// anything (RULES section 2, note (c)).
    pub(crate) fn cell_at(&self, channel: Channel, mode: Option<EmailMode>, level: Level, address: &Address) -> Cell {
        let found = self.cell(channel, mode, level);
        let body = matches!(mode, Some(EmailMode::EnforcedTls | EmailMode::Smime));
        let lowered = self.lowered(channel, level).next().is_some();
        if body && !lowered && !found.allows(Form::Full) && self.access_requested(address, mode) {
            return Cell::PLAIN_EMAIL;
        }
        found
    }

    fn lowered(&self, channel: Channel, level: Level) -> impl Iterator<Item = &LoweredCell> {
        let asked_as = Some(self.request.purpose).filter(|asked_as| *asked_as != self.purpose);
        let both = [Some(self.purpose), asked_as].into_iter().flatten();
        both.flat_map(move |purpose| self.policy.lowered_for(purpose, level, channel))
    }

    /// The cell for a level in the column of a channel and mode, lowered by the tenant.
    pub(crate) fn cell(&self, channel: Channel, mode: Option<EmailMode>, level: Level) -> Cell {
        let mut found = match Column::of(channel, mode) {
            // An offer under the name of care has the conditions of an offer, and no more room than either.
            Some(column) if self.purpose != self.request.purpose => {
                cell(self.purpose, level, column).and(cell(self.request.purpose, level, column))
            }
            Some(column) => cell(self.purpose, level, column),
            None if channel == Channel::Email => Cell::PLAIN_EMAIL,
            None => Cell::TASK,
        };
        for lowered in self.lowered(channel, level) {
            found.highest = found.highest.min(lowered.highest);
        }
        found
    }

    /// The sender's name on open channels reveals nothing: there is a neutral alias (RULES 0.4).
    pub(crate) fn has_neutral_alias(&self) -> bool {
        self.facts.tenant.alias.is_some() && !self.facts.tenant.reveals_specialty
    }

    /// A person speaks, now, through us.
    pub(crate) fn human_voice(&self) -> bool {
        // Nobody speaks to many at once, and a model is nobody, whatever the caller calls it.
        let by_a_human = !matches!(self.request.origin, Origin::Bulk | Origin::Journey | Origin::Ai);
        by_a_human && self.request.voice.is_some_and(|voice| voice.mode == VoiceMode::Human)
    }

    /// The patient gives or changes leave, or proves a contact point: one-time codes, opt-in and opt-out confirmations.
    pub(crate) fn is_formality(&self) -> bool {
        matches!(self.purpose, Purpose::OneTimeCode | Purpose::ConsentConfirmation)
    }

    /// The purpose is care of the patient (RULES TCP-02): what a number given to a provider is given for.
    pub(crate) fn is_care(&self) -> bool {
        is_care(self.purpose)
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

    /// Windows do not bind emergencies, one-time codes, answers to HELP, confirmations of what the patient has just said, and care that
    /// a person says cannot wait. An emergency is one that a named human answers for; the purpose alone names a row of the matrix (docs/decisions/0010).
    pub(crate) fn window_binds(&self) -> bool {
        let at_once = match self.purpose {
            Purpose::OneTimeCode => true,
            Purpose::ConsentConfirmation => self.was_asked_just_now(),
            _ => false,
        };
        !(at_once || self.emergency || self.answers_help() || self.cannot_wait())
    }

    /// Whether the window binds a message to this contact point: the answer to what came from there minutes ago is not kept until the morning
    /// from somebody who is awake and asked (RULES TCP-15). An offer is no answer.
    pub(crate) fn window_binds_at(&self, address: &Address) -> bool {
        let just_asked = self.answered.is_some_and(|asked| self.start.duration_since(asked.at) <= CONFIRMATION_TEXT);
        let answers = just_asked && self.purpose != Purpose::Marketing && self.is_first_answer(address, None);
        !answers && self.window_binds()
    }

    /// 47 CFR 64.1200(c)(1) closes the night to solicitations; house: to every message that can wait (RULES TCP-06). Urgent is a word that
    /// any program may say (docs/decisions/0010), so it counts where a person says it, and of care that is due now.
    fn cannot_wait(&self) -> bool {
        let due = matches!(
            self.purpose,
            Purpose::TestResult
                | Purpose::Medication
                | Purpose::FollowUp
                | Purpose::TreatmentUpdate
                | Purpose::Emergency
        );
        due && self.purpose == self.request.purpose
            && self.request.urgency == Urgency::Urgent
            && self.request.origin == Origin::Staff
    }

    /// The patient gave leave to send messages, or took it back, within the minutes in which that is confirmed: who is awake to say
    /// it is awake to be answered.
    fn was_asked_just_now(&self) -> bool {
        let just_now = |at: Timestamp| self.start.duration_since(at) <= CONFIRMATION_TEXT;
        let consents = self.active(ConsentKind::ContactConsent).filter_map(|consent| consent.given);
        let history = self.history.into_iter();
        let recorded = history.flat_map(|history| history.opt_outs.iter().map(|row| row.at));
        let wishes = |meaning: Meaning| meaning.stops() || meaning == Meaning::Resumes;
        let said = self.messages().filter(|(_, meaning)| wishes(*meaning)).map(|(message, _)| message.at);
        consents.chain(recorded).chain(said).any(just_now)
    }

    /// When an automated message may reach the patient, from `from` on.
    pub(crate) fn opening(&self, from: Timestamp) -> Opening {
        if let Some((_, opening)) = self.opens.get().filter(|(asked, _)| *asked == from) {
            return opening;
        }
        let window = self.window.get_or_init(|| Window::new(self.facts, self.patient, self.policy, self.purpose));
        let opening = window.opening(from);
        self.opens.set(Some((from, opening)));
        opening
    }

    /// An instant as the patient's clock shows it, by the first of their zones; by Greenwich's where none is known.
    pub(crate) fn locally(&self, at: Timestamp) -> impl std::fmt::Display {
        let named = self.patient.and_then(|patient| patient.zones.iter().find_map(|zone| TimeZone::get(zone).ok()));
        at.to_zoned(named.unwrap_or(TimeZone::UTC)).strftime("%Y-%m-%d %H:%M %Z").to_string()
    }

    /// The day it is for the patient, by the earliest and the latest of their clocks; by every clock of the country where none is known.
    pub(crate) fn local_days(&self) -> (Date, Date) {
        self.local_days_at(self.now)
    }

    /// The same for another instant.
    pub(crate) fn local_days_at(&self, at: Timestamp) -> (Date, Date) {
        let days = || self.zones().iter().map(|zone| zone.to_datetime(at).date());
        let anywhere = Today::at(at);
        (days().min().unwrap_or(anywhere.earliest), days().max().unwrap_or(anywhere.latest))
    }

    /// The patient's time zones, looked up once; none where one of them cannot be read.
    fn zones(&self) -> &[TimeZone] {
        self.zones.get_or_init(|| {
            let names = self.patient.map_or(&[][..], |patient| &patient.zones);
            let zones: Option<Vec<_>> = names.iter().map(|name| TimeZone::get(name).ok()).collect();
            zones.unwrap_or_default()
        })
    }

    /// That what could go `from` an instant is worthless from another on. Every form of a contact point asks for the same
    /// sentence: the last one is kept.
    pub(crate) fn says_too_late(&self, from: Timestamp, worthless: Timestamp) -> String {
        let said = self.too_late.take().filter(|said| (said.0, said.1) == (from, worthless));
        let sentence = said.map_or_else(
            || {
                let (from, worthless) = (self.locally(from), self.locally(worthless));
                format!("It could go from {from} at the earliest, and the message is worthless from {worthless}.")
            },
            |said| said.2,
        );
        self.too_late.replace(Some((from, worthless, sentence.clone())));
        sentence
    }

    /// What a rule says of what could go `at` an instant, as of then.
    pub(crate) fn says_then(&self, at: Timestamp, sentence: &str) -> String {
        format!("It could go from {} at the earliest, and then: {sentence}", self.locally(at))
    }

    /// What `count` finds of the caps, counted once.
    pub(crate) fn capped_until(&self, count: impl FnOnce(&Self) -> Option<Timestamp>) -> Option<Timestamp> {
        *self.capped.get_or_init(|| count(self))
    }

    /// When an automated message may reach the patient at a contact point, from `from` on: in the window, and in its hours where it has some.
    pub(crate) fn opening_at(&self, point: Option<&PointView<'_>>, from: Timestamp) -> Opening {
        let opening = self.opening(from);
        match (point.and_then(PointView::hours), self.window.get()) {
            (Some(hours), Some(window)) => window.opening_within(hours, from),
            _ => opening,
        }
    }

    /// When the window that is open at the start of the plan, or the hours of the contact point, close, for a channel that they bind.
    pub(crate) fn closes(&self, channel: Channel, address: &Address) -> Option<Timestamp> {
        let live = channel == Channel::Voice && self.human_voice() && self.purpose != Purpose::Marketing;
        if live || !is_contact(channel) || !self.window_binds_at(address) || self.first_opening() != Opening::Open {
            return None;
        }
        let window = self.window.get()?;
        let is_there =
            |point: &&PointView<'_>| point.point.system == System::of(channel) && point.point.value == *address;
        let hours = self.points.iter().find(is_there).and_then(PointView::hours);
        let ends = hours.and_then(|hours| window.closing_within(hours, self.start));
        window.closing(self.start).into_iter().chain(ends).min()
    }

    /// Why the glass is not broken, where somebody tried.
    pub(crate) fn glass_fault(&self) -> Option<&'static str> {
        self.request.break_glass.as_ref()?;
        glass_fault(self.request, self.purpose, self.now)
    }

    /// When the glass that was broken is whole again; `None` when it was not broken.
    pub(crate) fn glass_mends(&self) -> Option<Timestamp> {
        self.request.break_glass.as_ref().filter(|_| self.emergency).map(|glass| glass.expires_at)
    }

    /// When an automated message may reach the patient, from the start of the plan on.
    pub(crate) fn first_opening(&self) -> Opening {
        *self.opening.get_or_init(|| self.opening(self.start))
    }

    /// Whether only the state's hours, or the day's, keep the window closed at the start of the plan.
    pub(crate) fn is_open_but_for_state_hours(&self) -> bool {
        self.window.get().is_some_and(|window| window.is_open_but_for_state_hours(self.start))
    }

    /// Why the facts about the patient are missing, when they are.
    pub(crate) fn patient_missing(&self) -> Option<Missing> {
        missing(&self.facts.patient)
    }

    /// Why the consents are missing, when they are.
    pub(crate) fn consents_missing(&self) -> Option<Missing> {
        missing(&self.facts.consents)
    }

    /// Why the history is missing, when it is.
    pub(crate) fn history_missing(&self) -> Option<Missing> {
        missing(&self.facts.history)
    }

    /// Consents of a kind that speak now.
    pub(crate) fn active(&self, kind: ConsentKind) -> impl Iterator<Item = &'a Consent> + use<'a> {
        let (consents, now) = (self.consents.unwrap_or_default(), self.now);
        consents.iter().filter(move |c| c.kind == kind && speaks(consents, c, now))
    }
}

/// What each message of the history means and speaks of, in its order.
fn heard(history: Option<&History>, patient: Option<&Patient>) -> Vec<(Meaning, SpokenOf)> {
    let names = || patient.map_or(&[][..], |patient| &patient.names).iter().map(|name| name.reveal().as_str());
    let read = |m: &Inbound| {
        let (meaning, spoken) = m.heard.or_read(m.text.reveal(), names());
        (meaning.reviewed(m.reviewed), spoken)
    };
    history.map_or(&[][..], |history| &history.inbound).iter().map(read).collect()
}

fn missing<T>(fact: &Fact<T>) -> Option<Missing> {
    match fact {
        Fact::Known(_) => None,
        Fact::Unknown(why) => Some(*why),
    }
}

/// Whether `purpose` is care of the patient.
pub(crate) const fn is_care(purpose: Purpose) -> bool {
    matches!(
        purpose,
        Purpose::AppointmentReminder
            | Purpose::Recall
            | Purpose::TestResult
            | Purpose::Medication
            | Purpose::FollowUp
            | Purpose::TreatmentUpdate
            | Purpose::Emergency
    )
}

/// What a message is. 45 CFR 164.501, 47 CFR 64.1200(f)(1): a text that plainly offers something is an offer, whatever its caller calls
/// it and whoever pays; 47 CFR 64.1200(a)(9)(iv)(D): and what bills is a bill. A confirmation that sells is refused as one (TCP-13).
fn purpose(request: &Request, offers: Offers, bills: bool) -> Purpose {
    match request.by_its_facts() {
        Purpose::ConsentConfirmation => Purpose::ConsentConfirmation,
        _ if offers == Offers::Plainly => Purpose::Marketing,
        // An emergency is none for what is owed, and no bill for being one.
        purpose if bills && is_care(purpose) && purpose != Purpose::Emergency => Purpose::Billing,
        purpose => purpose,
    }
}

fn audience<'a>(request: &Request, facts: &'a Facts) -> Audience<'a> {
    match request.recipient.role {
        RecipientRole::SelfPatient => Audience::Patient,
        RecipientRole::Proxy | RecipientRole::Caregiver => {
            let named = request.recipient.reference.as_deref();
            facts
                .related
                .iter()
                .find(|p| Some(p.reference.as_str()) == named)
                .map_or(Audience::Stranger, Audience::Related)
        }
        RecipientRole::HealthPlan | RecipientRole::Provider => Audience::Stranger,
    }
}

/// 45 CFR 164.312(a)(2)(ii): a named human, a reason, and a time that is not over. Only somebody who acts now, at the console or with
/// a key of their own, breaks the glass: no program, no mass mailing, no journey, no automatic reply and no model, whatever name they
/// give. The API asks for that too; the gate does not rely on it.
fn emergency(request: &Request, purpose: Purpose, now: Timestamp) -> bool {
    request.urgency == Urgency::Emergency && glass_fault(request, purpose, now).is_none()
}

/// What keeps a glass from being broken, in a sentence that somebody can mend it by at night; `None` = nothing, or nobody tried.
fn glass_fault(request: &Request, purpose: Purpose, now: Timestamp) -> Option<&'static str> {
    let Some(glass) = request.break_glass.as_ref() else { return Some("Nobody by name claimed emergency access.") };
    if request.urgency != Urgency::Emergency {
        return Some("Emergency access was claimed for a message that is not declared an emergency; it lifts nothing.");
    }
    // 47 CFR 64.1200(f)(4): "affecting the health and safety of consumers": a bill, a survey or an offer never is.
    if !is_care(purpose) {
        return Some("Emergency access was claimed for what is no care of the patient; it lifts nothing.");
    }
    if request.origin != Origin::Staff {
        return Some(
            "Emergency access was claimed by a program; it lifts nothing until a member of staff asks with a key of their own.",
        );
    }
    if !is_person(&glass.actor) {
        return Some(
            "Emergency access was claimed and lifts nothing: its `actor` names no person of the staff. Give a name, or a reference such as Practitioner/ana-ruiz.",
        );
    }
    if !says_something(glass.reason.reveal()) {
        return Some("Emergency access was claimed without a reason; it lifts nothing until one is given.");
    }
    if glass.expires_at <= now {
        return Some("Emergency access was claimed for a time that is over; it lifts nothing.");
    }
    // house: for this emergency, not for the year.
    if glass.expires_at.duration_since(now) > BREAK_GLASS_LONGEST {
        return Some("Emergency access was claimed for longer than a day; it lifts nothing until it ends sooner.");
    }
    None
}

/// Whether a body by e-mail in `mode` travels at least as safely as one in the mode `asked` for.
const fn is_as_safe(mode: EmailMode, asked: EmailMode) -> bool {
    match asked {
        EmailMode::Plain => matches!(mode, EmailMode::Plain | EmailMode::EnforcedTls | EmailMode::Smime),
        EmailMode::EnforcedTls => matches!(mode, EmailMode::EnforcedTls | EmailMode::Smime),
        EmailMode::Smime => matches!(mode, EmailMode::Smime),
        EmailMode::Notify => matches!(mode, EmailMode::Notify),
    }
}

/// A name or a reason has letters; an invisible character or a single sign is neither.
pub(crate) fn says_something(text: &str) -> bool {
    text.chars().filter(|c| c.is_alphanumeric()).count() >= 2
}

/// Whether two addresses are the same place to somebody who says stop there.
///
/// RFC 5321 section 2.4: the local part of an e-mail address may be case sensitive, so for a send it is; but no mailbox is,
/// and what is said from `Pat@example.org` is said of `pat@example.org`.
pub(crate) fn same_place(one: &Address, other: &Address) -> bool {
    one == other || (one.reveal().contains('@') && one.reveal().eq_ignore_ascii_case(other.reveal()))
}
