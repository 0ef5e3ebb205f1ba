//! Who carries what another vendor cannot: a service at which nothing gets through gives its channels to one that may carry them as well,
//! until it is well again. Nothing goes a second time: what one vendor may have taken is never another's.

use crate::engine::Engine;
use crate::lanes::LaneKey;
use crate::metrics::VendorLabel;
use crate::tenants::TenantState;
use jiff::Timestamp;
use postern_base::Channel;
use postern_channels::{Health, Profile, Provider};
use postern_gate::agreement::covered;
use postern_gate::decision::VendorRef;
use postern_gate::facts::{Tenant, Vendor};
use postern_gate::{Facts, may_carry};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long a vendor may take to say that it is well again.
const PROBE_TIME: Duration = Duration::from_secs(10);

impl Engine {
    /// The registry as it can be used now.
    ///
    /// A row that no provider stands behind carries nothing that another row with one and with an agreement in force carries: what it
    /// would be chosen for could only be held. A row alone stays, so that a person hears what is missing. And a row whose service is
    /// down carries nothing that a [standby](Self::has_standby) carries.
    pub(crate) fn provided(&self, practice: &Tenant, rows: &[Vendor], now: Timestamp) -> Vec<Vendor> {
        let provided = |row: &Vendor| self.provider(row).is_some();
        let with_both = rows.iter().filter(|row| provided(row) && covered(practice, row, now));
        let taken: Vec<Channel> = with_both.flat_map(|row| row.channels.iter().copied()).collect();
        let usable = rows.iter().cloned().map(|mut row| {
            let stands_back = !provided(&row);
            let down = !stands_back && self.is_down(&row.vendor, &row.service);
            let gives_up = |channel: &Channel| {
                stands_back && taken.contains(channel) || down && self.standby(practice, rows, &row, *channel, now)
            };
            let channels = row.channels.iter().copied().filter(|channel| !gives_up(channel)).collect();
            row.channels = channels;
            row
        });
        usable.filter(|row| !row.channels.is_empty()).collect()
    }

    /// Whether another vendor carries on `channel` what `vendor` cannot now.
    pub(crate) fn has_standby(
        &self,
        state: &TenantState,
        vendor: &VendorRef,
        channel: Channel,
        now: Timestamp,
    ) -> bool {
        let named = |row: &&Vendor| row.vendor == vendor.vendor && row.service == vendor.service;
        let row = state.vendors.iter().find(named).filter(|_| self.is_down(&vendor.vendor, &vendor.service));
        row.is_some_and(|row| self.standby(&state.gate, &state.vendors, row, channel, now))
    }

    /// Asks the vendors at which nothing got through whether they are well again, when it is time to: where another stands in for one, no
    /// message would find out.
    pub async fn probe_vendors(&self) {
        let mut asked = JoinSet::new();
        for provider in self.inner.providers.iter().map(Arc::clone) {
            let lane = lane_of(&provider.profile().vendor, &provider.profile().service);
            if self.inner.lanes.is_to_be_probed(&lane, self.now()) {
                asked.spawn(async move { (lane, timeout(PROBE_TIME, provider.probe()).await == Ok(Health::Up)) });
            }
        }
        while let Some(answer) = asked.join_next().await {
            if let Ok((lane, well)) = answer {
                self.inner.lanes.probed(&lane, well, self.now());
                self.inner.wake.notify_one();
            }
        }
    }

    /// Lets a delivery stay with the vendor that it was planned for, as long as that may carry it: one that is well again gets what is
    /// decided from then on.
    pub(crate) fn stay(facts: &mut Facts, planned: &VendorRef, channel: Channel) {
        let (tenant, now) = (&facts.tenant, facts.now);
        let own = |row: &Vendor| (&row.vendor, &row.service) == (&planned.vendor, &planned.service);
        let may = |row: &Vendor| own(row) && row.channels.contains(&channel) && may_carry(tenant, row, channel, now);
        if facts.vendors.iter().any(may) {
            facts.vendors.iter_mut().filter(|row| !own(row)).for_each(|row| row.channels.retain(|c| *c != channel));
            facts.vendors.retain(|row| !row.channels.is_empty());
        }
    }

    /// Says of every vendor's service whether something gets through.
    pub(crate) fn observe_vendors(&self) {
        for provider in self.inner.providers.iter() {
            let Profile { vendor, service, .. } = provider.profile();
            let label = VendorLabel { vendor: vendor.to_string(), service: service.to_string() };
            let down = self.is_down(vendor, service);
            self.inner.metrics.vendor_down.get_or_create(&label).set(i64::from(down));
        }
    }

    /// Whether a row of `rows` may carry on `channel` what `row` does: by an agreement and a registration of its own, over sessions that
    /// hold no less, and while it is not down itself.
    fn standby(&self, practice: &Tenant, rows: &[Vendor], row: &Vendor, channel: Channel, now: Timestamp) -> bool {
        let Some(of) = self.provider(row).map(|provider| provider.profile().clone()) else { return false };
        let fits = |other: &&Vendor| {
            let Some(provider) = self.provider(other) else { return false };
            let Profile { floor, smime, .. } = *provider.profile();
            (&other.vendor, &other.service) != (&row.vendor, &row.service)
                && other.channels.contains(&channel)
                && floor >= of.floor
                && (smime || !of.smime)
                && may_carry(practice, other, channel, now)
                && !self.is_down(&other.vendor, &other.service)
        };
        rows.iter().any(|other| fits(&other))
    }

    /// Whether nothing gets through at a vendor's service. Where every recipient has a server of their own, no one of them is the service.
    fn is_down(&self, vendor: &str, service: &str) -> bool {
        self.inner.lanes.is_shut(&lane_of(vendor, service))
    }

    fn provider(&self, row: &Vendor) -> Option<&Arc<dyn Provider>> {
        self.inner.providers.named(&row.vendor, &row.service)
    }
}

fn lane_of(vendor: &str, service: &str) -> LaneKey {
    LaneKey { vendor: vendor.to_owned(), service: service.to_owned(), destination: None }
}
