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
use postern_gate::facts::Address;
use std::collections::HashMap;
use std::sync::Arc;

const SHARING: &str = "SELECT DISTINCT theirs.patient FROM points theirs \
     JOIN resources r ON r.tenant = theirs.tenant AND r.name = theirs.resource AND +r.kind = 'Patient' \
     JOIN patient_keys k ON k.tenant = theirs.tenant AND k.patient = theirs.patient AND k.wrapped IS NOT NULL \
     WHERE theirs.tenant = ? AND theirs.point = ? AND theirs.patient <> ? LIMIT ?";

/// Other patients at a patient's contact points.
#[derive(Debug, Default)]
pub struct Sharers {
    /// Those of every point that few enough have, in order of their ids.
    pub patients: Vec<PatientId>,
    /// The points that more of them have than are looked up.
    pub crowded: Vec<Address>,
}

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

    /// Other patients whose own resource holds one of `points`, contact points of `patient`. One that more than `most` of them have is
    /// named as such and not looked into further: a placeholder may stand on every record of a practice.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sharers(
        &mut self,
        patient: &PatientId,
        points: &[Address],
        most: usize,
    ) -> Result<Sharers, StoreError> {
        let tenant = Arc::clone(&self.tenant);
        let own = tenant.patient(patient).to_vec();
        let limit = i64::try_from(most.saturating_add(1)).unwrap_or(i64::MAX);
        let mut found = Sharers::default();
        for point in points {
            let index = tenant.point(point.reveal()).to_vec();
            let rows = self.all(SHARING, &[tenant.seq.into(), index.into(), own.clone().into(), limit.into()]).await?;
            if rows.len() > most {
                found.crowded.push(point.clone());
                continue;
            }
            for row in rows {
                match self.patient_key(array(&row, 0)?).await {
                    Ok(key) => found.patients.push(key.patient.clone()),
                    Err(StoreError::KeyDestroyed) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        found.patients.sort();
        found.patients.dedup();
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
        let plan = plan(SHARING).await;
        assert!(plan.iter().all(|line| is_narrow(line)), "{plan:?}");
        assert!(plan.iter().any(|line| line.contains("points_by_point (tenant=? AND point=?)")), "{plan:?}");
    }
}
