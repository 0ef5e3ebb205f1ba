//! What came back by e-mail: addresses that mail no longer goes to, and mails that wait for a person.

use crate::coverage::{KEPT_MAIL, SUPPRESSIONS};
use crate::database::{Failure, Value, array, bytes, column, id, optional_id, optional_time, time};
use crate::keys::TenantKeys;
use crate::open::Tenanted;
use crate::reading::Reading;
use crate::records::StoreError;
use crate::rows::{Insert, Review};
use crate::seal::Place;
use crate::writer::{Tx, Write};
use jiff::Timestamp;
use postern_base::{DeliveryId, Phi};
use postern_gate::facts::Address;
use postern_ledger::Entry;
use std::sync::Arc;

/// Defines a closed set of words with one spelling each.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$of])* $variant,)* }
        impl $name {
            /// The one spelling.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
            fn read(word: &str) -> Result<Self, StoreError> {
                match word { $($word => Ok(Self::$variant),)* _ => Err(StoreError::Damaged) }
            }
        }
    };
}

words! {
    /// Why an address is no longer written to.
    SuppressionReason {
        /// Its server said that there is no such mailbox.
        HardBounce = "hard_bounce",
        /// Whoever reads it, or runs it, complained.
        Complaint = "complaint",
    }
}

words! {
    /// Why a mail waits for a person.
    MailKind {
        /// A patient's answer with more than words in it, or from an address that is not the one we wrote to.
        Reply = "reply",
        /// A machine's answer.
        AutoReply = "auto_reply",
        /// A complaint.
        Complaint = "complaint",
        /// A bounce that gives no reason that could be read.
        Bounce = "bounce",
        /// To one of the mailboxes of our domain that belong to nobody's mail.
        Role = "role",
        /// What cannot be read.
        Unreadable = "unreadable",
    }
}

/// A suppression to store.
#[derive(Debug, Clone)]
pub struct NewSuppression {
    /// Of which address.
    pub point: Address,
    /// Why.
    pub reason: SuppressionReason,
    /// The server's enhanced status code, such as `5.1.1`.
    pub code: Option<String>,
    /// The delivery that came back.
    pub delivery: DeliveryId,
    /// When.
    pub at: Timestamp,
}

/// An address that is not written to.
#[derive(Debug, Clone)]
pub struct Suppression {
    /// Its number.
    pub number: i64,
    /// Why.
    pub reason: SuppressionReason,
    /// The server's enhanced status code.
    pub code: Option<String>,
    /// The delivery that came back.
    pub delivery: DeliveryId,
    /// When.
    pub at: Timestamp,
}

/// A mail to keep.
#[derive(Debug, Clone)]
pub struct NewKeptMail {
    /// Names it; the same name twice is the same mail.
    pub reference: String,
    /// Why it waits.
    pub kind: MailKind,
    /// The delivery it came back of: its patient's key seals the mail, and the tenant's where there is none.
    pub delivery: Option<DeliveryId>,
    /// When it came.
    pub at: Timestamp,
    /// It came in TLS.
    pub secured: bool,
    /// The mail.
    pub content: Phi<Vec<u8>>,
}

/// A mail that was kept.
#[derive(Debug, Clone)]
pub struct KeptMail {
    /// Its number.
    pub number: i64,
    /// Why it waits.
    pub kind: MailKind,
    /// The delivery it came back of.
    pub delivery: Option<DeliveryId>,
    /// When it came.
    pub at: Timestamp,
    /// It came in TLS.
    pub secured: bool,
    /// When a person had looked at it.
    pub reviewed_at: Option<Timestamp>,
    /// Who.
    pub reviewed_by: Option<String>,
}

const SUPPRESSION: &str = "INSERT INTO suppressions (tenant, point, lifted, at, reason, code, delivery, actor) VALUES";
const KEEP: &str =
    "INSERT INTO kept_mail (tenant, reference, kind, delivery, patient, at, secured, name, content) VALUES";
/// A suppression that no later row lifts.
const STANDING: &str = "s.tenant = ? AND s.lifted = 0 AND NOT EXISTS (SELECT 1 FROM suppressions l \
     WHERE l.tenant = s.tenant AND l.point = s.point AND l.lifted = 1 AND l.seq > s.seq)";

