//! Lines and contents off a socket, within bounds whatever the other side sends.

use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

/// RFC 5321 section 4.5.3.1.4 asks for 512 octets, and more for extensions.
const LINE_BYTES: usize = 2048;
/// What is read past a line that is too long, to find its end.
const SKIPPED_BYTES: usize = 65_536;
const CHUNK: usize = 8192;
/// How many times as much as is taken is read of a mail, thrown away, to answer at its end: who is hung up on in the middle never hears
/// why, and comes again.
const HEARD_OUT: usize = 16;
/// Bytes a second that a mail has to come at, once the idle time is over (house: the slowest modem was faster).
const BYTES_PER_SECOND: usize = 2000;

/// Why there is nothing more to read: the other side went, was too slow or sent without end, or we stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Over;

/// What a line was.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Up to its LF, which is in it.
    Whole(Vec<u8>),
    /// Longer than any command.
    TooLong,
}

/// What a mail's content was.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Without dot-stuffing and without the final dot.
    Whole(Vec<u8>),
    /// Larger than is taken; read to its end all the same.
    TooLarge,
}

/// A stream with what was read of it and not used yet.
#[derive(Debug)]
pub(super) struct Wire<S> {
    stream: S,
    unread: Vec<u8>,
    idle: Duration,
    stop: watch::Receiver<bool>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) const fn new(stream: S, idle: Duration, stop: watch::Receiver<bool>) -> Self {
        Self { stream, unread: Vec::new(), idle, stop }
    }

    /// Whether more came than was asked for.
    pub(super) const fn has_more(&self) -> bool {
        !self.unread.is_empty()
    }

    pub(super) fn into_stream(self) -> S {
        self.stream
    }

    pub(super) async fn say(&mut self, text: &str) -> Result<(), Over> {
        let written = timeout(self.idle, async {
            self.stream.write_all(text.as_bytes()).await?;
            self.stream.flush().await
        });
        written.await.map_err(|_| Over)?.map_err(|_| Over)
    }

    /// Reads some more; waits at most the idle time, and no longer than until `end` or until we stop.
    async fn more(&mut self, end: Instant) -> Result<(), Over> {
        let mut chunk = [0; CHUNK];
        let end = end.min(self.idle_end());
        let read = async {
            tokio::select! {
                read = self.stream.read(&mut chunk) => read,
                () = super::stopped(&mut self.stop) => Err(io::ErrorKind::Interrupted.into()),
            }
        };
        match timeout_at(end, read).await {
            Ok(Ok(length)) if length > 0 => {
                self.unread.extend_from_slice(chunk.get(..length).unwrap_or_default());
                Ok(())
            }
            _ => Err(Over),
        }
    }

    fn idle_end(&self) -> Instant {
        let now = Instant::now();
        now.checked_add(self.idle).unwrap_or(now)
    }

    /// Reads a line. It has to be whole within the idle time, however its bytes come.
    pub(super) async fn line(&mut self) -> Result<Line, Over> {
        let end = self.idle_end();
        let mut skipped = 0_usize;
        loop {
            if let Some(at) = self.unread.iter().position(|byte| *byte == b'\n') {
                let rest = self.unread.split_off(at.saturating_add(1));
                let line = std::mem::replace(&mut self.unread, rest);
                let well = skipped == 0 && line.len() <= LINE_BYTES;
                return Ok(if well { Line::Whole(line) } else { Line::TooLong });
            }
            if self.unread.len() > LINE_BYTES {
                skipped = skipped.saturating_add(self.unread.len());
                self.unread.clear();
            }
            if skipped > SKIPPED_BYTES {
                return Err(Over);
            }
            self.more(end).await?;
        }
    }

    /// Reads a mail of at most `bytes_max` to its end, which is CR LF `.` CR LF and nothing that only looks like it: what follows
    /// a bare LF is still the same mail, to every server that is asked. It has the idle time, and a second for each
    /// [`BYTES_PER_SECOND`] that came.
    pub(super) async fn content(&mut self, bytes_max: usize) -> Result<Content, Over> {
        let mut reader = Reader::new(bytes_max);
        let begin = self.idle_end();
        loop {
            if self.unread.is_empty() {
                let earned = Duration::from_secs(reader.seen.div_euclid(BYTES_PER_SECOND) as u64);
                self.more(begin.checked_add(earned).unwrap_or(begin)).await?;
            }
            if let Some(used) = reader.read(&self.unread) {
                self.unread.drain(..used);
                let Reader { content, seen, .. } = reader;
                return Ok(if seen > bytes_max { Content::TooLarge } else { Content::Whole(content) });
            }
            self.unread.clear();
            // So much more than was allowed, and no end: this is no mail.
            if reader.seen > bytes_max.saturating_mul(HEARD_OUT) {
                return Err(Over);
            }
        }
    }
}

/// Where in a line the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    Text,
    Cr,
    Dot,
    DotCr,
}

/// Takes dot-stuffing away (RFC 5321 section 4.5.2) and finds the end.
#[derive(Debug)]
struct Reader {
    content: Vec<u8>,
    /// How long the content is, kept or not.
    seen: usize,
    bytes_max: usize,
    at: At,
}

impl Reader {
    const fn new(bytes_max: usize) -> Self {
        Self { content: Vec::new(), seen: 0, bytes_max, at: At::Start }
    }

