//! Reading what people write: YAML with spans, decoded field by field, with every problem reported at once.

pub mod decode;
pub mod diagnostic;
pub mod node;

pub use decode::{Decode, Field, Record, Shape};
pub use diagnostic::{Diagnostic, Diagnostics, Mention};
pub use node::{Node, Span, Value};