const fn content_of(name: &[u8]) -> Place<'_> {
    Place { table: "kept_mail", column: "content", row: name }
}

/// Lifts a suppression that stands.
#[derive(Debug)]
struct Lift {
    tenant: Arc<TenantKeys>,
    number: i64,
    why: String,
    entry: Entry,
}

impl Write for Lift {
    type Output = ();
    async fn run(&self, tx: &mut Tx) -> Result<(), Failure> {
        let sql = format!("SELECT s.point, s.delivery FROM suppressions s WHERE {STANDING} AND s.seq = ?");
        let row = tx.one(&sql, vec![self.tenant.seq.into(), self.number.into()]).await?.ok_or(StoreError::NotFound)?;
        let point: Vec<u8> = column(&row, 0)?;
        let values = vec![
            self.tenant.seq.into(),
            point.into(),
            1.into(),
            self.entry.at.as_microsecond().into(),
            self.why.as_str().into(),
            Value::Null,
            bytes(id(&row, 1)?),
            self.entry.actor.as_str().into(),
        ];
        tx.write(&self.tenant, &SUPPRESSIONS, &format!("{SUPPRESSION} (?, ?, ?, ?, ?, ?, ?, ?)"), values).await?;
        tx.append(&self.tenant, &self.entry).await?;
        Ok(())
    }
}

