//! `.cfg` files: what network they describe.

mod error;
mod options;
mod read;
mod section;
mod shapes;
mod text;

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;

use autodiff::Float;
use rand::Rng;

pub use self::error::CfgError;
use self::options::Options;
pub use self::section::{
    ConnectedOptions, ConvolutionalOptions, DetectionOptions, DropoutOptions, MaxPoolOptions, NetOptions,
    RegionOptions, ReorgOptions, RouteOptions, Section, ShortcutOptions, SoftmaxOptions, UpsampleOptions,
    YoloOptions,
};
use self::text::RawSection;
use super::DarknetNet;
use crate::configured::expect;

/// The most bytes of a file: fifty times what the largest public one has.
const MOST_BYTES: u64 = 1 << 20;

/// The most parameters of a network that is built: two gibibytes of `f32`.
const MOST_PARAMETERS: u64 = 1 << 29;

/// A network of Darknet as its `.cfg` file describes it. Whoever has one knows that its layers exist, fit each other
/// and have shapes.
///
/// Strict where Darknet goes on with a guess: a value that is no number, a missing number of filters, an unknown
/// activation, layers that do not fit are errors, which name line, section and option. Options that are not known
/// here, or stand a second time, are [reported](Self::ignored).
///
/// ```
/// use wengert::models::detection::darknet::Cfg;
///
/// let error = Cfg::parse("[net]\nwidth=32\nheight=32\nchannels=3\n\n[maxpool]\nstride=0").unwrap_err();
/// assert_eq!(error.to_string(), "cfg:7: [maxpool]: `stride` is `0`, expected an integer in 1..=4096");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Cfg {
    net: NetOptions,
    layers: Vec<CfgLayer>,
    ignored: Vec<Ignored>,
}

/// A layer of a [`Cfg`].
#[derive(Clone, Debug, PartialEq)]
pub struct CfgLayer {
    line: usize,
    section: Section,
    input: [usize; 3],
    output: [usize; 3],
}

impl CfgLayer {
    /// The line of the section, from 1 on.
    pub fn line(&self) -> usize {
        self.line
    }

    /// What the file says.
    pub fn section(&self) -> &Section {
        &self.section
    }

    /// What the layer before gives: channels, height, width.
    pub fn input(&self) -> [usize; 3] {
        self.input
    }

    /// What it gives: channels, height, width.
    pub fn output(&self) -> [usize; 3] {
        self.output
    }
}

/// An option that a [`Cfg`] does without: nobody here knows it, or it stands there a second time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ignored {
    /// Its line, from 1 on.
    pub line: usize,
    /// The name of its section.
    pub section: String,
    /// Its name.
    pub key: String,
    /// What it is set to.
    pub value: String,
}

impl Cfg {
    /// Of a text.
    ///
    /// # Errors
    /// The text is no network that can be built here; the error says where, what was expected, and what was found.
    pub fn parse(text: &str) -> Result<Self, CfgError> {
        let sections = text::sections(text)?;
        let Some((first, layers)) = sections.split_first() else {
            return Err(CfgError::new("there are no sections, expected [net]"));
        };
        let options = Options::of(first);
        if !matches!(first.name.as_str(), "net" | "network") {
            return Err(options.error("it is the first section, expected [net]"));
        }
        let net = NetOptions::read(&options)?;
        shapes::check_size([net.channels, net.height, net.width]).map_err(|what| options.error(what))?;
        let ignored = options.ignored().collect();
        let mut cfg = Self { net, layers: Vec::with_capacity(layers.len()), ignored };
        for section in layers {
            cfg.add(section)?;
        }
        if cfg.layers.is_empty() {
            return Err(CfgError::new("there are no layers after [net]"));
        }
        shapes::check_totals(&cfg)?;
        Ok(cfg)
    }

    /// Of a file.
    ///
    /// # Errors
    /// The file cannot be read, is longer than a mebibyte, is not UTF-8, or is no network that can be built here.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, CfgError> {
        let path = path.as_ref();
        read_text(path).and_then(|text| Self::parse(&text)).map_err(|error| error.in_file(path))
    }

    /// The network, with first values as Darknet draws them: of a convolution N(0, 2 / fan_in), of a connected layer
    /// U(±√(2 / inputs)).
    ///
    /// # Panics
    /// If it has more than 2²⁹ parameters.
    #[track_caller]
    pub fn init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> DarknetNet<T> {
        expect(self.try_init(rng))
    }

    /// The network, for a file that comes from outside the program.
    ///
    /// # Errors
    /// It has more than 2²⁹ parameters, nearly four times those of VGG-16.
    pub fn try_init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Result<DarknetNet<T>, CfgError> {
        let n = self.parameter_count();
        if n > MOST_PARAMETERS {
            return Err(CfgError::new(format!(
                "the layers have {n} parameters, expected at most {MOST_PARAMETERS}"
            )));
        }
        Ok(DarknetNet::build(self, rng))
    }

    fn add(&mut self, section: &RawSection) -> Result<(), CfgError> {
        let options = Options::of(section);
        let typed = Section::read(&section.name, self.layers.len(), &options)?;
        let input = shapes::input(self);
        let output = shapes::output(self, &typed, input).map_err(|what| options.error(what))?;
        self.ignored.extend(options.ignored());
        self.layers.push(CfgLayer { line: section.line, section: typed, input, output });
        Ok(())
    }

    /// The first section.
    pub fn net(&self) -> &NetOptions {
        &self.net
    }

    /// The layers in order.
    pub fn layers(&self) -> &[CfgLayer] {
        &self.layers
    }

    /// The options that were passed over because nobody here knows them, or because they repeat an earlier one, which
    /// holds as in Darknet.
    pub fn ignored(&self) -> &[Ignored] {
        &self.ignored
    }

    /// How many numbers the layers learn: weights, biases, and what batch normalizations multiply by and add.
    pub fn parameter_count(&self) -> u64 {
        self.layers.iter().map(|layer| shapes::numbers(layer).expect("checked").0).sum()
    }

    /// The bytes of a file of weights as Darknet writes it today, with a header of 20 bytes; before the end of 2017 it
    /// had 16.
    pub fn weights_size(&self) -> u64 {
        let numbers: u64 = self.layers.iter().map(|layer| shapes::numbers(layer).expect("checked").1).sum();
        20 + 4 * numbers
    }

    /// The operations of a forward pass as Darknet counts them: two for each multiply-add of a convolution or a
    /// connected layer.
    pub fn operations(&self) -> u128 {
        self.layers.iter().map(shapes::operations).sum()
    }
}

impl FromStr for Cfg {
    type Err = CfgError;

    fn from_str(text: &str) -> Result<Self, CfgError> {
        Self::parse(text)
    }
}

fn read_text(path: &Path) -> Result<String, CfgError> {
    let cannot = |error| CfgError::io("cannot be read", error);
    let mut bytes = Vec::new();
    File::open(path).map_err(cannot)?.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(CfgError::new(format!(
            "it is longer than {MOST_BYTES} bytes, which is more than a cfg has"
        )));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|&&byte| byte == b'\n').count() + 1;
        CfgError::at(line, "the text is not UTF-8")
    })
}
