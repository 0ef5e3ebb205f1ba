//! What somebody signed in may read. Whether they may is asked of the gate for every message, when it is listed and when it is opened; a
//! body leaves the store only behind an entry that says who read it (45 CFR 164.312(b)).

use super::files::Attached;
use super::reasons::PlainReason;
use super::{Aal, Person, Visitor};
use crate::enclosures::Enclosure;
use crate::engine::Engine;
use crate::error::UseError;
use crate::kept::Kept;
use crate::ledger_entry;
use crate::reads::PAGE;
use crate::tenants::TenantState;
use crate::visit;
use jiff::Timestamp;
use postern_base::{Channel, Language, Level, MessageId, Phi, Purpose, RecipientRole};
use postern_ehr::PatientRecord;
use postern_gate::facts::Ehr;
use postern_gate::request::Recipient;
use postern_gate::{Content, Fact, Facts, Missing, Reader, Reading, Request};
use postern_ledger::{Entry, Kind};
use postern_store::{MessageRecord, PortalCopy, PortalEntry, PortalStep, StoreError};
use std::collections::BTreeMap;

/// How much of what somebody wrote is looked through for the answers to one message, the newest first.
const THREAD: u32 = 400;
/// How many messages one search looks at, and how many it gives.
const SEARCHED: usize = 400;
const FOUND: usize = 20;

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub struct Sought {
    /// In the title or the text; empty = anything.
    pub word: String,
    /// Only of this kind.
    pub purpose: Option<Purpose>,
    /// Only since then.
    pub since: Option<Timestamp>,
}

/// A message in a list. Its title is told to who may open it, and only where it carries little.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The message.
    pub message: MessageId,
    /// Why it was sent; untold to who has shown one factor alone, where the message asks for two.
    pub purpose: Option<Purpose>,
    /// Its title, where it may be shown before it is opened.
    pub subject: Option<Phi<String>>,
    /// The language that it is written in.
    pub language: Language,
    /// Since when it can be read.
    pub at: Timestamp,
    /// When this account first read it.
    pub read_at: Option<Timestamp>,
}

/// A message and what was written to it.
#[derive(Debug, Clone)]
pub struct Thread {
    /// The message, without its text: that is opened.
    pub message: Listed,
    /// Files that came with it.
    pub files: Vec<Attached>,
    /// What was written to it through the portal, the oldest first.
    pub replies: Vec<Written>,
}

/// Something that was written to the practice.
#[derive(Debug, Clone)]
pub struct Written {
    /// When.
    pub at: Timestamp,
    /// What it says.
    pub text: Phi<String>,
    /// Files that came with it.
    pub attachments: Vec<Attached>,
}

/// Why a message was not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotNow {
    /// There is none for who asks: it is another's, another practice's, withdrawn, or not theirs to know of.
    #[error("there is no such message")]
    NotFound,
    /// Two factors are asked for.
    #[error("sign in with a second factor to read this")]
    SignInStronger,
    /// A strong factor is asked for again.
    #[error("show your passkey or a code again to read this")]
    SignInAnew,
    /// It cannot be read yet or any more, and why.
    #[error("this cannot be read now")]
    Closed(Vec<PlainReason>),
    /// The store does not answer (503).
    #[error("the store does not answer now: try again")]
    Unavailable,
}

impl From<StoreError> for NotNow {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound | StoreError::KeyDestroyed => Self::NotFound,
            _ => Self::Unavailable,
        }
    }
}

impl From<UseError> for NotNow {
    fn from(error: UseError) -> Self {
        match error {
            UseError::NotFound | UseError::Destroyed => Self::NotFound,
            _ => Self::Unavailable,
        }
    }
}

