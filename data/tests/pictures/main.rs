//! Pictures: read, written, damaged.

mod ahead;
mod augment;
mod boxes;
mod folder;
mod hostile;
mod oracle;
mod png;
mod reading;
mod writing;
