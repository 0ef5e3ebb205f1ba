//! What a patient chooses in the portal, and that the next decision obeys it.

use crate::clinic::{Clinic, NUMBER, reminder, result};
use crate::portal::{enrol, sent, visitor};
use crate::records;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use postern_base::{Channel, Language, MessageId, Phi, Purpose};
use postern_engine::faults::NoFaults;
use postern_engine::portal::{
    Aal, NotNow, Person, PlainReason, PointRefused, Progress, Replied, Shown, Sought, Upload, Visitor,
};
use postern_ledger::Proof;
use serde_json::{Value, json};
use std::sync::Arc;

const NEW: &str = "+12125550177";

fn words() -> Shown {
    Shown { words: "The words on the page.".into(), language: Language::En }
}

/// Alma, signed in, at a clinic with two visits of hers to come.
async fn alma() -> (Clinic, Visitor) {
    let mut resources = records::patient("p1", NUMBER, "pat@example.org");
    resources.push(records::appointment("a1", "p1", "booked", "2026-12-04T14:00:00-05:00"));
    resources.push(records::appointment("a2", "p1", "booked", "2026-12-05T14:00:00-05:00"));
    let clinic = Clinic::open_with(resources, Arc::new(NoFaults)).await;
    let (signed_in, _) = enrol(&clinic, "Patient/p1", None, "alma").await;
    let alma = visitor(&clinic, &signed_in).await;
    (clinic, alma)
}

/// A reminder that names no visit, so that it is nobody's duplicate.
fn told(day: u8) -> Value {
    let mut request = reminder("a1");
    request["template"]["data"]["start"] = json!(format!("2026-12-{day:02}T10:00"));
    request.as_object_mut().unwrap().remove("event");
    request
}

async fn by_text(clinic: &Clinic, request: &Value) -> bool {
    let answer = clinic.send(request).await.decision;
    answer.deliveries.iter().any(|one| one.channel == Channel::Sms && one.not_before.is_none())
}

/// The code in the newest text that arrived at `to`.
fn code_at(clinic: &Clinic, to: &str) -> String {
    let texts = clinic.arrivals(Channel::Sms);
    let text = texts.iter().rfind(|text| text.to.reveal() == to).unwrap();
    text.body.reveal().split(|c: char| !c.is_ascii_digit()).find(|digits| digits.len() == 6).unwrap().to_owned()
}

#[tokio::test]
async fn a_stop_said_anywhere_is_shown_as_it_stands_and_marking_again_takes_it_back() {
    let (mut clinic, alma) = alma().await;
    let message = sent(&clinic, &told(10)).await;
    let before = clinic.engine.choices(&alma).await.unwrap();
    assert!(before.points.iter().all(|point| !point.stopped && point.verified));
    clinic.minutes(1);
    assert_eq!(clinic.engine.reply(&alma, message, "stop", &[]).await.unwrap(), Replied::Stopped);
    let after = clinic.engine.choices(&alma).await.unwrap();
    assert!(after.points.iter().all(|point| point.stopped), "{after:?}");
    clinic.minutes(1);
    assert!(!by_text(&clinic, &told(11)).await);
    let sms = after.points.iter().find(|point| point.channel == Channel::Sms).unwrap();
    clinic.engine.choose(&alma, &sms.handle, &[Purpose::AppointmentReminder], &words()).await.unwrap();
    // One automated text about care a day (RULES TCP-03): the next one is for tomorrow.
    clinic.minutes(24 * 60);
    let again = clinic.engine.choices(&alma).await.unwrap();
    assert_eq!(again.points[0].wanted, [Purpose::AppointmentReminder]);
    assert!(again.points.iter().any(|point| point.channel == Channel::Email && point.stopped), "mail stays stopped");
    assert!(by_text(&clinic, &told(12)).await);
    clinic.patient_writes(NUMBER, "should I stop?").await;
    assert!(clinic.engine.choices(&alma).await.unwrap().points[0].unclear);
}

