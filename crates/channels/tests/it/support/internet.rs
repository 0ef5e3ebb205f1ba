//! A small internet on loopback: signed DNS, policy hosts, and mail servers in every state that a domain's can be found in.

use super::Still;
use super::authority::{Authority, Identity, self_signed};
use super::missing_peer;
use super::mta::{Listener, Mta, Settings};
use super::policy_host::{PolicyHost, policy};
use super::scratch::Scratch;
use super::zones::{Contents, Zones};
use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use postern_base::SystemRng;
use postern_channels::email::{Anchors, Direct, DirectConfig, DnsConfig, Roots};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::fmt::Write as _;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// Servers by the last number of their address, 127.77.0.N.
const DANE: u8 = 1;
const STS: u8 = 2;
const PLAIN: u8 = 3;
const PKIX: u8 = 4;
const WRONG: u8 = 5;
const SELF: u8 = 6;
const BARE: u8 = 7;
const POLICIES: u8 = 8;
const ANCHORED: u8 = 9;
const GREY: u8 = 10;
/// `slow.test` has a server at `SCRIPTED + 2`, from where a test leads to this one.
pub(crate) const SLOW: u8 = 11;
/// It takes addresses beyond ASCII.
const WIDE: u8 = 12;
/// Where a clinic's listener for mail that comes back may stand, for [`BACK_DOMAIN`].
pub(crate) const BACK: u8 = 20;
/// Mail for it is brought to [`BACK`].
pub(crate) const BACK_DOMAIN: &str = "back.clinic.example";
/// Nobody listens there.
pub(crate) const NOBODY: u8 = 99;
/// From here on a test may listen itself, for `scriptedN.test`.
pub(crate) const SCRIPTED: u8 = 50;

/// The address of server `number`.
pub(crate) const fn ip(number: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(127, 77, 0, number))
}

/// Domains of which Postfix takes mail.
const DOMAINS: &[&str] = &[
    "dane.test",
    "danebad.test",
    "daneca.test",
    "alias.test",
    "aliasown.test",
    "aliasout.test",
    "aliasnot.test",
    "sts.test",
    "ststesting.test",
    "stsbad.test",
    "stsnone.test",
    "stsgone.test",
    "plain.test",
    "pkix.test",
    "wrong.test",
    "self.test",
    "bare.test",
    "several.test",
    "mixed.test",
    "forged.test",
    "forgedmx.test",
    "patients.unsigned",
    "grey.test",
    "slow.test",
    "halfopen.test",
    "stsstrip.test",
    "stsplain.test",
    "stswrong.test",
    "stsself.test",
    "then3.test",
    "then4.test",
    "then5.test",
    "then6.test",
    "danechain.test",
    "wide.test",
    "narrowfirst.test",
    "xn--bcher-kva.test",
    "daneless.test",
];

/// Domains with an MTA-STS policy.
const POLICIES_OF: [&str; 9] =
    ["sts", "ststesting", "stsbad", "stsnone", "stsgone", "stsstrip", "stsplain", "stswrong", "stsself"];

/// Domains that enforce TLS by policy at a server that cannot hold it.
pub(crate) const FAILING: [(&str, &str); 4] = [
    ("stsplain", "mx.plain.test"),
    ("stswrong", "mx.wrong.test"),
    ("stsself", "mx.self.test"),
    ("stsstrip", "mx.scripted50.test"),
];

/// What Postfix accepts for this address it finds it cannot deliver, and then says so by mail, which it brings to whoever listens at [`BACK`].
fn bounces(port: u16) -> String {
    format!(
        "relay_domains = {BACK_DOMAIN}\nvirtual_alias_maps = inline:{{{{bounce@pkix.test=nobody@gone.test}}}}\n\
         transport_maps = inline:{{{{gone.test=error:5.1.1 no such user here}}, {{{BACK_DOMAIN}=smtp:[{}]:{port}}}}}",
        ip(BACK)
    )
}

