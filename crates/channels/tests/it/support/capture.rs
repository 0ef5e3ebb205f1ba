//! What travels over loopback, captured by tcpdump.

use super::missing_peer;
use std::fs;
use std::io::{BufRead as _, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

/// A running capture; stopped when dropped.
#[derive(Debug)]
pub(crate) struct Capture {
    file: PathBuf,
    tcpdump: Child,
    /// What tcpdump says of itself.
    words: Lines<BufReader<ChildStderr>>,
}

impl Capture {
    /// Captures every byte over TCP to or from `port`, into a file in `dir`; `None` when tcpdump is not there or may not.
    pub(crate) fn start(dir: &Path, port: u16) -> Option<Self> {
        if !Path::new("/usr/bin/tcpdump").exists() {
            missing_peer("tcpdump");
            return None;
        }
        let file = dir.join("capture.pcap");
        // Room for thousands of packets: the buffer is cut into slots as long as the longest packet that is kept, and as it
        // comes it has a few dozen, which a busy machine fills before they are read.
        let mut command = Command::new("/usr/bin/tcpdump");
        command.args(["-i", "lo", "-n", "-U", "--immediate-mode", "-s", "16384", "-B", "65536", "-Z", "root", "-w"]);
        command.arg(&file);
        command.arg(format!("tcp port {port}")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut tcpdump = command.spawn().unwrap();
        let mut words = BufReader::new(tcpdump.stderr.take().unwrap()).lines();
        if !words.by_ref().map_while(Result::ok).any(|line| line.contains("listening on lo")) {
            tcpdump.wait().unwrap();
            missing_peer("leave to capture packets (tcpdump)");
            return None;
        }
        Some(Self { file, tcpdump, words })
    }

    /// Ends the capture; what is absent from it was not sent only where not one packet was missed, which is asserted.
    pub(crate) fn missed_nothing(mut self) {
        let asked = Command::new("kill").args(["-INT", &self.tcpdump.id().to_string()]).status().unwrap();
        assert!(asked.success());
        let told: Vec<_> = self.words.by_ref().map_while(Result::ok).collect();
        assert!(told.iter().any(|line| line.trim() == "0 packets dropped by kernel"), "{told:?}");
    }

    /// How often `needle` was seen so far.
    pub(crate) fn times(&self, needle: &str) -> usize {
        let bytes = fs::read(&self.file).unwrap();
        bytes.windows(needle.len()).filter(|window| window.eq_ignore_ascii_case(needle.as_bytes())).count()
    }

    /// Waits until `needle` was seen: everything before it was seen too.
    pub(crate) async fn sees(&self, needle: &str) {
        for _ in 0..500 {
            if self.times(needle) > 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{needle} was never captured");
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.tcpdump.kill().ok();
        self.tcpdump.wait().ok();
    }
}
