//! Mail that comes back, as the listener hands it in.

use crate::clinic::{Clinic, EMAIL, NUMBER, result};
use crate::records;
use postern_base::{Channel, DeliveryId, Form, Phi};
use postern_channels::email::back::{Mailbox, Role, Way};
use postern_channels::email::inbound::{InboundMail, MailSink, NotTaken};
use postern_engine::faults::NoFaults;
use postern_engine::wire::{KeptMailView, LiftReason, ReadReason};
use postern_engine::{Engine, EngineConfig, Principal, Scope};
use std::sync::Arc;

/// A clinic to which mail comes back, and the e-mail it sent.
struct Back {
    clinic: Clinic,
    engine: Engine,
    delivery: DeliveryId,
}

async fn back() -> Back {
    let clinic = Clinic::open_with(records::patient("p1", NUMBER, EMAIL), Arc::new(NoFaults)).await;
    let config = EngineConfig {
        return_domain: Some("back.sunrise.example".into()),
        own_domains: vec!["sunrise.example".into(), "back.sunrise.example".into()],
        ..EngineConfig::default()
    };
    let engine = clinic.engine_with(config);
    let id = clinic.send(&result(Some(&[Channel::Portal, Channel::Email]))).await.id;
    clinic.settle().await;
    let message = engine.message(&clinic.principal, id, false).await.unwrap();
    let mail = message.deliveries.iter().find(|delivery| delivery.channel == Channel::Email).unwrap();
    assert_eq!(mail.state, "sent");
    Back { delivery: mail.id, engine, clinic }
}

impl Back {
    async fn comes(&self, to: Mailbox, from: &str, text: &str) -> Result<(), NotTaken> {
        let content = text.replace('\n', "\r\n").into_bytes();
        let at = self.engine.clock().now();
        let mail =
            InboundMail { from: Phi::new(from.into()), to: vec![to], content: Phi::new(content), secured: true, at };
        self.engine.take(mail).await
    }

    /// An answer that a person writes.
    async fn answers(&self, text: &str) {
        self.comes(Mailbox::Delivery(Way::Reply, self.delivery), EMAIL, text).await.unwrap();
    }

    async fn comes_to(&self, way: Way, text: &str) {
        self.comes(Mailbox::Delivery(way, self.delivery), "", text).await.unwrap();
    }

    /// The rules that keep the next result from going by e-mail.
    async fn refusals(&self) -> Vec<String> {
        self.clinic.minutes(24 * 60);
        let answer = self.clinic.send(&result(Some(&[Channel::Portal, Channel::Email]))).await.decision;
        let of_mail = answer.refusals.into_iter().filter(|refusal| refusal.channel == Channel::Email);
        of_mail.filter(|refusal| refusal.form != Form::Full).map(|r| r.rule).collect()
    }

    /// Whether the patient's own word keeps the next result from going by e-mail: heard in what they wrote, or on record.
    async fn is_stopped(&self) -> bool {
        self.refusals().await.iter().any(|rule| matches!(rule.as_str(), "TCP-11" | "TCP-14"))
    }

    async fn kept(&self) -> Vec<KeptMailView> {
        self.engine.kept_mails(&self.clinic.principal, None, true, 10).await.unwrap()
    }

    async fn reasons(&self) -> Vec<String> {
        let standing = self.engine.suppressions(&self.clinic.principal, None, 10).await.unwrap();
        standing.into_iter().map(|row| row.reason).collect()
    }
}

fn written(from: &str, more: &str, text: &str) -> String {
    format!("From: Pat <{from}>\nMessage-ID: <{}@example.org>\n{more}\n\n{text}", text.len())
}

fn bounced(status: &str) -> String {
    written(
        "MAILER-DAEMON@mx.example.org",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
        &format!(
            "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; x@y.example\n\
             Action: failed\nStatus: {status}\n--b--"
        ),
    )
}

