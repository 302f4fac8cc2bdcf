//! The tape (being written).

/// An element type that has a record on a tape. It is sealed with [`Float`](crate::Float).
pub trait Recorded: Sized + 'static {}
impl Recorded for f32 {}
impl Recorded for f64 {}
