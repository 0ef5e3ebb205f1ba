//! What is tried again, and how: a lesser form after a session that was too weak; the same key after a crash, at a vendor that
//! drops the second call.

use crate::clinic::{Clinic, EMAIL, NUMBER, reminder, settings, vendor};
use crate::power_cuts::CutAt;
use crate::records;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use postern_base::{Channel, EmailTier};
use postern_channels::email::SMTPUTF8_NOT_OFFERED;
use postern_channels::provider::{Handover, Health, TlsSession, reference_for};
use postern_channels::{Outbound, Profile, Provider, Sent};
use postern_engine::faults::{NoFaults, Step};
use postern_gate::{Permit, TransportFloor};
use postern_ledger::Recorded;
use serde_json::json;
use std::sync::{Arc, Mutex};

/// A vendor that takes a message once per idempotency key, and counts.
#[derive(Debug)]
struct Counting {
    profile: Profile,
    /// The keys of every call.
    calls: Mutex<Vec<String>>,
    /// What recipients got to see.
    shown: Mutex<Vec<String>>,
}

impl Counting {
    fn new() -> Arc<Self> {
        let profile = Profile {
            vendor: "carrier".into(),
            service: "texts".into(),
            channels: &[Channel::Sms],
            receipts: false,
            idempotent: true,
            smime: false,
            floor: TransportFloor::VerifiedTls,
            last_mile: "",
        };
        Arc::new(Self { profile, calls: Mutex::default(), shown: Mutex::default() })
    }
}

#[async_trait]
impl Provider for Counting {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    async fn send(&self, recorded: Recorded<Permit>, outbound: Outbound, now: Timestamp) -> Sent {
        if let Err(refused) = self.profile.admit(&recorded, &outbound, now) {
            return refused;
        }
        let mut calls = self.calls.lock().unwrap();
        if !calls.contains(&outbound.idempotency_key) {
            self.shown.lock().unwrap().push(outbound.body.reveal().clone());
        }
        calls.push(outbound.idempotency_key);
        let session = TlsSession {
            protocol: "TLSv1_3".into(),
            cipher_suite: "TLS13_AES_256_GCM_SHA384".into(),
            policy: EmailTier::Pkix,
            peer_name: "texts.carrier.example".into(),
            peer_certificate_sha256: [0xab; 32],
            onward: None,
        };
        let reference = reference_for(recorded.permit().binding().delivery);
        Sent::Delivered(Handover { reference, session: Some(Box::new(session)) })
    }

    async fn probe(&self) -> Health {
        Health::Up
    }
}

fn by_sms() -> serde_json::Value {
    let mut request = reminder("a1");
    request["channels"] = json!(["sms"]);
    request
}

#[tokio::test]
async fn at_a_vendor_that_drops_a_second_call_an_interrupted_attempt_is_repeated_with_its_key_and_shown_once() {
    for (step, calls) in [(Step::Recorded, 1), (Step::Sent, 2)] {
        let counting = Counting::new();
        let mut resources = records::patient("p1", NUMBER, "pat@example.org");
        resources.push(records::appointment("a1", "p1", "booked", "2026-12-04T14:00:00-05:00"));
        let clinic = Clinic::open_with(resources, Arc::new(NoFaults)).await;
        let clinic = clinic.with_provider(Arc::clone(&counting) as _, CutAt::new(step)).await;
        for row in [
            vendor("twilio", "messaging", &[Channel::Sms], "2026-11-30"),
            vendor("carrier", "texts", &[Channel::Sms], "2027-12-31"),
        ] {
            clinic.engine.put_vendor(&clinic.principal, &row).await.unwrap();
        }
        let answer = clinic.send(&by_sms()).await;
        clinic.settle().await;
        let clinic = clinic.restart().await;
        for _ in 0..3 {
            clinic.settle().await;
            clinic.clock.move_on(SignedDuration::from_mins(5));
        }
        let keys = counting.calls.lock().unwrap().clone();
        assert_eq!(keys.len(), calls, "{step:?}: {keys:?}");
        assert!(keys.iter().all(|key| *key == keys[0]), "{step:?}: the same key: {keys:?}");
        assert_eq!(counting.shown.lock().unwrap().len(), 1, "{step:?}");
        assert_eq!(clinic.states(answer.id).await, [(Channel::Sms, "delivered".into())], "{step:?}");
    }
}

