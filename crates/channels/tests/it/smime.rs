//! S/MIME against OpenSSL's own command line, and every certificate that is not to be used.

use crate::support::Still;
use crate::support::mailbox::{Like, MailAuthority, Mailbox};
use crate::support::missing_peer;
use crate::support::permits::{Wish, now, permitted};
use crate::support::scratch::Scratch;
use crate::support::scripted::{Script, Scripted};
use postern_base::Secret;
use postern_channels::email::smime::{Bundle, Cipher, Recipient, Signer, SignerError, Trust, Unfit};
use postern_channels::email::{Roots, Smarthost, SmarthostConfig, TlsStart};
use postern_channels::{Provider as _, Sent, Unpermitted};
use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

const ROSA: &str = "rosa@example.org";
const CLINIC: &str = "messages@sunrise.example";

/// An authority with the list of what it revoked, and what the practice signs with.
struct World {
    authority: MailAuthority,
    trust: Trust,
    own: Mailbox,
}

impl World {
    fn new() -> Self {
        let authority = MailAuthority::new("Mail authority");
        let trust = Trust::read(authority.pem.as_bytes(), &[authority.revokes(&[], 2027)]).unwrap();
        let own = authority.certify(&Like::curve(CLINIC));
        Self { authority, trust, own }
    }

    fn signer(&self, cipher: Cipher) -> Arc<Signer> {
        Arc::new(signer(&self.own, CLINIC, cipher).unwrap())
    }

    fn recipient(&self, mailbox: &Mailbox) -> Recipient {
        self.trust.recipient(&bundle(&mailbox.certificate), ROSA, now()).unwrap()
    }
}

fn bundle(pem: &str) -> Bundle {
    Bundle::read(pem.as_bytes()).unwrap()
}

fn signer(of: &Mailbox, address: &str, cipher: Cipher) -> Result<Signer, SignerError> {
    Signer::new(of.certificate.as_bytes(), &Secret::new(of.key.clone().into_bytes()), address, cipher)
}

async fn server(name: &str, signer: Option<Arc<Signer>>) -> (Scripted, Smarthost, Scratch) {
    let scratch = Scratch::new(name);
    let server = Scripted::start(Script::default(), &scratch.0).await;
    let config = SmarthostConfig {
        vendor: "mailco".to_owned(),
        service: "submission".to_owned(),
        host: "smarthost.test".to_owned(),
        port: server.address.port(),
        addresses: vec![server.address],
        tls: TlsStart::StartTls,
        roots: Roots::File(server.roots.clone()),
        credentials: None,
        from: CLINIC.to_owned(),
        helo: "postern.sunrise.example".to_owned(),
        html: true,
        signer,
        dkim: Vec::new(),
        enforces: None,
        reply_time: Duration::from_secs(20),
        final_reply_time: Duration::from_secs(20),
        sessions: 20,
    };
    let smarthost = Smarthost::new(config, Arc::new(Still(now()))).unwrap();
    (server, smarthost, scratch)
}

/// The message as the server saw it, dots unstuffed.
fn message(server: &Scripted) -> String {
    let lines = server.lines();
    let content = lines.iter().skip_while(|line| *line != "DATA").skip(1).take_while(|line| *line != ".");
    content.map(|line| line.strip_prefix('.').unwrap_or(line).to_owned() + "\r\n").collect()
}

/// Runs `openssl` in `dir`; what it wrote, or `None` when it refused.
fn openssl(dir: &Path, arguments: &[&str]) -> Option<Vec<u8>> {
    let output = Command::new("openssl").args(arguments).current_dir(dir).output().unwrap();
    output.status.success().then_some(output.stdout)
}

fn openssl_is_there() -> bool {
    let there = Path::new("/usr/bin/openssl").exists();
    if !there {
        missing_peer("openssl");
    }
    there
}

fn put(dir: &Path, name: &str, what: &[u8]) {
    std::fs::write(dir.join(name), what).unwrap();
}

const DECRYPT: &[&str] = &["cms", "-decrypt", "-in", "mail", "-recip", "rosa.pem", "-inkey", "rosa.key"];

