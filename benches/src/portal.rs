//! How long the pages of the patients' portal take, with many patients and messages on the box: `postern serve` on loopback, asked by
//! browsers that are signed in. The time is that of the whole answer as the browser sees it, so the server's own is less.
//!
//! Filling takes minutes (`filling.rs`): `portal at=FOLDER` keeps what was filled there, and measures it again the next time.

use crate::clinic::{Clinic, Connection, Server, post};
use crate::filling::fill;
use crate::guesses;
use crate::machine::{cpu_seconds, resident_mib};
use crate::report::Line;
use crate::timing::Timings;
use crate::visitor::{Visitor, attribute};
use serde_json::{Value, json};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The goal for every page, and for everything a first page makes a browser load.
const GOAL: &str = "20 ms";
const FIRST_LOAD: &str = "60,000 bytes";
/// The practice that `quickstart` makes.
pub(crate) const TENANT: &str = "clinic";
/// Browsers that are signed in.
const BROWSERS: usize = 16;
/// Names and invitations that are guessed at: no more than one place may be wrong at before it waits.
const GUESSED: usize = 14;
/// Requests of each page that are measured.
const ASKED: usize = 2_000;

/// What is on the box.
#[derive(Debug, Clone)]
pub(crate) struct Size {
    pub(crate) patients: usize,
    pub(crate) messages: usize,
    /// Where it is kept for another time.
    pub(crate) kept: Option<PathBuf>,
}

impl Size {
    /// The size that `named` arguments ask for; that of the goal where they say nothing.
    pub(crate) fn of(named: &[String]) -> Self {
        let number = |name: &str| named.iter().find_map(|word| word.strip_prefix(name)?.parse().ok());
        let kept = named.iter().find_map(|word| word.strip_prefix("at=")).map(PathBuf::from);
        let (patients, messages) = (number("patients="), number("messages="));
        Self { patients: patients.unwrap_or(100_000), messages: messages.unwrap_or(1_000_000), kept }
    }
}

/// Fills a clinic, unless it was filled before, and measures its pages.
pub(crate) async fn run(directory: &Path, binary: &Path, size: &Size) -> Result<Vec<Line>, Box<dyn Error>> {
    let folder = size.kept.clone().unwrap_or_else(|| directory.join("portal"));
    let full = folder.join("filled.json");
    let data = folder.join("data");
    let clinic = if let Ok(text) = std::fs::read(&full) {
        let filled: Value = serde_json::from_slice(&text)?;
        let number = |name: &str| filled.get(name).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
        if (number("patients"), number("messages")) != (Some(size.patients), Some(size.messages)) {
            return Err(format!("{} was filled otherwise: {filled}", folder.display()).into());
        }
        let key = filled.get("key").and_then(Value::as_str).ok_or("its key is not written down")?;
        Clinic::known(&data, binary, key)
    } else {
        std::fs::create_dir_all(&folder)?;
        let clinic = fill(&data, binary, size).await?;
        let filled = json!({ "patients": size.patients, "messages": size.messages, "key": clinic.key });
        std::fs::write(&full, filled.to_string())?;
        clinic
    };
    let server = Server::start(&clinic).await?;
    measure(&server, &clinic, size).await
}

/// Every page, asked by browsers that are signed in, one request after the other.
async fn measure(server: &Server, clinic: &Clinic, size: &Size) -> Result<Vec<Line>, Box<dyn Error>> {
    let mut browsers = Vec::with_capacity(BROWSERS);
    let mut connection = Connection::open(server.address).await?;
    let run = std::process::id();
    let names: Vec<String> = (0..BROWSERS).map(|nth| format!("reader-{run}-{nth}")).collect();
    // Spread over the box.
    let patient = |nth: usize| nth * (size.patients / BROWSERS).max(1);
    for (nth, name) in names.iter().enumerate() {
        let code = invited(&mut connection, &clinic.key, patient(nth)).await?;
        browsers.push(Visitor::enrol(server.address, TENANT, &code, name).await?);
    }
    let mut lines = Vec::new();
    let note = format!("{} patients, {} messages, {BROWSERS} signed in", size.patients, size.messages);
    for (what, page) in [
        ("sign-in", Page::At("/sign-in/password")),
        ("list of messages", Page::At("/messages")),
        ("message, opened and entered", Page::FirstMessage),
        ("choices", Page::At("/choices")),
        ("numbers and addresses", Page::At("/choices/points")),
        ("what was said before", Page::At("/choices/said")),
        ("account", Page::At("/account")),
        ("how somebody signs in", Page::At("/account/security")),
    ] {
        lines.extend(timed(server, &mut browsers, (what, page), &note).await?);
    }
    let memory = format!("{:.0} MiB", resident_mib(&server.pid()));
    lines.push(Line::text("portal", "memory afterwards", memory, "-", "resident"));
    let (page, bytes) = first_load(&mut browsers).await?;
    lines.push(Line::text("portal", "first load, the largest", format!("{bytes} bytes"), FIRST_LOAD, &page));
    let mut codes = Vec::with_capacity(GUESSED);
    // Longer ago than a connection stands open.
    let mut connection = Connection::open(server.address).await?;
    for nth in 0..GUESSED {
        codes.push(invited(&mut connection, &clinic.key, patient(nth)).await?);
    }
    let guessed_at = names.get(..GUESSED).unwrap_or_default();
    lines.extend(guesses::run(server.address, guessed_at, &codes).await?);
    Ok(lines)
}

