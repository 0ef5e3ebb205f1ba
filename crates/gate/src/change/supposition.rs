//! A request and facts that are only supposed: what would be if a change had come about.

use super::Change;
use crate::consent::{Query, in_force, names_point, reasons, ruling};
use crate::decision::Decision;
use crate::deployment::Actor;
use crate::fact::Fact;
use crate::facts::{
    ActReason, Address, Agreement, AgreementStatus, Certificate, Consent, ConsentKind, ContactPoint, Ehr, Facts,
    History, Inbound, LineType, MailboxKind, NoticeGiven, NumberCheck, Provision, Reassigned, Registration, Ruling,
    System, Vendor, Verification,
};
use crate::policy::Policy;
use crate::reference::{EXEMPT_TEXT, ONE_TIME_CODE_LIFETIME};
use crate::remedy::Remedy;
use crate::rendition::LinkState;
use crate::request::{Ai, BreakGlass, NoticeElement, Request};
use crate::revocation::Heard;
use crate::view::same_place;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use postern_base::{Channel, EmailMode, EmailTier, Form, Level, Origin, Phi, Review, Urgency};

/// A year, for what would be agreed or signed today.
const YEAR: SignedDuration = SignedDuration::from_hours(24 * 365);

/// A request, facts and a policy, as they are or as they are supposed to be.
#[derive(Debug, Clone)]
pub struct Supposition {
    /// What is asked.
    pub request: Request,
    /// What is known.
    pub facts: Facts,
    /// The practice's policy.
    pub policy: Policy,
}

impl Supposition {
    /// The same, with `changes` supposed.
    #[must_use]
    pub fn with(&self, changes: &[Change]) -> Self {
        let mut supposed = self.clone();
        let mut ordered: Vec<&Change> = changes.iter().collect();
        // Time first: what is signed or verified is so at the later instant.
        ordered.sort_by_key(|change| change.remedy != Remedy::Wait);
        for change in ordered {
            supposed.apply(change);
        }
        supposed
    }

    /// What the gate decides on it.
    #[must_use]
    pub fn decide(&self) -> Decision {
        crate::decide(&self.request, &self.facts, &self.policy)
    }

