//! One SMPP session over TLS: submissions within a window, answers matched to them, what the centre delivers handed on, and a
//! word now and then that both are still there.
//!
//! For every submission it is known whether a byte of it was handed to the socket: until then nothing can have been taken, after
//! that nobody knows before the centre answers.

use super::inbound::Inbound;
use super::pacing::Pacing;
use super::pdu::{self, Broken, Pdu, Submit};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, interval};

/// house: how many octets wait for the socket before more submissions are taken up.
const OUT_OCTETS: usize = 64 * 1024;
/// house: how many octets one look at the socket takes.
const READ_OCTETS: usize = 16 * 1024;
/// house: how often silence and overdue answers are looked for.
const LOOK: Duration = Duration::from_millis(500);
/// SMPP v3.4 section 3.2: sequence numbers go up to here, and begin anew.
const LAST_SEQUENCE: u32 = 0x7fff_ffff;

/// What came of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// The centre took it, under this name.
    Taken(String),
    /// The centre took it and gave it no name.
    Nameless,
    /// The centre refused it with this status.
    Refused(u32),
    /// No byte of it left.
    Unsent(&'static str),
    /// It left, and there was no answer.
    Unanswered(&'static str),
}

/// A submission on its way into a session.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) submit: Submit,
    pub(super) reply: oneshot::Sender<Reply>,
    pub(super) claim: Arc<Claim>,
}

/// Who has a submission: it waits, the session has it, or the sender took it back. Only what waits can change hands.
#[derive(Debug, Default)]
pub(super) struct Claim(AtomicU8);

const WAITS: u8 = 0;
const BEGUN: u8 = 1;
const WITHDRAWN: u8 = 2;

impl Claim {
    fn pass(&self, from: u8, to: u8) -> bool {
        self.0.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Takes it back; false when the session has it already.
    pub(super) fn withdraw(&self) -> bool {
        self.pass(WAITS, WITHDRAWN)
    }
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Nobody wants to send any more.
    Stopped,
    /// The connection was lost, or made no sense any more.
    Lost(&'static str),
}

/// How long what may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// An answer to a submission.
    pub(super) answer: Duration,
    /// Silence before we ask whether the centre is there; its answer may take as long again.
    pub(super) silence: Duration,
}

struct Pending {
    command: Command,
    since: Instant,
    /// How many octets were to be written before its first.
    before: u64,
}

/// A bound session.
pub(super) struct Session<'a, S> {
    read: ReadHalf<S>,
    write: WriteHalf<S>,
    window: usize,
    times: Times,
    pacing: &'a mut Pacing,
    inbound: &'a mut Inbound,
    sequence: u32,
    pending: BTreeMap<u32, Pending>,
    /// Refused as too fast: first in line.
    again: VecDeque<Command>,
    out: Vec<u8>,
    queued: u64,
    written: u64,
    heard: Instant,
    asked: Option<Instant>,
    leaving: bool,
    /// The centre asked for it.
    unbound: bool,
    unflushed: bool,
}

impl<'a, S: AsyncRead + AsyncWrite + Send> Session<'a, S> {
    /// A session on `stream`, which is bound; sequence numbers up to `sequence` were used.
    pub(super) fn new(
        stream: S,
        sequence: u32,
        window: usize,
        times: Times,
        pacing: &'a mut Pacing,
        inbound: &'a mut Inbound,
    ) -> Self {
        let (read, write) = tokio::io::split(stream);
        Self {
            read,
            write,
            window,
            times,
            pacing,
            inbound,
            sequence,
            pending: BTreeMap::new(),
            again: VecDeque::new(),
            out: Vec::new(),
            queued: 0,
            written: 0,
            heard: Instant::now(),
            asked: None,
            leaving: false,
            unbound: false,
            unflushed: false,
        }
    }