/// The code of a new invitation for a patient.
async fn invited(connection: &mut Connection, key: &str, patient: usize) -> Result<String, Box<dyn Error>> {
    let path = format!("patients/p{patient}/portal-invitations");
    let once = format!("{}-{patient}", std::process::id());
    let invited = connection.exchange(&post(key, &path, &once, "{}")).await?;
    let invited: Value = serde_json::from_str(&invited.body)?;
    let code = invited.get("code").and_then(Value::as_str).ok_or_else(|| format!("nobody was invited: {invited}"))?;
    Ok(code.to_owned())
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
enum Page {
    At(&'static str),
    /// The newest message of whoever asks.
    FirstMessage,
}

async fn timed(
    server: &Server,
    browsers: &mut [Visitor],
    (what, page): (&str, Page),
    note: &str,
) -> Result<[Line; 2], Box<dyn Error>> {
    let mut paths = Vec::with_capacity(browsers.len());
    for browser in browsers.iter_mut() {
        paths.push(match page {
            Page::At(path) => path.to_owned(),
            Page::FirstMessage => {
                let list = browser.page("/messages").await?;
                let id = attribute(&list.body, &format!("href=\"/p/{TENANT}/messages/")).ok_or("the list is empty")?;
                format!("/messages/{id}")
            }
        });
    }
    let mut timings = Timings::with_capacity(ASKED);
    let cpu = cpu_seconds(&server.pid());
    for nth in 0..ASKED {
        let at = nth % browsers.len();
        let (Some(browser), Some(path)) = (browsers.get_mut(at), paths.get(at)) else { continue };
        let began = Instant::now();
        let answer = browser.page(path).await?;
        timings.add(began.elapsed());
        if answer.status != 200 {
            return Err(format!("{path} answered {}: {}", answer.status, answer.body).into());
        }
    }
    let asked = u32::try_from(ASKED).map_or(f64::MAX, f64::from);
    let each = (cpu_seconds(&server.pid()) - cpu) / asked * 1e6;
    let note = format!("{ASKED} requests, one at a time; {each:.0} µs CPU of the server each; {note}");
    let (middle, most) = (timings.quantile(500), timings.quantile(990));
    Ok([
        Line::time("portal", &format!("{what}, p50"), middle, "-", &note),
        Line::time("portal", &format!("{what}, p99"), most, GOAL, &note),
    ])
}

/// The bytes of a page with every style sheet and script it names, without headers: those of the page where it is the most.
async fn first_load(browsers: &mut [Visitor]) -> Result<(String, usize), Box<dyn Error>> {
    let browser = browsers.first_mut().ok_or("nobody is signed in")?;
    let mut most = (String::new(), 0);
    for path in ["/sign-in", "/sign-in/passkey", "/enrol", "/messages", "/choices", "/account"] {
        let page = browser.page(path).await?;
        let mut bytes = page.body.len();
        for before in ["<link rel=\"stylesheet\" href=\"", "<script src=\""] {
            for piece in page.body.split(before).skip(1) {
                let named = piece.split('"').next().unwrap_or_default();
                let answer = browser.named(named).await?;
                if answer.status != 200 {
                    return Err(format!("{named} answered {}", answer.status).into());
                }
                bytes += answer.body.len();
            }
        }
        if bytes > most.1 {
            most = (format!("{path}: HTML with its CSS and JS"), bytes);
        }
    }
    Ok(most)
}
