use super::*;
use crate::database::{Connection, Location, Use, Value, column};
use crate::outbox::start::tests::{Bench, HandClock, open};
use crate::records::{
    Beside, DeliveryState, DirectoryResource, Finish, NewInbound, NewTlsFailure, PrincipalRecord, RootKey, StoreError,
    TenantRecord,
};
use crate::{AlertMark, AttachmentRecord, NewAlert, NewAttachment};
use crate::{Decisions, LedgerRows, MailDomain, Store, TemplateMove, TemplateRecord, TemplateState};
use crate::{MailKind, NewKeptMail, NewMailReport, NewReview, NewSuppression, Reviewed, SuppressionReason};
use postern_base::{AttachmentId, Channel, EmailTier, PatientId, Phi, Review};
use postern_gate::facts::{Agreement, AgreementStatus, OptOut, OptOutScope, Registration, Vendor, Verification};
use postern_ledger::{Entry, Kind, RowProblem, RowStates};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

mod portal;

/// A database with rows of every kind, of two tenants, that nobody has open any more.
struct Full {
    dir: std::path::PathBuf,
    clock: Arc<HandClock>,
}

impl Drop for Full {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.dir).ok();
    }
}

fn other(entry: Entry) -> Entry {
    Entry { tenant: "harbor".parse().unwrap(), ..entry }
}

impl Full {
    async fn new() -> Self {
        let bench = Bench::new().await;
        let clock = Arc::clone(&bench.clock);
        // The bench takes its own directory away, so everything happens in another one.
        let dir = bench.dir.with_extension("full");
        let store = open(&dir, &clock).await;
        for (tenant, entry) in [
            ("sunrise", bench.entry(Kind::Administered, None)),
            ("harbor", other(bench.entry(Kind::Administered, None))),
        ] {
            let record = TenantRecord { id: tenant.parse().unwrap(), settings: b"{}".to_vec() };
            store.put_tenant(record, entry).await.unwrap();
        }
        for tenant in ["sunrise", "harbor"] {
            fill(&bench, &store, tenant).await;
        }
        store.close().await;
        let full = Self { dir, clock };
        let rows = LedgerRows::open(&full.dir).await.unwrap();
        assert!(rows.page(0, 100_000).await.unwrap().iter().all(|row| row.agrees));
        assert_eq!(problems(&full.dir).await, []);
        full
    }
}

fn vendor() -> Vendor {
    Vendor {
        vendor: "sim".to_owned(),
        service: "sms".to_owned(),
        tier: String::new(),
        channels: vec![Channel::Sms],
        agreement: Agreement {
            status: AgreementStatus::Executed,
            effective: None,
            expires: None,
            services: Vec::new(),
            required_terms: true,
        },
        sender_registration: Registration::NotNeeded,
        free_to_end_user: false,
    }
}

