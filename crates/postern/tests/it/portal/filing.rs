//! Forms with files of practices' programs, while they are taken in and stored: who is killed in the middle, and who brings nothing.

use super::uploads::{asked, body, note, pdf};
use super::ward::Ward;
use crate::clinic::eventually;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

const LONG: usize = 8 * 1024 * 1024;

fn plan(what: &str) -> Value {
    json!({
        "patient": "Patient/p1", "purpose": "treatment_update",
        "content": { "subject": "Your plan", "body": format!("Here is the plan for {what}."), "level": "L2" }
    })
}

/// How long the database is on disk.
fn stored(ward: &Ward) -> u64 {
    let data = ward.clinic.data();
    let length = |name: &str| std::fs::metadata(data.join(name)).map_or(0, |file| file.len());
    length("postern.db") + length("postern.db-wal")
}

#[test]
fn after_kill_nine_in_the_middle_of_a_form_with_files_there_is_all_of_its_message_or_nothing() {
    let mut ward = Ward::open("files-killed");
    let content = pdf(LONG);
    let files = [("a.pdf", content.clone()), ("b.txt", note()), ("c.pdf", content.clone())];
    let mut cut_off = 0;
    for (round, megabytes) in [1_u64, 5, 9, 13, 15].into_iter().enumerate() {
        let form = body(&[("request", &plan(&format!("week {round}")).to_string())], &files);
        let (once, mut client, before) = (format!("plan-{round}"), ward.clinic.client(), stored(&ward));
        let headers = |once: &str| {
            vec![
                ("Content-Type".to_owned(), "multipart/form-data; boundary=b".to_owned()),
                ("Idempotency-Key".to_owned(), once.to_owned()),
            ]
        };
        let send = move |client: &mut crate::client::Client| {
            let headers = headers(&once);
            let headers: Vec<(&str, &str)> =
                headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            client.call("POST", "/v1/messages", &headers, &form)
        };
        let sending = std::thread::spawn(move || (send(&mut client), send));
        eventually("the form is being stored", || {
            (sending.is_finished() || stored(&ward) >= before + megabytes * 1024 * 1024).then_some(())
        });
        ward.clinic.kill();
        let (first, send) = sending.join().unwrap();
        ward.clinic.serve();
        let mut client = ward.clinic.client();
        let again = send(&mut client).unwrap();
        assert_eq!(again.status, 202, "{}", again.text());
        match first {
            Ok(first) => assert_eq!(first.json()["id"], again.json()["id"], "what was answered is there"),
            Err(_) => cut_off += 1,
        }
        let id = again.json()["id"].as_str().unwrap().to_owned();
        for (file, (name, sent)) in again.json()["files"].as_array().unwrap().iter().zip(&files) {
            assert_eq!(file["name"].as_str(), Some(*name));
            let back = client.get(&format!("/v1/messages/{id}/files/{}", file["id"].as_str().unwrap()));
            assert!(back.status == 200 && back.body == *sent, "{name} of round {round}");
        }
    }
    assert!(cut_off > 0, "no round was interrupted");
    let messages = ward.clinic.client().get("/v1/patients/p1/messages").json();
    assert_eq!(messages["messages"].as_array().map(Vec::len), Some(1 + 5), "each once, beside the one of the ward");
    ward.clinic.stop();
    let (exit, report) = ward.clinic.verify(&[]);
    assert_eq!(exit, 0, "{report}");
    // Nothing lies about of what was cut off: ten long files were kept.
    let kept = 10 * LONG as u64;
    assert!(stored(&ward) < kept + kept / 2, "{} bytes", stored(&ward));
}

/// A form of the first practice that has begun, and of which nothing more comes.
fn stopped(ward: &Ward, form: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(ward.clinic.address()).unwrap();
    let head = format!(
        "POST /v1/messages HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {}\r\n\r\n",
        ward.clinic.address(),
        ward.clinic.key,
        form.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&form[..1_000]).unwrap();
    stream
}

#[test]
fn a_practice_whose_forms_bring_nothing_keeps_no_other_practice_from_sending_files() {
    let ward = Ward::open("files-slow");
    let form = body(&[("request", &plan("nobody").to_string())], &[("a.pdf", pdf(LONG))]);
    let slow: Vec<TcpStream> = (0..3).map(|_| stopped(&ward, &form)).collect();
    for week in 0..3 {
        let sent = asked(&mut ward.other_staff(), &plan(&format!("week {week}")), &[("note.txt", note())]).unwrap();
        assert_eq!(sent.status, 202, "{}", sent.text());
    }
    drop(slow);
}

#[test]
fn a_form_that_trickles_gives_way_to_the_next_of_the_same_practice_and_is_told() {
    let ward = Ward::open("files-own");
    let form = body(&[("request", &plan("nobody").to_string())], &[("a.pdf", pdf(LONG))]);
    let mut slow = stopped(&ward, &form);
    let mut hears = slow.try_clone().unwrap();
    let told = std::thread::spawn(move || {
        let mut said = [0; 4096];
        let read = hears.read(&mut said).unwrap_or(0);
        String::from_utf8_lossy(&said[..read]).into_owned()
    });
    // A byte now and then, so that it never stands still for as long as a body may.
    let trickle = std::thread::spawn(move || {
        for byte in form[1_000..].chunks(1) {
            if slow.write_all(byte).is_err() {
                return;
            }
            crate::clinic::pause();
        }
    });
    for week in 0..2 {
        let sent = asked(&mut ward.clinic.client(), &plan(&format!("week {week}")), &[("note.txt", note())]).unwrap();
        assert_eq!(sent.status, 202, "{}", sent.text());
    }
    let told = told.join().unwrap();
    assert!(told.starts_with("HTTP/1.1 408"), "{told}");
    trickle.join().unwrap();
}
