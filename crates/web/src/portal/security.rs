//! How somebody signs in: their passkeys, password, code app and recovery codes, and what was changed of them. Every page that changes one asks
//! for a strong factor first, if none was shown lately.

use super::enrol;
use super::form::{Field, Form, Wrong};
use super::page::{Frame, Link, Notice, draw, go};
use super::sign_in::{answered, asked, factor_again, settle, shown_again, wrong};
use super::visit::Visit;
use crate::problem::Problem;
use crate::web::Web;
use askama::Template;
use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use postern_base::Secret;
use postern_engine::portal::{Aal, FactorChange, Refused};

/// Where all of it is shown.
pub(super) const HERE: &str = "/account/security";
/// Where a strong factor is shown first.
const CONFIRM: &str = "/account/confirm";

#[derive(Template)]
#[template(path = "portal/security.html")]
struct SecurityPage<'a> {
    frame: Frame<'a>,
    passkeys: Vec<Row>,
    /// A passkey may be taken out of use: something strong is left without it.
    removable: bool,
    password: bool,
    app: bool,
    /// Where codes by text go.
    phone: Option<String>,
    phone_closed: bool,
    /// A code alone opens what tells little.
    code_alone: bool,
    phone_removable: bool,
    /// There is a number that they could go to.
    texts: bool,
    recovery: String,
    changes: Vec<String>,
}

struct Row {
    id: String,
    name: String,
    called: String,
    added: String,
    used: String,
}

/// `GET /account/security`.
pub(super) async fn page(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    let factors = web.engine().factors(visit.signed_in()?).await?;
    let texts = visit.texts;
    let row = |(nth, one): (usize, &postern_engine::portal::PasskeyName)| Row {
        id: one.id.clone(),
        name: one.called.clone().unwrap_or_else(|| format!("{} {}", texts.say("security-passkey"), nth + 1)),
        called: one.called.clone().unwrap_or_default(),
        added: texts.with("security-added", "when", visit.time(one.added_at)),
        used: match one.used_at {
            Some(at) => texts.with("security-used", "when", visit.time(at)),
            None => texts.say("security-unused"),
        },
    };
    draw(&SecurityPage {
        passkeys: factors.passkeys.iter().enumerate().map(row).collect(),
        removable: factors.password || factors.passkeys.len() > 1,
        password: factors.password,
        app: factors.app,
        phone: factors.phone.map(|ends| texts.with("phone-goes", "ends", ends)),
        phone_closed: factors.phone_closed,
        code_alone: factors.code_alone,
        phone_removable: factors.phone_removable,
        texts: factors.texts,
        recovery: texts.with("security-recovery", "count", i64::try_from(factors.recovery_left).unwrap_or(0)),
        changes: factors.changes.iter().map(|(what, at)| texts.with(changed(*what), "when", visit.time(*at))).collect(),
        frame: Frame::new(&visit, texts.say("security")).part("account"),
    })
}

const fn changed(what: FactorChange) -> &'static str {
    match what {
        FactorChange::PasskeyAdded => "security-was-passkey-added",
        FactorChange::PasskeyRemoved => "security-was-passkey-removed",
        FactorChange::Password => "security-was-password",
        FactorChange::App => "security-was-app",
        FactorChange::PhoneAdded => "security-was-phone-added",
        FactorChange::PhoneRemoved => "security-was-phone-removed",
        FactorChange::AloneAllowed => "security-was-alone-allowed",
        FactorChange::AloneRefused => "security-was-alone-refused",
        FactorChange::Recovery => "security-was-recovery",
    }
}

/// What a strong factor is asked for, and where it goes on then: the word that stands in the address.
const BEFORE: [(&str, &str); 10] = [
    ("security", HERE),
    ("phone", "/account/phone"),
    ("person", "/account/person/add"),
    ("emergency", "/choices/emergency"),
    ("points", "/choices/points"),
    ("point", "/choices/points/add"),
    ("one-place", "/choices/one-place"),
    ("e-mail", "/choices/e-mail"),
    ("offers", "/choices/offers"),
    ("account", "/account"),
];

/// Goes to where a strong factor is shown, unless one was lately; it goes on to the page of `word` then.
pub(super) fn first(web: &Web, visit: &Visit, word: &str) -> Result<Option<Response>, Problem> {
    let shown = web.engine().has_confirmed(visit.signed_in()?);
    Ok(if shown { None } else { Some(go(visit, &format!("{CONFIRM}?to={word}"))) })
}

