//! `postern serve`: the API, and dispatch of what is due.

use super::{configuration, of_this_machine};
use crate::cli::{Global, Serve};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::exit::{Exit, Failure};
use crate::process;
use crate::wiring::{self, Sources};
use postern_engine::Engine;
use postern_web::{Simulators, Web, WebConfig};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// Serves until told to stop; then takes no more requests, ends what is under way, and closes the store.
pub(crate) fn run(global: &Global, args: &Serve) -> Result<Exit, Failure> {
    let (data, file, mut config) = configuration(global)?;
    if let Some(listen) = args.listen {
        if !listen.ip().is_loopback() && !config.server.behind_tls_proxy {
            return Err(Failure::Usage(format!(
                "--listen {listen}: only loopback is listened on without TLS; set server.behind_tls_proxy in {}",
                file.display()
            )));
        }
        config.server.listen = listen;
    }
    process::start_log(&config.log)?;
    process::choose_tls()?;
    process::runtime()?.block_on(async {
        let sources = of_this_machine();
        let running = wiring::open(&data, &config, &sources).await?;
        wiring::apply_tenants(&running.engine, &file, &config).await?;
        let listener = listen(config.server.listen).await?;
        let mail = match &config.inbound_mail {
            Some(inbound) => Some(listen(inbound.listen).await?),
            None => None,
        };
        let (engine, _, mut tasks) = running.start();
        if let (Some(inbound), Some(mail)) = (&config.inbound_mail, mail) {
            tasks.take_mail(&engine, inbound, mail, &sources)?;
        }
        let served = tokio::select! {
            served = serve(&engine, listener, &data, &config, &sources, None, process::told_to_stop()) => served,
            () = process::on_hangup(|| read_again(&engine, &file)) => Ok(()),
        };
        tasks.stop().await;
        engine.store().clone().close().await;
        tracing::info!("stopped");
        served.map(|()| Exit::Done)
    })
}

/// Brings the tenants, policies and revocation lists of the configuration, as the files are now, into effect; one that is not right leaves
/// everything as it is, and the log says why.
async fn read_again(engine: &Engine, file: &Path) {
    let applied = match Config::read(file) {
        Ok(config) => match wiring::apply_trust(engine, &config) {
            Ok(()) => wiring::apply_tenants(engine, file, &config).await,
            Err(error) => Err(error),
        },
        Err(error) => Err(error.into()),
    };
    match applied {
        Ok(()) => tracing::info!("tenants, policies and revocation lists were read again"),
        Err(error) => tracing::error!(%error, "the configuration is not right; tenants and policies stay as they were"),
    }
}

/// Takes the port.
///
/// # Errors
/// When somebody else has it.
pub(crate) async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|why| Failure::Listen { address, why })
}

/// Serves on `listener` until `stop` is done, then drains.
///
/// # Errors
/// When the listener fails.
pub(crate) async fn serve(
    engine: &Engine,
    listener: TcpListener,
    data: &DataDir,
    config: &Config,
    sources: &Sources,
    pages: Option<Simulators>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Failure> {
    let address = listener.local_addr().map_err(Failure::Output)?;
    let server = &config.server;
    let seconds = |count: u32| Duration::from_secs(u64::from(count));
    let settings = WebConfig {
        public_url: server.public_url.clone().unwrap_or_else(|| format!("http://{address}")),
        body_limit: usize::try_from(server.body_limit_kib).unwrap_or(256).saturating_mul(1024),
        rate: server.requests_per_second,
        behind_tls: server.behind_tls_proxy,
        idle_time: seconds(server.idle_seconds),
        body_time: seconds(server.body_seconds),
        linger: seconds(server.linger_seconds),
        connections: usize::try_from(server.connections).unwrap_or(8192),
        ..WebConfig::new(data.ledger())
    };
    let web = Web::new(engine.clone(), settings, Arc::clone(&sources.rng), pages);
    tracing::info!(%address, "listening");
    let stop = async {
        stop.await;
        tracing::info!("stopping: no more requests are taken, what is under way ends first");
    };
    // Told twice is told to be quick; the first time, which this does not hear, was to stop.
    let hurry = async { process::told_to_stop().await };
    postern_web::serve(listener, web, stop, hurry).await.map_err(Failure::Output)
}
