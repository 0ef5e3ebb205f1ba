//! From what survived to what is done: the portal copy plus exactly one best contact (CASES, "Resolution").

use crate::candidate::Candidate;
use crate::decide::Evaluated;
use crate::decision::{Choice, Criterion, Delivery, Outcome, PassedOver, RunnerUp, VendorRef, WaitingFor};
use crate::facts::{Address, ConsentKind, PastOutcome};
use crate::finding::Bar;
use crate::reference::{EXEMPT_TEXT, FAILURES_LOWER};
use crate::view::View;
use crate::window::Opening;
use jiff::{SignedDuration, Timestamp};
use postern_base::{Channel, EmailMode, Form, Level, Purpose};
use std::cmp::Reverse;

/// What is done.
#[derive(Debug)]
pub(crate) struct Plan<'e> {
    pub(crate) outcome: Outcome,
    pub(crate) deliveries: Vec<Delivery>,
    pub(crate) chosen: Vec<&'e Evaluated<'e>>,
    pub(crate) waiting_for: Option<WaitingFor>,
    /// Every contact comes too late, and nobody is to call: the patient learns of it too late, if at all.
    pub(crate) missed: bool,
}

/// Picks the plan.
pub(crate) fn choose<'e>(
    view: &View<'_>,
    portal: Option<&'e Evaluated<'e>>,
    contacts: &'e [Evaluated<'e>],
) -> Plan<'e> {
    let copy = portal.filter(|p| p.stands());
    let (best, choice) = best_contact(view, copy, contacts).unzip();
    let mut chosen: Vec<&Evaluated<'_>> = copy.into_iter().chain(best).collect();
    let tasks_only = chosen.is_empty();
    // 45 CFR 164.404(d)(1): a breach notice goes by first-class mail unless the person agreed to e-mail (BRN-05 has refused every other
    // contact). 45 CFR 164.522(b)(1)(i): who asked for letters alone gets the letter, whatever waits in the portal besides.
    let asked_elsewhere = view.active(ConsentKind::ConfidentialCommunication).next().is_some();
    // CASES, "Resolution": a letter is a lawful redirect where no automated contact survives; of who has none on record nobody else would
    // learn that something waits in the portal.
    let has_none = (view.is_care() || view.purpose == Purpose::Billing)
        && contacts.iter().all(|one| one.candidate.channel.is_human_task() || one.candidate.placeholder);
    // A copy that nobody is told of before it is worthless tells nothing: where the machine comes too late, a person calls.
    let late = best.is_none() && view.is_care() && contacts.iter().any(|one| one.late && one.candidate.is_contact());
    let needs_task = view.purpose == Purpose::BreachNotice || asked_elsewhere || has_none || late;
    let task = task(view, contacts).filter(|_| tasks_only || (needs_task && best.is_none()));
    let missed = late && task.is_none();
    chosen.extend(task);
    if chosen.is_empty() {
        return nothing(portal, contacts);
    }
    let mut deliveries = Vec::with_capacity(chosen.len());
    for one in &chosen {
        let from = not_before(view, one);
        let why = match one.candidate.channel {
            Channel::Portal => Choice { by: Criterion::PortalCopy, over: None },
            channel if channel.is_human_task() => Choice { by: Criterion::Task, over: None },
            _ => choice.clone().unwrap_or(Choice { by: Criterion::OnlyWay, over: None }),
        };
        let until = one.ends.as_ref().map(|end| end.at);
        deliveries.push(delivery(view, &one.candidate, (from, until), why));
    }
    let outcome = if tasks_only {
        Outcome::Hold
    } else if deliveries.iter().all(|d| d.not_before.is_some()) {
        Outcome::Defer
    } else {
        Outcome::Send
    };
    Plan { outcome, deliveries, chosen, waiting_for: None, missed }
}

/// When a deferred candidate may go: what its rules ask for, and then inside the window again.
pub(crate) fn not_before(view: &View<'_>, evaluated: &Evaluated<'_>) -> Option<Timestamp> {
    let candidate = &evaluated.candidate;
    let until = evaluated.until.filter(|until| *until > view.now)?;
    let bound = view.binds(candidate.channel) && view.window_binds_at(candidate.address);
    match if bound { view.opening_at(candidate.point, until) } else { Opening::Open } {
        Opening::At(opens) => Some(opens),
        Opening::Open | Opening::Never => Some(until),
    }
}