    #[expect(clippy::too_many_lines, reason = "an arm for each remedy, and nothing else")]
    fn apply(&mut self, change: &Change) {
        match change.remedy {
            Remedy::Wait => self.facts.now = change.until.unwrap_or(self.facts.now).max(self.facts.now),
            Remedy::SystemAnswers => self.facts.ehr = Ehr::Live,
            Remedy::AllowPortal
            | Remedy::AllowChannel
            | Remedy::LeaveBasisOpen
            | Remedy::ExtendExpiry
            | Remedy::BreakGlass
            | Remedy::ReviewText
            | Remedy::VerifyIdentity
            | Remedy::DiscloseMachine
            | Remedy::ShortenCode
            | Remedy::CompleteNotice
            | Remedy::AgreeToRecording => self.ask(change),
            Remedy::NameSender => {
                self.facts.renditions.iter_mut().for_each(|text| {
                    (text.names_sender, text.names_callback, text.says_opt_out) = (true, true, true);
                });
            }
            Remedy::ShortenText => {
                self.facts.renditions.iter_mut().for_each(|text| text.chars = text.chars.min(EXEMPT_TEXT));
            }
            Remedy::MendLinks => {
                let links = self.facts.renditions.iter_mut().map(|text| &mut text.links);
                links.filter(|links| **links != LinkState::NoLinks).for_each(|links| *links = LinkState::Clean);
            }
            Remedy::ReleaseResult => {
                let now = self.facts.now;
                if let Fact::Known(event) = &mut self.facts.event {
                    event.clinician_release = Some(now);
                }
            }
            Remedy::InviteToPortal => self.facts.deployment.portal_available = Fact::Known(true),
            Remedy::ApproveRisk => {
                let deployment = &mut self.facts.deployment;
                deployment.risk_record = Fact::Known(true);
                let today = TimeZone::UTC.to_datetime(self.facts.now).date();
                for risk in &mut deployment.channel_risks {
                    (risk.approved, risk.reviewed) = (true, Some(today));
                }
            }
            Remedy::ReadText => self.read_text(),
            Remedy::AskByAnother
            | Remedy::SignInAnew
            | Remedy::AskVisitor
            | Remedy::GivePostalAddress
            | Remedy::ApproveTemplate
            | Remedy::ResumeBulk
            | Remedy::SecondFactor
            | Remedy::RemoveTrackers
            | Remedy::SignMail
            | Remedy::EncryptCalls => self.set_up(change.remedy),
            Remedy::ReadFlag => {
                if let Fact::Known(patient) = &mut self.facts.patient {
                    patient.flags.unreadable = false;
                }
            }
            Remedy::RecordCertificate => {
                if let (Some(address), Ok(until)) = (change.contact_point.clone(), self.facts.now.checked_add(YEAR)) {
                    let (from, revoked) = (self.facts.now, Fact::Known(false));
                    let good = Certificate { address, from, until, trusted: true, revoked, names_address: true };
                    self.facts.certificates.push(good);
                }
            }
            Remedy::VerifyPoint | Remedy::RecordMailbox | Remedy::RecordLineType | Remedy::ConfirmInUse => {
                self.record_point(change);
            }
            Remedy::LookUpNumber | Remedy::ReadAnswer | Remedy::OptBackIn | Remedy::TellRisk | Remedy::AcceptEmail => {
                if let (Fact::Known(history), Some(address)) = (&mut self.facts.history, &change.contact_point) {
                    answer(history, change, address, self.facts.now);
                }
            }
            Remedy::ReadConsent
            | Remedy::RecordConsent
            | Remedy::AcknowledgeEmailRisk
            | Remedy::SignMarketingText
            | Remedy::SignAuthorization
            | Remedy::GrantPerson
            | Remedy::SignPart2Consent
            | Remedy::LiftDenial
            | Remedy::ListAddress
            | Remedy::RequestAccess
            | Remedy::AgreeToNotice
            | Remedy::EndRestriction => self.consent(change),
            Remedy::ExecuteAgreement | Remedy::AmendAgreement | Remedy::RegisterSender => self.contract(change),
            Remedy::CoverModel => self.cover_model(),
            Remedy::MendPolicy => self.policy.defects.clear(),
            Remedy::EnableChannel => self.policy.disabled_channels.retain(|channel| Some(*channel) != change.channel),
            Remedy::SetNeutralAlias => {
                let tenant = &mut self.facts.tenant;
                tenant.reveals_specialty = false;
                tenant.alias.get_or_insert_with(|| "a neutral name".into());
                // What a notice said too much was the name (SYS-06).
                for text in self.facts.renditions.iter_mut().filter(|text| text.form < Form::Minimal) {
                    text.categories.clear();
                    if text.level.known().is_some() {
                        text.level = Fact::Known(Level::L0);
                    }
                }
            }
            Remedy::LookUpDomain => {
                let domain = change.contact_point.as_ref().and_then(|address| address.reveal().rsplit_once('@'));
                if let Some((_, domain)) = domain {
                    self.facts.email_tiers.insert(domain.to_ascii_lowercase(), EmailTier::Sts);
                }
            }
        }
    }

    /// What the caller would ask otherwise, or do in the call.
    fn ask(&mut self, change: &Change) {
        let request = &mut self.request;
        let allowed = if change.remedy == Remedy::AllowPortal { Some(Channel::Portal) } else { change.channel };
        match change.remedy {
            Remedy::AllowPortal | Remedy::AllowChannel => {
                if let (Some(channels), Some(channel)) = (&mut request.channels, allowed)
                    && !channels.contains(&channel)
                {
                    channels.push(channel);
                }
            }
            Remedy::LeaveBasisOpen => request.basis = None,
            Remedy::ShortenCode => {
                let start = request.send_at.map_or(self.facts.now, |at| at.max(self.facts.now));
                request.expires_at = start.checked_add(ONE_TIME_CODE_LIFETIME).ok();
            }
            Remedy::CompleteNotice => {
                let breach = request.breach.iter_mut();
                breach.for_each(|breach| breach.elements = NoticeElement::ALL.to_vec());
            }
            Remedy::ExtendExpiry => request.expires_at = None,
            Remedy::BreakGlass => {
                request.urgency = Urgency::Emergency;
                request.origin = Origin::Staff;
                request.break_glass =
                    self.facts.now.checked_add(SignedDuration::from_hours(1)).ok().map(|expires_at| {
                        let reason = Phi::new("supposed".to_owned());
                        BreakGlass { actor: "a named person".into(), reason, expires_at }
                    });
            }
            Remedy::ReviewText => {
                let unknown = Ai { generated: true, human_reviewed: true, clinical: false };
                request.ai = Some(request.ai.map_or(unknown, |ai| Ai { human_reviewed: true, ..ai }));
            }
            _ => {
                if let Some(voice) = &mut request.voice {
                    match change.remedy {
                        Remedy::VerifyIdentity => voice.identity_verified = true,
                        Remedy::DiscloseMachine => voice.disclosed = true,
                        _ => voice.recording_consent = true,
                    }
                }
            }
        }
    }

