//! Dispatch: claim what is due, gate again on fresh facts, and only here mint, record and use a permit (DESIGN section 2,
//! steps 6 and 7).
//!
//! The order is the safety: nothing leaves before `attempt_started` is durable, and whatever is not known to have failed is
//! never sent again.

mod elsewhere;
mod outcome;
mod second_gate;

use crate::accept::{AHEAD_UNTIL, versions};
use crate::domains::{breaks_off, broken_off, own_hop};
use crate::enclosures;
use crate::engine::Engine;
use crate::faults::{Step, Stop};
use crate::kept::Kept;
use crate::lanes::{Closed, Place};
use crate::ledger_entry;
use crate::pace::Wait;
use crate::render::{Rendered, pick};
use crate::returned::Of;
use crate::tenants::TenantState;
use crate::turns::Turn;
use crate::wire::TlsSessionView;
use jiff::Timestamp;
use outcome::Ending;
pub(crate) use outcome::Stage;
use postern_base::rng::NoEntropy;
use postern_base::{AttemptId, Channel, EmailMode, Phi};
use postern_channels::email::arrived::Status;
use postern_channels::email::smime::Recipient;
use postern_channels::sms::rates::Carrier;
use postern_channels::sms::text;
use postern_channels::{Booked, Outbound, Provider, Sent};
use postern_gate::{Binding, Decision, Effect, Permit, Refusal};
use postern_ledger::{Entry, Kind, commit, record};
use postern_store::{Beside, Claim, DeliveryState, Finish, Grounds, MessageRecord, NewTlsFailure, Room, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// What one step of dispatch did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dispatched {
    /// Deliveries claimed.
    pub claimed: usize,
    /// Of those, handed to a provider that took them.
    pub sent: usize,
    /// Ended: delivered at once, failed, refused, expired or unknown.
    pub ended: usize,
    /// Put back: deferred, rerouted, or to be tried again.
    pub again: usize,
    /// Left for a person.
    pub held: usize,
}

/// Why a claim was left as it is: its lease runs out and it is claimed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// The store did not answer, or somebody else has the delivery.
    Store(StoreError),
    /// There was no randomness for an id.
    NoEntropy,
    /// A test cut the power.
    Stopped,
}

impl From<StoreError> for Left {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<NoEntropy> for Left {
    fn from(_: NoEntropy) -> Self {
        Self::NoEntropy
    }
}

impl From<Stop> for Left {
    fn from(_: Stop) -> Self {
        Self::Stopped
    }
}

/// A claim with everything known about its message.
pub(crate) struct Work {
    pub(crate) claim: Claim,
    pub(crate) message: MessageRecord,
    pub(crate) kept: Kept,
    pub(crate) rendered: Rendered,
    pub(crate) state: Arc<TenantState>,
    pub(crate) now: Timestamp,
}

impl Work {
    fn of(&self) -> Of {
        Of {
            tenant: self.claim.tenant.clone(),
            message: self.claim.message,
            delivery: self.claim.lease.delivery,
            patient: self.message.patient.clone(),
            purpose: self.message.purpose,
            point: self.claim.candidate.point.clone(),
        }
    }
}

/// What the second gate let through.
#[derive(Debug)]
pub(crate) struct Admitted {
    /// Its permit.
    pub(crate) permit: Permit,
    /// Whose subscriber a text is for, where that was looked up.
    pub(crate) carrier: Option<Carrier>,
}

/// What the second gate leaves to do.
pub(crate) enum Verdict {
    /// Send it.
    Send(Box<Admitted>),
    /// Do not: end it, put it back or leave it to a person.
    Not(Ending),
}

/// Deliveries that are under way.
#[derive(Debug, Default)]
pub(crate) struct UnderWay {
    tasks: JoinSet<Result<Stage, Left>>,
}

impl UnderWay {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Waits for the next one that came as far as it goes now: how far, or `None` where it was left to its lease. `None` outside
    /// when there is none any more.
    pub(crate) async fn next(&mut self) -> Option<Option<Stage>> {
        let joined = self.tasks.join_next().await?;
        Some(match joined {
            Ok(Ok(stage)) => Some(stage),
            Ok(Err(Left::Store(error))) => {
                tracing::warn!(%error, "a delivery was left to its lease");
                None
            }
            Ok(Err(Left::NoEntropy)) => {
                tracing::warn!("no randomness: a delivery was left to its lease");
                None
            }
            Ok(Err(Left::Stopped)) => None,
            Err(error) => {
                tracing::error!(panicked = error.is_panic(), "a delivery was left to its lease");
                None
            }
        })
    }
}

impl Engine {
    /// One step: claims what is due and brings each as far as it goes now.
    ///
    /// # Errors
    /// [`StoreError`] when nothing could be claimed.
    pub async fn dispatch_due(&self) -> Result<Dispatched, StoreError> {
        let mut under_way = UnderWay::default();
        let claimed = self.begin_due(Room::of(self.inner.config.claim), &mut under_way).await?;
        let mut done = Dispatched { claimed, ..Dispatched::default() };
        while let Some(stage) = under_way.next().await {
            match stage {
                Some(Stage::Sent) => done.sent += 1,
                Some(Stage::Ended) => done.ended += 1,
                Some(Stage::Again) => done.again += 1,
                Some(Stage::Held) => done.held += 1,
                None => {}
            }
        }
        Ok(done)
    }

