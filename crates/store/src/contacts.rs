//! What is known of contact points: opt-outs, requests not to be called, verifications, and what came in from them.

use crate::alerts::Raise;
use crate::attachments::{Arrive, Begun, File, put_about, take_about};
use crate::coverage::{DO_NOT_CALL, INBOUND as COVERED_INBOUND, OPT_OUTS, VERIFICATIONS};
use crate::database::{Failure, Row, Value, array, column, id, optional_time, optional_word, places, time, word};
use crate::frame::{Framer, Frames};
use crate::keys::{Index, PatientKey, TenantKeys};
use crate::open::{Store, Tenanted};
use crate::reading::Reading;
use crate::records::{NewInbound, ReceivedMessage, StoreError};
use crate::rows::Insert;
use crate::seal::{Place, Sealer};
use crate::writer::{Tx, Write};
use jiff::Timestamp;
use postern_base::{Channel, MessageId, PatientId, Phi, Purpose, TenantId};
use postern_gate::facts::{Address, Inbound, OptOut, OptOutScope, Verification};
use postern_gate::revocation::Heard;
use postern_ledger::Entry;
use std::sync::Arc;
use uuid::Uuid;

/// What Postern itself learned of a contact point.
#[derive(Debug, Clone)]
pub struct OwnVerification {
    /// The contact point.
    pub point: Address,
    /// The verification; `None` = unverified on purpose.
    pub verification: Option<Verification>,
    /// When it was verified, or since when it is not; `None` in rows of before that was kept.
    pub at: Option<Timestamp>,
}

pub(crate) const OPT_OUT: &str = "INSERT INTO opt_outs (tenant, point, lifted, at, channel, purpose) VALUES";
pub(crate) const VERIFICATION: &str = "INSERT INTO verifications (tenant, point, known, validated, last, next) VALUES";
const DO_NOT_CALLS: &str = "INSERT INTO do_not_call (tenant, point, withdrawn, asked_at, added_at) VALUES";
const INBOUND: &str =
    "INSERT INTO inbound (tenant, vendor, reference, channel, point, patient, thread_purpose, at, text, name) VALUES";

/// The place of an inbound message's text.
const fn text_of(name: &[u8]) -> Place<'_> {
    Place { table: "inbound", column: "text", row: name }
}

impl Store {
    /// Tenants that have `point` on record as a patient's contact point, or have sent to it: where an inbound message belongs.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn tenants_of_point(&self, point: &str) -> Result<Vec<TenantId>, StoreError> {
        let mut found = Vec::new();
        // Blind indexes are per tenant, so each is asked for itself.
        for row in self.shared.all("SELECT seq FROM tenants ORDER BY seq", Vec::new()).await? {
            let tenant = self.shared.keyring.tenant_by_seq(&self.shared.readers, column(&row, 0)?).await?;
            let index = tenant.point(point).to_vec();
            let sql = "SELECT EXISTS (SELECT 1 FROM points WHERE tenant = ? AND point = ?) \
                 OR EXISTS (SELECT 1 FROM deliveries WHERE tenant = ? AND point = ? AND sent_at IS NOT NULL)";
            let values = vec![tenant.seq.into(), index.clone().into(), tenant.seq.into(), index.into()];
            let row = self.shared.one(sql, values).await?.ok_or(StoreError::Damaged)?;
            if column::<i64>(&row, 0)? != 0 {
                found.push(tenant.id.clone());
            }
        }
        Ok(found)
    }
}

