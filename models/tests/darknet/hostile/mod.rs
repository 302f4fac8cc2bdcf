//! Files that are wrong: each is a clear error, whatever it claims.

mod cfg;
mod damage;
mod weights;

const NET: &str = "[net]\nwidth=16\nheight=12\nchannels=4\n";
