//! The order of the layers of Darknet's networks: the classifiers, YOLO, and any that a `.cfg` file describes.

use autodiff::Float;

use super::super::{DarknetNet, Section};
use super::{DarknetLayer, DarknetWeights};
use crate::detection::{TinyYolo, YoloV2, YoloV3, YoloV3Branch, YoloV3Tiny};
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

/// The same for blocks that follow each other.
fn each_within<'a, T: Float>(
    name: &'a str,
    parts: &'a [impl DarknetWeights<T>],
) -> impl Iterator<Item = DarknetLayer<'a, T>> {
    parts.iter().enumerate().flat_map(move |(i, part)| within(format!("{name}.{i}"), part))
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
        within("down", &self.down).chain(each_within("blocks", &self.blocks)).collect()
    }
}

impl<T: Float> DarknetWeights<T> for Darknet53Backbone<T> {
    fn darknet_layers(&self) -> Vec<DarknetLayer<'_, T>> {
        within("stem", &self.stem).chain(each_within("stages", &self.stages)).collect()
    }
}

impl<T: Float> DarknetWeights<T> for Darknet53<T> {
    fn darknet_layers(&self) -> Vec<DarknetLayer<'_, T>> {
        let mut layers: Vec<_> = within("backbone", &self.backbone).collect();
        layers.push(DarknetLayer::pointwise("classifier", &self.classifier));
        layers
    }
}

/// `yolov2-tiny.weights` and `yolov2-tiny-voc.weights`.
impl<T: Float> DarknetWeights<T> for TinyYolo<T> {
    fn darknet_layers(&self) -> Vec<DarknetLayer<'_, T>> {
        let mut layers: Vec<_> = each_within("features", &self.features).collect();
        layers.extend(each_within("neck", &self.neck));
        layers.push(DarknetLayer::convolutional("output", &self.output, None));
        layers
    }
}

/// `yolov2.weights` and `yolov2-voc.weights`.
impl<T: Float> DarknetWeights<T> for YoloV2<T> {
    fn darknet_layers(&self) -> Vec<DarknetLayer<'_, T>> {
        let mut layers: Vec<_> = within("backbone", &self.backbone).collect();
        layers.extend(each_within("neck", &self.neck));
        layers.extend(within("passthrough", &self.passthrough));
        layers.extend(within("fusion", &self.fusion));
        layers.push(DarknetLayer::convolutional("output", &self.output, None));
        layers
    }
}

impl<T: Float> DarknetWeights<T> for YoloV3Branch<T> {
    fn darknet_layers(&self) -> Vec<DarknetLayer<'_, T>> {
        let mut layers: Vec<_> = self.reduce.iter().flat_map(|reduce| within("reduce", reduce)).collect();
        layers.extend(each_within("neck", &self.neck));
        layers.extend(within("last", &self.last));
        layers.push(DarknetLayer::convolutional("output", &self.output, None));
        layers
    }
}

/// `yolov3.weights`.
impl<T: Float> DarknetWeights<T> for YoloV3<T> {
    fn darknet_layers(&self) -> Vec<DarknetLayer<'_, T>> {
        within("backbone", &self.backbone).chain(each_within("branches", &self.branches)).collect()
    }
}

/// `yolov3-tiny.weights`.
impl<T: Float> DarknetWeights<T> for YoloV3Tiny<T> {
    fn darknet_layers(&self) -> Vec<DarknetLayer<'_, T>> {
        each_within("features", &self.features).chain(each_within("branches", &self.branches)).collect()
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
