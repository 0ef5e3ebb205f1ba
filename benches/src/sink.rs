//! Where mail goes that is measured: `smtp-sink`, which comes with Postfix, takes and forgets it; `stunnel` gives it STARTTLS and a
//! certificate that holds. Both are on loopback.

use crate::machine::cpu_seconds;
use std::error::Error;
use std::fs;
use std::io::Read as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const STUNNEL: &str = "/usr/bin/stunnel";
const SMTP_SINK: &str = "/usr/sbin/smtp-sink";
const OPENSSL: &str = "/usr/bin/openssl";

/// What the sink needs and is not there.
pub(crate) fn missing() -> Option<&'static str> {
    [STUNNEL, SMTP_SINK, OPENSSL].into_iter().find(|program| !Path::new(program).exists())
}

/// A running sink; killed when dropped.
#[derive(Debug)]
pub(crate) struct Sink {
    processes: [Child; 2],
    counted: Arc<AtomicUsize>,
    begun: AtomicUsize,
    /// Where it takes mail, over verified STARTTLS for `localhost`.
    pub(crate) port: u16,
    /// Who vouches for it, PEM.
    pub(crate) roots: PathBuf,
}

impl Sink {
    /// Starts one, with a certificate of its own, in `directory`.
    pub(crate) fn start(directory: &Path) -> Result<Self, Box<dyn Error>> {
        fs::create_dir_all(directory)?;
        let roots = certificate(directory)?;
        let (port, behind) = (free_port()?, free_port()?);
        let conf = directory.join("stunnel.conf");
        let at = directory.display();
        fs::write(
            &conf,
            format!(
                "foreground = yes\npid =\ndebug = 3\nsocket = a:TCP_NODELAY=1\nsocket = r:TCP_NODELAY=1\n[smtp]\n\
                 accept = 127.0.0.1:{port}\nconnect = 127.0.0.1:{behind}\nprotocol = smtp\ncert = {at}/sink.pem\nkey = {at}/sink.key\n"
            ),
        )?;
        let mut sink = Command::new(SMTP_SINK);
        // As root it asks to be somebody else.
        if fs::metadata("/proc/self").is_ok_and(|of| std::os::unix::fs::MetadataExt::uid(&of) == 0) {
            sink.args(["-u", "nobody"]);
        }
        sink.args(["-c", &format!("127.0.0.1:{behind}"), "1000"]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut sink = sink.spawn()?;
        let counted = Arc::new(AtomicUsize::new(0));
        if let Some(out) = sink.stdout.take() {
            let counted = Arc::clone(&counted);
            std::thread::spawn(move || count(out, &counted));
        }
        let stunnel = Command::new(STUNNEL).arg(&conf).stdin(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let started = Self { processes: [sink, stunnel], counted, begun: AtomicUsize::new(0), port, roots };
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).is_err() {
            if Instant::now() > deadline {
                return Err("the sink does not start".into());
            }
        }
        Ok(started)
    }

    /// Counts from here on.
    pub(crate) fn begin(&self) {
        self.begun.store(self.counted.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// How many mails it took since then.
    pub(crate) fn taken(&self) -> usize {
        self.counted.load(Ordering::Relaxed).saturating_sub(self.begun.load(Ordering::Relaxed))
    }

    /// What it used of the processors, in seconds.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        self.processes.iter().map(|process| cpu_seconds(&process.id().to_string())).sum()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        for process in &mut self.processes {
            drop(process.kill());
            drop(process.wait());
        }
    }
}

/// Reads what smtp-sink says whenever a mail is whole, `sess=1 quit=0 mesg=7`: the mails so far, that one counted or not.
fn count(mut out: ChildStdout, counted: &AtomicUsize) {
    let (mut chunk, mut text) = ([0; 4096], String::new());
    while let Ok(length @ 1..) = out.read(&mut chunk) {
        text.push_str(&String::from_utf8_lossy(chunk.get(..length).unwrap_or_default()));
        let Some(last) = text.rfind("mesg=") else { continue };
        let (_, rest) = text.split_at(last + "mesg=".len());
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        // What stands last may not be whole yet; the next chunk says it again.
        if let Ok(mails) = digits.parse() {
            counted.fetch_max(mails, Ordering::Relaxed);
        }
        text = text.split_off(last);
    }
}

/// A certificate for `localhost` and the authority that signed it, in `directory`; gives the authority's.
pub(crate) fn certificate(directory: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let openssl = |arguments: &[&str]| -> Result<(), Box<dyn Error>> {
        let ran = Command::new(OPENSSL).args(arguments).current_dir(directory).output()?;
        if ran.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&ran.stderr).into_owned().into()) }
    };
    let own =
        ["req", "-x509", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=the sink's own authority", "-days", "30"];
    openssl(&[&own[..], &key].concat())?;
    openssl(&[&["req", "-keyout", "sink.key", "-out", "sink.csr", "-subj", "/CN=localhost"][..], &key].concat())?;
    fs::write(directory.join("names"), "subjectAltName=DNS:localhost\n")?;
    openssl(&[
        "x509",
        "-req",
        "-in",
        "sink.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-out",
        "sink.pem",
        "-days",
        "30",
        "-extfile",
        "names",
    ])?;
    Ok(directory.join("ca.pem"))
}

/// A port of loopback that was free a moment ago.
pub(crate) fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
