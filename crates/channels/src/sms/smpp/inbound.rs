//! What a centre delivers to us: receipts, and messages of patients, whose parts are put together. The centre hears that we have
//! it once it is kept, and no sooner: what is lost before that it delivers again, and then it has the same name.

use super::pdu::{self, Address, Deliver, Part, Pdu};
use super::receipt;
use crate::provider::{InboundMessage, ProviderRef, Received, Told};
use crate::sms::text;
use aws_lc_rs::digest;
use jiff::Timestamp;
use postern_base::rng::NoEntropy;
use postern_base::{Channel, Clock, Phi, Rng};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// house: how long a message waits for its other parts before it is read as it is.
const PARTS_TIME: Duration = Duration::from_secs(120);
/// house: how many messages wait for parts, and how many are remembered until they are answered, at most.
const MOST: usize = 10_000;

/// What an answer is to, and what it says: the name of the PDU, its sequence number, the status.
pub(super) type Answered = (u32, u32, u32);

/// The SHA-256 of what was delivered: only ever compared, in memory.
type Digest = [u8; 32];

/// What is kept of deliveries, over all sessions of an account.
pub(super) struct Inbound {
    vendor: String,
    service: String,
    told: mpsc::Sender<Told>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    answers: mpsc::UnboundedSender<(u64, Digest, Answered)>,
    answered: mpsc::UnboundedReceiver<(u64, Digest, Answered)>,
    /// Answers of an earlier session are not for this one.
    session: u64,
    unanswered: HashMap<Digest, Whole>,
    parts: HashMap<(String, String, u16), Parts>,
}

/// A message with nothing missing.
#[derive(Clone)]
struct Whole {
    name: String,
    from: Address,
    to: Address,
    text: String,
}

struct Parts {
    since: Instant,
    total: u8,
    texts: BTreeMap<u8, String>,
    from: Address,
    to: Address,
}

