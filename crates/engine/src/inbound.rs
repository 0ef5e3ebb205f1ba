//! What patients send back. A revocation counts from the moment its text is stored: the gate reads the text itself, and what
//! is already queued meets it at the second gate. The reading of the words is the gate's own (one function, CASES).

use crate::accept::{Answering, Tie};
use crate::alerts::DANGER;
use crate::engine::Engine;
use crate::error::AcceptError;
use crate::ledger_entry;
use crate::principal::Principal;
use crate::receipts::ReceiveFailure;
use crate::wire;
use jiff::{SignedDuration, Timestamp};
use postern_base::{Channel, Hex, MessageId, Origin, PatientId, Phi, Purpose, TenantId};
use postern_channels::InboundMessage;
use postern_classify::speaks_of_danger;
use postern_gate::facts::{Address, OptOut, OptOutScope};
use postern_gate::reference::SHARERS_MOST;
use postern_gate::revocation::{Heard, Meaning};
use postern_ledger::{CommitmentKey, Entry, Kind, commit};
use postern_store::{NewAttachment, NewInbound, Tenanted};
use std::collections::BTreeMap;
use std::sync::Arc;

/// house: messages of one contact point that are answered in an hour.
const ANSWERED_HOURLY: usize = 10;

/// What a message answers, where the way it came says so.
pub(crate) struct Thread {
    /// The message.
    pub(crate) message: MessageId,
    /// Why it was sent.
    pub(crate) purpose: Purpose,
    /// To whom.
    pub(crate) patient: PatientId,
    /// Files that come with it.
    pub(crate) files: Vec<NewAttachment>,
    /// What is written speaks of danger (RULES CHT-01): read once, by who took it.
    pub(crate) danger: bool,
    /// The key of the message's commitments, where who wrote it was signed in and may show it later; `None` = nothing is committed to.
    pub(crate) key: Option<CommitmentKey>,
}

impl Thread {
    /// The entry that something was written to the message: it commits to the words and to each file under the message's own key, so that who
    /// wrote them can show it.
    fn stated(&self, entry: Entry, text: &str) -> Entry {
        let Some(key) = &self.key else { return entry };
        let digests = self.files.iter().filter_map(|file| file.about.digest);
        let written = commit(key, WRITTEN, &written(text, digests));
        let mut entry = ledger_entry::about(entry, self.message, None);
        entry.commitments.push((WRITTEN.to_owned(), written));
        entry
    }
}

/// The domain of a commitment to what somebody wrote in the portal.
pub(crate) const WRITTEN: &str = "written";

/// What such a commitment is to: the words, and behind them for each file a zero byte and its SHA-256 in hexadecimal.
pub(crate) fn written(text: &str, digests: impl Iterator<Item = [u8; 32]>) -> Vec<u8> {
    let mut all = text.as_bytes().to_vec();
    for digest in digests {
        all.push(0);
        all.extend_from_slice(Hex(&digest).to_string().as_bytes());
    }
    all
}

impl Engine {
    /// Takes a message from a patient, once per vendor reference.
    pub(crate) async fn take_inbound(&self, vendor: &str, message: InboundMessage) -> Result<(), ReceiveFailure> {
        let point: Address = Phi::new(Arc::from(crate::address::normal(message.from.reveal()).as_str()));
        let to = crate::address::normal(&message.to);
        for tenant in self.tenants_reached(&to, &point).await? {
            self.take_for(&tenant, vendor, &message, &point, None).await?;
        }
        Ok(())
    }

    /// Whom a message reaches: the tenants whose number it was sent to; failing that, every tenant that knows the sender, so that
    /// a STOP to a shared number stops them all.
    async fn tenants_reached(&self, to: &str, from: &Address) -> Result<Vec<TenantId>, ReceiveFailure> {
        let mut reached = Vec::new();
        for record in self.inner.store.tenants().await? {
            let Ok(state) = self.tenant_state(&record.id).await else { continue };
            let settings = &state.settings;
            let own = settings.numbers.iter().chain(&settings.tenant.callback);
            if own.into_iter().any(|number| crate::address::normal(number) == to) {
                reached.push(record.id);
            }
        }
        if reached.is_empty() {
            reached = self.inner.store.tenants_of_point(from.reveal()).await?;
        }
        Ok(reached)
    }

