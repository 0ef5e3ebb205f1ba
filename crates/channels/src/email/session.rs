//! One SMTP session (RFC 5321, RFC 3207, RFC 6409), in the two halves that matter: before the final dot
//! nothing was taken, after it nobody knows until the server answers.

use super::message::dot_stuffed;
use super::peer::Peer;
use super::smarthost::Credentials;
use crate::provider::TlsSession;
use crate::tls;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_send::SmtpClient;
use postern_base::{EmailTier, Secret};
use smtp_proto::response::parser::ResponseReceiver;
use smtp_proto::{AUTH_PLAIN, EXT_PIPELINING, EXT_REQUIRE_TLS, EXT_SMTP_UTF8, EXT_START_TLS, Response};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

/// The code of a mail whose recipient's address lies beyond ASCII, where the server does not take such (RFC 6531 section 3.2).
pub const SMTPUTF8_NOT_OFFERED: &str = "smtputf8-not-offered";

/// How TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsStart {
    /// STARTTLS, required (RFC 3207; RFC 8314 section 4.1).
    StartTls,
    /// With the first byte (RFC 8314 section 3.3).
    Implicit,
}

/// What a session needs to know.
pub(super) struct Endpoint {
    pub(super) host: String,
    pub(super) tls: TlsStart,
    pub(super) connector: TlsConnector,
    /// What the connector verifies peers by.
    pub(super) policy: EmailTier,
    pub(super) credentials: Option<Credentials>,
    pub(super) helo: String,
    pub(super) reply_time: Duration,
    /// Without STARTTLS the session goes on in the clear.
    pub(super) may_be_clear: bool,
}

/// Why nothing was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// The connection was lost, or there never was one.
    Lost(String),
    /// The server said 4yz, or refused its service as such.
    Temporary(String),
    /// The server said 5yz of this message.
    Permanent(String),
    /// There is no verified TLS session to be had.
    BelowFloor(String),
}

/// What came of the final dot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Taken, under this queue id, if the server named one.
    Taken(Option<String>),
    /// Not taken.
    Refused(Failure),
    /// Not answered, or not understandably.
    Unknown(String),
}

/// An open session, ready for a message.
#[derive(Debug)]
pub(super) struct Session {
    client: Client,
    /// The TLS session; `None` = it is in the clear.
    pub(super) evidence: Option<TlsSession>,
    pub(super) messages: u32,
    pub(super) idle_since: Instant,
    /// The server announced REQUIRETLS, inside TLS (RFC 8689 section 2).
    pub(super) requires_tls: bool,
    /// The server announced SMTPUTF8, inside TLS (RFC 6531 section 3.1).
    takes_utf8: bool,
    /// The server announced PIPELINING, inside TLS (RFC 2920 section 2).
    pipelines: bool,
    /// What the server said and nobody read yet.
    unread: Vec<u8>,
}

struct Client(SmtpClient<Peer>);

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SmtpClient")
    }
}

impl Session {
    /// Connects to `address`, secures the session, and signs in, all within the time for one reply. Silence where TLS was to begin has a code
    /// of its own: it says something of the session's protection (RFC 8460 section 4.3), and a server that is not there does not.
    pub(super) async fn open(endpoint: &Endpoint, address: SocketAddr) -> Result<Self, Failure> {
        let starting_tls = AtomicBool::new(false);
        let opened = timeout(endpoint.reply_time, Self::open_telling(endpoint, address, &starting_tls)).await;
        opened.unwrap_or_else(|_| {
            let stage = if starting_tls.load(Ordering::Relaxed) { "starttls" } else { "open" };
            Err(of(stage, mail_send::Error::Timeout))
        })
    }

