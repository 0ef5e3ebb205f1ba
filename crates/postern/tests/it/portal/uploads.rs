//! Files with an answer, and everything that is no such file: what is taken is kept sealed and given back as a download alone; what is not
//! leaves the words where they were and nothing in the record.

use super::browser::Browser;
use super::ward::{Ward, readable};
use crate::client::{Answer, Client};
use crate::clinic::eventually;
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// Sixteen bytes in a line, so that what is searched for on disk is found however it lies.
const SECRET: &str = "the knee is swollen and purple";

pub(super) fn note() -> Vec<u8> {
    format!("On Monday {SECRET}.\n").into_bytes()
}

/// A picture of this many elements, with `more` behind its end.
fn png(wide: u32, high: u32, more: &[u8]) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let size = [&wide.to_be_bytes()[..], &high.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    for (kind, data) in [(b"IHDR", &size[..]), (b"IDAT", b"123"), (b"IEND", b"")] {
        png.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        png.extend([&kind[..], data, &[0; 4]].concat());
    }
    png.extend_from_slice(more);
    png
}

/// A PDF so long.
pub(super) fn pdf(length: usize) -> Vec<u8> {
    let mut pdf = b"%PDF-1.7\n".to_vec();
    pdf.resize(length - 25, b' ');
    pdf.extend_from_slice(b"\nstartxref\n123456789\n%%EOF"[1..].as_ref());
    pdf
}

/// The body of a form with files, as a browser writes it.
pub(super) fn body(fields: &[(&str, &str)], files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
    }
    for (name, content) in files {
        let head = format!(
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: image/png\r\n\r\n"
        );
        body.extend([head.as_bytes(), content, b"\r\n"].concat());
    }
    body.extend_from_slice(b"--b--\r\n");
    body
}

fn send(browser: &mut Browser, message: &str, text: &str, files: &[(&str, Vec<u8>)]) -> Answer {
    let csrf = browser.csrf();
    let body = body(&[("csrf", &csrf), ("text", text)], files);
    raw(browser, message, &body)
}

fn raw(browser: &mut Browser, message: &str, body: &[u8]) -> Answer {
    let origin = format!("http://{}", browser.address());
    let path = format!("{}/messages/{message}/reply", browser.base);
    let headers = [
        ("Content-Type", "multipart/form-data; boundary=b"),
        ("Origin", origin.as_str()),
        ("Sec-Fetch-Site", "same-origin"),
    ];
    browser.ask("POST", &path, &headers, body)
}

/// The addresses of the files on a page, and what they are called.
fn listed(page: &str) -> Vec<(String, String)> {
    let rest = page
        .split("<ul class=\"files\">")
        .skip(1)
        .flat_map(|list| list.split("</ul>").next().unwrap().split("<li>").skip(1));
    rest.map(|item| {
        let address = item.split("href=\"").nth(1).unwrap().split('"').next().unwrap();
        let name = item.split('>').nth(1).unwrap().split('<').next().unwrap();
        (address.trim_start_matches("/p/clinic").to_owned(), name.to_owned())
    })
    .collect()
}

