//! Tenants, principals and vendors: what is configured, not what is told to patients.

use crate::coverage::{KEY_HOLDERS, PRINCIPALS, TENANTS, Table, VENDORS};
use crate::database::{Failure, Row, Value, array, column, optional_time, places, word};
use crate::keys::{TenantKeys, wrapped};
use crate::open::{Store, Tenanted};
use crate::records::{PrincipalRecord, StoreError, TenantRecord};
use crate::seal::Place;
use crate::writer::{Tx, Write};
use jiff::civil::Date;
use postern_base::{Channel, Secret, TenantId};
use postern_gate::facts::{Agreement, AgreementStatus, Registration, Vendor};
use postern_ledger::Entry;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The place of a tenant's settings.
const fn settings_of(tenant: &[u8]) -> Place<'_> {
    Place { table: "tenants", column: "settings", row: tenant }
}

/// Creates or replaces a tenant.
#[derive(Debug)]
struct PutTenant {
    id: TenantId,
    /// The key of a new tenant; `None` = it is there already.
    fresh: Option<Secret<[u8; 32]>>,
    settings: Vec<u8>,
    entry: Entry,
}

impl Write for PutTenant {
    type Output = ();
    async fn run(&self, tx: &mut Tx) -> Result<(), Failure> {
        let now: Value = tx.now.as_microsecond().into();
        let name = self.id.as_str();
        let sql = "UPDATE tenants SET settings = ?, changed_at = ? WHERE name = ? RETURNING seq";
        let row = match &self.fresh {
            None => tx.returning(sql, vec![self.settings.clone().into(), now, name.into()]).await?,
            Some(key) => {
                let (epoch, sealed) = tx.keyring.wrap(name, wrapped("tenants", name.as_bytes()), key)?;
                let sql = "INSERT INTO tenants (name, epoch, wrapped, changed_at, settings) VALUES (?, ?, ?, ?, ?) \
                     RETURNING seq";
                let values = vec![name.into(), epoch.into(), sealed.into(), now, self.settings.clone().into()];
                tx.returning(sql, values).await?
            }
        };
        let seq: i64 = column(row.first().ok_or(StoreError::NotFound)?, 0)?;
        // The entry needs the tenant's number alone; its keys are read when they are used.
        let tenant = TenantKeys::new(seq, self.id.clone(), &Secret::new([0; 32]));
        tx.state_where(&tenant, &TENANTS, "seq = ?", vec![seq.into()]).await?;
        tx.append(&tenant, &self.entry).await?;
        Ok(())
    }
}

impl Store {
    /// Every tenant.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when settings do not open.
    pub async fn tenants(&self) -> Result<Vec<TenantRecord>, StoreError> {
        let mut found = Vec::new();
        for row in self.shared.scan("SELECT seq, settings FROM tenants ORDER BY seq", Vec::new()).await? {
            let keys = self.shared.keyring.tenant_by_seq(&self.shared.readers, column(&row, 0)?).await?;
            found.push(open_tenant(&keys, &column::<Vec<u8>>(&row, 1)?)?);
        }
        Ok(found)
    }

    /// Creates or replaces a tenant.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_tenant(&self, tenant: TenantRecord, entry: Entry) -> Result<(), StoreError> {
        let shared = &self.shared;
        let one_at_a_time = shared.administration.lock().await;
        self.tenant(&tenant.id).admissible(std::slice::from_ref(&entry))?;
        let (keys, fresh) = match shared.keyring.tenant(&shared.readers, &tenant.id).await {
            Ok(keys) => (keys, None),
            Err(StoreError::NotFound) => {
                let key = shared.keyring.fresh()?;
                (Arc::new(TenantKeys::new(0, tenant.id.clone(), &key)), Some(key))
            }
            Err(error) => return Err(error),
        };
        let place = settings_of(tenant.id.as_str().as_bytes());
        let settings = keys.sealer().seal(place, &tenant.settings, shared.keyring.rng())?;
        let written = shared.queue.write(PutTenant { id: tenant.id, fresh, settings, entry }).await;
        drop(one_at_a_time);
        written
    }

    /// The principal an API key belongs to, by the key's SHA-256; `None` = no such key, or revoked.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn principal(&self, key_hash: [u8; 32]) -> Result<Option<PrincipalRecord>, StoreError> {
        let sql = format!("{PRINCIPAL} WHERE p.key_hash = ? AND p.revoked = 0");
        let row = self.shared.one(&sql, vec![key_hash.to_vec().into()]).await?;
        row.map(|row| read_principal(&row)).transpose()
    }
}

fn open_tenant(keys: &TenantKeys, sealed: &[u8]) -> Result<TenantRecord, StoreError> {
    let settings = keys.sealer().open(settings_of(keys.id.as_str().as_bytes()), sealed)?;
    Ok(TenantRecord { id: keys.id.clone(), settings: settings.into_inner() })
}