async fn fill(bench: &Bench, store: &Store, tenant: &str) {
    let tenanted = store.tenant(&tenant.parse().unwrap());
    let entry = |kind, message| Entry { tenant: tenant.parse().unwrap(), ..bench.entry(kind, message) };
    let point: postern_gate::facts::Address = Phi::new(Arc::from("+12125550101"));
    for n in 0..2 {
        let files = if n == 0 { vec![note(bench)] } else { Vec::new() };
        let ids: Vec<_> = files.iter().map(|(about, _)| about.id).collect();
        let message = crate::records::NewMessage { files, ..bench.new_message(&format!("p{n}"), tenant) };
        tenanted.accept(message).await.unwrap();
        for id in ids {
            assert_eq!(tenanted.attachment(&"p0".parse().unwrap(), id).await.unwrap().unwrap().reveal(), b"hello");
        }
    }
    let claims = store.claim(bench.clock_now(), 10, jiff::SignedDuration::from_secs(30)).await.unwrap();
    let claim = claims.iter().find(|claim| claim.tenant.as_str() == tenant).unwrap();
    let on = Bench::on(bench, store, &tenanted);
    on.start(claim, bench.attempt()).await.unwrap();
    let sent = Finish::Sent { reference: "ref".to_owned(), deadline: bench.clock_now() };
    let session = Some((bench.attempt(), Phi::new(b"TLSv1_3".to_vec())));
    let (about, place) = (Phi::new(b"mx".to_vec()), Phi::new(b"mx.test".to_vec()));
    let code = "starttls-not-supported".to_owned();
    let tls_failure = Some(NewTlsFailure { attempt: bench.attempt(), code, about, place });
    let beside = Beside { session, tls_failure, ..Beside::default() };
    let ended = vec![entry(Kind::AttemptEnded, Some(claim.message))];
    tenanted.finish_with(claim.lease, sent, ended, beside).await.unwrap();
    assert_eq!(tenanted.sessions(claim.message).await.unwrap()[0].1.reveal(), b"TLSv1_3");
    fill_mail(bench, &tenanted, tenant).await;
    let settled = vec![entry(Kind::Receipt, Some(claim.message))];
    tenanted.settle(claim.lease.delivery, DeliveryState::Delivered, "ok".to_owned(), settled).await.unwrap();
    let opt_out =
        OptOut { at: bench.clock_now(), channel: Channel::Sms, point: point.clone(), scope: OptOutScope::All };
    tenanted.put_opt_out(opt_out, entry(Kind::ConsentChanged, None)).await.unwrap();
    let verified = Verification { validated: true, last: Some(bench.clock_now()), next: None };
    tenanted.put_verification(&point, Some(verified), entry(Kind::ConsentChanged, None)).await.unwrap();
    let resource = |id: &str| DirectoryResource {
        resource_type: "Patient".to_owned(),
        id: id.to_owned(),
        patient: Some(id.parse().unwrap()),
        points: vec![point.clone(), Phi::new(Arc::from(format!("{id}@mail.example")))],
        json: Phi::new(b"{}".to_vec()),
    };
    tenanted.put_resources(vec![resource("p0"), resource("p9")]).await.unwrap();
    // Without an entry of its own: the store adds one.
    tenanted.put_inbound(stop_from(bench, &point), Vec::new()).await.unwrap();
    let number = tenanted.received_from(&"p0".parse().unwrap(), None, 1).await.unwrap()[0].number;
    let review = NewReview {
        number,
        review: Review::Nothing,
        entry: entry(Kind::ConsentChanged, None),
        opt_out: None,
        unverified: None,
    };
    assert_eq!(tenanted.review_inbound(review).await, Ok(Reviewed::Recorded));
    fill_alerts(bench, &tenanted, tenant).await;
    tenanted.put_vendor(vendor(), entry(Kind::VendorChanged, None)).await.unwrap();
    let principal = PrincipalRecord {
        tenant: tenant.parse().unwrap(),
        id: format!("key_{tenant}"),
        kind: "api_key".to_owned(),
        label: "desk".to_owned(),
        scopes: vec!["messages:write".to_owned()],
        revoked: false,
        role: Some("front_desk".to_owned()),
        second_factor_until: Some("2027-01-01T00:00:00Z".parse().unwrap()),
    };
    let hash = [u8::try_from(tenant.len()).unwrap(); 32];
    tenanted.put_principal(principal, hash, entry(Kind::Administered, None)).await.unwrap();
    tenanted.keep_policy("v1", b"{}", entry(Kind::Administered, None)).await.unwrap();
    tenanted.keep_policy("v1", b"{}", entry(Kind::Administered, None)).await.unwrap();
    fill_templates(bench, &tenanted, tenant).await;
    fill_certificates(bench, &tenanted, tenant).await;
    fill_returned(bench, &tenanted, tenant, &point, claim.lease.delivery).await;
    fill_attestations(bench, &tenanted, tenant).await;
    fill_do_not_call(bench, &tenanted, tenant).await;
    portal::fill(&on, &tenanted, tenant, claim.message).await;
    tenanted.destroy_patient_key(&"p9".parse().unwrap(), entry(Kind::KeyDestroyed, None)).await.unwrap();
}

fn stop_from(bench: &Bench, point: &postern_gate::facts::Address) -> NewInbound {
    NewInbound {
        vendor: "sim".to_owned(),
        reference: "r1".to_owned(),
        channel: Channel::Sms,
        from: point.clone(),
        text: Phi::new("STOP".to_owned()),
        thread_purpose: None,
        answers: None,
        patient: None,
        at: bench.clock_now(),
        attachments: Vec::new(),
    }
}

/// A file.
fn note(bench: &Bench) -> (AttachmentRecord, Phi<Arc<[u8]>>) {
    let about = AttachmentRecord {
        id: AttachmentId::new(bench.clock_now(), &postern_base::SystemRng).unwrap(),
        kind: "text".to_owned(),
        name: Phi::new("note.txt".to_owned()),
        bytes: 5,
        digest: Some([7; 32]),
    };
    (about, Phi::new(Arc::from(&b"hello"[..])))
}

