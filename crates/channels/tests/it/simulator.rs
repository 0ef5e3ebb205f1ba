//! The simulators: each magic recipient, and what the inbox counts and keeps.

use crate::support::permits::{Wish, delivery, now, permitted, permitted_again};
use crate::support::scratch::Scratch;
use crate::support::simulated::Simulated;
use jiff::{SignedDuration, Timestamp};
use postern_channels::simulator::inbox::ARRIVALS_KEPT;
use postern_channels::{Provider as _, ReceiptState, Received, Sent, reference_for};
use postern_gate::TransportFloor;

fn after(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

/// Lets everything happen that is due, and reads it as the provider reads a vendor's requests.
async fn heard(simulated: &Simulated, wish: &Wish, at: Timestamp) -> Vec<Received> {
    simulated.inbox.tick(at).await;
    let mut all = Vec::new();
    let mut callbacks = simulated.callbacks.lock().await;
    while let Ok(callback) = callbacks.try_recv() {
        assert_eq!((&callback.vendor, &callback.service), (&wish.vendor, &wish.service));
        all.extend(simulated.sms.receive(&callback.request).unwrap());
    }
    all
}

fn states(received: &[Received]) -> Vec<ReceiptState> {
    let state = |one: &Received| match one {
        Received::Receipt(receipt) => Some(receipt.state),
        Received::Message(_) => None,
    };
    received.iter().filter_map(state).collect()
}

fn texts(received: &[Received]) -> Vec<String> {
    let text = |one: &Received| match one {
        Received::Receipt(_) => None,
        Received::Message(message) => Some(message.text.reveal().clone()),
    };
    received.iter().filter_map(text).collect()
}

async fn send(simulated: &Simulated, wish: &Wish) -> Sent {
    let (recorded, outbound) = permitted(wish).await;
    simulated.sms.send(recorded, outbound, now()).await
}

#[tokio::test]
async fn an_ordinary_text_arrives_and_its_receipt_comes_a_second_later() {
    let wish = Wish::text("+12125550142");
    let simulated = Simulated::new(&wish);
    assert!(matches!(send(&simulated, &wish).await, Sent::Accepted(_)));
    let arrivals = simulated.inbox.arrivals();
    assert_eq!(arrivals.len(), 1);
    assert_eq!(arrivals[0].to.reveal(), "+12125550142");
    assert_eq!(arrivals[0].body.reveal(), &wish.body);
    assert_eq!(arrivals[0].state, ReceiptState::Underway);
    assert!(heard(&simulated, &wish, now()).await.is_empty(), "nothing is due yet");
    assert_eq!(states(&heard(&simulated, &wish, after(1)).await), [ReceiptState::Delivered]);
    assert_eq!(simulated.inbox.arrivals()[0].state, ReceiptState::Delivered);
    assert_eq!(simulated.inbox.pending(), 0);
}

#[tokio::test]
async fn a_temporary_failure_goes_away_with_the_attempts_at_one_delivery() {
    let wish = Wish::text("+15555559003");
    let simulated = Simulated::new(&wish);
    let delivery = delivery();
    for attempt in 1..=4 {
        let (recorded, outbound) = permitted_again(&wish, delivery).await;
        let sent = simulated.sms.send(recorded, outbound, now()).await;
        assert_eq!(matches!(sent, Sent::Accepted(_)), attempt == 4, "attempt {attempt}: {sent:?}");
    }
    assert_eq!(simulated.inbox.tally(delivery).calls, 4);
    assert_eq!(simulated.inbox.tally(delivery).taken, 1);
    assert!(simulated.inbox.taken_twice().is_empty());
}

#[tokio::test]
async fn a_message_sent_twice_is_found() {
    let wish = Wish::text("+12125550142");
    let simulated = Simulated::new(&wish);
    let delivery = delivery();
    for _ in 0..2 {
        let (recorded, outbound) = permitted_again(&wish, delivery).await;
        simulated.sms.send(recorded, outbound, now()).await;
    }
    assert_eq!(simulated.inbox.taken_twice(), [delivery]);
}

#[tokio::test]
async fn a_time_out_is_unknown_whether_or_not_the_message_was_taken() {
    let wish = Wish::text("+15555559020");
    let simulated = Simulated::new(&wish);
    let (recorded, outbound) = permitted(&wish).await;
    let reference = reference_for(recorded.permit().binding().delivery);
    assert!(matches!(simulated.sms.send(recorded, outbound, now()).await, Sent::Unknown { .. }));
    assert_eq!(simulated.inbox.taken(), 1);
    assert!(simulated.sms.status(&reference).await.is_some());
    assert_eq!(states(&heard(&simulated, &wish, after(600)).await), [ReceiptState::Delivered]);

    let lost = Wish::text("+15555559021");
    assert!(matches!(send(&simulated, &lost).await, Sent::Unknown { .. }));
    assert_eq!(simulated.inbox.taken(), 1, "this one was lost");
}

#[tokio::test]
async fn each_other_magic_number_does_what_its_row_says() {
    for (number, taken, receipts, answers) in [
        ("+15555559010", 0, vec![], vec![]),
        ("+15555559031", 1, vec![], vec![]),
        ("+15555559032", 1, vec![ReceiptState::Failed], vec![]),
        ("+15555559040", 1, vec![ReceiptState::Delivered], vec!["Wrong number"]),
        ("+15555559041", 1, vec![ReceiptState::Delivered], vec!["STOP"]),
        ("+15555559050", 0, vec![], vec![]),
    ] {
        let wish = Wish::text(number);
        let simulated = Simulated::new(&wish);
        let sent = send(&simulated, &wish).await;
        assert_eq!(matches!(sent, Sent::Accepted(_)), taken == 1, "{number}: {sent:?}");
        assert_eq!(simulated.inbox.taken(), taken, "{number}");
        let heard = heard(&simulated, &wish, after(60)).await;
        assert_eq!(states(&heard), receipts, "{number}");
        assert_eq!(texts(&heard), answers, "{number}");
    }
}

#[tokio::test]
async fn a_late_receipt_comes_after_ten_minutes_and_not_before() {
    let wish = Wish::text("+15555559030");
    let simulated = Simulated::new(&wish);
    assert!(matches!(send(&simulated, &wish).await, Sent::Accepted(_)));
    assert!(heard(&simulated, &wish, after(599)).await.is_empty());
    assert_eq!(states(&heard(&simulated, &wish, after(600)).await), [ReceiptState::Delivered]);
}

#[tokio::test]
async fn a_domain_without_tls_is_below_the_floor_of_a_body_and_no_matter_to_a_notice() {
    for (domain, found) in [("no-tls.example", None), ("no-policy.example", Some(TransportFloor::VerifiedTls))] {
        let body = Wish::enforced(&format!("rosa@{domain}"));
        let simulated = Simulated::new(&body);
        let (recorded, outbound) = permitted(&body).await;
        let sent = simulated.email.send(recorded, outbound, now()).await;
        assert_eq!(sent, Sent::BelowFloor { found, code: "simulated-weak-domain".to_owned(), peer: None });
        assert_eq!(simulated.inbox.taken(), 0);

        let (recorded, outbound) = permitted(&Wish::notice(&format!("rosa@{domain}"))).await;
        assert!(matches!(simulated.email.send(recorded, outbound, now()).await, Sent::Accepted(_)));
    }
    let (recorded, outbound) = permitted(&Wish::notice("weak-session@patients.example")).await;
    let simulated = Simulated::new(&Wish::notice("weak-session@patients.example"));
    let sent = simulated.email.send(recorded, outbound, now()).await;
    assert_eq!(sent, Sent::BelowFloor { found: None, code: "simulated-weak-session".to_owned(), peer: None });
}

#[tokio::test]
async fn every_message_taken_is_one_line_of_ids_in_the_log() {
    let scratch = Scratch::new("log");
    let path = scratch.0.join("sent.log");
    let wish = Wish::text("+12125550142");
    for _ in 0..2 {
        // Two processes in a row append to the same file.
        let simulated = Simulated::new(&wish);
        simulated.inbox.log_to(&path).unwrap();
        send(&simulated, &wish).await;
        send(&simulated, &Wish::text("+15555559010")).await;
    }
    let log = std::fs::read_to_string(&path).unwrap();
    assert_eq!(log.lines().count(), 2, "{log}");
    assert!(log.lines().all(|line| line.split(' ').count() == 4 && line.contains(" sms ")), "{log}");
    assert!(!log.contains("2125550142") && !log.contains("Sunrise"));
}

#[tokio::test]
async fn a_message_that_cannot_be_logged_is_not_taken() {
    let wish = Wish::text("+12125550142");
    let simulated = Simulated::new(&wish);
    if simulated.inbox.log_to(std::path::Path::new("/dev/full")).is_err() {
        return;
    }
    let sent = send(&simulated, &wish).await;
    assert_eq!(sent, Sent::TemporaryFailure { code: "simulator-log".to_owned() });
    assert_eq!(simulated.inbox.taken(), 0);
}

#[tokio::test]
async fn only_the_latest_arrivals_are_kept() {
    let wish = Wish::text("+12125550142");
    let simulated = Simulated::new(&wish);
    for _ in 0..ARRIVALS_KEPT + 5 {
        send(&simulated, &wish).await;
    }
    assert_eq!(simulated.inbox.arrivals().len(), ARRIVALS_KEPT);
    assert_eq!(simulated.inbox.taken(), u64::try_from(ARRIVALS_KEPT + 5).unwrap());
}

#[tokio::test]
async fn what_nobody_listens_to_any_more_is_given_up() {
    let wish = Wish::text("+12125550142");
    let simulated = Simulated::new(&wish);
    send(&simulated, &wish).await;
    simulated.callbacks.lock().await.close();
    assert!(!simulated.reply(&wish, "STOP", now()).await);
    assert_eq!(simulated.inbox.tick(after(1)).await, 0);
    assert_eq!(simulated.inbox.pending(), 0);
}
