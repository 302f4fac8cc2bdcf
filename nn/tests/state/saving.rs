//! What is saved comes back, and what is reported when it does not fit.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use wengert::nn::{ConfigError, LoadError, SaveError, Visitor, VisitorMut};
use wengert::prelude::*;

use crate::{file, one, values};

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(7)
}

fn net<T: Float>() -> Sequential<T> {
    let mut rng = rng();
    Sequential::new()
        .push_named("conv1", Conv2d::new(1, 2, 3, &mut rng))
        .push_named("bn1", BatchNorm2d::new(2))
        .push(Flatten::new())
        .push_named("fc", Linear::new(8, 3, &mut rng))
}

fn zero<T: Float>(module: &impl Module<T>) {
    module.parameters().iter().for_each(|p| p.set(&Tensor::zeros(p.shape())));
    module.named_buffers().iter().for_each(|(_, b)| b.set(&Tensor::zeros(b.shape())));
}

#[test]
fn what_is_saved_comes_back_and_the_bytes_are_the_same() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("net.safetensors");
    let saved = net::<f32>();
    saved.forward(&Tape::training(0).constant(Tensor::full([2, 1, 4, 4], 0.5)));
    let before = values(&saved);
    saved.save(&path)?;
    assert_eq!(fs::read(&path)?, saved.to_bytes());
    // Over an existing file, and with nothing left beside it.
    saved.deep_clone().save(&path)?;
    assert_eq!(fs::read_dir(folder.path())?.count(), 1);

    let loaded = net::<f32>();
    zero(&loaded);
    let report = loaded.load(&path)?;
    assert_eq!(values(&loaded), before);
    let names =
        ["conv1.weight", "conv1.bias", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var"];
    assert_eq!(report.loaded[..6], names);
    assert_eq!(report.loaded[6..], ["bn1.num_batches_tracked", "fc.weight", "fc.bias"]);
    assert!(report.is_complete());
    assert_eq!(loaded.to_bytes(), fs::read(&path)?);
    Ok(())
}

#[test]
fn a_boxed_module_is_saved_and_loaded() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("boxed.safetensors");
    let boxed: Box<dyn Layer<f64>> = Box::new(net::<f64>());
    boxed.save(&path)?;
    assert_eq!(boxed.load(&path)?.loaded.len(), 9);
    Ok(())
}

#[test]
fn other_float_types_are_converted() -> Result<(), Box<dyn Error>> {
    let double = one::<f64>([0.1, 1e300]);
    let single = one::<f32>([0.0, 0.0]);
    single.load_bytes(&double.to_bytes())?;
    assert_eq!(single.weight.value().to_vec(), [0.1, f32::INFINITY]);
    let single = one::<f32>([0.1, -3.5]);
    double.load_bytes(&single.to_bytes())?;
    assert_eq!(double.weight.value().to_vec(), [f64::from(0.1f32), -3.5]);

    for (dtype, halves) in [("F16", [0x3e00u16, 0xc000]), ("BF16", [0x3fc0, 0xc000])] {
        let header = format!(r#"{{"weight":{{"dtype":"{dtype}","shape":[2],"data_offsets":[0,4]}}}}"#);
        let mut bytes = file(&header, 0);
        bytes.extend(halves.iter().flat_map(|h| h.to_le_bytes()));
        double.load_bytes(&bytes)?;
        assert_eq!(double.weight.value().to_vec(), [1.5, -2.0], "{dtype}");
    }
    Ok(())
}

#[test]
fn strict_names_every_difference_and_changes_nothing() {
    let mut rng = rng();
    let saved = Sequential::<f32>::new()
        .push_named("fc", Linear::new(8, 3, &mut rng))
        .push_named("conv1", Conv2d::new(1, 2, 5, &mut rng))
        .push_named("head", LinearConfig::new(3, 4).bias(false).init(&mut rng));
    let module = net::<f32>();
    let before = values(&module);
    let error = module.load_bytes(&saved.to_bytes()).unwrap_err();
    let expected = "bytes does not fit the module: 0 loaded; \
        missing: `bn1.weight` [2], `bn1.bias` [2], `bn1.running_mean` [2], `bn1.running_var` [2]; \
        unexpected: `head.weight` [4, 3]; \
        shapes that differ: `conv1.weight` expected [2, 1, 3, 3], found [2, 1, 5, 5]";
    assert_eq!(error.to_string(), expected);
    assert_eq!(values(&module), before);

    let report = module.load_bytes_lenient(&saved.to_bytes()).unwrap();
    assert_eq!(report.loaded, ["conv1.bias", "fc.weight", "fc.bias"]);
    assert_eq!((report.missing.len(), report.unexpected.len(), report.mis_shaped.len()), (4, 1, 1));
    let fc = |module: &Sequential| {
        values(module).into_iter().filter(|(n, _)| n.starts_with("fc")).collect::<Vec<_>>()
    };
    assert_eq!(fc(&module), fc(&saved));
}

#[test]
fn pytorchs_batch_counter_is_passed_over_beside_running_statistics_only() {
    let header = |name: &str| {
        format!(
            r#"{{"{name}":{{"dtype":"I64","shape":[],"data_offsets":[0,8]}},
                "running_mean":{{"dtype":"F32","shape":[1],"data_offsets":[8,12]}},
                "running_var":{{"dtype":"F32","shape":[1],"data_offsets":[12,16]}}}}"#
        )
    };
    let norm: BatchNorm1d = BatchNormConfig::new(1).affine(false).init();
    assert!(norm.load_bytes(&file(&header("num_batches_tracked"), 16)).is_ok());
    let error = norm.load_bytes(&file(&header("other.num_batches_tracked"), 16)).unwrap_err();
    assert!(error.to_string().contains("unexpected: `other.num_batches_tracked` []"), "{error}");
}