#[tokio::test]
async fn hours_that_are_chosen_hold_what_comes_at_another_time_also_what_is_queued() {
    let (clinic, alma) = alma().await;
    assert!(clinic.engine.choose_hours(&alma, Some((2, 5)), &words()).await.is_err(), "nothing goes out at night");
    // It is mid-morning; the evening is hours away.
    clinic.engine.choose_hours(&alma, Some((17, 20)), &words()).await.unwrap();
    assert_eq!(clinic.engine.choices(&alma).await.unwrap().hours, Some((17, 20)));
    assert!(!by_text(&clinic, &told(10)).await);
    clinic.settle().await;
    assert!(clinic.arrivals(Channel::Sms).is_empty());
    clinic.engine.choose_hours(&alma, None, &words()).await.unwrap();
    assert!(by_text(&clinic, &told(11)).await);
}

#[tokio::test]
async fn messages_come_in_the_language_that_was_chosen() {
    let (clinic, alma) = alma().await;
    clinic.engine.choose_message_language(&alma, Language::Es, &words()).await.unwrap();
    clinic.send(&told(10)).await;
    clinic.settle().await;
    assert!(clinic.arrivals(Channel::Sms)[0].body.reveal().contains("cita"));
}

#[tokio::test]
async fn a_number_that_is_added_counts_once_its_code_was_said_and_can_go_first_or_go() {
    let (clinic, alma) = alma().await;
    let engine = &clinic.engine;
    let add = |text| engine.add_point(&alma, (Channel::Sms, text, false), WORDS.get_or_init(words));
    assert_eq!(add("not a number").await, Err(PointRefused::NotOne));
    assert_eq!(add(NUMBER).await, Err(PointRefused::Known));
    let message = add("(212) 555-0177").await.unwrap();
    clinic.settle().await;
    let point = || async { engine.choices(&alma).await.unwrap().points.into_iter().find(|one| one.ends == "…77") };
    let added = point().await.unwrap();
    assert!(!added.verified);
    let code = code_at(&clinic, NEW);
    let wrong = if code == "000000" { "000001" } else { "000000" };
    assert_eq!(engine.confirm_point(&alma, message, wrong).await, Err(PointRefused::WrongCode));
    engine.confirm_point(&alma, message, &code).await.unwrap();
    assert_eq!(engine.confirm_point(&alma, message, &code).await, Err(PointRefused::WrongCode), "a code works once");
    assert!(point().await.unwrap().verified);
    engine.prefer_point(&alma, &added.handle, &words()).await.unwrap();
    clinic.minutes(1);
    clinic.send(&told(10)).await;
    clinic.settle().await;
    assert_eq!(clinic.arrivals(Channel::Sms).last().unwrap().to.reveal(), NEW);
    engine.remove_point(&alma, &added.handle, &words()).await.unwrap();
    clinic.minutes(24 * 60);
    assert!(point().await.is_none());
    clinic.send(&told(11)).await;
    clinic.settle().await;
    assert_eq!(clinic.arrivals(Channel::Sms).last().unwrap().to.reveal(), NUMBER);
    let said: Vec<&str> = engine.said(&alma).await.unwrap().iter().map(|one| one.what).collect();
    assert_eq!(said, ["point_removed", "point_first", "point_added"]);
}

static WORDS: std::sync::OnceLock<Shown> = std::sync::OnceLock::new();

#[tokio::test]
async fn a_code_is_over_after_five_minutes_and_nobody_floods_strangers_with_codes() {
    let (clinic, alma) = alma().await;
    let engine = &clinic.engine;
    let message = engine.add_point(&alma, (Channel::Sms, NEW, false), &words()).await.unwrap();
    clinic.settle().await;
    clinic.minutes(6);
    let late = engine.confirm_point(&alma, message, &code_at(&clinic, NEW)).await;
    assert_eq!(late, Err(PointRefused::WrongCode));
    for number in 1..5 {
        let text = format!("+1212555018{number}");
        engine.add_point(&alma, (Channel::Sms, &text, false), &words()).await.unwrap();
    }
    let more = engine.add_point(&alma, (Channel::Sms, "+12125550190", false), &words()).await;
    assert_eq!(more, Err(PointRefused::TooMany));
}

