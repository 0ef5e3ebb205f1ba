//! A smarthost that does what a test tells it: for what no real server does on request.

use super::authority::{Authority, Identity};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What the server does.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    /// What it says first.
    pub(crate) greeting: &'static str,
    /// What it answers to STARTTLS, before TLS begins.
    pub(crate) starttls: &'static str,
    /// What it answers to commands that begin so, instead of yes.
    pub(crate) answers: Vec<(&'static str, Answer)>,
    /// What it answers to the final dot.
    pub(crate) dot: Answer,
    /// What it offers beside STARTTLS, inside TLS.
    pub(crate) offers: &'static str,
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// These words.
    Say(&'static str),
    /// It closes the connection.
    Cut,
    /// It says nothing and keeps the connection.
    Silence,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            greeting: "220 smarthost.test ready",
            starttls: "220 go ahead\r\n",
            answers: Vec::new(),
            dot: Answer::Say("250 2.0.0 Ok: queued as Q1"),
            offers: "AUTH PLAIN LOGIN",
        }
    }
}

/// A running server, and what it saw.
#[derive(Debug, Clone)]
pub(crate) struct Scripted {
    pub(crate) address: SocketAddr,
    pub(crate) roots: PathBuf,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    /// Starts one with a certificate for `smarthost.test`; the authority's certificate is written to `dir`.
    pub(crate) async fn start(script: Script, dir: &Path) -> Self {
        let authority = Authority::new();
        let roots = authority.write(dir);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::serve(script, listener, &authority.identity("smarthost.test"), roots)
    }

    /// Starts one at `address` with a certificate of its own.
    pub(crate) async fn start_at(address: SocketAddr, script: Script, identity: &Identity) -> Self {
        Self::serve(script, TcpListener::bind(address).await.unwrap(), identity, PathBuf::new())
    }

    fn serve(script: Script, listener: TcpListener, identity: &Identity, roots: PathBuf) -> Self {
        let tls = TlsAcceptor::from(server_config(identity));
        let scripted = Self { address: listener.local_addr().unwrap(), roots, lines: Arc::default() };
        let lines = Arc::clone(&scripted.lines);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, tls, lines) = (script.clone(), tls.clone(), Arc::clone(&lines));
                tokio::spawn(async move { serve(stream, &script, tls, &lines).await });
            }
        });
        scripted
    }

    /// Every line that clients sent, in order.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// How many lines begin so.
    pub(crate) fn count(&self, begins: &str) -> usize {
        self.lines().iter().filter(|line| line.starts_with(begins)).count()
    }
}

/// A TLS server with `identity`.
pub(crate) fn server_config(identity: &Identity) -> Arc<ServerConfig> {
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let certificate = CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    Arc::new(config)
}

async fn serve(mut stream: TcpStream, script: &Script, tls: TlsAcceptor, lines: &Mutex<Vec<String>>) -> Option<()> {
    stream.write_all(format!("{}\r\n", script.greeting).as_bytes()).await.ok()?;
    {
        let mut plain = BufReader::new(&mut stream);
        loop {
            let line = read_line(&mut plain, lines).await?;
            if line == "STARTTLS" {
                plain.write_all(script.starttls.as_bytes()).await.ok()?;
                if script.starttls.starts_with("220") {
                    break;
                }
            } else if line.starts_with("EHLO") {
                plain.write_all(b"250-smarthost.test\r\n250 STARTTLS\r\n").await.ok()?;
            } else {
                plain.write_all(b"530 5.7.0 Must issue STARTTLS first\r\n").await.ok()?;
            }
        }
    }
    let mut secure = BufReader::new(tls.accept(stream).await.ok()?);
    let mut in_data = false;
    loop {
        let line = read_line(&mut secure, lines).await?;
        let told = script.answers.iter().find(|(begins, _)| !in_data && line.starts_with(begins));
        let offers = format!("250-smarthost.test\r\n250 {}", script.offers);
        let answer = match (in_data, line.as_str()) {
            (true, ".") => {
                in_data = false;
                script.dot
            }
            (true, _) => continue,
            _ if told.is_some() => told.map(|(_, answer)| *answer)?,
            (_, "DATA") => {
                in_data = true;
                Answer::Say("354 go ahead")
            }
            (_, other) if other.starts_with("EHLO") => {
                secure.write_all(format!("{offers}\r\n").as_bytes()).await.ok()?;
                secure.flush().await.ok()?;
                continue;
            }
            (_, other) if other.starts_with("AUTH") => Answer::Say("235 2.7.0 welcome"),
            _ => Answer::Say("250 2.0.0 Ok"),
        };
        match answer {
            Answer::Say(words) => {
                secure.write_all(format!("{words}\r\n").as_bytes()).await.ok()?;
                secure.flush().await.ok()?;
            }
            Answer::Cut => return None,
            Answer::Silence => std::future::pending().await,
        }
    }
}

async fn read_line<T: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<T>,
    lines: &Mutex<Vec<String>>,
) -> Option<String> {
    let mut line = String::new();
    if stream.read_line(&mut line).await.ok()? == 0 {
        return None;
    }
    let line = line.trim_end().to_owned();
    lines.lock().unwrap().push(line.clone());
    Some(line)
}
