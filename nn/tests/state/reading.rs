//! Files that PyTorch, safetensors and NumPy wrote (fixtures/write.py) are read as those programs read them.

use std::error::Error;

use wengert::nn::LoadError;
use wengert::prelude::*;

use crate::build::{dict, global, program, pt, storage, stored, tensor, text, tuple, zip};
use crate::{file, fixture, fixture_path, values};

/// What write.py gives a tensor: element i of n is (i − n / 2) / 4 plus the length of its name.
fn expected(name: &str, shape: &[usize]) -> Vec<f64> {
    let n: usize = shape.iter().product();
    (0..n).map(|i| (i as f64 - (n / 2) as f64) / 4.0 + name.len() as f64).collect()
}

/// Reads a tensor and compares it with what write.py gave the one of this name.
#[track_caller]
fn check(dict: &StateDict, entry: &str, name: &str, shape: &[usize]) {
    let tensor = dict.tensor::<f64>(entry).unwrap();
    assert_eq!(tensor.shape(), shape, "{entry}");
    assert_eq!(tensor.to_vec(), expected(name, shape), "{entry}");
    let single: Vec<f64> = dict.tensor::<f32>(entry).unwrap().to_vec().into_iter().map(f64::from).collect();
    assert_eq!(single, expected(name, shape), "{entry}");
}

#[test]
fn every_element_type_of_pytorch_and_safetensors_is_read() -> Result<(), Box<dyn Error>> {
    for file in ["kinds.pt", "protocol5.pt", "kinds.safetensors"] {
        let bytes = fixture(file);
        for dict in [StateDict::open(fixture_path(file))?, StateDict::from_bytes(&bytes)?] {
            check(&dict, "double", "double", &[2, 3]);
            check(&dict, "single", "single", &[2, 3]);
            check(&dict, "half", "half", &[2, 3]);
            check(&dict, "brain", "brain", &[2, 3]);
            check(&dict, "scalar", "scalar", &[]);
            check(&dict, "empty", "empty", &[0, 3]);
            check(&dict, "parameter", "parameter", &[3]);
            assert_eq!(dict.len(), 7, "{file}");
            let listed = "brain BF16 [2, 3]\ndouble F64 [2, 3]\nempty F32 [0, 3]\nhalf F16 [2, 3]\n\
                          parameter F32 [3]\nscalar F32 []\nsingle F32 [2, 3]\n";
            assert_eq!(dict.to_string(), listed, "{file}");
        }
    }
    Ok(())
}

#[test]
fn views_of_shared_storages_are_read_in_their_own_order() -> Result<(), Box<dyn Error>> {
    let dict = StateDict::open(fixture_path("views.pt"))?;
    check(&dict, "row", "row", &[2, 3]);
    check(&dict, "column", "column", &[3, 2]);
    check(&dict, "transposed", "transposed", &[4, 3]);
    check(&dict, "tied", "transposed", &[4, 3]);
    check(&dict, "permuted", "permuted", &[2, 3, 4]);
    check(&dict, "channels_last", "channels_last", &[2, 3, 2, 2]);
    check(&dict, "strided", "strided", &[3, 2]);
    assert_eq!(dict.tensor::<f32>("expanded")?.to_vec(), [2.5, 2.5, 2.5, 7.5, 7.5, 7.5]);
    assert_eq!(dict.tensor::<f32>("constant")?.to_vec(), [1.5; 4]);
    Ok(())
}

/// The network whose state write.py put into checkpoint.pth.
fn net<T: Float>() -> Sequential<T> {
    Sequential::new()
        .push_named("fc", Linear::new(2, 3, &mut ChaCha8Rng::seed_from_u64(0)))
        .push_named("bn", BatchNorm1d::new(3))
}

