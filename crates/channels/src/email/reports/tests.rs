use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use miniz_oxide::deflate::compress_to_vec;

fn gzip(text: &str) -> Vec<u8> {
    [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255][..], &compress_to_vec(text.as_bytes(), 6), &[0; 8]].concat()
}

fn zip(text: &str) -> Vec<u8> {
    let header = [b'P', b'K', 3, 4, 20, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0];
    [&header[..], b"r", &compress_to_vec(text.as_bytes(), 6), b"PK\x01\x02"].concat()
}

/// A mail as reporters send it: a few words, and the report.
fn mail(kind: &str, name: &str, bytes: &[u8]) -> Vec<u8> {
    let packed = STANDARD.encode(bytes);
    let lines: Vec<&str> = packed.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!(
        "From: reports@host.example\r\nSubject: Report Domain: clinic.example\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n--bb\r\n\
         Content-Type: {kind}; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--bb--\r\n",
        lines.join("\r\n")
    )
    .into_bytes()
}

fn row(address: &str, count: u64, dkim: &str, spf: &str) -> String {
    format!(
        "<record><row><source_ip>{address}</source_ip><count>{count}</count><policy_evaluated><disposition>none</disposition>\
         <dkim>{dkim}</dkim><spf>{spf}</spf></policy_evaluated></row><identifiers><header_from>clinic.example</header_from>\
         </identifiers><auth_results><dkim><domain>clinic.example</domain><result>pass</result></dkim></auth_results></record>"
    )
}

fn feedback(rows: &[String]) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feedback><version>1.0</version><report_metadata><org_name>Host &amp; Co\
         </org_name><email>x@host.example</email><report_id>r-1</report_id><date_range><begin>1795305600</begin>\
         <end>1795391999</end></date_range></report_metadata><policy_published><domain>Clinic.Example.</domain><p>reject</p>\
         </policy_published>{}</feedback>",
        rows.concat()
    )
}

fn dmarc(content: &[u8]) -> DmarcReport {
    match read(content) {
        Some(Report::Dmarc(report)) => report,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_aggregate_report_says_what_passed_and_by_what_however_it_was_packed() {
    let rows = [
        row("192.0.2.1", 90, "pass", "pass"),
        row("2001:db8::1", 7, "fail", "pass"),
        row("198.51.100.9", 400, "fail", "fail"),
        row("nowhere", 5, "fail", "pass"),
    ];
    let text = feedback(&rows);
    for (kind, name, bytes) in [
        ("application/gzip", "host!clinic.example!1!2.xml.gz", gzip(&text)),
        ("application/zip", "r.zip", zip(&text)),
        ("application/octet-stream", "r.xml.gz", gzip(&text)),
        ("text/xml", "r.xml", text.clone().into_bytes()),
    ] {
        let report = dmarc(&mail(kind, name, &bytes));
        assert_eq!((report.reporter.as_str(), report.id.as_str()), ("Host & Co", "r-1"), "{name}");
        assert_eq!(report.domain, "clinic.example");
        assert_eq!((report.dkim_passed, report.dkim_failed, report.failed), (90, 7, 400));
        assert_eq!((report.from.as_second(), report.until.as_second()), (1_795_305_600, 1_795_391_999));
        let most: Vec<u64> = report.sources.iter().map(|source| source.mails).collect();
        assert_eq!(most, [400, 90, 7], "a row from nowhere is none");
    }
}

#[test]
fn a_report_on_tls_says_how_many_sessions_failed_and_why() {
    // After the example of RFC 8460 appendix B, with other numbers.
    let text = r#"{"organization-name":"Host","date-range":{"start-datetime":"2026-11-21T00:00:00Z",
        "end-datetime":"2026-11-21T23:59:59Z"},"contact-info":"x@host.example","report-id":"t-1","policies":[
        {"policy":{"policy-type":"sts","policy-string":["version: STSv1"],"policy-domain":"back.clinic.example","mx-host":["mx"]},
         "summary":{"total-successful-session-count":500,"total-failure-session-count":3},
         "failure-details":[{"result-type":"certificate-expired","sending-mta-ip":"192.0.2.1","receiving-mx-hostname":
         "mx.back.clinic.example","failed-session-count":3}]},
        {"policy":{"policy-type":"no-policy-found","policy-domain":"elsewhere.example"},"summary":{"total-failure-session-count":9}}]}"#;
    let Some(Report::Tls(report)) = read(&mail("application/tlsrpt+gzip", "t.json.gz", &gzip(text))) else { panic!() };
    assert_eq!((report.domain.as_str(), report.id.as_str()), ("back.clinic.example", "t-1"));
    assert_eq!((report.succeeded, report.failed), (500, 3), "another domain's sessions are not ours");
    let trouble =
        TlsTrouble { kind: "certificate-expired".into(), server: "mx.back.clinic.example".into(), sessions: 3 };
    assert_eq!(report.troubles, [trouble]);
}

#[test]
fn of_very_many_sources_the_largest_are_kept_and_all_are_counted() {
    let rows: Vec<String> =
        (0..1000).map(|n| row(&format!("10.0.{}.{}", n / 250, n % 250), n + 1, "pass", "fail")).collect();
    let report = dmarc(&mail("application/gzip", "r.gz", &gzip(&feedback(&rows))));
    assert_eq!((report.dkim_passed, report.sources.len(), report.sources[0].mails), (500_500, 50, 1000));
}

#[test]
fn what_is_no_report_or_meant_to_hurt_is_given_up() {
    let laughs = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]>";
    let deep = "<a>".repeat(100_000);
    let many = feedback(&vec![row("192.0.2.1", 1, "pass", "pass"); 20_001]);
    let huge = feedback(&["<x/>".repeat(4 << 20)]);
    for bad in [
        deep.as_str(),
        &many,
        &huge,
        "<feedback/>",
        "<feedback><report_metadata>",
        "",
        "{}",
        "{\"policies\":[]}",
        "[[[[[[",
        &"[".repeat(1_000_000),
        &"{\"a\":".repeat(1_000_000),
    ] {
        assert_eq!(read(&mail("application/gzip", "r.xml.gz", &gzip(bad))), None, "{}", bad.get(..40).unwrap_or(bad));
    }
    // Entities that a document declares itself are never put in.
    let with = feedback(&[]).replacen("<feedback>", &format!("{laughs}<feedback>"), 1).replace("r-1", "r&b;1");
    assert_eq!(dmarc(&mail("text/xml", "r.xml", with.as_bytes())).id, "r1");
    assert_eq!(read(&mail("image/png", "r.png", feedback(&[]).as_bytes())), None, "by its type and name it is none");
    assert_eq!(read(b"Subject: x\r\n\r\nhello"), None);
    assert_eq!(read(&[0xff; 1000]), None);
}
