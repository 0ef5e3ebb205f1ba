//! How a patient wants to be reached: what may come where, one place only, the risk of e-mail, offers, and what was said before.

use super::form::{Choice, Field, Form, Kind, Wrong};
use super::page::{Frame, Link, Notice, draw, go};
use super::visit::Visit;
use crate::problem::Problem;
use crate::web::Web;
use askama::Template;
use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use postern_base::{Channel, Purpose};
use postern_engine::portal::{CHOSEN, Choices, PointChoice, Said, Shown};

/// Where a choice of its own page leads once it is made: it stands first in the history.
pub(super) const SAVED: &str = "/choices/said?saved=1";

#[derive(Template)]
#[template(path = "portal/choices.html")]
struct ChoicesPage<'a> {
    frame: Frame<'a>,
    visit: &'a Visit,
    points: Vec<Point>,
    saved: bool,
}

/// A contact point with a mark for each purpose.
struct Point {
    handle: String,
    heading: String,
    /// What is said of it as it stands.
    hint: Option<String>,
    marks: Vec<Mark>,
}

impl Point {
    fn is_marked(&self) -> bool {
        self.marks.iter().any(|mark| mark.set)
    }
}

struct Mark {
    purpose: &'static str,
    label: String,
    set: bool,
}

#[derive(Template)]
#[template(path = "portal/said.html")]
struct SaidPage<'a> {
    frame: Frame<'a>,
    said: Vec<Row>,
    /// Whether one was made just now.
    saved: bool,
}

struct Row {
    what: String,
    about: String,
    when: String,
    words: Option<String>,
    /// The language of the words.
    language: &'static str,
}

/// `GET /choices`.
pub(super) async fn page(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    show(&web, &visit, false).await
}

async fn show(web: &Web, visit: &Visit, saved: bool) -> Result<Response, Problem> {
    if visit.signed_in()?.is_proxy() {
        let notice = Notice { paragraphs: vec![visit.texts.say("choices-proxy-text")], ..Notice::default() };
        return notice.draw(StatusCode::OK, Frame::new(visit, visit.texts.say("choices-proxy")).part("choices"));
    }
    let choices = web.engine().choices(visit.signed_in()?).await?;
    let only = choices.points.iter().any(|point| point.only);
    let points = choices.points.iter().map(|point| Point {
        handle: point.handle.clone(),
        heading: named(visit, point),
        hint: match (point.stopped, point.unclear, point.verified) {
            // 45 CFR 164.522(b): what the patient asked for binds, so nothing comes to any other place, whatever is marked there.
            _ if only && !point.only => Some(visit.texts.say("choices-only-elsewhere")),
            (true, ..) => Some(visit.texts.say("choices-stopped")),
            (_, true, _) => Some(visit.texts.say("choices-unclear")),
            (.., false) => Some(visit.texts.say("choices-unverified")),
            _ => None,
        },
        marks: markable(&choices).map(|purpose| mark(visit, purpose, point.wanted.contains(&purpose))).collect(),
    });
    let frame = Frame::new(visit, visit.texts.say("choices")).part("choices");
    draw(&ChoicesPage { frame, visit, points: points.collect(), saved })
}

/// What may be marked. Offers come to nobody who has not signed for them (45 CFR 164.508(a)(3)), so until then there is no mark for them.
fn markable(choices: &Choices) -> impl Iterator<Item = Purpose> {
    let offers = choices.offers;
    CHOSEN.iter().copied().filter(move |purpose| offers || *purpose != Purpose::Marketing)
}

