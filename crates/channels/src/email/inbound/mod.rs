//! Mail that comes in: a small SMTP server (RFC 5321) for the addresses of [`super::back`] and for nothing else.
//!
//! It answers 250 only once the [`MailSink`] has the mail on disk. It relays nothing, knows no passwords, and looks nobody up.
//!
//! Start at [`Listener::serve`]; `dialogue.rs` is what is said, `wire.rs` what is read, `doors.rs` who may come in,
//! `quota.rs` how much is kept in a day, `urgent.rs` what is kept beyond it.

mod dialogue;
mod doors;
#[cfg(fuzzing)]
pub mod fuzzing;
mod quota;
mod urgent;
mod wire;

use super::back::{Mailbox, ReturnAddresses};
use async_trait::async_trait;
pub use quota::{Amount, Limits};

use dialogue::{Bounds, Dialogue, Step};
use doors::{Crowd, Doors, Guest};
use jiff::Timestamp;
use postern_base::{Clock, Phi};
use quota::Quota;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;
use wire::{Content, Line, Over, Wire};

/// A mail that came in.
#[derive(Debug, Clone)]
pub struct InboundMail {
    /// The envelope's sender; empty = the null path of a bounce.
    pub from: Phi<String>,
    /// For which mailboxes of ours.
    pub to: Vec<Mailbox>,
    /// Headers and body, as they came.
    pub content: Phi<Vec<u8>>,
    /// It travelled the last hop in TLS.
    pub secured: bool,
    /// When it was whole.
    pub at: Timestamp,
}

/// Why a mail was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotTaken {
    /// Not now: the sender should come again (451).
    Later,
    /// Never: it goes round in circles, or no mailbox is its own any more (554).
    Never,
}

/// Who keeps what came in.
#[async_trait]
pub trait MailSink: Send + Sync + fmt::Debug {
    /// Keeps a mail. `Ok` means that it is on disk; the same mail twice is harmless.
    ///
    /// # Errors
    /// [`NotTaken`].
    async fn take(&self, mail: InboundMail) -> Result<(), NotTaken>;
}

/// A certificate with its key, PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The chain, our own certificate first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// How a listener is set up.
#[derive(Debug, Clone)]
pub struct ListenerConfig {
    /// Our name, as it greets.
    pub host: String,
    /// For STARTTLS; `None` = it is not offered.
    pub identity: Option<Identity>,
    /// The largest mail, in bytes.
    pub message_bytes: usize,
    /// Recipients of one mail.
    pub recipients: usize,
    /// Mails in one session.
    pub messages: u32,
    /// Connections at once.
    pub connections: usize,
    /// Connections at once from one network: an IPv4 address, or an IPv6 /64.
    pub connections_per_network: usize,
    /// New connections a minute from one network.
    pub connections_per_minute: usize,
    /// How much is kept in a day.
    pub kept: Limits,
    /// How long the other side may be silent, and how long a command may take to come.
    pub idle_time: Duration,
    /// How long a session may last.
    pub session_time: Duration,
}

/// Mistakes after which a session is closed.
const ERRORS: u32 = 10;

impl Default for ListenerConfig {
    fn default() -> Self {
        Self {
            host: "localhost".to_owned(),
            identity: None,
            message_bytes: 4 << 20,
            recipients: 10,
            messages: 100,
            connections: 64,
            connections_per_network: 8,
            connections_per_minute: 60,
            kept: Limits::default(),
            idle_time: Duration::from_secs(60),
            session_time: Duration::from_secs(300),
        }
    }
}

/// A listener cannot be set up as configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListenerError {
    /// A file is no certificate or no key, or the two do not belong together.
    #[error("{path}: expected {expected}, PEM")]
    Identity {
        /// The file.
        path: PathBuf,
        /// What was expected in it.
        expected: &'static str,
    },
    /// The name is none.
    #[error("host: expected a host name")]
    Host,
}

