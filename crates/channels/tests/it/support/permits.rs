//! Recorded permits, minted by the gate and recorded in a log that forgets: there is no other way to get one.

use jiff::Timestamp;
use postern_base::{
    AttemptId, Channel, DeliveryId, EmailMode, EmailTier, Form, Language, Level, MessageId, Origin, Phi, Purpose,
    RecipientRole, Rng as _, Secret, SystemRng, Urgency,
};
use postern_channels::Outbound;
use postern_gate::facts::{
    Address, Agreement, AgreementStatus, ContactPoint, Ehr, Event, EventStatus, Facts, Flags, History, LineType,
    MailboxKind, Patient, PointSource, Registration, RevocationRegime, System, Tenant, TenantRole, Vendor,
    Verification,
};
use postern_gate::request::Recipient;
use postern_gate::{Binding, Content, Deployment, Fact, LinkState, Permit, Policy, Rendition, Request, admit};
use postern_ledger::{Committed, Lease, Log, Recorded, commit, record};
use std::collections::BTreeMap;
use std::convert::Infallible;

/// What a permit is wanted for.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) channel: Channel,
    pub(crate) mode: Option<EmailMode>,
    pub(crate) to: String,
    pub(crate) vendor: String,
    pub(crate) service: String,
    pub(crate) subject: Option<String>,
    pub(crate) body: String,
}

impl Wish {
    /// A notice by e-mail.
    pub(crate) fn notice(to: &str) -> Self {
        Self {
            channel: Channel::Email,
            mode: None,
            to: to.to_owned(),
            vendor: "mailco".to_owned(),
            service: "submission".to_owned(),
            subject: Some("Tiene un mensaje".to_owned()),
            body: "You have a message from Sunrise Health. Sign in to read it.\n.\n¿Preguntas? +1 555 555 0100\n"
                .to_owned(),
        }
    }

    /// A body by e-mail that may only travel over an enforced tier.
    pub(crate) fn enforced(to: &str) -> Self {
        Self { mode: Some(EmailMode::EnforcedTls), ..Self::notice(to) }
    }

    /// A reminder by text message.
    pub(crate) fn text(to: &str) -> Self {
        Self {
            channel: Channel::Sms,
            mode: None,
            to: to.to_owned(),
            vendor: "textco".to_owned(),
            service: "messaging".to_owned(),
            subject: None,
            body: "Sunrise Health: visit on Tuesday at 9:30. Reply STOP to opt out.".to_owned(),
        }
    }

    /// A copy in the portal.
    pub(crate) fn portal() -> Self {
        Self {
            channel: Channel::Portal,
            vendor: "self".to_owned(),
            service: "portal".to_owned(),
            ..Self::text("Patient/p1")
        }
    }
}

/// The time of every test here: a Monday morning in New York.
pub(crate) fn now() -> Timestamp {
    "2026-11-30T16:00:00Z".parse().unwrap()
}

/// A delivery, which may be attempted more than once.
pub(crate) fn delivery() -> DeliveryId {
    DeliveryId::new(now(), &SystemRng).unwrap()
}

/// A recorded permit for `wish`, and the content it is for: a first attempt at a new delivery.
pub(crate) async fn permitted(wish: &Wish) -> (Recorded<Permit>, Outbound) {
    permitted_again(wish, delivery()).await
}

/// The same for one more attempt at `delivery`.
pub(crate) async fn permitted_again(wish: &Wish, delivery: DeliveryId) -> (Recorded<Permit>, Outbound) {
    let mut key = [0; 32];
    SystemRng.fill(&mut key).unwrap();
    let key = Secret::new(key);
    let attempt = AttemptId::new(now(), &SystemRng).unwrap();
    let binding = Binding {
        tenant: "sunrise".parse().unwrap(),
        message: MessageId::new(now(), &SystemRng).unwrap(),
        delivery,
        attempt,
    };
    let payload = Outbound::payload(wish.subject.as_deref(), &wish.body);
    let facts = facts(wish, commit(&key, "rendition", &payload));
    let (permit, _) = admit(&request(wish), &facts, &Policy::default(), binding, wish.channel)
        .unwrap_or_else(|decision| panic!("the gate refuses: {decision:#?}"));
    let Ok(recorded) = record(&Forgets, permit, Lease { delivery, fence: 1 }).await;
    let outbound = Outbound {
        commitment_key: key,
        body: Phi::new(wish.body.clone()),
        subject: wish.subject.clone().map(Phi::new),
        sender: "Sunrise Health".to_owned(),
        idempotency_key: attempt.to_string(),
    };
    (recorded, outbound)
}

/// A log for tests of the channels alone.
struct Forgets;

impl Log<Permit> for Forgets {
    type Error = Infallible;
    async fn commit(&self, _permit: &Permit, _lease: Lease) -> Result<Committed, Infallible> {
        Ok(Committed { index: 0 })
    }
}

