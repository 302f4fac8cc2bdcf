//! Augmented batches, and batches made ahead of time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};
use wengert::data::augment::{Compose, GaussianNoise, RandomAffine, Resize};
use wengert::data::{Augmentation, Batch, Batches, Dataset, Examples, Prefetch, digits};
use wengert::prelude::*;

fn pipeline() -> Compose {
    Compose::new().push(RandomAffine::new().degrees(15.0).shear(8.0)).push(GaussianNoise::new())
}

fn bits(batches: impl Iterator<Item = Batch>) -> Vec<(Vec<u32>, Vec<i64>)> {
    batches.map(|b| (b.inputs.to_vec().into_iter().map(f32::to_bits).collect(), b.labels.to_vec())).collect()
}

#[test]
fn batches_made_ahead_are_the_same_to_the_last_bit() {
    let digits = digits().subset(&(0..100).collect::<Vec<_>>());
    let batches = Batches::new(&digits, 16).shuffle(3).augment(pipeline(), 4);
    for epoch in 0..2 {
        let here = bits(batches.epoch(epoch));
        assert_eq!(here.len(), 7);
        for ahead in [1, 3, 100] {
            assert_eq!(bits(batches.epoch(epoch).prefetch(ahead)), here);
        }
    }
    // The rest of an epoch that was begun.
    let mut begun = batches.epoch(0);
    begun.next();
    assert_eq!(bits(begun.prefetch(2)), bits(batches.epoch(0).skip(1)));
    assert_eq!(batches.epoch(0).prefetch(2).size_hint(), (7, Some(7)));
    let none = Batches::new(&digits.subset(&[]), 4).augment(pipeline(), 0).epoch(0).prefetch(1).count();
    assert_eq!(none, 0);
}

#[test]
fn what_a_picture_becomes_does_not_depend_on_its_batch() {
    let digits = digits().subset(&(0..40).collect::<Vec<_>>());
    let by_label = |size, shuffle: Option<u64>| {
        let mut batches = Batches::new(&digits, size).augment(pipeline(), 9);
        if let Some(seed) = shuffle {
            batches = batches.shuffle(seed);
        }
        let order = batches.order(1);
        let pictures: Vec<Vec<f32>> = batches
            .epoch(1)
            .flat_map(|b| b.inputs.to_vec().chunks(64).map(<[f32]>::to_vec).collect::<Vec<_>>())
            .collect();
        let mut sorted: Vec<_> = order.into_iter().zip(pictures).collect();
        sorted.sort_by_key(|(index, _)| *index);
        sorted
    };
    let expected = by_label(40, None);
    assert_eq!(by_label(7, None), expected);
    assert_eq!(by_label(13, Some(1)), expected);
    // And it is not the picture that was.
    assert_ne!(expected[0].1, digits.batch(&[0]).inputs.to_vec());
}

#[test]
fn pipelines_may_change_the_size() {
    let digits = digits();
    let batches = Batches::new(&digits, 32).augment(Compose::new().push(Resize::new(12, 10)), 0);
    assert_eq!(batches.epoch(0).next().unwrap().inputs.shape(), [32, 1, 12, 10]);
}

/// Examples that count how often they were asked for, and may panic.
#[derive(Clone)]
struct Counted {
    asked: Arc<AtomicUsize>,
    panics_at: usize,
}

impl Examples for Counted {
    type Batch = usize;

    fn len(&self) -> usize {
        1000
    }

    fn gather(&self, indices: &[usize], _: Option<&Augmentation>) -> usize {
        self.asked.fetch_add(1, SeqCst);
        assert!(indices[0] != self.panics_at, "picture {} is cursed", indices[0]);
        indices[0]
    }
}

fn counted(panics_at: usize) -> Counted {
    Counted { asked: Arc::new(AtomicUsize::new(0)), panics_at }
}

#[test]
fn no_more_are_made_ahead_than_asked_for_and_none_after_a_drop() {
    let examples = counted(usize::MAX);
    let mut ahead = Batches::new(&examples, 1).epoch(0).prefetch(3);
    let wait_for = |count| {
        let start = Instant::now();
        while examples.asked.load(SeqCst) < count && start.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(1));
        }
        // Long enough for one more, if there were one.
        std::thread::sleep(Duration::from_millis(30));
        examples.asked.load(SeqCst)
    };
    assert_eq!(wait_for(3), 3);
    assert_eq!((ahead.next(), ahead.next()), (Some(0), Some(1)));
    assert_eq!(wait_for(5), 5);
    let clones = Arc::strong_count(&examples.asked);
    drop(ahead);
    // The thread is gone, and its clone with it.
    assert_eq!((Arc::strong_count(&examples.asked), clones), (1, 2));
    assert_eq!(examples.asked.load(SeqCst), 5);
}

#[test]
fn a_panic_on_the_thread_comes_out_here_after_the_items_before_it() {
    let examples = counted(4);
    let mut ahead = Batches::new(&examples, 2).epoch(0).prefetch(8);
    assert_eq!((ahead.next(), ahead.next()), (Some(0), Some(2)));
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| ahead.next())).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "picture 4 is cursed");
    assert_eq!((ahead.next(), ahead.size_hint()), (None, (0, Some(0))));
    // Dropped before the panic is seen, it stays over there.
    drop(Batches::new(&examples, 2).epoch(0).prefetch(8));
}

#[test]
fn any_iterator_can_be_prefetched() {
    let items: Vec<i32> = Prefetch::new(0..1000, 7).collect();
    assert_eq!(items, (0..1000).collect::<Vec<_>>());
}

#[test]
#[should_panic(expected = "Prefetch: 0 items ahead of time")]
fn nothing_ahead_panics() {
    let _ = Prefetch::new(0..3, 0);
}

#[test]
fn clones_of_a_data_set_share_its_inputs() {
    let digits = digits();
    let clone: Dataset = digits.clone();
    assert_eq!(clone.inputs().as_ptr(), digits.inputs().as_ptr());
}

/// Gradient steps see the same batches whether they are made ahead or not.
#[test]
fn training_gives_the_same_weights() {
    let digits = digits().subset(&(0..256).collect::<Vec<_>>());
    let train = |ahead: bool| {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let model = Sequential::new().push(Flatten::new()).push(Linear::new(64, 10, &mut rng));
        let mut sgd = Sgd::new(model.parameters(), 0.1);
        let batches = Batches::new(&digits, 64).shuffle(0).augment(pipeline(), 0);
        let mut step = |batch: Batch| {
            let tape = Tape::training(0);
            let loss = model.forward(&tape.constant(batch.inputs)).cross_entropy(&batch.labels);
            sgd.step(&loss.backward());
        };
        match ahead {
            true => batches.epoch(0).prefetch(2).for_each(&mut step),
            false => batches.epoch(0).for_each(&mut step),
        }
        model.parameters().iter().flat_map(|p| p.value().to_vec()).map(f32::to_bits).collect::<Vec<_>>()
    };
    assert_eq!(train(true), train(false));
}
