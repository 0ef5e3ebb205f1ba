//! The JSON Schemas (2020-12) of what the API takes and gives. What it shares with case files comes from `docs/schemas`, the
//! vocabularies from `base`, so a new field or word is here at once; a test compares the fields with those that the parser
//! knows.

use crate::problem::Kind;
use postern_base::{Channel, EmailMode, EmailTier, Form, Language, Level, Purpose, Review};
use postern_engine::Scope;
use postern_engine::portal::FileKind;
use postern_engine::wire::{CASE_SCHEMA, DECISION_SCHEMA, LiftReason};
use serde_json::{Map, Value, json};

/// Every schema by name.
#[must_use]
pub(crate) fn all() -> Map<String, Value> {
    let list: [(&str, Value); 52] = [
        ("Accepted", accepted()),
        ("Message", message()),
        ("DeliveryStatus", delivery_status()),
        ("Entries", entries()),
        ("Page", page()),
        ("PortalCopies", portal_copies()),
        ("Inbound", inbound()),
        ("Wishes", wishes()),
        ("NewReview", closed(&["verdict"], json!({ "verdict": words(Review::ALL) }))),
        ("Vendors", json!({ "type": "object", "properties": { "vendors": list_of(&reference("Vendor")) } })),
        ("MailDomains", mail_domains()),
        ("TlsFailures", tls_failures()),
        ("Templates", given(json!({ "templates": list_of(&reference("TemplateVersion")) }))),
        ("TemplateVersion", template_version()),
        ("TemplateDraft", closed(&["source"], json!({ "source": text() }))),
        ("TemplatePreview", template_preview()),
        ("TemplateDiff", template_diff()),
        ("NewCertificate", closed(&["address", "certificate"], json!({ "address": text(), "certificate": text() }))),
        ("Certificate", certificate()),
        ("Certificates", given(json!({ "certificates": list_of(&reference("Certificate")) }))),
        ("NewPortalInvitation", closed(&[], json!({ "person": text() }))),
        ("PortalInvitation", given(json!({ "id": text(), "code": text(), "expires_at": instant() }))),
        ("NewNumberCheck", new_number_check()),
        ("NumberCheck", number_check()),
        ("NumberChecks", given(json!({ "number_checks": list_of(&reference("NumberCheck")) }))),
        ("NewDisclosure", new_disclosure()),
        ("Disclosure", disclosure()),
        ("Disclosures", given(json!({ "disclosures": list_of(&reference("Disclosure")) }))),
        ("NewNotice", new_notice()),
        ("Notice", notice()),
        ("Notices", given(json!({ "notices": list_of(&reference("Notice")) }))),
        (
            "NewDoNotCall",
            closed(&["number"], json!({ "number": text(), "asked_at": instant(), "withdrawn": boolean() })),
        ),
        ("DoNotCallList", do_not_call_list()),
        ("NewVerification", new_verification()),
        ("Verification", verification()),
        ("Verifications", given(json!({ "verifications": list_of(&reference("Verification")) }))),
        ("Key", key()),
        ("Keys", json!({ "type": "object", "properties": { "keys": list_of(&reference("Key")) } })),
        ("WantedKey", wanted_key()),
        ("MadeKey", json!({ "type": "object", "properties": { "api_key": text(), "key": reference("Key") } })),
        ("ScanLine", scan_line()),
        ("ScanAnswer", scan_answer()),
        ("Suppressions", suppressions()),
        ("AddressCode", closed(&["code"], json!({ "code": text() }))),
        ("AddressConfirmed", given(json!({ "address": text(), "verified_at": instant() }))),
        (
            "Lifting",
            closed(
                &["reason"],
                json!({ "reason": either(&LiftReason::ALL.iter().map(|r| r.as_str()).collect::<Vec<_>>()) }),
            ),
        ),
        ("Mails", mails()),
        ("Alerts", alerts()),
        ("AlertText", given(json!({ "id": whole(), "from": text(), "text": text() }))),
        ("MailReports", mail_reports()),
        ("Readiness", readiness()),
        ("Problem", problem()),
    ];
    let own = list.into_iter().map(|(name, schema)| (name.to_owned(), schema));
    shared().into_iter().chain(own).collect()
}

