//! What anything that goes wrong looks like: problem details (RFC 9457), `application/problem+json`.
//!
//! A problem names the field and what was expected, and never repeats a value: any value here may be PHI.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use postern_engine::{AcceptError, Forbidden, ReceiveFailure, UseError, wire::WireError};
use serde::Serialize;

/// The page that every `type` points below.
const TYPES: &str = "https://postern.example/problems/";

/// A problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    kind: Kind,
    detail: String,
    field: Option<String>,
    retry_after: Option<u64>,
}

/// The kinds of problem there are: their name in `type`, status and title (RFC 9457 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request cannot be understood at all.
    BadRequest,
    /// There is no key, or none that is known.
    Unauthorized,
    /// The key is known and may not do this.
    Forbidden,
    /// There is no such thing here.
    NotFound,
    /// This address takes another method.
    MethodNotAllowed,
    /// The idempotency key was used with another body.
    Conflict,
    /// The content was destroyed.
    Gone,
    /// The body is larger than what is taken.
    TooLarge,
    /// The body took too long to arrive.
    TooSlow,
    /// The body is not JSON.
    UnsupportedMediaType,
    /// A field is not as it should be.
    Malformed,
    /// Too many requests by this key.
    TooMany,
    /// Not now.
    Unavailable,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::BadRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::Gone,
        Self::TooLarge,
        Self::TooSlow,
        Self::UnsupportedMediaType,
        Self::Malformed,
        Self::TooMany,
        Self::Unavailable,
    ];

    const fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::BadRequest => (StatusCode::BAD_REQUEST, "bad-request", "The request cannot be understood"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized", "Who asks is not known"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "This key may not do that"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "There is no such thing here"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Not with this method"),
            Self::Conflict => (StatusCode::CONFLICT, "conflict", "It does not go with what is there already"),
            Self::Gone => (StatusCode::GONE, "gone", "The content was destroyed"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "too-slow", "The body took too long to arrive"),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The body must be application/json")
            }
            Self::Malformed => (StatusCode::UNPROCESSABLE_ENTITY, "malformed", "A field is not as it should be"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "Too many requests by this key"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not now: try again later"),
        }
    }

    /// The status that goes with it.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.parts().0
    }

    /// The title that goes with it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.parts().2
    }
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

impl Problem {
    /// A problem. `detail` is a sentence for the person who reads it; it holds no value of the request.
    #[must_use]
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), field: None, retry_after: None }
    }

    /// The same, about `field`.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// The same, with word of when to try again, in whole seconds and at least one (RFC 9110 section 10.2.3).
    #[must_use]
    pub fn after(mut self, wait: SignedDuration) -> Self {
        self.retry_after = Some(u64::try_from(wait.as_secs()).unwrap_or(1).max(1));
        self
    }

    /// There is no such thing, or it is another tenant's: the same answer for both.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(Kind::NotFound, "There is no such record, or it is not yours.")
    }

    /// The store does not answer.
    #[must_use]
    pub fn unavailable(detail: &str) -> Self {
        Self::new(Kind::Unavailable, detail).after(SignedDuration::from_secs(2))
    }

    /// What kind it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, name, title) = self.kind.parts();
        let body = Body {
            r#type: format!("{TYPES}{name}"),
            title,
            status: status.as_u16(),
            detail: &self.detail,
            field: self.field.as_deref(),
        };
        // A struct of strings and numbers always serializes.
        let text = serde_json::to_string(&body).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], text).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.kind == Kind::TooSlow {
            // RFC 9110 section 15.5.9: the server does not wait on, and says that it closes.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if self.kind == Kind::Unauthorized {
            // RFC 9110 section 11.6.1: a 401 names the scheme; RFC 6750 section 3.
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"postern\""));
        }
        response
    }
}

impl From<WireError> for Problem {
    fn from(error: WireError) -> Self {
        Self::new(Kind::Malformed, format!("`{}`: {}.", error.field, error.what)).at(error.field)
    }
}

impl From<Forbidden> for Problem {
    fn from(error: Forbidden) -> Self {
        Self::new(Kind::Forbidden, format!("This needs the scope `{}`, which this key does not have.", error.0))
    }
}

impl From<AcceptError> for Problem {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::Malformed(error) => error.into(),
            AcceptError::Forbidden(error) => error.into(),
            AcceptError::NoSuchPatient => Self::new(
                Kind::NotFound,
                "The directory has no such patient: import the patient's records first, or check the reference.",
            )
            .at("patient"),
            AcceptError::Conflict => Self::new(
                Kind::Conflict,
                "This Idempotency-Key came before with another body. Use a new key for a new request.",
            ),
            AcceptError::Busy { retry_after } => {
                Self::new(Kind::Unavailable, "This node takes no more requests now; nothing was stored.")
                    .after(retry_after)
            }
            AcceptError::Unavailable => Self::unavailable("The message could not be stored; nothing was accepted."),
        }
    }
}

impl From<UseError> for Problem {
    fn from(error: UseError) -> Self {
        match error {
            UseError::Malformed(error) => error.into(),
            UseError::Forbidden(error) => error.into(),
            UseError::NotFound => Self::not_found(),
            UseError::Unavailable => Self::unavailable("The store does not answer now."),
            UseError::Destroyed => {
                Self::new(Kind::Gone, "The key of this record was destroyed, and with it its content.")
            }
            UseError::Refused(problems) => {
                // Sentences about the template's own words, which hold no value of any request.
                let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
                Self::new(Kind::Malformed, all.join("\n")).at("source")
            }
            UseError::NotAPerson => {
                Self::new(Kind::Forbidden, "A named person must do this: use a staff member's key.")
            }
            UseError::SamePerson => {
                Self::new(Kind::Forbidden, "Who proposed a version cannot approve it: ask a second person.")
            }
            UseError::WrongState => {
                Self::new(Kind::Conflict, "This version is not in the state this needs: look at it again.")
            }
        }
    }
}

impl From<ReceiveFailure> for Problem {
    fn from(error: ReceiveFailure) -> Self {
        match error {
            ReceiveFailure::NoSuchVendor => Self::new(Kind::NotFound, "No vendor of that name sends requests here."),
            ReceiveFailure::BadSignature => Self::new(Kind::Unauthorized, "The signature is missing or wrong."),
            ReceiveFailure::Unreadable => {
                Self::new(Kind::BadRequest, "The signature is right, but the body cannot be understood.")
            }
            ReceiveFailure::Unavailable => Self::unavailable("The request could not be stored: send it again."),
        }
    }
}
