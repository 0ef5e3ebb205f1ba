//! Signing in: a passkey, or a password and then a code; and showing a factor once more.

use super::form::{Choice, Field, Form, Kind, Wrong};
use super::page::{Link, go};
use super::texts::Texts;
use super::visit::{Cookie, Visit};
use crate::problem::Problem;
use crate::web::Web;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use postern_base::Secret;
use postern_engine::portal::{Aal, Browser, PasskeyAnswer, PasskeyOffer, Refused, Second, SignedIn, Whence};

/// `GET /sign-in`.
pub(super) async fn ways(Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    ask_way(&visit, Vec::new())
}

fn ask_way(visit: &Visit, errors: Vec<Wrong>) -> Result<Response, Problem> {
    let texts = visit.texts;
    let way = |value: &str, label: &str, hint: &str| Choice::new(value, texts.say(label)).explained(texts.say(hint));
    let mut options = vec![
        way("passkey", "sign-in-passkey", "sign-in-passkey-hint"),
        way("password", "sign-in-password", "sign-in-password-hint"),
    ];
    if visit.place.texts_codes {
        options.push(way("text", "sign-in-alone", "sign-in-alone-hint"));
    }
    let form = Form {
        fields: vec![Field::new(Kind::One, "way", texts.say("sign-in-text")).options(options)],
        button: texts.say("go-on"),
        errors,
        links: vec![
            Link::new("/sign-in/lost", texts.say("sign-in-lost")),
            Link::new("/enrol", texts.say("sign-in-new")),
        ],
        ..Form::default()
    };
    form.draw(visit, texts.say("sign-in"))
}

/// `POST /sign-in`.
pub(super) async fn choose_way(Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    match visit.fields.value("way") {
        "passkey" => Ok(go(&visit, "/sign-in/passkey")),
        "password" => Ok(go(&visit, "/sign-in/password")),
        "text" => Ok(go(&visit, "/sign-in/by-text")),
        _ => ask_way(&visit, vec![Wrong::of("way", visit.texts.say("sign-in-choose"))]),
    }
}

/// `GET /sign-in/password`.
pub(super) async fn password(Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    ask_password(&visit, "", Vec::new())
}

fn ask_password(visit: &Visit, name: &str, errors: Vec<Wrong>) -> Result<Response, Problem> {
    let texts = visit.texts;
    let form = Form {
        fields: vec![
            Field::new(Kind::Text, "name", texts.say("sign-in-name"))
                .hint(texts.say("sign-in-name-hint"))
                .autocomplete("username")
                .value(name),
            Field::new(Kind::Password, "password", texts.say("sign-in-word")).autocomplete("current-password"),
        ],
        button: texts.say("go-on"),
        errors,
        back: Some("/sign-in"),
        links: vec![Link::new("/sign-in/lost", texts.say("sign-in-lost"))],
        ..Form::default()
    };
    form.draw(visit, texts.say("sign-in"))
}

/// `POST /sign-in/password`.
pub(super) async fn check_password(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let (name, password) = (visit.fields.value("name"), visit.fields.exactly("password"));
    let tenant = &visit.place.tenant;
    let (source, device) = (visit.source(), visit.cookie(Cookie::Device));
    let from = Whence { source: &source, device: device.as_ref() };
    match web.engine().sign_in_with_password(tenant, name, &password, from).await {
        Ok(step) => {
            let mut response = go(&visit, "/sign-in/code");
            visit.give(&mut response, Cookie::Step, step.token.reveal());
            Ok(response)
        }
        Err(refused) => ask_password(&visit, name, vec![wrong(&web, &visit, refused, ("", "sign-in-wrong"))?]),
    }
}

/// `GET /sign-in/code`.
pub(super) async fn code(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    ask_code(&web, &visit, Factor::Code, Vec::new()).await
}

/// `GET /sign-in/recovery`.
pub(super) async fn recovery(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    ask_code(&web, &visit, Factor::Recovery, Vec::new()).await
}

/// Which second factor a page asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Factor {
    Code,
    Recovery,
}

impl Factor {
    /// The field that asks for it.
    pub(super) fn field(self, visit: &Visit) -> Field {
        match self {
            Self::Code => Field::new(Kind::Number, "code", visit.texts.say("code-label")).autocomplete("one-time-code"),
            Self::Recovery => Field::new(Kind::Code, "code", visit.texts.say("recovery-label")),
        }
    }

