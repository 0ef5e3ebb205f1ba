//! Principals: who may call, added with their entry in the ledger.

use crate::engine::Engine;
use crate::error::UseError;
use crate::ledger_entry;
use crate::principal::{Principal, PrincipalKind, Scope, is_one_name};
use crate::roles;
use crate::wire::WireError;
use jiff::SignedDuration;
use postern_gate::reference::SECOND_FACTOR_LONGEST;
use postern_ledger::Kind;
use postern_store::PrincipalRecord;

impl Engine {
    /// Creates or replaces a principal of the caller's own tenant. `key_hash` is the SHA-256 of their API key, which is kept
    /// nowhere. What it says of its holder is what whoever makes it vouches for: there is no sign-in of people here.
    ///
    /// # Errors
    /// [`UseError`]; a record of another tenant is `NotFound`, one of a person without a name, with the name of another person who has a
    /// key in use, or of a role that is not there malformed.
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
        let _turn = self.inner.turns.take_keys(&principal.tenant).await;
        self.holder_is_right(principal, &record).await?;
        let entry =
            ledger_entry::of(self, &principal.tenant, Kind::Administered, principal.actor(), "principal_changed")
                .map_err(|_| UseError::Unavailable)?;
        Ok(self.inner.store.tenant(&principal.tenant).put_principal(record, key_hash, entry).await?)
    }

    async fn holder_is_right(&self, principal: &Principal, record: &PrincipalRecord) -> Result<(), UseError> {
        let staff = record.kind == PrincipalKind::Staff.as_str();
        if staff && record.label.trim().is_empty() {
            // 45 CFR 164.312(a)(2)(i): a unique name for identifying a user.
            return Err(WireError::new("label", "expected the name of the person whose key it is").into());
        }
        if staff && !record.revoked {
            self.name_is_free(principal, record).await?;
        }
        if let Some(role) = &record.role {
            let state = self.tenant_state(&principal.tenant).await?;
            let known = roles::names(&state.settings.roles);
            if !known.contains(role) {
                return Err(WireError::new("role", format!("expected one of {}", known.join(", "))).into());
            }
        }
        let Some(until) = record.second_factor_until else { return Ok(()) };
        let now = self.now();
        let field = "second_factor_until";
        if !staff {
            return Err(WireError::new(field, "expected none: a program has no second factor").into());
        }
        if until <= now {
            return Err(WireError::new(field, "is not in the future").into());
        }
        if until.duration_since(now) > SignedDuration::from_hours(24 * SECOND_FACTOR_LONGEST) {
            return Err(WireError::new(field, format!("must be within {SECOND_FACTOR_LONGEST} days from now")).into());
        }
        Ok(())
    }

    /// 45 CFR 164.312(a)(2)(i): "a unique name": of two persons' keys in use none bears the other's name, or one could approve what
    /// the other proposed and nobody could tell who did it.
    async fn name_is_free(&self, principal: &Principal, record: &PrincipalRecord) -> Result<(), UseError> {
        let others = self.inner.store.tenant(&principal.tenant).principals().await?;
        let taken = others.iter().any(|other| {
            let in_use = other.kind == PrincipalKind::Staff.as_str() && !other.revoked;
            in_use && other.id != record.id && is_one_name(&other.label, &record.label)
        });
        if taken {
            let expected =
                "a person's key in use bears this name already: revoke that one first, or tell the two people apart";
            return Err(WireError::new("label", expected).into());
        }
        Ok(())
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