impl Engine {
    /// The messages that `visitor` may know of, the newest first, below `before`; at most [`PAGE`]. What a proxy may not see is not
    /// there. Gives also where the next page begins, where there is one.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn portal_messages(
        &self,
        visitor: &Visitor,
        before: Option<MessageId>,
        limit: u32,
    ) -> Result<(Vec<Listed>, Option<MessageId>), UseError> {
        let store = self.inner.store.tenant(&visitor.tenant);
        let limit = limit.clamp(1, PAGE);
        let entries = store.portal_entries(&visitor.patient, visitor.account, before, limit).await?;
        let full = entries.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
        let next = entries.last().map(|last| last.copy.message).filter(|_| full);
        let mut listed = Vec::with_capacity(entries.len());
        let mut known = None;
        for entry in entries {
            let record = store.message(entry.copy.message).await?.ok_or(UseError::NotFound)?;
            let reading = self.may_read_knowing(visitor, &record, &mut known).await?;
            if !is_hidden(visitor, &reading) {
                listed.push(list(entry, &record, &reading)?);
            }
        }
        Ok((listed, next))
    }

    /// The messages that `visitor` looks for, the newest first, below `before`. A word is looked for only in what they may open now. Gives
    /// also where the next search goes on, where there is more to look through.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn find_messages(
        &self,
        visitor: &Visitor,
        sought: &Sought,
        before: Option<MessageId>,
    ) -> Result<(Vec<Listed>, Option<MessageId>), UseError> {
        let store = self.inner.store.tenant(&visitor.tenant);
        let word = folded(sought.word.trim());
        let (mut found, mut known, mut from) = (Vec::new(), None, before);
        let mut looked = 0;
        loop {
            let entries = store.portal_entries(&visitor.patient, visitor.account, from, PAGE).await?;
            let last_page = entries.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            for entry in entries {
                from = Some(entry.copy.message);
                looked += 1;
                if sought.since.is_some_and(|since| entry.copy.at < since) {
                    return Ok((found, None));
                }
                if sought.purpose.is_none_or(|purpose| purpose == entry.copy.purpose) {
                    let record = store.message(entry.copy.message).await?.ok_or(UseError::NotFound)?;
                    let reading = self.may_read_knowing(visitor, &record, &mut known).await?;
                    let said = matches!(reading, Reading::Open) && says(&entry, &word);
                    // Of what kind it is is not told by finding it, either.
                    let untold = sought.purpose.is_some() && matches!(reading, Reading::SignInStronger);
                    if !is_hidden(visitor, &reading) && !untold && (word.is_empty() || said) {
                        found.push(list(entry, &record, &reading)?);
                    }
                }
                if found.len() >= FOUND || looked >= SEARCHED {
                    return Ok((found, from));
                }
            }
            if last_page {
                return Ok((found, None));
            }
        }
    }

    /// One message with what was written to it.
    ///
    /// # Errors
    /// [`NotNow::NotFound`].
    pub async fn portal_thread(&self, visitor: &Visitor, message: MessageId) -> Result<Thread, NotNow> {
        let (record, entry) = self.portal_record(visitor, message).await?;
        let reading = self.may_read(visitor, &record).await?;
        if is_hidden(visitor, &reading) {
            return Err(NotNow::NotFound);
        }
        let store = self.inner.store.tenant(&visitor.tenant);
        let written = store.written_in_portal(&visitor.patient, &super::replies::point(visitor), THREAD).await?;
        // What the patient wrote is opened with what they were written: behind the same sign-in.
        let open = matches!(reading, Reading::Open);
        let mut replies: Vec<Written> = written
            .into_iter()
            .filter(|one| open && one.answers == Some(message))
            .map(|one| {
                let attachments = one.attachments.into_iter().filter_map(Attached::of).collect();
                Written { at: one.at, text: one.text, attachments }
            })
            .collect();
        replies.reverse();
        let files = if open { files_of(&record)? } else { Vec::new() };
        Ok(Thread { message: list(entry, &record, &reading)?, files, replies })
    }

    /// Opens a message: the only way to its text. Who read it is in the ledger before anything is answered, and the first time is a
    /// receipt.
    ///
    /// # Errors
    /// [`NotNow`].
    pub async fn open_portal_message(&self, visitor: &Visitor, message: MessageId) -> Result<PortalCopy, NotNow> {
        let (record, entry) = self.portal_record(visitor, message).await?;
        self.is_open(visitor, &record).await?;
        self.write_read(visitor, &record).await?;
        Ok(entry.copy)
    }

    /// Enters that `visitor` reads a message, and the first time a receipt of its delivery.
    pub(super) async fn write_read(&self, visitor: &Visitor, record: &MessageRecord) -> Result<(), NotNow> {
        let store = self.inner.store.tenant(&visitor.tenant);
        let code = if visitor.is_proxy() { "read_by_proxy" } else { "read_by_patient" };
        let entry = |kind, code: &str| -> Result<Entry, NotNow> {
            ledger_entry::of(self, &visitor.tenant, kind, visitor.actor(), code).map_err(|_| NotNow::Unavailable)
        };
        let portal = record.deliveries.iter().find(|one| one.candidate.channel == Channel::Portal);
        let disclosed = ledger_entry::about(entry(Kind::Disclosed, code)?, record.id, None);
        let receipt = ledger_entry::about(entry(Kind::Receipt, "read")?, record.id, portal.map(|one| one.id));
        let steps = vec![PortalStep::Read(record.id, visitor.account)];
        let first = store.portal_change(steps, vec![disclosed.clone(), receipt]).await? > 0;
        if !first {
            store.append(vec![disclosed]).await?;
        }
        Ok(())
    }

    /// The message, if it is a readable one of the patient whose record is looked at.
    pub(super) async fn portal_record(
        &self,
        visitor: &Visitor,
        message: MessageId,
    ) -> Result<(MessageRecord, PortalEntry), NotNow> {
        let store = self.inner.store.tenant(&visitor.tenant);
        let entry = store.portal_entry(&visitor.patient, visitor.account, message).await?.ok_or(NotNow::NotFound)?;
        let record = store.message(message).await?.filter(|record| record.patient == visitor.patient);
        Ok((record.ok_or(NotNow::NotFound)?, entry))
    }

    /// What the gate says of `visitor` and a message, on the records as they are now.
    pub(super) async fn may_read(&self, visitor: &Visitor, record: &MessageRecord) -> Result<Reading, UseError> {
        self.may_read_knowing(visitor, record, &mut None).await
    }

    /// The same for one of many: the patient's record is read once for all that are about no event.
    async fn may_read_knowing(
        &self,
        visitor: &Visitor,
        record: &MessageRecord,
        known: &mut Option<PatientRecord>,
    ) -> Result<Reading, UseError> {
        let (kept, rendered) = Kept::read(record)?;
        let request = kept.request.to_gate().map_err(|_| UseError::Unavailable)?;
        let request = Request { recipient: recipient(visitor), ..request };
        let state = self.tenant_state(&visitor.tenant).await?;
        let now = self.now();
        let (patient, event) = match (&*known, &request.event) {
            (Some(patient), None) => (patient.clone(), Fact::Unknown(Missing::NotRecorded)),
            _ => {
                let mut reading = self.inner.store.tenant(&visitor.tenant).reading().await?;
                let found = self.directory(&mut reading, &request.patient, request.event.as_deref(), now).await?;
                drop(reading);
                if !found.found {
                    return Err(UseError::NotFound);
                }
                if request.event.is_none() {
                    *known = Some(found.record.clone());
                }
                (found.record, found.event)
            }
        };
        let event = visit::named_or_told(event, &kept.request, &patient.patient);
        let renditions = rendered.renditions();
        let facts = Facts { event, renditions, ..on_record(now, &state, patient, rendered.content.clone()) };
        let reader = Reader { two_factors: visitor.aal == Aal::Aal2, anew: self.has_confirmed(visitor) };
        Ok(postern_gate::reading(&request, &facts, &state.policy, reader))
    }
}