#[test]
fn files_go_with_an_answer_are_kept_sealed_and_come_back_as_downloads_to_who_may_have_them() {
    let mut ward = Ward::open("files");
    let message = ward.message.clone();
    let picture = png(4_000, 3_000, b"PK\x03\x04<script>alert(1)</script>");
    let files =
        [("knee.PNG", picture.clone()), ("note.txt", note()), ("C:\\fakepath\\scan.pdf.exe", pdf(10 * 1024 * 1024))];
    let answer = send(&mut ward.alma.browser, &message, "Here is my knee", &files);
    assert_eq!(answer.status, 303, "{}", answer.text());
    let page = ward.alma.browser.get(&format!("/messages/{message}")).text();
    let files = listed(&page);
    let names: Vec<&str> = files.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, ["knee.png", "note.txt", "scan.pdf"], "{page}");

    let before = ward.entries();
    let given = ward.alma.browser.get(&files[0].0);
    assert_eq!(given.body, picture[..picture.len() - 29], "what hung behind the picture is not kept");
    assert_eq!(given.header("content-type"), Some("application/octet-stream"));
    assert_eq!(given.header("content-disposition"), Some("attachment; filename=\"file.png\""));
    assert_eq!(given.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(given.header("cache-control"), Some("no-store"));
    assert!(given.header("content-security-policy").is_some_and(|policy| policy.contains("sandbox")));
    assert_eq!(ward.entries(), before + 1, "who opened it is written down");
    assert_eq!(ward.alma.browser.get(&files[1].0).body, note());

    // Staff have it by the API, with a reason, under the message it came with.
    let mut staff = ward.clinic.client();
    let inbound = staff.get("/v1/patients/p1/inbound?why=treatment").json();
    let row = &inbound["inbound"][0];
    assert_eq!((row["text"].as_str(), row["attachments"].as_array().map(Vec::len)), (Some("Here is my knee"), Some(3)));
    let file = &row["attachments"][1];
    assert_eq!((file["kind"].as_str(), file["name"].as_str()), (Some("text"), Some("note.txt")));
    let path = format!("/v1/patients/p1/inbound/{}/attachments/{}", row["id"], file["id"].as_str().unwrap());
    assert_eq!(staff.get(&path).status, 422, "nobody opens one without a reason");
    let before = ward.entries();
    let read = staff.get(&format!("{path}?why=treatment"));
    assert_eq!((read.status, &read.body), (200, &note()));
    assert_eq!(read.header("content-type"), Some("application/octet-stream"));
    assert_eq!(ward.entries(), before + 1);
    // Another patient's path, another practice's key: nothing.
    for path in [path.replace("/p1/", "/p2/"), path.replace(&format!("/inbound/{}/", row["id"]), "/inbound/999/")] {
        assert_eq!(staff.get(&format!("{path}?why=treatment")).status, 404, "{path}");
    }
    let stranger = ward.other_staff().get(&format!("{path}?why=treatment"));
    assert_eq!(stranger.status, 404, "{}", stranger.text());
    assert_eq!(Client::new(ward.clinic.address(), "").get(&format!("{path}?why=treatment")).status, 401);

    // Nor another visitor, another message, nobody.
    let id = files[1].0.rsplit('/').next().unwrap().to_owned();
    for path in [files[1].0.clone(), format!("/messages/{}/files/{id}", ward.elsewhere)] {
        assert_eq!(ward.stranger.browser.get(&path).status, 404, "{path}");
    }
    assert_eq!(ward.alma.browser.get(&format!("/messages/{}/files/{id}", ward.theirs)).status, 404);
    assert_eq!(ward.nobody().get(&files[1].0).status, 303);
    // On disk there is nothing of it.
    for file in std::fs::read_dir(ward.clinic.folder.join("data")).unwrap().map(|file| file.unwrap().path()) {
        let bytes = std::fs::read(&file).unwrap_or_default();
        for clear in [SECRET, "fakepath", "knee.png"] {
            assert!(
                !bytes.windows(clear.len()).any(|window| window == clear.as_bytes()),
                "{clear} in {}",
                file.display()
            );
        }
    }
}

