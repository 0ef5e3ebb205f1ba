//! `postern demo`: the whole life of a message, on made-up patients, with simulated vendors.

use super::quickstart;
use super::serve::{listen, serve};
use crate::cli::{Demo, Global};
use crate::config::{Config, Log};
use crate::data_dir::DataDir;
use crate::demo::clock::{DemoClock, date_at, shown};
use crate::demo::table::Table;
use crate::demo::{clinic, morning};
use crate::environment;
use crate::exit::{Exit, Failure};
use crate::output::{self, Paint};
use crate::process;
use crate::wiring::{self, Sources};
use jiff::ToSpan as _;
use jiff::civil::Date;
use postern_base::{Clock as _, SystemClock, SystemRng, TenantId};
use postern_engine::portal::NewInvitation;
use postern_engine::wire::{Agreement, Vendor};
use postern_engine::{Engine, Principal, Scope};
use postern_web::ApiKey;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How the demo's clinic is configured.
const CONFIG: &str = include_str!("../demo/postern.toml");
const TENANT: &str = "sunrise-health";
/// How long `--once` waits for the morning's messages to leave, in steps.
const STEPS: u32 = 600;
const STEP: Duration = Duration::from_millis(50);

/// Runs until Ctrl-C, or with `--once` until the morning's messages are out.
pub(crate) fn run(global: &Global, args: &Demo) -> Result<Exit, Failure> {
    if !args.listen.ip().is_loopback() {
        return Err(Failure::Usage("the demo listens on loopback only: its pages need no key".into()));
    }
    process::start_log(&Log { level: "warn".into(), ..Log::default() })?;
    process::choose_tls()?;
    let clock = args.at.map_or_else(DemoClock::at_ten, DemoClock::starting);
    let sources = Sources { clock: Arc::new(clock), rng: Arc::new(SystemRng) };
    let (data, ours) = directory(global)?;
    data.create(sources.rng.as_ref())?;
    let file = data.config();
    std::fs::write(&file, CONFIG).map_err(|why| Failure::Data { path: file.clone(), what: why.to_string() })?;
    let result = process::runtime()?.block_on(play(global, args, &data, &sources));
    if ours && args.once {
        // What a temporary directory leaves behind is made up, and the system clears it away in time.
        if let Err(error) = std::fs::remove_dir_all(data.path()) {
            tracing::warn!(%error, "the demo's directory could not be removed");
        }
    } else if ours && !global.json {
        writeln!(
            std::io::stdout().lock(),
            "\nThe demo's data is left at {}: made up, and yours to look at or remove.",
            data.path().display()
        )?;
    }
    result
}

/// The directory that the user named, or a new one among the temporary ones.
fn directory(global: &Global) -> Result<(DataDir, bool), Failure> {
    if let Some(named) = &global.data {
        return Ok((DataDir::of(Some(named))?, false));
    }
    let id = postern_base::id::new_v7(SystemClock.now(), &SystemRng)
        .map_err(|_| Failure::Machine("the operating system gave no random bytes"))?;
    let path = environment::temporary_folder().join(format!("postern-demo-{id}"));
    Ok((DataDir::of(Some(&path))?, true))
}

