//! Codes by text: as the second factor after a password, alone for what tells little, taking a number up and giving it up. Every page on which
//! one is chosen says what the risk of it is and what there is instead (NIST SP 800-63B-4 section 3.1.3.3, 3.2.9).

use super::enrol;
use super::form::{Choice, Field, Form, Kind, Wrong};
use super::page::{Frame, Link, go};
use super::security::{HERE, first};
use super::sign_in::{enter, wrong};
use super::visit::{Cookie, Visit};
use crate::problem::Problem;
use crate::web::Web;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use postern_base::Secret;
use postern_engine::portal::{Number, Refused, Second};

/// What was typed as a code.
fn said(visit: &Visit) -> Secret<String> {
    Secret::new(visit.fields.value("code").chars().filter(char::is_ascii_digit).collect())
}

fn code_field(visit: &Visit) -> Field {
    Field::new(Kind::Number, "code", visit.texts.say("texted-code-label")).autocomplete("one-time-code")
}

/// Which number a code goes to, as something to choose.
fn numbers(visit: &Visit, numbers: &[Number]) -> Field {
    let one = numbers.len() == 1;
    let options = numbers.iter().map(|number| {
        let label = visit.texts.with("texted-number", "ends", number.ends.clone());
        Choice::new(number.handle.clone(), label).chosen(one)
    });
    Field::new(Kind::One, "number", visit.texts.say("texted-which")).options(options.collect())
}

/// Whether a code alone may open what tells little. It is asked where codes are taken up; who says nothing wants the password each time.
fn alone_field(visit: &Visit) -> Field {
    let texts = visit.texts;
    let yes = allows_alone(visit);
    let options = vec![
        Choice::new("no", texts.say("phone-alone-no")).chosen(!yes),
        Choice::new("yes", texts.say("phone-alone-yes")).chosen(yes).explained(texts.say("phone-alone-risk")),
    ];
    Field::new(Kind::One, "alone", texts.say("phone-alone")).options(options)
}

fn allows_alone(visit: &Visit) -> bool {
    visit.fields.value("alone") == "yes"
}

/// Why no code went: none was picked, or none can go to the one that was.
fn refused_number(visit: &Visit) -> &'static str {
    if visit.fields.value("number").is_empty() { "texted-choose" } else { "texted-refused" }
}

fn unavailable() -> Problem {
    Problem::unavailable("The store does not answer now.")
}

// ---- signing in

/// `GET /sign-in/text`: after the password. A code is sent when it is asked for: nothing is sent by looking.
pub(super) async fn second(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    ask_second(&web, &visit, Vec::new()).await
}

async fn ask_second(web: &Web, visit: &Visit, errors: Vec<Wrong>) -> Result<Response, Problem> {
    let Some(step) = visit.cookie(Cookie::Step) else { return Ok(go(visit, "/sign-in")) };
    let texts = visit.texts;
    let factors = match web.engine().second_factors(&step).await {
        Ok(factors) => factors,
        Err(Refused::Unavailable) => return Err(unavailable()),
        Err(_) => return Ok(go(visit, "/sign-in/password")),
    };
    let Some(ends) = factors.text else { return Ok(go(visit, "/sign-in/recovery")) };
    let mut links = vec![Link::new("/sign-in/recovery", texts.say("texted-recovery"))];
    if factors.app {
        links.insert(0, Link::new("/sign-in/code", texts.say("confirm-by-code")));
    }
    let form = Form {
        lead: vec![texts.with("texted-text", "ends", ends), texts.say("texted-risk")],
        button: texts.say("points-send-code"),
        errors,
        back: Some("/sign-in/password"),
        links,
        ..Form::default()
    };
    form.draw(visit, texts.say("texted"))
}

/// `POST /sign-in/text`.
pub(super) async fn send_second(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let Some(step) = visit.cookie(Cookie::Step) else { return Ok(go(&visit, "/sign-in")) };
    match web.engine().text_second_factor(&step).await {
        Ok(()) => Ok(go(&visit, "/sign-in/text/code")),
        Err(Refused::Over) => Ok(go(&visit, "/sign-in/password")),
        Err(refused) => ask_second(&web, &visit, vec![wrong(&web, &visit, refused, ("", "texted-not-sent"))?]).await,
    }
}

/// `GET /sign-in/text/code`.
pub(super) async fn code(Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    ask_code(&visit, Vec::new())
}

fn ask_code(visit: &Visit, errors: Vec<Wrong>) -> Result<Response, Problem> {
    if visit.cookie(Cookie::Step).is_none() {
        return Ok(go(visit, "/sign-in"));
    }
    let texts = visit.texts;
    let form = Form {
        lead: vec![texts.say("texted-code-text")],
        fields: vec![code_field(visit)],
        button: texts.say("sign-in"),
        errors,
        back: Some("/sign-in"),
        links: vec![Link::new("/sign-in/lost", texts.say("sign-in-lost"))],
        ..Form::default()
    };
    form.draw(visit, texts.say("points-code"))
}

