//! A real Postfix on loopback: its own configuration, queue and mailbox under a temporary directory, stopped by its own
//! command. Nothing it takes can leave: every transport but the mailbox is an error.

use super::authority::{Authority, Identity, self_signed};
use super::missing_peer;
use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// The name its good certificate is for.
pub(crate) const HOST: &str = "smarthost.test";
/// The domain it takes mail for.
pub(crate) const DOMAIN: &str = "patients.example";
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
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
";

/// A running Postfix; stopped when the last user lets go.
#[derive(Debug)]
pub(crate) struct Postfix {
    dir: PathBuf,
    /// Of the authority that signed its good certificate.
    pub(crate) roots: PathBuf,
    /// STARTTLS with a certificate that holds, for [`HOST`] and for `localhost`.
    pub(crate) good: u16,
    /// TLS from the first byte, with a certificate that holds.
    pub(crate) implicit: u16,
    /// No STARTTLS.
    pub(crate) plain: u16,
    /// A certificate of the right authority for another name.
    pub(crate) wrong_name: u16,
    /// A certificate nobody vouches for.
    pub(crate) self_signed: u16,
    /// A certificate whose time is over.
    pub(crate) expired: u16,
    /// Nothing newer than TLS 1.1.
    pub(crate) old_tls: u16,
}

impl Postfix {
    /// The one that tests running at the same time share, or `None` when Postfix is not installed or may not be started.
    pub(crate) fn shared() -> Option<Arc<Self>> {
        static RUNNING: Mutex<Weak<Postfix>> = Mutex::new(Weak::new());
        if !Path::new("/usr/sbin/postfix").exists() {
            missing_peer("Postfix");
            return None;
        }
        if fs::metadata("/proc/self").map(|of| std::os::unix::fs::MetadataExt::uid(&of)).unwrap_or(1) != 0 {
            missing_peer("leave to start Postfix (it starts as root only)");
            return None;
        }
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(postfix) = running.upgrade() {
            return Some(postfix);
        }
        let postfix = Arc::new(Self::start());
        *running = Arc::downgrade(&postfix);
        Some(postfix)
    }

    fn start() -> Self {
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

        let authority = Authority::new();
        let mut master = MASTER.to_owned();
        let mut listen = |name: &str, identity: Option<Identity>, more: &[&str]| {
            // A free port; another program could take it before Postfix does, and then the start says so.
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            writeln!(master, "127.0.0.1:{port} inet n - n - - smtpd").unwrap();
            let mut option = |text: &str| writeln!(master, "  -o {text}").unwrap();
            match identity {
                None => option("smtpd_tls_security_level=none"),
                Some(identity) => {
                    let path = dir.join(format!("{name}.pem"));
                    fs::write(&path, format!("{}{}", identity.key, identity.certificate)).unwrap();
                    option("smtpd_tls_security_level=may");
                    option(&format!("smtpd_tls_chain_files={}", path.display()));
                }
            }
            for text in more {
                option(text);
            }
            port
        };
        let good = listen("good", Some(authority.identity_of(&[HOST, "localhost"])), &[]);
        let implicit = listen("implicit", Some(authority.identity(HOST)), &["smtpd_tls_wrappermode=yes"]);
        let plain = listen("plain", None, &[]);
        let wrong_name = listen("wrong", Some(authority.identity("other.test")), &[]);
        let self_signed = listen("self", Some(self_signed(HOST)), &[]);
        let expired = listen("expired", Some(authority.expired(HOST)), &[]);
        let old = ["smtpd_tls_protocols=<=TLSv1.1", "smtpd_tls_mandatory_protocols=<=TLSv1.1"];
        let old_tls = listen("old", Some(authority.identity(HOST)), &old);
        fs::write(dir.join("master.cf"), master).unwrap();
        fs::write(dir.join("main.cf"), main_cf(&dir)).unwrap();
        let roots = authority.write(&dir);
        let postfix = Self { dir, roots, good, implicit, plain, wrong_name, self_signed, expired, old_tls };
        assert!(postfix.run("start"), "Postfix does not start; its log:\n{}", postfix.log());
        postfix
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
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let stopped = self.run("stop");
        assert!(stopped || std::thread::panicking(), "Postfix does not stop");
        fs::remove_dir_all(&self.dir).ok();
    }
}

fn main_cf(dir: &Path) -> String {
    let dir = dir.display();
    format!(
        "compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
maillog_file_prefixes = {dir}
maillog_file = {dir}/maillog
myhostname = {HOST}
mydestination =
inet_interfaces = all
inet_protocols = ipv4
mynetworks = 127.0.0.1/32
alias_maps =
alias_database =
notify_classes =
smtputf8_enable = no
local_transport = error:nothing is local
relay_transport = error:nothing leaves
default_transport = error:nothing leaves
virtual_mailbox_domains = {DOMAIN}
virtual_mailbox_maps = static:x/
virtual_mailbox_base = {dir}/mail
virtual_uid_maps = static:{MAILBOX_OWNER}
virtual_gid_maps = static:{MAILBOX_OWNER}
virtual_minimum_uid = 100
smtpd_recipient_restrictions = check_recipient_access inline:{{{{nobody@{DOMAIN}=550 5.1.1 No such user}}, {{later@{DOMAIN}=450 4.2.0 Try again}}}}, permit_mynetworks, reject_unauth_destination
smtpd_tls_received_header = yes
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
"
    )
}
