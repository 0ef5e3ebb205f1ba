//! The hours: when the patient may be reached, by whose clock, and how an instant is said.

use super::{PointView, View};
use crate::facts::{Address, ConsentKind, System};
use crate::reference::CONFIRMATION_TEXT;
use crate::revocation::Meaning;
use crate::window::{Opening, Window};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use postern_base::{Channel, Origin, Purpose, Urgency};

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

impl View<'_> {
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
    pub(crate) fn zones(&self) -> &[TimeZone] {
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

    /// What a rule will say of a person's task from an instant on.
    pub(crate) fn says_before(&self, at: Timestamp, sentence: &str) -> String {
        format!("Do it before {}. From then on: {sentence}", self.locally(at))
    }

    /// That a letter cannot be there before the visit.
    pub(crate) fn says_letter_late(&self, soonest: Timestamp) -> String {
        format!("No letter is there before {}, and the visit has begun by then.", self.locally(soonest))
    }

    /// What a rule says of a letter as of the instant until which it may be under way.
    pub(crate) fn says_under_way(&self, at: Timestamp, sentence: &str) -> String {
        format!("A letter may be under way until {}, and then: {sentence}", self.locally(at))
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
        if !self.binds(channel) || !self.window_binds_at(address) || self.first_opening() != Opening::Open {
            return None;
        }
        let window = self.window.get()?;
        let is_there =
            |point: &&PointView<'_>| point.point.system == System::of(channel) && point.point.value == *address;
        let hours = self.points.iter().find(is_there).and_then(PointView::hours);
        let ends = hours.and_then(|hours| window.closing_within(hours, self.start));
        window.closing(self.start).into_iter().chain(ends).min()
    }

    /// When an automated message may reach the patient, from the start of the plan on.
    pub(crate) fn first_opening(&self) -> Opening {
        *self.opening.get_or_init(|| self.opening(self.start))
    }

    /// Whether only the state's hours, or the day's, keep the window closed at the start of the plan.
    pub(crate) fn is_open_but_for_state_hours(&self) -> bool {
        self.window.get().is_some_and(|window| window.is_open_but_for_state_hours(self.start))
    }
}