/// The same for who came in by a code alone: what tells more asks for two factors, however long ago.
pub(super) fn two_first(web: &Web, visit: &Visit, word: &str) -> Result<Option<Response>, Problem> {
    if visit.signed_in()?.aal == Aal::Aal2 { Ok(None) } else { first(web, visit, word) }
}

/// Where it goes on: a word that is none of these leads to the page of factors.
fn before(word: &str) -> (&'static str, &'static str) {
    BEFORE.into_iter().find(|(known, _)| *known == word).unwrap_or(("security", HERE))
}

/// A parameter of an address.
pub(super) fn parameter(query: Option<&str>, name: &str) -> String {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.find(|(known, _)| known == name).map_or_else(String::new, |(_, value)| value.into_owned())
}

/// `GET /account/confirm`.
pub(super) async fn confirm(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let (to, with) = (parameter(query.as_deref(), "to"), parameter(query.as_deref(), "with"));
    ask_factor(&web, &visit, (&to, &with), Vec::new()).await
}

async fn ask_factor(
    web: &Web,
    visit: &Visit,
    (to, with): (&str, &str),
    errors: Vec<Wrong>,
) -> Result<Response, Problem> {
    let texts = visit.texts;
    let (word, back) = before(to);
    let mut form = factor_again(web, visit, (&format!("{CONFIRM}?to={word}"), with), errors).await?;
    form.fields.push(Field::hidden("to", word.to_owned()));
    let (lead, up) = match back {
        HERE => ("security-confirm-text", HERE),
        account if account.starts_with("/account") => ("confirm-account-text", "/account"),
        _ => ("confirm-text", "/choices"),
    };
    form.lead = vec![texts.say(lead)];
    (form.button, form.back) = (texts.say("go-on"), Some(up));
    form.draw_in(Frame::new(visit, texts.say("message-confirm")).part("account"))
}

/// `POST /account/confirm`.
pub(super) async fn check_confirm(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let to = visit.fields.value("to");
    match shown_again(&web, &visit).await? {
        Ok(signed_in) => {
            let mut response = go(&visit, before(to).1);
            settle(&visit, &mut response, &signed_in);
            Ok(response)
        }
        Err(wrong) => ask_factor(&web, &visit, (to, visit.fields.value("with")), vec![wrong]).await,
    }
}

/// `GET /account/passkey`.
pub(super) async fn passkey(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    ask_passkey(&web, &visit, Vec::new()).await
}

async fn ask_passkey(web: &Web, visit: &Visit, errors: Vec<Wrong>) -> Result<Response, Problem> {
    if let Some(elsewhere) = first(web, visit, "security")? {
        return Ok(elsewhere);
    }
    let texts = visit.texts;
    let Ok(offer) = web.engine().add_passkey_begin(visit.signed_in()?, &visit.place.site).await else {
        return Err(Problem::unavailable("No passkey can be asked for now."));
    };
    let form = Form {
        lead: vec![texts.say("make-passkey-text")],
        button: texts.say("make-passkey-go"),
        errors,
        back: Some(HERE),
        passkey: Some(asked(&offer)),
        ..Form::default()
    };
    form.draw_in(Frame::new(visit, texts.say("make-passkey")).part("account"))
}

/// `POST /account/passkey`.
pub(super) async fn add_passkey(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let failed = || vec![Wrong::of("", visit.texts.say("security-passkey-wrong"))];
    let Some(answer) = answered(&visit) else { return ask_passkey(&web, &visit, failed()).await };
    match web.engine().add_passkey_finish(visit.signed_in()?, &visit.place.site, &answer).await {
        Ok(()) => Ok(go(&visit, HERE)),
        Err(_) => ask_passkey(&web, &visit, failed()).await,
    }
}

/// `POST /account/passkey/name`: what one of them is called.
pub(super) async fn name_passkey(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let (id, called) = (visit.fields.value("passkey"), visit.fields.value("called"));
    match web.engine().name_passkey(visit.signed_in()?, id, called).await {
        Ok(()) => Ok(go(&visit, HERE)),
        Err(Refused::Unavailable) => Err(Problem::unavailable("The store does not answer now.")),
        Err(_) => Err(Problem::not_found()),
    }
}

