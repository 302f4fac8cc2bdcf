//! Pictures: read, written, damaged.

mod ahead;
mod augment;
mod boxes;
mod folder;
mod hostile;
mod oracle;
mod reading;
mod writing;

/// Counts what hostile pictures make the reader take.
#[global_allocator]
static PEAK: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;
