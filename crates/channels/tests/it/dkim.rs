//! Our DKIM signatures before two verifiers nobody here wrote: opendkim, and dkimpy.

use crate::support::missing_peer;
use crate::support::scratch::Scratch;
use jiff::Timestamp;
use postern_base::{Language, Secret};
use postern_channels::email::Dkim;
use postern_channels::email::message::{Mail, compose};
use std::path::{Path, PathBuf};
use std::process::Command;

const DOMAIN: &str = "sunrise.example";

/// A signer with a new key of this kind, made by OpenSSL.
pub(crate) fn signer(dir: &Path, domain: &str, kind: &[&str]) -> Dkim {
    let made =
        Command::new("openssl").args([&["genpkey", "-out", "dkim.key"], kind].concat()).current_dir(dir).output();
    assert!(made.unwrap().status.success());
    let key = std::fs::read(dir.join("dkim.key")).unwrap();
    Dkim::new(domain, "s1", &Secret::new(key)).unwrap()
}

/// Both verifiers go by the machine's clock and refuse what is signed in its future.
fn now() -> Timestamp {
    "2026-01-15T12:00:00Z".parse().unwrap()
}

pub(crate) const RSA: &[&str] = &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
const ED25519: &[&str] = &["-algorithm", "ED25519"];

fn mail(text: &str, html: bool) -> Vec<u8> {
    let mail = Mail {
        from_name: "Sunrise Health",
        from: "messages@sunrise.example",
        to: "rosa@example.org",
        reply_to: None,
        unsubscribe: None,
        subject: Some("Tiene un mensaje, señora"),
        text,
        language: Language::Es,
        html,
        envelope: None,
        now: now(),
        id: "0199-abc",
    };
    compose(&mail).unwrap()
}

/// Texts that break a signature when something is canonical in another way: spaces at the ends of lines, empty lines at the end, a
/// last line of spaces alone, dots, long lines, another alphabet's bytes.
fn texts() -> Vec<String> {
    let long = "x ".repeat(900);
    let texts =
        ["Hola.\n", "a \t \n b\t\n\n\n", "the last line is spaces\n   \t ", ".\n..\n. .", "ñ€漢\n", &long, "no end"];
    texts.map(str::to_owned).to_vec()
}

/// What opendkim says, with the key from a file instead of from DNS.
fn opendkim(dir: &Path, dkim: &Dkim, mail: &[u8]) -> bool {
    let (name, text) = dkim.record();
    std::fs::write(dir.join("keys"), format!("{name} {text}\n")).unwrap();
    std::fs::write(dir.join("mail"), mail).unwrap();
    let keys = dir.join("keys");
    let config = format!(
        "TestPublicKeys {}\nOn-BadSignature reject\nOn-NoSignature reject\nOn-KeyNotFound reject\n",
        keys.display()
    );
    std::fs::write(dir.join("opendkim.conf"), config).unwrap();
    let told = Command::new("/usr/sbin/opendkim").args(["-x", "opendkim.conf", "-t", "mail"]).current_dir(dir).output();
    let told = told.unwrap();
    let words = String::from_utf8_lossy(&[told.stdout, told.stderr].concat()).into_owned();
    words.contains("verification (s=s1, d=sunrise.example") && words.contains("succeeded")
}

/// What dkimpy says, with the key handed to it.
fn dkimpy(python: &Path, dir: &Path, dkim: &Dkim, mail: &[u8]) -> bool {
    let (name, text) = dkim.record();
    std::fs::write(dir.join("mail"), mail).unwrap();
    let script = "import sys, dkim\nname, text = sys.argv[1:]\nasked = []\n\
        def dns(what, timeout=5):\n    asked.append(what.decode())\n    return text.encode()\n\
        good = dkim.verify(open('mail', 'rb').read(), dnsfunc=dns)\n\
        print(good and asked == [name + '.'])";
    let told = Command::new(python).args(["-c", script, &name, &text]).current_dir(dir).output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    String::from_utf8_lossy(&told.stdout).trim() == "True"
}

fn python() -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers/venv/bin/python");
    let there =
        Command::new(&python).args(["-c", "import dkim, nacl"]).output().is_ok_and(|done| done.status.success());
    if !there {
        missing_peer("dkimpy");
    }
    there.then_some(python)
}

#[test]
fn opendkim_verifies_what_we_signed_and_nothing_that_was_changed_since() {
    if !Path::new("/usr/sbin/opendkim").exists() {
        missing_peer("opendkim");
        return;
    }
    let scratch = Scratch::new("opendkim");
    let dkim = signer(&scratch.0, DOMAIN, RSA);
    for text in texts() {
        let signed = dkim.sign(&mail(&text, true), now()).unwrap();
        assert!(opendkim(&scratch.0, &dkim, &signed), "{text:?}");
    }
    for (changed, what) in changes(&dkim.sign(&mail("Hola.\n", false), now()).unwrap()) {
        assert!(!opendkim(&scratch.0, &dkim, &changed), "{what}");
    }
}

#[test]
fn dkimpy_verifies_what_we_signed_and_nothing_that_was_changed_since() {
    let Some(python) = python() else { return };
    let scratch = Scratch::new("dkimpy");
    for kind in [RSA, ED25519] {
        let dkim = signer(&scratch.0, DOMAIN, kind);
        for text in texts() {
            let signed = dkim.sign(&mail(&text, true), now()).unwrap();
            assert!(dkimpy(&python, &scratch.0, &dkim, &signed), "{text:?}");
        }
        for (changed, what) in changes(&dkim.sign(&mail("Hola.\n", false), now()).unwrap()) {
            assert!(!dkimpy(&python, &scratch.0, &dkim, &changed), "{what}");
        }
    }
}

/// The mail with something changed on the way, or put in front of it.
fn changes(signed: &[u8]) -> Vec<(Vec<u8>, &'static str)> {
    let text = String::from_utf8(signed.to_vec()).unwrap();
    let put = |what: &str| format!("{what}\r\n{text}").into_bytes();
    let put_in_front = [
        "Subject: Your account",
        "From: somebody@sunrise.example",
        "Sender: somebody@sunrise.example",
        "To: luis@example.org",
        "Cc: luis@example.org",
        "Reply-To: luis@example.org",
        "Date: Tue, 1 Dec 2026 15:00:00 +0000",
        "Message-ID: <2@sunrise.example>",
        "Auto-Submitted: no",
        "Content-Language: es",
        "MIME-Version: 1.0",
        "Content-Type: text/html",
        "Content-Transfer-Encoding: base64",
        "Content-Disposition: attachment",
        "List-Unsubscribe: <https://luis.example/>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    ];
    let mut changed = vec![
        (text.replace("Hola.", "Hola!").into_bytes(), "a letter of the body"),
        (text.replace("rosa@example.org", "luis@example.org").into_bytes(), "the recipient"),
    ];
    changed.extend(put_in_front.map(|field| (put(field), field)));
    changed
}
