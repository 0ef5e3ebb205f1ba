//! What an eavesdropper sees of a letter that may not travel in the clear: captured by tcpdump, beside a letter that does.

use crate::support::capture::Capture;
use crate::support::internet::{FAILING, Internet, SCRIPTED, ip};
use crate::support::permits::{Wish, now, permitted};
use crate::support::proxy::without_starttls_at;
use crate::support::scratch::Scratch;
use postern_channels::{Provider as _, Sent};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A letter to nobody else, in words nobody else says.
fn letter(domain: &str, notice: bool) -> Wish {
    let to = format!("xochitl.zx81@{domain}");
    in_words_of_its_own(if notice { Wish::notice(&to) } else { Wish::enforced(&to) })
}

fn in_words_of_its_own(wish: Wish) -> Wish {
    Wish { body: "Your quetzalcoatlus panel came back at 8.2 percent.\n".into(), ..wish }
}

const WORDS: [&str; 6] = ["xochitl", "zx81", "quetzalcoatlus", "8.2 percent", "Tiene un mensaje", "Message-ID"];

#[tokio::test]
async fn not_a_byte_of_a_letter_travels_in_the_clear_whatever_the_server_turns_out_to_be() {
    let Some(internet) = Internet::shared() else { return };
    let scratch = Scratch::new("clear");
    let Some(capture) = Capture::start(&scratch.0, internet.port) else { return };
    let stripped = SocketAddr::new(ip(SCRIPTED), internet.port);
    without_starttls_at(stripped, SocketAddr::new(ip(2), internet.port)).await;
    let direct = internet.direct(now());
    let send = async |domain: &str, notice: bool| {
        let (recorded, outbound) = permitted(&letter(domain, notice)).await;
        direct.send(recorded, outbound, now()).await
    };

    // No STARTTLS, another name, nobody's word for it, STARTTLS stripped on the way: where TLS is enforced, and where it is not.
    for (name, code) in FAILING.iter().zip([
        "starttls-not-supported",
        "certificate-host-mismatch",
        "certificate-not-trusted",
        "starttls-not-supported",
    ]) {
        let (domain, peer) = (format!("{}.test", name.0), Some(name.1.to_owned()));
        let below = Sent::BelowFloor { found: None, code: code.to_owned(), peer };
        assert_eq!(send(&domain, false).await, below, "{domain}");
        assert_eq!(send(&domain, true).await, below, "{domain}");
    }
    // The wrong TLSA record, one whose authority signed nothing here, and a server that the domain's policy does not name.
    for domain in ["danebad.test", "danechain.test", "stsbad.test", "plain.test", "wrong.test", "self.test"] {
        for notice in [false, true] {
            assert!(matches!(send(domain, notice).await, Sent::BelowFloor { .. }), "{domain}");
        }
    }
    // DNS that does not hold: of the server's records, and of the server itself.
    for domain in ["forged.test", "forgedmx.test"] {
        assert!(matches!(send(domain, false).await, Sent::TemporaryFailure { .. }), "{domain}");
    }
    // A policy in testing enforces nothing (RFC 8461 section 5): no body, and a notice over a session that is verified all the same.
    assert!(matches!(send("ststesting.test", false).await, Sent::BelowFloor { .. }));
    assert!(matches!(send("ststesting.test", true).await, Sent::Delivered(_)));
    // And where it does travel.
    assert!(matches!(send("dane.test", false).await, Sent::Delivered(_)));

    // What is sent in the clear is captured: our greeting was, and so is a letter by somebody who does not mind.
    careless(SocketAddr::new(ip(3), internet.port)).await;
    capture.sees("the last word").await;
    assert!(capture.times("EHLO postern.sunrise.example") > 10);
    assert!(capture.times("STARTTLS") > 5);
    assert_eq!(capture.times("careless.reader@plain.test"), 1);
    for words in WORDS {
        assert_eq!(capture.times(words), 0, "{words} travelled in the clear");
    }

    // Not one of them is beyond what is seen here: who asked to get the same letter in plain is sent every one of them.
    let plain = in_words_of_its_own(Wish::plain("xochitl.zx81@plain.test"));
    let (recorded, outbound) = permitted(&plain).await;
    assert!(matches!(direct.send(recorded, outbound, now()).await, Sent::Delivered(_)));
    for words in WORDS {
        capture.sees(words).await;
    }
    capture.missed_nothing();
}

/// A client that sends a letter without TLS.
async fn careless(server: SocketAddr) {
    let mut stream = TcpStream::connect(server).await.unwrap();
    let mut heard = [0; 1024];
    for line in [
        "EHLO careless.test",
        "MAIL FROM:<a@careless.test>",
        "RCPT TO:<careless.reader@plain.test>",
        "DATA",
        "the last word\r\n.",
    ] {
        assert!(stream.read(&mut heard).await.unwrap() > 0);
        stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
    }
}