#[test]
fn what_is_no_such_file_is_not_taken_and_the_words_stay_on_the_page() {
    let mut ward = Ward::open("files-refused");
    let message = ward.message.clone();
    let before = (ward.entries(), ward.written());
    let six: Vec<(&str, Vec<u8>)> = (0..6).map(|_| ("a.png", png(1, 1, b""))).collect();
    for (what, files) in [
        ("a page", vec![("knee.png", b"<html><script>alert(1)</script>".to_vec())]),
        ("a drawing", vec![("knee.png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec())]),
        ("a program", vec![("knee.jpg", b"MZ\x90\x00\x03".to_vec())]),
        ("a ZIP that says it is a PDF", vec![("knee.pdf", b"PK\x03\x04%PDF-1.7 startxref %%EOF".to_vec())]),
        ("a PDF behind a page", vec![("knee.pdf", [b"<!doctype html>", &pdf(500)[..]].concat())]),
        ("a picture that fills a machine", vec![("bomb.png", png(60_000, 60_000, b""))]),
        ("a picture that is cut off", vec![("cut.png", png(1, 1, b"")[..40].to_vec())]),
        ("an empty file", vec![("empty.txt", Vec::new())]),
        ("six files", six),
        ("one byte too many", vec![("long.pdf", pdf(10 * 1024 * 1024 + 1))]),
        ("one of two", vec![("good.png", png(1, 1, b"")), ("bad.png", b"GIF89a\x01\x00".to_vec())]),
    ] {
        let answer = send(&mut ward.alma.browser, &message, "Words <b>kept</b>", &files);
        assert_eq!(answer.status, 422, "{what}: {}", answer.text());
        let page = answer.text();
        assert!(page.contains("href=\"#file\"") && page.contains("id=\"file\" name=\"file\""), "{what}: {page}");
        assert!(page.contains("Words &#60;b&#62;kept&#60;/b&#62;</textarea>"), "{what}: {page}");
        assert_eq!((ward.written(), listed(&page).len()), (before.1.clone(), 0), "{what}");
    }
    // All of it together is more than is ever taken: it is read past, and the same is said.
    let huge = vec![("a.pdf", pdf(10 * 1024 * 1024)); 6];
    let answer = send(&mut ward.alma.browser, &message, "Words kept", &huge);
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert!(answer.text().contains("Words kept</textarea>"));
    assert_eq!(ward.written(), before.1);
    // Who says stop, or is in danger, is heard whatever hangs on it.
    let answer =
        send(&mut ward.alma.browser, &message, "I want to kill myself", &[("bad.png", b"GIF89a\x01\x00".to_vec())]);
    assert_eq!((answer.status, answer.header("location")), (303, Some("/p/clinic/help")));
    let answer = send(&mut ward.alma.browser, &message, "STOP", &huge);
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert!(answer.header("location").is_some_and(|to| to.ends_with("/stopped")), "{answer:?}");
}

#[test]
fn a_name_is_shown_as_a_label_whatever_is_hidden_in_it() {
    let mut ward = Ward::open("files-names");
    let message = ward.message.clone();
    let names = [
        "../../../etc/passwd",
        "knee\u{202e}gnp.exe",
        "a%0D%0ASet-Cookie: x=1.png",
        "<img src=x onerror=alert(1)>.html",
        "",
    ];
    let files: Vec<(&str, Vec<u8>)> = names.iter().map(|name| (*name, png(1, 1, b""))).collect();
    let answer = send(&mut ward.alma.browser, &message, "", &files);
    assert_eq!(answer.status, 303, "files go without words too: {}", answer.text());
    let page = ward.alma.browser.get(&format!("/messages/{message}")).text();
    let shown: Vec<String> = listed(&page).into_iter().map(|(_, name)| name).collect();
    assert_eq!(
        shown,
        ["passwd.png", "kneegnp.png", "aSet-Cookie x=1.png", "img src=x onerror=alert(1).png", "file.png"],
        "{page}"
    );
    for (address, _) in listed(&page) {
        let answer = ward.alma.browser.get(&address);
        assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"file.png\""));
        assert!(answer.header("set-cookie").is_none());
    }
}

/// The first half of a form of Alma's, sent; the other half may come or not.
fn begun(ward: &Ward, form: &[u8]) -> TcpStream {
    let cookies: Vec<String> =
        ward.alma.browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut stream = TcpStream::connect(ward.clinic.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let head = format!(
        "POST /p/clinic/messages/{3}/reply HTTP/1.1\r\nHost: {0}\r\nOrigin: http://{0}\r\nCookie: {1}\r\n\
         Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {2}\r\n\r\n",
        ward.clinic.address(),
        cookies.join("; "),
        form.len(),
        ward.message,
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&form[..form.len() / 2]).unwrap();
    stream
}

#[test]
fn a_form_with_files_is_taken_only_from_its_own_page_and_a_slow_one_holds_nobody_up() {
    let mut ward = Ward::with("files-forged", |clinic| clinic.configure("[server]\n", "[server]\nbody_seconds = 1\n"));
    let message = ward.message.clone();
    let before = (ward.entries(), ward.written());
    let other = ward.stranger.browser.csrf();
    for csrf in ["", "no", other.as_str()] {
        for files in [vec![("a.png", png(1, 1, b""))], vec![("a.pdf", pdf(3 * 1024 * 1024))]] {
            let form = body(&[("csrf", csrf), ("text", "forged")], &files);
            assert_eq!(raw(&mut ward.alma.browser, &message, &form).status, 403, "{csrf}");
            assert!(raw(&mut ward.nobody(), &message, &form).status == 403);
        }
    }
    // The token behind a long file is none: a form of ours has it first.
    let own = ward.alma.browser.csrf();
    let mut late = body(&[], &[("a.pdf", pdf(1024 * 1024))]);
    late.truncate(late.len() - 7);
    late.extend(body(&[("csrf", &own), ("text", "forged")], &[]));
    assert_eq!(raw(&mut ward.alma.browser, &message, &late).status, 403);
    // Files on a form that has none, and a body that is no form at all.
    let form = body(&[("csrf", &own), ("name", "alma")], &[("a.png", png(1, 1, b""))]);
    let origin = format!("http://{}", ward.clinic.address());
    let headers = [
        ("Content-Type", "multipart/form-data; boundary=b"),
        ("Origin", origin.as_str()),
        ("Sec-Fetch-Site", "same-origin"),
    ];
    assert_eq!(ward.alma.browser.ask("POST", "/p/clinic/choices/language", &headers, &form).status, 403);
    assert_eq!(raw(&mut ward.alma.browser, &message, b"--b--b--b\r\n\r\n--b").status, 403);

    // It begins, and then nothing more comes.
    let form = body(&[("csrf", &own), ("text", "slow")], &[("a.pdf", pdf(1024 * 1024))]);
    let mut stream = begun(&ward, &form);
    assert_eq!(ward.nobody().get("/sign-in").status, 200, "others are served meanwhile");
    let mut said = [0; 4096];
    let read = stream.read(&mut said).unwrap_or(0);
    let said = String::from_utf8_lossy(&said[..read]);
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    assert_eq!((ward.entries(), ward.written()), before, "none of them left anything");
    // The account is free to send again.
    let answer = send(&mut ward.alma.browser, &message, "now", &[("a.pdf", pdf(1024 * 1024))]);
    assert_eq!(answer.status, 303, "{}", answer.text());
}

#[test]
fn who_is_sending_files_already_is_told_to_wait_with_the_words_kept_and_the_first_form_arrives() {
    let mut ward = Ward::open("files-busy");
    let message = ward.message.clone();
    let own = ward.alma.browser.csrf();
    let first = body(&[("csrf", &own), ("text", "the first")], &[("a.pdf", pdf(2 * 1024 * 1024))]);
    let mut stream = begun(&ward, &first);
    let told = eventually("the first form is being taken in", || {
        let answer = send(&mut ward.alma.browser, &message, "Words kept", &[("b.pdf", pdf(1024 * 1024))]);
        (answer.status == 422).then(|| answer.text())
    });
    assert!(told.contains("take files right now") && told.contains("Words kept</textarea>"), "{told}");
    // Words alone need no room.
    assert_eq!(send(&mut ward.alma.browser, &message, "in between", &[]).status, 303);
    stream.write_all(&first[first.len() / 2..]).unwrap();
    let mut said = [0; 4096];
    let read = stream.read(&mut said).unwrap_or(0);
    assert!(String::from_utf8_lossy(&said[..read]).starts_with("HTTP/1.1 303"));
    let page = ward.alma.browser.get(&format!("/messages/{message}")).text();
    assert!(page.contains("the first") && page.contains("a.pdf"), "{page}");
}

#[test]
fn after_a_hundred_megabytes_in_a_day_no_file_is_taken_and_words_are() {
    let mut ward = Ward::open("files-enough");
    let message = ward.message.clone();
    let five: Vec<(&str, Vec<u8>)> = (0..5).map(|_| ("scan.pdf", pdf(10 * 1024 * 1024))).collect();
    for _ in 0..2 {
        assert_eq!(send(&mut ward.alma.browser, &message, "scans", &five).status, 303);
    }
    let more = send(&mut ward.alma.browser, &message, "one more", &[("a.png", png(1, 1, b""))]);
    let page = more.text();
    assert!(
        more.status == 422 && page.contains("a lot of files today") && page.contains("one more</textarea>"),
        "{page}"
    );
    assert_eq!(send(&mut ward.alma.browser, &message, "one more", &[]).status, 303);
}

/// What a practice asks, as a form with files.
pub(super) fn asked(
    client: &mut Client,
    request: &serde_json::Value,
    files: &[(&str, Vec<u8>)],
) -> std::io::Result<Answer> {
    let form = body(&[("request", &request.to_string())], files);
    let headers = [("Content-Type", "multipart/form-data; boundary=b")];
    client.call("POST", "/v1/messages", &headers, &form)
}

#[test]
fn a_practice_sends_files_that_are_read_in_the_portal_alone_and_given_back_as_downloads() {
    let mut ward = Ward::open("files-to-patient");
    let mut staff = ward.clinic.client();
    let request = json!({
        "patient": "Patient/p1", "purpose": "treatment_update",
        "content": { "subject": "Your plan", "body": "Here is the plan for your knee.", "level": "L2" }
    });
    let answer =
        asked(&mut staff, &request, &[("../plan.PDF.exe", pdf(3 * 1024 * 1024)), ("note.txt", note())]).unwrap();
    assert_eq!(answer.status, 202, "{}", answer.text());
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    let taken = answer.json()["files"].clone();
    assert_eq!((taken[0]["name"].as_str(), taken[0]["bytes"].as_u64()), (Some("plan.pdf"), Some(3 * 1024 * 1024)));
    assert_eq!(taken[1]["sha256"].as_str().map(str::len), Some(64), "{taken}");
    readable(&mut staff, &id);
    // The practice has back what it sent, by a key that may read content, and it is entered.
    let path = format!("/v1/messages/{id}/files/{}", taken[1]["id"].as_str().unwrap());
    let entered = ward.entries();
    let back = staff.get(&path);
    assert_eq!(
        (back.status, &back.body, back.header("content-type")),
        (200, &note(), Some("application/octet-stream"))
    );
    assert_eq!(ward.entries(), entered + 1);
    assert_eq!(staff.get(&path.replace(&id, &ward.message)).status, 404, "of another message");
    assert_eq!(ward.other_staff().get(&path).status, 404, "of another practice");
    assert_eq!(Client::new(ward.clinic.address(), "").get(&path).status, 401);
    let page = ward.alma.browser.get(&format!("/messages/{id}")).text();
    let files = listed(&page);
    assert_eq!(files.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>(), ["plan.pdf", "note.txt"], "{page}");
    let before = ward.entries();
    let given = ward.alma.browser.get(&files[1].0);
    assert_eq!((given.status, &given.body), (200, &note()));
    assert_eq!(given.header("content-type"), Some("application/octet-stream"));
    assert_eq!(given.header("content-disposition"), Some("attachment; filename=\"file.txt\""));
    assert!(given.header("content-security-policy").is_some_and(|policy| policy.contains("sandbox")));
    assert_eq!(ward.entries(), before + 1, "who opened it is written down");
    let file = files[1].0.rsplit('/').next().unwrap();
    assert_eq!(
        ward.alma.browser.get(&format!("/messages/{}/files/{file}", ward.message)).status,
        404,
        "of another message"
    );
    assert_eq!(ward.stranger.browser.get(&files[1].0).status, 404);
    assert_eq!(ward.nobody().get(&files[1].0).status, 303);
    let kept = ward.alma.browser.get(&format!("/messages/{id}/download")).text();
    assert!(kept.contains("Here is the plan") && kept.contains("[plan.pdf, PDF, 3.0 MB]"), "{kept}");
    let all = ward.alma.browser.get("/account/messages.json").json();
    let message = all["messages"].as_array().unwrap().iter().find(|one| one["message"] == id.as_str()).unwrap();
    assert_eq!(
        (message["files"][1]["name"].as_str(), message["files"][1]["bytes"].as_u64()),
        (Some("note.txt"), Some(note().len() as u64))
    );

    // To check it is to hear the same, and to store nothing.
    let entered = ward.entries();
    let form = body(&[("request", &request.to_string())], &[("note.txt", b"Another note.\n".to_vec())]);
    let kind = [("Content-Type", "multipart/form-data; boundary=b")];
    let checked = staff.call("POST", "/v1/messages:check", &kind, &form).unwrap();
    assert_eq!((checked.status, checked.json()["outcome"].as_str()), (200, Some("send")), "{}", checked.text());
    assert!(checked.json()["deliveries"].as_array().unwrap().iter().any(|one| one["channel"] == "portal"));
    assert_eq!(ward.entries(), entered);

    // What is no such file, no such request, or said too little of: nothing is stored.
    let mut kept = || staff.get("/v1/patients/p1/messages").json()["messages"].as_array().map(Vec::len);
    let before = kept();
    let mut staff = ward.clinic.client();
    let silent = json!({ "patient": "Patient/p1", "purpose": "treatment_update", "content": { "body": "Here." } });
    for (request, files) in [
        (&request, vec![("page.pdf", b"<html><script>alert(1)</script>".to_vec())]),
        (&silent, vec![("note.txt", note())]),
        (&json!({}), vec![("note.txt", note())]),
        (&request, (0..6).map(|_| ("note.txt", note())).collect()),
    ] {
        let refused = asked(&mut staff, request, &files).unwrap();
        assert_eq!(refused.status, 422, "{}", refused.text());
    }
    let huge: Vec<(&str, Vec<u8>)> = (0..6).map(|_| ("a.pdf", pdf(10 * 1024 * 1024))).collect();
    // More than is ever taken is not read to its end: who is sending still may find the connection closed.
    assert!(asked(&mut staff, &request, &huge).map_or(true, |refused| refused.status == 413));
    let nobody = asked(&mut Client::new(ward.clinic.address(), ""), &request, &[("note.txt", note())]).unwrap();
    assert_eq!((nobody.status, kept()), (401, before));
}

#[test]
fn a_form_of_a_program_that_is_not_whole_is_refused_with_the_part_and_no_message_goes_without_its_file() {
    let mut ward = Ward::open("files-whole");
    let mut staff = ward.clinic.client();
    let request = json!({
        "patient": "Patient/p1", "purpose": "treatment_update",
        "content": { "subject": "Your plan", "body": "Here is the plan for your knee.", "level": "L2" }
    });
    let parts = |head: &str| {
        format!(
            "--b\r\nContent-Disposition: form-data; name=\"request\"\r\n\r\n{request}\r\n--b\r\n\
             Content-Disposition: form-data; name=\"file\"{head}\r\n\r\nTen steps a day.\r\n--b--\r\n"
        )
    };
    let before = (ward.entries(), staff.get("/v1/patients/p1/messages").json());
    let whole = parts("; filename=\"plan.txt\"");
    for (kind, form, field) in [
        ("multipart/form-data; boundary=b", parts(""), "part 2"),
        ("multipart/form-data; boundary=b", whole[..whole.len() - 9].to_owned(), "part 2"),
        (
            "multipart/form-data; boundary=b",
            whole.replacen("\"file\"; filename=\"plan.txt\"", "\"request\"", 1),
            "part 2",
        ),
        ("multipart/form-data; boundary=b", whole.replacen("\"request\"", "\"r\"; filename=\"a.txt\"", 1), "request"),
        ("multipart/form-data", whole.clone(), "Content-Type"),
    ] {
        let headers = [("Content-Type", kind), ("Idempotency-Key", "plan-1")];
        let refused = staff.call("POST", "/v1/messages", &headers, form.as_bytes()).unwrap();
        assert_eq!((refused.status, refused.json()["field"].as_str()), (422, Some(field)), "{}", refused.text());
        assert!(!refused.text().contains("plan.txt"), "{}", refused.text());
    }
    assert_eq!((ward.entries(), staff.get("/v1/patients/p1/messages").json()), before, "none of them left anything");

    // The key is free for the form as it should have been, however its writer names a file.
    for (key, head) in [("plan-1", "; filename=plan.txt"), ("plan-2", "; filename*=UTF-8''pla%6E.txt")] {
        let headers = [("Content-Type", "multipart/form-data; Boundary=b"), ("Idempotency-Key", key)];
        // The same words with the same file would be sent twice (SYS-05).
        let form = format!("A preamble.\r\n{}", parts(head)).replace("Ten steps", &format!("{key}: ten steps"));
        let sent = staff.call("POST", "/v1/messages", &headers, form.as_bytes()).unwrap();
        assert_eq!(sent.status, 202, "{}", sent.text());
        let id = sent.json()["id"].as_str().unwrap().to_owned();
        readable(&mut staff, &id);
        let page = ward.alma.browser.get(&format!("/messages/{id}")).text();
        assert_eq!(listed(&page).len(), 1, "{page}");
        assert_eq!(listed(&page)[0].1, "plan.txt");
    }
}
