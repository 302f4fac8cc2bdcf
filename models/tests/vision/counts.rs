//! The numbers of parameters and of multiply-adds.

use wengert::models::vision::Shortcut;
use wengert::nn::summary;
use wengert::prelude::*;

use crate::rng;

/// Multiply-adds of the convolutions and of the linear layers, for one picture.
fn multiply_adds(model: &impl Layer<f32>, input: [usize; 3]) -> (usize, usize) {
    let [channels, height, width] = input;
    // Two pictures: at one place a batch of one has no variance.
    let summary = summary(model, &Tensor::zeros([2, channels, height, width]));
    let mut sums = (0, 0);
    for (name, weight) in model.named_parameters() {
        let shape = weight.shape();
        let Some(layer) = name.strip_suffix(".weight").filter(|_| shape.len() > 1) else { continue };
        let output = summary.get(layer).and_then(|part| part.output.as_ref());
        let output = output.unwrap_or_else(|| panic!("{layer} is not called"));
        let products = output[1..].iter().product::<usize>() * shape[1..].iter().product::<usize>();
        if shape.len() == 4 { sums.0 += products } else { sums.1 += products }
    }
    sums
}

/// A network for pictures of 224×224 whose five halvings all come out even: the convolutions cost 7² times what they
/// cost at 32×32.
#[track_caller]
fn large(name: &str, model: &impl Layer<f32>, parameters: usize, giga: f64) {
    assert_eq!(model.parameter_count(), parameters, "{name}");
    let (convolutions, linear) = multiply_adds(model, [3, 32, 32]);
    let found = (49 * convolutions + linear) as f64 / 1e9;
    assert!((found - giga).abs() < 5.1e-4, "{name}: {found}·10⁹ multiply-adds, not {giga}·10⁹");
}

/// Without draws.
fn resnet(config: ResNetConfig) -> ResNet {
    config.weight_init(Init::zeros()).init(&mut rng())
}

#[test]
fn residual_networks() {
    let rows = [
        ("resnet18", ResNetConfig::resnet18(), 11_689_512, 1.814),
        ("resnet34", ResNetConfig::resnet34(), 21_797_672, 3.664),
        ("resnet50", ResNetConfig::resnet50(), 25_557_032, 4.089),
        ("resnet101", ResNetConfig::resnet101(), 44_549_160, 7.801),
        ("resnet152", ResNetConfig::resnet152(), 60_192_808, 11.514),
        ("resnext50_32x4d", ResNetConfig::resnext50_32x4d(), 25_028_904, 4.230),
        ("resnext101_32x8d", ResNetConfig::resnext101_32x8d(), 88_791_336, 16.414),
        ("resnext101_64x4d", ResNetConfig::resnext101_64x4d(), 83_455_272, 15.460),
        ("wide_resnet50_2", ResNetConfig::wide_resnet50_2(), 68_883_240, 11.398),
        ("wide_resnet101_2", ResNetConfig::wide_resnet101_2(), 126_886_696, 22.753),
    ];
    for (name, config, parameters, giga) in rows {
        large(name, &resnet(config), parameters, giga);
    }
}

#[test]
fn plain_and_padded_networks_lack_the_projections() {
    let count = |config| resnet(config).parameter_count();
    // A projection to each of 128, 256 and 512 channels, with a weight and a bias of its normalization.
    let projections = [128, 256, 512].map(|n| n / 2 * n + 2 * n).iter().sum::<usize>();
    let plain = 21_797_672 - projections;
    assert_eq!(count(ResNetConfig::plain34()), plain);
    assert_eq!(count(ResNetConfig::resnet34().shortcut(Shortcut::Padding)), plain);
    assert_eq!(count(ResNetConfig::plain18()), 11_689_512 - projections);
}

