//! What must hold of every decision, shown on thousands of random ones.

use crate::candidate::{self, Candidate, PortalCopy};
use crate::decide::{Reasons, survey};
use crate::decision::Outcome;
use crate::deployment::Actor;
use crate::fact::{Fact, Missing};
use crate::facts::{
    AgreementStatus, ConsentKind, ContactPoint, Ehr, Flags, Inbound, LineType, MailboxKind, OptOut, OptOutScope,
    PastDelivery, PointSource, Provision, Ruling, System, Verification,
};
use crate::finding::{Against, Bar, Finding};
use crate::policy::{LoweredCell, Overrides, Policy};
use crate::request::{AnsweredBy, Marketing, MarketingKind, Remuneration, Translation, Voice, VoiceMode};
use crate::revocation::Heard;
use crate::rules::{ALL, roster};
use crate::sample::{Case, address, consent};
use crate::view::View;
use jiff::ToSpan;
use postern_base::{Category, Channel, EmailMode, Form, Level, Origin, Phi, Purpose, RecipientRole, Urgency};
use proptest::prelude::*;
use proptest::sample::{Index, select};

const POINTS: [&str; 5] = ["+12125550101", "+13175550177", "pat@example.org", "other@example.net", "device-1"];

fn system() -> impl Strategy<Value = System> {
    select(vec![System::Sms, System::Phone, System::Email, System::App, System::Other])
}

fn fact<T: Clone + std::fmt::Debug + 'static>(values: Vec<T>) -> impl Strategy<Value = Fact<T>> {
    let missing = select(vec![Missing::NotRecorded, Missing::EhrUnreachable, Missing::Unreadable]);
    prop_oneof![4 => select(values).prop_map(Fact::Known), 1 => missing.prop_map(Fact::Unknown)]
}

fn point() -> impl Strategy<Value = ContactPoint> {
    let verified = Verification {
        validated: true,
        last: Some("2026-10-01T15:00:00Z".parse().unwrap()),
        next: Some("2027-10-01T00:00:00Z".parse().unwrap()),
    };
    (
        system(),
        select(POINTS.to_vec()),
        proptest::option::of(0u32..4),
        fact(vec![PointSource::Patient, PointSource::Staff]),
        fact(vec![LineType::Mobile, LineType::Voip]),
        fact(vec![MailboxKind::Personal, MailboxKind::Family]),
        fact(vec![verified]),
        proptest::bool::weighted(0.1),
    )
        .prop_map(|(system, value, rank, source, line_type, mailbox, verification, shared)| ContactPoint {
            system,
            value: address(value),
            rank,
            expired: false,
            from: None,
            until: None,
            source,
            line_type,
            mailbox,
            shared_with: if shared { vec!["Patient/p2".into()] } else { vec![] },
            closed_by_another: false,
            crowded: false,
            of_another: false,
            only_for: None,
            hours: Fact::Known(Vec::new()),
            verification,
        })
}

fn provision() -> impl Strategy<Value = Provision> {
    let ruling = proptest::option::weighted(0.9, select(vec![Ruling::Permit, Ruling::Permit, Ruling::Deny]));
    let leaf = (
        ruling,
        proptest::collection::vec(system(), 0..2),
        proptest::collection::vec(select(POINTS.to_vec()).prop_map(address), 0..2),
    )
        .prop_map(|(decision, systems, points)| Provision { decision, systems, points, ..Provision::default() });
    leaf.prop_recursive(2, 4, 2, |inner| {
        (inner.clone(), proptest::collection::vec(inner, 0..2))
            .prop_map(|(own, exceptions)| Provision { exceptions, ..own })
    })
}

fn kind() -> impl Strategy<Value = ConsentKind> {
    select(vec![
        ConsentKind::ContactConsent,
        ConsentKind::ContactConsent,
        ConsentKind::ContactConsent,
        ConsentKind::EmailRiskAcknowledgement,
        ConsentKind::ConfidentialCommunication,
        ConsentKind::Restriction,
        ConsentKind::AccessRequest,
        ConsentKind::Other,
    ])
}

#[derive(Debug, Clone)]
struct Asked {
    purpose: Purpose,
    level: Level,
    channels: Option<Vec<Channel>>,
    origin: Origin,
    urgency: Urgency,
    role: RecipientRole,
    mode: Option<EmailMode>,
    voice: Option<Voice>,
    hour: i64,
    zone: Option<&'static str>,
}

