//! Sends whatever comes as a Postgres server's messages: every call of the client ends with an answer or an error, within bounded
//! memory.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| postgres_wire::fuzz(input));
