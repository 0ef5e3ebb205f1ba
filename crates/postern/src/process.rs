//! The process itself: core dumps, signals, the TLS library, the log.

use crate::config::{Log, LogFormat};
use crate::environment;
use crate::exit::Failure;
use std::io::stderr;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// A core file would hold opened messages and keys: this process leaves none, and no other process of this user may attach.
///
/// # Errors
/// When the system refuses.
#[cfg(target_os = "linux")]
#[expect(
    unsafe_code,
    reason = "setrlimit and prctl have no safe wrapper in the standard library; the calls take plain values"
)]
pub(crate) fn leave_no_core() -> Result<(), Failure> {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: setrlimit reads the struct it is given and keeps no pointer; prctl(PR_SET_DUMPABLE, 0) takes integers only.
    let refused = unsafe {
        libc::setrlimit(libc::RLIMIT_CORE, &raw const none) != 0 || libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) != 0
    };
    if refused { Err(Failure::Machine("the system does not let this process switch off core files")) } else { Ok(()) }
}

/// Other systems have no such switch here; docs/operations.md says what to set.
#[cfg(not(target_os = "linux"))]
pub(crate) fn leave_no_core() -> Result<(), Failure> {
    Ok(())
}

/// Chooses the TLS library of the whole process, once.
///
/// # Errors
/// When another one was chosen before.
pub(crate) fn choose_tls() -> Result<(), Failure> {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .map_err(|_| Failure::Machine("another TLS library was chosen before"))
}

/// The crates of the DNS library.
const DNS_LIBRARY: [&str; 3] = ["hickory_resolver", "hickory_net", "hickory_proto"];

/// Starts the log on standard error.
///
/// # Errors
/// When the filter is not one.
pub(crate) fn start_log(log: &Log) -> Result<(), Failure> {
    let filter = environment::log_filter().unwrap_or_else(|| match log.level.as_str() {
        // Where patients have mailboxes stands in no log that anybody keeps: the DNS library prints every name it asks for.
        "debug" => format!("debug,{}", DNS_LIBRARY.map(|library| format!("{library}=info")).join(",")),
        level => level.to_owned(),
    });
    let filter = EnvFilter::try_new(&filter)
        .map_err(|_| Failure::Usage(format!("log level {filter:?}: expected error, warn, info, debug or trace")))?;
    let log_builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    let started = match log.format {
        LogFormat::Json => log_builder.json().flatten_event(true).try_init(),
        LogFormat::Human => log_builder.with_ansi(false).compact().try_init(),
    };
    started.map_err(|_| Failure::Machine("the log was started twice"))
}

/// A runtime with a worker per core.
///
/// # Errors
/// When the system gives no threads.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|_| Failure::Machine("the system gives no threads"))
}

/// Waits for each SIGHUP and does `each`; never done by itself.
pub(crate) async fn on_hangup<F: Future<Output = ()>>(mut each: impl FnMut() -> F) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else {
        return std::future::pending().await;
    };
    while hangup.recv().await.is_some() {
        each().await;
    }
    std::future::pending().await
}

/// Done when the user or the system asks to stop: SIGINT (Ctrl-C) or SIGTERM. A system that cannot tell us is one we run on
/// until it kills us.
pub(crate) async fn told_to_stop() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
