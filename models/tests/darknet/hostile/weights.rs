//! Weights that do not fit their network.

use proptest::prelude::*;
use wengert::models::detection::darknet::{Cfg, DarknetNet, DarknetWeights, Version, WeightsError};
use wengert::prelude::*;

use super::NET;
use crate::rng;

fn net() -> DarknetNet<f32> {
    let text = format!(
        "{NET}[convolutional]\nbatch_normalize=1\nfilters=2\n[maxpool]\nstride=4\n[connected]\noutput=3\nactivation=linear"
    );
    Cfg::parse(&text).unwrap().init(&mut rng())
}

/// 2·4 numbers and 8 weights of the convolution; 3 biases and 3·24 weights of the connected layer.
const NUMBERS: usize = 8 + 8 + 3 + 72;

fn header(numbers: [i32; 3], seen: &[u8]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_le_bytes()).chain(seen.iter().copied()).collect()
}

#[test]
fn weights_that_do_not_fit() {
    let net = net();
    let before = net.weights_bytes(Version::default(), 0);
    assert_eq!(before.len(), 20 + 4 * NUMBERS);
    let cut = |n: usize| before[..n].to_vec();
    let mut longer = before.clone();
    longer.extend([0; 12]);
    let mut ragged = before.clone();
    ragged.push(1);
    let with_variance = |x: f32| {
        let mut bytes = before.clone();
        // After 2 biases, 2 scales and 2 means.
        bytes[20 + 28..][..4].copy_from_slice(&x.to_le_bytes());
        bytes
    };
    let table = [
        (vec![], "bytes: a file of weights begins with a header of 16 or 20 bytes, this one has 0"),
        (cut(15), "bytes: a file of weights begins with a header of 16 or 20 bytes, this one has 15"),
        (cut(17), "bytes: the header of version 0.2.0 has 20 bytes, the file 17"),
        (
            cut(20),
            "bytes: the file ends in layer 0 (`layers.0`): 2 of its 2 biases are missing; it has 0 numbers, the layers 91",
        ),
        (
            cut(20 + 4 * 3),
            "bytes: the file ends in layer 0 (`layers.0`): 1 of its 2 scales are missing; it has 3 numbers, the layers 91",
        ),
        (
            cut(20 + 4 * 5),
            "bytes: the file ends in layer 0 (`layers.0`): 1 of its 2 means are missing; it has 5 numbers, the layers 91",
        ),
        (
            cut(20 + 4 * 15),
            "bytes: the file ends in layer 0 (`layers.0`): 1 of its 8 weights are missing; it has 15 numbers, the layers 91",
        ),
        (
            cut(20 + 4 * 90),
            "bytes: the file ends in layer 2 (`layers.2`): 1 of its 72 weights are missing; it has 90 numbers, the layers 91",
        ),
        (ragged, "bytes: after the header of 20 bytes there are 365 bytes, expected a multiple of 4"),
        (
            longer,
            "bytes: 3 numbers are left over after the last layer, 2 (`layers.2`); the file has 94, the layers 91",
        ),
        (
            header([-1, 0, 0], &[0; 100]),
            "bytes: the major version in the header is -1, expected a number from 0 on",
        ),
        (
            header([0, i32::MIN, 0], &[0; 100]),
            "bytes: the minor version in the header is -2147483648, expected a number from 0 on",
        ),
        (
            with_variance(-0.5),
            "bytes: layer 0 (`layers.0`): the running variance of channel 1 is -0.5, expected a number from 0 on; \
             the file is damaged or of another network",
        ),
        (with_variance(f32::NAN), "bytes: layer 0 (`layers.0`): the running variance of channel 1 is NaN"),
        (
            with_variance(f32::INFINITY),
            "bytes: layer 0 (`layers.0`): the running variance of channel 1 is inf",
        ),
    ];
    net.parameters().iter().for_each(|parameter| parameter.set(&Tensor::ones(parameter.shape())));
    let untouched = net.weights_bytes(Version::default(), 0);
    for (bytes, expected) in table {
        let found = net.load_weights_bytes(&bytes).unwrap_err().to_string();
        assert!(found.starts_with(expected), "{found}\nis not as in\n{expected}");
        assert!(net.weights_bytes(Version::default(), 0) == untouched, "{expected}: the network has changed");
    }
}

