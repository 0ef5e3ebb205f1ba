//! Deliveries that leave a way which fails: each by what it met there itself, and whoever waits by what others met.

use crate::clinic::{Clinic, own_mail, reminder, vendor};
use crate::records;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use postern_base::{Channel, MessageId};
use postern_channels::provider::{Destination, Handover, Health, SERVER_RESTS, Unpermitted, reference_for};
use postern_channels::{Booked, Outbound, Profile, Provider, Sent};
use postern_engine::faults::NoFaults;
use postern_gate::Permit;
use postern_ledger::Recorded;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How recipients' servers are today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Servers {
    /// There is none.
    Away,
    /// They take everything.
    Well,
    /// They are left alone, as the provider knows.
    Resting,
    /// They are left alone, as the provider finds out once it is called.
    FoundResting,
    /// Many want them, and the permit runs out in the line.
    Crowded,
}

/// Mail straight to recipients' servers.
#[derive(Debug)]
struct Post {
    profile: Profile,
    servers: Mutex<Servers>,
    called: Mutex<Vec<String>>,
}

#[async_trait]
impl Provider for Post {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn destination(&self, contact_point: &str) -> Option<Destination> {
        let (_, domain) = contact_point.rsplit_once('@')?;
        Some(Destination { name: domain.to_owned(), sessions: 8 })
    }

    fn book(&self, _contact_point: &str, _ahead: bool) -> Result<Option<Booked>, Duration> {
        let resting = *self.servers.lock().unwrap() == Servers::Resting;
        if resting { Err(Duration::from_secs(60)) } else { Ok(None) }
    }

    async fn send(&self, recorded: Recorded<Permit>, outbound: Outbound, now: Timestamp) -> Sent {
        if let Err(refused) = self.profile.admit(&recorded, &outbound, now) {
            return refused;
        }
        self.called.lock().unwrap().push(recorded.permit().contact_point().reveal().to_string());
        match *self.servers.lock().unwrap() {
            Servers::Away | Servers::Resting => Sent::TemporaryFailure { code: "connect".to_owned() },
            Servers::FoundResting => Sent::TemporaryFailure { code: SERVER_RESTS.to_owned() },
            Servers::Crowded => Sent::Unpermitted(Unpermitted::Expired),
            Servers::Well => {
                let reference = reference_for(recorded.permit().binding().delivery);
                Sent::Delivered(Handover { reference, session: None })
            }
        }
    }

    async fn probe(&self) -> Health {
        Health::Up
    }
}

/// A clinic of so many patients whose mail is at `example.org`, and who would rather have mail than a text message.
async fn clinic_of(patients: u32, servers: Servers) -> (Clinic, Arc<Post>) {
    let post = Arc::new(Post { profile: own_mail(), servers: Mutex::new(servers), called: Mutex::default() });
    let mut resources = Vec::new();
    for n in 0..patients {
        let patient = format!("p{n}");
        let mut of = records::patient(&patient, &format!("+1212555{:04}", 100 + n), &format!("{patient}@example.org"));
        for (point, rank) in [(0, 2), (1, 1)] {
            of[0]["telecom"][point]["rank"] = json!(rank);
        }
        resources.extend(of);
        resources.push(records::appointment(&format!("a{n}"), &patient, "booked", "2026-12-04T14:00:00-05:00"));
    }
    let clinic = Clinic::open_with(resources, Arc::new(NoFaults)).await;
    let clinic = clinic.with_provider(Arc::clone(&post) as _, Arc::new(NoFaults)).await;
    for (name, service, until) in [("own-mx", "direct", "2026-11-30"), ("self", "email", "2027-12-31")] {
        let row = vendor(name, service, &[Channel::Email], until);
        clinic.engine.put_vendor(&clinic.principal, &row).await.unwrap();
    }
    (clinic, post)
}

async fn reminds(clinic: &Clinic, n: u32, channels: &[&str]) -> MessageId {
    let mut request = reminder(&format!("a{n}"));
    request["patient"] = json!(format!("Patient/p{n}"));
    request["channels"] = json!(channels);
    let answer = clinic.send(&request).await;
    assert_eq!(answer.decision.deliveries[0].channel, Channel::Email);
    answer.id
}

async fn attempts(clinic: &Clinic, id: MessageId) -> u32 {
    let codes = clinic.codes(id).await;
    u32::try_from(codes.iter().filter(|(kind, code)| kind == "attempt_started" && code.starts_with("email")).count())
        .unwrap()
}

#[tokio::test]
async fn whoever_waits_behind_a_dead_domain_goes_another_way_within_the_hour_however_many_wait_there() {
    let (mut clinic, post) = clinic_of(12, Servers::Away).await;
    let mut ids = Vec::new();
    for n in 0..12 {
        ids.push(reminds(&clinic, n, &["email", "sms"]).await);
    }
    for _ in 0..60 {
        clinic.settle().await;
        clinic.minutes(1);
        clinic.hear().await;
    }
    for id in &ids {
        let codes = clinic.codes(*id).await;
        assert_eq!(clinic.states(*id).await, [(Channel::Sms, "delivered".into())], "{codes:?}");
        assert!(codes.contains(&("redecided".into(), "rerouted:failing".into())), "{codes:?}");
        assert!(attempts(&clinic, *id).await < 8, "others found out for it: {codes:?}");
        let decided = codes.iter().filter(|(kind, _)| kind == "redecided").count();
        assert_eq!(decided, 1, "it goes there once, and not to and fro: {codes:?}");
    }
    assert_eq!(clinic.arrivals(Channel::Sms).len(), 12);
    // Somebody finds out when the servers are there again.
    *post.servers.lock().unwrap() = Servers::Well;
    clinic.import(vec![records::appointment("b0", "p0", "booked", "2026-12-05T14:00:00-05:00")]).await;
    clinic.minutes(16);
    let mut request = reminder("b0");
    request["patient"] = json!("Patient/p0");
    let back = clinic.send(&request).await;
    clinic.settle().await;
    let states = clinic.states(back.id).await;
    assert!(states.contains(&(Channel::Email, "delivered".into())), "{states:?}");
}