/// `(from, until)`: when it may be made.
fn delivery(
    view: &View<'_>,
    candidate: &Candidate<'_>,
    (not_before, not_after): (Option<Timestamp>, Option<Timestamp>),
    why: Choice,
) -> Delivery {
    Delivery {
        channel: candidate.channel,
        contact_point: candidate.address.clone(),
        mode: candidate.mode,
        form: candidate.form,
        level: candidate.carried(view.level).unwrap_or(Level::L4),
        not_before,
        not_after,
        vendor: candidate.vendor.map(|row| VendorRef { vendor: row.vendor.clone(), service: row.service.clone() }),
        why,
    }
}

/// What ranks one contact before another, in the order in which it counts. The smallest is the best.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank<'a> {
    /// A message failed there for good lately.
    failed: bool,
    /// When it may go; `None` = now.
    later: Option<Timestamp>,
    /// The patient's rank.
    preference: u32,
    /// The last message there was never confirmed.
    unconfirmed: bool,
    /// How open what it carries lies there; 0 where it says nothing of care.
    exposure: u8,
    /// How directly it reaches the patient.
    reach: u8,
    /// What it costs.
    cost: u8,
    /// Between channels that are alike in all this.
    channel: u8,
    form: Reverse<Form>,
    mode: Option<u8>,
    /// So that the order of the record never decides.
    address: &'a Address,
}

impl<'a> Rank<'a> {
    fn of(view: &View<'_>, evaluated: &Evaluated<'a>) -> Self {
        let c = &evaluated.candidate;
        let past = past(view, c);
        Self {
            failed: past == Some(PastOutcome::Failed),
            later: not_before(view, evaluated),
            preference: if answers_access(view, c) {
                AS_ASKED
            } else {
                c.point.and_then(|p| p.point.rank).unwrap_or(u32::MAX)
            },
            unconfirmed: past == Some(PastOutcome::Unknown),
            exposure: if c.carried(view.level).is_some_and(|level| level <= Level::L1) { 0 } else { exposure(view, c) },
            reach: reach(c.channel),
            cost: cost(c),
            channel: order(c.channel),
            form: Reverse(c.form),
            mode: c.mode.map(mode_order),
            address: c.address,
        }
    }

    /// What first sets this one before `other`.
    fn decided(&self, other: &Self) -> Criterion {
        if self.failed != other.failed {
            Criterion::Failures
        } else if self.later != other.later {
            Criterion::Timing
        } else if self.preference != other.preference {
            Criterion::Preference
        } else if self.unconfirmed != other.unconfirmed {
            Criterion::Receipts
        } else if self.exposure != other.exposure {
            Criterion::Sensitivity
        } else if self.reach != other.reach {
            Criterion::Reach
        } else if self.cost != other.cost {
            Criterion::Cost
        } else if self.channel != other.channel {
            Criterion::Reach
        } else if self.form != other.form {
            Criterion::Form
        } else if self.mode != other.mode {
            Criterion::Sensitivity
        } else {
            Criterion::Address
        }
    }
}

/// The one best contact of those that stand, and why it was chosen before the next: see [`Rank`].
fn best_contact<'e>(
    view: &View<'_>,
    copy: Option<&Evaluated<'_>>,
    contacts: &'e [Evaluated<'e>],
) -> Option<(&'e Evaluated<'e>, Choice)> {
    let fitting = contacts
        .iter()
        .filter(|e| e.stands() && !e.candidate.channel.is_human_task())
        .filter(|e| fits(view, copy.is_some(), e, contacts));
    let ranked: Vec<(Rank<'_>, &Evaluated<'_>)> = fitting.map(|e| (Rank::of(view, e), e)).collect();
    let (rank, best) = ranked.iter().min_by(|one, other| one.0.cmp(&other.0))?;
    let elsewhere = |e: &Evaluated<'_>| {
        (e.candidate.channel, e.candidate.address) != (best.candidate.channel, best.candidate.address)
    };
    let second = ranked.iter().filter(|(_, e)| elsewhere(e)).min_by(|one, other| one.0.cmp(&other.0));
    let choice = match second {
        None => Choice { by: Criterion::OnlyWay, over: None },
        Some((other, second)) => {
            let c = &second.candidate;
            let contact_point = c.address.clone();
            let over = RunnerUp { channel: c.channel, contact_point, mode: c.mode, form: c.form };
            Choice { by: rank.decided(other), over: Some(over) }
        }
    };
    Some((best, choice))
}

