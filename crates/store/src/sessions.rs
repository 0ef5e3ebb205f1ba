//! The TLS sessions over which providers took messages, kept sealed as evidence. An entry that says how the attempt ended commits
//! to each.

use crate::coverage::SESSIONS;
use crate::database::{Failure, Value, array, bytes, column, id};
use crate::keys::{PatientKey, TenantKeys};
use crate::open::Tenanted;
use crate::records::StoreError;
use crate::seal::Place;
use crate::writer::Tx;
use jiff::Timestamp;
use postern_base::{AttemptId, MessageId, Phi, Rng};

/// RFC 9562 section 5.7: the ids of attempts begin with the time at which they were made, in milliseconds.
pub(crate) fn first_of(at: Timestamp) -> Vec<u8> {
    let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
    let mut bytes = millis.to_be_bytes().split_at(2).1.to_vec();
    bytes.resize(16, 0);
    bytes
}

/// The place of a session.
const fn session_of(attempt: &[u8]) -> Place<'_> {
    Place { table: "sessions", column: "session", row: attempt }
}

/// A row of `sessions`.
pub(crate) fn row(
    tenant: &TenantKeys,
    key: &PatientKey,
    message: MessageId,
    attempt: AttemptId,
    session: &Phi<Vec<u8>>,
    rng: &dyn Rng,
) -> Result<Vec<Value>, StoreError> {
    let sealed = key.sealer().seal(session_of(attempt.0.as_bytes()), session.reveal(), rng)?;
    Ok(vec![tenant.seq.into(), bytes(attempt.0), bytes(message.0), key.index.to_vec().into(), sealed.into()])
}

/// Writes a row; an attempt that is repeated under its own id keeps its last session.
pub(crate) async fn keep(tx: &mut Tx, tenant: &TenantKeys, row: &[Value]) -> Result<(), Failure> {
    let sql = "INSERT INTO sessions (tenant, attempt, message, patient, session) VALUES (?, ?, ?, ?, ?) \
         ON CONFLICT (tenant, attempt) DO UPDATE SET session = excluded.session";
    tx.write(tenant, &SESSIONS, sql, row.to_vec()).await?;
    Ok(())
}

impl Tenanted {
    /// The sessions of attempts that began within a span of time. Those of patients whose key is destroyed are not there.
    ///
    /// # Errors
    /// As [`Tenanted::sessions`].
    pub async fn sessions_between(&self, from: Timestamp, until: Timestamp) -> Result<Vec<Phi<Vec<u8>>>, StoreError> {
        let tenant = self.keys().await?;
        let sql = "SELECT attempt, patient, session FROM sessions WHERE tenant = ? AND attempt >= ? AND attempt < ?";
        let values = vec![tenant.seq.into(), first_of(from).into(), first_of(until).into()];
        let mut sessions = Vec::new();
        for row in &self.shared.all(sql, values).await? {
            let attempt = AttemptId(id(row, 0)?);
            let key = match self.patient_key(&tenant, array(row, 1)?).await {
                Err(StoreError::KeyDestroyed) => continue,
                found => found?,
            };
            let sealed: Vec<u8> = column(row, 2)?;
            sessions.push(key.sealer().open(session_of(attempt.0.as_bytes()), &sealed)?);
        }
        Ok(sessions)
    }

    /// The sessions over which providers took `message`, oldest first, by attempt. None is there once the patient's key is destroyed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Damaged`].
    pub async fn sessions(&self, message: MessageId) -> Result<Vec<(AttemptId, Phi<Vec<u8>>)>, StoreError> {
        let tenant = self.keys().await?;
        let sql = "SELECT attempt, patient, session FROM sessions WHERE tenant = ? AND message = ? ORDER BY seq";
        let rows = self.shared.all(sql, vec![tenant.seq.into(), bytes(message.0)]).await?;
        let mut sessions = Vec::with_capacity(rows.len());
        for row in &rows {
            let attempt = AttemptId(id(row, 0)?);
            let key = match self.patient_key(&tenant, array(row, 1)?).await {
                Err(StoreError::KeyDestroyed) => continue,
                found => found?,
            };
            let sealed: Vec<u8> = column(row, 2)?;
            sessions.push((attempt, key.sealer().open(session_of(attempt.0.as_bytes()), &sealed)?));
        }
        Ok(sessions)
    }
}
