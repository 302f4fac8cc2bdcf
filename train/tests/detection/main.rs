//! Metrics of detectors: against pycocotools and a plain evaluation, and what must hold for any detections.

mod evaluator;
mod oracle;
