//! Principals: who may call, added with their entry in the ledger.

use crate::engine::Engine;
use crate::error::UseError;
use crate::ledger_entry;
use crate::principal::{Principal, Scope};
use postern_ledger::Kind;
use postern_store::PrincipalRecord;

impl Engine {
    /// Creates or replaces a principal of the caller's own tenant. `key_hash` is the SHA-256 of their API key, which is kept
    /// nowhere.
    ///
    /// # Errors
    /// [`UseError`]; a record of another tenant is `NotFound`.
    pub async fn put_principal(
        &self,
        principal: &Principal,
        record: PrincipalRecord,
        key_hash: [u8; 32],
    ) -> Result<(), UseError> {
        principal.must(Scope::Admin)?;
        if record.tenant != principal.tenant {
            return Err(UseError::NotFound);
        }
        let entry =
            ledger_entry::of(self, &principal.tenant, Kind::Administered, principal.actor(), "principal_changed")
                .map_err(|_| UseError::Unavailable)?;
        Ok(self.inner.store.tenant(&principal.tenant).put_principal(record, key_hash, entry).await?)
    }

    /// The principals of the caller's tenant, revoked ones too, in the order they were made. Their keys are known to nobody.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn principals(&self, principal: &Principal) -> Result<Vec<PrincipalRecord>, UseError> {
        principal.must(Scope::Admin)?;
        Ok(self.inner.store.tenant(&principal.tenant).principals().await?)
    }

    /// Revokes a principal of the caller's own tenant, for good; who holds its key can do nothing from then on. Revoking one
    /// that was revoked is harmless.
    ///
    /// # Errors
    /// [`UseError`]; a principal of another tenant is `NotFound`.
    pub async fn revoke_principal(&self, principal: &Principal, id: &str) -> Result<PrincipalRecord, UseError> {
        principal.must(Scope::Admin)?;
        let entry = ledger_entry::of(self, &principal.tenant, Kind::Administered, principal.actor(), "key_revoked")
            .map_err(|_| UseError::Unavailable)?;
        Ok(self.inner.store.tenant(&principal.tenant).revoke_principal(id, entry).await?)
    }
}
