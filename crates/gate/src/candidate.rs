//! The candidates of one decision: channel × contact point × mode × form.

use crate::agreement::uncovered;
use crate::fact::Fact;
use crate::facts::{Address, Registration, System, Tenant, Vendor};
use crate::matrix::Cell;
use crate::rendition::Rendition;
use crate::request::AnsweredBy;
use crate::view::{Audience, PointView, Today, View};
use jiff::Timestamp;
use postern_base::{Channel, EmailMode, Form, Level, Purpose, RecipientRole};
use std::cmp::Reverse;

/// What came of the portal copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PortalCopy {
    /// It may be read, now or later.
    Stands,
    /// A person must act before it may be.
    Held,
    /// There is none.
    Missing,
}

/// One way the message could go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate<'a> {
    pub(crate) channel: Channel,
    pub(crate) mode: Option<EmailMode>,
    pub(crate) form: Form,
    pub(crate) address: &'a Address,
    /// The contact point; `None` for portal, chat and mail.
    pub(crate) point: Option<&'a PointView<'a>>,
    /// The vendor's service that would carry it.
    pub(crate) vendor: Option<&'a Vendor>,
    /// The text that would travel.
    pub(crate) rendition: Option<&'a Rendition>,
    /// What the matrix says.
    pub(crate) cell: Cell,
    /// What came of the portal copy, which a notice points at.
    pub(crate) portal: PortalCopy,
    /// Stands for every way that the record does not hold.
    pub(crate) placeholder: bool,
}

impl Candidate<'_> {
    /// What travels, by level; `None` when that is not known.
    pub(crate) fn carried(&self, source: Option<Level>) -> Option<Level> {
        match (self.form, self.rendition) {
            (Form::Notice | Form::Callback, _) => Some(Level::L0),
            (_, Some(rendition)) => match rendition.level {
                Fact::Known(found) if self.form == Form::Full => Some(source.map_or(found, |s| s.max(found))),
                // The caller's own words are what they say they are; a minimal text carries no more than logistics (SYS-06).
                Fact::Known(found) => Some(source.map_or(found, |source| found.max(source.min(Level::L1)))),
                Fact::Unknown(_) => None,
            },
            (_, None) => source,
        }
    }

    /// It reaches out to the patient: not the portal, not a chat that the patient opened, not a person's task.
    pub(crate) const fn is_contact(&self) -> bool {
        is_contact(self.channel)
    }

    /// A text, call or voicemail: what 47 USC 227 is about.
    pub(crate) const fn is_call_or_text(&self) -> bool {
        matches!(self.channel, Channel::Sms | Channel::Voice | Channel::Voicemail)
    }

    /// It carries the message itself, not only that there is one.
    pub(crate) fn has_body(&self) -> bool {
        self.form >= Form::Minimal
    }

    /// A machine would ask the patient to call back: it says only that there is something, as a notice does. In an
    /// emergency it is the message.
    pub(crate) fn asks_to_call_back(&self, view: &View<'_>) -> bool {
        self.form == Form::Callback && !self.channel.is_human_task() && !view.human_voice() && !view.emergency
    }

    /// It needs a vendor's agreement: everything but what people carry.
    pub(crate) const fn needs_vendor(&self) -> bool {
        !self.channel.is_human_task()
    }
}

/// Whether a channel reaches out to the patient: not the portal, not a chat that the patient opened, not a person's task.
pub(crate) const fn is_contact(channel: Channel) -> bool {
    !matches!(channel, Channel::Portal | Channel::Chat | Channel::ChatAnonymous | Channel::Mail | Channel::HumanCall)
}

/// Whether the caller leaves the channel open.
fn wanted(view: &View<'_>, channel: Channel) -> bool {
    view.request.channels.as_ref().is_none_or(|channels| channels.contains(&channel))
}

/// Whether the caller names the channel.
fn named(view: &View<'_>, channel: Channel) -> bool {
    view.request.channels.as_ref().is_some_and(|channels| channels.contains(&channel))
}

/// The portal candidate, when there is one. One-time codes and confirmations have no portal copy.
pub(crate) fn portal<'a>(view: &'a View<'a>) -> Option<Candidate<'a>> {
    let reads = matches!(view.request.recipient.role, RecipientRole::SelfPatient | RecipientRole::Proxy);
    if !reads || view.is_formality() || !wanted(view, Channel::Portal) {
        return None;
    }
    let form = match view.purpose {
        Purpose::Marketing if view.level.is_some_and(|level| level <= Level::L1) => Form::Minimal,
        _ => Form::Full,
    };
    Some(candidate(view, Channel::Portal, None, form, &view.portal, None, PortalCopy::Missing))
}