/// What the records say, and nothing of what went out or came in.
pub(super) fn on_record(now: Timestamp, state: &TenantState, record: PatientRecord, content: Content) -> Facts {
    Facts {
        now,
        tenant: state.gate.clone(),
        vendors: Vec::new(),
        certificates: Vec::new(),
        email_tiers: BTreeMap::new(),
        ehr: Ehr::Live,
        patient: record.patient,
        consents: record.consents,
        related: record.related,
        event: Fact::Unknown(Missing::NotRecorded),
        history: Fact::Unknown(Missing::NotRecorded),
        content,
        renditions: Vec::new(),
        deployment: state.settings.deployment.in_production(Fact::Unknown(Missing::NotRecorded)),
    }
}

fn recipient(visitor: &Visitor) -> Recipient {
    match &visitor.person {
        Person::Patient => Recipient { role: RecipientRole::SelfPatient, reference: None },
        Person::Proxy(person) => Recipient { role: RecipientRole::Proxy, reference: Some(person.reveal().clone()) },
    }
}

/// 45 CFR 164.502(g)(3): that there is a message at all may tell a parent what it is about.
fn is_hidden(visitor: &Visitor, reading: &Reading) -> bool {
    visitor.is_proxy() && matches!(reading, Reading::Closed(_))
}

/// The files that came with a message.
pub(super) fn files_of(record: &MessageRecord) -> Result<Vec<Attached>, StoreError> {
    let files = Kept::read(record)?.0.files;
    Ok(files.iter().map(Enclosure::record).filter_map(Attached::of).collect())
}

/// The word is in the title or the text.
fn says(entry: &PortalEntry, word: &str) -> bool {
    let subject = entry.copy.subject.as_ref().is_some_and(|subject| folded(subject.reveal()).contains(word));
    subject || folded(entry.copy.body.reveal()).contains(word)
}

/// Letters as one looks for them: small, and without the marks of Spanish.
pub(super) fn folded(text: &str) -> String {
    let plain = |c: char| match c {
        'á' => 'a',
        'é' => 'e',
        'í' => 'i',
        'ó' => 'o',
        'ú' | 'ü' => 'u',
        'ñ' => 'n',
        other => other,
    };
    // Marks that stand behind their letter (Unicode, combining diacritical marks) are left out too.
    let text = text.chars().filter(|c| !matches!(c, '\u{300}'..='\u{36f}'));
    text.flat_map(char::to_lowercase).map(plain).collect()
}

fn list(entry: PortalEntry, record: &MessageRecord, reading: &Reading) -> Result<Listed, UseError> {
    // A title may be the whole news: it is shown with the text, unless there is little in it.
    let PortalEntry { copy, read_at } = entry;
    let little = copy.level <= Level::L1 || (matches!(reading, Reading::Open) && copy.level <= Level::L2);
    Ok(Listed {
        language: Kept::read(record)?.0.language,
        message: copy.message,
        purpose: Some(copy.purpose).filter(|_| !matches!(reading, Reading::SignInStronger)),
        subject: copy.subject.filter(|_| little),
        at: copy.at,
        read_at,
    })
}
