//! A patient's numbers and addresses: which there are, adding one, confirming it with a code, using it first or no more.

use super::choices::{named, shown};
use super::form::{Choice, Field, Form, Kind, Wrong};
use super::page::{Frame, Link, draw_as, go};
use super::security::first as first_factor;
use super::visit::Visit;
use crate::problem::Problem;
use crate::web::Web;
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use postern_base::{Channel, MessageId};
use postern_engine::portal::{PointChoice, PointRefused};
use uuid::Uuid;

#[derive(Template)]
#[template(path = "portal/points.html")]
struct PointsPage<'a> {
    frame: Frame<'a>,
    points: Vec<Row>,
    done: String,
    wrong: String,
}

struct Row {
    handle: String,
    name: String,
    state: String,
    actions: Vec<Action>,
}

struct Action {
    to: &'static str,
    look: &'static str,
    label: String,
}

/// `GET /choices/points`.
pub(super) async fn page(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    show(&web, &visit, "", None).await
}

/// The list; the name of the sentence that says what was done, and why something was not.
async fn show(web: &Web, visit: &Visit, done: &str, refused: Option<PointRefused>) -> Result<Response, Problem> {
    let choices = web.engine().choices(visit.signed_in()?).await?;
    let points = choices.points.iter().map(|point| row(visit, point)).collect();
    let frame = Frame::new(visit, visit.texts.say("points")).part("choices").with_errors(refused.is_some());
    let page = PointsPage {
        frame,
        points,
        done: if done.is_empty() { String::new() } else { visit.texts.say(done) },
        wrong: match refused {
            Some(refused) => sentence(visit, refused)?,
            None => String::new(),
        },
    };
    draw_as(if page.wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY }, &page)
}

fn row(visit: &Visit, point: &PointChoice) -> Row {
    let texts = visit.texts;
    let state = match (point.verified, point.first) {
        (true, true) => "points-first",
        (true, false) => "points-verified",
        (false, _) => "points-unverified",
    };
    let mut actions = Vec::new();
    // RULES OTP-02: a code is spoken to no number that nobody verified.
    if !point.verified && point.channel != Channel::Voice {
        actions.push(Action { to: "check", look: "", label: texts.say("points-check") });
    }
    if point.verified && !point.first {
        actions.push(Action { to: "first", look: "quiet", label: texts.say("points-use-first") });
    }
    actions.push(Action { to: "remove", look: "danger", label: texts.say("points-remove") });
    Row { handle: point.handle.clone(), name: named(visit, point), state: texts.say(state), actions }
}

/// Why not, in a sentence.
fn sentence(visit: &Visit, refused: PointRefused) -> Result<String, Problem> {
    let key = match refused {
        PointRefused::NotOne => "points-not-one",
        PointRefused::Known => "points-known",
        PointRefused::TooMany => "points-too-many",
        PointRefused::NotSent => "points-not-sent",
        PointRefused::WrongCode => "points-wrong-code",
        PointRefused::SignInStronger => "points-stronger",
        PointRefused::OnlyOne => "points-only-one",
        PointRefused::SignsIn => "points-signs-in",
        PointRefused::Unavailable => return Err(Problem::unavailable("The store does not answer now.")),
    };
    Ok(visit.texts.say(key))
}

/// Where messages go is changed by who has shown a strong factor lately: it is asked for, and then this page once more.
fn stronger(visit: &Visit, word: &str) -> Result<Response, Problem> {
    Ok(go(visit, &format!("/account/confirm?to={word}")))
}

/// `GET /choices/points/add`.
pub(super) async fn add(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    if visit.signed_in()?.is_proxy() {
        return Err(Problem::not_found());
    }
    match first_factor(&web, &visit, "point")? {
        Some(elsewhere) => Ok(elsewhere),
        None => ask(&visit, Vec::new()),
    }
}