    pub(crate) async fn take_for(
        &self,
        tenant: &TenantId,
        vendor: &str,
        message: &InboundMessage,
        point: &Address,
        thread: Option<&Thread>,
    ) -> Result<(), ReceiveFailure> {
        let store = self.inner.store.tenant(tenant);
        let patients = match thread {
            Some(thread) => vec![thread.patient.clone()],
            None => store.patients_of_point(point, SHARERS_MOST).await?,
        };
        let answers = match thread {
            Some(thread) => Some((thread.message, thread.purpose)),
            None => store.last_message_to(point).await?,
        };
        let heard = self.heard(&store, &patients, message).await?;
        let meaning = heard.meaning().unwrap_or(Meaning::Ambiguous);
        let inbound = NewInbound {
            vendor: vendor.to_owned(),
            reference: message.reference.0.clone(),
            channel: message.channel,
            from: point.clone(),
            text: message.text.clone(),
            thread_purpose: answers.map(|(_, purpose)| purpose),
            answers: answers.map(|(message, _)| message),
            patient: thread.map(|thread| thread.patient.clone()),
            at: message.at,
            attachments: thread.map(|thread| thread.files.clone()).unwrap_or_default(),
        };
        let entry = self.patient_entry(tenant, Kind::Inbound, code(meaning))?;
        let entry = thread.map_or(entry.clone(), |thread| thread.stated(entry, message.text.reveal()));
        // RULES CHT-01: whoever writes so, by whatever channel, is read by a person now.
        let danger = thread.map_or_else(|| speaks_of_danger(message.text.reveal()), |known| known.danger);
        let first_time = if danger {
            let alert = (DANGER, self.alert_entry(tenant, "alert_raised")?);
            store.put_inbound_with_alert(inbound, vec![entry], alert).await?
        } else {
            store.put_inbound(inbound, vec![entry]).await?
        };
        if !first_time {
            return Ok(());
        }
        if danger {
            self.inner.metrics.alert(DANGER);
            self.inner.wake.notify_one();
        }
        let stood = store
            .reading()
            .await?
            .opt_outs(std::slice::from_ref(point))
            .await?
            .iter()
            .any(|o| o.scope == OptOutScope::All);
        self.take_effect(tenant, heard, message, point).await?;
        // 47 CFR 64.1200(a)(12): one confirmation of an opt-out; a STOP after it changes nothing and is not answered.
        let confirmed = stood && meaning.stops();
        // Who writes in the portal is answered by the page they write on.
        if message.channel == Channel::Portal {
            return Ok(());
        }
        if let (Some(template), Some(patient), false) = (answer(meaning), patients.first(), confirmed) {
            // RFC 3834 section 2: two programs that answer each other would never end.
            if self.goes_round(&store, point, message.at).await? {
                self.inner.metrics.alert("SYS-08");
                return Ok(());
            }
            self.answer(tenant, vendor, message, point, template, patient).await?;
        }
        Ok(())
    }

    /// What the message changes where it comes from: an end, a beginning, a place that is not the patient's.
    async fn take_effect(
        &self,
        tenant: &TenantId,
        heard: Heard,
        message: &InboundMessage,
        point: &Address,
    ) -> Result<(), ReceiveFailure> {
        let store = self.inner.store.tenant(tenant);
        // Waiting deliveries to this point are decided again at their own gate; nothing here has to find them.
        if heard.ends(message.channel) {
            let opt_out = OptOut {
                at: message.at,
                channel: message.channel,
                point: point.clone(),
                // RULES TCP-14: a bare STOP stops everything automated to this number.
                scope: OptOutScope::All,
            };
            store.put_opt_out(opt_out, self.patient_entry(tenant, Kind::ConsentChanged, "opt_out")?).await?;
        }
        match heard.meaning().unwrap_or(Meaning::Ambiguous) {
            Meaning::WrongNumber | Meaning::WrongNumberAndStop => {
                let entry = self.patient_entry(tenant, Kind::ConsentChanged, "wrong_number")?;
                store.put_verification(point, None, entry).await?;
                // RULES TCP-19: somebody else may have read what was meant for the patient; a person must look.
                self.inner.metrics.alert("TCP-19");
            }
            Meaning::Resumes => {
                // RULES TCP-16: only an affirmative act of the patient's own lifts an opt-out.
                let entry = self.patient_entry(tenant, Kind::ConsentChanged, "opt_in")?;
                store.lift_opt_out(point, message.at, entry).await?;
            }
            Meaning::Ambiguous => self.inner.metrics.alert("TCP-11"),
            Meaning::Revokes | Meaning::RevokesOrCancelsVisit | Meaning::Help | Meaning::Other => {}
        }
        Ok(())
    }

