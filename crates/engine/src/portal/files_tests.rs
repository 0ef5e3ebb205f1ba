use super::*;

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n<< >>\nendobj\nstartxref\n9\n%%EOF";

/// A picture of one element, or one that says it is larger.
fn png(wide: u32, high: u32) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8], data: &[u8]| {
        png.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        png.extend([kind, data, &[0; 4]].concat());
    };
    chunk(b"IHDR", &[&wide.to_be_bytes()[..], &high.to_be_bytes(), &[8, 2, 0, 0, 0]].concat());
    chunk(b"IDAT", &[1, 2, 3]);
    chunk(b"IEND", &[]);
    png
}

fn jpeg(wide: u16, high: u16) -> Vec<u8> {
    let frame = [&[8][..], &high.to_be_bytes(), &wide.to_be_bytes(), &[1, 1, 17, 0]].concat();
    let mut jpeg = vec![0xFF, 0xD8, 0xFF, 0xE0, 0, 4, b'J', b'F', 0xFF, 0xC0];
    jpeg.extend(u16::try_from(frame.len() + 2).unwrap().to_be_bytes());
    jpeg.extend(frame);
    // A scan with a stuffed zero and a restart in its data, and another one after it.
    jpeg.extend([0xFF, 0xDA, 0, 2, 7, 0xFF, 0, 7, 0xFF, 0xD3, 7, 0xFF, 0xDA, 0, 2, 7, 7, 0xFF, 0xFF, 0xD9]);
    jpeg
}

#[test]
fn a_file_is_what_its_content_says_and_ends_where_that_ends() {
    let (png, jpeg) = (png(4_000, 3_000), jpeg(4_000, 3_000));
    for (content, kind) in [
        (PDF, FileKind::Pdf),
        (&png[..], FileKind::Png),
        (&jpeg[..], FileKind::Jpeg),
        ("A < b, and ¿qué tal? Ask <p.smith@mail.example>.\r\n\tTwo lines.".as_bytes(), FileKind::Text),
    ] {
        assert_eq!(kind_of(content), Some((kind, content.len())));
        // A ZIP or a page hung behind it is not kept. Of text, all is text.
        let two = [content, b"PK\x03\x04<script>alert(1)</script>"].concat();
        let found = kind_of(&two);
        assert_eq!(found, (kind != FileKind::Text).then_some((kind, content.len())), "{kind:?}");
    }
}

#[test]
fn what_is_cut_off_or_pretends_is_no_file() {
    let (png, jpeg) = (png(1, 1), jpeg(1, 1));
    for whole in [PDF, &png, &jpeg] {
        for length in 0..whole.len() {
            assert_eq!(
                kind_of(&whole[..length]).map(|(kind, _)| kind).filter(|kind| *kind != FileKind::Text),
                None,
                "{length}"
            );
        }
    }
    let mut no_header = png.clone();
    no_header[12..16].copy_from_slice(b"tEXt");
    for bad in [
        &b""[..],
        b"  \n ",
        &b"GIF89a\x01\x00"[..],
        b"PK\x03\x04",
        b"MZ\x90\x00",
        b"\xFF\xD8\xFF<script>",
        b"<!DOCTYPE html><p>hello",
        b"<svg xmlns='x' onload=alert(1)>",
        b"text with a < /b and then <ScRiPt src=x>",
        b"<?xml version='1.0'?>",
        b" garbage before %PDF-1.7 and more",
        b"bell \x07",
        b"\xC3\x28",
        &no_header,
        &[b"GIF", &png[..]].concat(),
    ] {
        assert_eq!(kind_of(bad), None, "{:?}", String::from_utf8_lossy(bad));
    }
}

#[test]
fn a_picture_that_unfolds_to_more_than_a_camera_takes_is_none() {
    for (wide, high) in [(0, 1), (100_000, 100_000), (u32::MAX, u32::MAX), (12_000, 10_001)] {
        assert_eq!(kind_of(&png(wide, high)), None, "{wide} by {high}");
    }
    assert!(kind_of(&png(12_000, 10_000)).is_some());
    assert_eq!(kind_of(&jpeg(65_535, 65_535)), None);
}

#[test]
fn a_name_is_a_label_and_ends_as_its_content_is() {
    let long = "x".repeat(500);
    for (name, kind, wanted) in [
        ("knee.JPEG", FileKind::Jpeg, "knee.jpg"),
        ("invoice.pdf.exe", FileKind::Pdf, "invoice.pdf"),
        ("page.html", FileKind::Text, "page.txt"),
        ("Dr. Smith letter.pdf", FileKind::Pdf, "Dr. Smith letter.pdf"),
        ("../../etc/passwd", FileKind::Text, "passwd.txt"),
        ("C:\\fakepath\\scan.png", FileKind::Png, "scan.png"),
        ("photo\u{202e}gpj.exe", FileKind::Png, "photogpj.png"),
        ("a\r\nSet-Cookie: x=1\u{0}.png", FileKind::Png, "aSet-Cookie x=1.png"),
        ("<img src=x>.png", FileKind::Png, "img src=x.png"),
        ("", FileKind::Text, "file.txt"),
        ("...", FileKind::Text, "file.txt"),
        ("niño.jpg", FileKind::Jpeg, "niño.jpg"),
    ] {
        assert_eq!(label(name, kind), wanted, "{name:?}");
    }
    assert_eq!(label(&long, FileKind::Png).chars().count(), NAME_MAX + 4);
}