/// `POST /choices`: every mark as it stands on the page. What is not marked is stopped.
pub(super) async fn save(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    let visitor = visit.signed_in()?;
    let before = web.engine().choices(visitor).await?;
    let shown = shown(&visit, &words_shown(&visit));
    for point in &before.points {
        // A point that was not on the page when it was drawn is not decided by it.
        if visit.fields.values("point").all(|known| known != point.handle) {
            continue;
        }
        let mut wanted: Vec<Purpose> =
            visit.fields.values(&point.handle).filter_map(|word| word.parse().ok()).collect();
        // What had no mark is not decided by this page, unless all of it is stopped.
        wanted.retain(|purpose| before.offers || *purpose != Purpose::Marketing);
        if !before.offers && !wanted.is_empty() && point.wanted.contains(&Purpose::Marketing) {
            wanted.push(Purpose::Marketing);
        }
        web.engine().choose(visitor, &point.handle, &wanted, &shown).await?;
    }
    show(&web, &visit, true).await
}

/// What the page of the choices says, in its order: the record of a choice keeps the words that were chosen by.
fn words_shown(visit: &Visit) -> Vec<String> {
    let labels = CHOSEN.iter().map(|purpose| mark(visit, *purpose, false).label);
    let above = ["choices", "choices-text"].into_iter().map(|key| visit.texts.say(key));
    above.chain(labels).chain([visit.texts.say("choices-always")]).collect()
}

/// `GET /choices/one-place`.
pub(super) async fn one_place(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    if let Some(elsewhere) = super::security::first(&web, &visit, "one-place")? {
        return Ok(elsewhere);
    }
    let choices = web.engine().choices(visit.signed_in()?).await?;
    ask_one_place(&web, &visit, &choices, Vec::new()).await
}

async fn ask_one_place(web: &Web, visit: &Visit, choices: &Choices, errors: Vec<Wrong>) -> Result<Response, Problem> {
    let texts = visit.texts;
    if choices.asked_elsewhere {
        // Both requests would bind, and leave nothing: the one on the chart is changed where it was made.
        let paragraphs = vec![texts.say("private-text"), texts.say("private-elsewhere")];
        let links = vec![Link::new("/choices", texts.say("back"))];
        let notice = Notice { paragraphs, links, ..Notice::default() };
        return notice.draw(StatusCode::OK, Frame::new(visit, texts.say("private")).part("choices"));
    }
    let mut options: Vec<Choice> = choices
        .points
        .iter()
        .filter(|point| point.may_be_only)
        .map(|point| Choice::new(point.handle.clone(), named(visit, point)).chosen(point.only))
        .collect();
    let none = !choices.points.iter().any(|point| point.only);
    options.push(Choice::new("any", texts.say("private-none")).chosen(none));
    let mut lead = vec![texts.say("private-text")];
    // 45 CFR 164.522(b) takes the wish as it is; that codes to sign in are texts too is said before.
    if web.engine().factors(visit.signed_in()?).await?.phone.is_some() {
        lead.push(texts.say("private-codes"));
    }
    let mut links = Vec::new();
    if choices.points.iter().any(|point| !point.may_be_only) {
        lead.push(texts.say("private-unconfirmed"));
        links.push(Link::new("/choices/points", texts.say("points")));
    }
    let form = Form {
        links,
        lead,
        fields: vec![Field::new(Kind::One, "only", texts.say("private-label")).options(options)],
        button: texts.say("save"),
        errors,
        back: Some("/choices"),
        ..Form::default()
    };
    form.draw_in(Frame::new(visit, texts.say("private")).part("choices"))
}

/// `POST /choices/one-place`.
pub(super) async fn save_one_place(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    if let Some(elsewhere) = super::security::first(&web, &visit, "one-place")? {
        return Ok(elsewhere);
    }
    let visitor = visit.signed_in()?;
    let choices = web.engine().choices(visitor).await?;
    if choices.asked_elsewhere {
        return ask_one_place(&web, &visit, &choices, Vec::new()).await;
    }
    let shown = shown(&visit, &[visit.texts.say("private-text"), visit.texts.say("private-label")]);
    match visit.fields.value("only") {
        "any" => web.engine().reach_only_at(visitor, None, &shown).await?,
        handle if choices.points.iter().any(|point| point.handle == handle && point.may_be_only) => {
            web.engine().reach_only_at(visitor, Some(handle), &shown).await?;
        }
        handle => {
            let known = choices.points.iter().any(|point| point.handle == handle);
            let sentence = visit.texts.say(if known { "private-confirm-first" } else { "private-empty" });
            let wrong = Wrong { field: "only", sentence };
            return ask_one_place(&web, &visit, &choices, vec![wrong]).await;
        }
    }
    Ok(go(&visit, SAVED))
}

