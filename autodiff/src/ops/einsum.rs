//! Einstein summation, brought down to diagonals, sums, permutations and one matrix product.

use smallvec::SmallVec;

use super::{Diagonal, MatMul, Permute, Reshape};
use crate::Float;
use crate::shape::{Axes, Shape, ShapeError, refuse};
use crate::tensor::{Tensor, apply_one};

/// What an axis is called: a letter, or a place in the ellipsis, counted from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    Ellipsis(usize),
    Letter(char),
}

type Labels = SmallVec<[Label; 8]>;

/// A term of the equation as it is written.
#[derive(Debug, Default)]
struct Term {
    /// The letters before the ellipsis, and all of them if there is none, with their places in the equation.
    before: SmallVec<[(char, usize); 8]>,
    /// The letters after the ellipsis.
    after: SmallVec<[(char, usize); 8]>,
    ellipsis: bool,
}

impl Term {
    fn letters(&self) -> impl Iterator<Item = (char, usize)> {
        self.before.iter().chain(&self.after).copied()
    }

    /// The names of the axes, of which the ellipsis has `hidden`.
    fn labels(&self, hidden: usize) -> Labels {
        let before = self.before.iter().map(|&(c, _)| Label::Letter(c));
        let between = (0..hidden).rev().map(Label::Ellipsis);
        before.chain(between).chain(self.after.iter().map(|&(c, _)| Label::Letter(c))).collect()
    }
}

/// An equation: the terms of the operands, and that of the result if it is written.
#[derive(Debug)]
struct Equation<'a> {
    text: &'a str,
    operands: Vec<Term>,
    result: Option<Term>,
}

impl<'a> Equation<'a> {
    fn error(text: &str, problem: impl std::fmt::Display) -> ShapeError {
        ShapeError::new(format!("in \"{text}\" {problem}"))
    }

    fn parse(text: &'a str) -> Result<Self, ShapeError> {
        let mut equation = Self { text, operands: vec![Term::default()], result: None };
        let mut symbols = text.char_indices().map(|(at, c)| (c, at)).filter(|(c, _)| *c != ' ').peekable();
        while let Some((c, at)) = symbols.next() {
            let Self { operands, result, .. } = &mut equation;
            let term = match result {
                Some(term) => term,
                None => operands.last_mut().expect("there is always one"),
            };
            match c {
                'a'..='z' | 'A'..='Z' if term.ellipsis => term.after.push((c, at)),
                'a'..='z' | 'A'..='Z' => term.before.push((c, at)),
                '.' => {
                    let rest = [symbols.next(), symbols.next()];
                    // The dots of an ellipsis stand side by side.
                    if rest != [Some(('.', at + 1)), Some(('.', at + 2))] {
                        return Err(Self::error(text, format!("the '.' at {at} begins no ellipsis \"...\"")));
                    }
                    if std::mem::replace(&mut term.ellipsis, true) {
                        return Err(Self::error(
                            text,
                            format!("the ellipsis at {at} is the second of its term"),
                        ));
                    }
                }
                ',' if result.is_none() => operands.push(Term::default()),
                '-' if result.is_none() && symbols.next_if_eq(&('>', at + 1)).is_some() => {
                    *result = Some(Term::default());
                }
                _ => {
                    return Err(Self::error(text, format!("the '{c}' at {at} is out of place")));
                }
            }
        }
        Ok(equation)
    }

