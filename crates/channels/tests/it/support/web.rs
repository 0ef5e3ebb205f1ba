//! An HTTPS server that does what a test tells it: for what no real vendor does on request.

use super::authority::{Authority, Identity};
use super::scripted::server_config;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What it does with a call.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reply {
    /// Answers with this status, these header lines (each with its line end) and this body, and keeps the connection.
    Say(u16, &'static str, &'static str),
    /// Closes the connection once it heard the whole call.
    Cut,
    /// Hears the call and says nothing.
    Silence,
}

/// The head of a call, and its body.
pub(crate) type Heard = (String, Vec<u8>);

/// A running server, and what it heard.
#[derive(Debug, Clone)]
pub(crate) struct Web {
    pub(crate) address: SocketAddr,
    pub(crate) roots: PathBuf,
    calls: Arc<Mutex<Vec<Heard>>>,
    connections: Arc<Mutex<u32>>,
}

impl Web {
    /// Starts one with a certificate for `vendor.test`, and the authority's certificate in `dir`. It takes `replies` in order, and
    /// repeats the last.
    pub(crate) async fn start(replies: Vec<Reply>, dir: &Path) -> Self {
        let authority = Authority::new();
        let roots = authority.write(dir);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::serve_at(replies, listener, &authority.identity("vendor.test"), roots)
    }

    /// Starts one at `address` with a certificate of its own.
    pub(crate) async fn start_at(address: SocketAddr, replies: Vec<Reply>, identity: &Identity) -> Self {
        Self::serve_at(replies, TcpListener::bind(address).await.unwrap(), identity, PathBuf::new())
    }

    fn serve_at(replies: Vec<Reply>, listener: TcpListener, identity: &Identity, roots: PathBuf) -> Self {
        let tls = TlsAcceptor::from(server_config(identity));
        let address = listener.local_addr().unwrap();
        let web = Self { address, roots, calls: Arc::default(), connections: Arc::default() };
        let served = web.clone();
        tokio::spawn(async move {
            let replies = Arc::new(replies);
            while let Ok((stream, _)) = listener.accept().await {
                *served.connections.lock().unwrap() += 1;
                let (web, tls, replies) = (served.clone(), tls.clone(), Arc::clone(&replies));
                tokio::spawn(async move { web.serve(stream, tls, &replies).await });
            }
        });
        web
    }

    async fn serve(&self, stream: TcpStream, tls: TlsAcceptor, replies: &[Reply]) -> Option<()> {
        let mut stream = BufReader::new(tls.accept(stream).await.ok()?);
        loop {
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if stream.read_line(&mut line).await.ok()? == 0 {
                    return None;
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if line == "\r\n" {
                    break;
                }
                head.push_str(&line);
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await.ok()?;
            let number = {
                let mut calls = self.calls.lock().unwrap();
                calls.push((head, body));
                calls.len() - 1
            };
            match *replies.get(number).or(replies.last())? {
                Reply::Say(status, headers, body) => {
                    let length = body.len();
                    let answer = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n\r\n{body}");
                    stream.write_all(answer.as_bytes()).await.ok()?;
                    stream.flush().await.ok()?;
                }
                Reply::Cut => return None,
                Reply::Silence => std::future::pending().await,
            }
        }
    }

    /// The calls it heard: head and body.
    pub(crate) fn calls(&self) -> Vec<Heard> {
        self.calls.lock().unwrap().clone()
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> u32 {
        *self.connections.lock().unwrap()
    }
}
