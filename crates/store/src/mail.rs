//! What is known of recipients' mail: what their domains were found to enforce, and TLS sessions that could not be had.

use crate::coverage::{MAIL_DOMAINS, TLS_FAILURES};
use crate::database::{Failure, Row, Value, array, bytes, column, id, time, word};
use crate::frame::{Framer, Frames};
use crate::keys::{Field, Index, PatientKey, TenantKeys};
use crate::open::Tenanted;
use crate::reading::Reading;
use crate::records::{NewTlsFailure, StoreError};
use crate::seal::Place;
use crate::sessions::first_of;
use crate::writer::{Tx, Write};
use jiff::Timestamp;
use postern_base::{AttemptId, EmailTier, MessageId, Phi, Rng};
use std::sync::Arc;

/// What a domain was found to enforce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailDomain {
    /// The domain, lower case.
    pub domain: String,
    /// What it enforces.
    pub tier: EmailTier,
    /// When that was found.
    pub found_at: Timestamp,
    /// The policy it was found by, as the engine writes it.
    pub policy: Option<Vec<u8>>,
    /// More that was found, as the engine writes it.
    pub notes: Option<Vec<u8>>,
}

/// A TLS session that could not be had.
#[derive(Debug, Clone)]
pub struct TlsFailure {
    /// The attempt.
    pub attempt: AttemptId,
    /// Its message.
    pub message: MessageId,
    /// When.
    pub at: Timestamp,
    /// Why; no PHI.
    pub code: String,
    /// More about it, as the engine writes it; none once the patient's key is destroyed.
    pub about: Option<Phi<Vec<u8>>>,
}

const fn about_domain(name: &Index) -> Place<'_> {
    Place { table: "mail_domains", column: "about", row: name }
}

const fn about_failure(attempt: &[u8]) -> Place<'_> {
    Place { table: "tls_failures", column: "about", row: attempt }
}

fn name_of(tenant: &TenantKeys, domain: &str) -> Index {
    tenant.index(Field::MailDomain, domain.to_ascii_lowercase().as_bytes())
}

/// A row of `tls_failures`.
pub(crate) fn failure_row(
    tenant: &TenantKeys,
    key: &PatientKey,
    message: MessageId,
    failure: NewTlsFailure,
    rng: &dyn Rng,
) -> Result<FailureRow, StoreError> {
    let NewTlsFailure { attempt, code, about, .. } = failure;
    let about = key.sealer().seal(about_failure(attempt.0.as_bytes()), about.reveal(), rng)?;
    let before = vec![tenant.seq.into(), bytes(attempt.0), bytes(message.0), key.index.to_vec().into()];
    Ok(FailureRow { before, after: vec![code.into(), about.into()] })
}

/// The same without the time, which the writer adds.
#[derive(Debug)]
pub(crate) struct FailureRow {
    before: Vec<Value>,
    after: Vec<Value>,
}

/// Writes a row; an attempt that is repeated under its own id keeps its last failure.
pub(crate) async fn keep_failure(tx: &mut Tx, tenant: &TenantKeys, row: &FailureRow) -> Result<(), Failure> {
    let sql = "INSERT INTO tls_failures (tenant, attempt, message, patient, at, code, about) VALUES (?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (tenant, attempt) DO UPDATE SET at = excluded.at, code = excluded.code, about = excluded.about, \
         reviewed_at = NULL, reviewed_by = NULL";
    let values = [row.before.clone(), vec![tx.now.as_microsecond().into()], row.after.clone()].concat();
    tx.write(tenant, &TLS_FAILURES, sql, values).await?;
    Ok(())
}

#[derive(Debug)]
struct PutDomain {
    tenant: Arc<TenantKeys>,
    row: Vec<Value>,
}

impl Write for PutDomain {
    type Output = ();
    async fn run(&self, tx: &mut Tx) -> Result<(), Failure> {
        let sql = "INSERT INTO mail_domains (tenant, name, tier, found_at, about) VALUES (?, ?, ?, ?, ?) \
             ON CONFLICT (tenant, name) DO UPDATE SET tier = excluded.tier, found_at = excluded.found_at, \
             about = excluded.about";
        tx.write(&self.tenant, &MAIL_DOMAINS, sql, self.row.clone()).await?;
        Ok(())
    }
}

const DOMAIN_COLUMNS: &str = "name, tier, found_at, about";

fn domain_of(tenant: &TenantKeys, row: &Row) -> Result<MailDomain, StoreError> {
    let name: Index = array(row, 0)?;
    let about = tenant.sealer().open(about_domain(&name), &column::<Vec<u8>>(row, 3)?)?;
    let mut frames = Frames(about.reveal());
    let (domain, policy) = (frames.text()?.to_owned(), frames.take()?.to_vec());
    let policy = (!policy.is_empty()).then_some(policy);
    // A row of before they were kept ends here.
    let notes = if frames.is_empty() { None } else { frames.optional()?.map(<[u8]>::to_vec) };
    Ok(MailDomain { domain, tier: word(row, 1)?, found_at: time(row, 2)?, policy, notes })
}

