//! The facts of one decision, looked up once: what every rule asks of them, without asking twice.

mod clock;
mod glass;
mod heard;

pub(crate) use clock::Today;
pub(crate) use glass::says_something;
pub(crate) use heard::{Stopped, same_place};

use crate::candidate::is_contact;
use crate::consent::{
    Alternative, Query, Standing, alternative, in_force, is_to_be_answered, names_purpose, speaks, standing,
};
use crate::fact::{Fact, Missing};
use crate::facts::{
    Address, AvailableTime, Consent, ConsentKind, ContactPoint, Event, Facts, History, Inbound, MailboxKind, Patient,
    RelatedPerson, Ruling, System,
};
use crate::matrix::{Cell, Column, cell};
use crate::policy::{LoweredCell, Policy};
use crate::rendition::Offers;
use crate::request::{Request, VoiceMode};
use crate::revocation::{Meaning, SpokenOf};
use crate::window::{Opening, Window};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use postern_base::{Category, Channel, EmailMode, Form, Level, Origin, Phi, Purpose, RecipientRole};
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
        let heard = heard::heard(facts.history.known(), facts.patient.known());
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
            emergency: glass::emergency(request, purpose, now),
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

    /// Whether the law of a state bears: where the patient may live, and where the practice is. Where neither is known, any state's may.
    pub(crate) fn is_under_law_of(&self, state: &str) -> bool {
        let practice = self.facts.tenant.state.as_deref();
        let nowhere = practice.is_none() && self.patient.is_some_and(|patient| patient.states.is_empty());
        practice == Some(state) || nowhere || self.patient.is_some_and(|patient| patient.may_live_in(state))
    }

    /// The question put to a Consent about a contact point.
    pub(crate) fn query<'q>(&self, system: System, address: &'q Address) -> Query<'q> {
        Query { system, address, purpose: self.purpose, asked_as: self.request.purpose, now: self.now }
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
        let column = match channel {
            // RULES section 2, P10 "voice live": what a person may not sell now is nobody's task for later.
            Channel::HumanCall if self.purpose == Purpose::Marketing => Some(Column::Voice),
            _ => Column::of(channel, mode),
        };
        let mut found = match column {
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

    /// A person speaks on this channel: now, through us, or later, as a task.
    pub(crate) fn is_spoken_by_a_person(&self, channel: Channel) -> bool {
        channel == Channel::HumanCall || (channel == Channel::Voice && self.human_voice())
    }

    /// Hours and stops bind what reaches out on this channel: a machine, and whoever calls to sell.
    ///
    /// 47 CFR 64.1200(c) and (d)(3) name the telephone solicitation and not the machine: a person who sells is bound as one is. A person who
    /// calls about care is free (RULES TCP-15).
    pub(crate) fn binds(&self, channel: Channel) -> bool {
        match self.is_spoken_by_a_person(channel) {
            true => self.purpose == Purpose::Marketing,
            false => is_contact(channel),
        }
    }

    /// The patient gives or changes leave, or proves a contact point: one-time codes, opt-in and opt-out confirmations.
    pub(crate) fn is_formality(&self) -> bool {
        matches!(self.purpose, Purpose::OneTimeCode | Purpose::ConsentConfirmation)
    }

    /// The purpose is care of the patient (RULES TCP-02): what a number given to a provider is given for.
    pub(crate) fn is_care(&self) -> bool {
        is_care(self.purpose)
    }

    /// What `count` finds of the caps, counted once.
    pub(crate) fn capped_until(&self, count: impl FnOnce(&Self) -> Option<Timestamp>) -> Option<Timestamp> {
        *self.capped.get_or_init(|| count(self))
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

/// Whether a body by e-mail in `mode` travels at least as safely as one in the mode `asked` for.
const fn is_as_safe(mode: EmailMode, asked: EmailMode) -> bool {
    match asked {
        EmailMode::Plain => matches!(mode, EmailMode::Plain | EmailMode::EnforcedTls | EmailMode::Smime),
        EmailMode::EnforcedTls => matches!(mode, EmailMode::EnforcedTls | EmailMode::Smime),
        EmailMode::Smime => matches!(mode, EmailMode::Smime),
        EmailMode::Notify => matches!(mode, EmailMode::Notify),
    }
}
