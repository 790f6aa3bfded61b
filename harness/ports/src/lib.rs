//! brownout-ports.