    /// The names of the axes of the operands and of the result.
    fn labels(&self, shapes: &[&[usize]]) -> Result<(Vec<Labels>, Labels), ShapeError> {
        let fail = |problem: String| Err(Self::error(self.text, problem));
        if self.operands.len() != shapes.len() {
            return fail(format!(
                "there are {} operands, but {} were given",
                self.operands.len(),
                shapes.len()
            ));
        }
        let mut operands = Vec::with_capacity(shapes.len());
        let mut widest = 0;
        for (i, (term, shape)) in self.operands.iter().zip(shapes).enumerate() {
            let named = term.letters().count();
            if named > shape.len() || (named < shape.len() && !term.ellipsis) {
                return fail(format!("operand {i} has {named} indices, but its rank is {}", shape.len()));
            }
            widest = widest.max(shape.len() - named);
            operands.push(term.labels(shape.len() - named));
        }
        let Some(result) = &self.result else {
            // The ellipsis, then the letters that occur once, in the order of the alphabet, capitals first.
            let mut letters: SmallVec<[char; 8]> =
                self.operands.iter().flat_map(Term::letters).map(|(c, _)| c).collect();
            letters.sort_unstable();
            let once = letters.chunk_by(|a, b| a == b).filter(|run| run.len() == 1).map(|run| run[0]);
            let labels = (0..widest).rev().map(Label::Ellipsis).chain(once.map(Label::Letter)).collect();
            return Ok((operands, labels));
        };
        let mut seen: SmallVec<[char; 8]> = SmallVec::new();
        for (c, at) in result.letters() {
            if seen.contains(&c) {
                return fail(format!("the index '{c}' at {at} is the second of its name in the result"));
            }
            if !self.operands.iter().any(|term| term.letters().any(|(other, _)| other == c)) {
                return fail(format!("the index '{c}' at {at} of the result is in no operand"));
            }
            seen.push(c);
        }
        Ok((operands, result.labels(if result.ellipsis { widest } else { 0 })))
    }

    /// The size of each named axis: that of the operands in which it is not 1.
    fn sizes(&self, operands: &[Labels], shapes: &[&[usize]]) -> Result<Vec<(Label, usize)>, ShapeError> {
        let mut sizes: Vec<(Label, usize)> = Vec::new();
        for (i, (labels, shape)) in operands.iter().zip(shapes).enumerate() {
            for (axis, (&label, &n)) in labels.iter().zip(*shape).enumerate() {
                // Within an operand the sizes must be equal, or there is no diagonal.
                let first = labels.iter().position(|&other| other == label).expect("it is there");
                let known = sizes.iter_mut().find(|(other, _)| *other == label);
                let (other, same) = match &known {
                    _ if first < axis => (shape[first], shape[first] == n),
                    Some((_, m)) => (*m, *m == n || *m == 1 || n == 1),
                    None => (n, true),
                };
                if !same {
                    let name = match label {
                        Label::Letter(c) => format!("the index '{c}'"),
                        Label::Ellipsis(back) => format!("axis -{} of the ellipsis", back + 1),
                    };
                    return Err(Self::error(
                        self.text,
                        format!("{name} has {other} elements, but {n} in axis {axis} of operand {i}"),
                    ));
                }
                match known {
                    Some((_, m)) if *m == 1 => *m = n,
                    Some(_) => {}
                    None => sizes.push((label, n)),
                }
            }
        }
        Ok(sizes)
    }
}

/// A tensor whose axes have names, no two the same.
struct Named<T: Float> {
    tensor: Tensor<T>,
    labels: Labels,
}

impl<T: Float> Named<T> {
    /// An operand with its repeated indices made diagonals, and without the axes that are repeated to a larger
    /// size: a product does not depend on them.
    #[track_caller]
    fn new(tensor: &Tensor<T>, labels: &Labels, sizes: &[(Label, usize)]) -> Self {
        let mut named = Self { tensor: tensor.clone(), labels: labels.clone() };
        while let Some((first, second)) = named.repeated() {
            let label = named.labels.remove(second);
            named.labels.remove(first);
            named.labels.push(label);
            named.tensor = apply_one(Diagonal { offset: 0, axes: [first, second] }, &[&named.tensor]);
        }
        let size = |label: &Label| sizes.iter().find(|(l, _)| l == label).expect("every label has a size").1;
        let (mut labels, mut shape) = (Labels::new(), Shape::new());
        for (label, &n) in named.labels.iter().zip(named.tensor.shape()) {
            if n != 1 || size(label) == 1 {
                labels.push(*label);
                shape.push(n);
            }
        }
        Self { tensor: reshaped(&named.tensor, shape), labels }
    }

    /// Two axes of the same name.
    fn repeated(&self) -> Option<(usize, usize)> {
        let second = (1..self.labels.len()).find(|&i| self.labels[..i].contains(&self.labels[i]))?;
        Some((self.position(self.labels[second]), second))
    }

    fn position(&self, label: Label) -> usize {
        self.labels.iter().position(|&l| l == label).expect("it is there")
    }

    fn size(&self, label: Label) -> usize {
        self.tensor.shape()[self.position(label)]
    }

