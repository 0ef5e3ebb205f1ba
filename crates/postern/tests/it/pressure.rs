//! Callers that are slow, too many or too late: each gets its answer, and no other caller notices.

use crate::clinic::{Clinic, code, patient};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A clinic whose server has `more` in its section of the configuration, serving.
fn clinic(name: &str, more: &str) -> (Clinic, SocketAddr) {
    let mut clinic = Clinic::new(name, &patient("p1", "+12125550101", "pat@mail.example"));
    clinic.configure("[server]\n", &format!("[server]\n{more}\n"));
    let address = clinic.serve();
    (clinic, address)
}

/// Sends `bytes` and gives everything the server says until it closes. The read waits for the server, at most 30 s.
fn until_closed(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("set");
    stream.write_all(bytes).expect("sent");
    let mut said = Vec::new();
    stream.read_to_end(&mut said).expect("the server closes the connection");
    String::from_utf8_lossy(&said).into_owned()
}

#[test]
fn a_connection_that_says_nothing_or_too_slowly_is_closed_and_others_are_served() {
    let (clinic, address) = clinic("slow", "idle_seconds = 1\nbody_seconds = 1");
    // A whole room of callers that never finish their head.
    let slow: Vec<TcpStream> = (0..200)
        .map(|_| {
            let mut stream = TcpStream::connect(address).expect("a connection");
            stream.write_all(b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nX-").expect("sent");
            stream
        })
        .collect();
    assert_eq!(clinic.client().post("/v1/messages", &code("p1", "482913")).status, 202);
    for mut stream in slow {
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("set");
        let mut said = Vec::new();
        stream.read_to_end(&mut said).expect("the server closes the connection");
        assert!(!String::from_utf8_lossy(&said).contains(" 20"), "nothing was asked for");
    }
    assert_eq!(until_closed(address, b""), "");
    let idle = until_closed(address, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(idle.starts_with("HTTP/1.1 200"), "an answer first, then the idle connection is closed: {idle}");
}

#[test]
fn a_body_that_does_not_arrive_in_time_is_408_and_nothing_is_stored() {
    let (clinic, address) = clinic("slow-body", "body_seconds = 1");
    let head = format!(
        "POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{{\"patient\":",
        clinic.key
    );
    let said = until_closed(address, head.as_bytes());
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    assert!(said.contains("application/problem+json") && said.contains("connection: close"), "{said}");
    assert_eq!(clinic.client().get("/v1/patients/p1/messages").json()["messages"], serde_json::json!([]));
}

#[test]
fn a_key_that_asks_too_often_is_429_with_word_of_when_to_come_back() {
    let (clinic, _) = clinic("too-often", "requests_per_second = 2");
    let mut client = clinic.client();
    let refused = (0..50)
        .map(|_| client.get("/v1/patients/p1/messages"))
        .find(|answer| answer.status != 200)
        .expect("the limit holds");
    assert_eq!(refused.status, 429, "{}", refused.text());
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert!(
        refused.json()["detail"].as_str().is_some_and(|detail| detail.contains("per second")),
        "{}",
        refused.text()
    );
    assert_eq!(client.get("/readyz").status, 200, "the open calls are not the key's");
}

#[test]
fn connections_beyond_the_limit_wait_and_are_served_when_one_ends() {
    let (clinic, address) = clinic("crowd", "connections = 2\nidle_seconds = 1");
    let idle: Vec<TcpStream> = (0..6).map(|_| TcpStream::connect(address).expect("the system queues it")).collect();
    // Six that say nothing are ahead of us, two at a time, until each has been idle for a second.
    assert_eq!(clinic.client().get("/healthz").status, 200);
    drop(idle);
}

#[test]
fn while_it_drains_new_requests_are_503_readiness_is_red_and_told_twice_it_is_quick() {
    let (mut clinic, _) = clinic("draining", "linger_seconds = 3600");
    let mut client = clinic.client();
    assert_eq!(client.post("/v1/messages", &code("p1", "482913")).status, 202);
    clinic.signal("TERM");
    let red = crate::clinic::eventually("it has heard", || {
        let answer = clinic.client().get("/readyz");
        (answer.status == 503).then_some(answer)
    });
    assert!(red.text().contains("shutting down"), "{}", red.text());
    // On the connection from before and on a new one.
    for client in [&mut client, &mut clinic.client()] {
        let late = client.post("/v1/messages", &code("p1", "482914"));
        assert_eq!(late.status, 503, "{}", late.text());
        assert!(late.header("retry-after").is_some());
        assert_eq!(late.header("connection"), Some("close"));
    }
    // Told again, it goes at once, and well.
    clinic.stop();
    assert_eq!(clinic.verify(&[]).0, 0);
}
