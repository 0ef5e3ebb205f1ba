//! The PDUs of SMPP 3.4 that a text message needs (SMPP v3.4, issue 1.2). What a peer sends is read leniently: a parameter that is
//! not as it should be is left out, and only a length that makes no sense ends the session.

use postern_base::{Phi, Secret};

/// Names of PDUs (section 5.1.2.1); the answer to one has the highest bit set.
pub(crate) const GENERIC_NACK: u32 = 0x8000_0000;
pub(crate) const SUBMIT_SM: u32 = 0x0000_0004;
pub(crate) const DELIVER_SM: u32 = 0x0000_0005;
pub(crate) const UNBIND: u32 = 0x0000_0006;
pub(crate) const BIND_TRANSCEIVER: u32 = 0x0000_0009;
pub(crate) const ENQUIRE_LINK: u32 = 0x0000_0015;
pub(crate) const ALERT_NOTIFICATION: u32 = 0x0000_0102;
pub(crate) const DATA_SM: u32 = 0x0000_0103;
/// The bit that makes an answer of a PDU's name.
pub(crate) const ANSWER: u32 = 0x8000_0000;

/// Statuses (section 5.1.3).
pub(crate) const OK: u32 = 0x0000_0000;
pub(crate) const INVALID_COMMAND: u32 = 0x0000_0003;
pub(crate) const QUEUE_FULL: u32 = 0x0000_0014;
pub(crate) const THROTTLED: u32 = 0x0000_0058;
/// ESME receiver temporary application error: send it again later.
pub(crate) const TRY_LATER: u32 = 0x0000_0064;

const HEADER: usize = 16;
/// house: the longest PDU that is read. The longest of the specification is a little over 64 KiB, with a payload.
const LONGEST: usize = 0x1_1000;

/// Optional parameters (section 5.3.2).
const SAR_REFERENCE: u16 = 0x020c;
const SAR_TOTAL: u16 = 0x020e;
const SAR_NUMBER: u16 = 0x020f;
const MESSAGE_PAYLOAD: u16 = 0x0424;
const MESSAGE_STATE: u16 = 0x0427;
const RECEIPTED_MESSAGE_ID: u16 = 0x001e;

/// A short message has a user data header.
pub(crate) const HAS_HEADER: u8 = 0x40;
/// The bits of esm_class that say what kind of message it is (section 5.2.12), and the kind that is a receipt.
const KIND: u8 = 0x3c;
const RECEIPT: u8 = 0x04;

/// A PDU as it travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pdu {
    pub(crate) id: u32,
    pub(crate) status: u32,
    pub(crate) sequence: u32,
    pub(crate) body: Phi<Vec<u8>>,
}

/// The peer's bytes are no PDUs any more; there is no way to find the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken;

/// An address: its type of number, its numbering plan, its digits or letters (section 5.2.5 to 5.2.8).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Address {
    pub(crate) ton: u8,
    pub(crate) npi: u8,
    pub(crate) text: String,
}

/// Which part of a longer message a short message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Part {
    pub(crate) reference: u16,
    pub(crate) total: u8,
    pub(crate) number: u8,
}

/// How the parts of a long message are told apart on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Long {
    /// By a header in each part (3GPP TS 23.040 section 9.2.3.24.1): what every centre understands.
    #[default]
    Header,
    /// By parameters beside each part (SMPP v3.4 sections 5.3.2.22 to 24).
    Parameters,
}

/// A message to be submitted.
#[derive(Debug, Clone)]
pub(crate) struct Submit {
    pub(crate) from: Address,
    pub(crate) to: Phi<Address>,
    pub(crate) data_coding: u8,
    pub(crate) receipt: bool,
    pub(crate) part: Option<(Part, Long)>,
    pub(crate) text: Phi<Vec<u8>>,
}

/// A message or receipt that was delivered to us.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Deliver {
    pub(crate) from: Address,
    pub(crate) to: Address,
    pub(crate) esm_class: u8,
    pub(crate) data_coding: u8,
    pub(crate) text: Vec<u8>,
    pub(crate) part: Option<Part>,
    pub(crate) receipted: Option<String>,
    pub(crate) state: Option<u8>,
}

impl Pdu {
    /// An answer to `sequence` with nothing in it.
    pub(crate) fn answer(id: u32, status: u32, sequence: u32) -> Self {
        // deliver_sm_resp and data_sm_resp name a message; ours have none.
        let body = if matches!(id, DELIVER_SM | DATA_SM) { vec![0] } else { Vec::new() };
        let id = if id == GENERIC_NACK { id } else { id | ANSWER };
        Self { id, status, sequence, body: Phi::new(body) }
    }