/// Five codes an hour go to one place: who adds a stranger's number leaves the stranger most of them.
#[tokio::test]
async fn a_place_that_is_added_gets_two_codes_and_then_one_an_hour() {
    let (clinic, alma) = alma().await;
    let ask = || clinic.engine.add_point(&alma, (Channel::Sms, NEW, false), WORDS.get_or_init(words));
    for _ in 0..2 {
        ask().await.unwrap();
    }
    assert_eq!(ask().await, Err(PointRefused::TooMany));
    clinic.settle().await;
    let went = clinic.arrivals(Channel::Sms).iter().filter(|text| text.to.reveal() == NEW).count();
    assert_eq!(went, 2);
    clinic.minutes(61);
    let mut later = alma.clone();
    later.confirmed_at = Some(clinic.engine.clock().now());
    let ask = || clinic.engine.add_point(&later, (Channel::Sms, NEW, false), WORDS.get_or_init(words));
    ask().await.unwrap();
    assert_eq!(ask().await, Err(PointRefused::TooMany));
}

#[tokio::test]
async fn an_emergency_contact_is_named_and_taken_back() {
    let (clinic, alma) = alma().await;
    let engine = &clinic.engine;
    assert!(engine.choose_emergency_contact(&alma, ("Ida Beech", "soon", "sister"), &words()).await.is_err());
    engine.choose_emergency_contact(&alma, ("Ida Beech", "212 555 0166", "sister"), &words()).await.unwrap();
    let known = engine.choices(&alma).await.unwrap().emergency;
    assert_eq!(known, Some(("Ida Beech".into(), "+12125550166".into(), "sister".into())));
    engine.choose_emergency_contact(&alma, ("", "", ""), &words()).await.unwrap();
    assert_eq!(engine.choices(&alma).await.unwrap().emergency, None);
}

#[tokio::test]
async fn a_link_ends_its_kind_of_message_by_a_press_and_by_nothing_less() {
    let (clinic, alma) = alma().await;
    let engine = &clinic.engine;
    sent(&clinic, &result(None)).await;
    let text = clinic.arrivals(Channel::Sms).pop().unwrap();
    let token = text.body.reveal().split("/m/").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let token = token.trim_end_matches(['.', ',']).to_owned();
    let offer = engine.stop_offer(&token).await.unwrap().unwrap();
    assert_eq!((offer.purpose, offer.names_kind), (Purpose::TestResult, false), "whoever holds a link learns little");
    assert_eq!(offer.places, [(Channel::Sms, "…01".to_owned())]);
    assert_eq!(offer.initials, ['A']);
    let stopped = || async {
        let points = engine.choices(&alma).await.unwrap().points;
        !points.iter().find(|one| one.channel == Channel::Sms).unwrap().wanted.contains(&Purpose::TestResult)
    };
    assert!(!stopped().await, "looking changes nothing");
    assert!(engine.stop_by_link(&token).await.unwrap());
    assert!(engine.stop_by_link(&token).await.unwrap(), "twice is harmless");
    assert!(stopped().await);
    // The page named no kind: to its reader every such notice is the same, so all of them end there, and a reminder does not.
    let points = engine.choices(&alma).await.unwrap().points;
    let sms = points.iter().find(|one| one.channel == Channel::Sms).unwrap();
    for purpose in [Purpose::Medication, Purpose::FollowUp, Purpose::TreatmentUpdate, Purpose::Billing] {
        assert!(!sms.wanted.contains(&purpose), "{purpose}");
    }
    assert!(sms.wanted.contains(&Purpose::AppointmentReminder));
    let said = engine.said(&alma).await.unwrap();
    assert_eq!((said.len(), said[0].what, said[0].ends.as_deref()), (1, "stop", Some("…01")), "one press is one line");
    assert!(said[0].purposes.contains(&Purpose::Billing));
    clinic.minutes(24 * 60);
    assert!(by_text(&clinic, &told(9)).await, "another kind still comes");
    assert!(engine.stop_offer("nothing").await.unwrap().is_none() && !engine.stop_by_link("nothing").await.unwrap());
}