/// `POST /account/passkey/remove`.
pub(super) async fn remove_passkey(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    if let Some(elsewhere) = first(&web, &visit, "security")? {
        return Ok(elsewhere);
    }
    match web.engine().remove_passkey(visit.signed_in()?, visit.fields.value("passkey")).await {
        Ok(()) => Ok(go(&visit, HERE)),
        Err(Refused::Unavailable) => Err(Problem::unavailable("The store does not answer now.")),
        Err(_) => Err(Problem::not_found()),
    }
}

/// `GET /account/password`.
pub(super) async fn password(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    ask_password(&web, &visit, Vec::new())
}

fn ask_password(web: &Web, visit: &Visit, errors: Vec<Wrong>) -> Result<Response, Problem> {
    if let Some(elsewhere) = first(web, visit, "security")? {
        return Ok(elsewhere);
    }
    let texts = visit.texts;
    let form = Form {
        fields: vec![super::enrol::new_password(visit)],
        button: texts.say("security-save"),
        errors,
        back: Some(HERE),
        ..Form::default()
    };
    form.draw_in(Frame::new(visit, texts.say("security-password")).part("account"))
}

/// `POST /account/password`.
pub(super) async fn change_password(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let password = visit.fields.exactly("password");
    match web.engine().change_password(visit.signed_in()?, &password).await {
        Ok(()) => Ok(go(&visit, HERE)),
        Err(Refused::Weak(weak)) => {
            ask_password(&web, &visit, vec![Wrong::of("password", super::enrol::weak(&visit, weak))])
        }
        Err(refused) => ask_password(&web, &visit, vec![wrong(&web, &visit, refused, ("", "security-failed"))?]),
    }
}

/// `GET /account/app`: begins a new code app; the old one counts until the new one has shown a code.
pub(super) async fn app(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    if let Some(elsewhere) = first(&web, &visit, "security")? {
        return Ok(elsewhere);
    }
    match web.engine().renew_app_begin(visit.signed_in()?).await {
        Ok((step, offer)) => ask_app(&visit, (step.reveal(), offer.key.reveal(), offer.uri.reveal()), Vec::new()),
        Err(Refused::Unavailable | Refused::Crowded) => Err(Problem::unavailable("The store does not answer now.")),
        Err(_) => Ok(go(&visit, HERE)),
    }
}

/// The key goes back and forth in the page that only this browser has, so that a wrong code does not make a new one.
fn ask_app(visit: &Visit, (step, key, uri): (&str, &str, &str), errors: Vec<Wrong>) -> Result<Response, Problem> {
    let texts = visit.texts;
    let mut form =
        Form { button: texts.say("security-save"), errors, back: Some(HERE), ..enrol::of_app(visit, key, uri) };
    form.fields.push(Field::hidden("step", step.to_owned()));
    form.draw_in(Frame::new(visit, texts.say("totp")).part("account"))
}

/// `POST /account/app`.
pub(super) async fn change_app(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let field = |name: &str| visit.fields.value(name);
    let code = Secret::new(field("code").chars().filter(char::is_ascii_digit).collect());
    let step = Secret::new(field("step").to_owned());
    match web.engine().renew_app_finish(visit.signed_in()?, &step, &code).await {
        Ok(()) => Ok(go(&visit, HERE)),
        Err(Refused::NoMatch) if web.engine().has_confirmed(visit.signed_in()?) => {
            let wrong = vec![Wrong::of("code", visit.texts.say("totp-wrong"))];
            ask_app(&visit, (field("step"), field("key"), field("uri")), wrong)
        }
        Err(Refused::Unavailable) => Err(Problem::unavailable("The store does not answer now.")),
        Err(_) => Ok(go(&visit, "/account/app")),
    }
}

/// `POST /account/codes`: new recovery codes, shown this once.
pub(super) async fn renew_codes(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    if let Some(elsewhere) = first(&web, &visit, "security")? {
        return Ok(elsewhere);
    }
    let codes = match web.engine().renew_recovery_codes(visit.signed_in()?).await {
        Ok(codes) => codes,
        Err(Refused::NoMatch) => return Ok(go(&visit, HERE)),
        Err(_) => return Err(Problem::unavailable("The store does not answer now.")),
    };
    let texts = visit.texts;
    let notice = Notice {
        paragraphs: vec![texts.say("codes-text"), texts.say("security-codes-old")],
        codes: codes.iter().map(|code| code.reveal().clone()).collect(),
        go_on: Some(Link::new(HERE, texts.say("codes-go"))),
        ..Notice::default()
    };
    notice.draw(StatusCode::OK, Frame::new(&visit, texts.say("codes")).part("account"))
}
