//! Gathering the facts of a decision from the store: the patient's records, our own opt-outs and verifications, what went
//! out and came in before, vendors, zones. The built-in directory is read anew for every decision and so counts as live.
//!
//! A fact that cannot be had is Unknown, never a default (invariant 2). A store that does not answer is an error, and the
//! caller defers.

use crate::engine::Engine;
use crate::principal::{Holder, Principal, PrincipalKind};
use crate::render::Rendered;
use crate::tenants::TenantState;
use crate::{do_not_call, notices, number_checks, roles, verifications, wishes};
use jiff::{SignedDuration, Timestamp};
use postern_base::{EmailTier, Language, MessageId, PatientId, Phi, Purpose, TenantId};
use postern_ehr::fhir::{Body, ExtensionValue};
use postern_ehr::{PatientRecord, Resource};
use postern_gate::deployment::Actor;
use postern_gate::facts::{Address, ContactPoint, Ehr, Event, History, Patient};
use postern_gate::reference::SHARERS_MOST;
use postern_gate::rendition::Offers;
use postern_gate::{Deployment, Fact, Facts, Missing, Request, closes};
use postern_store::{Attestation, OwnVerification, Reading, Sharers, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How far back deliveries and inbound messages are read: longer than any cap or window of the rules looks.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(24 * 30);
/// So many other patients of one contact point are read at most.
#[expect(clippy::as_conversions, reason = "a u32 fits where this runs, and no other conversion is const")]
const SHARERS_READ: usize = SHARERS_MOST as usize;
/// How long something seen of a recipient domain's transport is believed.
const TIER_BELIEVED: SignedDuration = SignedDuration::from_hours(1);

/// For whom and when facts are gathered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Occasion<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) state: &'a TenantState,
    pub(crate) now: Timestamp,
    /// Leaves out what this message itself has done so far.
    pub(crate) except: Option<MessageId>,
    /// Who asks, as their account stands now.
    pub(crate) actor: Fact<Actor>,
}

/// What the directory says about a patient.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) record: PatientRecord,
    pub(crate) event: Fact<Event>,
    /// The directory has a Patient of this id.
    pub(crate) found: bool,
    /// What was recorded of the patient beside the directory.
    pub(crate) attested: Vec<Attestation>,
}

impl Directory {
    /// Leaves one contact point in use, where one is named. The others stay known: what was said there is still heard.
    pub(crate) fn narrow(&mut self, place: Option<&Address>) {
        let (Some(place), Fact::Known(patient)) = (place, &mut self.record.patient) else { return };
        for point in &mut patient.points {
            point.expired |= point.value != *place;
        }
    }

    /// The language the patient prefers, when it is one of ours.
    pub(crate) fn language(&self) -> Option<Language> {
        preferred(&self.record.patient)
    }
}

/// Whether the do-not-call lists are asked (RULES TCP-10): of what sells, whatever it is called, and of nothing else.
fn sells(request: &Request, rendered: &Rendered) -> bool {
    let plainly = || rendered.renditions().iter().any(|text| text.offers == Offers::Plainly);
    request.by_its_facts() == Purpose::Marketing || plainly()
}

/// The language a patient prefers, when it is one of ours.
pub(crate) fn preferred(patient: &Fact<Patient>) -> Option<Language> {
    let tag = patient.known()?.language.as_deref()?;
    let primary = tag.split(['-', '_']).next().unwrap_or(tag).to_ascii_lowercase();
    primary.parse().ok()
}

