//! Any bytes as a file, which mostly are no archive and so taken for safetensors.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wengert_nn::StateDict;

fuzz_target!(|bytes: &[u8]| {
    let Ok(dict) = StateDict::from_bytes(bytes) else { return };
    for name in dict.names() {
        let _ = dict.tensor::<f32>(name);
    }
});
