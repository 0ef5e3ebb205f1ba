//! The providers of a deployment, looked up by what a permit names. The list is explicit: the binary builds it from its
//! configuration, and nothing is found by being linked in.

use crate::duty::Duty;
use crate::mail_domains::MailDomains;
use crate::provider::Provider;
use postern_gate::decision::VendorRef;
use std::sync::Arc;
use thiserror::Error;

/// Every provider of a deployment; each vendor's service once.
#[derive(Debug, Clone, Default)]
pub struct Providers {
    list: Vec<Arc<dyn Provider>>,
    domains: Option<Arc<dyn MailDomains>>,
    duty: Option<Arc<dyn Duty>>,
}

/// The vendor's service is already in the registry.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{vendor}/{service} is configured twice; keep one")]
pub struct AlreadyThere {
    /// The vendor.
    pub vendor: String,
    /// The service.
    pub service: String,
}

impl Providers {
    /// No providers: nothing can be sent.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a provider under the vendor and service of its profile.
    ///
    /// # Errors
    /// [`AlreadyThere`]; the first one stays.
    pub fn add(&mut self, provider: Arc<dyn Provider>) -> Result<(), AlreadyThere> {
        let profile = provider.profile();
        if self.named(&profile.vendor, &profile.service).is_some() {
            return Err(AlreadyThere { vendor: profile.vendor.to_string(), service: profile.service.to_string() });
        }
        self.list.push(provider);
        Ok(())
    }

    /// Looks up with `domains` what recipients' mail domains enforce.
    pub fn look_up_with(&mut self, domains: Arc<dyn MailDomains>) {
        self.domains = Some(domains);
    }

    /// Tells `duty` of what somebody must look at now.
    pub fn tell_of_alerts(&mut self, duty: Arc<dyn Duty>) {
        self.duty = Some(duty);
    }

    /// Who is told of what somebody must look at now, where the practice named somebody.
    #[must_use]
    pub fn duty(&self) -> Option<&Arc<dyn Duty>> {
        self.duty.as_ref()
    }

    /// What looks up mail domains, where something does; otherwise only what the practice vouches for is known of them.
    #[must_use]
    pub fn domains(&self) -> Option<&Arc<dyn MailDomains>> {
        self.domains.as_ref()
    }

    /// The provider that a permit names, if there is one. There is never a second choice: a vendor without a provider is
    /// a vendor that cannot be used.
    #[must_use]
    pub fn get(&self, vendor: &VendorRef) -> Option<&Arc<dyn Provider>> {
        self.named(&vendor.vendor, &vendor.service)
    }

    /// The provider of a vendor's service, as a webhook's URL names it.
    #[must_use]
    pub fn named(&self, vendor: &str, service: &str) -> Option<&Arc<dyn Provider>> {
        self.list.iter().find(|provider| {
            let profile = provider.profile();
            profile.vendor == vendor && profile.service == service
        })
    }

    /// Every provider, in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Provider>> {
        self.list.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::portal::Portal;

    #[test]
    fn a_vendor_that_is_not_in_the_registry_has_no_provider() {
        let mut providers = Providers::new();
        providers.add(Arc::new(Portal::new())).unwrap();
        let of = |vendor: &str, service: &str| VendorRef { vendor: vendor.into(), service: service.into() };
        assert!(providers.get(&of("self", "portal")).is_some());
        assert!(providers.get(&of("self", "sms")).is_none());
        assert!(providers.get(&of("twilio", "portal")).is_none());
    }

    #[test]
    fn a_vendor_configured_twice_is_an_error_that_names_it() {
        let mut providers = Providers::new();
        providers.add(Arc::new(Portal::new())).unwrap();
        let error = providers.add(Arc::new(Portal::new())).unwrap_err();
        assert_eq!(error.to_string(), "self/portal is configured twice; keep one");
        assert_eq!(providers.iter().count(), 1);
    }
}