impl Engine {
    /// Reads the directory about `patient` and the event a request names.
    pub(crate) async fn directory(
        &self,
        reading: &mut Reading,
        patient: &PatientId,
        event: Option<&str>,
        now: Timestamp,
    ) -> Result<Directory, StoreError> {
        let mut documents = match reading.patient_resources(patient).await {
            Ok(documents) => documents,
            // The patient's key was destroyed: there is nobody to send to any more.
            Err(StoreError::KeyDestroyed) => Vec::new(),
            Err(error) => return Err(error),
        };
        if let Some((kind, id)) = event.and_then(|reference| reference.split_once('/'))
            && let Some(document) = reading.resource(kind, id).await?
        {
            documents.push(document);
        }
        let mut resources = read(&documents);
        for (kind, id) in places(&resources) {
            if let Some(document) = reading.resource(&kind, &id).await? {
                resources.extend(read(&[document]));
            }
        }
        // Whoever has the same number on record uses it too, whether the record says so or not. Of one that a crowd has nobody is asked.
        let points: Vec<Address> = own(&resources, patient).flat_map(postern_ehr::addresses).collect();
        let Sharers { patients: mut others, crowded } = reading.sharers(patient, &points, SHARERS_READ).await?;
        others.extend(named_sharers(&resources, patient));
        others.sort_unstable();
        others.dedup();
        let mut sharing = Vec::new();
        for other in others {
            match reading.patient_resources(&other).await {
                Ok(documents) => sharing.push((other, read(&documents))),
                Err(StoreError::KeyDestroyed) => {}
                Err(error) => return Err(error),
            }
        }
        resources.extend(sharing.iter().flat_map(|(_, theirs)| theirs.iter().cloned()));
        let found = resources.iter().any(|r| r.resource_type() == "Patient" && r.id() == Some(patient.as_str()));
        let attested = match reading.attestations(patient).await {
            Err(StoreError::KeyDestroyed) => Vec::new(),
            attested => attested?,
        };
        let mut record = postern_ehr::record(&resources, patient, now);
        wishes::apply(&mut record.patient, &wishes::all(&attested)?);
        if let Fact::Known(patient) = &mut record.patient {
            patient.points.iter_mut().for_each(|point| point.crowded |= crowded.contains(&point.value));
            close_by_wishes(reading, &mut patient.points, &sharing, now).await?;
        }
        Ok(Directory {
            record,
            attested,
            event: event.map_or(Fact::Unknown(Missing::NotRecorded), |reference| {
                postern_ehr::event(&resources, reference, patient)
            }),
            found,
        })
    }

    /// Everything a decision depends on, as it is now.
    pub(crate) async fn gather(
        &self,
        occasion: Occasion<'_>,
        request: &Request,
        directory: Directory,
        rendered: &Rendered,
        reading: &mut Reading,
    ) -> Result<Facts, StoreError> {
        let Occasion { tenant, state, now, except, actor } = occasion;
        let Directory { record, event, attested, .. } = directory;
        let PatientRecord { mut patient, mut consents, mut related, .. } = record;
        let mut points = Vec::new();
        if let Fact::Known(patient) = &patient {
            points.extend(patient.points.iter().map(|point| point.value.clone()));
        }
        points.extend(related.iter().flat_map(|person| person.points.iter().map(|point| point.value.clone())));
        let since = now.checked_sub(LOOK_BACK).unwrap_or(Timestamp::MIN);
        let deliveries = reading.past_deliveries(&request.patient, &points, since, except).await?;
        // Without a bound: a STOP of any age that has no opt-out row is still a STOP.
        // What the patient wrote in the portal counts as well (47 CFR 64.1200(a)(10): "any reasonable method").
        let signed_in = Phi::new(Arc::from(request.patient.reference()));
        let heard: Vec<_> = points.iter().cloned().chain([signed_in]).collect();
        let mut inbound = reading.inbound(&heard, Timestamp::MIN).await?;
        let names = patient.known().map_or(&[][..], |patient| &patient.names);
        for message in &mut inbound {
            message.heard = self.inner.readings.heard(&message.text, names);
        }
        let opt_outs = reading.opt_outs(&points).await?;
        let mut own = reading.verifications(&points).await?;
        // An address that mail comes back from is nobody's that we know, whatever was found out of it, until somebody lifts that.
        for point in reading.suppressed(&points).await? {
            own.retain(|known| known.point != point);
            own.push(OwnVerification { point, verification: None, at: Some(Timestamp::MAX) });
        }
        let found_tiers = self.found_tiers(tenant, except, &points, reading, now).await?;
        let earlier = reading.earlier(&request.patient, request.purpose, &rendered.source, since, except).await?;
        let certificates = self.certificate_facts(request, reading, now).await?;
        let checks = number_checks::looked_up(&attested)?;
        let notices = notices::given(&attested)?;
        let found_out = verifications::found_out(&attested)?;
        if let Fact::Known(consents) = &mut consents {
            consents.extend(notices::acknowledgements(&notices));
            consents.extend(wishes::consents(&wishes::all(&attested)?, &request.patient));
        }
        let points_of_patient = match &mut patient {
            Fact::Known(patient) => Some(&mut patient.points),
            Fact::Unknown(_) => None,
        };
        for points in points_of_patient.into_iter().chain(related.iter_mut().map(|person| &mut person.points)) {
            verifications::know(points, &own, &found_out);
            number_checks::know_lines(points, &checks);
        }
        let settings = &state.settings.deployment;
        let mut deployment = settings.in_production(actor);
        let dkim = self.signature_holds(deployment.dkim, request, reading, now).await?;
        if sells(request, rendered) {
            let own = &mut deployment.do_not_call.own;
            *own = do_not_call::honoured(reading, &points, now, own).await?;
        }
        Ok(Facts {
            now,
            tenant: state.gate.clone(),
            vendors: self.provided(&state.gate, &state.vendors, now),
            certificates,
            email_tiers: self.email_tiers(tenant, state, found_tiers, now),
            ehr: Ehr::Live,
            patient,
            consents,
            related,
            event,
            history: Fact::Known(History {
                deliveries,
                inbound,
                opt_outs,
                number_checks: number_checks::answers(&checks),
                notices: notices::told(&notices, &request.patient),
                earlier,
            }),
            content: rendered.content.clone(),
            renditions: rendered.renditions(),
            deployment: Deployment {
                // A built-in template was reviewed with the code; a tenant's own is used only once a second person approved it.
                template_approvals: Fact::Known(2),
                // A person's word stands, either way; where nobody said anything a burst waits (RULES SYS-08).
                dkim,
                paused: Fact::Known(settings.paused.unwrap_or_else(|| self.inner.volume.waits(tenant, now))),
                // Of one patient, and so never a setting.
                privacy_notice: notices::privacy_notice(&notices, settings.privacy_notice_version.as_deref()),
                visitor_consent: notices::visitor_consent(&notices),
                ..deployment
            },
        })
    }