    /// Claims what is due, as far as there is `room`, and begins to bring it on its way. Gives how much that was.
    ///
    /// # Errors
    /// [`StoreError`] when nothing could be claimed.
    pub(crate) async fn begin_due(&self, room: Room, under_way: &mut UnderWay) -> Result<usize, StoreError> {
        self.recall_text_hours().await?;
        let claims = self.inner.store.claim_within(self.now(), room, self.inner.config.lease).await?;
        let claimed = claims.len();
        for claim in claims {
            let engine = self.clone();
            under_way.tasks.spawn(async move { engine.bring(claim).await });
        }
        Ok(claimed)
    }

    async fn bring(&self, claim: Claim) -> Result<Stage, Left> {
        self.at(Step::Claimed)?;
        let now = self.now();
        if let Some(ending) = self.over_before_it_began(&claim, now) {
            return self.end(&claim, ending, None, None).await;
        }
        // What has no place is put back, unless another vendor may carry it, or nothing has got through there for long: the gate then
        // decides by whom and which way it goes.
        let (place, moves) = match self.place(&claim, now) {
            Ok(place) => (place, None),
            Err(closed) if self.is_long_shut(closed.shut_at, now) || self.moves(&claim, now).await? => {
                (None, Some(closed))
            }
            Err(closed) => return self.put_back(&claim, self.looks_again(&claim, closed, now), "lane").await,
        };
        if place.is_some()
            && let Err(wait) = self.may_text(&claim, now)
        {
            return self.put_back(&claim, wait.until, &wait.why).await;
        }
        if claim.candidate.channel == Channel::Email {
            self.learn_domain(&claim.tenant, &claim.candidate.point).await;
        }
        // Before the permit is minted: it would run out in the line.
        let booked = match self.book(&claim, place.as_ref()) {
            Ok(booked) => booked,
            Err(wait) => {
                let until = now.saturating_add(wait).unwrap_or(Timestamp::MAX);
                return self.put_back(&claim, until, "lane").await;
            }
        };
        let mut work = match self.work(claim.clone(), now).await {
            Ok(work) => work,
            // The patient's key was destroyed: there is nothing left to send.
            Err(StoreError::KeyDestroyed | StoreError::NotFound) => {
                let ending = Ending::State(DeliveryState::Refused, "record_destroyed".into());
                return self.end(&claim, ending, None, None).await;
            }
            Err(error) => return Err(error.into()),
        };
        let attempt = match claim.interrupted {
            Some(attempt) => attempt,
            None => AttemptId::new(now, self.inner.rng.as_ref())?,
        };
        // Held until the attempt is recorded: what is decided next for this patient or point then sees it.
        let turn = self.inner.turns.take(&claim.tenant, &work.message.patient, &claim.candidate.point).await;
        work.now = self.now();
        let (verdict, grounds) = self.second_gate(&work, attempt, moves.is_some()).await?;
        let admitted = match verdict {
            Verdict::Send(admitted) => match moves {
                None => *admitted,
                // The vendor is well again, or nobody stands in any more; there is no place all the same.
                Some(closed) => return self.put_back(&claim, self.looks_again(&claim, closed, now), "lane").await,
            },
            Verdict::Not(ending) => return self.end(&work.claim, ending, Some(&work.state), Some(grounds)).await,
        };
        self.at(Step::Admitted)?;
        let stage = self.send(&work, attempt, admitted, grounds, turn, place).await;
        drop(booked);
        stage
    }