impl Tenanted {
    /// Records an opt-out with its entry; queued deliveries see it at their second gate.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_opt_out(&self, opt_out: OptOut, entry: Entry) -> Result<(), StoreError> {
        let tenant = self.keys().await?;
        let row = opt_out_row(&tenant, &opt_out.point, false, opt_out.at, Some(&opt_out));
        self.change_opt_out(tenant, row, entry).await
    }

    /// Removes opt-outs of a point by an affirmative act of the patient (RULES TCP-16), done `at`. What was recorded stays in the
    /// database; an act that was done before an opt-out does not lift it, however late we hear of it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn lift_opt_out(&self, point: &Address, at: Timestamp, entry: Entry) -> Result<(), StoreError> {
        let tenant = self.keys().await?;
        let row = opt_out_row(&tenant, point, true, at, None);
        self.change_opt_out(tenant, row, entry).await
    }

    /// Puts `opt_outs` of a point in the place of all that stand there, in one step, by an act of the patient at `at` (RULES TCP-16):
    /// there is no moment in which the point is open for more than they leave open.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn replace_opt_outs(
        &self,
        point: &Address,
        at: Timestamp,
        opt_outs: Vec<OptOut>,
        entry: Entry,
    ) -> Result<(), StoreError> {
        let tenant = self.keys().await?;
        self.admissible(std::slice::from_ref(&entry))?;
        let mut rows = vec![opt_out_row(&tenant, point, true, at, None)];
        rows.extend(opt_outs.iter().map(|row| opt_out_row(&tenant, point, false, row.at, Some(row))));
        self.shared.queue.write(ReplaceOptOuts { tenant, rows, entry }).await
    }

    async fn change_opt_out(&self, tenant: Arc<TenantKeys>, row: Vec<Value>, entry: Entry) -> Result<(), StoreError> {
        let entries = vec![entry];
        self.admissible(&entries)?;
        self.shared.queue.write(Insert { tenant, table: &OPT_OUTS, head: OPT_OUT, row, tail: "", entries }).await?;
        Ok(())
    }

    /// Records that whoever holds `point` asked at `asked_at` not to be called to sell, or took that back, with its entry.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_do_not_call(
        &self,
        point: &Address,
        asked_at: Timestamp,
        withdrawn: bool,
        entry: Entry,
    ) -> Result<(), StoreError> {
        let tenant = self.keys().await?;
        let entries = vec![entry];
        self.admissible(&entries)?;
        let added_at = entries.first().map_or(asked_at, |entry| entry.at);
        let row = vec![
            tenant.seq.into(),
            tenant.point(point.reveal()).to_vec().into(),
            i32::from(withdrawn).into(),
            asked_at.as_microsecond().into(),
            added_at.as_microsecond().into(),
        ];
        self.shared
            .queue
            .write(Insert { tenant, table: &DO_NOT_CALL, head: DO_NOT_CALLS, row, tail: "", entries })
            .await?;
        Ok(())
    }

    /// Marks a point as no longer verified (wrong number, bounce), or verified, by Postern's own knowledge.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_verification(
        &self,
        point: &Address,
        verification: Option<Verification>,
        entry: Entry,
    ) -> Result<(), StoreError> {
        let tenant = self.keys().await?;
        let row = verification_row(&tenant, point, verification, entry.at);
        let entries = vec![entry];
        self.admissible(&entries)?;
        self.shared
            .queue
            .write(Insert { tenant, table: &VERIFICATIONS, head: VERIFICATION, row, tail: "", entries })
            .await?;
        Ok(())
    }

    /// Stores an inbound message once per vendor reference, sealed; `false` = seen before, and nothing is written. It is sealed
    /// with the key of the patient who wrote it, failing that of the one whose point it came from; when that is nobody or not one
    /// alone, with the tenant's.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_inbound(&self, inbound: NewInbound, entries: Vec<Entry>) -> Result<bool, StoreError> {
        let (arrive, _begun) = self.arriving(inbound, entries).await?;
        self.shared.queue.write(arrive).await
    }

    /// The same, and in the same transaction an alert under `rule` about it, with its entry.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_inbound_with_alert(
        &self,
        inbound: NewInbound,
        entries: Vec<Entry>,
        (rule, entry): (&'static str, Entry),
    ) -> Result<bool, StoreError> {
        self.admissible(std::slice::from_ref(&entry))?;
        let reference = (inbound.vendor.clone(), inbound.reference.clone());
        let (arrive, _begun) = self.arriving(inbound, entries).await?;
        let raise = Raise { tenant: Arc::clone(&arrive.inbound.tenant), reference, rule, entry };
        self.shared.queue.write(Arrive { alert: Some(raise), ..arrive }).await
    }

    /// What came in, ready to be kept. The contents of its files are written, and stay if it is kept while the second is held.
    async fn arriving(&self, inbound: NewInbound, entries: Vec<Entry>) -> Result<(Arrive, Option<Begun>), StoreError> {
        let tenant = self.keys().await?;
        self.admissible(&entries)?;
        let point = tenant.point(inbound.from.reveal());
        let owner = match &inbound.patient {
            Some(patient) => self.living(&tenant, tenant.patient(patient)).await?,
            None => self.owner(&tenant, point).await?,
        };
        let rng = self.shared.keyring.rng();
        let mut name = [0u8; 16];
        rng.fill(&mut name).map_err(|_| StoreError::Unavailable)?;
        let sealer = owner.as_ref().map_or_else(|| tenant.sealer(), |key| key.sealer());
        let mut text = Framer::default();
        text.put(inbound.from.reveal().as_bytes()).put(inbound.text.reveal().as_bytes());
        text.put_optional(inbound.answers.as_ref().map(|message| message.0.as_bytes().as_slice()));
        put_about(&mut text, &inbound.attachments);
        let sealed = sealer.seal(text_of(&name), &text.finish(), rng)?;
        let (files, begun) = self.begin_arriving(&inbound, (&tenant, owner.as_deref())).await?;
        let row = vec![
            tenant.seq.into(),
            inbound.vendor.into(),
            inbound.reference.into(),
            inbound.channel.as_str().into(),
            point.to_vec().into(),
            Value::from(owner.map(|key| key.index.to_vec())),
            Value::from(inbound.thread_purpose.map(|purpose| purpose.as_str().to_owned())),
            inbound.at.as_microsecond().into(),
            sealed.into(),
            name.to_vec().into(),
        ];
        let tail = "ON CONFLICT (tenant, vendor, reference) DO NOTHING";
        let inbound = Insert { tenant, table: &COVERED_INBOUND, head: INBOUND, row, tail, entries };
        Ok((Arrive { inbound, files, alert: None }, begun))
    }

    /// Writes the contents of the files that came, under the key of who wrote; each file with its entry.
    async fn begin_arriving(
        &self,
        inbound: &NewInbound,
        (tenant, owner): (&TenantKeys, Option<&PatientKey>),
    ) -> Result<(Vec<(File, Entry)>, Option<Begun>), StoreError> {
        let came = &inbound.attachments;
        if came.is_empty() {
            return Ok((Vec::new(), None));
        }
        for file in came {
            self.admissible(std::slice::from_ref(&file.entry))?;
        }
        let key = owner.ok_or(StoreError::KeyDestroyed)?;
        let contents = came.iter().map(|file| (&file.about, &file.content.reveal()[..]));
        let (files, begun) = self.begin_files(contents, inbound.at, (tenant, key)).await?;
        Ok((files.into_iter().zip(came.iter().map(|file| file.entry.clone())).collect(), Some(begun)))
    }

    /// The one patient whose contact point this is, if it is one alone and has a key.
    async fn owner(&self, tenant: &Arc<TenantKeys>, point: Index) -> Result<Option<Arc<PatientKey>>, StoreError> {
        let sql = "SELECT DISTINCT patient FROM points WHERE tenant = ? AND point = ? AND patient IS NOT NULL LIMIT 2";
        let rows = self.shared.all(sql, vec![tenant.seq.into(), point.to_vec().into()]).await?;
        let [row] = rows.as_slice() else { return Ok(None) };
        self.living(tenant, array(row, 0)?).await
    }

    /// The key of a patient, if there is one.
    async fn living(&self, tenant: &Arc<TenantKeys>, patient: Index) -> Result<Option<Arc<PatientKey>>, StoreError> {
        match self.shared.keyring.patient(&self.shared.readers, tenant, patient).await {
            Err(StoreError::KeyDestroyed) => Ok(None),
            other => other,
        }
    }

    /// What came in from a patient, the newest first, below `before`, at most `limit`: from contact points on their record or that
    /// were written to for them, unless it was another patient's. Nothing once the patient's key is destroyed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Damaged`].
    pub async fn received_from(
        &self,
        patient: &PatientId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<ReceivedMessage>, StoreError> {
        let tenant = self.keys().await?;
        let index = tenant.patient(patient);
        let key = match self.living(&tenant, index).await? {
            Some(key) => key,
            None => return Ok(Vec::new()),
        };
        let (whose, below): ([Value; 2], Value) =
            ([tenant.seq.into(), index.to_vec().into()], before.unwrap_or(i64::MAX).into());
        let mut values = [whose.clone(), whose.clone(), whose].concat();
        values.extend([below.clone(), tenant.seq.into(), below, i64::from(limit).into()]);
        self.shared.all(RECEIVED, values).await?.iter().map(|row| received(row, &tenant, &key)).collect()
    }

    /// What was written for a patient in the portal by who stands there as `from`, the newest first, at most `limit`. Nothing once the
    /// patient's key is destroyed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Damaged`].
    pub async fn written_in_portal(
        &self,
        patient: &PatientId,
        from: &Address,
        limit: u32,
    ) -> Result<Vec<ReceivedMessage>, StoreError> {
        let tenant = self.keys().await?;
        let index = tenant.patient(patient);
        let Some(key) = self.living(&tenant, index).await? else { return Ok(Vec::new()) };
        let sql = "SELECT seq, channel, thread_purpose, at, patient IS NOT NULL, name, text, NULL FROM inbound \
             WHERE tenant = ? AND point = ? AND patient = ? AND channel = 'portal' ORDER BY at DESC, seq DESC LIMIT ?";
        let point = tenant.point(from.reveal()).to_vec();
        let values = vec![tenant.seq.into(), point.into(), index.to_vec().into(), i64::from(limit).into()];
        self.shared.all(sql, values).await?.iter().map(|row| received(row, &tenant, &key)).collect()
    }

    /// Patients that the directory gives `point` as a contact point of, `most` of them at most, in order of their ids: a placeholder may
    /// stand on every record of a practice.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn patients_of_point(&self, point: &Address, most: u32) -> Result<Vec<PatientId>, StoreError> {
        let tenant = self.keys().await?;
        let sql = "SELECT DISTINCT patient FROM points WHERE tenant = ? AND point = ? AND patient IS NOT NULL LIMIT ?";
        let values = vec![tenant.seq.into(), tenant.point(point.reveal()).to_vec().into(), i64::from(most).into()];
        let mut found = Vec::new();
        for row in self.shared.all(sql, values).await? {
            match self.patient_of(&tenant, array(&row, 0)?).await {
                Err(StoreError::KeyDestroyed) => {}
                patient => found.push(patient?),
            }
        }
        found.sort();
        Ok(found)
    }

    /// How many patients' own resources hold `point`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn patients_of_own_point(&self, point: &Address) -> Result<u64, StoreError> {
        let tenant = self.keys().await?;
        let sql = "SELECT COUNT(DISTINCT p.patient) FROM points p \
             JOIN resources r ON r.tenant = p.tenant AND r.name = p.resource AND +r.kind = 'Patient' \
             WHERE p.tenant = ? AND p.point = ? AND p.patient IS NOT NULL";
        let values = vec![tenant.seq.into(), tenant.point(point.reveal()).to_vec().into()];
        let row = self.shared.one(sql, values).await?.ok_or(StoreError::Damaged)?;
        column::<i64>(&row, 0).map(i64::unsigned_abs)
    }

    /// The newest message that went out to `point`, if any: the thread that an answer belongs to.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn last_message_to(&self, point: &Address) -> Result<Option<(MessageId, Purpose)>, StoreError> {
        let tenant = self.keys().await?;
        let sql = "SELECT message, purpose FROM deliveries WHERE tenant = ? AND point = ? AND sent_at IS NOT NULL \
             ORDER BY sent_at DESC LIMIT 1";
        let values = vec![tenant.seq.into(), tenant.point(point.reveal()).to_vec().into()];
        let Some(row) = self.shared.one(sql, values).await? else { return Ok(None) };
        Ok(Some((MessageId(id(&row, 0)?), word(&row, 1)?)))
    }
}