async fn play(global: &Global, args: &Demo, data: &DataDir, sources: &Sources) -> Result<Exit, Failure> {
    let listener = listen(args.listen).await?;
    let address = listener.local_addr().map_err(Failure::Output)?;
    let file = data.config();
    let config = Config::read(&file)?;
    let tenant: TenantId = TENANT.parse().map_err(|_| Failure::Usage("the demo's tenant is not one".into()))?;
    let running = wiring::open(data, &config, sources).await?;
    wiring::apply_tenants(&running.engine, &file, &config).await?;
    let today = date_at(sources.clock.now());
    let mut rows = quickstart::own_vendors();
    rows.push(expired_voice(today));
    quickstart::put_vendors(&running.engine, &tenant, &rows).await?;
    let wanted = quickstart::WantedKey::program("demo", Scope::ALL);
    let key = quickstart::new_key(&running.engine, &tenant, wanted, sources).await?;
    let principal = Principal::system(tenant);
    import(&running.engine, &principal, today).await?;
    let (engine, mut simulators, tasks) = running.start();
    let begun = sources.clock.now();
    if let Some(simulators) = &mut simulators {
        simulators.note = format!("The demo's clock started at {}.", shown(begun));
    }
    if !global.json {
        let mut out = std::io::stdout().lock();
        writeln!(
            out,
            "A made-up clinic, \"Sunrise Health\": 50 made-up patients, simulated vendors, nothing leaves this machine."
        )?;
        writeln!(
            out,
            "The demo's clock started at {}, so that the sending window is open; --at sets another time.\n",
            shown(begun)
        )?;
    }
    let ids = send_morning(global, &engine, &principal, today).await?;
    settle(&engine).await?;
    summary(global, &engine, &principal, &ids).await?;
    let served = if args.once {
        Ok(())
    } else {
        let invited = invite(&engine, &principal, today).await?;
        tell_next(global, (address, data.path()), &key, &invited)?;
        serve(&engine, listener, data, &config, sources, simulators, process::told_to_stop()).await
    };
    tasks.stop().await;
    engine.store().clone().close().await;
    served.map(|()| Exit::Done)
}

/// A vendor whose agreement ended yesterday.
fn expired_voice(today: Date) -> Vendor {
    Vendor {
        vendor: "voicelink".into(),
        service: "voice".into(),
        tier: "hipaa".into(),
        channels: vec![postern_base::Channel::Voice],
        agreement: Some(Agreement {
            status: "executed".into(),
            effective: Some(today.saturating_sub(1.years())),
            expires: Some(today.saturating_sub(1.days())),
            services: vec!["voice".into()],
            required_terms: true,
            terms: Default::default(),
        }),
        sender_registration: Some("approved".into()),
        free_to_end_user: false,
    }
}

async fn import(engine: &Engine, principal: &Principal, today: Date) -> Result<(), Failure> {
    let document = serde_json::to_vec(&clinic::bundle(today)).map_err(|error| Failure::Stopped(error.to_string()))?;
    let report = engine
        .import(principal, &document, &mut |_, _| {})
        .await
        .map_err(|error| Failure::Stopped(error.to_string()))?;
    match report.unreadable.first() {
        None => Ok(()),
        Some((place, why)) => {
            Err(Failure::Stopped(format!("the demo's own records could not be read: {place}: {why}")))
        }
    }
}

async fn send_morning(
    global: &Global,
    engine: &Engine,
    principal: &Principal,
    today: Date,
) -> Result<Vec<postern_base::MessageId>, Failure> {
    let mut table =
        if global.json { None } else { Some(Table::begin(&mut std::io::stdout().lock(), Paint::stdout())?) };
    let mut ids = Vec::new();
    for wish in morning::wishes(today) {
        let body = serde_json::to_vec(&wish.request).map_err(|error| Failure::Stopped(error.to_string()))?;
        let accepted = engine
            .accept(principal, None, &body)
            .await
            .map_err(|error| Failure::Stopped(format!("{}: {error}", wish.patient.id())))?;
        ids.push(accepted.answer.id);
        let answer = &accepted.answer.decision;
        match &mut table {
            Some(table) => table.add(&mut std::io::stdout().lock(), &wish, answer)?,
            None => output::json_line(&json!({
                "patient": wish.patient.id(), "note": wish.note, "message": accepted.answer.id, "decision": answer,
            }))?,
        }
    }
    if let Some(table) = table {
        table.end(&mut std::io::stdout().lock())?;
    }
    Ok(ids)
}

/// Waits until nothing is under way that could leave now.
async fn settle(engine: &Engine) -> Result<(), Failure> {
    for _ in 0..STEPS {
        let gauges = engine.gauges().await.map_err(|error| Failure::Stopped(error.to_string()))?;
        let due = gauges.oldest_due.is_some_and(|due| due <= engine.clock().now());
        if gauges.sent == 0 && !due {
            return Ok(());
        }
        tokio::time::sleep(STEP).await;
    }
    Ok(())
}

