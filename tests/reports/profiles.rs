use super::*;

#[test]
fn count_the_arithmetic_of_products_exactly() {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let conv = Conv2dConfig::new(4, 6, 3).stride(2).padding(1).groups(2).init::<f32>(&mut rng);
    let tape = Tape::training(0).profiled();
    let x = tape.constant(Tensor::ones([2, 4, 8, 8]));
    conv.forward(&x).sum(..).backward();
    let cost = |name: &str| tape.profile().by_operation().into_iter().find(|c| c.name == name).unwrap();
    let results = 2 * 6 * 4 * 4;
    let forward = 2 * results * (2 * 3 * 3);
    // The pictures want no gradient: one product for the weight, and the sum for the bias.
    assert_eq!(cost("conv2d").flops, forward + forward + results);

    let lstm = Lstm::<f32>::new(5, 7, &mut rng);
    let tape = Tape::training(0).profiled();
    let steps = 3 * 2 * 7;
    lstm.forward(&tape.constant(Tensor::ones([3, 2, 5]))).sum(..).backward();
    let cost = tape.profile().by_operation().into_iter().find(|c| c.name == "lstm").unwrap();
    let (forward, backward) = (steps * (8 * (5 + 7) + 9), steps * (8 * (5 + 7 + 7) + 27));
    assert_eq!(cost.flops, forward + backward);

    let tape = Tape::new().profiled();
    let a = tape.variable(Tensor::<f64>::ones([3, 1, 4, 5]));
    let b = tape.variable(Tensor::ones([2, 5, 6]));
    a.matmul(&b).sum(..).backward();
    let cost = tape.profile().by_operation().into_iter().find(|c| c.name == "matmul").unwrap();
    assert_eq!(cost.flops, 3 * (2 * 3 * 2 * 4 * 5 * 6));
}

#[test]
fn belong_to_the_parts_of_the_model_and_nest_in_the_trace() {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let model = Sequential::<f32>::new()
        .push(Linear::new(8, 16, &mut rng))
        .push(Relu)
        .push(Sequential::new().push(Linear::new(16, 4, &mut rng)).push(Tanh));
    for replay in [Replay::new(), Replay::new().create_graph(true)] {
        let tape = Tape::training(0).profiled();
        tape.name(&model);
        let loss = model.forward(&tape.constant(Tensor::ones([5, 8]))).square().mean(..);
        loss.backward_with(replay);
        let profile = tape.profile();
        let parts = profile.by_module();
        let names: Vec<&str> = parts.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["0", "1", "2", "2.0", "2.1"]);
        let inside = |name: &str| parts.iter().find(|c| c.name == name).unwrap();
        assert_eq!(inside("2").time(), inside("2.0").time() + inside("2.1").time());
        assert!(parts.iter().all(|c| !c.forward.is_zero() && !c.backward.is_zero()));
        let total = profile.total();
        assert!(total.time() > parts.iter().filter(|c| !c.name.contains('.')).map(|c| c.time()).sum());
        assert!(profile.to_string().lines().count() > 14);

        let trace: serde_json::Value = serde_json::from_str(&profile.to_trace()).unwrap();
        let events = trace["traceEvents"].as_array().unwrap();
        let bars: Vec<_> = events.iter().filter(|e| e["ph"] == "X").collect();
        let span = |e: &serde_json::Value| {
            let start = e["ts"].as_f64().unwrap();
            (start, start + e["dur"].as_f64().unwrap())
        };
        for (i, bar) in bars.iter().enumerate() {
            assert!(
                bar["tid"].as_u64().is_some() && bar["pid"].as_u64().is_some() && bar["name"].is_string()
            );
            // Any two bars of a thread lie apart, or one in the other.
            for other in &bars[i + 1..] {
                let ((a, b), (c, d)) = (span(bar), span(other));
                let slack = 1e-6;
                let apart = b <= c + slack || d <= a + slack;
                let nested = (a <= c + slack && d <= b + slack) || (c <= a + slack && b <= d + slack);
                assert!(apart || nested, "{bar} and {other} cross");
            }
        }
        let module =
            |path: &str| bars.iter().filter(|e| e["cat"] == "module" && e["args"]["path"] == path).count();
        assert_eq!((module("2.0"), module("0")), (2, 2), "forward and backward");
        assert!(bars.iter().any(|e| e["name"] == "linear" && e["args"]["module"] == "2.0"));
    }
}

#[test]
fn time_a_checkpoint_as_one_call() {
    let tape = Tape::new().profiled();
    let x = tape.variable(vector(&[0.5; 100]));
    autodiff::checkpoint(|x: &Tensor<f64>| x.exp().tanh(), &x).sum(..).backward();
    let profile = tape.profile();
    let costs = profile.by_operation();
    let cost = costs.iter().find(|c| c.name == "checkpoint").unwrap();
    assert!(cost.calls == 2 && !cost.forward.is_zero() && !cost.backward.is_zero());
    assert_eq!(cost.saved, 800);
}

#[test]
fn know_the_thread() {
    let tape = Tape::new().profiled();
    let x = tape.variable(Tensor::<f32>::scalar(1.0));
    let _ = x.exp();
    std::thread::scope(|s| s.spawn(|| drop(x.exp())).join().unwrap());
    let trace: serde_json::Value = serde_json::from_str(&tape.profile().to_trace()).unwrap();
    let threads: Vec<_> = trace["traceEvents"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|e| e["name"] == "exp")
        .map(|e| e["tid"].as_u64().unwrap())
        .collect();
    assert_eq!(threads, [1, 2]);
}

#[test]
fn refuse_a_place_that_cannot_be_written() {
    let tape = Tape::new().profiled();
    let path = std::env::temp_dir().join("wengert-no-such-folder").join("trace.json");
    let error = tape.profile().write_trace(&path).unwrap_err();
    assert!(error.to_string().contains("wengert-no-such-folder"), "{error}");
    let error = Graph::<f32>::of(&tape).write_html("", &path).unwrap_err();
    assert!(error.to_string().contains("wengert-no-such-folder"), "{error}");
}
