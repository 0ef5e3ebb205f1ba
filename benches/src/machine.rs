//! The machine the numbers come from: without it none of them means anything.

use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// Clock ticks per second in `/proc/*/stat` (USER_HZ, fixed on Linux).
const TICKS_PER_SECOND: f64 = 100.0;

/// What the machine is.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    /// The processor's name.
    pub(crate) processor: String,
    /// How many hardware threads may be used.
    pub(crate) threads: usize,
    /// Kernel.
    pub(crate) kernel: String,
    /// Load average over one minute before anything ran.
    pub(crate) load: String,
    /// `fdatasync` of 8 kB per second on the disk that the benchmarks write to.
    pub(crate) fsyncs_per_second: f64,
}

impl Machine {
    /// Looks, and measures the disk under `directory` for two seconds.
    pub(crate) fn look(directory: &Path) -> std::io::Result<Self> {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let processor = cpuinfo
            .lines()
            .find_map(|line| line.strip_prefix("model name"))
            .map(|rest| rest.trim_start_matches([' ', '\t', ':']).to_owned());
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Ok(Self {
            processor: processor.unwrap_or_else(|| "unknown".into()),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            load: load.split_whitespace().next().unwrap_or("unknown").to_owned(),
            fsyncs_per_second: fsync_rate(directory)?,
        })
    }
}

/// `fdatasync` calls per second, one thread, 8 kB each.
fn fsync_rate(directory: &Path) -> std::io::Result<f64> {
    let path = directory.join("fsync");
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).open(&path)?;
    let page = [7u8; 8192];
    file.write_all(&page)?;
    file.sync_all()?;
    let started = Instant::now();
    let mut calls = 0u32;
    while started.elapsed() < Duration::from_secs(2) {
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&page)?;
        file.sync_data()?;
        calls += 1;
    }
    let rate = f64::from(calls) / started.elapsed().as_secs_f64();
    fs::remove_file(path)?;
    Ok(rate)
}

/// CPU seconds (user and system) a process has used; 0 where `/proc` has no answer.
pub(crate) fn cpu_seconds(pid: &str) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    // Fields 14 and 15 of proc(5), counted after the name: utime and stime.
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or_default();
    (ticks(11) + ticks(12)) / TICKS_PER_SECOND
}

/// Resident memory of a process, in MiB; 0 where `/proc` has no answer.
pub(crate) fn resident_mib(pid: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default() / 1024.0
}
