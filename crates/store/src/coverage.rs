//! Which columns of which rows the ledger's entries speak of.
//!
//! Whoever writes a row writes, in the same transaction, an entry that states the row's digest: SHA-256 over its columns as
//! they are stored, sealed ones sealed. So nobody needs a key to find a row that was changed, removed or inserted behind
//! Postern's back (45 CFR 164.312(c)(2): a mechanism to corroborate that records were not altered), and no leaf says more about a
//! person than the ciphertext does. What is left out stands in [`EXEMPT`], with the reason; a test reads the schema and fails for
//! a column that is in neither list.

use crate::database::{Failure, Row, Value, raw};
use crate::records::StoreError;
use aws_lc_rs::digest::{Context, SHA256};
use postern_base::Hex;
use postern_ledger::RowState;
use uuid::Uuid;

/// How a column is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum As {
    Integer,
    Text,
    Blob,
}

/// A column, or an expression over columns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub(crate) sql: &'static str,
    read: As,
}

/// How the rows of a table are walked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// By `seq`.
    Seq,
    /// A table without `seq`, by its primary key: two integers and a blob.
    Key([&'static str; 3]),
}

/// A table whose rows are stated.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// What names a row in an entry: an id or a number, never the index of a person.
    pub(crate) key: Column,
    pub(crate) order: Order,
    pub(crate) columns: &'static [Column],
}

const fn int(sql: &'static str) -> Column {
    Column { sql, read: As::Integer }
}
const fn text(sql: &'static str) -> Column {
    Column { sql, read: As::Text }
}
const fn blob(sql: &'static str) -> Column {
    Column { sql, read: As::Blob }
}

