//! Postfix as somebody would set it up to hand everything to one relay fast: verified TLS, sessions used again. It writes every mail to disk
//! before it takes it, as it always does.

use crate::sink::{Sink, free_port};
use std::error::Error;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const POSTFIX: &str = "/usr/sbin/postfix";
const SMTP_SOURCE: &str = "/usr/sbin/smtp-source";

const MASTER: &str = "\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
tlsproxy unix - - n - 0 tlsproxy
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
";

/// A running Postfix; stopped when dropped.
#[derive(Debug)]
pub(crate) struct Postfix {
    directory: PathBuf,
    port: u16,
}

impl Postfix {
    /// Starts one that hands everything to `sink`; `None` when it is not there, or we may not.
    pub(crate) fn start(sink: &Sink) -> Result<Option<Self>, Box<dyn Error>> {
        let root = fs::metadata("/proc/self").is_ok_and(|of| std::os::unix::fs::MetadataExt::uid(&of) == 0);
        if !root || !Path::new(POSTFIX).exists() || !Path::new(SMTP_SOURCE).exists() {
            return Ok(None);
        }
        // Its daemons are somebody else, and have to reach what is theirs.
        let directory = std::env::temp_dir().join(format!("postern-bench-{}", std::process::id()));
        for part in ["", "queue", "data"] {
            fs::create_dir_all(directory.join(part))?;
            fs::set_permissions(directory.join(part), fs::Permissions::from_mode(0o755))?;
        }
        let owner = Command::new("id").args(["-u", "postfix"]).output()?;
        chown(directory.join("data"), Some(String::from_utf8(owner.stdout)?.trim().parse()?), None)?;
        fs::copy(&sink.roots, directory.join("roots.pem"))?;
        let port = free_port()?;
        fs::write(directory.join("master.cf"), format!("127.0.0.1:{port} inet n - n - - smtpd\n{MASTER}"))?;
        fs::write(directory.join("main.cf"), main_cf(&directory, sink.port))?;
        let postfix = Self { directory, port };
        if postfix.run("start") { Ok(Some(postfix)) } else { Err("Postfix does not start".into()) }
    }

    fn run(&self, command: &str) -> bool {
        let mut postfix = Command::new(POSTFIX);
        postfix.arg("-c").arg(&self.directory).arg(command);
        postfix.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        postfix.status().is_ok_and(|status| status.success())
    }

    /// Gives it `mails` mails of 1 kB, in twenty sessions at once.
    pub(crate) fn give(&self, mails: usize) -> Result<(), Box<dyn Error>> {
        let (count, to) = (mails.to_string(), format!("127.0.0.1:{}", self.port));
        let envelope = ["-f", "notices@clinic.example", "-t", "p1@patients.example"];
        let mut given = Command::new(SMTP_SOURCE);
        given.args(["-s", "20", "-l", "1024", "-m", &count]).args(envelope).arg(&to);
        if given.status()?.success() { Ok(()) } else { Err("smtp-source failed".into()) }
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        self.run("stop");
        drop(fs::remove_dir_all(&self.directory));
    }
}

fn main_cf(directory: &Path, relay: u16) -> String {
    let at = directory.display();
    format!(
        "compatibility_level = 3.6
queue_directory = {at}/queue
data_directory = {at}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
maillog_file_prefixes = {at}
maillog_file = {at}/maillog
myhostname = out.clinic.example
mydestination =
inet_interfaces = all
inet_protocols = ipv4
mynetworks = 127.0.0.1/32
alias_maps =
smtp_host_lookup = native
relayhost = [localhost]:{relay}
smtp_tls_security_level = secure
smtp_tls_secure_cert_match = localhost
smtp_tls_CAfile = {at}/roots.pem
smtp_tls_session_cache_database = btree:{at}/data/sessions
smtp_tls_connection_reuse = yes
smtp_connection_cache_on_demand = yes
initial_destination_concurrency = 20
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
"
    )
}
