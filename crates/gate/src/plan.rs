//! From what survived to what is done: the portal copy plus exactly one best contact (CASES, "Resolution").

use crate::candidate::Candidate;
use crate::decide::Evaluated;
use crate::decision::{Delivery, Outcome, VendorRef, WaitingFor};
use crate::finding::Bar;
use crate::view::View;
use crate::window::Opening;
use jiff::Timestamp;
use postern_base::{Channel, EmailMode, Form, Level, Purpose};

/// What is done.
#[derive(Debug)]
pub(crate) struct Plan<'e> {
    pub(crate) outcome: Outcome,
    pub(crate) deliveries: Vec<Delivery>,
    pub(crate) chosen: Vec<&'e Evaluated<'e>>,
    pub(crate) waiting_for: Option<WaitingFor>,
}

/// Picks the plan.
pub(crate) fn choose<'e>(
    view: &View<'_>,
    portal: Option<&'e Evaluated<'e>>,
    contacts: &'e [Evaluated<'e>],
) -> Plan<'e> {
    let copy = portal.filter(|p| p.stands());
    let best = best_contact(view, copy, contacts);
    let mut chosen: Vec<&Evaluated<'_>> = copy.into_iter().chain(best).collect();
    let tasks_only = chosen.is_empty();
    if tasks_only || (view.request.purpose == Purpose::BreachNotice && best.is_none()) {
        // 45 CFR 164.404(d)(1): a breach notice goes by first-class mail unless the person agreed to e-mail (BRN-05 has
        // refused every other contact).
        chosen.extend(task(contacts));
    }
    if chosen.is_empty() {
        return nothing(portal, contacts);
    }
    let copy_from = copy.and_then(|c| not_before(view, c));
    let mut deliveries = Vec::with_capacity(chosen.len());
    for one in &chosen {
        let mut until = one.until;
        if one.candidate.form == Form::Notice {
            // A notice of something that is not in the portal yet would send the patient to an empty page.
            until = until.max(copy_from);
        }
        let from = inside_window(view, &one.candidate, until);
        deliveries.push(delivery(view, &one.candidate, from));
    }
    let outcome = if tasks_only {
        Outcome::Hold
    } else if deliveries.iter().all(|d| d.not_before.is_some()) {
        Outcome::Defer
    } else {
        Outcome::Send
    };
    Plan { outcome, deliveries, chosen, waiting_for: None }
}

/// When a deferred candidate may go: what its rules ask for, and then inside the window again.
pub(crate) fn not_before(view: &View<'_>, evaluated: &Evaluated<'_>) -> Option<Timestamp> {
    inside_window(view, &evaluated.candidate, evaluated.until)
}

fn inside_window(view: &View<'_>, candidate: &Candidate<'_>, until: Option<Timestamp>) -> Option<Timestamp> {
    let until = until.filter(|until| *until > view.now)?;
    let bound = candidate.is_contact() && view.window_binds();
    match if bound { view.opening(until) } else { Opening::Open } {
        Opening::At(opens) => Some(opens),
        Opening::Open | Opening::Never => Some(until),
    }
}

fn delivery(view: &View<'_>, candidate: &Candidate<'_>, not_before: Option<Timestamp>) -> Delivery {
    Delivery {
        channel: candidate.channel,
        contact_point: candidate.address.clone(),
        mode: candidate.mode,
        form: candidate.form,
        level: candidate.carried(view.level).unwrap_or(Level::L4),
        not_before,
        vendor: candidate.vendor.map(|row| VendorRef { vendor: row.vendor.clone(), service: row.service.clone() }),
    }
}

/// The one best contact: now before later, by the patient's rank, then the safer channel, then the cheaper, then by
/// address, so that the order of the record never decides.
fn best_contact<'e>(
    view: &View<'_>,
    copy: Option<&Evaluated<'_>>,
    contacts: &'e [Evaluated<'e>],
) -> Option<&'e Evaluated<'e>> {
    contacts
        .iter()
        .filter(|e| e.stands() && !e.candidate.channel.is_human_task())
        .filter(|e| fits(view, copy.is_some(), e, contacts))
        .min_by_key(|e| {
            let c = &e.candidate;
            let later = not_before(view, e);
            let rank = c.point.and_then(|p| p.point.rank).unwrap_or(u32::MAX);
            (later, rank, order(c.channel), std::cmp::Reverse(c.form), c.mode.map(mode_order), c.address)
        })
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

/// The caller asks for this mode, or the patient did in a request for access (45 CFR 164.524(c)(2)).
fn prefers_body(view: &View<'_>, candidate: &Candidate<'_>) -> bool {
    let by_caller = view.request.email_mode.is_some_and(|mode| candidate.mode == Some(mode));
    by_caller || view.access_requested(candidate.address, candidate.mode)
}

/// Safer and cheaper channels first, when the patient ranks none above the other.
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

/// The task for a person, when no machine may reach the patient: first-class mail for a breach notice, else the call.
fn task<'e>(contacts: &'e [Evaluated<'e>]) -> Option<&'e Evaluated<'e>> {
    contacts.iter().filter(|e| e.stands() && e.candidate.channel.is_human_task()).min_by_key(|e| {
        let rank = e.candidate.point.and_then(|p| p.point.rank).unwrap_or(u32::MAX);
        (order(e.candidate.channel), rank, e.candidate.address)
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
    Plan { outcome, deliveries: Vec::new(), chosen: Vec::new(), waiting_for }
}
