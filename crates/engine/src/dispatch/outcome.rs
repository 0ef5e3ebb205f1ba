//! What came of a call, and where it leaves the delivery.

use super::Work;
use crate::engine::Engine;
use jiff::{SignedDuration, Timestamp};
use postern_base::rng::NoEntropy;
use postern_base::{EmailTier, Rng};
use postern_channels::email::SMTPUTF8_NOT_OFFERED;
use postern_channels::provider::{Unpermitted, reference_for};
use postern_channels::{Profile, Sent};
use postern_gate::TransportFloor;
use postern_store::{CandidateRecord, DeliveryState, Finish};

/// How a claim ends.
#[derive(Debug)]
pub(crate) enum Ending {
    /// A terminal state, or held, with a code.
    State(DeliveryState, String),
    /// The same, with the vendor's reference.
    Done(DeliveryState, String, String),
    /// With the provider; a receipt is due by then.
    Sent { reference: String, deadline: Timestamp, code: String },
    /// Back to the queue.
    Again { due: Timestamp, state: DeliveryState, code: String, candidate: Option<CandidateRecord> },
}

/// The same, for counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Sent,
    Ended,
    Again,
    Held,
}

impl Ending {
    pub(crate) const fn stage(&self) -> Stage {
        match self {
            Self::State(DeliveryState::Held, _) => Stage::Held,
            Self::State(..) | Self::Done(..) => Stage::Ended,
            Self::Sent { .. } => Stage::Sent,
            Self::Again { .. } => Stage::Again,
        }
    }

    pub(crate) fn code(&self) -> &str {
        match self {
            Self::State(_, code) | Self::Done(_, code, _) | Self::Sent { code, .. } | Self::Again { code, .. } => code,
        }
    }

    pub(crate) fn finish(self) -> Finish {
        match self {
            Self::State(state, code) => Finish::State { state, code, reference: None },
            Self::Done(state, code, reference) => Finish::State { state, code, reference: Some(reference) },
            Self::Sent { reference, deadline, .. } => Finish::Sent { reference, deadline },
            Self::Again { due, state, code, candidate } => Finish::Again { due, state, code, candidate },
        }
    }
}

/// For the metrics.
pub(crate) const fn label(sent: &Sent) -> &'static str {
    match sent {
        Sent::Accepted(_) => "accepted",
        Sent::Delivered(_) => "delivered",
        Sent::TemporaryFailure { .. } => "temporary",
        Sent::PermanentFailure { .. } => "permanent",
        Sent::BelowFloor { .. } => "below_floor",
        Sent::Unpermitted(_) => "unpermitted",
        Sent::Unknown { .. } => "unknown",
    }
}

