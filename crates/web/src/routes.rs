//! Every route: who may call it, and what it records.

mod demo;

pub use demo::DEMO;

use crate::api::{
    addresses, certificates, health, keys, ledger, mail, messages, openapi, patients, returned, scan, templates,
    unsubscribe, vendors, webhooks,
};
use crate::caller::guard;
use crate::exchange::surround;
use crate::problem::{Kind, Problem};
use crate::web::Web;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, delete, get, post, put};
use postern_engine::Scope;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone who reaches the port: nothing there says anything of a patient or a tenant.
    Anyone,
    /// A vendor, known by the signature over the body.
    Vendor,
    /// Whoever holds a link out of a mail of ours, known by the signature in it.
    Link,
    /// A browser on this machine; only mounted in a demo.
    ThisMachine,
    /// A principal with all of these scopes.
    Scopes(&'static [Scope]),
}

/// What a call leaves in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Records {
    /// Nothing: it reads no content and changes nothing.
    Nothing,
    /// `accepted`, in the same transaction as the message.
    Accepted,
    /// `disclosed`, before the content is answered.
    Disclosed,
    /// `disclosed`, when the caller asks for the content.
    DisclosedOnContent,
    /// `vendor_changed`.
    VendorChanged,
    /// `consent_changed`.
    ConsentChanged,
    /// `administered`.
    Administered,
    /// `receipt`, `inbound` and what follows from them.
    Received,
}

/// The method of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET, and HEAD with it.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// DELETE.
    Delete,
}

/// What a route takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// No body.
    Nothing,
    /// JSON of this schema.
    Json(&'static str),
    /// JSON lines of this schema.
    JsonLines(&'static str),
    /// A form.
    Form,
    /// Whatever the vendor sends.
    Anything,
}

/// What a route answers when all is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gives {
    /// JSON of this schema.
    Json(&'static str),
    /// JSON lines of this schema.
    JsonLines(&'static str),
    /// Text of this media type.
    Text(&'static str),
    /// No body.
    Nothing,
}

/// One route.
#[derive(Debug)]
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path, parameters in braces.
    pub path: &'static str,
    /// Its name in the OpenAPI document.
    pub id: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// Who may call it.
    pub access: Access,
    /// What it leaves in the ledger.
    pub records: Records,
    /// What it takes.
    pub takes: Takes,
    /// Its query parameters and request headers: name, where, what.
    pub parameters: &'static [(&'static str, &'static str, &'static str)],
    /// The status of success and what comes with it.
    pub gives: (u16, Gives),
    handler: fn() -> MethodRouter<Web>,
}

const LIMIT: (&str, &str, &str) = ("limit", "query", "At most this many, 1 to 99; 50 when absent.");