fn asked() -> impl Strategy<Value = Asked> {
    let voice = (
        select(vec![VoiceMode::Human, VoiceMode::Ivr]),
        select(vec![AnsweredBy::Patient, AnsweredBy::Machine, AnsweredBy::Other, AnsweredBy::Unknown]),
        any::<bool>(),
    )
        .prop_map(|(mode, answered_by, identity_verified)| Voice {
            mode,
            answered_by,
            identity_verified,
            recording: false,
            transcribing: false,
            recording_consent: false,
            disclosed: true,
        });
    let role = prop_oneof![9 => Just(RecipientRole::SelfPatient), 1 => select(RecipientRole::ALL.to_vec())];
    (
        select(Purpose::ALL.to_vec()),
        select(Level::ALL.to_vec()),
        proptest::option::weighted(0.3, proptest::collection::vec(select(Channel::ALL.to_vec()), 1..4)),
        select(Origin::ALL.to_vec()),
        select(Urgency::ALL.to_vec()),
        role,
        proptest::option::weighted(0.3, select(EmailMode::ALL.to_vec())),
        proptest::option::weighted(0.3, voice),
        0i64..48,
        proptest::option::weighted(
            0.8,
            select(vec!["America/New_York", "America/Los_Angeles", "Pacific/Guam", "no/such"]),
        ),
    )
        .prop_map(|(purpose, level, channels, origin, urgency, role, mode, voice, hour, zone)| Asked {
            purpose,
            level,
            channels,
            origin,
            urgency,
            role,
            mode,
            voice,
            hour,
            zone,
        })
}

fn sells() -> impl Strategy<Value = Marketing> {
    let kinds = vec![MarketingKind::OwnService, MarketingKind::ThirdParty, MarketingKind::Refill];
    let paid = vec![Remuneration::None, Remuneration::CostOnly, Remuneration::AboveCost];
    (select(kinds), select(paid), select(vec![0, 90, 91]))
        .prop_map(|(kind, remuneration, drug_lapsed_days)| Marketing { kind, remuneration, drug_lapsed_days })
}

prop_compose! {
    pub(crate) fn case()(
        asked in asked(),
        points in proptest::collection::vec(point(), 0..4),
        consents in proptest::collection::vec((kind(), provision(), proptest::bool::weighted(0.85)), 0..4),
        texts in proptest::collection::vec((select(vec!["ok", "STOP", "START", "who is this", "stop taking it?"]), 0usize..5), 0..2),
        glass in proptest::bool::weighted(0.2),
        sells in proptest::option::weighted(0.2, sells()),
        translated in proptest::option::weighted(0.1, any::<bool>()),
    ) -> Case {
        let mut case = Case::of(asked.purpose.as_str(), asked.level, &[]);
        case.facts.now = case.facts.now.checked_add(asked.hour.hours()).unwrap();
        case.request.channels = asked.channels;
        case.request.origin = asked.origin;
        case.request.email_mode = asked.mode;
        case.request.voice = asked.voice;
        case.request.recipient.role = asked.role;
        case.request.recipient.reference = (asked.role != RecipientRole::SelfPatient).then(|| "RelatedPerson/r1".to_owned());
        if glass { case.break_glass() }
        case.request.marketing = sells;
        case.request.translation = translated.map(|reviewed| Translation { machine: true, reviewed });
        case.request.urgency = asked.urgency;
        case.patient().points.extend(points);
        case.patient().zones = asked.zone.into_iter().map(str::to_owned).collect();
        case.consents().extend(consents.into_iter().map(|(kind, provision, active)| {
            let mut made = consent(kind, provision);
            made.active = active;
            made
        }));
        let now = case.facts.now;
        for (text, to) in texts {
            let text = Phi::new(text.to_owned());
            case.history().inbound.push(Inbound { at: now, channel: Channel::Sms, point: address(POINTS[to]), text, thread_purpose: None, reviewed: None, heard: Heard::NOT_YET });
        }
        case
    }
}

/// Something that can only make things stricter.
#[derive(Debug, Clone)]
pub(crate) enum Stricter {
    OptOut(Index),
    Deny(Index),
    Elsewhere,
    Restriction,
    Unreadable,
    VendorEnds(Index),
    Unverified(Index),
    ConsentsUnknown,
    HistoryUnknown,
    LevelUnknown,
    Died,
    Disabled(Index),
    NoRiskRecord,
    Lower(Index, Index),
    Unreachable,
    SentBefore,
    NoAutomated,
    NoAlias,
    Deployment(Index, bool),
    ConsentExpires,
    Untrained,
    Deaf,
    Appeals,
    TellsResult,
    NamesClass(Index),
    NoAddress,
    NotReached,
}

