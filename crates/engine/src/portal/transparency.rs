//! What a patient is told of their own messages: who opened one, why it came the way it came, and all of them with proofs.

use super::files::Attached;
use super::messages::files_of;
use super::preferences::told as ends_of;
use super::reasons::{self, NotTaken, PlainReason, Way, Why};
use super::{NotNow, Visitor, actor};
use crate::engine::Engine;
use crate::error::UseError;
use crate::inbound;
use crate::kept;
use crate::ledger_entry;
use crate::wire::{Answer, AnsweredRefusal};
use jiff::Timestamp;
use postern_base::{AccountId, Channel, Hex, MessageId, Phi, Purpose, Secret};
use postern_gate::Reading;
use postern_gate::decision::Criterion;
use postern_ledger::{CommitmentKey, Entry, Kind, commit};
use postern_store::{DeliveryRecord, MessageRecord, ReceivedMessage};

/// How much of what somebody wrote one part of a download looks through.
const WRITTEN_MAX: u32 = 2_000;

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

/// Messages of a visitor's, and whether they are all.
#[derive(Debug, Clone)]
pub struct History {
    /// The messages, the newest first.
    pub proven: Vec<Proven>,
    /// Where the next part begins, where there is one.
    pub next: Option<MessageId>,
    /// How many of this part cannot be read now and are not among them. Who stands for somebody is not told: it is always none.
    pub left_out: usize,
    /// All that the visitor wrote here to these messages is with them.
    pub all_written: bool,
}

/// What the visitor wrote to a message, with its proof.
#[derive(Debug, Clone)]
pub struct ProvenWords {
    /// When.
    pub at: Timestamp,
    /// What it says.
    pub text: Phi<String>,
    /// Files that came with it.
    pub files: Vec<Attached>,
    /// The entry that was made when it came.
    pub leaf: Option<String>,
    /// A proof of that entry, as of the message's own.
    pub proof: Option<String>,
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
    /// The entry that was made when its text was put where it is read, as the ledger has it (RFC 8785).
    pub leaf: Option<String>,
    /// A C2SP tlog-proof of that entry, which anybody can check offline.
    pub proof: Option<String>,
    /// The key of the entry's commitment `rendition`, in hexadecimal: HMAC-SHA-256 under it of `rendition`, a zero byte, the title, a zero byte
    /// and the text is what the entry says. It is of this message alone.
    pub opening: Option<Secret<String>>,
    /// Files that came with it.
    pub files: Vec<Attached>,
    /// What the visitor wrote to it, the oldest first. Their entries commit as `written`, under the same key, to the words, and behind them
    /// for each file a zero byte and its SHA-256 in hexadecimal.
    pub written: Vec<ProvenWords>,
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
    ) -> Result<History, UseError> {
        let (listed, next) = self.portal_messages(visitor, before, limit).await?;
        let store = self.inner.store.tenant(&visitor.tenant);
        let all = listed.len();
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
            opened.push((one, entry.copy, files_of(&record)?, record.commitment_key));
        }
        // Who took them is written down for each, in one transaction, before any of them is given. That a message was taken home does not make
        // it one that was read.
        if !entries.is_empty() {
            store.append(entries).await?;
        }
        let left_out = if visitor.is_proxy() { 0 } else { all - opened.len() };
        let wrote = store.written_in_portal(&visitor.patient, &super::replies::point(visitor), WRITTEN_MAX).await?;
        let known = wrote.len() < usize::try_from(WRITTEN_MAX).unwrap_or(0);
        let all_written = known && wrote.iter().all(|one| one.answers.is_some());
        let mut proven = Vec::with_capacity(opened.len());
        for (one, copy, files, key) in opened {
            let mut entries = store.entries(one.message).await?;
            let here = |code: &str| code.split('/').next() == Some(Channel::Portal.as_str());
            let put = |entry: &Entry| entry.kind == Kind::AttemptStarted && entry.code.as_deref().is_some_and(here);
            let (leaf, proof) = self.entry_with_proof(visitor, &mut entries, put).await?.unzip();
            let mut written = Vec::new();
            for words in wrote.iter().rev().filter(|words| words.answers == Some(one.message)) {
                written.push(self.proven_words(visitor, words, (&key, &mut entries)).await?);
            }
            let opening = leaf.is_some().then(|| Secret::new(Hex(key.reveal()).to_string()));
            let (message, at, purpose) = (one.message, copy.at, copy.purpose);
            let (subject, body) = (copy.subject, copy.body);
            proven.push(Proven { message, at, purpose, subject, body, leaf, proof, opening, files, written });
        }
        Ok(History { proven, next, left_out, all_written })
    }

    async fn proven_words(
        &self,
        visitor: &Visitor,
        words: &ReceivedMessage,
        (key, entries): (&CommitmentKey, &mut Vec<(u64, Entry)>),
    ) -> Result<ProvenWords, UseError> {
        let digests = words.attachments.iter().filter_map(|file| file.digest);
        let stated = commit(key, inbound::WRITTEN, &inbound::written(words.text.reveal(), digests));
        let stated = (inbound::WRITTEN.to_owned(), stated);
        let states = |entry: &Entry| entry.kind == Kind::Inbound && entry.commitments.contains(&stated);
        let (leaf, proof) = self.entry_with_proof(visitor, entries, states).await?.unzip();
        let files = words.attachments.iter().cloned().filter_map(Attached::of).collect();
        Ok(ProvenWords { at: words.at, text: words.text.clone(), files, leaf, proof })
    }

    /// The first of the entries that `is` the one, with its proof; it is no other's afterwards.
    async fn entry_with_proof(
        &self,
        visitor: &Visitor,
        entries: &mut Vec<(u64, Entry)>,
        is: impl Fn(&Entry) -> bool + Send,
    ) -> Result<Option<(String, String)>, UseError> {
        let store = self.inner.store.tenant(&visitor.tenant);
        let Some(place) = entries.iter().position(|(_, entry)| is(entry)) else { return Ok(None) };
        let (index, _) = entries.remove(place);
        // One that is not published yet has no proof yet.
        let Ok(proof) = store.proof(index).await else { return Ok(None) };
        Ok(String::from_utf8(store.leaf(index).await?).ok().map(|leaf| (leaf, proof)))
    }

    /// The public key of the ledger that proofs are checked with.
    ///
    /// # Errors
    /// [`UseError::Unavailable`].
    pub fn proofs_key(&self) -> Result<String, UseError> {
        Ok(self.inner.store.ledger_key()?)
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
