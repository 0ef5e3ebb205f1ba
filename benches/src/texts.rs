//! How many texts per second go the whole way: asked for over HTTP, gated, on disk and in the ledger, submitted to a message centre over verified
//! TLS, and their receipts applied; and how many Kannel brings to the same centre, with its spool and receipts. And how long a code takes behind
//! a hundred thousand reminders that the centre takes slowly.
//!
//! Everything runs on the same cores. The centre counts; what it uses of them itself is said beside the rates.

use crate::callers::{self, CALLERS, ask_once};
use crate::centre::{Centre, WATCHED};
use crate::clinic::{Clinic, Connection, Server, post, sms_patient};
use crate::kannel::Kannel;
use crate::machine::{cpu_seconds, resident_mib};
use crate::report::Line;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many texts are measured when nobody says.
pub(crate) const TEXTS: usize = 20_000;
/// How many Kannel gets.
const OF_KANNEL: usize = 5_000;
/// How many a centre that is slow takes in a second, and how many reminders wait for it.
const SLOW: u32 = 50;
const REMINDERS: usize = 100_000;
/// How many codes are asked for behind them.
const CODES: usize = 20;
/// After so long without a text nothing more is waited for.
const STALLED: Duration = Duration::from_secs(30);
/// Codes that one patient may have in an hour, and few enough that nobody gets more (RULES OTP-01).
const EACH: usize = 2;

/// Measures `texts` texts of Postern's and some of Kannel's, and a code behind reminders.
pub(crate) async fn run(
    root: &Path,
    directory: &Path,
    binary: &Path,
    texts: usize,
) -> Result<Vec<Line>, Box<dyn Error>> {
    let directory = directory.join("texts");
    let Some(centre) = Centre::start(root, &directory)? else {
        return Ok(vec![Line::text(
            "sms",
            "not measured",
            "-".into(),
            "-",
            "npm's smpp is missing: cargo xtask peers",
        )]);
    };
    let centre = Arc::new(centre);
    let patients = texts.div_ceil(EACH).max(10_000);
    let clinic = Clinic::make(&directory.join("clinic"), binary, (0..patients).flat_map(sms_patient))?;
    through(&clinic.data, &centre, "window = 500\n", &directory)?;
    let server = Server::start(&clinic).await?;
    agree(&server, &clinic.key).await?;
    let mut lines = vec![whole_way(&server, &clinic.key, &centre, texts, patients).await?];
    drop(server);
    lines.push(beside_kannel(&centre).await?);
    lines.push(behind_reminders(&directory, binary, &centre).await?);
    Ok(lines)
}

/// From the first request to the last text, and to the last receipt.
async fn whole_way(
    server: &Server,
    key: &str,
    centre: &Centre,
    texts: usize,
    patients: usize,
) -> Result<Line, Box<dyn Error>> {
    centre.begin();
    let (ours, theirs) = (cpu_seconds(&server.pid()), centre.cpu_seconds());
    let started = Instant::now();
    let mut resident = vec![resident_mib(&server.pid())];
    let (taken, last) = tokio::task::block_in_place(|| {
        let handle = tokio::runtime::Handle::current();
        std::thread::scope(|scope| {
            let asking = scope.spawn(move || handle.block_on(ask(server, key, texts, patients)));
            let seen = wait(centre, texts, |taken| {
                if taken * 4 >= texts * resident.len() {
                    resident.push(resident_mib(&server.pid()));
                }
            });
            asking.join().map_err(|_| "the callers panicked".to_owned()).and_then(|asked| asked.map(|()| seen))
        })
    })?;
    let receipted = receipts(centre, texts);
    let each = |used: f64| used / f64::from(u32::try_from(taken.max(1)).unwrap_or(u32::MAX)) * 1e6;
    let quarters: Vec<String> = resident.iter().map(|mib| format!("{mib:.0}")).collect();
    let note = format!(
        "{taken} of {texts}, asked for over HTTP by {CALLERS} callers; on disk and in the ledger before they are taken and before they are sent; \
         over verified TLS; {} receipts applied {:.1} s after the last; {:.0} µs CPU of the server and {:.0} µs of the centre each; resident {} \
         MiB, at the start and after each quarter",
        receipted.0,
        receipted.1.saturating_duration_since(last).as_secs_f64(),
        each(cpu_seconds(&server.pid()) - ours),
        each(centre.cpu_seconds() - theirs),
        quarters.join(", ")
    );
    Ok(Line::rate("sms", "Postern, accept to submitted", rate(taken, last.duration_since(started)), "4,000", &note))
}

