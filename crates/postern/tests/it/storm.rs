//! kill -9 in the middle of a send storm, again and again: what was answered is there exactly once, and nothing was sent twice.

use crate::client::Client;
use crate::clinic::{Clinic, code, eventually, patient};
use crate::mail;
use crate::mailers::postfix::{DOMAIN, Postfix};
use crate::texts;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

const ROUNDS: u32 = 20;
/// Answers a round of mail waits for: every kill then finds mails before, in and after their session with the server.
const MAILS: usize = 121;
/// A message centre answers at once, so that few kills find a text between the start of an attempt and its answer.
const TEXT_ROUNDS: u32 = 16;
/// So many that nobody gets more codes in an hour than may go to one place (RULES OTP-01); a prime, so that they are spread.
const PATIENTS: u32 = 1999;
const CALLERS: u32 = 8;
/// Answers a round waits for before the kill, so that every round interrupts work under way; odd, so that rounds differ.
const ANSWERS: usize = 37;

/// What was answered with 202, by idempotency key.
type Answered = Arc<Mutex<BTreeMap<String, String>>>;

#[test]
fn after_kill_nine_every_answered_message_is_there_exactly_once_and_none_was_sent_twice() {
    let patients: Vec<Value> = (0..PATIENTS)
        .flat_map(|n| patient(&format!("p{n}"), &format!("+1212555{:04}", 100 + n), &format!("p{n}@mail.example")))
        .collect();
    let mut clinic = Clinic::new("storm", &patients);
    let answered: Answered = Arc::default();
    let mut unanswered = BTreeSet::new();
    for round in 0..ROUNDS {
        unanswered.extend(storm(&mut clinic, "sms", round, ANSWERS, &answered));
    }

    let address = clinic.serve();
    let mut client = clinic.client();
    let answered = answered.lock().expect("no caller panicked").clone();
    assert!(answered.len() >= ANSWERS * ROUNDS as usize, "{} answers", answered.len());
    let ids: BTreeSet<&String> = answered.values().collect();
    assert_eq!(ids.len(), answered.len(), "no two keys share a message");

    every_answer_is_given_again(&mut client, "sms", &answered);
    every_message_ends(&mut client, answered.values());
    nothing_was_sent_twice(&clinic, &answered);
    what_was_not_answered_can_be_asked_again(&mut Client::new(address, &clinic.key), "sms", &unanswered);
    clinic.stop();

    let (exit, report) = clinic.verify(&[]);
    assert_eq!(exit, 0, "{report}");
}

#[test]
fn after_kill_nine_postfix_has_what_the_ledger_says_was_delivered_and_no_mail_twice() {
    let Some(postfix) = Postfix::shared() else { return };
    // By mail a code only ever verifies the mailbox it goes to (RULES OTP-02), so none of these is verified yet.
    let unverified = |n: u32| {
        let mut resources = patient(&format!("p{n}"), &format!("+1212555{:04}", 100 + n), &format!("p{n}@{DOMAIN}"));
        resources.retain(|resource| resource["id"] != format!("p{n}-v2").as_str());
        resources
    };
    let mut clinic = Clinic::new("mail-storm", &(0..PATIENTS).flat_map(unverified).collect::<Vec<_>>());
    mail::through(&mut clinic, &postfix.roots, postfix.good, "");
    clinic.stop();
    let answered: Answered = Arc::default();
    let rounds = mail_rounds();
    for round in 0..rounds {
        storm(&mut clinic, "email", round, MAILS, &answered);
    }

    clinic.serve();
    let answered = answered.lock().expect("no caller panicked").clone();
    assert!(answered.len() >= MAILS * rounds as usize, "{} answers", answered.len());
    let mut client = clinic.client();
    let ended = every_message_ends(&mut client, answered.values());
    // By the code that goes with each request, and stands in its mail: what the ledger says became of it.
    let ended: BTreeMap<String, &str> = answered.iter().map(|(once, id)| (number(once), ended[id].as_str())).collect();
    // Postfix answers before it files.
    let filed = eventually("what was delivered is filed", || {
        let filed = mails_by_code(&postfix, &ended);
        let missing = ended.iter().any(|(code, end)| *end == "delivered" && !filed.contains_key(code));
        (!missing).then_some(filed)
    });
    let twice: Vec<_> = filed.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "filed more than once: {twice:?}");
    let ends_in = |end: &str| ended.values().filter(|known| **known == end).count();
    let (delivered, unknown) = (ends_in("delivered"), ends_in("unknown"));
    let unknown_filed = ended.iter().filter(|(code, end)| **end == "unknown" && filed.contains_key(*code)).count();
    assert_eq!(filed.len(), delivered + unknown_filed, "Postfix has what the ledger does not know of");
    // Every kill finds mails between the start of an attempt and its answer: nobody knows of those, and they are not sent again.
    assert!(delivered > 0 && unknown > 0, "{delivered} delivered, {unknown} unknown of {}", answered.len());
    println!(
        "{rounds} kills: {} answered, {delivered} delivered, {unknown} unknown ({unknown_filed} of them filed), {} filed",
        answered.len(),
        filed.len()
    );
    clinic.stop();
    let (exit, report) = clinic.verify(&[]);
    assert_eq!(exit, 0, "{report}");
}