    /// What was typed there.
    pub(super) fn said(self, visit: &Visit) -> Second {
        let said = visit.fields.value("code");
        match self {
            Self::Code => Second::Code(Secret::new(said.chars().filter(char::is_ascii_digit).collect())),
            Self::Recovery => Second::Recovery(Secret::new(said.to_owned())),
        }
    }

    const fn keys(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Code => ("code", "code-text", "code-wrong"),
            Self::Recovery => ("recovery", "recovery-text", "recovery-wrong"),
        }
    }
}

async fn ask_code(web: &Web, visit: &Visit, factor: Factor, errors: Vec<Wrong>) -> Result<Response, Problem> {
    let Some(step) = visit.cookie(Cookie::Step) else { return Ok(go(visit, "/sign-in")) };
    let factors = match web.engine().second_factors(&step).await {
        Ok(factors) => factors,
        Err(Refused::Unavailable) => return Err(Problem::unavailable("The store does not answer now.")),
        Err(_) => return Ok(go(visit, "/sign-in/password")),
    };
    if factor == Factor::Code && !factors.app {
        return Ok(go(visit, if factors.text.is_some() { "/sign-in/text" } else { "/sign-in/recovery" }));
    }
    let texts = visit.texts;
    let (heading, lead, _) = factor.keys();
    let mut links = match factor {
        Factor::Code => vec![Link::new("/sign-in/recovery", texts.say("code-recovery"))],
        Factor::Recovery => vec![Link::new("/sign-in/lost", texts.say("sign-in-lost"))],
    };
    if factors.text.is_some() {
        links.insert(0, Link::new("/sign-in/text", texts.say("texted-instead")));
    }
    let mut lead = vec![texts.say(lead)];
    if factors.text_closed {
        lead.push(texts.say("phone-closed"));
    }
    let form = Form {
        lead,
        fields: vec![factor.field(visit)],
        button: texts.say("sign-in"),
        errors,
        back: Some("/sign-in/password"),
        links,
        ..Form::default()
    };
    form.draw(visit, texts.say(heading))
}

/// `POST /sign-in/code`.
pub(super) async fn check_code(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    finish(&web, &visit, Factor::Code).await
}

/// `POST /sign-in/recovery`.
pub(super) async fn check_recovery(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    finish(&web, &visit, Factor::Recovery).await
}

async fn finish(web: &Web, visit: &Visit, factor: Factor) -> Result<Response, Problem> {
    let Some(step) = visit.cookie(Cookie::Step) else { return Ok(go(visit, "/sign-in")) };
    let (_, _, bad) = factor.keys();
    match web.engine().finish_sign_in(&step, &factor.said(visit), &visit.source(), visit.browser()).await {
        Ok(signed_in) => enter(web, visit, &signed_in).await,
        Err(Refused::Over) => Ok(go(visit, "/sign-in/password")),
        Err(refused) => ask_code(web, visit, factor, vec![wrong(web, visit, refused, ("code", bad))?]).await,
    }
}

/// `GET /sign-in/passkey`.
pub(super) async fn passkey(State(web): State<Web>, Extension(visit): Extension<Visit>) -> Result<Response, Problem> {
    ask_passkey(&web, &visit, Vec::new()).await
}

async fn ask_passkey(web: &Web, visit: &Visit, errors: Vec<Wrong>) -> Result<Response, Problem> {
    let texts = visit.texts;
    let offer = match web.engine().passkey_begin(&visit.place.tenant, &visit.place.site).await {
        Ok(offer) => offer,
        Err(_) => return Err(Problem::unavailable("No passkey can be asked for now.")),
    };
    let form = Form {
        lead: vec![texts.say("passkey-text")],
        button: texts.say("passkey-go"),
        errors,
        back: Some("/sign-in"),
        links: vec![Link::new("/sign-in/password", texts.say("passkey-other"))],
        passkey: Some(asked(&offer)),
        ..Form::default()
    };
    form.draw(visit, texts.say("passkey"))
}

/// By what a factor is shown once more: the passkey where there is one, unless another way was picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    Passkey,
    By(Factor),
    Password,
}

