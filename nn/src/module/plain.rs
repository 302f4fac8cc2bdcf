//! Plain data hold no parameters: as fields of a module they are visited and show nothing.

use std::marker::PhantomData;

use autodiff::Float;

use super::{Module, Visitor, VisitorMut};

macro_rules! plain {
    ($($Type:ty),* $(,)?) => {$(
        impl<T: Float> Module<T> for $Type {
            fn kind(&self) -> &'static str {
                ""
            }
            fn visit(&self, _: &mut dyn Visitor<T>) {}
            fn visit_mut(&mut self, _: &mut dyn VisitorMut<T>) {}
        }
    )*};
}

plain! {
    bool, char, str, String, f32, f64,
    i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize,
}

impl<T: Float> Module<T> for &str {
    fn kind(&self) -> &'static str {
        ""
    }
    fn visit(&self, _: &mut dyn Visitor<T>) {}
    fn visit_mut(&mut self, _: &mut dyn VisitorMut<T>) {}
}

impl<T: Float, P: ?Sized> Module<T> for PhantomData<P> {
    fn kind(&self) -> &'static str {
        ""
    }
    fn visit(&self, _: &mut dyn Visitor<T>) {}
    fn visit_mut(&mut self, _: &mut dyn VisitorMut<T>) {}
}
