//! Reading back: status, decision, proof, a patient's messages, portal copies. Reading content writes a `disclosed` entry
//! first (45 CFR 164.312(b)); if it cannot be written, nothing is read.

use crate::enclosures::Enclosure;
use crate::engine::Engine;
use crate::error::UseError;
use crate::kept;
use crate::ledger_entry;
use crate::portal::{Attached, FileKind};
use crate::principal::{Principal, Scope};
use crate::render::pick;
use crate::wire::{
    Answer, AttachmentView, BodyPart, DeliveryStatus, EntryView, Links, Message, PortalCopyView, TextLength, WireError,
};
use postern_base::{AttachmentId, Channel, MessageId, PatientId, Phi, Purpose};
use postern_ledger::{Entry, Kind};
use postern_store::{CandidateRecord, DeliveryRecord, DeliveryState, MessageRecord};

/// The most that one page holds.
pub const PAGE: u32 = 100;

fn files(record: &MessageRecord) -> Result<Vec<AttachmentView>, UseError> {
    Ok(kept::Kept::read(record)?.0.files.iter().map(Enclosure::view).collect())
}

impl Engine {
    /// A message and where its deliveries stand; with `content`, also every form of it, but of a one-time code that can still be used.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn message(&self, principal: &Principal, id: MessageId, content: bool) -> Result<Message, UseError> {
        principal.must(Scope::MessagesRead)?;
        if content {
            principal.must(Scope::ContentRead)?;
        }
        let record = self.record(principal, id).await?;
        let now = self.now();
        // RULES OTP-01: while a code lives it is its recipient's alone; whoever could read it here could sign in as them.
        let content = content && !(record.purpose == Purpose::OneTimeCode && now < record.expires_at);
        if content {
            self.write_disclosed(principal, record.id, "content_read").await?;
        }
        let deliveries = record.deliveries.iter().map(|one| delivery(&record, one)).collect();
        Ok(Message {
            id: record.id,
            accepted_at: record.accepted_at,
            expires_at: record.expires_at,
            purpose: record.purpose,
            state: overall(&record, now < record.expires_at).to_owned(),
            outcome: record.outcome.clone(),
            deliveries,
            content: if content { parts(&record) } else { Vec::new() },
            files: if content { files(&record)? } else { Vec::new() },
            links: Links::of(record.id),
        })
    }

    /// A file that went with a message, as it was kept. Who reads it is entered before it is answered.
    ///
    /// # Errors
    /// [`UseError::NotFound`]: no such file went with that message. [`UseError`].
    pub async fn message_file(
        &self,
        principal: &Principal,
        id: MessageId,
        file: AttachmentId,
    ) -> Result<(FileKind, Phi<Vec<u8>>), UseError> {
        principal.must(Scope::ContentRead)?;
        let record = self.record(principal, id).await?;
        let (kept, _) = kept::Kept::read(&record)?;
        let known = kept.files.iter().map(Enclosure::record).filter_map(Attached::of).find(|known| known.id == file);
        let known = known.ok_or(UseError::NotFound)?;
        let store = self.inner.store.tenant(&principal.tenant);
        let content = store.attachment(&record.patient, file).await?.ok_or(UseError::NotFound)?;
        self.write_disclosed(principal, id, "file_read").await?;
        Ok((known.kind, content))
    }

    /// The decision at accept.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn decision(&self, principal: &Principal, id: MessageId) -> Result<Answer, UseError> {
        principal.must(Scope::MessagesRead)?;
        let record = self.record(principal, id).await?;
        kept::decision(&record.decision).ok_or(UseError::Unavailable)
    }

    /// The ledger entries of a message, in order.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn entries(&self, principal: &Principal, id: MessageId) -> Result<Vec<EntryView>, UseError> {
        principal.must(Scope::MessagesRead)?;
        let entries = self.inner.store.tenant(&principal.tenant).entries(id).await?;
        if entries.is_empty() {
            return Err(UseError::NotFound);
        }
        let sessions = self.inner.store.tenant(&principal.tenant).sessions(id).await?;
        let session = |entry: &Entry| {
            let (_, json) = sessions.iter().find(|(attempt, _)| Some(*attempt) == entry.attempt)?;
            (entry.kind == Kind::AttemptEnded).then(|| serde_json::from_slice(json.reveal()).ok()).flatten()
        };
        Ok(entries
            .into_iter()
            .map(|(index, entry)| EntryView {
                session: session(&entry),
                attempt: entry.attempt,
                index,
                kind: entry.kind.as_str().to_owned(),
                at: entry.at,
                actor: entry.actor,
                delivery: entry.delivery,
                code: entry.code,
                policy: entry.policy,
            })
            .collect())
    }

    /// An offline proof of a message's latest entry, as a C2SP tlog-proof text.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn proof(&self, principal: &Principal, id: MessageId) -> Result<String, UseError> {
        principal.must(Scope::MessagesRead)?;
        let tenant = self.inner.store.tenant(&principal.tenant);
        let entries = tenant.entries(id).await?;
        let (index, _) = entries.last().ok_or(UseError::NotFound)?;
        Ok(tenant.proof(*index).await?)
    }

    /// Ids of a patient's messages, newest first, below `before`; at most [`PAGE`].
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn messages_of(
        &self,
        principal: &Principal,
        patient: &str,
        before: Option<MessageId>,
        limit: u32,
    ) -> Result<Vec<MessageId>, UseError> {
        principal.must(Scope::MessagesRead)?;
        let patient = patient_id(patient)?;
        let tenant = self.inner.store.tenant(&principal.tenant);
        Ok(tenant.messages_of(&patient, before, limit.clamp(1, PAGE)).await?)
    }

    /// A patient's visible portal copies, newest first. Every one that is read is entered as disclosed.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn portal_copies(
        &self,
        principal: &Principal,
        patient: &str,
        limit: u32,
    ) -> Result<Vec<PortalCopyView>, UseError> {
        principal.must(Scope::ContentRead)?;
        let patient = patient_id(patient)?;
        let tenant = self.inner.store.tenant(&principal.tenant);
        let copies = tenant.portal_copies(&patient, limit.clamp(1, PAGE)).await?;
        for copy in &copies {
            self.write_disclosed(principal, copy.message, "content_read").await?;
        }
        Ok(copies
            .into_iter()
            .map(|copy| PortalCopyView {
                message: copy.message,
                purpose: copy.purpose,
                subject: copy.subject.map(Phi::into_inner),
                body: copy.body.into_inner(),
                level: copy.level,
                at: copy.at,
            })
            .collect())
    }

    /// Ids of patients in the built-in directory, in order, after `after`.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn patients(
        &self,
        principal: &Principal,
        after: Option<&PatientId>,
        limit: u32,
    ) -> Result<Vec<PatientId>, UseError> {
        principal.must(Scope::MessagesRead)?;
        Ok(self.inner.store.tenant(&principal.tenant).patients(after, limit.clamp(1, PAGE)).await?)
    }

    async fn record(&self, principal: &Principal, id: MessageId) -> Result<MessageRecord, UseError> {
        self.inner.store.tenant(&principal.tenant).message(id).await?.ok_or(UseError::NotFound)
    }

    async fn write_disclosed(&self, principal: &Principal, message: MessageId, code: &str) -> Result<(), UseError> {
        let entry = ledger_entry::of(self, &principal.tenant, Kind::Disclosed, principal.actor(), code)
            .map_err(|_| UseError::Unavailable)?;
        let entry = ledger_entry::about(entry, message, None);
        Ok(self.inner.store.tenant(&principal.tenant).append(vec![entry]).await?)
    }
}