/// An alert about what came in, told, late and taken up, and one of which nothing was kept.
async fn fill_alerts(bench: &Bench, tenanted: &crate::Tenanted, tenant: &str) {
    let entry = || Entry { tenant: tenant.parse().unwrap(), ..bench.entry(Kind::Administered, None) };
    let inbound = NewInbound {
        vendor: "texting".to_owned(),
        reference: format!("alert-{tenant}"),
        channel: Channel::Portal,
        from: Phi::new("+12125550142".into()),
        text: Phi::new("a word".to_owned()),
        thread_purpose: None,
        answers: None,
        patient: Some("p0".parse().unwrap()),
        at: bench.clock_now(),
        attachments: Vec::new(),
    };
    let (about, content) = note(bench);
    let file = NewAttachment { about: about.clone(), content, entry: entry() };
    let inbound = NewInbound { attachments: vec![file], ..inbound };
    let raised = (("CHT-01", entry()), vec![entry()]);
    assert!(tenanted.put_inbound_with_alert(inbound.clone(), raised.1.clone(), raised.0.clone()).await.unwrap());
    let (other, content) = note(bench);
    let again = NewAttachment { about: other, content, entry: entry() };
    let inbound = NewInbound { attachments: vec![again], ..inbound };
    assert!(!tenanted.put_inbound_with_alert(inbound, raised.1, raised.0).await.unwrap(), "once for a message");
    let patient: PatientId = "p0".parse().unwrap();
    let came = tenanted.received_from(&patient, None, 10).await.unwrap().into_iter().flat_map(|one| one.attachments);
    let came: Vec<_> = came.collect();
    assert_eq!((came.len(), came[0].id, came[0].name.reveal().as_str(), came[0].bytes), (1, about.id, "note.txt", 5));
    assert_eq!(came[0].digest, about.digest);
    assert_eq!(tenanted.attachment(&patient, about.id).await.unwrap().unwrap().reveal(), b"hello");
    assert!(tenanted.attachment(&"p1".parse().unwrap(), about.id).await.unwrap().is_none(), "it is another's");
    let (now, second) = (bench.clock_now(), jiff::SignedDuration::from_secs(1));
    assert_eq!(tenanted.attached_bytes(&patient, now - second).await, Ok(5), "what the practice sent is not theirs");
    assert_eq!(tenanted.attached_bytes(&patient, now + second).await, Ok(0));
    let new = NewAlert { rule: "CHT-01", channel: Channel::Portal, patient: "p0".parse().unwrap() };
    tenanted.raise_alert(new, entry()).await.unwrap();
    let all = tenanted.alerts(true, None, 10).await.unwrap();
    assert_eq!(all.len(), 2);
    let (bare, about) = (&all[0], &all[1]);
    assert!(bare.inbound.is_none() && about.inbound.is_some());
    assert!(all.iter().all(|alert| alert.patients == ["p0".parse().unwrap()]));
    assert_eq!(tenanted.alert_text(about.number).await.unwrap().unwrap().1.reveal(), "a word");
    assert!(tenanted.alert_text(bare.number).await.unwrap().is_none());
    for mark in [AlertMark::Told, AlertMark::Escalated] {
        assert!(tenanted.mark_alert(about.number, mark, entry()).await.unwrap());
        assert!(!tenanted.mark_alert(about.number, mark, entry()).await.unwrap());
    }
    assert!(tenanted.acknowledge_alert(about.number, entry()).await.unwrap());
    assert!(!tenanted.acknowledge_alert(about.number, entry()).await.unwrap(), "somebody has");
    assert_eq!(tenanted.acknowledge_alert(9_999, entry()).await, Err(StoreError::NotFound));
    assert_eq!(tenanted.alerts(true, None, 10).await.unwrap().len(), 1);
    assert_eq!(tenanted.alerts(false, None, 10).await.unwrap().len(), 2);
}

