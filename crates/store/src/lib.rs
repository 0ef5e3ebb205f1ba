//! Encrypted persistence: SQLite behind one concrete [`Store`], keys, the outbox and group commit.
//!
//! What this crate must not do: decide, render, or open a socket (key providers excepted). It is the only crate that names a
//! database (invariant 8). No query runs without a tenant: everything about a tenant goes through [`Tenanted`]; the few
//! calls on [`Store`] itself are the machine's own (claiming work, publishing the ledger).
//!
//! Start at [`Store::open`], [`Tenanted::accept`], and `writer.rs` for the group commit.

pub mod records;

pub use records::*;

use jiff::{SignedDuration, Timestamp};
use postern_base::{Clock, DeliveryId, MessageId, PatientId, Phi, Purpose, Rng, TenantId};
use postern_gate::Permit;
use postern_gate::facts::{Address, OptOut, Vendor};
use postern_ledger::{Committed, Entry, Lease, Log};
use std::path::Path;
use std::sync::Arc;

/// The store of one data directory. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {}

/// The store as one tenant sees it.
#[derive(Debug, Clone)]
pub struct Tenanted {}

impl Store {
    /// Opens the store in `dir`, creating and migrating it as needed. `root` wraps the epoch keys.
    ///
    /// # Errors
    /// [`OpenError`]: another process has it, it is newer than this binary, the root key is another one, the disk says no.
    pub async fn open(
        _dir: &Path,
        _root: RootKey,
        _clock: Arc<dyn Clock>,
        _rng: Arc<dyn Rng>,
    ) -> Result<Self, OpenError> {
        todo!()
    }
    /// Finishes what was begun, publishes the ledger, and lets go of the files.
    pub async fn close(self) {}
    /// The store as `tenant` sees it.
    pub fn tenant(&self, _tenant: &TenantId) -> Tenanted {
        todo!()
    }
    /// Every tenant.
    pub async fn tenants(&self) -> Result<Vec<TenantRecord>, StoreError> {
        todo!()
    }
    /// Creates or replaces a tenant.
    pub async fn put_tenant(&self, _tenant: TenantRecord, _entry: Entry) -> Result<(), StoreError> {
        todo!()
    }
    /// The principal an API key belongs to, by the key's SHA-256; `None` = no such key, or revoked.
    pub async fn principal(&self, _key_hash: [u8; 32]) -> Result<Option<PrincipalRecord>, StoreError> {
        todo!()
    }
    /// Claims up to `limit` deliveries that are due at `now`, urgent ones first: lease and fence in one statement. A claim
    /// whose predecessor died between `attempt_started` and its end says so in [`Claim::interrupted`].
    pub async fn claim(&self, _now: Timestamp, _limit: u32, _lease: SignedDuration) -> Result<Vec<Claim>, StoreError> {
        todo!()
    }
    /// Deliveries with a provider whose deadline for a receipt is over at `now`.
    pub async fn overdue(&self, _now: Timestamp, _limit: u32) -> Result<Vec<Claim>, StoreError> {
        todo!()
    }
    /// When the next delivery falls due, if any is waiting.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        todo!()
    }
    /// The tenant and delivery a vendor's reference belongs to.
    pub async fn delivery_by_reference(
        &self,
        _vendor: &str,
        _reference: &str,
    ) -> Result<Option<(TenantId, MessageId, DeliveryId)>, StoreError> {
        todo!()
    }
    /// Tenants that have `point` on record as a patient's contact point, or have sent to it: where an inbound message belongs.
    pub async fn tenants_of_point(&self, _to: &str) -> Result<Vec<TenantId>, StoreError> {
        todo!()
    }
    /// Writes tiles and a signed checkpoint of everything committed to `DIR/ledger/` and returns the signed note.
    pub async fn publish(&self) -> Result<String, StoreError> {
        todo!()
    }
    /// Counts for health and metrics: queue depth, oldest due, log size.
    pub async fn gauges(&self) -> Result<Gauges, StoreError> {
        todo!()
    }
}

