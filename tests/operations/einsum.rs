//! Rows: Einstein's summation, for any equation, and against the sum written out.

use std::collections::BTreeMap;

use proptest::prelude::*;
use wengert::prelude::*;

use crate::row;
use crate::strategies::{Plan, cases, size};

const LETTERS: [char; 5] = ['i', 'j', 'k', 'B', 'a'];

/// Terms, ellipses, the result, sizes, and sizes of 1.
type Drawn = (Vec<Vec<char>>, Vec<(Option<usize>, usize)>, (bool, Vec<char>, usize), Vec<usize>, Vec<bool>);

/// Terms of some letters, a size for each letter, a result, and which axes of an operand have size 1.
fn equations(operands: usize) -> impl Strategy<Value = Plan<String>> {
    let term = prop::collection::vec(prop::sample::select(LETTERS.to_vec()), 0..=3);
    // Where the ellipsis stands in each term, how many axes it has there, and the result's letters.
    let dots = prop::collection::vec((prop::option::weighted(0.3, 0..=3usize), 0..=2usize), operands);
    let terms = prop::collection::vec(term, operands);
    let result =
        (any::<bool>(), prop::sample::subsequence(LETTERS.to_vec(), 0..=3).prop_shuffle(), 0..=3usize);
    let sizes = prop::collection::vec(size(), LETTERS.len() + 2);
    let ones = prop::collection::vec(prop::bool::weighted(0.15), operands * LETTERS.len());
    let drawn = (terms, dots, result, sizes, ones);
    // The sum written out has not too many terms, and no result or partial result more elements.
    let feasible = |(terms, dots, _, sizes, _): &Drawn| {
        let used = |i: &usize| terms.iter().flatten().any(|&c| c == LETTERS[*i]);
        let letters: usize = (0..LETTERS.len()).filter(used).map(|i| sizes[i]).product();
        let hidden = dots.iter().filter(|(dot, _)| dot.is_some()).map(|d| d.1).max().unwrap_or(0);
        letters * sizes[sizes.len() - hidden..].iter().product::<usize>() <= 1 << 20
    };
    drawn.prop_filter("it is feasible", feasible).prop_map(
        move |(terms, dots, (written, result, at), sizes, ones)| {
            let mut text = Vec::new();
            let mut shapes = Vec::new();
            for (i, (term, (dot, hidden))) in terms.iter().zip(&dots).enumerate() {
                let size_of = |c: &char| {
                    let letter = LETTERS.iter().position(|l| l == c).unwrap();
                    if ones[i * LETTERS.len() + letter] { 1 } else { sizes[letter] }
                };
                let mut term_text: String = term.iter().collect();
                let mut shape: Vec<usize> = term.iter().map(size_of).collect();
                if let Some(dot) = dot {
                    let dot = (*dot).min(term.len());
                    term_text.insert_str(dot, "...");
                    shape.splice(dot..dot, sizes[sizes.len() - hidden..].iter().copied());
                }
                text.push(term_text);
                shapes.push(shape);
            }
            let mut equation = text.join(", ");
            if written {
                let result: Vec<char> =
                    result.into_iter().filter(|c| terms.iter().any(|term| term.contains(c))).collect();
                let mut result_text: String = result.iter().collect();
                if dots.iter().any(|(dot, _)| dot.is_some()) && at < 3 {
                    result_text.insert_str(at.min(result.len()), "...");
                }
                equation = format!("{equation} -> {result_text}");
            }
            (shapes, equation)
        },
    )
}

row!(einsum_of_one, cases(equations(1), -2.0..=2.0), |x, o: String| Tensor::einsum(o, &[&x[0]]));
row!(einsum, cases(equations(2), -2.0..=2.0), |x, o: String| {
    Tensor::try_einsum(o, &x.iter().collect::<Vec<_>>()).unwrap()
});
row!(einsum_of_three, cases(equations(3), -2.0..=2.0), |x, o: String| {
    Tensor::einsum(o, &x.iter().collect::<Vec<_>>())
});

/// The sum written out: over every value of every index.
fn plain(inputs: &[&str], result: &str, x: &[Tensor<f64>]) -> Tensor<f64> {
    let mut sizes = BTreeMap::new();
    for (term, x) in inputs.iter().zip(x) {
        for (c, &n) in term.chars().zip(x.shape()) {
            let size = sizes.entry(c).or_insert(n);
            *size = if *size == 1 { n } else { *size };
        }
    }
    let letters: Vec<char> = sizes.keys().copied().collect();
    let shape: Vec<usize> = result.chars().map(|c| sizes[&c]).collect();
    let mut out = Tensor::<f64>::zeros(&shape).into_array();
    for mut at in 0..sizes.values().product::<usize>() {
        let mut index = BTreeMap::new();
        for c in &letters {
            index.insert(*c, at % sizes[c]);
            at /= sizes[c];
        }
        let of = |term: &str, x: &Tensor<f64>| {
            let place: Vec<usize> =
                term.chars().zip(x.shape()).map(|(c, &n)| if n == 1 { 0 } else { index[&c] }).collect();
            x.view()[&place[..]]
        };
        let place: Vec<usize> = result.chars().map(|c| index[&c]).collect();
        out[&place[..]] += inputs.iter().zip(x).map(|(term, x)| of(term, x)).product::<f64>();
    }
    out.into()
}

