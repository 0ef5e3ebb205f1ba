//! Opt-outs, verifications, inbound messages, the directory and the registries.

use crate::fixture::*;
use jiff::{SignedDuration, Timestamp};
use postern_base::{Channel, Phi, Purpose, Review};
use postern_gate::facts::{Agreement, AgreementStatus, OptOut, OptOutScope, Registration, Vendor, Verification};
use postern_ledger::Kind;
use postern_store::{DirectoryResource, NewInbound, NewReview, PrincipalRecord, Reviewed, StoreError};

fn stop(bench: &Bench, number: &str, scope: OptOutScope) -> OptOut {
    OptOut { at: bench.now(), channel: Channel::Sms, point: address(number), scope }
}

#[tokio::test]
async fn an_opt_out_stands_until_an_affirmative_act_lifts_it_and_can_be_made_again() {
    let bench = Bench::new().await;
    let points = [address("+12125550101"), address("+12125550102")];
    let entry = || bench.entry(Kind::ConsentChanged, None);
    bench.sunrise.put_opt_out(stop(&bench, "+12125550101", OptOutScope::All), entry()).await.unwrap();
    let marketing = OptOutScope::Purpose(Purpose::Marketing);
    bench.sunrise.put_opt_out(stop(&bench, "+12125550102", marketing), entry()).await.unwrap();
    let standing = bench.sunrise.reading().await.unwrap().opt_outs(&points).await.unwrap();
    assert_eq!(standing.iter().map(|one| one.scope).collect::<Vec<_>>(), [OptOutScope::All, marketing]);
    assert_eq!(standing[0].at, bench.now());
    bench.clock.forward(10);
    bench.sunrise.lift_opt_out(&points[0], bench.now(), entry()).await.unwrap();
    let standing = bench.sunrise.reading().await.unwrap().opt_outs(&points).await.unwrap();
    assert_eq!(standing.iter().map(|one| one.scope).collect::<Vec<_>>(), [marketing], "only that point is lifted");
    bench.clock.forward(10);
    bench.sunrise.put_opt_out(stop(&bench, "+12125550101", OptOutScope::All), entry()).await.unwrap();
    assert_eq!(
        bench.sunrise.reading().await.unwrap().opt_outs(&points[..1]).await.unwrap().len(),
        1,
        "STOP after START is a STOP"
    );
}