/// What came in from a patient: what is theirs, and what is of nobody yet at points of theirs. The two are looked for apart, each by its index,
/// and the plus signs keep SQLite from walking all that came in.
const RECEIVED: &str = "WITH own AS (SELECT p.point FROM resources r CROSS JOIN points p \
     WHERE r.tenant = ? AND r.patient = ? AND p.tenant = r.tenant AND p.resource = r.name UNION \
     SELECT point FROM deliveries WHERE tenant = ? AND patient = ? AND sent_at IS NOT NULL), \
     found AS (SELECT seq FROM inbound WHERE tenant = ? AND patient = ? AND +seq < ? AND (channel = 'portal' OR point IN own) \
     UNION ALL SELECT i.seq FROM own CROSS JOIN inbound i \
     WHERE i.tenant = ? AND i.point = own.point AND i.patient IS NULL AND +i.seq < ?) \
     SELECT seq, channel, thread_purpose, at, patient IS NOT NULL, name, text, (SELECT r.verdict FROM inbound_reviews r \
     WHERE r.tenant = inbound.tenant AND r.inbound = inbound.seq ORDER BY r.seq DESC LIMIT 1) FROM inbound \
     WHERE seq IN (SELECT seq FROM found ORDER BY +seq DESC LIMIT ?) ORDER BY seq DESC";

