//! From configuration to a running engine.

mod amazon;
mod dkim;
mod smime;
mod texts;

use crate::config::{
    Config, ConfigError, Direct as DirectSettings, Duty as DutySettings, EnforcesTls, InboundMail,
    Simulator as SimulatorConfig, Smarthost as SmarthostSettings,
};
use crate::data_dir::DataDir;
use crate::exit::Failure;
use jiff::SignedDuration;
use postern_base::{Channel, Clock, Rng, Secret, TenantId};
use postern_channels::email::doctor::Doctor;
use postern_channels::email::inbound::{Amount, Identity, Limits, Listener, ListenerConfig, MailSink};
use postern_channels::email::smime::Signer;
use postern_channels::email::{
    Anchors, Credentials, Direct, DirectConfig, Dkim, DnsConfig, Enforces, Roots, Smarthost, SmarthostConfig, TlsStart,
};
use postern_channels::https::HttpsConfig;
use postern_channels::portal::Portal;
use postern_channels::registry::{AlreadyThere, Providers};
use postern_channels::simulator::{Callback, Inbox, Line, SimulatedVendor};
use postern_channels::sms::smpp::Smpp;
use postern_channels::{DutyHook, Told};
use postern_engine::{Engine, EngineConfig, Principal, ReceiveFailure, UseError};
use postern_store::{RootKey, Store};
use postern_web::Simulators;
use std::collections::VecDeque;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// Signed requests of simulated vendors that may wait for us.
const CALLBACKS: usize = 1024;
/// How long a mail server may take for a reply: a permit lasts half a minute, in which the next server or address should still have its turn.
const REPLY: Duration = Duration::from_secs(12);
/// How long a smarthost may take for the answer to the final dot, and how long a recipient's server.
const FINAL_REPLY: Duration = Duration::from_secs(50);
const DIRECT_FINAL_REPLY: Duration = Duration::from_secs(28);
/// How long connecting to a vendor's API may take, and how long its answer may: a permit lasts half a minute.
const VENDOR_CONNECTS: Duration = Duration::from_secs(10);
const VENDOR_ANSWERS: Duration = Duration::from_secs(40);
/// How long one DNS server may take for an answer.
const DNS_ANSWER: Duration = Duration::from_secs(3);
/// Where this machine says which DNS servers it asks.
const RESOLVERS: &str = "/etc/resolv.conf";
/// How often simulated vendors look whether something is due.
const TICK: Duration = Duration::from_millis(100);

/// Where time and randomness come from.
#[derive(Debug, Clone)]
pub(crate) struct Sources {
    /// Time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Randomness.
    pub(crate) rng: Arc<dyn Rng>,
}

/// An engine, its simulators, and the tasks that keep them going.
#[derive(Debug)]
pub(crate) struct Running {
    /// The engine.
    pub(crate) engine: Engine,
    /// The simulators, where there are any.
    pub(crate) simulators: Option<Simulators>,
    callbacks: mpsc::Receiver<Callback>,
    centres: Vec<Arc<Smpp>>,
    told: mpsc::Receiver<Told>,
    clock: Arc<dyn Clock>,
}

/// The tasks of a running engine.
#[derive(Debug)]
pub(crate) struct Tasks {
    stop: watch::Sender<bool>,
    dispatch: JoinHandle<()>,
    vendors: JoinHandle<()>,
    texts: JoinHandle<()>,
    mail: Option<JoinHandle<()>>,
}

/// Opens the store in `data` and builds the engine that `config` describes.
///
/// # Errors
/// [`Failure`]; nothing was started.
pub(crate) async fn open(data: &DataDir, config: &Config, sources: &Sources) -> Result<Running, Failure> {
    let root = data.read_root_key()?;
    open_with(data, root, config, sources).await
}