fn request(wish: &Wish) -> Request {
    Request {
        patient: "Patient/p1".parse().unwrap(),
        purpose: Purpose::AppointmentReminder,
        recipient: Recipient { role: RecipientRole::SelfPatient, reference: None },
        channels: Some(vec![Channel::Portal, wish.channel]),
        email_mode: wish.mode,
        origin: Origin::Api,
        basis: None,
        event: Some("Appointment/a1".to_owned()),
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
    }
}

fn facts(wish: &Wish, commitment: [u8; 32]) -> Facts {
    let domain = wish.to.rsplit_once('@').map(|(_, domain)| (domain.to_owned(), EmailTier::Sts));
    let mut vendors = vec![vendor("self", "portal", Channel::Portal)];
    if wish.channel != Channel::Portal {
        vendors.push(vendor(&wish.vendor, &wish.service, wish.channel));
    }
    Facts {
        now: now(),
        tenant: Tenant {
            name: "Sunrise Health".to_owned(),
            role: TenantRole::CoveredEntity,
            alias: Some("Sunrise Health".to_owned()),
            reveals_specialty: false,
            callback: Some("+15555550100".to_owned()),
            state: Some("NY".to_owned()),
            link_domains: vec!["sunrise.example".to_owned()],
            revocation_regime: RevocationRegime::R2024,
            accepts_replies: true,
        },
        vendors,
        certificates: Vec::new(),
        email_tiers: domain.into_iter().collect::<BTreeMap<_, _>>(),
        ehr: Ehr::Live,
        patient: Fact::Known(patient(wish)),
        consents: Fact::Known(Vec::new()),
        related: Vec::new(),
        event: Fact::Known(Event {
            reference: "Appointment/a1".to_owned(),
            status: EventStatus::Active,
            at: Some("2026-12-01T14:30:00Z".parse().unwrap()),
            result_class: None,
            clinician_release: None,
            hold: None,
            labels: Vec::new(),
        }),
        history: Fact::Known(History::default()),
        content: Content {
            level: Fact::Known(Level::L1),
            categories: Vec::new(),
            language: Language::En,
            template: None,
            commitment: Some([7; 32]),
        },
        renditions: renditions(wish, commitment),
        deployment: Deployment::satisfied(),
    }
}

fn renditions(wish: &Wish, commitment: [u8; 32]) -> Vec<Rendition> {
    let (form, level) = match (wish.channel, wish.mode) {
        (Channel::Email, None) => (Form::Notice, Level::L0),
        (Channel::Sms, _) => (Form::Minimal, Level::L1),
        _ => (Form::Full, Level::L1),
    };
    let rendition = |channel, form, level, commitment| Rendition {
        channel: Some(channel),
        form,
        level: Fact::Known(level),
        categories: Vec::new(),
        chars: wish.body.chars().count(),
        links: LinkState::NoLinks,
        names_sender: true,
        says_opt_out: true,
        says_no_reply: false,
        language: Language::En,
        commitment: Some(commitment),
    };
    let mut all = vec![rendition(wish.channel, form, level, commitment)];
    if wish.channel != Channel::Portal {
        all.push(rendition(Channel::Portal, Form::Full, Level::L1, [8; 32]));
    }
    all
}

fn patient(wish: &Wish) -> Patient {
    let system = match wish.channel {
        Channel::Sms => System::Sms,
        Channel::Email => System::Email,
        _ => System::Portal,
    };
    Patient {
        id: "Patient/p1".parse().unwrap(),
        active: true,
        deceased: false,
        birth_date: Some("1980-05-05".parse().unwrap()),
        language: Some("en".to_owned()),
        state: Some("NY".to_owned()),
        zones: vec!["America/New_York".to_owned()],
        points: vec![ContactPoint {
            system,
            value: Address::new(wish.to.as_str().into()),
            rank: Some(1),
            expired: false,
            from: None,
            source: Fact::Known(PointSource::Patient),
            line_type: Fact::Known(LineType::Mobile),
            mailbox: Fact::Known(MailboxKind::Personal),
            shared_with: Vec::new(),
            verification: Fact::Known(Verification {
                validated: true,
                last: Some("2026-11-01T00:00:00Z".parse().unwrap()),
                next: None,
            }),
        }],
        postal: Vec::new(),
        flags: Flags::default(),
        labels: Vec::new(),
        dependent: false,
    }
}

fn vendor(vendor: &str, service: &str, channel: Channel) -> Vendor {
    Vendor {
        vendor: vendor.to_owned(),
        service: service.to_owned(),
        tier: "hipaa".to_owned(),
        channels: vec![channel],
        agreement: Agreement {
            status: AgreementStatus::Executed,
            effective: Some("2026-01-01".parse().unwrap()),
            expires: Some("2027-12-31".parse().unwrap()),
            services: vec![service.to_owned()],
            required_terms: true,
        },
        sender_registration: Registration::Approved,
        free_to_end_user: false,
    }
}
