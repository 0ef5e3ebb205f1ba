//! What the content looks like from the gate: never the text, only what was measured on it.

use crate::fact::Fact;
use crate::facts::ResultClass;
use postern_base::{Category, Channel, Form, Language, Level};

/// A commitment to content: HMAC-SHA-256 under a random key that is sealed with the patient's key (invariant 5).
pub type Commitment = [u8; 32];

/// The source content, before any form is chosen.
#[derive(Debug, Clone)]
pub struct Content {
    /// The higher of declared and found; Unknown when the classifier failed.
    pub level: Fact<Level>,
    /// What makes it specially protected; empty below L4.
    pub categories: Vec<Category>,
    /// The language it is written in.
    pub language: Language,
    /// The template, when it came from one.
    pub template: Option<TemplateRef>,
    /// The commitment to the source; `None` in `explain`, where nothing is kept.
    pub commitment: Option<Commitment>,
}

/// A template and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateRef {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
}

/// One form of the message, rendered for one channel and classified; nothing edits text after this point.
#[derive(Debug, Clone)]
pub struct Rendition {
    /// The channel it was rendered for. `None` = every channel that has no rendition of its own in this form.
    pub channel: Option<Channel>,
    /// Which form.
    pub form: Form,
    /// What this text was found to carry; Unknown when the classifier failed. Closed phrases do not count.
    pub level: Fact<Level>,
    /// Categories found in this text.
    pub categories: Vec<Category>,
    /// Length in characters.
    pub chars: usize,
    /// What its links point at.
    pub links: LinkState,
    /// It states the practice's neutral name (47 CFR 64.1200(a)(9)(iv)(B), RULES TCP-03).
    pub names_sender: bool,
    /// It states the number at which the practice is called (47 CFR 64.1200(a)(9)(iv)(B), (b)(2)).
    pub names_callback: bool,
    /// It says how to opt out.
    pub says_opt_out: bool,
    /// It says that answers are not read, and another way to opt out.
    pub says_no_reply: bool,
    /// It holds what can be a one-time code (RULES OTP-01).
    pub says_code: bool,
    /// It says that the code is not to be shared.
    pub says_keep_secret: bool,
    /// It confirms an opt-in or opt-out, and speaks of money owed, an offer or another matter besides (47 CFR 64.1200(a)(12)).
    pub says_business: bool,
    /// What it tells the patient of their wish, where it confirms one.
    pub confirms: Confirms,
    /// What it offers (45 CFR 164.501 "marketing", 47 CFR 64.1200(f)(1)).
    pub offers: Offers,
    /// It tells what a test or an examination found (RULES SPC-08, SPC-09).
    pub tells_result: bool,
    /// It asks for money that is owed, or speaks of it.
    pub bills: bool,
    /// The kinds of result that a state may hold which it tells of, whatever the record calls the result (RULES SPC-08, SPC-09).
    pub result_classes: Vec<ResultClass>,
    /// It gives the practice's postal address (15 USC 7704(a)(5)(A)(iii)).
    pub names_address: bool,
    /// Its language.
    pub language: Language,
    /// The commitment to this text; `None` in `explain`.
    pub commitment: Option<Commitment>,
}

/// What a text tells the patient of their wish to hear from the practice (47 CFR 64.1200(a)(12)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Confirms {
    /// Nothing.
    #[default]
    Unsaid,
    /// That messages end.
    End,
    /// That they begin.
    Beginning,
}

/// What a text offers, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Offers {
    /// Nothing.
    #[default]
    Nothing,
    /// It may offer something, or asks for something for the practice itself.
    Perhaps,
    /// Something for money or advantage, plainly.
    Plainly,
}

/// What the links in a text point at (RULES TCP-29).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkState {
    /// There are none.
    NoLinks,
    /// Only registered domains of the tenant, with nothing identifying in path or query.
    Clean,
    /// A domain that is not the tenant's own, or a public shortener.
    Foreign,
    /// Identifiers or health words in path or query.
    CarriesIdentifiers,
}
