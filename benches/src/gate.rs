//! How fast the gate decides: one patient with eight candidates and a history, every rule on every candidate.

use crate::machine::cpu_seconds;
use crate::report::Line;
use crate::timing::Timings;
use jiff::Timestamp;
use postern_base::{
    Channel, EmailTier, Form, Language, Level, Origin, PatientId, Phi, Purpose, RecipientRole, Urgency,
};
use postern_gate::facts::{
    Agreement, AgreementStatus, Consent, ConsentKind, ContactPoint, Ehr, Event, EventStatus, Facts, Flags, History,
    LineType, MailboxKind, PastDelivery, Patient, PointSource, Provision, Registration, RevocationRegime, Ruling,
    System, Tenant, TenantRole, Vendor, Verification,
};
use postern_gate::request::Recipient;
use postern_gate::{Content, Fact, LinkState, Outcome, Policy, Rendition, Request, decide};
use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Measures for three seconds on one thread.
pub(crate) fn run() -> Result<Vec<Line>, Box<dyn Error>> {
    let now: Timestamp = "2026-12-01T15:00:00-05:00".parse()?;
    let (request, facts, policy) = (request()?, facts(now)?, Policy::default());
    let decision = decide(&request, &facts, &policy);
    if decision.outcome != Outcome::Send {
        return Err("the benchmark's request should be sent; its facts no longer fit the rules".into());
    }
    for _ in 0..10_000 {
        black_box(decide(black_box(&request), black_box(&facts), &policy));
    }
    let (started, cpu) = (Instant::now(), cpu_seconds("self"));
    let mut decisions = 0u32;
    while started.elapsed() < Duration::from_secs(2) {
        for _ in 0..256 {
            black_box(decide(black_box(&request), black_box(&facts), &policy));
        }
        decisions += 256;
    }
    let per_second = f64::from(decisions) / started.elapsed().as_secs_f64();
    let cpu_each = (cpu_seconds("self") - cpu) / f64::from(decisions) * 1e6;
    let mut timings = Timings::with_capacity(200_000);
    for _ in 0..200_000 {
        let began = Instant::now();
        black_box(decide(black_box(&request), black_box(&facts), &policy));
        timings.add(began.elapsed());
    }
    let note = format!(
        "one thread, {cpu_each:.1} µs CPU each; {} rules, a patient with {} contact points, {} reasons kept",
        decision.rules.len(),
        facts.patient.known().map_or(0, |patient| patient.points.len()),
        decision.refusals.len()
    );
    Ok(vec![
        Line::rate("gate", "decisions per second and core", per_second, "200,000", &note),
        Line::time("gate", "decision, p50", timings.quantile(500), "-", "each timed alone"),
        Line::time("gate", "decision, p99", timings.quantile(990), "20 µs", "each timed alone"),
    ])
}

fn request() -> Result<Request, Box<dyn Error>> {
    Ok(Request {
        patient: "Patient/p1".parse::<PatientId>().map_err(|_| "bad patient reference")?,
        purpose: Purpose::AppointmentReminder,
        recipient: Recipient { role: RecipientRole::SelfPatient, reference: None },
        channels: None,
        email_mode: None,
        origin: Origin::Api,
        basis: None,
        event: Some("Appointment/a1".into()),
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
    })
}

fn point(system: System, value: &str, now: Timestamp) -> ContactPoint {
    ContactPoint {
        system,
        value: Phi::new(value.into()),
        rank: None,
        expired: false,
        from: None,
        source: Fact::Known(PointSource::Patient),
        line_type: Fact::Known(LineType::Mobile),
        mailbox: Fact::Known(MailboxKind::Personal),
        shared_with: Vec::new(),
        verification: Fact::Known(Verification { validated: true, last: Some(now), next: None }),
    }
}

fn vendor(name: &str, service: &str, channels: &[Channel]) -> Vendor {
    Vendor {
        vendor: name.into(),
        service: service.into(),
        tier: "hipaa".into(),
        channels: channels.to_vec(),
        agreement: Agreement {
            status: AgreementStatus::Executed,
            effective: Some(jiff::civil::date(2026, 1, 1)),
            expires: Some(jiff::civil::date(2027, 12, 31)),
            services: vec![service.into()],
            required_terms: true,
        },
        sender_registration: Registration::Approved,
        free_to_end_user: false,
    }
}

