//! The program from outside: exit codes, messages, files.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected has failed")]

#[path = "../program/mod.rs"]
mod program;

<<<<<<< HEAD
mod conformance;
=======
mod controls;
>>>>>>> prove
mod input;
mod instruments;
mod output;
mod proofs;
mod readme;
mod records;
mod stopping;
