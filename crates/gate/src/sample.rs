//! A synthetic patient of a synthetic practice: one call makes a case that sends, a test then spoils it.
//!
//! The one place where sample facts are made. The gate's own tests are a part of the gate, so they cannot take them from another
//! crate; the benchmarks and the tests of `channels` compile this same file. So it names the gate as they do, from outside.

use jiff::{Timestamp, ToSpan};
use postern_base::{
    Channel, EmailMode, EmailTier, Form, Language, Level, Origin, Phi, Purpose, RecipientRole, Urgency,
};
use postern_gate::facts::{
    Address, Agreement, AgreementStatus, Consent, ConsentKind, ContactPoint, Ehr, Event, EventStatus, Facts, Flags,
    History, Inbound, LineType, MailboxKind, NumberCheck, Patient, PointSource, Provision, Reassigned, Registration,
    RelatedPerson, RevocationRegime, Ruling, System, Tenant, TenantRole, Vendor, Verification,
};
use postern_gate::rendition::{Confirms, Offers};
use postern_gate::request::{BreakGlass, Recipient};
use postern_gate::revocation::Heard;
use postern_gate::{
    Content, Decision, Deployment, Fact, LinkState, Outcome, Policy, Rendition, Request, Verdict, decide,
};
use std::str::FromStr;
use std::sync::Arc;

/// One decision's input.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) request: Request,
    pub(crate) facts: Facts,
    pub(crate) policy: Policy,
}

/// Whether the decision sends on `channel` now.
pub(crate) fn sends(case: &Case, channel: Channel) -> bool {
    let decision = case.decide();
    let now = |d: &&postern_gate::Delivery| d.channel == channel && d.not_before.is_none();
    decision.outcome == Outcome::Send && decision.deliveries.iter().any(|d| now(&d))
}

/// Whether the decision sends `form` on `channel` now.
pub(crate) fn sends_form(case: &Case, channel: Channel, form: Form) -> bool {
    sends(case, channel) && case.decide().deliveries.iter().any(|d| d.channel == channel && d.form == form)
}

/// Whether `rule` stands against a candidate on `channel`, with a sentence, a citation, and a verdict.
pub(crate) fn refused_by(case: &Case, channel: Channel, rule: &str) -> bool {
    let decision = case.decide();
    let said = |r: &postern_gate::Refusal| {
        r.channel == channel && r.rule == rule && !r.sentence.is_empty() && !r.citation.is_empty()
    };
    let verdict = decision.rules.iter().find(|r| r.rule == rule).map(|r| r.verdict);
    decision.refusals.iter().any(said) && verdict >= Some(Verdict::Unknown)
}

/// What a text of this file says: each is well formed.
fn read<T: FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| unreachable!("a sample is well formed: {text}"))
}

pub(crate) fn address(text: &str) -> Address {
    Phi::new(Arc::from(text))
}

pub(crate) fn point(system: System, value: &str, rank: u32) -> ContactPoint {
    ContactPoint {
        system,
        value: address(value),
        rank: Some(rank),
        expired: false,
        from: None,
        until: None,
        source: Fact::Known(PointSource::Patient),
        line_type: Fact::Known(LineType::Mobile),
        mailbox: Fact::Known(MailboxKind::Personal),
        shared_with: vec![],
        closed_by_another: false,
        crowded: false,
        of_another: false,
        only_for: None,
        hours: Fact::Known(Vec::new()),
        verification: Fact::Known(Verification {
            validated: true,
            last: Some(read("2026-10-01T15:00:00Z")),
            next: Some(read("2027-10-01T00:00:00Z")),
        }),
    }
}

pub(crate) fn sms(value: &str, rank: u32) -> ContactPoint {
    point(System::Sms, value, rank)
}

pub(crate) fn consent(kind: ConsentKind, provision: Provision) -> Consent {
    Consent {
        id: "c".into(),
        kind,
        active: true,
        given: Some(read("2026-02-01T15:00:00Z")),
        provision,
        signed_by: None,
        has_source: false,
        remuneration_disclosed: false,
        defective: false,
        access_mode: None,
        self_pay: false,
    }
}

/// Somebody on the patient's record, in use, without contact points.
pub(crate) fn related(reference: &str, relationship: &str) -> RelatedPerson {
    RelatedPerson {
        reference: reference.to_owned(),
        relationship: vec![relationship.to_owned()],
        active: true,
        until: None,
        points: Vec::new(),
    }
}

