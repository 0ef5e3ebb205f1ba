//! What every handler shares.

use crate::caller::Callers;
use crate::portal::Uploads;
use postern_base::Rng;
use postern_channels::simulator::{Inbox, SimulatedVendor};
use postern_engine::Engine;
use prometheus_client::registry::Registry;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How the HTTP side is set up.
#[derive(Debug, Clone)]
pub struct WebConfig {
    /// The ledger's directory, served read-only.
    pub ledger: PathBuf,
    /// The address callers reach us at, without a trailing slash: what vendors sign.
    pub public_url: String,
    /// The largest body taken, in bytes; more is 413.
    pub body_limit: usize,
    /// Requests per second and key, in a burst of as many; more is 429.
    pub rate: u32,
    /// The longest a request may take once it is here; more is 503.
    pub patience: Duration,
    /// The longest a body may take to arrive; more is 408.
    pub body_time: Duration,
    /// The longest a form with files may take to arrive, while its pieces each come in the time of a body.
    pub upload_time: Duration,
    /// The longest a connection may go without a whole request head: a slow one and an idle one are both closed.
    pub idle_time: Duration,
    /// Connections at once; the next waits in the system's queue until one ends.
    pub connections: usize,
    /// How long, once told to stop, requests are still answered, with 503, so that a balancer in front turns away first.
    pub linger: Duration,
    /// The longest that what is under way may take to end after that; then it is cut.
    pub drain: Duration,
    /// TLS is in front of us: say so to browsers (RFC 6797).
    pub behind_tls: bool,
}

impl WebConfig {
    /// The defaults, for the ledger in `ledger`.
    #[must_use]
    pub fn new(ledger: PathBuf) -> Self {
        Self {
            ledger,
            public_url: "http://127.0.0.1:8025".into(),
            body_limit: 256 * 1024,
            rate: 20_000,
            patience: Duration::from_secs(30),
            body_time: Duration::from_secs(15),
            upload_time: Duration::from_secs(300),
            idle_time: Duration::from_secs(30),
            connections: 8192,
            linger: Duration::ZERO,
            drain: Duration::from_secs(20),
            behind_tls: false,
        }
    }
}

/// The simulators a page shows and speaks for. Their page is mounted only where they are.
#[derive(Debug, Clone)]
pub struct Simulators {
    /// What arrived.
    pub inbox: Arc<Inbox>,
    /// Text message vendors.
    pub sms: Vec<Arc<SimulatedVendor>>,
    /// E-mail vendors.
    pub email: Vec<Arc<SimulatedVendor>>,
    /// What the page says at its top, such as the time of the demo's clock.
    pub note: String,
}

/// The state of the HTTP side. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Web {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    engine: Engine,
    config: WebConfig,
    rng: Arc<dyn Rng>,
    simulators: Option<Simulators>,
    callers: Callers,
    uploads: Uploads,
    registry: Registry,
    openapi: String,
}

impl Web {
    /// The HTTP side of `engine`. With `simulators`, their page and the start page are mounted too, without a key: that is
    /// for demos on one's own machine only.
    #[must_use]
    pub fn new(engine: Engine, config: WebConfig, rng: Arc<dyn Rng>, simulators: Option<Simulators>) -> Self {
        let mut registry = Registry::default();
        engine.metrics().register(&mut registry);
        let openapi = crate::api::openapi::document().to_string();
        let callers = Callers::new(config.rate);
        Self {
            inner: Arc::new(Inner {
                engine,
                config,
                rng,
                simulators,
                callers,
                uploads: Uploads::default(),
                registry,
                openapi,
            }),
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    pub(crate) fn config(&self) -> &WebConfig {
        &self.inner.config
    }

    pub(crate) fn rng(&self) -> &dyn Rng {
        self.inner.rng.as_ref()
    }

    pub(crate) fn simulators(&self) -> Option<&Simulators> {
        self.inner.simulators.as_ref()
    }

    pub(crate) fn callers(&self) -> &Callers {
        &self.inner.callers
    }

    pub(crate) fn uploads(&self) -> &Uploads {
        &self.inner.uploads
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.inner.registry
    }

    pub(crate) fn openapi(&self) -> &str {
        &self.inner.openapi
    }
}
