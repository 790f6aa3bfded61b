//! brownout-engine.
