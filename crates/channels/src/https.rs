//! Calls to one vendor over HTTPS (RFC 9110, RFC 9112): always verified, never redirected, and always clear about whether the vendor may
//! have heard us.
//!
//! A provider's safety hangs on the difference between [`CallError::NotSent`] and [`CallError::Unanswered`]: after the first nothing can have
//! been taken, after the second nobody knows.

use crate::provider::{Health, Sent, TlsSession};
use crate::tls::{self, Roots, RootsError};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{HOST, HeaderName, HeaderValue};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use postern_base::{Clock, EmailTier, Phi, Secret};
use rustls::pki_types::ServerName;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// house: how many idle connections are kept for the next call.
const IDLE_CONNECTIONS: usize = 32;
/// house: after how long an idle connection is no longer used; load balancers close theirs after a minute or less.
const IDLE_TIME: Duration = Duration::from_secs(20);
/// house: the longest answer that is read. Vendors answer a call with a few lines.
const ANSWER_OCTETS: usize = 1 << 20;

/// How a vendor is reached.
#[derive(Debug, Clone)]
pub struct HttpsConfig {
    /// Its origin, `https://host` or `https://host:port`: looked up, and what its certificate must be valid for.
    pub origin: String,
    /// A fixed address to connect to instead of looking up the name; the certificate is checked all the same.
    pub address: Option<SocketAddr>,
    /// Which certificate authorities are believed.
    pub roots: Roots,
    /// How long connecting may take, TLS included.
    pub connect_time: Duration,
    /// How long an answer may take once the call was begun.
    pub answer_time: Duration,
}

/// A vendor's origin cannot be used as configured.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HttpsError {
    /// The certificate authorities could not be loaded.
    #[error("roots: {0}")]
    Roots(#[from] RootsError),
    /// The origin is not `https://host[:port]`.
    #[error("expected https://host or https://host:port, and nothing after it")]
    Origin,
}

/// A vendor, ready to be called.
pub struct Https {
    host: String,
    port: u16,
    name: ServerName<'static>,
    address: Option<SocketAddr>,
    connector: TlsConnector,
    connect_time: Duration,
    answer_time: Duration,
    idle: Mutex<Vec<Connection>>,
}

impl fmt::Debug for Https {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Https").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

/// One call. Header values are secrets: one of them usually is.
pub struct Call {
    /// The method, such as `POST`.
    pub method: Method,
    /// Path and query, as they go on the wire.
    pub path: String,
    /// Header names in lower case, and values; `host` and `content-length` are added.
    pub headers: Vec<(&'static str, Secret<String>)>,
    /// The body.
    pub body: Phi<Vec<u8>>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A path may name a patient's number.
        f.debug_struct("Call").field("method", &self.method).finish_non_exhaustive()
    }
}

/// What the vendor answered.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Header names in lower case, and values that are text.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Phi<Vec<u8>>,
    /// The session it came over.
    pub session: TlsSession,
}

impl Answer {
    /// The first value of a header, by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// There is no answer. Codes hold no PHI.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CallError {
    /// Nothing of the call can have been heard; trying again is safe.
    #[error("not sent: {0}")]
    NotSent(&'static str),
    /// No verified TLS session was to be had; nothing was sent.
    #[error("no verified session: {0}")]
    BelowFloor(&'static str),
    /// The call was written, in part or whole, and no answer was understood: nobody knows whether it was taken.
    #[error("no answer: {0}")]
    Unanswered(&'static str),
}

impl CallError {
    /// What was seen.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotSent(code) | Self::BelowFloor(code) | Self::Unanswered(code) => code,
        }
    }

    /// What it means for a message of which nothing was said yet, in a question `about` it that had no answer.
    pub(crate) fn before(self, about: &str) -> Sent {
        match self {
            Self::BelowFloor(_) => self.into(),
            Self::NotSent(code) | Self::Unanswered(code) => Sent::TemporaryFailure { code: format!("{about}-{code}") },
        }
    }
}

/// What it means for the message that was in the call.
impl From<CallError> for Sent {
    fn from(error: CallError) -> Self {
        let code = error.code().to_owned();
        match error {
            CallError::NotSent(_) => Self::TemporaryFailure { code },
            CallError::BelowFloor(_) => Self::BelowFloor { found: None, code, peer: None },
            CallError::Unanswered(_) => Self::Unknown { code },
        }
    }
}

/// A vendor that does not answer cannot be used now.
impl From<CallError> for Health {
    fn from(error: CallError) -> Self {
        Self::Down { code: error.code().to_owned() }
    }
}

struct Connection {
    sender: SendRequest<Full<Bytes>>,
    session: TlsSession,
    since: Instant,
}

impl Https {
    /// The vendor that `config` names; certificates are checked at `clock`'s time. Connects to nothing yet.
    ///
    /// # Errors
    /// [`HttpsError`].
    pub fn new(config: HttpsConfig, clock: Arc<dyn Clock>) -> Result<Self, HttpsError> {
        let (host, port) = origin(&config.origin).ok_or(HttpsError::Origin)?;
        let name = ServerName::try_from(host.clone()).map_err(|_| HttpsError::Origin)?;
        let connector = TlsConnector::from(Arc::new(tls::config(&config.roots, clock)?));
        let HttpsConfig { address, connect_time, answer_time, .. } = config;
        Ok(Self { host, port, name, address, connector, connect_time, answer_time, idle: Mutex::default() })
    }

    /// The same over sessions that `connector` verifies; `None` = `host` is no host's name.
    pub(crate) fn with(
        connector: TlsConnector,
        host: String,
        port: u16,
        address: Option<SocketAddr>,
        time: Duration,
    ) -> Option<Self> {
        let name = ServerName::try_from(host.clone()).ok()?;
        let (connect_time, answer_time) = (time, time);
        Some(Self { host, port, name, address, connector, connect_time, answer_time, idle: Mutex::default() })
    }

