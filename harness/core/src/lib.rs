//! brownout-core.