/// Every other candidate, contact points in the order of the record.
pub(crate) fn contacts<'a>(view: &'a View<'a>, portal: PortalCopy) -> Vec<Candidate<'a>> {
    let mut found = Vec::with_capacity(16);
    let mut push = |channel, mode, forms: &[Form], address, point| {
        let first = found.len();
        for form in forms {
            let next = candidate(view, channel, mode, *form, address, point, portal);
            if *form == Form::Notice
                && portal != PortalCopy::Stands
                && next.cell.allows(Form::Minimal)
                && found.len() > first
            {
                // Without a portal copy the minimal text is the answer; that a notice has nothing to point at is no news.
                continue;
            }
            if next.rendition.is_some() || channel.is_human_task() {
                found.push(next);
            }
        }
        if found.len() == first
            && let Some(form) = forms.last()
        {
            found.push(candidate(view, channel, mode, *form, address, point, portal));
        }
    };
    for point in &view.points {
        let address = &point.point.value;
        for channel in channels_of(view, point.point.system) {
            for mode in modes(view, *channel, point) {
                push(*channel, mode, forms(view, *channel, mode), address, Some(point));
            }
        }
    }
    for channel in [Channel::Chat, Channel::ChatAnonymous] {
        // The patient opened it: the caller names it, or answers in it.
        if wanted(view, channel) && (named(view, channel) || view.answered.is_some_and(|m| m.channel == channel)) {
            push(channel, None, forms(view, channel, None), &view.portal, None);
        }
    }
    if wanted(view, Channel::Mail) && !view.is_formality() && matches!(view.audience, Audience::Patient) {
        for address in view.patient.map_or(&[][..], |p| &p.postal) {
            push(Channel::Mail, None, &[Form::Full], address, None);
        }
    }
    found
}

/// What stands for every way that the record does not hold, so that a request without candidates has its reasons too.
pub(crate) fn placeholder<'a>(view: &'a View<'a>) -> Candidate<'a> {
    // Not the first that was named: the order in which they are named says nothing.
    let channel = view.request.channels.as_ref().and_then(|channels| channels.iter().min().copied());
    let form = Form::Notice;
    let none =
        candidate(view, channel.unwrap_or(Channel::HumanCall), None, form, &view.portal, None, PortalCopy::Missing);
    Candidate { placeholder: true, ..none }
}

/// The channels that the caller named, that are reached by what stands on the record, and of which nothing is among the `found`.
pub(crate) fn missing(view: &View<'_>, found: &[Channel]) -> Vec<Channel> {
    // The portal and a chat stand on no record; codes and confirmations are no letters.
    let never = |channel: Channel| match channel {
        Channel::Portal | Channel::Chat | Channel::ChatAnonymous => true,
        Channel::Mail => view.is_formality(),
        _ => false,
    };
    let asked = Channel::ALL.iter().copied().filter(|channel| named(view, *channel) && !never(*channel));
    asked.filter(|channel| !found.contains(channel)).collect()
}

/// The channels a contact point can be reached on.
fn channels_of(view: &View<'_>, system: System) -> impl Iterator<Item = &'static Channel> {
    let channels: &'static [Channel] = match system {
        System::Sms => &[Channel::Sms],
        System::Phone => &[Channel::Voice, Channel::Voicemail, Channel::HumanCall],
        System::Email => &[Channel::Email],
        System::App => &[Channel::Push],
        System::MessagingApp => &[Channel::MessagingApp],
        System::Postal | System::Portal | System::Other => &[],
    };
    let machine = view.request.voice.is_some_and(|voice| voice.answered_by == AnsweredBy::Machine);
    let formality = view.is_formality();
    channels.iter().filter(move |channel| {
        wanted(view, **channel)
            && match channel {
                Channel::Voicemail => machine || named(view, Channel::Voicemail),
                // 47 CFR 64.1200(c)(2), (d): where a machine may not sell, nobody is told to: only who asks for such a call gets the task.
                Channel::HumanCall if view.purpose == Purpose::Marketing => named(view, Channel::HumanCall),
                Channel::HumanCall => !formality,
                _ => true,
            }
    })
}

fn modes(view: &View<'_>, channel: Channel, point: &PointView<'_>) -> impl Iterator<Item = Option<EmailMode>> + use<> {
    let asked = view.request.email_mode;
    let access = view.access_requested(&point.point.value, Some(EmailMode::Plain));
    let email = channel == Channel::Email;
    [None, Some(EmailMode::Notify), Some(EmailMode::EnforcedTls), Some(EmailMode::Smime), Some(EmailMode::Plain)]
        .into_iter()
        .filter(move |mode| match mode {
            None => !email,
            Some(EmailMode::Notify | EmailMode::EnforcedTls) => email,
            // Without a certificate on record S/MIME is worth a reason only when it was asked for.
            Some(EmailMode::Smime) => email && asked == Some(EmailMode::Smime),
            // Who asks us for an encrypted session is never answered in the clear.
            Some(EmailMode::Plain) => {
                let encrypted = matches!(asked, Some(EmailMode::EnforcedTls | EmailMode::Smime));
                email && ((access && !encrypted) || asked == Some(EmailMode::Plain))
            }
        })
}

