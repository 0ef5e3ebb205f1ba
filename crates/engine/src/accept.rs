//! Accepting a request: understood, rendered, decided, and durable before anybody hears 202 (DESIGN section 2, steps 1
//! to 5).

use crate::enclosures::{self, Enclosure, enclose, lead_to_portal};
use crate::engine::Engine;
use crate::error::AcceptError;
use crate::facts::Occasion;
use crate::faults::{Step, Stop};
use crate::grounds;
use crate::identity::Texts;
use crate::kept::{self, Kept};
use crate::ledger_entry;
use crate::portal::{self, NewFile, Upload};
use crate::principal::{Principal, PrincipalKind, Scope};
use crate::render::{Rendered, Setting};
use crate::tenants::TenantState;
use crate::visit;
use crate::wire::{self, Answer, AttachmentView, Links, WireError};
use aws_lc_rs::digest;
use jiff::Timestamp;
use postern_base::rng::NoEntropy;
use postern_base::{Channel, DeliveryId, MessageId, Origin, Phi, Purpose, Secret, TenantId, Urgency};
use postern_gate::facts::Address;
use postern_gate::reference::BREAK_GLASS_LONGEST;
use postern_gate::{Decision, Delivery, Facts, Outcome, RULES_VERSION, Request};
use postern_ledger::{CommitmentKey, Entry, Kind, commit};
use postern_store::{AcceptOutcome, CandidateRecord, DeliveryState, NewDelivery, NewMessage, StoreError};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// What came of accepting.
#[derive(Debug)]
pub struct Accepted {
    /// The same key and body came before; this is the first answer again.
    pub replayed: bool,
    /// The answer.
    pub answer: wire::Accepted,
}

/// The inbound message that a reply answers.
#[derive(Debug, Clone)]
pub(crate) struct Answering {
    pub(crate) at: Timestamp,
    pub(crate) point: Address,
}

/// What a request of Postern's own is tied to.
#[derive(Debug, Clone)]
pub(crate) enum Tie {
    /// The message it answers.
    Answer(Answering),
    /// The one contact point it may go to.
    Place(Address),
    /// A change that it tells of, and the one contact point, or none, that it may go to. Two changes told in the same words are two.
    Change(Option<Address>),
}

/// A request that was understood, rendered and decided, and that nothing was done about yet.
pub(crate) struct Prepared {
    request: wire::Request,
    files: Vec<NewFile>,
    pub(crate) gate: Request,
    rendered: Rendered,
    facts: Facts,
    pub(crate) decision: Decision,
    state: Arc<TenantState>,
    place: Option<Address>,
    pub(crate) now: Timestamp,
    expires_at: Timestamp,
}

impl Prepared {
    /// Whether a copy in the portal is planned, where its files are read.
    fn is_read_in_portal(&self) -> bool {
        self.decision.deliveries.iter().any(|delivery| delivery.channel == Channel::Portal)
    }

    /// Whether its files, where it has any, are read somewhere if it goes.
    fn reads_its_files(&self) -> Result<(), AcceptError> {
        let goes = self.decision.outcome != Outcome::Refuse;
        if goes && !self.files.is_empty() && !self.is_read_in_portal() {
            return Err(enclosures::read_nowhere());
        }
        Ok(())
    }
}

impl Engine {
    /// Accepts the request in `body` for the tenant of `principal`, once per idempotency `key`. When it answers `Ok`, the
    /// message, its forms, its queue and its ledger entry are durable.
    ///
    /// # Errors
    /// [`AcceptError`]; nothing was stored.
    pub async fn accept(&self, principal: &Principal, key: Option<&str>, body: &[u8]) -> Result<Accepted, AcceptError> {
        self.accept_with(principal, key, body, &[]).await
    }

