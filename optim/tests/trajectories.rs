//! Each optimizer and option against PyTorch's trajectory on a small quadratic, printed by
//! `oracle/trajectories.py` after 1, 2, 5 and 10 steps.

use wengert::prelude::*;

type Make = fn(Parameter<f64>) -> Box<dyn Optimizer<f64>>;

fn make(name: &str) -> Make {
    match name {
        "sgd" => |p| Box::new(Sgd::new([p], 0.1)),
        "sgd_weight_decay" => |p| Box::new(Sgd::new([p], 0.1).weight_decay(0.05)),
        "sgd_momentum" => |p| Box::new(Sgd::new([p], 0.1).momentum(0.9)),
        "sgd_dampening" => |p| Box::new(Sgd::new([p], 0.1).momentum(0.9).dampening(0.4)),
        "sgd_nesterov" => |p| Box::new(Sgd::new([p], 0.1).momentum(0.9).nesterov(true).weight_decay(0.01)),
        "adam" => |p| Box::new(Adam::new([p], 0.1)),
        "adam_options" => |p| Box::new(Adam::new([p], 0.05).betas(0.8, 0.95).eps(1e-3).weight_decay(0.1)),
        "adamw" => |p| Box::new(AdamW::new([p], 0.1)),
        "adamw_weight_decay" => |p| Box::new(AdamW::new([p], 0.1).betas(0.7, 0.9).weight_decay(0.3)),
        "adam_cosine" => |p| Box::new(Adam::new([p], Cosine::new(0.1, 10))),
        _ => panic!("no optimizer for {name}"),
    }
}

#[rustfmt::skip]
const PYTORCH: [(&str, [[f64; 3]; 4]); 10] = [
    ("sgd", [
        [0.9, -2.0, 0.49],
        [0.84, -1.995, 0.4802],
        [0.76787125, -1.9682518750000002, 0.4519603984],
        [0.7444118454556641, -1.9199553546058594, 0.40853640344377345],
    ]),
    ("sgd_weight_decay", [
        [0.895, -1.99, 0.4875],
        [0.832025, -1.9753, 0.47531249999999997],
        [0.755302631684375, -1.92204469299375, 0.44054784667968744],
        [0.7271325729218506, -1.8382321988246975, 0.3881648104282188],
    ]),
    ("sgd_momentum", [
        [0.9, -2.0, 0.49],
        [0.75, -1.995, 0.4712],
        [0.56303125, -1.895126875, 0.37465824640000006],
        [0.8245171165130859, -1.6321581650390622, 0.15355988055057668],
    ]),
    ("sgd_dampening", [
        [0.9, -2.0, 0.49],
        [0.774, -1.997, 0.47512],
        [0.535856274, -1.9406022830000003, 0.40777893028863993],
        [0.8387354234328045, -1.7240213328089709, 0.2556288384564538],
    ]),
    ("sgd_nesterov", [
        [0.8081, -1.9962, 0.48005],
        [0.68023761, -1.9729177199999999, 0.45239100499999996],
        [0.6903197359310131, -1.816836919237921, 0.33787163373537815],
        [0.7014634012077356, -1.6021263373732242, 0.11796720601645146],
    ]),
    ("adam", [
        [0.900000001, -2.0, 0.400000009999999],
        [0.8042509844613746, -1.9255863386854013, 0.3011874403024266],
        [0.6063615004878006, -1.6552264017532923, 0.027814497811818648],
        [0.651534484002287, -1.4672805591946905, -0.20332279869631087],
    ]),
    ("adam_options", [
        [0.9500454132606722, -1.9502487562189055, 0.45033112582781454],
        [0.9006721976515324, -1.9005568648432862, 0.4009690335163447],
        [0.7625353419058319, -1.752329129244051, 0.25733139307165387],
        [0.6245860500449719, -1.5151074360864734, 0.054760928396779304],
    ]),
    ("adamw", [
        [0.899000001, -1.998, 0.399500009999999],
        [0.8024169819073943, -1.9215883388979478, 0.3002978578966927],
        [0.6039557699527155, -1.645948112087996, 0.026528248188164905],
        [0.6503629997648156, -1.4678652137555206, -0.20282885808003437],
    ]),
    ("adamw_weight_decay", [
        [0.870000001, -1.94, 0.38500000999999895],
        [0.752811085529895, -1.8007173922145832, 0.27589944062370375],
        [0.5878468713986064, -1.5098033960116046, 0.011513243691120736],
        [0.7145867727998708, -1.6810315537585285, -0.06602241414207861],
    ]),
    ("adam_cosine", [
        [0.900000001, -2.0, 0.400000009999999],
        [0.8065941296767312, -1.9274073705953858, 0.3036055559998402],
        [0.6404355507643351, -1.7160325557014597, 0.08596346874577973],
        [0.6242932390607523, -1.6132830173505093, -9.084448459162342e-05],
    ]),
];

/// 2(a − ½)² + ¼(b + 1)² + ½ab + c²/10.
fn loss(w: &Tensor<f64>) -> Tensor<f64> {
    let element = |i: isize| w.slice(0, i..i + 1).sum(..);
    let (a, b, c) = (element(0), element(1), element(2));
    (&a - 0.5).square() * 2.0 + (&b + 1.0).square() * 0.25 + &a * &b * 0.5 + c.square() * 0.1
}

#[test]
fn trajectories_are_pytorchs() {
    for (name, expected) in PYTORCH {
        let w = Parameter::new(Tensor::from_vec([3], vec![1.0, -2.0, 0.5]));
        let mut optimizer = make(name)(w.clone());
        let mut expected = expected.into_iter();
        for step in 1..=10 {
            let tape = Tape::new();
            optimizer.step(&loss(&tape.watch(&w)).backward());
            if [1, 2, 5, 10].contains(&step) {
                for (x, e) in w.value().to_vec().into_iter().zip(expected.next().unwrap()) {
                    assert!(
                        (x - e).abs() <= 1e-13 * e.abs().max(1.0),
                        "{name}, step {step}: {x}, PyTorch {e}"
                    );
                }
            }
        }
        assert_eq!(optimizer.step_count(), 10);
    }
}

#[test]
fn averaged_momentum_is_momentum_at_a_smaller_rate() {
    let run = |make: fn(Parameter<f64>) -> Sgd<f64>| {
        let w = Parameter::new(Tensor::from_vec([3], vec![1.0, -2.0, 0.5]));
        let mut sgd = make(w.clone());
        for _ in 0..10 {
            let tape = Tape::new();
            sgd.step(&loss(&tape.watch(&w)).backward());
        }
        w.value().to_vec()
    };
    let averaged = run(|p| Sgd::new([p], 0.4).averaged_momentum(0.75));
    let classical = run(|p| Sgd::new([p], 0.1).momentum(0.75));
    assert!(
        averaged.iter().zip(&classical).all(|(a, b)| (a - b).abs() < 1e-14),
        "{averaged:?} {classical:?}"
    );
}