/// A listener, ready to serve.
pub struct Listener {
    addresses: ReturnAddresses,
    config: ListenerConfig,
    acceptor: Option<TlsAcceptor>,
    sink: Arc<dyn MailSink>,
    clock: Arc<dyn Clock>,
    quota: Quota,
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

impl Listener {
    /// A listener for `addresses` that hands mail to `sink`.
    ///
    /// # Errors
    /// [`ListenerError`], which names the file.
    pub fn new(
        config: ListenerConfig,
        addresses: ReturnAddresses,
        sink: Arc<dyn MailSink>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ListenerError> {
        if config.host.is_empty() || !config.host.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(ListenerError::Host);
        }
        let acceptor = config.identity.as_ref().map(acceptor).transpose()?;
        let quota = Quota::new(config.kept);
        Ok(Self { addresses, config, acceptor, sink, clock, quota })
    }

    /// Serves until `stop` turns true; mail that is whole by then is still kept and answered.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, stop: watch::Receiver<bool>) {
        let mut told = stop.clone();
        let doors = Doors::new(Crowd {
            open: self.config.connections,
            open_per_network: self.config.connections_per_network,
            per_minute: self.config.connections_per_minute,
        });
        let mut sessions = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, from)) => {
                        sessions.spawn(Arc::clone(&self).admit(stream, from, doors.clone(), stop.clone()));
                    }
                    // Out of file handles, most likely: somebody has to leave first.
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                },
                Some(_) = sessions.join_next() => {}
                () = stopped(&mut told) => break,
            }
        }
        drop(listener);
        while sessions.join_next().await.is_some() {}
    }

    async fn admit(self: Arc<Self>, stream: TcpStream, from: SocketAddr, doors: Doors, stop: watch::Receiver<bool>) {
        let guest: Option<Guest> = doors.enter(from.ip(), Instant::now());
        let Some(_inside) = guest else {
            let mut wire = Wire::new(stream, Duration::from_secs(1), stop);
            // Whether it was heard or not: nothing was taken.
            wire.say("421 4.7.0 Too many connections\r\n").await.ok();
            return;
        };
        stream.set_nodelay(true).ok();
        if timeout(self.config.session_time, self.session(stream, from.ip(), stop)).await.is_err() {
            tracing::debug!("a mail session took too long");
        }
    }

    /// A session, from the greeting to its end. How it ends changes nothing: what was answered 250 is kept.
    async fn session(&self, stream: TcpStream, from: IpAddr, stop: watch::Receiver<bool>) -> Result<(), Over> {
        let config = &self.config;
        let bounds = Bounds {
            message_bytes: config.message_bytes,
            recipients: config.recipients,
            messages: config.messages,
            errors: ERRORS,
        };
        let mut dialogue = Dialogue::new(&config.host, &self.addresses, bounds, self.acceptor.is_some());
        let mut plain = Wire::new(stream, config.idle_time, stop.clone());
        plain.say(&dialogue.greeting()).await?;
        if self.talk(&mut plain, &mut dialogue, Hop { from, secured: false }).await? == After::Close {
            return Ok(());
        }
        // What came behind STARTTLS in the clear was put there by somebody on the way (CVE-2011-0411).
        let Some(acceptor) = self.acceptor.as_ref().filter(|_| !plain.has_more()) else { return Err(Over) };
        let stream = timeout(config.idle_time, acceptor.accept(plain.into_stream())).await;
        let stream = stream.map_err(|_| Over)?.map_err(|_| Over)?;
        dialogue.secured();
        let hop = Hop { from, secured: true };
        self.talk(&mut Wire::new(stream, config.idle_time, stop), &mut dialogue, hop).await?;
        Ok(())
    }

    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        wire: &mut Wire<S>,
        dialogue: &mut Dialogue<'_>,
        hop: Hop,
    ) -> Result<After, Over> {
        loop {
            let step = match wire.line().await {
                Ok(Line::Whole(line)) => dialogue.line(&line),
                Ok(Line::TooLong) => dialogue.garbled(),
                Err(over) => {
                    wire.say("421 4.4.2 Closing\r\n").await.ok();
                    return Err(over);
                }
            };
            match step {
                Step::Say(reply) => wire.say(&reply).await?,
                Step::Close(reply) => {
                    wire.say(&reply).await?;
                    return Ok(After::Close);
                }
                Step::StartTls(reply) => {
                    if !wire.has_more() {
                        wire.say(&reply).await?;
                    }
                    return Ok(After::StartTls);
                }
                Step::Data(reply) => {
                    let room = self.room(dialogue, hop);
                    if room == Room::None {
                        dialogue.drop_mail();
                        wire.say(FULL).await?;
                        continue;
                    }
                    wire.say(&reply).await?;
                    let bytes_max = match room {
                        Room::ForUrgent => self.config.message_bytes.min(urgent::BYTES_MAX),
                        Room::ForAny | Room::None => self.config.message_bytes,
                    };
                    let content = wire.content(bytes_max).await?;
                    let reply = self.keep(dialogue, content, hop, room).await;
                    wire.say(reply).await?;
                }
            }
        }
    }

    /// For what there is room: there is an end to what one mail of ours is answered, and to what answers none.
    fn room(&self, dialogue: &Dialogue<'_>, hop: Hop) -> Room {
        let now = self.clock.now();
        if dialogue.is_unasked() && !self.quota.has_room(hop.from, now) {
            Room::None
        } else if self.quota.has_room_for_answers(dialogue.answered(), now) {
            Room::ForAny
        } else {
            Room::ForUrgent
        }
    }

    async fn keep(&self, dialogue: &mut Dialogue<'_>, content: Content, hop: Hop, room: Room) -> &'static str {
        let (unasked, answered) = (dialogue.is_unasked(), dialogue.answered().collect::<Vec<_>>());
        let Some(envelope) = dialogue.taken() else { return "503 5.5.1 Say MAIL first\r\n" };
        let Content::Whole(content) = content else {
            // Tomorrow it is not too large.
            return if room == Room::ForUrgent { FULL } else { "552 5.3.4 Larger than is taken here\r\n" };
        };
        let (bytes, at) = (content.len(), self.clock.now());
        let mut urgent = None;
        if room == Room::ForUrgent {
            urgent = urgent::urgent(&content, envelope.from.is_empty(), &envelope.to);
            if !urgent.is_some_and(|urgent| self.quota.has_room_for_urgent(urgent, &answered, at)) {
                return FULL;
            }
        }
        let mail = InboundMail {
            from: Phi::new(envelope.from),
            to: envelope.to,
            content: Phi::new(content),
            secured: hop.secured,
            at,
        };
        match self.sink.take(mail).await {
            Ok(()) => {
                match urgent {
                    Some(urgent) => self.quota.kept_urgent(urgent, answered, bytes, at),
                    None => self.quota.kept_answers(answered.into_iter(), bytes, at),
                }
                if unasked {
                    self.quota.kept(hop.from, bytes, at);
                }
                "250 2.0.0 Kept\r\n"
            }
            Err(NotTaken::Later) => "451 4.3.0 Come again later\r\n",
            Err(NotTaken::Never) => "554 5.6.0 Not taken\r\n",
        }
    }
}