    /// The same of a message that files go with: they are read with it in the portal and travel by nothing else.
    ///
    /// # Errors
    /// [`AcceptError`]; nothing was stored.
    pub async fn accept_with(
        &self,
        principal: &Principal,
        key: Option<&str>,
        body: &[u8],
        files: &[Upload],
    ) -> Result<Accepted, AcceptError> {
        let _admission = self.admission().await?;
        principal.must(Scope::MessagesWrite)?;
        let key = key.map(idempotency_key).transpose()?;
        let mut request: wire::Request = wire::parse(body)?;
        let files = enclose(&mut request, files, (self.now(), &self.inner.rng)).await?;
        self.accept_whole(principal, key, (request, files), None).await
    }

    /// Decides the request in `body` without side effects, and says everything about it: every candidate, and what would
    /// change the answer.
    ///
    /// # Errors
    /// [`AcceptError`].
    pub async fn check(&self, principal: &Principal, body: &[u8]) -> Result<Answer, AcceptError> {
        self.check_with(principal, body, &[]).await
    }

    /// The same of a message that files go with; what [`Engine::accept_with`] would refuse, this does. Nothing is kept of the files.
    ///
    /// # Errors
    /// [`AcceptError`].
    pub async fn check_with(
        &self,
        principal: &Principal,
        body: &[u8],
        files: &[Upload],
    ) -> Result<Answer, AcceptError> {
        let _admission = self.admission().await?;
        principal.must(Scope::MessagesWrite)?;
        let mut request: wire::Request = wire::parse(body)?;
        let files = enclose(&mut request, files, (self.now(), &self.inner.rng)).await?;
        let id = MessageId::new(self.now(), self.inner.rng.as_ref())?;
        let key = self.commitment_key()?;
        let prepared = self.prepare(principal, (request, files), None, id, &key).await?;
        prepared.reads_its_files()?;
        let examined = postern_gate::examine(&prepared.gate, &prepared.facts, &prepared.state.policy);
        Ok(Answer::from(&examined).measured(&prepared.rendered.forms))
    }

    /// What would be decided of a message of Postern's own as things stand; nothing is kept of the question.
    ///
    /// # Errors
    /// [`AcceptError`].
    pub(crate) async fn would_decide(
        &self,
        principal: &Principal,
        request: wire::Request,
        tie: Option<Tie>,
    ) -> Result<Decision, AcceptError> {
        let id = MessageId::new(self.now(), self.inner.rng.as_ref())?;
        let key = self.commitment_key()?;
        Ok(self.prepare(principal, (request, Vec::new()), tie, id, &key).await?.decision)
    }

    /// The one way in, for callers and for Postern's own replies alike.
    pub(crate) async fn accept_request(
        &self,
        principal: &Principal,
        key: Option<&str>,
        request: wire::Request,
        tie: Option<Tie>,
    ) -> Result<Accepted, AcceptError> {
        self.accept_whole(principal, key, (request, Vec::new()), tie).await
    }

    async fn accept_whole(
        &self,
        principal: &Principal,
        key: Option<&str>,
        (request, files): (wire::Request, Vec<NewFile>),
        tie: Option<Tie>,
    ) -> Result<Accepted, AcceptError> {
        self.at(Step::Parsed)?;
        let fingerprint = fingerprint(&request, &files);
        let id = MessageId::new(self.now(), self.inner.rng.as_ref())?;
        let commitment_key = self.commitment_key()?;
        let prepared = self.prepare(principal, (request, files), tie, id, &commitment_key).await?;
        self.at(Step::Decided)?;
        prepared.reads_its_files()?;
        if prepared.decision.outcome == Outcome::Defer && prepared.decision.deliveries.is_empty() {
            // Nothing could be queued: the facts themselves are away. The caller keeps the message and tries again.
            return Err(AcceptError::Unavailable);
        }
        let decision = Answer::from(&prepared.decision).measured(&prepared.rendered.forms);
        let mut answer = wire::Accepted { id, decision, files: Vec::new(), links: Links::of(id) };
        let message = self.new_message(principal, key, fingerprint, &prepared, &mut answer, commitment_key)?;
        let outcome = self.inner.store.tenant(&principal.tenant).accept(message).await?;
        self.at(Step::Stored)?;
        match outcome {
            AcceptOutcome::Stored => {
                self.inner.metrics.decided(&prepared.decision);
                if matches!(prepared.gate.origin, Origin::Bulk | Origin::Journey) {
                    self.inner.volume.count(&principal.tenant, self.now());
                }
                self.inner.wake.notify_one();
                self.ask_by_itself(&principal.tenant, &prepared).await;
                Ok(Accepted { replayed: false, answer })
            }
            AcceptOutcome::Replayed { message, decision } => {
                let decision = kept::decision(&decision).ok_or(AcceptError::Unavailable)?;
                let files = match prepared.files.is_empty() {
                    true => Vec::new(),
                    false => self.files_taken(&principal.tenant, message).await?,
                };
                let answer = wire::Accepted { id: message, decision, files, links: Links::of(message) };
                Ok(Accepted { replayed: true, answer })
            }
            AcceptOutcome::Conflict => Err(AcceptError::Conflict),
        }
    }