    /// A question with nothing in it.
    pub(crate) fn ask(id: u32, sequence: u32) -> Self {
        Self { id, status: OK, sequence, body: Phi::new(Vec::new()) }
    }

    /// The question with which a session begins (section 4.1.5).
    pub(crate) fn bind(system_id: &str, password: &Secret<String>, system_type: &str, sequence: u32) -> Self {
        let mut body = Vec::new();
        text(&mut body, system_id, 15);
        text(&mut body, password.reveal(), 8);
        text(&mut body, system_type, 12);
        // Version 3.4, no address of ours named: what the account may receive the centre knows.
        body.extend_from_slice(&[0x34, 0, 0, 0]);
        Self { id: BIND_TRANSCEIVER, status: OK, sequence, body: Phi::new(body) }
    }

    /// Appends what travels.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let length = u32::try_from(HEADER + self.body.reveal().len()).unwrap_or(u32::MAX);
        for word in [length, self.id, self.status, self.sequence] {
            out.extend_from_slice(&word.to_be_bytes());
        }
        out.extend_from_slice(self.body.reveal());
    }

    /// Takes the first PDU off `buffer`; `None` when it is not whole yet.
    ///
    /// # Errors
    /// [`Broken`] when its length makes no sense.
    pub(crate) fn take(buffer: &mut Vec<u8>) -> Result<Option<Self>, Broken> {
        let Some(length) = buffer.first_chunk::<4>() else { return Ok(None) };
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| Broken)?;
        if !(HEADER..=LONGEST).contains(&length) {
            return Err(Broken);
        }
        if buffer.len() < length {
            return Ok(None);
        }
        let whole: Vec<u8> = buffer.drain(..length).collect();
        let mut reader = Reader(&whole);
        let mut word = || reader.bytes(4).and_then(|bytes| bytes.first_chunk()).map(|four| u32::from_be_bytes(*four));
        let (Some(_), Some(id), Some(status), Some(sequence)) = (word(), word(), word(), word()) else {
            return Err(Broken);
        };
        Ok(Some(Self { id, status, sequence, body: Phi::new(reader.0.to_vec()) }))
    }

    /// The message id that an answer to a submission holds.
    pub(crate) fn message_id(&self) -> Option<String> {
        Reader(self.body.reveal()).text().filter(|id| !id.is_empty())
    }
}

impl Submit {
    /// The PDU (section 4.4.1).
    pub(crate) fn pdu(&self, sequence: u32) -> Pdu {
        let mut body = Vec::with_capacity(80 + self.text.reveal().len());
        body.push(0);
        for address in [&self.from, self.to.reveal()] {
            body.extend_from_slice(&[address.ton, address.npi]);
            text(&mut body, &address.text, 20);
        }
        let header = match self.part {
            Some((Part { reference, total, number }, Long::Header)) => {
                let [high, low] = reference.to_be_bytes();
                // One octet names the message, as in every handset; two would take a septet more than the count allows.
                vec![5, 0, 3, high ^ low, total, number]
            }
            _ => Vec::new(),
        };
        let esm_class = if header.is_empty() { 0 } else { HAS_HEADER };
        // esm_class, protocol_id, priority_flag, schedule_delivery_time, validity_period.
        body.extend_from_slice(&[esm_class, 0, 0, 0, 0]);
        // registered_delivery, replace_if_present_flag, data_coding, sm_default_msg_id.
        body.extend_from_slice(&[u8::from(self.receipt), 0, self.data_coding, 0]);
        let octets = header.iter().chain(self.text.reveal());
        // A segment is at most 160 octets, header included.
        body.push(u8::try_from(header.len() + self.text.reveal().len()).unwrap_or(u8::MAX));
        body.extend(octets.take(usize::from(u8::MAX)));
        if let Some((Part { reference, total, number }, Long::Parameters)) = self.part {
            parameter(&mut body, SAR_REFERENCE, &reference.to_be_bytes());
            parameter(&mut body, SAR_TOTAL, &[total]);
            parameter(&mut body, SAR_NUMBER, &[number]);
        }
        Pdu { id: SUBMIT_SM, status: OK, sequence, body: Phi::new(body) }
    }
}

impl Deliver {
    /// Reads a deliver_sm (section 4.6.1) or data_sm (section 4.7.1); `None` when even its fixed part is not whole.
    pub(crate) fn read(pdu: &Pdu) -> Option<Self> {
        let mut reader = Reader(pdu.body.reveal());
        reader.text()?;
        let mut deliver = Self { from: reader.address()?, to: reader.address()?, ..Self::default() };
        deliver.esm_class = reader.octet()?;
        if pdu.id == DATA_SM {
            reader.octet()?;
            deliver.data_coding = reader.octet()?;
        } else {
            reader.bytes(2)?;
            reader.text()?;
            reader.text()?;
            reader.bytes(2)?;
            deliver.data_coding = reader.octet()?;
            reader.octet()?;
            let length = usize::from(reader.octet()?);
            // A length beyond the end is what there is.
            deliver.text = reader.bytes(length.min(reader.0.len()))?.to_vec();
        }
        deliver.parameters(&mut reader);
        deliver.header();
        Some(deliver)
    }

