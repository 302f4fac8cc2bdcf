//! Pictures: read, written, damaged.

mod hostile;
mod reading;
mod writing;
