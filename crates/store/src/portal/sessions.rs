//! Sessions of accounts. A session's token is stored as its SHA-256 alone.

use super::{PortalStep, Ready, micros};
use crate::coverage::PORTAL_SESSIONS;
use crate::database::{Failure, Row, Value, bytes, column, id, optional_time, time, word};
use crate::keys::TenantKeys;
use crate::open::{Store, Tenanted};
use crate::records::StoreError;
use crate::writer::{Tx, Write};
use jiff::Timestamp;
use postern_base::{AccountId, SessionId, TenantId};
use uuid::Uuid;

/// A session.
#[derive(Debug, Clone)]
pub struct PortalSession {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub account: AccountId,
    /// The row of [`crate::PortalPerson`] whose record is looked at.
    pub person: Uuid,
    /// The assurance it was signed in with: 1 or 2.
    pub aal: u32,
    /// When it began.
    pub made_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
    /// When a strong factor was last shown.
    pub confirmed_at: Option<Timestamp>,
    /// When it ended; `None` = it was not ended.
    pub ended_at: Option<Timestamp>,
    /// A word for the kind of browser.
    pub browser: String,
}

const COLUMNS: &str = "s.id, s.account, s.person, s.aal, s.made_at, s.seen_at, s.confirmed_at, s.ended_at, s.browser";

pub(super) fn ready(tenant: &TenantKeys, step: &PortalStep, now: i64) -> Result<Ready, StoreError> {
    let seq: Value = tenant.seq.into();
    let (needs, sql, values) = match step {
        PortalStep::AddSession(session, token) => (
            None,
            "INSERT INTO portal_sessions (tenant, id, account, person, token, aal, made_at, seen_at, confirmed_at, browser) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            vec![
                seq,
                bytes(session.id.0),
                bytes(session.account.0),
                bytes(session.person),
                token.to_vec().into(),
                session.aal.into(),
                session.made_at.as_microsecond().into(),
                session.seen_at.as_microsecond().into(),
                micros(session.confirmed_at),
                session.browser.clone().into(),
            ],
        ),
        PortalStep::TurnSession(session, token) => (
            Some((
                "SELECT 1 FROM portal_sessions WHERE tenant = ? AND id = ? AND ended_at IS NULL",
                vec![seq.clone(), bytes(session.id.0)],
            )),
            "UPDATE portal_sessions SET token = ?, person = ?, aal = ?, confirmed_at = ?, seen_at = ? \
             WHERE tenant = ? AND id = ?",
            vec![
                token.to_vec().into(),
                bytes(session.person),
                session.aal.into(),
                micros(session.confirmed_at),
                now.into(),
                seq,
                bytes(session.id.0),
            ],
        ),
        PortalStep::EndSession(session) => (
            None,
            "UPDATE portal_sessions SET ended_at = ? WHERE tenant = ? AND id = ? AND ended_at IS NULL",
            vec![now.into(), seq, bytes(session.0)],
        ),
        PortalStep::EndSessions(account, except) => (
            None,
            "UPDATE portal_sessions SET ended_at = ? WHERE tenant = ? AND account = ? AND id <> ? AND ended_at IS NULL",
            vec![
                now.into(),
                seq,
                bytes(account.0),
                except.map_or_else(|| Value::Blob(Vec::new()), |session| bytes(session.0)),
            ],
        ),
        _ => return Err(StoreError::Damaged),
    };
    Ok(Ready { table: &PORTAL_SESSIONS, needs, sql, values })
}

/// Notes that a session is used.
#[derive(Debug)]
struct Touch {
    tenant: i64,
    session: SessionId,
}

impl Write for Touch {
    type Output = ();
    async fn run(&self, tx: &mut Tx) -> Result<(), Failure> {
        let sql = "UPDATE portal_sessions SET seen_at = ? WHERE tenant = ? AND id = ? AND ended_at IS NULL";
        let now = tx.now.as_microsecond();
        tx.execute(sql, vec![now.into(), self.tenant.into(), bytes(self.session.0)]).await?;
        Ok(())
    }
}

impl Store {
    /// The session whose token has this SHA-256, with its tenant, whether or not it has ended.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn portal_session(&self, token: &[u8; 32]) -> Result<Option<(TenantId, PortalSession)>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS}, t.name FROM portal_sessions s JOIN tenants t ON t.seq = s.tenant WHERE s.token = ?"
        );
        let row = self.shared.one(&sql, vec![token.to_vec().into()]).await?;
        row.map(|row| Ok((word(&row, 9)?, read(&row)?))).transpose()
    }
}

impl Tenanted {
    /// The sessions of an account that were not ended, the newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn portal_sessions(&self, account: AccountId) -> Result<Vec<PortalSession>, StoreError> {
        let tenant = self.keys().await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM portal_sessions s WHERE s.tenant = ? AND s.account = ? AND s.ended_at IS NULL \
             ORDER BY s.seq DESC"
        );
        self.shared.all(&sql, vec![tenant.seq.into(), bytes(account.0)]).await?.iter().map(read).collect()
    }

    /// Notes that a session is used now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn touch_portal_session(&self, session: SessionId) -> Result<(), StoreError> {
        let tenant = self.keys().await?.seq;
        self.shared.queue.write(Touch { tenant, session }).await
    }
}

fn read(row: &Row) -> Result<PortalSession, StoreError> {
    Ok(PortalSession {
        id: SessionId(id(row, 0)?),
        account: AccountId(id(row, 1)?),
        person: id(row, 2)?,
        aal: column(row, 3)?,
        made_at: time(row, 4)?,
        seen_at: time(row, 5)?,
        confirmed_at: optional_time(row, 6)?,
        ended_at: optional_time(row, 7)?,
        browser: column(row, 8)?,
    })
}