impl Tenanted {
    /// Keeps what a domain was found to enforce, in place of what was found before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_mail_domain(&self, found: &MailDomain) -> Result<(), StoreError> {
        let tenant = self.keys().await?;
        let name = name_of(&tenant, &found.domain);
        let mut about = Framer::default();
        about.put(found.domain.as_bytes()).put(found.policy.as_deref().unwrap_or_default());
        about.put_optional(found.notes.as_deref());
        let sealed = tenant.sealer().seal(about_domain(&name), &about.finish(), self.shared.keyring.rng())?;
        let row = vec![
            tenant.seq.into(),
            name.to_vec().into(),
            found.tier.as_str().into(),
            found.found_at.as_microsecond().into(),
            sealed.into(),
        ];
        self.shared.queue.write(PutDomain { tenant, row }).await
    }

    /// What `domain` was last found to enforce.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Damaged`].
    pub async fn mail_domain(&self, domain: &str) -> Result<Option<MailDomain>, StoreError> {
        let tenant = self.keys().await?;
        let sql = format!("SELECT {DOMAIN_COLUMNS} FROM mail_domains WHERE tenant = ? AND name = ?");
        let values = vec![tenant.seq.into(), name_of(&tenant, domain).to_vec().into()];
        self.shared.one(&sql, values).await?.map(|row| domain_of(&tenant, &row)).transpose()
    }

    /// Domains that were looked up with their numbers, the latest met first, at most `limit` of those with a number below `before`.
    ///
    /// # Errors
    /// As [`Tenanted::mail_domain`].
    pub async fn mail_domains(&self, before: Option<i64>, limit: u32) -> Result<Vec<(i64, MailDomain)>, StoreError> {
        let tenant = self.keys().await?;
        let sql = format!(
            "SELECT {DOMAIN_COLUMNS}, seq FROM mail_domains WHERE tenant = ? AND seq < ? ORDER BY seq DESC LIMIT ?"
        );
        let values = vec![tenant.seq.into(), before.unwrap_or(i64::MAX).into(), i64::from(limit).into()];
        let rows = self.shared.all(&sql, values).await?;
        rows.iter().map(|row| Ok((column(row, 4)?, domain_of(&tenant, row)?))).collect()
    }

    /// TLS sessions that attempts begun in a time could not have.
    ///
    /// # Errors
    /// As [`Tenanted::mail_domain`].
    pub async fn tls_failures_between(&self, from: Timestamp, until: Timestamp) -> Result<Vec<TlsFailure>, StoreError> {
        let tenant = self.keys().await?;
        let sql = "SELECT attempt, message, patient, at, code, about FROM tls_failures \
             WHERE tenant = ? AND attempt >= ? AND attempt < ?";
        let values = vec![tenant.seq.into(), first_of(from).into(), first_of(until).into()];
        let mut found = Vec::new();
        for row in self.shared.all(sql, values).await? {
            let attempt = AttemptId(id(&row, 0)?);
            let about = match self.patient_key(&tenant, array(&row, 2)?).await {
                Err(StoreError::KeyDestroyed) => None,
                key => {
                    let sealed: Vec<u8> = column(&row, 5)?;
                    Some(key?.sealer().open(about_failure(attempt.0.as_bytes()), &sealed)?)
                }
            };
            let (message, at, code) = (MessageId(id(&row, 1)?), time(&row, 3)?, column(&row, 4)?);
            found.push(TlsFailure { attempt, message, at, code, about });
        }
        Ok(found)
    }
}

impl Reading {
    /// Whether a TLS session could not be had for `message` before.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn tls_failed(&mut self, message: MessageId) -> Result<bool, StoreError> {
        let values = [self.tenant.seq.into(), bytes(message.0)];
        Ok(self.one("SELECT 1 FROM tls_failures WHERE tenant = ? AND message = ? LIMIT 1", &values).await?.is_some())
    }

    /// What each of `domains` was last found to enforce; one that was never looked up is not in the answer.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Damaged`].
    pub async fn mail_domains(&mut self, domains: &[String]) -> Result<Vec<MailDomain>, StoreError> {
        let tenant = Arc::clone(&self.tenant);
        let sql = format!("SELECT {DOMAIN_COLUMNS} FROM mail_domains WHERE tenant = ? AND name = ?");
        let mut found = Vec::new();
        for domain in domains {
            let values = [tenant.seq.into(), name_of(&tenant, domain).to_vec().into()];
            if let Some(row) = self.one(&sql, &values).await? {
                found.push(domain_of(&tenant, &row)?);
            }
        }
        Ok(found)
    }
}
