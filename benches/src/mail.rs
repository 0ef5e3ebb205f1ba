//! How many mails per second go the whole way: asked for over HTTP, gated, on disk and in the ledger, and taken by a mail server over verified
//! STARTTLS; and how many Postfix brings to the same server, which is a sink that nobody here wrote: `smtp-sink` behind `stunnel`.
//!
//! Everything runs on the same cores. The sink counts; what it uses of them itself is said beside the rates.

use crate::callers::{self, CALLERS};
use crate::clinic::{Clinic, Connection, Server, mail_patient, post};
use crate::machine::{cpu_seconds, resident_mib};
use crate::postfix::Postfix;
use crate::report::Line;
use crate::sink::{Sink, missing};
use postern_base::{Clock, SystemClock};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many mails are measured when nobody says.
pub(crate) const MAILS: usize = 20_000;
/// How many wait in the queue when delivery alone is measured.
const QUEUED: usize = 5_000;
/// How long it takes, at most, to fill that queue, in seconds.
const FILLING: i64 = 30;
/// How many mails Postfix gets.
const OF_POSTFIX: usize = 5_000;
/// After so long without a mail nothing more is waited for.
const STALLED: Duration = Duration::from_secs(30);

/// Measures `mails` mails of Postern's and some of Postfix's.
pub(crate) async fn run(directory: &Path, binary: &Path, mails: usize) -> Result<Vec<Line>, Box<dyn Error>> {
    if let Some(what) = missing() {
        return Ok(vec![Line::text("mail", "not measured", "-".into(), "-", &format!("{what} is missing"))]);
    }
    let directory = directory.join("mail");
    let sink = Arc::new(Sink::start(&directory)?);
    let patients = (QUEUED + mails / 2).max(20_000);
    let clinic = Clinic::make(&directory.join("clinic"), binary, (0..patients).flat_map(mail_patient))?;
    relay(&clinic.data, &sink)?;
    let server = Server::start(&clinic).await?;
    agree(&server, &clinic.key).await?;
    let run = Run { server, key: clinic.key, sink: Arc::clone(&sink), patients };
    let mut lines = vec![run.delivery_alone().await?, run.whole_way(mails).await?];
    drop(run);
    lines.push(beside_postfix(&sink)?);
    Ok(lines)
}

/// A clinic that is measured, and where its mail goes.
struct Run {
    server: Server,
    key: String,
    sink: Arc<Sink>,
    patients: usize,
}

