//! How the sections of a `.cfg` file are read.

use nn::Activation;

use super::CfgError;
use super::options::Options;
use super::section::{
    ConnectedOptions, ConvolutionalOptions, DetectionOptions, DropoutOptions, MaxPoolOptions, NetOptions,
    RegionOptions, ReorgOptions, RouteOptions, Section, ShortcutOptions, SoftmaxOptions, UpsampleOptions,
    YoloOptions,
};

impl NetOptions {
    pub(super) fn read(options: &Options<'_>) -> Result<Self, CfgError> {
        options.pass_over(&[
            "policy",
            "angle",
            "saturation",
            "exposure",
            "hue",
            "max_crop",
            "min_crop",
            "aspect",
            "power",
            "flip",
            "random",
            "time_steps",
            "mosaic",
            "cutmix",
            "mixup",
            "letter_box",
            "notruth",
            "center",
            "gamma",
            "step",
            "scale",
            "adam",
            "B1",
            "B2",
            "eps",
            "optimized_memory",
            "workspace_size_limit_MB",
            "clip",
        ]);
        let steps = options.integers("steps")?.unwrap_or_default();
        let scales = options.numbers("scales")?.unwrap_or_default();
        if steps.len() != scales.len() {
            return Err(options.wrong("scales", &format!("one for each of the {} steps", steps.len())));
        }
        let steps: Option<Vec<usize>> = steps.iter().map(|&step| step.try_into().ok()).collect();
        let steps = steps.ok_or_else(|| options.wrong("steps", "integers from 0 on"))?;
        Ok(Self {
            width: options.required_integer("width", 1)?,
            height: options.required_integer("height", 1)?,
            channels: options.required_integer("channels", 1)?,
            batch: options.integer("batch", 1, 1)?,
            subdivisions: options.integer("subdivisions", 1, 1)?,
            learning_rate: options.number("learning_rate", 1e-3)?,
            momentum: options.number("momentum", 0.9)?,
            decay: options.number("decay", 1e-4)?,
            burn_in: options.integer("burn_in", 0, 0)?,
            max_batches: options.integer("max_batches", 0, 0)?,
            steps: steps.into_iter().zip(scales).collect(),
        })
    }
}

impl Section {
    /// The section of a name for the layer of a number.
    pub(super) fn read(name: &str, index: usize, options: &Options<'_>) -> Result<Self, CfgError> {
        // What any layer may have, for a training.
        options.pass_over(&["stopbackward", "onlyforward", "learning_rate", "clip"]);
        options.refuse("dontload")?;
        options.refuse("dontloadscales")?;
        match name {
            "convolutional" | "conv" => Ok(Self::Convolutional(convolutional(options)?)),
            "connected" | "conn" => Ok(Self::Connected(ConnectedOptions {
                output: options.required_integer("output", 1)?,
                batch_normalize: options.flag("batch_normalize", false)?,
                activation: activation(options, "logistic")?,
            })),
            "maxpool" | "max" => Ok(Self::MaxPool(max_pool(options)?)),
            "avgpool" | "avg" => Ok(Self::AvgPool),
            "route" => Ok(Self::Route(route(index, options)?)),
            "shortcut" => Ok(Self::Shortcut(shortcut(index, options)?)),
            "upsample" => Ok(Self::Upsample(UpsampleOptions {
                stride: options.stride(2)?,
                scale: options.number("scale", 1.0)?,
            })),
            "reorg" => {
                options.refuse("flatten")?;
                options.refuse("extra")?;
                let (stride, reverse) = (options.stride(1)?, options.flag("reverse", false)?);
                Ok(Self::Reorg(ReorgOptions { stride, reverse }))
            }
            "dropout" => {
                options.refuse("dropblock")?;
                let probability = options.number("probability", 0.2)?;
                if !(0.0..=1.0).contains(&probability) {
                    return Err(options.wrong("probability", "a probability in 0..=1"));
                }
                Ok(Self::Dropout(DropoutOptions { probability }))
            }
            "softmax" | "soft" => Ok(Self::Softmax(softmax(options)?)),
            "cost" => {
                options.pass_over(&["type", "scale", "ratio", "noobj", "thresh"]);
                Ok(Self::Cost)
            }
            "region" => Ok(Self::Region(region(options)?)),
            "yolo" => Ok(Self::Yolo(yolo(options)?)),
            "detection" => Ok(Self::Detection(detection(options)?)),
            _ => Err(options.error(
                "there is no such layer here; supported are convolutional, connected, maxpool, avgpool, route, \
                 shortcut, upsample, reorg, dropout, softmax, cost, region, yolo and detection",
            )),
        }
    }
}

