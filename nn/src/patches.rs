//! The patches of pictures as columns, and back.

use autodiff::ops::Pair;
use autodiff::{Float, Patches, Tensor};
use serde::{Deserialize, Serialize};

use crate::config::{Check, expect};
use crate::{ConfigError, Layer, Module};

fn check_patches(check: &Check, patches: &Patches) -> Result<(), ConfigError> {
    check.all_positive("kernel", &patches.kernel.0)?;
    check.all_positive("stride", &patches.stride.0)?;
    check.all_positive("dilation", &patches.dilation.0)
}

/// The patches of pictures as columns (im2col), zeros in the padding: [batch, channels, height, width] becomes
/// [batch, channels·kernel elements, patches], the patches in row-major order; also without the batch.
///
/// In a file it is its [`Patches`].
///
/// ```
/// use wengert::prelude::*;
///
/// let x = Tensor::<f32>::zeros([2, 5, 3, 4]);
/// assert_eq!(Unfold::new((2, 3)).forward(&x).shape(), [2, 30, 4]);
/// ```
///
/// # Panics
/// In `forward`, if the input has other axes or no patch fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module, Serialize, Deserialize)]
#[serde(try_from = "Patches", into = "Patches")]
pub struct Unfold {
    #[module(skip)]
    patches: Patches,
}

impl Unfold {
    /// With patches of a size at every place, or any [`Patches`].
    ///
    /// # Panics
    /// If a size, a stride or a dilation is 0.
    #[track_caller]
    pub fn new(patches: impl Into<Patches>) -> Self {
        expect(Self::try_new(patches))
    }

    /// The same for patches that come from outside the program.
    ///
    /// # Errors
    /// Where [`new`](Self::new) panics.
    pub fn try_new(patches: impl Into<Patches>) -> Result<Self, ConfigError> {
        let patches = patches.into();
        check_patches(&Check("Unfold"), &patches)?;
        Ok(Self { patches })
    }
}

impl TryFrom<Patches> for Unfold {
    type Error = ConfigError;

    fn try_from(patches: Patches) -> Result<Self, ConfigError> {
        Self::try_new(patches)
    }
}

impl From<Unfold> for Patches {
    fn from(layer: Unfold) -> Self {
        layer.patches
    }
}

impl<T: Float> Layer<T> for Unfold {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        x.unfold(self.patches)
    }
}

/// Patches added where they lie on pictures (col2im): [batch, channels·kernel elements, patches] becomes
/// [batch, channels, height, width]; also without the batch. Elements of several patches are their sum, and what lies
/// in the padding is left out: the adjoint of [`Unfold`], not its inverse.
///
/// In a file it is a map of `output_size` and the fields of [`Patches`].
///
/// ```
/// use wengert::prelude::*;
///
/// let fold = Fold::new((4, 5), (2, 2));
/// assert_eq!(fold.forward(&Tensor::<f32>::zeros([1, 3 * 2 * 2, 12])).shape(), [1, 3, 4, 5]);
/// ```
///
/// # Panics
/// In `forward`, if the input has not the rows and patches of such pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module, Serialize, Deserialize)]
#[serde(try_from = "Form", into = "Form")]
pub struct Fold {
    #[module(skip)]
    output_size: Pair,
    #[module(skip)]
    patches: Patches,
}

impl Fold {
    /// To pictures of a height and a width, with patches of a size at every place, or any [`Patches`].
    ///
    /// # Panics
    /// If a size, a stride or a dilation is 0.
    #[track_caller]
    pub fn new(output_size: impl Into<Pair>, patches: impl Into<Patches>) -> Self {
        expect(Self::try_new(output_size, patches))
    }

    /// The same for sizes that come from outside the program.
    ///
    /// # Errors
    /// Where [`new`](Self::new) panics.
    pub fn try_new(output_size: impl Into<Pair>, patches: impl Into<Patches>) -> Result<Self, ConfigError> {
        let (output_size, patches, check) = (output_size.into(), patches.into(), Check("Fold"));
        check.all_positive("output_size", &output_size.0)?;
        check_patches(&check, &patches)?;
        Ok(Self { output_size, patches })
    }
}

/// What a file says of a [`Fold`].
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    output_size: Pair,
    #[serde(alias = "kernel_size")]
    kernel: Pair,
    #[serde(default)]
    dilation: Option<Pair>,
    #[serde(default)]
    padding: Option<Pair>,
    #[serde(default)]
    stride: Option<Pair>,
}

impl TryFrom<Form> for Fold {
    type Error = ConfigError;

    fn try_from(form: Form) -> Result<Self, ConfigError> {
        let plain = Patches::new(form.kernel);
        let patches = Patches {
            dilation: form.dilation.unwrap_or(plain.dilation),
            padding: form.padding.unwrap_or(plain.padding),
            stride: form.stride.unwrap_or(plain.stride),
            ..plain
        };
        Self::try_new(form.output_size, patches)
    }
}

impl From<Fold> for Form {
    fn from(layer: Fold) -> Self {
        let Patches { kernel, dilation, padding, stride } = layer.patches;
        let [dilation, padding, stride] = [dilation, padding, stride].map(Some);
        Self { output_size: layer.output_size, kernel, dilation, padding, stride }
    }
}

impl<T: Float> Layer<T> for Fold {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        x.fold(self.output_size, self.patches)
    }
}
