//! The built-in FHIR directory: resources sealed under their patient's key, found by blind index.

use crate::coverage::RESOURCES;
use crate::database::{Failure, Value, array, column, places};
use crate::keys::{Field, Index, PatientKey, TenantKeys};
use crate::open::Tenanted;
use crate::reading::Reading;
use crate::records::{DirectoryResource, StoreError};
use crate::seal::Place;
use crate::writer::{Tx, Write};
use postern_base::{PatientId, Phi};
use std::collections::HashMap;
use std::sync::Arc;

// CROSS JOIN keeps the order: SQLite by itself begins with every point of the tenant.
const SHARING: &str = "SELECT DISTINCT theirs.patient FROM points own \
     CROSS JOIN points theirs ON theirs.tenant = own.tenant AND theirs.point = own.point \
     CROSS JOIN resources r ON r.tenant = theirs.tenant AND r.name = theirs.resource AND +r.kind = 'Patient' \
     WHERE own.tenant = ? AND own.resource = ? AND theirs.patient IS NOT NULL AND theirs.patient <> ?";

/// Resources written in one transaction; a longer list is written in several.
const RESOURCES_PER_WRITE: usize = 256;

/// The blind index of a resource.
fn name_of(tenant: &TenantKeys, resource_type: &str, id: &str) -> Index {
    tenant.index(Field::Resource, format!("{resource_type}/{id}").as_bytes())
}

/// The place of a resource's JSON.
const fn json_of(name: &Index) -> Place<'_> {
    Place { table: "resources", column: "json", row: name }
}

/// Resources ready to be written.
#[derive(Debug)]
struct PutResources {
    keys: Vec<Arc<PatientKey>>,
    tenant: Arc<TenantKeys>,
    names: Vec<Index>,
    /// Without the time of change, which the writer adds.
    rows: Vec<Vec<Value>>,
    points: Vec<Vec<Value>>,
}

impl Write for PutResources {
    type Output = ();
    async fn run(&self, tx: &mut Tx) -> Result<(), Failure> {
        if self.keys.iter().any(|key| tx.keyring.patients.is_destroyed(self.tenant.seq, key.index)) {
            return Err(StoreError::KeyDestroyed.into());
        }
        let keys: Vec<&Arc<PatientKey>> = self.keys.iter().collect();
        for state in tx.store_keys(&keys).await?.into_values() {
            tx.state(&self.tenant, state);
        }
        let now: Value = tx.now.as_microsecond().into();
        let rows: Vec<Vec<Value>> =
            self.rows.iter().map(|row| [row.as_slice(), std::slice::from_ref(&now)].concat()).collect();
        let head = "INSERT INTO resources (tenant, kind, name, patient, json, version, changed_at) VALUES";
        let tail = "ON CONFLICT (tenant, name) DO UPDATE SET patient = excluded.patient, json = excluded.json, \
             version = resources.version + 1, changed_at = excluded.changed_at";
        tx.insert(head, &rows, tail).await?;
        for chunk in self.names.chunks(64) {
            let sql = format!("DELETE FROM points WHERE tenant = ? AND resource IN ({})", places(chunk.len()));
            let mut values: Vec<Value> = vec![self.tenant.seq.into()];
            values.extend(chunk.iter().map(|name| Value::from(name.to_vec())));
            tx.execute(&sql, values).await?;
        }
        tx.insert("INSERT INTO points (tenant, point, resource, patient) VALUES", &self.points, "").await?;
        for chunk in self.names.chunks(64) {
            let condition = format!("tenant = ? AND name IN ({})", places(chunk.len()));
            let mut values: Vec<Value> = vec![self.tenant.seq.into()];
            values.extend(chunk.iter().map(|name| Value::from(name.to_vec())));
            tx.state_where(&self.tenant, &RESOURCES, &condition, values).await?;
        }
        Ok(())
    }
}

impl Tenanted {
    /// Creates or replaces directory resources (built-in FHIR directory), sealed under their patient's key. Of two with the same
    /// type and id the later one counts. A long list is written in several transactions, in order.
    ///
    /// # Errors
    /// [`StoreError::KeyDestroyed`] when a patient's key was destroyed: such a patient cannot come back under the same id.
    pub async fn put_resources(&self, resources: Vec<DirectoryResource>) -> Result<(), StoreError> {
        let tenant = self.keys().await?;
        let mut resources = resources.into_iter().peekable();
        while resources.peek().is_some() {
            let chunk: Vec<DirectoryResource> = resources.by_ref().take(RESOURCES_PER_WRITE).collect();
            let write = self.prepare_resources(&tenant, &chunk).await?;
            self.shared.queue.write(write).await?;
        }
        Ok(())
    }

