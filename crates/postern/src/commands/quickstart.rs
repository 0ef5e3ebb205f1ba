//! `postern quickstart`: a data directory, its root key, a configuration, and a first API key.

use super::of_this_machine;
use crate::cli::{Global, Quickstart};
use crate::config::{Config, Log};
use crate::data_dir::DataDir;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::process;
use crate::wiring::{self, Sources};
use jiff::civil::Date;
use postern_base::{Channel, TenantId};
use postern_channels::portal::Portal;
use postern_engine::wire::{Agreement, Vendor};
use postern_engine::{Engine, Principal, PrincipalKind, Scope, UseError};
use postern_store::PrincipalRecord;
use postern_web::ApiKey;
use serde::Serialize;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

#[derive(Debug, Serialize)]
struct Made<'a> {
    data: &'a Path,
    config: &'a Path,
    tenant: &'a str,
    api_key: &'a str,
    api_key_id: &'a str,
}

/// Makes everything, and shows the API key this once.
pub(crate) fn run(global: &Global, args: &Quickstart) -> Result<Exit, Failure> {
    let data = DataDir::of(global.data.as_deref())?;
    let sources = of_this_machine();
    process::start_log(&Log { level: "warn".into(), ..Log::default() })?;
    process::choose_tls()?;
    let file = global.config.clone().unwrap_or_else(|| data.config());
    let text = configuration(args)?;
    data.create(sources.rng.as_ref())?;
    write_new(&file, &text)?;
    let config = Config::read(&file)?;
    process::runtime()?.block_on(async {
        let running = wiring::open(&data, &config, &sources).await?;
        wiring::apply_tenants(&running.engine, &file, &config).await?;
        let rows = own_vendors();
        put_vendors(&running.engine, &args.tenant, &rows).await?;
        let key = new_key(&running.engine, &args.tenant, WantedKey::program("first key", Scope::ALL), &sources).await?;
        running.engine.store().clone().close().await;
        tell(global, args, &data, &file, &key)
    })?;
    Ok(Exit::Done)
}

/// A key to be made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WantedKey<'a> {
    /// A program's or a person's.
    pub(crate) kind: PrincipalKind,
    /// A name for people.
    pub(crate) label: &'a str,
    /// What it may do.
    pub(crate) scopes: &'a [Scope],
    /// What its holder does.
    pub(crate) role: Option<&'a str>,
    /// A second factor of its holder was checked, and counts until then.
    pub(crate) second_factor_until: Option<jiff::Timestamp>,
}

impl<'a> WantedKey<'a> {
    /// A program's key.
    pub(crate) const fn program(label: &'a str, scopes: &'a [Scope]) -> Self {
        Self { kind: PrincipalKind::ApiKey, label, scopes, role: None, second_factor_until: None }
    }
}

/// Makes an API key for `tenant`; its hash is stored, the key is not.
///
/// # Errors
/// When there is no randomness or the store does not answer.
pub(crate) async fn new_key(
    engine: &Engine,
    tenant: &TenantId,
    wanted: WantedKey<'_>,
    sources: &Sources,
) -> Result<ApiKey, Failure> {
    let key = ApiKey::new(sources.clock.now(), sources.rng.as_ref())
        .map_err(|_| Failure::Machine("the operating system gave no random bytes"))?;
    let record = PrincipalRecord {
        tenant: tenant.clone(),
        id: key.id.clone(),
        kind: wanted.kind.as_str().into(),
        label: wanted.label.into(),
        scopes: wanted.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
        revoked: false,
        role: wanted.role.map(ToOwned::to_owned),
        second_factor_until: wanted.second_factor_until,
    };
    let made = engine.put_principal(&Principal::system(tenant.clone()), record, key.hash()).await;
    made.map_err(|error| match error {
        UseError::Malformed(why) => Failure::Usage(why.to_string()),
        other => Failure::Stopped(other.to_string()),
    })?;
    Ok(key)
}

/// Puts rows into the vendor registry of `tenant`.
///
/// # Errors
/// When the store does not answer.
pub(crate) async fn put_vendors(engine: &Engine, tenant: &TenantId, rows: &[Vendor]) -> Result<(), Failure> {
    let principal = Principal::system(tenant.clone());
    for row in rows {
        engine.put_vendor(&principal, row).await.map_err(|error| Failure::Stopped(error.to_string()))?;
    }
    Ok(())
}

/// The portal, which is ourselves, and the simulated vendors, whose agreement is as simulated as they are.
pub(crate) fn own_vendors() -> Vec<Vendor> {
    let row = |vendor: &str, service: &str, channels: &[Channel]| Vendor {
        vendor: vendor.into(),
        service: service.into(),
        tier: "hipaa".into(),
        channels: channels.to_vec(),
        agreement: Some(Agreement {
            status: "executed".into(),
            effective: Some(Date::constant(2020, 1, 1)),
            expires: Some(Date::constant(2099, 12, 31)),
            services: vec![service.into()],
            required_terms: true,
            terms: Default::default(),
        }),
        sender_registration: Some("approved".into()),
        free_to_end_user: false,
    };
    vec![
        row(Portal::VENDOR, Portal::SERVICE, &[Channel::Portal]),
        row("simulator", "messaging", &[Channel::Sms]),
        row("simulator", "mail", &[Channel::Email]),
    ]
}