pub(crate) fn stricter() -> impl Strategy<Value = Stricter> {
    use Stricter::*;
    prop_oneof![
        any::<Index>().prop_map(OptOut),
        any::<Index>().prop_map(Deny),
        any::<Index>().prop_map(VendorEnds),
        any::<Index>().prop_map(Unverified),
        any::<Index>().prop_map(Disabled),
        (any::<Index>(), any::<Index>()).prop_map(|(a, b)| Lower(a, b)),
        (any::<Index>(), any::<bool>()).prop_map(|(a, known)| Deployment(a, known)),
        any::<Index>().prop_map(NamesClass),
        select(vec![
            Elsewhere,
            Restriction,
            Unreadable,
            ConsentsUnknown,
            HistoryUnknown,
            LevelUnknown,
            Died,
            NoRiskRecord,
            Unreachable,
            SentBefore,
            NoAutomated,
            NoAlias,
            ConsentExpires,
            Untrained,
            Deaf,
            Appeals,
            TellsResult,
            NoAddress,
            NotReached,
        ]),
    ]
}

fn deny_all() -> Provision {
    Provision { decision: Some(Ruling::Deny), ..Provision::default() }
}

fn texts(case: &mut Case, change: impl Fn(&mut crate::Rendition)) {
    case.facts.renditions.iter_mut().for_each(change);
}

pub(crate) fn tighten(case: &mut Case, by: &Stricter) {
    let now = case.facts.now;
    match by {
        Stricter::OptOut(at) => {
            let point = address(POINTS[at.index(POINTS.len())]);
            case.history().opt_outs.push(OptOut { at: now, channel: Channel::Sms, point, scope: OptOutScope::All });
        }
        Stricter::Deny(at) => {
            let provision = Provision { points: vec![address(POINTS[at.index(POINTS.len())])], ..deny_all() };
            case.consents().push(consent(ConsentKind::ContactConsent, provision));
        }
        Stricter::Elsewhere => {
            let listed = Provision {
                decision: Some(Ruling::Permit),
                points: vec![address("+19995550100")],
                ..Provision::default()
            };
            let provision = Provision { exceptions: vec![listed], ..deny_all() };
            case.consents().push(consent(ConsentKind::ConfidentialCommunication, provision));
        }
        Stricter::Restriction => case.consents().push(consent(ConsentKind::Restriction, deny_all())),
        Stricter::Unreadable => case.consents().push(consent(ConsentKind::Unreadable, Provision::default())),
        Stricter::VendorEnds(at) => {
            let index = at.index(case.facts.vendors.len());
            case.facts.vendors[index].agreement.status = AgreementStatus::Terminated;
        }
        Stricter::Unverified(at) => {
            let index = at.index(case.patient().points.len());
            case.patient().points[index].verification = Fact::Unknown(Missing::NotRecorded);
        }
        Stricter::ConsentsUnknown => case.facts.consents = Fact::Unknown(Missing::Unreadable),
        Stricter::HistoryUnknown => case.facts.history = Fact::Unknown(Missing::StoreUnavailable),
        Stricter::LevelUnknown => case.facts.content.level = Fact::Unknown(Missing::ClassifierFailed),
        Stricter::Died => case.patient().deceased = true,
        Stricter::Disabled(at) => case.policy.disabled_channels.push(*at.get(Channel::ALL)),
        Stricter::NoRiskRecord => case.facts.deployment.risk_record = Fact::Unknown(Missing::NotRecorded),
        Stricter::Lower(level, channel) => {
            let (purpose, level, channel) = (case.request.purpose, *level.get(Level::ALL), *channel.get(Channel::ALL));
            let cells = vec![LoweredCell { purpose, level, channel, highest: None }];
            case.policy = Policy::tighten(Overrides { cells, ..Overrides::default() });
        }
        Stricter::Unreachable => case.facts.ehr = Ehr::Unreachable,
        Stricter::SentBefore => {
            let purpose = Purpose::Recall;
            let sent = PastDelivery {
                at: now,
                channel: Channel::Sms,
                point: address(POINTS[0]),
                purpose,
                automated: true,
                outcome: None,
            };
            case.history().deliveries.push(sent);
        }
        Stricter::NoAutomated => case.patient().flags = Flags { no_automated: true, ..Flags::default() },
        Stricter::NoAlias => case.facts.tenant.alias = None,
        Stricter::Deployment(which, known) => worse(&mut case.facts.deployment, which.index(11), *known),
        Stricter::ConsentExpires => {
            // A withdrawn denial would loosen; a permission that ends does not.
            let permits = |c: &&mut crate::facts::Consent| {
                c.kind == ConsentKind::ContactConsent && c.provision.decision == Some(Ruling::Permit)
            };
            let plain = |c: &crate::facts::Consent| c.provision.exceptions.is_empty();
            case.consents().iter_mut().filter(permits).filter(|c| plain(c)).for_each(|c| c.provision.until = Some(now));
        }
        Stricter::Untrained => {
            let trained_until = Fact::Unknown(Missing::NotRecorded);
            case.facts.deployment.actor = Fact::Known(Actor { trained_until, ..Actor::SATISFIED });
        }
        Stricter::Appeals => {
            texts(case, |text| text.offers = text.offers.max(crate::rendition::Offers::Perhaps));
        }
        Stricter::TellsResult => texts(case, |text| text.tells_result = true),
        Stricter::NamesClass(at) => {
            let class = *at.get(&crate::facts::ResultClass::ALL);
            texts(case, |text| text.result_classes.push(class));
        }
        Stricter::NoAddress => texts(case, |text| text.names_address = false),
        Stricter::Deaf => case.patient().flags.deaf = true,
        Stricter::NotReached => case.facts.tenant.accepts_replies = false,
    }
}