    async fn prepare(
        &self,
        principal: &Principal,
        (mut request, files): (wire::Request, Vec<NewFile>),
        tie: Option<Tie>,
        id: MessageId,
        key: &CommitmentKey,
    ) -> Result<Prepared, AcceptError> {
        let now = self.now();
        who_says_so(principal, &request, now)?;
        request.tells_of_the_past(now)?;
        let mut gate = request.to_gate()?;
        let tenant = &principal.tenant;
        let state = self.tenant_state(tenant).await.map_err(|error| match error {
            StoreError::NotFound => AcceptError::Unavailable,
            other => other.into(),
        })?;
        let mut reading = self.inner.store.tenant(tenant).reading().await?;
        let mut directory = self.directory(&mut reading, &gate.patient, gate.event.as_deref(), now).await?;
        if !directory.found {
            return Err(AcceptError::NoSuchPatient);
        }
        // Two answers in the same words answer two questions: they are no duplicates of each other (SYS-05).
        let once = match &tie {
            Some(Tie::Answer(answering)) => Some(answering.at.to_string()),
            Some(Tie::Change(place)) => Some(format!("{now} {}", place.as_ref().map_or("", |place| place.reveal()))),
            Some(Tie::Place(_)) | None => None,
        };
        let (answering, place) = match tie {
            Some(Tie::Answer(answering)) => (Some(answering), None),
            Some(Tie::Place(place)) => (None, Some(place)),
            Some(Tie::Change(place)) => (None, place),
            None => (None, None),
        };
        directory.narrow(place.as_ref());
        directory.event = visit::named_or_told(directory.event, &request, &directory.record.patient);
        let expires_at = self.expires_at(&request, directory.event.known().and_then(|event| event.at), now)?;
        gate.expires_at = Some(expires_at);
        request.expires_at = Some(expires_at);
        let (token, unsubscribe) = (link_token(key, id), self.inner.tokens.of(id));
        let texts = Texts::of(&directory.record.identity);
        let setting = Setting {
            tenant: &state.gate,
            purpose: gate.purpose,
            preferred: directory.language(),
            token: &token,
            unsubscribe: &unsubscribe,
            library: &state.library,
            postal: state.settings.tenant.postal_address(),
            recipient: &texts.recipient(),
            vocabulary: state.vocabulary.as_ref(),
        };
        let mut rendered = Rendered::new(&request, setting)?;
        if !files.is_empty() {
            lead_to_portal(&mut rendered);
        }
        // The same words with another file are another message.
        let digests = files.iter().filter_map(|(about, _)| about.digest).flatten();
        let beside: Vec<u8> = once.into_iter().flat_map(String::into_bytes).chain(digests).collect();
        if !beside.is_empty() {
            rendered.source = rendered.source.map(|source| [source, beside].concat());
        }
        rendered.commit(key);
        let actor = crate::facts::asking(principal, &state, gate.purpose, now);
        let facts = self
            .gather(
                Occasion { tenant, state: &state, now, except: None, actor },
                &gate,
                directory,
                &rendered,
                &mut reading,
            )
            .await?;
        drop(reading);
        self.at(Step::Gathered)?;
        if let Some(inbound) = facts.history.known().map(|history| &history.inbound) {
            if let Some(answering) = &answering {
                let position = inbound.iter().rposition(|m| m.at == answering.at && m.point == answering.point);
                gate.in_reply_to = position;
                request.in_reply_to = position;
            }
            if gate.in_reply_to.is_some_and(|index| index >= inbound.len()) {
                return Err(WireError::new("in_reply_to", "this patient sent no such message").into());
            }
        }
        let decision = postern_gate::decide(&gate, &facts, &state.policy);
        Ok(Prepared { request, files, gate, rendered, facts, decision, state, place, now, expires_at })
    }

