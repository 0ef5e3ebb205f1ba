//! What a patient is told of their own messages: who opened one, why it came the way it came, and all of them with proofs.

use super::preferences::told as ends_of;
use super::reasons::{self, NotTaken, PlainReason, Way, Why};
use super::{NotNow, Visitor, actor};
use crate::engine::Engine;
use crate::error::UseError;
use crate::kept;
use crate::ledger_entry;
use crate::wire::{Answer, AnsweredRefusal};
use jiff::Timestamp;
use postern_base::{AccountId, Channel, MessageId, Phi, Purpose};
use postern_gate::Reading;
use postern_gate::decision::Criterion;
use postern_ledger::Kind;
use postern_store::{DeliveryRecord, MessageRecord};

/// That somebody opened a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: Opener,
    /// Why, in the words of the ledger: `content_read`, `inbound_read_treatment`, `read_by_patient`, ...
    pub why: String,
}

/// Who opened a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opener {
    /// The account that asks.
    You,
    /// Another account of the portal: the patient's, or of who stands for them.
    Account,
    /// Somebody who works for the practice, by the name their key bears.
    Staff(String),
    /// A program of the practice's, by its name.
    Program(String),
    /// Postern itself, on the practice's own machine.
    System,
}

/// A message with its proof.
#[derive(Debug, Clone)]
pub struct Proven {
    /// The message.
    pub message: MessageId,
    /// Since when it could be read.
    pub at: Timestamp,
    /// Why it was sent.
    pub purpose: Purpose,
    /// Its title.
    pub subject: Option<Phi<String>>,
    /// Its text.
    pub body: Phi<String>,
    /// A C2SP tlog-proof of the newest entry about it, which anybody can check offline.
    pub proof: Option<String>,
}

impl Engine {
    /// Who opened a message, the oldest first (RULES SEC-21). The visitor must be able to read it.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn opened_by(&self, visitor: &Visitor, message: MessageId) -> Result<Vec<Opening>, NotNow> {
        let (record, _) = self.portal_record(visitor, message).await?;
        self.is_open(visitor, &record).await?;
        let store = self.inner.store.tenant(&visitor.tenant);
        let entries = store.entries(message).await?;
        let keys = store.principals().await?;
        let name =
            |id: &str| keys.iter().find(|key| key.id == id).map_or_else(|| id.to_owned(), |key| key.label.clone());
        let who = |text: &str| match text.split_once(':') {
            Some(("account", _)) if text == actor(visitor.account) => Opener::You,
            Some(("account", id)) if id.parse::<AccountId>().is_ok() => Opener::Account,
            Some(("staff", id)) => Opener::Staff(name(id)),
            Some(("key", id)) => Opener::Program(name(id)),
            _ => Opener::System,
        };
        let read = entries.into_iter().map(|(_, entry)| entry).filter(|entry| entry.kind == Kind::Disclosed);
        let opening =
            read.map(|entry| Opening { at: entry.at, who: who(&entry.actor), why: entry.code.unwrap_or_default() });
        Ok(opening.collect())
    }

    /// Why a message came the way it came. Who stands for the patient hears only which ways were taken: what the patient stopped, asked for
    /// or is guarded from is the patient's own.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn why(&self, visitor: &Visitor, message: MessageId) -> Result<Why, NotNow> {
        let (record, _) = self.portal_record(visitor, message).await?;
        self.is_open(visitor, &record).await?;
        let decision = kept::decision(&record.decision).ok_or(NotNow::Unavailable)?;
        let own = !visitor.is_proxy();
        let taken = record.deliveries.iter().map(|one| way(one, &decision, own)).collect();
        let used = |channel: Channel| record.deliveries.iter().any(|one| one.candidate.channel == channel);
        let not_taken = [Channel::Sms, Channel::Email, Channel::Voice]
            .into_iter()
            .filter(|channel| own && !used(*channel))
            .map(|channel| NotTaken { channel, reasons: against(&decision, channel) })
            .filter(|one| !one.reasons.is_empty());
        Ok(Why { taken, not_taken: not_taken.collect() })
    }

    /// The visitor's messages below `before`, the newest first, each with its text and a proof; what cannot be read now is left out. Every
    /// text that is given is entered as read.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn history_with_proofs(
        &self,
        visitor: &Visitor,
        before: Option<MessageId>,
        limit: u32,
    ) -> Result<(Vec<Proven>, Option<MessageId>), UseError> {
        let (listed, next) = self.portal_messages(visitor, before, limit).await?;
        let store = self.inner.store.tenant(&visitor.tenant);
        let code = if visitor.is_proxy() { "downloaded_by_proxy" } else { "downloaded_by_patient" };
        let (mut opened, mut entries) = (Vec::with_capacity(listed.len()), Vec::with_capacity(listed.len()));
        for one in listed {
            let (record, entry) = match self.portal_record(visitor, one.message).await {
                Ok(found) => found,
                Err(NotNow::Unavailable) => return Err(UseError::Unavailable),
                Err(_) => continue,
            };
            match self.is_open(visitor, &record).await {
                Ok(()) => {}
                Err(NotNow::Unavailable) => return Err(UseError::Unavailable),
                Err(_) => continue,
            }
            let disclosed = ledger_entry::of(self, &visitor.tenant, Kind::Disclosed, visitor.actor(), code);
            entries.push(ledger_entry::about(disclosed.map_err(|_| UseError::Unavailable)?, record.id, None));
            opened.push((one, entry.copy));
        }
        // Who took them is written down for each, in one transaction, before any of them is given. That a message was taken home does not make
        // it one that was read.
        if !entries.is_empty() {
            store.append(entries).await?;
        }
        let mut proven = Vec::with_capacity(opened.len());
        for (one, copy) in opened {
            // The first entry is that of its acceptance, which is published long since.
            let proof = match store.entries(one.message).await?.first() {
                Some((index, _)) => store.proof(*index).await.ok(),
                None => None,
            };
            let (message, at, purpose) = (one.message, copy.at, copy.purpose);
            proven.push(Proven { message, at, purpose, subject: copy.subject, body: copy.body, proof });
        }
        Ok((proven, next))
    }

    /// Whether `visitor` may read the message now.
    pub(super) async fn is_open(&self, visitor: &Visitor, record: &MessageRecord) -> Result<(), NotNow> {
        match self.may_read(visitor, record).await? {
            Reading::Open => Ok(()),
            Reading::SignInAnew => Err(NotNow::SignInAnew),
            Reading::SignInStronger => Err(NotNow::SignInStronger),
            Reading::Closed(_) if visitor.is_proxy() => Err(NotNow::NotFound),
            Reading::Closed(against) => {
                let meant = against.iter().filter_map(|one| PlainReason::of(one.rule));
                Err(NotNow::Closed(reasons::told(meant)))
            }
        }
    }
}

