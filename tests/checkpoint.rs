//! Checkpoints: the same bits from less memory.

use std::sync::Mutex;

use wengert::autodiff::{checkpoint, pool, transform};
use wengert::prelude::*;

/// The tests look at the memory of the process.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> impl Drop {
    ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A block with everything that could differ when it is computed again.
#[derive(Clone, Module)]
struct Block {
    linear: Linear<f64>,
    norm: BatchNorm1d<f64>,
}

impl Block {
    fn new(rng: &mut ChaCha8Rng) -> Self {
        Self { linear: LinearConfig::new(6, 6).init(rng), norm: BatchNorm1d::new(6) }
    }
}

impl Layer<f64> for Block {
    fn forward(&self, x: &Tensor<f64>) -> Tensor<f64> {
        self.norm.forward(&self.linear.forward(x)).tanh().dropout(0.3) + x
    }
}

fn blocks(n: usize) -> Vec<Block> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    (0..n).map(|_| Block::new(&mut rng)).collect()
}

fn input() -> Tensor<f64> {
    Tensor::from_vec([4, 6], (0..24).map(|i| f64::from(i * 7 % 24) / 12.0 - 1.0).collect())
}

fn bits(x: &Tensor<f64>) -> Vec<u64> {
    x.to_vec().iter().map(|x| x.to_bits()).collect()
}

/// The loss, all gradients and the running statistics of a training step in which the given blocks are
/// checkpoints, as bits.
fn step(checkpointed: [bool; 3]) -> Vec<Vec<u64>> {
    let model = blocks(3);
    let tape = Tape::training(9);
    let x = tape.variable(input());
    let mut y = x.square();
    for (block, checkpointed) in model.iter().zip(checkpointed) {
        let again = block.clone();
        y = if checkpointed { checkpoint(move |y| again.forward(y), &y) } else { block.forward(&y) };
    }
    // Draws after a checkpoint go on after those in it.
    let loss = y.dropout(0.5).square().mean(..);
    let grads = loss.backward();
    let mut found = vec![bits(&loss), bits(grads.get(&x).unwrap())];
    for (name, p) in model.iter().flat_map(|b| b.named_parameters()) {
        found.push(bits(grads.get(&p).unwrap_or_else(|| panic!("{name} has no gradient"))));
    }
    found.extend(model.iter().flat_map(|b| b.named_buffers()).map(|(_, b)| bits(&b.value())));
    found
}

#[test]
fn a_step_with_checkpoints_has_the_same_bits() {
    let _alone = alone();
    let plain = step([false; 3]);
    for checkpointed in [[true, false, false], [false, true, false], [true, true, true]] {
        assert_eq!(step(checkpointed), plain, "{checkpointed:?}");
    }
}

#[test]
fn checkpoints_inside_checkpoints() {
    let _alone = alone();
    let plain = step([false; 3]);
    let model = blocks(3);
    let tape = Tape::training(9);
    let x = tape.variable(input());
    let inner = model.clone();
    let y = checkpoint(
        move |y| {
            inner.iter().fold(y.clone(), |y, block| {
                let block = block.clone();
                checkpoint(move |y| block.forward(y), &y)
            })
        },
        &x.square(),
    );
    assert_eq!(tape.len(), 2, "one square and one checkpoint");
    let loss = y.dropout(0.5).square().mean(..);
    let grads = loss.backward();
    assert_eq!(bits(&loss), plain[0]);
    assert_eq!(bits(grads.get(&x).unwrap()), plain[1]);
    let parameters = model.iter().flat_map(|b| b.named_parameters());
    for ((name, p), expected) in parameters.zip(&plain[2..]) {
        assert_eq!(&bits(grads.get(&p).unwrap()), expected, "{name}");
    }
}