impl Tenanted {
    /// Notes that an address is not written to any more, unless it is noted already for the same reason.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn suppress(&self, new: NewSuppression, entry: Entry) -> Result<(), StoreError> {
        let tenant = self.keys().await?;
        let index = tenant.point(new.point.reveal()).to_vec();
        let sql = format!("SELECT 1 FROM suppressions s WHERE {STANDING} AND s.point = ? AND s.reason = ?");
        let values = vec![tenant.seq.into(), index.clone().into(), new.reason.as_str().into()];
        if self.shared.one(&sql, values).await?.is_some() {
            return Ok(());
        }
        let entries = vec![entry];
        self.admissible(&entries)?;
        let row = vec![
            tenant.seq.into(),
            index.into(),
            0.into(),
            new.at.as_microsecond().into(),
            new.reason.as_str().into(),
            Value::from(new.code),
            bytes(new.delivery.0),
            "mail".into(),
        ];
        let insert = Insert { tenant, table: &SUPPRESSIONS, head: SUPPRESSION, row, tail: "", entries };
        self.shared.queue.write(insert).await?;
        Ok(())
    }

    /// Writes to an address again: a person says why, in a word. What was noted stays in the database.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: no such suppression stands.
    pub async fn lift_suppression(&self, number: i64, why: &str, entry: Entry) -> Result<(), StoreError> {
        let tenant = self.keys().await?;
        self.admissible(std::slice::from_ref(&entry))?;
        self.shared.queue.write(Lift { tenant, number, why: why.to_owned(), entry }).await
    }

    /// Suppressions that stand, newest first, below `before`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn suppressions(&self, before: Option<i64>, limit: u32) -> Result<Vec<Suppression>, StoreError> {
        let tenant = self.keys().await?;
        let sql = format!(
            "SELECT s.seq, s.reason, s.code, s.delivery, s.at FROM suppressions s \
             WHERE {STANDING} AND s.seq < ? ORDER BY s.seq DESC LIMIT ?"
        );
        let values = vec![tenant.seq.into(), before.unwrap_or(i64::MAX).into(), limit.into()];
        let rows = self.shared.all(&sql, values).await?;
        let read = |row| {
            Ok(Suppression {
                number: column(row, 0)?,
                reason: SuppressionReason::read(&column::<String>(row, 1)?)?,
                code: column(row, 2)?,
                delivery: DeliveryId(id(row, 3)?),
                at: time(row, 4)?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Keeps a mail, sealed, once per reference; `false` = it is there, or its patient's key was destroyed and there is nobody left
    /// to keep it for.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keep_mail(&self, new: NewKeptMail, entry: Entry) -> Result<bool, StoreError> {
        let tenant = self.keys().await?;
        let entries = vec![entry];
        self.admissible(&entries)?;
        let owner = match new.delivery {
            Some(delivery) => match self.patient_of_delivery(&tenant, delivery).await {
                Err(StoreError::KeyDestroyed) => return Ok(false),
                found => Some(found?.0),
            },
            None => None,
        };
        let rng = self.shared.keyring.rng();
        let mut name = [0u8; 16];
        rng.fill(&mut name).map_err(|_| StoreError::Unavailable)?;
        let sealer = owner.as_ref().map_or_else(|| tenant.sealer(), |key| key.sealer());
        let sealed = sealer.seal(content_of(&name), new.content.reveal(), rng)?;
        let row = vec![
            tenant.seq.into(),
            new.reference.into(),
            new.kind.as_str().into(),
            new.delivery.map_or(Value::Null, |delivery| bytes(delivery.0)),
            Value::from(owner.map(|key| key.index.to_vec())),
            new.at.as_microsecond().into(),
            i32::from(new.secured).into(),
            name.to_vec().into(),
            sealed.into(),
        ];
        let tail = "ON CONFLICT (tenant, reference) DO NOTHING";
        self.shared.queue.write(Insert { tenant, table: &KEPT_MAIL, head: KEEP, row, tail, entries }).await
    }

    /// Kept mails, newest first, below `before`; those that wait for a person, or all.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn kept_mails(
        &self,
        before: Option<i64>,
        waiting: bool,
        limit: u32,
    ) -> Result<Vec<KeptMail>, StoreError> {
        let tenant = self.keys().await?;
        let sql = "SELECT seq, kind, delivery, at, secured, reviewed_at, reviewed_by FROM kept_mail \
             WHERE tenant = ? AND seq < ? AND (reviewed_at IS NULL OR NOT ?) ORDER BY seq DESC LIMIT ?";
        let values =
            vec![tenant.seq.into(), before.unwrap_or(i64::MAX).into(), i32::from(waiting).into(), limit.into()];
        let rows = self.shared.all(sql, values).await?;
        let read = |row| {
            Ok(KeptMail {
                number: column(row, 0)?,
                kind: MailKind::read(&column::<String>(row, 1)?)?,
                delivery: optional_id(row, 2)?.map(DeliveryId),
                at: time(row, 3)?,
                secured: column::<i32>(row, 4)? != 0,
                reviewed_at: optional_time(row, 5)?,
                reviewed_by: column(row, 6)?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// A kept mail's headers and body, as they came.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::KeyDestroyed`].
    pub async fn kept_mail(&self, number: i64) -> Result<Phi<Vec<u8>>, StoreError> {
        let tenant = self.keys().await?;
        let sql = "SELECT patient, name, content FROM kept_mail WHERE tenant = ? AND seq = ?";
        let row = self.shared.one(sql, vec![tenant.seq.into(), number.into()]).await?.ok_or(StoreError::NotFound)?;
        let (name, sealed): ([u8; 16], Vec<u8>) = (array(&row, 1)?, column(&row, 2)?);
        match column::<Option<Vec<u8>>>(&row, 0)? {
            None => tenant.sealer().open(content_of(&name), &sealed),
            Some(patient) => {
                let patient = patient.try_into().map_err(|_| StoreError::Damaged)?;
                self.patient_key(&tenant, patient).await?.sealer().open(content_of(&name), &sealed)
            }
        }
    }

    /// Notes that a person looked at a kept mail: who and when stand in `entry`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]: no such mail waits.
    pub async fn review_mail(&self, number: i64, entry: Entry) -> Result<(), StoreError> {
        let tenant = self.keys().await?;
        self.admissible(std::slice::from_ref(&entry))?;
        self.shared.queue.write(Review { tenant, table: &KEPT_MAIL, number, entry }).await
    }
}

impl Reading {
    /// Which of `points` are not written to.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then nothing may be sent.
    pub async fn suppressed(&mut self, points: &[Address]) -> Result<Vec<Address>, StoreError> {
        let tenant = Arc::clone(&self.tenant);
        let mut found = Vec::new();
        for point in points.iter().filter(|point| point.reveal().contains('@')) {
            let sql = format!("SELECT 1 FROM suppressions s WHERE {STANDING} AND s.point = ? LIMIT 1");
            let values = [tenant.seq.into(), tenant.point(point.reveal()).to_vec().into()];
            if self.one(&sql, &values).await?.is_some() {
                found.push(point.clone());
            }
        }
        Ok(found)
    }
}