/// A mail domain, found twice, and a failure that somebody looked at.
async fn fill_mail(bench: &Bench, tenanted: &crate::Tenanted, tenant: &str) {
    let found = MailDomain {
        domain: "patients.example".to_owned(),
        tier: EmailTier::Sts,
        found_at: bench.clock_now(),
        policy: Some(b"{}".to_vec()),
        notes: None,
    };
    tenanted.put_mail_domain(&MailDomain { tier: EmailTier::None, policy: None, ..found.clone() }).await.unwrap();
    tenanted.put_mail_domain(&found).await.unwrap();
    assert_eq!(tenanted.mail_domain("Patients.Example").await.unwrap(), Some(found));
    let hour = jiff::SignedDuration::from_hours(1);
    let (from, until) = (bench.clock_now() - hour, bench.clock_now() + hour);
    let failures = tenanted.tls_failures_between(from, until).await.unwrap();
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].about.as_ref().unwrap().reveal(), b"mx");
    let [open] = &tenanted.tls_troubles(true, None, 10).await.unwrap()[..] else { panic!("one") };
    assert_eq!((open.attempts, open.place.reveal().as_slice()), (1, b"mx.test".as_slice()));
    assert!(tenanted.is_tls_trouble_open("starttls-not-supported", b"mx.test").await.unwrap());
    assert!(!tenanted.is_tls_trouble_open("validation-failure", b"mx.test").await.unwrap());
    let entry = |actor: &str| {
        let entry = bench.entry(Kind::Administered, None);
        Entry { tenant: tenant.parse().unwrap(), actor: actor.to_owned(), ..entry }
    };
    tenanted.review_tls_trouble(open.number, entry("staff:a")).await.unwrap();
    assert_eq!(tenanted.review_tls_trouble(open.number, entry("staff:b")).await, Err(StoreError::NotFound));
    assert!(tenanted.tls_troubles(true, None, 10).await.unwrap().is_empty());
    assert!(!tenanted.is_tls_trouble_open("starttls-not-supported", b"mx.test").await.unwrap());
    let looked_at = tenanted.tls_troubles(false, None, 10).await.unwrap().remove(0);
    assert_eq!(looked_at.reviewed.map(|(_, by)| by).as_deref(), Some("staff:a"));
}

/// An address that mail no longer goes to, one that it goes to again, and a mail that a person looked at.
async fn fill_returned(
    bench: &Bench,
    tenanted: &crate::Tenanted,
    tenant: &str,
    point: &postern_gate::facts::Address,
    delivery: postern_base::DeliveryId,
) {
    let entry = |kind| Entry { tenant: tenant.parse().unwrap(), ..bench.entry(kind, None) };
    for reason in [SuppressionReason::HardBounce, SuppressionReason::Complaint] {
        let code = Some("5.1.1".to_owned());
        let new = NewSuppression { point: point.clone(), reason, code, delivery, at: bench.clock_now() };
        tenanted.suppress(new, entry(Kind::ConsentChanged)).await.unwrap();
    }
    let standing = tenanted.suppressions(None, 10).await.unwrap();
    assert_eq!(standing.len(), 2);
    tenanted.lift_suppression(standing[0].number, "confirmed", entry(Kind::ConsentChanged)).await.unwrap();
    assert!(tenanted.suppressions(None, 10).await.unwrap().is_empty());
    let mail = NewKeptMail {
        reference: "m1".to_owned(),
        kind: MailKind::Reply,
        delivery: Some(delivery),
        at: bench.clock_now(),
        secured: true,
        content: Phi::new(b"Subject: x\r\n\r\nHello".to_vec()),
    };
    assert!(tenanted.keep_mail(mail.clone(), entry(Kind::Inbound)).await.unwrap());
    assert!(!tenanted.keep_mail(mail, entry(Kind::Inbound)).await.unwrap());
    let waiting = tenanted.kept_mails(None, true, 10).await.unwrap();
    assert!(tenanted.kept_mail(waiting[0].number).await.unwrap().reveal().ends_with(b"Hello"));
    tenanted.review_mail(waiting[0].number, entry(Kind::Administered)).await.unwrap();
    assert!(tenanted.kept_mails(None, true, 10).await.unwrap().is_empty());
    fill_reports(bench, tenanted, tenant).await;
}

/// Two reports on our own domain, one of which a person looked at.
async fn fill_reports(bench: &Bench, tenanted: &crate::Tenanted, tenant: &str) {
    let entry = |kind| Entry { tenant: tenant.parse().unwrap(), ..bench.entry(kind, None) };
    let report = |reference: &str, kind| NewMailReport {
        reference: reference.to_owned(),
        kind,
        at: bench.clock_now(),
        doubts_signature: kind == "dmarc",
        about: "{}".to_owned(),
    };
    for (reference, kind) in [("one", "dmarc"), ("two", "tls")] {
        assert!(tenanted.keep_mail_report(report(reference, kind), entry(Kind::Inbound)).await.unwrap());
        assert!(!tenanted.keep_mail_report(report(reference, kind), entry(Kind::Inbound)).await.unwrap());
    }
    let doubted = async |since| tenanted.reading().await.unwrap().signature_is_doubted(since).await.unwrap();
    assert!(doubted(bench.clock_now()).await);
    assert!(!doubted(jiff::Timestamp::MAX).await, "an old report");
    assert!(tenanted.has_mail_report("one").await.unwrap() && !tenanted.has_mail_report("three").await.unwrap());
    let kept = tenanted.mail_reports(None, 10).await.unwrap();
    assert_eq!(kept[0].about, "{}");
    assert_eq!(kept.iter().map(|report| report.kind.as_str()).collect::<Vec<_>>(), ["tls", "dmarc"]);
    tenanted.review_mail_report(kept[1].number, entry(Kind::Administered)).await.unwrap();
    assert!(tenanted.review_mail_report(kept[1].number, entry(Kind::Administered)).await.is_err());
    assert!(!doubted(bench.clock_now()).await, "somebody has looked");
}