#[tokio::test]
async fn a_number_that_two_share_says_whose_it_is() {
    let (clinic, _) = alma().await;
    let mut other = records::patient("p2", NUMBER, "sam@example.org");
    other[0]["name"] = json!([{"use": "official", "family": "Beech", "given": ["Sam"]}]);
    clinic.import(other).await;
    sent(&clinic, &result(None)).await;
    let text = clinic.arrivals(Channel::Sms).pop().unwrap();
    let token = text.body.reveal().split("/m/").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let offer = clinic.engine.stop_offer(token.trim_end_matches(['.', ','])).await.unwrap().unwrap();
    assert_eq!(offer.initials, ['A', 'S']);
}

#[tokio::test]
async fn why_a_message_came_this_way_is_told_by_what_was_done_and_what_spoke_against_more() {
    let (clinic, alma) = alma().await;
    let message = sent(&clinic, &result(None)).await;
    let why = clinic.engine.why(&alma, message).await.unwrap();
    let text = why.taken.iter().find(|way| way.channel == Channel::Sms).unwrap();
    assert_eq!((text.progress, text.ends.as_deref()), (Progress::Sent, Some("…01")));
    assert!(text.by.is_some() && text.no_more.contains(&PlainReason::Private), "{text:?}");
    assert!(why.not_taken.iter().all(|one| one.channel != Channel::Sms && !one.reasons.is_empty()));
}

#[tokio::test]
async fn a_word_is_looked_for_only_in_what_may_be_opened_and_kinds_and_times_in_all() {
    let (clinic, alma) = alma().await;
    let first = sent(&clinic, &result(None)).await;
    clinic.minutes(60 * 24 * 5);
    let second = sent(&clinic, &told(30)).await;
    let find = |sought: Sought| {
        let (engine, alma) = (&clinic.engine, &alma);
        async move {
            let (found, more) = engine.find_messages(alma, &sought, None).await.unwrap();
            assert_eq!(more, None);
            found.into_iter().map(|one| one.message).collect::<Vec<MessageId>>()
        }
    };
    let word = |word: &str| Sought { word: word.into(), ..Sought::default() };
    assert_eq!(find(word("hba1c")).await, [first]);
    assert_eq!(find(word("  ")).await, [second, first]);
    assert!(find(word("umbrella")).await.is_empty());
    let kind = Sought { purpose: Some(Purpose::AppointmentReminder), ..Sought::default() };
    assert_eq!(find(kind).await, [second]);
    let since = clinic.engine.clock().now() - SignedDuration::from_hours(24);
    assert_eq!(find(Sought { since: Some(since), ..Sought::default() }).await, [second]);
    let mut weak = alma.clone();
    weak.aal = Aal::Aal1;
    let (found, _) = clinic.engine.find_messages(&weak, &word("hba1c"), None).await.unwrap();
    assert!(found.is_empty(), "a word of what needs a second factor is not looked for without one");
}

#[tokio::test]
async fn who_writes_more_than_people_write_is_asked_to_wait_and_danger_is_heard_all_the_same() {
    let (clinic, alma) = alma().await;
    let message = sent(&clinic, &result(None)).await;
    let engine = &clinic.engine;
    for nth in 0..20 {
        assert_eq!(engine.reply(&alma, message, &format!("Question {nth}"), &[]).await.unwrap(), Replied::Taken);
    }
    assert_eq!(engine.reply(&alma, message, "One more", &[]).await.unwrap(), Replied::TooMany);
    assert_eq!(engine.reply(&alma, message, "I want to kill myself", &[]).await.unwrap(), Replied::Danger);
    assert_eq!(engine.portal_thread(&alma, message).await.unwrap().replies.len(), 21);
    clinic.minutes(61);
    assert_eq!(engine.reply(&alma, message, "One more", &[]).await.unwrap(), Replied::Taken);
}

#[tokio::test]
async fn nothing_of_this_is_anothers_to_choose() {
    let (clinic, alma) = alma().await;
    let mut proxy = alma.clone();
    proxy.person = Person::Proxy(Phi::new("RelatedPerson/r1".into()));
    let engine = &clinic.engine;
    assert!(engine.choose_hours(&proxy, None, &words()).await.is_err());
    assert!(engine.choose_message_language(&proxy, Language::Es, &words()).await.is_err());
    assert!(engine.add_point(&proxy, (Channel::Sms, NEW, false), &words()).await.is_err());
    let mut weak = alma.clone();
    weak.aal = Aal::Aal1;
    let refused = engine.add_point(&weak, (Channel::Sms, NEW, false), &words()).await;
    assert_eq!(refused, Err(PointRefused::SignInStronger), "where messages go is changed by who showed two factors");
    let none = MessageId(uuid::Uuid::from_u128(7));
    assert_eq!(engine.confirm_point(&alma, none, "123456").await, Err(PointRefused::WrongCode));
    assert_eq!(engine.why(&alma, none).await.unwrap_err(), NotNow::NotFound);
}

