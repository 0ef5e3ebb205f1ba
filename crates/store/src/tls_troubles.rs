//! What is wrong with TLS at a place: one row for as long as nobody has looked at it, however many attempts meet it. Whose mail it was is in
//! `tls_failures`; a place is a domain, a server and a vendor, sealed with the tenant's key.

use crate::coverage::TLS_TROUBLES;
use crate::database::{Failure, Row, Value, column, optional_time, time};
use crate::keys::{Field, Index, TenantKeys};
use crate::open::Tenanted;
use crate::records::StoreError;
use crate::rows::Review;
use crate::seal::Place;
use crate::writer::Tx;
use jiff::Timestamp;
use postern_base::{Phi, Rng};
use postern_ledger::Entry;

const COLUMNS: &str = "seq, name, code, first_at, last_at, attempts, about, reviewed_at, reviewed_by";
const OPEN: &str = "SELECT 1 FROM tls_troubles WHERE tenant = ? AND name = ? AND reviewed_at IS NULL";

/// What is wrong at a place.
#[derive(Debug, Clone)]
pub struct TlsTrouble {
    /// Its number.
    pub number: i64,
    /// What is wrong; no PHI.
    pub code: String,
    /// When the first attempt met it.
    pub first_at: Timestamp,
    /// When the last one did.
    pub last_at: Timestamp,
    /// How many did.
    pub attempts: u64,
    /// Where, as the engine writes it.
    pub place: Phi<Vec<u8>>,
    /// When somebody looked at it, and who.
    pub reviewed: Option<(Timestamp, String)>,
}

/// A row to add to, or to begin.
#[derive(Debug)]
pub(crate) struct TroubleRow {
    name: Index,
    code: String,
    about: Vec<u8>,
}

const fn about_trouble(name: &Index) -> Place<'_> {
    Place { table: "tls_troubles", column: "about", row: name }
}

fn name_of(tenant: &TenantKeys, code: &str, place: &[u8]) -> Index {
    let mut named = code.as_bytes().to_vec();
    named.push(0);
    named.extend_from_slice(place);
    tenant.index(Field::TlsTrouble, &named)
}

/// What an attempt met at `place`.
pub(crate) fn trouble_row(
    tenant: &TenantKeys,
    code: &str,
    place: &[u8],
    rng: &dyn Rng,
) -> Result<TroubleRow, StoreError> {
    let name = name_of(tenant, code, place);
    let about = tenant.sealer().seal(about_trouble(&name), place, rng)?;
    Ok(TroubleRow { name, code: code.to_owned(), about })
}

/// Counts one more attempt that met it, or begins to.
pub(crate) async fn count(tx: &mut Tx, tenant: &TenantKeys, row: &TroubleRow) -> Result<(), Failure> {
    let now = tx.now.as_microsecond();
    let sql = "INSERT INTO tls_troubles (tenant, name, code, first_at, last_at, attempts, about) VALUES (?, ?, ?, ?, ?, 1, ?) \
         ON CONFLICT (tenant, name) WHERE reviewed_at IS NULL \
         DO UPDATE SET last_at = excluded.last_at, attempts = attempts + 1";
    let values = vec![
        tenant.seq.into(),
        row.name.to_vec().into(),
        row.code.as_str().into(),
        now.into(),
        now.into(),
        row.about.clone().into(),
    ];
    tx.write(tenant, &TLS_TROUBLES, sql, values).await?;
    Ok(())
}

fn read(tenant: &TenantKeys, row: &Row) -> Result<TlsTrouble, StoreError> {
    let name: Index = crate::database::array(row, 1)?;
    Ok(TlsTrouble {
        number: column(row, 0)?,
        code: column(row, 2)?,
        first_at: time(row, 3)?,
        last_at: time(row, 4)?,
        attempts: u64::try_from(column::<i64>(row, 5)?).map_err(|_| StoreError::Damaged)?,
        place: tenant.sealer().open(about_trouble(&name), &column::<Vec<u8>>(row, 6)?)?,
        reviewed: optional_time(row, 7)?.zip(column::<Option<String>>(row, 8)?),
    })
}

impl Tenanted {
    /// What is wrong with TLS at which places, the latest begun first, at most `limit` of those with a number below `before`; with `open`,
    /// what nobody looked at yet.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Damaged`].
    pub async fn tls_troubles(
        &self,
        open: bool,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<TlsTrouble>, StoreError> {
        let tenant = self.keys().await?;
        let which = if open { "AND reviewed_at IS NULL " } else { "" };
        let sql =
            format!("SELECT {COLUMNS} FROM tls_troubles WHERE tenant = ? {which}AND seq < ? ORDER BY seq DESC LIMIT ?");
        let values = vec![tenant.seq.into(), before.unwrap_or(i64::MAX).into(), i64::from(limit).into()];
        self.shared.all(&sql, values).await?.iter().map(|row| read(&tenant, row)).collect()
    }

    /// Whether somebody has to look at `code` at `place` already.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn is_tls_trouble_open(&self, code: &str, place: &[u8]) -> Result<bool, StoreError> {
        let tenant = self.keys().await?;
        let values: Vec<Value> = vec![tenant.seq.into(), name_of(&tenant, code, place).to_vec().into()];
        Ok(self.shared.one(OPEN, values).await?.is_some())
    }

    /// Notes that a person looked at it: who and when stand in `entry`. What is met there afterwards begins anew.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: no such trouble waits.
    pub async fn review_tls_trouble(&self, number: i64, entry: Entry) -> Result<(), StoreError> {
        let tenant = self.keys().await?;
        self.admissible(std::slice::from_ref(&entry))?;
        self.shared.queue.write(Review { tenant, table: &TLS_TROUBLES, number, entry }).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::plan::{is_narrow, plan};

    #[tokio::test]
    async fn what_is_open_is_found_without_walking_through_what_was_looked_at() {
        let plan = plan(OPEN).await;
        assert!(plan.iter().all(|line| is_narrow(line)), "{plan:?}");
    }
}
