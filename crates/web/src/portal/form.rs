//! A page that asks: one thing at a time, what is wrong summed up at the top and said again where it is.

use super::page::{Frame, Link, draw_as};
use super::visit::Visit;
use crate::problem::Problem;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

/// Something to put right.
#[derive(Debug, Clone)]
pub(crate) struct Wrong {
    /// The field; empty = the whole.
    pub(crate) field: &'static str,
    pub(crate) sentence: String,
}

impl Wrong {
    /// This, at `field`.
    pub(crate) const fn of(field: &'static str, sentence: String) -> Self {
        Self { field, sentence }
    }
}

/// What kind of field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// A code of digits or letters.
    Code,
    Number,
    Password,
    Date,
    One,
    Many,
    Hidden,
}

/// One of several to choose from.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: String,
    pub(crate) hint: String,
    pub(crate) chosen: bool,
}

impl Choice {
    /// One that is not chosen yet.
    pub(crate) fn new(value: impl Into<String>, label: String) -> Self {
        Self { value: value.into(), label, hint: String::new(), chosen: false }
    }

    /// The same, with a line below it.
    pub(crate) fn explained(mut self, hint: String) -> Self {
        self.hint = hint;
        self
    }

    /// The same, chosen or not.
    pub(crate) const fn chosen(mut self, chosen: bool) -> Self {
        self.chosen = chosen;
        self
    }
}

/// A field.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    kind: Kind,
    name: &'static str,
    label: String,
    hint: String,
    value: String,
    autocomplete: &'static str,
    options: Vec<Choice>,
}

impl Field {
    /// A field of `kind`, called `label`.
    pub(crate) fn new(kind: Kind, name: &'static str, label: String) -> Self {
        let autocomplete = "off";
        Self { kind, name, label, hint: String::new(), value: String::new(), autocomplete, options: Vec::new() }
    }

    /// A field nobody sees.
    pub(crate) fn hidden(name: &'static str, value: String) -> Self {
        Self { value, ..Self::new(Kind::Hidden, name, String::new()) }
    }

    /// The same, with a line that helps.
    pub(crate) fn hint(mut self, hint: String) -> Self {
        self.hint = hint;
        self
    }

    /// The same, with what the browser may fill in (HTML, autofill).
    pub(crate) const fn autocomplete(mut self, word: &'static str) -> Self {
        self.autocomplete = word;
        self
    }

    /// The same, with what was typed.
    pub(crate) fn value(mut self, value: &str) -> Self {
        value.clone_into(&mut self.value);
        self
    }

    /// The same, with what there is to choose from.
    pub(crate) fn options(mut self, options: Vec<Choice>) -> Self {
        self.options = options;
        self
    }

    fn kind(&self) -> &'static str {
        match self.kind {
            Kind::Password => "password",
            Kind::One => "radio",
            Kind::Many => "checkbox",
            _ => "text",
        }
    }

    const fn class(&self) -> &'static str {
        match self.kind {
            Kind::Code | Kind::Number => "code",
            _ => "",
        }
    }

    const fn is_numeric(&self) -> bool {
        matches!(self.kind, Kind::Number)
    }

    const fn is_hidden(&self) -> bool {
        matches!(self.kind, Kind::Hidden)
    }

    const fn is_choice(&self) -> bool {
        matches!(self.kind, Kind::One | Kind::Many)
    }

    const fn is_date(&self) -> bool {
        matches!(self.kind, Kind::Date)
    }

    fn error<'e>(&self, errors: &'e [Wrong]) -> Option<&'e str> {
        errors.iter().find(|error| error.field == self.name).map(|error| error.sentence.as_str())
    }

    fn is_wrong(&self, errors: &[Wrong]) -> bool {
        self.error(errors).is_some()
    }

    fn described_by(&self, errors: &[Wrong]) -> Option<String> {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.name));
        let error = self.is_wrong(errors).then(|| format!("{}-error", self.name));
        let both: Vec<String> = hint.into_iter().chain(error).collect();
        (!both.is_empty()).then(|| both.join(" "))
    }

    /// A part of a date: month, day, year.
    fn part(&self, nth: usize) -> &str {
        self.value.split('/').nth(nth).unwrap_or_default()
    }
}

/// A page that asks.
#[derive(Debug, Default)]
pub(crate) struct Form {
    pub(crate) lead: Vec<String>,
    pub(crate) fields: Vec<Field>,
    pub(crate) button: String,
    pub(crate) errors: Vec<Wrong>,
    pub(crate) back: Option<&'static str>,
    /// Where it is sent; absent = where it is.
    pub(crate) action: Option<String>,
    pub(crate) links: Vec<Link>,
    /// Drawn here from letters and numbers alone.
    pub(crate) qr: Option<String>,
    /// The same as the picture, to type.
    pub(crate) key: Option<String>,
    /// The same as a link: a telephone cannot point its camera at its own screen.
    pub(crate) uri: Option<String>,
    /// What the browser's passkeys are asked with (WebAuthn level 3), as JSON.
    pub(crate) passkey: Option<String>,
}

#[derive(Template)]
#[template(path = "portal/form.html")]
struct FormPage<'a> {
    frame: Frame<'a>,
    form: &'a Form,
}

/// Letters in fours, which are easier to copy by eye.
fn fours(key: &str) -> Vec<String> {
    let letters: Vec<char> = key.chars().collect();
    letters.chunks(4).map(|four| four.iter().collect()).collect()
}

impl Form {
    /// The page with this heading. Where something is wrong, browsers and screen readers hear it first.
    ///
    /// # Errors
    /// [`Problem`]: it could not be drawn.
    pub(crate) fn draw(&self, visit: &Visit, heading: String) -> Result<Response, Problem> {
        self.draw_in(Frame::new(visit, heading))
    }

    /// The same, in a frame of one's own.
    ///
    /// # Errors
    /// [`Problem`]: it could not be drawn.
    pub(crate) fn draw_in(&self, frame: Frame<'_>) -> Result<Response, Problem> {
        let wrong = !self.errors.is_empty();
        let status = if wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        draw_as(status, &FormPage { frame: frame.with_errors(wrong), form: self })
    }
}

#[cfg(test)]
mod tests {
    use super::fours;

    #[test]
    fn a_key_is_shown_in_fours_and_nothing_of_it_is_lost() {
        assert_eq!(fours("ABCDEFGH"), ["ABCD", "EFGH"]);
        assert_eq!(fours("ABCDE"), ["ABCD", "E"]);
        assert!(fours("").is_empty());
    }
}
