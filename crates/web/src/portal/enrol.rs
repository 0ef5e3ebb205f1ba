//! Making an account: the code of an invitation, a date of birth and one thing more, then a factor. One thing a page.

use super::form::{Choice, Field, Form, Kind, Wrong};
use super::page::{Frame, Link, Notice, go};
use super::qr;
use super::sign_in::{answered, asked, settle, wrong};
use super::visit::{Cookie, Visit};
use crate::problem::Problem;
use crate::web::Web;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::civil::Date;
use postern_base::Phi;
use postern_engine::portal::{Identifiers, Refused, SignedIn, WeakPassword};

/// `GET /enrol`.
pub(super) async fn code(Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    ask_code(&visit, Vec::new())
}

fn ask_code(visit: &Visit, errors: Vec<Wrong>) -> Result<Response, Problem> {
    let texts = visit.texts;
    let form = Form {
        fields: vec![
            Field::new(Kind::Code, "invitation", texts.say("enrol-code-label"))
                .hint(texts.say("enrol-code-hint"))
                .value(visit.fields.value("invitation")),
        ],
        button: texts.say("go-on"),
        errors,
        back: Some("/"),
        action: Some("/enrol".into()),
        ..Form::default()
    };
    form.draw(visit, texts.say("enrol-code"))
}

/// `POST /enrol`: whatever was typed, the next page is the same. Whether the code is any good is not told before the rest is there.
pub(super) async fn take_code(Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    if visit.fields.value("invitation").is_empty() {
        return ask_code(&visit, vec![Wrong::of("invitation", visit.texts.say("enrol-code-empty"))]);
    }
    ask_birth(&visit, Vec::new())
}

fn ask_birth(visit: &Visit, errors: Vec<Wrong>) -> Result<Response, Problem> {
    let texts = visit.texts;
    let typed = ["born-month", "born-day", "born-year"].map(|part| visit.fields.value(part)).join("/");
    let form = Form {
        fields: vec![
            Field::hidden("invitation", visit.fields.value("invitation").to_owned()),
            Field::new(Kind::Date, "born", texts.say("enrol-birth-label"))
                .hint(texts.say("enrol-birth-hint"))
                .value(&typed),
        ],
        button: texts.say("go-on"),
        errors,
        back: Some("/enrol"),
        action: Some("/enrol/birth".into()),
        ..Form::default()
    };
    form.draw(visit, texts.say("enrol-birth"))
}