    /// As [`Self::open`]; `starting_tls` holds from STARTTLS until TLS stands.
    async fn open_telling(
        endpoint: &Endpoint,
        address: SocketAddr,
        starting_tls: &AtomicBool,
    ) -> Result<Self, Failure> {
        let lost = |_| Failure::Lost("connect".to_owned());
        let stream = TcpStream::connect(address).await.map_err(lost)?;
        // Without it a message in two writes waits for the peer's delayed acknowledgement: 45 ms instead of 1.
        stream.set_nodelay(true).map_err(lost)?;
        let mut plain = SmtpClient { stream, timeout: endpoint.reply_time };
        let (mut client, evidence) = match endpoint.tls {
            // RFC 8314 section 3.3.
            TlsStart::Implicit => {
                let (mut client, evidence) = secure(plain, endpoint).await?;
                service("greeting", &client.read().await.map_err(|e| of("greeting", e))?, 220)?;
                (client, Some(evidence))
            }
            TlsStart::StartTls => {
                service("greeting", &plain.read().await.map_err(|e| of("greeting", e))?, 220)?;
                let offers = plain.ehlo(&endpoint.helo).await.map_err(|e| service_of("ehlo", e))?;
                if offers.has_capability(EXT_START_TLS) {
                    starting_tls.store(true, Ordering::Relaxed);
                    let reply = plain.cmd("STARTTLS\r\n").await.map_err(|e| of("starttls", e))?;
                    match reply.code {
                        220 => secure(plain, endpoint).await.map(|(client, evidence)| (client, Some(evidence)))?,
                        // RFC 3207 section 4: 454 TLS not available due to temporary reason.
                        400..=499 => return Err(Failure::Temporary(code("starttls", &reply))),
                        _ => return Err(Failure::BelowFloor("starttls-not-supported".to_owned())),
                    }
                } else if endpoint.may_be_clear {
                    (SmtpClient { stream: Peer::Clear(plain.stream), timeout: endpoint.reply_time }, None)
                } else {
                    // RFC 8314 section 4.1: a session that should be protected and cannot be is given up, never used in the clear.
                    return Err(Failure::BelowFloor("starttls-not-supported".to_owned()));
                }
            }
        };
        starting_tls.store(false, Ordering::Relaxed);
        // RFC 3207 section 4.2: what was said before TLS is forgotten; ask again.
        let offers = client.ehlo(&endpoint.helo).await.map_err(|e| service_of("ehlo", e))?;
        if let Some(credentials) = endpoint.credentials.as_ref().filter(|_| evidence.is_some()) {
            if offers.auth() & AUTH_PLAIN == 0 {
                return Err(Failure::Temporary("auth-plain-not-offered".to_owned()));
            }
            // RFC 4616, RFC 4954: with the initial response, inside TLS only.
            let triple = Secret::new(format!("\0{}\0{}", credentials.user, credentials.password.reveal()));
            let encoded = Secret::new(STANDARD.encode(triple.reveal()));
            let line = Secret::new(format!("AUTH PLAIN {}\r\n", encoded.reveal()));
            let reply = client.cmd(line.reveal()).await.map_err(|e| of("auth", e))?;
            service("auth", &reply, 235)?;
        }
        Ok(Self {
            client: Client(client),
            evidence,
            messages: 0,
            idle_since: Instant::now(),
            requires_tls: offers.has_capability(EXT_REQUIRE_TLS),
            takes_utf8: offers.has_capability(EXT_SMTP_UTF8),
            pipelines: offers.has_capability(EXT_PIPELINING),
            unread: Vec::new(),
        })
    }

