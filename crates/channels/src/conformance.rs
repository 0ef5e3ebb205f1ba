//! The conformance kit: what every provider must do, asked the same way of each.
//!
//! A provider's test describes it as a [`Subject`] (how to get a permit for it, how to count what its peer took, which signed
//! requests its vendor sends) and asserts that [`check`] finds no [`Breach`]. A new provider starts here.

use crate::provider::{
    Outbound, Provider, ProviderRef, RawRequest, ReceiptState, ReceiveError, Received, Sent, Unpermitted,
};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use postern_base::Phi;
use postern_gate::Permit;
use postern_ledger::Recorded;
use std::sync::Arc;

/// A recorded permit with the content it is for.
pub type Permitted = (Recorded<Permit>, Outbound);

/// A provider under test, with a peer that can be asked what it saw.
#[async_trait]
pub trait Subject: Send + Sync {
    /// The provider.
    fn provider(&self) -> Arc<dyn Provider>;

    /// The time of the test.
    fn now(&self) -> Timestamp;

    /// A permit that the provider can fulfil: its peer takes the message. A new one for each call.
    async fn permitted(&self) -> Permitted;

    /// A permit for the same channel through another vendor.
    async fn permitted_elsewhere(&self) -> Permitted;

    /// A permit whose floor this provider, or its peer, cannot hold; `None` when it holds every floor.
    async fn permitted_above_floor(&self) -> Option<Permitted>;

    /// How many messages the peer took so far.
    async fn taken(&self) -> u64;

    /// Requests as the vendor signs them, with what they say. Empty when the provider takes none.
    async fn requests(&self) -> Vec<(RawRequest, Told)>;

    /// Whether the vendor's signature speaks of a time. Where it does not, a request sent again has the same name, and is nothing new.
    fn signs_time(&self) -> bool {
        true
    }

    /// Whether the vendor's signature speaks of the body. Where it is a password, another body is as good as the right one.
    fn signs_body(&self) -> bool {
        true
    }

    /// A request that is signed as it should be and says nothing that can be understood; `None` when the provider takes none.
    fn unreadable(&self) -> Option<RawRequest>;

    /// Texts that must not turn up in anything printable: secrets, addresses, the message.
    fn never_printed(&self) -> Vec<String>;
}

/// What a request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Where a message of ours stands.
    Receipt {
        /// Which message.
        reference: ProviderRef,
        /// Where it stands.
        state: ReceiptState,
    },
    /// What a patient wrote.
    Message {
        /// From where.
        from: Phi<String>,
        /// What.
        text: Phi<String>,
    },
}

/// Something a provider does that no provider may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// What is asked of every provider.
    pub rule: &'static str,
    /// What was seen instead; no PHI.
    pub seen: String,
}

/// Asks everything of `subject` and gives every breach; none is the only good answer.
pub async fn check(subject: &dyn Subject) -> Vec<Breach> {
    let mut breaches = Vec::new();
    sends_only_what_is_permitted(subject, &mut breaches).await;
    sends_what_is_permitted_once(subject, &mut breaches).await;
    believes_only_signed_requests(subject, &mut breaches).await;
    breaches
}

fn expect(breaches: &mut Vec<Breach>, holds: bool, rule: &'static str, seen: impl FnOnce() -> String) {
    if !holds {
        breaches.push(Breach { rule, seen: seen() });
    }
}

async fn sends_only_what_is_permitted(subject: &dyn Subject, breaches: &mut Vec<Breach>) {
    let provider = subject.provider();
    let before = subject.taken().await;

    let (recorded, mut outbound) = subject.permitted().await;
    outbound.body = outbound.body.map(|body| body + " and more");
    let sent = provider.send(recorded, outbound, subject.now()).await;
    let right = sent == Sent::Unpermitted(Unpermitted::OtherContent);
    expect(breaches, right, "other content than the permitted is not sent", || format!("{sent:?}"));

    let (recorded, outbound) = subject.permitted().await;
    let over = recorded.permit().not_after().checked_add(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX);
    let sent = provider.send(recorded, outbound, over).await;
    let right = sent == Sent::Unpermitted(Unpermitted::Expired);
    expect(breaches, right, "nothing is sent on a permit whose time is over", || format!("{sent:?}"));

    let (recorded, outbound) = subject.permitted_elsewhere().await;
    let sent = provider.send(recorded, outbound, subject.now()).await;
    let right = sent == Sent::Unpermitted(Unpermitted::OtherVendor);
    expect(breaches, right, "nothing is sent on a permit for another vendor", || format!("{sent:?}"));

    if let Some((recorded, outbound)) = subject.permitted_above_floor().await {
        let floor = recorded.permit().floor();
        let sent = provider.send(recorded, outbound, subject.now()).await;
        let right = matches!(&sent, Sent::BelowFloor { found, .. } if found.is_none_or(|found| found < floor));
        expect(breaches, right, "a session below the permit's floor is answered, not used", || format!("{sent:?}"));
    }
    let taken = subject.taken().await;
    expect(breaches, taken == before, "what is refused does not reach the peer", || format!("{before}, then {taken}"));
}