/// A template of the tenant's own, proposed and approved.
async fn fill_templates(bench: &Bench, tenanted: &crate::Tenanted, tenant: &str) {
    let entry = |kind, message| Entry { tenant: tenant.parse().unwrap(), ..bench.entry(kind, message) };
    let template = TemplateRecord {
        name: "help".to_owned(),
        version: 3,
        state: TemplateState::Proposed,
        source: "name".to_owned(),
        drafted_by: "staff:a".to_owned(),
        proposed_by: Some("staff:a".to_owned()),
        approved_by: None,
        changed_at: bench.clock_now(),
    };
    tenanted.add_template(template, entry(Kind::Administered, None)).await.unwrap();
    let (name, by) = ("help".to_owned(), "staff:b".to_owned());
    let (from, to) = (TemplateState::Proposed, TemplateState::Approved);
    let step = TemplateMove { name, version: 3, from, to, by };
    assert!(tenanted.move_template(step, entry(Kind::Administered, None)).await.unwrap());
}

/// Two certificates, of which one is taken out of use again.
async fn fill_certificates(bench: &Bench, tenanted: &crate::Tenanted, tenant: &str) {
    let entry = || Entry { tenant: tenant.parse().unwrap(), ..bench.entry(Kind::Administered, None) };
    let patient = "p0".parse().unwrap();
    let address: postern_gate::facts::Address = Phi::new(Arc::from("p0@mail.example"));
    for pem in [b"first".to_vec(), b"second".to_vec()] {
        tenanted.add_certificate(&patient, &address, &Phi::new(pem), entry()).await.unwrap();
    }
    let kept = tenanted.reading().await.unwrap().certificates(&patient).await.unwrap();
    assert_eq!(
        kept.iter().map(|one| one.certificates.reveal().as_slice()).collect::<Vec<_>>(),
        [&b"first"[..], b"second"]
    );
    assert!(tenanted.remove_certificate(kept[0].name, entry()).await.unwrap());
    assert!(!tenanted.remove_certificate(kept[0].name, entry()).await.unwrap(), "it is gone already");
    let left = tenanted.reading().await.unwrap().certificates(&patient).await.unwrap();
    assert_eq!((left.len(), left[0].name, left[0].address.reveal()), (1, kept[1].name, address.reveal()));
}

/// Two things attested of one patient, which nobody else sees.
async fn fill_attestations(bench: &Bench, tenanted: &crate::Tenanted, tenant: &str) {
    let entry = || Entry { tenant: tenant.parse().unwrap(), ..bench.entry(Kind::ConsentChanged, None) };
    let point: postern_gate::facts::Address = Phi::new(Arc::from("+12125550101"));
    let attested = |kind: &str, point: Option<&postern_gate::facts::Address>| crate::Attestation {
        kind: kind.to_owned(),
        point: point.cloned(),
        content: Phi::new(b"{}".to_vec()),
        added_at: bench.clock_now(),
    };
    let patient = "p0".parse().unwrap();
    tenanted.attest(&patient, attested("first", Some(&point)), entry()).await.unwrap();
    tenanted.attest(&patient, attested("second", None), entry()).await.unwrap();
    let nobody = tenanted.attest(&"p404".parse().unwrap(), attested("third", None), entry()).await;
    assert_eq!(nobody, Err(crate::StoreError::NotFound));
    let mut reading = tenanted.reading().await.unwrap();
    let kept = reading.attestations(&patient).await.unwrap();
    let read: Vec<_> = kept.iter().map(|one| (one.kind.as_str(), one.point.as_ref().map(|p| &**p.reveal()))).collect();
    assert_eq!(read, [("first", Some("+12125550101")), ("second", None)]);
    assert!(reading.attestations(&"p1".parse().unwrap()).await.unwrap().is_empty(), "another patient's is another's");
}