impl Tenanted {
    /// Stores a message, its sealed bodies, outbox rows and ledger entries in one transaction, once per idempotency key.
    pub async fn accept(&self, _message: NewMessage) -> Result<AcceptOutcome, StoreError> {
        todo!()
    }
    /// Ends an attempt or a claim: state, next due time and entries in one transaction, only while `lease` is current.
    pub async fn finish(&self, _lease: Lease, _finish: Finish, _entries: Vec<Entry>) -> Result<(), StoreError> {
        todo!()
    }
    /// Changes a delivery on a receipt, whoever holds no lease. A terminal state stays.
    pub async fn settle(
        &self,
        _delivery: DeliveryId,
        _state: DeliveryState,
        _code: String,
        _entries: Vec<Entry>,
    ) -> Result<bool, StoreError> {
        todo!()
    }
    /// One message with its sealed parts opened.
    pub async fn message(&self, _id: MessageId) -> Result<Option<MessageRecord>, StoreError> {
        todo!()
    }
    /// Ids of a patient's messages, newest first, below `before`, at most `limit`.
    pub async fn messages_of(
        &self,
        _patient: &PatientId,
        _before: Option<MessageId>,
        _limit: u32,
    ) -> Result<Vec<MessageId>, StoreError> {
        todo!()
    }
    /// Portal copies of a patient that are visible, newest first.
    pub async fn portal_copies(&self, _patient: &PatientId, _limit: u32) -> Result<Vec<PortalCopy>, StoreError> {
        todo!()
    }
    /// Appends entries that no row goes with: a disclosure, an alert.
    pub async fn append(&self, _entries: Vec<Entry>) -> Result<(), StoreError> {
        todo!()
    }
    /// The ledger entries of a message in order, with their index.
    pub async fn entries(&self, _message: MessageId) -> Result<Vec<(u64, Entry)>, StoreError> {
        todo!()
    }
    /// An offline proof of one entry: a C2SP tlog-proof text (index, inclusion path, checkpoint) under the newest checkpoint.
    pub async fn proof(&self, _index: u64) -> Result<String, StoreError> {
        todo!()
    }
    /// Deliveries to `patient` or to any of `points` since `since`.
    pub async fn past_deliveries(
        &self,
        _patient: &PatientId,
        _points: &[Address],
        _since: Timestamp,
        _except: Option<MessageId>,
    ) -> Result<Vec<postern_gate::facts::PastDelivery>, StoreError> {
        todo!()
    }
    /// Earlier accepted requests for `patient` and `purpose` since `since`; `content` says which have the same source.
    pub async fn earlier(
        &self,
        _patient: &PatientId,
        _purpose: Purpose,
        _content: &Phi<Vec<u8>>,
        _since: Timestamp,
        _except: Option<MessageId>,
    ) -> Result<Vec<postern_gate::facts::EarlierRequest>, StoreError> {
        todo!()
    }
    /// Records an opt-out (or removes one by an opt-in) with its entry; queued deliveries see it at their second gate.
    pub async fn put_opt_out(&self, _opt_out: OptOut, _entry: Entry) -> Result<(), StoreError> {
        todo!()
    }
    /// Removes opt-outs of a point by an affirmative act of the patient (RULES TCP-16).
    pub async fn lift_opt_out(&self, _point: &Address, _entry: Entry) -> Result<(), StoreError> {
        todo!()
    }
    /// Opt-outs on any of `points`.
    pub async fn opt_outs(&self, _points: &[Address]) -> Result<Vec<OptOut>, StoreError> {
        todo!()
    }
    /// Marks a point as no longer verified (wrong number, bounce), or verified, by Postern's own knowledge.
    pub async fn put_verification(
        &self,
        _point: &Address,
        _verification: Option<postern_gate::facts::Verification>,
        _entry: Entry,
    ) -> Result<(), StoreError> {
        todo!()
    }
    /// Postern's own verifications of any of `points`: `Some(None)` in the pair = unverified on purpose.
    pub async fn verifications(
        &self,
        _points: &[Address],
    ) -> Result<Vec<(Address, Option<postern_gate::facts::Verification>)>, StoreError> {
        todo!()
    }
    /// Stores an inbound message once per vendor reference, sealed; `false` = seen before.
    pub async fn put_inbound(&self, _inbound: NewInbound, _entries: Vec<Entry>) -> Result<bool, StoreError> {
        todo!()
    }
    /// Inbound messages from any of `points` since `since`.
    pub async fn inbound(
        &self,
        _points: &[Address],
        _since: Timestamp,
    ) -> Result<Vec<postern_gate::facts::Inbound>, StoreError> {
        todo!()
    }
    /// Creates or replaces directory resources (built-in FHIR directory), sealed under their patient's key.
    pub async fn put_resources(&self, _resources: Vec<DirectoryResource>) -> Result<(), StoreError> {
        todo!()
    }
    /// Every directory resource of a patient, the Patient included, as FHIR JSON.
    pub async fn patient_resources(&self, _patient: &PatientId) -> Result<Vec<Phi<Vec<u8>>>, StoreError> {
        todo!()
    }
    /// One directory resource.
    pub async fn resource(&self, _resource_type: &str, _id: &str) -> Result<Option<Phi<Vec<u8>>>, StoreError> {
        todo!()
    }
    /// Ids of patients in the directory, in order, after `after`, at most `limit`.
    pub async fn patients(&self, _after: Option<&PatientId>, _limit: u32) -> Result<Vec<PatientId>, StoreError> {
        todo!()
    }
    /// Patients that the directory gives `point` as a contact point of, in order of their ids.
    pub async fn patients_of_point(&self, _point: &Address) -> Result<Vec<PatientId>, StoreError> {
        todo!()
    }
    /// Creates or replaces a row of the vendor registry.
    pub async fn put_vendor(&self, _vendor: Vendor, _entry: Entry) -> Result<(), StoreError> {
        todo!()
    }
    /// The vendor registry.
    pub async fn vendors(&self) -> Result<Vec<Vendor>, StoreError> {
        todo!()
    }
    /// Stores an API key's hash and scopes.
    pub async fn put_principal(
        &self,
        _principal: PrincipalRecord,
        _key_hash: [u8; 32],
        _entry: Entry,
    ) -> Result<(), StoreError> {
        todo!()
    }
    /// Destroys a patient's key: every sealed value of theirs is gone for good, every proof stays valid.
    pub async fn destroy_patient_key(&self, _patient: &PatientId, _entry: Entry) -> Result<(), StoreError> {
        todo!()
    }
}

impl Log<Permit> for Store {
    type Error = StoreError;
    async fn commit(&self, _permit: &Permit, _lease: Lease) -> Result<Committed, StoreError> {
        todo!()
    }
}