    /// Names sender and recipient, and gets leave to send the message; with `require_tls`, only if it goes on over TLS. Nothing was taken
    /// whatever comes of it.
    pub(super) async fn envelope(&mut self, from: &str, to: &str, require_tls: bool) -> Result<(), Failure> {
        // RFC 8689 section 4.1: every hop after this one is over verified TLS, or the mail comes back.
        let tls = if require_tls { " REQUIRETLS" } else { "" };
        // RFC 6531 section 3.2: such an address goes only to a server that says it takes it.
        let utf8 = match (to.is_ascii(), self.takes_utf8) {
            (true, _) => "",
            (false, true) => " SMTPUTF8",
            (false, false) => return Err(Failure::Permanent(SMTPUTF8_NOT_OFFERED.to_owned())),
        };
        let mut commands = vec![
            ("mail", format!("MAIL FROM:<{from}>{tls}{utf8}\r\n")),
            ("rcpt", format!("RCPT TO:<{to}>\r\n")),
            ("data", "DATA\r\n".to_owned()),
        ];
        if self.messages > 0 {
            commands.insert(0, ("rset", "RSET\r\n".to_owned()));
        }
        // RFC 2920 section 3.1: these may go together, DATA last; the answers come one by one all the same.
        if self.pipelines {
            let all: String = commands.iter().map(|(_, command)| command.as_str()).collect();
            self.say("mail", &all).await?;
        }
        for (stage, command) in commands {
            if !self.pipelines {
                self.say(stage, &command).await?;
            }
            let answer = timeout(self.client.0.timeout, self.answer()).await;
            let reply = answer.map_err(|_| of(stage, mail_send::Error::Timeout))?;
            goes_on(stage, &reply.map_err(|error| of(stage, error.into()))?)?;
        }
        // A server that has said more than it was asked is not understood: its next words would be taken for the last answer.
        if self.unread.is_empty() { Ok(()) } else { Err(Failure::Lost("data-out-of-step".to_owned())) }
    }

    async fn say(&mut self, stage: &str, commands: &str) -> Result<(), Failure> {
        let client = &mut self.client.0;
        let said = timeout(client.timeout, async {
            client.stream.write_all(commands.as_bytes()).await?;
            client.stream.flush().await
        });
        let said = said.await.map_err(|_| of(stage, mail_send::Error::Timeout))?;
        said.map_err(|error| of(stage, error.into()))
    }

    /// The next answer; what stands behind it stays for the one after.
    async fn answer(&mut self) -> io::Result<Response<String>> {
        let mut receiver = ResponseReceiver::default();
        loop {
            let mut bytes = self.unread.iter();
            let parsed = if bytes.len() > 0 { Some(receiver.parse(&mut bytes)) } else { None };
            self.unread = bytes.as_slice().to_vec();
            match parsed {
                Some(Ok(reply)) => return Ok(reply),
                None | Some(Err(smtp_proto::Error::NeedsMoreData { .. })) => {}
                Some(Err(_)) => return Err(io::ErrorKind::InvalidData.into()),
            }
            let mut chunk = [0; 1024];
            let read = self.client.0.stream.read(&mut chunk).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.unread.extend_from_slice(chunk.get(..read).unwrap_or_default());
        }
    }

    /// Writes the message up to, and not including, the final dot. Nothing can have been taken yet.
    pub(super) async fn content(&mut self, message: &[u8]) -> Result<(), Failure> {
        let lost = |_| Failure::Lost("content".to_owned());
        let stream = &mut self.client.0.stream;
        stream.write_all(&dot_stuffed(message)).await.map_err(lost)?;
        stream.flush().await.map_err(lost)
    }

    /// Writes the final dot and waits for the answer. From here on, no answer means that nobody knows.
    pub(super) async fn finish(&mut self, reply_time: Duration) -> Verdict {
        let answer = timeout(reply_time, async {
            let stream = &mut self.client.0.stream;
            stream.write_all(b".\r\n").await.map_err(|_| "lost-after-dot")?;
            stream.flush().await.map_err(|_| "lost-after-dot")?;
            self.answer().await.map_err(|_| "lost-after-dot")
        })
        .await
        .unwrap_or(Err("no-answer-after-dot"));
        self.messages = self.messages.saturating_add(1);
        self.idle_since = Instant::now();
        match answer {
            Err(seen) => Verdict::Unknown(seen.to_owned()),
            Ok(reply) if reply.code / 100 == 2 => Verdict::Taken(queue_id(&reply.message)),
            Ok(reply) if matches!(reply.code, 400..=599) => Verdict::Refused(refused("dot", &reply)),
            Ok(reply) => Verdict::Unknown(code("dot", &reply)),
        }
    }

