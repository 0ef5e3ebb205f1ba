//! Writes that tables share: one row with its entries, and the note that a person looked at one.

use crate::coverage::Table;
use crate::database::{Failure, Value, places};
use crate::keys::TenantKeys;
use crate::records::StoreError;
use crate::writer::{Tx, Write};
use postern_ledger::Entry;
use std::sync::Arc;

/// A row to insert with its entries.
#[derive(Debug)]
pub(crate) struct Insert {
    pub(crate) tenant: Arc<TenantKeys>,
    pub(crate) table: &'static Table,
    pub(crate) head: &'static str,
    pub(crate) row: Vec<Value>,
    pub(crate) tail: &'static str,
    pub(crate) entries: Vec<Entry>,
}

impl Write for Insert {
    /// Whether the row was new.
    type Output = bool;
    async fn run(&self, tx: &mut Tx) -> Result<bool, Failure> {
        let sql = format!("{} ({}) {}", self.head, places(self.row.len()), self.tail);
        let written = tx.write(&self.tenant, self.table, &sql, self.row.clone()).await?;
        if written > 0 {
            for entry in &self.entries {
                tx.append(&self.tenant, entry).await?;
            }
        }
        Ok(written > 0)
    }
}

/// Notes that a person looked at a row that waited for it: who and when stand in the entry.
#[derive(Debug)]
pub(crate) struct Review {
    pub(crate) tenant: Arc<TenantKeys>,
    pub(crate) table: &'static Table,
    pub(crate) number: i64,
    pub(crate) entry: Entry,
}

impl Write for Review {
    type Output = ();
    async fn run(&self, tx: &mut Tx) -> Result<(), Failure> {
        let sql = format!(
            "UPDATE {} SET reviewed_at = ?, reviewed_by = ? WHERE tenant = ? AND seq = ? AND reviewed_at IS NULL",
            self.table.name
        );
        let at = self.entry.at.as_microsecond();
        let values = vec![at.into(), self.entry.actor.as_str().into(), self.tenant.seq.into(), self.number.into()];
        if tx.write(&self.tenant, self.table, &sql, values).await? == 0 {
            return Err(StoreError::NotFound.into());
        }
        tx.append(&self.tenant, &self.entry).await?;
        Ok(())
    }
}