    /// The value of the `host` header, which a signature may speak of.
    #[must_use]
    pub fn authority(&self) -> String {
        if self.port == 443 { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// Makes `call`, in `left` or less.
    ///
    /// # Errors
    /// [`CallError`], which says whether anything may have been taken.
    pub async fn call(&self, call: &Call, left: Duration) -> Result<Answer, CallError> {
        let until = Instant::now().checked_add(left.min(self.answer_time)).unwrap_or_else(Instant::now);
        if let Some(connection) = self.idle_connection() {
            match self.over(connection, call, until).await {
                // An idle connection may have been closed meanwhile. Nothing was taken, so a fresh one is tried, once.
                Err(CallError::NotSent(_)) => {}
                answered => return answered,
            }
        }
        let rest = until.saturating_duration_since(Instant::now()).min(self.connect_time);
        let connection = timeout(rest, self.connect()).await.map_err(|_| CallError::NotSent("connect-time-out"))??;
        self.over(connection, call, until).await
    }

    async fn over(&self, mut connection: Connection, call: &Call, until: Instant) -> Result<Answer, CallError> {
        let request = self.request(call)?;
        let response = match timeout_at(until, connection.sender.try_send_request(request)).await {
            Err(_) => return Err(CallError::Unanswered("answer-time-out")),
            Ok(Ok(response)) => response,
            // What hyper gives back it did not begin to write.
            Ok(Err(mut refused)) => {
                let unsent = refused.take_message().is_some();
                let error = if unsent { CallError::NotSent } else { CallError::Unanswered };
                return Err(error("connection-lost"));
            }
        };
        let read = timeout_at(until, read(response, connection.session.clone())).await;
        let answer = read.map_err(|_| CallError::Unanswered("answer-time-out"))??;
        self.keep(connection);
        Ok(answer)
    }

    fn request(&self, call: &Call) -> Result<Request<Full<Bytes>>, CallError> {
        let bad = |_| CallError::NotSent("bad-request");
        let mut builder = Request::builder().method(call.method.clone()).uri(&call.path).header(HOST, self.authority());
        for (name, value) in &call.headers {
            let mut value = HeaderValue::from_str(value.reveal()).map_err(|_| CallError::NotSent("bad-header"))?;
            value.set_sensitive(true);
            builder = builder.header(HeaderName::from_static(name), value);
        }
        builder.body(Full::new(Bytes::from(call.body.reveal().clone()))).map_err(bad)
    }

    async fn connect(&self) -> Result<Connection, CallError> {
        let lost = |_| CallError::NotSent("connect");
        let stream = match self.address {
            Some(address) => TcpStream::connect(address).await.map_err(lost)?,
            None => TcpStream::connect((self.host.as_str(), self.port)).await.map_err(lost)?,
        };
        stream.set_nodelay(true).map_err(lost)?;
        let stream: TlsStream<TcpStream> =
            self.connector.connect(self.name.clone(), stream).await.map_err(|error| {
                let of_tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
                of_tls.map_or(CallError::NotSent("tls"), |error| CallError::BelowFloor(tls::failure_code(error)))
            })?;
        let session = tls::evidence(stream.get_ref().1, &self.host, EmailTier::Pkix);
        let (sender, driver) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|_| CallError::NotSent("connection-lost"))?;
        // It ends with the connection; who waits for an answer hears of it there.
        tokio::spawn(async move { driver.await.ok() });
        Ok(Connection { sender, session, since: Instant::now() })
    }

    fn idle_connection(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|connection| connection.since.elapsed() < IDLE_TIME && connection.sender.is_ready());
        idle.pop()
    }

    fn keep(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_CONNECTIONS && !connection.sender.is_closed() {
            idle.push(Connection { since: Instant::now(), ..connection });
        }
    }
}

/// A status was heard, so the call was taken or refused: an answer whose body breaks off is still one the caller must not repeat.
async fn read(response: Response<hyper::body::Incoming>, session: TlsSession) -> Result<Answer, CallError> {
    let status = response.status().as_u16();
    let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
    let headers = response.headers().iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?)));
    let headers = headers.collect();
    let body = Limited::new(response.into_body(), ANSWER_OCTETS).collect().await;
    let body = body.map_err(|_| CallError::Unanswered("answer-broken"))?.to_bytes().to_vec();
    Ok(Answer { status, headers, body: Phi::new(body), session })
}

/// Host and port of `https://host[:port]`, host in lower case.
pub(crate) fn origin(text: &str) -> Option<(String, u16)> {
    let rest = text.strip_prefix("https://")?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok().filter(|port| *port != 0)?),
        None => (rest, 443),
    };
    let well = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    well.then(|| (host.to_ascii_lowercase(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_host_over_https_and_nothing_else() {
        assert_eq!(origin("https://email.us-east-1.example"), Some(("email.us-east-1.example".into(), 443)));
        assert_eq!(origin("https://Localhost:8443/"), Some(("localhost".into(), 8443)));
        for bad in ["http://x.example", "https://", "https://x/y", "https://u@x", "https://x:0", "https://x:70000", "x"]
        {
            assert_eq!(origin(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_call_prints_neither_path_nor_header_nor_body() {
        let call = Call {
            method: Method::POST,
            path: "/lookups/+12125550142".into(),
            headers: vec![("authorization", Secret::new("s3cr3t".into()))],
            body: Phi::new(b"hello".to_vec()),
        };
        assert_eq!(format!("{call:?}"), "Call { method: POST, .. }");
    }
}
