//! What every page has around it: the practice's name, the ways on, the language switch, the words on emergencies.

use super::texts::Texts;
use super::visit::{Again, Visit};
use crate::problem::Problem;
use askama::Template;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use postern_base::Language;

/// Nothing from elsewhere, nothing inline, framed by nobody (CSP level 3).
pub(super) const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; manifest-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// No other site hears where somebody comes from. We do: under `no-referrer` a browser says of our own forms that they come from nowhere
/// (Fetch, "append a request `Origin` header"), and browsers of before 2023 say it in no other way.
const OURS_ALONE: &str = "same-origin";

/// The frame of a page.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    visit: &'a Visit,
    heading: String,
    /// The name of the part of the portal it belongs to.
    at: &'static str,
    /// There is something to put right on it.
    wrong: bool,
    has_address: bool,
}

impl<'a> Frame<'a> {
    /// The frame of a page with this heading.
    pub(crate) const fn new(visit: &'a Visit, heading: String) -> Self {
        Self { visit, heading, at: "", wrong: false, has_address: true }
    }

    /// The same, of a part of the portal.
    pub(crate) const fn part(mut self, at: &'static str) -> Self {
        self.at = at;
        self
    }

    /// The same, with something to put right.
    pub(crate) const fn with_errors(mut self, wrong: bool) -> Self {
        self.wrong = wrong;
        self
    }

    /// The same, of a page that came with a form and at no address of its own: the way to the other language would lose what is on it.
    pub(super) const fn at_no_address(mut self) -> Self {
        self.has_address = false;
        self
    }

    pub(super) fn texts(&self) -> &'static Texts {
        self.visit.texts
    }

    pub(super) fn say(&self, key: &str) -> String {
        self.texts().say(key)
    }

    pub(super) fn heading(&self) -> &str {
        &self.heading
    }

    pub(super) fn language(&self) -> &'static str {
        self.texts().language().as_str()
    }

    pub(super) const fn other(&self) -> Language {
        match self.visit.texts.language() {
            Language::En => Language::Es,
            Language::Es => Language::En,
        }
    }

    pub(super) fn other_language(&self) -> &'static str {
        self.other().as_str()
    }

    pub(super) fn in_other_language(&self) -> String {
        Texts::of(self.other()).say("this-language")
    }

    /// Where this page is in the other language; `None` = it is brought again with its form.
    pub(super) fn again(&self) -> Option<String> {
        let language = self.other_language();
        match &self.visit.again {
            Again::Here => Some(format!("?lang={language}")),
            Again::At(path) => Some(format!("{path}?lang={language}")),
            Again::WithForm => None,
        }
    }

    /// Whether it can be read in the other language at all.
    pub(super) const fn turns(&self) -> bool {
        self.has_address
    }

    /// The form that brought this page.
    pub(super) fn brought(&self) -> impl Iterator<Item = (&str, &str)> {
        self.visit.fields.again()
    }

    pub(super) fn base(&self) -> &str {
        &self.visit.place.base
    }

    /// Titles lie in histories and on screens behind one's back: the practice's neutral name and what kind of page it is, never
    /// a name, a subject or a sender. Every heading is drawn from the texts for the same reason.
    pub(super) fn title(&self) -> String {
        let mistake = if self.wrong { format!("{}: ", self.say("error-in-title")) } else { String::new() };
        let heading = if self.at.is_empty() { self.heading.clone() } else { self.say(&format!("nav-{}", self.at)) };
        format!("{mistake}{heading} - {}", self.visit.place.name)
    }

    /// How long a session may stand still, for the sentence on every page of who is signed in.
    pub(super) fn idle_text(&self) -> String {
        self.texts().with("idle-text", "minutes", self.visit.place.idle_seconds / 60)
    }

    pub(super) const fn idle_seconds(&self) -> i64 {
        self.visit.place.idle_seconds
    }

    pub(super) fn practice(&self) -> &str {
        &self.visit.place.name
    }

    pub(super) fn csrf(&self) -> &str {
        &self.visit.csrf
    }

    pub(super) const fn is_signed_in(&self) -> bool {
        self.visit.visitor.is_some()
    }

    pub(super) fn is_at(&self, part: &str) -> bool {
        self.at == part
    }

    /// Whom a proxy acts for, at the top of every page.
    pub(super) fn acting(&self) -> Option<String> {
        let name = self.visit.acting_for.as_deref()?;
        Some(self.texts().with("acting", "name", name.to_owned()))
    }

    pub(super) fn emergency(&self) -> Vec<Piece> {
        pieces(&self.say("emergency"), &["911", "988"])
    }

    pub(super) fn call(&self) -> Option<Vec<Piece>> {
        let number = self.visit.place.callback.as_deref()?;
        Some(pieces(&self.texts().with("call", "number", number), &[number]))
    }
}

/// A part of a sentence; a number is called by a press.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) text: String,
    /// What is dialled.
    pub(super) number: Option<String>,
}