/// How many times the mail storm is cut off: POSTERN_STORM_ROUNDS, for whoever wants to know better.
#[expect(clippy::disallowed_methods, reason = "a longer run is asked for by the environment")]
fn mail_rounds() -> u32 {
    std::env::var("POSTERN_STORM_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS)
}

#[test]
fn after_kill_nine_the_message_centre_has_what_the_ledger_says_was_taken_and_no_text_twice() {
    let patients =
        |n: u32| patient(&format!("p{n}"), &format!("+1212555{:04}", 100 + n), &format!("p{n}@mail.example"));
    let mut clinic = Clinic::new("text-storm", &(0..PATIENTS).flat_map(patients).collect::<Vec<_>>());
    let Some((vendor, section)) = texts::centre(&clinic, "window = 4\n") else { return };
    texts::through(&mut clinic, "centre", &section);
    clinic.stop();
    let answered: Answered = Arc::default();
    for round in 0..TEXT_ROUNDS {
        storm(&mut clinic, "sms", round, ANSWERS, &answered);
    }

    clinic.serve();
    let answered = answered.lock().expect("no caller panicked").clone();
    assert!(answered.len() >= ANSWERS * TEXT_ROUNDS as usize, "{} answers", answered.len());
    let mut client = clinic.client();
    every_message_ends(&mut client, answered.values());
    let codes: BTreeMap<String, &String> = answered.iter().map(|(once, id)| (number(once), id)).collect();
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    for one in vendor.events("taken") {
        let text = one["text"].as_str().expect("a text");
        let code = text.split(|c: char| !c.is_ascii_digit()).find(|word| codes.contains_key(*word));
        *taken.entry(code.map_or_else(|| format!("not one of ours: {text}"), str::to_owned)).or_default() += 1;
    }
    // What was never answered may have gone out too; of that no id is known here, and twice is still twice.
    let twice: Vec<_> = taken.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "taken more than once: {twice:?}");
    let (mut known, mut unknown) = (0, 0);
    for (code, id) in &codes {
        // A receipt that was on its way when the server died comes again in the next session.
        let state = eventually("the receipt", || {
            let state = client.get(&format!("/v1/messages/{id}")).json()["state"].clone();
            (state != "sent").then_some(state)
        });
        let times = taken.get(code).copied().unwrap_or_default();
        match state.as_str() {
            Some("delivered") => {
                known += 1;
                assert_eq!(times, 1, "{id} is {state}");
            }
            Some("unknown") => unknown += 1,
            _ => assert_eq!(times, 0, "{id} is {state}, and the centre took it"),
        }
    }
    assert!(known > 0 && unknown > 0, "{known} known, {unknown} unknown of {}", answered.len());
    clinic.stop();
    let (exit, report) = clinic.verify(&[]);
    assert_eq!(exit, 0, "{report}");
}

/// How many mails in the mailbox hold each of `codes`.
fn mails_by_code(postfix: &Postfix, codes: &BTreeMap<String, &str>) -> BTreeMap<String, u32> {
    let mut found = BTreeMap::new();
    for mail in postfix.mails() {
        let words: BTreeSet<&str> = mail.split(|c: char| !c.is_ascii_alphanumeric()).collect();
        for code in words.into_iter().filter(|word| codes.contains_key(*word)) {
            *found.entry(code.to_owned()).or_default() += 1;
        }
    }
    found
}

/// One round: callers send until enough is answered, then the server dies. Gives the keys that were never answered.
fn storm(
    clinic: &mut Clinic,
    channel: &'static str,
    round: u32,
    enough: usize,
    answered: &Answered,
) -> BTreeSet<String> {
    let address = clinic.serve();
    let over = Arc::new(AtomicBool::new(false));
    let before = answered.lock().expect("no caller panicked").len();
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (over, answered, key) = (Arc::clone(&over), Arc::clone(answered), clinic.key.clone());
            std::thread::spawn(move || {
                call(Client::new(address, &key), channel, &format!("r{round}-c{caller}"), &over, &answered)
            })
        })
        .collect();
    eventually("enough answers to interrupt", || {
        let now = answered.lock().expect("no caller panicked").len();
        (now >= before + enough).then_some(())
    });
    clinic.kill();
    over.store(true, Ordering::Relaxed);
    callers.into_iter().flat_map(|caller| caller.join().expect("a caller ends")).collect()
}