fn complained(of: &str) -> String {
    written(
        "feedback@mailhost.example",
        "Content-Type: multipart/report; report-type=feedback-report; boundary=b",
        &format!(
            "--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\n--b\nContent-Type: message/rfc822\n\n\
             Return-Path: <{of}>\nSubject: A message\n\nText\n--b--"
        ),
    )
}

#[tokio::test]
async fn a_bounce_that_names_the_address_closes_it_once_however_often_it_comes() {
    let back = back().await;
    for _ in 0..3 {
        back.comes_to(Way::Bounce, &bounced("5.1.1")).await;
    }
    assert_eq!(back.reasons().await, ["hard_bounce"]);
    assert!(back.refusals().await.contains(&"EML-03".to_owned()));
}

#[tokio::test]
async fn a_bounce_at_the_address_for_answers_closes_nothing_and_waits_for_a_person() {
    let back = back().await;
    back.comes_to(Way::Reply, &bounced("5.1.1")).await;
    assert!(back.reasons().await.is_empty());
    assert!(!back.refusals().await.contains(&"EML-03".to_owned()));
    assert_eq!(back.kept().await.len(), 1);
}

#[tokio::test]
async fn a_bounce_for_another_reason_and_a_delay_leave_the_address_as_it_is() {
    let back = back().await;
    for status in ["5.2.2", "5.7.1", "4.4.1"] {
        back.comes_to(Way::Bounce, &bounced(status)).await;
    }
    assert!(back.reasons().await.is_empty());
    assert!(!back.refusals().await.contains(&"EML-03".to_owned()));
}

#[tokio::test]
async fn a_complaint_ends_what_is_automated_and_is_kept_wherever_it_comes_to() {
    for role in [false, true] {
        let back = back().await;
        let own = back.engine.return_addresses().unwrap().address(Way::Bounce, back.delivery);
        let to = if role { Mailbox::Role(Role::Abuse) } else { Mailbox::Delivery(Way::Bounce, back.delivery) };
        back.comes(to, "feedback@mailhost.example", &complained(&own)).await.unwrap();
        assert_eq!(back.reasons().await, ["complaint"]);
        assert_eq!(back.kept().await[0].kind, "complaint");
        assert!(back.is_stopped().await);
    }
}

#[tokio::test]
async fn words_in_a_quotation_without_marks_wait_for_a_person_and_our_own_do_not() {
    let back = back().await;
    let record = back.engine.store().tenant(&back.clinic.principal.tenant);
    let (_, message) = back.engine.store().delivery(back.delivery).await.unwrap().unwrap();
    let sent = record.message(message).await.unwrap().unwrap();
    let ours = sent.renditions.iter().find(|one| one.form == Form::Notice).unwrap().body.reveal().clone();
    let head = "-----Mensaje original-----\nDe: Sunrise\nEnviado el: martes\nPara: Pat\nAsunto: x\n\n";
    back.answers(&written(EMAIL, "X: y", &format!("Gracias.\n\n{head}{ours}"))).await;
    assert!(back.kept().await.is_empty(), "nothing is theirs below");
    back.answers(&written(EMAIL, "X: y", &format!("Sí.\n\n{head}{ours}\nMe siento peor."))).await;
    assert_eq!(back.kept().await[0].kind, "reply");
}

#[tokio::test]
async fn two_mails_of_the_same_words_without_name_or_date_are_two() {
    let back = back().await;
    let bare = format!("From: Pat <{EMAIL}>\n\nI feel worse.");
    for _ in 0..2 {
        back.answers(&bare).await;
        back.clinic.minutes(1);
    }
    let read = back.engine.received(&back.clinic.principal, "p1", ReadReason::Treatment, None, 10).await.unwrap();
    assert_eq!(read.iter().map(|one| one.text.as_str()).collect::<Vec<_>>(), ["I feel worse."; 2]);
    let caller = Principal { scopes: vec![Scope::MessagesRead], ..back.clinic.principal.clone() };
    assert!(back.engine.received(&caller, "p1", ReadReason::Treatment, None, 10).await.is_err());
}

