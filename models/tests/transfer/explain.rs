//! Pictures of what a network looks at, on networks where they are known.

mod localization;

use wengert::models::vision::explain::{SmoothGrad, class_activation, grad_cam, input_gradient, saliency};
use wengert::prelude::*;

use crate::small::network;

/// One linear map of all pixels.
fn linear(inputs: usize, classes: usize, rng: &mut ChaCha8Rng) -> Sequential<f64> {
    Sequential::new().push(Flatten::new()).push(Linear::new(inputs, classes, rng))
}

fn weight(model: &Sequential<f64>) -> Tensor<f64> {
    model.get("1").unwrap().downcast_ref::<Linear<f64>>().unwrap().weight.value()
}

#[test]
fn of_a_linear_model_saliency_is_its_weights() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let model = linear(3 * 4 * 5, 6, &mut rng);
    let x: Tensor<f64> = Init::normal(0.0, 1.0).tensor([3, 3, 4, 5], &mut rng);
    let classes = Indices::from_vec([3], vec![5, 0, 5]);
    let rows = weight(&model).index_select(0, &classes).reshape([3, 3, 4, 5]);
    assert_eq!(input_gradient(&model, &x, &classes).to_vec(), rows.to_vec());
    assert_eq!(saliency(&model, &x, &classes).to_vec(), rows.abs().max(1).to_vec());
    // Its gradient is the same everywhere, so noise changes nothing.
    let smooth = SmoothGrad::new().samples(4).noise(0.5).saliency(&model, &x, &classes, &mut rng);
    assert!(smooth.to_vec().iter().zip(rows.abs().max(1).to_vec()).all(|(a, b)| (a - b).abs() < 1e-14));
}

#[test]
fn smooth_gradients_average_over_the_noise() {
    /// y = x², whose gradient 2x averages to 2x under symmetric noise.
    #[derive(Module)]
    struct Square;
    impl Layer<f64> for Square {
        fn forward(&self, x: &Tensor<f64>) -> Tensor<f64> {
            x.square().flatten_from(1)
        }
    }
    let x = Tensor::from_vec([1, 1, 1, 2], vec![0.0, 1.0]);
    let first = Indices::from_vec([1], vec![1]);
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut map = |noise, samples| {
        SmoothGrad::new().noise(noise).samples(samples).saliency(&Square, &x, &first, &mut rng).to_vec()
    };
    assert_eq!(map(0.0, 3), [0.0, 2.0]);
    // Of 400 draws with a deviation of 0.2, twice whose mean is added: within 5 standard errors, and not none.
    let noisy = map(0.2, 400)[1];
    assert!(noisy != 2.0 && (noisy - 2.0).abs() < 5.0 * 2.0 * 0.2 / 20.0, "{noisy}");
}

#[test]
fn behind_a_mean_over_all_places_grad_cam_is_the_class_activation_map() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let model = network(5).init::<f64>(&mut rng);
    let x: Tensor<f64> = Init::uniform(0.0, 1.0).tensor([3, 1, 8, 8], &mut rng);
    let classes = Indices::from_vec([3], vec![1, 4, 0]);
    // Zhou et al. (2016): Σ_k w[class, k]·A_k, here over the number of places, 4·4.
    let channels = model.features(&x, &["layer2.0"]).remove(0);
    assert_eq!(channels.shape(), [3, 16, 4, 4]);
    let w = model.fc.weight.value().index_select(0, &classes).reshape([3, 16, 1, 1]);
    let cam = (w * channels).sum(1).relu() / 16.0;
    let found = class_activation(&model, "layer2.0", &x, &classes);
    assert!(cam.to_vec().iter().any(|&x| x > 1e-4));
    assert!(found.to_vec().iter().zip(cam.to_vec()).all(|(a, b)| (a - b).abs() < 1e-12), "{found} {cam}");
    // The picture of it is twice as large.
    let heat = grad_cam(&model, "layer2.0", &x, &classes);
    assert_eq!(heat.shape(), [3, 8, 8]);
    let enlarge = Interpolate::size([8, 8]).mode(Interpolation::Bilinear);
    let expected = cam.unsqueeze(1).interpolate(enlarge).to_vec();
    assert!(heat.to_vec().iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12));
}

