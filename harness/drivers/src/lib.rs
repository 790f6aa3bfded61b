//! brownout-drivers.
