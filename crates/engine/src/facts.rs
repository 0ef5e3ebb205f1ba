//! Gathering the facts of a decision from the store.
