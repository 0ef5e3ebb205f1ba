//! Files that come with what a patient writes, or with a message to them. What is told of one before it is opened is sealed with the message it came with; its content
//! is sealed by itself, with the key of the patient, and is held against its digest whenever it is opened.

use crate::alerts::Raise;
use crate::coverage::{ATTACHMENTS, MESSAGE_FILES};
use crate::database::{Failure, Value, array, bytes, column, places};
use crate::frame::{Framer, Frames};
use crate::keys::{PatientKey, TenantKeys};
use crate::open::Tenanted;
use crate::records::{AttachmentRecord, NewAttachment, StoreError};
use crate::rows::Insert;
use crate::seal::Place;
use crate::writer::{Tx, Write};
use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use postern_base::{AttachmentId, MessageId, PatientId, Phi, Rng};
use postern_ledger::Entry;
use std::sync::Arc;

const FILES: &str = "INSERT INTO attachments (tenant, id, patient, at, bytes, digest) VALUES";
const OF_MESSAGE: &str = "INSERT INTO message_files (tenant, message, attachment) VALUES (?, ?, ?)";
const CONTENTS: &str = "INSERT INTO attachment_contents (tenant, id, content) VALUES (?, ?, ?)";

/// The place of a file's content.
const fn content_of(id: &[u8]) -> Place<'_> {
    Place { table: "attachment_contents", column: "content", row: id }
}

/// A file, sealed and ready to be written.
#[derive(Debug)]
pub(crate) struct File {
    content: Vec<Value>,
    row: Vec<Value>,
}

impl File {
    pub(crate) fn seal(
        (about, content): (&AttachmentRecord, &[u8]),
        at: Timestamp,
        (tenant, key): (&TenantKeys, &PatientKey),
        rng: &dyn Rng,
    ) -> Result<Self, StoreError> {
        let id = about.id.0;
        let sealed = key.sealer().seal(content_of(id.as_bytes()), content, rng)?;
        let digest = digest(&SHA256, &sealed).as_ref().to_vec();
        Ok(Self {
            row: vec![
                tenant.seq.into(),
                bytes(id),
                key.index.to_vec().into(),
                at.as_microsecond().into(),
                i64::try_from(about.bytes).unwrap_or(i64::MAX).into(),
                digest.into(),
            ],
            content: vec![tenant.seq.into(), bytes(id), sealed.into()],
        })
    }

    /// Writes it; the next entry of the tenant states its row.
    pub(crate) async fn write(&self, tx: &mut Tx, tenant: &TenantKeys) -> Result<(), Failure> {
        // The row states how long the content is, so that comes first.
        tx.execute(CONTENTS, self.content.clone()).await?;
        tx.write(tenant, &ATTACHMENTS, &format!("{FILES} ({})", places(self.row.len())), self.row.clone()).await?;
        Ok(())
    }

    /// The same of one that goes with a message.
    pub(crate) async fn write_with(&self, tx: &mut Tx, tenant: &TenantKeys, message: MessageId) -> Result<(), Failure> {
        self.write(tx, tenant).await?;
        let id = self.row.get(1).cloned().ok_or(Failure::Damaged)?;
        tx.write(tenant, &MESSAGE_FILES, OF_MESSAGE, vec![tenant.seq.into(), bytes(message.0), id]).await?;
        Ok(())
    }
}

/// Keeps what came in, the files that came with it, and an alert about it where there is one, or none of them.
#[derive(Debug)]
pub(crate) struct Arrive {
    pub(crate) inbound: Insert,
    pub(crate) files: Vec<(File, Entry)>,
    pub(crate) alert: Option<Raise>,
}

impl Write for Arrive {
    /// Whether it had not come before.
    type Output = bool;
    async fn run(&self, tx: &mut Tx) -> Result<bool, Failure> {
        if !self.inbound.run(tx).await? {
            return Ok(false);
        }
        let tenant = &self.inbound.tenant;
        for (file, entry) in &self.files {
            file.write(tx, tenant).await?;
            tx.append(tenant, entry).await?;
        }
        if let Some(alert) = &self.alert {
            alert.run(tx).await?;
        }
        Ok(true)
    }
}

/// Puts what is told of files behind the message they came with.
pub(crate) fn put_about(text: &mut Framer, files: &[NewAttachment]) {
    for NewAttachment { about, .. } in files {
        text.put(about.id.0.as_bytes()).put(about.kind.as_bytes()).put(about.name.reveal().as_bytes());
        let digest = about.digest.as_ref().map_or(&[][..], |digest| digest);
        text.put(&[&about.bytes.to_be_bytes()[..], digest].concat());
    }
}

/// Takes that back.
pub(crate) fn take_about(frames: &mut Frames<'_>) -> Result<Vec<AttachmentRecord>, StoreError> {
    let mut files = Vec::new();
    while !frames.is_empty() {
        let id = uuid::Uuid::from_slice(frames.take()?).map_err(|_| StoreError::Damaged)?;
        let (kind, name) = (frames.text()?.to_owned(), Phi::new(frames.text()?.to_owned()));
        let (bytes, digest) = frames.take()?.split_first_chunk().ok_or(StoreError::Damaged)?;
        // An earlier Postern kept the length alone.
        let digest = if digest.is_empty() { None } else { Some(digest.try_into().map_err(|_| StoreError::Damaged)?) };
        files.push(AttachmentRecord { id: AttachmentId(id), kind, name, bytes: u64::from_be_bytes(*bytes), digest });
    }
    Ok(files)
}

impl Tenanted {
    /// All of a file that came with what this patient wrote, or with a message to them; `None` = there is none such of theirs.
    ///
    /// # Errors
    /// [`StoreError::KeyDestroyed`], [`StoreError::Unavailable`]; [`StoreError::Damaged`]: it is not what came.
    pub async fn attachment(&self, patient: &PatientId, id: AttachmentId) -> Result<Option<Phi<Vec<u8>>>, StoreError> {
        let tenant = self.keys().await?;
        let index = tenant.patient(patient);
        let sql = "SELECT a.digest, c.content FROM attachments a \
             JOIN attachment_contents c ON c.tenant = a.tenant AND c.id = a.id \
             WHERE a.tenant = ? AND a.id = ? AND a.patient = ?";
        let values = vec![tenant.seq.into(), bytes(id.0), index.to_vec().into()];
        let Some(row) = self.shared.one(sql, values).await? else { return Ok(None) };
        let (stated, sealed): ([u8; 32], Vec<u8>) = (array(&row, 0)?, column(&row, 1)?);
        if digest(&SHA256, &sealed).as_ref() != stated {
            return Err(StoreError::Damaged);
        }
        let key: Arc<PatientKey> = self.patient_key(&tenant, index).await?;
        key.sealer().open(content_of(id.0.as_bytes()), &sealed).map(Some)
    }

    /// How much came from a patient in files since then, in bytes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn attached_bytes(&self, patient: &PatientId, since: Timestamp) -> Result<u64, StoreError> {
        let tenant = self.keys().await?;
        let sql = "SELECT COALESCE(SUM(bytes), 0) FROM attachments a WHERE tenant = ? AND patient = ? AND at >= ? \
             AND NOT EXISTS (SELECT 1 FROM message_files f WHERE f.tenant = a.tenant AND f.attachment = a.id)";
        let index = tenant.patient(patient).to_vec();
        let values = vec![tenant.seq.into(), index.into(), since.as_microsecond().into()];
        let row = self.shared.one(sql, values).await?.ok_or(StoreError::Damaged)?;
        u64::try_from(column::<i64>(&row, 0)?).map_err(|_| StoreError::Damaged)
    }
}
