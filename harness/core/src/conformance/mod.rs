//! Whether a chip does what is expected of its kind: a table that a firmware printed, against a file of ranges.
//!
//! ```text
//! console lines ──Table::of──▶ Measured*  ┐
//!                                         ├──compare──▶ Row* ──verdict──▶ pass, fail, inconclusive
//! conformance.yaml ──Expectations::read──▶ ┘
//! ```

mod compare;
mod expected;
mod table;

pub use compare::{Outcome, Row, compare, verdict};
pub use expected::{Expectations, Known, Quantity, Range};
pub use table::{Chip, Measured, Table};
