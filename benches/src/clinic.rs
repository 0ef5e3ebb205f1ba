//! A clinic to measure: a data directory of its own, the real binary, and just enough HTTP to ask it for something.

use postern_base::{Clock, SystemClock};
use serde_json::{Value, json};
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A data directory with a key and patients.
pub(crate) struct Clinic {
    pub(crate) data: PathBuf,
    binary: PathBuf,
    /// An API key of an administrator.
    pub(crate) key: String,
}

impl Clinic {
    /// Makes one at `data` with these FHIR resources.
    pub(crate) fn make(
        data: &Path,
        binary: &Path,
        resources: impl Iterator<Item = Value>,
    ) -> Result<Self, Box<dyn Error>> {
        let made = postern(binary, data, &["quickstart"])?;
        let key = made.pointer("/api_key").and_then(Value::as_str);
        let clinic = Self::known(data, binary, key.ok_or("quickstart --json gave no key")?);
        clinic.import(resources)?;
        Ok(clinic)
    }

    /// One that was made before.
    pub(crate) fn known(data: &Path, binary: &Path, key: &str) -> Self {
        Self { data: data.to_path_buf(), binary: binary.to_path_buf(), key: key.to_owned() }
    }

    /// Imports more FHIR resources; no server may be running.
    pub(crate) fn import(&self, resources: impl Iterator<Item = Value>) -> Result<(), Box<dyn Error>> {
        let entries: Vec<Value> = resources.map(|resource| json!({ "resource": resource })).collect();
        if entries.is_empty() {
            return Ok(());
        }
        let bundle = self.data.join("patients.json");
        let all = json!({ "resourceType": "Bundle", "type": "collection", "entry": entries });
        std::fs::write(&bundle, all.to_string())?;
        postern(&self.binary, &self.data, &["import", &bundle.to_string_lossy()])?;
        std::fs::remove_file(&bundle)?;
        Ok(())
    }
}

