//! Emergency access: who broke the glass, and what keeps it whole.

use super::{View, is_care};
use crate::natural::is_person;
use crate::reference::BREAK_GLASS_LONGEST;
use crate::request::Request;
use jiff::Timestamp;
use postern_base::{Origin, Purpose, Urgency};

impl View<'_> {
    /// Why the glass is not broken, where somebody tried.
    pub(crate) fn glass_fault(&self) -> Option<&'static str> {
        self.request.break_glass.as_ref()?;
        glass_fault(self.request, self.purpose, self.now)
    }

    /// When the glass that was broken is whole again; `None` when it was not broken.
    pub(crate) fn glass_mends(&self) -> Option<Timestamp> {
        self.request.break_glass.as_ref().filter(|_| self.emergency).map(|glass| glass.expires_at)
    }
}

/// 45 CFR 164.312(a)(2)(ii): a named human, a reason, and a time that is not over. Only somebody who acts now, at the console or with
/// a key of their own, breaks the glass: no program, no mass mailing, no journey, no automatic reply and no model, whatever name they
/// give. The API asks for that too; the gate does not rely on it.
pub(super) fn emergency(request: &Request, purpose: Purpose, now: Timestamp) -> bool {
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

/// A name or a reason has letters; an invisible character or a single sign is neither.
pub(crate) fn says_something(text: &str) -> bool {
    text.chars().filter(|c| c.is_alphanumeric()).count() >= 2
}