fn call(mut client: Client, channel: &str, caller: &str, over: &AtomicBool, answered: &Answered) -> Vec<String> {
    for nth in 0u32.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let once = format!("{caller}-n{nth}");
        let body = request(channel, &once);
        match client.post_once("/v1/messages", &once, &body) {
            Ok(answer) if answer.status == 202 => {
                let id = answer.json()["id"].as_str().expect("an id").to_owned();
                answered.lock().expect("no caller panicked").insert(once, id);
            }
            Ok(answer) => assert_eq!(answer.status, 503, "{}", answer.text()),
            // The server died under this request: nobody knows whether it was taken.
            Err(_) => return vec![once],
        }
    }
    Vec::new()
}

/// The request of an idempotency key: always the same for the same key. Codes differ, so that none is a duplicate of another.
fn request(channel: &str, once: &str) -> Value {
    let number = number(once);
    let patient = number.parse::<u64>().expect("eight digits") % u64::from(PATIENTS);
    let mut request = code(&format!("p{patient}"), &number);
    request["channels"] = json!([channel]);
    request
}

/// The code that goes with an idempotency key, `r1-c2-n34`: eight digits, another for every key.
fn number(once: &str) -> String {
    let part = |part: &str| part.get(1..).and_then(|digits| digits.parse::<u64>().ok()).expect("a letter and a number");
    let parts: Vec<u64> = once.split('-').map(part).collect();
    let [round, caller, nth] = parts[..] else { panic!("{once}: a round, a caller and a number") };
    assert!(caller < 10 && nth < 10_000, "{once}");
    format!("{}", 10_000_000 + round * 100_000 + caller * 10_000 + nth)
}

fn every_answer_is_given_again(client: &mut Client, channel: &str, answered: &BTreeMap<String, String>) {
    for (once, id) in answered {
        let again = client.post_once("/v1/messages", once, &request(channel, once)).expect("the server answers");
        assert_eq!((again.status, again.json()["id"].as_str()), (202, Some(id.as_str())), "{once}: {}", again.text());
        assert_eq!(again.header("idempotent-replayed"), Some("true"), "{once}");
    }
}

/// Every message comes to a terminal state or waits for its receipt, and its ledger entries tell one life, in order. Gives what the
/// ledger says of the end of each; of one that waits nothing.
fn every_message_ends<'a>(client: &mut Client, ids: impl Iterator<Item = &'a String>) -> BTreeMap<String, String> {
    let mut ended = BTreeMap::new();
    for id in ids {
        let message = eventually("the message leaves the queue", || {
            let message = client.get(&format!("/v1/messages/{id}")).json();
            let state = message["state"].as_str().unwrap_or_default().to_owned();
            (!matches!(state.as_str(), "queued" | "attempting" | "waiting" | "")).then_some(message)
        });
        let entries = client.get(&format!("/v1/messages/{id}/entries")).json();
        let kinds: Vec<&str> =
            entries["entries"].as_array().expect("entries").iter().filter_map(|e| e["kind"].as_str()).collect();
        assert_eq!(kinds.first(), Some(&"accepted"), "{id}: {kinds:?}");
        assert_eq!(kinds.iter().filter(|kind| **kind == "accepted").count(), 1, "{id}: {kinds:?}");
        let attempts =
            message["deliveries"].as_array().map_or(0, |d| d.iter().filter_map(|d| d["attempts"].as_u64()).sum());
        let started = kinds.iter().filter(|kind| **kind == "attempt_started").count() as u64;
        assert_eq!(started, attempts, "{id}: {kinds:?}");
        let terminal = entries["entries"].as_array().and_then(|all| all.iter().find(|e| e["kind"] == "terminal"));
        let end = terminal.and_then(|entry| entry["code"].as_str()).unwrap_or_default();
        // An attempt that was cut off is found by the process after it, which can say that it began and no more.
        let end = if end == "interrupted" { "unknown" } else { end };
        ended.insert(id.clone(), end.to_owned());
    }
    ended
}

/// The vendors' own log, kept across every process: one line for each message they took.
fn nothing_was_sent_twice(clinic: &Clinic, answered: &BTreeMap<String, String>) {
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    for line in clinic.sent() {
        let delivery = line.split(' ').nth(1).expect("attempt, delivery, channel, time").to_owned();
        *taken.entry(delivery).or_default() += 1;
    }
    let twice: Vec<_> = taken.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "sent more than once: {twice:?}");
    assert!(taken.len() * 10 >= answered.len() * 5, "only {} of {} were sent", taken.len(), answered.len());
}

fn what_was_not_answered_can_be_asked_again(client: &mut Client, channel: &str, unanswered: &BTreeSet<String>) {
    for once in unanswered {
        let answer = client.post_once("/v1/messages", once, &request(channel, once)).expect("the server answers");
        assert_eq!(answer.status, 202, "{once}: {}", answer.text());
    }
}