    /// Submits what comes by `commands` until it is closed or the session is lost; `rest` are octets that came behind the answer
    /// to the bind. Every command is answered.
    pub(super) async fn run(mut self, commands: &mut mpsc::Receiver<Command>, mut rest: Vec<u8>) -> End {
        let end = match self.take_all(&mut rest) {
            Ok(()) => self.converse(commands, rest).await,
            Err(Broken) => End::Lost("not-smpp"),
        };
        let code = match end {
            End::Stopped => "stopped",
            End::Lost(code) => code,
        };
        for (_, pending) in std::mem::take(&mut self.pending) {
            let unsent = self.written <= pending.before;
            answer(pending.command, if unsent { Reply::Unsent(code) } else { Reply::Unanswered(code) });
        }
        for command in self.again.drain(..) {
            answer(command, Reply::Unsent(code));
        }
        end
    }

    async fn converse(&mut self, commands: &mut mpsc::Receiver<Command>, mut buffer: Vec<u8>) -> End {
        let mut look = interval(LOOK);
        let mut batch = Vec::new();
        loop {
            self.submit_again();
            let room = self.room();
            let pause = self.pacing.until();
            tokio::select! {
                read = self.read.read_buf(&mut buffer) => match read {
                    Ok(0) | Err(_) => return End::Lost("connection-lost"),
                    Ok(_) => {
                        self.heard = Instant::now();
                        self.asked = None;
                        if self.take_all(&mut buffer).is_err() {
                            return End::Lost("not-smpp");
                        }
                        buffer.reserve(READ_OCTETS);
                    }
                },
                pushed = push(&mut self.write, &self.out), if !self.out.is_empty() || self.unflushed => match pushed {
                    Ok(0) if self.out.is_empty() => self.unflushed = false,
                    Ok(0) | Err(_) => return End::Lost("connection-lost"),
                    Ok(count) => {
                        self.out.drain(..count.min(self.out.len()));
                        self.written = self.written.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
                        self.unflushed = true;
                    }
                },
                count = commands.recv_many(&mut batch, room), if room > 0 && !self.leaving => {
                    if count == 0 {
                        self.leave();
                    }
                    for command in batch.drain(..) {
                        self.submit(command);
                    }
                }
                Some((answered, sequence, status)) = self.inbound.kept() => {
                    self.put(&Pdu::answer(answered, status, sequence));
                }
                () = tokio::time::sleep_until(pause), if pause > Instant::now() => {}
                _ = look.tick() => {
                    if let Some(end) = self.look() {
                        return end;
                    }
                }
            }
            if self.leaving && self.pending.is_empty() && self.again.is_empty() && self.out.is_empty() {
                return if self.unbound { End::Lost("unbound") } else { End::Stopped };
            }
        }
    }

    /// How many submissions may be taken up now.
    fn room(&mut self) -> usize {
        if self.out.len() >= OUT_OCTETS || !self.again.is_empty() {
            return 0;
        }
        self.window.saturating_sub(self.pending.len()).min(self.pacing.allowance(Instant::now()))
    }

    fn submit_again(&mut self) {
        while !self.again.is_empty()
            && self.pending.len() < self.window
            && self.pacing.allowance(Instant::now()) > 0
            && let Some(command) = self.again.pop_front()
        {
            self.submit(command);
        }
    }

    /// A submission that nobody waits for any more goes nowhere.
    fn submit(&mut self, command: Command) {
        if command.reply.is_closed() || !command.claim.pass(WAITS, BEGUN) {
            return;
        }
        self.pacing.spend(Instant::now());
        let sequence = self.next();
        let pdu = command.submit.pdu(sequence);
        let before = self.queued;
        self.put(&pdu);
        self.pending.insert(sequence, Pending { command, since: Instant::now(), before });
    }

    fn next(&mut self) -> u32 {
        self.sequence = if self.sequence >= LAST_SEQUENCE { 1 } else { self.sequence.saturating_add(1) };
        self.sequence
    }

    fn put(&mut self, pdu: &Pdu) {
        let before = self.out.len();
        pdu.write(&mut self.out);
        let more = u64::try_from(self.out.len().saturating_sub(before)).unwrap_or(u64::MAX);
        self.queued = self.queued.saturating_add(more);
    }