/// The forms a channel defines, highest first. A form above the cell stands only where its refusal tells the caller
/// something: the content was more than logistics.
fn forms(view: &View<'_>, channel: Channel, mode: Option<EmailMode>) -> &'static [Form] {
    let level = view.level.unwrap_or(Level::L4);
    let highest = view.cell(channel, mode, level).highest;
    let tells = level > Level::L1 || highest == Some(Form::Full);
    match channel {
        Channel::Sms | Channel::MessagingApp => match highest {
            Some(Form::Full) => &[Form::Full],
            _ if tells => &[Form::Full, Form::Minimal, Form::Notice],
            _ => &[Form::Minimal, Form::Notice],
        },
        Channel::Email => match mode {
            Some(EmailMode::Notify) if highest == Some(Form::Full) => &[Form::Full],
            Some(EmailMode::Notify) | None => &[Form::Minimal, Form::Notice],
            Some(_) if highest == Some(Form::Minimal) => &[Form::Minimal],
            Some(_) => &[Form::Full],
        },
        Channel::Voice => match highest {
            // Nobody calls back for a code, whatever a practice lowers.
            _ if view.is_formality() => &[Form::Full],
            Some(Form::Minimal) => &[Form::Minimal, Form::Callback],
            _ => &[Form::Full, Form::Callback],
        },
        Channel::Voicemail => &[Form::Minimal, Form::Callback],
        Channel::ChatAnonymous => &[Form::Full, Form::Callback],
        Channel::Push => match highest {
            Some(Form::Full) => &[Form::Full],
            Some(Form::Minimal) => &[Form::Minimal, Form::Notice],
            _ => &[Form::Notice],
        },
        Channel::Chat if highest == Some(Form::Minimal) => &[Form::Minimal],
        Channel::Chat | Channel::Portal | Channel::Mail => &[Form::Full],
        Channel::HumanCall => &[Form::Callback],
    }
}

fn candidate<'a>(
    view: &'a View<'a>,
    channel: Channel,
    mode: Option<EmailMode>,
    form: Form,
    address: &'a Address,
    point: Option<&'a PointView<'a>>,
    portal: PortalCopy,
) -> Candidate<'a> {
    let rendition = rendition(view, channel, form);
    let found = rendition.filter(|_| form == Form::Full).and_then(|r| r.level.known().copied());
    // The cell is that of the higher of source and text; a level nobody could find is read as the highest.
    let level = view.level.map_or(Level::L4, |source| found.map_or(source, |found| source.max(found)));
    Candidate {
        channel,
        mode,
        form,
        address,
        point,
        vendor: vendor(view, channel),
        rendition,
        cell: view.cell_at(channel, mode, level, address),
        portal,
        placeholder: false,
    }
}

/// The same way to send, as `view` sees it at another instant.
pub(crate) fn seen_by<'a>(view: &'a View<'a>, other: &Candidate<'a>) -> Candidate<'a> {
    let point = other.point.and_then(|seen| view.points.iter().find(|point| std::ptr::eq(point.point, seen.point)));
    candidate(view, other.channel, other.mode, other.form, other.address, point, other.portal)
}

/// The text for a channel in a form: the channel's own, else the one for every channel.
fn rendition<'a>(view: &View<'a>, channel: Channel, form: Form) -> Option<&'a Rendition> {
    let of = |channel: Option<Channel>| view.facts.renditions.iter().find(|r| r.form == form && r.channel == channel);
    of(Some(channel)).or_else(|| of(None))
}

/// The best row for a channel: covered by then, terms complete, sender registered; then by name, whatever the order. `None` for what people
/// carry.
pub(crate) fn vendor<'a>(view: &View<'a>, channel: Channel) -> Option<&'a Vendor> {
    let (facts, now, today) = (view.facts, view.now, view.today);
    let rows = facts.vendors.iter().filter(|_| !channel.is_human_task()).filter(|row| row.channels.contains(&channel));
    rows.min_by_key(|row| {
        (Reverse(good(&facts.tenant, row, channel, now, today)), &row.vendor, &row.service, &row.tier)
    })
}

/// Whether a vendor's service may carry `channel`: an agreement with every term covers it now (45 CFR 164.308(b)(1)), and who sends texts
/// is registered. For whoever looks for a vendor in the place of another; a rule of the gate's still speaks on the message.
#[must_use]
pub fn may_carry(tenant: &Tenant, row: &Vendor, channel: Channel, now: Timestamp) -> bool {
    good(tenant, row, channel, now, Today::at(now)) == (true, true, true)
}

/// What is good of a row: it is covered, its terms are complete, and who sends texts is registered and approved (TCP-23).
fn good(tenant: &Tenant, row: &Vendor, channel: Channel, now: Timestamp, today: Today) -> (bool, bool, bool) {
    let needed = channel == Channel::Sms || row.sender_registration != Registration::NotNeeded;
    let registered = !needed || row.sender_registration == Registration::Approved;
    (uncovered(tenant, row, now, today).is_none(), row.agreement.required_terms, registered)
}