pub(crate) const TENANTS: Table = Table {
    name: "tenants",
    key: int("seq"),
    order: Order::Seq,
    columns: &[text("name"), int("changed_at"), blob("settings")],
};
pub(crate) const PATIENT_KEYS: Table = Table {
    name: "patient_keys",
    key: blob("key_id"),
    order: Order::Seq,
    columns: &[int("tenant"), blob("patient"), int("wrapped IS NULL"), blob("name"), int("destroyed_at")],
};
pub(crate) const MESSAGES: Table = Table {
    name: "messages",
    key: blob("id"),
    order: Order::Seq,
    columns: &[
        int("tenant"),
        blob("patient"),
        text("purpose"),
        text("outcome"),
        int("accepted_at"),
        int("expires_at"),
        blob("source"),
        blob("commitment_key"),
        blob("about"),
        blob("body"),
    ],
};
pub(crate) const DELIVERIES: Table = Table {
    name: "deliveries",
    key: blob("id"),
    order: Order::Seq,
    columns: &[
        int("tenant"),
        blob("message"),
        blob("patient"),
        blob("point"),
        text("purpose"),
        text("channel"),
        text("mode"),
        text("form"),
        text("level"),
        text("vendor"),
        text("service"),
        int("priority"),
        int("state"),
        int("attempts"),
        blob("attempt"),
        blob("after"),
        text("code"),
        text("reference"),
        int("expires_at"),
        int("sent_at"),
        int("changed_at"),
        blob("address"),
    ],
};
pub(crate) const ATTEMPTS: Table = Table {
    name: "attempts",
    key: blob("id"),
    order: Order::Seq,
    columns: &[int("tenant"), blob("delivery"), int("fence"), int("started_at"), int("ended_at"), text("code")],
};
pub(crate) const IDEMPOTENCY: Table = Table {
    name: "idempotency",
    key: blob("message"),
    order: Order::Key(["tenant", "bucket", "key"]),
    columns: &[int("tenant"), int("bucket"), blob("key"), blob("fingerprint")],
};
pub(crate) const OPT_OUTS: Table = Table {
    name: "opt_outs",
    key: int("seq"),
    order: Order::Seq,
    columns: &[int("tenant"), blob("point"), int("lifted"), int("at"), text("channel"), text("purpose")],
};
pub(crate) const VERIFICATIONS: Table = Table {
    name: "verifications",
    key: int("seq"),
    order: Order::Seq,
    columns: &[int("tenant"), blob("point"), int("known"), int("validated"), int("last"), int("next")],
};
pub(crate) const INBOUND: Table = Table {
    name: "inbound",
    key: int("seq"),
    order: Order::Seq,
    columns: &[
        int("tenant"),
        text("vendor"),
        text("reference"),
        text("channel"),
        blob("point"),
        blob("patient"),
        text("thread_purpose"),
        int("at"),
        blob("name"),
        blob("text"),
    ],
};
pub(crate) const INBOUND_REVIEWS: Table = Table {
    name: "inbound_reviews",
    key: int("seq"),
    order: Order::Seq,
    columns: &[int("tenant"), int("inbound"), text("verdict"), int("at")],
};
pub(crate) const ALERTS: Table = Table {
    name: "alerts",
    key: int("seq"),
    order: Order::Seq,
    columns: &[
        int("tenant"),
        text("rule"),
        text("channel"),
        int("at"),
        blob("patient"),
        int("inbound"),
        int("told_at"),
        int("escalated_at"),
        int("acknowledged_at"),
        text("acknowledged_by"),
    ],
};
/// A resource with the contact points that were read from it: the rows of `points` are stated with their resource.
pub(crate) const RESOURCES: Table = Table {
    name: "resources",
    key: int("seq"),
    order: Order::Seq,
    columns: &[
        int("tenant"),
        text("kind"),
        blob("name"),
        blob("patient"),
        int("version"),
        int("changed_at"),
        blob("json"),
        text(
            "(SELECT group_concat(hex(p.point) || ':' || COALESCE(hex(p.patient), ''), ',' ORDER BY p.point, p.patient) \
             FROM points p WHERE p.tenant = resources.tenant AND p.resource = resources.name)",
        ),
    ],
};
pub(crate) const VENDORS: Table = Table {
    name: "vendors",
    key: int("seq"),
    order: Order::Seq,
    columns: &[int("tenant"), text("vendor"), text("service"), text("agreement")],
};
pub(crate) const PRINCIPALS: Table = Table {
    name: "principals",
    key: int("seq"),
    order: Order::Seq,
    columns: &[
        int("tenant"),
        text("id"),
        text("kind"),
        text("label"),
        text("scopes"),
        int("revoked"),
        blob("key_hash"),
    ],
};
pub(crate) const KEY_HOLDERS: Table = Table {
    name: "key_holders",
    key: int("seq"),
    order: Order::Seq,
    columns: &[int("tenant"), text("id"), text("role"), int("second_factor_until")],
};
pub(crate) const DECISIONS: Table = Table {
    name: "decisions",
    key: blob("entry"),
    order: Order::Seq,
    columns: &[int("tenant"), blob("message"), blob("patient"), blob("facts")],
};
pub(crate) const SESSIONS: Table = Table {
    name: "sessions",
    key: blob("attempt"),
    order: Order::Seq,
    columns: &[int("tenant"), blob("message"), blob("patient"), blob("session")],
};
pub(crate) const CERTIFICATES: Table = Table {
    name: "certificates",
    key: blob("name"),
    order: Order::Seq,
    columns: &[int("tenant"), blob("patient"), blob("point"), int("added_at"), int("removed_at"), blob("content")],
};
pub(crate) const ATTESTATIONS: Table = Table {
    name: "attestations",
    key: blob("name"),
    order: Order::Seq,
    columns: &[int("tenant"), blob("patient"), int("added_at"), blob("content")],
};
pub(crate) const DO_NOT_CALL: Table = Table {
    name: "do_not_call",
    key: int("seq"),
    order: Order::Seq,
    columns: &[int("tenant"), blob("point"), int("withdrawn"), int("asked_at"), int("added_at")],
};
pub(crate) const POLICIES: Table = Table {
    name: "policies",
    key: int("seq"),
    order: Order::Seq,
    columns: &[int("tenant"), text("version"), blob("content")],
};
pub(crate) const TEMPLATES: Table = Table {
    name: "templates",
    key: int("seq"),
    order: Order::Seq,
    columns: &[
        int("tenant"),
        text("name"),
        int("version"),
        text("state"),
        text("source"),
        text("drafted_by"),
        text("proposed_by"),
        text("approved_by"),
        int("changed_at"),
    ],
};
pub(crate) const MAIL_DOMAINS: Table = Table {
    name: "mail_domains",
    key: int("seq"),
    order: Order::Seq,
    columns: &[int("tenant"), blob("name"), text("tier"), int("found_at"), blob("about")],
};
pub(crate) const TLS_FAILURES: Table = Table {
    name: "tls_failures",
    key: blob("attempt"),
    order: Order::Seq,
    columns: &[
        int("tenant"),
        blob("message"),
        blob("patient"),
        int("at"),
        text("code"),
        blob("about"),
        int("reviewed_at"),
        text("reviewed_by"),
    ],
};
pub(crate) const TLS_TROUBLES: Table = Table {
    name: "tls_troubles",
    key: int("seq"),
    order: Order::Seq,
    columns: &[
        int("tenant"),
        blob("name"),
        text("code"),
        int("first_at"),
        int("last_at"),
        int("attempts"),
        blob("about"),
        int("reviewed_at"),
        text("reviewed_by"),
    ],
};
pub(crate) const SUPPRESSIONS: Table = Table {
    name: "suppressions",
    key: int("seq"),
    order: Order::Seq,
    columns: &[
        int("tenant"),
        blob("point"),
        int("lifted"),
        int("at"),
        text("reason"),
        text("code"),
        blob("delivery"),
        text("actor"),
    ],
};
pub(crate) const KEPT_MAIL: Table = Table {
    name: "kept_mail",
    key: int("seq"),
    order: Order::Seq,
    columns: &[
        int("tenant"),
        text("reference"),
        text("kind"),
        blob("delivery"),
        blob("patient"),
        int("at"),
        int("secured"),
        int("reviewed_at"),
        text("reviewed_by"),
        blob("name"),
        blob("content"),
    ],
};
pub(crate) const MAIL_REPORTS: Table = Table {
    name: "mail_reports",
    key: int("seq"),
    order: Order::Seq,
    columns: &[
        int("tenant"),
        text("reference"),
        text("kind"),
        int("at"),
        int("doubts_signature"),
        text("about"),
        int("reviewed_at"),
        text("reviewed_by"),
    ],
};