impl Run {
    /// A queue that falls due at once.
    async fn delivery_alone(&self) -> Result<Line, Box<dyn Error>> {
        let due = SystemClock.now() + jiff::SignedDuration::from_secs(FILLING);
        let send_at = format!(r#","send_at":"{}""#, due.strftime("%Y-%m-%dT%H:%M:%SZ"));
        self.ask(0, QUEUED, &send_at).await?;
        let before = (cpu_seconds(&self.server.pid()), self.sink.cpu_seconds());
        let ahead = Duration::try_from(due.duration_since(SystemClock.now()))?;
        let begins = Instant::now() + ahead;
        let (taken, last) = wait(&self.sink, QUEUED, |_| {});
        let took = last.saturating_duration_since(begins);
        let note = format!("{taken} of {QUEUED} that fell due at once; {}", self.used(before, taken));
        Ok(Line::rate("mail", "Postern, delivery alone", rate(taken, took), "-", &note))
    }

    /// From the first request to the last mail.
    async fn whole_way(&self, mails: usize) -> Result<Line, Box<dyn Error>> {
        self.sink.begin();
        let before = (cpu_seconds(&self.server.pid()), self.sink.cpu_seconds());
        let started = Instant::now();
        let mut resident = vec![resident_mib(&self.server.pid())];
        let asked = tokio::task::block_in_place(|| {
            let handle = tokio::runtime::Handle::current();
            std::thread::scope(|scope| {
                let asking = scope.spawn(move || handle.block_on(self.ask(QUEUED, mails, "")));
                let (taken, last) = wait(&self.sink, mails, |taken| {
                    if taken * 4 >= mails * resident.len() {
                        resident.push(resident_mib(&self.server.pid()));
                    }
                });
                asking
                    .join()
                    .map_err(|_| "the callers panicked".to_owned())
                    .and_then(|asked| asked.map(|at| (at, taken, last)))
            })
        });
        let (asked, taken, last) = asked?;
        let quarters: Vec<String> = resident.iter().map(|mib| format!("{mib:.0}")).collect();
        let note = format!(
            "{taken} of {mails}, asked for over HTTP by {CALLERS} callers in {:.0} s; on disk and in the ledger before they are taken and \
             before they are sent; {}; resident {} MiB, at the start and after each quarter",
            asked.duration_since(started).as_secs_f64(),
            self.used(before, taken),
            quarters.join(", ")
        );
        let rate = rate(taken, last.duration_since(started));
        Ok(Line::rate("mail", "Postern, accept to delivered", rate, "2,000", &note))
    }

    /// What `mails` mails cost since `before`.
    fn used(&self, before: (f64, f64), mails: usize) -> String {
        let each = |used: f64| used / f64::from(u32::try_from(mails.max(1)).unwrap_or(u32::MAX)) * 1e6;
        let (ours, sinks) = (cpu_seconds(&self.server.pid()) - before.0, self.sink.cpu_seconds() - before.1);
        format!("{:.0} µs CPU of the server and {:.0} µs of the sink each", each(ours), each(sinks))
    }

    /// Asks for `count` mails, one for each patient from `from` on. Gives when the last was taken.
    async fn ask(&self, from: usize, count: usize, more: &str) -> Result<Instant, String> {
        let (key, patients, more) = (self.key.clone(), self.patients, more.to_owned());
        let asked = move |nth| request(&key, nth, patients, &more);
        callers::ask(self.server.address, from..from + count, asked, callers::goes).await?;
        Ok(Instant::now())
    }
}

fn request(key: &str, nth: usize, patients: usize, more: &str) -> String {
    // A number that grows would say something some day: 988 is who helps in a crisis, and the gate reads it.
    let body = format!(
        r#"{{"patient":"Patient/p{}","purpose":"appointment_reminder","channels":["email"],"content":{{"body":"Your visit is at 2:30 PM on December 3. Ref {}.","level":"L1","language":"en"}}{more}}}"#,
        nth % patients,
        nth / patients
    );
    post(key, "messages", &format!("mail-{nth}"), &body)
}

/// Makes the sink the clinic's smarthost.
fn relay(data: &Path, sink: &Sink) -> Result<(), Box<dyn Error>> {
    let file = data.join("postern.toml");
    let text = std::fs::read_to_string(&file)?;
    let smarthost = format!(
        "[[smarthost]]\nvendor = \"relay\"\nservice = \"notices\"\nhost = \"localhost\"\nport = {}\n\
         from = \"notices@clinic.example\"\ntrust = {:?}\n\n[tenant.clinic]\n",
        sink.port, sink.roots
    );
    std::fs::write(&file, text.replacen("[tenant.clinic]\n", &smarthost, 1))?;
    Ok(())
}

/// The agreement with the relay, in the place of that with the simulator.
async fn agree(server: &Server, key: &str) -> Result<(), Box<dyn Error>> {
    let mut connection = Connection::open(server.address).await?;
    for (vendor, service, status) in [("simulator", "mail", "terminated"), ("relay", "notices", "executed")] {
        let body = serde_json::json!({
            "vendor": vendor, "service": service, "tier": "hipaa", "channels": ["email"],
            "agreement": { "status": status, "effective": "2020-01-01", "expires": "2099-12-31",
                           "services": [service], "required_terms": true }
        })
        .to_string();
        let request = post(key, "vendors", vendor, &body).replacen("POST", "PUT", 1);
        let answer = connection.exchange(&request).await?;
        if answer.status != 204 {
            return Err(format!("no agreement: {}", answer.body).into());
        }
    }
    Ok(())
}

/// Waits until the sink has `count` mails, or gets none any more; shows how many there are meanwhile. Gives how many there are, and when
/// the last came.
fn wait(sink: &Sink, count: usize, mut seen: impl FnMut(usize)) -> (usize, Instant) {
    let (mut known, mut last, mut any) = (0, Instant::now(), false);
    loop {
        let taken = sink.taken();
        if taken > known {
            (known, last, any) = (taken, Instant::now(), true);
        }
        seen(taken);
        let patience = if any { STALLED } else { STALLED + Duration::from_secs(FILLING.unsigned_abs()) };
        // smtp-sink says how many there were with the last one or without it.
        if known + 1 >= count {
            return (count, last);
        }
        if last.elapsed() > patience {
            return (known, last);
        }
        #[expect(clippy::disallowed_methods, reason = "a benchmark waits for other processes")]
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn rate(mails: usize, took: Duration) -> f64 {
    f64::from(u32::try_from(mails).unwrap_or(u32::MAX)) / took.as_secs_f64().max(1e-3)
}

/// Postfix on the same way: it takes mails, writes each to disk, and brings them to the sink over sessions that it uses again.
fn beside_postfix(sink: &Sink) -> Result<Line, Box<dyn Error>> {
    let Some(postfix) = Postfix::start(sink)? else {
        let note = "Postfix is missing, or may not be started: it starts as root only";
        return Ok(Line::text("mail", "Postfix, accept to delivered", "-".into(), "-", note));
    };
    sink.begin();
    let before = sink.cpu_seconds();
    let started = Instant::now();
    postfix.give(OF_POSTFIX)?;
    let given = started.elapsed();
    let (taken, last) = wait(sink, OF_POSTFIX, |_| {});
    let mails = f64::from(u32::try_from(taken.max(1)).unwrap_or(u32::MAX));
    let note = format!(
        "{taken} of {OF_POSTFIX} of 1 kB, given by smtp-source in 20 sessions within {:.0} s; sessions used again, 20 at once; {:.0} µs CPU of the \
         sink each",
        given.as_secs_f64(),
        (sink.cpu_seconds() - before) / mails * 1e6
    );
    let rate = rate(taken, last.duration_since(started));
    Ok(Line::rate("mail", "Postfix, accept to delivered", rate, "-", &note))
}
