//! Messages read back, and what went out before.

use crate::accept::{Body, part};
use crate::database::{Row, Value, array, bytes, column, id, optional_id, optional_word, time, word};
use crate::frame::Frames;
use crate::keys::{Field, PatientKey, TenantKeys};
use crate::open::Tenanted;
use crate::outbox::{CANDIDATE_COLUMNS, read_candidate, state_of};
use crate::reading::Reading;
use crate::records::{DeliveryRecord, DeliveryState, MessageRecord, PortalCopy, StoreError, StoredRendition};
use jiff::Timestamp;
use postern_base::{Channel, DeliveryId, Form, MessageId, PatientId, Phi, Purpose};
use postern_gate::facts::{Address, EarlierRequest, PastDelivery, PastOutcome};
use postern_gate::rendition::TemplateRef;
use postern_ledger::CommitmentKey;
use std::collections::HashSet;
use std::sync::Arc;

/// A value for "any message but this one".
fn except(message: Option<MessageId>) -> Value {
    message.map_or_else(|| Value::Blob(Vec::new()), |message| bytes(message.0))
}

/// Ids of a patient's messages, the newest first: they are UUIDv7, so their order is that of their making. The plus signs keep SQLite from
/// walking every message of the tenant in that order.
pub(crate) const OF_PATIENT: &str =
    "SELECT id FROM messages WHERE tenant = ? AND patient = ? AND +id < ? ORDER BY +id DESC LIMIT ?";

/// Portal copies of a patient that are visible. The order of the join is as it is written: a tenant is no narrow choice, though SQLite,
/// which has counted nothing, takes it for one.
pub(crate) const COPIES: &str = "SELECT m.id, m.purpose, m.body, d.form, d.level, d.changed_at FROM messages m \
     CROSS JOIN deliveries d WHERE m.tenant = ? AND m.patient = ? AND d.tenant = m.tenant AND d.message = m.id \
     AND d.channel = ? AND d.state = 5 ORDER BY +m.id DESC LIMIT ?";

impl Tenanted {
    /// One message with its sealed parts opened.
    ///
    /// # Errors
    /// [`StoreError::KeyDestroyed`] when the patient's key is gone.
    pub async fn message(&self, id: MessageId) -> Result<Option<MessageRecord>, StoreError> {
        let tenant = self.keys().await?;
        let sql = "SELECT patient, purpose, outcome, accepted_at, expires_at, commitment_key, body FROM messages \
             WHERE tenant = ? AND id = ?";
        let Some(row) = self.shared.one(sql, vec![tenant.seq.into(), bytes(id.0)]).await? else { return Ok(None) };
        let key = self.patient_key(&tenant, array(&row, 0)?).await?;
        let name = id.0.as_bytes();
        let body = key.sealer().open(part("body", name), &column::<Vec<u8>>(&row, 6)?)?;
        let body = Body::parse(body.reveal())?;
        Ok(Some(MessageRecord {
            id,
            accepted_at: time(&row, 3)?,
            patient: key.patient.clone(),
            purpose: word(&row, 1)?,
            outcome: column(&row, 2)?,
            request: body.request,
            decision: body.decision,
            commitment_key: key.sealer().open_key(part("commitment_key", name), &column::<Vec<u8>>(&row, 5)?)?,
            renditions: body.renditions,
            expires_at: time(&row, 4)?,
            deliveries: self.deliveries(&tenant, id, key.sealer()).await?,
        }))
    }

