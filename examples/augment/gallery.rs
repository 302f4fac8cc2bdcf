//! The augmentations of the sheet.

use wengert::data::Batch;
use wengert::data::augment::{
    ColorJitter, Compose, CutMix, Cutout, ElasticTransform, GaussianBlur, GaussianNoise, Grayscale, Mixup,
    Normalize, PcaNoise, RandomAffine, RandomCrop, RandomErasing, RandomHorizontalFlip, RandomPerspective,
    RandomResizedCrop, RandomRotation, RandomVerticalFlip, SaltAndPepper, Transform,
};
use wengert::data::transform::Border;
use wengert::prelude::*;

/// Pictures that were changed in one way.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) options: &'static str,
    /// `[n, 3, h, w]`.
    pub(crate) pictures: Tensor,
}

/// What classifiers of photographs are trained with.
pub(crate) fn usual() -> Compose {
    Compose::new()
        .push(RandomResizedCrop::new(224, 224))
        .push(RandomHorizontalFlip::new())
        .push(ColorJitter::new().brightness(0.4).contrast(0.4).saturation(0.4))
        .push(Normalize::imagenet())
}

pub(crate) fn rows(originals: &Tensor, seed: u64) -> Vec<Row> {
    let (height, width) = (originals.shape()[2], originals.shape()[3]);
    let (h, w) = (height as f64, width as f64);
    let short = height.min(width);
    let mut rows = vec![Row { name: "as they are", options: "", pictures: originals.clone() }];
    let mut show = |name, options, transform: Box<dyn Transform>| {
        let pictures = Compose::new().push(transform).apply(originals, seed);
        rows.push(Row { name, options, pictures });
    };
    show("RandomHorizontalFlip", "", Box::new(RandomHorizontalFlip::new()));
    show("RandomVerticalFlip", "", Box::new(RandomVerticalFlip::new()));
    let crop = RandomCrop::new(height, width).padding(short / 6).border(Border::Reflect);
    show("RandomCrop", "mirrored border", Box::new(crop));
    show(
        "RandomResizedCrop",
        "scale 0.3 to 1",
        Box::new(RandomResizedCrop::new(height, width).scale(0.3, 1.0)),
    );
    show("RandomRotation", "30°", Box::new(RandomRotation::new(30.0)));
    show("RandomAffine", "scale 0.3", Box::new(RandomAffine::new().scale(0.3)));
    show("RandomAffine", "shear 25°", Box::new(RandomAffine::new().shear(25.0)));
    show("RandomAffine", "translate 0.2", Box::new(RandomAffine::new().translate(0.2).fill(0.5)));
    show(
        "RandomPerspective",
        "distortion 0.6",
        Box::new(RandomPerspective::new().distortion_scale(0.6).p(1.0)),
    );
    let sigma = h.min(w) / 14.0;
    let elastic = ElasticTransform::new().alpha(16.0 * sigma * sigma / 4.0).sigma(sigma);
    show("ElasticTransform", "σ a fourteenth", Box::new(elastic));
    show("ColorJitter", "brightness 0.6", Box::new(ColorJitter::new().brightness(0.6)));
    show("ColorJitter", "contrast 0.8", Box::new(ColorJitter::new().contrast(0.8)));
    show("ColorJitter", "saturation 1", Box::new(ColorJitter::new().saturation(1.0)));
    show("ColorJitter", "hue 0.5", Box::new(ColorJitter::new().hue(0.5)));
    show("PcaNoise", "σ 1", Box::new(PcaNoise::imagenet(1.0)));
    show("Grayscale", "", Box::new(Grayscale::new(3)));
    show("GaussianBlur", "σ 0.1 to 4", Box::new(GaussianBlur::new((17, 17)).sigma(0.1, 4.0)));
    show("GaussianNoise", "σ 0.15", Box::new(GaussianNoise::new().sigma(0.15)));
    show("SaltAndPepper", "a tenth", Box::new(SaltAndPepper::new(0.1)));
    show("RandomErasing", "", Box::new(RandomErasing::new().p(1.0).value(0.6)));
    show("Cutout", "a third", Box::new(Cutout::new(short / 3).value(0.6)));
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let batch = || Batch { inputs: originals.clone(), labels: vec![0; originals.shape()[0]].into() };
    rows.push(Row {
        name: "Mixup",
        options: "α 1",
        pictures: Mixup::new(1.0).apply(&batch(), 1, &mut rng).inputs,
    });
    rows.push(Row {
        name: "CutMix",
        options: "α 1",
        pictures: CutMix::new(1.0).apply(&batch(), 1, &mut rng).inputs,
    });
    rows
}
