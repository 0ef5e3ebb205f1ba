//! What a decision is made from, read from one state of the database.

use crate::database::{Row, Snapshot, Value};
use crate::keys::{Index, PatientKey, TenantKeys};
use crate::open::{Shared, Tenanted};
use crate::records::StoreError;
use postern_base::PatientId;
use std::sync::Arc;

/// One state of the database as a tenant sees it: what is written after it began is not in it. Hold it for the time of a decision
/// and no longer; a write-ahead log cannot be emptied past a state that somebody still reads.
#[derive(Debug)]
pub struct Reading {
    pub(crate) shared: Arc<Shared>,
    pub(crate) tenant: Arc<TenantKeys>,
    snapshot: Snapshot,
}

impl Tenanted {
    /// Begins to read.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: there is no such tenant. [`StoreError::Unavailable`].
    pub async fn reading(&self) -> Result<Reading, StoreError> {
        let tenant = self.keys().await?;
        let snapshot = self.shared.readers.snapshot().await?;
        Ok(Reading { shared: Arc::clone(&self.shared), tenant, snapshot })
    }
}

impl Reading {
    pub(crate) async fn one(&mut self, sql: &str, values: &[Value]) -> Result<Option<Row>, StoreError> {
        self.snapshot.one(sql, values).await
    }

    pub(crate) async fn all(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.snapshot.all(sql, values).await
    }

    /// The key of a patient who has one.
    pub(crate) async fn patient_key(&mut self, index: Index) -> Result<Arc<PatientKey>, StoreError> {
        self.shared.keyring.patient(&self.shared.readers, &self.tenant, index).await?.ok_or(StoreError::Damaged)
    }

    /// What `open` makes of a patient's sealed rows, `sql` being asked with the tenant and the patient. Nothing is there once the
    /// patient's key is destroyed.
    pub(crate) async fn of_patient<T>(
        &mut self,
        patient: &PatientId,
        sql: &str,
        open: fn(&PatientKey, &Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let index = self.tenant.patient(patient);
        let rows = self.all(sql, &[self.tenant.seq.into(), index.to_vec().into()]).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        match self.patient_key(index).await {
            Err(StoreError::KeyDestroyed) => Ok(Vec::new()),
            key => {
                let key = key?;
                rows.iter().map(|row| open(&key, row)).collect()
            }
        }
    }
}