#[tokio::test]
async fn the_session_a_message_travelled_over_is_kept_and_the_entry_of_its_end_commits_to_it() {
    let mut resources = records::patient("p1", NUMBER, "pat@example.org");
    resources.push(records::appointment("a1", "p1", "booked", "2026-12-04T14:00:00-05:00"));
    let clinic = Clinic::open_with(resources, Arc::new(NoFaults)).await;
    let clinic = clinic.with_provider(Counting::new() as _, Arc::new(NoFaults)).await;
    for (name, service, until) in [("twilio", "messaging", "2026-11-30"), ("carrier", "texts", "2027-12-31")] {
        let row = vendor(name, service, &[Channel::Sms], until);
        clinic.engine.put_vendor(&clinic.principal, &row).await.unwrap();
    }
    let answer = clinic.send(&by_sms()).await;
    clinic.settle().await;
    let told = clinic.engine.entries(&clinic.principal, answer.id).await.unwrap();
    let with: Vec<_> = told.iter().filter_map(|entry| Some((entry.kind.as_str(), entry.session.as_ref()?))).collect();
    let [("attempt_ended", session)] = with.as_slice() else { panic!("{told:?}") };
    assert_eq!((session.protocol.as_str(), session.peer_name.as_str()), ("TLSv1_3", "texts.carrier.example"));
    assert_eq!(session.peer_certificate_sha256, "ab".repeat(32));
    let tenant = clinic.engine.store().tenant(&clinic.tenant());
    let key = tenant.message(answer.id).await.unwrap().unwrap().commitment_key;
    let kept = tenant.sessions(answer.id).await.unwrap();
    let expected = ("session".to_owned(), postern_ledger::commit(&key, "session", kept[0].1.reveal()));
    let entries = tenant.entries(answer.id).await.unwrap();
    let ended = entries.iter().find(|(_, entry)| entry.kind == postern_ledger::Kind::AttemptEnded).unwrap();
    assert!(ended.1.commitments.contains(&expected), "{:?}", ended.1);
}

#[tokio::test]
async fn an_interrupted_attempt_is_not_repeated_once_the_gate_says_no() {
    let counting = Counting::new();
    let mut resources = records::patient("p1", NUMBER, "pat@example.org");
    resources.push(records::appointment("a1", "p1", "booked", "2026-12-04T14:00:00-05:00"));
    let clinic = Clinic::open_with(resources, Arc::new(NoFaults)).await;
    let clinic = clinic.with_provider(Arc::clone(&counting) as _, CutAt::new(Step::Recorded)).await;
    for (name, service, until) in [("twilio", "messaging", "2026-11-30"), ("carrier", "texts", "2027-12-31")] {
        let row = vendor(name, service, &[Channel::Sms], until);
        clinic.engine.put_vendor(&clinic.principal, &row).await.unwrap();
    }
    let answer = clinic.send(&by_sms()).await;
    clinic.settle().await;
    let mut clinic = clinic.restart().await;
    clinic.patient_writes(NUMBER, "STOP").await;
    clinic.settle().await;
    assert!(counting.shown.lock().unwrap().iter().all(|text| !text.contains("12 Main St")), "nothing after STOP");
    assert_eq!(clinic.states(answer.id).await, [(Channel::Sms, "unknown".into())]);
}

