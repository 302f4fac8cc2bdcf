//! The networks by torchvision's names.

use wengert::models::vision::GoogLeNetOutputs;
use wengert::prelude::*;

use crate::rng;

/// A configuration of some family.
pub(crate) enum Configuration {
    AlexNet(AlexNetConfig),
    Vgg(VggConfig),
    ResNet(ResNetConfig),
    GoogLeNet(GoogLeNetConfig),
}

/// A network, without dropout, whose weights wait to be loaded.
pub(crate) fn configured(name: &str, classes: usize, hidden: usize) -> Configuration {
    let resnet = match name {
        "alexnet" => {
            return Configuration::AlexNet(AlexNetConfig::one_column().classes(classes).hidden(hidden));
        }
        "googlenet" => return Configuration::GoogLeNet(GoogLeNetConfig::torchvision().classes(classes)),
        "resnet18" => ResNetConfig::resnet18(),
        "resnet34" => ResNetConfig::resnet34(),
        "resnet50" => ResNetConfig::resnet50(),
        "resnet101" => ResNetConfig::resnet101(),
        "resnet152" => ResNetConfig::resnet152(),
        "resnext50_32x4d" => ResNetConfig::resnext50_32x4d(),
        "resnext101_32x8d" => ResNetConfig::resnext101_32x8d(),
        "resnext101_64x4d" => ResNetConfig::resnext101_64x4d(),
        "wide_resnet50_2" => ResNetConfig::wide_resnet50_2(),
        "wide_resnet101_2" => ResNetConfig::wide_resnet101_2(),
        vgg => {
            let config = match vgg.trim_end_matches("_bn") {
                "vgg11" => VggConfig::vgg11(),
                "vgg13" => VggConfig::vgg13(),
                "vgg16" => VggConfig::vgg16(),
                "vgg19" => VggConfig::vgg19(),
                _ => panic!("no network is named {name}"),
            };
            let config = config.batch_norm(vgg.ends_with("_bn")).classes(classes).hidden(hidden);
            return Configuration::Vgg(config);
        }
    };
    Configuration::ResNet(resnet.classes(classes))
}

impl Configuration {
    pub(crate) fn init<T: Float>(self) -> Box<dyn Network<T>> {
        let zeros = Init::zeros();
        match self {
            Self::AlexNet(config) => Box::new(config.dropout(0.0).weight_init(zeros).init(&mut rng())),
            Self::Vgg(config) => Box::new(config.dropout(0.0).weight_init(zeros).init(&mut rng())),
            Self::ResNet(config) => Box::new(config.weight_init(zeros).init(&mut rng())),
            Self::GoogLeNet(config) => {
                Box::new(config.dropout(0.0).dropout_aux(0.0).weight_init(zeros).init(&mut rng()))
            }
        }
    }
}

/// A network with the loss it is trained with.
pub(crate) trait Network<T: Float>: Stages<T> {
    fn loss(&self, x: &Tensor<T>, labels: &Indices) -> Tensor<T> {
        self.forward(x).cross_entropy(labels)
    }
}

impl<T: Float> Network<T> for AlexNet<T> {}
impl<T: Float> Network<T> for Vgg<T> {}
impl<T: Float> Network<T> for ResNet<T> {}

impl<T: Float> Network<T> for GoogLeNet<T> {
    fn loss(&self, x: &Tensor<T>, labels: &Indices) -> Tensor<T> {
        let outputs: GoogLeNetOutputs<T> = self.outputs(x);
        outputs.loss(labels)
    }
}