#[tokio::test]
async fn a_made_up_address_in_a_complaint_is_nobodys() {
    let back = back().await;
    let made_up = format!("b-{}{}@back.sunrise.example", back.delivery.0.simple(), "0".repeat(20));
    back.comes(Mailbox::Role(Role::Abuse), "x@y.example", &complained(&made_up)).await.unwrap();
    assert!(back.reasons().await.is_empty());
    assert_eq!(back.kept().await[0].kind, "role");
}

#[tokio::test]
async fn a_stop_by_mail_is_obeyed_also_from_a_forwarded_address() {
    for from in [EMAIL, "PAT@Example.org", "forwarded@elsewhere.example"] {
        let back = back().await;
        assert!(!back.is_stopped().await);
        back.comes_to_as_person(&written(from, "Subject: Re", "Please stop emailing me.")).await;
        assert!(back.is_stopped().await, "{from}");
        assert_eq!(back.kept().await.len(), usize::from(from.contains("elsewhere")), "{from}");
    }
}

#[tokio::test]
async fn a_start_counts_only_from_the_address_we_wrote_to() {
    let back = back().await;
    back.comes_to_as_person(&written(EMAIL, "Subject: Re", "STOP")).await;
    back.comes_to_as_person(&written("other@elsewhere.example", "Subject: Re", "START")).await;
    assert!(back.is_stopped().await);
}

#[tokio::test]
async fn what_a_machine_answers_is_kept_and_never_read_as_the_patients_word() {
    let back = back().await;
    back.comes_to_as_person(&written(EMAIL, "Auto-Submitted: auto-replied", "I am away. STOP")).await;
    assert!(!back.is_stopped().await);
    assert_eq!(back.kept().await[0].kind, "auto_reply");
}

#[tokio::test]
async fn mail_from_ourselves_goes_in_no_circle() {
    let back = back().await;
    let own = back.engine.return_addresses().unwrap().address(Way::Reply, back.delivery);
    let to = Mailbox::Delivery(Way::Reply, back.delivery);
    assert_eq!(back.comes(to, "x@y.example", &written(&own, "Subject: Re", "STOP")).await, Err(NotTaken::Never));
    assert!(back.kept().await.is_empty());
}

#[tokio::test]
async fn a_mail_to_the_address_for_unsubscribing_ends_that_purpose() {
    let back = back().await;
    for _ in 0..2 {
        back.comes_to(Way::Unsubscribe, &written(EMAIL, "Subject: unsubscribe", "")).await;
    }
    assert!(back.reasons().await.is_empty());
    assert!(back.is_stopped().await);
}

/// An aggregate report on `domain`: of a hundred mails from where ours come from, so many without a good signature.
fn reported(domain: &str, unsigned: u32) -> String {
    let row = |count: u32, dkim: &str| {
        format!(
            "<record><row><source_ip>192.0.2.1</source_ip><count>{count}</count><policy_evaluated><disposition>none\
             </disposition><dkim>{dkim}</dkim><spf>pass</spf></policy_evaluated></row></record>"
        )
    };
    let report = format!(
        "<feedback><report_metadata><org_name>Host</org_name><report_id>{domain}-{unsigned}</report_id><date_range>\
         <begin>1795305600</begin><end>1795391999</end></date_range></report_metadata><policy_published><domain>{domain}\
         </domain></policy_published>{}{}</feedback>",
        row(100 - unsigned, "pass"),
        row(unsigned, "fail")
    );
    let head = "Content-Type: text/xml; name=\"r.xml\"\nContent-Disposition: attachment; filename=\"r.xml\"";
    written("reports@host.example", head, &report)
}

