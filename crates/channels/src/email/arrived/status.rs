//! What became of a mail, in the words of RFC 3464 or, failing those, in whatever words a server found.

use crate::email::SMTPUTF8_NOT_OFFERED;
use std::fmt;

/// How much of an informal bounce is looked at.
const LOOKED_AT: usize = 8_192;

/// What a bounce says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounce {
    /// What became of the mail.
    pub outcome: Outcome,
    /// Why; `None` when no number was given.
    pub status: Option<Status>,
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It arrived, or went on to where nothing more is told.
    Arrived,
    /// It is still being tried.
    Delayed,
    /// It was given up.
    Failed,
}

/// An enhanced status code (RFC 3463).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// 2, 4 or 5.
    pub class: u8,
    /// What it is about: 1 addresses, 2 mailboxes, 7 policy.
    pub subject: u16,
    /// In detail.
    pub detail: u16,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl Status {
    /// Reads `5.1.1`, and whatever follows after a space.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let word = text.split(|c: char| !c.is_ascii_digit() && c != '.').next()?.trim_end_matches('.');
        let mut parts = word.split('.');
        let mut next = |longest: usize| parts.next().filter(|part| (1..=longest).contains(&part.len()));
        let (class, subject, detail) = (next(1)?, next(3)?, next(3)?);
        let status = Self { class: class.parse().ok()?, subject: subject.parse().ok()?, detail: detail.parse().ok()? };
        (parts.next().is_none() && matches!(status.class, 2 | 4 | 5)).then_some(status)
    }

    /// The code in how a session ended, such as `rcpt-550-5.1.1`, where the reply was about the recipient or the mail: of RCPT, DATA or
    /// the final dot, not of the sender or the service. A server that takes no address beyond ASCII might as well have said 5.6.7 (RFC
    /// 6531 section 4).
    #[must_use]
    pub fn of_session(code: &str) -> Option<Self> {
        if code == SMTPUTF8_NOT_OFFERED {
            return Some(Self { class: 5, subject: 6, detail: 7 });
        }
        let (stage, rest) = code.split_once('-')?;
        let (_, status) = rest.split_once('-')?;
        if matches!(stage, "rcpt" | "data" | "dot") { Self::read(status) } else { None }
    }

    /// The address itself is the reason, and will be next time: no such mailbox, no such domain, moved, disabled, takes no mail
    /// (RFC 3463 sections 3.2 and 3.3, RFC 7505 section 4.2), beyond ASCII where none such are taken (5.6.7, RFC 6531 section 4). 5.4.1 and 5.4.4 are what large hosts say of addresses they do
    /// not know and of domains without a server. A full mailbox, a size or a policy is not.
    #[must_use]
    pub const fn is_about_the_address(self) -> bool {
        matches!(
            (self.class, self.subject, self.detail),
            (5, 1, 0..=3 | 6 | 10) | (5, 2, 1) | (5, 4, 1 | 4) | (5, 6, 7)
        )
    }
}

/// Reads a `message/delivery-status` part (RFC 3464): the worst that is said of a recipient. Our mails have one each.
pub(super) fn formal(text: &str) -> Option<Bounce> {
    let mut worst: Option<Bounce> = None;
    for group in groups(text) {
        let Some(action) = field(&group, "action") else { continue };
        let status = field(&group, "status").and_then(|text| Status::read(&text));
        let outcome = match action.split([' ', '(']).next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "failed" => Outcome::Failed,
            "delayed" => Outcome::Delayed,
            "delivered" | "relayed" | "expanded" => Outcome::Arrived,
            _ => continue,
        };
        if worst.as_ref().is_none_or(|known| outcome > known.outcome) {
            worst = Some(Bounce { outcome, status });
        }
    }
    worst
}

/// Reads a bounce that is only words: the first enhanced status code in it, failing that a reply code of SMTP.
pub(super) fn informal(text: &str) -> Option<Bounce> {
    let looked_at = text.char_indices().nth(LOOKED_AT).map_or(text, |(end, _)| text.get(..end).unwrap_or(text));
    let mut code = None;
    for line in looked_at.lines().take_while(|line| !begins_the_mail(line)) {
        let words =
            || line.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '#' | ';' | ':' | ',' | '[' | ']'));
        let status = words().filter(|word| word.contains('.')).find_map(Status::read).filter(|status| status.class > 2);
        if let Some(status) = status {
            return Some(Bounce { outcome: outcome_of(status.class), status: Some(status) });
        }
        code = code.or_else(|| words().find_map(reply_class));
    }
    code.map(|class| Bounce { outcome: outcome_of(class), status: None })
}

const fn outcome_of(class: u8) -> Outcome {
    if class == 5 { Outcome::Failed } else { Outcome::Delayed }
}

/// The class of a reply code that speaks of a mailbox or a transaction (RFC 5321 section 4.2.3).
fn reply_class(word: &str) -> Option<u8> {
    let word = word.split('-').next().unwrap_or(word);
    match word {
        "421" | "450" | "451" | "452" | "455" => Some(4),
        "550" | "551" | "552" | "553" | "554" | "555" => Some(5),
        _ => None,
    }
}

/// A line with which servers begin to quote the mail they could not deliver.
fn begins_the_mail(line: &str) -> bool {
    let line = line.trim_start_matches(['-', ' ', '>']);
    ["Below this line is a copy", "Original message", "Return-Path:", "Received:", "This is a copy of"]
        .iter()
        .any(|mark| line.get(..mark.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(mark)))
}

/// Groups of fields, separated by empty lines.
fn groups(text: &str) -> impl Iterator<Item = String> {
    let text = text.replace("\r\n", "\n");
    let groups: Vec<String> = text.split("\n\n").map(str::to_owned).collect();
    groups.into_iter()
}

/// The value of a field of a group, unfolded.
pub(super) fn field(group: &str, name: &str) -> Option<String> {
    let mut lines = group.lines();
    while let Some(line) = lines.next() {
        let Some((found, value)) = line.split_once(':') else { continue };
        if found.trim().eq_ignore_ascii_case(name) {
            let mut value = value.trim().to_owned();
            for more in lines.by_ref().take_while(|more| more.starts_with([' ', '\t'])) {
                value.push(' ');
                value.push_str(more.trim());
            }
            return Some(value);
        }
    }
    None
}