pub(crate) const PORTAL_ACCOUNTS: Table = Table {
    name: "portal_accounts",
    key: blob("id"),
    order: Order::Seq,
    columns: &[int("tenant"), blob("patient"), blob("name"), int("version"), int("changed_at"), blob("content")],
};
pub(crate) const PORTAL_PERSONS: Table = Table {
    name: "portal_persons",
    key: blob("id"),
    order: Order::Seq,
    columns: &[
        int("tenant"),
        blob("account"),
        blob("patient"),
        blob("who"),
        int("added_at"),
        int("ended_at"),
        blob("content"),
    ],
};
pub(crate) const PORTAL_SESSIONS: Table = Table {
    name: "portal_sessions",
    key: blob("id"),
    order: Order::Seq,
    columns: &[
        int("tenant"),
        blob("account"),
        blob("person"),
        blob("token"),
        int("aal"),
        int("made_at"),
        int("confirmed_at"),
        int("ended_at"),
        text("browser"),
    ],
};
pub(crate) const PORTAL_INVITATIONS: Table = Table {
    name: "portal_invitations",
    key: blob("id"),
    order: Order::Seq,
    columns: &[
        int("tenant"),
        blob("secret"),
        blob("patient"),
        int("made_at"),
        int("expires_at"),
        int("tries"),
        int("used_at"),
        blob("content"),
    ],
};
pub(crate) const PORTAL_LINKS: Table = Table {
    name: "portal_links",
    key: blob("message"),
    order: Order::Seq,
    columns: &[int("tenant"), blob("token"), int("used_at")],
};
pub(crate) const PORTAL_READS: Table = Table {
    name: "portal_reads",
    key: int("seq"),
    order: Order::Seq,
    columns: &[int("tenant"), blob("message"), blob("account"), int("read_at")],
};

/// A file with the length of its content: the content itself is held against the digest whenever it is opened.
pub(crate) const ATTACHMENTS: Table = Table {
    name: "attachments",
    key: blob("id"),
    order: Order::Seq,
    columns: &[
        int("tenant"),
        blob("patient"),
        int("at"),
        int("bytes"),
        blob("digest"),
        int(
            "(SELECT SUM(length(c.content)) FROM attachment_contents c WHERE c.tenant = attachments.tenant AND c.id = attachments.id)",
        ),
    ],
};

pub(crate) const MESSAGE_FILES: Table = Table {
    name: "message_files",
    key: blob("attachment"),
    order: Order::Seq,
    columns: &[int("tenant"), blob("message")],
};

/// Every table whose rows are stated.
pub(crate) const TABLES: &[&Table] = &[
    &TENANTS,
    &PATIENT_KEYS,
    &MESSAGES,
    &DELIVERIES,
    &ATTEMPTS,
    &IDEMPOTENCY,
    &OPT_OUTS,
    &VERIFICATIONS,
    &INBOUND,
    &INBOUND_REVIEWS,
    &ALERTS,
    &RESOURCES,
    &VENDORS,
    &PRINCIPALS,
    &KEY_HOLDERS,
    &DECISIONS,
    &SESSIONS,
    &CERTIFICATES,
    &ATTESTATIONS,
    &DO_NOT_CALL,
    &POLICIES,
    &TEMPLATES,
    &MAIL_DOMAINS,
    &TLS_FAILURES,
    &TLS_TROUBLES,
    &SUPPRESSIONS,
    &KEPT_MAIL,
    &MAIL_REPORTS,
    &PORTAL_ACCOUNTS,
    &PORTAL_PERSONS,
    &PORTAL_SESSIONS,
    &PORTAL_INVITATIONS,
    &PORTAL_LINKS,
    &PORTAL_READS,
    &ATTACHMENTS,
    &MESSAGE_FILES,
];