async fn open_with(data: &DataDir, root: RootKey, config: &Config, sources: &Sources) -> Result<Running, Failure> {
    let (sender, callbacks) = mpsc::channel(CALLBACKS);
    let inbox = Arc::new(Inbox::new(sender, Arc::clone(&sources.rng)));
    if let Some(log) = &config.simulator_log {
        inbox
            .log_to(log)
            .map_err(|why| Failure::Data { path: log.clone(), what: format!("cannot be written: {why}") })?;
    }
    let mut providers = Providers::new();
    let twice = |error: AlreadyThere| Failure::Usage(error.to_string());
    providers.add(Arc::new(Portal::new())).map_err(twice)?;
    let mut simulators =
        Simulators { inbox: Arc::clone(&inbox), sms: Vec::new(), email: Vec::new(), note: String::new() };
    for simulator in &config.simulator {
        let line = line(simulator, sources.rng.as_ref())?;
        if simulator.channel == Channel::Sms {
            let sms = Arc::new(SimulatedVendor::sms(line, Arc::clone(&inbox)));
            providers.add(Arc::clone(&sms) as _).map_err(twice)?;
            simulators.sms.push(sms);
        } else {
            let email = Arc::new(SimulatedVendor::email(line, Arc::clone(&inbox)));
            providers.add(Arc::clone(&email) as _).map_err(twice)?;
            simulators.email.push(email);
        }
    }
    for host in &config.smarthost {
        let signer = smime::signer(config.smime.as_ref(), &host.from)?;
        let dkim = signers(config, &host.from)?;
        providers.add(Arc::new(smarthost(host, signer, dkim, &sources.clock)?)).map_err(twice)?;
    }
    for settings in &config.twilio {
        let public_url = config.server.public_url.as_deref().unwrap_or_default();
        providers.add(Arc::new(texts::twilio(settings, public_url, &sources.clock)?)).map_err(twice)?;
    }
    for settings in &config.bandwidth {
        providers.add(Arc::new(texts::bandwidth(settings, &sources.clock)?)).map_err(twice)?;
    }
    for settings in &config.sns {
        providers.add(Arc::new(amazon::sns(settings, &sources.clock)?)).map_err(twice)?;
    }
    for settings in &config.end_user_messaging {
        providers.add(Arc::new(amazon::end_user_messaging(settings, &sources.clock)?)).map_err(twice)?;
    }
    let (tells, told) = mpsc::channel(CALLBACKS);
    let mut centres = Vec::new();
    for settings in &config.smpp {
        let centre = Arc::new(texts::smpp(settings, tells.clone(), sources)?);
        providers.add(Arc::clone(&centre) as _).map_err(twice)?;
        centres.push(centre);
    }
    for settings in &config.ses {
        let signer = smime::signer(config.smime.as_ref(), &settings.from)?;
        let dkim = signers(config, &settings.from)?;
        providers.add(Arc::new(amazon::ses(settings, signer, dkim, &sources.clock)?)).map_err(twice)?;
    }
    if let Some(settings) = &config.direct {
        let signer = smime::signer(config.smime.as_ref(), &settings.from)?;
        let dkim = signers(config, &settings.from)?;
        let direct = Arc::new(direct(settings, signer, dkim, sources)?);
        providers.add(Arc::clone(&direct) as _).map_err(twice)?;
        providers.look_up_with(direct);
    }
    if let Some(settings) = &config.duty {
        providers.tell_of_alerts(Arc::new(duty(settings, &sources.clock)?));
    }
    let trust = smime::trust(config.smime.as_ref())?;
    let store = Store::open(data.path(), root, Arc::clone(&sources.clock), Arc::clone(&sources.rng))
        .await
        .map_err(|why| Failure::Open { path: data.path().to_path_buf(), why })?;
    let engine =
        Engine::new(store, providers, Arc::clone(&sources.clock), Arc::clone(&sources.rng), engine_config(config));
    engine.believe(trust);
    let simulators = (!config.simulator.is_empty()).then_some(simulators);
    Ok(Running { engine, simulators, callbacks, centres, told, clock: Arc::clone(&sources.clock) })
}

/// What the engine takes from the configuration.
fn engine_config(config: &Config) -> EngineConfig {
    let usual = EngineConfig::default();
    let waits = config.duty.as_ref().map(|duty| SignedDuration::from_mins(i64::from(duty.alert_minutes)));
    EngineConfig {
        return_domain: config.inbound_mail.as_ref().map(|inbound| inbound.domain.clone()),
        own_domains: own_domains(config),
        alert_waits: waits.unwrap_or(usual.alert_waits),
        text_limits: texts::limits(config),
        ..usual
    }
}

/// Whoever is on duty, as `settings` say.
fn duty(settings: &DutySettings, clock: &Arc<dyn Clock>) -> Result<DutyHook, Failure> {
    let expected = || Failure::Usage("`duty.url`: expected https://host/path".into());
    let rest = settings.url.strip_prefix("https://").ok_or_else(expected)?;
    let (host, path) = rest.split_once('/').ok_or_else(expected)?;
    let key = Secret::new(secret(&settings.key_file)?.reveal().as_bytes().to_vec());
    let https = https(format!("https://{host}"), settings.trust.as_deref());
    DutyHook::new(https, format!("/{path}"), key, Arc::clone(clock)).map_err(|error| Failure::Usage(error.to_string()))
}