/// `POST /sign-in/text/code`.
pub(super) async fn check(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    let Some(step) = visit.cookie(Cookie::Step) else { return Ok(go(&visit, "/sign-in")) };
    let second = Second::Text(said(&visit));
    match web.engine().finish_sign_in(&step, &second, &visit.source(), visit.browser()).await {
        Ok(signed_in) => enter(&web, &visit, &signed_in).await,
        Err(Refused::Over) => Ok(go(&visit, "/sign-in")),
        Err(refused) => ask_code(&visit, vec![wrong(&web, &visit, refused, ("code", "texted-wrong"))?]),
    }
}

/// `GET /sign-in/by-text`: a code alone.
pub(super) async fn alone(Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    ask_alone(&visit, Vec::new())
}

fn ask_alone(visit: &Visit, errors: Vec<Wrong>) -> Result<Response, Problem> {
    if !visit.place.texts_codes {
        return Ok(go(visit, "/sign-in"));
    }
    let texts = visit.texts;
    let name = Field::new(Kind::Text, "name", texts.say("sign-in-name")).hint(texts.say("sign-in-name-hint"));
    let form = Form {
        lead: vec![texts.say("alone-text"), texts.say("texted-risk")],
        fields: vec![name.autocomplete("username").value(visit.fields.value("name"))],
        button: texts.say("points-send-code"),
        errors,
        back: Some("/sign-in"),
        links: vec![Link::new("/sign-in/password", texts.say("passkey-other"))],
        ..Form::default()
    };
    form.draw(visit, texts.say("alone"))
}

/// `POST /sign-in/by-text`: whatever name was typed, the next page is the same; one has to be typed.
pub(super) async fn send_alone(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let name = visit.fields.value("name");
    if name.trim().is_empty() {
        return ask_alone(&visit, vec![Wrong::of("name", visit.texts.say("sign-in-name-empty"))]);
    }
    match web.engine().sign_in_by_text(&visit.place.tenant, name, &visit.source()).await {
        Ok(step) => {
            let mut response = go(&visit, "/sign-in/text/code");
            visit.give(&mut response, Cookie::Step, step.token.reveal());
            Ok(response)
        }
        Err(refused) => ask_alone(&visit, vec![wrong(&web, &visit, refused, ("name", "texted-not-sent"))?]),
    }
}

// ---- the account

/// `GET /account/phone`.
pub(super) async fn phone(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    ask_phone(&web, &visit, Vec::new()).await
}

async fn ask_phone(web: &Web, visit: &Visit, errors: Vec<Wrong>) -> Result<Response, Problem> {
    if let Some(elsewhere) = first(web, visit, "phone")? {
        return Ok(elsewhere);
    }
    let known = web.engine().code_numbers(visit.signed_in()?).await.map_err(|_| unavailable())?;
    if known.is_empty() {
        return Ok(go(visit, HERE));
    }
    let texts = visit.texts;
    let form = Form {
        lead: vec![texts.say("phone-text"), texts.say("texted-risk"), texts.say("phone-instead")],
        fields: vec![numbers(visit, &known), alone_field(visit)],
        button: texts.say("points-send-code"),
        errors,
        back: Some(HERE),
        links: vec![Link::new("/account/passkey", texts.say("security-add"))],
        ..Form::default()
    };
    form.draw_in(Frame::new(visit, texts.say("phone")).part("account"))
}

/// `POST /account/phone`: a code goes to the number.
pub(super) async fn send_phone(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let (number, alone) = (visit.fields.value("number"), allows_alone(&visit));
    match web.engine().add_phone_begin(visit.signed_in()?, number, alone).await {
        Ok(step) => ask_phone_code(&visit, step.reveal(), Vec::new()),
        Err(Refused::NoMatch) if !web.engine().has_confirmed(visit.signed_in()?) => {
            ask_phone(&web, &visit, Vec::new()).await
        }
        Err(refused) => {
            let wrong = wrong(&web, &visit, refused, ("number", refused_number(&visit)))?;
            ask_phone(&web, &visit, vec![wrong]).await
        }
    }
}

fn ask_phone_code(visit: &Visit, step: &str, errors: Vec<Wrong>) -> Result<Response, Problem> {
    let texts = visit.texts;
    let form = Form {
        lead: vec![texts.say("points-code-text")],
        fields: vec![code_field(visit), Field::hidden("step", step.to_owned())],
        button: texts.say("points-confirm"),
        errors,
        back: Some(HERE),
        action: Some("/account/phone/code".into()),
        ..Form::default()
    };
    form.draw_in(Frame::new(visit, texts.say("points-code")).part("account"))
}