/// From where and what came in, opened with the key of who wrote it.
pub(crate) fn opened_inbound(
    sealer: Sealer<'_>,
    name: &[u8],
    sealed: &[u8],
) -> Result<(Phi<String>, Phi<String>), StoreError> {
    let plain = sealer.open(text_of(name), sealed)?;
    let mut frames = Frames(plain.reveal());
    Ok((Phi::new(frames.text()?.to_owned()), Phi::new(frames.text()?.to_owned())))
}

/// Reads a row of [`Tenanted::received_from`].
fn received(row: &Row, tenant: &TenantKeys, key: &PatientKey) -> Result<ReceivedMessage, StoreError> {
    let theirs = column::<i64>(row, 4)? != 0;
    let name: [u8; 16] = array(row, 5)?;
    let sealer = if theirs { key.sealer() } else { tenant.sealer() };
    let plain = sealer.open(text_of(&name), &column::<Vec<u8>>(row, 6)?)?;
    let mut frames = Frames(plain.reveal());
    let (from, text) = (Phi::new(Arc::from(frames.text()?)), Phi::new(frames.text()?.to_owned()));
    // A row of before that was kept ends here.
    let answers = if frames.is_empty() { None } else { frames.optional()? };
    let attachments = take_about(&mut frames)?;
    let answers = answers.map(|bytes| Uuid::from_slice(bytes).map(MessageId)).transpose();
    Ok(ReceivedMessage {
        number: column(row, 0)?,
        channel: word(row, 1)?,
        from,
        text,
        thread_purpose: optional_word(row, 2)?,
        answers: answers.map_err(|_| StoreError::Damaged)?,
        theirs,
        at: time(row, 3)?,
        reviewed: optional_word(row, 7)?,
        attachments,
    })
}

