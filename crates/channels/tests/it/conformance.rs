//! Every provider under the kit.

use crate::support::Still;
use crate::support::internet::{Internet, SCRIPTED, ip};
use crate::support::permits::{Wish, now, permitted};
use crate::support::scratch::Scratch;
use crate::support::scripted::{Answer, Script, Scripted};
use crate::support::simulated::{Simulated, line};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use postern_base::{Phi, Secret};
use postern_channels::conformance::{Breach, Permitted, Subject, Told, check};
use postern_channels::email::{Credentials, Roots, Smarthost, SmarthostConfig, TlsStart};
use postern_channels::simulator::Callback;
use postern_channels::{
    Health, Outbound, Portal, Profile, Provider, ProviderRef, RawRequest, Receipt, ReceiptState, ReceiveError,
    Received, Sent, webhook,
};
use postern_gate::Permit;
use postern_ledger::Recorded;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

fn none() -> Vec<Breach> {
    Vec::new()
}

/// A simulator of either kind.
struct SimulatorSubject {
    simulated: Simulated,
    wish: Wish,
    above: Option<Wish>,
    provider: Arc<dyn Provider>,
}

#[async_trait]
impl Subject for SimulatorSubject {
    fn provider(&self) -> Arc<dyn Provider> {
        Arc::clone(&self.provider)
    }
    fn now(&self) -> Timestamp {
        now()
    }
    async fn permitted(&self) -> Permitted {
        permitted(&self.wish).await
    }
    async fn permitted_elsewhere(&self) -> Permitted {
        permitted(&Wish { vendor: "otherco".to_owned(), ..self.wish.clone() }).await
    }
    async fn permitted_above_floor(&self) -> Option<Permitted> {
        match &self.above {
            Some(wish) => Some(permitted(wish).await),
            None => None,
        }
    }
    async fn taken(&self) -> u64 {
        self.simulated.inbox.taken()
    }
    async fn requests(&self) -> Vec<(RawRequest, Told)> {
        let mut requests = Vec::new();
        for (to, state) in [(self.wish.to.as_str(), ReceiptState::Delivered)] {
            let (recorded, outbound) = permitted(&Wish { to: to.to_owned(), ..self.wish.clone() }).await;
            let reference = postern_channels::reference_for(recorded.permit().binding().delivery);
            self.provider.send(recorded, outbound, now()).await;
            self.simulated.inbox.tick(now() + SignedDuration::from_secs(1)).await;
            let mut callbacks = self.simulated.callbacks.lock().await;
            while let Ok(Callback { request, .. }) = callbacks.try_recv() {
                let told = Told::Receipt { reference: reference.clone(), state };
                let heard = self.provider.receive(&request).unwrap();
                if format!("{heard:?}").contains(&reference.0) {
                    requests.push((request, told));
                }
            }
        }
        self.simulated.reply(&self.wish, "STOP", now()).await;
        let request = self.simulated.callbacks.lock().await.recv().await.unwrap().request;
        let told = Told::Message { from: Phi::new(self.wish.to.clone()), text: Phi::new("STOP".to_owned()) };
        requests.push((request, told));
        requests
    }
    fn unreadable(&self) -> Option<RawRequest> {
        let secret = &line(&self.wish).secret;
        let body = br#"{"type":"advert"}"#;
        Some(RawRequest {
            url: String::new(),
            headers: webhook::sign(secret, "evt_1", now(), body),
            body: Phi::new(body.to_vec()),
            at: now(),
        })
    }
    fn never_printed(&self) -> Vec<String> {
        let secret = line(&self.wish).secret;
        vec![self.wish.to.clone(), self.wish.body.clone(), String::from_utf8(secret.reveal().clone()).unwrap()]
    }
}

#[tokio::test]
async fn the_text_message_simulator_conforms() {
    let wish = Wish::text("+12125550142");
    let simulated = Simulated::new(&wish);
    let provider: Arc<dyn Provider> = simulated.sms.clone();
    let above = Some(Wish::text("+15555559050"));
    assert_eq!(check(&SimulatorSubject { simulated, wish, above, provider }).await, none());
}

#[tokio::test]
async fn the_mail_simulator_conforms() {
    let wish = Wish::enforced("rosa@patients.example");
    let simulated = Simulated::new(&wish);
    let provider: Arc<dyn Provider> = simulated.email.clone();
    let above = Some(Wish::enforced("rosa@no-tls.example"));
    assert_eq!(check(&SimulatorSubject { simulated, wish, above, provider }).await, none());
}

/// The portal has no peer: what it takes is what it answers as delivered.
#[derive(Debug, Default)]
struct CountedPortal {
    portal: Portal,
    delivered: AtomicU64,
}

