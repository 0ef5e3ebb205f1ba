//! Simulated vendors: the whole life of a message without a network, and every failure by choosing the recipient
//! ([`magic`]).
//!
//! A simulator is a provider like any other: it asks for a recorded permit, and its receipts and replies come back as signed
//! requests that the same `receive` reads. It can play any vendor's name, and its profile says that it is simulated. Nothing
//! happens by itself: [`Inbox::tick`] lets happen what is due.

pub mod inbox;
pub mod line;
pub mod magic;

mod vendor;

pub use inbox::{Arrival, Inbox, Tally};
pub use line::{Callback, Line};
pub use vendor::SimulatedVendor;

use crate::provider::{Handover, Outbound, Profile, ReceiptState, Sent, reference_for};
use jiff::{SignedDuration, Timestamp};
use line::Event;
use magic::Behaviour;
use postern_base::Phi;
use postern_gate::{Permit, TransportFloor};
use postern_ledger::Recorded;
use std::sync::Arc;

/// After how long an ordinary receipt comes.
const RECEIPT_AFTER: SignedDuration = SignedDuration::from_secs(1);
/// After how long a recipient answers.
const ANSWER_AFTER: SignedDuration = SignedDuration::from_secs(2);
/// After how long a late receipt comes.
const LATE_RECEIPT_AFTER: SignedDuration = SignedDuration::from_mins(10);

/// Does to one message what its recipient's [`Behaviour`] says.
fn play(
    profile: &Profile,
    line: &Arc<Line>,
    inbox: &Inbox,
    behaviour: Behaviour,
    recorded: &Recorded<Permit>,
    outbound: &Outbound,
    now: Timestamp,
) -> Sent {
    if let Err(refused) = profile.admit(recorded, outbound, now) {
        return refused;
    }
    let permit = recorded.permit();
    let calls_before = inbox.called(permit.binding().delivery);
    match behaviour {
        Behaviour::FailFirst(times) if calls_before < times => {
            return Sent::TemporaryFailure { code: "simulated-busy".to_owned() };
        }
        Behaviour::Reject => return Sent::PermanentFailure { code: "simulated-rejected".to_owned() },
        Behaviour::TimeOutLost => return Sent::Unknown { code: "simulated-time-out".to_owned() },
        Behaviour::WeakSession => {
            return Sent::BelowFloor { found: None, code: "simulated-weak-session".to_owned(), peer: None };
        }
        Behaviour::DomainHolds(found) if permit.floor() == TransportFloor::EnforcedTls => {
            return Sent::BelowFloor { found, code: "simulated-weak-domain".to_owned(), peer: None };
        }
        _ => {}
    }
    let reference = reference_for(permit.binding().delivery);
    let arrival = Arrival {
        vendor: line.vendor.clone(),
        channel: permit.channel(),
        to: Phi::new(permit.contact_point().reveal().to_string()),
        sender: outbound.sender.clone(),
        subject: outbound.subject.clone(),
        body: outbound.body.clone(),
        at: now,
        state: ReceiptState::Underway,
        delivery: permit.binding().delivery,
        reference: reference.clone(),
    };
    if inbox.take(arrival, &outbound.idempotency_key).is_err() {
        return Sent::TemporaryFailure { code: "simulator-log".to_owned() };
    }
    let receipt = match behaviour {
        Behaviour::LateReceipt | Behaviour::TimeOutTaken => Some((LATE_RECEIPT_AFTER, ReceiptState::Delivered)),
        Behaviour::FailedReceipt => Some((RECEIPT_AFTER, ReceiptState::Failed)),
        Behaviour::NoReceipt => None,
        _ => Some((RECEIPT_AFTER, ReceiptState::Delivered)),
    };
    if let Some((after, state)) = receipt {
        schedule(inbox, line, now, after, Event::receipt(&reference, state));
    }
    if let Behaviour::Answer(text) = behaviour {
        let answer = Event::reply(permit.channel(), permit.contact_point().reveal(), text);
        schedule(inbox, line, now, ANSWER_AFTER, answer);
    }
    if behaviour == Behaviour::TimeOutTaken {
        return Sent::Unknown { code: "simulated-time-out".to_owned() };
    }
    Sent::Accepted(Handover { reference, session: None })
}

fn schedule(inbox: &Inbox, line: &Arc<Line>, now: Timestamp, after: SignedDuration, event: Event) {
    // At the end of representable time there is no later: the event is due at once.
    inbox.schedule(now.checked_add(after).unwrap_or(now), line, event);
}
