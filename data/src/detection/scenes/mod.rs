//! Pictures with digits at known places: as many as one likes, for training detectors and for testing them.
//!
//! A background of gradients, fractal noise, stripes and blobs, shapes that are no digits, and on top the digits,
//! enlarged smoothly, turned, slanted, lighter or darker than what is behind them.

mod background;
mod batches;
mod canvas;
mod clutter;
mod colour;
mod config;
mod glyph;
mod placement;

use crate::{Dataset, Error, detection::Object};
use background::Background;
use canvas::Canvas;
use glyph::Glyph;
use ndarray::Array3;
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
use std::sync::Arc;

pub use batches::SceneBatches;
pub use config::{Polarity, SceneConfig};

/// A picture and what stands in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// `[c, h, w]`, in 0..=1.
    pub picture: Array3<f32>,
    /// The digits in the order in which they were drawn: a later one may cover a part of an earlier one. The boxes
    /// are in pixels, at the edges of the ink: the outermost pixels that the strokes cover by half or more, also
    /// where a later digit hides them.
    pub objects: Vec<Object>,
}

/// An endless list of scenes, each a pure function of the seed and its number. [`SceneConfig`] builds it.
///
/// ```
/// use wengert::data::{detection::SceneConfig, digits};
/// use wengert::prelude::*;
///
/// // No digit of the test scenes is seen in training.
/// let [train, test] = digits().split([0.8, 0.2], &mut ChaCha8Rng::seed_from_u64(0));
/// let config = SceneConfig::new().size(96, 128).objects(1, 5);
/// let (train, test) = (config.init(&train, 7), config.init(&test, 8));
///
/// let scene = test.scene(1_000_000);
/// assert_eq!(scene.picture.dim(), (3, 96, 128));
/// assert!((1..=5).contains(&scene.objects.len()));
/// assert_eq!(scene, test.scene(1_000_000));
///
/// let batch = train.batch(0..4);
/// assert_eq!(batch.pictures.shape(), [4, 3, 96, 128]);
/// assert_eq!(batch.objects.len(), 4);
/// ```
#[derive(Clone, Debug)]
pub struct Scenes {
    config: SceneConfig,
    seed: u64,
    glyphs: Arc<[Glyph]>,
    class_names: Vec<String>,
}

impl Scenes {
    fn new(config: &SceneConfig, glyphs: &Dataset, seed: u64) -> Result<Self, Error> {
        let class_names = glyphs.class_names().to_vec();
        Ok(Self { config: config.clone(), seed, glyphs: Glyph::of(glyphs)?.into(), class_names })
    }

    /// What the scenes are made by.
    pub fn config(&self) -> &SceneConfig {
        &self.config
    }

    /// The names of the classes.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// Scene number `index`.
    pub fn scene(&self, index: u64) -> Scene {
        let config = &self.config;
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(index);
        let mut canvas = Canvas::new(config.height, config.width);
        let background = Background::draw(config, &mut rng);
        background.paint(&mut canvas, &mut rng);
        for _ in 0..rng.random_range(config.distractors.0..=config.distractors.1) {
            clutter::paint(&mut canvas, config, &mut rng);
        }
        let objects = placement::place(&mut canvas, &self.glyphs, config, &mut rng);
        background.grain(&mut canvas, &mut rng);
        Scene { picture: canvas.into_picture(config.channels), objects }
    }
}
