//! Whose messages an account may see, and who may see a patient's: taking up one more by an invitation, giving one up, ending it.

use super::enrol::born;
use super::form::{Field, Form, Kind, Wrong};
use super::page::{Frame, go};
use super::security::two_first;
use super::sign_in::{settle, wrong};
use super::visit::Visit;
use crate::problem::Problem;
use crate::web::Web;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use postern_base::Phi;
use postern_engine::portal::{Grant, Identifiers};
use uuid::Uuid;

/// How long somebody may act, in a sentence; `None` = until it is ended.
pub(super) fn until(visit: &Visit, grant: &Grant) -> String {
    let texts = visit.texts;
    match (grant.until, grant.of_age_on) {
        (Some(at), _) => texts.with("account-until", "when", texts.day(at, &visit.place.zone)),
        (None, Some(day)) => texts.with("account-of-age", "when", texts.date(day)),
        (None, None) if grant.on_record => texts.say("account-open-end"),
        (None, None) => texts.say("account-no-grant"),
    }
}

/// `GET /account/person/add`.
pub(super) async fn add(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    match two_first(&web, &visit, "person")? {
        Some(elsewhere) => Ok(elsewhere),
        None => ask(&visit, Vec::new()),
    }
}

fn ask(visit: &Visit, errors: Vec<Wrong>) -> Result<Response, Problem> {
    let (texts, typed) = (visit.texts, |name| visit.fields.value(name));
    let day = ["born-month", "born-day", "born-year"].map(typed).join("/");
    let form = Form {
        lead: vec![texts.say("person-add-text")],
        fields: vec![
            Field::new(Kind::Code, "invitation", texts.say("enrol-code-label"))
                .hint(texts.say("enrol-code-hint"))
                .value(typed("invitation")),
            Field::new(Kind::Date, "born", texts.say("person-born")).hint(texts.say("person-born-hint")).value(&day),
            Field::new(Kind::Text, "other", texts.say("enrol-more-label"))
                .hint(texts.say("person-other-hint"))
                .value(typed("other")),
        ],
        button: texts.say("person-add-go"),
        errors,
        back: Some("/account"),
        ..Form::default()
    };
    form.draw_in(Frame::new(visit, texts.say("person-add")).part("account"))
}

/// `POST /account/person/add`: the invitation and the two identifiers are weighed at once, as of who enrols.
pub(super) async fn take(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    let typed = |name| visit.fields.value(name);
    let mut errors = Vec::new();
    let born = born(&web, &visit);
    for (field, missing, sentence) in [
        ("invitation", typed("invitation").is_empty(), "enrol-code-empty"),
        ("born", born.is_none(), "enrol-birth-empty"),
        ("other", typed("other").is_empty(), "enrol-more-empty"),
    ] {
        if missing {
            errors.push(Wrong::of(field, visit.texts.say(sentence)));
        }
    }
    let Some(born) = born.filter(|_| errors.is_empty()) else { return ask(&visit, errors) };
    let identifiers = Identifiers { born, other: Phi::new(typed("other").to_owned()) };
    let visitor = visit.signed_in()?;
    match web.engine().take_up(visitor, typed("invitation"), &identifiers, &visit.source()).await {
        Ok(turned) => {
            let mut response = go(&visit, "/messages");
            settle(&visit, &mut response, &turned);
            Ok(response)
        }
        Err(refused) => ask(&visit, vec![wrong(&web, &visit, refused, ("", "enrol-refused"))?]),
    }
}

/// `POST /account/person/leave`: gives up acting for somebody.
pub(super) async fn leave(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    if let Some(elsewhere) = two_first(&web, &visit, "account")? {
        return Ok(elsewhere);
    }
    let person = visit.fields.value("person").parse::<Uuid>().map_err(|_| Problem::not_found())?;
    web.engine().leave_person(visit.signed_in()?, person).await?;
    Ok(go(&visit, "/account"))
}
