//! What a page of choices shows is what is so; a factor that is asked for again may be any that the account has; and staff see what was asked
//! for.

use super::browser::hidden;
use super::stories::known_of;
use super::ward::Ward;
use super::{Running, browser, tell};
use postern_base::Clock as _;

#[test]
fn the_page_of_choices_shows_what_may_come_and_staff_see_what_was_asked_for() {
    let mut ward = Ward::open("choices-shown");
    let browser = &mut ward.alma.browser;
    let page = browser.get("/choices").text();
    assert!(page.contains("value=\"appointment_reminder\""), "{page}");
    assert!(!page.contains("value=\"marketing\""), "offers come to nobody who has not signed: {page}");
    // What had no mark is not decided by saving the page.
    let first = hidden(&page, "point").expect("a number is on record");
    let fields = [("point", first.as_str()), (first.as_str(), "appointment_reminder")];
    assert_eq!(browser.post("/choices", &fields).status, 200);
    browser.post("/choices/offers", &[("agree", "yes"), ("signature", "Alma Beech")]);
    let page = browser.get("/choices").text();
    assert!(page.contains(&format!("id=\"{first}-marketing\" name=\"{first}\" value=\"marketing\" checked")), "{page}");
    assert!(!page.contains(&format!("id=\"{first}-billing\" name=\"{first}\" value=\"billing\" checked")), "{page}");

    // One way only: the others say that nothing comes there, and the one is not removed while it binds.
    assert_eq!(browser.post("/choices/one-place", &[("only", &first)]).status, 303);
    let page = browser.get("/choices").text();
    assert_eq!(page.matches("Nothing comes here, whatever is marked").count(), 1, "{page}");
    let kept = browser.post("/choices/points/remove", &[("point", &first)]);
    assert!(kept.status == 422 && kept.text().contains("only here"), "{}", kept.text());

    let before = ward.entries();
    let listed = ward.clinic.client().get("/v1/wishes?limit=10").json();
    assert_eq!(ward.entries(), before + 1, "who looked is written down");
    let newest = &listed["wishes"][0];
    assert_eq!(
        (newest["wish"].as_str(), newest["patient"].as_str()),
        (Some("only_at"), Some("Patient/p1")),
        "{listed}"
    );
    assert_eq!(newest["contact_point"].as_str(), Some("+12125550101"));
    assert_eq!(listed["wishes"][1]["signature"].as_str(), Some("Alma Beech"));
    assert!(ward.other_staff().get("/v1/wishes").json()["wishes"].as_array().is_some_and(Vec::is_empty));
}

#[test]
fn a_factor_that_is_asked_for_again_may_be_from_paper_and_leads_on_to_where_it_was_asked_for_and_nowhere_else() {
    let mut ward = Ward::open("factor-again");
    let codes = [ward.alma.paper.pop().unwrap(), ward.alma.paper.pop().unwrap()];
    let browser = &mut ward.alma.browser;
    let page = browser.get("/account/confirm?to=points").text();
    assert!(page.contains("id=\"code\"") && page.contains("/account/confirm?to=points&#38;with=recovery"), "{page}");
    let page = browser.get("/account/confirm?to=points&with=recovery").text();
    assert!(page.contains("value=\"recovery\"") && page.contains("with=code"), "{page}");
    let fields = |code, to| [("with", "recovery"), ("code", code), ("to", to)];
    let wrong = browser.post("/account/confirm", &fields("BCDF-GHJK-MNPQ-RSTV", "points"));
    assert!(wrong.status == 422 && wrong.text().contains("value=\"recovery\""), "the same way is asked for again");
    let on = browser.post("/account/confirm", &fields(&codes[0], "points"));
    assert_eq!((on.status, on.header("location")), (303, Some("/p/clinic/choices/points")), "{}", on.text());
    let on = browser.post("/account/confirm", &fields(&codes[1], "//evil.example/"));
    assert_eq!((on.status, on.header("location")), (303, Some("/p/clinic/account/security")));
}