/// `GET /choices/e-mail`.
pub(super) async fn email(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    if let Some(elsewhere) = super::security::first(&web, &visit, "e-mail")? {
        return Ok(elsewhere);
    }
    let texts = visit.texts;
    let choices = web.engine().choices(visit.signed_in()?).await?;
    let addresses: Vec<&PointChoice> = choices.points.iter().filter(|p| p.channel == Channel::Email).collect();
    let options = addresses.iter().map(|point| {
        Choice::new(point.handle.clone(), texts.with("risk-label", "ends", point.ends.clone()))
            .explained(texts.say("risk-yes"))
            .chosen(point.risk_accepted)
    });
    let mut lead = vec![texts.say("risk-text"), texts.say("risk-more")];
    if addresses.is_empty() {
        lead.push(texts.say("risk-none"));
    }
    let field = Field::new(Kind::Many, "accepted", texts.say("risk-which")).options(options.collect());
    let form = Form {
        lead,
        fields: if addresses.is_empty() { Vec::new() } else { vec![field] },
        button: texts.say("save"),
        back: Some("/choices"),
        ..Form::default()
    };
    form.draw_in(Frame::new(&visit, texts.say("risk")).part("choices"))
}

/// `POST /choices/e-mail`.
pub(super) async fn save_email(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    if let Some(elsewhere) = super::security::first(&web, &visit, "e-mail")? {
        return Ok(elsewhere);
    }
    let visitor = visit.signed_in()?;
    let choices = web.engine().choices(visitor).await?;
    let words = ["risk-text", "risk-more", "risk-yes"].map(|key| visit.texts.say(key));
    let shown = shown(&visit, &words);
    for point in choices.points.iter().filter(|point| point.channel == Channel::Email) {
        let accepts = visit.fields.values("accepted").any(|handle| handle == point.handle);
        if accepts != point.risk_accepted {
            web.engine().answer_email_risk(visitor, &point.handle, accepts, &shown).await?;
        }
    }
    Ok(go(&visit, SAVED))
}

/// `GET /choices/offers`.
pub(super) async fn offers(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    let choices = web.engine().choices(visit.signed_in()?).await?;
    ask_offers(&visit, choices.offers, Vec::new())
}

/// 45 CFR 164.508(c): what an authorization says: what is used and for what, who, until when, that it can be taken back and how, that care
/// does not depend on it, that what is given to others may be passed on, and that the practice may be paid.
fn offer_words(visit: &Visit) -> Vec<String> {
    let texts = visit.texts;
    let mut words = vec![texts.with("offers-text", "practice", visit.place.name.clone())];
    words.extend(["offers-what", "offers-paid", "offers-end", "offers-free"].map(|key| texts.say(key)));
    words
}

fn ask_offers(visit: &Visit, agreed: bool, errors: Vec<Wrong>) -> Result<Response, Problem> {
    let texts = visit.texts;
    let options = vec![
        Choice::new("yes", texts.say("offers-yes")).chosen(agreed),
        Choice::new("no", texts.say("offers-no")).chosen(!agreed),
    ];
    let form = Form {
        lead: offer_words(visit),
        fields: vec![
            Field::new(Kind::One, "agree", texts.say("offers-which")).options(options),
            Field::new(Kind::Text, "signature", texts.say("offers-name"))
                .hint(texts.say("offers-name-hint"))
                .autocomplete("name")
                .value(visit.fields.value("signature")),
        ],
        button: texts.say("save"),
        errors,
        back: Some("/choices"),
        ..Form::default()
    };
    form.draw_in(Frame::new(visit, texts.say("offers")).part("choices"))
}

