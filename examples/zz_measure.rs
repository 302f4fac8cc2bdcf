use std::time::Instant;
use wengert::prelude::*;
fn time(name: &str, mut f: impl FnMut()) {
    f();
    let mut best = f64::INFINITY;
    for _ in 0..15 {
        let t = Instant::now();
        f();
        best = best.min(t.elapsed().as_secs_f64());
    }
    println!("{name:32} {:8.3} ms", best * 1e3);
}
fn main() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut draw = |shape: &[usize]| -> Tensor<f32> {
        let n = shape.iter().product::<usize>();
        Tensor::from_vec(shape, (0..n).map(|_| rng.random::<f32>() * 2.0 - 1.0).collect())
    };
    let x = draw(&[1 << 20]);
    let m = draw(&[1024, 1024]);
    time("sum 1M", || {
        x.sum(..);
    });
    time("prod 1M", || {
        x.prod(..);
    });
    time("norm 1M", || {
        x.norm(2.0, ..);
    });
    time("cumsum 1M", || {
        x.cumsum(0);
    });
    time("cumsum 1024x1024 axis 1", || {
        m.cumsum(1);
    });
    time("cumsum 1024x1024 axis 0", || {
        m.cumsum(0);
    });
    time("cumprod 1024x1024 axis 1", || {
        m.cumprod(1);
    });
    time("logcumsumexp 1024x1024 axis 1", || {
        m.logcumsumexp(1);
    });
    time("cummax 1024x1024 axis 1", || {
        m.cummax(1);
    });
    time("sort 1M", || {
        x.sort(0, false);
    });
    time("sort 1024x1024 axis 1", || {
        m.sort(1, false);
    });
    time("sort 1024x1024 axis 0", || {
        m.sort(0, false);
    });
    time("topk 100 of 1M", || {
        x.topk(100, 0, true, true);
    });
    time("topk 10 of 1024x1024", || {
        m.topk(10, 1, true, true);
    });
    time("median 1M", || {
        x.median(..);
    });
    time("max(dim) 1024x1024", || {
        m.max_with_indices(1);
    });
    let (q, k) = (draw(&[8, 8, 128, 64]), draw(&[8, 8, 128, 64]));
    time("einsum bhqd,bhkd->bhqk", || {
        Tensor::einsum("bhqd,bhkd->bhqk", &[&q, &k]);
    });
    time("einsum ij,kj->ik 1024", || {
        Tensor::einsum("ij,kj->ik", &[&m, &m]);
    });
    let f = draw(&[4, 64, 56, 56]);
    time("gram 4x64x56x56", || {
        f.gram_matrix();
    });
}
