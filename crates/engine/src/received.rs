//! What patients wrote, read back by people who may. Every read is in the ledger before anything is answered: who, when, and why. And what
//! those who read say it means, where no machine may decide.

use crate::engine::Engine;
use crate::error::UseError;
use crate::inbound;
use crate::ledger_entry;
use crate::portal::{Attached, FileKind};
use crate::principal::{Principal, PrincipalKind, Scope};
use crate::reads::{PAGE, patient_id};
use crate::wire::{AttachmentView, NewReview, ReadReason, ReceivedView, WireError};
use postern_base::{AttachmentId, PatientId, Phi, Review};
use postern_gate::facts::{OptOut, OptOutScope};
use postern_gate::revocation::Meaning;
use postern_ledger::{Entry, Kind};
use postern_store::{ReceivedMessage, Reviewed};
use std::collections::BTreeSet;

impl Engine {
    /// What a patient wrote, by whatever channel, newest first, below `before`; at most [`PAGE`]. 45 CFR 164.312(b): who read it, when
    /// and why is entered for every message that was answered, and where it answers none, for the tenant.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn received(
        &self,
        principal: &Principal,
        patient: &str,
        why: ReadReason,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<ReceivedView>, UseError> {
        principal.must(Scope::ContentRead)?;
        let patient = patient_id(patient)?;
        let store = self.inner.store.tenant(&principal.tenant);
        let found = store.received_from(&patient, before, limit.clamp(1, PAGE)).await?;
        let answered: BTreeSet<_> = found.iter().map(|one| one.answers).collect();
        let mut entries = Vec::with_capacity(answered.len());
        for message in answered {
            let code = format!("inbound_read_{}", why.as_str());
            let entry = ledger_entry::of(self, &principal.tenant, Kind::Disclosed, principal.actor(), code)
                .map_err(|_| UseError::Unavailable)?;
            entries.push(match message {
                Some(message) => ledger_entry::about(entry, message, None),
                None => entry,
            });
        }
        if !entries.is_empty() {
            store.append(entries).await?;
        }
        let names = self.names_on_record(principal, &patient).await?;
        Ok(found.into_iter().map(|one| self.inbound_view(one, &names)).collect())
    }

    /// A file that came with what a patient wrote. Who opened it and why is entered before it is answered.
    ///
    /// # Errors
    /// [`UseError::NotFound`]: the patient wrote no such message, or no such file came with it. [`UseError`].
    pub async fn received_attachment(
        &self,
        principal: &Principal,
        patient: &str,
        (number, id): (i64, AttachmentId),
        why: ReadReason,
    ) -> Result<(FileKind, Phi<Vec<u8>>), UseError> {
        principal.must(Scope::ContentRead)?;
        let patient = patient_id(patient)?;
        let store = self.inner.store.tenant(&principal.tenant);
        let newest = store.received_from(&patient, Some(number.saturating_add(1)), 1).await?;
        let message = newest.into_iter().find(|one| one.number == number).ok_or(UseError::NotFound)?;
        let answers = message.answers;
        let file = message.attachments.into_iter().filter_map(Attached::of).find(|file| file.id == id);
        let file = file.ok_or(UseError::NotFound)?;
        let content = store.attachment(&patient, id).await?.ok_or(UseError::NotFound)?;
        let code = format!("attachment_read_{}", why.as_str());
        let entry = ledger_entry::of(self, &principal.tenant, Kind::Disclosed, principal.actor(), code)
            .map_err(|_| UseError::Unavailable)?;
        let entry = match answers {
            Some(message) => ledger_entry::about(entry, message, None),
            None => entry,
        };
        store.append(vec![entry]).await?;
        Ok((file.kind, content))
    }

