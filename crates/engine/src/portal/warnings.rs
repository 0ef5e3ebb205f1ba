//! A word to the patient when something of their account was changed: how it signs in, or where messages go. It is a message like any
//! other, in the portal with a neutral notice beside it, and the notice goes to what was verified before the change: whoever changed it does not
//! choose who hears of it (NIST SP 800-63B-4 section 4.6).

use super::Visitor;
use super::preferences::{channel_of, is_verified};
use crate::accept::Tie;
use crate::engine::Engine;
use crate::principal::Principal;
use crate::wire::{Request, TemplateUse};
use postern_base::{Channel, PatientId, Purpose, TenantId};
use postern_gate::facts::Address;
use std::collections::BTreeMap;

/// house: how many numbers and addresses hear of one change.
const TOLD: usize = 4;

/// What was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Warning {
    /// How the account signs in.
    SignIn,
    /// Where messages go.
    Places,
}

impl Warning {
    /// The template that says it.
    const fn template(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in_changed",
            Self::Places => "places_changed",
        }
    }
}

impl Engine {
    /// Tells the patient whose own account `visitor` has. Nothing depends on it: a warning that cannot be sent undoes no change, and is in the log.
    pub(super) async fn warn_of(&self, visitor: &Visitor, warning: Warning, except: Option<&Address>) {
        match self.own_patient(&visitor.tenant, visitor.account).await {
            Ok(Some(patient)) => self.warn((&visitor.tenant, &patient), warning, except).await,
            // Of who stands for others alone there is no record of their own, and the patient's is not about this account.
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "nobody was told of a change of an account"),
        }
    }

    /// Tells a patient, at everything of theirs that is verified but for `except`: the number or address that the change itself brought.
    pub(super) async fn warn(
        &self,
        (tenant, patient): (&TenantId, &PatientId),
        warning: Warning,
        except: Option<&Address>,
    ) {
        let Ok(own) = self.points_of(tenant, patient).await else {
            tracing::warn!("nobody was told of a change of an account: the record could not be read");
            return;
        };
        let now = self.now();
        let known = own.points.into_iter().map(|(_, point)| point);
        let told = known.filter(|point| is_verified(point, now) && Some(&point.value) != except);
        let mut places: Vec<(Channel, Address)> = told
            .filter_map(|point| channel_of(point.system).map(|channel| (channel, point.value)))
            .filter(|(channel, _)| *channel != Channel::Voice)
            .take(TOLD)
            .collect();
        // The first comes beside the copy in the portal, which stands there once; the others say the same without one.
        let first = if places.is_empty() { None } else { Some(places.remove(0)) };
        let channels = [Some(Channel::Portal), first.as_ref().map(|(channel, _)| *channel)];
        self.say_changed((tenant, patient), warning, channels.into_iter().flatten().collect(), first.map(|one| one.1))
            .await;
        for (channel, place) in places {
            self.say_changed((tenant, patient), warning, vec![channel], Some(place)).await;
        }
    }

    async fn say_changed(
        &self,
        (tenant, patient): (&TenantId, &PatientId),
        warning: Warning,
        channels: Vec<Channel>,
        place: Option<Address>,
    ) {
        let template = TemplateUse { name: warning.template().to_owned(), data: BTreeMap::new() };
        let ours = Request::ours(patient, Purpose::TreatmentUpdate, template, Channel::Portal);
        let request = Request { channels: Some(channels), ..ours };
        let principal = Principal::system(tenant.clone());
        if let Err(error) = self.accept_request(&principal, None, request, Some(Tie::Change(place))).await {
            tracing::warn!(%error, "a patient was not told of a change of their account");
        }
    }
}