async fn sends_what_is_permitted_once(subject: &dyn Subject, breaches: &mut Vec<Breach>) {
    let provider = subject.provider();
    let before = subject.taken().await;
    let (recorded, outbound) = subject.permitted().await;
    let sent = provider.send(recorded, outbound, subject.now()).await;
    let receipts = provider.profile().receipts;
    let right = if receipts { matches!(sent, Sent::Accepted(_)) } else { matches!(sent, Sent::Delivered(_)) };
    expect(breaches, right, "what is permitted is sent, and the answer fits the profile", || format!("{sent:?}"));
    let taken = subject.taken().await;
    let once = taken == before.saturating_add(1);
    expect(breaches, once, "the peer gets it exactly once", || format!("{before}, then {taken}"));

    let printed = format!("{provider:?} {sent:?} {:?} {:?}", provider.profile(), provider.probe().await);
    let leaked = subject.never_printed().iter().filter(|text| printed.contains(text.as_str())).count();
    expect(breaches, leaked == 0, "nothing printable holds a secret or PHI", || format!("{leaked} texts printed"));
}

async fn believes_only_signed_requests(subject: &dyn Subject, breaches: &mut Vec<Breach>) {
    let provider = subject.provider();
    let requests = subject.requests().await;
    if requests.is_empty() {
        let headers = Vec::new();
        let request = RawRequest { url: String::new(), headers, body: Phi::new(Vec::new()), at: subject.now() };
        let answer = provider.receive(&request).err();
        let right = answer == Some(ReceiveError::NotSupported);
        expect(breaches, right, "a provider without requests takes none", || format!("{answer:?}"));
    }
    for (request, told) in &requests {
        let first = provider.receive(request);
        let right = first.as_ref().is_ok_and(|received| received.iter().any(|one| says(one, told)));
        expect(breaches, right, "a signed request is understood", || format!("{first:?}"));
        let again = provider.receive(request);
        let same = match (&first, &again) {
            (Ok(first), Ok(again)) => names(first) == names(again),
            _ => false,
        };
        expect(breaches, same, "a request sent again has the same name", || format!("{again:?}"));
        for forged in forgeries(request, subject) {
            let answer = provider.receive(&forged).err();
            let right = answer == Some(ReceiveError::BadSignature);
            expect(breaches, right, "a forged request is refused before it is read", || format!("{answer:?}"));
        }
        let printed = format!("{request:?} {first:?}");
        let leaked = subject.never_printed().iter().filter(|text| printed.contains(text.as_str())).count();
        expect(breaches, leaked == 0, "nothing printable holds a secret or PHI", || format!("{leaked} texts printed"));
    }
    if let Some(request) = subject.unreadable() {
        let answer = provider.receive(&request).err();
        let right = answer == Some(ReceiveError::Unreadable);
        expect(breaches, right, "a signed request that says nothing is told apart", || format!("{answer:?}"));
    }
}

/// The same request without its headers, with each header changed that makes it believed, and, where its signature speaks of them, with
/// another body, with a body that is nothing, and far too late.
fn forgeries(request: &RawRequest, subject: &dyn Subject) -> Vec<RawRequest> {
    let with_body = |body: Vec<u8>| RawRequest { body: Phi::new(body), ..request.clone() };
    let mut all = vec![RawRequest { headers: Vec::new(), ..request.clone() }];
    if subject.signs_body() {
        let mut longer = request.body.reveal().clone();
        longer.push(b' ');
        all.extend([with_body(longer), with_body(b"{".to_vec())]);
    }
    if subject.signs_time() {
        let at = request.at.checked_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX);
        all.push(RawRequest { at, ..request.clone() });
    }
    let believed = |name: &str| name.contains("signature") || name == "authorization";
    for (index, _) in request.headers.iter().enumerate().filter(|(_, (name, _))| believed(name)) {
        let mut forged = request.clone();
        if let Some((_, value)) = forged.headers.get_mut(index) {
            *value = value.chars().rev().collect();
        }
        all.push(forged);
        // Nobody's credentials, and nothing that could be read: the refusal comes first.
        let nothing = |request: RawRequest| RawRequest { body: Phi::new(b"{".to_vec()), ..request };
        all.extend(all.last().cloned().map(nothing));
    }
    all
}

fn says(received: &Received, told: &Told) -> bool {
    match (received, told) {
        (Received::Receipt(receipt), Told::Receipt { reference, state }) => {
            receipt.reference == *reference && receipt.state == *state
        }
        (Received::Message(message), Told::Message { from, text }) => message.from == *from && message.text == *text,
        _ => false,
    }
}

fn names(received: &[Received]) -> Vec<&ProviderRef> {
    received
        .iter()
        .map(|one| match one {
            Received::Receipt(receipt) => &receipt.reference,
            Received::Message(message) => &message.reference,
        })
        .collect()
}
