//! Alerts: what somebody must look at now (RULES CHT-01). One is raised in the transaction in which what it is about is kept, and who took
//! it up is written once. A row names nobody: the patient stands there as a keyed index, and what was written stays where it is sealed.

use crate::contacts::opened_inbound;
use crate::coverage::ALERTS;
use crate::database::{Failure, Row, Value, array, column, optional_time, places, time, word};
use crate::keys::{Index, TenantKeys};
use crate::open::{Store, Tenanted};
use crate::records::StoreError;
use crate::rows::Insert;
use crate::writer::{Tx, Write};
use jiff::Timestamp;
use postern_base::{Channel, PatientId, Phi, TenantId};
use postern_ledger::Entry;
use std::sync::Arc;

/// An alert to raise where nothing was kept of what was written.
#[derive(Debug, Clone)]
pub struct NewAlert {
    /// The rule that asks for it.
    pub rule: &'static str,
    /// By which channel the patient wrote.
    pub channel: Channel,
    /// Who wrote.
    pub patient: PatientId,
}

/// An alert.
#[derive(Debug, Clone)]
pub struct AlertRecord {
    /// Its number.
    pub number: i64,
    /// The rule that asks for it.
    pub rule: String,
    /// By which channel the patient wrote.
    pub channel: Channel,
    /// When.
    pub at: Timestamp,
    /// Who wrote, or whose contact point it came from; nobody = it is not known.
    pub patients: Vec<PatientId>,
    /// The number of what was written; `None` = nothing of it was kept.
    pub inbound: Option<i64>,
    /// When the duty contact took the last word of it that was taken.
    pub told_at: Option<Timestamp>,
    /// When it had waited too long.
    pub escalated_at: Option<Timestamp>,
    /// When somebody took it up.
    pub acknowledged_at: Option<Timestamp>,
    /// Who.
    pub acknowledged_by: Option<String>,
}

/// An alert that waits, of any tenant.
#[derive(Debug, Clone)]
pub struct WaitingAlert {
    /// Whose.
    pub tenant: TenantId,
    /// Its number.
    pub number: i64,
    /// When it was raised.
    pub at: Timestamp,
    /// The duty contact took the last word that there was of it: that it is there, and once it is late, that it is late.
    pub told: bool,
    /// It has waited too long, and that was written down.
    pub escalated: bool,
}

/// What is written down of an alert that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertMark {
    /// The duty contact took word of it.
    Told,
    /// It has waited too long.
    Escalated,
}

const RAISE: &str = "INSERT INTO alerts (tenant, rule, channel, at, patient, inbound) VALUES";
const ROWS: &str = "SELECT seq, rule, channel, at, patient, inbound, told_at, escalated_at, acknowledged_at, \
     acknowledged_by, (SELECT i.point FROM inbound i WHERE i.tenant = alerts.tenant AND i.seq = alerts.inbound) FROM alerts";

/// Raises an alert about what came in, in the transaction that keeps it.
#[derive(Debug)]
pub(crate) struct Raise {
    pub(crate) tenant: Arc<TenantKeys>,
    /// The vendor and its reference, by which the row is found again.
    pub(crate) reference: (String, String),
    pub(crate) rule: &'static str,
    pub(crate) entry: Entry,
}

impl Raise {
    pub(crate) async fn run(&self, tx: &mut Tx) -> Result<(), Failure> {
        let tenant = &self.tenant;
        let (vendor, reference) = &self.reference;
        let sql = "SELECT channel, at, patient, seq FROM inbound WHERE tenant = ? AND vendor = ? AND reference = ?";
        let values = vec![tenant.seq.into(), vendor.as_str().into(), reference.as_str().into()];
        let row = tx.one(sql, values).await?.ok_or(StoreError::Damaged)?;
        let values = vec![
            tenant.seq.into(),
            self.rule.into(),
            column::<String>(&row, 0)?.into(),
            column::<i64>(&row, 1)?.into(),
            Value::from(column::<Option<Vec<u8>>>(&row, 2)?),
            column::<i64>(&row, 3)?.into(),
        ];
        tx.write(tenant, &ALERTS, &format!("{RAISE} ({})", places(values.len())), values).await?;
        tx.append(tenant, &self.entry).await?;
        Ok(())
    }
}