/// Waits until we stop. Who could say so and is gone has said so.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stop| *stop).await);
}

/// How a mail came to us.
#[derive(Debug, Clone, Copy)]
struct Hop {
    from: IpAddr,
    secured: bool,
}

/// What may be kept of the mail under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    ForAny,
    ForUrgent,
    None,
}

/// RFC 3463 section 3.4: "mail system full". The sender comes again.
const FULL: &str = "452 4.3.1 Enough for today, come again tomorrow\r\n";

/// What follows a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Close,
    StartTls,
}

/// TLS 1.3, or 1.2 with ECDHE and AEAD (RULES SEC-26); the library knows no weaker suite.
fn acceptor(identity: &Identity) -> Result<TlsAcceptor, ListenerError> {
    let bad = |path: &PathBuf, expected| ListenerError::Identity { path: path.clone(), expected };
    let no_chain = || bad(&identity.certificate, "a certificate chain");
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_file_iter(&identity.certificate).and_then(Iterator::collect).map_err(|_| no_chain())?;
    if chain.is_empty() {
        return Err(no_chain());
    }
    let no_key = || bad(&identity.key, "the private key of the certificate");
    let key = PrivateKeyDer::from_pem_file(&identity.key).map_err(|_| no_key())?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|_| no_key())?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|_| no_key())?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
