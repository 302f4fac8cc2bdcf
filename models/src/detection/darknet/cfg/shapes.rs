//! The shapes of a network's layers, and what follows from them.

use super::{Cfg, CfgError, CfgLayer, MaxPoolOptions, ReorgOptions, RouteOptions, Section};

/// The most elements of a layer's output for one picture, as Darknet's integers have them.
const MOST_ELEMENTS: usize = i32::MAX as usize;

/// What the next layer of a network gets: channels, height, width.
pub(super) fn input(cfg: &Cfg) -> [usize; 3] {
    let net = &cfg.net;
    cfg.layers.last().map_or([net.channels, net.height, net.width], |layer| layer.output)
}

/// What a layer makes of it, or why it cannot be.
pub(super) fn output(cfg: &Cfg, section: &Section, input: [usize; 3]) -> Result<[usize; 3], String> {
    let reads_the_one_before = !matches!(section, Section::Route(_));
    if reads_the_one_before && let Some(last) = cfg.layers.last() {
        not_a_head(cfg.layers.len() - 1, last)?;
    }
    let [channels, height, width] = input;
    let output = match section {
        Section::Convolutional(conv) => {
            for (what, n) in [("input has", channels), ("filters are", conv.filters)] {
                if n % conv.groups != 0 {
                    return Err(format!(
                        "the {what} {n}, expected a multiple of groups, which is {}",
                        conv.groups
                    ));
                }
            }
            bordered(input, 2 * conv.padding)?;
            let along = |n: usize| Some((n + 2 * conv.padding).checked_sub(conv.size)? / conv.stride + 1);
            match (along(height), along(width)) {
                (Some(height), Some(width)) => [conv.filters, height, width],
                _ => {
                    return Err(format!(
                        "a kernel of {0}×{0} does not fit into {height}×{width} with a border of {1}",
                        conv.size, conv.padding
                    ));
                }
            }
        }
        Section::Connected(connected) => [connected.output, 1, 1],
        Section::MaxPool(pool) => {
            bordered(input, pool.padding)?;
            match (pooled(pool, height), pooled(pool, width)) {
                (Some(height), Some(width)) => [channels, height, width],
                _ => {
                    return Err(format!(
                        "a window of {0}×{0} does not fit into {height}×{width} with a border of {1}",
                        pool.size, pool.padding
                    ));
                }
            }
        }
        Section::AvgPool => [channels, 1, 1],
        Section::Route(route) => routed(cfg, route)?,
        Section::Shortcut(shortcut) => {
            let other = &cfg.layers[shortcut.from];
            not_a_head(shortcut.from, other)?;
            if other.output != input {
                return Err(format!(
                    "layer {} gives {:?} (channels, height, width), expected {input:?} as the layer before",
                    shortcut.from, other.output
                ));
            }
            input
        }
        Section::Upsample(upsample) => {
            let times = |n: usize| n.saturating_mul(upsample.stride);
            [channels, times(height), times(width)]
        }
        Section::Reorg(reorg) => reorganized(reorg, input)?,
        Section::Softmax(softmax) => {
            let n = channels * height * width;
            if n % softmax.groups != 0 {
                return Err(format!("{n} values cannot be divided into {} groups", softmax.groups));
            }
            input
        }
        Section::Dropout(_) | Section::Cost => input,
        Section::Region(head) => {
            head_fits(input, head.num, head.classes)?;
            input
        }
        Section::Yolo(head) => {
            head_fits(input, head.mask.len(), head.classes)?;
            input
        }
        Section::Detection(head) => {
            let (side, num, classes) = (head.side as u128, head.num as u128, head.classes as u128);
            let expected = side * side * (5 * num + classes);
            let found = (channels * height * width) as u128;
            if found != expected {
                return Err(format!(
                    "the layer before gives {found} values, expected side² · (5 · num + classes) = {expected}"
                ));
            }
            input
        }
    };
    check_size(output).map(|()| output)
}

/// Whether a map of a picture can be: channels, height, width.
pub(super) fn check_size(size: [usize; 3]) -> Result<(), String> {
    match size.iter().try_fold(1usize, |n, &size| n.checked_mul(size)) {
        Some(n) if n <= MOST_ELEMENTS => Ok(()),
        _ => {
            Err(format!("maps of {size:?} (channels, height, width) have more than {MOST_ELEMENTS} elements"))
        }
    }
}

/// Whether a map of a picture can be with a border that makes it so much higher and wider: windows larger than the map
/// would ask for any memory.
fn bordered([channels, height, width]: [usize; 3], border: usize) -> Result<(), String> {
    let size = [channels, height.saturating_add(border), width.saturating_add(border)];
    check_size(size).map_err(|what| format!("with its border of {border}, {what}"))
}