/// `POST /choices/offers`.
pub(super) async fn save_offers(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    // 45 CFR 164.508(c)(1)(vi): a signature is of who showed lately that they are the one who signs. Taking it back asks for nothing.
    if visit.fields.value("agree") == "yes"
        && let Some(elsewhere) = super::security::first(&web, &visit, "offers")?
    {
        return Ok(elsewhere);
    }
    let visitor = visit.signed_in()?;
    let agreed = web.engine().choices(visitor).await?.offers;
    let shown = shown(&visit, &offer_words(&visit));
    let signature = visit.fields.value("signature");
    match (visit.fields.value("agree"), signature) {
        ("yes", "") => {
            let wrong = Wrong { field: "signature", sentence: visit.texts.say("offers-name-empty") };
            return ask_offers(&visit, true, vec![wrong]);
        }
        ("yes", name) if name.chars().count() > 100 => {
            let wrong = Wrong { field: "signature", sentence: visit.texts.say("offers-name-long") };
            return ask_offers(&visit, true, vec![wrong]);
        }
        ("yes", name) => web.engine().answer_offers(visitor, Some(name), &shown).await?,
        _ if agreed => web.engine().answer_offers(visitor, None, &shown).await?,
        _ => {}
    }
    Ok(go(&visit, SAVED))
}

/// `GET /choices/said`: every choice on record, with the words that were shown; `?saved` when one was made just now.
pub(super) async fn said(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let all = web.engine().said(visit.signed_in()?).await?;
    let said = all.iter().map(|one| row(&visit, one)).collect();
    let frame = Frame::new(&visit, visit.texts.say("history")).part("choices");
    let saved = !super::security::parameter(query.as_deref(), "saved").is_empty();
    draw(&SaidPage { frame, said, saved })
}

fn row(visit: &Visit, one: &Said) -> Row {
    let texts = visit.texts;
    let purposes = one.purposes.iter().map(|purpose| texts.say(&format!("purpose-{purpose}")));
    let ends = one.ends.as_ref().map(|ends| texts.with("said-ends", "ends", ends.clone()));
    Row {
        what: texts.say(&format!("said-{}", one.what)),
        about: ends.into_iter().chain(purposes).collect::<Vec<_>>().join(", "),
        when: visit.time(one.at),
        words: one.words.clone(),
        language: one.language.unwrap_or_else(|| texts.language()).as_str(),
    }
}

fn mark(visit: &Visit, purpose: Purpose, set: bool) -> Mark {
    Mark { purpose: purpose.as_str(), label: visit.texts.say(&format!("purpose-{purpose}")), set }
}

/// A contact point in words: what it is and how it ends.
pub(super) fn named(visit: &Visit, point: &PointChoice) -> String {
    let key = match point.channel {
        Channel::Sms => "point-text",
        Channel::Email => "point-mail",
        _ => "point-call",
    };
    visit.texts.with(key, "ends", point.ends.clone())
}

pub(super) fn shown(visit: &Visit, words: &[String]) -> Shown {
    Shown { words: words.join("\n"), language: visit.texts.language() }
}

/// The ways on from the choices.
fn more(visit: &Visit) -> Vec<(Link, String)> {
    let ways = [
        ("points", "points", "choices-points-hint"),
        ("times", "times", "choices-times-hint"),
        ("language", "language", "choices-language-hint"),
        ("one-place", "private", "choices-private-hint"),
        ("e-mail", "choices-risk", "choices-risk-hint"),
        ("offers", "choices-offers", "choices-offers-hint"),
        ("emergency", "contact", "choices-contact-hint"),
        ("said", "choices-history", "choices-history-hint"),
    ];
    let texts = visit.texts;
    ways.map(|(to, label, hint)| (Link::new(format!("/choices/{to}"), texts.say(label)), texts.say(hint))).into()
}
