//! Accounts, whom they may ask for, and invitations, read.

use super::{content_of, name_index, who};
use crate::database::{Row, array, bytes, column, id, optional_time, time};
use crate::keys::TenantKeys;
use crate::open::Tenanted;
use crate::records::StoreError;
use jiff::Timestamp;
use postern_base::{AccountId, PatientId, Phi};
use std::sync::Arc;
use uuid::Uuid;

/// An account.
#[derive(Debug, Clone)]
pub struct PortalAccount {
    /// Its id.
    pub id: AccountId,
    /// The patient under whose key it is sealed.
    pub patient: PatientId,
    /// The name it signs in by. It is not read back: the engine keeps it in the content.
    pub name: Option<Phi<String>>,
    /// Counts its changes; 0 = it is not stored yet.
    pub version: i64,
    /// The rest, as the engine writes it.
    pub content: Phi<Vec<u8>>,
}

/// A person whose record an account may ask for.
#[derive(Debug, Clone)]
pub struct PortalPerson {
    /// The row's id.
    pub id: Uuid,
    /// The account.
    pub account: AccountId,
    /// The patient.
    pub patient: PatientId,
    /// `RelatedPerson/ID` of who stands for them; `None` = it is the patient's own account.
    pub person: Option<Phi<String>>,
    /// Since when.
    pub added_at: Timestamp,
    /// Until when; `None` = it stands.
    pub ended_at: Option<Timestamp>,
}

/// An invitation to enrol.
#[derive(Debug, Clone)]
pub struct PortalInvitation {
    /// Its id.
    pub id: Uuid,
    /// The patient whose record may be looked at with the account.
    pub patient: PatientId,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// How often it was answered wrongly.
    pub tries: u32,
    /// It was used, or taken back.
    pub used: bool,
    /// For whom, as the engine writes it.
    pub content: Phi<Vec<u8>>,
}

const ACCOUNT: &str = "SELECT id, patient, version, content FROM portal_accounts WHERE tenant = ? AND";

impl Tenanted {
    /// An account by its id.
    ///
    /// # Errors
    /// [`StoreError::KeyDestroyed`]: it is gone with its patient's key. [`StoreError::Unavailable`], [`StoreError::Damaged`].
    pub async fn portal_account(&self, account: AccountId) -> Result<Option<PortalAccount>, StoreError> {
        let tenant = self.keys().await?;
        let row = self.shared.one(&format!("{ACCOUNT} id = ?"), vec![tenant.seq.into(), bytes(account.0)]).await?;
        self.open_account(&tenant, row).await
    }

    /// An account by the name it signs in by, however that is written.
    ///
    /// # Errors
    /// As [`Tenanted::portal_account`].
    pub async fn portal_account_named(&self, name: &str) -> Result<Option<PortalAccount>, StoreError> {
        let tenant = self.keys().await?;
        let values = vec![tenant.seq.into(), name_index(&tenant, name).to_vec().into()];
        let row = self.shared.one(&format!("{ACCOUNT} name = ?"), values).await?;
        self.open_account(&tenant, row).await
    }

    async fn open_account(
        &self,
        tenant: &Arc<TenantKeys>,
        row: Option<Row>,
    ) -> Result<Option<PortalAccount>, StoreError> {
        let Some(row) = row else { return Ok(None) };
        let (name, key) = (id(&row, 0)?, self.patient_key(tenant, array(&row, 1)?).await?);
        let sealed: Vec<u8> = column(&row, 3)?;
        let content = key.sealer().open(content_of("portal_accounts", name.as_bytes()), &sealed)?;
        let patient = key.patient.clone();
        Ok(Some(PortalAccount { id: AccountId(name), patient, name: None, version: column(&row, 2)?, content }))
    }

    /// Whom an account may ask for, in the order they were added; those that have ended are not there, nor those whose key is destroyed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Damaged`].
    pub async fn portal_persons(&self, account: AccountId) -> Result<Vec<PortalPerson>, StoreError> {
        let sql = "SELECT id, account, patient, added_at, ended_at, content FROM portal_persons \
             WHERE tenant = ? AND account = ? AND ended_at IS NULL ORDER BY seq";
        let tenant = self.keys().await?;
        self.open_persons(&tenant, self.shared.all(sql, vec![tenant.seq.into(), bytes(account.0)]).await?).await
    }

    /// The row by which an account stands for this patient, or for this person related to them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Damaged`].
    pub async fn portal_person(
        &self,
        patient: &PatientId,
        person: Option<&Phi<String>>,
    ) -> Result<Option<PortalPerson>, StoreError> {
        let sql = "SELECT id, account, patient, added_at, ended_at, content FROM portal_persons \
             WHERE tenant = ? AND who = ? AND ended_at IS NULL";
        let tenant = self.keys().await?;
        let values = vec![tenant.seq.into(), who(&tenant, patient, person).to_vec().into()];
        Ok(self.open_persons(&tenant, self.shared.all(sql, values).await?).await?.into_iter().next())
    }

    async fn open_persons(&self, tenant: &Arc<TenantKeys>, rows: Vec<Row>) -> Result<Vec<PortalPerson>, StoreError> {
        let mut persons = Vec::with_capacity(rows.len());
        for row in rows {
            let key = match self.patient_key(tenant, array(&row, 2)?).await {
                Err(StoreError::KeyDestroyed) => continue,
                key => key?,
            };
            let name = id(&row, 0)?;
            let sealed: Vec<u8> = column(&row, 5)?;
            let plain = key.sealer().open(content_of("portal_persons", name.as_bytes()), &sealed)?;
            let related = std::str::from_utf8(plain.reveal()).map_err(|_| StoreError::Damaged)?;
            persons.push(PortalPerson {
                id: name,
                account: AccountId(id(&row, 1)?),
                patient: key.patient.clone(),
                person: (!related.is_empty()).then(|| Phi::new(related.to_owned())),
                added_at: time(&row, 3)?,
                ended_at: optional_time(&row, 4)?,
            });
        }
        Ok(persons)
    }

    /// The invitation whose code has this SHA-256. One of a patient whose key is destroyed is not there.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Damaged`].
    pub async fn portal_invitation(&self, secret: &[u8; 32]) -> Result<Option<PortalInvitation>, StoreError> {
        let tenant = self.keys().await?;
        let sql = "SELECT id, patient, made_at, expires_at, tries, used_at, content FROM portal_invitations \
             WHERE tenant = ? AND secret = ?";
        let Some(row) = self.shared.one(sql, vec![tenant.seq.into(), secret.to_vec().into()]).await? else {
            return Ok(None);
        };
        let key = match self.patient_key(&tenant, array(&row, 1)?).await {
            Err(StoreError::KeyDestroyed) => return Ok(None),
            key => key?,
        };
        let name = id(&row, 0)?;
        let place = content_of("portal_invitations", name.as_bytes());
        Ok(Some(PortalInvitation {
            id: name,
            patient: key.patient.clone(),
            made_at: time(&row, 2)?,
            expires_at: time(&row, 3)?,
            tries: column(&row, 4)?,
            used: optional_time(&row, 5)?.is_some(),
            content: key.sealer().open(place, &column::<Vec<u8>>(&row, 6)?)?,
        }))
    }
}