#[test]
fn versions_decide_how_a_file_is_read() {
    let net = net();
    let version = |major, minor| Version { major, minor, revision: 3 };
    let expected = net.weights_bytes(Version::default(), 0);
    for (version, header, transposed) in [
        (version(0, 1), 16, false),
        (version(0, 2), 20, false),
        (version(1, 0), 20, false),
        (version(999, 999), 20, false),
        (version(1000, 0), 16, false),
        (version(1001, 0), 16, true),
        (version(0, 1001), 16, true),
        (version(i32::MAX as u32, i32::MAX as u32), 16, true),
    ] {
        let bytes = net.weights_bytes(version, 77);
        assert_eq!((version.header_len(), version.is_transposed()), (header, transposed));
        assert_eq!(bytes.len(), header + 4 * NUMBERS);
        assert_eq!(bytes[header..] != expected[20..], transposed);
        let loaded = net.load_weights_bytes(&bytes).unwrap();
        assert_eq!((loaded.version, loaded.seen, loaded.layers), (version, 77, 2));
        assert!(net.weights_bytes(Version::default(), 0) == expected);
    }
    // Where there is no room for the number of pictures, the largest stands.
    let loaded = net.load_weights_bytes(&net.weights_bytes(version(0, 1), u64::MAX)).unwrap();
    assert_eq!(loaded.seen, u64::from(u32::MAX));
    let loaded = net.load_weights_bytes(&net.weights_bytes(version(0, 2), u64::MAX)).unwrap();
    assert_eq!(loaded.seen, u64::MAX);
}

#[test]
fn files_of_weights_that_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let net = net();
    let missing = net.load_weights(folder.path().join("none.weights")).unwrap_err();
    assert!(matches!(missing, WeightsError::Io { .. }) && missing.to_string().contains("none.weights"));
    assert!(net.load_weights(folder.path()).is_err());
    // A file that claims four gibibytes and takes none.
    let path = folder.path().join("huge.weights");
    let file = std::fs::File::create(&path).unwrap();
    file.set_len(1 << 32).unwrap();
    let error = net.load_weights(&path).unwrap_err();
    assert!(
        matches!(error, WeightsError::TooLong { left_over, .. } if left_over == (1 << 30) - 4 - 91),
        "{error}"
    );
    assert!(net.load_weights_upto(&path, 1).is_ok());
}

#[test]
#[should_panic(expected = "DarknetLayer: `both` needs a bias or a batch normalization, and not both")]
fn a_layer_with_a_bias_and_a_normalization_has_no_place_in_a_file() {
    use wengert::models::detection::darknet::DarknetLayer;
    let (conv, bn) = (Conv2d::<f32>::new(1, 2, 3, &mut rng()), BatchNorm2d::new(2));
    let _ = DarknetLayer::convolutional("both", &conv, Some(&bn));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_weights_are_errors_or_numbers(
        cut in 0usize..500,
        extra in 0usize..9,
        changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 0..6),
    ) {
        let net = net();
        let before = net.weights_bytes(Version::default(), 0);
        let mut bytes = before.clone();
        bytes.truncate(cut.max(1));
        bytes.extend(vec![0; extra]);
        let n = bytes.len();
        for (at, byte) in changes {
            // The header more often than chance would have it.
            let at = if at % 2 == 0 { at / 2 % n.min(20) } else { at % n };
            bytes[at] = byte;
        }
        match net.load_weights_bytes(&bytes) {
            Ok(loaded) => {
                let again = net.weights_bytes(loaded.version, loaded.seen);
                prop_assert_eq!(again.len(), bytes.len());
            }
            Err(_) => prop_assert!(net.weights_bytes(Version::default(), 0) == before),
        }
        let _ = net.load_weights_bytes_upto(&bytes, 1);
    }
}