/// The secret that a file holds, without the line's end.
fn secret(file: &Path) -> Result<Secret<String>, Failure> {
    let text = fs::read_to_string(file).map_err(|why| Failure::Read { path: file.to_path_buf(), why })?;
    Ok(Secret::new(text.trim_end().to_owned()))
}

/// How a vendor's API at `origin` is reached; `trust` = a file with the certificates to trust, absent the system's.
fn https(origin: String, trust: Option<&Path>) -> HttpsConfig {
    HttpsConfig {
        origin,
        address: None,
        roots: trust.map_or(Roots::System, |file| Roots::File(file.to_path_buf())),
        connect_time: VENDOR_CONNECTS,
        answer_time: VENDOR_ANSWERS,
    }
}

/// The domains that our mail comes from and comes back to.
fn own_domains(config: &Config) -> Vec<String> {
    let from = config.smarthost.iter().map(|host| &host.from).chain(config.ses.iter().map(|ses| &ses.from));
    let from = from.chain(config.direct.as_ref().map(|direct| &direct.from));
    let of = |address: &String| address.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase());
    let back = config.inbound_mail.as_ref().map(|inbound| inbound.domain.to_ascii_lowercase());
    from.filter_map(of).chain(back).collect()
}

fn line(simulator: &SimulatorConfig, rng: &dyn Rng) -> Result<Line, Failure> {
    // The simulated vendor and we are one process: the secret between them needs to live no longer than it.
    let mut secret = vec![0u8; 32];
    rng.fill(&mut secret).map_err(|_| Failure::Machine("the operating system gave no random bytes"))?;
    Ok(Line {
        vendor: simulator.vendor.clone(),
        service: simulator.service.clone(),
        address: simulator.address.clone(),
        secret: Secret::new(secret),
    })
}

fn smarthost(
    host: &SmarthostSettings,
    signer: Option<Arc<Signer>>,
    dkim: Vec<Arc<Dkim>>,
    clock: &Arc<dyn Clock>,
) -> Result<Smarthost, Failure> {
    let credentials = match (&host.username, &host.password_file) {
        (Some(user), Some(file)) => Some(Credentials { user: user.clone(), password: secret(file)? }),
        _ => None,
    };
    let helo = host.from.rsplit_once('@').map_or("localhost", |(_, domain)| domain).to_owned();
    let config = SmarthostConfig {
        vendor: host.vendor.clone(),
        service: host.service.clone(),
        host: host.host.clone(),
        port: host.port,
        addresses: Vec::new(),
        // RFC 8314 section 3.3: 465 is TLS from the first byte.
        tls: if host.port == 465 { TlsStart::Implicit } else { TlsStart::StartTls },
        roots: host.trust.clone().map_or(Roots::System, Roots::File),
        credentials,
        from: host.from.clone(),
        helo,
        html: true,
        signer,
        dkim,
        enforces: host.enforces_tls.map(|enforces| match enforces {
            EnforcesTls::RequireTls => Enforces::RequireTls,
            EnforcesTls::Vouched => Enforces::Vouched,
        }),
        reply_time: REPLY,
        final_reply_time: FINAL_REPLY,
        sessions: host.sessions,
    };
    Smarthost::new(config, Arc::clone(clock)).map_err(|error| Failure::Usage(error.to_string()))
}

fn direct(
    settings: &DirectSettings,
    signer: Option<Arc<Signer>>,
    dkim: Vec<Arc<Dkim>>,
    sources: &Sources,
) -> Result<Direct, Failure> {
    let config = DirectConfig {
        vendor: settings.vendor.clone(),
        service: settings.service.clone(),
        from: settings.from.clone(),
        helo: settings.helo.clone(),
        html: true,
        signer,
        dkim,
        roots: settings.trust.clone().map_or(Roots::System, Roots::File),
        dns: dns(Some(settings))?,
        port: settings.rehearsal.map_or(25, |rehearsal| rehearsal.smtp_port),
        policy_port: settings.rehearsal.map_or(443, |rehearsal| rehearsal.https_port),
        loopback: settings.rehearsal.is_some(),
        reply_time: REPLY,
        final_reply_time: DIRECT_FINAL_REPLY,
        sessions_per_server: settings.sessions_per_server,
    };
    Direct::new(config, Arc::clone(&sources.clock), Arc::clone(&sources.rng))
        .map_err(|error| Failure::Usage(error.to_string()))
}