/// Every route of the API.
pub const TABLE: &[Route] = &[
    Route {
        method: Method::Post,
        path: "/v1/messages",
        id: "sendMessage",
        summary: "Ask that a patient be told something. The decision comes back with the message's id; a refusal is an answer.",
        access: Access::Scopes(&[Scope::MessagesWrite]),
        records: Records::Accepted,
        takes: Takes::Json("Request"),
        parameters: &[(
            "Idempotency-Key",
            "header",
            "1 to 255 printable ASCII characters. The same key and body give the first answer again; another body is 409.",
        )],
        gives: (202, Gives::Json("Accepted")),
        handler: || post(messages::send),
    },
    Route {
        method: Method::Post,
        path: "/v1/messages:check",
        id: "checkMessage",
        summary: "Decide without side effects: what would happen to this request now, and why.",
        access: Access::Scopes(&[Scope::MessagesWrite]),
        records: Records::Nothing,
        takes: Takes::Json("Request"),
        parameters: &[],
        gives: (200, Gives::Json("Answer")),
        handler: || post(messages::check),
    },
    Route {
        method: Method::Get,
        path: "/v1/messages/{id}",
        id: "readMessage",
        summary: "Where a message and its deliveries stand; with `content=true`, also every form of it.",
        access: Access::Scopes(&[Scope::MessagesRead]),
        records: Records::DisclosedOnContent,
        takes: Takes::Nothing,
        parameters: &[("content", "query", "`true` to read the content too, with the scope `content:read`.")],
        gives: (200, Gives::Json("Message")),
        handler: || get(messages::status),
    },
    Route {
        method: Method::Get,
        path: "/v1/messages/{id}/decision",
        id: "readDecision",
        summary: "The decision at accept, with every reason.",
        access: Access::Scopes(&[Scope::MessagesRead]),
        records: Records::Nothing,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (200, Gives::Json("Answer")),
        handler: || get(messages::decision),
    },
    Route {
        method: Method::Get,
        path: "/v1/messages/{id}/entries",
        id: "readEntries",
        summary: "The ledger entries of a message, in order.",
        access: Access::Scopes(&[Scope::MessagesRead]),
        records: Records::Nothing,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (200, Gives::Json("Entries")),
        handler: || get(messages::entries),
    },
    Route {
        method: Method::Get,
        path: "/v1/messages/{id}/proof",
        id: "readProof",
        summary: "An offline proof of the message's latest ledger entry, as a C2SP tlog-proof.",
        access: Access::Scopes(&[Scope::MessagesRead]),
        records: Records::Nothing,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (200, Gives::Text("text/plain; charset=utf-8")),
        handler: || get(messages::proof),
    },
    Route {
        method: Method::Get,
        path: "/v1/patients/{id}/messages",
        id: "listMessages",
        summary: "A patient's messages, newest first.",
        access: Access::Scopes(&[Scope::MessagesRead]),
        records: Records::Nothing,
        takes: Takes::Nothing,
        parameters: &[LIMIT, ("cursor", "query", "The `next` of the page before.")],
        gives: (200, Gives::Json("Page")),
        handler: || get(patients::messages),
    },
    Route {
        method: Method::Get,
        path: "/v1/patients/{id}/portal-copies",
        id: "listPortalCopies",
        summary: "A patient's portal copies, newest first, in the clear.",
        access: Access::Scopes(&[Scope::ContentRead]),
        records: Records::Disclosed,
        takes: Takes::Nothing,
        parameters: &[LIMIT],
        gives: (200, Gives::Json("PortalCopies")),
        handler: || get(patients::portal_copies),
    },
    Route {
        method: Method::Get,
        path: "/v1/patients/{id}/certificates",
        id: "listCertificates",
        summary: "The S/MIME certificates of a patient's mailboxes, as they stand now. The address is not told again.",
        access: Access::Scopes(&[Scope::DirectoryWrite]),
        records: Records::Nothing,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (200, Gives::Json("Certificates")),
        handler: || get(certificates::list),
    },
    Route {
        method: Method::Post,
        path: "/v1/patients/{id}/certificates",
        id: "addCertificate",
        summary: "Add the S/MIME certificate of one of a patient's addresses. One that can never be used is refused with its reason.",
        access: Access::Scopes(&[Scope::DirectoryWrite]),
        records: Records::Administered,
        takes: Takes::Json("NewCertificate"),
        parameters: &[],
        gives: (201, Gives::Json("Certificate")),
        handler: || post(certificates::add),
    },
    Route {
        method: Method::Delete,
        path: "/v1/patients/{id}/certificates/{fingerprint}",
        id: "removeCertificate",
        summary: "Take a certificate out of use, named by its fingerprint (SHA-256, hexadecimal).",
        access: Access::Scopes(&[Scope::DirectoryWrite]),
        records: Records::Administered,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (204, Gives::Nothing),
        handler: || delete(certificates::remove),
    },
    Route {
        method: Method::Post,
        path: "/v1/patients/{id}/address-verification",
        id: "askAddress",
        summary: "Send a code to an e-mail address of the patient's that nobody verified, through the gate. Good for five minutes.",
        access: Access::Scopes(&[Scope::MessagesWrite]),
        records: Records::Accepted,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (202, Gives::Json("Accepted")),
        handler: || post(addresses::ask),
    },
    Route {
        method: Method::Post,
        path: "/v1/messages/{id}/confirm-address",
        id: "confirmAddress",
        summary: "Take the code that the reader of the mailbox said: the address that message went to counts as verified.",
        access: Access::Scopes(&[Scope::ConsentWrite]),
        records: Records::ConsentChanged,
        takes: Takes::Json("AddressCode"),
        parameters: &[],
        gives: (200, Gives::Json("AddressConfirmed")),
        handler: || post(addresses::confirm),
    },
    Route {
        method: Method::Get,
        path: "/v1/suppressions",
        id: "listSuppressions",
        summary: "Addresses that are not written to because mail came back from them or was complained of, newest first.",
        access: Access::Scopes(&[Scope::ConsentRead]),
        records: Records::Disclosed,
        takes: Takes::Nothing,
        parameters: &[LIMIT, ("cursor", "query", "The `next` of the page before.")],
        gives: (200, Gives::Json("Suppressions")),
        handler: || get(returned::suppressions),
    },
    Route {
        method: Method::Post,
        path: "/v1/suppressions/{id}/lift",
        id: "liftSuppression",
        summary: "Write to an address again. It is verified anew before anything about the patient goes there.",
        access: Access::Scopes(&[Scope::ConsentWrite]),
        records: Records::ConsentChanged,
        takes: Takes::Json("Lifting"),
        parameters: &[],
        gives: (204, Gives::Nothing),
        handler: || post(returned::lift),
    },
    Route {
        method: Method::Get,
        path: "/v1/mails",
        id: "listMails",
        summary: "Mails that came back and wait for a person, newest first.",
        access: Access::Scopes(&[Scope::MessagesRead]),
        records: Records::Nothing,
        takes: Takes::Nothing,
        parameters: &[
            LIMIT,
            ("cursor", "query", "The `next` of the page before."),
            ("reviewed", "query", "`true` for those that somebody has looked at too."),
        ],
        gives: (200, Gives::Json("Mails")),
        handler: || get(returned::mails),
    },
    Route {
        method: Method::Get,
        path: "/v1/mails/{id}",
        id: "readMail",
        summary: "A mail as it came, headers and body.",
        access: Access::Scopes(&[Scope::ContentRead]),
        records: Records::Disclosed,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (200, Gives::Text("message/rfc822")),
        handler: || get(returned::mail),
    },
    Route {
        method: Method::Post,
        path: "/v1/mails/{id}/review",
        id: "reviewMail",
        summary: "Note that you have looked at a mail.",
        access: Access::Scopes(&[Scope::ContentRead]),
        records: Records::Administered,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (204, Gives::Nothing),
        handler: || post(returned::review),
    },
    Route {
        method: Method::Get,
        path: "/v1/vendors",
        id: "listVendors",
        summary: "The registry of vendors and their agreements.",
        access: Access::Scopes(&[Scope::VendorsRead]),
        records: Records::Nothing,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (200, Gives::Json("Vendors")),
        handler: || get(vendors::list),
    },
    Route {
        method: Method::Put,
        path: "/v1/vendors",
        id: "putVendor",
        summary: "Create or replace a vendor's row. It binds at once, also for what is queued.",
        access: Access::Scopes(&[Scope::VendorsWrite]),
        records: Records::VendorChanged,
        takes: Takes::Json("Vendor"),
        parameters: &[],
        gives: (204, Gives::Nothing),
        handler: || put(vendors::put),
    },
    Route {
        method: Method::Get,
        path: "/v1/mail-domains",
        id: "listMailDomains",
        summary: "What recipients' mail domains were found to enforce, and when; the latest thousand.",
        access: Access::Scopes(&[Scope::MessagesRead]),
        records: Records::Nothing,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (200, Gives::Json("MailDomains")),
        handler: || get(mail::domains),
    },
    Route {
        method: Method::Get,
        path: "/v1/mail-reports",
        id: "listMailReports",
        summary: "What other mail hosts report on our own domain (DMARC, TLS), newest first.",
        access: Access::Scopes(&[Scope::MessagesRead]),
        records: Records::Nothing,
        takes: Takes::Nothing,
        parameters: &[LIMIT, ("cursor", "query", "The `next` of the page before.")],
        gives: (200, Gives::Json("MailReports")),
        handler: || get(mail::reports),
    },
    Route {
        method: Method::Post,
        path: "/v1/mail-reports/{id}/review",
        id: "reviewMailReport",
        summary: "Note that you looked at a report. While nobody has looked at one that says our signature fails, no mail goes out in bulk.",
        access: Access::Scopes(&[Scope::Admin]),
        records: Records::Administered,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (204, Gives::Nothing),
        handler: || post(mail::review_report),
    },
    Route {
        method: Method::Get,
        path: "/v1/tls-failures",
        id: "listTlsFailures",
        summary: "TLS sessions that could not be had, and who looked at each; the latest thousand.",
        access: Access::Scopes(&[Scope::MessagesRead]),
        records: Records::Nothing,
        takes: Takes::Nothing,
        parameters: &[("open", "query", "`true` for those that nobody looked at yet.")],
        gives: (200, Gives::Json("TlsFailures")),
        handler: || get(mail::failures),
    },
    Route {
        method: Method::Post,
        path: "/v1/tls-failures/{attempt}/review",
        id: "reviewTlsFailure",
        summary: "Note that you looked at a failure.",
        access: Access::Scopes(&[Scope::Admin]),
        records: Records::Administered,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (204, Gives::Nothing),
        handler: || post(mail::review),
    },
    Route {
        method: Method::Get,
        path: "/v1/templates",
        id: "listTemplates",
        summary: "Every template, built-in and own, with who wrote, proposed and approved each version.",
        access: Access::Scopes(&[Scope::TemplatesRead]),
        records: Records::Nothing,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (200, Gives::Json("Templates")),
        handler: || get(templates::list),
    },
    Route {
        method: Method::Post,
        path: "/v1/templates",
        id: "draftTemplate",
        summary: "Save a template file as a new version, a draft; refused with every reason when a form could exceed its ceiling.",
        access: Access::Scopes(&[Scope::TemplatesWrite]),
        records: Records::Administered,
        takes: Takes::Json("TemplateDraft"),
        parameters: &[],
        gives: (201, Gives::Json("TemplateVersion")),
        handler: || post(templates::draft),
    },
    Route {
        method: Method::Get,
        path: "/v1/templates/{name}",
        id: "readTemplate",
        summary: "One version of a template, with its file.",
        access: Access::Scopes(&[Scope::TemplatesRead]),
        records: Records::Nothing,
        takes: Takes::Nothing,
        parameters: &[("version", "query", "The version; the one in use when absent.")],
        gives: (200, Gives::Json("TemplateVersion")),
        handler: || get(templates::show),
    },
    Route {
        method: Method::Get,
        path: "/v1/templates/{name}/preview",
        id: "previewTemplate",
        summary: "Every text of a version with worst-case data: length, segments, level, where it may travel.",
        access: Access::Scopes(&[Scope::TemplatesRead]),
        records: Records::Nothing,
        takes: Takes::Nothing,
        parameters: &[("version", "query", "The version; the one in use when absent.")],
        gives: (200, Gives::Json("TemplatePreview")),
        handler: || get(templates::preview),
    },
    Route {
        method: Method::Get,
        path: "/v1/templates/{name}/diff",
        id: "diffTemplate",
        summary: "What changed between two versions, by lines and words.",
        access: Access::Scopes(&[Scope::TemplatesRead]),
        records: Records::Nothing,
        takes: Takes::Nothing,
        parameters: &[("older", "query", "The older version."), ("newer", "query", "The newer version.")],
        gives: (200, Gives::Json("TemplateDiff")),
        handler: || get(templates::diff),
    },
    Route {
        method: Method::Post,
        path: "/v1/templates/{name}/versions/{version}/propose",
        id: "proposeTemplate",
        summary: "Ask that a draft be used. Needs a named person.",
        access: Access::Scopes(&[Scope::TemplatesWrite]),
        records: Records::Administered,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (200, Gives::Json("TemplateVersion")),
        handler: || post(templates::propose),
    },
    Route {
        method: Method::Post,
        path: "/v1/templates/{name}/versions/{version}/approve",
        id: "approveTemplate",
        summary: "Agree to what another person proposed: it is in use at once.",
        access: Access::Scopes(&[Scope::TemplatesApprove]),
        records: Records::Administered,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (200, Gives::Json("TemplateVersion")),
        handler: || post(templates::approve),
    },
    Route {
        method: Method::Post,
        path: "/v1/templates/{name}/versions/{version}/retire",
        id: "retireTemplate",
        summary: "Take a version out of use, or give up a draft.",
        access: Access::Scopes(&[Scope::TemplatesApprove]),
        records: Records::Administered,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (200, Gives::Json("TemplateVersion")),
        handler: || post(templates::retire),
    },
    Route {
        method: Method::Get,
        path: "/v1/keys",
        id: "listKeys",
        summary: "The API keys of the tenant, revoked ones too: id, label, scopes, when made. The keys themselves are known to nobody.",
        access: Access::Scopes(&[Scope::Admin]),
        records: Records::Nothing,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (200, Gives::Json("Keys")),
        handler: || get(keys::list),
    },
    Route {
        method: Method::Post,
        path: "/v1/keys",
        id: "makeKey",
        summary: "Make an API key with scopes that the caller has. It is shown once, here.",
        access: Access::Scopes(&[Scope::Admin]),
        records: Records::Administered,
        takes: Takes::Json("WantedKey"),
        parameters: &[],
        gives: (201, Gives::Json("MadeKey")),
        handler: || post(keys::make),
    },
    Route {
        method: Method::Delete,
        path: "/v1/keys/{id}",
        id: "revokeKey",
        summary: "Revoke an API key for good: the next call with it is refused.",
        access: Access::Scopes(&[Scope::Admin]),
        records: Records::Administered,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (204, Gives::Nothing),
        handler: || delete(keys::revoke),
    },
    Route {
        method: Method::Post,
        path: "/v1/scan",
        id: "scan",
        summary: "Find what in each text would be PHI, as `postern scan` does.",
        access: Access::Scopes(&[Scope::MessagesWrite]),
        records: Records::Nothing,
        takes: Takes::JsonLines("ScanLine"),
        parameters: &[],
        gives: (200, Gives::JsonLines("ScanAnswer")),
        handler: || post(scan::scan),
    },
    Route {
        method: Method::Post,
        path: "/v1/webhooks/{vendor}",
        id: "receiveFromVendor",
        summary: "A vendor's receipts and patients' replies; the signature is checked before a byte is parsed.",
        access: Access::Vendor,
        records: Records::Received,
        takes: Takes::Anything,
        parameters: &[],
        gives: (204, Gives::Nothing),
        handler: || post(webhooks::of_vendor),
    },
    Route {
        method: Method::Post,
        path: "/v1/webhooks/{vendor}/{service}",
        id: "receiveFromService",
        summary: "The same, for a vendor with several services.",
        access: Access::Vendor,
        records: Records::Received,
        takes: Takes::Anything,
        parameters: &[],
        gives: (204, Gives::Nothing),
        handler: || post(webhooks::of_service),
    },
    Route {
        method: Method::Get,
        path: "/u/{token}",
        id: "unsubscribePage",
        summary: "The page behind the link in a commercial e-mail. It changes nothing.",
        access: Access::Link,
        records: Records::Nothing,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (200, Gives::Text("text/html; charset=utf-8")),
        handler: || get(unsubscribe::page),
    },
    Route {
        method: Method::Post,
        path: "/u/{token}",
        id: "unsubscribe",
        summary: "End commercial e-mail to the address that the link went to (RFC 8058); `List-Unsubscribe=One-Click` as a form.",
        access: Access::Link,
        records: Records::ConsentChanged,
        takes: Takes::Form,
        parameters: &[],
        gives: (200, Gives::Text("text/html; charset=utf-8")),
        handler: || post(unsubscribe::end),
    },
    Route {
        method: Method::Get,
        path: "/ledger/checkpoint",
        id: "readCheckpoint",
        summary: "The newest signed checkpoint of the ledger (C2SP tlog-tiles).",
        access: Access::Scopes(&[Scope::LedgerRead]),
        records: Records::Nothing,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (200, Gives::Text("text/plain; charset=utf-8")),
        handler: || get(ledger::checkpoint),
    },
    Route {
        method: Method::Get,
        path: "/ledger/tile/{*tile}",
        id: "readTile",
        summary: "A tile of hashes or a bundle of entries (C2SP tlog-tiles). Entries hold ids, codes and commitments only.",
        access: Access::Scopes(&[Scope::LedgerRead]),
        records: Records::Nothing,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (200, Gives::Text("application/octet-stream")),
        handler: || get(ledger::tile),
    },
    Route {
        method: Method::Get,
        path: "/openapi.json",
        id: "readOpenApi",
        summary: "This API, as OpenAPI 3.1.",
        access: Access::Anyone,
        records: Records::Nothing,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (200, Gives::Text("application/json")),
        handler: || get(openapi::serve),
    },
    Route {
        method: Method::Get,
        path: "/healthz",
        id: "isAlive",
        summary: "The process answers.",
        access: Access::Anyone,
        records: Records::Nothing,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (200, Gives::Text("text/plain; charset=utf-8")),
        handler: || get(health::alive),
    },
    Route {
        method: Method::Get,
        path: "/readyz",
        id: "isReady",
        summary: "The process takes requests: the store answers and it is not shutting down.",
        access: Access::Anyone,
        records: Records::Nothing,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (200, Gives::Json("Readiness")),
        handler: || get(health::ready),
    },
    Route {
        method: Method::Get,
        path: "/metrics",
        id: "readMetrics",
        summary: "Counters and gauges for Prometheus; ids and codes only.",
        access: Access::Anyone,
        records: Records::Nothing,
        takes: Takes::Nothing,
        parameters: &[],
        gives: (200, Gives::Text("application/openmetrics-text; version=1.0.0; charset=utf-8")),
        handler: || get(health::metrics),
    },
];

/// The router over [`TABLE`], and over [`DEMO`] where `web` has simulators.
pub fn router(web: Web) -> Router {
    let demo: &'static [Route] = if web.simulators().is_some() { DEMO } else { &[] };
    let mut router = Router::new();
    for route in TABLE.iter().chain(demo) {
        let guarded = (route.handler)().route_layer(from_fn_with_state((web.clone(), route), guard));
        router = router.route(route.path, guarded);
    }
    router
        .method_not_allowed_fallback(|| async {
            Problem::new(Kind::MethodNotAllowed, "This address does not take that method; `Allow` says which it takes.")
        })
        .fallback(|| async { Problem::new(Kind::NotFound, "There is no such address; GET /openapi.json lists them.") })
        .layer(DefaultBodyLimit::max(web.config().body_limit))
        .layer(from_fn_with_state(web.clone(), surround))
        .with_state(web)
}
