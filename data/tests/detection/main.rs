//! Pictures with objects: made ones, and those that label files describe.

mod scenes;