#[tokio::test]
async fn openssl_opens_what_was_encrypted_to_a_certificate_and_verifies_who_signed_it() {
    if !openssl_is_there() {
        return;
    }
    let world = World::new();
    for (like, cipher, kind) in [
        (Like::rsa(ROSA), Cipher::Aes256Gcm, "authEnveloped-data"),
        (Like::rsa(ROSA), Cipher::Aes256Cbc, "enveloped-data"),
        (Like::curve(ROSA), Cipher::Aes256Gcm, "authEnveloped-data"),
        (Like::curve(ROSA), Cipher::Aes256Cbc, "enveloped-data"),
    ] {
        let rosa = world.authority.certify(&like);
        let (server, smarthost, scratch) = server("smime-opens", Some(world.signer(cipher))).await;
        let (recorded, mut outbound) = permitted(&Wish::smime(ROSA)).await;
        outbound.recipient = Some(world.recipient(&rosa));
        let sent = smarthost.send(recorded, outbound, now()).await;
        assert!(matches!(sent, Sent::Delivered(_)), "{sent:?}");

        let mail = message(&server);
        assert!(mail.contains(&format!("smime-type=\"{kind}\"")), "{mail}");
        assert!(mail.contains("Subject: Tiene un mensaje\r\n"), "the subject outside is the neutral one");
        assert!(!mail.contains("Sunrise Health. Sign in") && !mail.contains("multipart/alternative"), "{mail}");
        let dir = &scratch.0;
        put(dir, "mail", mail.as_bytes());
        put(dir, "rosa.pem", rosa.certificate.as_bytes());
        put(dir, "rosa.key", rosa.key.as_bytes());
        put(dir, "authority.pem", world.authority.pem.as_bytes());
        put(dir, "signed", &openssl(dir, DECRYPT).unwrap());
        let at = now().as_second().to_string();
        let trusting = ["-CAfile", "authority.pem", "-purpose", "smimesign", "-attime", &at];
        let verify = [&["cms", "-verify", "-in", "signed"][..], &trusting[..]].concat();
        let read = String::from_utf8(openssl(dir, &verify).unwrap()).unwrap();
        assert!(read.starts_with("Content-Type: multipart/alternative"), "{read}");
        assert!(read.contains("You have a message from Sunrise Health. Sign in to read it."), "{read}");
    }
}

#[tokio::test]
async fn a_byte_changed_on_the_way_opens_nothing() {
    if !openssl_is_there() {
        return;
    }
    let world = World::new();
    let rosa = world.authority.certify(&Like::rsa(ROSA));
    let (server, smarthost, scratch) = server("smime-changed", Some(world.signer(Cipher::Aes256Gcm))).await;
    let (recorded, mut outbound) = permitted(&Wish::smime(ROSA)).await;
    outbound.recipient = Some(world.recipient(&rosa));
    assert!(matches!(smarthost.send(recorded, outbound, now()).await, Sent::Delivered(_)));
    let dir = &scratch.0;
    put(dir, "rosa.pem", rosa.certificate.as_bytes());
    put(dir, "rosa.key", rosa.key.as_bytes());
    put(dir, "mail", message(&server).as_bytes());
    assert!(openssl(dir, DECRYPT).is_some(), "as it was sent, it opens");
    let mut lines: Vec<String> = message(&server).lines().map(str::to_owned).collect();
    let middle = lines.len() - 8;
    let changed = if lines[middle].starts_with('A') { "B" } else { "A" };
    lines[middle].replace_range(0..1, changed);
    put(dir, "mail", lines.join("\r\n").as_bytes());
    assert_eq!(openssl(dir, DECRYPT), None);
}

#[test]
fn a_certificate_that_is_not_to_be_used_is_refused_with_its_reason() {
    let World { authority, trust, .. } = World::new();
    let stranger = MailAuthority::new("Somebody else");
    let refusal = |trust: &Trust, pem: &str| trust.recipient(&bundle(pem), ROSA, now()).unwrap_err();
    let of = |like: &Like| refusal(&trust, &authority.certify(like).certificate);
    let rsa = || Like::rsa(ROSA);
    assert_eq!(of(&Like::rsa("rosa@other.example")), Unfit::OtherAddress);
    let capitals = authority.certify(&Like::rsa("ROSA@EXAMPLE.ORG")).certificate;
    assert!(trust.recipient(&bundle(&capitals), ROSA, now()).is_ok(), "authorities write names in capitals");
    let signing = vec![KeyUsagePurpose::DigitalSignature];
    assert_eq!(of(&Like { usages: signing.clone(), ..rsa() }), Unfit::NotForEncryption);
    assert_eq!(of(&Like { usages: signing, ..Like::curve(ROSA) }), Unfit::NotForEncryption);
    assert_eq!(of(&Like { years: (2098, 2099), ..rsa() }), Unfit::NotYetValid);
    assert_eq!(of(&Like { years: (2020, 2021), ..rsa() }), Unfit::Expired);
    let server = vec![ExtendedKeyUsagePurpose::ServerAuth];
    assert_eq!(of(&Like { purposes: server, ..rsa() }), Unfit::Untrusted, "a web server's is not for mail");
    assert_eq!(refusal(&trust, &stranger.certify(&rsa()).certificate), Unfit::Untrusted);
    let namesake = MailAuthority::new("Mail authority");
    assert_eq!(
        refusal(&trust, &namesake.certify(&rsa()).certificate),
        Unfit::Untrusted,
        "the same name is not the same key"
    );
}

