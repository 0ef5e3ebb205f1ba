//! DNS of the test's own on loopback: a signed root, a signed and an unsigned zone below it, served by NSD, and Unbound, which
//! validates them by its own lights. Both are other people's programs.

use super::missing_peer;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

/// Running servers; stopped when dropped.
#[derive(Debug)]
pub(crate) struct Zones {
    /// Serves the zones as they are.
    pub(crate) nsd: SocketAddr,
    /// Resolves through it, and answers SERVFAIL to what does not hold.
    pub(crate) unbound: SocketAddr,
    /// The root's key.
    pub(crate) anchors: PathBuf,
    dir: PathBuf,
    servers: Vec<Child>,
}

/// What is in the zones.
#[derive(Debug)]
pub(crate) struct Contents<'a> {
    /// Records of `test.`, which is signed, with names relative to it.
    pub(crate) signed: &'a str,
    /// Records of `unsigned.`, which is not.
    pub(crate) unsigned: &'a str,
    /// Records of the root besides the zones: names below arpa.
    pub(crate) root: &'a str,
    /// What is replaced in `test.` after it was signed, so that its signature no longer holds.
    pub(crate) forged: &'a [(&'a str, &'a str)],
}

impl Zones {
    /// Whether the servers are installed; says loudly when not.
    pub(crate) fn may_start() -> bool {
        let programs = ["/usr/sbin/nsd", "/usr/sbin/unbound", "/usr/bin/ldns-signzone", "/usr/bin/ldns-keygen"];
        let there = programs.iter().all(|program| Path::new(program).exists());
        if !there {
            missing_peer("NSD, Unbound or ldnsutils");
        }
        there
    }

    /// Signs and serves `contents`; the files lie in `dir`.
    pub(crate) fn start(dir: &Path, contents: &Contents<'_>) -> Self {
        let dir = dir.join("dns");
        fs::create_dir_all(&dir).unwrap();
        let (nsd, unbound) = (free(), free());
        write_zone(&dir, "unsigned.", contents.unsigned);
        write_zone(&dir, "test.", contents.signed);
        sign(&dir, "test.", &["-n"]);
        let file = dir.join("test.zone.signed");
        let mut signed = fs::read_to_string(&file).unwrap();
        for (from, to) in contents.forged {
            assert!(signed.contains(from), "{from} is not in the signed zone");
            signed = signed.replace(from, to);
        }
        fs::write(&file, signed).unwrap();
        let delegations = format!(
            "ns.root. A 127.0.0.1\ntest. NS ns.test.\nns.test. A 127.0.0.1\nunsigned. NS ns.unsigned.\nns.unsigned. A 127.0.0.1\n{}{}",
            contents.root,
            fs::read_to_string(dir.join("test.ds")).unwrap()
        );
        write_zone(&dir, ".", &delegations);
        let anchors = sign(&dir, ".", &[]);
        let mut zones = Self { nsd, unbound, anchors, dir, servers: Vec::new() };
        zones.serve();
        zones.resolve();
        zones
    }

    fn serve(&mut self) {
        let dir = self.dir.display();
        let (ip, port) = (self.nsd.ip(), self.nsd.port());
        let zone = |name: &str, file: &str| format!("zone:\n  name: \"{name}\"\n  zonefile: \"{dir}/{file}\"\n");
        let zones =
            [zone(".", "root.zone.signed"), zone("test.", "test.zone.signed"), zone("unsigned.", "unsigned.zone")];
        let configuration = format!(
            "server:\n  ip-address: {ip}@{port}\n  username: \"\"\n  chroot: \"\"\n  zonesdir: \"{dir}\"\n  database: \"\"\n\
             \x20 pidfile: \"{dir}/nsd.pid\"\n  xfrdfile: \"{dir}/xfrd.state\"\n  zonelistfile: \"{dir}/zone.list\"\n\
             \x20 xfrdir: \"{dir}\"\n  server-count: 1\n  rrl-ratelimit: 0\nremote-control:\n  control-enable: no\n{}",
            zones.concat()
        );
        fs::write(self.dir.join("nsd.conf"), configuration).unwrap();
        let server = start("/usr/sbin/nsd", &self.dir, "nsd", self.nsd);
        self.servers.push(server);
    }

