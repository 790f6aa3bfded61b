//! brownout-report.
