//! Containers of modules are modules: their elements, named by index or key.

use std::collections::BTreeMap;

use autodiff::Float;

use super::{Module, Visitor, VisitorMut};

impl<T: Float, M: Module<T>> Module<T> for [M] {
    fn visit(&self, visitor: &mut dyn Visitor<T>) {
        for (index, element) in self.iter().enumerate() {
            visitor.child(&index.to_string(), element);
        }
    }

    fn visit_mut(&mut self, visitor: &mut dyn VisitorMut<T>) {
        for (index, element) in self.iter_mut().enumerate() {
            visitor.child(&index.to_string(), element);
        }
    }
}

impl<T: Float, M: Module<T>> Module<T> for Vec<M> {
    fn visit(&self, visitor: &mut dyn Visitor<T>) {
        self.as_slice().visit(visitor);
    }

    fn visit_mut(&mut self, visitor: &mut dyn VisitorMut<T>) {
        self.as_mut_slice().visit_mut(visitor);
    }
}

impl<T: Float, M: Module<T>, const N: usize> Module<T> for [M; N] {
    fn visit(&self, visitor: &mut dyn Visitor<T>) {
        self.as_slice().visit(visitor);
    }

    fn visit_mut(&mut self, visitor: &mut dyn VisitorMut<T>) {
        self.as_mut_slice().visit_mut(visitor);
    }
}

impl<T: Float, M: Module<T>> Module<T> for BTreeMap<String, M> {
    fn visit(&self, visitor: &mut dyn Visitor<T>) {
        for (key, element) in self {
            visitor.child(key, element);
        }
    }

    fn visit_mut(&mut self, visitor: &mut dyn VisitorMut<T>) {
        for (key, element) in self {
            visitor.child(key, element);
        }
    }
}

impl<T: Float, M: Module<T>> Module<T> for Option<M> {
    fn kind(&self) -> &'static str {
        self.as_ref().map_or("", M::kind)
    }

    fn visit(&self, visitor: &mut dyn Visitor<T>) {
        if let Some(module) = self {
            module.visit(visitor);
        }
    }

    fn visit_mut(&mut self, visitor: &mut dyn VisitorMut<T>) {
        if let Some(module) = self {
            module.visit_mut(visitor);
        }
    }
}

impl<T: Float, M: Module<T> + ?Sized> Module<T> for Box<M> {
    fn kind(&self) -> &'static str {
        (**self).kind()
    }

    fn visit(&self, visitor: &mut dyn Visitor<T>) {
        (**self).visit(visitor);
    }

    fn visit_mut(&mut self, visitor: &mut dyn VisitorMut<T>) {
        (**self).visit_mut(visitor);
    }
}

macro_rules! tuple {
    ($($M:ident $index:tt),*) => {
        impl<T: Float, $($M: Module<T>),*> Module<T> for ($($M,)*) {
            fn visit(&self, _visitor: &mut dyn Visitor<T>) {
                $(_visitor.child(stringify!($index), &self.$index);)*
            }

            fn visit_mut(&mut self, _visitor: &mut dyn VisitorMut<T>) {
                $(_visitor.child(stringify!($index), &mut self.$index);)*
            }
        }
    };
}

tuple!();
tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