    /// A place on the lane that `claim` goes by; `None` where it goes by none, and where an attempt is to be taken up again.
    fn place(&self, claim: &Claim, now: Timestamp) -> Result<Option<Place>, Closed> {
        let Some(vendor) = claim.candidate.vendor.clone().filter(|_| claim.interrupted.is_none()) else {
            return Ok(None);
        };
        let Some((lane, places)) = self.lane(&vendor, &claim.candidate.point) else { return Ok(None) };
        let ahead = claim.priority <= AHEAD_UNTIL;
        self.inner.lanes.enter(lane, places, ahead, now).map(Some)
    }

    /// Leave to come to the servers to which `claim` goes, for one that has a `place` on its lane.
    fn book(&self, claim: &Claim, place: Option<&Place>) -> Result<Option<Booked>, Duration> {
        let vendor = claim.candidate.vendor.as_ref().filter(|_| place.is_some());
        let provider = vendor.and_then(|vendor| self.inner.providers.get(vendor));
        let ahead = claim.priority <= AHEAD_UNTIL;
        provider.map_or(Ok(None), |provider| provider.book(claim.candidate.point.reveal(), ahead))
    }

    /// Whether any text may go by the vendor of `claim` now.
    fn may_text(&self, claim: &Claim, now: Timestamp) -> Result<(), Wait> {
        let vendor = claim.candidate.vendor.as_ref().filter(|_| claim.candidate.channel == Channel::Sms);
        vendor.map_or(Ok(()), |vendor| self.inner.paces.may(vendor, claim.priority <= AHEAD_UNTIL, now))
    }

    /// Whether another vendor may carry `claim` while the one it was planned for lets nothing through.
    async fn moves(&self, claim: &Claim, now: Timestamp) -> Result<bool, Left> {
        let Some(vendor) = claim.candidate.vendor.as_ref() else { return Ok(false) };
        let state = self.tenant_state(&claim.tenant).await?;
        Ok(self.has_standby(&state, vendor, claim.candidate.channel, now))
    }

    /// Back to the queue without a word in the ledger: nothing was decided and nothing was tried.
    async fn put_back(&self, claim: &Claim, until: Timestamp, why: &str) -> Result<Stage, Left> {
        let due = until.min(claim.expires_at);
        let finish = Finish::Again { due, state: claim.state, code: why.to_owned(), candidate: None };
        self.finish(claim, finish, Vec::new(), Beside::default()).await?;
        Ok(Stage::Again)
    }

    /// What can be said without looking at the message.
    fn over_before_it_began(&self, claim: &Claim, now: Timestamp) -> Option<Ending> {
        if claim.interrupted.is_some() && !self.may_repeat(claim) {
            // It may have been sent: nobody can say, and it is never sent again.
            self.inner.metrics.alert("SYS-05");
            return Some(Ending::State(DeliveryState::Unknown, "interrupted".into()));
        }
        if now >= claim.expires_at {
            let state = if claim.interrupted.is_some() { DeliveryState::Unknown } else { DeliveryState::Expired };
            return Some(Ending::State(state, "expired".into()));
        }
        None
    }

    /// Whether an attempt of unknown outcome may be repeated under the same id: only when the vendor drops the second call.
    fn may_repeat(&self, claim: &Claim) -> bool {
        claim
            .candidate
            .vendor
            .as_ref()
            .and_then(|vendor| self.inner.providers.get(vendor))
            .is_some_and(|provider| provider.profile().idempotent)
    }

    async fn work(&self, claim: Claim, now: Timestamp) -> Result<Work, StoreError> {
        let tenant = self.inner.store.tenant(&claim.tenant);
        let message = tenant.message(claim.message).await?.ok_or(StoreError::NotFound)?;
        let (kept, rendered) = Kept::read(&message)?;
        let state = self.tenant_state(&claim.tenant).await?;
        Ok(Work { claim, message, kept, rendered, state, now })
    }