#[test]
fn a_checkpoints_model_is_loaded_by_its_place() -> Result<(), Box<dyn Error>> {
    let net = net::<f64>();
    let dict = StateDict::open(fixture_path("checkpoint.pth"))?;
    let report = dict.select("model")?.strip_prefix("module.")?.load_into(&net)?;
    assert!(report.is_complete() && report.loaded.len() >= 6, "{report}");
    for (name, list) in values(&net) {
        if name.ends_with("num_batches_tracked") {
            assert_eq!(list, [7.0]);
            continue;
        }
        let shape: &[usize] = if name == "fc.weight" { &[3, 2] } else { &[3] };
        assert_eq!(list, expected(&name, shape), "{name}");
    }
    Ok(())
}

#[test]
fn what_lies_beside_the_model_is_reachable_or_passed_over() -> Result<(), Box<dyn Error>> {
    let dict = StateDict::open(fixture_path("checkpoint.pth"))?;
    let entries: Vec<String> =
        dict.entries().map(|e| format!("{} {} {:?}", e.name, e.dtype, e.shape)).collect();
    let mut expected = vec!["attributes F32 [2]", "complex C64 [1]", "list.0 F32 [2]", "list.1.0 F32 [1]"];
    expected.extend(["mask BOOL [2]", "model.module.bn.bias F32 [3]"]);
    expected.extend(["model.module.bn.num_batches_tracked I64 []", "model.module.bn.running_mean F32 [3]"]);
    expected.extend(["model.module.bn.running_var F32 [3]", "model.module.bn.weight F32 [3]"]);
    expected.extend(["model.module.fc.bias F32 [3]", "model.module.fc.weight F32 [3, 2]"]);
    let state = (0..4).map(|i| {
        let shape = if i == 0 { "[3, 2]" } else { "[3]" };
        let path = format!("optimizer.state.{i}");
        [
            format!("{path}.exp_avg F32 {shape}"),
            format!("{path}.exp_avg_sq F32 {shape}"),
            format!("{path}.step F32 []"),
        ]
    });
    let state: Vec<String> = state.flatten().collect();
    expected.extend(state.iter().map(String::as_str));
    expected.extend(["random U8 [3]", "small F8_E4M3 [2]"]);
    assert_eq!(entries, expected);
    check(&dict, "attributes", "attributes", &[2]);
    check(&dict, "list.0", "list.0", &[2]);
    check(&dict, "list.1.0", "list.1.0", &[1]);
    assert_eq!(dict.tensor::<f32>("optimizer.state.2.step")?.item(), 1.0);
    let error = dict.tensor::<f32>("small").unwrap_err().to_string();
    assert!(
        error.ends_with("`small` has elements of type F8_E4M3, expected F64, F32, F16 or BF16"),
        "{error}"
    );
    let error = dict.select("modle").unwrap_err();
    assert!(matches!(error, LoadError::NotFound { .. }));
    let text =
        "has nothing under `modle`; there are `attributes`, `complex`, `list`, `mask`, `model`, `optimizer`";
    assert!(error.to_string().contains(text), "{error}");
    Ok(())
}

#[test]
fn numpys_archives_are_read_plain_and_compressed() -> Result<(), Box<dyn Error>> {
    for file in ["arrays.npz", "compressed.npz"] {
        let dict = StateDict::open(fixture_path(file))?;
        check(&dict, "double", "double", &[2, 3]);
        check(&dict, "single", "single", &[2, 3]);
        check(&dict, "half", "half", &[2, 3]);
        check(&dict, "swapped", "swapped", &[2, 3]);
        check(&dict, "fortran", "fortran", &[2, 3, 2]);
        check(&dict, "layer.scalar", "layer.scalar", &[]);
        check(&dict, "vector", "vector", &[5]);
        check(&dict, "empty", "empty", &[0, 3]);
        let labels = dict.entries().find(|entry| entry.name == "labels").unwrap();
        assert_eq!((labels.dtype.as_str(), labels.shape), ("text", vec![2]));
        assert!(dict.tensor::<f32>("steps").is_err());
    }
    Ok(())
}