fn ask(visit: &Visit, errors: Vec<Wrong>) -> Result<Response, Problem> {
    let (texts, typed) = (visit.texts, |name| visit.fields.value(name).to_owned());
    let mail = typed("kind") == "email";
    let kinds = vec![
        Choice::new("sms", texts.say("points-kind-text")).chosen(!mail),
        Choice::new("email", texts.say("points-kind-mail")).chosen(mail),
    ];
    // Nobody vouches for a mailbox by not looking: neither answer is chosen beforehand.
    let alone = vec![
        Choice::new("no", texts.say("points-alone")).chosen(typed("shared") == "no"),
        Choice::new("yes", texts.say("points-shared")).chosen(typed("shared") == "yes"),
    ];
    let form = Form {
        lead: vec![texts.say("points-add-text")],
        fields: vec![
            Field::new(Kind::One, "kind", texts.say("points-kind")).options(kinds),
            Field::new(Kind::Text, "value", texts.say("points-value")).value(&typed("value")),
            Field::new(Kind::One, "shared", texts.say("points-who")).options(alone),
        ],
        button: texts.say("points-send-code"),
        errors,
        back: Some("/choices/points"),
        ..Form::default()
    };
    form.draw_in(Frame::new(visit, texts.say("points-add")).part("choices"))
}

/// `POST /choices/points/add`: the number or address is kept, unconfirmed, and a code goes there.
pub(super) async fn take(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    let channel = if visit.fields.value("kind") == "email" { Channel::Email } else { Channel::Sms };
    let shared = match visit.fields.value("shared") {
        "yes" => true,
        "no" => false,
        _ => return ask(&visit, vec![Wrong::of("shared", visit.texts.say("points-who-empty"))]),
    };
    let said = if shared { "points-shared" } else { "points-alone" };
    let words = ["points-add-text", "points-who", said].map(|key| visit.texts.say(key));
    let new = (channel, visit.fields.value("value"), shared);
    match web.engine().add_point(visit.signed_in()?, new, &shown(&visit, &words)).await {
        Ok(message) => Ok(go(&visit, &format!("/choices/points/code/{message}"))),
        Err(PointRefused::SignInStronger) => stronger(&visit, "point"),
        Err(refused) => ask(&visit, vec![Wrong::of("value", sentence(&visit, refused)?)]),
    }
}

/// `POST /choices/points/check`: a code goes to one that is on record.
pub(super) async fn check(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    match web.engine().ask_point(visit.signed_in()?, visit.fields.value("point")).await {
        Ok(message) => Ok(go(&visit, &format!("/choices/points/code/{message}"))),
        Err(PointRefused::SignInStronger) => stronger(&visit, "points"),
        Err(refused) => show(&web, &visit, "", Some(refused)).await,
    }
}

/// `GET /choices/points/code/{message}`.
pub(super) async fn code(Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    ask_code(&visit, Vec::new())
}

fn ask_code(visit: &Visit, errors: Vec<Wrong>) -> Result<Response, Problem> {
    let texts = visit.texts;
    let form = Form {
        lead: vec![texts.say("points-code-text")],
        fields: vec![Field::new(Kind::Number, "code", texts.say("points-code-label")).autocomplete("one-time-code")],
        button: texts.say("points-confirm"),
        errors,
        back: Some("/choices/points"),
        links: vec![Link::new("/choices/points", texts.say("points-later"))],
        ..Form::default()
    };
    form.draw_in(Frame::new(visit, texts.say("points-code")).part("choices"))
}

/// `POST /choices/points/code/{message}`.
pub(super) async fn confirm(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
    axum::extract::Path((_, message)): axum::extract::Path<(String, Uuid)>,
) -> Result<Response, Problem> {
    let said = visit.fields.value("code");
    match web.engine().confirm_point(visit.signed_in()?, MessageId(message), said).await {
        Ok(()) => show(&web, &visit, "points-confirmed", None).await,
        Err(refused) => ask_code(&visit, vec![Wrong::of("code", sentence(&visit, refused)?)]),
    }
}

/// `POST /choices/points/first`.
pub(super) async fn first(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    let words = shown(&visit, &[visit.texts.say("points-text"), visit.texts.say("points-use-first")]);
    let done = web.engine().prefer_point(visit.signed_in()?, visit.fields.value("point"), &words).await;
    if done == Err(PointRefused::SignInStronger) {
        return stronger(&visit, "points");
    }
    show(&web, &visit, if done.is_ok() { "points-is-first" } else { "" }, done.err()).await
}

/// `POST /choices/points/remove`.
pub(super) async fn remove(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    let words = shown(&visit, &[visit.texts.say("points-text"), visit.texts.say("points-remove")]);
    let done = web.engine().remove_point(visit.signed_in()?, visit.fields.value("point"), &words).await;
    if done == Err(PointRefused::SignInStronger) {
        return stronger(&visit, "points");
    }
    show(&web, &visit, if done.is_ok() { "points-removed" } else { "" }, done.err()).await
}
