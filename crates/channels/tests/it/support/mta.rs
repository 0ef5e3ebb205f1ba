//! A real Postfix on loopback: its own configuration, queue and mailbox under a temporary directory, stopped by its own
//! command. Nothing it takes can leave: every transport but the mailbox is an error, unless a test names a place on loopback.

use super::authority::Identity;
use super::missing_peer;
use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Who owns the mailbox: `nobody`.
const MAILBOX_OWNER: u32 = 65_534;

const MASTER: &str = "\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
smtp unix - - n - - smtp
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
";

/// A place at which it listens.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) address: SocketAddr,
    /// The certificate it shows after STARTTLS; none = it offers none.
    pub(crate) identity: Option<Identity>,
    /// `name=value` of `master.cf`.
    pub(crate) options: Vec<String>,
}

/// What it takes mail for.
#[derive(Debug)]
pub(crate) struct Settings<'a> {
    /// Its own name.
    pub(crate) host: &'a str,
    /// Domains whose mail it files.
    pub(crate) domains: &'a [&'a str],
    /// What it says to recipients: the inside of an access table, `{address=answer}` each.
    pub(crate) answers: &'a str,
    /// More lines of `main.cf`.
    pub(crate) more: &'a str,
}

/// A running Postfix; stopped when dropped.
#[derive(Debug)]
pub(crate) struct Mta {
    pub(crate) dir: PathBuf,
}

impl Mta {
    /// Whether Postfix is installed and may be started here; says loudly when not.
    pub(crate) fn may_start() -> bool {
        if !Path::new("/usr/sbin/postfix").exists() {
            missing_peer("Postfix");
            return false;
        }
        if fs::metadata("/proc/self").map(|of| std::os::unix::fs::MetadataExt::uid(&of)).unwrap_or(1) != 0 {
            missing_peer("leave to start Postfix (it starts as root only)");
            return false;
        }
        true
    }

    pub(crate) fn start(settings: &Settings<'_>, listeners: Vec<Listener>) -> Self {
        // A directory for each start: the one before may still be stopping.
        static STARTS: AtomicU32 = AtomicU32::new(0);
        let start = STARTS.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("postern-postfix-{}-{start}", std::process::id()));
        if dir.exists() {
            fs::remove_dir_all(&dir).unwrap();
        }
        for part in ["", "queue", "data", "mail"] {
            fs::create_dir_all(dir.join(part)).unwrap();
            fs::set_permissions(dir.join(part), fs::Permissions::from_mode(0o755)).unwrap();
        }
        chown(dir.join("mail"), Some(MAILBOX_OWNER), Some(MAILBOX_OWNER)).unwrap();
        let owner = Command::new("id").args(["-u", "postfix"]).output().unwrap();
        let owner: u32 = String::from_utf8(owner.stdout).unwrap().trim().parse().unwrap();
        chown(dir.join("data"), Some(owner), None).unwrap();
        let mut master = MASTER.to_owned();
        for (number, listener) in listeners.into_iter().enumerate() {
            writeln!(master, "{} inet n - n - - smtpd", listener.address).unwrap();
            let mut option = |text: &str| writeln!(master, "  -o {text}").unwrap();
            match listener.identity {
                None => option("smtpd_tls_security_level=none"),
                Some(identity) => {
                    let path = dir.join(format!("{number}.pem"));
                    fs::write(&path, format!("{}{}", identity.key, identity.certificate)).unwrap();
                    option("smtpd_tls_security_level=may");
                    option(&format!("smtpd_tls_chain_files={}", path.display()));
                }
            }
            for text in listener.options {
                option(&text);
            }
        }
        fs::write(dir.join("master.cf"), master).unwrap();
        fs::write(dir.join("main.cf"), main_cf(&dir, settings)).unwrap();
        let mta = Self { dir };
        assert!(mta.run("start"), "Postfix does not start; its log:\n{}", mta.log());
        mta
    }

    fn run(&self, command: &str) -> bool {
        let quiet = || Stdio::null();
        let mut postfix = Command::new("/usr/sbin/postfix");
        postfix.arg("-c").arg(&self.dir).arg(command).stdin(quiet()).stdout(quiet()).stderr(quiet());
        postfix.status().is_ok_and(|status| status.success())
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir.join("maillog")).unwrap_or_default()
    }

    /// Every mail in the mailbox.
    pub(crate) fn mails(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.dir.join("mail/x/new")) else { return Vec::new() };
        entries.filter_map(|entry| fs::read_to_string(entry.unwrap().path()).ok()).collect()
    }

    /// The mails that hold `needle` in their text.
    pub(crate) fn mails_with(&self, needle: &str) -> Vec<String> {
        self.mails().into_iter().filter(|mail| mail.contains(needle)).collect()
    }

    /// Waits until a mail with `needle` is in the mailbox: Postfix takes a mail first and files it then.
    pub(crate) async fn mail_with(&self, needle: &str) -> String {
        for _ in 0..500 {
            if let Some(mail) = self.mails_with(needle).pop() {
                return mail;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the mail never came; the log of Postfix:\n{}", self.log());
    }

    /// Waits until a line of its log holds both.
    pub(crate) async fn logs(&self, one: &str, other: &str) {
        for _ in 0..500 {
            if self.log().lines().any(|line| line.contains(one) && line.contains(other)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{one} {other} was never logged; the log of Postfix:\n{}", self.log());
    }
}

impl Drop for Mta {
    fn drop(&mut self) {
        let stopped = self.run("stop");
        assert!(stopped || std::thread::panicking(), "Postfix does not stop");
        fs::remove_dir_all(&self.dir).ok();
    }
}

fn main_cf(dir: &Path, settings: &Settings<'_>) -> String {
    let (dir, host, domains) = (dir.display(), settings.host, settings.domains.join(", "));
    let (answers, more) = (settings.answers, settings.more);
    format!(
        "compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
maillog_file_prefixes = {dir}
maillog_file = {dir}/maillog
myhostname = {host}
mydestination =
inet_interfaces = all
inet_protocols = ipv4
mynetworks = 127.0.0.1/32
alias_maps =
alias_database =
notify_classes =
smtputf8_enable = yes
smtpd_discard_ehlo_keywords = smtputf8
local_transport = error:nothing is local
relay_transport = error:nothing leaves
default_transport = error:nothing leaves
virtual_mailbox_domains = {domains}
virtual_mailbox_maps = static:x/
virtual_mailbox_base = {dir}/mail
virtual_uid_maps = static:{MAILBOX_OWNER}
virtual_gid_maps = static:{MAILBOX_OWNER}
virtual_minimum_uid = 100
smtpd_recipient_restrictions = check_recipient_access inline:{{{answers}}}, permit_mynetworks, reject_unauth_destination
smtpd_tls_received_header = yes
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
{more}
"
    )
}
