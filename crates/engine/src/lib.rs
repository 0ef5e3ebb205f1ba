//! The use cases: accept, render, dispatch, receipts, inbound.