#[test]
fn what_was_revoked_is_refused_and_what_nobody_can_tell_of_too() {
    let authority = MailAuthority::new("Mail authority");
    let rosa = authority.certify(&Like::rsa(ROSA)).certificate;
    let trusting = |lists: &[Vec<u8>]| Trust::read(authority.pem.as_bytes(), lists).unwrap();
    let answer = |trust: &Trust, pem: &str| trust.recipient(&bundle(pem), ROSA, now()).map(|_| ());
    assert_eq!(answer(&trusting(&[authority.revokes(&[3, 4], 2027)]), &rosa), Ok(()));
    assert_eq!(answer(&trusting(&[authority.revokes(&[3, 7], 2027)]), &rosa), Err(Unfit::Revoked));
    assert_eq!(answer(&trusting(&[]), &rosa), Err(Unfit::RevocationUnknown), "no list");
    let old = trusting(&[authority.revokes(&[], 2026)]);
    assert_eq!(answer(&old, &rosa), Err(Unfit::RevocationUnknown), "a list whose time is over");
    let stranger = MailAuthority::new("Mail authority");
    let forged = trusting(&[stranger.revokes(&[], 2027)]);
    assert_eq!(answer(&forged, &rosa), Err(Unfit::RevocationUnknown), "a list that somebody else signed");
}

#[test]
fn a_chain_needs_every_link_and_falls_with_the_authority_in_between() {
    let root = MailAuthority::new("Root");
    let between = root.below("In between");
    let rosa = between.certify(&Like::curve(ROSA)).certificate;
    let whole = format!("{rosa}{}", between.pem);
    let of_between = between.revokes(&[], 2027);
    let trusting = |lists: &[Vec<u8>]| Trust::read(root.pem.as_bytes(), lists).unwrap();
    let answer = |trust: &Trust, pem: &str| trust.recipient(&bundle(pem), ROSA, now()).map(|_| ());
    let good = trusting(&[of_between.clone(), root.revokes(&[], 2027)]);
    assert_eq!(answer(&good, &whole), Ok(()));
    assert_eq!(answer(&good, &rosa), Err(Unfit::Untrusted), "without the authority in between");
    let fallen = trusting(&[of_between.clone(), root.revokes(&[2], 2027)]);
    assert_eq!(answer(&fallen, &whole), Err(Unfit::Revoked));
    let half = trusting(&[of_between]);
    assert_eq!(answer(&half, &whole), Err(Unfit::RevocationUnknown), "the root says nothing of the one in between");
}

#[test]
fn pem_der_and_pkcs7_are_the_same_certificate() {
    if !openssl_is_there() {
        return;
    }
    let World { authority, trust, .. } = World::new();
    let rosa = authority.certify(&Like::rsa(ROSA)).certificate;
    let scratch = Scratch::new("smime-forms");
    let dir = &scratch.0;
    put(dir, "rosa.pem", rosa.as_bytes());
    put(dir, "authority.pem", authority.pem.as_bytes());
    let der = openssl(dir, &["x509", "-in", "rosa.pem", "-outform", "DER"]).unwrap();
    // The authority first: the certificate for the mailbox is found wherever it stands.
    let pkcs7 = ["crl2pkcs7", "-nocrl", "-certfile", "authority.pem", "-certfile", "rosa.pem"];
    let pem_bundle = openssl(dir, &pkcs7).unwrap();
    let der_bundle = openssl(dir, &[&pkcs7[..], &["-outform", "DER"]].concat()).unwrap();
    let of = |bytes: &[u8]| trust.examine(&Bundle::read(bytes).unwrap(), ROSA, now()).unwrap();
    let pem = of(rosa.as_bytes());
    assert_eq!(pem.fit(), Ok(()));
    for other in [der, pem_bundle, der_bundle] {
        assert_eq!(of(&other), pem);
        let kept = Bundle::read(&other).unwrap().to_pem(ROSA).unwrap();
        assert_eq!(of(&kept), pem, "kept as PEM it is the same");
    }
}

