//! The order of the layers of Darknet's own networks.

use autodiff::Float;

use super::super::{DarknetNet, Section};
use super::{DarknetLayer, DarknetWeights};
use crate::vision::{
    ConvBnLeaky, Darknet19, Darknet19Backbone, Darknet53, Darknet53Backbone, DarknetResidual, DarknetStage,
};

/// The layers of a part of a model, which is called by a name there.
fn within<'a, T: Float>(
    name: impl std::fmt::Display,
    part: &'a impl DarknetWeights<T>,
) -> impl Iterator<Item = DarknetLayer<'a, T>> {
    part.darknet_layers().into_iter().map(move |mut layer| {
        layer.name = match layer.name.is_empty() {
            true => name.to_string(),
            false => format!("{name}.{}", layer.name),
        };
        layer
    })
}

impl<T: Float> DarknetWeights<T> for ConvBnLeaky<T> {
    fn darknet_layers(&self) -> Vec<DarknetLayer<'_, T>> {
        vec![DarknetLayer::convolutional("", &self.conv, Some(&self.bn))]
    }
}

impl<T: Float> DarknetWeights<T> for Darknet19Backbone<T> {
    fn darknet_layers(&self) -> Vec<DarknetLayer<'_, T>> {
        let stages = self.stages.iter().enumerate();
        let blocks = stages.flat_map(|(i, blocks)| blocks.iter().enumerate().map(move |block| (i, block)));
        blocks.flat_map(|(i, (j, block))| within(format!("stages.{i}.{j}"), block)).collect()
    }
}

impl<T: Float> DarknetWeights<T> for Darknet19<T> {
    fn darknet_layers(&self) -> Vec<DarknetLayer<'_, T>> {
        let mut layers: Vec<_> = within("backbone", &self.backbone).collect();
        layers.push(DarknetLayer::convolutional("classifier", &self.classifier, None));
        layers
    }
}

impl<T: Float> DarknetWeights<T> for DarknetResidual<T> {
    fn darknet_layers(&self) -> Vec<DarknetLayer<'_, T>> {
        within("conv1", &self.conv1).chain(within("conv2", &self.conv2)).collect()
    }
}

impl<T: Float> DarknetWeights<T> for DarknetStage<T> {
    fn darknet_layers(&self) -> Vec<DarknetLayer<'_, T>> {
        let blocks = self.blocks.iter().enumerate();
        let blocks = blocks.flat_map(|(i, block)| within(format!("blocks.{i}"), block));
        within("down", &self.down).chain(blocks).collect()
    }
}

impl<T: Float> DarknetWeights<T> for Darknet53Backbone<T> {
    fn darknet_layers(&self) -> Vec<DarknetLayer<'_, T>> {
        let stages = self.stages.iter().enumerate();
        let stages = stages.flat_map(|(i, stage)| within(format!("stages.{i}"), stage));
        within("stem", &self.stem).chain(stages).collect()
    }
}

impl<T: Float> DarknetWeights<T> for Darknet53<T> {
    fn darknet_layers(&self) -> Vec<DarknetLayer<'_, T>> {
        let mut layers: Vec<_> = within("backbone", &self.backbone).collect();
        layers.push(DarknetLayer::pointwise("classifier", &self.classifier));
        layers
    }
}

impl<T: Float> DarknetWeights<T> for DarknetNet<T> {
    fn darknet_layers(&self) -> Vec<DarknetLayer<'_, T>> {
        let layers = self.layers.iter().zip(self.cfg().layers()).enumerate();
        layers
            .filter_map(|(number, (node, layer))| {
                let (name, bn) = (format!("layers.{number}"), node.bn.as_ref());
                let layer = match layer.section() {
                    Section::Convolutional(options) => {
                        let conv = node.conv.as_ref().expect("a convolution has one");
                        DarknetLayer::convolutional(name, conv, bn).flipped(options.flipped)
                    }
                    Section::Connected(_) => {
                        let linear = node.linear.as_ref().expect("a connected layer has one");
                        DarknetLayer::connected(name, linear, bn)
                    }
                    _ => return None,
                };
                Some(layer.number(number))
            })
            .collect()
    }
}