pub(crate) fn vendor(name: &str, channels: &[Channel]) -> Vendor {
    Vendor {
        vendor: name.into(),
        service: "service".into(),
        tier: "hipaa".into(),
        channels: channels.to_vec(),
        agreement: Agreement {
            status: AgreementStatus::Executed,
            effective: Some(read("2026-01-01")),
            expires: Some(read("2027-12-31")),
            services: vec!["service".into()],
            required_terms: true,
        },
        sender_registration: Registration::Approved,
        free_to_end_user: false,
    }
}

pub(crate) fn rendition(form: Form, level: Level) -> Rendition {
    Rendition {
        channel: None,
        form,
        level: Fact::Known(level),
        categories: vec![],
        chars: 90,
        links: LinkState::NoLinks,
        names_sender: true,
        names_callback: true,
        says_opt_out: true,
        says_no_reply: false,
        says_code: true,
        says_keep_secret: true,
        says_business: false,
        confirms: Confirms::Unsaid,
        offers: Offers::Nothing,
        tells_result: false,
        bills: false,
        result_classes: vec![],
        names_address: true,
        language: Language::En,
        commitment: Some([form as u8; 32]),
    }
}

impl Case {
    /// A message of a purpose and level to Alma Beech, who can be reached on every channel, at 15:00 in New York.
    pub(crate) fn of(purpose: &str, level: Level, channels: &[Channel]) -> Self {
        let purpose: Purpose = read(purpose);
        let now = read("2026-12-01T20:00:00Z");
        let request = Request {
            patient: read("Patient/p1"),
            purpose,
            recipient: Recipient { role: RecipientRole::SelfPatient, reference: None },
            channels: (!channels.is_empty()).then(|| channels.to_vec()),
            email_mode: None,
            origin: Origin::Api,
            basis: None,
            event: None,
            in_reply_to: None,
            send_at: None,
            expires_at: None,
            urgency: Urgency::Routine,
            break_glass: None,
            marketing: None,
            ai: None,
            model_vendor: None,
            voice: None,
            translation: None,
            breach: None,
            disclosure: None,
        };
        let minimal = if level <= Level::L1 { level } else { Level::L1 };
        let facts = Facts {
            now,
            tenant: tenant(),
            vendors: vec![
                vendor("texter", &[Channel::Sms]),
                vendor("mailer", &[Channel::Email]),
                vendor("trunk", &[Channel::Voice, Channel::Voicemail]),
                vendor("own", &[Channel::Portal, Channel::Chat]),
                vendor("pusher", &[Channel::Push]),
            ],
            certificates: vec![],
            email_tiers: [("example.org".to_owned(), EmailTier::Dane)].into(),
            ehr: Ehr::Live,
            patient: Fact::Known(alma()),
            consents: Fact::Known(vec![]),
            related: vec![],
            event: Fact::recorded(None),
            history: Fact::Known(History {
                number_checks: vec![NumberCheck {
                    point: address("+12125550101"),
                    checked_at: read("2026-11-20T00:00:00Z"),
                    reassigned: Reassigned::No,
                }],
                ..History::default()
            }),
            content: Content {
                level: Fact::Known(level),
                categories: vec![],
                language: Language::En,
                template: None,
                commitment: Some([7; 32]),
            },
            renditions: vec![
                rendition(Form::Full, level),
                rendition(Form::Minimal, minimal),
                rendition(Form::Notice, Level::L0),
                rendition(Form::Callback, Level::L0),
            ],
            deployment: Deployment::satisfied(),
        };
        let mut case = Self { request, facts, policy: Policy::default() };
        case.permit(System::Sms, "+12125550101");
        case.permit(System::Phone, "+12125550101");
        case.permit(System::Email, "pat@example.org");
        case
    }

    pub(crate) fn reminder_by_sms() -> Self {
        Self::of("appointment_reminder", Level::L1, &[Channel::Sms])
    }

    pub(crate) fn reminder_by_email_body() -> Self {
        let mut case = Self::of("appointment_reminder", Level::L1, &[Channel::Email]);
        case.request.email_mode = Some(EmailMode::EnforcedTls);
        case
    }

    pub(crate) fn result() -> Self {
        let mut case = Self::of("test_result", Level::L3, &[]);
        case.facts.renditions.retain(|r| r.form != Form::Minimal);
        case
    }

    pub(crate) fn decide(&self) -> Decision {
        decide(&self.request, &self.facts, &self.policy)
    }

    /// A consent to be contacted at a point, for everything but marketing.
    pub(crate) fn permit(&mut self, system: System, value: &str) {
        let provision = Provision {
            decision: Some(Ruling::Permit),
            systems: vec![system],
            points: vec![address(value)],
            ..Provision::default()
        };
        self.consents().push(consent(ConsentKind::ContactConsent, provision));
    }