#[test]
fn maps_of_one_batch_do_not_depend_on_the_rest_of_it() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let model = network(3).init::<f64>(&mut rng);
    let x: Tensor<f64> = Init::uniform(0.0, 1.0).tensor([4, 1, 8, 8], &mut rng);
    let classes = Indices::from_vec([4], vec![2, 1, 0, 2]);
    let (all, heat) = (saliency(&model, &x, &classes), grad_cam(&model, "layer1.0", &x, &classes));
    for i in 0..4 {
        let (one, class) = (x.narrow(0, i, 1), Indices::from_vec([1], vec![classes.as_slice()[i as usize]]));
        let same = |a: &Tensor<f64>, b: Tensor<f64>| {
            a.select(0, i).to_vec().iter().zip(b.to_vec()).all(|(a, b)| (a - b).abs() < 1e-12)
        };
        assert!(same(&all, saliency(&model, &one, &class)));
        assert!(same(&heat, grad_cam(&model, "layer1.0", &one, &class)));
    }
}

#[test]
fn looking_leaves_the_model_as_it_is() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let model = network(3).init::<f32>(&mut rng);
    let before = model.to_bytes();
    let tape = Tape::training(0);
    let x = tape.constant(Init::uniform(0.0, 1.0).tensor::<f32>([2, 1, 8, 8], &mut rng));
    let classes = Indices::from_vec([2], vec![0, 1]);
    let heat = grad_cam(&model, "layer2.0", &x, &classes);
    let map = SmoothGrad::new().samples(2).saliency(&model, &x, &classes, &mut rng);
    assert_eq!(model.to_bytes(), before);
    assert!(model.parameters().iter().all(|parameter| !parameter.is_frozen()));
    // What is looked at may lie on a tape; what is seen does not.
    assert!(heat.tape().is_none() && map.tape().is_none() && tape.is_empty());
}

#[test]
fn no_pictures_have_no_maps() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let model = network(3).init::<f32>(&mut rng);
    let (none, classes) = (Tensor::zeros([0, 1, 8, 8]), Indices::from_vec([0], vec![]));
    assert_eq!(saliency(&model, &none, &classes).shape(), [0, 8, 8]);
    assert_eq!(SmoothGrad::new().saliency(&model, &none, &classes, &mut rng).shape(), [0, 8, 8]);
    assert_eq!(grad_cam(&model, "layer2.0", &none, &classes).shape(), [0, 8, 8]);
}

#[test]
fn a_single_pixel_has_a_map() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let model = network(3).init::<f64>(&mut rng);
    let (one, class) = (Tensor::ones([1, 1, 1, 1]), Indices::from_vec([1], vec![2]));
    assert_eq!(saliency(&model, &one, &class).shape(), [1, 1, 1]);
    assert_eq!(grad_cam(&model, "layer2.0", &one, &class).shape(), [1, 1, 1]);
}

fn small() -> (ResNet, Tensor) {
    (network(3).init(&mut ChaCha8Rng::seed_from_u64(9)), Tensor::zeros([2, 1, 8, 8]))
}

#[test]
#[should_panic(expected = "Grad-CAM: the stage `flatten` gives the shape [2, 16], which has no places")]
fn a_stage_without_places_panics() {
    let (model, x) = small();
    grad_cam(&model, "flatten", &x, &Indices::from_vec([2], vec![0, 1]));
}

#[test]
#[should_panic(
    expected = "no stage is named `layer9`; the stages are conv1, bn1, relu, layer1.0, layer2.0, avgpool"
)]
fn a_stage_that_is_not_there_panics() {
    let (model, x) = small();
    grad_cam(&model, "layer9", &x, &Indices::from_vec([2], vec![0, 1]));
}

#[test]
#[should_panic(expected = "input_gradient: there is no class 3 among 3")]
fn a_class_that_is_not_there_panics() {
    let (model, x) = small();
    saliency(&model, &x, &Indices::from_vec([2], vec![0, 3]));
}

#[test]
#[should_panic(expected = "SmoothGrad: 2 pictures need classes of shape [2], found [1]")]
fn as_many_classes_as_pictures_are_needed() {
    let (model, x) = small();
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    SmoothGrad::new().saliency(&model, &x, &Indices::from_vec([1], vec![0]), &mut rng);
}

#[test]
fn wrong_options_are_refused() {
    let errors: Vec<String> =
        [SmoothGrad::new().samples(0), SmoothGrad::new().noise(-0.1), SmoothGrad::new().noise(f64::NAN)]
            .iter()
            .map(|options| options.check().unwrap_err().to_string())
            .collect();
    assert!(
        errors[0].contains("samples") && errors[1].contains("noise") && errors[2].contains("NaN"),
        "{errors:?}"
    );
    let read: SmoothGrad = serde_json::from_str(r#"{"samples": 7}"#).unwrap();
    assert_eq!(read, SmoothGrad::new().samples(7));
    assert!(serde_json::from_str::<SmoothGrad>(r#"{"sample": 7}"#).is_err());
}
