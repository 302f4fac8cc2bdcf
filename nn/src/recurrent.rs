//! Recurrent layers, their cells, and batches of sequences.
//!
//! [`Rnn`], [`Gru`] and [`Lstm`] are the same [`Recurrent`] layers of three [`Kind`]s, and so are the cells and the
//! configurations: what is written of one holds for all.

mod cell;
mod config;
mod deep;
pub mod kind;
mod parameters;
mod sequences;
mod stack;

pub use cell::{Cell, CellConfig};
pub use config::RecurrentConfig;
pub use deep::DeepRnn;
pub use kind::{Kind, Nonlinearity};
pub use parameters::RecurrentParameters;
pub use sequences::{Sequence, pad_sequence, unpad_sequence};
pub use stack::Recurrent;

/// Plain recurrent layers over sequences: h ← g(W_ih x + b_ih + W_hh h + b_hh) at each step, where g is tanh or
/// max(·, 0). See [`Recurrent`] for shapes, parameters and how to run them.
///
/// After Elman, "Finding structure in time" (1990).
///
/// ```
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let rnn = RnnConfig::new(10, 20).num_layers(2).nonlinearity(Nonlinearity::Relu).init::<f32>(&mut rng);
/// let (y, h) = rnn.forward_with(&Tensor::zeros([5, 3, 10]), None, None);
/// assert_eq!((y.shape(), h.shape()), (&[5, 3, 20][..], &[2, 3, 20][..]));
/// ```
///
/// A network that gives a⟨t⟩ = tanh(W_a [a⟨t−1⟩, x⟨t⟩] + b_a) and ŷ⟨t⟩ = softmax(W_y a⟨t⟩ + b_y) at each step t, W_a being
/// `weight_hh` beside `weight_ih`:
///
/// ```
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let net = Sequential::<f32>::new()
///     .push(Rnn::new(10, 20, &mut rng))
///     .push(Linear::new(20, 4, &mut rng))
///     .push(Softmax::new(-1));
/// assert_eq!(net.forward(&Tensor::zeros([5, 3, 10])).shape(), [5, 3, 4]);
/// ```
pub type Rnn<T = f32> = Recurrent<kind::Rnn, T>;

/// Layers of gated recurrent units over sequences. See [`Recurrent`] for shapes, parameters and how to run them.
///
/// At each step, with the parts of weights and biases for r, z and n,
///
/// r = σ(W_r x + b_r + U_r h + c_r), z = σ(W_z x + b_z + U_z h + c_z), n = tanh(W_n x + b_n + r⊙(U_n h + c_n)),
/// h ← (1 − z)⊙n + z⊙h.
///
/// With [`reset_after(false)`](RecurrentConfig::reset_after) n = tanh(W_n x + b_n + U_n(r⊙h) + c_n). That is the unit
/// with a relevance gate Γ_r = r and an update gate Γ_u = 1 − z: ã⟨t⟩ = tanh(W_a [Γ_r⊙a⟨t−1⟩, x⟨t⟩] + b_a) and
/// a⟨t⟩ = Γ_u⊙ã⟨t⟩ + (1 − Γ_u)⊙a⟨t−1⟩. As 1 − σ(s) = σ(−s), the rows of z are those of Γ_u with the other sign.
///
/// After Cho et al., "Learning phrase representations using RNN encoder–decoder for statistical machine translation"
/// (2014).
///
/// ```
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let gru = GruConfig::new(10, 20).bidirectional(true).reset_after(false).init::<f32>(&mut rng);
/// let (y, h) = gru.forward_with(&Tensor::zeros([5, 3, 10]), None, None);
/// assert_eq!((y.shape(), h.shape()), (&[5, 3, 40][..], &[2, 3, 20][..]));
/// ```
pub type Gru<T = f32> = Recurrent<kind::Gru, T>;

/// Layers of long short-term memory over sequences. See [`Recurrent`] for shapes, parameters and how to run them.
///
/// At each step i, f, o = σ(·) and g = tanh(·) of W_ih x + b_ih + W_hh h + b_hh, then c ← f⊙c + i⊙g and h ← o⊙tanh c;
/// with a [projection](RecurrentConfig::proj_size) h ← W_hr (o⊙tanh c). i is also called the update gate. The state
/// is (h, c).
///
/// After Hochreiter and Schmidhuber, "Long short-term memory" (1997), with the forget gate of Gers et al. (2000) and
/// the projection of Sak et al. (2014).
///
/// ```
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let lstm = LstmConfig::new(10, 20).num_layers(2).init::<f32>(&mut rng);
/// let (y, state) = lstm.forward_with(&Tensor::zeros([5, 3, 10]), None, None);
/// assert_eq!((y.shape(), state.0.shape(), state.1.shape()), (&[5, 3, 20][..], &[2, 3, 20][..], &[2, 3, 20][..]));
/// let (more, _) = lstm.forward_with(&Tensor::zeros([1, 3, 10]), Some(&state), None);
/// assert_eq!(more.shape(), [1, 3, 20]);
/// ```
pub type Lstm<T = f32> = Recurrent<kind::Lstm, T>;

/// One step of an [`Rnn`] of one layer.
///
/// ```
/// use wengert::prelude::*;
///
/// let cell = RnnCell::<f32>::new(10, 20, &mut ChaCha8Rng::seed_from_u64(0));
/// let h = cell.forward(&Tensor::ones([3, 10]), None);
/// let h = cell.forward(&Tensor::ones([3, 10]), Some(&h));
/// assert_eq!(h.shape(), [3, 20]);
/// ```
pub type RnnCell<T = f32> = Cell<kind::Rnn, T>;

/// One step of a [`Gru`] of one layer.
///
/// ```
/// use wengert::prelude::*;
///
/// let cell = GruCell::<f32>::new(10, 20, &mut ChaCha8Rng::seed_from_u64(0));
/// let mut h = Tensor::zeros([20]);
/// for x in [Tensor::ones([10]), Tensor::zeros([10])] {
///     h = cell.forward(&x, Some(&h));
/// }
/// assert_eq!(h.shape(), [20]);
/// ```
pub type GruCell<T = f32> = Cell<kind::Gru, T>;

/// One step of an [`Lstm`] of one layer, without projection.
///
/// ```
/// use wengert::prelude::*;
///
/// let cell = LstmCell::<f32>::new(10, 20, &mut ChaCha8Rng::seed_from_u64(0));
/// let state = cell.forward(&Tensor::ones([3, 10]), None);
/// let (h, c) = cell.forward(&Tensor::ones([3, 10]), Some(&state));
/// assert_eq!((h.shape(), c.shape()), (&[3, 20][..], &[3, 20][..]));
/// ```
pub type LstmCell<T = f32> = Cell<kind::Lstm, T>;

/// What an [`Rnn`] is built from.
pub type RnnConfig = RecurrentConfig<kind::Rnn>;

/// What a [`Gru`] is built from.
pub type GruConfig = RecurrentConfig<kind::Gru>;

/// What an [`Lstm`] is built from.
pub type LstmConfig = RecurrentConfig<kind::Lstm>;

/// What an [`RnnCell`] is built from.
pub type RnnCellConfig = CellConfig<kind::Rnn>;

/// What a [`GruCell`] is built from.
pub type GruCellConfig = CellConfig<kind::Gru>;

/// What an [`LstmCell`] is built from.
pub type LstmCellConfig = CellConfig<kind::Lstm>;
