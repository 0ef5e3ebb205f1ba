//! How many requests per second `postern serve` takes in over HTTP: gated, durable and ledgered before it answers. The
//! server is the real binary on loopback with a data directory of its own; the callers are in this process, on the same
//! cores.

use crate::machine::{cpu_seconds, resident_mib};
use crate::report::Line;
use crate::timing::Timings;
use std::error::Error;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long each variant runs.
const RUN: Duration = Duration::from_secs(6);

/// Patients in the directory that is measured: so many that nobody gets more than a few messages while it runs, as in life.
const PATIENTS: usize = 20_000;

/// Measures 64 and 256 connections against a fresh server.
pub(crate) async fn run(directory: &Path, binary: &Path) -> Result<Vec<Line>, Box<dyn Error>> {
    let clinic = Clinic::make(&directory.join("http"), binary)?;
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
    let mut out = String::with_capacity(512);
    let _written = write!(
        out,
        "POST /v1/{path} HTTP/1.1\r\nhost: postern\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n\
         idempotency-key: {connections}-{connection}-{round}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    out
}

/// A data directory with a key and patients.
struct Clinic {
    data: PathBuf,
    binary: PathBuf,
    key: String,
}

impl Clinic {
    fn make(data: &Path, binary: &Path) -> Result<Self, Box<dyn Error>> {
        let made = postern(binary, data, &["quickstart"])?;
        let key = made.pointer("/api_key").and_then(serde_json::Value::as_str);
        let key = key.ok_or("quickstart --json gave no key")?.to_owned();
        let bundle = data.join("patients.json");
        std::fs::write(&bundle, patients())?;
        postern(binary, data, &["import", &bundle.to_string_lossy()])?;
        Ok(Self { data: data.to_path_buf(), binary: binary.to_path_buf(), key })
    }
}

/// Runs a command of the binary and reads its JSON.
fn postern(binary: &Path, data: &Path, arguments: &[&str]) -> Result<serde_json::Value, Box<dyn Error>> {
    let output =
        Command::new(binary).args(arguments).arg("--json").arg("--data").arg(data).stdin(Stdio::null()).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("postern {} failed: {said}", arguments.join(" ")).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Patients with a number they gave and that was verified, as a FHIR Bundle.
fn patients() -> String {
    const EXTENSION: &str = "https://postern.example/fhir/StructureDefinition";
    let entries: Vec<serde_json::Value> = (0..PATIENTS)
        .flat_map(|number| {
            let sms = format!("+1212{:07}", 5_550_000 + number);
            [
                serde_json::json!({ "resource": {
                    "resourceType": "Patient", "id": format!("p{number}"), "active": true, "birthDate": "1980-04-02",
                    "name": [{ "family": "Sample", "given": ["Pat"] }],
                    "address": [{ "state": "NY", "postalCode": "10001", "country": "US" }],
                    "telecom": [{ "system": "sms", "value": sms, "use": "mobile", "extension": [
                        { "url": format!("{EXTENSION}/contact-source"), "valueCode": "patient" },
                        { "url": format!("{EXTENSION}/line-type"), "valueCode": "mobile" }
                    ]}]
                }}),
                serde_json::json!({ "resource": {
                    "resourceType": "VerificationResult", "id": format!("v{number}"), "status": "validated",
                    "target": [{ "reference": format!("Patient/p{number}") }],
                    "targetLocation": [format!("Patient.telecom.where(system='sms' and value='{sms}')")],
                    "statusDate": "2026-11-01T15:00:00Z", "lastPerformed": "2026-11-01T15:00:00Z", "nextScheduled": "2099-01-01"
                }}),
            ]
        })
        .collect();
    serde_json::json!({ "resourceType": "Bundle", "type": "collection", "entry": entries }).to_string()
}

/// A running server; killed when dropped.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    async fn start(clinic: &Clinic) -> Result<Self, Box<dyn Error>> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut child = Command::new(&clinic.binary)
            .args(["serve", "--listen", &address.to_string(), "--data"])
            .arg(&clinic.data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(said) = child.stderr.take() {
            // Read on, so that the server never waits for us to take its log.
            std::thread::spawn(move || BufReader::new(said).lines().map_while(Result::ok).count());
        }
        let server = Self { child, address };
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if let Ok(mut connection) = Connection::open(address).await
                && connection
                    .exchange("GET /readyz HTTP/1.1\r\nhost: postern\r\n\r\n")
                    .await
                    .is_ok_and(|a| a.status == 200)
            {
                return Ok(server);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Err("the server did not become ready".into())
    }

    fn pid(&self) -> String {
        self.child.id().to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What the server said.
struct HttpAnswer {
    status: u16,
    body: String,
}

/// One keep-alive connection: just enough HTTP for a benchmark.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(8192) })
    }

    /// Sends a request and reads one answer with a Content-Length.
    async fn exchange(&mut self, request: &str) -> std::io::Result<HttpAnswer> {
        self.stream.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(answer) = complete(&self.buffer) {
                return Ok(answer);
            }
        }
    }
}

/// The answer in `buffer`, once all of it is there.
fn complete(buffer: &[u8]) -> Option<HttpAnswer> {
    let text = std::str::from_utf8(buffer).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length: usize = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(Some(0), |(_, value)| value.trim().parse().ok())?;
    (body.len() >= length).then(|| HttpAnswer { status, body: body.to_owned() })
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