fn convolutional(options: &Options<'_>) -> Result<ConvolutionalOptions, CfgError> {
    let size = options.integer("size", 1, 1)?;
    let padding = options.integer("padding", 0, 0)?;
    let padding = if options.flag("pad", false)? { size / 2 } else { padding };
    for key in ["binary", "xnor", "bin_output", "antialiasing", "share_index", "stride_x", "stride_y"] {
        options.refuse(key)?;
    }
    if options.integer("dilation", 1, 1)? != 1 {
        return Err(options.wrong("dilation", "1: others are not supported"));
    }
    Ok(ConvolutionalOptions {
        filters: options.required_integer("filters", 1)?,
        size,
        stride: options.stride(1)?,
        padding,
        groups: options.integer("groups", 1, 1)?,
        batch_normalize: options.flag("batch_normalize", false)?,
        flipped: options.flag("flipped", false)?,
        activation: activation(options, "logistic")?,
    })
}

fn max_pool(options: &Options<'_>) -> Result<MaxPoolOptions, CfgError> {
    for key in ["maxpool_depth", "antialiasing", "stride_x", "stride_y"] {
        options.refuse(key)?;
    }
    let stride = options.stride(1)?;
    let size = options.integer("size", stride, 1)?;
    let padding = options.integer("padding", size - 1, 0)?;
    // Otherwise a window could lie in the border alone.
    if padding > size - 1 {
        return Err(options.wrong("padding", &format!("at most {}, one less than the size", size - 1)));
    }
    Ok(MaxPoolOptions { size, stride, padding })
}

fn route(index: usize, options: &Options<'_>) -> Result<RouteOptions, CfgError> {
    let Some(layers) = options.integers("layers")? else {
        return Err(options.wrong("layers", "the numbers of other layers"));
    };
    let layers = layers.into_iter().map(|layer| earlier("layers", layer, index, options));
    let layers = layers.collect::<Result<_, _>>()?;
    let groups = options.integer("groups", 1, 1)?;
    let group_id = options.integer("group_id", 0, 0)?;
    if group_id >= groups {
        return Err(options.wrong("group_id", &format!("less than groups, which is {groups}")));
    }
    Ok(RouteOptions { layers, groups, group_id })
}

fn shortcut(index: usize, options: &Options<'_>) -> Result<ShortcutOptions, CfgError> {
    for (key, only) in [("weights_type", "none"), ("weights_normalizion", "none")] {
        if options.text(key).is_some_and(|text| text != only) {
            return Err(options.wrong(key, "none: weights of a shortcut are not supported"));
        }
    }
    let expected = "the number of one other layer";
    let from = match options.integers("from")?.as_deref() {
        Some(&[from]) => earlier("from", from, index, options)?,
        _ => return Err(options.wrong("from", expected)),
    };
    if index == 0 {
        return Err(options.error("the first layer has none before it to add to"));
    }
    // Darknet multiplies by these; nobody's files say anything but 1.
    for key in ["alpha", "beta"] {
        if options.number(key, 1.0)? != 1.0 {
            return Err(options.wrong(key, "1: others are not supported"));
        }
    }
    Ok(ShortcutOptions { from, activation: activation(options, "linear")? })
}

/// The number of an earlier layer: counted from the first, or if it is negative back from layer number `index`.
fn earlier(key: &str, layer: i64, index: usize, options: &Options<'_>) -> Result<usize, CfgError> {
    let n = index as i64;
    let absolute = if layer < 0 { n + layer } else { layer };
    if (0..n).contains(&absolute) {
        return Ok(absolute as usize);
    }
    let expected = match n {
        0 => "none: there is no layer before the first".to_owned(),
        _ => format!("layers before this one, number {n}: -{n}..=-1 or 0..={}", n - 1),
    };
    Err(options.wrong(key, &expected))
}

fn softmax(options: &Options<'_>) -> Result<SoftmaxOptions, CfgError> {
    if options.text("tree").is_some() {
        return Err(options.wrong("tree", "no hierarchy of classes: it is not supported"));
    }
    options.pass_over(&["noloss"]);
    options.refuse("spatial")?;
    let temperature = options.number("temperature", 1.0)?;
    if temperature <= 0.0 {
        return Err(options.wrong("temperature", "a number above 0"));
    }
    Ok(SoftmaxOptions { groups: options.integer("groups", 1, 1)?, temperature })
}

/// What Darknet does with pictures and weights in training, and options of which only the default is known here.
const TRAINING: [&str; 8] =
    ["jitter", "random", "max", "absolute", "forced", "log", "classfix", "mask_scale"];

