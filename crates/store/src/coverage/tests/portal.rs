//! An account with all that belongs to it.

use crate::outbox::start::tests::Bench;
use crate::{
    PortalAccount, PortalAdmission, PortalInvitation, PortalPerson, PortalSession, PortalStep, PortalWait, StoreError,
    Tenanted,
};
use jiff::Timestamp;
use postern_base::{AccountId, MessageId, PatientId, Phi, SessionId, SystemRng};
use postern_ledger::{Entry, Kind};
use uuid::Uuid;

/// An invitation that was answered wrongly once and then used, its account changed once, a session that was turned and one that ended.
pub(super) async fn fill(bench: &Bench, tenanted: &Tenanted, tenant: &str, message: MessageId) {
    let now = bench.clock_now();
    let id = || postern_base::id::new_v7(now, &SystemRng).unwrap();
    let entry = || Entry { tenant: tenant.parse().unwrap(), ..bench.entry(Kind::Administered, None) };
    let secret = |n: u8| {
        let mut secret = [n; 32];
        secret[0] = u8::try_from(tenant.len()).unwrap();
        secret
    };
    let patient: PatientId = "p0".parse().unwrap();
    let (account, invitation, standing) = (AccountId(id()), id(), id());
    let session = |person| session_of(SessionId(id()), account, person, now);
    let put = |version| PortalStep::PutAccount {
        account: PortalAccount {
            id: account,
            patient: patient.clone(),
            name: Some(Phi::new("Alma".to_owned())),
            version,
            content: content(),
        },
    };
    let change = async |steps| tenanted.portal_change(steps, vec![entry()]).await;
    change(vec![PortalStep::Invite(invited(invitation, &patient, now), secret(1))]).await.unwrap();
    change(vec![PortalStep::TryInvitation(invitation, 1)]).await.unwrap();
    assert_eq!(change(vec![PortalStep::TryInvitation(invitation, 1)]).await, Ok(0), "one is the most");
    change(vec![PortalStep::TakeBackTry(invitation)]).await.unwrap();
    change(vec![PortalStep::TryInvitation(invitation, 1)]).await.unwrap();
    assert_eq!(tenanted.portal_invitation(&secret(1)).await.unwrap().unwrap().tries, 1);
    let (first, second) = (session(standing), session(standing));
    let enrol = vec![
        PortalStep::UseInvitation(invitation),
        put(0),
        PortalStep::AddPerson(person(standing, account, &patient, now)),
        PortalStep::AddSession(first.clone(), secret(2)),
        PortalStep::AddSession(second.clone(), secret(3)),
    ];
    change(enrol.clone()).await.unwrap();
    // It was used, and the person has an account: nothing of it happens twice.
    assert_eq!(change(enrol).await, Err(StoreError::NotFound));
    change(vec![put(1)]).await.unwrap();
    assert_eq!(change(vec![put(1)]).await, Err(StoreError::NotFound), "of a version that is over");
    let taken = PortalAccount {
        id: AccountId(id()),
        patient: patient.clone(),
        name: Some(Phi::new(" ALMA ".to_owned())),
        version: 0,
        content: content(),
    };
    assert_eq!(change(vec![PortalStep::PutAccount { account: taken }]).await, Err(StoreError::NotFound));
    let found = tenanted.portal_account_named(" alma").await.unwrap().unwrap();
    assert_eq!((found.id, found.version, found.patient), (account, 2, patient.clone()));
    change(vec![PortalStep::TurnSession(first.clone(), secret(4))]).await.unwrap();
    let known = async |n| bench.store.portal_session(&secret(n)).await.unwrap().map(|(_, session)| session.id);
    assert_eq!((known(2).await, known(4).await), (None, Some(first.id)), "the old token is nobody's");
    change(vec![PortalStep::EndSession(second.id)]).await.unwrap();
    assert_eq!(change(vec![PortalStep::TurnSession(second, secret(5))]).await, Err(StoreError::NotFound));
    assert_eq!(tenanted.portal_sessions(account).await.unwrap().len(), 1);
    tenanted.touch_portal_session(first.id).await.unwrap();
    change(vec![PortalStep::UseLink(message)]).await.unwrap();
    assert_eq!(change(vec![PortalStep::UseLink(message)]).await, Err(StoreError::NotFound));
    assert_eq!(change(vec![PortalStep::Read(message, account)]).await, Ok(1));
    assert_eq!(change(vec![PortalStep::Read(message, account)]).await, Ok(0));
    ended(tenanted, account, standing, &patient, &change).await;
    tried(tenanted).await;
}

/// Tries that are counted, one that must wait, one that is taken back, and a name that starts anew.
async fn tried(tenanted: &Tenanted) {
    let of_three: PortalWait = |tries| (tries.failures >= 3).then_some(Timestamp::MAX);
    let count = async || match tenanted
        .admit_portal_try(&[("name alma", of_three), ("from 127.0.0.1", |_| None)])
        .await
        .unwrap()
    {
        PortalAdmission::Counted(counted) => Some(counted),
        PortalAdmission::Wait(_) => None,
    };
    assert!(count().await.is_some() && count().await.is_some());
    let right = count().await.unwrap();
    assert!(count().await.is_none(), "the fourth waits");
    tenanted.take_back_portal_try(right).await.unwrap();
    assert!(count().await.is_some() && count().await.is_none());
    tenanted.forget_portal_tries("name alma").await.unwrap();
    assert!(count().await.is_some());
}

fn content() -> Phi<Vec<u8>> {
    Phi::new(b"{}".to_vec())
}

fn invited(id: Uuid, patient: &PatientId, now: Timestamp) -> PortalInvitation {
    let expires_at = now + jiff::SignedDuration::from_hours(1);
    PortalInvitation {
        id,
        patient: patient.clone(),
        made_at: now,
        expires_at,
        tries: 0,
        used: false,
        content: content(),
    }
}

fn person(id: Uuid, account: AccountId, patient: &PatientId, now: Timestamp) -> PortalPerson {
    PortalPerson {
        id,
        account,
        patient: patient.clone(),
        person: Some(Phi::new("RelatedPerson/r1".to_owned())),
        added_at: now,
        ended_at: None,
    }
}

fn session_of(id: SessionId, account: AccountId, person: Uuid, now: Timestamp) -> PortalSession {
    PortalSession {
        id,
        account,
        person,
        aal: 2,
        made_at: now,
        seen_at: now,
        confirmed_at: Some(now),
        ended_at: None,
        browser: "phone".to_owned(),
    }
}

/// Who stood for the patient does so no more, and somebody else may then.
async fn ended(
    tenanted: &Tenanted,
    account: AccountId,
    standing: Uuid,
    patient: &PatientId,
    change: &impl AsyncFn(Vec<PortalStep>) -> Result<u64, StoreError>,
) {
    let related = Phi::new("RelatedPerson/r1".to_owned());
    assert_eq!(tenanted.portal_person(patient, Some(&related)).await.unwrap().unwrap().account, account);
    assert!(tenanted.portal_person(patient, None).await.unwrap().is_none(), "the patient is another person");
    change(vec![PortalStep::EndPerson(standing)]).await.unwrap();
    assert!(tenanted.portal_persons(account).await.unwrap().is_empty());
    assert!(tenanted.portal_person(patient, Some(&related)).await.unwrap().is_none());
}
