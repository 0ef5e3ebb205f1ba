//! One vendor of texts dies in the middle of a run, and another carries on: nobody is texted twice, and what nobody knows the end of is
//! accounted for. And in a run that a vendor takes slowly, a code does not wait its turn.

use crate::client::Client;
use crate::clinic::{Clinic, code, eventually, patient};
use crate::texts::{agree, centre_named, through};
use jiff::Timestamp;
use postern_base::{Clock, SystemClock};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Texts in the run. The full ten thousand take a binary of this profile minutes: POSTERN_FAILOVER_TEXTS=10000 asks for them.
const TEXTS: usize = 1_500;
const CALLERS: usize = 8;
/// Texts under way at once with each centre.
const WINDOW: usize = 20;

#[expect(clippy::disallowed_methods, reason = "a longer run is asked for by the environment")]
fn texts_in_the_run() -> usize {
    std::env::var("POSTERN_FAILOVER_TEXTS").ok().and_then(|texts| texts.parse().ok()).unwrap_or(TEXTS)
}

/// How often each code stands in what a centre says it took.
fn taken(log: &Path) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    let text = std::fs::read_to_string(log).unwrap_or_default();
    for line in text.lines() {
        let code = line.split(|c: char| !c.is_ascii_digit()).find(|word| word.len() == 8);
        *found.entry(code.unwrap_or_else(|| panic!("no code: {line}")).to_owned()).or_default() += 1;
    }
    found
}

fn lines(log: &Path) -> usize {
    std::fs::read(log).map_or(0, |bytes| bytes.iter().filter(|byte| **byte == b'\n').count())
}

/// Waits until a centre has taken so many, as long as it goes on.
fn reaches(log: &Path, count: usize) {
    while lines(log) < count {
        let before = lines(log);
        eventually(&format!("one more than {before} of {count} goes"), || (lines(log) > before).then_some(()));
    }
}

fn number(nth: usize) -> String {
    format!("{}", 20_000_000 + nth)
}

/// Asks for the codes of `numbers`, one for each patient, and gives the messages' ids by them.
fn ask(mut client: Client, numbers: impl Iterator<Item = usize>) -> Vec<(String, String)> {
    let mut ids = Vec::new();
    for nth in numbers {
        let body = code(&format!("p{nth}"), &number(nth));
        let id = eventually("it is taken", || {
            let answer = client.post_once("/v1/messages", &number(nth), &body).expect("the server answers");
            // The queue may be full for a moment.
            assert!(matches!(answer.status, 202 | 503), "{}", answer.text());
            (answer.status == 202).then(|| answer.json()["id"].as_str().expect("an id").to_owned())
        });
        ids.push((number(nth), id));
    }
    ids
}

#[test]
fn a_vendor_dies_in_the_middle_of_a_run_and_another_carries_on_and_nobody_is_texted_twice() {
    let texts = texts_in_the_run();
    let patients = |n: usize| patient(&format!("p{n}"), &number_of(n), &format!("p{n}@mail.example"));
    let mut clinic = Clinic::new("failover", &(0..texts).flat_map(patients).collect::<Vec<_>>());
    let window = format!("window = {WINDOW}\n");
    let Some((alpha, first)) = centre_named(&clinic, "alpha", &window) else { return };
    let Some((beta, second)) = centre_named(&clinic, "beta", &window) else { return };
    through(&mut clinic, "alpha", &format!("{first}\n{second}"));
    agree(&clinic, "beta", "executed");
    let logs = ["alpha.log", "beta.log"].map(|name| clinic.folder.join(name));

    let (address, key) = (clinic.address(), clinic.key.clone());
    let ids: BTreeMap<String, String> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let client = Client::new(address, &key);
                scope.spawn(move || ask(client, (caller..texts).step_by(CALLERS)))
            })
            .collect();
        reaches(&logs[0], texts / 3);
        // It takes what it gets and says nothing any more; then it is gone.
        alpha.set(&json!({ "mute": true }));
        let before = lines(&logs[0]);
        eventually("some were taken without an answer", || (lines(&logs[0]) >= before + WINDOW / 2).then_some(()));
        drop(alpha);
        callers.into_iter().flat_map(|caller| caller.join().expect("a caller ends")).collect()
    });
    assert_eq!((ids.len(), lines(&logs[1]) < texts), (texts, true));

    // But for those that the first refused in its last moments, which come again after a while, and those of which it said nothing.
    reaches(&logs[1], texts - lines(&logs[0]) - WINDOW);
    let mut client = clinic.client();
    let mut states: BTreeMap<&str, Value> = BTreeMap::new();
    for (code, id) in &ids {
        // Those that the first refused in its last moments come again after a while.
        let state = eventually("nothing waits any more", || {
            let message = client.get(&format!("/v1/messages/{id}")).json();
            let waits = matches!(message["state"].as_str(), Some("queued" | "waiting" | "attempting") | None);
            // Of the dead one's no receipt comes any more.
            let known = message["state"] == "delivered" || message["deliveries"][0]["vendor"] == "alpha/messaging";
            (!waits && known).then_some(message)
        });
        states.insert(code, state);
    }
    let [by_first, by_second] = logs.each_ref().map(|log| taken(log));
    let (mut delivered, mut unknown, mut unknown_taken) = (0, 0, 0);
    for (code, message) in &states {
        let times = by_first.get(*code).copied().unwrap_or(0) + by_second.get(*code).copied().unwrap_or(0);
        assert!(times <= 1, "{code} was texted {times} times: {message}");
        match message["state"].as_str() {
            Some("delivered") => {
                delivered += 1;
                assert_eq!(times, 1, "{message}");
            }
            // With a vendor, and nobody knows what it did: its receipt is waited for until the deadline.
            Some("sent") => {
                unknown += 1;
                unknown_taken += times;
                let entries = client.get(&format!("/v1/messages/{}/entries", ids[*code])).text();
                assert!(entries.contains("\"unknown:"), "{message}: {entries}");
            }
            _ => panic!("{message}"),
        }
    }
    assert_eq!(
        by_first.len() + by_second.len(),
        delivered + unknown_taken,
        "a centre has what the ledger does not know of"
    );
    assert!(unknown > 0 && unknown <= WINDOW, "{unknown} of which nobody knows");
    assert!(by_second.len() * 3 > texts, "the second carried on: {}", by_second.len());
    println!(
        "{texts} texts: {} by the first, {} by the second, {delivered} delivered, {unknown} unknown ({unknown_taken} of them taken)",
        by_first.len(),
        by_second.len()
    );
    drop(beta);
    clinic.stop();
    assert_eq!(clinic.verify(&[]).0, 0);
}