/// Who examines what our domains publish: by the DNS that direct delivery asks, where that is set up.
///
/// # Errors
/// [`Failure`], naming what is not right.
pub(crate) fn doctor(config: &Config, sources: &Sources) -> Result<Doctor, Failure> {
    let direct = config.direct.as_ref();
    let rehearsal = direct.and_then(|direct| direct.rehearsal);
    let roots = direct.and_then(|direct| direct.trust.clone()).map_or(Roots::System, Roots::File);
    let port = rehearsal.map_or(443, |rehearsal| rehearsal.https_port);
    Doctor::new(&dns(direct)?, &roots, port, rehearsal.is_some(), Arc::clone(&sources.clock))
        .map_err(|error| Failure::Usage(error.to_string()))
}

/// The keys that sign mail from `address`.
///
/// # Errors
/// [`Failure`], naming the file.
pub(crate) fn signers(config: &Config, address: &str) -> Result<Vec<Arc<Dkim>>, Failure> {
    dkim::of(&config.dkim, address)
}

fn dns(direct: Option<&DirectSettings>) -> Result<DnsConfig, Failure> {
    let named = direct.map(|direct| direct.dns.clone()).unwrap_or_default();
    Ok(DnsConfig {
        servers: if named.is_empty() { resolvers()? } else { named },
        anchors: direct.and_then(|direct| direct.trust_anchors.clone()).map_or(Anchors::Root, Anchors::File),
        answer_time: DNS_ANSWER,
    })
}

/// The DNS servers that this machine asks.
fn resolvers() -> Result<Vec<SocketAddr>, Failure> {
    let text = fs::read_to_string(RESOLVERS).map_err(|why| Failure::Read { path: RESOLVERS.into(), why })?;
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("nameserver"));
    let servers: Vec<SocketAddr> =
        lines.filter_map(|rest| rest.trim().parse().ok()).map(|address: IpAddr| SocketAddr::new(address, 53)).collect();
    if servers.is_empty() {
        return Err(Failure::Usage(format!("{RESOLVERS} names no server: name some in `direct.dns`")));
    }
    Ok(servers)
}

/// Brings the tenants of `config` into the store, where they differ from what it holds.
///
/// # Errors
/// [`Failure`] when the configuration or the store is not right.
pub(crate) async fn apply_tenants(engine: &Engine, file: &Path, config: &Config) -> Result<(), Failure> {
    let known = engine.store().tenants().await.map_err(|error| Failure::Stopped(error.to_string()))?;
    for (id, settings) in config.tenants(file)? {
        if known.iter().any(|tenant| tenant.id == id && tenant.settings == settings) {
            continue;
        }
        let put = engine.put_tenant(&Principal::system(id.clone()), &settings).await;
        put.map_err(|error| match error {
            UseError::Malformed(why) => {
                let key = format!("tenant.{id}.{}", why.field);
                ConfigError::Key { file: file.to_path_buf(), key, expected: why.what }.into()
            }
            other => Failure::Stopped(other.to_string()),
        })?;
    }
    Ok(())
}

/// Brings the authorities and revocation lists for mail certificates into effect, as their files are now.
///
/// # Errors
/// [`Failure`], naming the file; what was believed stays believed.
pub(crate) fn apply_trust(engine: &Engine, config: &Config) -> Result<(), Failure> {
    engine.believe(smime::trust(config.smime.as_ref())?);
    Ok(())
}

/// The tenant that the user named, or the only one.
///
/// # Errors
/// When there is none, or several and none was named.
pub(crate) async fn tenant(engine: &Engine, named: Option<&TenantId>) -> Result<TenantId, Failure> {
    let known = engine.store().tenants().await.map_err(|error| Failure::Stopped(error.to_string()))?;
    let mut found = known.into_iter().map(|tenant| tenant.id).filter(|id| named.is_none_or(|named| named == id));
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(id),
        (None, _) => Err(Failure::Usage("there is no such tenant here: `postern quickstart` makes one".into())),
        (Some(_), Some(_)) => Err(Failure::Usage("there are several tenants here: name one with --tenant ID".into())),
    }
}

impl Running {
    /// Starts dispatch, lets simulated vendors answer, and connects to message centres for what they have for us.
    pub(crate) fn start(self) -> (Engine, Option<Simulators>, Tasks) {
        let (stop, stopped) = watch::channel(false);
        let dispatch = tokio::spawn(self.engine.clone().run(stopped.clone()));
        let vendors = tokio::spawn(play_vendors(
            self.engine.clone(),
            self.simulators.clone(),
            self.callbacks,
            self.clock,
            stopped.clone(),
        ));
        let texts = tokio::spawn(texts::listen(self.engine.clone(), self.told, stopped));
        self.centres.iter().for_each(|centre| centre.begin());
        (self.engine, self.simulators, Tasks { stop, dispatch, vendors, texts, mail: None })
    }
}