#[tokio::test]
async fn a_report_that_doubts_our_signature_holds_mail_in_bulk_until_somebody_looks() {
    let back = back().await;
    let offer = serde_json::to_vec(&serde_json::json!({
        "patient": "Patient/p1", "purpose": "marketing", "channels": ["email"],
        "marketing": { "kind": "own_service", "remuneration": "none", "drug_lapsed_days": 0 },
        "content": { "body": "Advertisement from Sunrise Health: our new walk-in hours start Monday. Reply UNSUBSCRIBE to stop." }
    }));
    let offer = offer.unwrap();
    let held = async || {
        let answer = back.engine.check(&back.clinic.principal, &offer).await.unwrap();
        answer.refusals.iter().any(|refusal| refusal.rule == "SEC-28" && refusal.sentence.contains("does not verify"))
    };
    let reports = Mailbox::Role(Role::DmarcReports);
    for (domain, unsigned) in [("sunrise.example", 4), ("elsewhere.example", 90)] {
        back.comes(reports, "reports@host.example", &reported(domain, unsigned)).await.unwrap();
        assert!(!held().await, "{domain}");
    }
    assert_eq!(back.kept().await.len(), 1, "a report on somebody else's domain waits for a person");
    for _ in 0..2 {
        back.comes(reports, "reports@host.example", &reported("sunrise.example", 5)).await.unwrap();
    }
    assert!(held().await);
    let listed = back.engine.mail_reports(&back.clinic.principal, None, 10).await.unwrap();
    assert_eq!(listed.iter().map(|report| report.about.unsigned).collect::<Vec<_>>(), [Some(5), Some(4)], "once each");
    assert!(listed[0].doubts_signature && !listed[1].doubts_signature);
    let reader = Principal { scopes: vec![Scope::MessagesRead], ..back.clinic.principal.clone() };
    assert!(back.engine.review_mail_report(&reader, listed[0].id).await.is_err());
    back.engine.review_mail_report(&back.clinic.principal, listed[0].id).await.unwrap();
    assert!(!held().await, "somebody has looked");
    back.comes(reports, "reports@host.example", &reported("sunrise.example", 50)).await.unwrap();
    assert!(held().await, "a new one is a new doubt");
    back.clinic.minutes(8 * 24 * 60);
    assert!(!held().await, "and not for ever");
}

#[tokio::test]
async fn what_came_back_is_shown_and_opened_by_those_who_may() {
    let back = back().await;
    back.comes_to(Way::Bounce, &bounced("5.1.1")).await;
    let may = |scopes: &[Scope]| Principal { scopes: scopes.to_vec(), ..back.clinic.principal.clone() };
    let engine = &back.engine;
    assert!(engine.suppressions(&may(&[Scope::ConsentWrite]), None, 10).await.is_err());
    let row = engine.suppressions(&may(&[Scope::ConsentRead]), None, 10).await.unwrap().remove(0);
    assert_eq!((row.address.as_deref(), row.patient.as_deref()), (Some(EMAIL), Some("Patient/p1")));
    assert!(engine.lift_suppression(&may(&[Scope::ConsentRead]), row.id, LiftReason::ClosedByMistake).await.is_err());
    engine.lift_suppression(&may(&[Scope::ConsentWrite]), row.id, LiftReason::ClosedByMistake).await.unwrap();
    assert!(back.reasons().await.is_empty());
    assert!(back.refusals().await.contains(&"EML-03".to_owned()), "it is verified anew first");
    assert!(engine.kept_mails(&may(&[Scope::ConsentRead]), None, true, 10).await.is_err());
    assert!(engine.kept_mail(&may(&[Scope::MessagesRead]), 1).await.is_err());
    let stranger = Principal { tenant: "harbor".parse().unwrap(), ..back.clinic.principal.clone() };
    assert!(engine.suppressions(&stranger, None, 10).await.is_err(), "another tenant sees nothing");
}

impl Back {
    async fn comes_to_as_person(&self, text: &str) {
        let to = Mailbox::Delivery(Way::Reply, self.delivery);
        self.comes(to, "pat@example.org", text).await.unwrap();
    }
}