/// The day that was typed.
pub(super) fn born(web: &Web, visit: &Visit) -> Option<Date> {
    let today = web.engine().clock().now().to_zoned(visit.place.zone.clone()).date();
    let part = |name: &str| visit.fields.value(name).parse::<i16>().ok();
    let (month, day) = (part("born-month")?, part("born-day")?);
    let date = Date::new(part("born-year")?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    // A year of two digits, or one to come, is a slip: it is asked for again before it counts as a wrong answer.
    (1900..=today.year()).contains(&date.year()).then_some(date).filter(|date| *date <= today)
}

/// `POST /enrol/birth`.
pub(super) async fn take_birth(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    if born(&web, &visit).is_none() {
        return ask_birth(&visit, vec![Wrong::of("born", visit.texts.say("enrol-birth-empty"))]);
    }
    ask_more(&visit, Vec::new())
}

fn ask_more(visit: &Visit, errors: Vec<Wrong>) -> Result<Response, Problem> {
    let texts = visit.texts;
    let hidden = ["invitation", "born-month", "born-day", "born-year"]
        .map(|name| Field::hidden(name, visit.fields.value(name).to_owned()));
    let mut fields = Vec::from(hidden);
    fields.push(
        Field::new(Kind::Text, "other", texts.say("enrol-more-label"))
            .hint(texts.say("enrol-more-hint"))
            .value(visit.fields.value("other")),
    );
    let form = Form {
        lead: vec![texts.say("enrol-more-text")],
        fields,
        button: texts.say("go-on"),
        errors,
        back: Some("/enrol"),
        action: Some("/enrol/more".into()),
        ..Form::default()
    };
    form.draw(visit, texts.say("enrol-more"))
}

/// `POST /enrol/more`: now all of it is checked, at once.
pub(super) async fn take_more(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    let other = visit.fields.value("other");
    if other.is_empty() {
        return ask_more(&visit, vec![Wrong::of("other", visit.texts.say("enrol-more-empty"))]);
    }
    let Some(born) = born(&web, &visit) else { return Ok(go(&visit, "/enrol")) };
    let identifiers = Identifiers { born, other: Phi::new(other.to_owned()) };
    let (tenant, code) = (&visit.place.tenant, visit.fields.value("invitation"));
    match web.engine().begin_enrolment(tenant, code, &identifiers, &visit.source()).await {
        Ok(enrolment) => {
            let mut response = go(&visit, "/enrol/way");
            visit.give(&mut response, Cookie::Step, enrolment.token.reveal());
            Ok(response)
        }
        Err(refused) => ask_code(&visit, vec![wrong(&web, &visit, refused, ("", "enrol-refused"))?]),
    }
}

/// `GET /enrol/way`.
pub(super) async fn way(Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    ask_way(&visit, Vec::new())
}

fn ask_way(visit: &Visit, errors: Vec<Wrong>) -> Result<Response, Problem> {
    if visit.cookie(Cookie::Step).is_none() {
        return Ok(go(visit, "/enrol"));
    }
    let texts = visit.texts;
    let way = |value: &str, label: &str, hint: &str| Choice::new(value, texts.say(label)).explained(texts.say(hint));
    let options = vec![
        way("passkey", "factor-passkey", "factor-passkey-hint"),
        way("password", "factor-password", "factor-password-hint"),
    ];
    let form = Form {
        fields: vec![
            Field::new(Kind::One, "way", texts.say("factor-which")).hint(texts.say("factor-text")).options(options),
        ],
        button: texts.say("go-on"),
        errors,
        ..Form::default()
    };
    form.draw(visit, texts.say("factor"))
}

/// `POST /enrol/way`.
pub(super) async fn choose_way(Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    match visit.fields.value("way") {
        "passkey" => Ok(go(&visit, "/enrol/passkey")),
        "password" => Ok(go(&visit, "/enrol/password")),
        _ => ask_way(&visit, vec![Wrong::of("way", visit.texts.say("factor-empty"))]),
    }
}

/// `GET /enrol/password`.
pub(super) async fn password(Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    if visit.cookie(Cookie::Step).is_none() {
        return Ok(go(&visit, "/enrol"));
    }
    ask_password(&visit, Vec::new())
}

/// house: the shortest password beside another factor (NIST SP 800-63B-4 section 3.1.1.2; RULES IDN-02), as the engine holds it.
const SHORTEST: i64 = 8;

/// The field of a password that is made.
pub(super) fn new_password(visit: &Visit) -> Field {
    Field::new(Kind::Password, "password", visit.texts.say("make-word"))
        .hint(visit.texts.with("make-word-hint", "count", SHORTEST))
        .autocomplete("new-password")
}

/// Why a password will not do.
pub(super) fn weak(visit: &Visit, weak: WeakPassword) -> String {
    match weak {
        WeakPassword::Short => visit.texts.with("make-word-short", "count", SHORTEST),
        WeakPassword::Long => visit.texts.say("make-word-long"),
        WeakPassword::Known => visit.texts.say("make-word-known"),
    }
}

fn ask_password(visit: &Visit, errors: Vec<Wrong>) -> Result<Response, Problem> {
    let texts = visit.texts;
    let form = Form {
        fields: vec![
            Field::new(Kind::Text, "name", texts.say("make-name"))
                .hint(texts.say("make-name-hint"))
                .autocomplete("username")
                .value(visit.fields.value("name")),
            new_password(visit),
        ],
        button: texts.say("go-on"),
        errors,
        back: Some("/enrol/way"),
        action: Some("/enrol/password".into()),
        ..Form::default()
    };
    form.draw(visit, texts.say("factor-password"))
}

/// `POST /enrol/password`.
pub(super) async fn take_password(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let Some(step) = visit.cookie(Cookie::Step) else { return Ok(go(&visit, "/enrol")) };
    let (name, password) = (visit.fields.value("name"), visit.fields.exactly("password"));
    match web.engine().enrol_with_password(&step, name, &password).await {
        Ok(offer) => first_code(&web, &visit, (offer.key.reveal(), offer.uri.reveal()), Vec::new()).await,
        Err(Refused::Over) => Ok(go(&visit, "/enrol")),
        Err(Refused::Weak(weak)) => ask_password(&visit, vec![Wrong::of("password", self::weak(&visit, weak))]),
        Err(refused) => ask_password(&visit, vec![wrong(&web, &visit, refused, ("name", "make-name-taken"))?]),
    }
}

/// The picture and the key of an authenticator app, and its first code. The key goes back and forth in the page that only this browser
/// has, so that a wrong code does not make a new one.
async fn first_code(
    web: &Web,
    visit: &Visit,
    (key, uri): (&str, &str),
    errors: Vec<Wrong>,
) -> Result<Response, Problem> {
    let texts = visit.texts;
    let numbers = match visit.cookie(Cookie::Step) {
        Some(step) => web.engine().enrol_numbers(&step).await.unwrap_or_default(),
        None => Vec::new(),
    };
    let links = numbers.first().map(|_| Link::new("/enrol/text", texts.say("totp-none")));
    let form = Form {
        button: texts.say("go-on"),
        errors,
        action: Some("/enrol/app".into()),
        links: links.into_iter().collect(),
        ..of_app(visit, key, uri)
    };
    form.draw(visit, texts.say("totp"))
}

/// What is asked of somebody who puts a key into an authenticator app: its first code.
pub(super) fn of_app(visit: &Visit, key: &str, uri: &str) -> Form {
    let texts = visit.texts;
    Form {
        lead: vec![texts.say("totp-text")],
        qr: qr::svg(uri, &texts.say("totp-picture")),
        key: Some(key.to_owned()),
        uri: Some(uri.to_owned()),
        fields: vec![
            Field::hidden("key", key.to_owned()),
            Field::hidden("uri", uri.to_owned()),
            Field::new(Kind::Number, "code", texts.say("totp-label")).autocomplete("one-time-code"),
        ],
        ..Form::default()
    }
}

/// `POST /enrol/app`.
pub(super) async fn take_first_code(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let Some(step) = visit.cookie(Cookie::Step) else { return Ok(go(&visit, "/enrol")) };
    let code: String = visit.fields.value("code").chars().filter(char::is_ascii_digit).collect();
    match web.engine().enrol_confirm_code(&step, &code, visit.browser()).await {
        Ok(signed_in) => show_codes(&visit, &signed_in),
        Err(Refused::Over) => Ok(go(&visit, "/enrol")),
        Err(refused) => {
            let wrong = wrong(&web, &visit, refused, ("code", "totp-wrong"))?;
            let shown = (visit.fields.value("key"), visit.fields.value("uri"));
            first_code(&web, &visit, shown, vec![wrong]).await
        }
    }
}

/// `GET /enrol/passkey`.
pub(super) async fn passkey(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    ask_passkey(&web, &visit, Vec::new()).await
}

async fn ask_passkey(web: &Web, visit: &Visit, errors: Vec<Wrong>) -> Result<Response, Problem> {
    let texts = visit.texts;
    let Some(step) = visit.cookie(Cookie::Step) else { return Ok(go(visit, "/enrol")) };
    let Ok(offer) = web.engine().enrol_passkey_begin(&step, &visit.place.site).await else {
        return Ok(go(visit, "/enrol"));
    };
    let form = Form {
        lead: vec![texts.say("make-passkey-text")],
        button: texts.say("make-passkey-go"),
        errors,
        back: Some("/enrol/way"),
        passkey: Some(asked(&offer)),
        ..Form::default()
    };
    form.draw(visit, texts.say("make-passkey"))
}

/// `POST /enrol/passkey`.
pub(super) async fn take_passkey(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let Some(step) = visit.cookie(Cookie::Step) else { return Ok(go(&visit, "/enrol")) };
    let failed = || vec![Wrong::of("", visit.texts.say("make-passkey-wrong"))];
    let Some(answer) = answered(&visit) else { return ask_passkey(&web, &visit, failed()).await };
    match web.engine().enrol_passkey_finish(&step, &visit.place.site, &answer, visit.browser()).await {
        Ok(signed_in) => show_codes(&visit, &signed_in),
        Err(Refused::Over) => Ok(go(&visit, "/enrol")),
        Err(_) => ask_passkey(&web, &visit, failed()).await,
    }
}

/// The account is there: its recovery codes are shown, this once.
pub(super) fn show_codes(visit: &Visit, signed_in: &SignedIn) -> Result<Response, Problem> {
    let texts = visit.texts;
    let codes: Vec<String> = signed_in.recovery_codes.iter().map(|code| code.reveal().clone()).collect();
    // An account without a password has no codes: what takes the place of its device is another passkey, or the practice.
    let (heading, text, on) = match codes.is_empty() {
        true => ("enrolled", "lost-passkey", "go-on"),
        false => ("codes", "codes-text", "codes-go"),
    };
    let notice = Notice {
        paragraphs: vec![texts.say(text)],
        codes,
        go_on: Some(Link::new("/messages", texts.say(on))),
        ..Notice::default()
    };
    let mut response = notice.draw(StatusCode::OK, Frame::new(visit, texts.say(heading)))?;
    settle(visit, &mut response, signed_in);
    // The language in which somebody enrolled is the one that goes on, whatever the record says.
    visit.give(&mut response, Cookie::Language, visit.texts.language().as_str());
    Ok(response)
}
