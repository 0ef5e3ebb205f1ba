//! What people see of what came back by e-mail, and what they may do about it.

use crate::engine::Engine;
use crate::error::UseError;
use crate::ledger_entry;
use crate::principal::{Principal, Scope};
use crate::reads::PAGE;
use crate::wire::{KeptMailView, LiftReason, SuppressionView};
use postern_base::{PatientId, Phi};
use postern_ledger::{Entry, Kind};
use postern_store::{KeptMail, StoreError, Suppression};

impl Engine {
    /// Addresses of the caller's tenant that are not written to, newest first, below `before`; at most [`PAGE`]. Reading them is
    /// entered in the ledger: they say where patients have mailboxes.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn suppressions(
        &self,
        principal: &Principal,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<SuppressionView>, UseError> {
        principal.must(Scope::ConsentRead)?;
        let store = self.inner.store.tenant(&principal.tenant);
        store.append(vec![self.entry(principal, Kind::Disclosed, "suppressions_read")?]).await?;
        let mut views = Vec::new();
        for found in store.suppressions(before, limit.clamp(1, PAGE)).await? {
            views.push(self.view(principal, found).await?);
        }
        Ok(views)
    }

    async fn view(&self, principal: &Principal, found: Suppression) -> Result<SuppressionView, UseError> {
        let store = self.inner.store.tenant(&principal.tenant);
        let message = self.inner.store.delivery(found.delivery).await?.map(|(_, message)| message);
        let record = match message {
            Some(message) => match store.message(message).await {
                Err(StoreError::KeyDestroyed) => None,
                record => record?,
            },
            None => None,
        };
        let address = record.as_ref().and_then(|record| {
            let delivery = record.deliveries.iter().find(|delivery| delivery.id == found.delivery)?;
            Some(delivery.candidate.point.reveal().to_string())
        });
        Ok(SuppressionView {
            id: found.number,
            reason: found.reason.as_str().to_owned(),
            code: found.code,
            at: found.at,
            delivery: found.delivery,
            message,
            patient: record.as_ref().map(|record| PatientId::reference(&record.patient)),
            address,
        })
    }

    /// Writes to an address again. It still has to be verified anew before anything about the patient goes there.
    ///
    /// # Errors
    /// [`UseError`]; a suppression that does not stand is `NotFound`.
    pub async fn lift_suppression(&self, principal: &Principal, id: i64, why: LiftReason) -> Result<(), UseError> {
        principal.must(Scope::ConsentWrite)?;
        let entry = self.entry(principal, Kind::ConsentChanged, "suppression_lifted")?;
        Ok(self.inner.store.tenant(&principal.tenant).lift_suppression(id, why.as_str(), entry).await?)
    }

    /// Mails that were kept for a person, newest first, below `before`; those that wait, or all. At most [`PAGE`].
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn kept_mails(
        &self,
        principal: &Principal,
        before: Option<i64>,
        waiting: bool,
        limit: u32,
    ) -> Result<Vec<KeptMailView>, UseError> {
        principal.must(Scope::MessagesRead)?;
        let store = self.inner.store.tenant(&principal.tenant);
        let found = store.kept_mails(before, waiting, limit.clamp(1, PAGE)).await?;
        Ok(found.into_iter().map(KeptMailView::from).collect())
    }

    /// A kept mail as it came. Reading it is entered in the ledger first.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn kept_mail(&self, principal: &Principal, id: i64) -> Result<Phi<Vec<u8>>, UseError> {
        principal.must(Scope::ContentRead)?;
        let store = self.inner.store.tenant(&principal.tenant);
        store.append(vec![self.entry(principal, Kind::Disclosed, "mail_read")?]).await?;
        Ok(store.kept_mail(id).await?)
    }

    /// Notes that the caller has looked at a kept mail.
    ///
    /// # Errors
    /// [`UseError`]; a mail that does not wait is `NotFound`.
    pub async fn review_mail(&self, principal: &Principal, id: i64) -> Result<(), UseError> {
        principal.must(Scope::ContentRead)?;
        let entry = self.entry(principal, Kind::Administered, "mail_reviewed")?;
        Ok(self.inner.store.tenant(&principal.tenant).review_mail(id, entry).await?)
    }

    fn entry(&self, principal: &Principal, kind: Kind, code: &str) -> Result<Entry, UseError> {
        ledger_entry::of(self, &principal.tenant, kind, principal.actor(), code).map_err(|_| UseError::Unavailable)
    }
}

impl From<KeptMail> for KeptMailView {
    fn from(mail: KeptMail) -> Self {
        Self {
            id: mail.number,
            kind: mail.kind.as_str().to_owned(),
            at: mail.at,
            secured: mail.secured,
            delivery: mail.delivery,
            reviewed_at: mail.reviewed_at,
            reviewed_by: mail.reviewed_by,
        }
    }
}