/// A row of verifications as they are found `at` a time.
pub(crate) fn verification_row(
    tenant: &TenantKeys,
    point: &Address,
    verification: Option<Verification>,
    at: Timestamp,
) -> Vec<Value> {
    let micros = |at: Option<Timestamp>| Value::from(at.map(|at| at.as_microsecond()));
    vec![
        tenant.seq.into(),
        tenant.point(point.reveal()).to_vec().into(),
        i32::from(verification.is_some()).into(),
        i32::from(verification.is_some_and(|known| known.validated)).into(),
        // Of one that is no longer verified: since when.
        micros(verification.map_or(Some(at), |known| known.last)),
        micros(verification.and_then(|known| known.next)),
    ]
}

/// A row of opt-outs, or, without one, of their end.
pub(crate) fn opt_out_row(
    tenant: &TenantKeys,
    point: &Address,
    lifted: bool,
    at: Timestamp,
    row: Option<&OptOut>,
) -> Vec<Value> {
    let purpose = row.and_then(|row| match row.scope {
        OptOutScope::All => None,
        OptOutScope::Purpose(purpose) => Some(purpose.as_str().to_owned()),
    });
    vec![
        tenant.seq.into(),
        tenant.point(point.reveal()).to_vec().into(),
        i32::from(lifted).into(),
        at.as_microsecond().into(),
        Value::from(row.map(|row| row.channel.as_str().to_owned())),
        Value::from(purpose),
    ]
}