impl Engine {
    /// Where `sent` leaves the delivery.
    pub(super) fn ending(
        &self,
        work: &Work,
        profile: &Profile,
        floor: TransportFloor,
        domain: Option<String>,
        sent: Sent,
    ) -> Result<Ending, NoEntropy> {
        let now = self.now();
        let deadline = now.checked_add(self.inner.config.receipt_deadline).unwrap_or(Timestamp::MAX);
        Ok(match sent {
            Sent::Accepted(handover) if profile.receipts => {
                Ending::Sent { reference: handover.reference.0, deadline, code: "accepted".into() }
            }
            // Without receipts this is as much as the vendor will ever say.
            Sent::Accepted(handover) | Sent::Delivered(handover) => {
                // The person asked for plain mail, and their server takes no other: the record says how it travelled.
                let clear = floor == TransportFloor::Plain && handover.session.is_none();
                let code = if clear { "delivered_in_clear" } else { "delivered" };
                Ending::Done(DeliveryState::Delivered, code.into(), handover.reference.0)
            }
            Sent::TemporaryFailure { code } => self.later(work, now, code)?,
            // Nobody refused the message: its address is closed by now, and the gate finds another way or says why there is none.
            Sent::PermanentFailure { code } if code == SMTPUTF8_NOT_OFFERED => self.later(work, now, code)?,
            Sent::PermanentFailure { code } => Ending::State(DeliveryState::Failed, code),
            Sent::BelowFloor { found, code, .. } => match (floor, domain) {
                // A fact about the recipient's domain: the gate decides again with it, and finds a lesser form. One that says the
                // floor was met would lead here again and again.
                (TransportFloor::EnforcedTls, Some(domain)) if found != Some(TransportFloor::EnforcedTls) => {
                    let tier = match found {
                        Some(TransportFloor::VerifiedTls) => EmailTier::Pkix,
                        _ => EmailTier::None,
                    };
                    self.remember_tier(&work.claim.tenant, domain, tier);
                    Ending::Again { due: now, state: DeliveryState::Queued, code, candidate: None }
                }
                // A fact about the vendor: another try on the same path finds the same for now.
                _ => self.later(work, now, code)?,
            },
            Sent::Unpermitted(Unpermitted::Expired) => {
                Ending::Again { due: now, state: DeliveryState::Queued, code: "permit_expired".into(), candidate: None }
            }
            // The certificate went, or its time ended, between the gate and the call.
            Sent::Unpermitted(Unpermitted::NoCertificate) => self.later(work, now, "no_certificate".into())?,
            Sent::Unpermitted(Unpermitted::OtherContent | Unpermitted::OtherVendor | Unpermitted::OtherChannel) => {
                self.inner.metrics.alert("SYS-04");
                Ending::State(DeliveryState::Held, "unpermitted".into())
            }
            // Never blindly resent. A late receipt may still settle it until the deadline, and after.
            Sent::Unknown { code } => Ending::Sent {
                reference: reference_for(work.claim.lease.delivery).0,
                deadline,
                code: format!("unknown:{code}"),
            },
        })
    }

    /// Again after a while, doubling with each attempt, with jitter, as long as the message is worth sending (RFC 5321 section 4.5.4.1: a
    /// host that is away for a night is no reason to give up).
    fn later(&self, work: &Work, now: Timestamp, code: String) -> Result<Ending, NoEntropy> {
        let config = &self.inner.config;
        let started = work.claim.attempts.saturating_add(1);
        let wait = backoff(config.backoff_first, config.backoff_longest, started, self.inner.rng.as_ref())?;
        let due = now.checked_add(wait).unwrap_or(Timestamp::MAX).min(work.claim.expires_at);
        Ok(Ending::Again { due, state: DeliveryState::Queued, code, candidate: None })
    }
}

/// Between half and all of `first * 2^(started - 1)`, at most `longest`.
fn backoff(
    first: SignedDuration,
    longest: SignedDuration,
    started: u32,
    rng: &dyn Rng,
) -> Result<SignedDuration, NoEntropy> {
    let doublings = started.saturating_sub(1).min(20);
    let whole = first.checked_mul(1 << doublings).map_or(longest, |wait| wait.min(longest));
    let mut byte = [0u8; 1];
    rng.fill(&mut byte)?;
    let [share] = byte;
    let half = i64::try_from(whole.as_millis() / 2).unwrap_or(0);
    let jitter = half.saturating_mul(i64::from(share)) / 255;
    Ok(SignedDuration::from_millis(half.saturating_add(jitter)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Fixed(u8);
    impl Rng for Fixed {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), NoEntropy> {
            buffer.fill(self.0);
            Ok(())
        }
    }

    #[test]
    fn waits_double_with_jitter_and_stop_growing() {
        let (first, longest) = (SignedDuration::from_secs(10), SignedDuration::from_secs(60));
        let wait = |started, share| backoff(first, longest, started, &Fixed(share)).unwrap().as_secs();
        assert_eq!((wait(1, 0), wait(1, 255)), (5, 10));
        assert_eq!((wait(2, 0), wait(2, 255)), (10, 20));
        assert_eq!((wait(9, 0), wait(9, 255)), (30, 60));
        assert_eq!(wait(4_000_000, 255), 60);
    }
}