    async fn send(
        &self,
        work: &Work,
        attempt: AttemptId,
        Admitted { permit, carrier }: Admitted,
        mut grounds: Grounds,
        turn: Turn<'_>,
        place: Option<Place>,
    ) -> Result<Stage, Left> {
        let Some(provider) = self.inner.providers.get(permit.vendor()).cloned() else {
            self.inner.metrics.alert("SEC-12");
            let vendor = permit.vendor();
            tracing::warn!(
                vendor = %format_args!("{}/{}", vendor.vendor, vendor.service),
                "an agreement with this vendor stands in the registry and no provider is configured for it: what goes by it is held; \
                 set its provider up, or end its row (PUT /v1/vendors with agreement.status = \"terminated\")"
            );
            let ending = Ending::State(DeliveryState::Held, "no_provider".into());
            return self.end(&work.claim, ending, Some(&work.state), Some(grounds)).await;
        };
        let Some(form) =
            pick(&work.rendered.forms, |f| (f.measured.channel, f.measured.form), permit.channel(), permit.form())
        else {
            let ending = Ending::State(DeliveryState::Held, "no_rendition".into());
            return self.end(&work.claim, ending, Some(&work.state), Some(grounds)).await;
        };
        let ahead = work.claim.priority <= AHEAD_UNTIL;
        if permit.channel() == Channel::Sms {
            let segments = u32::try_from(text::length(form.body.reveal()).segments).unwrap_or(u32::MAX);
            if let Some(wait) = self.take_segments(permit.vendor(), carrier, (segments, ahead), work.now).await? {
                return self.put_back(&work.claim, wait.until, &wait.why).await;
            }
        }
        let tenant = &work.state.gate;
        let recipient = self.reader(work, &permit, &mut grounds).await?;
        if permit.channel() == Channel::Portal {
            grounds.commitments.extend(enclosures::stated(&work.kept.files, &work.message.commitment_key));
        }
        let outbound = Outbound {
            commitment_key: work.message.commitment_key.clone(),
            body: form.body.clone(),
            subject: form.subject.clone(),
            sender: tenant.alias.clone().unwrap_or_else(|| tenant.name.clone()),
            recipient,
            language: form.measured.language,
            ahead,
            idempotency_key: attempt.to_string(),
            back: self.inner.addresses.as_ref().map(|addresses| addresses.of(work.claim.lease.delivery)),
            unsubscribe: self.unsubscribe_link(tenant, work.message.purpose, work.claim.message),
        };
        let (channel, floor) = (permit.channel(), permit.floor());
        let domain = crate::address::domain(permit.contact_point().reveal());
        let recorded = record(&self.inner.store.recorder(grounds), permit, work.claim.lease).await?;
        drop(turn);
        self.at(Step::Recorded)?;
        let sent = self.call(provider.as_ref(), recorded, outbound).await;
        self.at(Step::Sent)?;
        // Who met nobody has nothing to say of the lane.
        let said = place.filter(|_| !sent.met_nobody());
        if said.is_some_and(|place| place.leave(sent.reached(), self.now())) {
            tracing::warn!(vendor = %provider.profile().vendor, "nothing gets through: a lane is closed for a while");
        }
        self.inner.metrics.attempt(channel, outcome::label(&sent));
        let evidence = self.evidence(work, attempt, provider.as_ref(), domain.as_deref(), &sent).await?;
        if channel == Channel::Email {
            self.refused_mail(work, &sent).await;
            self.told_email_risk(work, form.measured.form, &sent).await;
        }
        self.blocked(work, provider.as_ref(), channel, &sent).await;
        let ending = self.ending(work, provider.profile(), floor, domain, sent)?;
        self.end_attempt(work, attempt, ending, evidence).await
    }

    /// A server that says in the session that there is no such mailbox says what a bounce would say later.
    async fn refused_mail(&self, work: &Work, sent: &Sent) {
        let Sent::PermanentFailure { code } = sent else { return };
        let Some(status) = Status::of_session(code) else { return };
        if let Err(failure) = self.take_status(&work.of(), status).await {
            // The delivery itself fails all the same, and the next mail there says it again.
            tracing::warn!(%failure, "an address that is nobody's could not be closed");
        }
    }

    /// A vendor that refuses since the recipient told it to send no more tells us so.
    async fn blocked(&self, work: &Work, provider: &dyn Provider, channel: Channel, sent: &Sent) {
        if let Sent::PermanentFailure { code } = sent
            && provider.opted_out(code)
            && let Err(failure) = self.take_block(&work.of(), channel, &provider.profile().vendor).await
        {
            // The vendor goes on to refuse, and the next message says it again.
            tracing::warn!(%failure, "an opt-out at the carrier could not be kept");
        }
    }