/// A request not to be called that stands, and one that was taken back.
async fn fill_do_not_call(bench: &Bench, tenanted: &crate::Tenanted, tenant: &str) {
    let entry = || Entry { tenant: tenant.parse().unwrap(), ..bench.entry(Kind::ConsentChanged, None) };
    let number = |text: &str| -> postern_gate::facts::Address { Phi::new(Arc::from(text)) };
    let (stands, back) = (number("+12125550101"), number("+12125550102"));
    let at = bench.clock_now();
    tenanted.put_do_not_call(&stands, at, false, entry()).await.unwrap();
    tenanted.put_do_not_call(&back, at, false, entry()).await.unwrap();
    tenanted.put_do_not_call(&back, at, true, entry()).await.unwrap();
    let mut reading = tenanted.reading().await.unwrap();
    let found = reading.do_not_call(&[back, stands.clone(), number("+12125550103")]).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].0.reveal(), found[0].1), (stands.reveal(), at));
}

/// What verification finds wrong with the rows.
async fn problems(dir: &Path) -> Vec<RowProblem> {
    let rows = LedgerRows::open(dir).await.unwrap();
    assert!(rows.are_stated().await.unwrap());
    let mut states = RowStates::default();
    let page = rows.page(0, 100_000).await.unwrap();
    for row in page {
        states.learn(row.index, &Entry::from_bytes(&row.leaf).unwrap());
    }
    let mut found = Vec::new();
    rows.rows(|row| found.extend(states.hold(&row.row, row.digest))).await.unwrap();
    found.extend(states.unseen(LedgerRows::is_forgotten));
    found
}

async fn plain(dir: &Path) -> Connection {
    Location::of(dir).connect(Use::Writer).unwrap()
}

async fn texts(on: &mut Connection, sql: &str) -> Vec<String> {
    let rows = on.all(sql, &[]).await.unwrap();
    rows.iter().map(|row| column(row, 0).unwrap()).collect()
}

async fn schema(on: &mut Connection) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for table in texts(on, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").await {
        let columns = texts(on, &format!("SELECT name FROM pragma_table_info('{table}')")).await;
        found.push((table, columns));
    }
    found
}

fn is_exempt(table: &str, column: &str) -> bool {
    EXEMPT.iter().any(|(of, what, _)| *of == table && (*what == column || *what == "*"))
}

#[tokio::test]
async fn every_column_of_every_table_is_stated_or_has_a_reason_not_to_be() {
    let full = Full::new().await;
    let mut on = plain(&full.dir).await;
    let mut known = BTreeSet::new();
    for (table, columns) in schema(&mut on).await {
        let covered = TABLES.iter().find(|covered| covered.name == table);
        for column in columns {
            let stated = covered.is_some_and(|covered| {
                covered.key.sql == column || covered.columns.iter().any(|stated| stated.sql == column)
            });
            assert!(stated || is_exempt(&table, &column), "{table}.{column} is neither stated nor exempt");
            assert!(!(stated && is_exempt(&table, &column)), "{table}.{column} is stated: it needs no exemption");
            known.insert((table.clone(), column));
        }
    }
    for (table, column, reason) in EXEMPT {
        let there = known.iter().any(|(of, what)| of == table && (what == column || *column == "*"));
        assert!(there && reason.len() > 20, "{table}.{column}");
    }
}

/// Another value of the same kind: a bit of the last byte is turned.
async fn change(on: &mut Connection, table: &str, column: &str, rowid: &str) {
    let sql = format!(
        "UPDATE {table} SET {column} = CASE typeof({column}) \
         WHEN 'integer' THEN CASE WHEN {column} IN (0, 1) THEN 1 - {column} ELSE {column} + 1 END \
         WHEN 'text' THEN substr({column}, 1, length({column}) - 1) || CASE substr({column}, -1) WHEN 'x' THEN 'y' ELSE 'x' END \
         WHEN 'blob' THEN CAST(substr({column}, 1, length({column}) - 1) || CASE substr({column}, -1) WHEN x'01' THEN x'02' ELSE x'01' END AS BLOB) \
         ELSE x'01' END WHERE {rowid}"
    );
    on.run(&sql).await.unwrap();
}

