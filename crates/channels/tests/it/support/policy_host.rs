//! The web server at which domains publish their MTA-STS policies.

use super::authority::Authority;
use super::scripted::server_config;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What it answers for a host: status line, headers and body, or nothing but silence.
pub(crate) type Pages = Arc<Mutex<HashMap<String, String>>>;

/// A running server, with a certificate for each host that it is started with.
#[derive(Debug, Clone)]
pub(crate) struct PolicyHost {
    /// Answers by host name.
    pub(crate) pages: Pages,
    /// Hosts that were asked for, in order.
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

/// An answer with a policy.
pub(crate) fn policy(mode: &str, servers: &[&str], max_age: u64) -> String {
    let servers: String = servers.iter().map(|server| format!("mx: {server}\r\n")).collect();
    answer("200 OK", "text/plain", &format!("version: STSv1\r\nmode: {mode}\r\n{servers}max_age: {max_age}\r\n"))
}

/// An answer.
pub(crate) fn answer(status: &str, kind: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}")
}

impl PolicyHost {
    pub(crate) async fn start(address: SocketAddr, authority: &Authority, hosts: &[&str]) -> Self {
        let tls = TlsAcceptor::from(server_config(&authority.identity_of(hosts)));
        let listener = TcpListener::bind(address).await.unwrap();
        let host = Self { pages: Arc::default(), asked: Arc::default() };
        let (pages, asked) = (Arc::clone(&host.pages), Arc::clone(&host.asked));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, pages, asked) = (tls.clone(), Arc::clone(&pages), Arc::clone(&asked));
                tokio::spawn(async move {
                    let mut stream = BufReader::new(tls.accept(stream).await.ok()?);
                    let (mut request, mut line, mut name) = (String::new(), String::new(), String::new());
                    while stream.read_line(&mut line).await.ok()? > 2 {
                        if let Some(host) = line.to_ascii_lowercase().strip_prefix("host:") {
                            name = host.trim().to_owned();
                        }
                        request.push_str(&std::mem::take(&mut line));
                    }
                    assert!(request.starts_with("GET /.well-known/mta-sts.txt HTTP/1.1\r\n"), "{request}");
                    asked.lock().unwrap().push(name.clone());
                    let page = pages.lock().unwrap().get(&name).cloned();
                    // Many servers hang up without saying so in TLS.
                    stream
                        .write_all(page.unwrap_or_else(|| answer("404 Not Found", "text/plain", "")).as_bytes())
                        .await
                        .ok()
                });
            }
        });
        host
    }

    pub(crate) fn publish(&self, host: &str, page: String) {
        self.pages.lock().unwrap().insert(host.to_owned(), page);
    }

    /// How often `host` was asked for.
    pub(crate) fn times(&self, host: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| *asked == host).count()
    }
}