    /// What is kept of the session over which the message went, or of why there was none.
    async fn evidence(
        &self,
        work: &Work,
        attempt: AttemptId,
        provider: &dyn Provider,
        domain: Option<&str>,
        sent: &Sent,
    ) -> Result<Beside, Left> {
        let sealed = |bytes: serde_json::Result<Vec<u8>>| bytes.map(Phi::new).map_err(|_| StoreError::Damaged);
        let mut beside = Beside { met_nobody: sent.met_nobody(), ..Beside::default() };
        if let Some(session) = sent.session() {
            self.saw_session(&work.claim.tenant, provider, domain, session).await;
            let own = domain.filter(|_| own_hop(provider)).map(str::to_owned);
            let kept = TlsSessionView { domain: own, ..TlsSessionView::from(session) };
            beside.session = Some((attempt, sealed(serde_json::to_vec(&kept))?));
        }
        let again = breaks_off(sent) && self.broke_off_before(work).await?;
        if let Some((code, about)) = self.trouble(&work.claim.tenant, provider, domain, sent, again) {
            let (place, about) = (sealed(serde_json::to_vec(&about.place()))?, sealed(serde_json::to_vec(&about))?);
            // Once for each place and reason, until somebody looks: the log counts the attempts.
            if !self.inner.store.tenant(&work.claim.tenant).is_tls_trouble_open(&code, place.reveal()).await? {
                self.inner.metrics.alert("SEC-24");
            }
            beside.tls_failure = Some(NewTlsFailure { attempt, code, about, place });
        }
        Ok(beside)
    }

    /// Whether an attempt of this delivery was broken off where TLS begins before.
    async fn broke_off_before(&self, work: &Work) -> Result<bool, StoreError> {
        let entries = self.inner.store.tenant(&work.claim.tenant).entries(work.claim.message).await?;
        let own = entries
            .iter()
            .map(|(_, entry)| entry)
            .filter(|entry| entry.kind == Kind::AttemptEnded && entry.delivery == Some(work.claim.lease.delivery));
        Ok(own.filter_map(|entry| entry.code.as_deref()).any(|code| broken_off(code).is_some()))
    }

    /// Whom to encrypt to, where the permit says so; the record of the attempt commits to their certificate. When there is none that
    /// is fit any more the provider answers that, and everything is decided again.
    async fn reader(&self, work: &Work, permit: &Permit, grounds: &mut Grounds) -> Result<Option<Recipient>, Left> {
        if permit.mode() != Some(EmailMode::Smime) {
            return Ok(None);
        }
        let mut reading = self.inner.store.tenant(&work.claim.tenant).reading().await?;
        let point = permit.contact_point();
        let found = self.recipient(&mut reading, &work.message.patient, point, self.now()).await?;
        Ok(found.map(|(recipient, certificate)| {
            let commitment = commit(&work.message.commitment_key, "certificate", certificate.reveal());
            grounds.commitments.push(("certificate".to_owned(), commitment));
            recipient
        }))
    }

    /// Calls the provider, and takes silence for what it is: nobody can say.
    async fn call(
        &self,
        provider: &dyn Provider,
        recorded: postern_ledger::Recorded<Permit>,
        outbound: Outbound,
    ) -> Sent {
        let limit = Duration::try_from(self.inner.config.provider_timeout).unwrap_or(Duration::from_secs(60));
        match tokio::time::timeout(limit, provider.send(recorded, outbound, self.now())).await {
            Ok(sent) => sent,
            Err(_) => Sent::Unknown { code: "no_answer".into() },
        }
    }

    /// Ends a claim in which no provider was called. What the decision was made from is kept, unless the delivery only goes back to
    /// the queue: there it is decided again.
    async fn end(
        &self,
        claim: &Claim,
        ending: Ending,
        state: Option<&TenantState>,
        grounds: Option<Grounds>,
    ) -> Result<Stage, Left> {
        let (stage, code) = (ending.stage(), ending.code().to_owned());
        let kind = if stage == Stage::Ended { Kind::Terminal } else { Kind::Redecided };
        let entry = ledger_entry::of(self, &claim.tenant, kind, "system", code)?;
        let (facts, commitments) = match grounds.filter(|_| stage != Stage::Again) {
            Some(Grounds { facts, commitments }) => (Some(facts), commitments),
            None => (None, Vec::new()),
        };
        let entry = Entry {
            fence: Some(claim.lease.fence),
            policy: state.map(versions),
            commitments,
            ..ledger_entry::about(entry, claim.message, Some(claim.lease.delivery))
        };
        let finish = ending.finish();
        self.finish(claim, finish, vec![entry], Beside { facts, ..Beside::default() }).await?;
        self.at(Step::Finished)?;
        Ok(stage)
    }

