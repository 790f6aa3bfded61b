//! Reading what people write: YAML with spans, decoded field by field, with every problem reported at once.

pub mod decode;
pub mod diagnostic;
mod macros;
pub mod node;
pub mod parse;
pub mod render;
pub mod scalar;
pub mod substitute;
pub(crate) mod written;

pub use decode::{Decode, Field, Record, Rule, Shape};
pub use diagnostic::{Diagnostic, Diagnostics, Mention};
pub use node::{Key, Node, Span, Value};
pub use parse::parse;
pub use render::{Problems, Style};
