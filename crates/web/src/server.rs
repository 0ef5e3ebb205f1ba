//! Listening, until told to stop.
//!
//! Nobody holds a connection by saying nothing: a request's head and its body must come within their times, and an idle
//! connection is closed. A server that was told to stop says so (503, `/readyz` red) before it goes.

use crate::routes::router;
use crate::web::Web;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::ServiceExt as _;

/// Who is at the other end of a connection: with a proxy in front, the proxy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// How long nothing is accepted after the system gave no connection for want of something of its own, such as file handles.
const OUT_OF_BREATH: Duration = Duration::from_millis(200);

/// Serves `web` on `listener` until `stop` is done. Then new messages are refused with 503 for as long as the configuration lets
/// it linger, or until `hurry` is done; then no connection is taken, and it returns when those under way ended or were cut.
///
/// # Errors
/// When the listener is none.
pub async fn serve(
    listener: TcpListener,
    web: Web,
    stop: impl Future<Output = ()> + Send,
    hurry: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    listener.local_addr()?;
    let config = web.config().clone();
    let router = router(web.clone());
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(config.idle_time);
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(config.connections));
    let over = async {
        stop.await;
        web.engine().drain();
        tokio::select! {
            () = tokio::time::sleep(config.linger) => {}
            () = hurry => {}
        }
    };
    let mut over = std::pin::pin!(over);
    loop {
        let (seat, stream, peer) = tokio::select! {
            next = next(&listener, &room) => next,
            () = &mut over => break,
        };
        let service = router.clone().map_request(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(Peer(peer));
            request
        });
        let service = TowerToHyperService::new(service);
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                // Slow, cut off or not HTTP: the caller's affair.
                tracing::debug!(%error, "a connection ended early");
            }
            drop(seat);
        });
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(config.drain) => tracing::warn!("some connections did not end in time; they are cut"),
    }
    Ok(())
}

/// The next connection, once there is room for one.
async fn next(listener: &TcpListener, room: &Arc<Semaphore>) -> (Option<OwnedSemaphorePermit>, TcpStream, IpAddr) {
    // The semaphore is never closed.
    let seat = Arc::clone(room).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, from)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "a connection stays slow");
                }
                return (seat, stream, from.ip());
            }
            // The caller was gone before we looked.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::error!(%error, "no connection could be taken");
                tokio::time::sleep(OUT_OF_BREATH).await;
            }
        }
    }
}