    /// The patient signs for offers by text and call to their first number (47 CFR 64.1200(f)(9)).
    pub(crate) fn sign_for_texts(&mut self) {
        let points = vec![address("+12125550101")];
        let permit = Provision { decision: Some(Ruling::Permit), points, ..Provision::default() };
        let mut signed = consent(ConsentKind::MarketingTextConsent, permit);
        (signed.signed_by, signed.has_source) = (Some("Patient/p1".into()), true);
        self.consents().push(signed);
    }

    /// A named human breaks the glass for an hour.
    pub(crate) fn break_glass(&mut self) {
        self.request.origin = Origin::Staff;
        self.request.urgency = Urgency::Emergency;
        self.request.break_glass = Some(BreakGlass {
            actor: "Dr. Linden".into(),
            reason: Phi::new("recall of a device".into()),
            expires_at: self.facts.now + 1.hours(),
        });
    }

    /// Content that says nothing of care, as a code or a confirmation does.
    pub(crate) fn speak_l0(&mut self) {
        self.facts.content.level = Fact::Known(Level::L0);
        self.facts.renditions.iter_mut().for_each(|r| r.level = Fact::Known(Level::L0));
    }

    pub(crate) fn vendor(&mut self, channel: Channel) -> &mut Vendor {
        match self.facts.vendors.iter_mut().find(|v| v.channels.contains(&channel)) {
            Some(vendor) => vendor,
            None => unreachable!("the sample has a vendor for {channel:?}"),
        }
    }

    pub(crate) fn patient(&mut self) -> &mut Patient {
        match &mut self.facts.patient {
            Fact::Known(patient) => patient,
            Fact::Unknown(_) => unreachable!("the sample knows its patient"),
        }
    }

    pub(crate) fn consents(&mut self) -> &mut Vec<Consent> {
        match &mut self.facts.consents {
            Fact::Known(consents) => consents,
            Fact::Unknown(_) => unreachable!("the sample knows its consents"),
        }
    }

    pub(crate) fn history(&mut self) -> &mut History {
        match &mut self.facts.history {
            Fact::Known(history) => history,
            Fact::Unknown(_) => unreachable!("the sample knows its history"),
        }
    }

    /// Somebody wrote `text` from there.
    pub(crate) fn hears(&mut self, at: Timestamp, channel: Channel, from: &str, text: &str) {
        let (point, text) = (address(from), Phi::new(text.to_owned()));
        let (thread_purpose, reviewed, heard) = (None, None, Heard::NOT_YET);
        self.history().inbound.push(Inbound { at, channel, point, text, thread_purpose, reviewed, heard });
    }

    /// The message is about this event, of which nothing else is on record.
    pub(crate) fn is_about(&mut self, reference: &str, status: EventStatus, at: Option<&str>) -> &mut Event {
        self.request.event = Some(reference.into());
        self.facts.event = Fact::Known(Event::new(
            reference.into(),
            status,
            at.map(|at| at.parse().unwrap_or_else(|_| unreachable!("a sample's instant can be read"))),
        ));
        match &mut self.facts.event {
            Fact::Known(event) => event,
            Fact::Unknown(_) => unreachable!("it was said just now"),
        }
    }
}

fn tenant() -> Tenant {
    Tenant {
        name: "Sunrise Health".into(),
        role: TenantRole::CoveredEntity,
        alias: Some("Sunrise Health".into()),
        reveals_specialty: false,
        callback: Some("+15555550100".into()),
        state: Some("NY".into()),
        zones: vec!["America/New_York".into()],
        link_domains: vec!["sunrise.example".into()],
        revocation_regime: RevocationRegime::R2024,
        accepts_replies: true,
    }
}

fn alma() -> Patient {
    Patient {
        id: read("Patient/p1"),
        active: true,
        replaced: false,
        deceased: false,
        birth_date: Some(read("1978-10-12")),
        language: Some("en".into()),
        states: vec!["NY".into()],
        unknown_state: false,
        country: Some("US".into()),
        zones: vec!["America/New_York".into()],
        wanted_hours: None,
        unknown_clock: false,
        points: vec![
            sms("+12125550101", 1),
            point(System::Email, "pat@example.org", 2),
            point(System::Phone, "+12125550101", 3),
        ],
        postal: vec![],
        flags: Flags::default(),
        labels: vec![],
        dependent: false,
        names: vec![Phi::new("Alma Beech".into())],
    }
}