/// `sentence` in parts, so that each of `numbers` in it stands alone.
fn pieces(sentence: &str, numbers: &[&str]) -> Vec<Piece> {
    let mut all = Vec::new();
    let mut rest = sentence;
    while let Some((at, number)) = numbers.iter().filter_map(|one| Some((rest.find(one)?, *one))).min() {
        let (before, from) = rest.split_at(at);
        all.push(Piece { text: before.to_owned(), number: None });
        let dialled = number.chars().filter(|sign| sign.is_ascii_digit() || *sign == '+').collect();
        all.push(Piece { text: as_people_write(number), number: Some(dialled) });
        rest = from.strip_prefix(number).unwrap_or_default();
    }
    all.push(Piece { text: rest.to_owned(), number: None });
    all
}

/// The text of a message in parts, so that the practice's own number in it is called by a press.
pub(super) fn to_call(text: &str, number: Option<&str>) -> Vec<Piece> {
    pieces(text, number.as_slice())
}

/// A number of the North American plan in the form of machines (E.164) as people write it; any other as it is.
fn as_people_write(number: &str) -> String {
    let ten = number.strip_prefix("+1").filter(|ten| ten.len() == 10 && ten.bytes().all(|b| b.is_ascii_digit()));
    let parts = ten.and_then(|ten| Some((ten.get(..3)?, ten.get(3..6)?, ten.get(6..)?)));
    parts.map_or_else(|| number.to_owned(), |(area, office, line)| format!("({area}) {office}-{line}"))
}

/// A page as an answer.
///
/// # Errors
/// [`Problem`]: it could not be drawn.
pub(crate) fn draw(page: &impl Template) -> Result<Response, Problem> {
    draw_as(StatusCode::OK, page)
}

/// The same with a status of its own.
///
/// # Errors
/// [`Problem`]: it could not be drawn.
pub(crate) fn draw_as(status: StatusCode, page: &impl Template) -> Result<Response, Problem> {
    let text = page.render().map_err(|_| Problem::unavailable("The page could not be drawn."))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::REFERRER_POLICY, HeaderValue::from_static(OURS_ALONE)),
        (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex")),
    ];
    Ok((status, headers, text).into_response())
}

/// Goes on to another page of the same portal. `to` is a path that the program wrote, never one that a caller sent: there is no
/// open redirect.
pub(crate) fn go(visit: &Visit, to: &str) -> Response {
    let address = format!("{}{to}", visit.place.base);
    match HeaderValue::from_str(&address) {
        Ok(address) => (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response(),
        Err(_) => Problem::unavailable("The page could not be drawn.").into_response(),
    }
}

/// A way on.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) to: String,
    pub(crate) label: String,
}

impl Link {
    /// To `to`, called `label`.
    pub(crate) fn new(to: impl Into<String>, label: String) -> Self {
        Self { to: to.into(), label }
    }
}

/// A page that says something and shows the way on.
#[derive(Debug, Default)]
pub(crate) struct Notice {
    pub(crate) paragraphs: Vec<String>,
    /// Codes to write down.
    pub(crate) codes: Vec<String>,
    pub(crate) go_on: Option<Link>,
    pub(crate) links: Vec<Link>,
}

#[derive(Template)]
#[template(path = "portal/notice.html")]
struct NoticePage<'a> {
    frame: Frame<'a>,
    notice: &'a Notice,
}

impl Notice {
    /// The page.
    ///
    /// # Errors
    /// [`Problem`]: it could not be drawn.
    pub(crate) fn draw(&self, status: StatusCode, frame: Frame<'_>) -> Result<Response, Problem> {
        draw_as(status, &NoticePage { frame, notice: self })
    }
}

#[cfg(test)]
mod tests {
    use super::{pieces, to_call};

    #[test]
    fn the_practices_number_in_a_message_is_written_as_people_do_and_dialled_as_it_is() {
        let text = "Please call +12125550100 today.\nNot +12125550199.";
        let all = to_call(text, Some("+12125550100"));
        let shown: String = all.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(shown, "Please call (212) 555-0100 today.\nNot +12125550199.");
        assert_eq!(all[1].number.as_deref(), Some("+12125550100"));
        assert_eq!(to_call(text, None).len(), 1);
        assert_eq!(to_call("At +442079460100.", Some("+442079460100"))[1].text, "+442079460100");
    }

    #[test]
    fn every_number_of_a_sentence_is_dialled_by_a_press_and_every_other_word_stays() {
        let sentence = "In danger, call 911. In a crisis, 988; for us 212-555-0100.";
        let all = pieces(sentence, &["911", "988", "212-555-0100"]);
        assert_eq!(all.iter().map(|piece| piece.text.as_str()).collect::<String>(), sentence);
        let dialled: Vec<&str> = all.iter().filter_map(|piece| piece.number.as_deref()).collect();
        assert_eq!(dialled, ["911", "988", "2125550100"]);
        assert_eq!(pieces("Call +44 20 7946 0100", &["+44 20 7946 0100"])[1].number.as_deref(), Some("+442079460100"));
    }
}
