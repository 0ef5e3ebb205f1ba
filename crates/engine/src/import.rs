//! Import: patients' records into the built-in directory.

use crate::engine::Engine;
use crate::ledger_entry;
use crate::principal::{Forbidden, Principal, Scope};
use postern_ehr::json::Limits;
use postern_ehr::read::{ReadError, ReadResource, Reason, read};
use postern_ledger::Kind;
use postern_store::{DirectoryResource, StoreError};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Resources stored in one transaction.
const BATCH: usize = 256;

/// What an import read, skipped and could not read.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct ImportReport {
    /// Resources stored, by type.
    pub stored: BTreeMap<String, usize>,
    /// Resources of types Postern does not use, by type: counted and left.
    pub skipped: BTreeMap<String, usize>,
    /// What could not be read: where, and why; the first thousand. Holds no PHI.
    pub unreadable: Vec<(String, String)>,
    /// How many could not be read in all.
    pub unreadable_count: u64,
    /// Elements that were there and could not be understood: where, and what was wrong; the first thousand. The resource is
    /// stored, and what is not understood counts as unknown or as a denial.
    pub issues: Vec<(String, String)>,
    /// How many such elements there were in all.
    pub issue_count: u64,
}

/// Why an import stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// The caller may not.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// There is nothing in the file.
    #[error("the file is empty: expected a Bundle, a resource, or one resource per line")]
    Empty,
    /// The file is neither a Bundle, a resource, nor NDJSON.
    #[error("not FHIR: expected a Bundle, a resource, or one resource per line")]
    NotFhir,
    /// One bundle is larger than a bundle may be.
    #[error("the bundle is too large: export it as NDJSON or in parts")]
    TooLarge,
    /// The file ends in the middle. What is missing may be the very Consent that forbids something, so nothing is stored.
    #[error("the file is cut off: nothing was stored; get it whole and import it again")]
    CutOff,
    /// The store did not answer; what came before is stored, and importing again is harmless.
    #[error("the store does not answer now: import again, it is harmless")]
    Store(#[from] StoreError),
}

impl Engine {
    /// Stores the FHIR R4 resources in `document` (a Bundle, one resource, or NDJSON). `progress` is told bytes done and in all.
    /// Importing the same document again replaces what is there. A broken entry never stops the rest.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn import(
        &self,
        principal: &Principal,
        document: &[u8],
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<ImportReport, ImportError> {
        principal.must(Scope::DirectoryWrite)?;
        if document.iter().all(u8::is_ascii_whitespace) {
            return Err(ImportError::Empty);
        }
        let total = u64::try_from(document.len()).unwrap_or(u64::MAX);
        let (resources, mut report) = understand(document)?;
        let tenant = self.inner.store.tenant(&principal.tenant);
        let count = u64::try_from(resources.len()).unwrap_or(u64::MAX).max(1);
        let mut stored: u64 = 0;
        let mut waiting = resources.into_iter().peekable();
        while waiting.peek().is_some() {
            let batch: Vec<DirectoryResource> = waiting.by_ref().take(BATCH).map(directory_resource).collect();
            stored = stored.saturating_add(u64::try_from(batch.len()).unwrap_or(0));
            for resource in &batch {
                *report.stored.entry(resource.resource_type.clone()).or_default() += 1;
            }
            tenant.put_resources(batch).await?;
            progress(total / count * stored.min(count), total);
        }
        if report.stored.is_empty() && report.skipped.is_empty() {
            return Err(ImportError::NotFhir);
        }
        let entry =
            ledger_entry::of(self, &principal.tenant, Kind::Administered, principal.actor(), "directory_import")
                .map_err(|_| StoreError::Unavailable)?;
        tenant.append(vec![entry]).await?;
        progress(total, total);
        // What waits for a fact of the directory may go now.
        self.inner.wake.notify_one();
        Ok(report)
    }
}

fn understand(document: &[u8]) -> Result<(Vec<ReadResource>, ImportReport), ImportError> {
    let mut resources = Vec::new();
    let mut keep = |resource: ReadResource| {
        resources.push(resource);
        ControlFlow::Continue(())
    };
    let read = read(document, &Limits::default(), &mut keep, &mut |_| {}).map_err(|error| match error {
        ReadError::TooLarge(_) => ImportError::TooLarge,
        ReadError::Io(_) => ImportError::NotFhir,
    })?;
    if read.unread.iter().any(|unread| unread.reason == Reason::CutOff) {
        return Err(ImportError::CutOff);
    }
    let counts = |of: BTreeMap<String, u64>| {
        of.into_iter().map(|(name, count)| (name, usize::try_from(count).unwrap_or(usize::MAX))).collect()
    };
    let report = ImportReport {
        stored: BTreeMap::new(),
        skipped: counts(read.skipped),
        unreadable: read
            .unread
            .iter()
            .map(|unread| {
                let kind = unread.resource_type.as_ref().map(|kind| format!(" ({kind})")).unwrap_or_default();
                (format!("{}{kind}", unread.place), unread.reason.to_string())
            })
            .collect(),
        unreadable_count: read.unread_count,
        issues: read
            .issues
            .iter()
            .map(|(place, issue)| (format!("{place}, {}", issue.path), issue.problem.as_str().to_owned()))
            .collect(),
        issue_count: read.issue_count,
    };
    Ok((resources, report))
}

fn directory_resource(read: ReadResource) -> DirectoryResource {
    DirectoryResource {
        resource_type: read.resource_type,
        id: read.id,
        patient: read.patient,
        points: read.points,
        json: read.json,
    }
}