/// A principal with who holds its key, and last the key's hash.
const PRINCIPAL: &str = "SELECT t.name, p.id, p.kind, p.label, p.scopes, p.revoked, h.role, h.second_factor_until, p.key_hash \
     FROM principals p JOIN tenants t ON t.seq = p.tenant \
     LEFT JOIN key_holders h ON h.tenant = p.tenant AND h.id = p.id";

fn read_principal(row: &Row) -> Result<PrincipalRecord, StoreError> {
    let scopes: String = column(row, 4)?;
    Ok(PrincipalRecord {
        tenant: word(row, 0)?,
        id: column(row, 1)?,
        kind: column(row, 2)?,
        label: column(row, 3)?,
        scopes: serde_json::from_str(&scopes).map_err(|_| StoreError::Damaged)?,
        revoked: column::<i32>(row, 5)? != 0,
        role: column(row, 6)?,
        second_factor_until: optional_time(row, 7)?,
    })
}

/// Creates or replaces a row of a registry, with its entry.
#[derive(Debug)]
struct Replace {
    tenant: Arc<TenantKeys>,
    table: &'static Table,
    head: &'static str,
    row: Vec<Value>,
    tail: &'static str,
    entry: Entry,
}

impl Write for Replace {
    type Output = ();
    async fn run(&self, tx: &mut Tx) -> Result<(), Failure> {
        let sql = format!("{} ({}) {}", self.head, places(self.row.len()), self.tail);
        tx.write(&self.tenant, self.table, &sql, self.row.clone()).await?;
        tx.append(&self.tenant, &self.entry).await?;
        Ok(())
    }
}

/// Creates or replaces a principal with who holds its key.
#[derive(Debug)]
struct PutPrincipal {
    tenant: Arc<TenantKeys>,
    principal: Vec<Value>,
    holder: Vec<Value>,
    entry: Entry,
}

impl Write for PutPrincipal {
    type Output = ();
    async fn run(&self, tx: &mut Tx) -> Result<(), Failure> {
        let sql = "INSERT INTO principals (tenant, id, kind, label, scopes, revoked, key_hash) VALUES (?, ?, ?, ?, ?, ?, ?) \
             ON CONFLICT (tenant, id) DO UPDATE SET kind = excluded.kind, label = excluded.label, \
             scopes = excluded.scopes, revoked = excluded.revoked, key_hash = excluded.key_hash";
        tx.write(&self.tenant, &PRINCIPALS, sql, self.principal.clone()).await?;
        let sql = "INSERT INTO key_holders (tenant, id, role, second_factor_until) VALUES (?, ?, ?, ?) \
             ON CONFLICT (tenant, id) DO UPDATE SET role = excluded.role, \
             second_factor_until = excluded.second_factor_until";
        tx.write(&self.tenant, &KEY_HOLDERS, sql, self.holder.clone()).await?;
        tx.append(&self.tenant, &self.entry).await?;
        Ok(())
    }
}

/// An agreement as it stands in the database.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AgreementRow {
    tier: String,
    channels: Vec<Channel>,
    status: String,
    effective: Option<Date>,
    expires: Option<Date>,
    services: Vec<String>,
    required_terms: bool,
    sender_registration: String,
    free_to_end_user: bool,
}

const fn status_word(status: AgreementStatus) -> &'static str {
    match status {
        AgreementStatus::Executed => "executed",
        AgreementStatus::Draft => "draft",
        AgreementStatus::Terminated => "terminated",
        AgreementStatus::Missing => "missing",
    }
}

const fn registration_word(registration: Registration) -> &'static str {
    match registration {
        Registration::Approved => "approved",
        Registration::Pending => "pending",
        Registration::NotApproved => "not_approved",
        Registration::NotNeeded => "not_needed",
    }
}

impl From<&Vendor> for AgreementRow {
    fn from(vendor: &Vendor) -> Self {
        Self {
            tier: vendor.tier.clone(),
            channels: vendor.channels.clone(),
            status: status_word(vendor.agreement.status).to_owned(),
            effective: vendor.agreement.effective,
            expires: vendor.agreement.expires,
            services: vendor.agreement.services.clone(),
            required_terms: vendor.agreement.required_terms,
            sender_registration: registration_word(vendor.sender_registration).to_owned(),
            free_to_end_user: vendor.free_to_end_user,
        }
    }
}

