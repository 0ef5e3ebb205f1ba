//! Rendering: every form a message could take.
