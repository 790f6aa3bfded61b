//! The pure heart of brownout: what people write, what will happen, what happened, and what to think of it.
//!
//! ```text
//! YAML ──language──▶ Scenario, Board, Rig ──plan──▶ Plan ──machine──▶ Actions out, Inputs in, Events out
//!                                                     └──────────────judge(plan, events)──▶ Verdicts
//! ```
//!
//! Nothing here reads a clock, a file, the environment or ambient randomness: time and inputs are arguments, and
//! everything random comes from the plan's seed.

pub mod action;
pub mod board_file;
pub mod chance;
pub mod check;
pub mod command;
pub mod conformance;
mod control;
pub mod coverage;
pub mod event;
pub mod fault;
mod filling;
pub mod judge;
pub mod kinds;
pub mod language;
pub mod location;
pub mod machine;
pub mod names;
pub mod network;
pub mod pattern;
pub mod plan;
pub mod port;
pub mod quantity;
pub mod resolve;
pub mod rig_file;
pub mod scenario;
pub mod source;
pub mod step;
pub mod time;
pub mod trigger;
pub mod verdict;
