//! The process itself: core dumps, signals, the TLS library, the log.

use crate::config::{Log, LogFormat};
use crate::environment;
use crate::exit::Failure;
use std::io::stderr;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

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

/// Starts the log on standard error.
///
/// # Errors
/// When the filter is not one.
pub(crate) fn start_log(log: &Log) -> Result<(), Failure> {
    let filter = environment::log_filter().unwrap_or_else(|| log.level.clone());
    let filter = EnvFilter::try_new(&filter)
        .map_err(|_| Failure::Usage(format!("log level {filter:?}: expected error, warn, info, debug or trace")))?;
    let lines = tracing_subscriber::fmt::layer().with_writer(stderr);
    let all = tracing_subscriber::registry().with(filter).with(filter_fn(may_be_logged));
    let started = match log.format {
        LogFormat::Json => all.with(lines.json().flatten_event(true)).try_init(),
        LogFormat::Human => all.with(lines.with_ansi(false).compact()).try_init(),
    };
    started.map_err(|_| Failure::Machine("the log was started twice"))
}

/// Whether something may stand in the log, whatever level is asked for. Where patients have mailboxes is nobody's to read there (RULES
/// SYS-11): the DNS library prints the names it asks for even in its warnings, and other people's crates print below `info` what passes
/// through them.
fn may_be_logged(of: &Metadata<'_>) -> bool {
    let target = of.target();
    target.starts_with("postern") || *of.level() <= Level::INFO && !target.starts_with("hickory")
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

/// Waits for each SIGHUP and does `each`; never done by itself. The signal is heard from the call on.
pub(crate) fn on_hangup<F: Future<Output = ()>>(mut each: impl FnMut() -> F) -> impl Future<Output = ()> {
    let hangup = signal(SignalKind::hangup());
    async move {
        let Ok(mut hangup) = hangup else { return std::future::pending().await };
        while hangup.recv().await.is_some() {
            each().await;
        }
        std::future::pending().await
    }
}

/// Done when the user or the system asks to stop: SIGINT (Ctrl-C) or SIGTERM. They are heard from the call on, and not from when somebody first waits
/// for them: until then the system would end the process on the spot, which has answered callers by that time. A system that cannot tell us is
/// one we run on until it kills us.
pub(crate) fn told_to_stop() -> impl Future<Output = ()> + Send + 'static {
    let signals = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    async move {
        let (Ok(mut interrupt), Ok(mut terminate)) = signals else { return std::future::pending().await };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn who_is_told_to_stop_before_they_wait_for_it_stops_in_order() {
        let told = told_to_stop();
        let me = std::process::id().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &me]).status().unwrap().success());
        // Had nobody listened, this process would be gone.
        told.await;
    }

    #[test]
    fn whatever_level_is_asked_for_other_peoples_crates_print_no_name_they_were_asked_about() {
        let lines = Lines::default();
        let kept = lines.clone();
        let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(move || kept.clone());
        let filter = EnvFilter::new("trace,hickory_resolver::caching_client=trace");
        let all = tracing_subscriber::registry().with(filter).with(filter_fn(may_be_logged)).with(layer);
        tracing::subscriber::with_default(all, || {
            tracing::trace!(target: "hickory_resolver::caching_client", "one.example");
            tracing::warn!(target: "hickory_net::udp", "two.example");
            tracing::debug!(target: "hyper::client", "three.example");
            tracing::debug!(target: "postern_channels::email::direct", "a server is ready");
            tracing::warn!(target: "hyper::server", "a connection broke");
        });
        let said = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert!(said.contains("a server is ready") && said.contains("a connection broke"), "{said}");
        assert!(!said.contains(".example"), "{said}");
    }
}
