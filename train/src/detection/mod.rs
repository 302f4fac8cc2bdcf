//! Metrics of detectors.
