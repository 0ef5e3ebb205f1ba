//! What an account sees of a patient's messages, and the links that lead to one.

use crate::database::{Value, bytes, id, optional_time, word};
use crate::messages::portal_copy;
use crate::open::{Store, Tenanted};
use crate::records::{PortalCopy, StoreError};
use jiff::Timestamp;
use postern_base::{AccountId, Channel, MessageId, PatientId, TenantId};

/// A message in an account's list.
#[derive(Debug, Clone)]
pub struct PortalEntry {
    /// The message as it stands in the portal.
    pub copy: PortalCopy,
    /// When this account first read it.
    pub read_at: Option<Timestamp>,
}

/// Where a link of a notice leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalLink {
    /// The tenant.
    pub tenant: TenantId,
    /// The message.
    pub message: MessageId,
    /// When somebody signed in came by it.
    pub used_at: Option<Timestamp>,
}

/// Which messages of a patient: those below one, or one. As in [`OF_PATIENT`](crate::messages::OF_PATIENT), the plus signs and the order
/// of the join keep SQLite from walking everything the tenant has.
const BELOW: &str = "+m.id < ?";
const THIS: &str = "m.id = ?";

fn entries(condition: &str) -> String {
    format!(
        "SELECT m.id, m.purpose, m.body, d.form, d.level, d.changed_at, r.read_at FROM messages m CROSS JOIN deliveries d \
         LEFT JOIN portal_reads r ON r.tenant = m.tenant AND r.message = m.id AND r.account = ? \
         WHERE m.tenant = ? AND m.patient = ? AND {condition} AND d.tenant = m.tenant AND d.message = m.id \
         AND d.channel = ? AND d.state = 5 ORDER BY +m.id DESC LIMIT ?"
    )
}

impl Store {
    /// Where the link whose opaque part has this SHA-256 leads.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn portal_link(&self, token: &[u8; 32]) -> Result<Option<PortalLink>, StoreError> {
        let sql = "SELECT t.name, l.message, l.used_at FROM portal_links l JOIN tenants t ON t.seq = l.tenant \
             WHERE l.token = ?";
        let row = self.shared.one(sql, vec![token.to_vec().into()]).await?;
        row.map(|row| {
            let (tenant, message) = (word(&row, 0)?, MessageId(id(&row, 1)?));
            Ok(PortalLink { tenant, message, used_at: optional_time(&row, 2)? })
        })
        .transpose()
    }
}

impl Tenanted {
    /// A patient's messages that can be read in the portal, the newest first, below `before`, with when `account` read each.
    ///
    /// # Errors
    /// [`StoreError::KeyDestroyed`] when the patient's key is gone.
    pub async fn portal_entries(
        &self,
        patient: &PatientId,
        account: AccountId,
        before: Option<MessageId>,
        limit: u32,
    ) -> Result<Vec<PortalEntry>, StoreError> {
        let before = before.map_or_else(|| Value::Blob(vec![0xff; 17]), |before| bytes(before.0));
        self.entries_where(BELOW, before, patient, account, limit).await
    }

    /// One of them; `None` = the patient has no such message, or it cannot be read in the portal.
    ///
    /// # Errors
    /// As [`Tenanted::portal_entries`].
    pub async fn portal_entry(
        &self,
        patient: &PatientId,
        account: AccountId,
        message: MessageId,
    ) -> Result<Option<PortalEntry>, StoreError> {
        Ok(self.entries_where(THIS, bytes(message.0), patient, account, 1).await?.pop())
    }

    async fn entries_where(
        &self,
        condition: &str,
        value: Value,
        patient: &PatientId,
        account: AccountId,
        limit: u32,
    ) -> Result<Vec<PortalEntry>, StoreError> {
        let tenant = self.keys().await?;
        let sql = entries(condition);
        let index = tenant.patient(patient);
        let values = vec![
            bytes(account.0),
            tenant.seq.into(),
            index.to_vec().into(),
            value,
            Channel::Portal.as_str().into(),
            i64::from(limit).into(),
        ];
        let rows = self.shared.all(&sql, values).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let key = self.patient_key(&tenant, index).await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            if let Some(copy) = portal_copy(&key, row)? {
                found.push(PortalEntry { copy, read_at: optional_time(row, 6)? });
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::{COPIES, OF_PATIENT};
    use crate::schema::plan;

    /// An index that only the tenant narrows is a walk through everything the tenant has.
    fn is_narrow(line: &str) -> bool {
        !line.starts_with("SCAN") && (!line.starts_with("SEARCH") || (line.contains("=? AND ") && !line.contains('<')))
    }

    #[tokio::test]
    async fn a_patients_messages_are_found_by_the_patient_however_many_the_practice_has() {
        for sql in [entries(BELOW), entries(THIS), OF_PATIENT.to_owned(), COPIES.to_owned()] {
            let plan = plan(&sql).await;
            assert!(plan[0].starts_with("SEARCH m") && plan.iter().all(|line| is_narrow(line)), "{sql}: {plan:?}");
        }
    }

    #[tokio::test]
    async fn without_the_plus_signs_a_list_would_walk_every_message_of_the_practice() {
        let plan = plan(&entries(BELOW).replace('+', "")).await;
        assert!(!plan.iter().all(|line| is_narrow(line)), "the signs are needed no more: {plan:?}");
    }
}
