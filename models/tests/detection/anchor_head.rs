//! The head of YOLOv2 and YOLOv3: assignment, loss, decoding.

use std::slice::from_ref;

use wengert::autodiff::check::Check;
use wengert::data::detection::{BoundingBox, Detection, Object};
use wengert::models::detection::{
    AnchorHead, AnchorLoss, BoxLoss, ClassScores, DetectionHead, DetectionLoss, ObjectnessLoss, Overlap,
};
use wengert::prelude::*;

use crate::scenes::random;

fn object(x: f64, y: f64, w: f64, h: f64, class: usize) -> Object {
    Object::new(BoundingBox::from_center(x, y, w, h), class)
}

fn v2() -> AnchorHead {
    AnchorHead::new(3).map(8, [(6.0, 9.0), (14.0, 5.0)])
}

fn v3() -> AnchorHead {
    AnchorHead::v3(3).map(8, [(6.0, 9.0), (14.0, 5.0)]).map(4, [(3.0, 2.0)])
}

/// Two pictures of 24×16 and one without objects.
fn objects() -> Vec<Vec<Object>> {
    vec![
        vec![object(5.3, 6.1, 7.0, 8.0, 1), object(18.2, 11.4, 12.0, 6.0, 2)],
        vec![],
        vec![object(9.7, 3.3, 3.5, 2.2, 0)],
    ]
}

fn maps(head: &AnchorHead, seed: u64) -> Vec<Tensor<f64>> {
    let map = |(at, stride)| random(&[3, head.channels(at), 16 / stride, 24 / stride], seed + at as u64);
    head.strides().into_iter().enumerate().map(map).collect()
}

fn parts(loss: DetectionLoss<f64>) -> [Tensor<f64>; 3] {
    [loss.boxes, loss.objectness, loss.classes]
}

#[test]
fn gradients_are_those_of_the_differences() {
    let losses = [
        v2(),
        v2().anchor_loss(AnchorLoss::v2().prior_scale(0.01).rescore(false).small_boxes(false)),
        v2().anchor_loss(AnchorLoss::v2().box_loss(BoxLoss::CrossEntropy)),
        v3(),
        v3().anchor_loss(
            AnchorLoss::v3().box_loss(BoxLoss::SquaredError).objectness(ObjectnessLoss::SquaredError),
        ),
        v3().class_scores(ClassScores::Softmax),
        v3().anchor_loss(AnchorLoss::v3().box_loss(BoxLoss::Overlap(Overlap::Giou))),
        v3().anchor_loss(AnchorLoss::v3().box_loss(BoxLoss::Overlap(Overlap::Diou))),
    ];
    for head in losses {
        let maps = maps(&head, 3);
        let targets = head.assign(&maps, &objects());
        assert_eq!(targets.assigned(), 3, "{head:?}");
        let check = Check::new().order(2).directions(6);
        check.gradients(|maps| parts(head.loss_for(maps, &targets)), &maps).unwrap().assert();
        Check::new().gradients(|maps| parts(head.loss_for(maps, &targets)), &maps).unwrap().assert();
    }
}

#[test]
fn a_map_that_says_what_is_there_is_decoded_to_it_and_costs_nothing() {
    for head in [v2(), v3()] {
        let objects = objects();
        let maps: Vec<Tensor<f64>> = maps(&head, 5).iter().map(|map| map * 0.0).collect();
        // What each box should be, where the objects' centres and shapes put them.
        let mut numbers: Vec<Vec<f64>> = maps.iter().map(Tensor::to_vec).collect();
        for (map, numbers) in maps.iter().zip(&mut numbers) {
            let cells = map.shape()[2] * map.shape()[3];
            let objectness = numbers.chunks_mut(cells).enumerate().filter(|(channel, _)| channel % 8 == 4);
            objectness.for_each(|(_, cells)| cells.fill(-40.0));
        }
        let logit = |p: f64| (p / (1.0 - p)).ln();
        for (picture, objects) in objects.iter().enumerate() {
            for object in objects {
                let ((x, y), b) = (object.bounding_box.center(), &object.bounding_box);
                let shape_iou = |[w, h]: [f64; 2]| {
                    BoundingBox::from_corner(0.0, 0.0, w, h).iou(&BoundingBox::from_corner(
                        0.0,
                        0.0,
                        b.width(),
                        b.height(),
                    ))
                };
                let all = (0..maps.len()).flat_map(|at| (0..head.anchors(at).len()).map(move |a| (at, a)));
                let (at, a) = all
                    .max_by(|&(i, j), &(k, l)| {
                        shape_iou(head.anchors(i)[j]).total_cmp(&shape_iou(head.anchors(k)[l]))
                    })
                    .unwrap();
                let stride = head.strides()[at] as f64;
                let (column, row) = ((x / stride).floor(), (y / stride).floor());
                let (rows, columns) = (maps[at].shape()[2], maps[at].shape()[3]);
                let mut set = |entry: usize, value: f64| {
                    let channel = a * 8 + entry;
                    let place = ((picture * maps[at].shape()[1] + channel) * rows + row as usize) * columns;
                    numbers[at][place + column as usize] = value;
                };
                set(0, logit(x / stride - column));
                set(1, logit(y / stride - row));
                set(2, (b.width() / head.anchors(at)[a][0]).ln());
                set(3, (b.height() / head.anchors(at)[a][1]).ln());
                set(4, 40.0);
                (0..3).for_each(|class| set(5 + class, if class == object.class { 40.0 } else { -40.0 }));
            }
        }
        let pairs = maps.iter().zip(numbers);
        let maps: Vec<Tensor<f64>> = pairs.map(|(map, n)| Tensor::from_vec(map.shape(), n)).collect();
        let found = head.decode(&maps, 0.5);
        for (found, objects) in found.iter().zip(&objects) {
            assert_eq!(found.len(), objects.len());
            for object in objects {
                let same = |d: &&Detection| d.class == object.class;
                let one = found.iter().find(same).expect("each has its own class");
                assert!(one.bounding_box.iou(&object.bounding_box) > 1.0 - 1e-9 && one.score > 0.999);
            }
        }
        let plain = head.anchor_loss(AnchorLoss::v2());
        assert!(plain.loss(&maps, &objects).total().item() < 1e-12);
    }
}