/// What no entry states, and why. `*` = the whole table.
pub const EXEMPT: &[(&str, &str, &str)] = &[
    ("installation", "*", "sealed under the root key, which refuses a changed byte when the store is opened"),
    ("epochs", "*", "sealed under the root key, which refuses a changed byte when the store is opened"),
    ("log", "*", "the tree's edge and the signed checkpoint: verification computes them again from the leaves"),
    ("leaves", "*", "the entries themselves: verification holds each against the published files"),
    ("points", "*", "stated with the resource they were read from, all columns but `seq`, which nothing reads"),
    ("tenants", "epoch", "a rotation of keys changes it; a wrong one opens nothing"),
    (
        "tenants",
        "wrapped",
        "sealed under an epoch key, and wrapped anew by each rotation; a changed byte opens nothing",
    ),
    ("patient_keys", "epoch", "a rotation of keys changes it; a wrong one opens nothing"),
    ("patient_keys", "seq", "the row is named by its key's id; nothing is decided by its place"),
    (
        "patient_keys",
        "wrapped",
        "sealed under an epoch key, and wrapped anew by each rotation; that it is there is stated",
    ),
    ("messages", "seq", "the row is named by its id; nothing is decided by its place"),
    ("attempts", "seq", "the row is named by its id; nothing is decided by its place"),
    ("decisions", "seq", "the row is named by its entry; nothing is decided by its place"),
    ("certificates", "seq", "the row is named by its name; nothing is decided by its place"),
    (
        "attestations",
        "seq",
        "the row is named by its name; of two of the same instant the later row is read as the later",
    ),
    ("sessions", "seq", "the row is named by its attempt; nothing is decided by its place"),
    ("tls_failures", "seq", "the row is named by its attempt; its place only orders what is shown"),
    ("deliveries", "seq", "the row is named by its id; its place only orders what is shown"),
    ("deliveries", "due", "every claim moves it; the second gate decides whether it is time"),
    (
        "deliveries",
        "live",
        "follows from the state and from the delivery it waits for; the second gate decides all the same",
    ),
    ("deliveries", "fence", "every claim raises it; the fence that an attempt held is in `attempts` and in its entry"),
    ("deliveries", "lease_until", "every claim moves it, and every start of the program ends it"),
    ("deliveries", "deadline", "looking after an overdue receipt moves it; what comes of it is an entry"),
    ("portal_accounts", "seq", "the row is named by its id; nothing is decided by its place"),
    ("portal_persons", "seq", "the row is named by its id; its place only orders what is shown"),
    ("portal_sessions", "seq", "the row is named by its id; its place only orders what is shown"),
    ("portal_sessions", "seen_at", "every minute of use moves it; the end that no use puts off is stated"),
    ("portal_invitations", "seq", "the row is named by its id; nothing is decided by its place"),
    ("portal_tries", "*", "counts wrong answers for a day; whoever sends them would fill the ledger"),
    ("text_hours", "*", "counts that slow texts down; lower ones would gain nobody more than a carrier's refusal"),
    ("portal_links", "seq", "the row is named by its message; nothing is decided by its place"),
    ("attachments", "seq", "the row is named by its id; nothing is decided by its place"),
    ("message_files", "seq", "the row is named by its file; nothing is decided by its place"),
    (
        "attachment_contents",
        "*",
        "its length and SHA-256 are stated with its row of `attachments`; whoever opens one holds it against them first, and a verification \
         need not read every picture",
    ),
    (
        "attachments_begun",
        "*",
        "names files that nothing speaks of yet; what it names is removed, and never a file that has a row",
    ),
];

