//! The house's own checks and errands, as a library so that `cargo test` runs the checks too.
//!
//! [`tidy`] holds the shape of the house (crate edges, one place per concern, file sizes, links), [`law`] holds the
//! register of citations against the code, [`peers`] installs what the tests are checked against, [`lexicon`] makes
//! the classifier's lists, [`fuzz`] runs the fuzz targets, [`run`] chains cargo commands as `.ci/run` and a contributor want them,
//! [`space`] says when the disk is too full for them.
//!
//! What this crate must not do: hold product code, or grow dependencies (it is compiled before everything else). Whatever
//! measures or needs a product crate lives in `benches/` or in this crate's tests.
//!
//! Start at [`tidy::check`].

pub mod docs;
pub mod edges;
pub mod fuzz;
pub mod law;
pub mod lexicon;
pub mod peers;
pub mod run;
pub mod source;
pub mod space;
pub mod supply;
pub mod tidy;

use std::fmt;
use std::path::{Path, PathBuf};

/// The workspace's root, from where this crate was compiled.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Something a check found wrong, in a sentence that says what to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, relative to the root; a directory or manifest where no file fits.
    pub file: String,
    /// The line, counted from 1; 0 = the whole file.
    pub line: usize,
    /// What is wrong and what to do.
    pub what: String,
}

impl Finding {
    /// A finding about a whole file.
    #[must_use]
    pub fn of(file: impl Into<String>, what: impl Into<String>) -> Self {
        Self { file: file.into(), line: 0, what: what.into() }
    }

    /// A finding about a line.
    #[must_use]
    pub fn at(file: impl Into<String>, line: usize, what: impl Into<String>) -> Self {
        Self { file: file.into(), line, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            write!(f, "{}: {}", self.file, self.what)
        } else {
            write!(f, "{}:{}: {}", self.file, self.line, self.what)
        }
    }
}
