//! Nothing goes where no deployment names a place: every destination to which the binary connects or sends, over a run of mail and texts to
//! peers on this machine, as strace sees it.

use crate::clinic::{Clinic, code, eventually, free_port, patient};
use crate::direct::{agree_to_direct, list, mail_of, section};
use crate::mail_asks::where_it_is_one_o_clock;
use crate::mailers::internet::Internet;
use crate::texts::{agree, centre};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The destinations in what strace wrote: the address of every structure that a call was given.
fn destinations(trace: &str) -> BTreeSet<SocketAddr> {
    let between = |text: &str, from: &str, to: &str| {
        let (_, rest) = text.split_once(from)?;
        rest.split_once(to).map(|(found, _)| found.to_owned())
    };
    let read = |structure: &str| {
        let port = between(structure, "_port=htons(", ")").and_then(|port| port.parse().ok());
        let v4 = between(structure, "inet_addr(\"", "\"").and_then(|ip| ip.parse::<Ipv4Addr>().ok());
        let v6 = between(structure, "inet_pton(AF_INET6, \"", "\"").and_then(|ip| ip.parse::<Ipv6Addr>().ok());
        let address = v4.map(IpAddr::V4).or(v6.map(IpAddr::V6)).zip(port);
        let (ip, port) = address.unwrap_or_else(|| panic!("an address that is not understood: {structure}"));
        SocketAddr::new(ip, port)
    };
    // From one structure to the next; the first piece stands before any.
    trace.split("sa_family=AF_INET").skip(1).map(read).collect()
}

#[test]
fn destinations_elsewhere_are_seen_in_what_strace_writes() {
    let trace = "8 connect(9, {sa_family=AF_UNIX, sun_path=\"/run/x\"}, 110) = 0\n\
                 8 connect(9, {sa_family=AF_INET, sin_port=htons(25), sin_addr=inet_addr(\"192.0.2.1\")}, 16 <unfinished ...>\n\
                 9 sendmsg(7, {msg_name={sa_family=AF_INET6, sin6_port=htons(53), sin6_flowinfo=htonl(0), \
                 inet_pton(AF_INET6, \"2001:db8::1\", &sin6_addr), sin6_scope_id=0}, msg_namelen=28}, 0) = 1\n";
    let seen: Vec<String> = destinations(trace).iter().map(SocketAddr::to_string).collect();
    assert_eq!(seen, ["192.0.2.1:25", "[2001:db8::1]:53"]);
}

/// A result by mail to a server that holds and to one that does not, and a code by text: each as far as it goes.
fn a_run_of_mail_and_texts(clinic: &Clinic) {
    let send = |request: &Value| {
        let accepted = clinic.client().post("/v1/messages", request);
        assert_eq!(accepted.status, 202, "{}", accepted.text());
        accepted.json()["id"].as_str().expect("an id").to_owned()
    };
    let result = |patient: &str| {
        json!({
            "patient": format!("Patient/{patient}"), "purpose": "test_result", "channels": ["portal", "email"],
            "content": { "subject": "Your result", "body": "Your HbA1c came back at 8.2 %." }
        })
    };
    let mail = send(&result("p1"));
    send(&result("p2"));
    let text = send(&code("p3", "12345678"));
    eventually("the mail is delivered", || (mail_of(clinic, &mail)["state"] == "delivered").then_some(()));
    eventually("the text is delivered", || {
        (clinic.client().get(&format!("/v1/messages/{text}")).json()["state"] == "delivered").then_some(())
    });
    eventually("the other server was tried", || {
        let failures = list(clinic, "/v1/tls-failures", "failures");
        failures.iter().any(|failure| failure["domain"] == "wrong.test").then_some(())
    });
}

#[test]
fn over_a_run_of_mail_and_texts_every_destination_is_this_machine() {
    let Some(internet) = Internet::shared() else { return };
    let records = [
        where_it_is_one_o_clock("p1", "alma@sts.test"),
        where_it_is_one_o_clock("p2", "alma@wrong.test"),
        patient("p3", "+12125550141", "p3@pkix.test"),
    ];
    let mut clinic = Clinic::new("loopback", &records.concat());
    let Some((vendor, texts)) = centre(&clinic, "") else { return };
    let back = format!("[inbound_mail]\nlisten = \"{}\"\ndomain = \"back.clinic.example\"\n", free_port());
    clinic.configure("[tenant.clinic]\n", &format!("{}\n{back}\n{texts}\n[tenant.clinic]\n", section(&internet)));
    let trace = clinic.folder.join("trace");
    if clinic.serve_traced(&trace).is_none() {
        return;
    }
    agree_to_direct(&clinic);
    agree(&clinic, "simulator", "terminated");
    agree(&clinic, "centre", "executed");
    a_run_of_mail_and_texts(&clinic);
    clinic.stop();

    let written = eventually("strace has written everything", || {
        std::fs::read_to_string(&trace).ok().filter(|written| written.ends_with("+++ exited with 0 +++\n"))
    });
    let seen = destinations(&written);
    let elsewhere: Vec<&SocketAddr> =
        seen.iter().filter(|address| !address.ip().to_canonical().is_loopback()).collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
    // It did see: the name server, mail servers and the host of policies, and the message centre.
    assert!(seen.contains(&internet.zones.nsd), "{seen:?}");
    let of_internet = |address: &&SocketAddr| address.port() == internet.port;
    assert!(seen.iter().filter(of_internet).count() >= 3, "{seen:?}");
    assert!(seen.iter().any(|address| address.port() == vendor.port), "{seen:?}");
}