/// A value as it goes into a digest.
enum Field<'v> {
    Null,
    Integer(i64),
    Text(&'v str),
    Blob(&'v [u8]),
}

/// The digest of a row: table, then each column with its kind and length.
struct Digest(Context);

impl Digest {
    fn of(table: &Table) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(b"postern row 1\0");
        context.update(table.name.as_bytes());
        Self(context)
    }

    fn put(&mut self, field: &Field<'_>) {
        let bytes = |context: &mut Context, kind: u8, bytes: &[u8]| {
            context.update(&[kind]);
            context.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(bytes);
        };
        match field {
            Field::Null => self.0.update(&[0]),
            Field::Integer(number) => bytes(&mut self.0, 1, &number.to_be_bytes()),
            Field::Text(text) => bytes(&mut self.0, 2, text.as_bytes()),
            Field::Blob(blob) => bytes(&mut self.0, 3, blob),
        }
    }

    fn finish(self) -> [u8; 32] {
        let mut out = [0u8; 32];
        for (to, from) in out.iter_mut().zip(self.0.finish().as_ref()) {
            *to = *from;
        }
        out
    }
}

fn field(value: &Value) -> Result<Field<'_>, StoreError> {
    Ok(match value {
        Value::Null => Field::Null,
        Value::Integer(number) => Field::Integer(*number),
        Value::Text(text) => Field::Text(text),
        Value::Blob(bytes) => Field::Blob(bytes),
        Value::Unreadable => return Err(StoreError::Damaged),
    })
}

/// The key's spelling in a row's name: an integer in digits, 16 bytes as a UUID, other bytes in hexadecimal digits.
fn spell(key: &Field<'_>) -> Result<String, StoreError> {
    match key {
        Field::Integer(number) => Ok(number.to_string()),
        Field::Blob(bytes) => Ok(match Uuid::from_slice(bytes) {
            Ok(id) => id.hyphenated().to_string(),
            Err(_) => Hex(bytes).to_string(),
        }),
        Field::Null | Field::Text(_) => Err(StoreError::Damaged),
    }
}

impl Table {
    /// The key and the columns, as a SELECT or RETURNING lists them.
    pub(crate) fn selection(&self) -> String {
        let mut out = String::from(self.key.sql);
        for column in self.columns {
            out.push_str(", ");
            out.push_str(column.sql);
        }
        out
    }

    fn name(&self, key: &Field<'_>) -> Result<String, StoreError> {
        Ok(format!("{}/{}", self.name, spell(key)?))
    }

    /// States a row that is read by [`Table::selection`].
    pub(crate) fn state(&self, row: &Row) -> Result<RowState, StoreError> {
        let mut digest = Digest::of(self);
        let row_name = self.name(&read(row, 0, self.key.read)?)?;
        for (at, column) in (1..).zip(self.columns) {
            digest.put(&read(row, at, column.read)?);
        }
        Ok(RowState { row: row_name, digest: Some(digest.finish()) })
    }

    /// As [`Table::state`], of a row that may have been changed by others: one that cannot be read has no digest, and one whose
    /// key cannot be read is named by where it was found.
    pub(crate) fn state_of_any(&self, row: &Row, found_at: u64) -> RowState {
        let name = read(row, 0, self.key.read).and_then(|key| self.name(&key));
        let digest = self.state(row).ok().and_then(|state| state.digest);
        RowState { row: name.unwrap_or_else(|_| format!("{}/unreadable-{found_at}", self.name)), digest }
    }

    /// States a row that is inserted with `head` (`INSERT INTO t (a, b) VALUES`) and `values`, without reading it back. A column
    /// that the head does not name is NULL.
    pub(crate) fn inserted(&self, head: &str, values: &[Value]) -> Result<RowState, Failure> {
        let (_, names) = head.split_once('(').ok_or(Failure::Damaged)?;
        let (names, _) = names.split_once(')').ok_or(Failure::Damaged)?;
        let names: Vec<&str> = names.split(", ").collect();
        let value = |column: &Column| match names.iter().position(|name| *name == column.sql) {
            Some(at) => values.get(at).ok_or(StoreError::Damaged).and_then(field),
            None => Ok(Field::Null),
        };
        let mut digest = Digest::of(self);
        for column in self.columns {
            digest.put(&value(column)?);
        }
        Ok(RowState { row: self.name(&value(&self.key)?)?, digest: Some(digest.finish()) })
    }
}

/// A column, if it is NULL or of the kind that Postern writes there.
fn read(row: &Row, at: usize, kind: As) -> Result<Field<'_>, StoreError> {
    let field = field(raw(row, at)?)?;
    match (kind, &field) {
        (_, Field::Null)
        | (As::Integer, Field::Integer(_))
        | (As::Text, Field::Text(_))
        | (As::Blob, Field::Blob(_)) => Ok(field),
        _ => Err(StoreError::Damaged),
    }
}

#[cfg(test)]
mod tests;