/// A clinic whose settings say that `no-tls.example` enforces TLS, which its sessions will not bear out.
async fn clinic_believing_too_much() -> Clinic {
    let mut resources = records::patient("p1", NUMBER, "pat@no-tls.example");
    // The patient would rather have mail than texts.
    resources[0]["telecom"][0]["rank"] = json!(2);
    resources[0]["telecom"][1]["rank"] = json!(1);
    resources.push(records::appointment("a1", "p1", "booked", "2026-12-04T14:00:00-05:00"));
    let clinic = Clinic::open_with(resources, Arc::new(NoFaults)).await;
    let mut text = settings("Sunrise Health", "+15555550100");
    text["transport"]["email_tiers"]["no-tls.example"] = json!("dane");
    clinic.engine.put_tenant(&clinic.principal, &serde_json::to_vec(&text).unwrap()).await.unwrap();
    clinic
}

#[tokio::test]
async fn after_a_session_below_the_floor_the_gate_finds_a_lesser_form_and_the_full_text_never_left() {
    let mut clinic = clinic_believing_too_much().await;
    let mut request = reminder("a1");
    request["channels"] = json!(["email", "sms"]);
    let answer = clinic.send(&request).await;
    let planned = answer.decision.deliveries.iter().find(|d| d.channel == Channel::Email).expect("an e-mail");
    let planned = planned.form;
    clinic.settle().await;
    clinic.minutes(2);
    clinic.hear().await;
    let codes = clinic.codes(answer.id).await;
    assert!(codes.iter().any(|(kind, code)| kind == "attempt_ended" && code == "simulated-weak-domain"), "{codes:?}");
    let states = clinic.states(answer.id).await;
    assert!(states.contains(&(Channel::Email, "delivered".into())), "{states:?} {codes:?}");
    let mails = clinic.arrivals(Channel::Email);
    assert_eq!(mails.len(), 1);
    let message = clinic.engine.message(&clinic.principal, answer.id, false).await.unwrap();
    let now = message.deliveries.iter().find(|d| d.channel == Channel::Email).unwrap().form;
    assert!(now < planned, "{now} is less than {planned}");
    let started: Vec<&str> =
        codes.iter().filter(|(kind, _)| kind == "attempt_started").map(|(_, code)| code.as_str()).collect();
    assert_eq!(started, ["email/full/L1", "email/minimal/L1"], "what needed an enforced hop was tried once: {codes:?}");
    assert!(codes.contains(&("redecided".into(), "rerouted:SEC-27".into())), "{codes:?}");
}

#[tokio::test]
async fn a_session_that_never_holds_is_tried_until_the_message_is_worthless_and_leads_nowhere_in_circles() {
    let mut resources = records::patient("p1", NUMBER, "weak-session@example.org");
    resources.push(records::appointment("a1", "p1", "booked", "2026-12-04T14:00:00-05:00"));
    let mut clinic = Clinic::open_with(resources, Arc::new(NoFaults)).await;
    let mut request = reminder("a1");
    request["channels"] = json!(["email"]);
    let answer = clinic.send(&request).await;
    for _ in 0..48 {
        clinic.settle().await;
        clinic.minutes(60);
        clinic.hear().await;
    }
    assert_ne!(
        clinic.states(answer.id).await,
        [(Channel::Email, "failed".into())],
        "two nights are no reason to give up"
    );
    for _ in 0..36 {
        clinic.settle().await;
        clinic.minutes(60);
    }
    let codes = clinic.codes(answer.id).await;
    let count = |kind: &str| codes.iter().filter(|(of, _)| of == kind).count();
    let started = count("attempt_started");
    assert!((30..90).contains(&started), "{started}: about one an hour in which it may go: {codes:?}");
    // It falls once, and never climbs back to what it fell below; else only the night holds it.
    let decided = codes.iter().filter(|(kind, code)| kind == "redecided" && code != "TCP-06").count();
    assert!(decided <= 2, "{codes:?}");
    assert_eq!(clinic.states(answer.id).await, [(Channel::Email, "expired".into())], "{codes:?}");
    assert!(clinic.arrivals(Channel::Email).is_empty());
}

