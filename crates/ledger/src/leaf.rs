//! The bytes of a leaf: an [`Entry`] as canonical JSON, and back.
//!
//! RFC 8785 restricted to what leaves no room for choice: objects with keys in order, strings, and integers below 2^53. Reading
//! is strict: the bytes must be exactly what writing the same entry gives, so that one entry has one leaf hash.

use crate::entry::{Entry, FIRST_WITH_ROWS, Kind, LEAF_VERSION, RowState};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use postern_base::{AttemptId, DeliveryId, EntryId, MessageId, TenantId};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The longest leaf, in bytes: bundles carry a 16-bit length (C2SP tlog-tiles, "Log entries").
pub const MAX_LEAF: usize = 65_535;

/// The first integer that a JSON reader with double-precision numbers may get wrong (RFC 8785 section 3.2.2.3).
const FIRST_UNSAFE_INTEGER: u64 = 1 << 53;

/// Why an entry has no leaf, or bytes are not a leaf. None of them carries a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    /// The leaf would not fit a bundle.
    #[error(
        "the entry is {length} bytes long; at most {MAX_LEAF} fit: put less into `actor`, `code` and `commitments`"
    )]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// The fence is 2^53 or more.
    #[error("the fence is too large for a leaf: it must be below 2^53")]
    FenceTooLarge,
    /// A commitment's domain is empty or not made of `a-z`, `0-9`, `_`, `-`, `.` and `:`.
    #[error("a commitment's domain must be one or more of a-z, 0-9, '_', '-', '.' and ':'")]
    BadDomain,
    /// Two commitments have one domain.
    #[error("two commitments have the same domain")]
    DuplicateDomain,
    /// A row's name is not `TABLE/KEY` of the characters allowed.
    #[error("a row's name must be a table and a key of a-z, 0-9, '_' and '-', with one '/' between them")]
    BadRow,
    /// Two states are given for one row, or states in a version that has none.
    #[error("a row is stated twice, or in a version of leaf that states no rows")]
    RowStated,
    /// A newer Postern wrote it.
    #[error("the leaf is of version {found}; this program reads versions up to {known}: use a newer Postern")]
    Newer {
        /// Its version.
        found: u64,
        /// The newest this program knows.
        known: u16,
    },
    /// There is no such version.
    #[error("the leaf has no version that ever existed")]
    NoSuchVersion,
    /// It is not a JSON object.
    #[error("the leaf is not a JSON object")]
    NotAnObject,
    /// It has a field this version does not know.
    #[error("the leaf has a field that its version does not have")]
    UnknownField,
    /// Its kind is not one of [`Kind::ALL`].
    #[error("the leaf is of a kind that its version does not have")]
    UnknownKind,
    /// A field is missing or does not have the right form.
    #[error("the leaf's field `{field}` is missing or malformed")]
    Field {
        /// The field.
        field: &'static str,
    },
    /// It says what an entry says, but in other bytes than the canonical ones.
    #[error("the leaf is not in canonical form")]
    NotCanonical,
}

/// A leaf as it stands in JSON.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Leaf<'a> {
    #[serde(borrow)]
    actor: Cow<'a, str>,
    at: Timestamp,
    attempt: Option<AttemptId>,
    code: Option<String>,
    #[serde(borrow, default)]
    commitments: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    delivery: Option<DeliveryId>,
    fence: Option<u64>,
    id: EntryId,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    message: Option<MessageId>,
    policy: Option<String>,
    previous: Option<EntryId>,
    #[serde(borrow, default)]
    rows: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    tenant: TenantId,
    version: u64,
}

/// Writes the fields of a JSON object in the order of the calls.
struct Fields {
    out: String,
}

impl Fields {
    fn key(&mut self, key: &str) {
        self.out.push(if self.out.is_empty() { '{' } else { ',' });
        self.out.push('"');
        self.out.push_str(key);
        self.out.push_str("\":");
    }

    /// RFC 8785 section 3.2.2.2: only `"`, `\` and control characters are escaped, as ECMAScript does.
    fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        self.out.push('"');
        for c in value.chars() {
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\u{8}' => self.out.push_str("\\b"),
                '\t' => self.out.push_str("\\t"),
                '\n' => self.out.push_str("\\n"),
                '\u{c}' => self.out.push_str("\\f"),
                '\r' => self.out.push_str("\\r"),
                '\0'..='\u{1f}' => self.out.push_str(&format!("\\u{:04x}", u32::from(c))),
                _ => self.out.push(c),
            }
        }
        self.out.push('"');
    }

    fn id(&mut self, key: &str, id: &Uuid) {
        self.key(key);
        self.out.push('"');
        self.out.push_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
        self.out.push('"');
    }

    fn integer(&mut self, key: &str, value: u64) {
        self.key(key);
        self.out.push_str(&value.to_string());
    }
}

