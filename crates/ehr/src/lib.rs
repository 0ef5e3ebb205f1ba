//! FHIR R4 in: lenient, lossless, fail-closed.
//!
//! A resource keeps the JSON document it came as, untouched, beside a typed view of the few elements Postern reads; so
//! what is written back is what was read. Whatever in the view could not be understood is an [`fhir::Issue`], and where
//! misreading could turn a "no" into a "yes" (a Consent's provisions, a modifier extension) the whole resource counts as
//! unreadable, which the gate takes as a denial (invariant 2).
//!
//! What this crate must not do: decide anything, store anything, or fill a gap with a default. Values of resources appear
//! in no error and no `Debug` output.
//!
//! Start at [`facts::record`], which turns a patient's resources into the gate's facts; then [`fhir::Resource`];
//! [`read`] takes files of bundles and NDJSON; [`normal`] is the one normal form of addresses.

pub mod facts;
pub mod fhir;
pub mod json;
pub mod normal;
pub mod read;
pub mod zones;

pub use facts::{PatientRecord, event, record};
pub use fhir::{Issue, Resource};
pub use read::{ReadError, ReadResource, Report, addresses};
