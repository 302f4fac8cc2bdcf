//! Networks that say where the objects of a picture are.

pub mod darknet;