    fn new_message(
        &self,
        principal: &Principal,
        key: Option<&str>,
        fingerprint: [u8; 32],
        prepared: &Prepared,
        answer: &mut wire::Accepted,
        commitment_key: CommitmentKey,
    ) -> Result<NewMessage, AcceptError> {
        let mut kept = Kept::new(&prepared.request, &prepared.rendered, principal, prepared.now);
        kept.place = prepared.place.as_ref().map(|place| place.reveal().to_string());
        // A notice may go now or when another way fails; what it leads to is the portal copy, with its files.
        let read_there = prepared.is_read_in_portal();
        let files = if read_there { prepared.files.clone() } else { Vec::new() };
        kept.files = files.iter().filter_map(Enclosure::of).collect();
        answer.files = kept.files.iter().map(Enclosure::view).collect();
        let kept = kept.to_bytes();
        let decision = kept::keep_decision(&mut answer.decision).ok_or(AcceptError::Unavailable)?;
        let entry = ledger_entry::of(
            self,
            &principal.tenant,
            Kind::Accepted,
            principal.actor(),
            prepared.decision.outcome.as_str(),
        )?;
        let policy = &prepared.state.policy;
        let grounds = grounds::of(&prepared.gate, &prepared.facts, policy, &prepared.decision, &commitment_key);
        let entry = Entry {
            message: Some(answer.id),
            policy: Some(versions(&prepared.state)),
            commitments: [
                ("request", kept.reveal()),
                ("content", prepared.rendered.source.reveal()),
                ("decision", decision.reveal()),
            ]
            .into_iter()
            .map(|(domain, bytes)| (domain.to_owned(), commit(&commitment_key, domain, bytes)))
            .chain(grounds.commitments)
            .collect(),
            ..entry
        };
        let link = read_there.then(|| portal::link_digest(&link_token(&commitment_key, answer.id)));
        Ok(NewMessage {
            id: answer.id,
            idempotency_key: key.map(|key| Phi::new(format!("{}\0{key}", principal.id))),
            fingerprint,
            patient: prepared.gate.patient.clone(),
            purpose: prepared.gate.purpose,
            event: prepared.gate.event.clone(),
            template: prepared.rendered.content.template.clone(),
            content: prepared.rendered.source.clone(),
            request: kept,
            decision,
            outcome: prepared.decision.outcome.as_str(),
            commitment_key,
            renditions: prepared.rendered.forms.iter().map(kept::stored).collect(),
            expires_at: prepared.expires_at,
            deliveries: self.queue(prepared)?,
            entries: vec![entry],
            facts: Some(grounds.facts),
            link,
            files,
        })
    }

    /// The files that were taken with a message when it came first.
    async fn files_taken(&self, tenant: &TenantId, message: MessageId) -> Result<Vec<AttachmentView>, AcceptError> {
        let record = self.inner.store.tenant(tenant).message(message).await?.ok_or(AcceptError::Unavailable)?;
        Ok(Kept::read(&record)?.0.files.iter().map(Enclosure::view).collect())
    }