    /// Sums over the axes whose names are not wanted.
    #[track_caller]
    fn summed(self, wanted: impl Fn(Label) -> bool) -> Self {
        let away = |&i: &usize| !wanted(self.labels[i]);
        let axes: SmallVec<[isize; 8]> =
            (0..self.labels.len()).filter(away).map(|axis| axis as isize).collect();
        if axes.is_empty() {
            return self;
        }
        let tensor = self.tensor.sum(Axes::from(&axes[..]));
        Self { tensor, labels: self.labels.into_iter().filter(|&label| wanted(label)).collect() }
    }

    /// The axes in another order of their names.
    #[track_caller]
    fn ordered(self, labels: &[Label]) -> Self {
        if self.labels[..] == *labels {
            return self;
        }
        let axes = labels.iter().map(|&label| self.position(label)).collect();
        Self { tensor: apply_one(Permute { axes }, &[&self.tensor]), labels: labels.into() }
    }

    /// Matrices of the groups `rows` and `columns`, one for each index of the group `batch`; or their transposes
    /// where these take no copy. Says which.
    #[track_caller]
    fn matrices(self, batch: &[Label], rows: &[Label], columns: &[Label]) -> (Tensor<T>, bool) {
        let [b, r, c] = [batch, rows, columns].map(|group| group.iter().map(|&l| self.size(l)).product());
        let (straight, turned) = ([batch, rows, columns].concat(), [batch, columns, rows].concat());
        let lies_turned = self.labels[..] == turned[..] && straight != turned;
        let order = if lies_turned { turned } else { straight };
        let (r, c) = if lies_turned { (c, r) } else { (r, c) };
        let shape = if batch.is_empty() { Shape::from_slice(&[r, c]) } else { Shape::from_slice(&[b, r, c]) };
        (reshaped(&self.ordered(&order).tensor, shape), lies_turned)
    }

    /// The product with another tensor, summed over the names that both have and nobody wants.
    #[track_caller]
    fn times(self, other: Self, wanted: impl Fn(Label) -> bool) -> Self {
        let both = |label: &Label| self.labels.contains(label) && other.labels.contains(label);
        let of = |labels: &Labels, keep: &dyn Fn(&Label) -> bool| -> Labels {
            labels.iter().copied().filter(|label| keep(label)).collect()
        };
        let batch = of(&self.labels, &|l| both(l) && wanted(*l));
        let inner = of(&self.labels, &|l| both(l) && !wanted(*l));
        let left = of(&self.labels, &|l| !both(l));
        let right = of(&other.labels, &|l| !both(l));
        let labels: Labels = [&batch[..], &left, &right].concat().into();
        let sizes = |labels: &[Label], of: &Self| labels.iter().map(|&l| of.size(l)).collect::<Shape>();
        let mut shape = sizes(&batch, &self);
        shape.extend(sizes(&left, &self));
        shape.extend(sizes(&right, &other));
        let tensor = if inner.is_empty() && (left.is_empty() || right.is_empty()) {
            // No sum and nothing to pair: element by element, the shorter one spread along the other's axes.
            let mut a_shape = sizes(&batch, &self);
            let mut b_shape = a_shape.clone();
            a_shape.extend(sizes(&left, &self));
            a_shape.extend(right.iter().map(|_| 1));
            b_shape.extend(left.iter().map(|_| 1));
            b_shape.extend(sizes(&right, &other));
            let (a, b) =
                (self.ordered(&[&batch[..], &left].concat()), other.ordered(&[&batch[..], &right].concat()));
            reshaped(&a.tensor, a_shape) * reshaped(&b.tensor, b_shape)
        } else {
            let (a, transpose_a) = self.matrices(&batch, &left, &inner);
            let (b, transpose_b) = other.matrices(&batch, &inner, &right);
            reshaped(&apply_one(MatMul { transpose_a, transpose_b }, &[&a, &b]), shape)
        };
        Self { tensor, labels }
    }
}

/// A reshape to a shape of as many elements, or the tensor itself if that is its shape.
#[track_caller]
fn reshaped<T: Float>(x: &Tensor<T>, shape: Shape) -> Tensor<T> {
    if x.shape() == &shape[..] { x.clone() } else { apply_one(Reshape { shape }, &[x]) }
}