#[tokio::test]
async fn a_stop_in_so_many_words_stands_among_what_was_said() {
    let (clinic, alma) = alma().await;
    let message = sent(&clinic, &result(None)).await;
    assert!(clinic.engine.said(&alma).await.unwrap().is_empty());
    clinic.engine.reply(&alma, message, "STOP", &[]).await.unwrap();
    let said = clinic.engine.said(&alma).await.unwrap();
    assert_eq!(said.iter().map(|one| (one.what, one.ends.clone())).collect::<Vec<_>>(), [("stop", None)]);
}

#[tokio::test]
async fn the_only_place_that_was_asked_for_is_not_removed_while_it_binds() {
    let (clinic, alma) = alma().await;
    let engine = &clinic.engine;
    let email = engine.choices(&alma).await.unwrap().points.into_iter().find(|one| one.channel == Channel::Email);
    let email = email.unwrap().handle;
    engine.reach_only_at(&alma, Some(&email), &words()).await.unwrap();
    assert_eq!(engine.remove_point(&alma, &email, &words()).await, Err(PointRefused::OnlyOne));
    engine.reach_only_at(&alma, None, &words()).await.unwrap();
    assert_eq!(engine.remove_point(&alma, &email, &words()).await, Ok(()));
}

/// 45 CFR 164.522(b)(1)(ii)(A): what is on record may be the only way, a landline too. What was added and never confirmed may be a stranger's.
#[tokio::test]
async fn the_only_way_is_one_of_the_record_or_one_whose_code_was_said() {
    let (clinic, alma) = alma().await;
    let mut record = records::patient("p1", NUMBER, "pat@example.org").remove(0);
    record["telecom"].as_array_mut().unwrap().push(json!({"system": "phone", "value": "+12125550199", "use": "home"}));
    clinic.import(vec![record]).await;
    let engine = &clinic.engine;
    let message = engine.add_point(&alma, (Channel::Sms, NEW, false), &words()).await.unwrap();
    clinic.settle().await;
    let called =
        async |ends: &str| engine.choices(&alma).await.unwrap().points.into_iter().find(|one| one.ends == ends);
    let (added, landline) = (called("…77").await.unwrap(), called("…99").await.unwrap());
    assert!(!added.may_be_only && landline.may_be_only && !landline.verified);
    let refused = engine.reach_only_at(&alma, Some(&added.handle), &words()).await;
    assert!(matches!(refused, Err(postern_engine::UseError::Malformed(_))), "{refused:?}");
    assert!(engine.choices(&alma).await.unwrap().points.iter().all(|one| !one.only));
    engine.reach_only_at(&alma, Some(&landline.handle), &words()).await.unwrap();
    engine.reach_only_at(&alma, None, &words()).await.unwrap();
    engine.confirm_point(&alma, message, &code_at(&clinic, NEW)).await.unwrap();
    assert!(called("…77").await.unwrap().may_be_only);
    engine.reach_only_at(&alma, Some(&added.handle), &words()).await.unwrap();
}

