//! Formats, areas, clipping.

use proptest::prelude::*;
use wengert::autodiff::check::Check;
use wengert::data::detection::BoundingBox;
use wengert::models::detection::{
    BoxFormat, box_area, box_convert, boxes_to_tensor, clip_boxes_to_image, tensor_to_boxes,
};
use wengert::prelude::*;

use crate::strategies::pairs;

const FORMATS: [BoxFormat; 3] = [BoxFormat::Xyxy, BoxFormat::Xywh, BoxFormat::Cxcywh];

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn each_format_is_that_of_the_plain_boxes([boxes, _] in pairs(0)) {
        let plain = tensor_to_boxes(&boxes);
        let numbers = |b: &BoundingBox, format| {
            let (w, h, (cx, cy)) = (b.width(), b.height(), b.center());
            match format {
                BoxFormat::Xyxy => b.edges(),
                BoxFormat::Xywh => [b.x1, b.y1, w, h],
                BoxFormat::Cxcywh => [cx, cy, w, h],
            }
        };
        let tensor = |format| {
            let all = plain.iter().flat_map(|b| numbers(b, format)).collect();
            Tensor::<f64>::from_vec([plain.len(), 4], all)
        };
        for (from, to) in FORMATS.into_iter().flat_map(|from| FORMATS.map(|to| (from, to))) {
            let found = box_convert(&tensor(from), from, to);
            prop_assert_eq!(found.shape(), boxes.shape());
            let expected = tensor(to).to_vec();
            prop_assert!(found.to_vec().iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-14));
        }
        let areas: Vec<f64> = plain.iter().map(BoundingBox::area).collect();
        prop_assert_eq!(box_area(&boxes).to_vec(), areas);
        let clipped: Vec<BoundingBox> = plain.iter().map(|b| b.clipped(5.5, 3.25)).collect();
        prop_assert_eq!(tensor_to_boxes(&clip_boxes_to_image(&boxes, (3.25, 5.5))), clipped);
    }

    #[test]
    fn gradients_are_right([boxes, _] in pairs(1)) {
        let boxes = [boxes];
        for (from, to) in FORMATS.into_iter().flat_map(|from| FORMATS.map(|to| (from, to))) {
            Check::new().order(2).gradients(|x| box_convert(&x[0], from, to), &boxes).unwrap().assert();
        }
        Check::new().order(2).gradients(|x| box_area(&x[0]), &boxes).unwrap().assert();
        // Between the places where edges stand.
        let clip = |x: &[Tensor<f64>]| clip_boxes_to_image(&x[0], (4.5, 5.5));
        Check::new().order(2).gradients(clip, &boxes).unwrap().assert();
    }
}

#[test]
fn any_number_of_axes_goes_before_the_last() {
    let boxes = Tensor::<f32>::ones([2, 0, 3, 4]);
    assert_eq!(box_area(&boxes).shape(), [2, 0, 3]);
    assert_eq!(box_convert(&boxes, BoxFormat::Xyxy, BoxFormat::Xywh).shape(), [2, 0, 3, 4]);
    assert_eq!(clip_boxes_to_image(&boxes, (1.0, 1.0)).shape(), [2, 0, 3, 4]);
    let one = Tensor::<f32>::from_vec([4], vec![1.0, 2.0, 3.0, 5.0]);
    assert_eq!(box_area(&one).item(), 6.0);
    assert_eq!(box_convert(&one, BoxFormat::Xyxy, BoxFormat::Cxcywh).to_vec(), [2.0, 3.5, 2.0, 3.0]);
    assert_eq!(boxes_to_tensor::<f32>(&[]).shape(), [0, 4]);
    assert_eq!(tensor_to_boxes(&Tensor::<f32>::zeros([0, 4])), []);
}

#[test]
fn a_format_has_a_name_in_files() {
    let names = FORMATS.map(|format| serde_json::to_string(&format).unwrap());
    assert_eq!(names, ["\"xyxy\"", "\"xywh\"", "\"cxcywh\""]);
    let error = serde_json::from_str::<BoxFormat>("\"cxcyhw\"").unwrap_err();
    assert!(error.to_string().contains("xyxy"), "{error}");
}

#[test]
#[should_panic(expected = "box_convert: boxes must have the shape [..., 4], not [4, 5]")]
fn five_numbers_are_no_box() {
    box_convert(&Tensor::<f32>::zeros([4, 5]), BoxFormat::Xyxy, BoxFormat::Xywh);
}

#[test]
#[should_panic(expected = "tensor_to_boxes: boxes must have the shape [n, 4], not [4]")]
fn one_box_is_no_list() {
    tensor_to_boxes(&Tensor::<f32>::zeros([4]));
}

#[test]
#[should_panic(expected = "clip_boxes_to_image: a picture of height -1 and width 2 has no inside")]
fn pictures_have_a_size() {
    clip_boxes_to_image(&Tensor::<f32>::zeros([1, 4]), (-1.0, 2.0));
}