#[tokio::test]
async fn a_mail_address_in_other_capitals_is_the_same_point_and_a_patient_is_not() {
    let bench = Bench::new().await;
    let entry = || bench.entry(Kind::ConsentChanged, None);
    bench.sunrise.put_opt_out(stop(&bench, "Pat@Example.org", OptOutScope::All), entry()).await.unwrap();
    assert_eq!(bench.sunrise.reading().await.unwrap().opt_outs(&[address("pat@example.org")]).await.unwrap().len(), 1);
    bench.sunrise.put_opt_out(stop(&bench, "Patient/p1", OptOutScope::All), entry()).await.unwrap();
    assert!(bench.sunrise.reading().await.unwrap().opt_outs(&[address("Patient/P1")]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_decision_is_made_from_one_state_and_the_next_one_sees_the_stop_that_came_meanwhile() {
    let bench = Bench::new().await;
    let points = [address("+12125550101")];
    let mut before = bench.sunrise.reading().await.unwrap();
    assert!(before.patient_resources(&patient("p1")).await.unwrap().is_empty());
    let entry = bench.entry(Kind::ConsentChanged, None);
    bench.sunrise.put_opt_out(stop(&bench, "+12125550101", OptOutScope::All), entry).await.unwrap();
    assert!(before.opt_outs(&points).await.unwrap().is_empty());
    let mut after = bench.sunrise.reading().await.unwrap();
    assert_eq!(after.opt_outs(&points).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_act_that_came_before_the_opt_out_does_not_lift_it() {
    let bench = Bench::new().await;
    let early = bench.now();
    bench.clock.forward(10);
    let entry = || bench.entry(Kind::ConsentChanged, None);
    bench.sunrise.put_opt_out(stop(&bench, "+12125550101", OptOutScope::All), entry()).await.unwrap();
    bench.clock.forward(10);
    bench.sunrise.lift_opt_out(&address("+12125550101"), early, entry()).await.unwrap();
    assert_eq!(bench.sunrise.reading().await.unwrap().opt_outs(&[address("+12125550101")]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_newest_verification_counts_and_unverified_on_purpose_is_not_unknown() {
    let bench = Bench::new().await;
    let points = [address("+12125550101"), address("+12125550102")];
    let verified = Verification { validated: true, last: Some(bench.now()), next: None };
    let entry = || bench.entry(Kind::ConsentChanged, None);
    assert!(bench.sunrise.reading().await.unwrap().verifications(&points).await.unwrap().is_empty());
    bench.sunrise.put_verification(&points[0], Some(verified), entry()).await.unwrap();
    let newest = async || {
        let mut found = bench.sunrise.reading().await.unwrap().verifications(&points).await.unwrap();
        assert_eq!((found.len(), found[0].point.reveal()), (1, points[0].reveal()));
        found.remove(0)
    };
    assert_eq!((newest().await.verification, newest().await.at), (Some(verified), verified.last));
    bench.clock.forward(10);
    let since = entry();
    let at = since.at;
    bench.sunrise.put_verification(&points[0], None, since).await.unwrap();
    assert_eq!((newest().await.verification, newest().await.at), (None, Some(at)));
}

fn inbound(bench: &Bench, reference: &str, text: &str) -> NewInbound {
    NewInbound {
        vendor: "sim".to_owned(),
        reference: reference.to_owned(),
        channel: Channel::Sms,
        from: address("+12125550101"),
        text: Phi::new(text.to_owned()),
        thread_purpose: Some(Purpose::Billing),
        answers: None,
        patient: None,
        at: bench.now(),
        attachments: Vec::new(),
    }
}

#[tokio::test]
async fn an_inbound_message_is_stored_once_whoever_it_belongs_to() {
    let bench = Bench::new().await;
    let entries = || vec![bench.entry(Kind::Inbound, None)];
    assert!(bench.sunrise.put_inbound(inbound(&bench, "r1", "STOP"), entries()).await.unwrap());
    let size = bench.store.gauges().await.unwrap().log_size;
    assert!(!bench.sunrise.put_inbound(inbound(&bench, "r1", "STOP"), entries()).await.unwrap());
    assert_eq!(bench.store.gauges().await.unwrap().log_size, size, "a repeated webhook leaves no second entry");
    let known = DirectoryResource {
        resource_type: "Patient".to_owned(),
        id: "p1".to_owned(),
        patient: Some(patient("p1")),
        points: vec![address("+12125550101")],
        json: Phi::new(b"{}".to_vec()),
    };
    bench.sunrise.put_resources(vec![known]).await.unwrap();
    assert!(bench.sunrise.put_inbound(inbound(&bench, "r2", "thanks"), entries()).await.unwrap());
    let found = bench.sunrise.reading().await.unwrap().inbound(&[address("+12125550101")], bench.now()).await.unwrap();
    assert_eq!(found.iter().map(|one| one.text.reveal().as_str()).collect::<Vec<_>>(), ["STOP", "thanks"]);
    assert_eq!(found[0].thread_purpose, Some(Purpose::Billing));
    let later = bench.now() + SignedDuration::from_secs(1);
    assert!(
        bench.sunrise.reading().await.unwrap().inbound(&[address("+12125550101")], later).await.unwrap().is_empty()
    );
    bench.sunrise.destroy_patient_key(&patient("p1"), bench.entry(Kind::KeyDestroyed, None)).await.unwrap();
    let found = bench.sunrise.reading().await.unwrap().inbound(&[address("+12125550101")], bench.now()).await.unwrap();
    assert_eq!(found.len(), 1, "what was sealed with the patient's key is gone");
}

#[tokio::test]
async fn what_a_reader_said_of_a_message_counts_until_a_stricter_word_and_comes_with_what_follows() {
    let bench = Bench::new().await;
    let known = resource("Patient", "p1", Some("p1"), Some("+12125550101"), "{}");
    bench.sunrise.put_resources(vec![known]).await.unwrap();
    let points = [address("+12125550101")];
    let entry = || bench.entry(Kind::ConsentChanged, None);
    bench.sunrise.put_inbound(inbound(&bench, "r1", "Dobrze"), vec![bench.entry(Kind::Inbound, None)]).await.unwrap();
    let newest = async || bench.sunrise.received_from(&patient("p1"), None, 1).await.unwrap().remove(0);
    let (number, written) = (newest().await.number, bench.now());
    assert_eq!(newest().await.reviewed, None);
    bench.clock.forward(60);
    let says = async |review, stop: bool, wrong: bool| {
        let opt_out = OptOut { at: written, channel: Channel::Sms, point: points[0].clone(), scope: OptOutScope::All };
        let opt_out = stop.then(|| (opt_out, entry()));
        let unverified = wrong.then(|| (points[0].clone(), entry()));
        bench.sunrise.review_inbound(NewReview { number, review, entry: entry(), opt_out, unverified }).await
    };
    assert_eq!(says(Review::Nothing, false, false).await, Ok(Reviewed::Recorded));
    let size = bench.store.gauges().await.unwrap().log_size;
    assert_eq!(says(Review::Nothing, false, false).await, Ok(Reviewed::AlreadySo));
    assert_eq!(bench.store.gauges().await.unwrap().log_size, size, "the same word again leaves no entry");
    assert_eq!(newest().await.reviewed, Some(Review::Nothing));
    assert_eq!(says(Review::Stops, true, false).await, Ok(Reviewed::Recorded));
    assert_eq!(says(Review::Nothing, false, false).await, Ok(Reviewed::Stands(Review::Stops)));
    assert_eq!(says(Review::WrongNumber, false, true).await, Ok(Reviewed::Stands(Review::Stops)));
    let mut reading = bench.sunrise.reading().await.unwrap();
    let seen = reading.inbound(&points, Timestamp::MIN).await.unwrap();
    assert_eq!(seen[0].reviewed, Some(Review::Stops), "the gate sees the last word");
    let standing = reading.opt_outs(&points).await.unwrap();
    assert_eq!(standing.iter().map(|one| one.at).collect::<Vec<_>>(), [written]);
    assert!(reading.verifications(&points).await.unwrap().is_empty(), "what was not recorded has no consequence");
    let of_another =
        NewReview { number: number + 1, review: Review::Nothing, entry: entry(), opt_out: None, unverified: None };
    assert_eq!(bench.sunrise.review_inbound(of_another).await, Err(StoreError::NotFound));
}

fn resource(kind: &str, id: &str, of: Option<&str>, point: Option<&str>, json: &str) -> DirectoryResource {
    DirectoryResource {
        resource_type: kind.to_owned(),
        id: id.to_owned(),
        patient: of.map(patient),
        points: point.map(address).into_iter().collect(),
        json: Phi::new(json.as_bytes().to_vec()),
    }
}

#[tokio::test]
async fn the_directory_gives_back_what_it_was_given_and_replaces_what_comes_again() {
    let bench = Bench::new().await;
    let mut resources: Vec<_> = (0..600)
        .map(|n| resource("Patient", &format!("p{n}"), Some(&format!("p{n}")), Some("+12125550199"), "{\"v\":1}"))
        .collect();
    resources.push(resource("Consent", "c1", Some("p7"), None, "{\"consent\":1}"));
    resources.push(resource("Organization", "o1", None, None, "{\"org\":1}"));
    resources.push(resource("Patient", "p7", Some("p7"), Some("+12125550107"), "{\"v\":2}"));
    bench.sunrise.put_resources(resources).await.unwrap();
    let mut of_p7: Vec<_> = bench
        .sunrise
        .reading()
        .await
        .unwrap()
        .patient_resources(&patient("p7"))
        .await
        .unwrap()
        .into_iter()
        .map(Phi::into_inner)
        .collect();
    of_p7.sort();
    assert_eq!(of_p7, [b"{\"consent\":1}".to_vec(), b"{\"v\":2}".to_vec()]);
    let read = |kind: &'static str, id: &'static str| {
        let tenant = bench.sunrise.clone();
        async move { tenant.reading().await.unwrap().resource(kind, id).await.unwrap().map(Phi::into_inner) }
    };
    assert_eq!(read("Organization", "o1").await.unwrap(), b"{\"org\":1}");
    assert_eq!(read("Consent", "c1").await.unwrap(), b"{\"consent\":1}");
    assert_eq!(read("Consent", "c2").await, None);
    assert_eq!(read("Patient", "c1").await, None);
    let mut all = Vec::new();
    loop {
        let page = bench.sunrise.patients(all.last(), 250).await.unwrap();
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    assert_eq!(all.len(), 600);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 600);
    assert_eq!(bench.store.tenants_of_point("+12125550107").await.unwrap(), std::slice::from_ref(&*SUNRISE));
    assert_eq!(bench.sunrise.patients_of_point(&address("+12125550107"), 9).await.unwrap(), [patient("p7")]);
    assert_eq!(bench.sunrise.patients_of_point(&address("+12125550199"), 9).await.unwrap().len(), 9);
    let points = [address("+12125550199"), address("+12125550107")];
    let mut reading = bench.sunrise.reading().await.unwrap();
    let mut at_most = async |most| reading.sharers(&patient("p1"), &points, most).await.unwrap();
    let (few, all) = (at_most(597).await, at_most(598).await);
    assert_eq!((few.patients, few.crowded.len()), (vec![patient("p7")], 1), "of too many none is looked up");
    assert_eq!((all.patients.len(), all.crowded.len()), (599, 0), "and as many as may be asked are");
}

#[tokio::test]
async fn vendors_and_principals_come_back_and_are_replaced() {
    let bench = Bench::new().await;
    let mut vendor = Vendor {
        vendor: "sim".to_owned(),
        service: "sms".to_owned(),
        tier: "hipaa".to_owned(),
        channels: vec![Channel::Sms, Channel::Voice],
        agreement: Agreement {
            status: AgreementStatus::Executed,
            effective: Some("2026-01-01".parse().unwrap()),
            expires: None,
            services: vec!["sms".to_owned()],
            required_terms: true,
        },
        sender_registration: Registration::Approved,
        free_to_end_user: false,
    };
    let entry = || bench.entry(Kind::VendorChanged, None);
    bench.sunrise.put_vendor(vendor.clone(), entry()).await.unwrap();
    assert_eq!(bench.sunrise.vendors().await.unwrap(), [vendor.clone()]);
    vendor.agreement.expires = Some("2026-06-30".parse().unwrap());
    vendor.agreement.status = AgreementStatus::Terminated;
    bench.sunrise.put_vendor(vendor.clone(), entry()).await.unwrap();
    assert_eq!(bench.sunrise.vendors().await.unwrap(), [vendor]);

    let mut principal = PrincipalRecord {
        tenant: SUNRISE.clone(),
        id: "key_1".to_owned(),
        kind: "api_key".to_owned(),
        label: "ci".to_owned(),
        scopes: vec!["messages:write".to_owned()],
        revoked: false,
        role: Some("front_desk".to_owned()),
        second_factor_until: Some("2027-01-01T00:00:00Z".parse().unwrap()),
    };
    let entry = || bench.entry(Kind::Administered, None);
    bench.sunrise.put_principal(principal.clone(), [5; 32], entry()).await.unwrap();
    assert_eq!(bench.store.principal([5; 32]).await.unwrap(), Some(principal.clone()));
    assert_eq!(bench.store.principal([6; 32]).await.unwrap(), None);
    principal.revoked = true;
    bench.sunrise.put_principal(principal.clone(), [5; 32], entry()).await.unwrap();
    assert_eq!(bench.store.principal([5; 32]).await.unwrap(), None);
    assert_eq!(bench.sunrise.principals().await.unwrap(), [principal.clone()]);
    let stranger = bench.harbor.put_principal(principal, [7; 32], entry());
    assert_eq!(stranger.await.unwrap_err(), StoreError::NotFound);
}

#[tokio::test]
async fn nothing_was_sent_before_an_attempt_was_recorded() {
    let bench = Bench::new().await;
    bench.sunrise.accept(bench.message("p1", "+12125550101")).await.unwrap();
    let past = bench
        .sunrise
        .reading()
        .await
        .unwrap()
        .past_deliveries(&patient("p1"), &[address("+12125550101")], Timestamp::UNIX_EPOCH, None)
        .await
        .unwrap();
    assert!(past.is_empty());
}