    /// Records what a named person who read a patient's message says it means. It binds at once, also for what is queued. The same word
    /// again changes nothing.
    ///
    /// # Errors
    /// [`UseError::NotFound`]: the patient wrote no such message. [`UseError::NotAPerson`]: 45 CFR 164.312(a)(2)(i), somebody with a name
    /// answers for it. [`UseError::Malformed`]: `nothing` of a message that says something, or another word than the one that stands.
    pub async fn review_inbound(
        &self,
        principal: &Principal,
        patient: &str,
        number: i64,
        new: NewReview,
    ) -> Result<(), UseError> {
        principal.must(Scope::ConsentWrite)?;
        if principal.kind != PrincipalKind::Staff || principal.holder.name.is_none() {
            return Err(UseError::NotAPerson);
        }
        let patient = patient_id(patient)?;
        let store = self.inner.store.tenant(&principal.tenant);
        let newest = store.received_from(&patient, Some(number.saturating_add(1)), 1).await?;
        let message = newest.into_iter().find(|one| one.number == number).ok_or(UseError::NotFound)?;
        let review = new.verdict;
        if review == Review::Nothing && self.is_plain(principal, &patient, &message).await? {
            let what = "`nothing` is for a message that was held as ambiguous, and this one was not: what a patient plainly \
                        said, the patient alone takes back, with START or in the portal";
            return Err(WireError::new("verdict", what).into());
        }
        let entry = |code: &str| self.reviewed_by(principal, &message, code);
        let (mut opt_out, mut unverified) = (None, None);
        match review {
            Review::Stops => {
                // It counts from when it was written, so that a START of later still stands.
                let (at, channel, point) = (message.at, message.channel, message.from.clone());
                opt_out = Some((OptOut { at, channel, point, scope: OptOutScope::All }, entry("opt_out")?));
            }
            Review::WrongNumber => unverified = Some((message.from.clone(), entry("wrong_number")?)),
            Review::Nothing => {}
        }
        let entry = entry(&format!("inbound_{review}"))?;
        let recorded = postern_store::NewReview { number, review, entry, opt_out, unverified };
        match store.review_inbound(recorded).await? {
            Reviewed::AlreadySo => return Ok(()),
            Reviewed::Stands(_) => {
                let what = "somebody read this message before, and what they said it means stands: only `nothing` is followed \
                            by another word";
                return Err(WireError::new("verdict", what).into());
            }
            Reviewed::Recorded => {}
        }
        if review == Review::WrongNumber {
            // RULES TCP-19: somebody else may have read what was meant for the patient; a person must look.
            self.inner.metrics.alert("TCP-19");
        }
        self.inner.wake.notify_one();
        Ok(())
    }

    /// Whether a message is read as anything but ambiguous, as the gate reads it: to where somebody of the patient's names is written.
    async fn is_plain(
        &self,
        principal: &Principal,
        patient: &PatientId,
        message: &ReceivedMessage,
    ) -> Result<bool, UseError> {
        let names = self.names_on_record(principal, patient).await?;
        Ok(self.inner.readings.heard(&message.text, &names).meaning() != Some(Meaning::Ambiguous))
    }

    /// The patient's names on record: who "is not here" is told by them.
    async fn names_on_record(&self, principal: &Principal, patient: &PatientId) -> Result<Vec<Phi<String>>, UseError> {
        let mut reading = self.inner.store.tenant(&principal.tenant).reading().await?;
        Ok(self.directory(&mut reading, patient, None, self.now()).await?.record.identity.names)
    }

    /// A message as it is shown: with what the gate hears in it.
    fn inbound_view(&self, one: ReceivedMessage, names: &[Phi<String>]) -> ReceivedView {
        let meaning = self.inner.readings.heard(&one.text, names).meaning();
        ReceivedView {
            id: one.number,
            at: one.at,
            channel: one.channel,
            from: one.from.reveal().to_string(),
            read_as: inbound::code(meaning.unwrap_or(Meaning::Ambiguous)).to_owned(),
            text: one.text.into_inner(),
            purpose: one.thread_purpose,
            answers: one.answers,
            theirs: one.theirs,
            reviewed: one.reviewed,
            attachments: one.attachments.into_iter().map(AttachmentView::of).collect(),
        }
    }

    fn reviewed_by(&self, principal: &Principal, message: &ReceivedMessage, code: &str) -> Result<Entry, UseError> {
        let entry = ledger_entry::of(self, &principal.tenant, Kind::ConsentChanged, principal.actor(), code)
            .map_err(|_| UseError::Unavailable)?;
        Ok(match message.answers {
            Some(answered) => ledger_entry::about(entry, answered, None),
            None => entry,
        })
    }
}
