//! Calls and texts: 47 USC 227, 47 CFR 64.1200, carriers, states.

pub(super) mod confirmation;
pub(super) mod consent;
pub(super) mod emergency;
pub(super) mod number;
pub(super) mod offers;
#[cfg(test)]
pub(super) mod pairs;
pub(super) mod revocation;
pub(super) mod sender;
pub(super) mod window;

use crate::candidate::Candidate;
use crate::view::View;
use postern_base::Channel;

/// A text, or a call or voicemail by a machine: what needs a consent under 47 USC 227(b).
fn is_automated(view: &View<'_>, candidate: &Candidate<'_>) -> bool {
    candidate.is_call_or_text() && !(candidate.channel == Channel::Voice && view.human_voice())
}
