//! The accounts of patients and of who stands for them: sealed with the key of the patient they were first made for, so that nothing of
//! them opens once that key is destroyed. What is in an account is the engine's business.
//!
//! Whatever belongs together is one [`PortalStep`] list and one transaction: an enrolment is there whole or not at all.

mod accounts;
mod copies;
mod sessions;
mod tries;

pub use accounts::{PortalAccount, PortalInvitation, PortalPerson};
pub use copies::{PortalEntry, PortalLink};
pub use sessions::PortalSession;
pub use tries::{PortalAdmission, PortalCounted, PortalTries, PortalWait};

use crate::coverage::{PORTAL_ACCOUNTS, PORTAL_INVITATIONS, PORTAL_LINKS, PORTAL_PERSONS, PORTAL_READS, Table};
use crate::database::{Failure, Value, bytes};
use crate::keys::{Field, Index, PatientKey, TenantKeys};
use crate::open::Tenanted;
use crate::records::StoreError;
use crate::seal::Place;
use crate::writer::{Tx, Write};
use jiff::Timestamp;
use postern_base::{AccountId, MessageId, PatientId, Phi, SessionId};
use postern_ledger::Entry;
use std::sync::Arc;
use uuid::Uuid;

/// One change of an account or of what belongs to it.
#[derive(Debug, Clone)]
pub enum PortalStep {
    /// Someone may enrol.
    Invite(PortalInvitation, [u8; 32]),
    /// An invitation is used up. It must be alive: not used, not over.
    UseInvitation(Uuid),
    /// Somebody answers an invitation: counted before the answer is weighed, where fewer than so many were. Nothing is written of more.
    TryInvitation(Uuid, u32),
    /// The answer was right: it counts no more.
    TakeBackTry(Uuid),
    /// Makes an account, or changes the version of it that was seen.
    PutAccount {
        /// The account as it will be. Its `version` is the one that was seen; 0 = it is new.
        account: PortalAccount,
    },
    /// The account may ask for a patient's record. Nobody else may stand for the same person.
    AddPerson(PortalPerson),
    /// It may not any more.
    EndPerson(Uuid),
    /// Another account stands for that person from now on. It must stand.
    MovePerson(Uuid, AccountId),
    /// Signs in: the digest of the session's token comes with it.
    AddSession(PortalSession, [u8; 32]),
    /// Raises or turns a session, under a new token; the old one is nobody's from then on. It must not have ended.
    TurnSession(PortalSession, [u8; 32]),
    /// Signs out. One that has ended stays as it is.
    EndSession(SessionId),
    /// Signs an account out everywhere, but for one session.
    EndSessions(AccountId, Option<SessionId>),
    /// Somebody signed in came by the link of a message's notice. It must not have been used.
    UseLink(MessageId),
    /// An account read a message. Only the first time is kept.
    Read(MessageId, AccountId),
}

/// A step ready to be written.
#[derive(Debug)]
struct Ready {
    table: &'static Table,
    /// A question that must have an answer, or nothing of the change happens.
    needs: Option<(&'static str, Vec<Value>)>,
    sql: &'static str,
    values: Vec<Value>,
}

#[derive(Debug)]
struct Change {
    tenant: Arc<TenantKeys>,
    steps: Vec<Ready>,
    entries: Vec<Entry>,
}

impl Write for Change {
    /// How many rows were written.
    type Output = u64;
    async fn run(&self, tx: &mut Tx) -> Result<u64, Failure> {
        for step in &self.steps {
            if let Some((sql, values)) = &step.needs
                && tx.one(sql, values.clone()).await?.is_none()
            {
                return Err(StoreError::NotFound.into());
            }
        }
        let mut written = 0;
        for step in &self.steps {
            written += tx.write(&self.tenant, step.table, step.sql, step.values.clone()).await?;
        }
        if written > 0 {
            for entry in &self.entries {
                tx.append(&self.tenant, entry).await?;
            }
        }
        Ok(written)
    }
}

/// The place of the sealed part of a row.
const fn content_of<'r>(table: &'static str, id: &'r [u8]) -> Place<'r> {
    Place { table, column: "content", row: id }
}

fn micros(at: Option<Timestamp>) -> Value {
    at.map(|at| at.as_microsecond()).into()
}

/// The index of a person: a patient alone, or somebody related to them.
fn who(tenant: &TenantKeys, patient: &PatientId, person: Option<&Phi<String>>) -> Index {
    let related = person.map_or("", |person| person.reveal());
    tenant.index(Field::Person, format!("{}\n{related}", patient.as_str()).as_bytes())
}

/// The index of a name that somebody signs in by: one name however it is written.
fn name_index(tenant: &TenantKeys, name: &str) -> Index {
    tenant.index(Field::SignInName, name.trim().to_lowercase().as_bytes())
}

impl Tenanted {
    /// Does all of `steps` in one transaction with their entries, or nothing. Gives how many rows were written; where none was, no entry
    /// is written either.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: something was not as a step needs it. [`StoreError::KeyDestroyed`], [`StoreError::Unavailable`].
    pub async fn portal_change(&self, steps: Vec<PortalStep>, entries: Vec<Entry>) -> Result<u64, StoreError> {
        let tenant = self.keys().await?;
        self.admissible(&entries)?;
        let mut ready = Vec::with_capacity(steps.len());
        for step in &steps {
            ready.push(self.ready(&tenant, step).await?);
        }
        self.shared.queue.write(Change { tenant, steps: ready, entries }).await
    }