    /// Ends an attempt: what came of it is entered, and where the delivery stands now.
    async fn end_attempt(
        &self,
        work: &Work,
        attempt: AttemptId,
        ending: Ending,
        evidence: Beside,
    ) -> Result<Stage, Left> {
        let claim = &work.claim;
        let (stage, code) = (ending.stage(), ending.code().to_owned());
        let of = |kind, code: &str| -> Result<Entry, NoEntropy> {
            let entry = ledger_entry::of(self, &claim.tenant, kind, "system", code)?;
            let entry = ledger_entry::about(entry, claim.message, Some(claim.lease.delivery));
            Ok(Entry { attempt: Some(attempt), fence: Some(claim.lease.fence), ..entry })
        };
        let mut ended = of(Kind::AttemptEnded, &code)?;
        if let Some((_, session)) = &evidence.session {
            let commitment = commit(&work.message.commitment_key, "session", session.reveal());
            ended.commitments.push(("session".to_owned(), commitment));
        }
        let mut entries = vec![ended];
        let finish = ending.finish();
        if let Finish::State { state, .. } = &finish
            && state.is_terminal()
        {
            entries.push(of(Kind::Terminal, state.as_str())?);
        }
        let reference = match &finish {
            Finish::Sent { reference, .. } => Some(reference.clone()),
            Finish::State { .. } | Finish::Again { .. } => None,
        };
        self.finish(claim, finish, entries, evidence).await?;
        self.at(Step::Finished)?;
        if let (Some(reference), Some(vendor)) = (reference, &claim.candidate.vendor) {
            self.settle_early(&vendor.vendor, &reference).await;
        }
        Ok(stage)
    }

    /// Stores the end of a claim. A store that does not answer is asked again for a while: until the end is stored, the attempt
    /// counts as interrupted, and its outcome would be lost.
    async fn finish(&self, claim: &Claim, finish: Finish, entries: Vec<Entry>, beside: Beside) -> Result<(), Left> {
        let ended = match &finish {
            Finish::State { state, .. } if state.is_terminal() => Some(state.as_str()),
            Finish::State { .. } | Finish::Sent { .. } | Finish::Again { .. } => None,
        };
        let tenant = self.inner.store.tenant(&claim.tenant);
        let mut wait = Duration::from_millis(20);
        for _ in 0..8 {
            match tenant.finish_with(claim.lease, finish.clone(), entries.clone(), beside.clone()).await {
                Ok(()) => {
                    if let Some(state) = ended {
                        self.inner.metrics.ended(state);
                    }
                    if matches!(finish, Finish::Again { .. } | Finish::State { .. }) {
                        self.inner.wake.notify_one();
                    }
                    return Ok(());
                }
                Err(StoreError::Unavailable | StoreError::Busy) => {
                    tokio::time::sleep(wait).await;
                    wait = wait.saturating_mul(2);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Unavailable.into())
    }

    pub(crate) fn binding(work: &Work, attempt: AttemptId) -> Binding {
        Binding {
            tenant: work.claim.tenant.clone(),
            message: work.claim.message,
            delivery: work.claim.lease.delivery,
            attempt,
        }
    }
}

/// The rule that speaks most strongly against `work`'s candidate, for the code of its ending. What a rule puts off until the message is
/// worthless SYS-04 refuses, behind that rule's word: the one that puts it off is why.
pub(crate) fn strongest_rule(decision: &Decision, work: &Work) -> String {
    let of_channel = || decision.refusals.iter().filter(|r| r.channel == work.claim.candidate.channel);
    let mut best: Option<&Refusal> = None;
    for refusal in of_channel() {
        if best.is_none_or(|known| refusal.effect > known.effect) {
            best = Some(refusal);
        }
    }
    let cause = best.filter(|best| best.rule == "SYS-04").and_then(|late| {
        let of_candidate =
            |r: &&Refusal| (&r.contact_point, r.mode, r.form) == (&late.contact_point, late.mode, late.form);
        let before = of_channel().take_while(|refusal| !std::ptr::eq(*refusal, late)).filter(of_candidate);
        before.filter(|refusal| refusal.effect == Effect::Defer).last()
    });
    let named = cause.or(best).or(decision.refusals.first());
    named.map_or_else(|| "gate".to_owned(), |refusal| refusal.rule.to_owned())
}