fn again(word: &str) -> Again {
    match word {
        "password" => Again::Password,
        "code" => Again::By(Factor::Code),
        "recovery" => Again::By(Factor::Recovery),
        _ => Again::Passkey,
    }
}

/// A page that asks for a factor once more, at `here`; what is picked of the ways there are stands in the address, so that nobody needs a
/// script or the telephone with the passkey.
pub(super) async fn factor_again(
    web: &Web,
    visit: &Visit,
    (here, picked): (&str, &str),
    errors: Vec<Wrong>,
) -> Result<Form, Problem> {
    let (texts, visitor) = (visit.texts, visit.signed_in()?);
    let factors = web.engine().factors(visitor).await?;
    let mut ways = Vec::with_capacity(3);
    if !factors.passkeys.is_empty() {
        ways.push((Again::Passkey, "passkey", "confirm-by-passkey"));
    }
    // Who came in by a code alone, and who has no app, shows what a found telephone does not know.
    if factors.password && (visitor.aal == Aal::Aal1 || !factors.app) {
        ways.push((Again::Password, "password", "confirm-by-password"));
    }
    if visitor.aal == Aal::Aal2 && factors.password {
        if factors.app {
            ways.push((Again::By(Factor::Code), "code", "confirm-by-code"));
        }
        if factors.recovery_left > 0 {
            ways.push((Again::By(Factor::Recovery), "recovery", "code-recovery"));
        }
    }
    let asked_for = again(picked);
    let picked = ways.iter().find(|(way, ..)| *way == asked_for).or_else(|| ways.first());
    let way = picked.map_or(Again::Passkey, |(way, ..)| *way);
    let offer = match way {
        Again::Passkey => web.engine().confirm_passkey_begin(visitor, &visit.place.site).await.ok(),
        Again::By(_) | Again::Password => None,
    };
    let other = |way: &str, key: &str| Link::new(format!("{here}{}with={way}", joint(here)), texts.say(key));
    let others = ways.iter().filter(|(one, ..)| *one != way);
    let links = others.map(|(_, word, key)| other(word, key)).collect();
    let fields = match way {
        Again::Password => {
            let field = Field::new(Kind::Password, "password", texts.say("sign-in-word"));
            vec![field.autocomplete("current-password"), Field::hidden("with", "password".to_owned())]
        }
        Again::By(factor) => vec![factor.field(visit), Field::hidden("with", factor.keys().0.to_owned())],
        Again::Passkey => Vec::new(),
    };
    Ok(Form { fields, errors, links, passkey: offer.as_ref().map(asked), ..Form::default() })
}

/// What stands between a path and one more of its parameters.
fn joint(path: &str) -> &'static str {
    if path.contains('?') { "&" } else { "?" }
}

/// Takes what was shown on such a page; what was wrong is a sentence at its field.
pub(super) async fn shown_again(web: &Web, visit: &Visit) -> Result<Result<SignedIn, Wrong>, Problem> {
    let (visitor, source) = (visit.signed_in()?, visit.source());
    let (shown, field, bad) = match (answered(visit), again(visit.fields.value("with"))) {
        (Some(answer), _) => {
            let shown = web.engine().confirm_passkey_finish(visitor, &visit.place.site, &answer, &source).await;
            (shown, "", "passkey-wrong")
        }
        (None, Again::By(Factor::Recovery)) => {
            (web.engine().confirm(visitor, &Factor::Recovery.said(visit), &source).await, "code", "recovery-wrong")
        }
        (None, Again::Password) => {
            let password = Second::Password(visit.fields.exactly("password"));
            (web.engine().confirm(visitor, &password, &source).await, "password", "confirm-wrong")
        }
        (None, _) => (web.engine().confirm(visitor, &Factor::Code.said(visit), &source).await, "code", "code-wrong"),
    };
    Ok(match shown {
        Ok(signed_in) => Ok(signed_in),
        Err(refused) => Err(wrong(web, visit, refused, (field, bad))?),
    })
}

/// What the page's script asks the browser.
pub(super) fn asked(offer: &PasskeyOffer) -> String {
    offer.options.to_string()
}

/// What the browser answered; `None` = nothing that can be read.
pub(super) fn answered(visit: &Visit) -> Option<PasskeyAnswer> {
    serde_json::from_str(visit.fields.value("credential")).ok()
}