fn number_of(n: usize) -> String {
    format!("+1{}555{:04}", 212 + n / 8_000, 100 + n % 8_000)
}

/// How many texts in a second the centre of the next story takes, and how many wait for it. A binary of this profile on a busy machine takes
/// a second or more for what is asked of it, so some of them pass; without priorities it would be all that are under way.
const SLOW: usize = 4;
const REMINDERS: usize = 200;
const MAY_PASS: usize = 5 * SLOW;

#[test]
fn a_code_does_not_wait_its_turn_behind_reminders_that_a_vendor_takes_slowly() {
    let patients = |n: usize| patient(&format!("p{n}"), &number_of(n), &format!("p{n}@mail.example"));
    let mut clinic = Clinic::new("fair", &(0..=REMINDERS).flat_map(patients).collect::<Vec<_>>());
    let Some((_centre, section)) = centre_named(&clinic, "centre", &format!("per_second = {SLOW}\n")) else { return };
    through(&mut clinic, "centre", &section);
    clinic.stop();
    // Tomorrow at an hour at which anybody in New York may be reminded.
    let tomorrow = (SystemClock.now().as_second().div_euclid(86_400) + 1) * 86_400 + 18 * 3600;
    if clinic.serve_from(Timestamp::from_second(tomorrow).expect("an instant")).is_none() {
        return;
    }
    let log = clinic.folder.join("centre.log");
    let mut client = clinic.client();
    let (address, key) = (clinic.address(), clinic.key.clone());
    let remind = |caller: usize| {
        let mut client = Client::new(address, &key);
        let ask = |n: usize| {
            let reminder = json!({
                "patient": format!("Patient/p{n}"), "purpose": "appointment_reminder", "channels": ["sms"],
                "template": { "name": "appointment_reminder", "data": { "start": "2027-12-04T14:00" } }
            });
            let answer = client.post("/v1/messages", &reminder);
            let taken = answer.json();
            assert_eq!(
                (answer.status, taken["decision"]["outcome"].as_str()),
                (202, Some("send")),
                "{}",
                answer.text()
            );
            taken["id"].as_str().expect("an id").to_owned()
        };
        (caller..REMINDERS).step_by(CALLERS).map(ask).last()
    };
    let last = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS).map(|caller| scope.spawn(move || remind(caller))).collect();
        callers.into_iter().filter_map(|caller| caller.join().expect("a caller ends")).next_back()
    });
    let last = last.expect("reminders");
    eventually("what waits says for what", || {
        let message = client.get(&format!("/v1/messages/{last}")).json();
        (message["deliveries"][0]["code"] == "rate:number").then_some(())
    });
    let sent = client.post("/v1/messages", &code(&format!("p{REMINDERS}"), "87654321"));
    assert_eq!(sent.status, 202, "{}", sent.text());
    let before = lines(&log);
    assert!(before + 2 * MAY_PASS < REMINDERS, "{before} are out already, and too few wait");
    let position = eventually("the code is out", || {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        text.lines().position(|line| line.contains("87654321"))
    });
    let passed = position.saturating_sub(before);
    assert!(passed <= MAY_PASS, "{passed} reminders went between the code and its way out");
    assert!(lines(&log) < REMINDERS, "reminders still wait");
    clinic.stop();
    assert_eq!(clinic.verify(&[]).0, 0);
}
