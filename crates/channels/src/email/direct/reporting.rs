//! Sending reports on TLS to those who ask for them (RFC 8460 section 5): by mail over our own sessions, signed, or by HTTPS. Nothing in
//! a report is about a patient, so no permit is asked for; nothing else leaves this way.

use super::{Direct, InLine, Letter};
use crate::email::message::wire_lines;
use crate::email::reports::{OwnReport, Wanted, wanted_at};
use crate::email::route::may_reach;
use crate::https::{Call, Https};
use crate::mail_domains::Reported;
use crate::provider::Sent;
use hyper::Method;
use jiff::Timestamp;
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::date::Date;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::{BodyPart, MimePart};
use postern_base::{Phi, Secret};
use postern_gate::TransportFloor;
use std::net::SocketAddr;
use std::time::Duration;

/// house: how long one place may take for a report.
const TIME: Duration = Duration::from_secs(60);
/// What it is, packed (RFC 8460 section 6.5).
const KIND: &str = "application/tlsrpt+gzip";

impl Direct {
    /// Brings `report` to the first place that takes it.
    pub(super) async fn bring_report(&self, report: &OwnReport, now: Timestamp) -> Reported {
        let Ok(answer) = self.router.dns.txt(&format!("_smtp._tls.{}", report.domain)).await else {
            return Reported::NotNow("dns-unavailable".to_owned());
        };
        let places = wanted_at(&answer.records);
        if places.is_empty() {
            return Reported::NotWanted;
        }
        let mut seen = Reported::NotWanted;
        for place in &places {
            seen = match place {
                Wanted::Mail(address) => self.mail_report(report, address, now).await,
                Wanted::Https(url) => self.post_report(report, url).await,
            };
            if seen == Reported::Taken {
                break;
            }
        }
        seen
    }

    /// RFC 8460 section 5.3.
    async fn mail_report(&self, report: &OwnReport, to: &str, now: Timestamp) -> Reported {
        let not_now = |code: &str| Reported::NotNow(code.to_owned());
        let Some(mut message) = composed(report, &self.writer.from, to, now) else { return not_now("mail-wire") };
        for dkim in &self.writer.dkim {
            // RFC 8460 section 3: a report by mail is signed by its submitter.
            match dkim.sign(&message, now) {
                Ok(signed) => message = signed,
                Err(_) => return not_now("dkim-unsigned"),
            }
        }
        let domain = to.rsplit_once('@').map_or("", |(_, domain)| domain).to_ascii_lowercase();
        let letter = Letter {
            domain: &domain,
            from: &self.writer.from,
            to,
            message: &message,
            floor: TransportFloor::VerifiedTls,
            ahead: false,
            in_line: &InLine::default(),
        };
        match self.deliver(letter, TIME, now, report.id()).await {
            Sent::Accepted(_) | Sent::Delivered(_) => Reported::Taken,
            // Perhaps it was taken. RFC 8460 section 5.3 has it tried again, and who gets it twice knows it by its id.
            Sent::Unknown { code }
            | Sent::TemporaryFailure { code }
            | Sent::PermanentFailure { code }
            | Sent::BelowFloor { code, .. } => Reported::NotNow(code),
            Sent::Unpermitted(_) => not_now("unpermitted"),
        }
    }

    /// RFC 8460 section 5.4. The address is looked up here, so that a stranger's record cannot name this machine.
    async fn post_report(&self, report: &OwnReport, url: &str) -> Reported {
        let not_now = |code: &str| Reported::NotNow(code.to_owned());
        let Some((origin, path)) = parts(url) else { return not_now("url") };
        let Some((host, port)) = crate::https::origin(&origin) else { return not_now("url") };
        if port != 443 && !self.router.loopback {
            return not_now("port");
        }
        let Ok(found) = self.router.dns.addresses(&host).await else { return not_now("dns-unavailable") };
        let Some(address) = found.records.into_iter().find(|address| may_reach(*address, self.router.loopback)) else {
            return not_now("no-address");
        };
        let address = Some(SocketAddr::new(address, port));
        let Some(https) = Https::with(self.pkix.clone(), host, port, address, TIME) else { return not_now("url") };
        let headers = vec![("content-type", Secret::new(KIND.to_owned()))];
        let call = Call { method: Method::POST, path, headers, body: Phi::new(report.packed()) };
        match https.call(&call, TIME).await {
            Ok(answer) if (200..300).contains(&answer.status) => Reported::Taken,
            Ok(answer) => Reported::NotNow(format!("http-{}", answer.status)),
            Err(error) => not_now(error.code()),
        }
    }
}

/// `https://host[:port]` and what stands after it.
fn parts(url: &str) -> Option<(String, String)> {
    let rest = url.strip_prefix("https://")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    Some((format!("https://{authority}"), format!("/{path}")))
}

fn composed(report: &OwnReport, from: &str, to: &str, now: Timestamp) -> Option<Vec<u8>> {
    let words = format!("A report on TLS (RFC 8460) about {} by {}.\r\n", report.domain, report.submitter);
    let text = MimePart::new(ContentType::new("text/plain").attribute("charset", "utf-8"), words);
    let packed = MimePart::new(ContentType::new(KIND), report.packed()).attachment(report.file_name());
    let boundary = format!("=_{}", report.from.as_second());
    let kind = ContentType::new("multipart/report").attribute("report-type", "tlsrpt").attribute("boundary", boundary);
    let subject =
        format!("Report Domain: {} Submitter: {} Report-ID: <{}>", report.domain, report.submitter, report.id());
    let message = MessageBuilder::new()
        .from(Address::new_address(None::<&str>, from))
        .to(Address::new_address(None::<&str>, to))
        .date(Date::new(now.as_second()))
        .message_id(format!("{}.tlsrpt@{}", report.from.as_second(), report.submitter))
        .header("TLS-Report-Domain", Raw::new(report.domain.as_str()))
        .header("TLS-Report-Submitter", Raw::new(report.submitter.as_str()))
        .header("Auto-Submitted", Raw::new("auto-generated"))
        .header("Subject", Raw::new(subject))
        .body(MimePart::new(kind, BodyPart::Multipart(vec![text, packed])));
    wire_lines(message.write_to_vec().ok()?, "").ok()
}