#[tokio::test]
async fn one_byte_changed_in_any_stated_column_of_any_table_names_the_row() {
    let full = Full::new().await;
    let mut on = plain(&full.dir).await;
    let mut changed = 0;
    for (table, columns) in schema(&mut on).await {
        if is_exempt(&table, "*") && table != "points" {
            continue;
        }
        let covered = TABLES.iter().find(|covered| covered.name == table);
        let key = covered.map_or("seq", |covered| covered.key.sql);
        let keys = texts(&mut on, &format!("SELECT quote({key}) FROM {table} ORDER BY {key}")).await;
        assert!(!keys.is_empty(), "{table} has no row to change");
        for column in
            columns.iter().filter(|column| !is_exempt(&table, column) || (table == "points" && *column != "seq"))
        {
            let copies = format!("CREATE TABLE kept AS SELECT * FROM {table}");
            on.run(&copies).await.unwrap();
            change(&mut on, &table, column, &format!("{key} = {}", keys[0])).await;
            let found = problems(&full.dir).await;
            let of = if table == "points" { "resources" } else { &table };
            assert!(
                found.iter().any(|problem| problem.row().starts_with(&format!("{of}/"))),
                "{table}.{column} was changed, and it was found: {found:?}"
            );
            changed += 1;
            on.run(&format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept; DROP TABLE kept"))
                .await
                .unwrap();
            assert_eq!(problems(&full.dir).await, [], "{table} is put right again");
        }
    }
    assert!(changed > 90, "{changed}");
}

#[tokio::test]
async fn a_row_removed_from_any_table_is_named() {
    let full = Full::new().await;
    let mut on = plain(&full.dir).await;
    for table in TABLES {
        let row = on
            .one(&format!("SELECT {}, quote({}) FROM {} LIMIT 1", table.selection(), table.key.sql, table.name), &[])
            .await
            .unwrap()
            .unwrap();
        let name = table.state(&row).unwrap().row;
        let key: String = column(&row, table.columns.len() + 1).unwrap();
        on.run(&format!("CREATE TABLE kept AS SELECT * FROM {}", table.name)).await.unwrap();
        on.run(&format!("DELETE FROM {} WHERE {} = {key}", table.name, table.key.sql)).await.unwrap();
        let found = problems(&full.dir).await;
        let removed = |problem: &RowProblem| problem.code() == "row_removed" && problem.row() == name;
        assert!(found.iter().any(removed), "{name}: {found:?}");
        let back = format!("DELETE FROM {0}; INSERT INTO {0} SELECT * FROM kept; DROP TABLE kept", table.name);
        on.run(&back).await.unwrap();
    }
    assert_eq!(problems(&full.dir).await, []);
}

#[tokio::test]
async fn an_opt_out_lifted_by_hand_and_a_contact_point_of_nothing_are_named_as_inserted() {
    let full = Full::new().await;
    let mut on = plain(&full.dir).await;
    on.run("INSERT INTO opt_outs (tenant, point, lifted, at) SELECT tenant, point, 1, at + 1 FROM opt_outs LIMIT 1")
        .await
        .unwrap();
    on.run("INSERT INTO points (tenant, point, resource) VALUES (1, x'00', x'00')").await.unwrap();
    let found = problems(&full.dir).await;
    let named: Vec<(&str, &str)> = found.iter().map(|problem| (problem.code(), problem.row())).collect();
    assert_eq!(named.len(), 2, "{named:?}");
    assert_eq!(named[0], ("row_inserted", "opt_outs/3"));
    assert!(named[1].1.starts_with("points/"), "{named:?}");
}

#[tokio::test]
async fn rows_of_two_tenants_that_are_swapped_are_both_named() {
    let full = Full::new().await;
    let mut on = plain(&full.dir).await;
    for table in ["messages", "deliveries", "opt_outs", "verifications", "vendors", "principals"] {
        let swap = format!("UPDATE {table} SET tenant = tenant + 10; UPDATE {table} SET tenant = 13 - tenant");
        on.run(&swap).await.unwrap();
        let found = problems(&full.dir).await;
        let named = found.iter().filter(|problem| problem.row().starts_with(&format!("{table}/"))).count();
        assert!(named >= 2, "{table}: {found:?}");
        on.run(&swap).await.unwrap();
    }
    on.run("UPDATE tenants SET name = CASE name WHEN 'sunrise' THEN 'x' ELSE 'sunrise' END; UPDATE tenants SET name = 'harbor' WHERE name = 'x'")
        .await
        .unwrap();
    let found = LedgerRows::open(&full.dir).await.unwrap().page(0, 100_000).await.unwrap();
    assert!(found.iter().all(|row| !row.agrees), "every entry is filed under the other tenant's name");
}

#[tokio::test]
async fn rows_from_before_entries_stated_rows_are_stated_when_the_store_is_opened() {
    let full = Full::new().await;
    let mut on = plain(&full.dir).await;
    on.run("UPDATE log SET stated = 0; UPDATE opt_outs SET lifted = 1").await.unwrap();
    assert!(!LedgerRows::open(&full.dir).await.unwrap().are_stated().await.unwrap());
    drop(on);
    open(&full.dir, &full.clock).await.close().await;
    assert_eq!(problems(&full.dir).await, [], "as they were found, and from now on as they are stated");
}

#[tokio::test]
async fn what_a_decision_was_made_from_opens_only_as_it_was_kept_and_under_its_own_entry() {
    let full = Full::new().await;
    let root = || RootKey(postern_base::Secret::new([9; 32]));
    let opened = async || {
        let decisions = Decisions::open(&full.dir, root()).await.unwrap();
        decisions.page(0, 100).await.unwrap()
    };
    let kept = opened().await;
    assert_eq!(kept.len(), 4);
    for decision in &kept {
        assert!(decision.entry.is_some());
        assert_eq!(decision.opened.as_ref().unwrap().1.reveal(), b"what the gate saw");
    }
    let mut on = plain(&full.dir).await;
    change(&mut on, "decisions", "facts", "seq = 1").await;
    on.run("UPDATE decisions SET facts = (SELECT facts FROM decisions WHERE seq = 3) WHERE seq = 2").await.unwrap();
    let kept = opened().await;
    assert_eq!(kept[0].opened.as_ref().unwrap_err(), &StoreError::Damaged);
    assert_eq!(kept[1].opened.as_ref().unwrap_err(), &StoreError::Damaged);
    assert!(kept[2].opened.is_ok());
}

#[test]
fn a_row_without_its_key_cannot_be_stated() {
    let values: Vec<Value> = vec![1_i64.into(), "v".into(), vec![1_u8, 2].into()];
    assert!(POLICIES.inserted("INSERT INTO policies (tenant, version, content) VALUES", &values).is_err());
}

#[test]
fn equal_bytes_in_other_columns_or_of_another_kind_are_another_row() {
    let head = "INSERT INTO decisions (tenant, entry, message, patient, facts) VALUES";
    let state = |message: &[u8], patient: Value| {
        let values = vec![1_i64.into(), vec![1_u8; 16].into(), message.to_vec().into(), patient, vec![0_u8].into()];
        DECISIONS.inserted(head, &values).unwrap().digest
    };
    let one = state(b"ab", b"c".to_vec().into());
    assert_ne!(one, state(b"a", b"bc".to_vec().into()));
    assert_ne!(one, state(b"ab", "c".into()));
    assert_ne!(one, state(b"ab", Value::Null));
    assert_eq!(one, state(b"ab", b"c".to_vec().into()));
}

async fn unsound(dir: &Path) -> Vec<String> {
    LedgerRows::open(dir).await.unwrap().unsound().await.unwrap()
}

#[tokio::test]
async fn an_index_that_hides_a_row_is_found_though_the_row_itself_agrees() {
    let full = Full::new().await;
    assert_eq!(unsound(&full.dir).await, Vec::<String>::new());
    let (page, size, point) = {
        let mut on = plain(&full.dir).await;
        let number = |row: &crate::database::Row, at| column::<i64>(row, at).unwrap();
        let root = on.one("SELECT rootpage FROM sqlite_schema WHERE name = 'opt_outs_by_point'", &[]).await.unwrap();
        let size = on.one("SELECT page_size FROM pragma_page_size", &[]).await.unwrap();
        let point = on.one("SELECT point FROM opt_outs ORDER BY seq LIMIT 1", &[]).await.unwrap();
        on.all("PRAGMA wal_checkpoint(TRUNCATE)", &[]).await.unwrap();
        let point: Vec<u8> = column(&point.unwrap(), 0).unwrap();
        (number(&root.unwrap(), 0), number(&size.unwrap(), 0), point)
    };
    let file = Location::of(&full.dir).path;
    let mut bytes = std::fs::read(&file).unwrap();
    let size = usize::try_from(size).unwrap();
    let from = (usize::try_from(page).unwrap() - 1) * size;
    let at = bytes[from..from + size].windows(point.len()).position(|window| window == point).unwrap();
    bytes[from + at] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    assert_eq!(problems(&full.dir).await, [], "every row is as it was stated");
    let found = unsound(&full.dir).await;
    assert!(found.iter().any(|told| told.contains("opt_outs_by_point")), "{found:?}");
}

#[tokio::test]
async fn a_trigger_and_a_missing_index_are_found() {
    let full = Full::new().await;
    let mut on = plain(&full.dir).await;
    let sql =
        "CREATE TRIGGER evil AFTER INSERT ON opt_outs BEGIN DELETE FROM opt_outs; END; DROP INDEX opt_outs_by_point";
    on.run(sql).await.unwrap();
    drop(on);
    let found = unsound(&full.dir).await;
    assert_eq!(found, ["trigger evil is not as Postern made it", "index opt_outs_by_point is changed or missing"]);
}