#[tokio::test]
async fn what_fails_again_and_again_goes_another_way_while_somebody_is_still_helped_by_it() {
    let mut resources = records::patient("p1", NUMBER, "weak-session@example.org");
    // They would rather have mail than a text message.
    for (nth, rank) in [(0, 2), (1, 1)] {
        resources[0]["telecom"][nth]["rank"] = json!(rank);
    }
    resources.push(records::appointment("a1", "p1", "booked", "2026-12-04T14:00:00-05:00"));
    let mut clinic = Clinic::open_with(resources, Arc::new(NoFaults)).await;
    let mut request = reminder("a1");
    request["channels"] = json!(["email", "sms"]);
    let answer = clinic.send(&request).await;
    assert_eq!(answer.decision.deliveries[0].channel, Channel::Email);
    for _ in 0..120 {
        clinic.settle().await;
        clinic.minutes(1);
        clinic.hear().await;
    }
    let codes = clinic.codes(answer.id).await;
    assert_eq!(clinic.states(answer.id).await, [(Channel::Sms, "delivered".into())], "{codes:?}");
    let started: Vec<&str> =
        codes.iter().filter(|(kind, _)| kind == "attempt_started").map(|(_, code)| code.as_str()).collect();
    let (mails, texts): (Vec<&str>, Vec<&str>) = started.iter().partition(|code| code.starts_with("email"));
    assert_eq!((mails.len(), texts.len()), (8, 1), "{codes:?}");
    assert_eq!(clinic.arrivals(Channel::Sms).len(), 1);
}

#[tokio::test]
async fn what_stop_takes_from_the_text_message_goes_by_mail_instead() {
    let mut resources = records::patient("p1", NUMBER, EMAIL);
    resources.push(records::appointment("a1", "p1", "booked", "2026-12-04T14:00:00-05:00"));
    let mut clinic = Clinic::open_with(resources, Arc::new(NoFaults)).await;
    let mut request = reminder("a1");
    request["channels"] = json!(["sms", "email"]);
    request["send_at"] = json!("2026-12-01T16:00:00-05:00");
    let answer = clinic.send(&request).await;
    let planned: Vec<Channel> = answer.decision.deliveries.iter().map(|d| d.channel).collect();
    assert_eq!(planned, [Channel::Sms]);
    clinic.patient_writes(NUMBER, "STOP").await;
    clinic.minutes(61);
    clinic.settle().await;
    clinic.minutes(2);
    clinic.hear().await;
    let codes = clinic.codes(answer.id).await;
    assert!(codes.iter().any(|(_, code)| code.starts_with("rerouted:TCP-")), "{codes:?}");
    assert_eq!(clinic.states(answer.id).await, [(Channel::Email, "delivered".into())], "{codes:?}");
    assert_eq!(clinic.arrivals(Channel::Email).len(), 1);
    assert!(clinic.arrivals(Channel::Sms).iter().all(|text| !text.body.reveal().contains("12 Main St")));
}

/// Mail servers that take no address beyond ASCII.
#[derive(Debug)]
struct Narrow(Profile);

#[async_trait]
impl Provider for Narrow {
    fn profile(&self) -> &Profile {
        &self.0
    }

    async fn send(&self, recorded: Recorded<Permit>, outbound: Outbound, now: Timestamp) -> Sent {
        if let Err(refused) = self.0.admit(&recorded, &outbound, now) {
            return refused;
        }
        Sent::PermanentFailure { code: SMTPUTF8_NOT_OFFERED.to_owned() }
    }

    async fn probe(&self) -> Health {
        Health::Up
    }
}

