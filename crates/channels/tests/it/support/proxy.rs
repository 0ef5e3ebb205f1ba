//! Attackers and accidents between a client and a server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A proxy before the server at `to` that takes STARTTLS out of what the server offers, as an attacker on the path does.
pub(crate) async fn without_starttls(to: u16) -> SocketAddr {
    without_starttls_at(SocketAddr::from(([127, 0, 0, 1], 0)), SocketAddr::from(([127, 0, 0, 1], to))).await
}

/// The same at `address`.
pub(crate) async fn without_starttls_at(address: SocketAddr, to: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind(address).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut server = TcpStream::connect(to).await.unwrap();
            tokio::spawn(async move {
                let (mut up, mut down) = ([0; 4096], [0; 4096]);
                loop {
                    tokio::select! {
                        read = client.read(&mut up) => match read {
                            Ok(n) if n > 0 => server.write_all(up.get(..n).unwrap()).await.unwrap(),
                            _ => return,
                        },
                        read = server.read(&mut down) => match read {
                            Ok(n) if n > 0 => {
                                let text = String::from_utf8_lossy(down.get(..n).unwrap()).into_owned();
                                let text = text.replace("250-STARTTLS\r\n", "250-XXXXXXXX\r\n");
                                client.write_all(text.as_bytes()).await.unwrap();
                            }
                            _ => return,
                        },
                    }
                }
            });
        }
    });
    address
}

/// A proxy that speaks TLS and passes everything on to the plain server at `to`, but loses the connection once the client
/// has sent the final dot and the server has answered: the server has the mail, and the client never hears of it.
pub(crate) async fn loses_the_last_answer(to: u16, tls: Arc<tokio_rustls::rustls::ServerConfig>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(tls);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let mut client = acceptor.accept(client).await.unwrap();
            let mut server = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
            tokio::spawn(async move {
                let (mut up, mut down) = ([0; 4096], [0; 4096]);
                let mut said = Vec::new();
                loop {
                    tokio::select! {
                        read = client.read(&mut up) => match read {
                            Ok(n) if n > 0 => {
                                said.extend_from_slice(up.get(..n).unwrap());
                                server.write_all(up.get(..n).unwrap()).await.unwrap();
                            }
                            _ => return,
                        },
                        read = server.read(&mut down) => match read {
                            Ok(n) if n > 0 && !said.ends_with(b"\r\n.\r\n") => {
                                client.write_all(down.get(..n).unwrap()).await.unwrap();
                            }
                            _ => return,
                        },
                    }
                }
            });
        }
    });
    address
}

/// A proxy that speaks TLS before the plain server at `to`.
pub(crate) async fn with_tls(to: u16, tls: Arc<tokio_rustls::rustls::ServerConfig>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(tls);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut client) = acceptor.accept(client).await else { return };
                let mut server = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
                tokio::io::copy_bidirectional(&mut client, &mut server).await.ok();
            });
        }
    });
    address
}

/// A server at `address` that takes connections and never says a word, until the test ends.
pub(crate) async fn silent_at(address: SocketAddr) {
    let listener = TcpListener::bind(address).await.unwrap();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
}

/// A proxy at `address` before the server at `to` that keeps each piece back for `wait`.
pub(crate) async fn slowly_at(address: SocketAddr, to: SocketAddr, wait: Duration) {
    let listener = TcpListener::bind(address).await.unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(to).await.unwrap();
            let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
            for (mut from, mut to) in [(from_client, to_server), (from_server, to_client)] {
                tokio::spawn(async move {
                    let mut piece = [0; 4096];
                    while let Ok(n @ 1..) = from.read(&mut piece).await {
                        tokio::time::sleep(wait).await;
                        if to.write_all(piece.get(..n).unwrap()).await.is_err() {
                            return;
                        }
                    }
                });
            }
        }
    });
}