/// What the API shares with case files: the schemas of `docs/schemas`, under the same names.
fn shared() -> Map<String, Value> {
    let mut found = Map::new();
    for (root, text) in [("Case", CASE_SCHEMA), ("Answer", DECISION_SCHEMA)] {
        let text = text.replace("#/$defs/", "#/components/schemas/");
        let Ok(Value::Object(mut schema)) = serde_json::from_str(&text) else { continue };
        if let Some(Value::Object(parts)) = schema.remove("$defs") {
            found.extend(parts);
        }
        schema.retain(|key, _| !key.starts_with('$'));
        found.insert(root.to_owned(), Value::Object(schema));
    }
    found
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn list_of(items: &Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn instant() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

fn date() -> Value {
    json!({ "type": "string", "format": "date" })
}

fn boolean() -> Value {
    json!({ "type": "boolean" })
}

fn whole() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn words<T: Copy + std::fmt::Display>(all: &[T]) -> Value {
    json!({ "type": "string", "enum": all.iter().map(ToString::to_string).collect::<Vec<_>>() })
}

fn either(options: &[&str]) -> Value {
    json!({ "type": "string", "enum": options })
}

/// An object that takes no other fields; `null` stands for absent where a field is not required.
fn closed(required: &[&str], fields: Value) -> Value {
    json!({ "type": "object", "additionalProperties": false, "required": required, "properties": fields })
}

fn given(fields: Value) -> Value {
    json!({ "type": "object", "properties": fields })
}

fn accepted() -> Value {
    given(json!({
        "id": { "type": "string", "format": "uuid" },
        "decision": reference("Answer"),
        "files": list_of(&file()),
        "links": given(json!({ "status": text(), "decision": text(), "proof": text() })),
    }))
}

fn state() -> Value {
    either(&["queued", "waiting", "held", "attempting", "sent", "delivered", "failed", "refused", "expired", "unknown"])
}

fn mail_domains() -> Value {
    let policy = given(json!({
        "id": text(), "mode": either(&["enforce", "testing", "none"]), "servers": list_of(&text()),
        "max_age_seconds": whole(), "fetched_at": instant(),
    }));
    let row = given(json!({
        "id": whole(), "domain": text(), "tier": words(EmailTier::ALL), "found_at": instant(),
        "policy": { "anyOf": [policy, { "type": "null" }] }, "problem": text(),
    }));
    given(json!({ "domains": list_of(&row), "next": { "type": ["string", "null"] } }))
}

fn tls_failures() -> Value {
    let text_or_null = json!({ "type": ["string", "null"] });
    let row = given(json!({
        "id": whole(), "code": text(), "first_at": instant(), "last_at": instant(), "attempts": whole(),
        "vendor": text(), "domain": text_or_null, "server": text_or_null,
        "reviewed_at": { "type": ["string", "null"], "format": "date-time" }, "reviewed_by": text_or_null,
    }));
    given(json!({ "failures": list_of(&row), "next": text_or_null }))
}

fn message() -> Value {
    given(json!({
        "id": { "type": "string", "format": "uuid" }, "accepted_at": instant(), "expires_at": instant(),
        "purpose": words(Purpose::ALL), "outcome": text(), "state": state(),
        "deliveries": list_of(&reference("DeliveryStatus")),
        "content": list_of(&given(json!({
            "form": words(Form::ALL), "channel": { "anyOf": [words(Channel::ALL), { "type": "null" }] },
            "language": words(Language::ALL), "subject": { "type": ["string", "null"] }, "body": text(),
        }))),
        "files": list_of(&file()),
        "links": given(json!({ "status": text(), "decision": text(), "proof": text() })),
    }))
}

fn delivery_status() -> Value {
    given(json!({
        "id": { "type": "string", "format": "uuid" }, "channel": words(Channel::ALL),
        "mode": { "anyOf": [words(EmailMode::ALL), { "type": "null" }] },
        "form": words(Form::ALL), "level": words(Level::ALL), "vendor": { "type": ["string", "null"] },
        "state": state(), "code": { "type": ["string", "null"] }, "due": instant(), "attempts": whole(),
        "changed_at": instant(), "length": text_length(),
    }))
}

/// What carriers make of a text message.
fn text_length() -> Value {
    given(json!({
        "chars": whole(), "encoding": either(&["GSM-7", "UCS-2"]), "units": whole(), "segments": whole(),
    }))
}

fn entries() -> Value {
    let session = given(json!({
        "protocol": text(), "cipher_suite": text(), "peer_name": text(), "policy": words(EmailTier::ALL),
        "peer_certificate_sha256": text(),
    }));
    given(json!({ "entries": list_of(&given(json!({
        "attempt": { "type": ["string", "null"] }, "session": { "anyOf": [session, { "type": "null" }] },
        "index": whole(), "kind": text(), "at": instant(), "actor": text(), "delivery": { "type": ["string", "null"] },
        "code": { "type": ["string", "null"] }, "policy": { "type": ["string", "null"] },
    }))) }))
}

fn page() -> Value {
    given(json!({
        "messages": list_of(&given(json!({ "id": { "type": "string", "format": "uuid" }, "status": text() }))),
        "next": { "type": "string", "format": "uuid" },
    }))
}

fn portal_copies() -> Value {
    given(json!({ "copies": list_of(&given(json!({
        "message": { "type": "string", "format": "uuid" }, "purpose": words(Purpose::ALL),
        "subject": { "type": ["string", "null"] }, "body": text(), "level": words(Level::ALL), "at": instant(),
    }))) }))
}

/// What is told of a file.
fn file() -> Value {
    let kinds = FileKind::ALL.map(FileKind::as_str);
    given(json!({ "id": text(), "kind": either(&kinds), "name": text(), "bytes": whole(), "sha256": text() }))
}

fn inbound() -> Value {
    let row = given(json!({
        "id": whole(), "at": instant(), "channel": words(Channel::ALL), "from": text(), "text": text(), "read_as": text(),
        "purpose": words(Purpose::ALL), "answers": text(), "theirs": boolean(), "reviewed": words(Review::ALL),
        "attachments": list_of(&file()),
    }));
    given(json!({ "inbound": list_of(&row), "next": { "type": ["string", "null"] } }))
}

/// What patients asked for in the portal.
fn wishes() -> Value {
    let words_of = [
        "stop",
        "resume",
        "only_at",
        "anywhere",
        "offers",
        "no_offers",
        "times",
        "language",
        "point_added",
        "point_removed",
        "point_first",
        "emergency",
        "proxy_end",
    ];
    let contact = given(json!({ "name": text(), "phone": text(), "relation": text() }));
    let row = given(json!({
        "id": whole(), "patient": text(), "at": instant(), "wish": either(&words_of), "contact_point": text(),
        "purposes": list_of(&words(Purpose::ALL)), "hours": list_of(&whole()), "language": words(Language::ALL),
        "channel": words(Channel::ALL), "shared": boolean(), "emergency_contact": contact, "signature": text(),
        "shown": text(), "shown_in": words(Language::ALL),
    }));
    given(json!({ "wishes": list_of(&row), "next": { "type": ["string", "null"] } }))
}

/// Addresses that are not written to.
fn suppressions() -> Value {
    let row = given(json!({
        "id": whole(), "reason": either(&["hard_bounce", "complaint"]), "code": { "type": ["string", "null"] }, "at": instant(),
        "delivery": text(), "message": { "type": ["string", "null"] }, "patient": text(), "address": text(),
    }));
    given(json!({ "suppressions": list_of(&row), "next": { "type": ["string", "null"] } }))
}

/// Mails that were kept for a person.
fn mails() -> Value {
    let row = given(json!({
        "id": whole(), "kind": either(&["reply", "auto_reply", "complaint", "bounce", "role", "unreadable"]),
        "at": instant(), "secured": boolean(), "delivery": { "type": ["string", "null"] },
        "reviewed_at": { "type": ["string", "null"] }, "reviewed_by": { "type": ["string", "null"] },
    }));
    given(json!({ "mails": list_of(&row), "next": { "type": ["string", "null"] } }))
}

/// What somebody must look at now.
fn alerts() -> Value {
    let or_none = |format: &str| json!({ "type": ["string", "null"], "format": format });
    let row = given(json!({
        "id": whole(), "rule": text(), "at": instant(), "waited_seconds": whole(), "channel": words(Channel::ALL),
        "patients": list_of(&text()), "inbound": { "type": ["integer", "null"] }, "told_at": or_none("date-time"),
        "late_at": or_none("date-time"), "acknowledged_at": or_none("date-time"),
        "acknowledged_by": { "type": ["string", "null"] },
    }));
    given(json!({ "alerts": list_of(&row), "next": { "type": ["string", "null"] } }))
}

/// What other hosts report on our own domain.
fn mail_reports() -> Value {
    let source = given(json!({
        "address": text(), "mails": whole(), "dkim": boolean(), "spf": boolean(), "disposition": text(),
    }));
    let trouble = given(json!({ "kind": text(), "server": text(), "sessions": whole() }));
    let row = given(json!({
        "id": whole(), "kind": either(&["dmarc", "tls"]), "at": instant(), "doubts_signature": boolean(),
        "reporter": text(), "reference": text(), "domain": text(), "from": instant(), "until": instant(),
        "passed": whole(), "failed": whole(), "unsigned": whole(),
        "sources": list_of(&source), "troubles": list_of(&trouble),
        "reviewed_at": { "type": ["string", "null"] }, "reviewed_by": { "type": ["string", "null"] },
    }));
    given(json!({ "reports": list_of(&row), "next": { "type": ["string", "null"] } }))
}

/// A version of a template.
fn template_version() -> Value {
    given(json!({
        "name": text(), "version": whole(),
        "state": either(&["built_in", "draft", "proposed", "approved", "superseded", "retired"]), "in_use": boolean(),
        "about": text(), "purposes": list_of(&words(Purpose::ALL)), "languages": list_of(&words(Language::ALL)),
        "drafted_by": text(), "proposed_by": text(), "approved_by": text(), "changed_at": instant(), "source": text(),
    }))
}

/// A version with worst-case data.
fn template_preview() -> Value {
    let reach = given(json!({ "purpose": words(Purpose::ALL), "column": text(), "conditions": text() }));
    let seen = given(json!({
        "language": words(Language::ALL), "form": words(Form::ALL), "channel": words(Channel::ALL), "subject": text(),
        "body": text(), "length": text_length(), "new_words": list_of(&text()), "level": words(Level::ALL), "reach": list_of(&reach),
    }));
    given(json!({ "name": text(), "version": whole(), "texts": list_of(&seen) }))
}

/// What changed between two versions.
fn template_diff() -> Value {
    let piece = given(json!({ "changed": boolean(), "text": text() }));
    let line = given(json!({ "change": either(&["same", "removed", "added"]), "pieces": list_of(&piece) }));
    given(json!({ "lines": list_of(&line) }))
}

fn scopes() -> Value {
    list_of(&words(Scope::ALL))
}

fn certificate() -> Value {
    let reasons = [
        "other_address",
        "not_for_encryption",
        "not_yet_valid",
        "expired",
        "untrusted",
        "revoked",
        "revocation_unknown",
    ];
    given(json!({
        "fingerprint": text(), "not_before": instant(), "not_after": instant(), "usable": boolean(),
        "reason": either(&reasons), "added_at": instant(),
    }))
}

fn new_number_check() -> Value {
    closed(
        &["number", "source"],
        json!({
            "number": text(), "checked_at": instant(), "source": { "type": "string", "maxLength": 100 },
            "reassigned": reassigned(), "known_on": date(), "line_type": line_type(), "carrier": carrier(),
        }),
    )
}

fn number_check() -> Value {
    given(json!({
        "number_ends": text(), "checked_at": instant(), "source": text(), "reassigned": reassigned(),
        "known_on": date(), "line_type": line_type(), "carrier": carrier(), "added_at": instant(),
    }))
}

fn new_disclosure() -> Value {
    let line = json!({ "type": "string", "maxLength": 100 });
    closed(
        &["recipient", "what", "purpose"],
        json!({ "at": instant(), "recipient": line.clone(), "address": line.clone(), "what": line.clone(), "purpose": line }),
    )
}

fn disclosure() -> Value {
    given(json!({
        "at": instant(), "recipient": text(), "address": text(), "what": text(), "purpose": text(),
        "known": either(&["recorded", "misdirected"]), "known_at": instant(),
    }))
}

fn new_notice() -> Value {
    let line = json!({ "type": "string", "maxLength": 100 });
    closed(
        &["kind", "how"],
        json!({
            "kind": notice_kind(), "contact_point": text(), "at": instant(), "how": line.clone(), "version": line,
            "answer": notice_answer(),
        }),
    )
}

fn notice() -> Value {
    given(json!({
        "kind": notice_kind(), "contact_point_ends": text(), "at": instant(), "how": text(), "version": text(),
        "answer": notice_answer(), "stands": boolean(), "added_at": instant(),
    }))
}

fn notice_kind() -> Value {
    either(&["email_risk", "app_risk", "privacy_practices", "fundraising", "visitor_data"])
}

fn notice_answer() -> Value {
    either(&["accepts", "objects"])
}

fn new_verification() -> Value {
    closed(
        &["contact_point", "verified", "how"],
        json!({
            "contact_point": text(), "verified": boolean(), "at": instant(), "until": instant(),
            "how": { "type": "string", "maxLength": 100 },
        }),
    )
}

fn verification() -> Value {
    given(json!({
        "contact_point_ends": text(), "verified": boolean(), "at": instant(), "until": instant(), "how": text(),
        "added_at": instant(),
    }))
}

fn do_not_call_list() -> Value {
    let request = given(json!({ "number_ends": text(), "asked_at": instant(), "until": instant() }));
    given(json!({ "do_not_call": list_of(&request) }))
}

fn reassigned() -> Value {
    either(&["no", "yes", "no_data"])
}

fn line_type() -> Value {
    either(&["mobile", "landline", "voip"])
}

fn carrier() -> Value {
    either(&["att", "t_mobile", "verizon", "other"])
}

fn key() -> Value {
    json!({
        "type": "object",
        "properties": {
            "id": text(), "label": text(), "scopes": scopes(), "revoked": boolean(), "kind": holder_kind(),
            "role": { "type": ["string", "null"] },
            "second_factor_until": { "type": ["string", "null"], "format": "date-time" },
            "made_at": { "type": ["string", "null"], "format": "date-time" },
        },
    })
}

fn wanted_key() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["scopes"],
        "properties": {
            "label": { "type": "string", "maxLength": 100 }, "scopes": scopes(), "kind": holder_kind(), "role": text(),
            "second_factor_until": instant(),
        },
    })
}

fn holder_kind() -> Value {
    either(&["program", "person"])
}

/// A text to scan.
pub(crate) fn scan_line() -> Value {
    closed(
        &["id", "text", "channel"],
        json!({
            "id": text(), "text": text(), "channel": words(Channel::ALL), "purpose": words(Purpose::ALL),
            "lang": words(Language::ALL),
        }),
    )
}

fn scan_answer() -> Value {
    given(json!({
        "id": text(), "phi": boolean(), "level": words(Level::ALL),
        "spans": list_of(&given(json!({ "start": whole(), "end": whole(), "type": text() }))),
    }))
}

fn readiness() -> Value {
    given(json!({
        "ready": boolean(), "queued": whole(), "with_provider": whole(), "held": whole(), "log_size": whole(),
    }))
}

fn problem() -> Value {
    let statuses: Vec<u16> = Kind::ALL.iter().map(|kind| kind.status().as_u16()).collect();
    given(json!({
        "type": { "type": "string", "format": "uri" }, "title": text(),
        "status": { "type": "integer", "enum": statuses }, "detail": text(),
        "field": { "type": "string", "description": "The field that is not as it should be." },
    }))
}
