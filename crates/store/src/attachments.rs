//! Files that come with what a patient writes, or with a message to them. What is told of one before it is opened is sealed with the message
//! it came with; its content is sealed by itself, in pieces, with the key of the patient, and is held against its digest whenever it is opened.
//!
//! The pieces are written before the row that speaks of them, each in a transaction of its own: an hour of pictures holds up nobody who
//! waits for a line. A file without a row is nobody's, and is removed.

use crate::alerts::Raise;
use crate::coverage::{ATTACHMENTS, MESSAGE_FILES};
use crate::database::{Connection, Failure, Value, array, blob, bytes, column, places};
use crate::frame::{Framer, Frames};
use crate::keys::{PatientKey, TenantKeys};
use crate::open::Tenanted;
use crate::records::{AttachmentRecord, NewAttachment, StoreError};
use crate::rows::Insert;
use crate::seal::Place;
use crate::writer::{Queue, Tx, Write};
use aws_lc_rs::digest::{Context, SHA256};
use jiff::Timestamp;
use postern_base::{AttachmentId, MessageId, PatientId, Phi};
use postern_ledger::Entry;
use std::sync::Arc;

const FILES: &str = "INSERT INTO attachments (tenant, id, patient, at, bytes, digest) VALUES";
const OF_MESSAGE: &str = "INSERT INTO message_files (tenant, message, attachment) VALUES (?, ?, ?)";
const PIECES: &str = "INSERT INTO attachment_contents (tenant, id, piece, content) VALUES (?, ?, ?, ?)";
const BEGUN: &str = "INSERT INTO attachments_begun (tenant, id) VALUES (?, ?)";
const ENDED: &str = "DELETE FROM attachments_begun WHERE tenant = ? AND id = ?";
const REMOVE_BEGUN: &str =
    "DELETE FROM attachment_contents WHERE (tenant, id) IN (SELECT tenant, id FROM attachments_begun)";
const CONTENT: &str = "SELECT content FROM attachment_contents WHERE tenant = ? AND id = ? ORDER BY piece";
/// How much of a file one transaction takes, in bytes: nobody waits for more of a file than that.
const PIECE_BYTES: usize = 256 * 1024;

/// What names a piece of a file's content in its place.
fn piece_of(id: AttachmentId, piece: u32) -> Vec<u8> {
    let id = id.0.as_bytes();
    // An earlier Postern kept a content whole: it is its own first piece.
    if piece == 0 { id.to_vec() } else { [&id[..], &piece.to_be_bytes()].concat() }
}

/// The place of a piece.
const fn content_of(piece: &[u8]) -> Place<'_> {
    Place { table: "attachment_contents", column: "content", row: piece }
}

/// One piece of a file, sealed. The first says that the file has begun.
#[derive(Debug)]
struct Piece {
    tenant: i64,
    id: AttachmentId,
    piece: u32,
    sealed: Vec<u8>,
}

impl Write for Piece {
    type Output = ();
    async fn run(&self, tx: &mut Tx) -> Result<(), Failure> {
        if self.piece == 0 {
            tx.execute(BEGUN, vec![self.tenant.into(), bytes(self.id.0)]).await?;
        }
        let values = vec![self.tenant.into(), bytes(self.id.0), self.piece.into(), self.sealed.clone().into()];
        tx.execute(PIECES, values).await?;
        Ok(())
    }
}

/// A file whose content is written, and whose row is not.
#[derive(Debug)]
pub(crate) struct File {
    row: Vec<Value>,
}

impl File {
    /// Writes its row; the next entry of the tenant states it.
    pub(crate) async fn write(&self, tx: &mut Tx, tenant: &TenantKeys) -> Result<(), Failure> {
        tx.execute(ENDED, vec![tenant.seq.into(), self.id()?]).await?;
        tx.write(tenant, &ATTACHMENTS, &format!("{FILES} ({})", places(self.row.len())), self.row.clone()).await?;
        Ok(())
    }

    /// The same of one that goes with a message.
    pub(crate) async fn write_with(&self, tx: &mut Tx, tenant: &TenantKeys, message: MessageId) -> Result<(), Failure> {
        self.write(tx, tenant).await?;
        tx.write(tenant, &MESSAGE_FILES, OF_MESSAGE, vec![tenant.seq.into(), bytes(message.0), self.id()?]).await?;
        Ok(())
    }

