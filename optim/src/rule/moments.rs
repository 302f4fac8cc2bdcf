//! What the family of Adam has in common: averages of the gradient and of its square.

use autodiff::Float;

use crate::rule::Step;

/// The factors of the two averages, and the ε of the denominator.
#[derive(Clone, Debug)]
pub(super) struct Moments {
    pub(super) beta1: f64,
    pub(super) beta2: f64,
    pub(super) eps: f64,
}

impl Default for Moments {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, eps: 1e-8 }
    }
}

impl Moments {
    pub(super) fn hyper_parameters(&self) -> Vec<(&'static str, f64)> {
        vec![("beta1", self.beta1), ("beta2", self.beta2), ("eps", self.eps)]
    }

    /// 1−β₁ᵗ and 1−β₂ᵗ at the t-th update, t = 1, 2, …: what the averages' weights add up to.
    #[inline(always)]
    pub(super) fn corrections(&self, step: &Step) -> (f64, f64) {
        let t = (step.updates + 1) as f64;
        (1.0 - self.beta1.powf(t), 1.0 - self.beta2.powf(t))
    }

    #[inline(always)]
    pub(super) fn factors<T: Float>(&self) -> Factors<T> {
        Factors {
            new1: T::from_f64(1.0 - self.beta1),
            beta2: T::from_f64(self.beta2),
            new2: T::from_f64(1.0 - self.beta2),
            eps: T::from_f64(self.eps),
        }
    }
}

/// [`Moments`] as elements of a tensor.
#[derive(Clone, Copy)]
pub(super) struct Factors<T> {
    new1: T,
    pub(super) beta2: T,
    new2: T,
    pub(super) eps: T,
}

impl<T: Float> Factors<T> {
    /// m ← β₁·m + (1−β₁)·d.
    #[inline(always)]
    pub(super) fn average(self, m: &mut T, d: T) {
        *m += (d - *m) * self.new1;
    }

    /// v ← β₂·v + (1−β₂)·d².
    #[inline(always)]
    pub(super) fn average_square(self, v: &mut T, d: T) {
        *v = *v * self.beta2 + d * d * self.new2;
    }
}

/// The options `betas` and `eps` of an optimizer whose rule has [`Moments`].
macro_rules! moment_options {
    ($rule:ty $(, const $flag:ident)?) => {
        impl<$(const $flag: bool,)? T: autodiff::Float> crate::descent::Descent<$rule, T> {
            /// Sets β₁ and β₂ (default 0.9 and 0.999).
            ///
            /// # Panics
            /// If one does not lie in \[0, 1).
            #[track_caller]
            pub fn betas(mut self, beta1: f64, beta2: f64) -> Self {
                let (name, factor) = (<$rule>::NAME, crate::group::averaging_factor);
                self.rule.moments.beta1 = factor(&format!("{name}::betas (β₁)"), beta1);
                self.rule.moments.beta2 = factor(&format!("{name}::betas (β₂)"), beta2);
                self
            }

            /// Sets ε, which keeps the denominator from zero (default 1e-8).
            ///
            /// # Panics
            /// If it is negative or not finite.
            #[track_caller]
            pub fn eps(mut self, eps: f64) -> Self {
                let place = format!("{}::eps", <$rule>::NAME);
                self.rule.moments.eps = crate::group::non_negative(&place, eps);
                self
            }
        }
    };
}
pub(super) use moment_options;