#[tokio::test]
async fn staff_see_what_patients_asked_for_and_that_they_looked_is_entered() {
    let (clinic, alma) = alma().await;
    let engine = &clinic.engine;
    let mail = engine.choices(&alma).await.unwrap().points.into_iter().find(|one| one.channel == Channel::Email);
    engine.reach_only_at(&alma, Some(&mail.unwrap().handle), &words()).await.unwrap();
    engine.choose_emergency_contact(&alma, ("Ida Beech", "212 555 0166", "sister"), &words()).await.unwrap();
    engine.choose_hours(&alma, Some((9, 12)), &words()).await.unwrap();
    let (all, more) = engine.wish_list(&clinic.principal, None, None, 50).await.unwrap();
    assert_eq!(all.iter().map(|one| one.wish).collect::<Vec<_>>(), ["times", "emergency", "only_at"]);
    assert!(more.is_none() && all.iter().all(|one| one.patient == "Patient/p1" && !one.shown.is_empty()));
    assert_eq!(all[2].contact_point.as_deref(), Some("pat@example.org"));
    assert_eq!(all[1].emergency_contact.as_ref().unwrap().phone, "+12125550166");
    // A page at a time, and of one patient.
    let (first, next) = engine.wish_list(&clinic.principal, None, None, 1).await.unwrap();
    let (second, _) = engine.wish_list(&clinic.principal, None, next, 1).await.unwrap();
    assert_eq!((first[0].wish, second[0].wish), ("times", "emergency"));
    assert!(engine.wish_list(&clinic.principal, Some("Patient/p2"), None, 50).await.unwrap().0.is_empty());
    let weak =
        postern_engine::Principal { scopes: vec![postern_engine::Scope::ConsentRead], ..clinic.principal.clone() };
    assert!(engine.wish_list(&weak, None, None, 50).await.is_err());
}

#[tokio::test]
async fn a_download_is_one_write_however_much_it_holds_and_takes_no_mark_of_new_away() {
    let (clinic, alma) = alma().await;
    let message = sent(&clinic, &result(None)).await;
    for day in 10..20 {
        sent(&clinic, &told(day)).await;
        clinic.minutes(1);
    }
    let commits = || clinic.engine.store().stats().commits;
    let before = commits();
    let all = clinic.engine.history_with_proofs(&alma, None, 100).await.unwrap().proven;
    assert_eq!(all.len(), 11);
    assert!(all.iter().all(|one| one.proof.is_some()));
    assert!(commits() - before <= 3, "{}", commits() - before);
    let (listed, _) = clinic.engine.portal_messages(&alma, None, 50).await.unwrap();
    assert!(listed.iter().all(|one| one.read_at.is_none()));
    let by = clinic.engine.opened_by(&alma, message).await.unwrap();
    assert_eq!(by.iter().map(|one| one.why.as_str()).collect::<Vec<_>>(), ["downloaded_by_patient"]);
}

#[tokio::test]
async fn one_text_of_a_download_is_held_against_the_ledger_from_the_file_alone() {
    let (clinic, alma) = alma().await;
    sent(&clinic, &result(None)).await;
    let part = clinic.engine.history_with_proofs(&alma, None, 100).await.unwrap();
    assert_eq!(part.left_out, 0);
    let (one, key) = (&part.proven[0], clinic.engine.proofs_key().unwrap());
    let leaf = one.leaf.as_ref().unwrap();
    let proof = Proof::parse(one.proof.as_ref().unwrap()).unwrap();
    proof.verify(leaf.as_bytes(), &key.trim().parse().unwrap()).unwrap();
    assert!(proof.verify(leaf.replace("portal", "Portal").as_bytes(), &key.trim().parse().unwrap()).is_err());
    let opening = one.opening.as_ref().unwrap().reveal();
    let mut bytes = [0u8; 32];
    for (nth, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(opening.get(nth * 2..nth * 2 + 2).unwrap(), 16).unwrap();
    }
    let hmac_key = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
    let subject = one.subject.as_ref().map_or("", |subject| subject.reveal());
    let committed = |body: &str| {
        let tag = hmac::sign(&hmac_key, format!("rendition\0{subject}\0{body}").as_bytes());
        let text = STANDARD.encode(tag.as_ref());
        leaf.contains(&text)
    };
    assert!(committed(one.body.reveal()), "{leaf}");
    assert!(!committed(&one.body.reveal().replace("8.2", "5.2")), "another text is not what was entered");
}

/// The commitment as the leaf writes it, under the key that the download gives.
pub(crate) fn stated(opening: &str, what: &str) -> String {
    let bytes: Vec<u8> =
        (0..32).map(|nth| u8::from_str_radix(opening.get(nth * 2..nth * 2 + 2).unwrap(), 16).unwrap()).collect();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &bytes), what.as_bytes());
    STANDARD.encode(tag.as_ref())
}