#[test]
fn the_first_of_two_objects_in_one_cell_and_anchor_keeps_it() {
    let head = v2();
    let maps = maps(&head, 7);
    let (first, second) = (object(3.0, 3.0, 6.0, 9.0, 0), object(4.0, 5.0, 6.5, 9.0, 2));
    let other_anchor = object(4.0, 5.0, 14.0, 5.0, 2);
    let one = vec![vec![first.clone()], vec![], vec![]];
    let both = vec![vec![first.clone(), second.clone()], vec![], vec![]];
    assert_eq!(head.assign(&maps, &both).assigned(), 1);
    assert_eq!(head.assign(&maps, &[vec![first, other_anchor], vec![], vec![]]).assigned(), 2);
    let classes = |objects: &[Vec<Object>]| head.loss(&maps, objects).classes.item();
    assert_eq!(classes(&one), classes(&both));
    assert_ne!(classes(&one), classes(&[vec![second], vec![], vec![]]));
}

#[test]
fn what_is_no_target_is_left_out() {
    let head = v2();
    let maps = maps(&head, 9);
    let nothing = vec![vec![], vec![], vec![]];
    let with = |object| head.assign(&maps, &[vec![object], vec![], vec![]]);
    for (x, y, w, h) in [
        (-1.0, 3.0, 6.0, 9.0),
        (24.0, 3.0, 6.0, 9.0),
        (3.0, 16.0, 6.0, 9.0),
        (3.0, 3.0, 0.0, 9.0),
        (3.0, 3.0, 6.0, -9.0),
        (3.0, 3.0, f64::INFINITY, 9.0),
        (f64::NAN, 3.0, 6.0, 9.0),
    ] {
        assert_eq!(with(object(x, y, w, h, 0)).assigned(), 0, "{x} {y} {w} {h}");
    }
    assert_eq!(with(object(23.999, 15.999, 6.0, 9.0, 0)).assigned(), 1);
    // A crowd is no target, but what lies on it is not punished.
    let shown = head.decode(&maps, 0.0);
    let covered = shown[0][0].bounding_box;
    let crowd = Object { crowd: true, ..Object::new(covered, 0) };
    let difficult = Object { difficult: true, ..Object::new(covered, 0) };
    let cost = |objects: &[Vec<Object>]| head.loss(&maps, objects).objectness.item();
    for object in [crowd, difficult] {
        assert_eq!(with(object.clone()).assigned(), 0);
        assert!(cost(&[vec![object], vec![], vec![]]) < cost(&nothing));
    }
}

#[test]
fn an_object_that_reaches_far_out_of_the_picture_has_no_negative_weight() {
    // Of the anchor's shape, and three times as wide and high as the picture of 24×16.
    let head = AnchorHead::new(1).map(8, [(72.0, 48.0)]);
    let map: Tensor<f64> = random(&[1, head.channels(0), 2, 3], 4);
    let boxes = |object| head.loss(from_ref(&map), &[vec![object]]).boxes.item();
    let whole = object(12.0, 8.0, 72.0, 48.0, 0);
    let unweighted = head.clone().anchor_loss(AnchorLoss::v2().small_boxes(false));
    let expected = unweighted.loss(from_ref(&map), &[vec![whole.clone()]]).boxes.item();
    assert!(expected > 0.0);
    assert_eq!(boxes(whole), expected);
}