pub(crate) fn patient_id(text: &str) -> Result<PatientId, UseError> {
    text.parse().map_err(|error: postern_base::id::BadPatientId| WireError::new("patient", error.to_string()).into())
}

fn delivery(message: &MessageRecord, record: &DeliveryRecord) -> DeliveryStatus {
    let CandidateRecord { channel, form, .. } = record.candidate;
    let text = (channel == Channel::Sms).then(|| pick(&message.renditions, |r| (r.channel, r.form), channel, form));
    DeliveryStatus {
        length: text.flatten().map(|rendition| TextLength::of(rendition.body.reveal())),
        id: record.id,
        channel: record.candidate.channel,
        mode: record.candidate.mode,
        form: record.candidate.form,
        level: record.candidate.level,
        vendor: record.candidate.vendor.as_ref().map(|v| format!("{}/{}", v.vendor, v.service)),
        state: record.state.as_str().to_owned(),
        code: record.code.clone(),
        due: record.due,
        attempts: record.attempts,
        changed_at: record.changed_at,
    }
}

/// Where the message stands as a whole. Without deliveries it is what the gate said, and a hold that nobody took up in time
/// has expired.
fn overall(record: &MessageRecord, alive: bool) -> &'static str {
    let order = [
        DeliveryState::Attempting,
        DeliveryState::Sent,
        DeliveryState::Queued,
        DeliveryState::Waiting,
        DeliveryState::Held,
        DeliveryState::Unknown,
        DeliveryState::Failed,
        DeliveryState::Expired,
        DeliveryState::Refused,
        DeliveryState::Delivered,
    ];
    let first = order.into_iter().find(|state| record.deliveries.iter().any(|d| d.state == *state));
    match first {
        Some(state) => state.as_str(),
        None if record.outcome == "refuse" => DeliveryState::Refused.as_str(),
        None if alive => DeliveryState::Held.as_str(),
        None => DeliveryState::Expired.as_str(),
    }
}

fn parts(record: &MessageRecord) -> Vec<BodyPart> {
    record
        .renditions
        .iter()
        .map(|r| BodyPart {
            form: r.form,
            channel: r.channel,
            language: r.language,
            subject: r.subject.as_ref().map(|s| s.reveal().clone()),
            body: r.body.reveal().clone(),
        })
        .collect()
}