#[async_trait]
impl Provider for CountedPortal {
    fn profile(&self) -> &Profile {
        self.portal.profile()
    }
    async fn send(&self, recorded: Recorded<Permit>, outbound: Outbound, now: Timestamp) -> Sent {
        let sent = self.portal.send(recorded, outbound, now).await;
        self.delivered.fetch_add(u64::from(matches!(sent, Sent::Delivered(_))), Ordering::Relaxed);
        sent
    }
    fn receive(&self, request: &RawRequest) -> Result<Vec<Received>, ReceiveError> {
        self.portal.receive(request)
    }
    async fn status(&self, reference: &ProviderRef) -> Option<Receipt> {
        self.portal.status(reference).await
    }
    async fn probe(&self) -> Health {
        self.portal.probe().await
    }
}

#[derive(Default)]
struct PortalSubject {
    portal: Arc<CountedPortal>,
}

#[async_trait]
impl Subject for PortalSubject {
    fn provider(&self) -> Arc<dyn Provider> {
        self.portal.clone()
    }
    fn now(&self) -> Timestamp {
        now()
    }
    async fn permitted(&self) -> Permitted {
        permitted(&Wish::portal()).await
    }
    async fn permitted_elsewhere(&self) -> Permitted {
        permitted(&Wish::text("+12125550142")).await
    }
    async fn permitted_above_floor(&self) -> Option<Permitted> {
        None
    }
    async fn taken(&self) -> u64 {
        self.portal.delivered.load(Ordering::Relaxed)
    }
    async fn requests(&self) -> Vec<(RawRequest, Told)> {
        Vec::new()
    }
    fn unreadable(&self) -> Option<RawRequest> {
        None
    }
    fn never_printed(&self) -> Vec<String> {
        vec![Wish::portal().body]
    }
}

#[tokio::test]
async fn the_portal_conforms() {
    assert_eq!(check(&PortalSubject::default()).await, none());
}

/// A provider of e-mail that hands over to a scripted server.
struct MailSubject {
    server: Scripted,
    provider: Arc<dyn Provider>,
    to: String,
    /// Its password, where it has one.
    password: Option<&'static str>,
}

#[async_trait]
impl Subject for MailSubject {
    fn provider(&self) -> Arc<dyn Provider> {
        self.provider.clone()
    }
    fn now(&self) -> Timestamp {
        now()
    }
    async fn permitted(&self) -> Permitted {
        permitted(&Wish::notice(&self.to)).await
    }
    async fn permitted_elsewhere(&self) -> Permitted {
        permitted(&Wish { vendor: "otherco".to_owned(), ..Wish::notice(&self.to) }).await
    }
    async fn permitted_above_floor(&self) -> Option<Permitted> {
        Some(permitted(&Wish::enforced(&self.to)).await)
    }
    async fn taken(&self) -> u64 {
        u64::try_from(self.server.count("Message-ID")).unwrap()
    }
    async fn requests(&self) -> Vec<(RawRequest, Told)> {
        Vec::new()
    }
    fn unreadable(&self) -> Option<RawRequest> {
        None
    }
    fn never_printed(&self) -> Vec<String> {
        let password = self.password.map(str::to_owned);
        ["rosa@".to_owned(), Wish::notice("").body].into_iter().chain(password).collect()
    }
}

const PASSWORD: &str = "s3cr3t-w0rd";

#[tokio::test]
async fn the_smarthost_conforms() {
    let scratch = Scratch::new("conforms");
    let dot = Answer::Say("250 2.0.0 <rosa@patients.example> queued as Q7");
    let server = Scripted::start(Script { dot, ..Script::default() }, &scratch.0).await;
    let config = SmarthostConfig {
        vendor: "mailco".to_owned(),
        service: "submission".to_owned(),
        host: "smarthost.test".to_owned(),
        port: server.address.port(),
        addresses: vec![server.address],
        tls: TlsStart::StartTls,
        roots: Roots::File(server.roots.clone()),
        credentials: Some(Credentials { user: "clinic".to_owned(), password: Secret::new(PASSWORD.to_owned()) }),
        from: "messages@sunrise.example".to_owned(),
        helo: "postern.sunrise.example".to_owned(),
        html: false,
        signer: None,
        dkim: Vec::new(),
        enforces: None,
        reply_time: Duration::from_secs(20),
        final_reply_time: Duration::from_secs(20),
        sessions: 20,
    };
    let provider = Arc::new(Smarthost::new(config, Arc::new(Still(now()))).unwrap());
    let to = "rosa@patients.example".to_owned();
    assert_eq!(check(&MailSubject { server, provider, to, password: Some(PASSWORD) }).await, none());
}

#[tokio::test]
async fn direct_delivery_conforms() {
    let Some(internet) = Internet::shared() else { return };
    let number = SCRIPTED + 7;
    let dot = Answer::Say("250 2.0.0 <rosa@patients.example> queued as Q7");
    let identity = internet.authority.identity(&format!("mx.scripted{number}.test"));
    let address = SocketAddr::new(ip(number), internet.port);
    let server = Scripted::start_at(address, Script { dot, ..Script::default() }, &identity).await;
    let provider = Arc::new(internet.direct(now()));
    let to = format!("rosa@scripted{number}.test");
    assert_eq!(check(&MailSubject { server, provider, to, password: None }).await, none());
}