    /// What is heard in the message, to where patients of these names are written.
    async fn heard(
        &self,
        store: &Tenanted,
        patients: &[PatientId],
        message: &InboundMessage,
    ) -> Result<Heard, ReceiveFailure> {
        let mut names: Vec<Phi<String>> = Vec::new();
        let mut reading = store.reading().await?;
        for patient in patients {
            names.extend(self.directory(&mut reading, patient, None, message.at).await?.record.identity.names);
        }
        Ok(self.inner.readings.heard(&message.text, &names))
    }

    /// Whether more came from this contact point within the hour than a person writes who waits for an answer.
    async fn goes_round(&self, store: &Tenanted, point: &Address, at: Timestamp) -> Result<bool, ReceiveFailure> {
        let since = at.checked_sub(SignedDuration::from_hours(1)).unwrap_or(Timestamp::MIN);
        let lately = store.reading().await?.inbound(std::slice::from_ref(point), since).await?;
        Ok(lately.len() > ANSWERED_HOURLY)
    }

    /// One answer to the patient's own word, through the same gate as every message: there is no second door (invariant 1).
    async fn answer(
        &self,
        tenant: &TenantId,
        vendor: &str,
        message: &InboundMessage,
        point: &Address,
        template: &'static str,
        patient: &PatientId,
    ) -> Result<(), ReceiveFailure> {
        let template = wire::TemplateUse { name: template.to_owned(), data: BTreeMap::new() };
        let request = wire::Request {
            origin: Origin::Reply,
            // 47 CFR 64.1200(a)(12): within five minutes, or not at all.
            expires_at: message.at.checked_add(SignedDuration::from_mins(5)).ok().filter(|at| *at > self.now()),
            ..wire::Request::ours(patient, Purpose::ConsentConfirmation, template, message.channel)
        };
        let late = request.expires_at.is_none();
        if late {
            return Ok(());
        }
        let principal = Principal::system(tenant.clone());
        let key = format!("answer:{vendor}:{}", message.reference.0);
        let answering = Answering { at: message.at, point: point.clone() };
        match self.accept_request(&principal, Some(&key), request, Some(Tie::Answer(answering))).await {
            Ok(_) | Err(AcceptError::Conflict | AcceptError::NoSuchPatient) => Ok(()),
            Err(AcceptError::Busy { .. } | AcceptError::Unavailable) => {
                // The opt-out itself is stored; only its confirmation is lost, which the law allows and does not ask for.
                tracing::warn!("an answer to a patient's word could not be queued");
                Ok(())
            }
            Err(AcceptError::Malformed(error)) => {
                tracing::error!(field = error.field, "an answer to a patient's word was not understood");
                Ok(())
            }
            Err(AcceptError::Forbidden(_)) => Ok(()),
        }
    }

    fn patient_entry(&self, tenant: &TenantId, kind: Kind, code: &'static str) -> Result<Entry, ReceiveFailure> {
        Ok(ledger_entry::of(self, tenant, kind, "patient", code)?)
    }
}

pub(crate) const fn code(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::WrongNumber | Meaning::WrongNumberAndStop => "wrong_number",
        Meaning::Revokes => "revokes",
        Meaning::RevokesOrCancelsVisit => "revokes_or_cancels_visit",
        Meaning::Ambiguous => "ambiguous",
        Meaning::Resumes => "resumes",
        Meaning::Help => "help",
        Meaning::Other => "other",
    }
}

/// The template that answers; a stranger on a wrong number gets nothing more.
const fn answer(meaning: Meaning) -> Option<&'static str> {
    match meaning {
        Meaning::Revokes | Meaning::RevokesOrCancelsVisit => Some("opt_out_confirmation"),
        Meaning::Resumes => Some("opt_in_confirmation"),
        Meaning::Help => Some("help"),
        Meaning::WrongNumber | Meaning::WrongNumberAndStop | Meaning::Ambiguous | Meaning::Other => None,
    }
}
