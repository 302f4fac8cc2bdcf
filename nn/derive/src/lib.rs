//! The derive macro of `Module`.
