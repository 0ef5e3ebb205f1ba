//! Where texts go that are measured: a message centre on the npm package `smpp`, which nobody here wrote, with a certificate that holds. It is
//! one process on one core, and what it uses of it is said beside the rates.

use crate::machine::cpu_seconds;
use crate::sink::certificate;
use std::error::Error;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What a text holds whose way out is watched.
pub(crate) const WATCHED: &str = "87654321";

/// A running centre; it ends when dropped.
#[derive(Debug)]
pub(crate) struct Centre {
    process: Child,
    _input: Option<ChildStdin>,
    counts: Arc<[AtomicUsize; 2]>,
    begun: [AtomicUsize; 2],
    seen: Mutex<Receiver<Instant>>,
    /// Where it takes texts over TLS, and where in the clear.
    pub(crate) ports: (u16, u16),
    /// Who vouches for it, PEM.
    pub(crate) roots: PathBuf,
}

impl Centre {
    /// Starts one; `None` where the package is not installed.
    pub(crate) fn start(root: &Path, directory: &Path) -> Result<Option<Self>, Box<dyn Error>> {
        let packages = root.join("target/peers/node/node_modules");
        if !packages.join("smpp").exists() {
            return Ok(None);
        }
        std::fs::create_dir_all(directory)?;
        let roots = certificate(directory)?;
        let mut process = Command::new("node")
            .arg(root.join("xtask/peers/smsc_load.js"))
            .args([directory.join("sink.key"), directory.join("sink.pem"), WATCHED.into()])
            .env("NODE_PATH", packages.canonicalize()?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = process.stdin.take();
        let mut out = BufReader::new(process.stdout.take().ok_or("the centre says nothing")?);
        let mut line = String::new();
        out.read_line(&mut line)?;
        let ports = line.trim().split_once(' ').ok_or("the centre does not start")?;
        let ports = (ports.0.parse()?, ports.1.parse()?);
        let counts: Arc<[AtomicUsize; 2]> = Arc::default();
        let (sees, seen) = channel();
        let counted = Arc::clone(&counts);
        std::thread::spawn(move || listen(out, &counted, &sees));
        let (seen, begun) = (Mutex::new(seen), <[AtomicUsize; 2]>::default());
        Ok(Some(Self { process, _input: input, counts, begun, seen, ports, roots }))
    }

    /// Counts from here on.
    pub(crate) fn begin(&self) {
        for (begun, count) in self.begun.iter().zip(self.counts.iter()) {
            begun.store(count.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    /// How many texts it took since then, and how many receipts were answered.
    pub(crate) fn counted(&self) -> (usize, usize) {
        let [taken, receipted] = [0, 1].map(|at: usize| {
            let of = |counts: &[AtomicUsize; 2]| counts.get(at).map_or(0, |count| count.load(Ordering::Relaxed));
            of(&self.counts).saturating_sub(of(&self.begun))
        });
        (taken, receipted)
    }

    /// When it saw the text that is watched, if it does within `patience`.
    pub(crate) fn saw(&self, patience: Duration) -> Option<Instant> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(patience).ok()
    }

    /// What it used of the processors, in seconds.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        cpu_seconds(&self.process.id().to_string())
    }
}

impl Drop for Centre {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn listen(out: BufReader<ChildStdout>, counts: &[AtomicUsize; 2], sees: &Sender<Instant>) {
    for line in out.lines().map_while(Result::ok) {
        if line == "seen" {
            sees.send(Instant::now()).ok();
        }
        for (count, word) in counts.iter().zip(line.split(' ')) {
            if let Ok(number) = word.parse() {
                count.store(number, Ordering::Relaxed);
            }
        }
    }
}
