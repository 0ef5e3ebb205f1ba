//! Every form that a program may write is taken whole, and of every other nothing is, with the part that is why.

use super::*;

const ASK: (&str, &[u8]) = ("Content-Disposition: form-data; name=\"request\"", b"{}");
const PLAN: (&str, &[u8]) = ("Content-Disposition: form-data; name=\"file\"; filename=\"plan.pdf\"", b"%PDF\r\n--\r\n");

fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (head, content) in parts {
        body.extend([b"--b\r\n", head.as_bytes(), b"\r\n\r\n", content, b"\r\n"].concat());
    }
    body.extend_from_slice(b"--b--\r\n");
    body
}

/// The problem of a body, as a caller reads it.
fn refused(body: &[u8]) -> String {
    let problem = read(body, "b").err().expect("nothing of this is taken");
    assert_eq!(problem.kind(), Kind::Malformed);
    format!("{problem:?}")
}

fn named(head: &str) -> Vec<String> {
    let form = read(&form(&[ASK, (head, b"x")]), "b").unwrap_or_else(|problem| panic!("{head}: {problem:?}"));
    form.files.iter().map(|file| file.name.reveal().clone()).collect()
}

#[test]
fn a_whole_form_of_a_program_gives_its_request_and_its_files_by_their_bytes() {
    for parts in [[ASK, PLAN, PLAN], [PLAN, ASK, PLAN], [PLAN, PLAN, ASK]] {
        let whole = read(&form(&parts), "b").unwrap();
        assert_eq!((whole.request.as_slice(), whole.files.len()), (&b"{}"[..], 2));
        assert!(whole.files.iter().all(|file| file.content.reveal()[..] == *b"%PDF\r\n--\r\n"));
    }
    assert!(read(&form(&[ASK]), "b").unwrap().files.is_empty(), "a request alone is whole too");
    let around = [&b"for those who cannot read this\r\n"[..], &form(&[ASK, PLAN]), b"and behind it\r\n"].concat();
    assert_eq!(read(&around, "b").unwrap().files.len(), 1, "what stands before and behind is passed over");
    let padded = form(&[ASK, PLAN]).iter().fold(Vec::new(), |mut all: Vec<u8>, byte| {
        if *byte == b'\r' && all.ends_with(b"--b") {
            all.extend_from_slice(b" \t");
        }
        all.push(*byte);
        all
    });
    assert_eq!(read(&padded, "b").unwrap().files.len(), 1);
}

#[test]
fn a_file_is_named_in_every_way_that_programs_name_one() {
    for (head, name) in [
        ("Content-Disposition: form-data; name=file; filename=plan.pdf", "plan.pdf"),
        ("content-disposition:FORM-DATA;NAME=file;FileName=plan.pdf;", "plan.pdf"),
        ("Content-Disposition: form-data; name=\"file\"; filename*=UTF-8''plan%20%C3%B1.pdf", "plan ñ.pdf"),
        ("Content-Disposition: form-data; name=\"file\"; filename=\"=?x?=\"; filename*=utf-8'en'a%2Fb.pdf", "a/b.pdf"),
        (
            "Content-Disposition: form-data; name=\"file\"; filename=\"plän; filename=%22x%22.pdf\"",
            "plän; filename=\"x\".pdf",
        ),
        ("Content-Disposition: form-data; name=\"file\"; filename=\"a\\\"b\\\\c\\d.pdf\"", "a\"b\\c\\d.pdf"),
        (
            "Content-Type: text/plain\r\nContent-Disposition: form-data;\r\n name=\"file\";\r\n\tfilename=\"plan.txt\"",
            "plan.txt",
        ),
        ("Content-Disposition: form-data; name=x; filename=x\r\nContent-Transfer-Encoding: Binary", "x"),
    ] {
        assert_eq!(named(head), [name], "{head}");
    }
}