/// Why a way that could be used is not in the plan; `None` = it is, or it could not be used.
pub(crate) fn passed_over(view: &View<'_>, plan: &Plan<'_>, one: &Evaluated<'_>) -> Option<PassedOver> {
    if !one.stands() || plan.chosen.iter().any(|chosen| std::ptr::eq(*chosen, one)) {
        return None;
    }
    let by_machine = |e: &Evaluated<'_>| e.candidate.is_contact() && !e.candidate.channel.is_human_task();
    let best = plan.chosen.iter().find(|chosen| by_machine(chosen))?;
    let place = |e: &Evaluated<'_>| (e.candidate.channel, e.candidate.address.clone());
    let (chosen, other) = (Rank::of(view, best), Rank::of(view, one));
    Some(if !by_machine(one) {
        PassedOver::Task
    } else if place(best) == place(one) || other < chosen {
        // One that would rank first was never compared: its contact point is served in another form.
        PassedOver::Form
    } else {
        PassedOver::For(chosen.decided(&other))
    })
}

/// What became of the last message on this channel to this contact point, if that was lately and the point was not verified
/// since.
fn past(view: &View<'_>, candidate: &Candidate<'_>) -> Option<PastOutcome> {
    let verified = candidate.point.and_then(|p| p.point.verification.known()).and_then(|v| v.last);
    let lately = |at: Timestamp| view.now.duration_since(at) < FAILURES_LOWER && verified.is_none_or(|last| last < at);
    let here = view.history?.deliveries.iter().filter(|d| {
        d.channel == candidate.channel && d.point == *candidate.address && d.outcome.is_some() && lately(d.at)
    });
    // Of two at one instant the worse counts, in whatever order they are recorded.
    let worse = |outcome| match outcome {
        Some(PastOutcome::Failed) => 2,
        Some(PastOutcome::Unknown) => 1,
        Some(PastOutcome::Delivered) | None => 0,
    };
    here.max_by_key(|d| (d.at, worse(d.outcome))).and_then(|d| d.outcome)
}

/// How open words about care lie on a channel: heard or read by the verified patient alone, then encrypted to the mailbox's
/// host, then open.
fn exposure(view: &View<'_>, candidate: &Candidate<'_>) -> u8 {
    let verified = view.request.voice.is_some_and(|voice| voice.identity_verified);
    match (candidate.channel, candidate.mode) {
        (Channel::Chat | Channel::Push | Channel::Portal, _) | (Channel::Email, Some(EmailMode::Smime)) => 0,
        (Channel::Voice, _) if verified => 0,
        (Channel::Email, Some(EmailMode::EnforcedTls)) => 1,
        (Channel::Voice, _) => 2,
        (Channel::Email, Some(EmailMode::Plain)) => 4,
        _ => 3,
    }
}

/// How directly a channel reaches the patient: in a chat they have open, on their device, in a message they read, by a call.
const fn reach(channel: Channel) -> u8 {
    match channel {
        Channel::Chat => 0,
        Channel::Push => 1,
        Channel::Sms | Channel::Email => 2,
        Channel::Voice => 3,
        Channel::Voicemail => 4,
        Channel::MessagingApp => 5,
        Channel::ChatAnonymous => 6,
        Channel::HumanCall | Channel::Mail | Channel::Portal => 7,
    }
}

/// What a delivery costs, by class: nothing, one message, several in one, a call.
fn cost(candidate: &Candidate<'_>) -> u8 {
    let long = candidate.rendition.is_some_and(|text| text.chars > EXEMPT_TEXT);
    match candidate.channel {
        Channel::Chat | Channel::ChatAnonymous | Channel::Push | Channel::Portal => 0,
        Channel::Sms if long => 2,
        Channel::Sms | Channel::Email | Channel::MessagingApp => 1,
        Channel::Voice | Channel::Voicemail | Channel::HumanCall => 3,
        Channel::Mail => 4,
    }
}

