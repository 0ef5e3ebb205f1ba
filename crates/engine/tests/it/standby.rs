//! Two vendors of texts: while nothing gets through at the first, the second carries on, and nobody is texted twice.

use crate::clinic::{Clinic, vendor};
use crate::lanes::{Carrier, Mood, by_sms, clinic_of};
use jiff::SignedDuration;
use postern_base::Channel;
use postern_engine::faults::NoFaults;
use std::sync::Arc;

const PATIENTS: u32 = 60;

/// A clinic with `alpha`, which goes first by its name, and `beta`, whose row is changed by `change`.
async fn clinic(alpha: &Arc<Carrier>, beta: &Arc<Carrier>, change: fn(&mut postern_engine::wire::Vendor)) -> Clinic {
    let clinic = clinic_of(PATIENTS, alpha).await;
    let clinic = clinic.with_provider(Arc::clone(beta) as _, Arc::new(NoFaults)).await;
    let mut row = vendor("beta", "texts", &[Channel::Sms], "2027-12-31");
    change(&mut row);
    clinic.engine.put_vendor(&clinic.principal, &row).await.unwrap();
    clinic
}

fn carriers(mood: Mood) -> (Arc<Carrier>, Arc<Carrier>) {
    (Carrier::named("alpha", mood, None), Carrier::named("beta", Mood::Well, None))
}

/// Lets `minutes` pass, a minute at a time, and dispatches what falls due.
async fn pass(clinic: &Clinic, minutes: u32) {
    for _ in 0..minutes {
        clinic.engine.probe_vendors().await;
        clinic.settle().await;
        clinic.clock.move_on(SignedDuration::from_mins(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_nothing_gets_through_at_one_vendor_the_other_carries_on_and_gives_back() {
    let (alpha, beta) = carriers(Mood::Down);
    let clinic = clinic(&alpha, &beta, |_| {}).await;
    let mut ids = Vec::new();
    for n in 0..20 {
        ids.push(clinic.send(&by_sms(n)).await.id);
    }
    clinic.settle().await;
    let found_out = alpha.calls();
    assert!((5..=20).contains(&found_out), "{found_out}: those that were under way together");
    let before = beta.taken();
    for n in 20..40 {
        ids.push(clinic.send(&by_sms(n)).await.id);
    }
    clinic.settle().await;
    assert!(beta.taken() >= before + 20, "what is accepted meanwhile is planned for the other at once");
    pass(&clinic, 3).await;
    assert_eq!(alpha.calls(), found_out, "no message finds out whether it is well again");
    let moved = clinic.codes(ids[0]).await;
    assert!(moved.contains(&("redecided".into(), "rerouted:vendor".into())), "{moved:?}");
    assert_eq!(beta.taken(), 40);

    *alpha.mood.lock().unwrap() = Mood::Well;
    pass(&clinic, 20).await;
    for n in 40..60 {
        ids.push(clinic.send(&by_sms(n)).await.id);
    }
    pass(&clinic, 2).await;
    assert_eq!((alpha.taken(), beta.taken()), (20, 40), "it is well again, and gets what is its own");
    for id in ids {
        assert_eq!(clinic.states(id).await, [(Channel::Sms, "delivered".into())]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_vendor_may_have_taken_is_never_given_to_another() {
    let (alpha, beta) = carriers(Mood::Lost);
    let clinic = clinic(&alpha, &beta, |_| {}).await;
    let mut ids = Vec::new();
    for n in 0..20 {
        ids.push(clinic.send(&by_sms(n)).await.id);
    }
    clinic.settle().await;
    let heard = alpha.calls();
    assert!((5..=20).contains(&heard), "{heard}");
    for n in 20..40 {
        ids.push(clinic.send(&by_sms(n)).await.id);
    }
    pass(&clinic, 10).await;
    let texted = 40 - usize::try_from(heard).unwrap();
    assert_eq!((alpha.calls(), beta.taken()), (heard, texted));
    clinic.clock.move_on(SignedDuration::from_hours(25));
    clinic.engine.settle_overdue().await.unwrap();
    pass(&clinic, 10).await;
    assert_eq!((alpha.calls(), beta.taken()), (heard, texted), "nor when its receipt is overdue");
    let mut unknown = 0;
    for id in ids {
        let states = clinic.states(id).await;
        unknown += u32::from(states == [(Channel::Sms, "unknown".into())]);
        assert!(states == [(Channel::Sms, "unknown".into())] || states == [(Channel::Sms, "delivered".into())]);
    }
    assert_eq!(unknown, heard);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_stands_in_who_may_not_carry_texts() {
    for change in [
        (|row| row.agreement = None) as fn(&mut postern_engine::wire::Vendor),
        |row| row.sender_registration = Some("pending".into()),
        |row| row.agreement.as_mut().unwrap().required_terms = false,
        |row| row.agreement.as_mut().unwrap().expires = Some("2026-11-30".parse().unwrap()),
        |row| row.channels = vec![Channel::Voice],
    ] {
        let (alpha, beta) = carriers(Mood::Down);
        let clinic = clinic(&alpha, &beta, change).await;
        let mut ids = Vec::new();
        for n in 0..10 {
            ids.push(clinic.send(&by_sms(n)).await.id);
        }
        pass(&clinic, 5).await;
        for n in 10..20 {
            ids.push(clinic.send(&by_sms(n)).await.id);
        }
        pass(&clinic, 5).await;
        assert_eq!(beta.calls(), 0);
        *alpha.mood.lock().unwrap() = Mood::Well;
        pass(&clinic, 40).await;
        assert_eq!((alpha.taken(), beta.calls()), (20, 0), "it waits for the one that may");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_both_are_down_everything_waits_and_nothing_goes_round_in_circles() {
    let (alpha, beta) = carriers(Mood::Down);
    *beta.mood.lock().unwrap() = Mood::Down;
    let clinic = clinic(&alpha, &beta, |_| {}).await;
    let mut ids = Vec::new();
    for n in 0..PATIENTS {
        ids.push(clinic.send(&by_sms(n)).await.id);
    }
    pass(&clinic, 10).await;
    let calls = alpha.calls() + beta.calls();
    assert!(calls <= 2 * PATIENTS + 20, "{calls}: those that were under way find out, and nobody after them");
    for id in &ids {
        let moved = clinic.codes(*id).await.iter().filter(|(_, code)| code == "rerouted:vendor").count();
        assert!(moved <= 12, "{moved}");
    }
    *alpha.mood.lock().unwrap() = Mood::Well;
    *beta.mood.lock().unwrap() = Mood::Well;
    pass(&clinic, 40).await;
    assert_eq!(alpha.taken() + beta.taken(), PATIENTS as usize);
    for id in ids {
        assert_eq!(clinic.states(id).await, [(Channel::Sms, "delivered".into())]);
    }
}