#[test]
fn second_derivatives_pass_through() {
    let _alone = alone();
    let w = Parameter::new(Tensor::<f64>::from_vec([2], vec![0.5, -0.25]));
    let f = |x: &Tensor<f64>, w: &Parameter<f64>| (x * w.on_tape_of(x)).sigmoid().dropout(0.4).square();
    let hessian = |checkpointed: bool| {
        let tape = Tape::training(3);
        let x = tape.variable(Tensor::from_vec([2], vec![1.0, 2.0]));
        let y = match checkpointed {
            true => checkpoint(
                {
                    let w = w.clone();
                    move |x: &Tensor<f64>| f(x, &w)
                },
                &x,
            ),
            false => f(&x, &w),
        };
        let grads = y.sum(..).backward_with(Replay::new().create_graph(true));
        let s = grads.get(&x).unwrap().square().sum(..) + grads.get(&w).unwrap().exp().sum(..);
        let second = s.dropout(0.5).backward();
        [bits(second.get(&x).unwrap()), bits(second.get(&w).unwrap())]
    };
    assert_eq!(hessian(true), hessian(false));
    let g = |x: &Tensor<f64>| checkpoint(|x: &Tensor<f64>| x.sigmoid().square(), x).sum(..);
    let x = Tensor::from_vec([2], vec![0.3, -1.0]);
    let plain = transform::hessian(|x: &Tensor<f64>| x.sigmoid().square().sum(..), &x);
    assert_eq!(bits(&transform::hessian(g, &x)), bits(&plain));
}

#[test]
fn parameters_have_the_values_they_had() {
    let _alone = alone();
    let w = Parameter::new(Tensor::<f64>::scalar(3.0));
    let tape = Tape::new();
    let x = tape.variable(Tensor::scalar(2.0));
    let y = checkpoint(
        {
            let w = w.clone();
            move |x: &Tensor<f64>| (x * w.on_tape_of(x)).square()
        },
        &x,
    );
    w.set(&Tensor::scalar(100.0));
    let grads = y.backward();
    // y = (wx)²: dy/dx = 2w²x, dy/dw = 2wx².
    assert_eq!(grads.get(&x).unwrap().item(), 36.0);
    assert_eq!(grads.get(&w).unwrap().item(), 24.0);
}

#[test]
fn several_inputs_and_outputs() {
    let _alone = alone();
    let tape = Tape::new();
    let [a, b] = [2.0, 5.0].map(|x| tape.variable(Tensor::<f64>::scalar(x)));
    let constant = tape.constant(Tensor::<f64>::scalar(10.0));
    let f = |[a, b, c]: &[Tensor<f64>; 3]| (a * b, vec![a * c, b.square()]);
    let (product, rest) = checkpoint(f, &[a.clone(), b.clone(), constant]);
    // The first output is left out.
    assert_eq!(product.item(), 10.0);
    let grads = (&rest[0] + &rest[1] * 3.0).backward();
    assert_eq!((grads.get(&a).unwrap().item(), grads.get(&b).unwrap().item()), (10.0, 30.0));
}

#[test]
fn on_no_tape_and_without_gradients_nothing_is_recorded() {
    let _alone = alone();
    let f = |x: &Tensor<f64>| x.exp();
    assert!(checkpoint(f, &Tensor::scalar(0.0)).tape().is_none());
    let tape = Tape::new();
    let y = checkpoint(f, &tape.constant(Tensor::scalar(0.0)));
    assert!(tape.is_empty() && !y.requires_grad() && y.tape().is_some());
}

/// The most memory that the buffers of a chain of 200 layers take, in layers, over a forward and a backward pass.
#[cfg(target_os = "linux")]
fn layers_in_memory(segment: usize) -> f64 {
    const LAYERS: usize = 200;
    const BYTES: usize = 1 << 20;
    let resident = || {
        let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
        pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
    };
    pool::set_limit(0);
    pool::clear();
    let most = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let before = resident();
    let tape = Tape::new();
    let x = tape.variable(Tensor::<f32>::full([BYTES / 4], 0.5));
    let mut y = x.clone();
    for _ in (0..LAYERS).step_by(segment) {
        let most = most.clone();
        let layers = move |y: &Tensor<f32>| {
            let mut y = y.clone();
            for _ in 0..segment {
                y = y.tanh();
                most.fetch_max(resident(), std::sync::atomic::Ordering::Relaxed);
            }
            y
        };
        y = if segment > 1 { checkpoint(layers, &y) } else { layers(&y) };
    }
    let grads = y.sum(..).backward();
    assert!(grads.get(&x).is_some());
    most.load(std::sync::atomic::Ordering::Relaxed).saturating_sub(before) as f64 / BYTES as f64
}

#[test]
#[cfg(target_os = "linux")]
fn memory_falls_to_the_square_root() {
    let _alone = alone();
    let plain = layers_in_memory(1);
    let checkpointed = layers_in_memory(14);
    // 200 layers keep 200 values; 15 parts of 14 keep 15, and 14 within the one that is computed again. The
    // system's allocator holds back up to 12 more at times.
    assert!(plain > 190.0, "{plain} layers without checkpoints");
    assert!(checkpointed < 60.0, "{checkpointed} layers with checkpoints");
}