/// Everything, running; stopped when the last user lets go.
#[derive(Debug)]
pub(crate) struct Internet {
    postgrey: Child,
    pub(crate) mta: Mta,
    pub(crate) zones: Zones,
    pub(crate) policies: PolicyHost,
    /// The port of mail servers.
    pub(crate) port: u16,
    pub(crate) roots: PathBuf,
    pub(crate) authority: Arc<Authority>,
    _scratch: Scratch,
    // The policy host runs on a runtime of its own: that of the test that started it ends with the test.
    runtime: Option<tokio::runtime::Runtime>,
}

impl Drop for Internet {
    fn drop(&mut self) {
        self.postgrey.kill().ok();
        self.postgrey.wait().ok();
        // The last test to let go stands in a runtime itself, and must not wait there for ours to end.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Internet {
    /// The one that tests running at the same time share, or `None` when a program is not installed or may not be started.
    pub(crate) fn shared() -> Option<Arc<Self>> {
        static RUNNING: Mutex<Weak<Internet>> = Mutex::new(Weak::new());
        if !Mta::may_start() || !Zones::may_start() {
            return None;
        }
        if !Path::new("/usr/sbin/postgrey").exists() {
            missing_peer("Postgrey");
            return None;
        }
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(internet) = running.upgrade() {
            return Some(internet);
        }
        // On a thread of its own, since the policy host's runtime is started here and the caller may stand in another.
        let internet = Arc::new(std::thread::spawn(Self::start).join().unwrap());
        *running = Arc::downgrade(&internet);
        Some(internet)
    }

    fn start() -> Self {
        // A directory for each start: the one before may still be taking its own away.
        static STARTS: AtomicU32 = AtomicU32::new(0);
        let scratch = Scratch::new(&format!("internet-{}", STARTS.fetch_add(1, Ordering::Relaxed)));
        let authority = Arc::new(Authority::new());
        let roots = authority.write(&scratch.0);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let dane = self_signed("somebody.test");
        let other = Authority::new();
        // The authority that the record names stands behind the server's own certificate.
        let mut anchored = other.identity("mx.daneca.test");
        anchored.certificate.push_str(&other.certificate);
        let identities = [
            (DANE, Some(dane.clone())),
            (STS, Some(authority.identity("mx.sts.test"))),
            (PLAIN, None),
            (PKIX, Some(authority.identity("mx.pkix.test"))),
            (WRONG, Some(authority.identity("mx.elsewhere.test"))),
            (SELF, Some(self_signed("mx.self.test"))),
            (BARE, Some(authority.identity("bare.test"))),
            (ANCHORED, Some(anchored)),
            (GREY, Some(authority.identity("mx.grey.test"))),
            (SLOW, Some(authority.identity("mx.slow.test"))),
            (WIDE, Some(authority.identity("mx.wide.test"))),
        ];
        let (grey, postgrey) = postgrey(&scratch.0);
        let listener = |(number, identity): (u8, Option<Identity>)| {
            let address = SocketAddr::new(ip(number), port);
            let mut options = vec![format!("myhostname=mx{number}.test")];
            if number == WIDE {
                options.push("smtpd_discard_ehlo_keywords=".to_owned());
            }
            if number == GREY {
                options.push(format!(
                    "smtpd_recipient_restrictions=check_policy_service,inet:{grey},permit_auth_destination,reject"
                ));
            }
            Listener { address, identity, options }
        };
        let answers = "{nobody@pkix.test=550 5.1.1 No such user}, {full@pkix.test=552 5.2.2 Mailbox full}, \
                       {later@pkix.test=450 4.2.0 Try again}, {down@pkix.test=554 5.3.2 System not accepting}";
        let settings = Settings { host: "mx.test", domains: DOMAINS, answers, more: &bounces(port) };
        let mta = Mta::start(&settings, identities.into_iter().map(listener).collect());
        let signed = records(port, &fingerprint(&dane.certificate), &fingerprint(&other.certificate));
        let contents = Contents {
            signed: &signed,
            unsigned: &format!("patients MX 10 mx.dane.test.\nrelay A {}\n", ip(DANE)),
            root: "",
            forged: &[("10 mx.honest.test.", "10 mx.pkix.test."), ("3 1 1 00112233", "3 1 1 ff112233")],
        };
        let zones = Zones::start(&scratch.0, &contents);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let hosts = POLICIES_OF.map(|name| format!("mta-sts.{name}.test"));
        let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
        let policies = runtime.block_on(PolicyHost::start(SocketAddr::new(ip(POLICIES), port), &authority, &hosts));
        policies.publish("mta-sts.sts.test", policy("enforce", &["mx.sts.test"], 86_400));
        policies.publish("mta-sts.ststesting.test", policy("testing", &["mx.elsewhere.test"], 86_400));
        policies.publish("mta-sts.stsbad.test", policy("enforce", &["mx.elsewhere.test", "*.stsbad.test"], 86_400));
        policies.publish("mta-sts.stsnone.test", policy("none", &[], 86_400));
        policies.publish("mta-sts.stsgone.test", policy("enforce", &["mx.sts.test"], 600));
        for (name, host) in FAILING {
            policies.publish(&format!("mta-sts.{name}.test"), policy("enforce", &[host], 86_400));
        }
        Self { postgrey, mta, zones, policies, port, roots, authority, _scratch: scratch, runtime: Some(runtime) }
    }

    /// Direct delivery in this internet, which asks the name server itself and validates what it says.
    pub(crate) fn direct(&self, now: Timestamp) -> Direct {
        self.direct_with(now, |_| {})
    }

    /// The same with changes.
    pub(crate) fn direct_with(&self, now: Timestamp, change: impl FnOnce(&mut DirectConfig)) -> Direct {
        let mut config = DirectConfig {
            vendor: "mailco".to_owned(),
            service: "submission".to_owned(),
            from: "messages@sunrise.example".to_owned(),
            helo: "postern.sunrise.example".to_owned(),
            html: false,
            signer: None,
            dkim: Vec::new(),
            roots: Roots::File(self.roots.clone()),
            dns: DnsConfig {
                servers: vec![self.zones.nsd],
                anchors: Anchors::File(self.zones.anchors.clone()),
                answer_time: Duration::from_secs(5),
            },
            port: self.port,
            policy_port: self.port,
            loopback: true,
            reply_time: Duration::from_secs(10),
            final_reply_time: Duration::from_secs(10),
            sessions_per_server: 8,
        };
        change(&mut config);
        Direct::new(config, Arc::new(Still(now)), Arc::new(SystemRng)).unwrap()
    }
}

/// Starts Postgrey, which turns every stranger away for a second.
fn postgrey(dir: &Path) -> (SocketAddr, Child) {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dir = dir.join("grey");
    fs::create_dir(&dir).unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o777)).unwrap();
    let mut command = Command::new("/usr/sbin/postgrey");
    command.arg(format!("--inet={address}")).arg("--delay=1").arg(format!("--dbdir={}", dir.display()));
    command.args(["--user=nobody", "--group=nogroup"]).arg(format!("--pidfile={}", dir.join("pid").display()));
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    (address, child)
}

