//! Invariants 1 and 4 by type: what must not compile. Each file under `compile_fail/` is one way round the gate or out of a
//! wrapper; the committed `.stderr` beside it pins the reason the compiler gives, so that a file cannot fail by accident.

#[test]
fn no_permit_is_forged_reused_or_skipped_and_no_phi_is_printed() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