#[derive(Clone, Module)]
struct Tied {
    encoder: Parameter,
    decoder: Parameter,
}

#[test]
fn a_shared_parameter_has_both_names_and_one_value() {
    let header = |names: &[&str]| {
        let entry = |(i, name): (usize, &&str)| {
            format!(r#""{name}":{{"dtype":"F32","shape":[1],"data_offsets":[{},{}]}}"#, 4 * i, 4 * i + 4)
        };
        format!("{{{}}}", names.iter().enumerate().map(entry).collect::<Vec<_>>().join(","))
    };
    let with = |names: &[&str], elements: &[f32]| {
        let mut bytes = file(&header(names), 0);
        bytes.extend(elements.iter().flat_map(|x| x.to_le_bytes()));
        bytes
    };
    let encoder = Parameter::new(Tensor::full([1], 3.0));
    let tied = Tied { decoder: encoder.clone(), encoder };
    assert_eq!(tied.load_bytes(&tied.to_bytes()).unwrap().loaded, ["encoder", "decoder"]);
    // As written by a program that leaves the second name out.
    assert_eq!(tied.load_bytes(&with(&["decoder"], &[4.0])).unwrap().loaded, ["decoder"]);
    assert_eq!(tied.encoder.value().item(), 4.0);
    let nan = with(&["encoder", "decoder"], &[f32::NAN, f32::NAN]);
    assert!(tied.load_bytes(&nan).is_ok() && tied.encoder.value().item().is_nan());
    let error = tied.load_bytes_lenient(&with(&["encoder", "decoder"], &[1.0, 2.0])).unwrap_err();
    assert!(matches!(error, LoadError::Conflict { .. }), "{error}");
    assert!(tied.encoder.value().item().is_nan());
}

#[test]
#[should_panic(expected = "to_bytes: two parameters or buffers of the module have the path `w`")]
fn two_parameters_of_one_name_cannot_be_saved() {
    // The derive refuses this; by hand it can be written.
    struct Twice {
        first: Parameter,
        second: Parameter,
    }
    impl Module<f32> for Twice {
        fn visit(&self, visitor: &mut dyn Visitor<f32>) {
            visitor.child("w", &self.first);
            visitor.child("w", &self.second);
        }
        fn visit_mut(&mut self, visitor: &mut dyn VisitorMut<f32>) {
            visitor.child("w", &mut self.first);
            visitor.child("w", &mut self.second);
        }
    }
    let new = || Parameter::new(Tensor::zeros([1]));
    Twice { first: new(), second: new() }.to_bytes();
}

#[test]
fn a_header_beyond_the_limit_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.safetensors");
    fs::write(&path, 1_000_000_000u64.to_le_bytes()).unwrap();
    // A hole: the file claims the size without taking it.
    fs::File::options().write(true).open(&path).unwrap().set_len(4_000_000_000).unwrap();
    let error = one::<f32>([0.0, 0.0]).load(&path).unwrap_err().to_string();
    assert!(error.contains("a header of 1000000000 bytes; at most 100000000 are read"), "{error}");
}

#[test]
fn a_place_that_cannot_be_written_or_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let module = one::<f32>([1.0, 2.0]);
    let blocked = folder.path().join("file");
    fs::write(&blocked, "text").unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    for place in ["missing/w.safetensors", "file/w.safetensors", "folder"] {
        let path = folder.path().join(place);
        let error = module.save(&path).unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot save to {}: ", path.display())), "{error}");
        let error = module.load(&path).unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot load {}: ", path.display())), "{error}");
    }
    let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["file", "folder"]);
    assert_eq!(fs::read_dir(folder.path().join("folder")).unwrap().count(), 0);
}

/// The test runs itself as a process that may only write files of a few kilobytes: writing then fails midway,
/// as on a full disk.
#[cfg(unix)]
#[test]
fn a_write_that_fails_midway_leaves_the_old_file() {
    const PLACE: &str = "WENGERT_TEST_SAVE_TO";
    let large = Linear::<f32>::new(100, 1000, &mut rng());
    if let Some(path) = std::env::var_os(PLACE) {
        let error = large.save(&path).unwrap_err().to_string();
        assert!(error.contains(Path::new(&path).to_str().unwrap()), "{error}");
        println!("refused: {error}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    one::<f32>([1.0, 2.0]).save(&path).unwrap();
    let before = fs::read(&path).unwrap();
    let output = Command::new("sh")
        .args(["-c", r#"trap '' XFSZ; ulimit -f 8; exec "$0" "$@""#])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "saving::a_write_that_fails_midway_leaves_the_old_file", "--nocapture"])
        .env(PLACE, &path)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("refused: "), "{text}");
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_saved_file_has_the_permissions_of_a_created_one() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (saved, created) = (folder.path().join("saved"), folder.path().join("created"));
    one::<f32>([1.0, 2.0]).save(&saved).unwrap();
    fs::write(&created, "").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&saved), mode(&created));
}

#[test]
fn the_public_error_types_are_errors_that_can_be_sent() {
    fn check<E: Error + Send + Sync + 'static>() {}
    check::<LoadError>();
    check::<SaveError>();
    check::<ConfigError>();
}
