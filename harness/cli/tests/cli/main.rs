//! The program from outside: exit codes, messages, files.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected has failed")]

#[path = "../program/mod.rs"]
mod program;

mod conformance;
mod controls;
mod coverage;
mod input;
mod instruments;
mod new_device;
mod output;
mod proofs;
mod readme;
mod records;
mod stopping;
mod sweep;