    /// What recipient domains enforce: what was found of them and what the settings say, the lesser where both say something,
    /// lowered by what sessions turned out to hold lately.
    fn email_tiers(
        &self,
        tenant: &TenantId,
        state: &TenantState,
        found: BTreeMap<String, EmailTier>,
        now: Timestamp,
    ) -> BTreeMap<String, EmailTier> {
        let mut tiers = state.settings.transport.email_tiers.clone();
        for (domain, tier) in found {
            tiers.entry(domain).and_modify(|said| *said = tier.min(*said)).or_insert(tier);
        }
        let Ok(mut seen) = self.inner.tiers.lock() else { return tiers };
        seen.retain(|_, (_, at)| now.duration_since(*at) < TIER_BELIEVED);
        for ((of, domain), (tier, _)) in seen.iter() {
            if of == tenant {
                let known = tiers.entry(domain.clone()).or_insert(*tier);
                *known = (*known).min(*tier);
            }
        }
        tiers
    }

    /// Remembers what a session to a recipient domain turned out to hold.
    pub(crate) fn remember_tier(&self, tenant: &TenantId, domain: String, tier: EmailTier) {
        let now = self.now();
        if let Ok(mut seen) = self.inner.tiers.lock() {
            seen.insert((tenant.clone(), domain), (tier, now));
        }
    }
}

/// What is known of a caller who was let in.
pub(crate) fn asking(principal: &Principal, state: &TenantState, purpose: Purpose, now: Timestamp) -> Fact<Actor> {
    Fact::Known(match principal.kind {
        PrincipalKind::System => Actor::SATISFIED,
        PrincipalKind::ApiKey => program(&Known::of(&principal.holder, now), state, purpose),
        PrincipalKind::Staff => person(&principal.id, &Known::of(&principal.holder, now), state, purpose),
    })
}

/// What is known of who holds a key, when they ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
    named: bool,
    role: Option<String>,
    /// A second factor counts; `None` = none was ever checked.
    second_factor: Option<bool>,
}

impl Known {
    pub(crate) fn of(holder: &Holder, now: Timestamp) -> Self {
        let second_factor = holder.second_factor_until.map(|until| now < until);
        Self { named: holder.name.is_some(), role: holder.role.clone(), second_factor }
    }

    fn permitted(&self, state: &TenantState, purpose: Purpose) -> Option<bool> {
        roles::may(self.role.as_deref()?, purpose, &state.settings.roles)
    }
}

/// A program: its key is its own account, and the scopes of the key are what it may do, unless it was given a role too. It has no
/// second factor to show, and is not asked for one.
fn program(known: &Known, state: &TenantState, purpose: Purpose) -> Actor {
    let permitted = match known.role {
        None => Fact::Known(true),
        Some(_) => Fact::recorded(known.permitted(state, purpose)),
    };
    Actor { permitted, two_factor: Fact::Unknown(Missing::NotRecorded), ..Actor::SATISFIED }
}