    async fn ready(&self, tenant: &Arc<TenantKeys>, step: &PortalStep) -> Result<Ready, StoreError> {
        let now = self.shared.clock.now().as_microsecond();
        let seq: Value = tenant.seq.into();
        Ok(match step {
            PortalStep::Invite(invitation, secret) => self.invite(tenant, invitation, secret).await?,
            PortalStep::UseInvitation(id) => Ready {
                table: &PORTAL_INVITATIONS,
                needs: Some((
                    "SELECT 1 FROM portal_invitations WHERE tenant = ? AND id = ? AND used_at IS NULL AND expires_at > ?",
                    vec![seq.clone(), bytes(*id), now.into()],
                )),
                sql: "UPDATE portal_invitations SET used_at = ? WHERE tenant = ? AND id = ?",
                values: vec![now.into(), seq, bytes(*id)],
            },
            PortalStep::TryInvitation(id, most) => Ready {
                table: &PORTAL_INVITATIONS,
                needs: None,
                sql: "UPDATE portal_invitations SET tries = tries + 1 WHERE tenant = ? AND id = ? AND used_at IS NULL AND tries < ?",
                values: vec![seq, bytes(*id), i64::from(*most).into()],
            },
            PortalStep::TakeBackTry(id) => Ready {
                table: &PORTAL_INVITATIONS,
                needs: None,
                sql: "UPDATE portal_invitations SET tries = tries - 1 WHERE tenant = ? AND id = ? AND used_at IS NULL AND tries > 0",
                values: vec![seq, bytes(*id)],
            },
            PortalStep::PutAccount { account } => self.put_account(tenant, account).await?,
            PortalStep::AddPerson(person) => self.add_person(tenant, person).await?,
            PortalStep::EndPerson(id) => Ready {
                table: &PORTAL_PERSONS,
                needs: None,
                sql: "UPDATE portal_persons SET ended_at = ? WHERE tenant = ? AND id = ? AND ended_at IS NULL",
                values: vec![now.into(), seq, bytes(*id)],
            },
            PortalStep::MovePerson(id, account) => Ready {
                table: &PORTAL_PERSONS,
                needs: Some((
                    "SELECT 1 FROM portal_persons WHERE tenant = ? AND id = ? AND ended_at IS NULL",
                    vec![seq.clone(), bytes(*id)],
                )),
                sql: "UPDATE portal_persons SET account = ? WHERE tenant = ? AND id = ?",
                values: vec![bytes(account.0), seq, bytes(*id)],
            },
            PortalStep::AddSession(..)
            | PortalStep::TurnSession(..)
            | PortalStep::EndSession(..)
            | PortalStep::EndSessions(..) => sessions::ready(tenant, step, now)?,
            PortalStep::UseLink(message) => Ready {
                table: &PORTAL_LINKS,
                needs: Some((
                    "SELECT 1 FROM portal_links WHERE tenant = ? AND message = ? AND used_at IS NULL",
                    vec![seq.clone(), bytes(message.0)],
                )),
                sql: "UPDATE portal_links SET used_at = ? WHERE tenant = ? AND message = ?",
                values: vec![now.into(), seq, bytes(message.0)],
            },
            PortalStep::Read(message, account) => Ready {
                table: &PORTAL_READS,
                needs: None,
                sql: "INSERT INTO portal_reads (tenant, message, account, read_at) VALUES (?, ?, ?, ?) \
                      ON CONFLICT (tenant, message, account) DO NOTHING",
                values: vec![seq, bytes(message.0), bytes(account.0), now.into()],
            },
        })
    }

