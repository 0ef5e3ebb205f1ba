//! What a route says of itself: who may call it, what it takes, gives and records.

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
    /// Whoever opens a page of the portal: it says nothing of anybody, and a form of it counts only from the same browser.
    Browser,
    /// A patient, or who stands for one, signed in with two factors (RULES IDN-01).
    Patient,
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
    /// JSON of this schema, alone or in a form with files.
    JsonWithFiles(&'static str),
    /// JSON lines of this schema.
    JsonLines(&'static str),
    /// A form.
    Form,
    /// A form, with files or without.
    Files,
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