/// One fact of the deployment that turns out wrong, or that nobody knows.
fn worse(deployment: &mut crate::Deployment, which: usize, known: bool) {
    let wrong = if known { Fact::Known(false) } else { Fact::Unknown(Missing::NotRecorded) };
    match which {
        0 => deployment.risk_record = wrong,
        1 => deployment.portal_available = wrong,
        2 => deployment.portal_two_factor = wrong,
        3 => deployment.reauthenticated = wrong,
        4 => deployment.paused = if known { Fact::Known(true) } else { wrong },
        5 => deployment.dkim = wrong,
        6 => deployment.voice_srtp = wrong,
        7 => deployment.no_trackers = wrong,
        8 => deployment.visitor_consent = wrong,
        9 => deployment.postal_address = wrong,
        _ => deployment.actor = Fact::Unknown(Missing::NotRecorded),
    }
}

/// What comes of a candidate when the rules are asked in an order: the fold that a decision is made by.
fn judged<'a>(
    view: &View<'a>,
    candidate: Candidate<'a>,
    order: &[usize],
) -> (Bar, bool, Option<jiff::Timestamp>, bool) {
    let mut reasons = Reasons::new(view);
    let roster = roster::of(view);
    let asked = order.iter().copied().filter(|place| roster.has(*place) && roster::on(candidate.channel).has(*place));
    let judged = reasons.evaluate_in(view, candidate, asked, &mut ());
    (judged.bar, judged.stands(), judged.until, judged.waiting_for.is_some())
}

/// The highest form that stands per channel, mode and address, as a machine would send it now or later.
fn stands(case: &Case) -> Vec<(Channel, Option<EmailMode>, Form)> {
    crate::decide::standing(&case.request, &case.facts, &case.policy)
}

/// One way to say something: where, how, in which form, and how much it carries.
type Told = (Channel, Option<EmailMode>, String, Form, Option<Level>);

/// Every way that stands.
fn ways(case: &Case) -> Vec<Told> {
    let view = View::new(&case.request, &case.facts, &case.policy);
    let found = survey(&view, &mut Reasons::new(&view), &mut ());
    let stands = found.all().filter(|e| e.stands() && !e.candidate.placeholder).map(|e| &e.candidate);
    stands.map(|c| (c.channel, c.mode, c.address.reveal().to_string(), c.form, c.carried(view.level))).collect()
}

/// What of the plan reaches out to the patient.
fn contact(case: &Case) -> Option<crate::Delivery> {
    let decision = case.decide();
    decision.deliveries.into_iter().find(|d| !matches!(d.channel, Channel::Portal) && !d.channel.is_human_task())
}

/// Something on record that ends or begins on a day.
#[derive(Debug, Clone)]
enum Turn {
    ConsentEnds(Index),
    DenialBegins(Index),
    ListBegins,
    PointEnds(Index),
    VerificationEnds(Index),
    AgreementEnds(Index),
    GlassMends,
    ComesOfAge,
}