    /// The plan as a queue: the portal copy first, and what only points at it after it.
    fn queue(&self, prepared: &Prepared) -> Result<Vec<NewDelivery>, NoEntropy> {
        let mut queue: Vec<NewDelivery> = Vec::with_capacity(prepared.decision.deliveries.len());
        let mut portal = None;
        let mut planned: Vec<&Delivery> = prepared.decision.deliveries.iter().collect();
        planned.sort_by_key(|delivery| delivery.channel != postern_base::Channel::Portal);
        for delivery in planned {
            let id = DeliveryId::new(prepared.now, self.inner.rng.as_ref())?;
            let due =
                [delivery.not_before, prepared.gate.send_at].into_iter().flatten().fold(prepared.now, Timestamp::max);
            let after = if delivery.form <= postern_base::Form::Notice { portal } else { None };
            if delivery.channel == postern_base::Channel::Portal {
                portal = Some(id);
            }
            let held = prepared.decision.outcome == Outcome::Hold || delivery.channel.is_human_task();
            queue.push(NewDelivery {
                id,
                candidate: candidate(delivery),
                due: due.min(prepared.expires_at),
                priority: priority(&prepared.gate),
                after,
                state: match (held, due > prepared.now) {
                    (true, _) => DeliveryState::Held,
                    (false, true) => DeliveryState::Waiting,
                    (false, false) => DeliveryState::Queued,
                },
            });
        }
        Ok(queue)
    }