/// Runs a command of the binary and reads its JSON.
fn postern(binary: &Path, data: &Path, arguments: &[&str]) -> Result<Value, Box<dyn Error>> {
    let output =
        Command::new(binary).args(arguments).arg("--json").arg("--data").arg(data).stdin(Stdio::null()).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("postern {} failed: {said}", arguments.join(" ")).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Where our own extensions are defined.
const EXTENSION: &str = "https://postern.example/fhir/StructureDefinition";

/// A patient with a number they gave and that was verified.
pub(crate) fn sms_patient(number: usize) -> [Value; 2] {
    let sms = format!("+1212{:07}", 5_550_000 + number);
    reached_at(number, "sms", &sms, json!({ "url": format!("{EXTENSION}/line-type"), "valueCode": "mobile" }))
}

/// A patient with a mailbox they gave and that was verified. Where they live it is about one in the afternoon: what is said by itself waits
/// for the hours (47 CFR 64.1200(c)(1)), and a benchmark must not.
pub(crate) fn mail_patient(number: usize) -> [Value; 2] {
    let mail = format!("p{number}@patients.example");
    let kind = json!({ "url": format!("{EXTENSION}/mailbox-kind"), "valueCode": "personal" });
    let [mut patient, verified] = reached_at(number, "email", &mail, kind);
    let ahead = 13 - i32::from(SystemClock.now().to_zoned(jiff::tz::TimeZone::UTC).hour());
    if let Some(record) = patient.as_object_mut() {
        record.remove("address");
        // The signs of these zones are turned round: Etc/GMT-5 is five hours ahead.
        let zone = format!("Etc/GMT{:+}", -ahead);
        let url = "http://hl7.org/fhir/StructureDefinition/timezone";
        record.insert("extension".to_owned(), json!([{ "url": url, "valueCode": zone }]));
    }
    [patient, verified]
}

fn reached_at(number: usize, system: &str, value: &str, kind: Value) -> [Value; 2] {
    [
        json!({
            "resourceType": "Patient", "id": format!("p{number}"), "active": true, "birthDate": "1980-04-02",
            "name": [{ "family": "Sample", "given": ["Pat"] }],
            "address": [{ "state": "NY", "postalCode": "10001", "country": "US" }],
            "telecom": [{ "system": system, "value": value, "use": "mobile", "extension": [
                { "url": format!("{EXTENSION}/contact-source"), "valueCode": "patient" }, kind
            ]}]
        }),
        json!({
            "resourceType": "VerificationResult", "id": format!("v{number}"), "status": "validated",
            "target": [{ "reference": format!("Patient/p{number}") }],
            "targetLocation": [format!("Patient.telecom.where(system='{system}' and value='{value}')")],
            "statusDate": "2026-11-01T15:00:00Z", "lastPerformed": "2026-11-01T15:00:00Z", "nextScheduled": "2099-01-01"
        }),
    ]
}

/// A request of the API, as it travels.
pub(crate) fn post(key: &str, path: &str, once: &str, body: &str) -> String {
    format!(
        "POST /v1/{path} HTTP/1.1\r\nhost: postern\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n\
         idempotency-key: {once}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A question of the API, as it travels.
pub(crate) fn get(key: &str, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: postern\r\nauthorization: Bearer {key}\r\n\r\n")
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// Where it serves.
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts it, and waits until it is ready.
    pub(crate) async fn start(clinic: &Clinic) -> Result<Self, Box<dyn Error>> {
        Self::begin(clinic, Command::new(&clinic.binary)).await
    }

    /// The same by a clock at which it is about one in the afternoon of the next day in New York; `None` where libfaketime is missing.
    pub(crate) async fn start_at_noon(clinic: &Clinic) -> Result<Option<Self>, Box<dyn Error>> {
        let library = std::fs::read_dir("/usr/lib")?
            .filter_map(|folder| Some(folder.ok()?.path().join("faketime/libfaketimeMT.so.1")))
            .find(|library| library.exists());
        let Some(library) = library else { return Ok(None) };
        let tomorrow = SystemClock.now() + jiff::SignedDuration::from_hours(24);
        let mut command = Command::new(&clinic.binary);
        command.env("LD_PRELOAD", library).env("TZ", "UTC").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        command.env("DONT_FAKE_MONOTONIC", "1").env("NO_FAKE_STAT", "1");
        command.env("FAKETIME", tomorrow.strftime("@%Y-%m-%d 18:00:00").to_string());
        Self::begin(clinic, command).await.map(Some)
    }

    async fn begin(clinic: &Clinic, mut command: Command) -> Result<Self, Box<dyn Error>> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut child = command
            .args(["serve", "--listen", &address.to_string(), "--data"])
            .arg(&clinic.data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(said) = child.stderr.take() {
            // Read on, so that the server never waits for us to take its log.
            std::thread::spawn(move || {
                BufReader::new(said).lines().map_while(Result::ok).for_each(|line| passed_on(&line))
            });
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

    pub(crate) fn pid(&self) -> String {
        self.child.id().to_string()
    }
}

/// Shows what the server says when something is wrong with it: a number that was measured then means nothing.
fn passed_on(line: &str) {
    if [r#""level":"ERROR""#, " ERROR ", "panicked"].iter().any(|sign| line.contains(sign)) {
        eprintln!("the server: {line}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(Some(status)) = self.child.try_wait() {
            eprintln!("the server had ended by itself: {status}");
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What the server said.
pub(crate) struct HttpAnswer {
    pub(crate) status: u16,
    /// The status line and the headers.
    pub(crate) head: String,
    pub(crate) body: String,
}

/// One keep-alive connection: just enough HTTP for a benchmark.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(8192) })
    }

    /// Sends a request and reads one answer with a Content-Length.
    pub(crate) async fn exchange(&mut self, request: &str) -> std::io::Result<HttpAnswer> {
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
    (body.len() >= length).then(|| HttpAnswer { status, head: head.to_owned(), body: body.to_owned() })
}
