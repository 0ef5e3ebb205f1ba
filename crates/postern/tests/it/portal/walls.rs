//! Other people's ids: whatever is asked of them is answered as if they were nobody's.

use super::ward::Ward;
use crate::client::Answer;

/// An id that is of nothing.
const NOTHING: &str = "019b0000-0000-7000-8000-000000000000";

/// An answer without what differs from one request to the next, and without the id that was asked for.
fn told(answer: &Answer, id: &str, csrf: &str) -> String {
    let mut headers: Vec<String> = answer
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "x-request-id" | "date" | "content-length"))
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    headers.sort();
    format!("{} {} {}", answer.status, headers.join("\n"), answer.text()).replace(id, "ID").replace(csrf, "TOKEN")
}

#[test]
fn whose_an_id_is_that_is_not_ones_own_no_route_tells() {
    let mut ward = Ward::open("ids");
    let ids = [ward.theirs.clone(), ward.elsewhere.clone(), NOTHING.to_owned()];
    let browser = &mut ward.alma.browser;
    let csrf = browser.csrf();
    for path in ["/messages/ID", "/messages/ID/sent", "/messages/ID/confirm", "/messages/ID/stopped"] {
        let answers: Vec<String> =
            ids.iter().map(|id| told(&browser.get(&path.replace("ID", id)), id, &csrf)).collect();
        assert!(answers.iter().all(|answer| *answer == answers[2]), "{path}: {answers:?}");
        assert!(!answers[2].contains("8.2"), "{path}");
    }
    for (path, fields) in [
        ("/messages/ID/reply", &[("text", "to whom?")][..]),
        ("/account/end", &[("session", "ID")]),
        ("/account/person", &[("person", "ID")]),
        ("/account/proxy", &[("proxy", "RelatedPerson/ID")]),
    ] {
        let mut answers = Vec::new();
        for id in &ids {
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(n, v)| (*n, if v.contains("ID") { id.as_str() } else { v })).collect();
            let answer = browser.post(&path.replace("ID", id), &fields);
            assert!(matches!(answer.status, 404 | 303), "{path}: {}", answer.status);
            answers.push(told(&answer, id, &csrf));
        }
        assert!(answers.iter().all(|answer| *answer == answers[2]), "{path}: {answers:?}");
    }
    // A list that begins at somebody else's message is still one's own.
    for id in &ids {
        let list = browser.get(&format!("/messages?before={id}")).text();
        assert!(ids.iter().all(|id| !list.contains(&format!("/messages/{id}"))), "{list}");
    }
    let list = browser.get("/messages").text();
    assert!(list.contains(&ward.message) && ids.iter().all(|id| !list.contains(id)));
    // With one's own id each of these is something else.
    let own = browser.get(&format!("/messages/{}", ward.message));
    assert!(own.status == 200 && own.text().contains("8.2 %"), "{}", own.text());
    assert!(!ward.written().to_string().contains("to whom?"), "nothing was written to anybody");
}

#[test]
fn asking_for_other_peoples_messages_leaves_as_much_in_the_ledger_as_asking_for_nothing() {
    let mut ward = Ward::open("ids-entries");
    let mut grown = Vec::new();
    for id in [ward.theirs.clone(), ward.elsewhere.clone(), NOTHING.to_owned(), ward.message.clone()] {
        let before = ward.entries();
        for path in ["", "/sent", "/confirm", "/stopped"] {
            ward.alma.browser.get(&format!("/messages/{id}{path}"));
        }
        grown.push(ward.entries() - before);
    }
    assert_eq!(grown[..3], [0, 0, 0], "who may not read reads nothing, and nothing of it is anybody's to find");
    assert!(grown[3] >= 2, "what is one's own is entered: {grown:?}");
}

#[test]
fn an_end_of_another_accounts_session_ends_nothing() {
    let mut ward = Ward::open("ids-session");
    // The stranger's other device, by its true id.
    let mut phone = ward.stranger.elsewhere();
    let id = super::browser::hidden(&ward.stranger.browser.get("/account").text(), "session").expect("it is listed");
    assert_eq!(ward.alma.browser.post("/account/end", &[("session", &id)]).status, 404);
    assert_eq!(phone.get("/messages").status, 200);
    assert_eq!(ward.stranger.browser.post("/account/end", &[("session", &id)]).status, 303, "its owner may");
    assert_eq!(phone.get("/messages").status, 303);
}

#[test]
fn two_practices_never_see_each_others_patients() {
    let mut ward = Ward::open("two-practices");
    let mine = ward.alma.browser.get("/messages").text();
    let theirs = ward.stranger.browser.get("/messages").text();
    assert!(mine.contains(&ward.message) && !mine.contains(&ward.elsewhere));
    assert!(theirs.contains(&ward.elsewhere) && !theirs.contains(&ward.message));
    assert!(!mine.contains("Other") && !theirs.contains(">Clinic"), "nor each other's names");
    // The name of an account, its password and its invitation are of one practice.
    let mut there = ward.stranger.browser.other();
    let invitation = ward.invite("p2");
    let refused = there.answer_invitation(&invitation, ("1978", "10", "12"), "Beech");
    assert_eq!(refused.status, 422, "{}", refused.text());
    let code = ward.alma.paper.last().unwrap().clone();
    let first = there.post("/sign-in/password", &[("name", "alma"), ("password", super::browser::PASSWORD)]);
    assert_eq!(first.status, 303, "the stranger has the same name and password");
    assert_eq!(there.post("/sign-in/recovery", &[("code", &code)]).status, 422, "and other codes");
    // A step that was begun at one is none at the other.
    let mut begun = ward.nobody();
    begun.post("/sign-in/password", &[("name", "alma"), ("password", super::browser::PASSWORD)]);
    let step = begun.cookie("step").expect("the second factor is asked for");
    let mut carried = ward.stranger.browser.other();
    carried.get("/sign-in");
    carried.cookies.push(("postern-other-step".into(), step));
    let done = carried.post("/sign-in/recovery", &[("code", &code)]);
    assert_ne!(carried.get("/messages").status, 200, "{}", done.text());
}

#[test]
fn ending_that_nobody_stands_for_one_does_not_end_ones_own_way_in() {
    let mut ward = Ward::open("proxy-of-nobody");
    for nobody in ["", " ", "Patient/p1", "RelatedPerson/none"] {
        assert_eq!(ward.alma.browser.post("/account/proxy", &[("proxy", nobody)]).status, 404, "{nobody:?}");
    }
    assert_eq!(ward.alma.browser.post("/account/proxy", &[]).status, 404);
    assert_eq!(ward.alma.browser.get("/messages").status, 200);
    assert_eq!(ward.alma.elsewhere().get("/messages").status, 200, "and she signs in again");
}