    /// Asks whether the session still lives.
    pub(super) async fn alive(&mut self) -> Result<(), Failure> {
        let reply = self.client.0.cmd("NOOP\r\n").await.map_err(|e| of("noop", e))?;
        service("noop", &reply, 250)
    }
}

async fn secure(plain: SmtpClient<TcpStream>, endpoint: &Endpoint) -> Result<(SmtpClient<Peer>, TlsSession), Failure> {
    let client = plain.into_tls(&endpoint.connector, &endpoint.host).await.map_err(|error| match error {
        mail_send::Error::Tls(error) => Failure::BelowFloor(tls::failure_code(&error).to_owned()),
        mail_send::Error::Timeout if endpoint.tls == TlsStart::StartTls => of("starttls", error),
        _ => Failure::Lost("tls".to_owned()),
    })?;
    let evidence = tls::evidence(client.tls_connection(), &endpoint.host, endpoint.policy);
    Ok((SmtpClient { stream: Peer::Tls(Box::new(client.stream)), timeout: endpoint.reply_time }, evidence))
}

/// A reply to what is about the service, not about a message: anything but `good` means that the service is not there for
/// us now, and a person has to look at why. It is never held against the message.
fn service(stage: &str, reply: &Response<String>, good: u16) -> Result<(), Failure> {
    if reply.code == good { Ok(()) } else { Err(Failure::Temporary(code(stage, reply))) }
}

fn service_of(stage: &str, error: mail_send::Error) -> Failure {
    match error {
        mail_send::Error::UnexpectedReply(reply) => Failure::Temporary(code(stage, &reply)),
        other => of(stage, other),
    }
}

/// What a command before the content must be answered with. RFC 5321 section 4.2.1: the first digit is what counts; 251 is as good as
/// 250.
fn goes_on(stage: &str, reply: &Response<String>) -> Result<(), Failure> {
    match (stage, reply.code / 100) {
        ("data", 3) | ("rset" | "mail" | "rcpt", 2) => Ok(()),
        // A server that wants to hear no more in this session has nothing against the message.
        ("rset", _) => Err(Failure::Lost(code(stage, reply))),
        _ => Err(refused(stage, reply)),
    }
}

/// A reply that says no to this message. RFC 5321 section 4.2.1: 4yz may work later, 5yz will not. RFC 3463 section 3: of the
/// latter some speak of a state that passes, not of the message: a full mailbox (X.2.2), the system (X.3), the network (X.4).
fn refused(stage: &str, reply: &Response<String>) -> Failure {
    let passes = matches!(reply.esc, [5, 2, 2] | [5, 3, 0..=2] | [5, 4, _]);
    match reply.code {
        // RFC 5321 section 3.8: 421, the server is closing; the message is not the reason.
        421 => Failure::Lost(code(stage, reply)),
        500..=599 if !passes => Failure::Permanent(code(stage, reply)),
        _ => Failure::Temporary(code(stage, reply)),
    }
}

fn of(stage: &str, error: mail_send::Error) -> Failure {
    match error {
        mail_send::Error::Timeout => Failure::Lost(format!("{stage}-time-out")),
        _ => Failure::Lost(format!("{stage}-lost")),
    }
}

/// Stage, code and enhanced code (RFC 3463), such as `rcpt-550-5.1.1`. Never the server's words, which may name the patient.
fn code(stage: &str, reply: &Response<String>) -> String {
    match reply.esc {
        [0, ..] => format!("{stage}-{}", reply.code),
        [class, subject, detail] => format!("{stage}-{}-{class}.{subject}.{detail}", reply.code),
    }
}

/// The queue id in the way most servers say it, `queued as ABC123`; nothing else is kept of the server's words.
fn queue_id(message: &str) -> Option<String> {
    let (_, rest) = message.rsplit_once("queued as ")?;
    let id: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect();
    if id.is_empty() { None } else { Some(id) }
}