/// Asks for `texts` codes, of which nobody gets more than a few.
async fn ask(server: &Server, key: &str, texts: usize, patients: usize) -> Result<(), String> {
    let key = key.to_owned();
    let asked = move |nth| post(&key, "messages", &format!("text-{nth}"), &code(nth % patients, 10_000_000 + nth));
    callers::ask(server.address, 0..texts, asked, callers::goes).await
}

fn code(patient: usize, code: usize) -> String {
    format!(
        r#"{{"patient":"Patient/p{patient}","purpose":"one_time_code","channels":["sms"],"template":{{"name":"one_time_code","data":{{"code":"{code}"}}}}}}"#
    )
}

/// Makes the centre the clinic's vendor of texts.
fn through(data: &Path, centre: &Centre, more: &str, directory: &Path) -> Result<(), Box<dyn Error>> {
    let (file, password) = (data.join("postern.toml"), directory.join("smpp.password"));
    std::fs::write(&password, "s3cret\n")?;
    let text = std::fs::read_to_string(&file)?;
    let section = format!(
        "[[smpp]]\nvendor = \"centre\"\nhost = \"localhost\"\nport = {}\nsystem_id = \"clinic\"\npassword_file = {password:?}\n\
         from = \"+12125550100\"\ntrust = {:?}\n{more}\n[tenant.clinic]\n",
        centre.ports.0, centre.roots
    );
    std::fs::write(&file, text.replacen("[tenant.clinic]\n", &section, 1))?;
    Ok(())
}

/// The agreement with the centre, in the place of that with the simulator.
async fn agree(server: &Server, key: &str) -> Result<(), Box<dyn Error>> {
    let mut connection = Connection::open(server.address).await?;
    for (vendor, status) in [("simulator", "terminated"), ("centre", "executed")] {
        let body = serde_json::json!({
            "vendor": vendor, "service": "messaging", "tier": "hipaa", "channels": ["sms"],
            "agreement": { "status": status, "effective": "2020-01-01", "expires": "2099-12-31",
                           "services": ["messaging"], "required_terms": true },
            "sender_registration": "approved"
        });
        let request = post(key, "vendors", vendor, &body.to_string()).replacen("POST", "PUT", 1);
        let answer = connection.exchange(&request).await?;
        if answer.status != 204 {
            return Err(format!("no agreement: {}", answer.body).into());
        }
    }
    Ok(())
}

/// Waits until the centre took `count` texts, or gets none any more. Gives how many it has, and when the last came.
fn wait(centre: &Centre, count: usize, mut seen: impl FnMut(usize)) -> (usize, Instant) {
    let (mut known, mut last) = (0, Instant::now());
    while known < count && last.elapsed() < STALLED {
        let (taken, _) = centre.counted();
        if taken > known {
            (known, last) = (taken, Instant::now());
        }
        seen(taken);
        pause();
    }
    (known, last)
}

