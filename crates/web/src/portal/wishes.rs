//! What else a patient may wish: in which hours, in which language, whom to call in an emergency. One thing a page.

use super::choices::{SAVED, shown};
use super::form::{Choice, Field, Form, Kind, Wrong};
use super::page::{Frame, go};
use super::security::two_first;
use super::visit::Visit;
use crate::problem::Problem;
use crate::web::Web;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use postern_base::Language;
use postern_engine::UseError;
use postern_engine::portal::Choices;

/// The parts of a day there are to choose from, and their hours.
const PARTS: &[(&str, (i8, i8))] = &[("morning", (9, 12)), ("afternoon", (12, 17)), ("evening", (17, 20))];

/// `GET /choices/times`.
pub(super) async fn times(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    let choices = web.engine().choices(visit.signed_in()?).await?;
    ask_times(&visit, &choices, Vec::new())
}

fn ask_times(visit: &Visit, choices: &Choices, errors: Vec<Wrong>) -> Result<Response, Problem> {
    let texts = visit.texts;
    let (from, to) = choices.open;
    // A part of the day in which the practice sends nothing is no choice.
    let parts = PARTS.iter().filter(|(_, hours)| hours.0.max(from) < hours.1.min(to));
    let any = Choice::new("any", texts.say("times-any")).chosen(choices.hours.is_none());
    let options = std::iter::once(any)
        .chain(parts.map(|(name, hours)| {
            Choice::new(*name, texts.say(&format!("times-{name}"))).chosen(choices.hours == Some(*hours))
        }))
        .collect();
    let form = Form {
        lead: vec![texts.say("times-text"), texts.say("times-urgent")],
        fields: vec![Field::new(Kind::One, "times", texts.say("times-label")).options(options)],
        button: texts.say("save"),
        errors,
        back: Some("/choices"),
        ..Form::default()
    };
    form.draw_in(Frame::new(visit, texts.say("times")).part("choices"))
}

/// `POST /choices/times`.
pub(super) async fn save_times(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let visitor = visit.signed_in()?;
    let said = visit.fields.value("times");
    let part = PARTS.iter().find(|(name, _)| *name == said);
    // What is none of the choices has no words of its own.
    let own = if part.is_some() || said == "any" { format!("times-{said}") } else { "times-any".to_owned() };
    let words = ["times-text", "times-urgent", &own].map(|key| visit.texts.say(key));
    let words = shown(&visit, &words);
    let chosen = match (said, part) {
        ("any", _) => web.engine().choose_hours(visitor, None, &words).await,
        (_, Some((_, hours))) => web.engine().choose_hours(visitor, Some(*hours), &words).await,
        _ => {
            let choices = web.engine().choices(visitor).await?;
            return ask_times(&visit, &choices, vec![Wrong::of("times", visit.texts.say("private-empty"))]);
        }
    };
    chosen?;
    Ok(go(&visit, SAVED))
}

/// `GET /choices/language`.
pub(super) async fn language(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    let choices = web.engine().choices(visit.signed_in()?).await?;
    ask_language(&visit, choices.language, Vec::new())
}

fn ask_language(visit: &Visit, now: Option<Language>, errors: Vec<Wrong>) -> Result<Response, Problem> {
    let texts = visit.texts;
    let options = Language::ALL
        .iter()
        .map(|one| Choice::new(one.as_str(), texts.say(&format!("language-{one}"))).chosen(now == Some(*one)));
    let form = Form {
        lead: vec![texts.say("language-text")],
        fields: vec![Field::new(Kind::One, "language", texts.say("language-label")).options(options.collect())],
        button: texts.say("save"),
        errors,
        back: Some("/choices"),
        ..Form::default()
    };
    form.draw_in(Frame::new(visit, texts.say("language")).part("choices"))
}

/// `POST /choices/language`.
pub(super) async fn save_language(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let Ok(language) = visit.fields.value("language").parse::<Language>() else {
        return ask_language(&visit, None, vec![Wrong::of("language", visit.texts.say("private-empty"))]);
    };
    let words = ["language-text", &format!("language-{language}")].map(|key| visit.texts.say(key));
    web.engine().choose_message_language(visit.signed_in()?, language, &shown(&visit, &words)).await?;
    Ok(go(&visit, SAVED))
}

/// `GET /choices/emergency`.
pub(super) async fn emergency(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    if let Some(elsewhere) = two_first(&web, &visit, "emergency")? {
        return Ok(elsewhere);
    }
    let known = web.engine().choices(visit.signed_in()?).await?.emergency.unwrap_or_default();
    ask_emergency(&visit, (&known.0, &known.1, &known.2), Vec::new())
}

fn ask_emergency(
    visit: &Visit,
    (name, phone, relation): (&str, &str, &str),
    errors: Vec<Wrong>,
) -> Result<Response, Problem> {
    let texts = visit.texts;
    let form = Form {
        lead: vec![texts.say("contact-text"), texts.say("contact-none")],
        fields: vec![
            Field::new(Kind::Text, "name", texts.say("contact-name")).value(name),
            Field::new(Kind::Text, "phone", texts.say("contact-phone")).value(phone),
            Field::new(Kind::Text, "relation", texts.say("contact-relation"))
                .hint(texts.say("contact-relation-hint"))
                .value(relation),
        ],
        button: texts.say("save"),
        errors,
        back: Some("/choices"),
        ..Form::default()
    };
    form.draw_in(Frame::new(visit, texts.say("contact")).part("choices"))
}

/// `POST /choices/emergency`.
pub(super) async fn save_emergency(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let said = ["name", "phone", "relation"].map(|name| visit.fields.value(name));
    let words = shown(&visit, &[visit.texts.say("contact-text"), visit.texts.say("contact-none")]);
    let contact = (said[0], said[1], said[2]);
    match web.engine().choose_emergency_contact(visit.signed_in()?, contact, &words).await {
        Ok(()) => Ok(go(&visit, SAVED)),
        Err(UseError::Malformed(error)) => {
            let wrong = if error.field == "phone" {
                Wrong::of("phone", visit.texts.say("contact-phone-wrong"))
            } else {
                Wrong::of("name", visit.texts.say("contact-name-wrong"))
            };
            ask_emergency(&visit, contact, vec![wrong])
        }
        Err(error) => Err(error.into()),
    }
}