#[test]
fn a_single_tensor_has_no_name() -> Result<(), Box<dyn Error>> {
    for file in ["bare.pt", "single.npy", "version3.npy"] {
        let parameter = Parameter::<f32>::new(Tensor::zeros([2, 2]));
        parameter.load(fixture_path(file))?;
        assert_eq!(parameter.value().to_vec(), [-0.5, -0.25, 0.0, 0.25], "{file}");
    }
    Ok(())
}

#[test]
fn files_of_other_kinds_are_refused_with_advice() {
    let cases = [
        (
            "legacy.pt",
            "is no valid PyTorch file: it has the format that torch.save wrote before PyTorch 1.6: torch.save(torch.load(path), path) gives the present one",
        ),
        (
            "module.pt",
            "it names `torch.nn.modules.container.Sequential`, which is not among the names that tensors need; nothing of it was run. Save a state dict: torch.save(model.state_dict(), path)",
        ),
        ("script.pt", "it is a TorchScript program"),
        ("objects.npz", "`objects.npy`: it holds Python objects, which are not read"),
        ("records.npz", "`records.npy`: it holds records, which are not read"),
    ];
    for (file, expected) in cases {
        let error = StateDict::open(fixture_path(file)).unwrap_err().to_string();
        assert!(error.contains(expected), "{file}: {error}");
    }
}

#[derive(Clone, Module)]
struct Counted<T: Float = f32> {
    weight: Parameter<T>,
    num_batches_tracked: Buffer<T>,
}

fn counted<T: Float>(weight: f64, count: f64) -> Counted<T> {
    let counter = Buffer::count();
    counter.set(&Tensor::scalar(count));
    Counted { weight: Parameter::new(Tensor::full([1], weight)), num_batches_tracked: counter }
}

#[test]
fn a_count_is_saved_as_an_integer_and_may_be_missing() -> Result<(), Box<dyn Error>> {
    let bytes = counted::<f32>(2.0, 5.0).to_bytes();
    let dict = StateDict::from_bytes(&bytes)?;
    assert_eq!(dict.to_string(), "num_batches_tracked I64 []\nweight F32 [1]\n");
    let other = counted::<f64>(0.0, 0.0);
    assert_eq!(dict.load_into(&other)?.loaded, ["weight", "num_batches_tracked"]);
    assert_eq!(other.num_batches_tracked.value().item(), 5.0);
    let report = dict.filter(|name| name == "weight").load_into(&counted::<f64>(0.0, 3.0))?;
    assert!(report.is_complete() && report.loaded == ["weight"]);
    // An integer fits nothing else.
    let weight = Parameter::<f32>::new(Tensor::scalar(0.0));
    let dict = StateDict::from_bytes(&bytes)?.select("num_batches_tracked");
    assert!(matches!(dict, Err(LoadError::NotFound { .. })));
    let dict = StateDict::from_bytes(&bytes)?.filter(|name| name != "weight").rename(|_| String::new())?;
    assert!(matches!(dict.load_into(&weight), Err(LoadError::ElementType { .. })));
    Ok(())
}

#[test]
fn names_are_changed_and_never_two_to_one() -> Result<(), Box<dyn Error>> {
    let bytes = fixture("kinds.safetensors");
    let open = || StateDict::from_bytes(&bytes);
    let dict = open()?.filter(|name| name.len() == 6).rename(|name| format!("a.b.{name}"))?;
    assert_eq!(dict.names().collect::<Vec<_>>(), ["a.b.double", "a.b.scalar", "a.b.single"]);
    assert_eq!(dict.select("a.b")?.except("double").names().collect::<Vec<_>>(), ["scalar", "single"]);
    let error = open()?.rename(|name| name.replace("half", "brain")).unwrap_err();
    assert_eq!(error.to_string(), "bytes: `brain` and `half` both become `brain`");
    let error = open()?.select("dou").unwrap_err().to_string();
    assert!(error.contains("nothing under `dou`"), "{error}");
    // Nothing changed where nothing is left.
    assert!(open()?.filter(|_| false).is_empty());
    Ok(())
}

