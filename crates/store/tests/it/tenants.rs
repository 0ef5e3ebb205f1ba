//! Tenants are walls: the same ids, keys and points on both sides, and nothing crosses.

use crate::fixture::*;
use jiff::{SignedDuration, Timestamp};
use postern_base::{Channel, Phi, Purpose};
use postern_gate::facts::{OptOut, OptOutScope};
use postern_ledger::Kind;
use postern_store::{
    AcceptOutcome, DeliveryState, DirectoryResource, Finish, NewInbound, NewMessage, StoreError, TenantRecord,
};

#[tokio::test]
async fn what_one_tenant_stores_the_other_cannot_see_or_change() {
    let bench = Bench::new().await;
    let number = "+12125550101";
    let message = bench.message("p1", number);
    let (id, delivery) = (message.id, message.deliveries[0].id);
    bench.sunrise.accept(message).await.unwrap();
    let claim = bench.claim().await.unwrap();
    assert_eq!(claim.tenant, *SUNRISE);

    let harbor = &bench.harbor;
    let entry = |kind| entry(&HARBOR, kind, Some(id), &bench.clock);
    assert!(harbor.message(id).await.unwrap().is_none());
    assert!(harbor.messages_of(&patient("p1"), None, 10).await.unwrap().is_empty());
    assert!(harbor.portal_copies(&patient("p1"), 10).await.unwrap().is_empty());
    assert!(harbor.entries(id).await.unwrap().is_empty());
    let index = bench.sunrise.entries(id).await.unwrap()[0].0;
    assert_eq!(harbor.proof(index).await.unwrap_err(), StoreError::NotFound);
    assert_eq!(harbor.leaf(index).await.unwrap_err(), StoreError::NotFound);
    let settled = harbor.settle(delivery, DeliveryState::Delivered, "x".to_owned(), vec![entry(Kind::Receipt)]).await;
    assert_eq!(settled.unwrap_err(), StoreError::NotFound);
    let finish = Finish::State { state: DeliveryState::Failed, code: "x".to_owned(), reference: None };
    assert_eq!(harbor.finish(claim.lease, finish, Vec::new()).await.unwrap_err(), StoreError::LeaseLost);
    let shredded = harbor.destroy_patient_key(&patient("p1"), entry(Kind::KeyDestroyed)).await;
    assert_eq!(shredded.unwrap_err(), StoreError::NotFound);
    let content = Phi::new(b"reminder".to_vec());
    let earlier = harbor
        .reading()
        .await
        .unwrap()
        .earlier(&patient("p1"), Purpose::AppointmentReminder, &content, Timestamp::UNIX_EPOCH, None)
        .await
        .unwrap();
    assert!(earlier.is_empty());
    assert!(bench.sunrise.message(id).await.unwrap().unwrap().deliveries[0].state == DeliveryState::Queued);
}

#[tokio::test]
async fn the_same_idempotency_key_of_two_tenants_is_two_keys() {
    let bench = Bench::new().await;
    let keyed = |message: NewMessage| NewMessage { idempotency_key: Some(Phi::new("k".to_owned())), ..message };
    let ours = keyed(message(&SUNRISE, "p1", "+12125550101", &bench.clock));
    let theirs = keyed(message(&HARBOR, "p1", "+12125550101", &bench.clock));
    assert!(matches!(bench.sunrise.accept(ours).await.unwrap(), AcceptOutcome::Stored));
    assert!(matches!(bench.harbor.accept(theirs).await.unwrap(), AcceptOutcome::Stored));
}

#[tokio::test]
async fn the_same_message_id_of_two_tenants_is_two_messages() {
    let bench = Bench::new().await;
    let ours = message(&SUNRISE, "p1", "+12125550101", &bench.clock);
    let id = ours.id;
    let mut theirs = message(&HARBOR, "p1", "+12125550102", &bench.clock);
    theirs.id = id;
    theirs.entries = vec![entry(&HARBOR, Kind::Accepted, Some(id), &bench.clock)];
    bench.sunrise.accept(ours).await.unwrap();
    bench.harbor.accept(theirs).await.unwrap();
    let point = |message: postern_store::MessageRecord| message.deliveries[0].candidate.point.clone();
    assert_eq!(point(bench.sunrise.message(id).await.unwrap().unwrap()), address("+12125550101"));
    assert_eq!(point(bench.harbor.message(id).await.unwrap().unwrap()), address("+12125550102"));
    assert_eq!(bench.sunrise.entries(id).await.unwrap().len(), 1);
    assert_eq!(bench.harbor.entries(id).await.unwrap()[0].1.previous, None, "chains do not cross");
}