fn patient(now: Timestamp) -> Result<Patient, Box<dyn Error>> {
    Ok(Patient {
        id: "Patient/p1".parse::<PatientId>().map_err(|_| "bad patient reference")?,
        active: true,
        deceased: false,
        birth_date: Some(jiff::civil::date(1980, 4, 2)),
        language: Some("en".into()),
        state: Some("NY".into()),
        zones: vec!["America/New_York".into(), "America/Chicago".into()],
        points: vec![
            point(System::Sms, "+12125550101", now),
            point(System::Sms, "+12125550102", now),
            point(System::Phone, "+12125550101", now),
            point(System::Email, "a@mail.example", now),
            point(System::Email, "b@mail.example", now),
            point(System::App, "device-1", now),
        ],
        postal: vec![Phi::new("1 Main St, Springfield NY 10001".into())],
        flags: Flags::default(),
        labels: Vec::new(),
        dependent: false,
    })
}

fn rendition(channel: Option<Channel>, form: Form, level: Level, chars: usize) -> Rendition {
    Rendition {
        channel,
        form,
        level: Fact::Known(level),
        categories: Vec::new(),
        chars,
        links: LinkState::Clean,
        names_sender: true,
        says_opt_out: true,
        says_no_reply: false,
        language: Language::En,
        commitment: Some([7; 32]),
    }
}

fn consent() -> Consent {
    Consent {
        id: "c1".into(),
        kind: ConsentKind::ContactConsent,
        active: true,
        given: None,
        provision: Provision { decision: Some(Ruling::Permit), ..Provision::default() },
        signed_by: None,
        has_source: false,
        remuneration_disclosed: false,
        defective: false,
        access_mode: None,
    }
}

fn facts(now: Timestamp) -> Result<Facts, Box<dyn Error>> {
    let past = |days: i64| PastDelivery {
        at: now - jiff::SignedDuration::from_hours(24 * days),
        channel: Channel::Sms,
        point: Phi::new("+12125550101".into()),
        purpose: Purpose::Recall,
        automated: true,
        outcome: None,
    };
    Ok(Facts {
        now,
        tenant: Tenant {
            name: "Sunrise Health".into(),
            role: TenantRole::CoveredEntity,
            alias: Some("Sunrise Health".into()),
            reveals_specialty: false,
            callback: Some("+15555550100".into()),
            state: Some("NY".into()),
            link_domains: vec!["sunrise.example".into()],
            revocation_regime: RevocationRegime::R2024,
            accepts_replies: true,
        },
        vendors: vec![
            vendor("texts", "messaging", &[Channel::Sms]),
            vendor("calls", "voice", &[Channel::Voice, Channel::Voicemail]),
            vendor("mails", "smtp", &[Channel::Email]),
            vendor("pushes", "push", &[Channel::Push]),
        ],
        certificates: Vec::new(),
        email_tiers: [("mail.example".to_owned(), EmailTier::Dane)].into(),
        ehr: Ehr::Live,
        patient: Fact::Known(patient(now)?),
        consents: Fact::Known(vec![consent()]),
        related: Vec::new(),
        event: Fact::Known(Event {
            reference: "Appointment/a1".into(),
            status: EventStatus::Active,
            at: Some(now + jiff::SignedDuration::from_hours(48)),
            result_class: None,
            clinician_release: None,
            hold: None,
            labels: Vec::new(),
        }),
        history: Fact::Known(History { deliveries: (2..12).map(past).collect(), ..History::default() }),
        content: Content {
            level: Fact::Known(Level::L1),
            categories: Vec::new(),
            language: Language::En,
            template: None,
            commitment: Some([7; 32]),
        },
        renditions: vec![
            rendition(None, Form::Full, Level::L1, 240),
            rendition(None, Form::Minimal, Level::L1, 140),
            rendition(None, Form::Notice, Level::L0, 120),
            rendition(None, Form::Callback, Level::L0, 60),
        ],
        deployment: postern_gate::Deployment::satisfied(),
    })
}
