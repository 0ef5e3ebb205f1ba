//! What a page of choices shows is what is so; a factor that is asked for again may be any that the account has; and staff see what was asked
//! for.

use super::browser::hidden;
use super::ward::Ward;

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