fn not_a_head(at: usize, layer: &CfgLayer) -> Result<(), String> {
    match layer.section.is_head() {
        true => Err(format!("its input is layer {at}, the head of a detector, expected another layer")),
        false => Ok(()),
    }
}

fn pooled(pool: &MaxPoolOptions, n: usize) -> Option<usize> {
    Some((n + pool.padding).checked_sub(pool.size)? / pool.stride + 1)
}

fn routed(cfg: &Cfg, route: &RouteOptions) -> Result<[usize; 3], String> {
    let (mut channels, mut size) = (0usize, None);
    for &at in &route.layers {
        let layer = &cfg.layers[at];
        not_a_head(at, layer)?;
        let [c, height, width] = layer.output;
        let first = *size.get_or_insert([height, width]);
        if first != [height, width] {
            return Err(format!(
                "layer {at} gives maps of {height}×{width}, expected {}×{} as the first one",
                first[0], first[1]
            ));
        }
        if c % route.groups != 0 {
            let groups = route.groups;
            return Err(format!("layer {at} has {c} channels, which cannot be divided into {groups} groups"));
        }
        channels = channels.saturating_add(c / route.groups);
    }
    let [height, width] = size.ok_or("it has no layers")?;
    Ok([channels, height, width])
}

fn reorganized(reorg: &ReorgOptions, [channels, height, width]: [usize; 3]) -> Result<[usize; 3], String> {
    let stride = reorg.stride;
    let squares = stride.checked_mul(stride).filter(|squares| channels % squares == 0);
    let Some(squares) = squares else {
        return Err(format!("{channels} channels are no multiple of stride², the stride being {stride}"));
    };
    if reorg.reverse {
        let times = |n: usize| n.saturating_mul(stride);
        return Ok([channels / squares, times(height), times(width)]);
    }
    if height % stride != 0 || width % stride != 0 {
        return Err(format!("{height}×{width} is no multiple of the stride, which is {stride}"));
    }
    Ok([channels.saturating_mul(squares), height / stride, width / stride])
}

fn head_fits([channels, ..]: [usize; 3], anchors: usize, classes: usize) -> Result<(), String> {
    let expected = anchors as u128 * (classes as u128 + 5);
    if channels as u128 == expected {
        return Ok(());
    }
    Err(format!(
        "the layer before has {channels} channels, expected {expected}: classes + 5 for each of {anchors} anchors"
    ))
}

/// The numbers that a layer learns, and those that a file of weights holds of it. None if they are too many to count.
pub(super) fn numbers(layer: &CfgLayer) -> Option<(u64, u64)> {
    let [channels, height, width] = layer.input.map(|n| n as u64);
    let (outputs, weights, normalized) = match &layer.section {
        Section::Convolutional(conv) => {
            let (filters, size) = (conv.filters as u64, conv.size as u64);
            let taps = (channels / conv.groups as u64).checked_mul(size)?.checked_mul(size)?;
            (filters, filters.checked_mul(taps)?, conv.batch_normalize)
        }
        Section::Connected(connected) => {
            let outputs = connected.output as u64;
            (outputs, outputs.checked_mul(channels * height * width)?, connected.batch_normalize)
        }
        _ => return Some((0, 0)),
    };
    let (learned, stored) = if normalized { (2, 4) } else { (1, 1) };
    let total = |n: u64| n.checked_mul(outputs)?.checked_add(weights);
    Some((total(learned)?, total(stored)?))
}

/// Whether the numbers of all layers can be counted, with room for four bytes each.
pub(super) fn check_totals(cfg: &Cfg) -> Result<(), CfgError> {
    let mut total = 0u64;
    for (at, layer) in cfg.layers.iter().enumerate() {
        let sum = numbers(layer).and_then(|(_, stored)| total.checked_add(stored));
        total = sum.filter(|n| *n < u64::MAX / 8).ok_or_else(|| {
            CfgError::at(layer.line, format!("layer {at} has more weights than can be counted"))
        })?;
    }
    Ok(())
}

pub(super) fn operations(layer: &CfgLayer) -> u128 {
    let [channels, height, width] = layer.input.map(|n| n as u128);
    let [outputs, rows, columns] = layer.output.map(|n| n as u128);
    match &layer.section {
        Section::Convolutional(conv) => {
            let taps = (conv.size * conv.size) as u128;
            2 * outputs * taps * (channels / conv.groups as u128) * rows * columns
        }
        Section::Connected(_) => 2 * outputs * channels * height * width,
        _ => 0,
    }
}
