//! What a patient who begins to write by e-mail is told of its risk, once for each address (RULES PRI-23).
//!
//! OCR FAQ 570: "If the provider feels the patient may not be aware of the possible risks of using unencrypted e-mail ... the provider can alert
//! the patient of those risks". The notice is a message like any other: it passes the gate, and counts as told when it was handed over.

use crate::accept::{Answering, Tie};
use crate::dispatch::Work;
use crate::engine::Engine;
use crate::error::AcceptError;
use crate::notices;
use crate::principal::Principal;
use crate::receipts::ReceiveFailure;
use crate::returned::Of;
use crate::wire::{NewNotice, NoticeKind, Request, TemplateUse};
use jiff::Timestamp;
use postern_base::{Channel, Form, MessageId, Origin, Purpose};
use postern_channels::Sent;
use postern_store::{DeliveryState, MessageRecord};
use std::collections::BTreeMap;

/// The template that tells it.
const TEMPLATE: &str = "email_risk";
/// The version of what it says; raised with the text where patients should be told anew.
const VERSION: &str = "email_risk 1";
/// How it was told, for the record.
const HOW: &str = "by e-mail, in answer to theirs";

/// house: how often it is asked for at most while callers' keys are remembered, which is two weeks.
const TURNS: u32 = 16;

/// What became of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Became {
    /// It went with its words, or may have.
    Gone,
    /// It still may go.
    UnderWay,
    /// It went nowhere, and will not.
    Nothing,
}

fn became(record: &MessageRecord) -> Became {
    let telling = || {
        let deliveries = record.deliveries.iter();
        let telling = deliveries.filter(|delivery| tells(delivery.candidate.channel, delivery.candidate.form));
        telling.map(|delivery| delivery.state)
    };
    if telling().any(|state| matches!(state, DeliveryState::Sent | DeliveryState::Delivered | DeliveryState::Unknown)) {
        return Became::Gone;
    }
    if telling().any(|state| !state.is_terminal()) { Became::UnderWay } else { Became::Nothing }
}

impl Engine {
    /// Sends the notice in answer to what the patient of `of` wrote at `at`, unless they were told before at that address.
    pub(crate) async fn tell_email_risk(&self, of: &Of, at: Timestamp) -> Result<(), ReceiveFailure> {
        let attested = self.inner.store.tenant(&of.tenant).reading().await?.attestations(&of.patient).await?;
        if notices::knows_email_risk(&notices::given(&attested)?, &of.point, VERSION) {
            return Ok(());
        }
        // Once for each patient, address and version, whatever else goes wrong: two programs that answer each other stop here.
        let once = format!("{VERSION}:{}:{}", of.patient.as_str(), of.point.reveal());
        let day = |at: Timestamp| at.as_second().div_euclid(86_400);
        let mut key = once.clone();
        for turn in 1..=TURNS {
            let Some(earlier) = self.ask_to_tell(of, at, &key).await? else { return Ok(()) };
            let Some(record) = self.inner.store.tenant(&of.tenant).message(earlier).await? else { return Ok(()) };
            match became(&record) {
                Became::Gone => {
                    // It went, and the power failed before that was noted.
                    let principal = Principal::system(of.tenant.clone());
                    self.note_email_risk(&principal, of.patient.as_str(), of.point.reveal()).await;
                    return Ok(());
                }
                Became::UnderWay => return Ok(()),
                // It could not go there then: the address was not verified, say. Not more often than once a day.
                Became::Nothing if day(record.accepted_at) == day(self.now()) => return Ok(()),
                Became::Nothing => key = format!("{once}:{turn}"),
            }
        }
        Ok(())
    }

    /// Queues the notice once for `key`; gives the message that was queued for it before, if one was.
    async fn ask_to_tell(&self, of: &Of, at: Timestamp, key: &str) -> Result<Option<MessageId>, ReceiveFailure> {
        let template = TemplateUse { name: TEMPLATE.to_owned(), data: BTreeMap::new() };
        let ours = Request::ours(&of.patient, Purpose::TreatmentUpdate, template, Channel::Email);
        let request = Request { origin: Origin::Reply, ..ours };
        let principal = Principal::system(of.tenant.clone());
        let answering = Answering { at, point: of.point.clone() };
        match self.accept_request(&principal, Some(key), request, Some(Tie::Answer(answering))).await {
            Ok(accepted) => Ok(accepted.replayed.then_some(accepted.answer.id)),
            Err(AcceptError::Conflict | AcceptError::NoSuchPatient | AcceptError::Forbidden(_)) => Ok(None),
            Err(AcceptError::Busy { .. } | AcceptError::Unavailable) => {
                // The patient's next mail asks for it again.
                tracing::warn!("the notice of the risk of e-mail could not be queued");
                Ok(None)
            }
            Err(AcceptError::Malformed(error)) => {
                tracing::error!(field = error.field, "the notice of the risk of e-mail was not understood");
                Ok(None)
            }
        }
    }

    /// Notes that the patient was told, where `work` was the notice and a server took it with its words.
    pub(crate) async fn told_email_risk(&self, work: &Work, form: Form, sent: &Sent) {
        let candidate = &work.claim.candidate;
        let is_it = work.kept.request.template.as_ref().is_some_and(|used| used.name == TEMPLATE);
        if is_it && tells(candidate.channel, form) && matches!(sent, Sent::Accepted(_) | Sent::Delivered(_)) {
            let principal = Principal::system(work.claim.tenant.clone());
            self.note_email_risk(&principal, work.message.patient.as_str(), candidate.point.reveal()).await;
        }
    }

    async fn note_email_risk(&self, principal: &Principal, patient: &str, address: &str) {
        let notice = NewNotice {
            kind: NoticeKind::EmailRisk,
            contact_point: Some(address.to_owned()),
            at: None,
            how: HOW.to_owned(),
            version: Some(VERSION.to_owned()),
            answer: None,
        };
        if let Err(error) = self.add_notice(principal, patient, &notice).await {
            // The patient's next mail finds that it went, and notes it then.
            tracing::warn!(%error, "that the patient was told the risk of e-mail could not be noted");
        }
    }
}

/// A notice that only says that something waits tells nothing of the risk.
fn tells(channel: Channel, form: Form) -> bool {
    channel == Channel::Email && form >= Form::Minimal
}
