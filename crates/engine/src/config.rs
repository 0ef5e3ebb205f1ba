//! The engine's own settings.

use crate::pace::TextLimit;
use crate::portal::PortalConfig;
use jiff::SignedDuration;

/// How much the engine takes on and how long it waits. The defaults suit one node on two cores.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Requests that may be under way at once; one more is told to come back.
    pub in_flight: usize,
    /// Deliveries that may wait in the queue; above it new requests are told to come back.
    pub queue_depth: u64,
    /// What a caller who is told to come back is told to wait.
    pub retry_after: SignedDuration,
    /// Deliveries claimed in one step of dispatch.
    pub claim: u32,
    /// Deliveries that may be under way at once.
    pub under_way: u32,
    /// Of those, places that nothing but codes, emergencies, urgent matters and answers may take.
    pub kept_free: u32,
    /// How long a claim lasts: longer than a provider may take.
    pub lease: SignedDuration,
    /// How long a provider may take before the outcome counts as unknown.
    pub provider_timeout: SignedDuration,
    /// How long a receipt may take before the delivery counts as unknown.
    pub receipt_deadline: SignedDuration,
    /// The first wait after a temporary failure; it doubles with each attempt, with jitter.
    pub backoff_first: SignedDuration,
    /// The longest wait between attempts.
    pub backoff_longest: SignedDuration,
    /// Attempts on one way that failed for a while, after which another way is taken where the gate knows one. Where it knows none, they go
    /// on until the message is worth nothing any more.
    pub attempts_elsewhere: u32,
    /// The same of whoever waits for a lane on which nothing has got through for so long.
    pub shut_elsewhere: SignedDuration,
    /// How long a message is worth sending when the caller does not say.
    pub lifetime: SignedDuration,
    /// How long a one-time code is worth sending: five minutes (RULES OTP-01).
    pub code_lifetime: SignedDuration,
    /// The domain that mail of ours comes back to, where we listen for it; `None` = nobody listens.
    pub return_domain: Option<String>,
    /// Domains of our own that other hosts may report on: those our mail comes from and comes back to.
    pub own_domains: Vec<String>,
    /// How long an alert may wait for somebody before it is told again and counted as late.
    pub alert_waits: SignedDuration,
    /// How many segments of texts may go by whom.
    pub text_limits: Vec<TextLimit>,
    /// How long things last in the patients' portal.
    pub portal: PortalConfig,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            in_flight: 1024,
            queue_depth: 200_000,
            retry_after: SignedDuration::from_secs(2),
            claim: 64,
            under_way: 256,
            kept_free: 64,
            lease: SignedDuration::from_secs(90),
            provider_timeout: SignedDuration::from_secs(60),
            receipt_deadline: SignedDuration::from_hours(24),
            backoff_first: SignedDuration::from_secs(15),
            backoff_longest: SignedDuration::from_hours(1),
            attempts_elsewhere: 8,
            shut_elsewhere: SignedDuration::from_mins(30),
            lifetime: SignedDuration::from_hours(72),
            code_lifetime: SignedDuration::from_mins(5),
            return_domain: None,
            own_domains: Vec::new(),
            alert_waits: SignedDuration::from_mins(10),
            text_limits: Vec::new(),
            portal: PortalConfig::default(),
        }
    }
}