#[tokio::test]
async fn without_a_fit_certificate_of_this_very_reader_nothing_is_handed_over() {
    let world = World::new();
    let (server, smarthost, _scratch) = server("smime-refuses", Some(world.signer(Cipher::Aes256Gcm))).await;
    let none = Sent::Unpermitted(Unpermitted::NoCertificate);
    let (recorded, outbound) = permitted(&Wish::smime(ROSA)).await;
    assert_eq!(smarthost.send(recorded, outbound, now()).await, none, "none came along");

    let luis = world.authority.certify(&Like::rsa("luis@example.org"));
    let luis = world.trust.recipient(&bundle(&luis.certificate), "luis@example.org", now()).unwrap();
    let (recorded, mut outbound) = permitted(&Wish::smime(ROSA)).await;
    outbound.recipient = Some(luis);
    assert_eq!(smarthost.send(recorded, outbound, now()).await, none, "somebody else's came along");
    assert_eq!(server.lines(), Vec::<String>::new(), "the server never heard of it");
}

#[tokio::test]
async fn a_provider_without_a_certificate_of_its_own_never_sends_such_a_mail_in_another_way() {
    let world = World::new();
    let rosa = world.authority.certify(&Like::rsa(ROSA));
    let (server, smarthost, _scratch) = server("smime-no-signer", None).await;
    let (recorded, mut outbound) = permitted(&Wish::smime(ROSA)).await;
    outbound.recipient = Some(world.recipient(&rosa));
    let sent = smarthost.send(recorded, outbound, now()).await;
    assert!(matches!(&sent, Sent::BelowFloor { code, .. } if code == "smime-not-set-up"), "{sent:?}");
    assert_eq!(server.lines(), Vec::<String>::new());
}

#[tokio::test]
async fn when_our_own_certificate_has_expired_nothing_goes() {
    let world = World::new();
    let own = world.authority.certify(&Like { years: (2020, 2021), ..Like::curve(CLINIC) });
    let rosa = world.authority.certify(&Like::rsa(ROSA));
    let expired = Arc::new(signer(&own, CLINIC, Cipher::Aes256Gcm).unwrap());
    let (server, smarthost, _scratch) = server("smime-own-expired", Some(expired)).await;
    let (recorded, mut outbound) = permitted(&Wish::smime(ROSA)).await;
    outbound.recipient = Some(world.recipient(&rosa));
    let sent = smarthost.send(recorded, outbound, now()).await;
    assert!(matches!(&sent, Sent::TemporaryFailure { code } if code == "smime-own-certificate"), "{sent:?}");
    assert_eq!(server.lines(), Vec::<String>::new());
}

#[test]
fn what_the_practice_signs_with_must_be_its_own_and_for_mail() {
    let World { authority, own, .. } = World::new();
    let of = |mailbox: &Mailbox, address| signer(mailbox, address, Cipher::Aes256Gcm).map(|_| ()).unwrap_err();
    let other = authority.certify(&Like::curve(CLINIC));
    assert_eq!(of(&Mailbox { key: other.key, ..own.clone() }, CLINIC), SignerError::Mismatch);
    assert_eq!(of(&own, "someone@sunrise.example"), SignerError::OtherAddress);
    assert_eq!(of(&Mailbox { key: "no key".to_owned(), ..own.clone() }, CLINIC), SignerError::Key);
    assert_eq!(of(&Mailbox { certificate: String::new(), ..own }, CLINIC), SignerError::Certificate);
    let usages = vec![KeyUsagePurpose::KeyAgreement];
    let sealing = authority.certify(&Like { usages, ..Like::curve(CLINIC) });
    assert_eq!(of(&sealing, CLINIC), SignerError::NotForSigning);
}

#[test]
fn nothing_printable_says_who_it_is_for() {
    let world = World::new();
    let rosa = world.authority.certify(&Like::rsa(ROSA));
    let recipient = world.recipient(&rosa);
    let printed = format!("{recipient:?} {:?} {:?}", world.trust, bundle(&rosa.certificate));
    assert!(!printed.contains("rosa") && !printed.contains("example.org"), "{printed}");
}
