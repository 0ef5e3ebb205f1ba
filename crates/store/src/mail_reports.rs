//! What other mail hosts report on our own domain: numbers, and who says so. Nothing in a report is about a patient.

use crate::coverage::MAIL_REPORTS;
use crate::database::{column, optional_time, time};
use crate::open::Tenanted;
use crate::reading::Reading;
use crate::records::StoreError;
use crate::rows::{Insert, Review};
use jiff::Timestamp;
use postern_ledger::Entry;

/// A report to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMailReport {
    /// Names it; the same name twice is the same report.
    pub reference: String,
    /// `dmarc` or `tls`.
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
    /// `dmarc` or `tls`.
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

impl Tenanted {
    /// Keeps a report, once per reference; `false` = it is there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keep_mail_report(&self, new: NewMailReport, entry: Entry) -> Result<bool, StoreError> {
        let tenant = self.keys().await?;
        let entries = vec![entry];
        self.admissible(&entries)?;
        let row = vec![
            tenant.seq.into(),
            new.reference.into(),
            new.kind.into(),
            new.at.as_microsecond().into(),
            i32::from(new.doubts_signature).into(),
            new.about.into(),
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
        let sql = "SELECT seq, kind, at, doubts_signature, about, reviewed_at, reviewed_by FROM mail_reports \
             WHERE tenant = ? AND seq < ? ORDER BY seq DESC LIMIT ?";
        let values = vec![tenant.seq.into(), before.unwrap_or(i64::MAX).into(), limit.into()];
        let rows = self.shared.all(sql, values).await?;
        let read = |row| {
            Ok(MailReport {
                number: column(row, 0)?,
                kind: column(row, 1)?,
                at: time(row, 2)?,
                doubts_signature: column::<i32>(row, 3)? != 0,
                about: column(row, 4)?,
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
