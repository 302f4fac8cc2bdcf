//! What is written in each format is what was read.

use proptest::prelude::*;
use wengert::data::detection::voc::{AnnotatedObject, Annotation};
use wengert::data::detection::{AnnotatedPicture, BoundingBox, DetectionDataset, Object, coco, voc, yolo};

fn bounding_box(width: usize, height: usize) -> impl Strategy<Value = BoundingBox> {
    let side = |length: usize| {
        (0.0..0.99, 0.005..1.0).prop_map(move |(from, share): (f64, f64)| {
            let from = from * length as f64;
            (from, from + share * (length as f64 - from))
        })
    };
    (side(width), side(height)).prop_map(|((x1, x2), (y1, y2))| BoundingBox::new(x1, y1, x2, y2))
}

/// Any text that XML can hold, without blanks at its ends.
fn name() -> impl Strategy<Value = String> {
    "[!-~ä☃]([ -~ä☃]{0,12}[!-~ä☃])?"
}

fn near(a: &BoundingBox, b: &BoundingBox) -> bool {
    let off = [a.x1 - b.x1, a.y1 - b.y1, a.x2 - b.x2, a.y2 - b.y2];
    off.iter().all(|off| off.abs() < 1e-9)
}

fn sized<T: std::fmt::Debug>(
    of: impl Fn(usize, usize) -> BoxedStrategy<T>,
) -> impl Strategy<Value = (usize, usize, T)> {
    (1usize..2000, 1usize..2000)
        .prop_flat_map(move |(width, height)| (Just(width), Just(height), of(width, height)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn voc(
        file_name in "[a-z0-9_ äö&<>]{1,12}",
        (width, height, objects) in sized(|width, height| {
            let object = (name(), bounding_box(width, height), any::<[bool; 3]>());
            prop::collection::vec(object, 0..6).boxed()
        }),
    ) {
        prop_assume!(file_name.trim() == file_name);
        let objects: Vec<_> = objects
            .into_iter()
            .map(|(name, bounding_box, [difficult, truncated, occluded])| {
                AnnotatedObject { name, bounding_box, difficult, truncated, occluded }
            })
            .collect();
        let written = Annotation { file_name, width, height, objects };
        let mut read = voc::parse(voc::encode(&written).as_bytes()).unwrap();
        for (read, written) in read.objects.iter_mut().zip(&written.objects) {
            // One is added and taken away again.
            prop_assert!(near(&read.bounding_box, &written.bounding_box));
            read.bounding_box = written.bounding_box;
        }
        prop_assert_eq!(read, written);
    }

    #[test]
    fn coco(
        pictures in prop::collection::vec(
            sized(|width, height| {
                let object = (bounding_box(width, height), 0usize..3, any::<bool>(), prop::option::of(0.0..1e6));
                prop::collection::vec(object, 0..5).boxed()
            }),
            0..4,
        ),
        names in prop::array::uniform2(".{0,10}"),
    ) {
        prop_assume!(names[0] != names[1] && names.iter().all(|name| name != "third"));
        let pictures: Vec<_> = pictures
            .into_iter()
            .enumerate()
            .map(|(i, (width, height, objects))| {
                let objects = objects.into_iter().map(|(b, class, crowd, outline_area)| Object {
                    crowd,
                    outline_area,
                    ..Object::new(b, class)
                });
                AnnotatedPicture::in_file(format!("train/{i}.jpg"), width, height, objects.collect())
            })
            .collect();
        let names = [names[0].clone(), names[1].clone(), "third".to_owned()];
        let written = DetectionDataset::new(pictures, names).unwrap();
        let read = coco::parse(coco::encode(&written, "").unwrap().as_bytes()).unwrap().into_dataset();
        prop_assert_eq!(read.class_names(), written.class_names());
        prop_assert_eq!(read.len(), written.len());
        for (read, written) in read.pictures().iter().zip(written.pictures()) {
            prop_assert_eq!((read.path(), read.width, read.height), (written.path(), written.width, written.height));
            prop_assert_eq!(read.objects.len(), written.objects.len());
            for (read, written) in read.objects.iter().zip(&written.objects) {
                prop_assert!(near(&read.bounding_box, &written.bounding_box));
                prop_assert_eq!((read.class, read.crowd), (written.class, written.crowd));
                prop_assert!((read.area() - written.area()).abs() <= 1e-9 * written.area());
            }
        }
    }

    #[test]
    fn yolo(
        (width, height, objects) in sized(|width, height| {
            prop::collection::vec((bounding_box(width, height), 0usize..7), 0..6).boxed()
        }),
    ) {
        let written: Vec<Object> = objects.into_iter().map(|(b, class)| Object::new(b, class)).collect();
        let read = yolo::parse(yolo::encode(&written, (width, height)).as_bytes(), 7, (width, height)).unwrap();
        prop_assert_eq!(read.len(), written.len());
        for (read, written) in read.iter().zip(&written) {
            prop_assert!(near(&read.bounding_box, &written.bounding_box));
            prop_assert_eq!(read.class, written.class);
        }
    }
}