fn write_new(file: &Path, text: &str) -> Result<(), Failure> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut out| out.write_all(text.as_bytes()))
        .map_err(|why| Failure::Data { path: file.to_path_buf(), what: format!("cannot be written: {why}") })
}

/// A string as TOML writes it. JSON's escapes are all TOML's too.
fn quoted(text: &str) -> Result<String, Failure> {
    serde_json::to_string(text).map_err(|_| Failure::Usage("a value cannot be written as text".into()))
}

/// The configuration of a new data directory.
fn configuration(args: &Quickstart) -> Result<String, Failure> {
    let id = args.tenant.as_str();
    let (name, callback, state) = (quoted(&args.name)?, quoted(&args.callback)?, quoted(&args.state)?);
    let alias = quoted(args.alias.as_deref().unwrap_or(&args.name))?;
    Ok(format!(
        r#"# Postern's configuration. Unknown keys are refused; docs/operations.md explains each.

[server]
listen = "127.0.0.1:8025"
# Anything but loopback needs a proxy on this host that ends TLS:
# behind_tls_proxy = true
# public_url = "https://postern.example"

[log]
format = "human"    # human | json
level = "info"

# Simulated vendors: nothing leaves this machine. When the agreement with a real vendor is in the registry
# (PUT /v1/vendors), put its provider here, take these out, and end the simulator's own row there
# (agreement.status = "terminated"): while it stands it may be chosen, and what is chosen for it is held (no_provider).
[[simulator]]
channel = "sms"
vendor = "simulator"
service = "messaging"
address = {callback}

[[simulator]]
channel = "email"
vendor = "simulator"
service = "mail"
address = "notices@clinic.example"

# A real one: e-mail notices through a smarthost, STARTTLS required, certificate checked.
# [[smarthost]]
# vendor = "your-relay"
# service = "notices"
# host = "smtp.your-relay.example"
# port = 587
# from = "notices@clinic.example"
# username = "clinic"
# password_file = "/etc/postern/smarthost.password"

# Or without anybody in between: straight to the recipient's own server, as far as its domain enforces TLS (DANE, MTA-STS).
# [direct]
# from = "notices@clinic.example"
# helo = "mail.clinic.example"       # the name of this machine's public address, both ways
# dns = ["127.0.0.1:53"]             # absent: the machine's own; answers are validated here

[tenant.{id}]
# Texts to these numbers of yours belong to this tenant.
numbers = [{callback}]

[tenant.{id}.tenant]
name = {name}
role = "covered_entity"             # or business_associate
# The name patients see on open channels. It must not name a specialty.
sender = {{ alias = {alias}, reveals_specialty = false }}
callback = {callback}
state = {state}
link_domains = []

# What you say of this deployment. With simulated vendors nothing is at risk; before real ones, make sure that each is true.
[tenant.{id}.deployment]
risk_record = true                  # the risk analysis covers every channel in use
portal_available = true
portal_two_factor = true            # it asks for a second factor before it shows anything
no_trackers = true                  # no tracker of others runs on the pages where patients read
"#
    ))
}

fn tell(global: &Global, args: &Quickstart, data: &DataDir, file: &Path, key: &ApiKey) -> Result<(), Failure> {
    if global.json {
        output::json_line(&Made {
            data: data.path(),
            config: file,
            tenant: args.tenant.as_str(),
            api_key: key.token.reveal(),
            api_key_id: &key.id,
        })?;
        return Ok(());
    }
    let dir = data.path().display();
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "\
data directory  {dir}
configuration   {}
root key        {dir}/root.key   (keep a copy elsewhere, sealed: without it nothing can be opened)
API key         {}
                This is shown once; only its hash is stored. It may do everything for tenant `{}`.

There is no administrator's sign-in and no second factor yet, because there is no console yet: whoever holds this key
or can read the root key is the administrator.

Next:
  postern import --data {dir} patients.json
  postern serve --data {dir}
  curl -s http://127.0.0.1:8025/v1/messages -H 'Authorization: Bearer pk_...' -H 'Content-Type: application/json' \\
    -d '{{\"patient\":\"Patient/ID\",\"purpose\":\"appointment_reminder\",\"template\":{{\"name\":\"appointment_reminder\",\"data\":{{\"start\":\"2026-12-04T14:00\"}}}}}}'",
        file.display(),
        key.token.reveal(),
        args.tenant,
    )?;
    Ok(())
}
