//! Who guesses: at names, passwords, codes and invitations. What is heard tells nothing of who exists.

use super::browser::{Browser, PASSWORD};
use super::ward::Ward;
use crate::client::Answer;
use std::time::{Duration, Instant};

/// What a page says, without what this browser and this guess brought to it.
fn said(answer: &Answer, guess: &str, csrf: &str) -> String {
    let headers: Vec<&(String, String)> = answer
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "x-request-id" | "date" | "content-length"))
        .collect();
    let text = answer.text();
    let text = if guess.is_empty() { text } else { text.replace(guess, "GUESS") };
    format!("{} {headers:?} {}", answer.status, text.replace(csrf, "TOKEN"))
}

#[test]
fn whether_there_is_an_account_is_in_no_answer_however_often_one_asks() {
    let ward = Ward::open("enumerated");
    let mut heard = Vec::new();
    for name in ["alma", "nobody-at-all"] {
        let mut attacker = ward.nobody();
        attacker.get("/sign-in/password");
        let csrf = attacker.csrf();
        let before = ward.entries();
        let answers: Vec<String> = (0..8)
            .map(|n| {
                let guess = format!("a guess, the {n}th");
                let answer = attacker.post("/sign-in/password", &[("name", name), ("password", &guess)]);
                assert!(!answer.text().contains(&guess), "a password is not said back");
                said(&answer, name, &csrf)
            })
            .collect();
        assert_eq!(ward.entries(), before, "no guess grows the ledger");
        heard.push(answers);
    }
    for (of_alma, of_nobody) in heard[0].iter().zip(&heard[1]) {
        assert_eq!(of_alma, of_nobody);
    }
    assert_ne!(heard[0][0], heard[0][7], "after some guesses one waits");
}

/// A timer is never early, however busy the machine is: what is answered before this was answered as soon as it was known.
const BEAT: Duration = Duration::from_millis(100);

#[test]
fn no_guess_is_answered_before_its_beat_whether_there_is_something_or_nothing() {
    let mut ward = Ward::open("timed");
    let real = ward.invite("p2");
    let took = |browser: &mut Browser, path: &str, fields: &[(&str, &str)]| {
        let csrf = browser.csrf();
        let all = [&[("csrf", csrf.as_str())], fields].concat();
        let origin = browser.origin();
        let begun = Instant::now();
        let answer = browser.form(path, &all, &[("Origin", &origin), ("Sec-Fetch-Site", "same-origin")]);
        (begun.elapsed(), answer.status)
    };
    let late = |(took, status): (Duration, u16), wanted: u16, what: &str| {
        assert_eq!(status, wanted, "{what}");
        assert!(took >= BEAT, "{what}: {took:?}");
    };
    let mut attacker = ward.nobody();
    for name in ["alma", "nobody-at-all"] {
        late(took(&mut attacker, "/sign-in/password", &[("name", name), ("password", "a guess")]), 422, name);
        // The page is the same; only the message goes to somebody or to nobody.
        late(took(&mut attacker, "/sign-in/by-text", &[("name", name)]), 303, name);
        late(took(&mut attacker, "/sign-in/text/code", &[("code", "000000")]), 422, name);
    }
    for code in [real.as_str(), "BCDF-GHJK-MNPQ"] {
        let fields =
            [("invitation", code), ("born-year", "1978"), ("born-month", "10"), ("born-day", "1"), ("other", "Beech")];
        late(took(&mut attacker, "/enrol/more", &fields), 422, code);
        late(took(&mut ward.alma.browser, "/account/person/add", &fields), 422, code);
    }
    let mut finder = ward.nobody();
    assert_eq!(finder.post("/sign-in/password", &[("name", "alma"), ("password", PASSWORD)]).status, 303);
    for (path, code) in [("/sign-in/code", "000000"), ("/sign-in/recovery", "BCDF-GHJK-MNPQ-RSTV")] {
        late(took(&mut finder, path, &[("code", code)]), 422, path);
    }
}

#[test]
fn who_guesses_waits_and_the_right_password_from_there_is_not_heard_meanwhile() {
    let ward = Ward::open("guessed");
    let mut attacker = ward.nobody();
    let mut last = String::new();
    for n in 0..8 {
        let guess = format!("a guess, the {n}th");
        last = attacker.post("/sign-in/password", &[("name", "alma"), ("password", &guess)]).text();
    }
    assert!(last.contains("minute"), "{last}");
    let right = attacker.post("/sign-in/password", &[("name", "alma"), ("password", PASSWORD)]);
    assert_eq!(right.status, 422, "who found it by guessing does not learn that");
    assert!(attacker.cookie("step").is_none());
}

#[test]
fn a_second_factor_is_guessed_five_times_and_then_the_password_is_asked_for_again() {
    let mut ward = Ward::open("second-guessed");
    let mut attacker = ward.nobody();
    assert_eq!(attacker.post("/sign-in/password", &[("name", "alma"), ("password", PASSWORD)]).status, 303);
    let step = attacker.cookie("step").expect("a step is begun");
    let guesses: Vec<u16> = (0..8).map(|_| attacker.post("/sign-in/code", &[("code", "000000")]).status).collect();
    assert!(guesses[..4].iter().all(|status| *status == 422), "{guesses:?}");
    attacker.cookies.retain(|(name, _)| !name.ends_with("-step"));
    attacker.cookies.push(("postern-clinic-step".into(), step));
    let code = ward.alma.paper.pop().unwrap();
    let late = attacker.post("/sign-in/recovery", &[("code", &code)]);
    assert_ne!(attacker.get("/messages").status, 200, "the right code comes too late: {}", late.text());
}

#[test]
fn an_invitation_says_nothing_of_itself_and_is_spent_by_guessing() {
    let ward = Ward::open("invited");
    let real = ward.invite("p2");
    let mut heard = Vec::new();
    for code in [real.as_str(), "BCDF-GHJK-MNPQ"] {
        let mut attacker = ward.nobody();
        attacker.get("/enrol");
        let csrf = attacker.csrf();
        let answers: Vec<String> = (1..=6)
            .map(|day| {
                let day = day.to_string();
                said(&attacker.answer_invitation(code, ("1978", "10", &day), "Beech"), code, &csrf)
            })
            .collect();
        heard.push(answers);
    }
    assert_eq!(heard[0], heard[1]);
    let mut owner = ward.nobody();
    let late = owner.answer_invitation(&real, ("1978", "10", "12"), "Beech");
    assert_eq!(late.status, 422, "who holds the code cannot try every birthday");
    let fresh = ward.invite("p2");
    let mut patient = ward.nobody();
    assert_eq!(patient.answer_invitation(&fresh, ("1978", "10", "12"), "Beech").status, 303, "a new one is good");
}

#[test]
fn an_invitation_works_once() {
    let ward = Ward::open("invited-once");
    let code = ward.invite("p2");
    let sam = ward.nobody().enrol(&code, "sam");
    assert!(sam.browser.cookie("session").is_some());
    let mut second: Browser = ward.nobody();
    let again = second.answer_invitation(&code, ("1978", "10", "12"), "Beech");
    assert_eq!(again.status, 422, "{}", again.text());
    assert!(second.cookie("step").is_none());
}
