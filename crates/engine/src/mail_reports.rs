//! What other mail hosts report on our own domain, once a day (RULES SEC-28): read, kept, and where they say that our signature does
//! not hold, obeyed until somebody has looked.

use crate::engine::Engine;
use crate::error::UseError;
use crate::ledger_entry;
use crate::principal::{Principal, Scope};
use crate::reads::PAGE;
use crate::receipts::ReceiveFailure;
use crate::wire::{MailReportAbout, MailReportView, MailSourceView, TlsTroubleView};
use jiff::{SignedDuration, Timestamp};
use postern_base::{Origin, Phi, Purpose};
use postern_channels::email::reports::{self, DmarcReport, Report, TlsReport};
use postern_gate::{Fact, Request};
use postern_ledger::Kind;
use postern_store::{MailReport, NewMailReport, Reading, StoreError};

/// Who writes the entry of a report.
const MAIL: &str = "mail";
/// house: how long a report's doubt stands when nobody looks: hosts report daily, and a week of them would say it again.
const DOUBT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// house: of the mails that came from where ours come from, one in so many without a good signature is a doubt; a forwarder breaks
/// one now and then.
const ONE_IN: u64 = 20;

impl Engine {
    /// Keeps the report in `content`, for every tenant: their mail comes from the same domain. `false` = there is none in it that can
    /// be read, or it is about somebody else's domain.
    pub(crate) async fn take_report(&self, content: &Phi<Vec<u8>>, at: Timestamp) -> Result<bool, ReceiveFailure> {
        let content = content.clone();
        // Unpacking and reading take as long as the sender likes, up to a bound: not while others wait.
        let report = tokio::task::spawn_blocking(move || reports::read(content.reveal())).await;
        let Ok(Some(report)) = report else { return Ok(false) };
        let (kind, domain, about) = match &report {
            Report::Dmarc(report) => ("dmarc", &report.domain, dmarc(report)),
            Report::Tls(report) => ("tls", &report.domain, tls(report)),
        };
        if !self.inner.config.own_domains.iter().any(|own| own.eq_ignore_ascii_case(domain)) {
            return Ok(false);
        }
        let doubts_signature = about.unsigned.is_some_and(|unsigned| {
            let ours = about.passed.saturating_add(unsigned);
            unsigned > 0 && unsigned.saturating_mul(ONE_IN) >= ours
        });
        let text = serde_json::to_string(&about).map_err(|_| ReceiveFailure::Unavailable)?;
        let reference = [kind, domain.as_str(), about.reporter.as_str(), about.reference.as_str()].join("\n");
        for tenant in self.inner.store.tenants().await? {
            let new = NewMailReport { reference: reference.clone(), kind, at, doubts_signature, about: text.clone() };
            let entry = ledger_entry::of(self, &tenant.id, Kind::Inbound, MAIL, format!("{kind}_report"))?;
            let first_time = self.inner.store.tenant(&tenant.id).keep_mail_report(new, entry).await?;
            if first_time && (doubts_signature || (kind == "tls" && about.failed > 0)) {
                self.inner.metrics.alert(if doubts_signature { "SEC-28" } else { "SEC-24" });
            }
        }
        Ok(true)
    }

    /// What is known of our own signature, for mail that goes out in bulk: what the settings say, unless other hosts lately said that
    /// it fails and nobody has looked. NIST SP 800-177r1 section 4.6: reports are read, not only asked for.
    pub(crate) async fn signature_holds(
        &self,
        said: Fact<bool>,
        request: &Request,
        reading: &mut Reading,
        now: Timestamp,
    ) -> Result<Fact<bool>, StoreError> {
        if request.origin != Origin::Bulk && request.by_its_facts() != Purpose::Marketing {
            return Ok(said);
        }
        let since = now.checked_sub(DOUBT).unwrap_or(Timestamp::MIN);
        Ok(if reading.signature_is_doubted(since).await? { Fact::Known(false) } else { said })
    }

    /// Reports on our domain, newest first, below `before`; at most [`PAGE`].
    ///
    /// # Errors
    /// [`UseError`].
    pub async fn mail_reports(
        &self,
        principal: &Principal,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<MailReportView>, UseError> {
        principal.must(Scope::MessagesRead)?;
        let store = self.inner.store.tenant(&principal.tenant);
        let found = store.mail_reports(before, limit.clamp(1, PAGE)).await?;
        found.into_iter().map(view).collect()
    }

    /// Notes that the caller has looked at a report; what it says of our signature is then no reason to hold mail back.
    ///
    /// # Errors
    /// [`UseError`]; a report that does not wait is `NotFound`.
    pub async fn review_mail_report(&self, principal: &Principal, id: i64) -> Result<(), UseError> {
        principal.must(Scope::Admin)?;
        let entry =
            ledger_entry::of(self, &principal.tenant, Kind::Administered, principal.actor(), "mail_report_reviewed")
                .map_err(|_| UseError::Unavailable)?;
        Ok(self.inner.store.tenant(&principal.tenant).review_mail_report(id, entry).await?)
    }
}

fn dmarc(report: &DmarcReport) -> MailReportAbout {
    MailReportAbout {
        reporter: report.reporter.clone(),
        reference: report.id.clone(),
        domain: report.domain.clone(),
        from: report.from,
        until: report.until,
        passed: report.dkim_passed,
        failed: report.failed,
        unsigned: Some(report.dkim_failed),
        sources: report
            .sources
            .iter()
            .map(|source| MailSourceView {
                address: source.address,
                mails: source.mails,
                dkim: source.dkim,
                spf: source.spf,
                disposition: source.disposition.clone(),
            })
            .collect(),
        troubles: Vec::new(),
    }
}

fn tls(report: &TlsReport) -> MailReportAbout {
    MailReportAbout {
        reporter: report.reporter.clone(),
        reference: report.id.clone(),
        domain: report.domain.clone(),
        from: report.from,
        until: report.until,
        passed: report.succeeded,
        failed: report.failed,
        unsigned: None,
        sources: Vec::new(),
        troubles: report
            .troubles
            .iter()
            .map(|trouble| TlsTroubleView {
                kind: trouble.kind.clone(),
                server: trouble.server.clone(),
                sessions: trouble.sessions,
            })
            .collect(),
    }
}

fn view(report: MailReport) -> Result<MailReportView, UseError> {
    Ok(MailReportView {
        id: report.number,
        kind: report.kind,
        at: report.at,
        doubts_signature: report.doubts_signature,
        about: serde_json::from_str(&report.about).map_err(|_| UseError::Unavailable)?,
        reviewed_at: report.reviewed_at,
        reviewed_by: report.reviewed_by,
    })
}