/// SHA-256 of a certificate's public key, in hexadecimal.
fn fingerprint(pem: &str) -> String {
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let key = rustls::server::ParsedCertificate::try_from(&certificate).unwrap().subject_public_key_info();
    digest(&SHA256, &key).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The records of `test.`, below which everything lies that is signed.
fn records(port: u16, dane: &str, authority: &str) -> String {
    let mut zone = String::new();
    let nothing = "0".repeat(64);
    let mut put = |line: &str| writeln!(zone, "{line}").unwrap();
    for (name, number) in [
        ("dane", DANE),
        ("danebad", DANE),
        ("daneca", ANCHORED),
        ("sts", STS),
        ("plain", PLAIN),
        ("pkix", PKIX),
        ("wrong", WRONG),
        ("self", SELF),
        ("forged", DANE),
        ("grey", GREY),
        ("slow", SCRIPTED + 2),
        // Its certificate is one that the authority its record names never signed.
        ("danechain", DANE),
        ("wide", WIDE),
        ("daneless", PLAIN),
    ] {
        put(&format!("{name} MX 10 mx.{name}\nmx.{name} A {}", ip(number)));
    }
    let mut tlsa = |host: &str, data: &str| writeln!(zone, "_{port}._tcp.{host} TLSA {data}").unwrap();
    tlsa("mx.dane", &format!("3 1 1 {dane}"));
    tlsa("mx.danebad", &format!("3 1 1 {nothing}"));
    tlsa("mx.daneca", &format!("2 1 1 {authority}"));
    tlsa("mx.danechain", &format!("2 1 1 {authority}"));
    tlsa("mx.aliasown", &format!("3 1 1 {dane}"));
    tlsa("mx.aliasout", &format!("3 1 1 {dane}"));
    // Records that nobody can use ask for TLS all the same, of a server that has none (RFC 7672 section 2.2).
    tlsa("mx.daneless", &format!("3 9 9 {nothing}"));
    tlsa("mx.gone", &format!("3 1 1 {dane}"));
    tlsa("mx.forged", &format!("3 1 1 00112233{}", "0".repeat(56)));
    let mut put = |line: &str| writeln!(zone, "{line}").unwrap();
    for name in POLICIES_OF {
        put(&format!("_mta-sts.{name} TXT \"v=STSv1; id=1;\"\nmta-sts.{name} A {}", ip(POLICIES)));
    }
    for (name, host) in FAILING {
        put(&format!("{name} MX 10 {host}."));
    }
    for number in 3..7 {
        put(&format!("then{number} MX 10 mx.scripted{}\nthen{number} MX 20 mx.pkix", SCRIPTED + number));
    }
    put(&format!("halfopen MX 10 mx.scripted{}\nhalfopen MX 20 mx.pkix", SCRIPTED + 1));
    put("ststesting MX 10 mx.sts\nstsbad MX 10 mx.sts\nstsnone MX 10 mx.sts\nstsgone MX 10 mx.sts");
    for number in SCRIPTED..SCRIPTED + 11 {
        put(&format!("scripted{number} MX 10 mx.scripted{number}\nmx.scripted{number} A {}", ip(number)));
    }
    put("_smtp._tls.pkix TXT \"v=TLSRPTv1; rua=mailto:tls-reports@pkix.test\"");
    // It asks for its reports elsewhere, where mail arrives while its own server's TLS does not hold.
    put("_smtp._tls.stsself TXT \"v=TLSRPTv1; rua=mailto:tls-reports@pkix.test\"");
    put(&format!("_smtp._tls.scripted{n} TXT \"v=TLSRPTv1; rua=mailto:tls@scripted{n}.test\"", n = SCRIPTED + 10));
    put(&format!("_smtp._tls.sts TXT \"v=TLSRPTv1; rua=https://mx.scripted{}.test:{port}/v1/report\"", SCRIPTED + 9));
    put("alias MX 10 mx.alias\nmx.alias CNAME mx.dane\naliasown MX 10 mx.aliasown\nmx.aliasown CNAME relay.aliasown");
    put(&format!("relay.aliasown A {}\naliasout MX 10 mx.aliasout\nmx.aliasout CNAME relay.unsigned.", ip(DANE)));
    put("aliasnot MX 10 mx.aliasnot\nmx.aliasnot CNAME relay.unsigned.");
    put("nullmx MX 0 .\nxn--bcher-kva MX 10 mx.pkix\nnarrowfirst MX 10 mx.pkix\nnarrowfirst MX 20 mx.wide");
    put(&format!("bare A {}", ip(BARE)));
    put(&format!("mx.gone A {}", ip(NOBODY)));
    put("several MX 10 mx.gone\nseveral MX 20 mx.dane\nmixed MX 10 mx.pkix\nmixed MX 20 mx.dane");
    put("forgedmx MX 10 mx.honest\nmx.honest A 127.77.0.1\nlooped MX 10 mx.looped\nmx.looped A 0.0.0.0");
    zone
}
