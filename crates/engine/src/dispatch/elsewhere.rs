//! Ways that fail, and when a delivery leaves the one that it is planned for: after so many attempts of its own, or once nothing has got
//! through there for so long, whoever found that out. The gate hears of such ways as ones that failed, and plans another where it knows one.

use super::Work;
use crate::engine::Engine;
use crate::lanes::{Closed, LaneKey};
use jiff::{SignedDuration, Timestamp};
use postern_base::Channel;
use postern_channels::Destination;
use postern_gate::decision::VendorRef;
use postern_gate::facts::{Address, PastDelivery, PastOutcome, System};
use postern_gate::{Facts, may_carry};
use postern_store::Claim;

/// What is said of a delivery that goes another way, since the one that it was planned for fails again and again.
pub(super) const ELSEWHERE: &str = "rerouted:failing";
/// How soon whoever may go another way looks again whether there is one by now.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(60);

/// A way to a patient.
type Way<'f> = (Channel, &'f Address);

impl Engine {
    /// The lane by which a vendor's service brings something to `point`, and how many places it has; `None` where no provider is set up.
    pub(super) fn lane(&self, vendor: &VendorRef, point: &Address) -> Option<(LaneKey, Option<u32>)> {
        let provider = self.inner.providers.get(vendor)?;
        let (destination, places) = match provider.destination(point.reveal()) {
            Some(Destination { name, sessions }) => (Some(name), Some(sessions)),
            None => (None, None),
        };
        let VendorRef { vendor, service } = vendor.clone();
        Some((LaneKey { vendor, service, destination }, places))
    }

    /// Whether a lane that was shut at `shut_at` has been for so long that whoever waits there goes another way.
    pub(super) fn is_long_shut(&self, shut_at: Option<Timestamp>, now: Timestamp) -> bool {
        shut_at.is_some_and(|shut_at| now.duration_since(shut_at) >= self.inner.config.shut_elsewhere)
    }

    /// When `claim` looks again for a place on a lane that has none: on one that is shut, after those who tried it less often, so that it is
    /// not one delivery that finds out each time.
    pub(super) fn looks_again(&self, claim: &Claim, closed: Closed, now: Timestamp) -> Timestamp {
        let Some(shut_at) = closed.shut_at else { return closed.until };
        let behind = SignedDuration::from_secs(i64::from(claim.attempts.min(60)));
        let until = closed.until.checked_add(behind).unwrap_or(Timestamp::MAX);
        let soonest = now.checked_add(LOOK_AGAIN).unwrap_or(Timestamp::MAX);
        if self.is_long_shut(Some(shut_at), now) { until.max(soonest) } else { until }
    }

    /// The ways that fail for `work`, as the gate hears of them, and whether the one that it is planned for is among them. Of that one nothing
    /// is asked but what `work` met there itself unless it `waits` for a place: who has one on a shut lane finds out for all.
    pub(super) fn failing(&self, work: &Work, facts: &Facts, waits: bool) -> (Vec<PastDelivery>, bool) {
        let planned = (work.claim.candidate.channel, &work.claim.candidate.point);
        let mut ways: Vec<Way<'_>> = Vec::new();
        if self.has_failed_often(work) {
            ways.push(planned);
        } else if last_code(work) == ELSEWHERE {
            // It left all others for this one.
            ways.extend(ways_to(facts).filter(|way| *way != planned));
        }
        for way in ways_to(facts) {
            if (waits || way != planned) && !ways.contains(&way) && self.is_shut_way(facts, way) {
                ways.push(way);
            }
        }
        let leaves = ways.contains(&planned);
        let failed = |(channel, point): Way<'_>| PastDelivery {
            at: work.now,
            channel,
            point: point.clone(),
            purpose: work.message.purpose,
            automated: true,
            outcome: Some(PastOutcome::Failed),
        };
        (ways.into_iter().map(failed).collect(), leaves)
    }

    /// Whether `work` itself has failed so often on the way that it is planned for that another is looked for.
    fn has_failed_often(&self, work: &Work) -> bool {
        let code = last_code(work);
        // Who stood in line until the permit ran out met no failure.
        let decided = matches!(code, "lane" | "permit_expired")
            || ["rate:", "rerouted:"].iter().any(|begins| code.starts_with(begins));
        work.claim.attempts >= self.inner.config.attempts_elsewhere && !decided
    }

    /// Whether nothing has got through for long by any vendor that may carry something on this way.
    fn is_shut_way(&self, facts: &Facts, (channel, point): Way<'_>) -> bool {
        let may = facts
            .vendors
            .iter()
            .filter(|row| row.channels.contains(&channel) && may_carry(&facts.tenant, row, channel, facts.now));
        let lanes = may.filter_map(|row| {
            let vendor = VendorRef { vendor: row.vendor.clone(), service: row.service.clone() };
            Some(self.lane(&vendor, point)?.0)
        });
        let mut shut = lanes.map(|lane| self.is_long_shut(self.inner.lanes.shut_at(&lane), facts.now)).peekable();
        shut.peek().is_some() && shut.all(|shut| shut)
    }
}

/// The ways to a patient by which something may be brought to them.
fn ways_to(facts: &Facts) -> impl Iterator<Item = Way<'_>> {
    let points = facts.patient.known().map_or([].as_slice(), |patient| patient.points.as_slice());
    points.iter().filter_map(|point| match point.system {
        System::Email => Some((Channel::Email, &point.value)),
        System::Sms | System::Phone => Some((Channel::Sms, &point.value)),
        _ => None,
    })
}

/// What came of `work` last, as it is stored.
fn last_code(work: &Work) -> &str {
    let own = work.message.deliveries.iter().find(|delivery| delivery.id == work.claim.lease.delivery);
    own.and_then(|delivery| delivery.code.as_deref()).unwrap_or("lane")
}
