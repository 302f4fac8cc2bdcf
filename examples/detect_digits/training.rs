//! The training loop.

use std::error::Error;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use wengert::data::Prefetch;
use wengert::data::detection::Scenes;
use wengert::models::detection::{AnchorKMeans, AnchorLoss, BoxLoss, Overlap};
use wengert::prelude::*;

use crate::options::Options;

/// So many boxes are predicted at each cell.
const ANCHORS: usize = 5;

/// The place of the objectness among the numbers of a box, after its place and size.
const OBJECTNESS: usize = 4;

/// So many points has a curve of the loss.
const POINTS: u64 = 100;

/// The parts of the loss as means over short stretches of the training.
#[derive(Default)]
pub(crate) struct History {
    pub(crate) step: Vec<f64>,
    pub(crate) boxes: Vec<f64>,
    pub(crate) objectness: Vec<f64>,
    pub(crate) classes: Vec<f64>,
}

/// A network for the scenes, with anchors of the shapes that their digits have.
pub(crate) fn network(scenes: &Scenes, seed: u64) -> Result<(TinyYoloConfig, TinyYolo), Box<dyn Error>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let objects = scenes.batch(0..500).objects;
    let boxes = objects.iter().flatten().map(|object| object.bounding_box);
    let sizes: Vec<[f64; 2]> = boxes.map(|b| [b.width(), b.height()]).collect();
    let anchors = AnchorKMeans::new(ANCHORS).fit(&sizes, &mut rng)?;
    println!("{ANCHORS} anchors with a mean IoU of {:.3} with the digits", anchors.average_iou);
    let anchors: Vec<(f64, f64)> = anchors.sizes.iter().map(|&[width, height]| (width, height)).collect();
    let classes = scenes.class_names().len();
    let loss = AnchorLoss::v3().box_loss(BoxLoss::Overlap(Overlap::Ciou)).coord_scale(3.0);
    let config = TinyYoloConfig::new(classes, anchors).widths([16, 32, 64, 128]).neck([128, 128]).loss(loss);
    let model = config.try_init(&mut rng)?;
    // Of all boxes hardly one holds an object: to begin with that belief spares the first steps its discovery.
    let bias = model.output.bias.as_ref().expect("the map has biases");
    bias.update(|bias| {
        for anchor in 0..ANCHORS {
            bias[anchor * (5 + classes) + OBJECTNESS] = -5.0;
        }
    });
    Ok((config, model))
}

/// Trains with AdamW; what comes back is the average of the model over the last steps, which is the better one.
pub(crate) fn train(
    model: TinyYolo,
    scenes: &Scenes,
    options: &Options,
) -> Result<(TinyYolo, History), Box<dyn Error>> {
    let mut history = History::default();
    if options.steps == 0 {
        return Ok((model, history));
    }
    let schedule = || Cosine::new(options.lr, options.steps).warmup(options.steps / 20);
    // Weights decay; biases and the scales of normalizations do not.
    let (weights, others) = model.parameters().into_iter().partition::<Vec<_>, _>(|p| p.shape().len() > 1);
    let mut optimizer = AdamW::new(weights, schedule())
        .weight_decay(0.01)
        .join(AdamW::new(others, schedule()).weight_decay(0.0));
    let average = AveragedModel::new(&model, Averaging::WarmUp(0.99));
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    let bar = ProgressBar::new(options.steps).with_style(ProgressStyle::with_template(
        "{bar:32.cyan/blue} {pos:>5}/{len} steps  {msg}  {eta} left",
    )?);
    let started = Instant::now();
    let stretch = options.steps.div_ceil(POINTS);
    let mut sums = [0.0; 3];
    let (mut count, mut last) = (0, 0.0);
    // Scenes are painted while the network learns from those before.
    let batches = Prefetch::new(scenes.batches(options.batch.get()).take(options.steps as usize), 4);
    for (step, batch) in (1..).zip(batches) {
        let tape = Tape::training(rng.random());
        let maps = model.maps(&tape.constant(batch.pictures));
        let loss = model.head().loss(&maps, &batch.objects);
        for (sum, part) in sums.iter_mut().zip([&loss.boxes, &loss.objectness, &loss.classes]) {
            *sum += f64::from(part.item());
        }
        let mut gradients = loss.total().backward();
        clip_global_norm(&mut gradients, 10.0);
        optimizer.step(&gradients);
        average.update(&model);
        count += 1;
        bar.inc(1);
        if step % stretch == 0 || step == options.steps {
            let [boxes, objectness, classes] = sums.map(|sum| sum / f64::from(count));
            last = boxes + objectness + classes;
            if !last.is_finite() {
                bar.abandon();
                return Err(
                    format!("the loss is no number any more at step {step}; try a smaller --lr").into()
                );
            }
            history.step.push(step as f64);
            history.boxes.push(boxes);
            history.objectness.push(objectness);
            history.classes.push(classes);
            let rate = (step as usize * options.batch.get()) as f64 / started.elapsed().as_secs_f64();
            bar.set_message(format!(
                "boxes {boxes:.3}  objectness {objectness:.3}  classes {classes:.3}  {rate:.0} scenes/s"
            ));
            (sums, count) = ([0.0; 3], 0);
        }
    }
    bar.finish_and_clear();
    println!(
        "{} steps of {} scenes in {:.1} s: loss {last:.3}",
        options.steps,
        options.batch,
        started.elapsed().as_secs_f64()
    );
    Ok((average.module, history))
}