/// A delivery as a way that was taken. `own` = the patient themself asks.
fn way(one: &DeliveryRecord, decision: &Answer, own: bool) -> Way {
    let candidate = &one.candidate;
    let here =
        |channel: Channel, point: &str| channel == candidate.channel && point == candidate.point.reveal().as_ref();
    let planned = decision.deliveries.iter().find(|planned| here(planned.channel, &planned.contact_point));
    let by = planned.and_then(|planned| planned.why.as_ref());
    let fuller =
        decision.refusals.iter().filter(|one| here(one.channel, &one.contact_point) && one.form > candidate.form);
    Way {
        channel: candidate.channel,
        ends: (own && candidate.channel != Channel::Portal).then(|| ends_of(&candidate.point)),
        form: candidate.form,
        progress: one.state.into(),
        by: by.and_then(|by| Criterion::ALL.iter().copied().find(|known| known.as_str() == by.by)),
        no_more: if own { meaning(fuller) } else { Vec::new() },
    }
}

/// What spoke against saying even the least on `channel`: what speaks only against saying more is no reason not to use it.
fn against(decision: &Answer, channel: Channel) -> Vec<PlainReason> {
    let on_it = || decision.refusals.iter().filter(move |one| one.channel == channel);
    let Some(least) = on_it().map(|one| one.form).min() else { return Vec::new() };
    meaning(on_it().filter(|one| one.form == least))
}

fn meaning<'r>(refusals: impl Iterator<Item = &'r AnsweredRefusal>) -> Vec<PlainReason> {
    reasons::told(refusals.filter_map(|one| match PlainReason::of(&one.rule) {
        // The rule asks both: whether there is a contact point, and whether it may be used.
        Some(PlainReason::NoPoint) if !one.contact_point.is_empty() => Some(PlainReason::NotVerified),
        known => known,
    }))
}