impl Entry {
    /// The leaf: canonical JSON, at most [`MAX_LEAF`] bytes. Commitments stand in the order of their domains.
    ///
    /// # Errors
    /// [`LeafError::TooLong`], [`LeafError::FenceTooLarge`], [`LeafError::BadDomain`], [`LeafError::DuplicateDomain`],
    /// [`LeafError::BadRow`], [`LeafError::RowStated`], and [`LeafError::NoSuchVersion`] when there is no such `version`.
    pub fn to_bytes(&self) -> Result<Vec<u8>, LeafError> {
        if self.version == 0 || self.version > LEAF_VERSION {
            return Err(LeafError::NoSuchVersion);
        }
        if self.fence.is_some_and(|fence| fence >= FIRST_UNSAFE_INTEGER) {
            return Err(LeafError::FenceTooLarge);
        }
        let commitments = self.sorted_commitments()?;
        let rows = self.sorted_rows()?;
        // The fields in the order of their names (RFC 8785 section 3.2.3).
        let mut leaf = Fields { out: String::with_capacity(512) };
        leaf.text("actor", &self.actor);
        leaf.text("at", &self.at.to_string());
        if let Some(AttemptId(id)) = &self.attempt {
            leaf.id("attempt", id);
        }
        if let Some(code) = &self.code {
            leaf.text("code", code);
        }
        if !commitments.is_empty() {
            leaf.key("commitments");
            let mut object = Fields { out: String::with_capacity(64 * commitments.len()) };
            for (domain, value) in commitments {
                object.text(domain, &STANDARD.encode(value));
            }
            leaf.out.push_str(&object.out);
            leaf.out.push('}');
        }
        if let Some(DeliveryId(id)) = &self.delivery {
            leaf.id("delivery", id);
        }
        if let Some(fence) = self.fence {
            leaf.integer("fence", fence);
        }
        leaf.id("id", &self.id.0);
        leaf.text("kind", self.kind.as_str());
        if let Some(MessageId(id)) = &self.message {
            leaf.id("message", id);
        }
        if let Some(policy) = &self.policy {
            leaf.text("policy", policy);
        }
        if let Some(EntryId(id)) = &self.previous {
            leaf.id("previous", id);
        }
        if !rows.is_empty() {
            leaf.key("rows");
            let mut object = Fields { out: String::with_capacity(112 * rows.len()) };
            for state in rows {
                object.text(&state.row, &state.digest.map_or_else(String::new, |digest| STANDARD.encode(digest)));
            }
            leaf.out.push_str(&object.out);
            leaf.out.push('}');
        }
        leaf.text("tenant", self.tenant.as_str());
        leaf.integer("version", u64::from(self.version));
        leaf.out.push('}');
        let length = leaf.out.len();
        if length > MAX_LEAF { Err(LeafError::TooLong { length }) } else { Ok(leaf.out.into_bytes()) }
    }

    fn sorted_rows(&self) -> Result<Vec<&RowState>, LeafError> {
        let mut sorted: Vec<&RowState> = self.rows.iter().collect();
        sorted.sort_unstable();
        if !sorted.iter().all(|state| is_row(&state.row)) {
            return Err(LeafError::BadRow);
        }
        let twice = sorted.windows(2).any(|pair| matches!(pair, [one, other] if one.row == other.row));
        let too_early = self.version < FIRST_WITH_ROWS && (!sorted.is_empty() || self.kind == Kind::RowsWritten);
        if twice || too_early { Err(LeafError::RowStated) } else { Ok(sorted) }
    }

    fn sorted_commitments(&self) -> Result<Vec<(&str, &[u8; 32])>, LeafError> {
        let mut sorted: Vec<_> = self.commitments.iter().map(|(domain, value)| (domain.as_str(), value)).collect();
        sorted.sort_unstable_by_key(|(domain, _)| *domain);
        if !sorted.iter().all(|(domain, _)| is_domain(domain)) {
            return Err(LeafError::BadDomain);
        }
        if sorted.windows(2).any(|pair| matches!(pair, [(one, _), (other, _)] if one == other)) {
            return Err(LeafError::DuplicateDomain);
        }
        Ok(sorted)
    }

