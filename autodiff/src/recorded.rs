//! What exists once for each element type, and is compiled here only: its record on a tape, and the calls and
//! replays of functions.

use std::sync::Mutex;

use crate::Float;
use crate::function::{Builtin, Function, SharedFunction};
use crate::gradients::Gradients;
use crate::node::SpareNodes;
use crate::replay::{self, Mode, Replay};
use crate::shape::ShapeError;
use crate::tape::{Inner, Mark, Record, Tape};
use crate::tensor::{self, Computed, Tensor};

/// An element type that has a record on each tape. It is sealed with [`Float`].
#[doc(hidden)]
pub trait Recorded: Sized {
    fn record(inner: &Inner) -> &Mutex<Record<Self>>
    where
        Self: Float;

    /// Memory for nodes of a later record.
    fn spare_nodes() -> &'static SpareNodes<Self>
    where
        Self: Float;

    fn function<B: Builtin>(builtin: &B) -> &dyn Function<Self>
    where
        Self: Float;

    fn shared<B: Builtin>(builtin: B) -> SharedFunction<Self>
    where
        Self: Float;

    #[track_caller]
    fn compute<'a>(
        function: &dyn Function<Self>,
        inputs: &[&'a Tensor<Self>],
    ) -> Result<Computed<'a, Self>, ShapeError>
    where
        Self: Float;

    #[track_caller]
    fn record_call(
        function: SharedFunction<Self>,
        inputs: &[&Tensor<Self>],
        computed: &mut Computed<'_, Self>,
    ) -> u32
    where
        Self: Float;

    #[track_caller]
    fn replay(from: &Tensor<Self>, replay: Replay<Self>) -> Gradients<Self>
    where
        Self: Float;

    #[track_caller]
    fn pull(
        tape: &Tape,
        mark: Mark,
        seeds: &[(u32, Tensor<Self>)],
        wanted: &[u32],
        mode: Mode,
    ) -> Vec<Option<Tensor<Self>>>
    where
        Self: Float;
}

macro_rules! recorded {
    ($float:ty, $record:ident, $function:ident, $shared:ident) => {
        // Never inlined: in another crate that would ask for the code there.
        impl Recorded for $float {
            fn record(inner: &Inner) -> &Mutex<Record<$float>> {
                &inner.$record
            }

            fn spare_nodes() -> &'static SpareNodes<$float> {
                static SPARE: SpareNodes<$float> = SpareNodes::new();
                &SPARE
            }

            fn function<B: Builtin>(builtin: &B) -> &dyn Function<$float> {
                builtin.$function()
            }

            fn shared<B: Builtin>(builtin: B) -> SharedFunction<$float> {
                builtin.$shared()
            }

            #[inline(never)]
            #[track_caller]
            fn compute<'a>(
                function: &dyn Function<$float>,
                inputs: &[&'a Tensor<$float>],
            ) -> Result<Computed<'a, $float>, ShapeError> {
                tensor::compute(function, inputs)
            }

            #[inline(never)]
            #[track_caller]
            fn record_call(
                function: SharedFunction<$float>,
                inputs: &[&Tensor<$float>],
                computed: &mut Computed<'_, $float>,
            ) -> u32 {
                tensor::record(function, inputs, computed)
            }

            #[inline(never)]
            #[track_caller]
            fn replay(from: &Tensor<$float>, replay: Replay<$float>) -> Gradients<$float> {
                replay::replay(from, replay)
            }

            #[inline(never)]
            #[track_caller]
            fn pull(
                tape: &Tape,
                mark: Mark,
                seeds: &[(u32, Tensor<$float>)],
                wanted: &[u32],
                mode: Mode,
            ) -> Vec<Option<Tensor<$float>>> {
                replay::pull(tape, mark, seeds, wanted, mode)
            }
        }
    };
}

recorded!(f32, single, single, shared_single);
recorded!(f64, double, double, shared_double);