    /// How many of `bytes` were used, once the end is there.
    fn read(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, byte) in bytes.iter().enumerate() {
            self.at = match (self.at, *byte) {
                (At::DotCr, b'\n') => return Some(at.saturating_add(1)),
                (At::Start, b'.') => At::Dot,
                (At::Dot, b'\r') => At::DotCr,
                (At::DotCr, byte) => {
                    self.put(b'\r');
                    self.plain(byte)
                }
                (At::Cr, b'\n') => {
                    self.put(b'\n');
                    At::Start
                }
                (_, byte) => self.plain(byte),
            };
        }
        None
    }

    fn plain(&mut self, byte: u8) -> At {
        self.put(byte);
        if byte == b'\r' { At::Cr } else { At::Text }
    }

    fn put(&mut self, byte: u8) {
        self.seen = self.seen.saturating_add(1);
        if self.seen <= self.bytes_max {
            self.content.push(byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::duplex;

    async fn read(parts: &[&[u8]], bytes_max: usize) -> (Result<Content, Over>, Vec<u8>) {
        let (ours, mut theirs) = duplex(16);
        let parts: Vec<Vec<u8>> = parts.iter().map(|part| part.to_vec()).collect();
        tokio::spawn(async move {
            for part in parts {
                // It may have heard enough before the end.
                theirs.write_all(&part).await.ok();
            }
        });
        let (_stop, stopped) = watch::channel(false);
        let mut wire = Wire::new(ours, Duration::from_secs(5), stopped);
        let content = wire.content(bytes_max).await;
        while content.is_ok() && wire.more(wire.idle_end()).await.is_ok() {}
        (content, wire.unread)
    }

    #[tokio::test]
    async fn only_a_dot_between_two_whole_line_ends_ends_a_mail() {
        // The look-alikes with which a second mail was smuggled behind a first one (2023).
        for alike in ["\n.\n", "\n.\r\n", "\r.\r", "\r\n.\n", "\r\n.\r", "\r.\r\n", "\r\n..\r\n", "\r\n.\0\r\n"] {
            let text = format!("a{alike}MAIL FROM:<x@y.example>\r\n.\r\nQUIT\r\n");
            let (content, rest) = read(&[text.as_bytes()], 1000).await;
            let Ok(Content::Whole(content)) = content else { panic!("{alike:?}: {content:?}") };
            assert!(content.ends_with(b"MAIL FROM:<x@y.example>\r\n"), "{alike:?}: {content:?}");
            assert_eq!(rest, b"QUIT\r\n", "{alike:?}");
        }
    }

    #[tokio::test]
    async fn dots_that_were_doubled_are_single_again_wherever_the_stream_was_cut() {
        let text = b"..one\r\n.two\r\n\r\nthree.\r\n.\r\nNOOP\r\n";
        for cut in 0..text.len() {
            let (head, tail) = text.split_at(cut);
            let (content, rest) = read(&[head, tail], 1000).await;
            assert_eq!(content, Ok(Content::Whole(b".one\r\ntwo\r\n\r\nthree.\r\n".to_vec())), "{cut}");
            assert_eq!(rest, b"NOOP\r\n", "{cut}");
        }
        assert_eq!(read(&[b".\r\n"], 1000).await.0, Ok(Content::Whole(Vec::new())));
    }

    #[tokio::test]
    async fn a_mail_that_is_too_large_is_read_to_its_end_and_one_without_end_is_not() {
        let large = [vec![b'a'; 150], b"\r\n.\r\nQUIT\r\n".to_vec()].concat();
        let (content, rest) = read(&[&large], 100).await;
        assert_eq!((content, rest.as_slice()), (Ok(Content::TooLarge), b"QUIT\r\n".as_slice()));
        let (content, _) = read(&[&[b'a'; 1700]], 100).await;
        assert_eq!(content, Err(Over));
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_skipped_and_one_without_end_is_not() {
        let (ours, mut theirs) = duplex(1024);
        let (_stop, stopped) = watch::channel(false);
        let mut wire = Wire::new(ours, Duration::from_secs(5), stopped);
        let writer = tokio::spawn(async move {
            theirs.write_all(&[vec![b'x'; 5000], b"\r\nNOOP\r\n".to_vec(), vec![b'x'; 200_000]].concat()).await.ok();
        });
        assert_eq!(wire.line().await, Ok(Line::TooLong));
        assert_eq!(wire.line().await, Ok(Line::Whole(b"NOOP\r\n".to_vec())));
        assert_eq!(wire.line().await, Err(Over));
        drop(wire);
        writer.await.unwrap();
    }

    #[tokio::test]
    async fn a_line_or_a_mail_that_drips_is_over_before_it_is_whole() {
        for end in ["\r\n", "\r\n.\r\n"] {
            let (ours, mut theirs) = duplex(16);
            tokio::spawn(async move {
                // Never silent for the idle time, and fifty times as long in all.
                for _ in 0..500 {
                    theirs.write_all(b"x").await.ok();
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                theirs.write_all(end.as_bytes()).await.ok();
            });
            let (_stop, stopped) = watch::channel(false);
            let mut wire = Wire::new(ours, Duration::from_millis(100), stopped);
            let whole = if end.contains('.') { wire.content(4 << 20).await.is_ok() } else { wire.line().await.is_ok() };
            assert!(!whole, "{end:?}");
        }
    }

    #[tokio::test]
    async fn nobody_is_waited_for_longer_than_the_idle_time_and_not_at_all_once_we_stop() {
        let (ours, _theirs) = duplex(16);
        let (_stop, stopped) = watch::channel(false);
        let mut wire = Wire::new(ours, Duration::from_millis(1), stopped);
        assert_eq!(wire.line().await, Err(Over));
        let (ours, _theirs) = duplex(16);
        let (stop, stopped) = watch::channel(false);
        let mut wire = Wire::new(ours, Duration::from_secs(86_400), stopped);
        stop.send(true).unwrap();
        assert_eq!(wire.line().await, Err(Over));
    }
}