/// Where the deliveries stand now.
async fn summary(
    global: &Global,
    engine: &Engine,
    principal: &Principal,
    ids: &[postern_base::MessageId],
) -> Result<(), Failure> {
    let mut states: BTreeMap<String, u32> = BTreeMap::new();
    for id in ids {
        let message =
            engine.message(principal, *id, false).await.map_err(|error| Failure::Stopped(error.to_string()))?;
        for delivery in message.deliveries {
            let count = states.entry(format!("{} {}", delivery.channel, delivery.state)).or_default();
            *count = count.saturating_add(1);
        }
    }
    if global.json {
        output::json_line(&json!({ "deliveries": states }))?;
        return Ok(());
    }
    let parts: Vec<String> = states.iter().map(|(state, count)| format!("{count} {state}")).collect();
    writeln!(std::io::stdout().lock(), "deliveries: {}\n", parts.join(", "))?;
    Ok(())
}

/// What a patient types to make their account in the portal.
struct Invited {
    language: &'static str,
    code: String,
    born: Date,
    family_name: &'static str,
}

/// Patients who are invited to the portal: two who got a result this morning, and one who reads Spanish.
const INVITED: [u32; 3] = [1, 22, 5];

async fn invite(engine: &Engine, principal: &Principal, today: Date) -> Result<Vec<Invited>, Failure> {
    let mut all = Vec::new();
    for patient in clinic::patients().into_iter().filter(|patient| INVITED.contains(&patient.number)) {
        let made = engine.invite(principal, &patient.id(), &NewInvitation::default()).await;
        let made = made.map_err(|error| Failure::Stopped(error.to_string()))?;
        let language = if patient.spanish { "Spanish" } else { "English" };
        all.push(Invited { language, code: made.code, born: patient.born(today), family_name: patient.name().1 });
    }
    Ok(all)
}

fn tell_next(
    global: &Global,
    (address, dir): (SocketAddr, &Path),
    key: &ApiKey,
    invited: &[Invited],
) -> Result<(), Failure> {
    // A passkey is bound to a name, and an address is none: the portal is told by the machine's own.
    let portal = format!("http://localhost:{}/p/{TENANT}/", address.port());
    if global.json {
        output::json_line(&json!({
            "url": format!("http://{address}/"), "api_key": key.token.reveal(), "data": dir, "portal": portal,
            "invitations": invited.iter().map(|one| json!({
                "language": one.language, "code": one.code, "born": one.born, "family_name": one.family_name,
            })).collect::<Vec<_>>(),
        }))?;
        return Ok(());
    }
    let invitations: Vec<String> = invited
        .iter()
        .map(|Invited { language, code, born, family_name }| {
            let born = born.strftime("%m/%d/%Y");
            format!("                invitation code {code}, born {born}, last name {family_name} ({language})")
        })
        .collect();
    let invitations = invitations.join("\n");
    let (key, dir, program) = (key.token.reveal(), dir.display(), environment::program());
    writeln!(
        std::io::stdout().lock(),
        "\
start page      http://{address}/
what arrived    http://{address}/simulator
the API         http://{address}/openapi.json
API key         {key}   (for this demo only)
patients        {portal}
{invitations}

Three things to try:

1. Send a message, and read why it may go (or not):
   curl -s http://{address}/v1/messages -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\
     -d '{{\"patient\":\"Patient/p07\",\"purpose\":\"test_result\",\"content\":{{\"body\":\"Your HbA1c came back at 8.2 %.\"}}}}'

2. Answer STOP as a patient at http://{address}/simulator, then send that patient something:
   it is refused at once, also what is already queued.

3. Change a byte of the ledger, and have it found:
   sed -i s/accepted/Accepted/ {dir}/ledger/tile/entries/000
   {program} verify --data {dir}

Ctrl-C ends the demo."
    )?;
    Ok(())
}
