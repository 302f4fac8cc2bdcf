//! What scenes look like.

use super::{Scenes, glyph::MIN_SIZE};
use crate::{Dataset, Error};
use serde::{Deserialize, Serialize};

/// The largest height and width of a scene.
const MAX_SIDE: usize = 4096;

/// The most objects, and the most distractors, that a scene may have.
const MAX_COUNT: usize = 1000;

/// Whether digits are lighter or darker than what is behind them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Polarity {
    /// Lighter.
    Light,
    /// Darker.
    Dark,
    /// Each digit as it falls.
    #[default]
    Both,
}

/// What [`Scenes`] are made by: the size of the pictures, how many objects of which size, and how hard they are to
/// find.
///
/// ```
/// use wengert::data::{detection::{Polarity, SceneConfig}, digits};
///
/// let easy = SceneConfig::new().channels(1).objects(1, 1).distractors(0, 0).texture(0.0).polarity(Polarity::Light);
/// let scenes = easy.init(&digits(), 0);
/// assert_eq!(scenes.scene(3).picture.dim(), (1, 96, 96));
///
/// let error = SceneConfig::new().size(32, 32).object_size(20.0, 40.0).try_init(&digits(), 0).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "SceneConfig: object_size is 20..=40, expected pixels from 8 to the shorter side of the picture, 32"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SceneConfig {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
    pub(super) objects: (usize, usize),
    pub(super) object_size: (f64, f64),
    pub(super) max_overlap: f64,
    pub(super) min_visible: f64,
    pub(super) rotation: f64,
    pub(super) distractors: (usize, usize),
    pub(super) texture: f64,
    pub(super) grain: f64,
    pub(super) saturation: f64,
    pub(super) contrast: f64,
    pub(super) polarity: Polarity,
}

impl Default for SceneConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl SceneConfig {
    /// Coloured pictures of 96×96 with one to six digits of 16 to 44 pixels and up to four distractors.
    pub const fn new() -> Self {
        Self {
            height: 96,
            width: 96,
            channels: 3,
            objects: (1, 6),
            object_size: (16.0, 44.0),
            max_overlap: 0.2,
            min_visible: 0.75,
            rotation: 12.0,
            distractors: (0, 4),
            texture: 0.3,
            grain: 0.03,
            saturation: 0.7,
            contrast: 0.35,
            polarity: Polarity::Both,
        }
    }

    /// The height and width of the pictures.
    pub fn size(mut self, height: usize, width: usize) -> Self {
        (self.height, self.width) = (height, width);
        self
    }

    /// The channels: 3 (red, green, blue) or 1 (grey).
    pub fn channels(mut self, channels: usize) -> Self {
        self.channels = channels;
        self
    }

    /// The fewest and the most objects; every number between is as likely. A crowded picture may have fewer: an object
    /// for which no place is found in many tries is left out.
    pub fn objects(mut self, min: usize, max: usize) -> Self {
        self.objects = (min, max);
        self
    }

    /// The longer side of an object's box in pixels, to within about one, spread evenly in its logarithm.
    pub fn object_size(mut self, min: f64, max: f64) -> Self {
        self.object_size = (min, max);
        self
    }

    /// The largest intersection over union of two boxes.
    pub fn max_overlap(mut self, iou: f64) -> Self {
        self.max_overlap = iou;
        self
    }

    /// The smallest share of an object's ink that later objects leave uncovered.
    pub fn min_visible(mut self, share: f64) -> Self {
        self.min_visible = share;
        self
    }

    /// Objects are turned by up to so many degrees either way.
    pub fn rotation(mut self, degrees: f64) -> Self {
        self.rotation = degrees;
        self
    }

    /// The fewest and the most shapes that are no objects: discs, bars, triangles, crosses and wavy lines.
    pub fn distractors(mut self, min: usize, max: usize) -> Self {
        self.distractors = (min, max);
        self
    }

    /// How far the brightness of the background wanders, 0..=1.
    pub fn texture(mut self, texture: f64) -> Self {
        self.texture = texture;
        self
    }

    /// The standard deviation of the noise of single pixels, 0..=1.
    pub fn grain(mut self, grain: f64) -> Self {
        self.grain = grain;
        self
    }

    /// How coloured the colours are, from 0, grey, to 1.
    pub fn saturation(mut self, saturation: f64) -> Self {
        self.saturation = saturation;
        self
    }

    /// By how much the brightness of an object differs at least from the mean of what it covers, where there is room
    /// for it between black and white; 0..=1.
    pub fn contrast(mut self, contrast: f64) -> Self {
        self.contrast = contrast;
        self
    }

    /// Whether objects are lighter or darker than what is behind them.
    pub fn polarity(mut self, polarity: Polarity) -> Self {
        self.polarity = polarity;
        self
    }

    /// The scenes of a seed, of the examples of `glyphs`: pictures `[n, 1, h, w]`, bright ink on dark ground, such
    /// as [`digits`](crate::digits) or a part of them.
    ///
    /// # Panics
    /// Where [`try_init`](Self::try_init) gives an error.
    #[track_caller]
    pub fn init(&self, glyphs: &Dataset, seed: u64) -> Scenes {
        match self.try_init(glyphs, seed) {
            Ok(scenes) => scenes,
            Err(error) => panic!("{error}"),
        }
    }

    /// The scenes of a seed, as [`init`](Self::init).
    ///
    /// # Errors
    /// When an option is out of its range, or `glyphs` is empty, has examples of another shape than `[1, h, w]` or
    /// one without ink.
    pub fn try_init(&self, glyphs: &Dataset, seed: u64) -> Result<Scenes, Error> {
        self.check()?;
        Scenes::new(self, glyphs, seed)
    }

    fn check(&self) -> Result<(), Error> {
        let counts = format!("from 0 to {MAX_COUNT}, the first not above the second");
        for (field, (min, max)) in [("objects", self.objects), ("distractors", self.distractors)] {
            that(min <= max && max <= MAX_COUNT, field, format!("{min}..={max}"), &counts)?;
        }
        let sides = format!("height and width from {MIN_SIZE} to {MAX_SIDE}");
        let side = MIN_SIZE as usize..=MAX_SIDE;
        let fits = side.contains(&self.height) && side.contains(&self.width);
        that(fits, "size", format!("{}×{}", self.height, self.width), &sides)?;
        that(matches!(self.channels, 1 | 3), "channels", self.channels.to_string(), "1 or 3")?;
        let (min, max) = self.object_size;
        let shorter = self.height.min(self.width);
        let expected = format!("pixels from {MIN_SIZE} to the shorter side of the picture, {shorter}");
        let fits = MIN_SIZE <= min && min <= max && max <= shorter as f64;
        that(fits, "object_size", format!("{min}..={max}"), &expected)?;
        that((0.0..=180.0).contains(&self.rotation), "rotation", self.rotation.to_string(), "0..=180")?;
        for (field, share) in [
            ("max_overlap", self.max_overlap),
            ("min_visible", self.min_visible),
            ("texture", self.texture),
            ("grain", self.grain),
            ("saturation", self.saturation),
            ("contrast", self.contrast),
        ] {
            that((0.0..=1.0).contains(&share), field, share.to_string(), "0..=1")?;
        }
        Ok(())
    }
}

fn that(holds: bool, field: &'static str, found: String, expected: &str) -> Result<(), Error> {
    if holds {
        return Ok(());
    }
    Err(Error::Configuration { configuration: "SceneConfig", field, found, expected: expected.to_owned() })
}