impl Tasks {
    /// Takes mail that comes back on `port`, until the tasks are stopped.
    ///
    /// # Errors
    /// When certificate and key are not right; nothing was started.
    pub(crate) fn take_mail(
        &mut self,
        engine: &Engine,
        inbound: &InboundMail,
        port: TcpListener,
        sources: &Sources,
    ) -> Result<(), Failure> {
        let bad = |why: String| Failure::Usage(format!("inbound_mail: {why}"));
        let addresses = engine
            .return_addresses()
            .ok_or_else(|| bad("domain: expected letters, digits, hyphens and dots, at most 190 characters".into()))?;
        let identity = match (&inbound.certificate, &inbound.key) {
            (Some(certificate), Some(key)) => Some(Identity { certificate: certificate.clone(), key: key.clone() }),
            (None, None) => None,
            _ => return Err(bad("certificate and key: expected both or neither".into())),
        };
        let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let amount = |mails: u32, mib: u32| Amount { mails: u64::from(mails), bytes: u64::from(mib) << 20 };
        let config = ListenerConfig {
            host: inbound.host.clone().unwrap_or_else(|| inbound.domain.clone()),
            identity,
            message_bytes: size(inbound.message_kib).saturating_mul(1024),
            connections: size(inbound.connections),
            connections_per_minute: size(inbound.connections_per_minute),
            kept: Limits {
                all: amount(inbound.unasked_per_day, inbound.unasked_mib_per_day),
                network: amount(inbound.unasked_per_network, inbound.unasked_mib_per_network),
                ..Limits::default()
            },
            idle_time: Duration::from_secs(u64::from(inbound.idle_seconds)),
            ..ListenerConfig::default()
        };
        let sink: Arc<dyn MailSink> = Arc::new(engine.clone());
        let listener = Listener::new(config, addresses.clone(), sink, Arc::clone(&sources.clock))
            .map_err(|error| bad(error.to_string()))?;
        if let Ok(address) = port.local_addr() {
            tracing::info!(%address, "listening for mail");
        }
        self.mail = Some(tokio::spawn(Arc::new(listener).serve(port, self.stop.subscribe())));
        Ok(())
    }

    /// Stops the tasks: what is under way ends first.
    pub(crate) async fn stop(self) {
        // Nobody listens only when the tasks have ended already.
        if self.stop.send(true).is_err() {
            tracing::debug!("the tasks had ended");
        }
        for task in [self.dispatch, self.vendors, self.texts].into_iter().chain(self.mail) {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task broke off");
            }
        }
    }
}

/// Brings the signed requests of simulated vendors to the engine, as a vendor's own would come over HTTP: what could not be stored comes
/// again.
async fn play_vendors(
    engine: Engine,
    simulators: Option<Simulators>,
    mut callbacks: mpsc::Receiver<Callback>,
    clock: Arc<dyn Clock>,
    mut stop: watch::Receiver<bool>,
) {
    let mut tick = tokio::time::interval(TICK);
    let mut waiting = VecDeque::new();
    loop {
        tokio::select! {
            Some(callback) = callbacks.recv() => waiting.push_back(callback),
            _ = tick.tick() => {
                if let Some(simulators) = &simulators {
                    let inbox = Arc::clone(&simulators.inbox);
                    let now = clock.now();
                    // On its own task: it waits while the channel is full, and we are who empties it.
                    tokio::spawn(async move { inbox.tick(now).await });
                }
            }
            changed = stop.changed() => {
                if changed.is_err() || *stop.borrow() {
                    return;
                }
            }
        }
        while let Some(callback) = waiting.pop_front() {
            if is_to_come_again(&engine, &callback).await {
                waiting.push_back(callback);
                break;
            }
        }
    }
}

/// Brings a simulated vendor's request to the engine; whether the vendor is told to send it again.
async fn is_to_come_again(engine: &Engine, callback: &Callback) -> bool {
    let vendor = format!("{}/{}", callback.vendor, callback.service);
    let taken = engine.receive(&vendor, callback.request.clone()).await;
    if let Err(error) = &taken {
        tracing::warn!(%vendor, %error, "a simulated vendor's request was not taken");
    }
    matches!(taken, Err(ReceiveFailure::Unavailable))
}