#[test]
fn batches_and_maps_without_anything_cost_nothing_and_stay_finite() {
    for head in [v2(), v3()] {
        let no_picture = |(at, stride)| Tensor::zeros([0, head.channels(at), 16 / stride, 24 / stride]);
        let none: Vec<Tensor<f32>> = head.strides().into_iter().enumerate().map(no_picture).collect();
        assert_eq!(head.loss(&none, &[]).total().item(), 0.0);
        assert!(head.decode(&none, 0.0).is_empty());
        let tape = Tape::new();
        let maps: Vec<Tensor<f32>> =
            maps(&head, 1).iter().map(|map| tape.variable(map.cast::<f32>() * 50.0)).collect();
        let loss = head.loss(&maps, &[vec![], vec![], vec![]]).total();
        let grads = loss.backward();
        for map in &maps {
            assert!(grads.get(map).unwrap().to_vec().iter().all(|g| g.is_finite()));
        }
    }
}

#[test]
fn numbers_that_are_none_give_no_detections() {
    let head = AnchorHead::v2(2, [(20.0, 10.0)]);
    for entry in 0..7 {
        let mut numbers = vec![1.0; 7];
        numbers[entry] = f64::NAN;
        let found = head.decode(&[Tensor::<f64>::from_vec([1, 7, 1, 1], numbers)], 0.1);
        assert!(found[0].is_empty(), "{entry}: {found:?}");
    }
}

#[test]
#[should_panic(expected = "object 0 of picture 2 has class 3, the head has 3 classes")]
fn a_class_that_is_none_is_refused() {
    let head = v2();
    let _ = head.assign(&maps(&head, 0), &[vec![], vec![], vec![object(1.0, 1.0, 2.0, 2.0, 3)]]);
}

#[test]
#[should_panic(expected = "there are objects of 1 pictures for maps of 3")]
fn other_pictures_are_refused() {
    let head = v2();
    let _ = head.assign(&maps(&head, 0), &[vec![]]);
}

#[test]
#[should_panic(expected = "has 15 channels, not those of 2 anchors with 5 + 3 numbers")]
fn a_map_of_other_channels_is_refused() {
    let _ = DetectionHead::<f32>::decode(&v2(), &[Tensor::zeros([1, 15, 2, 2])], 0.5);
}

#[test]
#[should_panic(expected = "are not of the same pictures at the strides [8, 4]")]
fn maps_of_other_pictures_are_refused() {
    let _ = DetectionHead::<f32>::decode(
        &v3(),
        &[Tensor::zeros([1, 16, 2, 2]), Tensor::zeros([1, 8, 2, 2])],
        0.5,
    );
}

#[test]
fn absurd_configurations_are_errors() {
    let cases = [
        (AnchorHead::new(0).map(8, [(1.0, 1.0)]), "AnchorHead: classes is 0, expected at least 1"),
        (AnchorHead::new(1), "AnchorHead: scales is empty, expected at least one map"),
        (AnchorHead::new(1).map(0, [(1.0, 1.0)]), "AnchorHead: stride is 0, expected 1 to 65536"),
        (AnchorHead::new(1).map(usize::MAX, [(1.0, 1.0)]), "AnchorHead: stride is 18446744073709551615"),
        (AnchorHead::new(1).map(8, [[0.0; 2]; 0]), "AnchorHead: anchors is [], expected at least one pair"),
        (AnchorHead::new(1).map(8, [(1.0, f64::NAN)]), "AnchorHead: anchors is [[1.0, NaN]], expected"),
        (AnchorHead::new(1).map(8, [(-1.0, 1.0)]), "AnchorHead: anchors is [[-1.0, 1.0]], expected"),
        (
            v2().anchor_loss(AnchorLoss::v2().coord_scale(-1.0)),
            "AnchorLoss: coord_scale is -1, expected a finite number from 0 on",
        ),
        (
            v2().anchor_loss(AnchorLoss::v2().ignore_threshold(f64::NAN)),
            "AnchorLoss: ignore_threshold is NaN",
        ),
    ];
    for (head, expected) in cases {
        let error = head.check().unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    assert!(v2().check().is_ok() && v3().check().is_ok());
}

#[test]
#[should_panic(expected = "AnchorLoss: coord_scale is -1, expected a finite number from 0 on")]
fn a_head_that_is_none_is_refused_where_it_is_used() {
    let head = v2().anchor_loss(AnchorLoss::v2().coord_scale(-1.0));
    let _ = head.assign(&maps(&v2(), 0), &objects());
}

#[test]
#[should_panic(expected = "AnchorHead: stride is 0")]
fn a_head_without_cells_is_refused_where_it_is_used() {
    let head = AnchorHead::new(1).map(0, [(1.0, 1.0)]);
    let _ = head.decode(&[Tensor::<f32>::zeros([1, 6, 2, 2])], 0.5);
}