/// Changes a row that waits; whoever comes second changes nothing.
#[derive(Debug)]
struct Change {
    tenant: Arc<TenantKeys>,
    number: i64,
    set: &'static str,
    values: Vec<Value>,
    entry: Entry,
}

impl Write for Change {
    type Output = bool;
    async fn run(&self, tx: &mut Tx) -> Result<bool, Failure> {
        let sql = format!("UPDATE alerts SET {} AND tenant = ? AND seq = ?", self.set);
        let mut values = self.values.clone();
        values.extend([self.tenant.seq.into(), self.number.into()]);
        let changed = tx.write(&self.tenant, &ALERTS, &sql, values).await? > 0;
        if changed {
            tx.append(&self.tenant, &self.entry).await?;
        }
        Ok(changed)
    }
}

impl Store {
    /// Alerts that nobody has taken up, of every tenant, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn waiting_alerts(&self, limit: u32) -> Result<Vec<WaitingAlert>, StoreError> {
        // A word taken before the alert was late says nothing of that.
        let sql = "SELECT t.name, a.seq, a.at, a.told_at IS NOT NULL AND a.told_at >= COALESCE(a.escalated_at, a.told_at), \
             a.escalated_at IS NOT NULL FROM alerts a JOIN tenants t ON t.seq = a.tenant WHERE a.acknowledged_at IS NULL ORDER BY a.at LIMIT ?";
        let rows = self.shared.all(sql, vec![i64::from(limit).into()]).await?;
        let read = |row: &Row| {
            let flag = |at: usize| column::<i64>(row, at).map(|flag| flag != 0);
            Ok(WaitingAlert {
                tenant: word(row, 0)?,
                number: column(row, 1)?,
                at: time(row, 2)?,
                told: flag(3)?,
                escalated: flag(4)?,
            })
        };
        rows.iter().map(read).collect()
    }
}

