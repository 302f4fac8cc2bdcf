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
    let layer = Linear::<f32>::new(3, 2, &mut rng());
    let line = line!() + 1;
    let place = place_of_panic(|| drop(layer.forward(&Tensor::zeros([2, 4]))));
    assert_eq!(place, (file!().to_owned(), line));
}
