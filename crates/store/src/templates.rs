//! A tenant's own templates, every version of them. What the states mean, and who may move a version, the engine knows; here a
//! move is made only from the state that the engine saw.

use crate::coverage::TEMPLATES;
use crate::database::{Failure, Row, Value, column, time, word};
use crate::keys::TenantKeys;
use crate::open::Tenanted;
use crate::records::StoreError;
use crate::writer::{Tx, Write};
use jiff::Timestamp;
use postern_ledger::Entry;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Where a version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TemplateState {
    /// Somebody writes on it.
    Draft,
    /// Somebody asks that it be used.
    Proposed,
    /// It is in use: a second person agreed.
    Approved,
    /// A later version is in use.
    Superseded,
    /// It is used no more.
    Retired,
}

impl TemplateState {
    /// Every state.
    pub const ALL: &'static [Self] = &[Self::Draft, Self::Proposed, Self::Approved, Self::Superseded, Self::Retired];

    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Proposed => "proposed",
            Self::Approved => "approved",
            Self::Superseded => "superseded",
            Self::Retired => "retired",
        }
    }
}

impl fmt::Display for TemplateState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for TemplateState {
    type Err = StoreError;
    fn from_str(word: &str) -> Result<Self, StoreError> {
        Self::ALL.iter().copied().find(|state| state.as_str() == word).ok_or(StoreError::Damaged)
    }
}

/// A version of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateRecord {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// Where it stands.
    pub state: TemplateState,
    /// The file.
    pub source: String,
    /// Who wrote it.
    pub drafted_by: String,
    /// Who asked that it be used.
    pub proposed_by: Option<String>,
    /// Who agreed.
    pub approved_by: Option<String>,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// Moves a version from one state to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateMove {
    /// The template.
    pub name: String,
    /// The version.
    pub version: u32,
    /// The state it must be in.
    pub from: TemplateState,
    /// The state it gets. A version that becomes approved supersedes the one that was.
    pub to: TemplateState,
    /// Who moves it.
    pub by: String,
}

#[derive(Debug)]
struct Insert {
    tenant: Arc<TenantKeys>,
    record: TemplateRecord,
    entry: Entry,
}

impl Write for Insert {
    type Output = ();
    async fn run(&self, tx: &mut Tx) -> Result<(), Failure> {
        let TemplateRecord { name, version, state, source, drafted_by, proposed_by, approved_by, changed_at } =
            self.record.clone();
        let sql = "INSERT INTO templates (tenant, name, version, state, source, drafted_by, proposed_by, approved_by, \
             changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let values = vec![
            self.tenant.seq.into(),
            name.into(),
            version.into(),
            state.as_str().into(),
            source.into(),
            drafted_by.into(),
            proposed_by.into(),
            approved_by.into(),
            changed_at.as_microsecond().into(),
        ];
        tx.write(&self.tenant, &TEMPLATES, sql, values).await?;
        tx.append(&self.tenant, &self.entry).await?;
        Ok(())
    }
}

#[derive(Debug)]
struct Move {
    tenant: Arc<TenantKeys>,
    step: TemplateMove,
    entry: Entry,
}

impl Write for Move {
    type Output = bool;
    async fn run(&self, tx: &mut Tx) -> Result<bool, Failure> {
        let now: Value = tx.now.as_microsecond().into();
        let TemplateMove { name, version, from, to, by } = self.step.clone();
        let tenant: Value = self.tenant.seq.into();
        // Who approves is somebody else than who proposed, whatever was read before this transaction (RULES SYS-09).
        let (set, unless) = match to {
            TemplateState::Proposed => (", proposed_by = ?", ""),
            TemplateState::Approved => (", approved_by = ?", " AND proposed_by <> ?"),
            _ => ("", ""),
        };
        let sql = format!(
            "UPDATE templates SET state = ?, changed_at = ?{set} WHERE tenant = ? AND name = ? AND version = ? AND state = ?{unless}"
        );
        let mut values: Vec<Value> = vec![to.as_str().into(), now.clone()];
        if !set.is_empty() {
            values.push(by.clone().into());
        }
        values.extend([tenant.clone(), name.clone().into(), version.into(), from.as_str().into()]);
        if !unless.is_empty() {
            values.push(by.into());
        }
        if tx.write(&self.tenant, &TEMPLATES, &sql, values).await? == 0 {
            return Ok(false);
        }
        if to == TemplateState::Approved {
            let sql = "UPDATE templates SET state = 'superseded', changed_at = ? WHERE tenant = ? AND name = ? \
                 AND state = 'approved' AND version <> ?";
            tx.write(&self.tenant, &TEMPLATES, sql, vec![now, tenant, name.into(), version.into()]).await?;
        }
        tx.append(&self.tenant, &self.entry).await?;
        Ok(true)
    }
}

fn read(row: &Row) -> Result<TemplateRecord, StoreError> {
    Ok(TemplateRecord {
        name: column(row, 0)?,
        version: column(row, 1)?,
        state: word(row, 2)?,
        source: column(row, 3)?,
        drafted_by: column(row, 4)?,
        proposed_by: column(row, 5)?,
        approved_by: column(row, 6)?,
        changed_at: time(row, 7)?,
    })
}

impl Tenanted {
    /// Every version of every template, by name and version.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when a row does not read.
    pub async fn templates(&self) -> Result<Vec<TemplateRecord>, StoreError> {
        let tenant = self.keys().await?;
        let sql = "SELECT name, version, state, source, drafted_by, proposed_by, approved_by, changed_at FROM templates \
             WHERE tenant = ? ORDER BY name, version";
        self.shared.all(sql, vec![tenant.seq.into()]).await?.iter().map(read).collect()
    }

    /// Stores a new version. A version that is there already is never overwritten.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the version is there already.
    pub async fn add_template(&self, record: TemplateRecord, entry: Entry) -> Result<(), StoreError> {
        let tenant = self.keys().await?;
        self.admissible(std::slice::from_ref(&entry))?;
        self.shared.queue.write(Insert { tenant, record, entry }).await
    }

    /// Moves a version; `false` = it is not in that state now, or who would approve it is who proposed it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn move_template(&self, step: TemplateMove, entry: Entry) -> Result<bool, StoreError> {
        let tenant = self.keys().await?;
        self.admissible(std::slice::from_ref(&entry))?;
        self.shared.queue.write(Move { tenant, step, entry }).await
    }
}
