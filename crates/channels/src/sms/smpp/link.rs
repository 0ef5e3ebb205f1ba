//! The link to a centre: connects, binds, lets a session run, and begins anew when it ends.

use super::SmppConfig;
use super::inbound::Inbound;
use super::pacing::Pacing;
use super::pdu::{self, Pdu};
use super::session::{Command, End, Reply, Session, Times, answer};
use crate::provider::TlsSession;
use crate::tls;
use postern_base::EmailTier;
use rustls::pki_types::ServerName;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// house: how long to wait before the next attempt to connect; each one that fails doubles it.
const WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// house: how many octets of a whole answer to the bind are read at most.
const ANSWER_OCTETS: usize = 4096;

/// How the link stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is being made.
    Connecting,
    /// A session is bound.
    Bound(Arc<TlsSession>),
    /// There is none, and the next attempt comes later.
    Down(String),
    /// There is none, since the centre's certificate does not hold.
    Unverified(&'static str),
}

/// Everything that outlives a session.
pub(super) struct Link {
    config: SmppConfig,
    server: ServerName<'static>,
    connector: TlsConnector,
    pacing: Pacing,
    inbound: Inbound,
    standing: watch::Sender<Standing>,
}

/// A bound connection, and what came behind the answer to the bind.
struct Bound {
    stream: TlsStream<TcpStream>,
    session: TlsSession,
    rest: Vec<u8>,
}

impl Link {
    pub(super) fn new(
        config: SmppConfig,
        server: ServerName<'static>,
        connector: TlsConnector,
        inbound: Inbound,
        standing: watch::Sender<Standing>,
    ) -> Self {
        let pacing = Pacing::new(config.per_second, Instant::now());
        Self { config, server, connector, pacing, inbound, standing }
    }

    /// Keeps the link up once it is wanted, until nobody can send any more.
    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<Command>, mut wanted: watch::Receiver<bool>) {
        if wanted.wait_for(|wanted| *wanted).await.is_err() {
            return;
        }
        let mut wait = WAIT;
        loop {
            self.standing.send_replace(Standing::Connecting);
            match timeout(self.config.answer_time, self.bind()).await {
                Ok(Ok(bound)) => {
                    wait = WAIT;
                    if self.converse(bound, &mut commands).await == End::Stopped {
                        return;
                    }
                }
                Ok(Err(standing)) => {
                    self.standing.send_replace(standing);
                }
                Err(_) => {
                    self.standing.send_replace(Standing::Down("connect-time-out".to_owned()));
                }
            }
            if !rest(&mut commands, wait).await {
                return;
            }
            wait = wait.saturating_mul(2).min(LONGEST_WAIT);
        }
    }

    async fn converse(&mut self, bound: Bound, commands: &mut mpsc::Receiver<Command>) -> End {
        self.standing.send_replace(Standing::Bound(Arc::new(bound.session)));
        tracing::info!(vendor = %self.config.vendor, "bound to the message centre");
        self.inbound.begin();
        let times = Times { answer: self.config.answer_time, silence: self.config.silence };
        let window = usize::from(self.config.window);
        let session = Session::new(bound.stream, 1, window, times, &mut self.pacing, &mut self.inbound);
        let end = session.run(commands, bound.rest).await;
        if let End::Lost(code) = end {
            tracing::warn!(vendor = %self.config.vendor, code, "the session with the message centre ended");
            self.standing.send_replace(Standing::Down(code.to_owned()));
        }
        end
    }

    async fn bind(&self) -> Result<Bound, Standing> {
        let lost = |_| Standing::Down("connect".to_owned());
        let SmppConfig { host, port, address, .. } = &self.config;
        let stream = match address {
            Some(address) => TcpStream::connect(address).await.map_err(lost)?,
            None => TcpStream::connect((host.as_str(), *port)).await.map_err(lost)?,
        };
        stream.set_nodelay(true).map_err(lost)?;
        let mut stream = self.connector.connect(self.server.clone(), stream).await.map_err(|error| {
            let of_tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
            of_tls.map_or_else(
                || Standing::Down("tls".to_owned()),
                |error| Standing::Unverified(tls::failure_code(error)),
            )
        })?;
        let session = tls::evidence(stream.get_ref().1, host, EmailTier::Pkix);
        let mut out = Vec::new();
        let SmppConfig { system_id, password, system_type, .. } = &self.config;
        Pdu::bind(system_id, password, system_type, 1).write(&mut out);
        stream.write_all(&out).await.map_err(lost)?;
        stream.flush().await.map_err(lost)?;
        let mut rest = Vec::new();
        loop {
            match Pdu::take(&mut rest) {
                Ok(Some(pdu)) if pdu.id == pdu::BIND_TRANSCEIVER | pdu::ANSWER => {
                    if pdu.status == pdu::OK {
                        return Ok(Bound { stream, session, rest });
                    }
                    return Err(Standing::Down(format!("bind-{:#010x}", pdu.status)));
                }
                Ok(Some(_)) | Err(_) => return Err(Standing::Down("bind-not-answered".to_owned())),
                Ok(None) if rest.len() >= ANSWER_OCTETS => {
                    return Err(Standing::Down("bind-not-answered".to_owned()));
                }
                Ok(None) => {
                    if stream.read_buf(&mut rest).await.map_err(lost)? == 0 {
                        return Err(Standing::Down("bind-not-answered".to_owned()));
                    }
                }
            }
        }
    }
}

/// Waits a while; what is to be sent meanwhile is not. False when nobody can send any more.
async fn rest(commands: &mut mpsc::Receiver<Command>, wait: Duration) -> bool {
    let until = Instant::now().checked_add(wait).unwrap_or_else(Instant::now);
    loop {
        tokio::select! {
            () = sleep_until(until) => return true,
            command = commands.recv() => match command {
                Some(command) => answer(command, Reply::Unsent("not-bound")),
                None => return false,
            },
        }
    }
}
