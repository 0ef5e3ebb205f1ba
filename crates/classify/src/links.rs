//! Links: opaque ones are clean; identifiers or care words in host, path or query are not (RULES TCP-29).

use crate::fold::Folded;
use crate::lexicon::{self, Lexicon};
use crate::shapes::{Pattern, compile};
use crate::words::Word;
use crate::{ClassifierError, Context, Hit, Kind, Level, roles, views, words};
use std::sync::LazyLock;

/// The ends of host names.
const DOMAINS: &[&str] = &[
    "com", "net", "org", "edu", "gov", "io", "co", "health", "info", "link", "app", "care", "clinic", "example",
    "test", "us", "ly", "me", "page", "to", "mx", "es", "dev", "online", "site", "gl", "gd",
];

static LINK: LazyLock<Pattern> = LazyLock::new(|| {
    let host = format!(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:{})", DOMAINS.join("|"));
    compile(&format!(r#"\b(?:https?://|www\.)[^\s<>"]+|\b{host}(?:[/?:][^\s<>"']*|\b)"#))
});

/// Whether two neighbouring words may be parts of a link: cheap, and wrong only in saying yes.
#[inline]
pub(crate) fn may_join(folded: &Folded<'_>, before: &Word, word: &Word) -> bool {
    match folded.slice(before.end, word.start) {
        [b'.'] => {
            let text = |word: &Word| folded.slice(word.start, word.end);
            text(before) == b"www" || DOMAINS.iter().any(|domain| domain.as_bytes() == text(word))
        }
        [b':', b'/', b'/', ..] => true,
        _ => false,
    }
}

static PARAMETER: LazyLock<Pattern> = LazyLock::new(|| {
    compile(
        r"(?:^|[/?&;_.-])(?:dob\w*|birth\w*|nac\w*|ssn\w*|mrn\w*|chart\w*|lname|fname|ln|fn|surname|poliza|policy\w*|insurance\w*|mbi|tel|mobile|patient\w*|pat|pt|name|first\w*|last\w*|full\w*|email|phone|cell|member\w*|acct|account\w*|paciente|nombre|apellido|expediente|dx|diagnosis|icd\w*|rx|drug|med\w*)(?:id)?(?:[=:][^&\s/]+|[/-][^&\s/]*\d)",
    )
});

/// Before a name in a path: `/patient/kowalski`.
const KEYS: &[&str] = &[
    "patient",
    "patients",
    "pt",
    "pat",
    "name",
    "paciente",
    "pacientes",
    "nombre",
    "apellido",
    "lname",
    "fname",
    "member",
];

static NUMBER: LazyLock<Pattern> = LazyLock::new(|| {
    compile(
        r"\d{3}-\d{2}-\d{4}|(?:^|[^0-9a-z])(?:[013-9]\d{5,15}|2[1-9]\d{4,14}|20[013-9]\d{3,13}|202\d{3,4}|202\d{6,13})(?:[^0-9a-z]|$)|(?:^|[/=_-])[a-z]{1,3}\d{6,12}(?:[/?&#]|$)|(?:19\d{2}|20[01]\d)-?[01]\d-?[0-3]\d|@",
    )
});

/// Judges every link and takes it out of what the other finders look at; says whether there was one. Before `first`, where two words
/// meet that may be parts of one, there is none but that one's beginning.
pub(crate) fn find(
    lexicon: &Lexicon,
    folded: &mut Folded<'_>,
    first: usize,
    context: &Context<'_>,
    hits: &mut Vec<Hit>,
) -> Result<bool, ClassifierError> {
    let mut any = false;
    let before = folded.plain.iter().take(first);
    let start = before.len() - before.rev().take_while(|byte| !byte.is_ascii_whitespace()).count();
    for (start, end) in LINK.from(&folded.plain, start)? {
        // The host of an e-mail address is no link, nor is what stands before its sign.
        let mail = folded.slice(start.saturating_sub(2), start).contains(&b'@');
        if mail || folded.at(end) == Some(b'@') {
            continue;
        }
        let link = decoded(folded.slice(start, end));
        if let Some(hit) = judge(lexicon, &link, start, end, context)? {
            hits.push(hit);
        }
        folded.blank(start, end);
        any = true;
    }
    Ok(any)
}

fn judge(
    lexicon: &Lexicon,
    link: &str,
    start: usize,
    end: usize,
    context: &Context<'_>,
) -> Result<Option<Hit>, ClassifierError> {
    let rest = link.split_once("://").map_or(link, |(_, rest)| rest);
    let (host, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (user, host) = host.rsplit_once('@').unwrap_or(("", host));
    let mut found = Vec::new();
    let spaced = link.replace(|c: char| !c.is_ascii_alphanumeric(), " ");
    let spaced = Folded::new(&spaced)?;
    let parts = words::of(&spaced, lexicon);
    lexicon::find(lexicon, &parts, &spaced, &mut found);
    views::find(lexicon, &parts, &spaced, &mut found);
    // A random token may begin like a code or read as a word of three letters.
    found.retain(|hit| hit.level >= Level::L2 && (hit.end - hit.start >= 4 || hit.level == Level::L4));
    let in_host = lexicon::inside_host(lexicon, host).map(|entry| (entry.level, entry.category));
    let grave = found.into_iter().map(|hit| (hit.level, hit.category)).chain(in_host).max();
    if let Some((level, category)) = grave {
        return Ok(Some(Hit {
            start,
            end,
            kind: Kind::Url,
            level: level.max(Level::L2),
            category,
            phi: true,
            weak: false,
        }));
    }
    let named = context.recipient.is_some_and(|r| {
        r.family_names.iter().any(|name| name.len() >= 3 && link.contains(&name.to_lowercase()))
            || r.identifiers.iter().any(|id| id.len() >= 4 && link.contains(&id.to_lowercase()))
    });
    let full_name = parts.windows(2).any(|two| {
        matches!(two, [first, last] if first.is(roles::FIRST_NAME)
            && !last.is(roles::INSTITUTION | roles::NO_NAME | roles::LOGISTICS)
            && (last.is(roles::FAMILY_NAME) || (last.digits == 0 && last.len() >= 4 && b".-_+".contains(&spaced_by(link, first.end)))))
    });
    let keyed = parts.windows(2).any(|two| {
        matches!(two, [key, name] if name.is(roles::FAMILY_NAME | roles::FIRST_NAME)
            && !name.is(roles::INSTITUTION | roles::NO_NAME | roles::LOGISTICS)
            && KEYS.iter().any(|known| known.as_bytes() == spaced.slice(key.start, key.end)))
    });
    let tail = tail.as_bytes();
    let identifies = named
        || keyed
        || full_name
        || !user.is_empty()
        || PARAMETER.is_in(tail)?
        || (NUMBER.is_in(tail)? && !is_meeting(host, tail))
        || PARAMETER.is_in(host.as_bytes())?;
    Ok(identifies.then_some(Hit::identifier(start, end, Kind::Url)))
}

/// A video meeting's link: its number is the meeting's, not a person's.
fn is_meeting(host: &str, tail: &[u8]) -> bool {
    let tail = String::from_utf8_lossy(tail);
    let room =
        ["zoom", "meet", "teams", "webex", "video", "doxy", "telehealth", "visit", "join", "call", "gotomeeting", "vc"];
    let hosted = host.split('.').any(|label| room.contains(&label))
        || ["/j/", "/join/", "/meet/", "/meeting/"].iter().any(|part| tail.contains(part));
    (hosted || tail.contains("pwd="))
        && !tail.contains('@')
        && !["ssn", "dob", "mrn"].iter().any(|word| tail.contains(word))
}

/// What stood in a link where a blank was put.
fn spaced_by(link: &str, at: usize) -> u8 {
    link.as_bytes().get(at).copied().unwrap_or(b' ')
}

/// Percent escapes undone.
fn decoded(link: &[u8]) -> String {
    let mut out = Vec::with_capacity(link.len());
    let mut rest = link;
    while let Some((byte, tail)) = rest.split_first() {
        let escape = tail.first_chunk::<2>().filter(|_| *byte == b'%');
        let value = escape.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        out.push(value.unwrap_or(*byte));
        rest = if value.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&out).to_lowercase()
}