#[test]
fn all_but_the_head_is_loaded_strictly() -> Result<(), Box<dyn Error>> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut make = |classes| {
        Sequential::<f32>::new()
            .push_named("body", Linear::new(2, 4, &mut rng))
            .push_named("fc", Linear::new(4, classes, &mut rng))
    };
    let (old, new) = (make(10), make(3));
    let head = values(&new)[2..].to_vec();
    let bytes = old.to_bytes();
    let report = StateDict::from_bytes(&bytes)?.except("fc").load_into(&new)?;
    assert_eq!(report.loaded, ["body.weight", "body.bias"]);
    assert_eq!(values(&new)[..2], values(&old)[..2]);
    assert_eq!(values(&new)[2..], head);
    // Strict about what is not excepted.
    let error = StateDict::from_bytes(&bytes)?.filter(|n| n != "body.bias").except("fc").load_into(&new);
    assert!(error.unwrap_err().to_string().contains("missing: `body.bias` [4]"));
    let error = StateDict::from_bytes(&bytes)?.except("f").load_into(&new);
    assert!(error.unwrap_err().to_string().contains("shapes that differ: `fc.weight`"));
    Ok(())
}

#[test]
fn a_safetensors_header_of_any_length_is_one() -> Result<(), Box<dyn Error>> {
    // Lengths whose bytes begin as a pickle of protocol 2 to 5 does.
    for length in [0x0280, 0x0380, 0x0480, 0x0580] {
        let header = r#"{"weight":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
        let bytes = file(&format!("{header:length$}"), 8);
        assert_eq!(StateDict::from_bytes(&bytes)?.tensor::<f32>("weight")?.to_vec(), [0.0; 2]);
    }
    Ok(())
}

/// What PyTorch writes on a machine whose numbers begin with the highest byte, and for a tensor that was given
/// attributes.
#[test]
fn bytes_in_the_other_order_and_tensors_with_attributes_are_read() -> Result<(), Box<dyn Error>> {
    let bytes: Vec<u8> = [1.5f32, -2.0].into_iter().flat_map(f32::to_be_bytes).collect();
    let plain = tensor(storage("0", 2), 0, &[2], &[1]);
    // What lies between the function's name and the call.
    let name = global("torch._utils", "_rebuild_tensor_v2");
    let arguments = plain[name.len()..plain.len() - 1].to_vec();
    let attributes = dict(&[("note", text("kept"))]);
    let with_attributes = [
        global("torch._tensor", "_rebuild_from_type_v2"),
        tuple(&[name, global("torch", "Tensor"), arguments, attributes]),
        b"R".to_vec(),
    ]
    .concat();
    for tensor in [plain, with_attributes] {
        let pickle = program(&dict(&[("weight", tensor)]));
        let order = stored("a/byteorder", b"big");
        let file = zip(&[stored("a/data.pkl", &pickle), order, stored("a/data/0", &bytes)]);
        assert_eq!(StateDict::from_bytes(&file)?.tensor::<f64>("weight")?.to_vec(), [1.5, -2.0]);
    }
    Ok(())
}

#[test]
fn a_tensor_that_repeats_its_elements_takes_no_more_than_the_file() -> Result<(), Box<dyn Error>> {
    let repeats = |n| program(&dict(&[("weight", tensor(storage("0", 1), 0, &[n], &[0]))]));
    let file = |n| pt(&repeats(n), &[&[0; 4]]);
    assert_eq!(StateDict::from_bytes(&file(1000))?.tensor::<f32>("weight")?.to_vec(), [0.0; 1000]);
    let error = StateDict::from_bytes(&file(1 << 40))?.tensor::<f32>("weight").unwrap_err().to_string();
    let text = "PyTorch file: `weight` of shape [1099511627776] repeats the few elements that are there";
    assert!(error.contains(text), "{error}");
    Ok(())
}
