//! What other mail hosts report on our own domain, and what we reported on theirs: numbers, and who says so. Sealed, because the domain
//! that a report of ours is about says where somebody has a mailbox; a report is found by the keyed index of its name.

use crate::coverage::MAIL_REPORTS;
use crate::database::{column, optional_time, time};
use crate::keys::{Field, TenantKeys};
use crate::open::Tenanted;
use crate::reading::Reading;
use crate::records::StoreError;
use crate::rows::{Insert, Review};
use crate::seal::Place;
use jiff::Timestamp;
use postern_base::Hex;
use postern_ledger::Entry;

/// A report to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMailReport {
    /// Names it; the same name twice is the same report.
    pub reference: String,
    /// `dmarc` or `tls`, or `tls_sent` for one of ours.
    pub kind: &'static str,
    /// When it came.
    pub at: Timestamp,
    /// It says that our own signature does not hold.
    pub doubts_signature: bool,
    /// What it says, as the engine writes it.
    pub about: String,
}

/// A report on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailReport {
    /// Its number.
    pub number: i64,
    /// `dmarc` or `tls`, or `tls_sent` for one of ours.
    pub kind: String,
    /// When it came.
    pub at: Timestamp,
    /// It says that our own signature does not hold.
    pub doubts_signature: bool,
    /// What it says, as the engine wrote it.
    pub about: String,
    /// When somebody had looked at it.
    pub reviewed_at: Option<Timestamp>,
    /// Who.
    pub reviewed_by: Option<String>,
}

const INSERT: &str = "INSERT INTO mail_reports (tenant, reference, kind, at, doubts_signature, about) VALUES";

const fn about_report(reference: &str) -> Place<'_> {
    Place { table: "mail_reports", column: "about", row: reference.as_bytes() }
}

/// Index and sealed bytes stand in columns of text as hexadecimal digits.
fn bytes_of(digits: &str) -> Result<Vec<u8>, StoreError> {
    let pair = |pair: &[u8]| {
        let digits = std::str::from_utf8(pair).map_err(|_| StoreError::Damaged)?;
        u8::from_str_radix(digits, 16).map_err(|_| StoreError::Damaged)
    };
    digits.as_bytes().chunks(2).map(pair).collect()
}

fn reference_of(tenant: &TenantKeys, name: &str) -> String {
    Hex(&tenant.index(Field::MailReport, name.as_bytes())).to_string()
}

fn opened(tenant: &TenantKeys, reference: &str, about: String) -> Result<String, StoreError> {
    if about.starts_with('{') {
        // Kept before reports were sealed.
        return Ok(about);
    }
    let plain = tenant.sealer().open(about_report(reference), &bytes_of(&about)?)?;
    String::from_utf8(plain.reveal().clone()).map_err(|_| StoreError::Damaged)
}

impl Tenanted {
    /// Whether a report of this name is kept.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn has_mail_report(&self, name: &str) -> Result<bool, StoreError> {
        let tenant = self.keys().await?;
        let sql = "SELECT 1 FROM mail_reports WHERE tenant = ? AND reference = ?";
        let values = vec![tenant.seq.into(), reference_of(&tenant, name).into()];
        Ok(self.shared.one(sql, values).await?.is_some())
    }

    /// Keeps a report, once per reference; `false` = it is there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keep_mail_report(&self, new: NewMailReport, entry: Entry) -> Result<bool, StoreError> {
        let tenant = self.keys().await?;
        let entries = vec![entry];
        self.admissible(&entries)?;
        let reference = reference_of(&tenant, &new.reference);
        let rng = self.shared.keyring.rng();
        let about = tenant.sealer().seal(about_report(&reference), new.about.as_bytes(), rng)?;
        let row = vec![
            tenant.seq.into(),
            reference.into(),
            new.kind.into(),
            new.at.as_microsecond().into(),
            i32::from(new.doubts_signature).into(),
            Hex(&about).to_string().into(),
        ];
        let tail = "ON CONFLICT (tenant, reference) DO NOTHING";
        self.shared.queue.write(Insert { tenant, table: &MAIL_REPORTS, head: INSERT, row, tail, entries }).await
    }

    /// Reports, newest first, below `before`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn mail_reports(&self, before: Option<i64>, limit: u32) -> Result<Vec<MailReport>, StoreError> {
        let tenant = self.keys().await?;
        let sql = "SELECT seq, kind, at, doubts_signature, about, reviewed_at, reviewed_by, reference FROM mail_reports \
             WHERE tenant = ? AND seq < ? ORDER BY seq DESC LIMIT ?";
        let values = vec![tenant.seq.into(), before.unwrap_or(i64::MAX).into(), limit.into()];
        let rows = self.shared.all(sql, values).await?;
        let read = |row| {
            Ok(MailReport {
                number: column(row, 0)?,
                kind: column(row, 1)?,
                at: time(row, 2)?,
                doubts_signature: column::<i32>(row, 3)? != 0,
                about: opened(&tenant, &column::<String>(row, 7)?, column(row, 4)?)?,
                reviewed_at: optional_time(row, 5)?,
                reviewed_by: column(row, 6)?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Notes that a person looked at a report: who and when stand in `entry`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: no such report waits.
    pub async fn review_mail_report(&self, number: i64, entry: Entry) -> Result<(), StoreError> {
        let tenant = self.keys().await?;
        self.admissible(std::slice::from_ref(&entry))?;
        self.shared.queue.write(Review { tenant, table: &MAIL_REPORTS, number, entry }).await
    }
}

impl Reading {
    /// Whether a report that came since `since`, and that nobody has looked at, says that our own signature does not hold.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then nothing may be sent.
    pub async fn signature_is_doubted(&mut self, since: Timestamp) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM mail_reports \
             WHERE tenant = ? AND doubts_signature = 1 AND reviewed_at IS NULL AND at >= ? LIMIT 1";
        let values = [self.tenant.seq.into(), since.as_microsecond().into()];
        Ok(self.one(sql, &values).await?.is_some())
    }
}