fn turn() -> impl Strategy<Value = (Turn, i64)> {
    use Turn::*;
    let turn = prop_oneof![
        any::<Index>().prop_map(ConsentEnds),
        any::<Index>().prop_map(DenialBegins),
        any::<Index>().prop_map(PointEnds),
        any::<Index>().prop_map(VerificationEnds),
        any::<Index>().prop_map(AgreementEnds),
        select(vec![ListBegins, GlassMends, ComesOfAge]),
    ];
    (turn, 1i64..40)
}

fn happen(case: &mut Case, turn: &Turn, at: jiff::Timestamp) {
    let day = jiff::tz::TimeZone::UTC.to_datetime(at).date();
    match turn {
        Turn::ConsentEnds(which) => {
            let consents = case.consents();
            let index = which.index(consents.len());
            consents[index].provision.until = Some(at);
        }
        Turn::DenialBegins(which) => {
            let points = vec![address(POINTS[which.index(POINTS.len())])];
            let provision = Provision { from: Some(at), points, ..deny_all() };
            case.consents().push(consent(ConsentKind::ContactConsent, provision));
        }
        Turn::ListBegins => {
            let provision = Provision { from: Some(at), ..deny_all() };
            case.consents().push(consent(ConsentKind::ConfidentialCommunication, provision));
        }
        Turn::PointEnds(which) => {
            let points = &mut case.patient().points;
            let index = which.index(points.len());
            points[index].until = Some(at);
        }
        Turn::VerificationEnds(which) => {
            let points = &mut case.patient().points;
            let index = which.index(points.len());
            if let Fact::Known(verification) = &mut points[index].verification {
                verification.next = Some(at);
            }
        }
        Turn::AgreementEnds(which) => {
            let index = which.index(case.facts.vendors.len());
            case.facts.vendors[index].agreement.expires = Some(day);
        }
        Turn::GlassMends => case.request.break_glass.iter_mut().for_each(|glass| glass.expires_at = at),
        Turn::ComesOfAge => case.patient().birth_date = day.checked_sub(18.years()).ok(),
    }
}

/// How a way fails that was chosen.
#[derive(Debug, Clone, Copy)]
enum Failure {
    /// The caller, told that it failed, leaves it out.
    LeftOut,
    /// The vendor of the channel is gone.
    VendorGone,
    /// The practice switches the channel off.
    SwitchedOff,
    /// The session could not be encrypted as it must be.
    BelowFloor,
    /// The portal went with it.
    PortalGone,
}

fn failure() -> impl Strategy<Value = Failure> {
    use Failure::*;
    select(vec![LeftOut, VendorGone, SwitchedOff, BelowFloor, PortalGone])
}