/// `POST /account/phone/code`.
pub(super) async fn take_phone(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let step = visit.fields.value("step");
    match web.engine().add_phone_finish(visit.signed_in()?, &Secret::new(step.to_owned()), &said(&visit)).await {
        Ok(()) => Ok(go(&visit, HERE)),
        Err(Refused::NoMatch) if web.engine().has_confirmed(visit.signed_in()?) => {
            ask_phone_code(&visit, step, vec![Wrong::of("code", visit.texts.say("texted-wrong"))])
        }
        Err(Refused::Unavailable) => Err(unavailable()),
        Err(_) => Ok(go(&visit, "/account/phone")),
    }
}

/// `POST /account/phone/remove`.
pub(super) async fn remove_phone(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    if let Some(elsewhere) = first(&web, &visit, "security")? {
        return Ok(elsewhere);
    }
    match web.engine().remove_phone(visit.signed_in()?).await {
        Ok(()) => Ok(go(&visit, HERE)),
        Err(Refused::Unavailable) => Err(unavailable()),
        Err(_) => Err(Problem::not_found()),
    }
}

/// `POST /account/phone/alone`: whether a code alone may open what tells little.
pub(super) async fn let_alone(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    if let Some(elsewhere) = first(&web, &visit, "security")? {
        return Ok(elsewhere);
    }
    match web.engine().let_code_alone(visit.signed_in()?, allows_alone(&visit)).await {
        Ok(()) => Ok(go(&visit, HERE)),
        Err(Refused::Unavailable) => Err(unavailable()),
        Err(_) => Err(Problem::not_found()),
    }
}

// ---- enrolling

/// `GET /enrol/text`: in the place of a code app, where the record has a number of one's own.
pub(super) async fn enrol(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    ask_enrol(&web, &visit, Vec::new()).await
}

async fn ask_enrol(web: &Web, visit: &Visit, errors: Vec<Wrong>) -> Result<Response, Problem> {
    let Some(step) = visit.cookie(Cookie::Step) else { return Ok(go(visit, "/enrol")) };
    let known = match web.engine().enrol_numbers(&step).await {
        Ok(known) => known,
        Err(Refused::Unavailable) => return Err(unavailable()),
        Err(_) => return Ok(go(visit, "/enrol")),
    };
    if known.is_empty() {
        return Ok(go(visit, "/enrol/password"));
    }
    let texts = visit.texts;
    let form = Form {
        lead: vec![texts.say("phone-text"), texts.say("texted-risk"), texts.say("phone-instead")],
        fields: vec![numbers(visit, &known), alone_field(visit)],
        button: texts.say("points-send-code"),
        errors,
        back: Some("/enrol/password"),
        links: vec![Link::new("/enrol/passkey", texts.say("make-passkey-go"))],
        ..Form::default()
    };
    form.draw(visit, texts.say("phone"))
}

/// `POST /enrol/text`.
pub(super) async fn send_enrol(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let Some(step) = visit.cookie(Cookie::Step) else { return Ok(go(&visit, "/enrol")) };
    match web.engine().enrol_phone_begin(&step, visit.fields.value("number"), allows_alone(&visit)).await {
        Ok(()) => ask_enrol_code(&visit, Vec::new()),
        Err(Refused::Over) => Ok(go(&visit, "/enrol")),
        Err(refused) => {
            let wrong = wrong(&web, &visit, refused, ("number", refused_number(&visit)))?;
            ask_enrol(&web, &visit, vec![wrong]).await
        }
    }
}

fn ask_enrol_code(visit: &Visit, errors: Vec<Wrong>) -> Result<Response, Problem> {
    let texts = visit.texts;
    let form = Form {
        lead: vec![texts.say("points-code-text")],
        fields: vec![code_field(visit)],
        button: texts.say("go-on"),
        errors,
        back: Some("/enrol/text"),
        action: Some("/enrol/text/code".into()),
        ..Form::default()
    };
    form.draw(visit, texts.say("points-code"))
}

/// `POST /enrol/text/code`.
pub(super) async fn take_enrol(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let Some(step) = visit.cookie(Cookie::Step) else { return Ok(go(&visit, "/enrol")) };
    match web.engine().enrol_phone_finish(&step, &said(&visit), visit.browser()).await {
        Ok(signed_in) => enrol::show_codes(&visit, &signed_in),
        Err(Refused::Over) => Ok(go(&visit, "/enrol")),
        Err(refused) => ask_enrol_code(&visit, vec![wrong(&web, &visit, refused, ("code", "texted-wrong"))?]),
    }
}
