//! What the engine counts. Labels are closed vocabularies, rule ids and vendors as the configuration names them: never a tenant's text, a
//! patient or an address (SYS-11).

use jiff::Timestamp;
use postern_base::Channel;
use postern_gate::Decision;
use postern_store::Gauges;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// The outcome of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OutcomeLabel {
    /// `send`, `defer`, `hold`, `refuse`.
    pub outcome: &'static str,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RuleLabel {
    /// Its id.
    pub rule: &'static str,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct AttemptLabel {
    /// The channel.
    pub channel: &'static str,
    /// `accepted`, `delivered`, `temporary`, `permanent`, `below_floor`, `unpermitted`, `unknown`.
    pub outcome: &'static str,
}

/// A vendor's service, as the configuration names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct VendorLabel {
    /// The vendor.
    pub vendor: String,
    /// Its service.
    pub service: String,
}

/// The counters. Cheap to clone; clones count together.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// Requests accepted, by outcome.
    pub accepted: Family<OutcomeLabel, Counter>,
    /// Candidates refused, by rule.
    pub refused: Family<RuleLabel, Counter>,
    /// Attempts, by channel and outcome.
    pub attempts: Family<AttemptLabel, Counter>,
    /// Deliveries that reached a terminal state, by state.
    pub terminal: Family<OutcomeLabel, Counter>,
    /// 1 while nothing gets through at a vendor's service.
    pub vendor_down: Family<VendorLabel, Gauge>,
    /// Requests told to come back.
    pub turned_away: Counter,
    /// Vendor requests whose signature was wrong.
    pub bad_signatures: Counter,
    /// Matters a person must look at.
    pub alerts: Family<RuleLabel, Counter>,
    /// Alerts that nobody has taken up, as of the last look.
    pub alerts_waiting: Gauge,
    /// Seconds the oldest of them has waited.
    pub oldest_alert_seconds: Gauge,
    /// Alerts that waited too long for somebody.
    pub alerts_late: Counter,
    /// Words that the duty contact did not take.
    pub duty_untold: Counter,
    /// Texts of patients that were read; one that was read before is not counted again.
    pub replies_read: Counter,
    /// Deliveries that wait.
    pub queued: Gauge,
    /// Deliveries with a provider.
    pub with_provider: Gauge,
    /// Deliveries that wait for a person.
    pub held: Gauge,
    /// Entries in the log.
    pub log_size: Gauge,
    /// 1 while the store commits and publishes, 0 while it does not, as of the last look.
    pub store_well: Gauge,
    /// Seconds the oldest due delivery has waited.
    pub oldest_due_seconds: Gauge,
    /// Seconds between falling due and being claimed.
    pub dispatch_lag_seconds: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            accepted: Family::default(),
            refused: Family::default(),
            attempts: Family::default(),
            terminal: Family::default(),
            vendor_down: Family::default(),
            turned_away: Counter::default(),
            bad_signatures: Counter::default(),
            alerts: Family::default(),
            alerts_waiting: Gauge::default(),
            oldest_alert_seconds: Gauge::default(),
            alerts_late: Counter::default(),
            duty_untold: Counter::default(),
            replies_read: Counter::default(),
            queued: Gauge::default(),
            with_provider: Gauge::default(),
            held: Gauge::default(),
            log_size: Gauge::default(),
            store_well: Gauge::default(),
            oldest_due_seconds: Gauge::default(),
            dispatch_lag_seconds: Histogram::new(exponential_buckets(0.005, 4.0, 10)),
        }
    }
}

impl Metrics {
    /// Names every counter in `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("postern_accepted", "Requests accepted, by outcome", self.accepted.clone());
        registry.register("postern_refused", "Candidates refused, by rule", self.refused.clone());
        registry.register("postern_attempts", "Attempts, by channel and outcome", self.attempts.clone());
        registry.register("postern_terminal", "Deliveries ended, by state", self.terminal.clone());
        registry.register("postern_vendor_down", "1 while nothing gets through at a vendor", self.vendor_down.clone());
        registry.register("postern_turned_away", "Requests told to come back", self.turned_away.clone());
        registry.register(
            "postern_bad_signatures",
            "Vendor requests with a wrong signature",
            self.bad_signatures.clone(),
        );
        registry.register("postern_alerts", "Matters a person must look at, by rule", self.alerts.clone());
        registry.register("postern_alerts_waiting", "Alerts nobody has taken up", self.alerts_waiting.clone());
        registry.register(
            "postern_oldest_alert_seconds",
            "Wait of the oldest alert",
            self.oldest_alert_seconds.clone(),
        );
        registry.register("postern_alerts_late", "Alerts that waited too long", self.alerts_late.clone());
        registry.register("postern_duty_untold", "Words the duty contact did not take", self.duty_untold.clone());
        registry.register("postern_replies_read", "Texts of patients that were read", self.replies_read.clone());
        registry.register("postern_queued", "Deliveries that wait for their turn", self.queued.clone());
        registry.register("postern_with_provider", "Deliveries with a provider", self.with_provider.clone());
        registry.register("postern_held", "Deliveries that wait for a person", self.held.clone());
        registry.register("postern_log_size", "Entries in the ledger", self.log_size.clone());
        registry.register("postern_store_well", "1 while the store commits and publishes", self.store_well.clone());
        registry.register(
            "postern_oldest_due_seconds",
            "Wait of the oldest due delivery",
            self.oldest_due_seconds.clone(),
        );
        registry.register("postern_dispatch_lag_seconds", "From due to claimed", self.dispatch_lag_seconds.clone());
    }

    pub(crate) fn observe(&self, gauges: &Gauges, now: Timestamp) {
        let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        self.queued.set(signed(gauges.queued));
        self.with_provider.set(signed(gauges.sent));
        self.held.set(signed(gauges.held));
        self.log_size.set(signed(gauges.log_size));
        let waited = gauges.oldest_due.map_or(0, |due| now.as_second().saturating_sub(due.as_second()).max(0));
        self.oldest_due_seconds.set(waited);
    }

    pub(crate) fn decided(&self, decision: &Decision) {
        self.accepted.get_or_create(&OutcomeLabel { outcome: decision.outcome.as_str() }).inc();
        for refusal in &decision.refusals {
            self.refused.get_or_create(&RuleLabel { rule: refusal.rule }).inc();
        }
        for alert in &decision.alerts {
            self.alert(alert.rule);
        }
    }

    pub(crate) fn attempt(&self, channel: Channel, outcome: &'static str) {
        self.attempts.get_or_create(&AttemptLabel { channel: channel.as_str(), outcome }).inc();
    }

    pub(crate) fn ended(&self, state: &'static str) {
        self.terminal.get_or_create(&OutcomeLabel { outcome: state }).inc();
    }

    pub(crate) fn alert(&self, rule: &'static str) {
        self.alerts.get_or_create(&RuleLabel { rule }).inc();
    }
}