#[tokio::test]
async fn points_patients_and_inbound_stay_with_their_tenant() {
    let bench = Bench::new().await;
    let number = address("+12125550101");
    let opt_out = OptOut { at: bench.now(), channel: Channel::Sms, point: number.clone(), scope: OptOutScope::All };
    bench.sunrise.put_opt_out(opt_out, bench.entry(Kind::ConsentChanged, None)).await.unwrap();
    bench.sunrise.put_verification(&number, None, bench.entry(Kind::ConsentChanged, None)).await.unwrap();
    let inbound = NewInbound {
        vendor: "sim".to_owned(),
        reference: "r1".to_owned(),
        channel: Channel::Sms,
        from: number.clone(),
        text: Phi::new("hello".to_owned()),
        thread_purpose: None,
        answers: None,
        patient: None,
        at: bench.now(),
        attachments: Vec::new(),
    };
    assert!(bench.sunrise.put_inbound(inbound.clone(), Vec::new()).await.unwrap());
    let resource = DirectoryResource {
        resource_type: "Patient".to_owned(),
        id: "p1".to_owned(),
        patient: Some(patient("p1")),
        points: vec![number.clone()],
        json: Phi::new(b"{}".to_vec()),
    };
    bench.sunrise.put_resources(vec![resource]).await.unwrap();

    let points = [number];
    assert!(bench.harbor.reading().await.unwrap().opt_outs(&points).await.unwrap().is_empty());
    assert!(bench.harbor.reading().await.unwrap().verifications(&points).await.unwrap().is_empty());
    assert!(bench.harbor.reading().await.unwrap().inbound(&points, Timestamp::UNIX_EPOCH).await.unwrap().is_empty());
    assert!(bench.harbor.reading().await.unwrap().patient_resources(&patient("p1")).await.unwrap().is_empty());
    assert!(bench.harbor.reading().await.unwrap().resource("Patient", "p1").await.unwrap().is_none());
    assert!(bench.harbor.patients(None, 10).await.unwrap().is_empty());
    assert!(bench.harbor.patients_of_point(&points[0], 9).await.unwrap().is_empty());
    assert_eq!(bench.sunrise.received_from(&patient("p1"), None, 10).await.unwrap().len(), 1);
    assert!(bench.harbor.received_from(&patient("p1"), None, 10).await.unwrap().is_empty());
    assert!(bench.harbor.put_inbound(inbound, Vec::new()).await.unwrap(), "their reference is their own");
    assert_eq!(bench.store.tenants_of_point("+12125550101").await.unwrap(), std::slice::from_ref(&*SUNRISE));
}

#[tokio::test]
async fn an_entry_of_another_tenant_is_refused_with_everything_it_came_with() {
    let bench = Bench::new().await;
    let mut message = bench.message("p1", "+12125550101");
    let id = message.id;
    message.entries = vec![entry(&HARBOR, Kind::Accepted, Some(id), &bench.clock)];
    assert_eq!(bench.sunrise.accept(message).await.unwrap_err(), StoreError::NotFound);
    assert!(bench.sunrise.message(id).await.unwrap().is_none());
    assert!(bench.store.claim(bench.now(), 10, SignedDuration::from_secs(1)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_tenant_that_does_not_exist_has_nothing_and_settings_come_back() {
    let bench = Bench::new().await;
    let nobody = bench.store.tenant(&"nobody".parse().unwrap());
    assert_eq!(nobody.message(bench.message("p1", "+1").id).await.unwrap_err(), StoreError::NotFound);
    assert_eq!(nobody.reading().await.unwrap_err(), StoreError::NotFound);
    let changed = TenantRecord { id: HARBOR.clone(), settings: b"{\"alias\":\"Harbor\"}".to_vec() };
    bench.store.put_tenant(changed, entry(&HARBOR, Kind::Administered, None, &bench.clock)).await.unwrap();
    let tenants = bench.store.tenants().await.unwrap();
    let seen: Vec<_> = tenants.iter().map(|one| (one.id.as_str(), one.settings.as_slice())).collect();
    assert_eq!(seen, [("sunrise", b"{}".as_slice()), ("harbor", b"{\"alias\":\"Harbor\"}".as_slice())]);
    assert_eq!(bench.harbor.settings().await.unwrap().settings, b"{\"alias\":\"Harbor\"}");
}