fn region(options: &Options<'_>) -> Result<RegionOptions, CfgError> {
    options.pass_over(&TRAINING);
    options.pass_over(&["sqrt"]);
    no_files(options)?;
    only_four_coordinates(options, 4)?;
    let num = options.integer("num", 1, 1)?;
    Ok(RegionOptions {
        classes: options.integer("classes", 20, 1)?,
        num,
        anchors: anchors(options, num)?,
        softmax: options.flag("softmax", false)?,
        rescore: options.flag("rescore", false)?,
        bias_match: options.flag("bias_match", false)?,
        thresh: options.number("thresh", 0.5)?,
        coord_scale: options.number("coord_scale", 1.0)?,
        object_scale: options.number("object_scale", 1.0)?,
        noobject_scale: options.number("noobject_scale", 1.0)?,
        class_scale: options.number("class_scale", 1.0)?,
    })
}

fn yolo(options: &Options<'_>) -> Result<YoloOptions, CfgError> {
    options.pass_over(&TRAINING);
    no_files(options)?;
    if options.number("scale_x_y", 1.0)? != 1.0 {
        return Err(options.wrong("scale_x_y", "1: others are not supported"));
    }
    let num = options.integer("num", 1, 1)?;
    let anchors = anchors(options, num)?;
    let mask = match options.integers("mask")? {
        Some(mask) => mask,
        None => (0..num as i64).collect(),
    };
    let mask = mask.into_iter().map(|at| usize::try_from(at).ok().filter(|at| *at < num));
    let mask = mask.collect::<Option<Vec<usize>>>();
    let mask = mask.ok_or_else(|| options.wrong("mask", &format!("numbers of anchors, 0..={}", num - 1)))?;
    Ok(YoloOptions {
        classes: options.integer("classes", 20, 1)?,
        mask,
        anchors,
        ignore_thresh: options.number("ignore_thresh", 0.5)?,
        truth_thresh: options.number("truth_thresh", 1.0)?,
    })
}

fn detection(options: &Options<'_>) -> Result<DetectionOptions, CfgError> {
    options.pass_over(&TRAINING);
    options.refuse("reorg")?;
    only_four_coordinates(options, 1)?;
    Ok(DetectionOptions {
        classes: options.integer("classes", 1, 1)?,
        side: options.integer("side", 7, 1)?,
        num: options.integer("num", 1, 1)?,
        softmax: options.flag("softmax", false)?,
        sqrt: options.flag("sqrt", false)?,
        rescore: options.flag("rescore", false)?,
        coord_scale: options.number("coord_scale", 1.0)?,
        object_scale: options.number("object_scale", 1.0)?,
        noobject_scale: options.number("noobject_scale", 1.0)?,
        class_scale: options.number("class_scale", 1.0)?,
    })
}

/// Options that name further files.
fn no_files(options: &Options<'_>) -> Result<(), CfgError> {
    for key in ["tree", "map"] {
        if options.text(key).is_some() {
            return Err(options.wrong(key, "no further file: it is not supported"));
        }
    }
    Ok(())
}

fn only_four_coordinates(options: &Options<'_>, default: usize) -> Result<(), CfgError> {
    match options.integer("coords", default, 1)? {
        4 => Ok(()),
        _ => Err(options.wrong("coords", "4: others are not supported")),
    }
}

fn anchors(options: &Options<'_>, num: usize) -> Result<Vec<(f64, f64)>, CfgError> {
    // Compared without a product, which could be too large.
    let expected = format!("width and height of each of {num} anchors, all above 0");
    match options.numbers("anchors")? {
        Some(sizes) if sizes.len() % 2 == 0 && sizes.len() / 2 == num && sizes.iter().all(|&x| x > 0.0) => {
            Ok(sizes.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
        }
        _ => Err(options.wrong("anchors", &expected)),
    }
}

fn activation(options: &Options<'_>, default: &str) -> Result<Activation, CfgError> {
    match options.text("activation").unwrap_or(default) {
        "linear" => Ok(Activation::Identity),
        "leaky" => Ok(Activation::LeakyRelu(0.1)),
        "logistic" => Ok(Activation::Sigmoid),
        "relu" => Ok(Activation::Relu),
        "relie" => Ok(Activation::LeakyRelu(0.01)),
        "tanh" => Ok(Activation::Tanh),
        "elu" => Ok(Activation::Elu(1.0)),
        "selu" => Ok(Activation::Selu),
        "mish" => Ok(Activation::Mish),
        "swish" => Ok(Activation::Silu),
        "hardtan" => Ok(Activation::Hardtanh { min_val: -1.0, max_val: 1.0 }),
        _ => Err(options.wrong(
            "activation",
            "linear, leaky, logistic, relu, relie, tanh, elu, selu, mish, swish or hardtan",
        )),
    }
}