/// A member of staff: the key bears their name, their role may ask for this, and their training is a record of the practice
/// (45 CFR 164.308(a)(5)). What was not said when the key was made is not known.
pub(crate) fn person(id: &str, known: &Known, state: &TenantState, purpose: Purpose) -> Actor {
    let trained = state.settings.deployment.trained_until.get(id).copied();
    Actor {
        unique: Fact::recorded(known.named.then_some(true)),
        enabled: Fact::Known(true),
        permitted: Fact::recorded(known.permitted(state, purpose)),
        trained_until: trained.map_or(Fact::Unknown(Missing::NotRecorded), |day| Fact::Known(Some(day))),
        two_factor: Fact::recorded(known.second_factor),
    }
}

/// Documents that are no resource cannot have been stored; should one be there all the same, it is left out, and a patient
/// without a readable record is Unknown.
fn read(documents: &[Phi<Vec<u8>>]) -> Vec<Resource> {
    let limits = postern_ehr::json::Limits::default();
    documents.iter().filter_map(|document| Resource::from_slice(document.reveal(), &limits).ok()).collect()
}

/// A patient's own resource: one, where the directory is in order.
fn own<'a>(resources: &'a [Resource], patient: &'a PatientId) -> impl Iterator<Item = &'a Resource> {
    let is_own =
        |resource: &&Resource| resource.resource_type() == "Patient" && resource.id() == Some(patient.as_str());
    resources.iter().filter(is_own)
}

/// Other patients whom the record names as using one of the patient's contact points: one of them may have asked not to be reached there
/// (RULES PRI-20). Of a point that names more than are asked none is.
fn named_sharers(resources: &[Resource], patient: &PatientId) -> Vec<PatientId> {
    let points = own(resources, patient).flat_map(|resource| match resource.body() {
        Body::Patient(body) => body.telecom.as_slice(),
        _ => &[],
    });
    let named = points.map(|point| {
        let shared =
            point.extension.iter().filter(|e| e.url.as_deref().is_some_and(|url| url.ends_with("/shared-with")));
        let named = shared.filter_map(|extension| match &extension.value {
            ExtensionValue::Reference(reference) => reference.reference.as_deref(),
            ExtensionValue::Text(text) => Some(text.as_str()),
            _ => None,
        });
        let patients = named.filter(|reference| reference.starts_with("Patient/"));
        patients.filter_map(|reference| reference.parse().ok()).collect::<BTreeSet<PatientId>>()
    });
    named.filter(|patients| patients.len() <= SHARERS_READ).flatten().collect()
}

/// Closes the points at which another patient who uses them asked in the portal not to be reached (45 CFR 164.522(b)), as one who asked on
/// the chart does.
async fn close_by_wishes(
    reading: &mut Reading,
    points: &mut [ContactPoint],
    sharing: &[(PatientId, Vec<Resource>)],
    now: Timestamp,
) -> Result<(), StoreError> {
    for (other, resources) in sharing {
        let wished = wishes::consents(&wishes::all(&reading.attestations(other).await?)?, other);
        if wished.is_empty() {
            continue;
        }
        let theirs = postern_ehr::record(resources, other, now);
        let has = |value: &Address| {
            theirs.patient.known().is_some_and(|theirs| theirs.points.iter().any(|point| point.value == *value))
        };
        for point in points.iter_mut() {
            let shares = point.shared_with.contains(&other.reference()) || has(&point.value);
            point.closed_by_another |= shares && closes(&wished, point.system, &point.value, now);
        }
    }
    Ok(())
}

/// Locations that the patient's appointments name: their zones are plausible zones of the patient (RULES TCP-07).
fn places(resources: &[Resource]) -> Vec<(String, String)> {
    let mut places: Vec<(String, String)> = resources
        .iter()
        .filter_map(|resource| match resource.body() {
            Body::Appointment(appointment) => Some(&appointment.participant),
            _ => None,
        })
        .flatten()
        .filter_map(|participant| participant.actor.as_ref()?.reference.as_deref())
        .filter_map(|reference| reference.strip_prefix("Location/"))
        .map(|id| ("Location".to_owned(), id.to_owned()))
        .collect();
    places.sort_unstable();
    places.dedup();
    places
}
