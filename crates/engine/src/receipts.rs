//! What vendors tell us: receipts settle deliveries, and a deadline settles those that no receipt came for, so that every
//! message ends (DESIGN section 2, step 8).

use crate::accept::entry_for;
use crate::engine::Engine;
use jiff::{SignedDuration, Timestamp};
use postern_base::rng::NoEntropy;
use postern_base::{Channel, DeliveryId, MessageId, TenantId};
use postern_channels::provider::ReceiptState;
use postern_channels::{Provider, ProviderRef, RawRequest, Receipt, ReceiveError, Received};
use postern_ledger::Kind;
use postern_store::{Claim, DeliveryState, StoreError};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// How many overdue deliveries are settled in one step.
const SWEEP: u32 = 256;
/// How long a vendor may take to say where a message stands.
const LOOK_UP: Duration = Duration::from_secs(10);
/// How many receipts are kept for attempts whose end is not stored yet.
const EARLY: usize = 10_000;
/// After how long they make room for others.
const EARLY_TIME: SignedDuration = SignedDuration::from_mins(10);
/// How often, and how many times, is looked whether such a receipt has been applied.
const LOOK_EVERY: Duration = Duration::from_millis(20);
const LOOKS: u32 = 100;

/// Why a vendor's request was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiveFailure {
    /// No provider of that name takes requests (404).
    #[error("no provider of that name takes requests")]
    NoSuchVendor,
    /// The signature is missing or wrong (401); counted, never parsed.
    #[error("the signature is missing or wrong")]
    BadSignature,
    /// The signature is right and the body cannot be understood (400).
    #[error("the request cannot be understood")]
    Unreadable,
    /// It could not be stored: the vendor should send it again (503).
    #[error("the request could not be stored: send it again")]
    Unavailable,
}

impl From<ReceiveError> for ReceiveFailure {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::BadSignature => Self::BadSignature,
            ReceiveError::Unreadable => Self::Unreadable,
            ReceiveError::NotSupported => Self::NoSuchVendor,
        }
    }
}

impl From<StoreError> for ReceiveFailure {
    fn from(_: StoreError) -> Self {
        Self::Unavailable
    }
}

impl From<NoEntropy> for ReceiveFailure {
    fn from(_: NoEntropy) -> Self {
        Self::Unavailable
    }
}

impl Engine {
    /// Takes a vendor's request as it arrived; `vendor` is `VENDOR/SERVICE`, or `VENDOR` when it has one service. Answers how
    /// many things it told us. The same request twice is harmless.
    ///
    /// # Errors
    /// [`ReceiveFailure`].
    pub async fn receive(&self, vendor: &str, raw: RawRequest) -> Result<usize, ReceiveFailure> {
        let provider = self.provider_of(vendor).ok_or(ReceiveFailure::NoSuchVendor)?;
        let received = match provider.receive(&raw) {
            Ok(received) => received,
            Err(error) => {
                if error == ReceiveError::BadSignature {
                    self.inner.metrics.bad_signatures.inc();
                }
                return Err(error.into());
            }
        };
        let name = provider.profile().vendor.to_string();
        let count = received.len();
        for one in received {
            self.take_told(&name, one).await?;
        }
        Ok(count)
    }

    /// Takes what `vendor` told us over a session that we opened, or by a request whose signature was found right. The same thing
    /// twice is harmless.
    ///
    /// # Errors
    /// [`ReceiveFailure::Unavailable`]: the vendor should tell it again.
    pub async fn take_told(&self, vendor: &str, received: Received) -> Result<(), ReceiveFailure> {
        match received {
            Received::Receipt(receipt) => self.take_receipt(vendor, receipt).await,
            Received::Message(message) => self.take_inbound(vendor, message).await,
        }
    }

    fn provider_of(&self, vendor: &str) -> Option<Arc<dyn Provider>> {
        if let Some((vendor, service)) = vendor.split_once('/') {
            return self.inner.providers.named(vendor, service).cloned();
        }
        let mut of_vendor = self.inner.providers.iter().filter(|provider| provider.profile().vendor == vendor);
        let first = of_vendor.next()?;
        of_vendor.next().is_none().then(|| Arc::clone(first))
    }

    async fn take_receipt(&self, vendor: &str, receipt: Receipt) -> Result<(), ReceiveFailure> {
        let (state, code) = match receipt.state {
            ReceiptState::Underway => return Ok(()),
            ReceiptState::Delivered => (DeliveryState::Delivered, "receipt_delivered"),
            ReceiptState::Failed => (DeliveryState::Failed, "receipt_failed"),
        };
        let Some((tenant, message, delivery)) = self.delivery_of(vendor, &receipt).await? else { return Ok(()) };
        if self.says_opted_out(vendor, &receipt)
            && let Some(of) = self.of(delivery).await?
        {
            self.take_block(&of, Channel::Sms, vendor).await?;
        }
        let actor = format!("provider:{vendor}");
        let entries = vec![
            entry_for(self, &tenant, Kind::Receipt, &actor, code, message, delivery)?,
            entry_for(self, &tenant, Kind::Terminal, &actor, state.as_str(), message, delivery)?,
        ];
        if self.inner.store.tenant(&tenant).settle(delivery, state, code.to_owned(), entries).await? {
            self.inner.metrics.ended(state.as_str());
            self.inner.wake.notify_one();
        }
        Ok(())
    }

