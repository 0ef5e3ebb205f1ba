//! FHIR R4 in: lenient, lossless, fail-closed.
