//! Patterns: text with `{names}`, and `[optional parts]` that stand only when every name in them has a value.

use crate::unsubscribe;
use postern_base::Language;
use postern_gate::facts::Tenant;

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text as it is.
    Text(&'a str),
    /// A name.
    Name(&'a str),
    /// A part that stands only when every name in it has a value.
    Optional(Vec<Piece<'a>>),
}

impl<'a> Piece<'a> {
    /// The text, when it is text.
    #[must_use]
    pub const fn as_text(&self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Name(_) | Self::Optional(_) => None,
        }
    }

    /// The names in it.
    #[must_use]
    pub fn names(&self) -> Vec<&'a str> {
        match self {
            Self::Text(_) => Vec::new(),
            Self::Name(name) => vec![name],
            Self::Optional(pieces) => pieces.iter().flat_map(Self::names).collect(),
        }
    }
}

/// The parts of `pattern`. Brackets do not nest; an unclosed one is text.
#[must_use]
pub fn pieces(pattern: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut rest = pattern;
    while let Some((head, tail)) = rest.split_once('[') {
        let Some((inner, after)) = tail.split_once(']') else { break };
        flat(head, &mut out);
        let mut optional = Vec::new();
        flat(inner, &mut optional);
        out.push(Piece::Optional(optional));
        rest = after;
    }
    flat(rest, &mut out);
    out
}

fn flat<'a>(text: &'a str, out: &mut Vec<Piece<'a>>) {
    let mut rest = text;
    while let Some((head, tail)) = rest.split_once('{') {
        let Some((name, after)) = tail.split_once('}') else { break };
        if !head.is_empty() {
            out.push(Piece::Text(head));
        }
        out.push(Piece::Name(name));
        rest = after;
    }
    if !rest.is_empty() {
        out.push(Piece::Text(rest));
    }
}

/// Whether every brace and bracket of `pattern` opens and closes as it should, and none stands alone.
pub(crate) fn is_balanced(pattern: &str) -> bool {
    fn holds(piece: &Piece<'_>) -> bool {
        match piece {
            Piece::Text(text) => !text.contains(['{', '}', '[', ']']),
            Piece::Name(name) => !name.contains(['{', '[', ']']),
            Piece::Optional(inner) => {
                inner.iter().all(holds) && inner.iter().any(|piece| matches!(piece, Piece::Name(_)))
            }
        }
    }
    pieces(pattern).iter().all(holds)
}

/// Fills `pattern`; `value` gives the text of a name. `None` when a name outside brackets has no value.
pub(crate) fn fill(pattern: &str, value: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut out = String::with_capacity(pattern.len() + 64);
    put(&pieces(pattern), value, &mut out)?;
    Some(out)
}

fn put(pieces: &[Piece<'_>], value: &dyn Fn(&str) -> Option<String>, out: &mut String) -> Option<()> {
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Name(name) => out.push_str(&value(name)?),
            Piece::Optional(inner) => {
                let mut part = String::new();
                if put(inner, value, &mut part).is_some() {
                    out.push_str(&part);
                }
            }
        }
    }
    Some(())
}

/// What stands for a name that every text knows; `None` = no such name, or the practice has nothing to put there.
pub(crate) fn library_name(
    name: &str,
    tenant: &Tenant,
    postal: Option<&str>,
    (token, unsubscribing): (&str, &str),
    language: Language,
) -> Option<String> {
    let domain = tenant.link_domains.first();
    match name {
        "sender" => Some(tenant.alias.clone().unwrap_or_else(|| tenant.name.clone())),
        "callback" => Some(tenant.callback.clone().unwrap_or_else(|| match language {
            Language::En => "our office".to_owned(),
            Language::Es => "consultorio".to_owned(),
        })),
        "link" => Some(domain.map_or_else(
            || match language {
                Language::En => "the portal you already use".to_owned(),
                Language::Es => "su portal".to_owned(),
            },
            |domain| format!("https://{domain}/m/{token}"),
        )),
        // 15 USC 7704(a)(3), (a)(5): words would not do; without the thing itself the text is not made.
        "address" => postal.filter(|line| !line.chars().any(super::unseen)).map(str::to_owned),
        "unsubscribe" => unsubscribe::link(tenant, unsubscribing),
        _ => None,
    }
}