/// Ends the opt-outs of a point and writes those that stand in their place.
#[derive(Debug)]
struct ReplaceOptOuts {
    tenant: Arc<TenantKeys>,
    rows: Vec<Vec<Value>>,
    entry: Entry,
}

impl Write for ReplaceOptOuts {
    type Output = ();
    async fn run(&self, tx: &mut Tx) -> Result<(), Failure> {
        for row in &self.rows {
            let sql = format!("{OPT_OUT} ({})", places(row.len()));
            tx.write(&self.tenant, &OPT_OUTS, &sql, row.clone()).await?;
        }
        tx.append(&self.tenant, &self.entry).await?;
        Ok(())
    }
}

impl Reading {
    /// Opt-outs on any of `points` that were not lifted since.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then nothing may be sent.
    pub async fn opt_outs(&mut self, points: &[Address]) -> Result<Vec<OptOut>, StoreError> {
        let tenant = Arc::clone(&self.tenant);
        let mut standing = Vec::new();
        for point in points {
            let sql = "SELECT o.at, o.channel, o.purpose FROM opt_outs o \
                 WHERE o.tenant = ? AND o.point = ? AND o.lifted = 0 AND NOT EXISTS (SELECT 1 FROM opt_outs l \
                 WHERE l.tenant = o.tenant AND l.point = o.point AND l.lifted = 1 AND l.seq > o.seq AND l.at >= o.at) \
                 ORDER BY o.seq";
            let values = vec![tenant.seq.into(), tenant.point(point.reveal()).to_vec().into()];
            for row in self.all(sql, &values).await? {
                let scope = optional_word(&row, 2)?.map_or(OptOutScope::All, OptOutScope::Purpose);
                standing.push(OptOut { at: time(&row, 0)?, channel: word(&row, 1)?, point: point.clone(), scope });
            }
        }
        Ok(standing)
    }

    /// Which of `points` asked not to be called to sell and did not take it back since, and when they last asked.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then nothing may be sold.
    pub async fn do_not_call(&mut self, points: &[Address]) -> Result<Vec<(Address, Timestamp)>, StoreError> {
        let tenant = Arc::clone(&self.tenant);
        let mut standing = Vec::new();
        for point in points {
            let sql = "SELECT d.asked_at FROM do_not_call d \
                 WHERE d.tenant = ? AND d.point = ? AND d.withdrawn = 0 AND NOT EXISTS (SELECT 1 FROM do_not_call w \
                 WHERE w.tenant = d.tenant AND w.point = d.point AND w.withdrawn = 1 AND w.seq > d.seq \
                 AND w.asked_at >= d.asked_at) ORDER BY d.asked_at DESC LIMIT 1";
            let values = [tenant.seq.into(), tenant.point(point.reveal()).to_vec().into()];
            if let Some(row) = self.one(sql, &values).await? {
                standing.push((point.clone(), time(&row, 0)?));
            }
        }
        Ok(standing)
    }

