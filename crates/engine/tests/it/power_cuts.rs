//! The power is cut between every two steps; whatever was answered is there exactly once, and nothing is sent twice.

use crate::clinic::{Clinic, EMAIL, NUMBER, reminder};
use crate::records;
use jiff::SignedDuration;
use postern_base::Channel;
use postern_engine::faults::{Faults, Step, Stop};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Cuts the power once, at one step.
#[derive(Debug)]
pub(crate) struct CutAt {
    step: Step,
    armed: AtomicBool,
}

impl CutAt {
    pub(crate) fn new(step: Step) -> Arc<Self> {
        Arc::new(Self { step, armed: AtomicBool::new(true) })
    }
}

impl Faults for CutAt {
    fn at(&self, step: Step) -> Result<(), Stop> {
        if step == self.step && self.armed.swap(false, Ordering::SeqCst) { Err(Stop) } else { Ok(()) }
    }
}

async fn clinic(step: Step) -> Clinic {
    let mut resources = records::patient("p1", NUMBER, EMAIL);
    resources.push(records::appointment("a1", "p1", "booked", "2026-12-04T14:00:00-05:00"));
    Clinic::open_with(resources, CutAt::new(step)).await
}

fn by_sms() -> serde_json::Value {
    let mut request = reminder("a1");
    request["channels"] = json!(["sms"]);
    request
}

#[tokio::test]
async fn a_cut_during_accept_leaves_the_message_there_once_or_not_at_all() {
    for step in Step::ACCEPT {
        let clinic = clinic(*step).await;
        let body = serde_json::to_vec(&by_sms()).unwrap();
        assert!(clinic.engine.accept(&clinic.principal, Some("k"), &body).await.is_err(), "{step:?}");
        let clinic = clinic.restart().await;
        // The caller heard nothing, so it asks again with the same key.
        clinic.engine.accept(&clinic.principal, Some("k"), &body).await.unwrap();
        clinic.settle().await;
        assert_eq!(clinic.inbox.taken(), 1, "{step:?}");
        let messages = clinic.engine.messages_of(&clinic.principal, "Patient/p1", None, 10).await.unwrap();
        assert_eq!(messages.len(), 1, "{step:?}");
        let accepted = clinic.codes(messages[0]).await.iter().filter(|(kind, _)| kind == "accepted").count();
        assert_eq!(accepted, 1, "{step:?}");
    }
}

#[tokio::test]
async fn a_cut_during_dispatch_never_sends_twice_and_every_message_ends() {
    for step in Step::DISPATCH {
        let clinic = clinic(*step).await;
        let answer = clinic.send(&by_sms()).await;
        clinic.settle().await;
        let mut clinic = clinic.restart().await;
        for _ in 0..40 {
            clinic.settle().await;
            clinic.hear().await;
            clinic.engine.settle_overdue().await.unwrap();
            clinic.clock.move_on(SignedDuration::from_mins(60));
        }
        assert!(clinic.inbox.taken() <= 1, "{step:?}: sent {} times", clinic.inbox.taken());
        let states = clinic.states(answer.id).await;
        let before_the_call = matches!(step, Step::Claimed | Step::Regathered | Step::Admitted);
        let expected = match step {
            // Recorded and not called: nobody can tell that from called and not answered.
            Step::Recorded => "unknown",
            Step::Sent => "delivered or unknown",
            _ => "delivered",
        };
        let state = &states[0].1;
        assert!(expected.contains(state.as_str()), "{step:?}: {states:?}");
        if before_the_call {
            assert_eq!(clinic.inbox.taken(), 1, "{step:?}");
        }
        assert_eq!(states.len(), 1);
        assert_eq!(states[0].0, Channel::Sms);
    }
}