    fn id(&self) -> Result<Value, Failure> {
        self.row.get(1).cloned().ok_or(Failure::Damaged)
    }
}

/// Files that are being written while nothing speaks of them. When it is dropped, those that still have no row are removed, whatever became
/// of who was writing them; where the process ends first, the next one does it.
#[derive(Debug)]
pub(crate) struct Begun {
    queue: Queue,
    tenant: i64,
    files: Vec<AttachmentId>,
}

impl Drop for Begun {
    fn drop(&mut self) {
        let (tenant, files) = (self.tenant, std::mem::take(&mut self.files));
        if !files.is_empty() {
            self.queue.leave(RemoveBegun { tenant, files });
        }
    }
}

/// Removes those of these files that have no row.
#[derive(Debug)]
struct RemoveBegun {
    tenant: i64,
    files: Vec<AttachmentId>,
}

impl Write for RemoveBegun {
    type Output = ();
    async fn run(&self, tx: &mut Tx) -> Result<(), Failure> {
        for file in &self.files {
            if tx.execute(ENDED, vec![self.tenant.into(), bytes(file.0)]).await? > 0 {
                let sql = "DELETE FROM attachment_contents WHERE tenant = ? AND id = ?";
                tx.execute(sql, vec![self.tenant.into(), bytes(file.0)]).await?;
            }
        }
        Ok(())
    }
}

/// Removes what a process that died was writing and nothing speaks of. The lock on the directory says that nobody else writes there.
pub(crate) async fn remove_begun(connection: &mut Connection) -> Result<(), Failure> {
    connection.execute(REMOVE_BEGUN, &[]).await?;
    connection.execute("DELETE FROM attachments_begun", &[]).await?;
    Ok(())
}

impl Tenanted {
    /// Seals files and writes their contents, piece by piece, each in its turn among what others write. Their rows come with what they belong
    /// to, in its transaction, while what is given beside them is held.
    pub(crate) async fn begin_files<'f>(
        &self,
        files: impl Iterator<Item = (&'f AttachmentRecord, &'f [u8])> + Send,
        at: Timestamp,
        (tenant, key): (&TenantKeys, &PatientKey),
    ) -> Result<(Vec<File>, Begun), StoreError> {
        let mut begun = Begun { queue: self.shared.queue.clone(), tenant: tenant.seq, files: Vec::new() };
        let mut written = Vec::new();
        for (about, content) in files {
            begun.files.push(about.id);
            let mut digest = Context::new(&SHA256);
            // What is empty is one piece all the same.
            let pieces = content.chunks(PIECE_BYTES).chain(content.is_empty().then_some(content));
            for (piece, plain) in (0u32..).zip(pieces) {
                let name = piece_of(about.id, piece);
                let sealed = key.sealer().seal(content_of(&name), plain, self.shared.keyring.rng())?;
                digest.update(&sealed);
                self.shared.queue.write(Piece { tenant: tenant.seq, id: about.id, piece, sealed }).await?;
            }
            let row = vec![
                tenant.seq.into(),
                bytes(about.id.0),
                key.index.to_vec().into(),
                at.as_microsecond().into(),
                i64::try_from(about.bytes).unwrap_or(i64::MAX).into(),
                digest.finish().as_ref().to_vec().into(),
            ];
            written.push(File { row });
        }
        Ok((written, begun))
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
        let sql = "SELECT digest FROM attachments WHERE tenant = ? AND id = ? AND patient = ?";
        let values = vec![tenant.seq.into(), bytes(id.0), index.to_vec().into()];
        let Some(row) = self.shared.one(sql, values).await? else { return Ok(None) };
        let stated: [u8; 32] = array(&row, 0)?;
        let pieces = self.shared.scan(CONTENT, vec![tenant.seq.into(), bytes(id.0)]).await?;
        let mut digest = Context::new(&SHA256);
        for piece in &pieces {
            digest.update(blob(piece, 0)?);
        }
        if digest.finish().as_ref() != stated {
            return Err(StoreError::Damaged);
        }
        let key: Arc<PatientKey> = self.patient_key(&tenant, index).await?;
        let mut content = Vec::new();
        for (number, piece) in (0u32..).zip(&pieces) {
            let plain = key.sealer().open(content_of(&piece_of(id, number)), blob(piece, 0)?)?;
            content.extend_from_slice(plain.reveal());
        }
        Ok(Some(Phi::new(content)))
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

#[cfg(test)]
mod tests;
