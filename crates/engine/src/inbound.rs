//! What patients send back.
