//! Many who ask at once: each on a connection of its own, one request after the other.

use crate::clinic::{Connection, HttpAnswer};
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How many ask at once.
pub(crate) const CALLERS: usize = 64;
/// How long somebody waits who is told to come later.
const LATER: Duration = Duration::from_millis(100);

/// Sends what `request` writes for every number of `numbers`, each until `taken` says that it was taken (`true`; `false` = later). A caller
/// whose very first request fails opens another connection for it, once.
///
/// # Errors
/// What `taken` says against an answer, or that a connection broke.
pub(crate) async fn ask(
    address: SocketAddr,
    numbers: Range<usize>,
    request: impl Fn(usize) -> String + Send + Sync + 'static,
    taken: fn(&HttpAnswer) -> Result<bool, String>,
) -> Result<(), String> {
    let (next, request) = (Arc::new(AtomicUsize::new(numbers.start)), Arc::new(request));
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (next, request) = (Arc::clone(&next), Arc::clone(&request));
            tokio::spawn(async move {
                let mut connection = Connection::open(address).await.map_err(|_| "no connection".to_owned())?;
                let mut first = true;
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    if nth >= numbers.end {
                        return Ok::<(), String>(());
                    }
                    let answered = ask_once(&mut connection, &request(nth), taken).await;
                    // Kannel's queue of connections that it has not accepted holds ten: who finds it full is cut off, and comes again.
                    if answered.is_err() && first {
                        tokio::time::sleep(LATER).await;
                        connection = Connection::open(address).await.map_err(|_| "no connection".to_owned())?;
                        ask_once(&mut connection, &request(nth), taken).await?;
                    } else {
                        answered?;
                    }
                    first = false;
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.map_err(|_| "a caller panicked".to_owned())??;
    }
    Ok(())
}

/// Sends one `request` until `taken` says that it was taken.
///
/// # Errors
/// As [`ask`].
pub(crate) async fn ask_once(
    connection: &mut Connection,
    request: &str,
    taken: fn(&HttpAnswer) -> Result<bool, String>,
) -> Result<(), String> {
    while !taken(&connection.exchange(request).await.map_err(|_| "a connection broke".to_owned())?)? {
        tokio::time::sleep(LATER).await;
    }
    Ok(())
}

/// Whether Postern took a message that will go. What is taken to be refused would be missed at the end without a word.
///
/// # Errors
/// The answer, where it will not go.
pub(crate) fn goes(answer: &HttpAnswer) -> Result<bool, String> {
    match answer.status {
        // One for later is put off until then.
        202 if [r#""outcome":"send""#, r#""outcome":"defer""#].iter().any(|going| answer.body.contains(going)) => {
            Ok(true)
        }
        202 => Err(format!("the gate lets it not go: {}", answer.body)),
        // The queue is full: later.
        429 | 503 => Ok(false),
        status => Err(format!("the server answered {status}: {}", answer.body)),
    }
}