impl Tenanted {
    /// Raises an alert where nothing was kept of what was written.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn raise_alert(&self, new: NewAlert, entry: Entry) -> Result<(), StoreError> {
        let tenant = self.keys().await?;
        let row = vec![
            tenant.seq.into(),
            new.rule.into(),
            new.channel.as_str().into(),
            entry.at.as_microsecond().into(),
            tenant.patient(&new.patient).to_vec().into(),
            Value::Null,
        ];
        let entries = vec![entry];
        self.admissible(&entries)?;
        self.shared.queue.write(Insert { tenant, table: &ALERTS, head: RAISE, row, tail: "", entries }).await?;
        Ok(())
    }

    /// Alerts below `before`, the newest first; those that wait alone, where `waiting`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Damaged`].
    pub async fn alerts(&self, waiting: bool, before: Option<i64>, limit: u32) -> Result<Vec<AlertRecord>, StoreError> {
        let tenant = self.keys().await?;
        let open = if waiting { "AND acknowledged_at IS NULL" } else { "" };
        let sql = format!("{ROWS} WHERE tenant = ? AND seq < ? {open} ORDER BY seq DESC LIMIT ?");
        let values = vec![tenant.seq.into(), before.unwrap_or(i64::MAX).into(), i64::from(limit).into()];
        let mut found = Vec::new();
        for row in self.shared.all(&sql, values).await? {
            found.push(self.alert(&tenant, &row).await?);
        }
        Ok(found)
    }

    async fn alert(&self, tenant: &Arc<TenantKeys>, row: &Row) -> Result<AlertRecord, StoreError> {
        let written_by = column::<Option<Vec<u8>>>(row, 4)?;
        let owners = match (written_by, column::<Option<Vec<u8>>>(row, 10)?) {
            (Some(patient), _) => vec![patient],
            (None, Some(point)) => self.patients_at(tenant, point).await?,
            (None, None) => Vec::new(),
        };
        let mut patients = Vec::with_capacity(owners.len());
        for owner in owners {
            let owner: Index = owner.try_into().map_err(|_| StoreError::Damaged)?;
            match self.patient_of(tenant, owner).await {
                Err(StoreError::KeyDestroyed) => {}
                patient => patients.push(patient?),
            }
        }
        patients.sort();
        Ok(AlertRecord {
            number: column(row, 0)?,
            rule: column(row, 1)?,
            channel: word(row, 2)?,
            at: time(row, 3)?,
            patients,
            inbound: column(row, 5)?,
            told_at: optional_time(row, 6)?,
            escalated_at: optional_time(row, 7)?,
            acknowledged_at: optional_time(row, 8)?,
            acknowledged_by: column(row, 9)?,
        })
    }

    async fn patients_at(&self, tenant: &Arc<TenantKeys>, point: Vec<u8>) -> Result<Vec<Vec<u8>>, StoreError> {
        let sql = "SELECT DISTINCT patient FROM points WHERE tenant = ? AND point = ? AND patient IS NOT NULL";
        let rows = self.shared.all(sql, vec![tenant.seq.into(), point.into()]).await?;
        rows.iter().map(|row| column(row, 0)).collect()
    }

    /// From where and what was written that an alert is about; `None` = there is no such alert, nothing of it was kept, or the key of who
    /// wrote it is destroyed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Damaged`].
    pub async fn alert_text(&self, number: i64) -> Result<Option<(Phi<String>, Phi<String>)>, StoreError> {
        let tenant = self.keys().await?;
        let sql = "SELECT i.patient, i.name, i.text FROM alerts a JOIN inbound i ON i.tenant = a.tenant AND i.seq = a.inbound \
             WHERE a.tenant = ? AND a.seq = ?";
        let Some(row) = self.shared.one(sql, vec![tenant.seq.into(), number.into()]).await? else { return Ok(None) };
        let name: [u8; 16] = array(&row, 1)?;
        let sealed: Vec<u8> = column(&row, 2)?;
        if column::<Option<Vec<u8>>>(&row, 0)?.is_none() {
            return opened_inbound(tenant.sealer(), &name, &sealed).map(Some);
        }
        match self.patient_key(&tenant, array(&row, 0)?).await {
            Err(StoreError::KeyDestroyed) => Ok(None),
            key => opened_inbound(key?.sealer(), &name, &sealed).map(Some),
        }
    }

    /// Notes who took an alert up, as the entry says; `false` = somebody had.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: there is no such alert.
    pub async fn acknowledge_alert(&self, number: i64, entry: Entry) -> Result<bool, StoreError> {
        let tenant = self.keys().await?;
        let there = "SELECT 1 FROM alerts WHERE tenant = ? AND seq = ?";
        if self.shared.one(there, vec![tenant.seq.into(), number.into()]).await?.is_none() {
            return Err(StoreError::NotFound);
        }
        let set = "acknowledged_at = ?, acknowledged_by = ? WHERE acknowledged_at IS NULL";
        let values = vec![entry.at.as_microsecond().into(), entry.actor.as_str().into()];
        self.change_alert(tenant, number, set, values, entry).await
    }

    /// Writes down that the duty contact was told of an alert, or that it has waited too long; `false` = that was written down, or somebody
    /// has taken it up.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn mark_alert(&self, number: i64, mark: AlertMark, entry: Entry) -> Result<bool, StoreError> {
        let tenant = self.keys().await?;
        let set = match mark {
            AlertMark::Told => {
                "told_at = ? WHERE (told_at IS NULL OR told_at < escalated_at) AND acknowledged_at IS NULL"
            }
            AlertMark::Escalated => "escalated_at = ? WHERE escalated_at IS NULL AND acknowledged_at IS NULL",
        };
        let values = vec![entry.at.as_microsecond().into()];
        self.change_alert(tenant, number, set, values, entry).await
    }

    async fn change_alert(
        &self,
        tenant: Arc<TenantKeys>,
        number: i64,
        set: &'static str,
        values: Vec<Value>,
        entry: Entry,
    ) -> Result<bool, StoreError> {
        self.admissible(std::slice::from_ref(&entry))?;
        self.shared.queue.write(Change { tenant, number, set, values, entry }).await
    }
}