impl Inbound {
    /// What is delivered to the service `service` of `vendor` goes to `told`.
    pub(super) fn new(
        vendor: &str,
        service: &str,
        told: mpsc::Sender<Told>,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Self {
        let (answers, answered) = mpsc::unbounded_channel();
        Self {
            vendor: vendor.to_owned(),
            service: service.to_owned(),
            told,
            clock,
            rng,
            answers,
            answered,
            session: 0,
            unanswered: HashMap::new(),
            parts: HashMap::new(),
        }
    }

    /// A new session begins: the centre delivers again what was not answered in the one before.
    pub(super) fn begin(&mut self) {
        self.session = self.session.wrapping_add(1);
    }

    /// The next answer that may be given. Given up in between nothing is lost.
    pub(super) async fn kept(&mut self) -> Option<Answered> {
        loop {
            let (session, digest, answered) = self.answered.recv().await?;
            if session == self.session {
                if answered.2 == pdu::OK {
                    self.unanswered.remove(&digest);
                }
                return Some(answered);
            }
        }
    }

    /// Takes a delivery: the status to answer with now, or `None` when the answer comes by [`Inbound::kept`].
    pub(super) fn take(&mut self, pdu: &Pdu) -> Option<u32> {
        let Some(deliver) = Deliver::read(pdu) else {
            tracing::warn!(vendor = %self.vendor, "a delivery could not be read, and was left out");
            return Some(pdu::OK);
        };
        let now = self.clock.now();
        if deliver.is_receipt() {
            let Some(receipt) = receipt::read(&deliver, now) else {
                tracing::warn!(vendor = %self.vendor, "a receipt names no message, and was left out");
                return Some(pdu::OK);
            };
            return self.tell(pdu, [0; 32], Received::Receipt(receipt));
        }
        let digest = digest_of(pdu);
        let whole = match self.unanswered.get(&digest) {
            Some(known) => known.clone(),
            None => {
                let Ok(name) = self.name() else { return Some(pdu::TRY_LATER) };
                let Some((from, to, text)) = self.whole(deliver) else {
                    // The centre may wait for this answer before it delivers the next part.
                    return Some(pdu::OK);
                };
                let whole = Whole { name, from, to, text };
                if self.unanswered.len() >= MOST {
                    self.unanswered.clear();
                }
                self.unanswered.insert(digest, whole.clone());
                whole
            }
        };
        self.tell(pdu, digest, whole.message(now))
    }

    fn name(&self) -> Result<String, NoEntropy> {
        postern_base::id::new_v7(self.clock.now(), self.rng.as_ref()).map(|name| format!("mo-{name}"))
    }

    /// The message that `deliver` is, or ends; `None` while parts are missing.
    fn whole(&mut self, deliver: Deliver) -> Option<(Address, Address, String)> {
        let text = decoded(deliver.data_coding, &deliver.text);
        match deliver.part {
            None => Some((deliver.from, deliver.to, text)),
            Some(part) => self.part(deliver.from, deliver.to, part, text),
        }
    }

    /// Reads messages whose other parts never came as they are.
    pub(super) fn look(&mut self, now: Instant) {
        let over = self.parts.iter().filter(|(_, parts)| now.duration_since(parts.since) >= PARTS_TIME);
        let over: Vec<_> = over.map(|(key, _)| key.clone()).collect();
        for key in over {
            let Some(parts) = self.parts.remove(&key) else { continue };
            let Ok(name) = self.name() else { continue };
            let text = parts.texts.into_values().collect();
            let received = Whole { name, from: parts.from, to: parts.to, text }.message(self.clock.now());
            if self.told.try_send(Told::new(&self.vendor, &self.service, received, |_| {})).is_err() {
                tracing::error!(vendor = %self.vendor, "part of a patient's message could not be kept");
            }
        }
    }

    fn tell(&self, pdu: &Pdu, digest: Digest, received: Received) -> Option<u32> {
        let (answers, session, id, sequence) = (self.answers.clone(), self.session, pdu.id, pdu.sequence);
        let told = Told::new(&self.vendor, &self.service, received, move |kept| {
            let status = if kept { pdu::OK } else { pdu::TRY_LATER };
            // The session is over: the centre delivers it again in the next.
            answers.send((session, digest, (id, sequence, status))).ok();
        });
        // More than we can keep: later, please.
        self.told.try_send(told).is_err().then_some(pdu::TRY_LATER)
    }

    /// Puts a part to the others: the whole message once all are there.
    fn part(&mut self, from: Address, to: Address, part: Part, text: String) -> Option<(Address, Address, String)> {
        let key = (from.text.clone(), to.text.clone(), part.reference);
        if self.parts.len() >= MOST && !self.parts.contains_key(&key) {
            tracing::warn!(vendor = %self.vendor, "too many messages wait for parts: one is read by itself");
            return Some((from, to, text));
        }
        let fresh = || Parts { since: Instant::now(), total: part.total, texts: BTreeMap::new(), from, to };
        let parts = self.parts.entry(key.clone()).or_insert_with(fresh);
        parts.texts.insert(part.number, text);
        if parts.texts.len() < usize::from(parts.total) {
            return None;
        }
        let whole = self.parts.remove(&key)?;
        Some((whole.from, whole.to, whole.texts.into_values().collect()))
    }
}

impl Whole {
    fn message(self, at: Timestamp) -> Received {
        Received::Message(InboundMessage {
            reference: ProviderRef(self.name),
            channel: Channel::Sms,
            from: Phi::new(number(&self.from)),
            to: number(&self.to),
            text: Phi::new(self.text),
            at,
        })
    }
}

/// A number as we write it (E.164), where it is one: an international number (type 1), a national one of the North American plan
/// (type 2), or digits enough to be international.
fn number(address: &Address) -> String {
    let digits = address.text.bytes().all(|octet| octet.is_ascii_digit());
    match (address.ton, address.text.len()) {
        _ if !digits => address.text.clone(),
        (2, 10) => format!("+1{}", address.text),
        (1, _) | (_, 11..) => format!("+{}", address.text),
        _ => address.text.clone(),
    }
}

/// The text in the alphabet that `data_coding` names (SMPP v3.4 section 5.2.19): 16-bit units, Latin 1, or the GSM alphabet.
fn decoded(data_coding: u8, octets: &[u8]) -> String {
    match data_coding {
        1 | 3 => octets.iter().copied().map(char::from).collect(),
        coding if coding & 0xec == 0x08 => text::decode_ucs2(octets),
        _ => text::decode_gsm7(octets),
    }
}

fn digest_of(pdu: &Pdu) -> Digest {
    let mut found = [0; 32];
    let hash = digest::digest(&digest::SHA256, pdu.body.reveal());
    for (to, from) in found.iter_mut().zip(hash.as_ref()) {
        *to = *from;
    }
    found
}
