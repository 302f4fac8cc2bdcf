//! Tables of rows looked up by ids.

use wengert::prelude::*;

use crate::{panic_of, ramp, rng};

fn sum_of_squares(rows: &Tensor<f64>) -> Tensor<f64> {
    rows.square().sum(..)
}

#[test]
fn the_paddings_row_stays_zero_while_the_others_learn() {
    let table = EmbeddingConfig::new(4, 3).padding_idx(-2).init::<f64>(&mut rng());
    assert_eq!(table.padding_idx(), Some(2));
    let row = |i: usize| table.weight.value().to_vec()[3 * i..3 * i + 3].to_vec();
    assert_eq!(row(2), [0.0; 3]);
    let before = row(1);
    let mut adam = Adam::new(table.parameters(), 0.1);
    for _ in 0..3 {
        let ids = Tape::training(0).indices(Indices::from([1, 2, 2, 3]));
        adam.step(&sum_of_squares(&(table.forward(&ids) - 1.0)).backward());
    }
    assert_eq!(row(2), [0.0; 3]);
    assert_ne!(row(1), before);
}

#[test]
fn a_given_table_is_used_as_it_is_and_may_be_frozen() {
    let vectors = ramp::<f64>([3, 2], 4);
    let gradient = |table: &Embedding<f64>| {
        let ids = Tape::new().indices(Indices::from([0, 2]));
        // A constant beside the rows, so that there is something to go back to.
        let bias = ids.tape().unwrap().variable(Tensor::zeros([2, 2]));
        let grads = sum_of_squares(&(table.forward(&ids) + bias)).backward();
        grads.get(&table.weight).map(|g| g.to_vec())
    };
    let frozen = EmbeddingConfig::new(3, 2).padding_idx(0).from_pretrained(&vectors, true);
    assert_eq!(frozen.weight.value().to_vec(), vectors.to_vec());
    assert_eq!(gradient(&frozen), None);
    let learning = Embedding::from_pretrained(&vectors, false);
    let values = vectors.to_vec();
    let expected = [2.0 * values[0], 2.0 * values[1], 0.0, 0.0, 2.0 * values[4], 2.0 * values[5]];
    assert_eq!(gradient(&learning).unwrap(), expected);
    // The layer keeps a copy of its own.
    learning.weight.set(&Tensor::zeros([3, 2]));
    assert_eq!(vectors.to_vec(), values);
}

#[test]
fn rows_beyond_the_norm_shrink_in_the_table() {
    let table = EmbeddingConfig::new(3, 2)
        .max_norm(1.0)
        .from_pretrained(&Tensor::<f64>::from_vec([3, 2], vec![3.0, 4.0, 0.3, 0.4, 6.0, 8.0]), false);
    let shrunk = |x: f64, norm: f64| x * (1.0 / (norm + 1e-7));
    let rows = table.forward(&Indices::from([0, 1]));
    assert_eq!(rows.to_vec(), [shrunk(3.0, 5.0), shrunk(4.0, 5.0), 0.3, 0.4]);
    // What was not looked up stays.
    assert_eq!(table.weight.value().to_vec()[4..], [6.0, 8.0]);
}

/// A tape keeps the table that it saw first; a second lookup on it gives what PyTorch's changed table would.
#[test]
fn rows_beyond_the_norm_shrink_on_a_tape_that_saw_them_before() {
    let start = Tensor::<f64>::from_vec([2, 2], vec![0.3, 0.4, 6.0, 8.0]);
    let table = EmbeddingConfig::new(2, 2).max_norm(1.0).from_pretrained(&start, false);
    let tape = Tape::training(0);
    let first = table.forward(&tape.indices([0]));
    let second = table.forward(&tape.indices([1]));
    let expected = [6.0 * (1.0 / (10.0 + 1e-7)), 8.0 * (1.0 / (10.0 + 1e-7))];
    let close = |found: Vec<f64>| found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15);
    assert!(close(second.to_vec()), "{second:?}");
    assert!(close(table.weight.value().to_vec()[2..].to_vec()));
    let grads = (first.sum(..) + second.sum(..)).backward();
    assert_eq!(grads.get(&table.weight).unwrap().to_vec(), [1.0; 4]);
}