/// All that is ever kept of a reply.
#[cfg(fuzzing)]
pub(super) fn kept_of(reply: &Response<String>) -> (String, Option<String>) {
    let (Failure::Lost(kept) | Failure::Temporary(kept) | Failure::Permanent(kept) | Failure::BelowFloor(kept)) =
        refused("fuzz", reply);
    (kept, queue_id(&reply.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(code: u16, esc: [u8; 3], message: &str) -> Response<String> {
        Response { code, esc, message: message.to_owned() }
    }

    #[test]
    fn codes_hold_numbers_and_never_the_servers_words() {
        let told = reply(550, [5, 1, 1], "<rosa@example.org>: no such user");
        assert_eq!(refused("rcpt", &told), Failure::Permanent("rcpt-550-5.1.1".into()));
        assert_eq!(refused("rcpt", &reply(450, [0; 3], "greylisted")), Failure::Temporary("rcpt-450".into()));
        assert_eq!(refused("data", &reply(421, [4, 3, 2], "bye")), Failure::Lost("data-421-4.3.2".into()));
    }

    #[test]
    fn a_state_that_passes_is_no_refusal_of_the_message() {
        let of = |esc: [u8; 3]| refused("rcpt", &reply(554, esc, ""));
        for esc in [[5, 2, 2], [5, 3, 2], [5, 4, 4]] {
            assert!(matches!(of(esc), Failure::Temporary(_)), "{esc:?}");
        }
        for esc in [[0; 3], [5, 1, 1], [5, 2, 1], [5, 3, 4], [5, 7, 1]] {
            assert!(matches!(of(esc), Failure::Permanent(_)), "{esc:?}");
        }
    }

    #[test]
    fn only_the_queue_id_is_kept_of_the_final_answer() {
        assert_eq!(queue_id("Ok: queued as 4XyZ12-b (for rosa)").as_deref(), Some("4XyZ12-b"));
        assert_eq!(queue_id("2.0.0 delivered to rosa@example.org"), None);
        assert_eq!(queue_id("queued as "), None);
    }

    #[test]
    fn a_refused_password_is_not_held_against_the_message() {
        let denied = reply(535, [5, 7, 8], "no");
        assert_eq!(service("auth", &denied, 235), Err(Failure::Temporary("auth-535-5.7.8".into())));
    }

    /// A server that says `greeting`, offers STARTTLS, answers it with `answer`, and nothing more.
    async fn silent_after(greeting: &'static str, answer: &'static str) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut heard = [0; 512];
            for said in [greeting, "250-mx.test\r\n250 STARTTLS\r\n", answer] {
                if said.is_empty() {
                    break;
                }
                stream.write_all(said.as_bytes()).await.unwrap();
                assert!(stream.read(&mut heard).await.unwrap() > 0);
            }
            std::future::pending::<()>().await;
        });
        address
    }

    #[tokio::test]
    async fn silence_where_tls_was_to_begin_is_told_from_a_server_that_is_not_there() {
        let hello = "220 mx.test\r\n";
        for (greeting, answer, code) in [
            (hello, "", "starttls-time-out"),
            (hello, "220 go ahead\r\n", "starttls-time-out"),
            (hello, "220 go ahead\r\n250 mx.test\r\n250 Ok\r\n", "starttls-time-out"),
            ("", "", "open-time-out"),
        ] {
            let address = silent_after(greeting, answer).await;
            let config = tls::config_of(tls::Unverified, std::sync::Arc::new(postern_base::SystemClock)).unwrap();
            let endpoint = Endpoint {
                host: "mx.test".to_owned(),
                tls: TlsStart::StartTls,
                connector: TlsConnector::from(std::sync::Arc::new(config)),
                policy: EmailTier::None,
                credentials: None,
                helo: "postern.test".to_owned(),
                reply_time: Duration::from_millis(300),
                may_be_clear: false,
            };
            let failure = Session::open(&endpoint, address).await.unwrap_err();
            assert_eq!(failure, Failure::Lost(code.to_owned()), "{greeting:?} {answer:?}");
        }
    }
}