    /// Reads a leaf.
    ///
    /// # Errors
    /// A [`LeafError`] that says what is wrong; [`LeafError::Newer`] when a newer program wrote it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LeafError> {
        if bytes.len() > MAX_LEAF {
            return Err(LeafError::TooLong { length: bytes.len() });
        }
        let leaf: Leaf<'_> = serde_json::from_slice(bytes).map_err(|_| diagnose(bytes))?;
        let version = known_version(leaf.version)?;
        let kind = Kind::parse(&leaf.kind).ok_or(LeafError::UnknownKind)?;
        let mut commitments = Vec::with_capacity(leaf.commitments.len());
        for (domain, value) in &leaf.commitments {
            let value = STANDARD.decode(value.as_ref()).ok().and_then(|value| <[u8; 32]>::try_from(value).ok());
            commitments.push((domain.clone().into_owned(), value.ok_or(LeafError::Field { field: "commitments" })?));
        }
        let mut rows = Vec::with_capacity(leaf.rows.len());
        for (row, digest) in &leaf.rows {
            rows.push(RowState { row: row.clone().into_owned(), digest: read_digest(digest)? });
        }
        let entry = Self {
            version,
            id: leaf.id,
            tenant: leaf.tenant,
            kind,
            at: leaf.at,
            actor: leaf.actor.into_owned(),
            message: leaf.message,
            delivery: leaf.delivery,
            attempt: leaf.attempt,
            fence: leaf.fence,
            policy: leaf.policy,
            code: leaf.code,
            previous: leaf.previous,
            commitments,
            rows,
        };
        // One entry, one leaf: other white space, key order, escapes, number or time formats are refused.
        if entry.to_bytes()? == bytes { Ok(entry) } else { Err(LeafError::NotCanonical) }
    }
}

fn is_domain(domain: &str) -> bool {
    !domain.is_empty()
        && domain
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-' | b'.' | b':'))
}

fn is_row(name: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'))
    };
    name.split_once('/').is_some_and(|(table, key)| word(table) && word(key))
}

/// The digest of a row; nothing = the row is gone.
fn read_digest(text: &str) -> Result<Option<[u8; 32]>, LeafError> {
    if text.is_empty() {
        return Ok(None);
    }
    let digest = STANDARD.decode(text).ok().and_then(|digest| <[u8; 32]>::try_from(digest).ok());
    digest.map(Some).ok_or(LeafError::Field { field: "rows" })
}

fn known_version(found: u64) -> Result<u16, LeafError> {
    match u16::try_from(found) {
        Ok(0) => Err(LeafError::NoSuchVersion),
        Ok(version) if version <= LEAF_VERSION => Ok(version),
        Ok(_) | Err(_) => Err(LeafError::Newer { found, known: LEAF_VERSION }),
    }
}

/// What is wrong with bytes that do not read as a leaf. The version comes first: a newer leaf may have other fields.
fn diagnose(bytes: &[u8]) -> LeafError {
    const REQUIRED: [&str; 6] = ["actor", "at", "id", "kind", "tenant", "version"];
    const OPTIONAL: [&str; 9] =
        ["attempt", "code", "commitments", "delivery", "fence", "message", "policy", "previous", "rows"];
    let Ok(object) = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(bytes) else {
        return LeafError::NotAnObject;
    };
    match object.get("version").and_then(serde_json::Value::as_u64) {
        Some(version) => {
            if let Err(error) = known_version(version) {
                return error;
            }
        }
        None => return LeafError::Field { field: "version" },
    }
    if object.keys().any(|key| !REQUIRED.contains(&key.as_str()) && !OPTIONAL.contains(&key.as_str())) {
        return LeafError::UnknownField;
    }
    for field in REQUIRED.into_iter().chain(OPTIONAL) {
        let good = match object.get(field) {
            None => !REQUIRED.contains(&field),
            Some(value) => reads(field, value),
        };
        if !good {
            return LeafError::Field { field };
        }
    }
    // Each field reads alone: a field stands there twice.
    LeafError::NotCanonical
}

fn reads(field: &str, value: &serde_json::Value) -> bool {
    let text = value.as_str();
    match field {
        "at" => text.is_some_and(|text| text.parse::<Timestamp>().is_ok()),
        "tenant" => text.is_some_and(|text| text.parse::<TenantId>().is_ok()),
        "id" | "attempt" | "delivery" | "message" | "previous" => {
            text.is_some_and(|text| text.parse::<EntryId>().is_ok())
        }
        "fence" | "version" => value.as_u64().is_some(),
        "commitments" | "rows" => value.as_object().is_some_and(|all| all.values().all(serde_json::Value::is_string)),
        _ => text.is_some(),
    }
}

#[cfg(test)]
mod tests;
