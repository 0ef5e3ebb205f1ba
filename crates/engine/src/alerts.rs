//! Alerts: words of somebody in danger, and whether anybody has taken them up (RULES CHT-01). Whoever is on duty is told at once, without a
//! word of the patient; what waits too long is told again and counted.

use crate::engine::Engine;
use crate::error::UseError;
use crate::ledger_entry;
use crate::principal::{Principal, Scope};
use crate::reads::PAGE;
use crate::wire::{AlertText, AlertView, ReadReason};
use jiff::{SignedDuration, Timestamp};
use postern_base::TenantId;
use postern_channels::DutyWord;
use postern_ledger::{Entry, Kind};
use postern_store::{AlertMark, AlertRecord, StoreError, WaitingAlert};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The rule of words of danger.
pub(crate) const DANGER: &str = "CHT-01";
/// house: alerts that wait and are looked after at once.
const LOOKED_AFTER: u32 = 1_000;
/// house: how long the duty contact is left alone after it did not take a word.
const AGAIN: SignedDuration = SignedDuration::from_secs(30);

/// When the duty contact is told of an alert again, where it did not take the word.
#[derive(Debug, Default)]
pub(crate) struct Untold(Mutex<HashMap<(TenantId, i64), Timestamp>>);

impl Untold {
    fn rests(&self, alert: &WaitingAlert, now: Timestamp) -> bool {
        let untold = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        untold.get(&(alert.tenant.clone(), alert.number)).is_some_and(|again| now < *again)
    }

    fn note(&self, alert: &WaitingAlert, now: Timestamp) {
        let mut untold = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        untold.retain(|_, again| now < *again);
        untold.insert((alert.tenant.clone(), alert.number), now.checked_add(AGAIN).unwrap_or(now));
    }
}

impl Engine {
    /// Alerts, the newest first, below `before`, at most [`PAGE`]; where `waiting`, those alone that nobody has taken up. They say who
    /// wrote and when, and nothing of what.
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn alerts(
        &self,
        principal: &Principal,
        waiting: bool,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AlertView>, UseError> {
        principal.must(Scope::MessagesRead)?;
        let store = self.inner.store.tenant(&principal.tenant);
        let found = store.alerts(waiting, before, limit.clamp(1, PAGE)).await?;
        let now = self.now();
        Ok(found.into_iter().map(|alert| view(alert, now)).collect())
    }

    /// What was written that an alert is about. Who read it, when and why is in the ledger before anything is answered (45 CFR
    /// 164.312(b)).
    ///
    /// # Errors
    /// [`UseError::NotFound`]: there is no such alert, or nothing of what was written was kept.
    pub async fn alert_text(&self, principal: &Principal, id: i64, why: ReadReason) -> Result<AlertText, UseError> {
        principal.must(Scope::ContentRead)?;
        let store = self.inner.store.tenant(&principal.tenant);
        let (from, text) = store.alert_text(id).await?.ok_or(UseError::NotFound)?;
        let code = format!("alert_read_{}", why.as_str());
        let entry = ledger_entry::of(self, &principal.tenant, Kind::Disclosed, principal.actor(), code)
            .map_err(|_| UseError::Unavailable)?;
        store.append(vec![entry]).await?;
        Ok(AlertText { id, from: from.into_inner(), text: text.into_inner() })
    }

    /// Notes that the caller takes an alert up: they see to the patient now. The first who says so stands; again is harmless.
    ///
    /// # Errors
    /// [`UseError::NotFound`]: there is no such alert.
    pub async fn acknowledge_alert(&self, principal: &Principal, id: i64) -> Result<(), UseError> {
        principal.must(Scope::ContentRead)?;
        let entry =
            ledger_entry::of(self, &principal.tenant, Kind::Administered, principal.actor(), "alert_acknowledged")
                .map_err(|_| UseError::Unavailable)?;
        self.inner.store.tenant(&principal.tenant).acknowledge_alert(id, entry).await?;
        Ok(())
    }

    /// Tells whoever is on duty of alerts that wait, and again of those that wait too long, which are counted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn see_to_alerts(&self) -> Result<(), StoreError> {
        let (waiting, now) = (self.inner.store.waiting_alerts(LOOKED_AFTER).await?, self.now());
        let metrics = &self.inner.metrics;
        metrics.alerts_waiting.set(i64::try_from(waiting.len()).unwrap_or(i64::MAX));
        let oldest = waiting.first().map_or(0, |oldest| now.duration_since(oldest.at).as_secs().max(0));
        metrics.oldest_alert_seconds.set(oldest);
        for alert in &waiting {
            let late = now.duration_since(alert.at) >= self.inner.config.alert_waits;
            let newly_late = late && !alert.escalated;
            if newly_late {
                self.mark(alert, AlertMark::Escalated, "alert_late").await?;
                metrics.alerts_late.inc();
                tracing::error!(tenant = %alert.tenant, alert = alert.number, "an alert waits and nobody has taken it up");
            }
            // That it is late is a word of its own, told until it is taken, whoever took the first.
            if newly_late || (!alert.told && !self.inner.untold.rests(alert, now)) {
                match self.tell(alert, late, now).await {
                    true => self.mark(alert, AlertMark::Told, "alert_told").await?,
                    false => self.inner.untold.note(alert, now),
                }
            }
        }
        Ok(())
    }

    /// Whether somebody took the word.
    async fn tell(&self, alert: &WaitingAlert, late: bool, now: Timestamp) -> bool {
        // Nobody was named: the alert waits in the list, and the count says so.
        let Some(duty) = self.inner.providers.duty() else { return false };
        let word = DutyWord {
            reference: format!("alert-{}-{}-{}", alert.tenant, alert.number, if late { "late" } else { "new" }),
            tenant: alert.tenant.clone(),
            late,
            minutes: now.duration_since(alert.at).as_mins().max(0),
        };
        match duty.tell(&word, now).await {
            Ok(()) => true,
            Err(code) => {
                self.inner.metrics.duty_untold.inc();
                tracing::error!(code, "the duty contact did not take word of an alert");
                false
            }
        }
    }

    async fn mark(&self, alert: &WaitingAlert, mark: AlertMark, code: &'static str) -> Result<(), StoreError> {
        let entry = self.alert_entry(&alert.tenant, code)?;
        self.inner.store.tenant(&alert.tenant).mark_alert(alert.number, mark, entry).await?;
        Ok(())
    }

    /// An entry about an alert, by the system.
    pub(crate) fn alert_entry(&self, tenant: &TenantId, code: &'static str) -> Result<Entry, StoreError> {
        ledger_entry::of(self, tenant, Kind::Administered, "system", code).map_err(|_| StoreError::Unavailable)
    }
}

fn view(alert: AlertRecord, now: Timestamp) -> AlertView {
    AlertView {
        id: alert.number,
        rule: alert.rule,
        at: alert.at,
        waited_seconds: alert.acknowledged_at.unwrap_or(now).duration_since(alert.at).as_secs().max(0),
        channel: alert.channel,
        patients: alert.patients.iter().map(|one| one.as_str().to_owned()).collect(),
        inbound: alert.inbound,
        told_at: alert.told_at,
        late_at: alert.escalated_at,
        acknowledged_at: alert.acknowledged_at,
        acknowledged_by: alert.acknowledged_by,
    }
}
