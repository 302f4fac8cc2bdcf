//! Files with random damage: they are read or refused, and nothing panics.

use proptest::prelude::*;
use proptest::sample::Index;
use wengert::prelude::*;

use crate::{alone, fixture};

const FIXTURES: [&str; 8] = [
    "kinds.pt",
    "protocol5.pt",
    "views.pt",
    "checkpoint.pth",
    "arrays.npz",
    "compressed.npz",
    "kinds.safetensors",
    "version3.npy",
];

fn read(bytes: &[u8]) {
    let Ok(dict) = StateDict::from_bytes(bytes) else { return };
    for name in dict.names() {
        let _ = dict.tensor::<f32>(name);
    }
    let layer = Linear::<f32>::new(2, 3, &mut ChaCha8Rng::seed_from_u64(0));
    let _ = dict.load_into_lenient(&layer);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn damaged_files_never_panic(
        file in prop::sample::select(&FIXTURES[..]),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..8),
        piece in prop::option::of((any::<Index>(), any::<Index>(), any::<Index>())),
        cut in prop::option::of(any::<Index>()),
    ) {
        let _alone = alone();
        let mut bytes = fixture(file);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        // A piece of the file again at another place.
        if let Some((from, to, at)) = piece {
            let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
            let copy = bytes[from.min(to)..from.max(to)].to_vec();
            let at = at.index(bytes.len());
            bytes.splice(at..at, copy);
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        read(&bytes);
    }
}