    /// What a person would find who reads a text that could not be classified: nothing but logistics.
    fn read_text(&mut self) {
        let read = |level: &mut Fact<Level>, found| {
            if level.known().is_none() {
                *level = Fact::Known(found);
            }
        };
        read(&mut self.facts.content.level, Level::L1);
        for text in &mut self.facts.renditions {
            read(&mut text.level, if text.form >= Form::Minimal { Level::L1 } else { Level::L0 });
        }
    }

    /// What the practice would set up, or people would do before they ask.
    fn set_up(&mut self, remedy: Remedy) {
        let deployment = &mut self.facts.deployment;
        let yes = Fact::Known(true);
        match remedy {
            Remedy::AskByAnother => {
                let trained_until = Fact::Known(None);
                deployment.actor =
                    Fact::Known(Actor { unique: yes, enabled: yes, permitted: yes, trained_until, two_factor: yes });
            }
            Remedy::SignInAnew => deployment.reauthenticated = yes,
            Remedy::AskVisitor => deployment.visitor_consent = yes,
            Remedy::GivePostalAddress => {
                deployment.postal_address = yes;
                self.facts.renditions.iter_mut().for_each(|text| text.names_address = true);
            }
            Remedy::ApproveTemplate => deployment.template_approvals = Fact::Known(2),
            Remedy::ResumeBulk => deployment.paused = Fact::Known(false),
            Remedy::SecondFactor => deployment.portal_two_factor = yes,
            Remedy::RemoveTrackers => deployment.no_trackers = yes,
            Remedy::SignMail => deployment.dkim = yes,
            _ => deployment.voice_srtp = yes,
        }
    }

    /// What would be known of a contact point.
    fn record_point(&mut self, change: &Change) {
        let now = self.facts.now;
        let Some(address) = &change.contact_point else { return };
        // What is recorded is of one way to reach the place: a number verified by a call is not verified for texts.
        let system = change.channel.map(System::of);
        let own = match &mut self.facts.patient {
            Fact::Known(patient) => patient.points.iter_mut(),
            Fact::Unknown(_) => [].iter_mut(),
        };
        let related = self.facts.related.iter_mut().flat_map(|person| person.points.iter_mut());
        let here = |point: &&mut ContactPoint| point.value == *address && system.is_none_or(|it| it == point.system);
        for point in own.chain(related).filter(here) {
            match change.remedy {
                Remedy::VerifyPoint => {
                    point.verification = Fact::Known(Verification { validated: true, last: Some(now), next: None });
                }
                Remedy::RecordLineType => point.line_type = Fact::Known(LineType::Mobile),
                Remedy::ConfirmInUse => (point.expired, point.from, point.until) = (false, None, None),
                _ => point.mailbox = Fact::Known(MailboxKind::Personal),
            }
        }
    }

