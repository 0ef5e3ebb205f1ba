//! Listening, until told to stop.

use crate::routes::router;
use crate::web::Web;
use std::future::Future;
use std::io;
use tokio::net::TcpListener;

/// Serves `web` on `listener` until `stop` is done; then takes no new connections and returns when those under way ended.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, web: Web, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    axum::serve(listener, router(web)).with_graceful_shutdown(stop).await
}