#[tokio::test]
async fn what_the_patient_wrote_is_in_the_download_with_its_files_and_a_proof_of_each() {
    let (clinic, alma) = alma().await;
    let (message, other) = (sent(&clinic, &result(None)).await, sent(&clinic, &told(10)).await);
    let content: Arc<[u8]> = Arc::from(b"Swollen since Monday.\n".as_slice());
    let note = Upload { name: Phi::new("knee.txt".into()), content: Phi::new(Arc::clone(&content)) };
    let engine = &clinic.engine;
    engine.reply(&alma, message, "hello", &[]).await.unwrap();
    engine.reply(&alma, message, "hello", &[note]).await.unwrap();
    let part = engine.history_with_proofs(&alma, None, 100).await.unwrap();
    assert!(part.all_written && part.left_out == 0);
    let of = |id| part.proven.iter().find(|one| one.message == id).unwrap();
    assert!(of(other).written.is_empty());
    let [first, second] = of(message).written.as_slice() else { panic!("two answers were written") };
    assert_eq!((first.text.reveal().as_str(), first.files.len(), second.files.len()), ("hello", 0, 1));
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &content);
    assert_eq!(second.files[0].digest.as_ref().unwrap(), digest.as_ref());
    let opening = of(message).opening.as_ref().unwrap().reveal();
    let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let key = engine.proofs_key().unwrap();
    for (words, said) in [(first, "written\0hello".to_owned()), (second, format!("written\0hello\0{hex}"))] {
        let leaf = words.leaf.as_ref().unwrap();
        let proof = Proof::parse(words.proof.as_ref().unwrap()).unwrap();
        proof.verify(leaf.as_bytes(), &key.trim().parse().unwrap()).unwrap();
        assert!(leaf.contains(&stated(opening, &said)), "{leaf}");
        assert!(!leaf.contains(&stated(opening, &said.replace("hello", "hallo"))));
    }
}

#[tokio::test]
async fn a_download_says_how_many_messages_it_lacks_to_the_patient_and_to_nobody_who_stands_for_them() {
    let (clinic, alma) = alma().await;
    sent(&clinic, &result(None)).await;
    let mut weak = alma.clone();
    weak.aal = Aal::Aal1;
    let part = clinic.engine.history_with_proofs(&weak, None, 100).await.unwrap();
    assert_eq!((part.proven.len(), part.left_out), (0, 1));
    let mut proxy = weak;
    proxy.person = Person::Proxy(Phi::new("RelatedPerson/r1".into()));
    let part = clinic.engine.history_with_proofs(&proxy, None, 100).await.unwrap();
    assert_eq!((part.proven.len(), part.left_out), (0, 0));
}

/// RULES section 6: of two patients with one number, the stricter request for confidential communications wins (45 CFR 164.522(b)).
#[tokio::test]
async fn who_asks_to_be_reached_elsewhere_is_heard_at_a_number_that_is_anothers_too() {
    let mut resources = records::patient("p1", NUMBER, "pat@example.org");
    resources.extend(records::patient("p2", NUMBER, "lee@example.org"));
    resources.push(records::appointment("a1", "p1", "booked", "2026-12-04T14:00:00-05:00"));
    let clinic = Clinic::open_with(resources, Arc::new(NoFaults)).await;
    let (signed_in, _) = enrol(&clinic, "Patient/p2", None, "lee").await;
    let lee = visitor(&clinic, &signed_in).await;
    assert!(clinic.engine.code_numbers(&lee).await.unwrap().is_empty(), "each would read the other's codes");
    assert!(by_text(&clinic, &told(4)).await);
    let mail = clinic.engine.choices(&lee).await.unwrap().points;
    let mail = mail.iter().find(|one| one.channel == Channel::Email).unwrap();
    clinic.engine.reach_only_at(&lee, Some(&mail.handle), &words()).await.unwrap();
    assert!(!by_text(&clinic, &told(5)).await);
    clinic.engine.reach_only_at(&lee, None, &words()).await.unwrap();
    clinic.minutes(60 * 24);
    assert!(by_text(&clinic, &told(6)).await);
}
