//! What a wrong program is told, and where.

use wengert::prelude::*;

use crate::{panic_of, rng};

#[test]
fn wrong_inputs_panic_with_the_shapes() {
    let text = panic_of(|| drop(BatchNorm2d::<f32>::new(3).forward(&Tensor::zeros([2, 3]))));
    assert_eq!(text, "BatchNorm2d: the input [2, 3] is not [batch, channels, height, width]");
    let text = panic_of(|| drop(BatchNorm2d::<f32>::new(1).forward(&Tensor::zeros([2, 3, 4, 4]))));
    assert_eq!(text, "BatchNorm2d: axis 1 of the input [2, 3, 4, 4] has 3 channels, the layer 1");
    let one = || Tape::training(0).constant(Tensor::zeros([1, 3]));
    let text = panic_of(move || drop(BatchNorm1d::<f32>::new(3).forward(&one())));
    assert!(text.contains("one value to a channel"), "{text}");
    let text = panic_of(|| drop(Linear::<f32>::new(3, 2, &mut rng()).forward(&Tensor::zeros([2, 4]))));
    assert!(text.starts_with("linear: "), "{text}");
    let text =
        panic_of(|| drop(Conv2d::<f32>::new(3, 2, 5, &mut rng()).forward(&Tensor::zeros([1, 3, 4, 4]))));
    assert!(text.starts_with("conv2d: "), "{text}");
    let text = panic_of(|| {
        let _ = Dropout::new(f64::NAN);
    });
    assert_eq!(text, "Dropout: p is NaN, expected a probability in 0..=1");
}

/// The file and line that a panic names.
pub(crate) fn place_of_panic(f: impl FnOnce()) -> (String, u32) {
    use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
    use std::sync::{Arc, Mutex, PoisonError};
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let place = Arc::new(Mutex::new(None));
    let (seen, before) = (place.clone(), take_hook());
    let here = std::thread::current().id();
    set_hook(Box::new(move |info| {
        if std::thread::current().id() == here {
            *seen.lock().unwrap() = info.location().map(|l| (l.file().to_owned(), l.line()));
        }
    }));
    let result = catch_unwind(AssertUnwindSafe(f));
    set_hook(before);
    assert!(result.is_err(), "it should panic");
    place.lock().unwrap().take().expect("the panic has a place")
}

/// Each closure panics with a text that holds what is expected, at a line of its own in this file after the given one.
pub(crate) fn refused_after(file: &str, mut line: u32, wrong: &[(&str, &dyn Fn())]) {
    for (expected, wrong) in wrong {
        let text = panic_of(std::panic::AssertUnwindSafe(wrong));
        assert!(text.contains(expected), "{text}, expected {expected}");
        let place = place_of_panic(wrong);
        assert!(place.0 == file && place.1 > line, "{text}: the place is {place:?}");
        line = place.1;
    }
}

/// A program's mistake is reported at the program's line, not in the layer's file.
#[test]
fn a_wrong_input_is_reported_at_the_callers_line() {
    let mut wrong = Vec::new();
    macro_rules! at_this_line {
        ($mistake:expr) => {
            let found = place_of_panic(|| {
                let _ = $mistake;
            });
            let expected = (file!().to_owned(), line!());
            if found != expected {
                wrong.push((stringify!($mistake), found, expected));
            }
        };
    }
    let rng = &mut rng();
    let (linear, bilinear) = (Linear::<f32>::new(3, 2, rng), Bilinear::<f32>::new(3, 3, 2, rng));
    let reflected = Conv1dConfig::new(3, 2, 3).padding(9).padding_mode(PaddingMode::Reflect).init::<f32>(rng);
    let (conv, up) = (Conv2d::<f32>::new(3, 2, 3, rng), ConvTranspose1d::<f32>::new(3, 2, 3, rng));
    let (table, bag) = (Embedding::<f32>::new(3, 2, rng), EmbeddingBag::<f32>::new(3, 2, rng));
    let bounded = EmbeddingBagConfig::new(3, 2).max_norm(1.0).init::<f32>(rng);
    let x = Tensor::<f32>::zeros([2, 4]);
    let (id, ids) = (Indices::from([3]), Indices::from_vec([1, 1], vec![3]));
    at_this_line!(linear.forward(&x));
    at_this_line!(bilinear.forward(&x, &x));
    at_this_line!(conv.forward(&x));
    at_this_line!(reflected.forward(&x));
    at_this_line!(up.forward(&x));
    at_this_line!(up.forward_with(&x, 9));
    at_this_line!(Conv2d::<f32>::new(3, 2, 0, rng));
    at_this_line!(MaxPool2d::new(0));
    at_this_line!(MaxPool2d::new(2).forward(&x));
    at_this_line!(MaxPool3d::new(2).forward_with_indices(&x));
    at_this_line!(AdaptiveAvgPool2d::new(2).forward(&x));
    at_this_line!(LpPool1d::new(2.0, 9).forward(&x));
    at_this_line!(MaxUnpool1d::new(2).forward(&x, &id));
    at_this_line!(table.forward(&id));
    at_this_line!(bag.forward(&ids));
    at_this_line!(bag.forward_offsets(&id, &[0], None));
    at_this_line!(bounded.forward(&ids));
    at_this_line!(Embedding::from_pretrained(&Tensor::<f32>::zeros([3]), true));
    at_this_line!(Flatten::new().start(5).forward(&x));
    at_this_line!(Unflatten::new(1, [3]).forward(&x));
    at_this_line!(ReflectionPad1d::new(4).forward(&x));
    at_this_line!(PixelShuffle::new(2).forward(&x));
    at_this_line!(ChannelShuffle::new(3).forward(&x));
    at_this_line!(Unfold::new(2).forward(&x));
    at_this_line!(Upsample::new(Interpolate::size(2)).forward(&x));
    at_this_line!(CosineSimilarity::new().forward(&x, &Tensor::zeros([3])));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A layer in a box cannot report the caller's line; so the container says which of its layers it was.
#[test]
fn a_mistake_in_a_sequential_names_the_layers() {
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "mistakes::made_in_a_sequential", "--nocapture"])
        .env("MAKE_A_MISTAKE", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&child.stderr);
    assert!(!child.status.success());
    let message = text.find("linear: ").unwrap_or_else(|| panic!("{text}"));
    let place = "  in the layer named `1`\n  in the layer named `head`\n";
    assert!(text[message..].contains(place), "{text}");
}

#[test]
fn made_in_a_sequential() {
    if std::env::var_os("MAKE_A_MISTAKE").is_some() {
        let rng = &mut rng();
        let head = Sequential::<f32>::new().push(Tanh).push(Linear::new(5, 2, rng));
        let net = Sequential::new().push(Linear::new(3, 4, rng)).push_named("head", head);
        net.forward(&Tensor::zeros([1, 3]));
    }
}