    async fn invite(
        &self,
        tenant: &Arc<TenantKeys>,
        invitation: &PortalInvitation,
        secret: &[u8; 32],
    ) -> Result<Ready, StoreError> {
        let key = self.key_of(tenant, &invitation.patient).await?;
        let place = content_of("portal_invitations", invitation.id.as_bytes());
        let content = key.sealer().seal(place, invitation.content.reveal(), self.shared.keyring.rng())?;
        Ok(Ready {
            table: &PORTAL_INVITATIONS,
            needs: None,
            sql: "INSERT INTO portal_invitations (tenant, id, secret, patient, made_at, expires_at, tries, content) \
                  VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
            values: vec![
                tenant.seq.into(),
                bytes(invitation.id),
                secret.to_vec().into(),
                key.index.to_vec().into(),
                invitation.made_at.as_microsecond().into(),
                invitation.expires_at.as_microsecond().into(),
                content.into(),
            ],
        })
    }

    async fn put_account(&self, tenant: &Arc<TenantKeys>, account: &PortalAccount) -> Result<Ready, StoreError> {
        let key = self.key_of(tenant, &account.patient).await?;
        let id = account.id.0;
        let place = content_of("portal_accounts", id.as_bytes());
        let content = key.sealer().seal(place, account.content.reveal(), self.shared.keyring.rng())?;
        let name = account.name.as_ref().map(|name| name_index(tenant, name.reveal()).to_vec());
        let now = self.shared.clock.now().as_microsecond();
        let free = "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM portal_accounts WHERE tenant = ? AND name = ? AND id <> ?) \
             AND (? = 0 OR EXISTS (SELECT 1 FROM portal_accounts WHERE tenant = ? AND id = ? AND version = ?))";
        let seq = || Value::from(tenant.seq);
        Ok(Ready {
            table: &PORTAL_ACCOUNTS,
            needs: Some((
                free,
                vec![
                    seq(),
                    name.clone().into(),
                    bytes(id),
                    account.version.into(),
                    seq(),
                    bytes(id),
                    account.version.into(),
                ],
            )),
            sql: "INSERT INTO portal_accounts (tenant, id, patient, name, version, changed_at, content) \
                  VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, id) DO UPDATE SET name = excluded.name, \
                  version = excluded.version, changed_at = excluded.changed_at, content = excluded.content",
            values: vec![
                seq(),
                bytes(id),
                key.index.to_vec().into(),
                name.into(),
                account.version.saturating_add(1).into(),
                now.into(),
                content.into(),
            ],
        })
    }

    async fn add_person(&self, tenant: &Arc<TenantKeys>, person: &PortalPerson) -> Result<Ready, StoreError> {
        let key = self.key_of(tenant, &person.patient).await?;
        let place = content_of("portal_persons", person.id.as_bytes());
        let related = person.person.as_ref().map_or(&b""[..], |related| related.reveal().as_bytes());
        let content = key.sealer().seal(place, related, self.shared.keyring.rng())?;
        let who = who(tenant, &person.patient, person.person.as_ref()).to_vec();
        let seq = || Value::from(tenant.seq);
        Ok(Ready {
            table: &PORTAL_PERSONS,
            needs: Some((
                "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM portal_persons WHERE tenant = ? AND who = ? AND ended_at IS NULL)",
                vec![seq(), who.clone().into()],
            )),
            sql: "INSERT INTO portal_persons (tenant, id, account, patient, who, added_at, content) \
                  VALUES (?, ?, ?, ?, ?, ?, ?)",
            values: vec![
                seq(),
                bytes(person.id),
                bytes(person.account.0),
                key.index.to_vec().into(),
                who.into(),
                person.added_at.as_microsecond().into(),
                content.into(),
            ],
        })
    }

    /// The key of a patient who is on record.
    async fn key_of(&self, tenant: &Arc<TenantKeys>, patient: &PatientId) -> Result<Arc<PatientKey>, StoreError> {
        let index = tenant.patient(patient);
        self.shared.keyring.patient(&self.shared.readers, tenant, index).await?.ok_or(StoreError::NotFound)
    }
}
