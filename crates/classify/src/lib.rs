//! Text in, findings and sensitivity out.