    async fn deliveries(
        &self,
        tenant: &TenantKeys,
        message: MessageId,
        sealer: crate::seal::Sealer<'_>,
    ) -> Result<Vec<DeliveryRecord>, StoreError> {
        let sql = format!(
            "SELECT id, state, code, due, attempts, after, reference, changed_at, {CANDIDATE_COLUMNS} FROM deliveries \
             WHERE tenant = ? AND message = ? ORDER BY seq"
        );
        let rows = self.shared.all(&sql, vec![tenant.seq.into(), bytes(message.0)]).await?;
        let read = |row: &Row| {
            let delivery = DeliveryId(id(row, 0)?);
            Ok(DeliveryRecord {
                id: delivery,
                candidate: read_candidate(row, 8)?.open(sealer, delivery)?,
                state: state_of(column(row, 1)?)?,
                code: column(row, 2)?,
                due: time(row, 3)?,
                attempts: column(row, 4)?,
                after: optional_id(row, 5)?.map(DeliveryId),
                reference: column(row, 6)?,
                changed_at: time(row, 7)?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// The stored decision of a message.
    pub(crate) async fn decision_of(&self, message: MessageId) -> Result<Phi<Vec<u8>>, StoreError> {
        let tenant = self.keys().await?;
        let sql = "SELECT patient, body FROM messages WHERE tenant = ? AND id = ?";
        let values = vec![tenant.seq.into(), bytes(message.0)];
        let row = self.shared.one(sql, values).await?.ok_or(StoreError::Damaged)?;
        let key = self.patient_key(&tenant, array(&row, 0)?).await?;
        let body = key.sealer().open(part("body", message.0.as_bytes()), &column::<Vec<u8>>(&row, 1)?)?;
        Ok(Body::parse(body.reveal())?.decision)
    }

    /// The commitment key of a message, and the key of its patient.
    pub(crate) async fn commitment_key(
        &self,
        tenant: &Arc<TenantKeys>,
        message: MessageId,
    ) -> Result<(CommitmentKey, Arc<PatientKey>), StoreError> {
        let sql = "SELECT patient, commitment_key FROM messages WHERE tenant = ? AND id = ?";
        let values = vec![tenant.seq.into(), bytes(message.0)];
        let row = self.shared.one(sql, values).await?.ok_or(StoreError::NotFound)?;
        let key = self.patient_key(tenant, array(&row, 0)?).await?;
        let place = part("commitment_key", message.0.as_bytes());
        Ok((key.sealer().open_key(place, &column::<Vec<u8>>(&row, 1)?)?, key))
    }

    /// Ids of a patient's messages, newest first, below `before`, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn messages_of(
        &self,
        patient: &PatientId,
        before: Option<MessageId>,
        limit: u32,
    ) -> Result<Vec<MessageId>, StoreError> {
        let tenant = self.keys().await?;
        let before = before.map_or_else(|| Value::Blob(vec![0xff; 17]), |before| bytes(before.0));
        let values = vec![tenant.seq.into(), tenant.patient(patient).to_vec().into(), before, i64::from(limit).into()];
        self.shared.all(OF_PATIENT, values).await?.iter().map(|row| id(row, 0).map(MessageId)).collect()
    }

    /// Portal copies of a patient that are visible, newest first.
    ///
    /// # Errors
    /// [`StoreError::KeyDestroyed`] when the patient's key is gone.
    pub async fn portal_copies(&self, patient: &PatientId, limit: u32) -> Result<Vec<PortalCopy>, StoreError> {
        let tenant = self.keys().await?;
        let index = tenant.patient(patient);
        let values =
            vec![tenant.seq.into(), index.to_vec().into(), Channel::Portal.as_str().into(), i64::from(limit).into()];
        let rows = self.shared.all(COPIES, values).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let key = self.patient_key(&tenant, index).await?;
        let mut copies = Vec::with_capacity(rows.len());
        for row in &rows {
            copies.extend(portal_copy(&key, row)?);
        }
        Ok(copies)
    }
}

impl Reading {
    /// Deliveries to `patient` or to any of `points` since `since`: those that were handed to a provider, with what became
    /// of them.
    /// `automated` is true for everything but tasks for people.
    ///
    /// # Errors
    /// [`StoreError::KeyDestroyed`] when the patient's key is gone.
    pub async fn past_deliveries(
        &mut self,
        patient: &PatientId,
        points: &[Address],
        since: Timestamp,
        except: Option<MessageId>,
    ) -> Result<Vec<PastDelivery>, StoreError> {
        let tenant = Arc::clone(&self.tenant);
        let index = tenant.patient(patient);
        let columns = "id, sent_at, purpose, state";
        let rest = "sent_at >= ? AND message <> ? AND state IN (3, 4, 5, 6, 9)";
        let mut seen = HashSet::new();
        let mut past = Vec::new();
        for point in points {
            let sql = format!("SELECT {columns}, channel FROM deliveries WHERE tenant = ? AND point = ? AND {rest}");
            let values = vec![
                tenant.seq.into(),
                tenant.point(point.reveal()).to_vec().into(),
                since.as_microsecond().into(),
                self::except(except),
            ];
            for row in self.all(&sql, &values).await? {
                if seen.insert(id(&row, 0)?) {
                    past.push(past_delivery(&row, word(&row, 4)?, point.clone())?);
                }
            }
        }
        let sql = format!(
            "SELECT {columns}, {CANDIDATE_COLUMNS} FROM deliveries WHERE tenant = ? AND patient = ? AND {rest}"
        );
        let values =
            vec![tenant.seq.into(), index.to_vec().into(), since.as_microsecond().into(), self::except(except)];
        for row in self.all(&sql, &values).await? {
            let delivery = id(&row, 0)?;
            if seen.insert(delivery) {
                let key = self.patient_key(index).await?;
                let candidate = read_candidate(&row, 4)?.open(key.sealer(), DeliveryId(delivery))?;
                past.push(past_delivery(&row, candidate.channel, candidate.point)?);
            }
        }
        past.sort_by_key(|delivery| delivery.at);
        Ok(past)
    }

    /// Requests for `patient` and `purpose` since `since` that were accepted before `except` and have a delivery that went
    /// out or still may: one whose every delivery failed, was refused or came too late may be asked for again. `content` says
    /// which have the same source.
    ///
    /// # Errors
    /// [`StoreError::KeyDestroyed`] when the patient's key is gone.
    pub async fn earlier(
        &mut self,
        patient: &PatientId,
        purpose: Purpose,
        content: &Phi<Vec<u8>>,
        since: Timestamp,
        except: Option<MessageId>,
    ) -> Result<Vec<EarlierRequest>, StoreError> {
        let tenant = Arc::clone(&self.tenant);
        let index = tenant.patient(patient);
        let source = tenant.index(Field::Source, content.reveal());
        // The plus signs keep SQLite from walking every message of the tenant in the order of their ids.
        let sql = "SELECT id, accepted_at, source, about FROM messages WHERE tenant = ? AND patient = ? AND purpose = ? \
             AND accepted_at >= ? AND +id < ? AND EXISTS (SELECT 1 FROM deliveries d WHERE d.tenant = messages.tenant \
             AND d.message = messages.id AND d.state NOT IN (6, 7, 8)) ORDER BY +id";
        let values = vec![
            tenant.seq.into(),
            index.to_vec().into(),
            purpose.as_str().into(),
            since.as_microsecond().into(),
            // Ids sort by time: of two that came at once, only the later one has an earlier one.
            except.map_or_else(|| Value::Blob(vec![0xff; 17]), |message| bytes(message.0)),
        ];
        let mut earlier = Vec::new();
        for row in self.all(sql, &values).await? {
            let key = self.patient_key(index).await?;
            let message = id(&row, 0)?;
            let about = key.sealer().open(part("about", message.as_bytes()), &column::<Vec<u8>>(&row, 3)?)?;
            let mut about = Frames(about.reveal());
            let event = about.optional_text()?.map(str::to_owned);
            let name = about.optional_text()?.map(str::to_owned);
            let version = about.take()?.try_into().map(u32::from_be_bytes).map_err(|_| StoreError::Damaged)?;
            earlier.push(EarlierRequest {
                at: time(&row, 1)?,
                purpose,
                event,
                template: name.map(|name| TemplateRef { name, version }),
                same_content: array(&row, 2)? == source,
                commitment: None,
            });
        }
        Ok(earlier)
    }
}

fn past_delivery(row: &Row, channel: Channel, point: Address) -> Result<PastDelivery, StoreError> {
    let purpose = optional_word(row, 2)?.ok_or(StoreError::Damaged)?;
    let outcome = match state_of(column(row, 3)?)? {
        DeliveryState::Delivered => Some(PastOutcome::Delivered),
        DeliveryState::Failed => Some(PastOutcome::Failed),
        DeliveryState::Unknown => Some(PastOutcome::Unknown),
        _ => None,
    };
    Ok(PastDelivery { at: time(row, 1)?, channel, point, purpose, automated: !channel.is_human_task(), outcome })
}

/// A portal copy from a row that begins with id, purpose, body, form, level and time; `None` when no rendition of it is for the portal.
pub(crate) fn portal_copy(key: &PatientKey, row: &Row) -> Result<Option<PortalCopy>, StoreError> {
    let message = MessageId(id(row, 0)?);
    let body = key.sealer().open(part("body", message.0.as_bytes()), &column::<Vec<u8>>(row, 2)?)?;
    let Some(rendition) = for_portal(Body::parse(body.reveal())?.renditions, word(row, 3)?) else { return Ok(None) };
    Ok(Some(PortalCopy {
        message,
        purpose: word(row, 1)?,
        subject: rendition.subject,
        body: rendition.body,
        level: word(row, 4)?,
        at: time(row, 5)?,
    }))
}

/// The rendition that a portal copy of this form shows: its own, or the one for all channels without their own.
fn for_portal(renditions: Vec<StoredRendition>, form: Form) -> Option<StoredRendition> {
    let mut shared = None;
    for rendition in renditions {
        if rendition.form != form {
            continue;
        }
        match rendition.channel {
            Some(Channel::Portal) => return Some(rendition),
            None => shared = Some(rendition),
            Some(_) => {}
        }
    }
    shared
}