    /// Postern's own verifications of any of `points`, the newest of each. A point that Postern knows nothing of is not in the
    /// answer.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn verifications(&mut self, points: &[Address]) -> Result<Vec<OwnVerification>, StoreError> {
        let tenant = Arc::clone(&self.tenant);
        let mut found = Vec::new();
        for point in points {
            let sql = "SELECT known, validated, last, next FROM verifications WHERE tenant = ? AND point = ? \
                 ORDER BY seq DESC LIMIT 1";
            let values = vec![tenant.seq.into(), tenant.point(point.reveal()).to_vec().into()];
            let Some(row) = self.one(sql, &values).await? else { continue };
            let (validated, last) = (column::<i32>(&row, 1)? != 0, optional_time(&row, 2)?);
            let known = Verification { validated, last, next: optional_time(&row, 3)? };
            let verification = (column::<i32>(&row, 0)? != 0).then_some(known);
            found.push(OwnVerification { point: point.clone(), verification, at: last });
        }
        Ok(found)
    }

    /// Inbound messages from any of `points` since `since`, oldest first. A text whose key was destroyed is left out.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn inbound(&mut self, points: &[Address], since: Timestamp) -> Result<Vec<Inbound>, StoreError> {
        let tenant = Arc::clone(&self.tenant);
        let mut found = Vec::new();
        for point in points {
            let sql = "SELECT at, channel, thread_purpose, patient, text, name, (SELECT r.verdict FROM inbound_reviews r \
                 WHERE r.tenant = inbound.tenant AND r.inbound = inbound.seq ORDER BY r.seq DESC LIMIT 1) FROM inbound \
                 WHERE tenant = ? AND point = ? AND at >= ? ORDER BY at, seq";
            let index = tenant.point(point.reveal()).to_vec();
            for row in self.all(sql, &[tenant.seq.into(), index.into(), since.as_microsecond().into()]).await? {
                let name: [u8; 16] = array(&row, 5)?;
                let sealed: Vec<u8> = column(&row, 4)?;
                let plain = match column::<Option<Vec<u8>>>(&row, 3)? {
                    None => tenant.sealer().open(text_of(&name), &sealed)?,
                    Some(patient) => {
                        let patient = patient.try_into().map_err(|_| StoreError::Damaged)?;
                        match self.patient_key(patient).await {
                            Err(StoreError::KeyDestroyed) => continue,
                            key => key?.sealer().open(text_of(&name), &sealed)?,
                        }
                    }
                };
                let mut frames = Frames(plain.reveal());
                frames.take()?;
                found.push(Inbound {
                    at: time(&row, 0)?,
                    channel: word::<Channel>(&row, 1)?,
                    point: point.clone(),
                    text: Phi::new(frames.text()?.to_owned()),
                    thread_purpose: optional_word(&row, 2)?,
                    reviewed: optional_word(&row, 6)?,
                    heard: Heard::NOT_YET,
                });
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::RECEIVED;
    use crate::database::plan::plan;

    #[tokio::test]
    async fn what_a_patient_wrote_is_found_by_the_patient_however_much_came_in() {
        let plan = plan(RECEIVED).await;
        assert!(plan.iter().any(|line| line.contains("inbound_by_patient (tenant=? AND patient=?)")), "{plan:?}");
        assert!(plan.iter().any(|line| line.contains("inbound_by_point (tenant=? AND point=?)")), "{plan:?}");
        // What is walked through is what was found already.
        let walks = plan.iter().filter(|line| line.starts_with("SCAN"));
        assert!(walks.into_iter().all(|line| ["SCAN own", "SCAN found"].contains(&line.as_str())), "{plan:?}");
    }
}
