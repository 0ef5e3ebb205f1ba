//! What was packed with gzip (RFC 1952) or ZIP, one file deep and no larger than asked.

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF as WHOLE;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

/// Room is made in steps of this.
const STEP: usize = 64 * 1024;

/// The document in `bytes`, at most `most` long; `None` = it is longer, or broken, or packed in a way that is not read here.
pub(super) fn unpack(bytes: &[u8], most: usize) -> Option<Vec<u8>> {
    match bytes {
        [0x1f, 0x8b, 8, flags, _, _, _, _, _, _, rest @ ..] => inflate(after_names(rest, *flags)?, most),
        [b'P', b'K', 3, 4, rest @ ..] => zipped(rest, most),
        plain => (plain.len() <= most).then(|| plain.to_vec()),
    }
}

/// RFC 1952 section 2.3.1: what stands between the fixed header and the data.
fn after_names(mut rest: &[u8], flags: u8) -> Option<&[u8]> {
    if flags & 4 != 0 {
        let (length, more) = rest.split_first_chunk::<2>()?;
        rest = more.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for named in [8, 16] {
        if flags & named != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = rest.get(end.checked_add(1)?..)?;
        }
    }
    if flags & 2 != 0 {
        rest = rest.get(2..)?;
    }
    Some(rest)
}

/// The first file of an archive, after the four bytes of its signature (APPNOTE.TXT section 4.3.7). Deflate says itself where it ends;
/// a file that was only stored is as long as its header says.
fn zipped(header: &[u8], most: usize) -> Option<Vec<u8>> {
    let number = |at: usize| -> Option<usize> {
        let pair = header.get(at..at.checked_add(2)?)?;
        Some(usize::from(u16::from_le_bytes(pair.try_into().ok()?)))
    };
    let (flags, method) = (number(2)?, number(4)?);
    // Bit 0: encrypted.
    if flags & 1 != 0 {
        return None;
    }
    let data = header.get(26_usize.checked_add(number(22)?)?.checked_add(number(24)?)?..)?;
    match method {
        0 => {
            let stored = u32::from_le_bytes(header.get(14..18)?.try_into().ok()?);
            let stored = usize::try_from(stored).ok().filter(|length| *length <= most)?;
            Some(data.get(..stored)?.to_vec())
        }
        8 => inflate(data, most),
        _ => None,
    }
}

/// RFC 1951. Room grows with what comes out and never past `most`, so a bomb is given up at that length.
fn inflate(mut packed: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut machine = Box::<DecompressorOxide>::default();
    let mut out = vec![0; STEP.min(most)];
    let mut written = 0_usize;
    loop {
        let (status, read, wrote) = decompress(&mut machine, packed, &mut out, written, WHOLE);
        written = written.checked_add(wrote)?;
        packed = packed.get(read..)?;
        match status {
            TINFLStatus::Done => {
                out.truncate(written);
                return Some(out);
            }
            TINFLStatus::HasMoreOutput if out.len() < most => {
                let room = out.len().saturating_mul(2).clamp(STEP, STEP.max(most)).min(most);
                out.resize(room, 0);
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use miniz_oxide::deflate::compress_to_vec;

    fn gzip(text: &[u8], flags: u8, names: &[u8]) -> Vec<u8> {
        [&[0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255], names, &compress_to_vec(text, 6), &[0; 8]].concat()
    }

    fn zip(method: u8, flags: u8, data: &[u8], length: usize) -> Vec<u8> {
        let length = u32::try_from(length).unwrap().to_le_bytes();
        let header = [b'P', b'K', 3, 4, 20, 0, flags, 0, method, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        [&header[..], &length, &length, &[5, 0, 2, 0], b"a.xmlzz", data, b"PK\x01\x02 and so on"].concat()
    }

    #[test]
    fn what_was_packed_comes_out_whatever_stands_before_it() {
        let text = b"<feedback/>".repeat(20_000);
        assert_eq!(unpack(&text, text.len()).as_deref(), Some(&text[..]));
        for (flags, names) in [(0, &b""[..]), (8, b"r.xml\0"), (4 | 8 | 16 | 2, b"\x03\0abcr.xml\0comment\0cr")] {
            assert_eq!(unpack(&gzip(&text, flags, names), text.len()).as_deref(), Some(&text[..]), "{flags}");
        }
        assert_eq!(unpack(&zip(8, 0, &compress_to_vec(&text, 6), 0), text.len()).as_deref(), Some(&text[..]));
        assert_eq!(unpack(&zip(8, 8, &compress_to_vec(&text, 6), 0), text.len()).as_deref(), Some(&text[..]));
        assert_eq!(unpack(&zip(0, 0, b"stored", 6), 100).as_deref(), Some(&b"stored"[..]));
    }

    #[test]
    fn a_bomb_is_given_up_at_the_length_that_is_bearable() {
        let bomb = gzip(&vec![b'a'; 50 << 20], 0, b"");
        assert!(bomb.len() < 100_000, "a thousand times smaller than what is in it");
        assert_eq!(unpack(&bomb, 1 << 20), None);
        assert_eq!(unpack(&zip(8, 0, &compress_to_vec(&vec![b'a'; 2 << 20], 9), 0), 1 << 20), None);
        assert_eq!(unpack(&zip(0, 0, b"x", 4_000_000_000), 1 << 20), None);
        assert_eq!(unpack(&[b'a'; 101], 100), None);
        assert_eq!(unpack(&gzip(&[b'a'; 100], 0, b""), 100).map(|out| out.len()), Some(100), "as long as allowed");
        assert_eq!(unpack(&gzip(&[b'a'; 101], 0, b""), 100), None);
    }

    #[test]
    fn what_is_broken_or_locked_is_not_read() {
        let whole = gzip(b"<feedback/>", 8, b"r.xml\0");
        for end in 10..whole.len().saturating_sub(9) {
            assert_eq!(unpack(&whole[..end], 1000), None, "{end}");
        }
        for bad in [
            zip(8, 1, &compress_to_vec(b"x", 6), 0),
            zip(12, 0, b"x", 1),
            b"PK\x03\x04".to_vec(),
            b"PK\x03\x04".repeat(9),
            gzip(b"x", 4, b"\xff\xff"),
            [&[0x1f, 0x8b, 8, 0][..], &[0xff; 90]].concat(),
        ] {
            assert_eq!(unpack(&bad, 1000), None, "{bad:?}");
        }
    }
}