    fn resolve(&mut self) {
        let (ip, port) = (self.unbound.ip(), self.unbound.port());
        let configuration = format!(
            "server:\n  interface: {ip}@{port}\n  port: {port}\n  do-daemonize: no\n  username: \"\"\n  chroot: \"\"\n\
             \x20 directory: \"{}\"\n  pidfile: \"\"\n  do-not-query-localhost: no\n  access-control: 127.0.0.0/8 allow\n\
             \x20 local-zone: \"test.\" nodefault\n  trust-anchor-file: \"{}\"\n  outgoing-interface: 127.0.0.1\n\
             \x20 use-syslog: no\n  logfile: \"\"\nremote-control:\n  control-enable: no\n\
             stub-zone:\n  name: \".\"\n  stub-addr: {}@{}\n\
             stub-zone:\n  name: \"test.\"\n  stub-addr: {2}@{3}\n\
             stub-zone:\n  name: \"unsigned.\"\n  stub-addr: {2}@{3}\n",
            self.dir.display(),
            self.anchors.display(),
            self.nsd.ip(),
            self.nsd.port()
        );
        fs::write(self.dir.join("unbound.conf"), configuration).unwrap();
        let server = start("/usr/sbin/unbound", &self.dir, "unbound", self.unbound);
        self.servers.push(server);
    }
}

impl Drop for Zones {
    fn drop(&mut self) {
        for server in &mut self.servers {
            server.kill().ok();
            server.wait().ok();
        }
    }
}

/// An address nobody listens on, on a loopback address of this process's own: the ports of 127.0.0.1 come and go with every connection
/// that other tests make.
fn free() -> SocketAddr {
    static USED: AtomicU8 = AtomicU8::new(1);
    let [low, high, ..] = std::process::id().to_le_bytes();
    let own = Ipv4Addr::new(127, high | 1, low, USED.fetch_add(1, Ordering::Relaxed).max(1));
    UdpSocket::bind((own, 0)).unwrap().local_addr().unwrap()
}

fn file_of(zone: &str) -> String {
    let name = zone.trim_end_matches('.');
    format!("{}.zone", if name.is_empty() { "root" } else { name })
}

fn write_zone(dir: &Path, zone: &str, records: &str) {
    let ns = if zone == "." { "ns.root.".to_owned() } else { format!("ns.{zone}") };
    let own = if zone == "." { String::new() } else { "ns A 127.0.0.1\n".to_owned() };
    let text =
        format!("$ORIGIN {zone}\n$TTL 300\n@ IN SOA {ns} host.{ns} 1 3600 600 86400 60\n@ IN NS {ns}\n{own}{records}");
    fs::write(dir.join(file_of(zone)), text).unwrap();
}

/// Signs a zone with keys of its own; gives the file of the key that vouches for it and writes `NAME.ds` beside it.
fn sign(dir: &Path, zone: &str, more: &[&str]) -> PathBuf {
    let key = |arguments: &[&str]| {
        let mut keygen = Command::new("/usr/bin/ldns-keygen");
        keygen.args(["-a", "ECDSAP256SHA256"]).args(arguments).arg(zone).current_dir(dir);
        let made = keygen.output().unwrap();
        assert!(made.status.success(), "{made:?}");
        String::from_utf8(made.stdout).unwrap().trim().to_owned()
    };
    let (ksk, zsk) = (key(&["-k"]), key(&[]));
    let mut signer = Command::new("/usr/bin/ldns-signzone");
    signer.args(more).args(["-o", zone, &file_of(zone), &ksk, &zsk]).current_dir(dir);
    let signed = signer.output().unwrap();
    assert!(signed.status.success(), "{signed:?}");
    let name = file_of(zone).replace(".zone", ".ds");
    fs::copy(dir.join(format!("{ksk}.ds")), dir.join(name)).unwrap();
    dir.join(format!("{ksk}.key"))
}

/// Starts a server in the foreground, as our child, and waits until it listens.
fn start(program: &str, dir: &Path, name: &str, address: SocketAddr) -> Child {
    let log = fs::File::create(dir.join(format!("{name}.log"))).unwrap();
    let mut command = Command::new(program);
    command.arg("-d").arg("-c").arg(dir.join(format!("{name}.conf"))).stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = command.stderr(log).spawn().unwrap();
    let listens = (0..500).any(|_| {
        #[expect(clippy::disallowed_methods, reason = "a program is starting, and says nothing when it has")]
        std::thread::sleep(Duration::from_millis(10));
        TcpStream::connect(address).is_ok()
    });
    if !listens {
        child.kill().ok();
        child.wait().ok();
        panic!("{name} does not start; its log:\n{}", fs::read_to_string(dir.join(format!("{name}.log"))).unwrap());
    }
    child
}
