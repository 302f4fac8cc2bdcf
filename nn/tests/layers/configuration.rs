//! Configurations, wrong ones too.

use wengert::nn::ConfigError;
use wengert::prelude::*;

use crate::rng;

#[test]
fn wrong_configurations_are_errors_that_say_what_and_where() {
    let rng = || rng();
    let conv = || Conv2dConfig::new(4, 6, 3);
    let error = |config: Conv2dConfig| config.try_init::<f32>(&mut rng()).unwrap_err();
    let linear = |i, o| LinearConfig::new(i, o).try_init::<f32>(&mut rng()).unwrap_err();
    let lstm = |config: LstmConfig| config.try_init::<f32>(&mut rng()).unwrap_err();
    let norm = |config: BatchNormConfig| config.try_init::<2, f32>().unwrap_err();
    let cases: Vec<(ConfigError, &str)> = vec![
        (error(Conv2dConfig::new(0, 6, 3)), "Conv2dConfig: in_channels is 0, expected at least 1"),
        (error(Conv2dConfig::new(4, 0, 3)), "out_channels is 0"),
        (error(conv().groups(0)), "groups is 0"),
        (error(conv().groups(4)), "out_channels is 6, expected a multiple of groups, which is 4"),
        (error(conv().groups(3)), "in_channels is 4, expected a multiple of groups, which is 3"),
        (error(conv().stride((1, 0))), "stride is [1, 0], expected at least 1 on each axis"),
        (error(conv().dilation(0)), "dilation is [0, 0]"),
        (error(Conv2dConfig::new(4, 6, (0, 3))), "kernel is [0, 3]"),
        (error(conv().weight_init(Init::normal(0.0, -1.0))), "weight_init is Normal"),
        (error(conv().bias_init(Init::constant(f64::NAN))), "bias_init is Constant(NaN)"),
        (
            error(Conv2dConfig::new(1 << 40, 1 << 40, 3)),
            "weight is of shape [1099511627776, 1099511627776, 3, 3]",
        ),
        (linear(0, 1), "LinearConfig: in_features is 0"),
        (linear(1, 0), "out_features is 0"),
        (linear(usize::MAX, usize::MAX), "expected one that fits into the address space"),
        (lstm(LstmConfig::new(1, 0)), "LstmConfig: hidden_size is 0"),
        (lstm(LstmConfig::new(1, 1).num_layers(0)), "num_layers is 0"),
        (lstm(LstmConfig::new(1, 1).num_layers(usize::MAX)), "address space"),
        (lstm(LstmConfig::new(1, 1).dropout(1.5)), "dropout is 1.5, expected a probability in 0..=1"),
        (norm(BatchNormConfig::new(0)), "BatchNormConfig: num_features is 0"),
        (norm(BatchNormConfig::new(1).eps(f64::NAN)), "eps is NaN"),
        (norm(BatchNormConfig::new(1).momentum(2.0)), "momentum is 2"),
        (Dropout::try_new(-0.1).unwrap_err(), "Dropout: p is -0.1, expected a probability in 0..=1"),
    ];
    for (error, expected) in cases {
        assert!(error.to_string().contains(expected), "{error}, expected {expected}");
    }
}

#[test]
fn a_configuration_read_from_a_file_is_the_one_written() {
    let config = Conv2dConfig::new(3, 64, 7).stride(2).padding(3).bias(false).weight_init(Init::he_normal());
    let json = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<Conv2dConfig>(&json).unwrap(), config);
    let short = r#"{"in_channels": 1, "out_channels": 2, "kernel": [3, 3]}"#;
    assert_eq!(serde_json::from_str::<Conv2dConfig>(short).unwrap(), Conv2dConfig::new(1, 2, 3));
    let misspelt = r#"{"in_channels": 1, "out_channels": 2, "kernel": [3, 3], "strides": [2, 2]}"#;
    let error = serde_json::from_str::<Conv2dConfig>(misspelt).unwrap_err().to_string();
    assert!(error.contains("unknown field `strides`"), "{error}");
    let init = r#"{"scaled": {"gain": 1.0, "fan": "average", "distribution": "uniform"}}"#;
    assert_eq!(serde_json::from_str::<Init>(init).unwrap(), Init::glorot_uniform());
}