fn numbered(shape: &[usize]) -> Tensor<f64> {
    let n = shape.iter().product::<usize>();
    Tensor::from_vec(shape, (0..n).map(|i| ((i * 37 + 11) % 23) as f64 - 9.0).collect())
}

#[test]
fn einsum_is_the_sum_written_out() {
    for (terms, result, shapes) in [
        (&["ij", "jk"][..], "ik", &[&[2, 3][..], &[3, 4]][..]),
        (&["ij", "kj"], "ki", &[&[2, 3], &[4, 3]]),
        (&["bij", "bkj"], "kbi", &[&[2, 3, 4], &[2, 5, 4]]),
        (&["iij", "jk"], "ik", &[&[3, 3, 2], &[2, 4]]),
        (&["iii"], "i", &[&[4, 4, 4]]),
        (&["iijj"], "ji", &[&[2, 2, 3, 3]]),
        (&["ijk", "ikl"], "", &[&[2, 3, 4], &[2, 4, 5]]),
        (&["ijk", "jil"], "kl", &[&[2, 3, 4], &[3, 2, 5]]),
        (&["ab", "cd"], "dacb", &[&[2, 3], &[4, 5]]),
        (&["ij", "ij"], "ij", &[&[2, 3], &[2, 3]]),
        (&["ij", "j"], "ij", &[&[2, 3], &[3]]),
        (&["ij", "jk"], "ik", &[&[2, 1], &[3, 4]]),
        (&["ij", "ij"], "i", &[&[2, 3], &[1, 3]]),
        (&["i", "i", "i"], "i", &[&[3], &[3], &[3]]),
        (&["ij", "jk", "kl"], "il", &[&[2, 3], &[3, 4], &[4, 2]]),
        (&["ij", "ik", "il"], "jkl", &[&[5, 2], &[5, 3], &[5, 4]]),
    ] {
        let x: Vec<Tensor<f64>> = shapes.iter().map(|s| numbered(s)).collect();
        let y = Tensor::einsum(&format!("{}->{result}", terms.join(",")), &x.iter().collect::<Vec<_>>());
        let expected = plain(terms, result, &x);
        assert_eq!((y.shape(), y.to_vec()), (expected.shape(), expected.to_vec()), "{terms:?} -> {result}");
    }
}

#[test]
fn wrong_equations_say_where() {
    let (a, b) = (numbered(&[2, 3]), numbered(&[3, 4]));
    for (equation, says) in [
        ("ij,jk->iq", "the index 'q' at 8 of the result is in no operand"),
        ("ij,jk->ii", "the index 'i' at 8 is the second of its name in the result"),
        ("ij,j1->i", "the '1' at 4 is out of place"),
        ("ij,jk->i->k", "the '-' at 8 is out of place"),
        ("ij,jk-i", "the '-' at 5 is out of place"),
        ("ij,jk->i,k", "the ',' at 8 is out of place"),
        ("i..j,jk", "the '.' at 1 begins no ellipsis"),
        ("i. ..j,jk", "the '.' at 1 begins no ellipsis"),
        ("...i...,jk", "the ellipsis at 4 is the second of its term"),
        ("ij", "there are 1 operands, but 2 were given"),
        ("ijk,jk", "operand 0 has 3 indices, but its rank is 2"),
        ("i,jk", "operand 0 has 1 indices, but its rank is 2"),
        ("ii,jk", "the index 'i' has 2 elements, but 3 in axis 1 of operand 0"),
        ("ij,ik", "the index 'i' has 2 elements, but 3 in axis 0 of operand 1"),
        ("...,...", "axis -2 of the ellipsis has 2 elements, but 3 in axis 0 of operand 1"),
    ] {
        let error = Tensor::try_einsum(equation, &[&a, &b]).unwrap_err().to_string();
        let starts = format!("einsum: in \"{equation}\" ");
        assert!(error.starts_with(&starts) && error.contains(says), "{error}");
        assert!(error.ends_with("(inputs [2, 3], [3, 4])"), "{error}");
    }
}