impl AgreementRow {
    fn into_vendor(self, vendor: String, service: String) -> Result<Vendor, StoreError> {
        let status =
            [AgreementStatus::Executed, AgreementStatus::Draft, AgreementStatus::Terminated, AgreementStatus::Missing]
                .into_iter()
                .find(|status| status_word(*status) == self.status);
        let registration =
            [Registration::Approved, Registration::Pending, Registration::NotApproved, Registration::NotNeeded]
                .into_iter()
                .find(|registration| registration_word(*registration) == self.sender_registration);
        Ok(Vendor {
            vendor,
            service,
            tier: self.tier,
            channels: self.channels,
            agreement: Agreement {
                status: status.ok_or(StoreError::Damaged)?,
                effective: self.effective,
                expires: self.expires,
                services: self.services,
                required_terms: self.required_terms,
            },
            sender_registration: registration.ok_or(StoreError::Damaged)?,
            free_to_end_user: self.free_to_end_user,
        })
    }
}

impl Tenanted {
    /// The tenant's configuration.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn settings(&self) -> Result<TenantRecord, StoreError> {
        let tenant = self.keys().await?;
        let sql = "SELECT settings FROM tenants WHERE seq = ?";
        let row = self.shared.one(sql, vec![tenant.seq.into()]).await?.ok_or(StoreError::NotFound)?;
        open_tenant(&tenant, &column::<Vec<u8>>(&row, 0)?)
    }

    /// Creates or replaces a row of the vendor registry: one per vendor and service.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_vendor(&self, vendor: Vendor, entry: Entry) -> Result<(), StoreError> {
        let tenant = self.keys().await?;
        self.admissible(std::slice::from_ref(&entry))?;
        let agreement = serde_json::to_string(&AgreementRow::from(&vendor)).map_err(|_| StoreError::Damaged)?;
        let row = vec![tenant.seq.into(), vendor.vendor.into(), vendor.service.into(), agreement.into()];
        let head = "INSERT INTO vendors (tenant, vendor, service, agreement) VALUES";
        let tail = "ON CONFLICT (tenant, vendor, service) DO UPDATE SET agreement = excluded.agreement";
        self.shared.queue.write(Replace { tenant, table: &VENDORS, head, row, tail, entry }).await
    }

    /// The vendor registry.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when a row does not read: then no vendor may be used.
    pub async fn vendors(&self) -> Result<Vec<Vendor>, StoreError> {
        let tenant = self.keys().await?;
        let sql = "SELECT vendor, service, agreement FROM vendors WHERE tenant = ? ORDER BY seq";
        let rows = self.shared.all(sql, vec![tenant.seq.into()]).await?;
        rows.iter()
            .map(|row| {
                let agreement: String = column(row, 2)?;
                let agreement: AgreementRow = serde_json::from_str(&agreement).map_err(|_| StoreError::Damaged)?;
                agreement.into_vendor(column(row, 0)?, column(row, 1)?)
            })
            .collect()
    }

    /// Stores an API key's hash and scopes, or changes the principal of the same id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the principal is another tenant's; [`StoreError::Damaged`] when the hash is in use.
    pub async fn put_principal(
        &self,
        principal: PrincipalRecord,
        key_hash: [u8; 32],
        entry: Entry,
    ) -> Result<(), StoreError> {
        let tenant = self.keys().await?;
        self.admissible(std::slice::from_ref(&entry))?;
        if principal.tenant != self.tenant {
            return Err(StoreError::NotFound);
        }
        let holder = vec![
            tenant.seq.into(),
            principal.id.as_str().into(),
            Value::from(principal.role),
            Value::from(principal.second_factor_until.map(|until| until.as_microsecond())),
        ];
        let row = vec![
            tenant.seq.into(),
            principal.id.into(),
            principal.kind.into(),
            principal.label.into(),
            serde_json::to_string(&principal.scopes).map_err(|_| StoreError::Damaged)?.into(),
            i32::from(principal.revoked).into(),
            key_hash.to_vec().into(),
        ];
        self.shared.queue.write(PutPrincipal { tenant, principal: row, holder, entry }).await
    }

    /// Revokes a principal: its key is nobody's from the moment this answers. Gives what it was.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the tenant has no principal of that id.
    pub async fn revoke_principal(&self, id: &str, entry: Entry) -> Result<PrincipalRecord, StoreError> {
        let tenant = self.keys().await?;
        let sql = format!("{PRINCIPAL} WHERE p.tenant = ? AND p.id = ?");
        let row = self.shared.one(&sql, vec![tenant.seq.into(), id.into()]).await?.ok_or(StoreError::NotFound)?;
        let record = PrincipalRecord { revoked: true, ..read_principal(&row)? };
        self.put_principal(record.clone(), array(&row, 8)?, entry).await?;
        Ok(record)
    }

    /// The principals of the tenant, in the order they were made; hashes stay inside.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn principals(&self) -> Result<Vec<PrincipalRecord>, StoreError> {
        let tenant = self.keys().await?;
        let sql = format!("{PRINCIPAL} WHERE p.tenant = ? ORDER BY p.seq");
        self.shared.all(&sql, vec![tenant.seq.into()]).await?.iter().map(read_principal).collect()
    }
}