    async fn prepare_resources(
        &self,
        tenant: &Arc<TenantKeys>,
        resources: &[DirectoryResource],
    ) -> Result<PutResources, StoreError> {
        let newest: HashMap<Index, usize> = resources
            .iter()
            .enumerate()
            .map(|(at, resource)| (name_of(tenant, &resource.resource_type, &resource.id), at))
            .collect();
        let rng = self.shared.keyring.rng();
        let mut write = PutResources {
            keys: Vec::new(),
            tenant: Arc::clone(tenant),
            names: Vec::new(),
            rows: Vec::new(),
            points: Vec::new(),
        };
        for (at, resource) in resources.iter().enumerate() {
            let name = name_of(tenant, &resource.resource_type, &resource.id);
            if newest.get(&name) != Some(&at) {
                continue;
            }
            let key = match &resource.patient {
                Some(patient) => Some(self.shared.keyring.patient_or_new(&self.shared.readers, tenant, patient).await?),
                None => None,
            };
            let sealer = key.as_ref().map_or_else(|| tenant.sealer(), |key| key.sealer());
            let patient = Value::from(key.as_ref().map(|key| key.index.to_vec()));
            write.rows.push(vec![
                tenant.seq.into(),
                resource.resource_type.as_str().into(),
                name.to_vec().into(),
                patient.clone(),
                sealer.seal(json_of(&name), resource.json.reveal(), rng)?.into(),
                1.into(),
            ]);
            for point in &resource.points {
                let index = tenant.point(point.reveal()).to_vec();
                write.points.push(vec![tenant.seq.into(), index.into(), name.to_vec().into(), patient.clone()]);
            }
            write.names.push(name);
            write.keys.extend(key);
        }
        Ok(write)
    }

    /// Ids of patients in the directory in the order they came, after `after`, at most `limit`. Patients whose key was destroyed
    /// are not among them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn patients(&self, after: Option<&PatientId>, limit: u32) -> Result<Vec<PatientId>, StoreError> {
        let tenant = self.keys().await?;
        let after = after.map(|patient| name_of(&tenant, "Patient", patient.as_str()).to_vec());
        let sql = "SELECT r.patient FROM resources r \
             JOIN patient_keys k ON k.tenant = r.tenant AND k.patient = r.patient AND k.wrapped IS NOT NULL \
             WHERE r.tenant = ? AND r.kind = 'Patient' \
             AND r.seq > COALESCE((SELECT seq FROM resources WHERE tenant = ? AND name = ?), 0) ORDER BY r.seq LIMIT ?";
        let values = vec![tenant.seq.into(), tenant.seq.into(), Value::from(after), i64::from(limit).into()];
        let mut found = Vec::new();
        for row in self.shared.all(sql, values).await? {
            found.push(self.patient_of(&tenant, array(&row, 0)?).await?);
        }
        Ok(found)
    }
}

impl Reading {
    /// Every directory resource of a patient, the Patient included, as FHIR JSON.
    ///
    /// # Errors
    /// [`StoreError::KeyDestroyed`].
    pub async fn patient_resources(&mut self, patient: &PatientId) -> Result<Vec<Phi<Vec<u8>>>, StoreError> {
        let tenant = Arc::clone(&self.tenant);
        let index = tenant.patient(patient);
        let sql = "SELECT name, json FROM resources WHERE tenant = ? AND patient = ? ORDER BY seq";
        let rows = self.all(sql, &[tenant.seq.into(), index.to_vec().into()]).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let key = self.patient_key(index).await?;
        rows.iter().map(|row| key.sealer().open(json_of(&array(row, 0)?), &column::<Vec<u8>>(row, 1)?)).collect()
    }

    /// Other patients whose own resource holds one of the contact points of this patient's, in order of their ids.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn patients_with_points_of(&mut self, patient: &PatientId) -> Result<Vec<PatientId>, StoreError> {
        let tenant = Arc::clone(&self.tenant);
        let (own, name) = (tenant.patient(patient), name_of(&tenant, "Patient", patient.as_str()));
        let values = [tenant.seq.into(), name.to_vec().into(), own.to_vec().into()];
        let mut found = Vec::new();
        for row in self.all(SHARING, &values).await? {
            match self.patient_key(array(&row, 0)?).await {
                Ok(key) => found.push(key.patient.clone()),
                Err(StoreError::KeyDestroyed) => {}
                Err(error) => return Err(error),
            }
        }
        found.sort();
        Ok(found)
    }

    /// One directory resource.
    ///
    /// # Errors
    /// [`StoreError::KeyDestroyed`].
    pub async fn resource(&mut self, resource_type: &str, id: &str) -> Result<Option<Phi<Vec<u8>>>, StoreError> {
        let tenant = Arc::clone(&self.tenant);
        let name = name_of(&tenant, resource_type, id);
        let sql = "SELECT patient, json FROM resources WHERE tenant = ? AND name = ?";
        let Some(row) = self.one(sql, &[tenant.seq.into(), name.to_vec().into()]).await? else {
            return Ok(None);
        };
        let sealed: Vec<u8> = column(&row, 1)?;
        match column::<Option<Vec<u8>>>(&row, 0)? {
            None => tenant.sealer().open(json_of(&name), &sealed).map(Some),
            Some(patient) => {
                let key = self.patient_key(patient.try_into().map_err(|_| StoreError::Damaged)?).await?;
                key.sealer().open(json_of(&name), &sealed).map(Some)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::plan::{is_narrow, plan};

    #[tokio::test]
    async fn who_shares_a_number_is_found_by_the_number_however_many_numbers_the_practice_has() {
        let kept = plan(SHARING).await;
        assert!(kept.iter().all(|line| is_narrow(line)), "{kept:?}");
        let free = plan(&SHARING.replace("CROSS ", "")).await;
        assert!(!free.iter().all(|line| is_narrow(line)), "the order need be kept no more: {free:?}");
    }
}