    /// Whether it is a receipt: by its class, by its parameters, or, where a centre sets neither, by its text.
    pub(crate) fn is_receipt(&self) -> bool {
        self.esm_class & KIND == RECEIPT
            || self.receipted.is_some() && self.state.is_some()
            || self.text.starts_with(b"id:") && self.text.windows(5).any(|word| word.eq_ignore_ascii_case(b"stat:"))
    }

    /// Optional parameters. One with a length beyond the end is the last; an unknown one is passed over.
    fn parameters(&mut self, reader: &mut Reader<'_>) {
        let mut sar = (None, None, None);
        while let (Some(tag), Some(length)) = (reader.two(), reader.two()) {
            let Some(value) = reader.bytes(usize::from(length)) else { break };
            let number = || value.last().copied();
            match tag {
                // With its NUL, without, or with two.
                RECEIPTED_MESSAGE_ID => {
                    let text: Vec<u8> = value.iter().copied().take_while(|octet| *octet != 0).collect();
                    self.receipted = Some(String::from_utf8_lossy(&text).into_owned()).filter(|id| !id.is_empty());
                }
                MESSAGE_STATE => self.state = number(),
                MESSAGE_PAYLOAD if self.text.is_empty() => self.text = value.to_vec(),
                SAR_REFERENCE => sar.0 = value.iter().copied().map(u16::from).reduce(|sum, octet| sum << 8 | octet),
                SAR_TOTAL => sar.1 = number(),
                SAR_NUMBER => sar.2 = number(),
                _ => {}
            }
        }
        if let (Some(reference), Some(total), Some(number)) = sar {
            self.part = Part::of(reference, total, number);
        }
    }

    /// Takes the user data header off the text. One that is longer than the text is text.
    fn header(&mut self) {
        if self.esm_class & HAS_HEADER == 0 {
            return;
        }
        let Some((length, _)) = self.text.split_first() else { return };
        let Some((header, text)) = self.text.split_at_checked(usize::from(*length) + 1) else { return };
        let mut elements = Reader(header.get(1..).unwrap_or_default());
        while let (Some(kind), Some(length)) = (elements.octet(), elements.octet()) {
            let Some(value) = elements.bytes(usize::from(length)) else { break };
            match (kind, value) {
                (0, [reference, total, number]) => self.part = Part::of(u16::from(*reference), *total, *number),
                (8, [high, low, total, number]) => {
                    self.part = Part::of(u16::from_be_bytes([*high, *low]), *total, *number);
                }
                _ => {}
            }
        }
        self.text = text.to_vec();
    }
}

impl Part {
    /// The part, where its numbers make sense of more than one.
    const fn of(reference: u16, total: u8, number: u8) -> Option<Self> {
        if total > 1 && number >= 1 && number <= total { Some(Self { reference, total, number }) } else { None }
    }
}

/// A text with its NUL, cut at `most` octets. A NUL within would end it early.
fn text(body: &mut Vec<u8>, text: &str, most: usize) {
    body.extend(text.bytes().filter(|octet| *octet != 0).take(most));
    body.push(0);
}

fn parameter(body: &mut Vec<u8>, tag: u16, value: &[u8]) {
    body.extend_from_slice(&tag.to_be_bytes());
    body.extend_from_slice(&u16::try_from(value.len()).unwrap_or_default().to_be_bytes());
    body.extend_from_slice(value);
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        Some(head)
    }

    fn octet(&mut self) -> Option<u8> {
        self.bytes(1)?.first().copied()
    }

    fn two(&mut self) -> Option<u16> {
        self.bytes(2)?.first_chunk().map(|two| u16::from_be_bytes(*two))
    }

    /// A text up to its NUL, which is taken too; a text without one goes to the end.
    fn text(&mut self) -> Option<String> {
        let length = self.0.iter().position(|octet| *octet == 0).unwrap_or(self.0.len());
        let text = String::from_utf8_lossy(self.bytes(length)?).into_owned();
        self.bytes(1);
        Some(text)
    }

    fn address(&mut self) -> Option<Address> {
        Some(Address { ton: self.octet()?, npi: self.octet()?, text: self.text()? })
    }
}

#[cfg(test)]
mod tests;