/// `POST /sign-in/passkey`.
pub(super) async fn check_passkey(
    State(web): State<Web>,
    Extension(visit): Extension<Visit>,
) -> Result<Response, Problem> {
    let Some(answer) = answered(&visit) else {
        return ask_passkey(&web, &visit, vec![Wrong::of("", visit.texts.say("passkey-wrong"))]).await;
    };
    let (place, source, device) = (&visit.place, visit.source(), visit.cookie(Cookie::Device));
    let from = Whence { source: &source, device: device.as_ref() };
    match web.engine().passkey_finish(&place.tenant, &place.site, &answer, from, visit.browser()).await {
        Ok(signed_in) => enter(&web, &visit, &signed_in).await,
        Err(refused) => {
            let wrong = wrong(&web, &visit, refused, ("", "passkey-wrong"))?;
            ask_passkey(&web, &visit, vec![wrong]).await
        }
    }
}

/// Somebody is signed in: the cookie is new, those of before are taken back. The list of messages knows what they came for; words that wait
/// to be sent come first.
pub(super) async fn enter(web: &Web, visit: &Visit, signed_in: &SignedIn) -> Result<Response, Problem> {
    let visitor = web.engine().visitor(&signed_in.token).await?;
    let words = visitor.and_then(|visitor| web.engine().words_wait_at(&visitor));
    let to = words.map_or_else(|| "/messages".to_owned(), |message| format!("/messages/{message}"));
    let mut response = go(visit, &to);
    settle(visit, &mut response, signed_in);
    Ok(response)
}

/// Gives the browser the session, and takes back what led to it.
pub(super) fn settle(visit: &Visit, response: &mut Response, signed_in: &SignedIn) {
    visit.give(response, Cookie::Session, signed_in.token.reveal());
    visit.give(response, Cookie::Step, "");
    visit.give(response, Cookie::Browser, "");
    if let Some(device) = &signed_in.device {
        visit.give(response, Cookie::Device, device.reveal());
    }
}

/// What was refused, in words. It says nothing of who exists: `plain` is one sentence for everything that does not fit.
pub(super) fn wrong(
    web: &Web,
    visit: &Visit,
    refused: Refused,
    (field, plain): (&'static str, &str),
) -> Result<Wrong, Problem> {
    let sentence = sentence(visit.texts, web.engine().clock().now(), &refused, plain);
    let sentence = sentence.ok_or_else(|| Problem::unavailable("The store does not answer now."))?;
    Ok(Wrong { field, sentence })
}

/// `None` = it is no fault of who asks, and no page of theirs can say more of it.
fn sentence(texts: &Texts, now: Timestamp, refused: &Refused, plain: &str) -> Option<String> {
    match refused {
        Refused::TooMany { until } => {
            let wait = until.duration_since(now).as_mins().saturating_add(1).max(1);
            Some(texts.with("sign-in-wait", "minutes", wait))
        }
        Refused::Unavailable => None,
        Refused::Crowded => Some(texts.say("sign-in-crowded")),
        Refused::NoMatch | Refused::Over | Refused::Weak(_) | Refused::NameTaken => Some(texts.say(plain)),
    }
}

impl Visit {
    /// The kind of browser.
    pub(super) fn browser(&self) -> Browser {
        Browser::of(&self.user_agent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;
    use postern_base::Language;

    #[test]
    fn who_comes_while_many_sign_in_hears_that_and_neither_that_they_are_wrong_nor_that_something_broke() {
        let now = Timestamp::UNIX_EPOCH;
        for (language, crowded) in [(Language::En, "Many people are signing in"), (Language::Es, "Muchas personas")] {
            let texts = Texts::of(language);
            let said = |refused: Refused| sentence(texts, now, &refused, "sign-in-wrong");
            assert!(said(Refused::Crowded).is_some_and(|said| said.starts_with(crowded)), "{language:?}");
            assert_eq!(said(Refused::NoMatch), Some(texts.say("sign-in-wrong")));
            assert_eq!(said(Refused::Unavailable), None);
            let wait = said(Refused::TooMany { until: now + SignedDuration::from_secs(61) }).unwrap();
            assert!(wait.contains(" 2 "), "{wait}");
        }
    }
}