#[test]
fn bags_of_offsets_are_bags_of_rows() {
    let vectors = ramp::<f64>([5, 3], 4);
    for mode in [BagMode::Sum, BagMode::Mean, BagMode::Max] {
        let bags = EmbeddingBagConfig::new(5, 3).mode(mode).padding_idx(4).from_pretrained(&vectors, false);
        let square = Indices::from_vec([2, 3], vec![0, 1, 4, 3, 3, 2]);
        let offsets = bags.forward_offsets(&Indices::from([0, 1, 4, 3, 3, 2]), &[0, 3], None);
        assert_eq!(bags.forward(&square).to_vec(), offsets.to_vec(), "{mode:?}");
        let none = bags.forward_offsets(&Indices::from_vec([0], vec![]), &[], None);
        assert_eq!(none.shape(), [0, 3]);
        let empty = bags.forward_offsets(&Indices::from_vec([0], vec![]), &[0, 0], None);
        assert_eq!(empty.to_vec(), [0.0; 6]);
    }
}

#[test]
fn wrong_tables_ids_and_offsets_are_refused() {
    let error = |config: EmbeddingConfig| config.try_init::<f32>(&mut rng()).unwrap_err().to_string();
    let config = || EmbeddingConfig::new(4, 3);
    assert_eq!(
        error(EmbeddingConfig::new(0, 3)),
        "EmbeddingConfig: num_embeddings is 0, expected at least 1"
    );
    assert!(error(EmbeddingConfig::new(3, 0)).contains("embedding_dim is 0"));
    assert!(error(EmbeddingConfig::new(1 << 40, 1 << 40)).contains("address space"));
    assert!(error(config().padding_idx(4)).contains("padding_idx is 4, expected a row in -4..4"));
    assert!(error(config().padding_idx(-5)).contains("padding_idx is -5"));
    assert!(error(config().max_norm(-1.0)).contains("max_norm is -1"));
    assert!(error(config().max_norm(f64::NAN)).contains("max_norm is NaN"));
    assert!(error(config().norm_type(0.0)).contains("norm_type is 0"));
    let wrong = config().try_from_pretrained(&Tensor::<f32>::zeros([3, 4]), true).unwrap_err().to_string();
    assert!(
        wrong.ends_with("the pre-trained table is of shape [3, 4], expected one of shape [4, 3]"),
        "{wrong}"
    );
    let bag = || EmbeddingBagConfig::new(4, 3);
    let divided = bag().mode(BagMode::Max).scale_grad_by_freq(true).try_init::<f32>(&mut rng()).unwrap_err();
    assert!(divided.to_string().contains("scale_grad_by_freq is true"), "{divided}");

    let panics = |f: fn(&EmbeddingBag<f32>) -> Tensor<f32>, mode| {
        let layer = bag().mode(mode).init(&mut rng());
        panic_of(std::panic::AssertUnwindSafe(|| drop(f(&layer))))
    };
    let of_sum = |f| panics(f, BagMode::Sum);
    let text = of_sum(|bags| bags.forward(&Indices::from([1, 2])));
    assert_eq!(text, "EmbeddingBag: the ids [2] are not [bags, ids of a bag]");
    let text = of_sum(|bags| bags.forward_offsets(&Indices::from([1, 2]), &[1], None));
    assert!(text.contains("the offsets [1] do not rise from 0 to at most 2"), "{text}");
    assert!(
        of_sum(|bags| bags.forward_offsets(&Indices::from([1, 2]), &[0, 2, 1], None)).contains("do not rise")
    );
    assert!(
        of_sum(|bags| bags.forward_offsets(&Indices::from([1, 2]), &[0, 3], None)).contains("do not rise")
    );
    assert!(of_sum(|bags| bags.forward_offsets(&Indices::from([1, 2]), &[], None)).contains("do not rise"));
    let text = of_sum(|bags| bags.forward_offsets(&Indices::from([4]), &[0], None));
    assert!(text.contains("4"), "{text}");
    let weights = |bags: &EmbeddingBag<f32>| {
        bags.forward_offsets(&Indices::from([1, 2]), &[0], Some(&Tensor::zeros([3])))
    };
    assert!(of_sum(weights).contains("the per_sample_weights [3] are not [2]"));
    assert!(panics(weights, BagMode::Mean).contains("per_sample_weights are for a sum"));
}
