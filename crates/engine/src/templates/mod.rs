//! The built-in texts.