#[test]
fn a_part_that_is_not_understood_is_named_and_nothing_is_taken() {
    for (head, why) in [
        ("Content-Disposition: form-data; name=\"file\"", "neither `request` nor a file"),
        ("Content-Disposition: form-data; name=\"file\"; filename=\"\"", "an empty `filename`"),
        ("Content-Disposition: form-data; name=\"file\"; filename*=UTF-8''", "an empty `filename`"),
        ("Content-Disposition: form-data; filename=\"plan.pdf\"", "no `name`"),
        ("Content-Disposition: form-data; name=\"file\"; filename*=ISO-8859-1''pl%E4n.pdf", "`filename*`"),
        ("Content-Disposition: form-data; name=\"file\"; filename*=UTF-8''pl%E4n.pdf", "`filename*`"),
        ("Content-Disposition: form-data; name=\"file\"; filename*=UTF-8''plan%2", "`filename*`"),
        ("Content-Disposition: form-data; name=\"file\"; filename*=plan.pdf", "`filename*`"),
        ("Content-Disposition: form-data; name=\"file\"; filename=my plan.pdf", "cannot be read"),
        ("Content-Disposition: form-data; name=\"file\"; filename=\"plan.pdf", "cannot be read"),
        ("Content-Disposition: form-data; name=\"file\"; filename=a; filename=b", "cannot be read"),
        ("Content-Disposition: form-data; name=\"file\" filename=\"a\"", "cannot be read"),
        ("Content-Disposition: attachment; name=\"file\"; filename=\"a\"", "other than `form-data`"),
        ("Content-Type: application/pdf", "no `Content-Disposition`"),
        ("Content-Disposition: form-data; name=x; filename=x\r\nContent-Disposition: form-data; name=request", "two"),
        ("Content-Disposition: form-data; name=x; filename=x\r\nContent-Transfer-Encoding: base64", "encoded"),
        ("nonsense", "no field"),
        ("Content-Disposition: form-data; name=\"request\"; filename=\"ask.json\"", "send the JSON as a value"),
        ("Content-Disposition: form-data; name=\"request\"", "a second `request`"),
    ] {
        let problem = refused(&form(&[ASK, PLAN, (head, b"x")]));
        assert!(problem.contains(why) && problem.contains("part 3"), "{head}: {problem}");
        assert!(!problem.contains("plan"), "no problem repeats a value: {problem}");
    }
    let latin = form(&[ASK, PLAN]).iter().map(|byte| if *byte == b'l' { 0xE4 } else { *byte }).collect::<Vec<_>>();
    assert!(refused(&latin).contains("not UTF-8"));
    let long = format!("{}\r\nX: {}", PLAN.0, "y".repeat(HEAD_MAX));
    assert!(refused(&form(&[ASK, (&long, b"x")])).contains("within 4,096 bytes"));
    assert!(refused(&form(&[ASK, PLAN, PLAN, PLAN, PLAN, PLAN, PLAN])).contains("Part 7 of the form is one too many"));
    assert!(refused(&form(&[PLAN])).contains("no part `request`"));
    assert!(refused(b"--b--\r\n").contains("no part `request`"));
}

#[test]
fn a_form_that_is_cut_off_anywhere_is_not_taken_at_all() {
    let body = form(&[ASK, PLAN]);
    let closed = body.len() - 2;
    for length in 0..closed {
        assert!(read(&body[..length], "b").is_err(), "cut off at {length} of {closed}");
    }
    assert_eq!(read(&body[..closed], "b").unwrap().files.len(), 1, "the last line need not end");
    assert!(refused(&body[..closed - 20]).contains("Part 2 of the form does not end"));
    let unix: Vec<u8> = body.iter().copied().filter(|byte| *byte != b'\r').collect();
    assert!(refused(&unix).contains("carriage return"));
    assert!(refused(&[&form(&[ASK])[..], &form(&[ASK, PLAN])].concat()).contains("behind the end"));
    assert!(refused(&form(&[ASK, (PLAN.0, b"x\r\n--bc\r\n\r\ny")])).contains("not the boundary alone"));
}

#[test]
fn a_content_type_is_that_of_a_form_however_its_words_are_written_and_names_a_boundary_or_is_refused() {
    for (kind, named) in [
        ("multipart/form-data; boundary=b", "b"),
        ("Multipart/Form-Data ; charset=utf-8; Boundary=\"a b\"", "a b"),
        ("multipart/form-data; BOUNDARY=----=_Part_1.2", "----=_Part_1.2"),
        ("multipart/form-data;x=\"; boundary=no\";boundary=b;", "b"),
    ] {
        assert!(is_form(kind), "{kind}");
        assert_eq!(boundary(kind).unwrap(), named, "{kind}");
    }
    let long = format!("multipart/form-data; boundary={}", "x".repeat(BOUNDARY_MAX + 1));
    for kind in [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"a;b\"",
        "multipart/form-data; boundary=\"b \"",
        "multipart/form-data; boundary=a; Boundary=b",
        &long,
    ] {
        assert!(is_form(kind), "{kind}");
        let problem = boundary(kind).unwrap_err();
        assert!(format!("{problem:?}").contains("Some(\"Content-Type\")"), "{kind}: {problem:?}");
    }
    for kind in ["application/json", "multipart/mixed; boundary=b", "text/plain; x=multipart/form-data"] {
        assert!(!is_form(kind), "{kind}");
    }
}