/// Whether a surviving candidate is the one its contact point is to be reached by: the highest form that survived, and
/// on e-mail the notice or the body as CASES reads it.
fn fits(view: &View<'_>, copy: bool, one: &Evaluated<'_>, all: &[Evaluated<'_>]) -> bool {
    let c = &one.candidate;
    let same = |e: &&Evaluated<'_>| e.candidate.channel == c.channel && e.candidate.address == c.address && e.stands();
    if c.channel != Channel::Email {
        return !all.iter().filter(same).any(|e| e.candidate.form > c.form);
    }
    let choice =
        |form_or_mode: &dyn Fn(&Candidate<'_>) -> bool| all.iter().filter(same).any(|e| form_or_mode(&e.candidate));
    let is_body = |c: &Candidate<'_>| c.mode != Some(EmailMode::Notify) && c.has_body();
    let is_notice = |c: &Candidate<'_>| c.form == Form::Notice;
    let asked = |c: &Candidate<'_>| prefers_body(view, c);
    let wants_body = choice(&|other| is_body(other) && asked(other));
    if wants_body {
        return is_body(c) && asked(c);
    }
    if copy && choice(&is_notice) {
        return is_notice(c);
    }
    // No portal beside it: the body when it may travel, else the minimal text.
    if choice(&is_body) { is_body(c) } else { !is_notice(c) || !choice(&|other| other.has_body()) }
}

/// Before every rank that a record can give a contact point: FHIR's begin with 1.
const AS_ASKED: u32 = 0;

/// 45 CFR 164.524(c)(2)(i): "in the form and format requested": the e-mail that the patient asked for, and the caller now sends, goes
/// before a notice elsewhere that something waits.
fn answers_access(view: &View<'_>, candidate: &Candidate<'_>) -> bool {
    let body = candidate.channel == Channel::Email && candidate.form == Form::Full;
    body && view.request.email_mode.is_some()
        && prefers_body(view, candidate)
        && view.access_requested(candidate.address, candidate.mode)
}

/// The caller asks for this mode, or the patient did in a request for access (45 CFR 164.524(c)(2)). Who takes a copy in the clear gets
/// it over a session that is encrypted, where there is one: they read the same.
fn prefers_body(view: &View<'_>, candidate: &Candidate<'_>) -> bool {
    let by_caller = view.request.email_mode.is_some_and(|mode| candidate.mode == Some(mode));
    let better = Some(EmailMode::Plain).filter(|_| candidate.mode == Some(EmailMode::EnforcedTls));
    let asked = |mode| view.access_requested(candidate.address, mode);
    by_caller || asked(candidate.mode) || asked(better)
}

/// Which channel first, where nothing else sets two apart.
const fn order(channel: Channel) -> u8 {
    match channel {
        Channel::Chat => 0,
        Channel::Push => 1,
        Channel::Sms => 2,
        Channel::Email => 3,
        Channel::Voice => 4,
        Channel::Voicemail => 5,
        Channel::MessagingApp => 6,
        Channel::ChatAnonymous => 7,
        Channel::HumanCall => 8,
        Channel::Mail => 9,
        Channel::Portal => 10,
    }
}

/// The better protected mode first.
const fn mode_order(mode: EmailMode) -> u8 {
    match mode {
        EmailMode::Smime => 0,
        EmailMode::EnforcedTls => 1,
        EmailMode::Notify => 2,
        EmailMode::Plain => 3,
    }
}

/// The task for a person, when no machine may reach the patient: first-class mail for a breach notice, else the call; of two, the one that may
/// still be done the day after.
fn task<'e>(view: &View<'_>, contacts: &'e [Evaluated<'e>]) -> Option<&'e Evaluated<'e>> {
    let within_a_day = |at: Timestamp| at.duration_since(view.start) <= SignedDuration::from_hours(24);
    contacts.iter().filter(|e| e.stands() && e.candidate.channel.is_human_task()).min_by_key(|e| {
        let rank = e.candidate.point.and_then(|p| p.point.rank).unwrap_or(u32::MAX);
        let ends_soon = e.ends.as_ref().is_some_and(|end| within_a_day(end.at));
        (order(e.candidate.channel), ends_soon, rank, e.candidate.address)
    })
}

/// Nothing may go: wait, hold or refuse, as the most hopeful candidate says.
fn nothing<'e>(portal: Option<&'e Evaluated<'e>>, contacts: &'e [Evaluated<'e>]) -> Plan<'e> {
    let hopeful = portal.into_iter().chain(contacts).min_by_key(|e| e.bar);
    let (outcome, waiting_for) = match hopeful.map(|e| (e.bar, e.waiting_for)) {
        Some((Bar::Clear | Bar::Wait, waiting_for)) => (Outcome::Defer, waiting_for),
        Some((Bar::Person, _)) => (Outcome::Hold, None),
        Some((Bar::Refused, _)) | None => (Outcome::Refuse, None),
    };
    Plan { outcome, deliveries: Vec::new(), chosen: Vec::new(), waiting_for, missed: false }
}

#[cfg(test)]
mod tests;