    /// What the patient would sign, say or take back.
    fn consent(&mut self, change: &Change) {
        let (now, purpose) = (self.facts.now, self.request.purpose);
        let given = |kind, provision, now| given(kind, provision, now, self.request.patient.reference());
        let person = self.request.recipient.reference.clone();
        let Fact::Known(consents) = &mut self.facts.consents else { return };
        let system = change.channel.map_or(System::Other, System::of);
        let here = || Provision {
            decision: Some(Ruling::Permit),
            systems: vec![system],
            points: change.contact_point.clone().into_iter().collect(),
            ..Provision::default()
        };
        let asked = || Provision { reasons: reasons(purpose).to_vec(), ..here() };
        let query =
            change.contact_point.as_ref().map(|address| Query { system, address, purpose, asked_as: purpose, now });
        match change.remedy {
            Remedy::ReadConsent => consents.retain(|consent| consent.kind != ConsentKind::Unreadable),
            Remedy::RecordConsent => consents.push(given(ConsentKind::ContactConsent, asked(), now)),
            Remedy::AcknowledgeEmailRisk => {
                consents.push(given(ConsentKind::EmailRiskAcknowledgement, here(), now));
            }
            Remedy::RequestAccess => {
                if let (Fact::Known(history), Some(point)) = (&mut self.facts.history, change.contact_point.clone()) {
                    let kind = "email_risk".to_owned();
                    history.notices.push(NoticeGiven { kind, point, at: now, objected: false });
                }
                let access = given(ConsentKind::AccessRequest, asked(), now);
                consents.push(Consent { access_mode: Some(EmailMode::Plain), ..access });
            }
            Remedy::AgreeToNotice => consents.push(given(ConsentKind::ElectronicNotice, here(), now)),
            Remedy::SignMarketingText => consents.push(given(ConsentKind::MarketingTextConsent, asked(), now)),
            Remedy::SignAuthorization => {
                let provision = Provision {
                    decision: Some(Ruling::Permit),
                    until: now.checked_add(YEAR).ok(),
                    reasons: vec![ActReason::HMarkt],
                    data: self.request.event.clone().into_iter().collect(),
                    ..Provision::default()
                };
                consents.push(given(ConsentKind::MarketingAuthorization, provision, now));
            }
            Remedy::GrantPerson | Remedy::SignPart2Consent => {
                let actors = person.into_iter().collect();
                // A release that names everything protected that the message tells.
                let event = self.facts.event.known().map_or(&[][..], |event| &event.labels);
                let patient = self.facts.patient.known().map_or(&[][..], |patient| &patient.labels);
                let labels = [&self.facts.content.categories[..], event, patient].concat();
                let provision = Provision { decision: Some(Ruling::Permit), actors, labels, ..Provision::default() };
                let kind = if change.remedy == Remedy::GrantPerson {
                    ConsentKind::ProxyCommunication
                } else {
                    ConsentKind::Part2Consent
                };
                consents.push(given(kind, provision, now));
            }
            Remedy::EndRestriction => {
                let restrictions = consents.iter_mut().filter(|consent| consent.kind == ConsentKind::Restriction);
                restrictions.for_each(|consent| consent.active = false);
            }
            Remedy::LiftDenial => {
                let contact = consents.iter_mut().filter(|c| c.kind == ConsentKind::ContactConsent && c.active);
                contact.for_each(|c| query.into_iter().for_each(|query| lift(&mut c.provision, query, &asked())));
            }
            _ => {
                let kind = ConsentKind::ConfidentialCommunication;
                let requests = consents.iter_mut().filter(|c| c.kind == kind && c.active);
                requests.for_each(|c| query.into_iter().for_each(|query| list(&mut c.provision, query, &here())));
            }
        }
    }

    /// What would be agreed with whoever runs the model.
    fn cover_model(&mut self) {
        let Some(name) = self.request.model_vendor.clone() else { return };
        if !self.facts.vendors.iter().any(|row| row.vendor == name) {
            self.facts.vendors.push(Vendor { vendor: name.clone(), channels: Vec::new(), ..new_vendor(Channel::Chat) });
        }
        let now = self.facts.now;
        self.facts.vendors.iter_mut().filter(|row| row.vendor == name).for_each(|row| {
            execute(row, now);
            row.agreement.required_terms = true;
        });
    }

    /// What would be agreed with a vendor.
    fn contract(&mut self, change: &Change) {
        let Some(channel) = change.channel else { return };
        let now = self.facts.now;
        let Some((name, service)) = &change.vendor else {
            if change.remedy == Remedy::ExecuteAgreement {
                self.facts.vendors.push(new_vendor(channel));
                let change = Change { vendor: Some((NEW_VENDOR.into(), channel.as_str().into())), ..change.clone() };
                self.contract(&change);
            }
            return;
        };
        let rows = self.facts.vendors.iter_mut();
        for row in rows.filter(|row| row.vendor == *name && row.service == *service && row.channels.contains(&channel))
        {
            match change.remedy {
                Remedy::AmendAgreement => row.agreement.required_terms = true,
                Remedy::RegisterSender => row.sender_registration = Registration::Approved,
                _ => execute(row, now),
            }
        }
    }
}

