//! What the configurations of plain embeddings and of bags have in common.

use autodiff::{Float, Indices, Parameter, Tensor};
use rand::Rng;

use super::renorm::MaxNorm;
use crate::ConfigError;
use crate::config::Check;
use crate::init::{Fans, Init};

pub(super) fn standard_normal() -> Init {
    Init::normal(0.0, 1.0)
}

/// The checks and the table that plain embeddings and bags share.
pub(super) struct Table {
    pub(super) check: Check,
    pub(super) shape: [usize; 2],
    pub(super) padding_idx: Option<isize>,
    pub(super) max_norm: Option<f64>,
    pub(super) norm_type: f64,
    pub(super) weight_init: Init,
}

impl Table {
    /// The padding's row and the bound of norms, if the numbers make sense.
    pub(super) fn checked(&self) -> Result<(Option<usize>, Option<MaxNorm>), ConfigError> {
        let ([rows, width], check) = (self.shape, &self.check);
        check.positive("num_embeddings", rows)?;
        check.positive("embedding_dim", width)?;
        check.fits("weight", &self.shape)?;
        let padding = match self.padding_idx {
            Some(id) => {
                let n = rows as isize;
                check.that((-n..n).contains(&id), "padding_idx", id, format_args!("a row in -{n}..{n}"))?;
                Some(id.rem_euclid(n) as usize)
            }
            None => None,
        };
        let (p, norm) = (self.norm_type, self.max_norm.unwrap_or(1.0));
        check.that(norm >= 0.0, "max_norm", norm, "a number from 0 on")?;
        check.that(p > 0.0, "norm_type", p, "a positive number")?;
        self.weight_init.check_for(check.0, "weight_init", &self.shape)?;
        Ok((padding, self.max_norm.map(|norm| MaxNorm { norm, p })))
    }

    /// First values, with zeros in the padding's row.
    pub(super) fn drawn<T: Float>(
        &self,
        padding: Option<usize>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Parameter<T> {
        let fans = Fans { fan_in: self.shape[1], fan_out: self.shape[0] };
        let table = self.weight_init.tensor_with(self.shape, fans, rng);
        Parameter::new(match padding {
            Some(row) => table.index_fill(0, &Indices::from([row as i64]), 0.0),
            None => table,
        })
    }

    /// A table that is given.
    pub(super) fn given<T: Float>(
        &self,
        table: &Tensor<T>,
        freeze: bool,
    ) -> Result<Parameter<T>, ConfigError> {
        self.check.that(
            table.shape() == self.shape,
            "the pre-trained table",
            format_args!("of shape {:?}", table.shape()),
            format_args!("one of shape {:?}", self.shape),
        )?;
        let weight = Parameter::new(table.clone());
        if freeze {
            weight.freeze();
        }
        Ok(weight)
    }
}

/// The options of the table, and building the layer, which the configuration's `build` does around the table.
macro_rules! table_options {
    ($Config:ty, $Layer:ident) => {
        impl $Config {
            /// The norm that no row that is looked up may exceed (default: none): as in PyTorch a forward pass
            /// scales rows in the table that do, without a gradient, whether it trains or not.
            pub fn max_norm(mut self, norm: f64) -> Self {
                self.max_norm = Some(norm);
                self
            }

            /// The p of that norm (default: 2).
            pub fn norm_type(mut self, p: f64) -> Self {
                self.norm_type = p;
                self
            }

            /// The table's first values but for the padding's row (default: N(0, 1)). The fan-in is
            /// `embedding_dim`.
            pub fn weight_init(mut self, init: Init) -> Self {
                self.weight_init = init;
                self
            }

            /// The layer: draws the table.
            ///
            /// # Panics
            /// If there are no rows or they have no elements, the padding's id is out of range, the norm or its
            /// p is negative, the initialization is none, or gradients of maxima are to be divided.
            #[track_caller]
            pub fn init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> $Layer<T> {
                expect(self.try_init(rng))
            }

            /// The layer, for a configuration that comes from outside the program.
            ///
            /// # Errors
            /// Where [`init`](Self::init) panics.
            pub fn try_init<T: Float>(
                &self,
                rng: &mut (impl Rng + ?Sized),
            ) -> Result<$Layer<T>, ConfigError> {
                self.build(|table, padding| Ok(table.drawn(padding, rng)))
            }

            /// The layer with a table that is given, the padding's row too, and perhaps frozen.
            ///
            /// # Panics
            /// As [`init`](Self::init), or if the table has another shape.
            #[track_caller]
            pub fn from_pretrained<T: Float>(&self, table: &Tensor<T>, freeze: bool) -> $Layer<T> {
                expect(self.try_from_pretrained(table, freeze))
            }

            /// The same for a table that comes from outside the program.
            ///
            /// # Errors
            /// Where [`from_pretrained`](Self::from_pretrained) panics.
            pub fn try_from_pretrained<T: Float>(
                &self,
                table: &Tensor<T>,
                freeze: bool,
            ) -> Result<$Layer<T>, ConfigError> {
                self.build(|shared, _| shared.given(table, freeze))
            }
        }
    };
}
pub(super) use table_options;