fn fail(case: &mut Case, delivery: &crate::Delivery, how: &Failure) {
    let channel = delivery.channel;
    match how {
        Failure::LeftOut => {
            // Naming these would open them; the caller only leaves one out.
            let opened = [Channel::Voicemail, Channel::Chat, Channel::ChatAnonymous];
            let all = || Channel::ALL.iter().copied().filter(|other| !opened.contains(other)).collect::<Vec<_>>();
            let left = case.request.channels.take().unwrap_or_else(all);
            case.request.channels = Some(left.into_iter().filter(|other| *other != channel).collect());
        }
        Failure::VendorGone => {
            case.facts.vendors.iter_mut().for_each(|vendor| vendor.channels.retain(|other| *other != channel));
        }
        Failure::SwitchedOff => case.policy.disabled_channels.push(channel),
        Failure::BelowFloor => {
            case.facts.email_tiers.clear();
            case.facts.deployment.voice_srtp = Fact::Known(false);
            case.policy.disabled_channels.push(channel);
        }
        Failure::PortalGone => {
            case.facts.deployment.portal_available = Fact::Known(false);
            case.policy.disabled_channels.push(channel);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_decision_is_whole(case in case()) {
        let decision = case.decide();
        let tasks_only = !decision.deliveries.is_empty() && decision.deliveries.iter().all(|d| d.channel.is_human_task());
        prop_assert!(!tasks_only || decision.outcome == Outcome::Hold);
        prop_assert!(decision.outcome != Outcome::Send || decision.deliveries.iter().any(|d| d.not_before.is_none()));
        prop_assert!(decision.outcome != Outcome::Refuse || decision.deliveries.is_empty() && !decision.refusals.is_empty());
        prop_assert!(decision.deliveries.iter().filter(|d| d.channel != Channel::Portal).count() <= 1);
        for d in &decision.deliveries {
            let ceiling = match d.form { Form::Full => Level::L4, Form::Minimal => Level::L1, _ => Level::L0 };
            prop_assert!(d.level <= ceiling);
            prop_assert!(d.vendor.is_some() != d.channel.is_human_task());
            prop_assert!(d.form != Form::Notice || decision.deliveries.iter().any(|p| p.channel == Channel::Portal));
            prop_assert!(case.request.channels.as_ref().is_none_or(|asked| asked.contains(&d.channel)));
        }
    }

    #[test]
    fn nothing_announces_what_waits_for_a_person(case in case()) {
        let view = View::new(&case.request, &case.facts, &case.policy);
        let found = survey(&view, &mut Reasons::new(&view), &mut ());
        let waits = found.portal.as_ref().is_some_and(|portal| portal.bar == Bar::Person);
        if waits && !view.emergency {
            // Who calls in person may say on a machine that they called.
            let in_person = |channel| matches!(channel, Channel::Voice | Channel::Voicemail) && view.human_voice();
            let by_machine = |d: &crate::Delivery| !d.channel.is_human_task() && !in_person(d.channel);
            let announces = |d: &crate::Delivery| matches!(d.form, Form::Notice | Form::Callback) && by_machine(d);
            prop_assert!(!case.decide().deliveries.iter().any(announces));
        }
    }

    #[test]
    fn what_is_planned_for_later_may_go_then(case in case(), turns in proptest::collection::vec(turn(), 1..4)) {
        let mut case = case;
        for (turn, hours) in &turns {
            let at = case.facts.now.checked_add(hours.hours()).unwrap();
            happen(&mut case, turn, at);
        }
        for planned in case.decide().deliveries {
            let Some(at) = planned.not_before else { continue };
            let mut then = case.clone();
            then.facts.now = at;
            let view = View::new(&then.request, &then.facts, &then.policy);
            let found = survey(&view, &mut Reasons::new(&view), &mut ());
            // What a notice points at has been in the portal since now, whatever holds then.
            let gone = planned.form == Form::Notice && !found.portal.as_ref().is_some_and(crate::decide::Evaluated::stands);
            let same = |c: &Candidate<'_>| {
                (c.channel, c.mode, c.form) == (planned.channel, planned.mode, planned.form) && *c.address == planned.contact_point
            };
            let goes = found.all().any(|e| same(&e.candidate) && e.stands() && crate::plan::not_before(&view, e).is_none());
            prop_assert!(gone || goes, "{planned:?} after {turns:?}");
        }
    }

    #[test]
    fn what_a_caller_calls_an_offer_makes_it_no_less_of_one(case in case(), word in select(Purpose::ALL.to_vec())) {
        // 45 CFR 164.501: what is promoted and who pays make it marketing.
        let mut named = case.clone();
        named.request.marketing = Some(Marketing { kind: MarketingKind::ThirdParty, remuneration: Remuneration::AboveCost, drug_lapsed_days: 0 });
        named.request.purpose = Purpose::Marketing;
        let mut renamed = named.clone();
        renamed.request.purpose = word;
        let open = stands(&named);
        for one in stands(&renamed) {
            prop_assert!(open.contains(&one), "{one:?} opens when an offer is called {word}");
        }
    }

    #[test]
    fn a_restriction_never_makes_anything_stand_that_did_not(case in case(), by in stricter()) {
        let before = stands(&case);
        let mut after = case.clone();
        tighten(&mut after, &by);
        // By e-mail a code may only verify the address: one that is no longer verified may get it (RULES section 2, P11).
        prop_assume!(!(case.request.purpose == Purpose::OneTimeCode && matches!(by, Stricter::Unverified(_))));
        // 47 CFR 64.1200(a)(12): an opt-out of this minute is what a confirmation confirms.
        prop_assume!(!(case.request.purpose == Purpose::ConsentConfirmation && matches!(by, Stricter::OptOut(_))));
        for one in stands(&after) {
            prop_assert!(before.contains(&one), "{one:?} appears after {by:?}");
        }
        if case.decide().outcome != Outcome::Send {
            let sends = after.decide();
            let machine = sends.deliveries.iter().any(|d| d.not_before.is_none() && !d.channel.is_human_task());
            prop_assert!(!machine, "sends after {by:?}");
        }
    }

    #[test]
    fn a_fallback_carries_no_more_than_what_it_replaces(case in case(), fails in proptest::collection::vec(failure(), 1..5)) {
        let mut case = case;
        let at_first = ways(&case);
        let mut tried = contact(&case);
        for failure in &fails {
            let Some(before) = tried.take() else { break };
            fail(&mut case, &before, failure);
            for way in ways(&case) {
                prop_assert!(at_first.contains(&way), "{way:?} opens when {failure:?} fails {before:?}");
            }
            let Some(after) = contact(&case) else { break };
            // Where others may read or hear it, no fallback tells of care what was not told before: as the plan ranks exposure,
            // logistics count as nothing, and a body goes only where its own cell asks for a warning or a verified identity.
            let guarded = |d: &crate::Delivery| d.channel == Channel::Voice || !matches!(d.mode, None | Some(EmailMode::Notify));
            let told = |d: &crate::Delivery| if d.channel.is_open() && !guarded(d) && d.level > Level::L1 { d.level } else { Level::L0 };
            prop_assert!(told(&after) <= told(&before), "{before:?} then {after:?}");
            tried = Some(after);
        }
    }

    #[test]
    fn a_higher_level_never_raises_what_a_channel_carries_beyond_its_warning(case in case()) {
        // RULES section 2: only a body guarded by a warning (P3, enforced TLS) rises with the level.
        let at = |level: Level| {
            let mut case = case.clone();
            case.facts.content.level = Fact::Known(level);
            case.facts.renditions.iter_mut().filter(|r| r.form == Form::Full).for_each(|r| r.level = Fact::Known(level));
            stands(&case)
        };
        let highest = |found: &[(Channel, Option<EmailMode>, Form)], channel, mode| {
            found.iter().filter(|s| s.0 == channel && s.1 == mode).map(|s| s.2).max()
        };
        for pair in Level::ALL.windows(2) {
            let (low, high) = (at(pair[0]), at(pair[1]));
            for (channel, mode, _) in &high {
                if *mode == Some(EmailMode::EnforcedTls) && case.request.purpose == Purpose::TestResult {
                    continue;
                }
                // Callback is defined where a full text is not said: it stands beside it, not above.
                prop_assert!(highest(&high, *channel, *mode) <= highest(&low, *channel, *mode), "{channel} {mode:?} {pair:?}");
            }
        }
    }

    #[test]
    fn the_order_of_the_record_never_decides(case in case()) {
        let mut turned = case.clone();
        turned.facts.vendors.reverse();
        turned.patient().points.reverse();
        turned.consents().reverse();
        turned.facts.renditions.reverse();
        let (one, other) = (case.decide(), turned.decide());
        prop_assert_eq!(one.outcome, other.outcome);
        prop_assert_eq!(one.deliveries, other.deliveries);
    }

    #[test]
    fn a_denial_wins_in_whatever_order_the_rules_are_asked(
        case in case(),
        order in Just((0..ALL.len()).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let first_to_last: Vec<usize> = (0..ALL.len()).collect();
        for portal in [PortalCopy::Stands, PortalCopy::Held, PortalCopy::Missing] {
            let view = View::new(&case.request, &case.facts, &case.policy);
            let turned = View::new(&case.request, &case.facts, &case.policy);
            for (one, other) in candidate::contacts(&view, portal).into_iter().zip(candidate::contacts(&turned, portal)) {
                prop_assert_eq!(judged(&view, one, &first_to_last), judged(&turned, other, &order));
            }
        }
    }

    #[test]
    fn a_word_that_revokes_is_heard_whatever_is_written_around_it(
        word in select(vec!["stop", "STOP", "unsubscribe", "quit", "ＳＴＯＰ", "s\u{200b}top", "opt out", "parar"]),
        before in select(vec!["", " ", "🛑", "\n", "\u{200d}", "\"", "("]),
        after in select(vec!["", " ", "!", "!!", "🙏", "\n", ".", "\")"]),
    ) {
        let mut case = Case::reminder_by_sms();
        let (at, text) = (case.facts.now, Phi::new(format!("{before}{word}{after}")));
        case.history().inbound.push(Inbound { at, channel: Channel::Sms, point: address(POINTS[0]), text, thread_purpose: None, reviewed: None, heard: Heard::NOT_YET });
        prop_assert!(!crate::sample::sends(&case, Channel::Sms));
    }

    #[test]
    fn a_protected_category_is_never_below_the_highest_level(case in case(), category in select(Category::ALL.to_vec())) {
        let mut labelled = case.clone();
        labelled.patient().labels.push(category);
        for d in labelled.decide().deliveries {
            prop_assert!(d.form != Form::Full || d.level == Level::L4);
        }
    }

    #[test]
    fn any_text_can_be_read_for_a_stop(text in "\\PC{0,40}") {
        let meaning = crate::revocation::read(&text);
        prop_assert_eq!(meaning, crate::revocation::read(&text.replace(' ', "  ")));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_rule_that_is_not_asked_would_have_had_nothing_to_say(case in case(), by in stricter()) {
        let mut strict = case.clone();
        tighten(&mut strict, &by);
        for case in [case, strict] {
            let view = View::new(&case.request, &case.facts, &case.policy);
            let roster = roster::of(&view);
            let mut candidates = candidate::contacts(&view, PortalCopy::Stands);
            candidates.extend(candidate::portal(&view));
            candidates.push(candidate::placeholder(&view));
            for (place, rule) in ALL.iter().enumerate().filter(|(_, rule)| rule.effective.covers(view.today)) {
                let first = candidates.first().map(|one| (rule.check)(&view, one));
                for one in &candidates {
                    let said = (rule.check)(&view, one);
                    let asked = roster.has(place) && roster::on(one.channel).has(place);
                    prop_assert!(asked || matches!(said, Finding::NotApplicable), "{} on {}", rule.id, one.channel);
                    if rule.scope.of_the_message {
                        prop_assert_eq!(Some(format!("{said:?}")), first.as_ref().map(|f| format!("{f:?}")), "{}", rule.id);
                    }
                }
            }
        }
    }
    #[test]
    fn the_decision_is_what_every_rule_asked_of_every_candidate_would_make_it(case in case(), by in stricter()) {
        let mut strict = case.clone();
        tighten(&mut strict, &by);
        for case in [case, strict] {
            let decision = case.decide();
            let view = View::new(&case.request, &case.facts, &case.policy);
            let portal = candidate::portal(&view);
            let copy = |one: &Candidate<'_>| {
                let rules = || ALL.iter().filter(|rule| rule.effective.covers(view.today));
                let is_barred = |bars: fn(&Against) -> bool| {
                    rules().any(|rule| matches!((rule.check)(&view, one), Finding::Against(against) if bars(&against)))
                };
                if !is_barred(|against| against.bar > Bar::Wait || against.waiting_for.is_some()) {
                    PortalCopy::Stands
                } else if is_barred(|against| against.bar == Bar::Person) {
                    PortalCopy::Held
                } else {
                    PortalCopy::Missing
                }
            };
            let mut candidates: Vec<_> = portal.into_iter().collect();
            let contacts = candidate::contacts(&view, portal.as_ref().map_or(PortalCopy::Missing, copy));
            let found: Vec<Channel> = contacts.iter().map(|one| one.channel).collect();
            candidates.extend(contacts);
            // Of a channel that was asked for and is not on record, one rule says so.
            let mut missed = Vec::new();
            if candidates.is_empty() {
                candidates.push(candidate::placeholder(&view));
            } else {
                let nobody = |channel| Candidate { channel, ..candidate::placeholder(&view) };
                missed.extend(candidate::missing(&view, &found).into_iter().map(nobody));
            }
            for (place, rule) in ALL.iter().enumerate().filter(|(_, rule)| rule.effective.covers(view.today)) {
                let mut said: Vec<_> = candidates.iter().map(|one| (rule.check)(&view, one)).collect();
                if rule.id == crate::rules::IN_USE.id {
                    let missed = missed.iter().map(|one| (rule.check)(&view, one));
                    said.extend(missed.filter(|one| matches!(one, Finding::Against(_))));
                }
                let strongest = said.iter().map(Finding::verdict).max().unwrap();
                let against = said.iter().filter(|one| matches!(one, Finding::Against(_))).count();
                let kept = decision.refusals.iter().filter(|refusal| refusal.rule == rule.id).count();
                // What comes too late is found by this rule after all others have spoken; and what waits is judged as of then too.
                let more = rule.id == crate::rules::STILL_TRUE.id
                    || decision.refusals.iter().any(|r| r.rule == rule.id && r.sentence.contains(" at the earliest, and then: "));
                prop_assert!(more || decision.rules[place].verdict == strongest, "{}", rule.id);
                prop_assert!(kept == against || more && kept >= against, "{}: {kept} of {against}", rule.id);
            }
        }
    }
}