    fn leave(&mut self) {
        self.leaving = true;
        let sequence = self.next();
        self.put(&Pdu::ask(pdu::UNBIND, sequence));
    }

    fn take_all(&mut self, buffer: &mut Vec<u8>) -> Result<(), Broken> {
        while let Some(pdu) = Pdu::take(buffer)? {
            self.take(&pdu);
        }
        Ok(())
    }

    fn take(&mut self, pdu: &Pdu) {
        const SUBMITTED: u32 = pdu::SUBMIT_SM | pdu::ANSWER;
        match pdu.id {
            SUBMITTED | pdu::GENERIC_NACK => self.submitted(pdu),
            pdu::DELIVER_SM | pdu::DATA_SM => {
                if let Some(status) = self.inbound.take(pdu) {
                    self.put(&Pdu::answer(pdu.id, status, pdu.sequence));
                }
            }
            pdu::ENQUIRE_LINK => self.put(&Pdu::answer(pdu.id, pdu::OK, pdu.sequence)),
            pdu::UNBIND => {
                self.put(&Pdu::answer(pdu.id, pdu::OK, pdu.sequence));
                (self.leaving, self.unbound) = (true, true);
            }
            // Answers to what we asked beside, and a notice that a handset is there again: nothing to do.
            id if id & pdu::ANSWER != 0 || id == pdu::ALERT_NOTIFICATION => {}
            _ => self.put(&Pdu::answer(pdu::GENERIC_NACK, pdu::INVALID_COMMAND, pdu.sequence)),
        }
    }

    fn submitted(&mut self, pdu: &Pdu) {
        // An answer to nothing: it came after its time.
        let Some(pending) = self.pending.remove(&pdu.sequence) else { return };
        match pdu.status {
            pdu::OK if pdu.id != pdu::GENERIC_NACK => {
                self.pacing.well();
                answer(pending.command, pdu.message_id().map_or(Reply::Nameless, Reply::Taken));
            }
            // SMPP v3.4 section 5.1.3: not taken, since there is too much of it; it goes again when the pause is over.
            pdu::THROTTLED | pdu::QUEUE_FULL => {
                self.pacing.throttled(Instant::now());
                pending.command.claim.pass(BEGUN, WAITS);
                self.again.push_back(pending.command);
            }
            status => answer(pending.command, Reply::Refused(status)),
        }
    }

    /// Looks after answers that are overdue, and a centre that says nothing.
    fn look(&mut self) -> Option<End> {
        let now = Instant::now();
        while let Some(entry) = self.pending.first_entry()
            && now.duration_since(entry.get().since) >= self.times.answer
        {
            let pending = entry.remove();
            let unsent = self.written <= pending.before;
            answer(
                pending.command,
                if unsent { Reply::Unsent("stalled") } else { Reply::Unanswered("answer-time-out") },
            );
            if unsent {
                // Its bytes are still in line, and must not leave after all.
                return Some(End::Lost("stalled"));
            }
        }
        self.inbound.look(now);
        match self.asked {
            Some(asked) if now.duration_since(asked) >= self.times.silence => Some(End::Lost("silent")),
            None if now.duration_since(self.heard) >= self.times.silence => {
                let sequence = self.next();
                self.put(&Pdu::ask(pdu::ENQUIRE_LINK, sequence));
                self.asked = Some(now);
                None
            }
            Some(_) | None => None,
        }
    }
}

/// Writes a piece of `out`, or what the TLS layer still holds; given up in between nothing is lost of either.
async fn push(write: &mut (impl AsyncWrite + Unpin), out: &[u8]) -> std::io::Result<usize> {
    if out.is_empty() { write.flush().await.map(|()| 0) } else { write.write(out).await }
}

/// Tells the sender; one that waits no longer has given its own answer.
pub(super) fn answer(command: Command, reply: Reply) {
    command.reply.send(reply).ok();
}
