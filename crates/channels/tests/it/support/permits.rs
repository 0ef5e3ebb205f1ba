//! Recorded permits, minted by the gate and recorded in a log that forgets: there is no other way to get one.

use super::sample::{Case, address, consent, point, rendition};
use jiff::Timestamp;
use postern_base::{
    AttemptId, Channel, DeliveryId, EmailMode, EmailTier, Form, Language, Level, MessageId, Phi, Rng as _, Secret,
    SystemRng,
};
use postern_channels::Outbound;
use postern_gate::facts::{Certificate, Consent, ConsentKind, NoticeGiven, Provision, Ruling, System};
use postern_gate::{Binding, Fact, Permit, Rendition, admit};
use postern_ledger::{Committed, Lease, Log, Recorded, commit, record};
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

    /// A body by e-mail that may only travel encrypted to the patient's certificate.
    pub(crate) fn smime(to: &str) -> Self {
        Self { mode: Some(EmailMode::Smime), ..Self::notice(to) }
    }

    /// A result that the patient asked to get in plain e-mail.
    pub(crate) fn plain(to: &str) -> Self {
        Self { mode: Some(EmailMode::Plain), ..Self::notice(to) }
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
    let Case { request, facts, policy } = case(wish, commit(&key, "rendition", &payload));
    let (permit, _) = admit(&request, &facts, &policy, binding, wish.channel)
        .unwrap_or_else(|decision| panic!("the gate refuses: {decision:#?}"));
    let Ok(recorded) = record(&Forgets, permit, Lease { delivery, fence: 1 }).await;
    let outbound = Outbound {
        commitment_key: key,
        body: Phi::new(wish.body.clone()),
        subject: wish.subject.clone().map(Phi::new),
        sender: "Sunrise Health".to_owned(),
        recipient: None,
        language: Language::En,
        ahead: false,
        idempotency_key: attempt.to_string(),
        back: None,
        unsubscribe: None,
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

/// The case the gate judges for `wish`: a reminder to the sample patient, whose only contact point is the one wished for.
fn case(wish: &Wish, commitment: [u8; 32]) -> Case {
    let plain = wish.mode == Some(EmailMode::Plain);
    let (purpose, level) = if plain { ("test_result", Level::L3) } else { ("appointment_reminder", Level::L1) };
    let mut case = Case::of(purpose, level, &[Channel::Portal, wish.channel]);
    case.facts.now = now();
    case.request.email_mode = wish.mode;
    let system = match wish.channel {
        Channel::Sms => System::Sms,
        Channel::Email => System::Email,
        _ => System::Portal,
    };
    case.patient().points = vec![point(system, &wish.to, 1)];
    let vendor = case.vendor(wish.channel);
    vendor.vendor.clone_from(&wish.vendor);
    vendor.service.clone_from(&wish.service);
    vendor.agreement.services = vec![wish.service.clone()];
    // A body is asked for in plain where no tier holds: where one does, the same request opens the safer way.
    let tier = if plain { EmailTier::None } else { EmailTier::Sts };
    let domain = wish.to.rsplit_once('@').map(|(_, domain)| (domain.to_owned(), tier));
    case.facts.email_tiers = domain.into_iter().collect();
    if wish.mode == Some(EmailMode::Smime) {
        case.facts.certificates.push(Certificate {
            address: Phi::new(wish.to.as_str().into()),
            from: Timestamp::UNIX_EPOCH,
            until: Timestamp::MAX,
            trusted: true,
            revoked: Fact::Known(false),
            names_address: true,
        });
    }
    if plain {
        let points = vec![address(&wish.to)];
        let provision = Provision { decision: Some(Ruling::Permit), points, ..Provision::default() };
        let asked = consent(ConsentKind::AccessRequest, provision);
        case.consents().push(Consent { access_mode: wish.mode, ..asked });
        let told = NoticeGiven { kind: "email_risk".into(), point: address(&wish.to), at: now(), objected: false };
        case.history().notices.push(told);
    }
    case.facts.renditions = renditions(wish, level, commitment);
    case
}

fn renditions(wish: &Wish, whole: Level, commitment: [u8; 32]) -> Vec<Rendition> {
    let (form, level) = match (wish.channel, wish.mode) {
        (Channel::Email, None) => (Form::Notice, Level::L0),
        (Channel::Sms, _) => (Form::Minimal, Level::L1),
        _ => (Form::Full, whole),
    };
    let own = Rendition { channel: Some(wish.channel), commitment: Some(commitment), ..rendition(form, level) };
    let copy = Rendition { channel: Some(Channel::Portal), ..rendition(Form::Full, whole) };
    if wish.channel == Channel::Portal { vec![own] } else { vec![own, copy] }
}