/// Where messages go is worth as much as an account: a session that was found open changes nothing of it (house).
#[test]
fn after_ten_minutes_one_place_and_the_risk_of_e_mail_ask_for_a_factor_and_until_then_nothing_is_chosen() {
    let earlier = postern_base::SystemClock.now() - jiff::SignedDuration::from_secs(11 * 60);
    let mut running = Running::start_at("choices-later", earlier);
    let mut somebody = running.enrolled(0, "later");
    let place = hidden(&somebody.browser.get("/choices").text(), "point").expect("a number is on record");
    let serving = running.end_and_serve();
    let mut visitor = somebody.browser.at(serving.address);
    let mail = visitor.get("/choices").text();
    let mail = mail.split("name=\"point\" value=\"").filter_map(|rest| rest.split('"').next());
    let mail = mail.into_iter().find(|handle| handle.starts_with("email")).expect("an address is on record").to_owned();
    let pages = [("/choices/one-place", "only", &place, "one-place"), ("/choices/e-mail", "accepted", &mail, "e-mail")];
    let before = visitor.get("/choices/said").text();
    for (page, field, value, word) in pages {
        let confirm = format!("{}/account/confirm?to={word}", visitor.base);
        for asked in [visitor.get(page), visitor.post(page, &[(field, value)])] {
            assert_eq!((asked.status, asked.header("location")), (303, Some(confirm.as_str())), "{page}");
        }
    }
    let csrf = visitor.csrf();
    assert_eq!(visitor.get("/choices/said").text().replace(&csrf, ""), before.replace(&csrf, ""), "nothing was chosen");
    for (page, field, value, word) in pages {
        let paper = somebody.paper.pop().expect("a code is left");
        let on = visitor.post("/account/confirm", &[("with", "recovery"), ("code", &paper), ("to", word)]);
        let there = format!("{}{page}", visitor.base);
        assert_eq!((on.status, on.header("location")), (303, Some(there.as_str())), "{}", on.text());
        let saved = visitor.post(page, &[(field, value)]);
        assert!(saved.header("location").is_some_and(|to| to.ends_with("/choices/said?saved=1")), "{}", saved.text());
    }
    let said = visitor.get("/choices/said").text();
    assert!(said.contains("Only one way to reach me") && said.contains("E-mail risk accepted"), "{said}");
}

/// A number that was added and whose code nobody said may be a stranger's: it is not offered as the only way, nor taken.
#[test]
fn a_number_that_nobody_confirmed_is_not_the_only_way_to_be_reached() {
    let running = Running::start("only-way");
    let mut somebody = running.enrolled(0, "adder");
    let browser = &mut somebody.browser;
    let added = browser.post("/choices/points/add", &[("kind", "sms"), ("value", "212 555 0198"), ("shared", "no")]);
    assert_eq!(added.status, 303, "{}", added.text());
    let points = browser.get("/choices").text();
    let handles = points.split("name=\"point\" value=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let newest = handles.last().expect("it is on the page").to_owned();
    let page = browser.get("/choices/one-place").text();
    assert!(!page.contains(&format!("value=\"{newest}\"")), "{page}");
    assert!(page.contains("until you confirm it") && page.contains("/choices/points\">"), "{page}");
    let taken = browser.post("/choices/one-place", &[("only", &newest)]);
    assert!(taken.status == 422 && taken.text().contains("Confirm this one"), "{}", taken.text());
    assert!(!browser.get("/choices/said").text().contains("Only one way"));
}

#[test]
fn an_account_with_a_password_and_a_passkey_shows_either_when_a_factor_is_asked_for_again() {
    let Some(peers) = browser() else { return };
    let running = Running::start("story-mixed");
    let somebody = running.enrolled(0, "mixed");
    tell(&peers, "mixed", &known_of(&somebody, &running.root().0));
}
