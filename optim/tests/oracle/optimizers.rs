//! Each optimizer's trajectory under several options.