/// Executes the agreement with a vendor for its service: begun lately, in force for a year.
fn execute(row: &mut Vendor, now: Timestamp) {
    let today = TimeZone::UTC.to_datetime(now).date();
    let begun = today.checked_sub(SignedDuration::from_hours(48)).unwrap_or(today);
    let ends = today.checked_add(YEAR).unwrap_or(today);
    let agreement = &mut row.agreement;
    agreement.status = AgreementStatus::Executed;
    agreement.effective = Some(agreement.effective.map_or(begun, |first| first.min(begun)));
    agreement.expires = Some(agreement.expires.map_or(ends, |last| last.max(ends)));
    if !agreement.services.contains(&row.service) {
        agreement.services.push(row.service.clone());
    }
}

const NEW_VENDOR: &str = "a vendor";

/// A vendor that nobody has an agreement with yet.
fn new_vendor(channel: Channel) -> Vendor {
    Vendor {
        vendor: NEW_VENDOR.into(),
        service: channel.as_str().into(),
        tier: String::new(),
        channels: vec![channel],
        agreement: Agreement {
            status: AgreementStatus::Draft,
            effective: None,
            expires: None,
            services: Vec::new(),
            required_terms: true,
        },
        sender_registration: Registration::NotApproved,
        free_to_end_user: false,
    }
}

/// A Consent the patient gave and signed at `now`.
fn given(kind: ConsentKind, provision: Provision, now: Timestamp, patient: String) -> Consent {
    Consent {
        id: "supposed".into(),
        kind,
        active: true,
        given: Some(now),
        provision,
        signed_by: Some(patient),
        has_source: true,
        remuneration_disclosed: true,
        defective: false,
        access_mode: None,
        self_pay: false,
    }
}

/// Excepts this contact point from every denial in `provision` that reaches it.
fn lift(provision: &mut Provision, query: Query<'_>, permit: &Provision) {
    if ruling(provision, query) != Some(Ruling::Deny) {
        return;
    }
    provision.exceptions.iter_mut().for_each(|exception| lift(exception, query, permit));
    if ruling(provision, query) == Some(Ruling::Deny) {
        provision.exceptions.push(permit.clone());
    }
}

/// Adds this contact point to the list in `provision`, and to what every denial inside it excepts.
fn list(provision: &mut Provision, query: Query<'_>, permit: &Provision) {
    if !in_force(provision, query.now) {
        return;
    }
    for exception in &mut provision.exceptions {
        if exception.decision == Some(Ruling::Deny) {
            list(exception, query, permit);
        }
    }
    let listed = provision.decision == Some(Ruling::Permit) && names_point(provision, query);
    if !listed {
        provision.exceptions.push(permit.clone());
    }
}

/// What the patient would answer, or staff find out.
fn answer(history: &mut History, change: &Change, address: &Address, now: Timestamp) {
    match change.remedy {
        Remedy::TellRisk => {
            let (point, kind) = (address.clone(), "app_risk".to_owned());
            history.notices.push(NoticeGiven { kind, point, at: now, objected: false });
        }
        Remedy::LookUpNumber => {
            let point = address.clone();
            history.number_checks.push(NumberCheck { point, checked_at: now, reassigned: Reassigned::No });
        }
        Remedy::ReadAnswer => {
            let said = history.inbound.iter_mut().filter(|message| same_place(&message.point, address));
            said.for_each(|message| {
                message.reviewed.get_or_insert(Review::Nothing);
            });
        }
        Remedy::AcceptEmail => history.notices.iter_mut().for_each(|notice| {
            notice.objected &= !same_place(&notice.point, address);
        }),
        _ => {
            let said = history.inbound.iter().map(|message| message.at);
            let last = said.chain(history.opt_outs.iter().map(|row| row.at)).chain([now]).max().unwrap_or(now);
            // It lifts what was said before it, not what was said at the same instant.
            let at = last.checked_add(SignedDuration::from_secs(1)).unwrap_or(last);
            history.inbound.push(Inbound {
                at,
                channel: change.channel.unwrap_or(Channel::Sms),
                point: address.clone(),
                text: Phi::new("START".to_owned()),
                thread_purpose: None,
                reviewed: None,
                heard: Heard::NOT_YET,
            });
        }
    }
}
