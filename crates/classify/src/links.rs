//! Links: opaque ones are clean; identifiers or care words in host, path or query are not (RULES TCP-29).

use crate::fold::Folded;
use crate::patterns::{Pattern, compile};
use crate::text::Words;
use crate::{ClassifierError, Context, Hit, Kind, Level, lexicon};
use std::sync::LazyLock;

static LINK: LazyLock<Pattern> = LazyLock::new(|| {
    compile(
        r#"\b(?:https?://|www\.)[^\s<>"']+|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|net|org|edu|gov|io|co|health|info|link|app|care|clinic|example|test|us|ly|me|page|to)(?:[/?][^\s<>"']*)?"#,
    )
});

static PARAMETER: LazyLock<Pattern> = LazyLock::new(|| {
    compile(
        r"(?:^|[/?&;_.-])(?:dob|birth\w*|ssn|mrn|patient\w*|pat|name|first\w*|last\w*|full\w*|email|phone|member\w*|acct|account\w*|paciente|nombre|dx|diagnosis|icd\w*|rx|drug|med\w*)(?:id)?[=/:-][^&\s/]+",
    )
});

static NUMBER: LazyLock<Pattern> = LazyLock::new(|| {
    compile(r"\d{3}-\d{2}-\d{4}|(?:^|[^0-9a-z])\d{7,16}(?:[^0-9a-z]|$)|(?:19|20)\d{2}-?[01]\d-?[0-3]\d|@")
});

/// Judges every link and takes it out of what the other finders look at.
pub(crate) fn find(folded: &mut Folded, context: &Context<'_>, hits: &mut Vec<Hit>) -> Result<(), ClassifierError> {
    let found: Vec<(usize, usize)> = LINK.of(&folded.plain)?.map(|m| (m.start(), m.end())).collect();
    for (start, end) in found {
        // The host of an e-mail address is no link.
        if start > 0 && folded.plain.get(start - 1) == Some(&b'@') {
            continue;
        }
        let link = decoded(folded.slice(start, end));
        if let Some(hit) = judge(&link, start, end, context)? {
            hits.push(hit);
        }
        folded.blank(start, end);
    }
    Ok(())
}

fn judge(link: &str, start: usize, end: usize, context: &Context<'_>) -> Result<Option<Hit>, ClassifierError> {
    let rest = link.split_once("://").map_or(link, |(_, rest)| rest);
    let (host, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let mut found = Vec::new();
    let spaced = Folded::new(&link.replace(|c: char| !c.is_ascii_alphanumeric(), " "));
    lexicon::find(&Words::of(&spaced), &spaced, &mut found)?;
    let grave = found.into_iter().max_by_key(|hit| (hit.level, hit.category));
    let in_host = lexicon::inside(host)?;
    let (level, category) = match (grave, in_host) {
        (Some(hit), Some((_, level, category))) => (hit.level, hit.category).max((level, category)),
        (Some(hit), None) => (hit.level, hit.category),
        (None, Some((_, level, category))) => (level, category),
        (None, None) => {
            let named = context.recipient.is_some_and(|r| {
                r.family_names.iter().any(|name| name.len() >= 3 && tail.contains(&name.to_lowercase()))
                    || r.identifiers.iter().any(|id| id.len() >= 4 && tail.contains(&id.to_lowercase()))
            });
            let tail = tail.as_bytes();
            let identifies = named || PARAMETER.is_in(tail)? || NUMBER.is_in(tail)?;
            return Ok(identifies.then_some(Hit::identifier(start, end, Kind::Url)));
        }
    };
    Ok(Some(Hit { start, end, kind: Kind::Url, level: level.max(Level::L2), category, phi: true }))
}

/// Percent escapes undone.
fn decoded(link: &[u8]) -> String {
    let mut out = Vec::with_capacity(link.len());
    let mut at = 0;
    while let Some(byte) = link.get(at) {
        let hex = link.get(at + 1..at + 3).and_then(|h| std::str::from_utf8(h).ok());
        match (byte, hex.and_then(|h| u8::from_str_radix(h, 16).ok())) {
            (b'%', Some(value)) => {
                out.push(value);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).to_lowercase()
}