#[tokio::test]
async fn where_there_is_no_other_way_those_who_wait_take_turns_in_finding_out_and_all_come_through_in_the_end() {
    let (clinic, post) = clinic_of(8, Servers::Away).await;
    let mut ids = Vec::new();
    for n in 0..8 {
        ids.push(reminds(&clinic, n, &["email"]).await);
    }
    // Until seven in the evening: at night nobody is reminded.
    for _ in 0..(4 * 60) {
        clinic.settle().await;
        clinic.minutes(1);
    }
    let mut tried: BTreeMap<String, u32> = BTreeMap::new();
    post.called.lock().unwrap().iter().for_each(|point| *tried.entry(point.clone()).or_default() += 1);
    let (fewest, most) = (tried.values().min().unwrap(), tried.values().max().unwrap());
    assert!(tried.len() == 8 && *most >= 3 && most - fewest <= 1, "{tried:?}");
    for id in &ids {
        let codes = clinic.codes(*id).await;
        assert!(codes.iter().all(|(kind, _)| kind != "redecided"), "nothing was decided anew: {codes:?}");
    }
    *post.servers.lock().unwrap() = Servers::Well;
    for _ in 0..30 {
        clinic.minutes(1);
        clinic.settle().await;
    }
    for id in ids {
        assert_eq!(clinic.states(id).await, [(Channel::Email, "delivered".into())]);
    }
}

#[tokio::test]
async fn what_met_nobody_is_on_record_and_counts_as_no_attempt() {
    for (servers, code) in [(Servers::FoundResting, SERVER_RESTS), (Servers::Crowded, "permit_expired")] {
        let (clinic, post) = clinic_of(1, servers).await;
        let id = reminds(&clinic, 0, &["email"]).await;
        for _ in 0..12 {
            clinic.engine.dispatch_due().await.unwrap();
            clinic.clock.move_on(SignedDuration::from_secs(15));
        }
        let codes = clinic.codes(id).await;
        let ended = codes.iter().filter(|(kind, told)| kind == "attempt_ended" && told == code).count();
        assert!(ended >= 10, "neither the lane nor the wait between attempts counts them: {codes:?}");
        let message = clinic.engine.message(&clinic.principal, id, false).await.unwrap();
        assert_eq!((message.deliveries[0].channel, message.deliveries[0].attempts), (Channel::Email, 0), "{code}");
        *post.servers.lock().unwrap() = Servers::Away;
        clinic.engine.dispatch_due().await.unwrap();
        let message = clinic.engine.message(&clinic.principal, id, false).await.unwrap();
        assert_eq!(message.deliveries[0].attempts, 1, "{code}: a server that was asked counts");
    }
}

#[tokio::test]
async fn who_waits_for_a_server_that_rests_has_no_permit_and_no_entry() {
    let (clinic, post) = clinic_of(1, Servers::Resting).await;
    let id = reminds(&clinic, 0, &["email"]).await;
    let before = clinic.codes(id).await;
    for _ in 0..4 {
        clinic.settle().await;
        clinic.minutes(1);
    }
    assert_eq!(clinic.codes(id).await, before);
    assert!(post.called.lock().unwrap().is_empty());
    *post.servers.lock().unwrap() = Servers::Well;
    clinic.minutes(1);
    clinic.settle().await;
    assert_eq!(clinic.states(id).await, [(Channel::Email, "delivered".into())]);
}

#[tokio::test]
async fn a_code_over_the_hours_measure_ends_with_the_rule_that_stands_in_its_way() {
    let (mut clinic, _post) = clinic_of(1, Servers::Well).await;
    let mut ids = Vec::new();
    for n in 0..7 {
        let code = json!({
            "patient": "Patient/p0", "purpose": "one_time_code", "channels": ["sms"],
            "template": {"name": "one_time_code", "data": {"code": format!("48291{n}")}},
        });
        let answer = clinic.send(&code).await;
        assert_eq!(answer.decision.outcome, "send", "nothing went out yet");
        ids.push(answer.id);
    }
    clinic.settle().await;
    clinic.hear().await;
    let mut ends = Vec::new();
    for id in ids {
        let codes = clinic.codes(id).await;
        ends.extend(codes.into_iter().filter(|(kind, _)| kind == "terminal").map(|(_, code)| code));
    }
    assert_eq!(clinic.arrivals(Channel::Sms).len(), 5, "{ends:?}");
    assert_eq!(ends.iter().filter(|code| *code == "OTP-01").count(), 2, "{ends:?}");
}