    fn expires_at(
        &self,
        request: &wire::Request,
        event: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Timestamp, AcceptError> {
        if let Some(at) = request.expires_at {
            return if at > now { Ok(at) } else { Err(WireError::new("expires_at", "is not in the future").into()) };
        }
        let lifetime = match request.purpose {
            Purpose::OneTimeCode => self.inner.config.code_lifetime,
            _ => self.inner.config.lifetime,
        };
        let from = request.send_at.map_or(now, |at| at.max(now));
        let end = from.checked_add(lifetime).unwrap_or(Timestamp::MAX);
        // A reminder is worthless once the visit has begun; a visit that is over is for the gate to judge.
        Ok(match event {
            Some(at) if request.purpose == Purpose::AppointmentReminder && at > from => at,
            _ => end,
        })
    }

    async fn admission(&self) -> Result<OwnedSemaphorePermit, AcceptError> {
        let busy = || {
            self.inner.metrics.turned_away.inc();
            AcceptError::Busy { retry_after: self.inner.config.retry_after }
        };
        let depth = u64::try_from(self.inner.metrics.queued.get()).unwrap_or(0);
        if self.is_draining() || depth >= self.inner.config.queue_depth {
            return Err(busy());
        }
        Arc::clone(&self.inner.admission).try_acquire_owned().map_err(|_| busy())
    }

    fn commitment_key(&self) -> Result<CommitmentKey, NoEntropy> {
        let mut key = [0u8; 32];
        self.inner.rng.fill(&mut key)?;
        Ok(Secret::new(key))
    }
}

impl From<NoEntropy> for AcceptError {
    fn from(_: NoEntropy) -> Self {
        Self::Unavailable
    }
}

impl From<Stop> for AcceptError {
    fn from(_: Stop) -> Self {
        Self::Unavailable
    }
}

/// `rules/POLICY` versions, as entries carry them.
pub(crate) fn versions(state: &TenantState) -> String {
    format!("{RULES_VERSION}/{}", state.policy.version)
}

/// A candidate as the store keeps it.
pub(crate) fn candidate(delivery: &Delivery) -> CandidateRecord {
    CandidateRecord {
        channel: delivery.channel,
        point: delivery.contact_point.clone(),
        mode: delivery.mode,
        form: delivery.form,
        level: delivery.level,
        vendor: delivery.vendor.clone(),
    }
}

/// `staff` means that a named human acts now, and only a named human breaks the glass (45 CFR 164.312(a)(2)(ii)): a program's
/// key may claim neither.
fn who_says_so(principal: &Principal, request: &wire::Request, now: Timestamp) -> Result<(), WireError> {
    if principal.kind == PrincipalKind::ApiKey {
        if request.origin == Origin::Staff {
            return Err(WireError::new("origin", "`staff` needs a staff principal, not an API key"));
        }
        if request.break_glass.is_some() {
            return Err(WireError::new("break_glass", "needs a staff principal, not an API key"));
        }
    }
    // 45 CFR 164.312(a)(2)(i): emergency access is traced to who used it, so nobody breaks the glass in a colleague's name.
    let glass = request.break_glass.as_ref().filter(|_| principal.kind == PrincipalKind::Staff);
    if glass.is_some_and(|glass| !principal.is(&glass.actor)) {
        return Err(WireError::new("break_glass.actor", "must be whoever holds the key: its id, or the name it bears"));
    }
    // Emergency access is for this emergency, not for the year.
    let ends = request.break_glass.as_ref().map(|glass| glass.expires_at);
    if ends.is_some_and(|ends| ends.duration_since(now) > BREAK_GLASS_LONGEST) {
        let hours = BREAK_GLASS_LONGEST.as_hours();
        return Err(WireError::new("break_glass.expires_at", format!("must be within {hours} hours from now")));
    }
    Ok(())
}

fn idempotency_key(key: &str) -> Result<&str, WireError> {
    let well = (1..=255).contains(&key.len()) && key.bytes().all(|b| (0x20..0x7f).contains(&b));
    if well { Ok(key) } else { Err(WireError::new("Idempotency-Key", "expected 1 to 255 printable ASCII characters")) }
}

/// SHA-256 of the request as Postern would write it, so that white space and the order of keys do not matter, and of the files with it: what
/// each holds, what it is and what the patient sees it called.
fn fingerprint(request: &wire::Request, files: &[NewFile]) -> [u8; 32] {
    let mut bytes = serde_json::to_vec(request).unwrap_or_default();
    for (about, _) in files {
        bytes.extend(about.digest.into_iter().flatten());
        // A name is one line, and neither holds a zero byte.
        bytes.extend([about.kind.as_bytes(), b"\0", about.name.reveal().as_bytes(), b"\0"].concat());
    }
    let mut out = [0u8; 32];
    for (to, from) in out.iter_mut().zip(digest::digest(&digest::SHA256, &bytes).as_ref()) {
        *to = *from;
    }
    out
}

/// The opaque part of a message's link: 16 letters and digits that mean nothing (RULES TCP-29). No vowels, so that they spell
/// nothing either.
fn link_token(key: &CommitmentKey, id: MessageId) -> String {
    const ALPHABET: &[u8; 28] = b"bcdfghjkmnpqrstvwxyz23456789";
    let bytes = commit(key, "link", id.0.as_bytes());
    bytes
        .iter()
        .take(16)
        .map(|byte| char::from(*ALPHABET.get(usize::from(*byte) % ALPHABET.len()).unwrap_or(&b'x')))
        .collect()
}

/// The last priority that goes ahead of what is sent in numbers: somebody waits for an answer.
pub(crate) const AHEAD_UNTIL: u8 = 3;

/// Smaller goes first: one-time codes, emergencies, urgent, answers, routine, bulk.
fn priority(request: &Request) -> u8 {
    match (request.purpose, request.urgency, request.origin) {
        (Purpose::OneTimeCode, _, _) => 0,
        (Purpose::Emergency, _, _) | (_, Urgency::Emergency, _) => 1,
        (_, Urgency::Urgent, _) => 2,
        (Purpose::ConsentConfirmation, _, _) | (_, _, Origin::Reply | Origin::Staff) => 3,
        (_, Urgency::Routine, Origin::Bulk | Origin::Journey) => 5,
        (_, Urgency::Routine, Origin::Api | Origin::Ai) => 4,
    }
}

/// For entries about a delivery that are written outside a claim.
pub(crate) fn entry_for(
    engine: &Engine,
    tenant: &TenantId,
    kind: Kind,
    actor: &str,
    code: &str,
    message: MessageId,
    delivery: DeliveryId,
) -> Result<Entry, NoEntropy> {
    Ok(ledger_entry::about(ledger_entry::of(engine, tenant, kind, actor, code)?, message, Some(delivery)))
}
