//! The engine: what every use case shares.

use crate::address_check::Tries;
use crate::alerts::Untold;
use crate::config::EngineConfig;
use crate::domains::Domains;
use crate::faults::{Faults, NoFaults, Step, Stop};
use crate::heard::Readings;
use crate::lanes::Lanes;
use crate::metrics::Metrics;
use crate::pace::Paces;
use crate::portal::Waiting;
use crate::tenants::Tenants;
use crate::turns::Turns;
use crate::unsubscribe::Tokens;
use crate::volume::Volume;
use jiff::Timestamp;
use postern_base::{Clock, EmailTier, Rng, TenantId};
use postern_channels::Receipt;
use postern_channels::email::back::ReturnAddresses;
use postern_channels::email::smime::Trust;
use postern_channels::registry::Providers;
use postern_store::{Gauges, Store, StoreError, Unwell};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use tokio::sync::{Notify, Semaphore};

/// The use cases over one store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) providers: Providers,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) config: EngineConfig,
    pub(crate) faults: Arc<dyn Faults>,
    pub(crate) tenants: Tenants,
    /// What sessions to recipient domains turned out to hold, and when that was seen.
    pub(crate) tiers: Mutex<HashMap<(TenantId, String), (EmailTier, Timestamp)>>,
    /// What recipient domains were found to enforce.
    pub(crate) domains: Domains,
    /// Whose certificates are believed; `None` = nobody's.
    pub(crate) trust: RwLock<Option<Arc<Trust>>>,
    /// Receipts that came before the end of their attempt was stored.
    pub(crate) early: Mutex<HashMap<(String, String), Receipt>>,
    /// One delivery at a time for a patient and for a contact point, from gathering the facts until the attempt is recorded:
    /// two that are due at once must see each other, or both would be the first of the day.
    pub(crate) turns: Turns,
    /// Where deliveries go out, and how that goes.
    pub(crate) lanes: Lanes,
    /// How fast texts go.
    pub(crate) paces: Paces,
    /// How much is sent in bulk.
    pub(crate) volume: Volume,
    /// Addresses that mail of ours comes back to.
    pub(crate) addresses: Option<ReturnAddresses>,
    /// Links with which commercial mail is ended.
    pub(crate) tokens: Tokens,
    /// Codes that were said wrong.
    pub(crate) tries: Tries,
    /// Alerts that the duty contact did not take word of.
    pub(crate) untold: Untold,
    /// What patients wrote, as it was read.
    pub(crate) readings: Readings,
    /// What waits for its next step in the patients' portal.
    pub(crate) portal: Waiting,
    pub(crate) wake: Notify,
    pub(crate) draining: AtomicBool,
    pub(crate) admission: Arc<Semaphore>,
    pub(crate) metrics: Metrics,
}

impl Engine {
    /// An engine over `store` that sends through `providers`.
    #[must_use]
    pub fn new(
        store: Store,
        providers: Providers,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
        config: EngineConfig,
    ) -> Self {
        Self::with_faults(store, providers, clock, rng, config, Arc::new(NoFaults))
    }

    /// As [`Engine::new`], with a say in where the power is cut.
    #[must_use]
    pub fn with_faults(
        store: Store,
        providers: Providers,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
        config: EngineConfig,
        faults: Arc<dyn Faults>,
    ) -> Self {
        let domain = config.return_domain.as_deref();
        // A domain that is none was refused with the configuration.
        let addresses = domain.and_then(|domain| ReturnAddresses::new(domain, store.return_key()).ok());
        let tokens = Tokens::new(store.return_key());
        let portal = Waiting::new(store.return_key());
        let metrics = Metrics::default();
        let readings = Readings::new(store.return_key(), metrics.replies_read.clone());
        let admission = Arc::new(Semaphore::new(config.in_flight));
        let paces = Paces::new(config.text_limits.clone());
        Self {
            inner: Arc::new(Inner {
                store,
                providers,
                clock,
                rng,
                config,
                faults,
                tenants: Tenants::default(),
                tiers: Mutex::default(),
                domains: Domains::default(),
                trust: RwLock::default(),
                early: Mutex::default(),
                turns: Turns::default(),
                lanes: Lanes::default(),
                paces,
                volume: Volume::default(),
                addresses,
                tokens,
                tries: Tries::default(),
                untold: Untold::default(),
                readings,
                portal,
                wake: Notify::new(),
                draining: AtomicBool::new(false),
                admission,
                metrics,
            }),
        }
    }

    /// The store this engine works on.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The providers it sends through.
    #[must_use]
    pub fn providers(&self) -> &Providers {
        &self.inner.providers
    }

    /// The addresses that mail of ours comes back to, where somebody listens for it.
    #[must_use]
    pub fn return_addresses(&self) -> Option<&ReturnAddresses> {
        self.inner.addresses.as_ref()
    }

    /// The clock it was given.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// What it counts. Ids and codes only.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// Queue depth and log size, for health; sets the gauges of [`Engine::metrics`] on the way.
    ///
    /// # Errors
    /// [`StoreError`] when the store does not answer.
    pub async fn gauges(&self) -> Result<Gauges, StoreError> {
        let gauges = self.inner.store.gauges().await?;
        self.inner.metrics.observe(&gauges, self.now());
        self.observe_vendors();
        Ok(gauges)
    }

    /// Whether messages can be taken and sent now: the store commits, the ledger's files are written. Gives the gauges.
    ///
    /// # Errors
    /// [`Unwell`]; it is asked again at each call, so it recovers by itself.
    pub async fn health(&self) -> Result<Gauges, Unwell> {
        let health = match self.inner.store.health().await {
            Ok(()) => self.gauges().await.map_err(|_| Unwell::CannotRead),
            Err(unwell) => Err(unwell),
        };
        self.inner.metrics.store_well.set(i64::from(health.is_ok()));
        health
    }

    /// Takes no more requests; what is under way goes on. [`Engine::accept`] answers `Busy` from now on.
    pub fn drain(&self) {
        self.inner.draining.store(true, Ordering::SeqCst);
        self.inner.wake.notify_waiters();
    }

    /// Whether it takes no more requests.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.inner.draining.load(Ordering::SeqCst)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    pub(crate) fn at(&self, step: Step) -> Result<(), Stop> {
        self.inner.faults.at(step)
    }
}