/// A clinic whose mail goes to such servers, with a patient there.
async fn clinic_of_narrow_servers() -> Clinic {
    let profile = Profile {
        vendor: "narrow".into(),
        service: "mail".into(),
        channels: &[Channel::Email],
        floor: TransportFloor::EnforcedTls,
        idempotent: false,
        ..Counting::new().profile.clone()
    };
    let mut resources = records::patient("p1", NUMBER, "josé.ñandú@example.org");
    // They would rather have mail than a text message.
    for (nth, rank) in [(0, 2), (1, 1)] {
        resources[0]["telecom"][nth]["rank"] = json!(rank);
    }
    resources.push(records::appointment("a1", "p1", "booked", "2026-12-04T14:00:00-05:00"));
    let clinic = Clinic::open_with(resources, Arc::new(NoFaults)).await;
    let clinic = clinic.with_provider(Arc::new(Narrow(profile)), Arc::new(NoFaults)).await;
    for (name, service, until) in [("own-mx", "direct", "2026-11-30"), ("narrow", "mail", "2027-12-31")] {
        let row = vendor(name, service, &[Channel::Email], until);
        clinic.engine.put_vendor(&clinic.principal, &row).await.unwrap();
    }
    clinic
}

#[tokio::test]
async fn where_no_server_takes_the_address_another_way_is_found_or_the_record_says_why_there_is_none() {
    for (channels, end) in [
        (json!(["email", "sms"]), vec![(Channel::Sms, "delivered")]),
        (json!(["email"]), vec![(Channel::Email, "refused")]),
    ] {
        let mut clinic = clinic_of_narrow_servers().await;
        let mut request = reminder("a1");
        request["channels"] = channels.clone();
        let answer = clinic.send(&request).await;
        assert_eq!(answer.decision.deliveries[0].channel, Channel::Email, "{channels}");
        clinic.settle().await;
        for _ in 0..3 {
            clinic.minutes(2);
            clinic.settle().await;
            clinic.hear().await;
        }
        let codes = clinic.codes(answer.id).await;
        let states = clinic.states(answer.id).await;
        let end: Vec<(Channel, String)> = end.into_iter().map(|(channel, state)| (channel, state.to_owned())).collect();
        assert_eq!(states, end, "{channels}: {codes:?}");
        let tried = codes.iter().any(|(kind, code)| kind == "attempt_ended" && code == SMTPUTF8_NOT_OFFERED);
        assert!(tried && codes.iter().any(|(_, code)| code.contains("EML-03")), "{channels}: {codes:?}");
        let closed = clinic.engine.suppressions(&clinic.principal, None, 10).await.unwrap();
        assert_eq!(closed.iter().map(|row| row.code.as_deref()).collect::<Vec<_>>(), [Some("5.6.7")], "{channels}");
    }
}

#[tokio::test]
async fn a_reminder_of_a_time_that_has_passed_is_refused_also_when_it_names_no_event() {
    let clinic = Clinic::open().await;
    let at = |start: &str| {
        json!({
            "patient": "Patient/p1", "purpose": "appointment_reminder",
            "template": {"name": "appointment_reminder", "data": {"start": start, "site": "12 Main St"}},
        })
    };
    // The clock says 1 December 2026, 15:00 in New York, where the patient lives.
    for passed in ["2026-11-30T14:00", "2026-12-01T14:59"] {
        let answer = clinic.send(&at(passed)).await;
        assert_eq!(answer.decision.outcome, "refuse", "{passed}");
        assert!(
            answer.decision.refusals.iter().any(|r| r.rule == "SYS-04"),
            "{passed}: {:?}",
            answer.decision.refusals
        );
    }
    let soon = clinic.send(&at("2026-12-01T15:30")).await;
    assert_eq!(soon.decision.outcome, "send", "{:?}", soon.decision.refusals);
    // It was queued in time and is looked at too late.
    clinic.minutes(31);
    clinic.settle().await;
    assert!(clinic.states(soon.id).await.iter().all(|(_, state)| state == "refused" || state == "expired"));
    assert_eq!(clinic.inbox.taken(), 0);
}
