//! Reads whatever comes as a document, against the gateway's schema: the process survives, and refuses with a reason.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| praxis::graph::fuzz_document(text));
