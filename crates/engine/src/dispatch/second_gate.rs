//! The second gate: the same request, fresh facts (SYS-04). STOP, a death, a cancelled visit or an expired agreement between
//! accept and send is seen here.

use super::elsewhere::ELSEWHERE;
use super::outcome::Ending;
use super::{Admitted, Left, Verdict, Work, strongest_rule};
use crate::accept::candidate;
use crate::engine::Engine;
use crate::facts::Occasion;
use crate::faults::Step;
use crate::grounds;
use crate::number_checks;
use crate::visit;
use jiff::{SignedDuration, Timestamp};
use postern_base::{AttemptId, Channel, Phi};
use postern_gate::deployment::Actor;
use postern_gate::{Decision, Delivery, Fact, Outcome, Permit};
use postern_store::{CandidateRecord, DeliveryState, Grounds, StoreError, Tenanted};
use std::sync::Arc;

/// When to look again while facts are away.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(60);

impl Engine {
    /// Decides again on fresh facts, and mints the permit when the plan still holds this delivery. `waits` = there is no place for it now.
    pub(super) async fn second_gate(
        &self,
        work: &Work,
        attempt: AttemptId,
        waits: bool,
    ) -> Result<(Verdict, Grounds), Left> {
        let claim = &work.claim;
        let request = work.kept.request.to_gate().map_err(|_| StoreError::Damaged)?;
        let tenant = self.inner.store.tenant(&claim.tenant);
        let mut reading = tenant.reading().await?;
        let mut directory = self.directory(&mut reading, &request.patient, request.event.as_deref(), work.now).await?;
        let place = work.kept.place.as_ref().map(|place| Phi::new(Arc::from(place.as_str())));
        directory.narrow(place.as_ref());
        directory.event = visit::named_or_told(directory.event, &work.kept.request, &directory.record.patient);
        let carrier = if claim.candidate.channel == Channel::Sms {
            number_checks::carrier_of(&directory.attested, &claim.candidate.point)?
        } else {
            None
        };
        let actor = self.asked(&tenant, work).await?;
        let except = Some(claim.message);
        let occasion = Occasion { tenant: &claim.tenant, state: &work.state, now: work.now, except, actor };
        let mut facts = self.gather(occasion, &request, directory, &work.rendered, &mut reading).await?;
        if let Some(planned) = &claim.candidate.vendor {
            Self::stay(&mut facts, planned, claim.candidate.channel);
        }
        // house: what fails for so long goes another way in time, where there is one, and on this one where there is none.
        let (failing, leaves) = self.failing(work, &facts, waits);
        if let Fact::Known(history) = &mut facts.history {
            history.deliveries.extend(failing);
        }
        drop(reading);
        self.at(Step::Regathered)?;
        let channel = claim.candidate.channel;
        let policy = &work.state.policy;
        let admitted = postern_gate::admit(&request, &facts, policy, Self::binding(work, attempt), channel);
        let decision = match &admitted {
            Ok((_, decision)) => decision,
            Err(decision) => decision,
        };
        let grounds = grounds::of(&request, &facts, policy, decision, &work.message.commitment_key);
        let verdict = match admitted {
            Ok((permit, _)) if is_of(&permit, &claim.candidate) => {
                Verdict::Send(Box::new(Admitted { permit, carrier }))
            }
            Ok((permit, decision)) => {
                // Lawful, but not as planned: another point, form or vendor. The queue is corrected first, so that what is
                // stored is what is sent.
                drop(permit);
                let planned = decision.deliveries.iter().find(|delivery| delivery.channel == channel);
                Verdict::Not(self.reroute(work, planned.into_iter(), &decision, leaves))
            }
            Err(decision) => Verdict::Not(self.not_now(work, &decision, leaves)),
        };
        Ok((verdict, grounds))
    }

    /// Whoever asked, as their account stands now: one of staff that was disabled since sends nothing more (45 CFR
    /// 164.308(a)(3)(ii)(C)). What a program asked for was asked, and a second factor counts as of then.
    async fn asked(&self, tenant: &Tenanted, work: &Work) -> Result<Fact<Actor>, StoreError> {
        let Some(by) = work.kept.by.as_ref() else { return Ok(Fact::Known(Actor::SATISFIED)) };
        if !by.staff {
            return Ok(Fact::Known(Actor::SATISFIED));
        }
        let record = tenant.principals().await?.into_iter().find(|record| record.id == by.id);
        let disabled = record.as_ref().is_some_and(|record| record.revoked);
        let enabled = Fact::Known(!disabled);
        let Some(known) = by.known.as_ref() else {
            // Asked before a key said who holds it.
            return Ok(Fact::Known(Actor { enabled, ..Actor::SATISFIED }));
        };
        let person = crate::facts::person(&by.id, known, &work.state, work.message.purpose);
        Ok(Fact::Known(Actor { enabled, ..person }))
    }