/// Waits until the receipts of `count` texts were answered, or no more are.
fn receipts(centre: &Centre, count: usize) -> (usize, Instant) {
    let (mut known, mut last) = (0, Instant::now());
    while known < count && last.elapsed() < STALLED {
        let (_, receipted) = centre.counted();
        if receipted > known {
            (known, last) = (receipted, Instant::now());
        }
        pause();
    }
    (known, last)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark waits for other processes")]
fn pause() {
    std::thread::sleep(Duration::from_millis(5));
}

fn rate(texts: usize, took: Duration) -> f64 {
    f64::from(u32::try_from(texts).unwrap_or(u32::MAX)) / took.as_secs_f64().max(1e-3)
}

/// Kannel on the same way.
async fn beside_kannel(centre: &Centre) -> Result<Line, Box<dyn Error>> {
    let Some(kannel) = Kannel::start(centre.ports.1)? else {
        return Ok(Line::text(
            "sms",
            "Kannel, accept to submitted",
            "-".into(),
            "-",
            "Kannel is missing: cargo xtask peers",
        ));
    };
    centre.begin();
    let before = centre.cpu_seconds();
    let started = Instant::now();
    callers::ask(kannel.address, 0..OF_KANNEL, Kannel::request, Kannel::took).await?;
    let given = started.elapsed();
    let (taken, last) = wait(centre, OF_KANNEL, |_| {});
    let (receipted, _) = receipts(centre, taken);
    let texts = f64::from(u32::try_from(taken.max(1)).unwrap_or(u32::MAX));
    let note = format!(
        "{taken} of {OF_KANNEL}, given over HTTP by {CALLERS} callers within {:.0} s; spool on disk, receipts asked for ({receipted} came); in the \
         clear; {:.0} µs CPU of the centre each",
        given.as_secs_f64(),
        (centre.cpu_seconds() - before) / texts * 1e6
    );
    Ok(Line::rate("sms", "Kannel, accept to submitted", rate(taken, last.duration_since(started)), "-", &note))
}

/// How long codes take behind reminders that wait for a centre which takes them slowly.
async fn behind_reminders(directory: &Path, binary: &Path, centre: &Centre) -> Result<Line, Box<dyn Error>> {
    let what = format!("a code behind {REMINDERS} reminders");
    let patients = REMINDERS + CODES;
    let clinic = Clinic::make(&directory.join("fair"), binary, (0..patients).flat_map(sms_patient))?;
    through(&clinic.data, centre, &format!("window = 500\nper_second = {SLOW}\n"), directory)?;
    // Reminders wait for the hours at which patients may be texted, and a benchmark must not.
    let Some(server) = Server::start_at_noon(&clinic).await? else {
        return Ok(Line::text("sms", &what, "-".into(), "1 s", "not measured: libfaketime is missing"));
    };
    agree(&server, &clinic.key).await?;
    centre.begin();
    remind(&server, &clinic.key).await?;
    let (sent, _) = centre.counted();
    let mut connection = Connection::open(server.address).await?;
    let mut waits = Vec::new();
    for nth in 0..CODES {
        let body = code(REMINDERS + nth, WATCHED.parse::<usize>()?);
        let asked = Instant::now();
        let request = post(&clinic.key, "messages", &format!("code-{nth}"), &body);
        ask_once(&mut connection, &request, callers::goes).await?;
        match centre.saw(STALLED) {
            Some(seen) => waits.push(seen.saturating_duration_since(asked)),
            None => return Err("a code did not come out".into()),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    waits.sort_unstable();
    let of = |at: usize| waits.get(at).copied().unwrap_or_default();
    let (median, longest) = (of(CODES / 2), of(CODES - 1));
    let note = format!(
        "the longest of {CODES}, one after the other; the median is {:.0} ms; {sent} reminders were out before the first; the centre takes {SLOW} \
         segments a second",
        median.as_secs_f64() * 1e3
    );
    Ok(Line::time("sms", &what, longest, "1 s", &note))
}

/// Asks for a reminder for everybody.
async fn remind(server: &Server, key: &str) -> Result<(), String> {
    let key = key.to_owned();
    let asked = move |nth| {
        let body = format!(
            r#"{{"patient":"Patient/p{nth}","purpose":"appointment_reminder","channels":["sms"],"template":{{"name":"appointment_reminder","data":{{"start":"2027-12-04T14:00"}}}}}}"#
        );
        post(&key, "messages", &format!("reminder-{nth}"), &body)
    };
    callers::ask(server.address, 0..REMINDERS, asked, callers::goes).await
}
