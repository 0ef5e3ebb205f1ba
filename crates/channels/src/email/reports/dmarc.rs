//! Aggregate reports (RFC 7489 section 7.2 and appendix C): of mail that said it was from our domain, how much came from where and
//! passed what.

use super::bounded;
use jiff::Timestamp;
use quick_xml::Reader;
use quick_xml::events::Event;
use std::net::IpAddr;

/// Elements inside each other above which a report is not read; the schema of appendix C needs five.
const DEPTH: usize = 16;
/// Elements above which a report is not read on.
const ELEMENTS: usize = 400_000;
/// Sources that are kept of a report, those with the most mail; the sums hold all of them.
const SOURCES: usize = 50;
/// Rows above which a report is not read on.
const ROWS: usize = 20_000;

/// A report on one domain, by one host, over one span of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DmarcReport {
    /// Who says so.
    pub reporter: String,
    /// The reporter's name for it.
    pub id: String,
    /// The domain it is about, lower case.
    pub domain: String,
    /// From.
    pub from: Timestamp,
    /// Until.
    pub until: Timestamp,
    /// Mails that passed by DKIM.
    pub dkim_passed: u64,
    /// Mails that came from where our mail comes from (SPF, aligned) and whose DKIM signature failed or was missing. What failed both
    /// is somebody else's mail, or ours by a way that nobody knows, and says nothing about our signature.
    pub dkim_failed: u64,
    /// Mails that failed both: somebody else writes under our name, or a way of ours is not set up.
    pub failed: u64,
    /// Where mail came from, most first, at most fifty.
    pub sources: Vec<Source>,
}

/// Mail from one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The address.
    pub address: IpAddr,
    /// How many.
    pub mails: u64,
    /// They passed by DKIM, aligned.
    pub dkim: bool,
    /// They passed by SPF, aligned.
    pub spf: bool,
    /// What became of them: `none`, `quarantine` or `reject`.
    pub disposition: String,
}

#[derive(Default)]
struct Row {
    address: Option<IpAddr>,
    mails: u64,
    dkim: bool,
    spf: bool,
    disposition: String,
}

#[derive(Default)]
struct Found {
    reporter: String,
    id: String,
    domain: String,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    rows: Vec<Source>,
    row: Row,
}

/// Reads a report; `None` = it is none, or too large, or without what a report must have.
pub(super) fn read(text: &str) -> Option<DmarcReport> {
    let mut reader = Reader::from_str(text);
    let (mut path, mut found, mut value, mut elements) = (Vec::<String>::new(), Found::default(), String::new(), 0);
    loop {
        // Entities that a document declares are events of their own and are never put in: there is nothing to blow up.
        match reader.read_event().ok()? {
            Event::Start(start) => {
                elements += 1;
                if path.len() >= DEPTH || elements > ELEMENTS {
                    return None;
                }
                path.push(start.local_name().as_ref().chars().take(40).collect());
                value.clear();
            }
            Event::Text(text) if value.len() < 1024 => value.push_str(&text.xml10_content()),
            Event::CData(text) if value.len() < 1024 => value.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) if value.len() < 1024 => value.push_str(meaning(&reference)),
            Event::End(_) => {
                found.take(&path, value.trim())?;
                path.pop()?;
                value.clear();
            }
            Event::Eof => return if path.is_empty() { found.report() } else { None },
            _ => {}
        }
    }
}

/// The entities of XML itself (XML 1.0 section 4.6); of any other nothing is known.
fn meaning(name: &str) -> &'static str {
    match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "apos" => "'",
        "quot" => "\"",
        _ => "",
    }
}

impl Found {
    /// An element ended, with this text. `None` = there are more rows than are read.
    fn take(&mut self, path: &[String], value: &str) -> Option<()> {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let passed = || value.eq_ignore_ascii_case("pass");
        match path.as_slice() {
            ["feedback", "report_metadata", "org_name"] => self.reporter = bounded(value),
            ["feedback", "report_metadata", "report_id"] => self.id = bounded(value),
            ["feedback", "report_metadata", "date_range", "begin"] => self.from = seconds(value),
            ["feedback", "report_metadata", "date_range", "end"] => self.until = seconds(value),
            ["feedback", "policy_published", "domain"] => {
                self.domain = bounded(value).trim_end_matches('.').to_ascii_lowercase();
            }
            ["feedback", "record", "row", "source_ip"] => self.row.address = value.parse().ok(),
            ["feedback", "record", "row", "count"] => self.row.mails = value.parse().unwrap_or(0),
            ["feedback", "record", "row", "policy_evaluated", "dkim"] => self.row.dkim = passed(),
            ["feedback", "record", "row", "policy_evaluated", "spf"] => self.row.spf = passed(),
            ["feedback", "record", "row", "policy_evaluated", "disposition"] => self.row.disposition = bounded(value),
            ["feedback", "record"] => {
                let Row { address, mails, dkim, spf, disposition } = std::mem::take(&mut self.row);
                if self.rows.len() >= ROWS {
                    return None;
                }
                if let Some(address) = address.filter(|_| mails > 0) {
                    self.rows.push(Source { address, mails, dkim, spf, disposition });
                }
            }
            _ => {}
        }
        Some(())
    }

    fn report(self) -> Option<DmarcReport> {
        let Self { reporter, id, domain, from, until, mut rows, .. } = self;
        if domain.is_empty() || id.is_empty() {
            return None;
        }
        let count = |which: &dyn Fn(&&Source) -> bool| {
            rows.iter().filter(which).fold(0_u64, |sum, row| sum.saturating_add(row.mails))
        };
        let (dkim_passed, dkim_failed) = (count(&|row| row.dkim), count(&|row| !row.dkim && row.spf));
        let failed = count(&|row| !row.dkim && !row.spf);
        rows.sort_by_key(|row| std::cmp::Reverse(row.mails));
        rows.truncate(SOURCES);
        let (from, until) = (from?, until?);
        Some(DmarcReport { reporter, id, domain, from, until, dkim_passed, dkim_failed, failed, sources: rows })
    }
}

fn seconds(text: &str) -> Option<Timestamp> {
    Timestamp::from_second(text.parse().ok()?).ok()
}