#[test]
fn networks_for_cifar() {
    let rows = [
        ("20", ResNetConfig::resnet20(), ResNetConfig::plain20(), 269_722, 40_551_040),
        ("32", ResNetConfig::resnet32(), ResNetConfig::plain32(), 464_154, 68_862_592),
        ("44", ResNetConfig::resnet44(), ResNetConfig::plain44(), 658_586, 97_174_144),
        ("56", ResNetConfig::resnet56(), ResNetConfig::plain56(), 853_018, 125_485_696),
        ("110", ResNetConfig::resnet110(), ResNetConfig::plain110(), 1_727_962, 252_887_680),
    ];
    for (name, residual, plain, parameters, products) in rows {
        assert_eq!(residual.depth().to_string(), name);
        for config in [residual, plain] {
            let model = resnet(config);
            assert_eq!(model.parameter_count(), parameters, "{name}");
            let (convolutions, linear) = multiply_adds(&model, [3, 32, 32]);
            assert_eq!(convolutions + linear, products, "{name}");
        }
    }
    // Option B: two projections more.
    let model = resnet(ResNetConfig::resnet20().shortcut(Shortcut::Projection));
    assert_eq!(model.parameter_count(), 269_722 + 16 * 32 + 2 * 32 + 32 * 64 + 2 * 64);
}

#[test]
fn lenet5() {
    let model = LeNet5::new(10, &mut rng());
    assert_eq!(model.parameter_count(), 61_706);
    // 28²·6·25 and 10²·16·6·25 in convolutions.
    let (convolutions, linear) = multiply_adds(&model, [1, 28, 28]);
    assert_eq!((convolutions, linear), (357_600, 48_000 + 10_080 + 840));
}

#[test]
fn alexnets() {
    let rows = [
        ("one column", AlexNetConfig::one_column(), 61_100_840, 0.714),
        ("two groups", AlexNetConfig::two_groups(), 60_965_224, 0.724),
    ];
    for (name, config, parameters, giga) in rows {
        let model: AlexNet = config.weight_init(Init::zeros()).init(&mut rng());
        assert_eq!(model.parameter_count(), parameters, "{name}");
        let (convolutions, linear) = multiply_adds(&model, [3, 224, 224]);
        let found = (convolutions + linear) as f64 / 1e9;
        assert!((found - giga).abs() < 5.1e-4, "{name}: {found}");
    }
}

#[test]
fn vggs() {
    let rows = [
        ("vgg11", VggConfig::vgg11(), 132_863_336, 7.609),
        ("vgg13", VggConfig::vgg13(), 133_047_848, 11.308),
        ("vgg16", VggConfig::vgg16(), 138_357_544, 15.470),
        ("vgg19", VggConfig::vgg19(), 143_667_240, 19.632),
        ("vgg11_bn", VggConfig::vgg11_bn(), 132_868_840, 7.609),
        ("vgg13_bn", VggConfig::vgg13_bn(), 133_053_736, 11.308),
        ("vgg16_bn", VggConfig::vgg16_bn(), 138_365_992, 15.470),
        ("vgg19_bn", VggConfig::vgg19_bn(), 143_678_248, 19.632),
    ];
    for (name, config, parameters, giga) in rows {
        large(name, &config.weight_init(Init::zeros()).init::<f32>(&mut rng()), parameters, giga);
    }
}

#[test]
fn googlenets() {
    let zeros = |config: GoogLeNetConfig| config.weight_init(Init::zeros()).init::<f32>(&mut rng());
    for (name, config, with_heads, parameters, giga) in [
        ("paper", GoogLeNetConfig::paper(), 13_378_280, 6_998_552, 1.582),
        ("torchvision", GoogLeNetConfig::torchvision(), 13_004_888, 6_624_904, 1.498),
    ] {
        assert_eq!(zeros(config.clone()).parameter_count(), with_heads, "{name}");
        let model = zeros(config.aux_logits(false));
        assert_eq!(model.parameter_count(), parameters, "{name}");
        let (convolutions, linear) = multiply_adds(&model, [3, 64, 64]);
        let found = (convolutions as f64 * 12.25 + linear as f64) / 1e9;
        assert!((found - giga).abs() < 5.1e-4, "{name}: {found}");
    }
}
