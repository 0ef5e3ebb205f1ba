//! The listener for mail that comes back, over its socket: who may come in and how much is kept are what it was set up with.

use async_trait::async_trait;
use postern_base::{DeliveryId, Secret, SystemClock};
use postern_channels::email::back::{ReturnAddresses, Way};
use postern_channels::email::inbound::{Amount, InboundMail, Limits, Listener, ListenerConfig, MailSink, NotTaken};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Keeps what comes.
#[derive(Debug, Default)]
struct Shelf(Mutex<Vec<InboundMail>>);

#[async_trait]
impl MailSink for Shelf {
    async fn take(&self, mail: InboundMail) -> Result<(), NotTaken> {
        self.0.lock().unwrap().push(mail);
        Ok(())
    }
}

/// A listener that is open until this is dropped.
struct Open {
    at: SocketAddr,
    shelf: Arc<Shelf>,
    addresses: ReturnAddresses,
    _stop: watch::Sender<bool>,
}

async fn open(config: ListenerConfig) -> Open {
    let addresses = ReturnAddresses::new("back.example", &Secret::new([7; 32])).unwrap();
    let (socket, shelf) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), Arc::new(Shelf::default()));
    let at = socket.local_addr().unwrap();
    let sink = Arc::clone(&shelf) as _;
    let listener = Listener::new(config, addresses.clone(), sink, Arc::new(SystemClock)).unwrap();
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(Arc::new(listener).serve(socket, stopped));
    Open { at, shelf, addresses, _stop: stop }
}

/// Somebody who brings mail.
struct Bringer(BufReader<TcpStream>);

impl Bringer {
    /// Who comes in, and the greeting.
    async fn to(at: SocketAddr) -> (Self, String) {
        let mut bringer = Self(BufReader::new(TcpStream::connect(at).await.unwrap()));
        let greeting = bringer.answer().await;
        (bringer, greeting)
    }

    async fn answer(&mut self) -> String {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).await.unwrap();
            if line.as_bytes().get(3) != Some(&b'-') {
                return line;
            }
        }
    }

    async fn says(&mut self, words: &str) -> String {
        self.0.get_mut().write_all(format!("{words}\r\n").as_bytes()).await.unwrap();
        self.answer().await
    }

    /// Brings a mail; the last answer.
    async fn brings(&mut self, from: &str, to: &str, mail: &str) -> String {
        self.says("EHLO bringer.example").await;
        for command in [format!("MAIL FROM:<{from}>"), format!("RCPT TO:<{to}>")] {
            let answer = self.says(&command).await;
            assert!(answer.starts_with("250"), "{command}: {answer}");
        }
        let go = self.says("DATA").await;
        if go.starts_with("354") { self.says(&format!("{mail}\r\n.")).await } else { go }
    }
}

fn said(words: &str) -> String {
    format!("From: rosa@example.org\r\nSubject: Re: Your visit\r\n\r\n{words}")
}

const BOUNCE: &str = "From: MAILER-DAEMON@mx.example\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
    --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
    Final-Recipient: rfc822; rosa@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--";

#[tokio::test]
async fn a_network_has_as_many_sessions_at_once_and_as_many_a_minute_as_were_set() {
    let open = self::open(ListenerConfig {
        connections_per_network: 1,
        connections_per_minute: 3,
        ..ListenerConfig::default()
    })
    .await;
    let (first, greeting) = Bringer::to(open.at).await;
    assert!(greeting.starts_with("220"), "{greeting}");
    assert!(Bringer::to(open.at).await.1.starts_with("421"), "one at once");
    drop(first);
    let mut let_in = 1;
    for _ in 0..100 {
        let (mut bringer, greeting) = Bringer::to(open.at).await;
        if greeting.starts_with("220") {
            let_in += 1;
            bringer.says("QUIT").await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(let_in, 3, "a minute's measure");
}

#[tokio::test]
async fn of_mail_that_nobody_asked_for_as_much_is_kept_in_a_day_as_was_set() {
    for (kept, network) in [(2, 9), (9, 2)] {
        let amount = |mails| Amount { mails, bytes: 1 << 20 };
        let limits = Limits { all: amount(kept), network: amount(network), ..Limits::default() };
        let open = self::open(ListenerConfig { kept: limits, ..ListenerConfig::default() }).await;
        let (mut bringer, _) = Bringer::to(open.at).await;
        let mut answers = Vec::new();
        for n in 0..4 {
            answers
                .push(bringer.brings("who@example.net", "postmaster@back.example", &said(&format!("Mail {n}."))).await);
        }
        let taken: Vec<&str> = answers.iter().map(|answer| answer.get(..3).unwrap()).collect();
        assert_eq!(taken, ["250", "250", "452", "452"], "{answers:?}");
        assert_eq!(open.shelf.0.lock().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn past_the_days_answers_to_a_mail_of_ours_a_stop_and_a_bounce_are_heard_and_other_words_are_not() {
    let answers = Amount { mails: 2, bytes: 1 << 20 };
    let limits = Limits { answers, ..Limits::default() };
    let open = self::open(ListenerConfig { kept: limits, ..ListenerConfig::default() }).await;
    let of = |n: u128| DeliveryId(uuid::Uuid::from_u128(n));
    let reply = open.addresses.address(Way::Reply, of(1));
    let (mut bringer, _) = Bringer::to(open.at).await;
    for (words, code) in
        [("Thank you.", "250"), ("See you on Monday.", "250"), ("And once more.", "452"), ("STOP", "250")]
    {
        let answer = bringer.brings("rosa@example.org", &reply, &said(words)).await;
        assert!(answer.starts_with(code), "{words}: {answer}");
    }
    let bounces = open.addresses.address(Way::Bounce, of(1));
    for code in ["250", "250", "452"] {
        let answer = bringer.brings("", &bounces, BOUNCE).await;
        assert!(answer.starts_with(code), "as many bounces again, and no more: {answer}");
    }
    let other = open.addresses.address(Way::Reply, of(2));
    let answer = bringer.brings("rosa@example.org", &other, &said("Thank you.")).await;
    assert!(answer.starts_with("250"), "another mail of ours has its own measure: {answer}");
    assert_eq!(open.shelf.0.lock().unwrap().len(), 6);
}