    /// Where a delivery goes that the plan no longer holds. `leaves` = the way that it was planned for fails.
    fn not_now(&self, work: &Work, decision: &Decision, leaves: bool) -> Ending {
        if work.claim.interrupted.is_some() {
            // An attempt began, and it may have been sent: whatever the gate says now, nobody can say what happened.
            return Ending::State(DeliveryState::Unknown, "interrupted".into());
        }
        let rule = strongest_rule(decision, work);
        match decision.outcome {
            Outcome::Defer => {
                let due = self.when(work, decision);
                Ending::Again { due, state: DeliveryState::Waiting, code: rule, candidate: None }
            }
            Outcome::Hold => {
                self.inner.metrics.alert("SYS-04");
                Ending::State(DeliveryState::Held, rule)
            }
            Outcome::Refuse => Ending::State(DeliveryState::Refused, rule),
            Outcome::Send if work.claim.candidate.channel == Channel::Portal => {
                Ending::State(DeliveryState::Refused, rule)
            }
            Outcome::Send => {
                let contacts = decision.deliveries.iter().filter(|delivery| delivery.channel != Channel::Portal);
                self.reroute(work, contacts, decision, leaves)
            }
        }
    }

    /// Moves the delivery to the first of `planned` that no other delivery of this message has. Only an attempt that is known to
    /// have failed can lie behind it: one of unknown outcome never comes back here. `leaves` = the way that it was planned for fails.
    fn reroute<'a>(
        &self,
        work: &Work,
        planned: impl Iterator<Item = &'a Delivery>,
        decision: &Decision,
        leaves: bool,
    ) -> Ending {
        let taken = |delivery: &Delivery| {
            work.message.deliveries.iter().any(|other| {
                other.id != work.claim.lease.delivery
                    && other.candidate.channel == delivery.channel
                    && other.candidate.point == delivery.contact_point
            })
        };
        let mut planned = planned.filter(|delivery| !taken(delivery));
        let Some(next) = planned.next().filter(|_| work.claim.interrupted.is_none()) else {
            let state = if work.claim.interrupted.is_some() { DeliveryState::Unknown } else { DeliveryState::Refused };
            return Ending::State(state, strongest_rule(decision, work));
        };
        let due = next.not_before.map_or(work.now, |at| at.max(work.now)).min(work.claim.expires_at);
        let state = if due > work.now { DeliveryState::Waiting } else { DeliveryState::Queued };
        let next = candidate(next);
        let code = if leaves {
            ELSEWHERE.to_owned()
        } else {
            match Change::between(&work.claim.candidate, &next) {
                Change::Hour => strongest_rule(decision, work),
                Change::Vendor => "rerouted:vendor".to_owned(),
                Change::Way => format!("rerouted:{}", strongest_rule(decision, work)),
            }
        };
        Ending::Again { due, state, code, candidate: Some(next) }
    }

    fn when(&self, work: &Work, decision: &Decision) -> Timestamp {
        let own = decision.deliveries.iter().filter(|d| d.channel == work.claim.candidate.channel);
        let opening = own.chain(&decision.deliveries).filter_map(|delivery| delivery.not_before).next();
        let again = work.now.checked_add(LOOK_AGAIN).unwrap_or(Timestamp::MAX);
        opening.filter(|at| *at > work.now).unwrap_or(again).min(work.claim.expires_at)
    }
}

/// In what a new plan of a delivery differs from the old.
#[derive(Debug, PartialEq, Eq)]
enum Change {
    /// In nothing but when it goes.
    Hour,
    /// By another vendor: no rule says so, but which of them can be had.
    Vendor,
    /// Another channel, place, form or mode.
    Way,
}

impl Change {
    fn between(planned: &CandidateRecord, next: &CandidateRecord) -> Self {
        let way = |one: &CandidateRecord| (one.channel, one.form, one.mode, one.point.clone());
        match (way(planned) == way(next), planned.vendor == next.vendor) {
            (true, true) => Self::Hour,
            (true, false) => Self::Vendor,
            (false, _) => Self::Way,
        }
    }
}

/// Whether `permit` is for exactly what was planned.
fn is_of(permit: &Permit, planned: &CandidateRecord) -> bool {
    permit.channel() == planned.channel
        && *permit.contact_point() == planned.point
        && permit.mode() == planned.mode
        && permit.form() == planned.form
        && Some(permit.vendor()) == planned.vendor.as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;
    use postern_base::{Form, Level};
    use postern_gate::decision::VendorRef;

    #[test]
    fn a_delivery_that_only_waits_goes_by_no_other_vendor() {
        let own = |service: &str| Some(VendorRef { vendor: "own-mx".into(), service: service.into() });
        let planned = CandidateRecord {
            channel: Channel::Email,
            point: Phi::new("pat@example.org".into()),
            mode: None,
            form: Form::Notice,
            level: Level::L0,
            vendor: own("direct"),
        };
        assert_eq!(Change::between(&planned, &planned.clone()), Change::Hour);
        let relayed = CandidateRecord { vendor: own("relay"), ..planned.clone() };
        assert_eq!(Change::between(&planned, &relayed), Change::Vendor);
        let elsewhere = CandidateRecord { point: Phi::new("family@example.org".into()), ..relayed };
        assert_eq!(Change::between(&planned, &elsewhere), Change::Way);
    }
}