    /// The delivery that `receipt` is about; `None` while the end of its attempt is not stored: the vendor is faster than our own disk,
    /// or it is not ours. It is kept until then.
    async fn delivery_of(
        &self,
        vendor: &str,
        receipt: &Receipt,
    ) -> Result<Option<(TenantId, MessageId, DeliveryId)>, StoreError> {
        let reference = &receipt.reference.0;
        if let Some(found) = self.inner.store.delivery_by_reference(vendor, reference).await? {
            return Ok(Some(found));
        }
        let key = (vendor.to_owned(), reference.clone());
        if let Ok(mut early) = self.inner.early.lock() {
            if early.len() >= EARLY {
                // Those of nobody here stay for good otherwise, and then there is no room for ours.
                let oldest = self.now().checked_sub(EARLY_TIME).unwrap_or(Timestamp::MIN);
                early.retain(|_, kept| kept.at > oldest);
            }
            if early.len() < EARLY {
                early.insert(key.clone(), receipt.clone());
            }
        }
        // The end may have been stored in between, by who found nothing kept. Or the vendor's answer was lost, and with it their name.
        let mut found = self.inner.store.delivery_by_reference(vendor, reference).await?;
        if let (None, Some(attempt)) = (&found, receipt.attempt) {
            found = self.inner.store.delivery_by_attempt(vendor, attempt).await?;
        }
        if found.is_some()
            && let Ok(mut early) = self.inner.early.lock()
        {
            early.remove(&key);
        }
        Ok(found)
    }

    fn says_opted_out(&self, vendor: &str, receipt: &Receipt) -> bool {
        let mut of_vendor = self.inner.providers.iter().filter(|provider| provider.profile().vendor == vendor);
        receipt.state == ReceiptState::Failed && of_vendor.any(|provider| provider.opted_out(&receipt.code))
    }

    /// Waits until a receipt of `vendor` that came before the end of its attempt was stored has been applied, so that the vendor hears
    /// no sooner that we have it. For a while at most: it may be about a message of nobody's here.
    pub async fn applied(&self, vendor: &str, reference: &ProviderRef) {
        let key = (vendor.to_owned(), reference.0.clone());
        for _ in 0..LOOKS {
            if !self.inner.early.lock().is_ok_and(|early| early.contains_key(&key)) {
                return;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Applies a receipt that came before the end of its attempt was stored.
    pub(crate) async fn settle_early(&self, vendor: &str, reference: &str) {
        let key = (vendor.to_owned(), reference.to_owned());
        let receipt = self.inner.early.lock().ok().and_then(|early| early.get(&key).cloned());
        let Some(receipt) = receipt else { return };
        if self.take_receipt(vendor, receipt).await.is_err() {
            // Lost to us: the deadline will say that nobody knows.
            tracing::warn!("an early receipt could not be stored");
        }
        // Not before: whoever waits for it to be applied tells the vendor that we have it.
        if let Ok(mut early) = self.inner.early.lock() {
            early.remove(&key);
        }
    }

    /// Ends deliveries whose receipt is overdue: as the vendor says when it is asked, or else as unknown, with an alert for each. A
    /// late receipt may still settle one. Answers how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn settle_overdue(&self) -> Result<usize, StoreError> {
        let overdue = self.inner.store.overdue(self.now(), SWEEP).await?;
        let said = self.look_up(&overdue).await;
        let mut settled = 0;
        for claim in overdue {
            let (state, code) = match (claim.state, said.get(&claim.lease.delivery)) {
                (DeliveryState::Held, _) => (DeliveryState::Expired, "held_too_long"),
                (_, Some(ReceiptState::Delivered)) => (DeliveryState::Delivered, "looked_up_delivered"),
                (_, Some(ReceiptState::Failed)) => (DeliveryState::Failed, "looked_up_failed"),
                (_, Some(ReceiptState::Underway) | None) => (DeliveryState::Unknown, "receipt_overdue"),
            };
            let delivery = claim.lease.delivery;
            let entry = entry_for(self, &claim.tenant, Kind::Terminal, "system", code, claim.message, delivery)
                .map_err(|_| StoreError::Unavailable)?;
            let tenant = self.inner.store.tenant(&claim.tenant);
            if tenant.settle(delivery, state, code.to_owned(), vec![entry]).await? {
                settled += 1;
                self.inner.metrics.ended(state.as_str());
                if matches!(state, DeliveryState::Delivered | DeliveryState::Failed) {
                    tracing::info!(delivery = %delivery, code, "a receipt did not come, and the vendor was asked");
                    continue;
                }
                self.inner.metrics.alert("SYS-05");
                tracing::warn!(message = %claim.message, delivery = %delivery, code, "a delivery ended without word of it");
            }
        }
        Ok(settled)
    }

    /// What their vendors say of `overdue` deliveries, side by side. A vendor that does not answer says nothing.
    async fn look_up(&self, overdue: &[Claim]) -> HashMap<DeliveryId, ReceiptState> {
        let mut asked = JoinSet::new();
        for claim in overdue.iter().filter(|claim| claim.state != DeliveryState::Held) {
            let vendor = claim.candidate.vendor.as_ref();
            let Some(provider) = vendor.and_then(|vendor| self.inner.providers.get(vendor)).cloned() else { continue };
            let Some(reference) = claim.reference.clone().map(ProviderRef) else { continue };
            let delivery = claim.lease.delivery;
            asked.spawn(async move {
                let answer = tokio::time::timeout(LOOK_UP, provider.status(&reference)).await;
                answer.ok().flatten().map(|receipt| (delivery, receipt.state))
            });
        }
        let mut said = HashMap::new();
        while let Some(answer) = asked.join_next().await {
            said.extend(answer.ok().flatten());
        }
        said
    }
}
