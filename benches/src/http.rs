//! How many requests per second `postern serve` takes in over HTTP: gated, durable and ledgered before it answers. The
//! server is the real binary on loopback with a data directory of its own; the callers are in this process, on the same
//! cores.

use crate::clinic::{Clinic, Connection, Server, post, sms_patient};
use crate::machine::{cpu_seconds, resident_mib};
use crate::report::Line;
use crate::timing::Timings;
use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// How long each variant runs.
const RUN: Duration = Duration::from_secs(6);

/// Patients in the directory that is measured: so many that nobody gets more than a few messages while it runs, as in life.
const PATIENTS: usize = 20_000;

/// Measures 64 and 256 connections against a fresh server.
pub(crate) async fn run(directory: &Path, binary: &Path) -> Result<Vec<Line>, Box<dyn Error>> {
    let clinic = Clinic::make(&directory.join("http"), binary, (0..PATIENTS).flat_map(sms_patient))?;
    let started = Instant::now();
    let server = Server::start(&clinic).await?;
    let mut lines = vec![
        Line::time("http", "start, to the first answer", started.elapsed(), "1 s", "an existing data directory"),
        Line::text("http", "idle memory", format!("{:.0} MiB", resident_mib(&server.pid())), "100 MiB", "resident"),
        Line::text(
            "http",
            "binary",
            format!("{:.0} MiB", stripped_mib(binary, directory)?),
            "80 MiB",
            &format!("profile `release`, stripped; {:.0} MiB with line tables", size_mib(binary)),
        ),
    ];
    // First what has no side effects, so that every patient is still as they were.
    for (asked, status, connections) in
        [("messages:check", 200, 1usize), ("messages", 202, 1), ("messages", 202, 64), ("messages", 202, 256)]
    {
        let cpu = cpu_seconds(&server.pid());
        let (took, mut timings) =
            storm(server.address, &clinic.key, Asked { path: asked, status, connections }).await?;
        let accepted = u32::try_from(timings.count()).map_or(f64::MAX, f64::from);
        let note = format!(
            "p50 {:.1} ms, p99 {:.1} ms; {:.0} µs CPU of the server per message; keep-alive, {PATIENTS} patients",
            timings.quantile(500).as_secs_f64() * 1e3,
            timings.quantile(990).as_secs_f64() * 1e3,
            (cpu_seconds(&server.pid()) - cpu) / accepted.max(1.0) * 1e6
        );
        let goal = if connections == 64 { "10,000, p99 25 ms" } else { "-" };
        let what = format!("POST /v1/{asked}, {connections} connections");
        lines.push(Line::rate("http", &what, accepted / took, goal, &note));
    }
    Ok(lines)
}

/// What every connection asks for.
#[derive(Clone, Copy)]
struct Asked {
    path: &'static str,
    status: u16,
    connections: usize,
}

/// Lets every connection post one message after the other for [`RUN`].
async fn storm(address: SocketAddr, key: &str, asked: Asked) -> Result<(f64, Timings), Box<dyn Error>> {
    let started = Instant::now();
    let tasks: Vec<_> = (0..asked.connections)
        .map(|number| {
            let key = key.to_owned();
            tokio::spawn(async move {
                let mut connection = Connection::open(address).await.map_err(|_| "no connection".to_owned())?;
                let mut timings = Timings::with_capacity(10_000);
                let mut round = 0usize;
                while started.elapsed() < RUN {
                    let request = request(&key, number, round, asked);
                    let began = Instant::now();
                    let answer = connection.exchange(&request).await.map_err(|_| "a connection broke".to_owned())?;
                    if answer.status != asked.status {
                        return Err(format!("the server answered {}: {}", answer.status, answer.body));
                    }
                    timings.add(began.elapsed());
                    round += 1;
                }
                Ok(timings)
            })
        })
        .collect();
    let mut all = Timings::default();
    for task in tasks {
        all.join(task.await??);
    }
    Ok((started.elapsed().as_secs_f64(), all))
}

/// A message to one of the patients, different each time: what is refused as a duplicate would be measured otherwise.
fn request(key: &str, connection: usize, round: usize, asked: Asked) -> String {
    let Asked { path, connections, .. } = asked;
    let patient = (connection + round * connections) % PATIENTS;
    let body = format!(
        r#"{{"patient":"Patient/p{patient}","purpose":"appointment_reminder","content":{{"body":"Your visit is at 2:30 PM on December 3. Ref {connections}-{connection}-{round}.","level":"L1","language":"en"}}}}"#
    );
    post(key, path, &format!("{connections}-{connection}-{round}"), &body)
}

/// The size in MiB of what is left of `binary` without symbols and line tables, as it is shipped (profile `dist`).
fn stripped_mib(binary: &Path, directory: &Path) -> Result<f64, Box<dyn Error>> {
    let stripped = directory.join("stripped");
    let status = Command::new("strip").arg("-o").arg(&stripped).arg(binary).status()?;
    let size = if status.success() { Ok(size_mib(&stripped)) } else { Err("`strip` failed".into()) };
    std::fs::remove_file(&stripped)?;
    size
}

/// The size of a file in MiB; 0 when it is not there.
fn size_mib(path: &Path) -> f64 {
    let bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    f64::from(u32::try_from(bytes / 1024).unwrap_or(u32::MAX)) / 1024.0
}