impl<T: Float> Tensor<T> {
    /// Einstein's summation: products of elements of the operands, summed over the indices that the result does
    /// not have. `"ij,jk->ik"` is the matrix product, cᵢₖ = Σⱼ aᵢⱼ·bⱼₖ.
    ///
    /// Each operand's term names its axes by letters, and the term after `->` those of the result. An index that
    /// occurs twice in a term takes the diagonal; one that is not in the result is summed over. An axis of size 1
    /// is repeated to the size that its index has elsewhere. `...` stands for any number of axes, aligned at the
    /// last and broadcast; if the result has none, they are summed over. Without `->` the result has the axes of
    /// the ellipsis and then the indices that occur once, in alphabetical order, capitals first. Spaces do not
    /// count.
    ///
    /// The sum over the indices that two operands share is one (batched) matrix product. More than two operands
    /// are multiplied from left to right.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let a = Tensor::<f64>::from_vec([2, 2], vec![1.0, 2.0, 3.0, 4.0]);
    /// let v = Tensor::from_vec([2], vec![10.0, 1.0]);
    /// assert_eq!(Tensor::einsum("ij,j->i", &[&a, &v]).to_vec(), [12.0, 34.0]);
    /// assert_eq!(Tensor::einsum("ii", &[&a]).item(), 5.0);
    /// assert_eq!(Tensor::einsum("ji", &[&a]).to_vec(), [1.0, 3.0, 2.0, 4.0]);
    /// assert_eq!(Tensor::einsum("...i,i->...i", &[&a, &v]).to_vec(), [10.0, 2.0, 30.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If the equation is wrong, or the operands do not fit it: the message says where. Or if the operands lie on
    /// two tapes.
    #[track_caller]
    pub fn einsum(equation: &str, operands: &[&Self]) -> Self {
        match Self::planned(equation, operands) {
            Ok(plan) => Self::run_einsum(plan, operands),
            Err(error) => refuse(error),
        }
    }

    /// [`einsum`](Self::einsum), with an equation that is wrong or does not fit as an `Err`.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let a = Tensor::<f64>::zeros([2, 3]);
    /// let error = Tensor::try_einsum("ij->ik", &[&a]).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "einsum: in \"ij->ik\" the index 'k' at 5 of the result is in no operand (input [2, 3])"
    /// );
    /// ```
    ///
    /// # Errors
    /// What is wrong, and where in the equation.
    ///
    /// # Panics
    /// If the operands lie on two tapes.
    #[track_caller]
    pub fn try_einsum(equation: &str, operands: &[&Self]) -> Result<Self, ShapeError> {
        let plan = Self::planned(equation, operands)?;
        Ok(Self::run_einsum(plan, operands))
    }

    fn planned(equation: &str, operands: &[&Self]) -> Result<Plan, ShapeError> {
        let shapes: Vec<&[usize]> = operands.iter().map(|x| x.shape()).collect();
        let plan = Equation::parse(equation).and_then(|equation| {
            let (operands, result) = equation.labels(&shapes)?;
            let sizes = equation.sizes(&operands, &shapes)?;
            let shape = result.iter().map(|label| sizes.iter().find(|(l, _)| l == label).map_or(1, |s| s.1));
            crate::shape::checked_len(&shape.collect::<Shape>())?;
            Ok(Plan { operands, result, sizes })
        });
        plan.map_err(|error| error.of("einsum", &shapes))
    }

    #[track_caller]
    fn run_einsum(plan: Plan, operands: &[&Self]) -> Self {
        let Plan { operands: labels, result, sizes } = plan;
        let mut named: SmallVec<[Named<T>; 2]> = SmallVec::new();
        for (tensor, labels) in operands.iter().zip(&labels) {
            // Not in a closure, which would hide the caller's line.
            named.push(Named::new(tensor, labels, &sizes));
        }
        named.reverse();
        let mut total: Option<Named<T>> = None;
        while let Some(next) = named.pop() {
            let later = |label: Label| named.iter().any(|x| x.labels.contains(&label));
            let wanted = |label: Label| result.contains(&label) || later(label);
            total = Some(match total {
                None => next.summed(wanted),
                Some(before) => {
                    let next = next.summed(|label| wanted(label) || before.labels.contains(&label));
                    before.times(next, wanted)
                }
            });
        }
        total.expect("an equation has an operand").ordered(&result).tensor
    }
}

/// An equation made out for some operands.
struct Plan {
    operands: Vec<Labels>,
    result: Labels,
    sizes: Vec<(Label, usize)>,
}
