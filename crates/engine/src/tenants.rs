//! What is known of each tenant, kept in memory and dropped whenever this engine changes it.

use crate::engine::Engine;
use crate::error::UseError;
use crate::ledger_entry;
use crate::policy;
use crate::principal::{Principal, Scope};
use crate::templates::{Library, library_of};
use crate::wire::{self, Settings, WireError};
use postern_base::TenantId;
use postern_classify::Vocabulary;
use postern_gate::Policy;
use postern_gate::facts::{Tenant, Vendor};
use postern_ledger::Kind;
use postern_store::{StoreError, TenantRecord};
use std::collections::HashMap;
use std::sync::{Arc, RwLock};

/// The tenants read so far.
#[derive(Debug, Default)]
pub(crate) struct Tenants {
    known: RwLock<HashMap<TenantId, Arc<TenantState>>>,
}

/// A tenant, ready for the gate.
#[derive(Debug)]
pub(crate) struct TenantState {
    pub(crate) settings: Settings,
    pub(crate) gate: Tenant,
    pub(crate) policy: Policy,
    pub(crate) vendors: Vec<Vendor>,
    pub(crate) library: Library,
    pub(crate) vocabulary: Option<Vocabulary>,
}

impl Tenants {
    fn get(&self, id: &TenantId) -> Option<Arc<TenantState>> {
        self.known.read().ok()?.get(id).cloned()
    }

    fn put(&self, id: &TenantId, state: Arc<TenantState>) {
        if let Ok(mut known) = self.known.write() {
            known.insert(id.clone(), state);
        }
    }

    fn forget(&self, id: &TenantId) {
        if let Ok(mut known) = self.known.write() {
            known.remove(id);
        }
    }
}

impl Engine {
    /// The tenant, from memory or from the store.
    pub(crate) async fn tenant_state(&self, id: &TenantId) -> Result<Arc<TenantState>, StoreError> {
        if let Some(state) = self.inner.tenants.get(id) {
            return Ok(state);
        }
        let record = self.inner.store.tenant(id).settings().await?;
        let settings: Settings = wire::parse(&record.settings).map_err(|_| StoreError::Damaged)?;
        let vendors = self.inner.store.tenant(id).vendors().await?;
        let state = Arc::new(TenantState {
            gate: settings.tenant.to_gate(),
            vocabulary: settings.tenant.vocabulary.vocabulary(),
            policy: policy::read(&settings.tenant.policy),
            settings,
            vendors,
            library: library_of(&self.inner.store.tenant(id).templates().await?),
        });
        self.keep_policy(id, &state).await?;
        self.inner.tenants.put(id, Arc::clone(&state));
        Ok(state)
    }

    /// Drops what is remembered of a tenant: it is read anew when it is next needed.
    pub(crate) fn forget_tenant(&self, id: &TenantId) {
        self.inner.tenants.forget(id);
    }

    /// Keeps the text of a tenant's own policy before anything is decided under it, so that its decisions can be made again.
    async fn keep_policy(&self, id: &TenantId, state: &TenantState) -> Result<(), StoreError> {
        if state.policy.version == Policy::default().version {
            return Ok(());
        }
        let text = serde_json::to_vec(&state.settings.tenant.policy).map_err(|_| StoreError::Damaged)?;
        let entry = ledger_entry::of(self, id, Kind::Administered, "system", "policy_kept")
            .map_err(|_| StoreError::Unavailable)?;
        self.inner.store.tenant(id).keep_policy(&state.policy.version, &text, entry).await
    }

    /// The tenant that links of this host belong to; `None` = nobody's.
    ///
    /// # Errors
    /// [`UseError::Unavailable`].
    pub async fn tenant_of_domain(&self, host: &str) -> Result<Option<TenantId>, UseError> {
        for record in self.inner.store.tenants().await? {
            let Ok(state) = self.tenant_state(&record.id).await else { continue };
            if state.settings.tenant.link_domains.iter().any(|domain| domain.eq_ignore_ascii_case(host)) {
                return Ok(Some(record.id));
            }
        }
        Ok(None)
    }

    /// Creates or replaces a tenant's settings. A policy that loosens the floor is refused with everything that is wrong with
    /// it; one that an older version took and this one does not refuses every decision and says which cell.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn put_tenant(&self, principal: &Principal, settings: &[u8]) -> Result<(), UseError> {
        principal.must(Scope::Admin)?;
        let checked: Settings = wire::parse(settings)?;
        let asked = policy::read(&checked.tenant.policy);
        let late = asked.ends_too_late(self.now());
        let defects: Vec<_> = asked.defects.into_iter().chain(late).collect();
        if let Some(first) = defects.first() {
            let all: Vec<&str> = defects.iter().map(|defect| defect.sentence.as_str()).collect();
            return Err(WireError::new(format!("tenant.policy.{}", first.key), all.join(" ")).into());
        }
        if let Some((key, what)) = checked.tenant.defect() {
            return Err(WireError::new(format!("tenant.{key}"), what).into());
        }
        if !checked.transport.certificates.is_empty() {
            let what = "expected none: a certificate is brought itself (`postern certificate add`), not told of";
            return Err(WireError::new("transport.certificates", what).into());
        }
        if let Some((key, what)) = checked.deployment.defect() {
            return Err(WireError::new(format!("deployment.{key}"), what).into());
        }
        if let Some((key, what)) = checked.tenant.vocabulary.defect() {
            return Err(WireError::new(format!("tenant.vocabulary.{key}"), what).into());
        }
        let entry = ledger_entry::of(self, &principal.tenant, Kind::Administered, principal.actor(), "tenant_settings")
            .map_err(|_| UseError::Unavailable)?;
        let record = TenantRecord { id: principal.tenant.clone(), settings: settings.to_vec() };
        self.inner.store.put_tenant(record, entry).await?;
        self.inner.tenants.forget(&principal.tenant);
        Ok(())
    }

    /// The tenant's settings.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn settings(&self, principal: &Principal) -> Result<Settings, UseError> {
        Ok(self.tenant_state(&principal.tenant).await?.settings.clone())
    }

    /// The vendor registry.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn vendors(&self, principal: &Principal) -> Result<Vec<wire::Vendor>, UseError> {
        principal.must(Scope::VendorsRead)?;
        let rows = self.inner.store.tenant(&principal.tenant).vendors().await?;
        Ok(rows.iter().map(wire::Vendor::from_gate).collect())
    }

    /// Creates or replaces a row of the vendor registry. It binds from this instant: what is queued sees it at its second gate.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn put_vendor(&self, principal: &Principal, row: &wire::Vendor) -> Result<(), UseError> {
        principal.must(Scope::VendorsWrite)?;
        for (field, value) in [("vendor", &row.vendor), ("service", &row.service)] {
            if value.is_empty() || value.len() > 64 {
                return Err(WireError::new(field, "expected 1 to 64 characters").into());
            }
        }
        let in_force = row.agreement.as_ref().and_then(|agreement| agreement.effective.zip(agreement.expires));
        if in_force.is_some_and(|(first, last)| last < first) {
            return Err(WireError::new("agreement.expires", "is before `effective`").into());
        }
        let entry = ledger_entry::of(self, &principal.tenant, Kind::VendorChanged, principal.actor(), "vendor_changed")
            .map_err(|_| UseError::Unavailable)?;
        self.inner.store.tenant(&principal.tenant).put_vendor(row.to_gate(), entry).await?;
        self.inner.tenants.forget(&principal.tenant);
        self.inner.wake.notify_one();
        Ok(())
    }
}
