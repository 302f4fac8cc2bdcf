//! Label files that are damaged, lie or mean harm: each a clear error, none a panic.

use crate::{coco_labels, voc_labels};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::time::Instant;
use wengert::data::detection::{coco, voc, yolo};

/// The bytes of a file of each format and what the message must contain.
type Table = Vec<(Vec<u8>, String)>;

fn check<T: std::fmt::Debug>(table: Table, parse: impl Fn(&[u8]) -> Result<T, wengert::data::Error>) {
    for (bytes, expected) in table {
        let started = Instant::now();
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
        let error = match parse(&bytes) {
            Err(error) => error.to_string(),
            Ok(read) => panic!("`{shown}` was read as {read:?}"),
        };
        assert!(error.starts_with("bytes") && error.contains(&expected), "`{shown}`: {error}");
        assert!(error.len() < 500, "a message of {} bytes: {error}", error.len());
        assert!(started.elapsed().as_secs() < 5, "`{shown}` took {:?}", started.elapsed());
    }
}

fn row(text: impl Into<Vec<u8>>, expected: impl Into<String>) -> (Vec<u8>, String) {
    (text.into(), expected.into())
}

#[test]
fn voc_files() {
    let good = voc_labels::FILE;
    let with = |from: &str, to: &str, expected: &str| {
        assert!(good.contains(from), "{from}");
        row(good.replacen(from, to, 1), expected)
    };
    let entities = format!(
        "<!DOCTYPE annotation [<!ENTITY a \"{}\"><!ENTITY b \"{}\">]>{}",
        "x".repeat(64),
        "&a;".repeat(64),
        good.split_once("?>").unwrap().1.replace("person", "&b;")
    );
    let deep =
        |depth: usize| format!("<annotation>{}{}</annotation>", "<a>".repeat(depth), "</a>".repeat(depth));
    let attributes: String = (0..200_000).map(|i| format!(" a{i}=\"\"")).collect();
    let namespaces: String = (0..20_000).map(|i| format!("<a xmlns:n{i}=\"u{i}\">")).collect();
    check(
        vec![
            row("", "not XML: "),
            row(" \r\n", "not XML: "),
            row("person", "not XML: "),
            row(&good[..good.len() / 2], "not XML: "),
            row(&good[..good.len() - 3], "not XML: "),
            row("<html></html>", "root element: expected <annotation>, found <html>"),
            row(b"<annotation>\xff</annotation>".to_vec(), "expected UTF-8, found 0xff at byte 12"),
            row(b"\xff\xfe<\0a\0".to_vec(), "expected UTF-8, found the mark of UTF-16"),
            row(entities, "not XML: "),
            row(deep(100_000), "there is no <filename> in <annotation>"),
            row(deep(400_000), "not XML: nodes limit"),
            row(format!("<annotation{attributes}></annotation>"), "elements without attributes"),
            row(format!("<annotation>{namespaces}"), "elements without attributes"),
            row(vec![b' '; 5 << 20], "longer than the 4194304 bytes"),
            with("<filename>000019.jpg</filename>", "", "line 2: there is no <filename> in <annotation>"),
            with("000019.jpg", "", "line 4: filename: expected the name of a file"),
            with("000019.jpg", "../../etc/passwd", "filename: expected the name of a file below the folder"),
            with("000019.jpg", "/etc/passwd", "filename: expected the name of a file"),
            with("<depth>", "<width>3</width><depth>", "<width> is there twice"),
            with("<width>500</width>", "", "there is no <width> in <size>"),
            with(
                "<width>500",
                "<width>0",
                "line 7: width: expected a whole number from 1 to 1048576, found 0",
            ),
            with("<width>500", "<width>-500", "width: expected a whole number"),
            with("<width>500", "<width>500.5", "width: expected a whole number"),
            with("<width>500", "<width>99999999999999999999", "width: expected a whole number"),
            with("<width>500", "<width>1e999", "width: expected a finite number, found `1e999`"),
            with("<name>person</name>", "", "object 0, line 12: there is no <name> in <object>"),
            with(
                "<name>person",
                "<name> ",
                "object 0, line 13: name: expected the name of a class, found nothing",
            ),
            with("<name>person", "<name><b>person</b>", "name: expected text, found <b>"),
            with("<name>person", "<name>a</name><name>person", "object 0, line 13: <name> is there twice"),
            with("<difficult>1", "<difficult>yes", "difficult: expected 0 or 1, found `yes`"),
            with("<xmin>1<", "<xmin>NaN<", "object 0, line 18: xmin: expected a finite number, found `NaN`"),
            with("<xmin>1<", "<xmin>-inf<", "xmin: expected a finite number, found `-inf`"),
            with("<xmin>1<", "<xmin><", "xmin: expected a finite number, found ``"),
            with("<xmin>1<", "<xmin>1 2<", "xmin: expected a finite number"),
            with("<xmin>1<", "<xmin>-0.5<", "object 0, line 17: bndbox: expected a box inside"),
            with("<xmin>1<", "<xmin>501<", "bndbox: expected a box with a width and a height above 0"),
            with(
                "<xmin>1<",
                "<xmin>-1<",
                "bndbox: expected a box inside the picture of 500 × 375 pixels, found x from -2",
            ),
            with("<ymax>247.5<", "<ymax>377<", "bndbox: expected a box inside"),
            with("<ymax>247.5<", "<ymax>7<", "bndbox: expected a box with a width and a height above 0"),
            with("\t\t\t<ymax>247.5</ymax>\n", "", "object 0, line 17: there is no <ymax> in <bndbox>"),
            with(
                "<name>person",
                &format!("<difficult>{}</difficult><name>person", "9".repeat(100_000)),
                "is there twice",
            ),
        ],
        voc::parse,
    );
}

#[test]
fn coco_files() {
    let text = coco_labels::file().to_string();
    let with = |change: &dyn Fn(&mut Value), expected: &str| {
        let mut file = coco_labels::file();
        change(&mut file);
        row(file.to_string(), expected)
    };
    let field = |list: &str, i: usize, field: &str, value: Value, expected: &str| {
        with(&|file| file[list][i][field] = value.clone(), expected)
    };
    let without = |list: &str, i: usize, field: &str| {
        let expected = format!("{list}[{i}]: there is no {field}");
        with(&|file| drop(file[list][i].as_object_mut().unwrap().remove(field).unwrap()), &expected)
    };
    let bbox = |value: Value, expected: &str| field("annotations", 2, "bbox", value, expected);
    let in_text = |from: &str, to: &str, expected: &str| {
        assert!(text.contains(from), "{from}");
        row(text.replacen(from, to, 1), expected)
    };
    check(
        vec![
            row("", "not JSON labels: EOF"),
            row("[]", "expected an object of images, annotations and categories"),
            row("{}", "there is no list `images`"),
            row(r#"{"images": [], "images": []}"#, "images is there twice"),
            row(r#"{"images": {}}"#, "images: not JSON labels: invalid type: map, expected a list of images"),
            row(r#"{"images": [7]}"#, "images[0]: not JSON labels: invalid type"),
            row(r#"{"images": [], "categories": []}"#, "there is no list `annotations`"),
            row(&text[..text.len() - 1], "not JSON labels: EOF"),
            row(&text[..text.len() / 2], "not JSON labels: EOF"),
            row(format!("{text}]"), "not JSON labels: trailing characters"),
            row(b"{\"images\": [{\"file_name\": \"\xff\"}]}".to_vec(), "images[0]: not JSON labels: "),
            row(b"\xff\xfe{\0}\0".to_vec(), "expected UTF-8, found the mark of UTF-16"),
            row(format!("{{\"info\": {}", "[".repeat(100_000)), "not JSON labels: "),
            row(
                format!("{{\"images\": [{{\"id\": {}", "[".repeat(100_000)),
                "images[0]: not JSON labels: EOF while parsing a list",
            ),
            row(
                format!("{{\"images\": [{{\"id\": 1, \"id\": {}", "9".repeat(100_000)),
                "images[0]: not JSON labels: ",
            ),
            without("images", 1, "id"),
            without("images", 0, "file_name"),
            without("images", 0, "width"),
            without("annotations", 0, "id"),
            without("annotations", 1, "image_id"),
            without("annotations", 2, "category_id"),
            without("annotations", 1, "bbox"),
            without("categories", 1, "id"),
            without("categories", 0, "name"),
            field(
                "images",
                1,
                "id",
                json!(-1),
                "images[1]: id: expected a whole number, 0 or more, found -1",
            ),
            field("images", 1, "id", json!("7"), "id: expected a whole number"),
            field("images", 1, "id", json!(7.5), "id: expected a whole number"),
            field("images", 1, "id", json!(139), "images[1]: the id 139 is there twice, first in images[0]"),
            field(
                "images",
                1,
                "width",
                json!(0),
                "images[1]: width: expected a whole number from 1 to 1048576, found 0",
            ),
            field("images", 1, "height", json!(1e300), "height: expected a whole number"),
            field("images", 1, "height", json!("48"), "height: expected a finite number, found \"48\""),
            field(
                "images",
                1,
                "file_name",
                json!("../x.jpg"),
                "file_name: expected the name of a file below",
            ),
            field("images", 1, "file_name", json!(3), "file_name: expected a text, found 3"),
            field(
                "categories",
                1,
                "id",
                json!(72),
                "categories[1]: the id 72 is there twice, first in categories[0]",
            ),
            field("categories", 1, "name", json!("tv"), "categories: the class `tv` is there twice"),
            field(
                "annotations",
                1,
                "id",
                json!(900),
                "annotations[1]: the id 900 is there twice, first in annotations[0]",
            ),
            field(
                "annotations",
                1,
                "image_id",
                json!(8),
                "image_id: expected the id of one of the 2 images, found 8",
            ),
            field(
                "annotations",
                0,
                "category_id",
                json!(2),
                "annotations[0]: category_id: expected the id of one of the 2 categories, found 2",
            ),
            field("annotations", 1, "iscrowd", json!(2), "annotations[1]: iscrowd: expected 0 or 1, found 2"),
            field("annotations", 1, "iscrowd", json!(true), "iscrowd: expected 0 or 1, found true"),
            field(
                "annotations",
                1,
                "area",
                json!(-4),
                "area: expected a number of pixels, 0 or more, found -4",
            ),
            field("annotations", 1, "area", json!([1]), "area: expected a finite number, found a list of 1"),
            bbox(
                json!([1, 2, 3]),
                "annotations[2]: bbox: expected [left, top, width, height], found a list of 3",
            ),
            bbox(json!([1, 2, 3, 4, 5]), "bbox: expected [left, top, width, height], found a list of 5"),
            bbox(json!({"x": 1}), "bbox: expected [left, top, width, height], found an object"),
            bbox(json!([1, 2, [3, 3], 4]), "bbox: expected a finite number, found a list of 2"),
            bbox(json!([1, 2, null, 4]), "bbox: expected a finite number, found null"),
            bbox(json!([1, 2, "3", 4]), "bbox: expected a finite number, found \"3\""),
            bbox(json!([1, 2, -3, 4]), "bbox: expected a box with a width and a height above 0"),
            bbox(json!([1, 2, 3, 0]), "bbox: expected a box with a width and a height above 0"),
            bbox(
                json!([-3, 2, 10, 4]),
                "bbox: expected a box inside the picture of 640 × 426 pixels, found x from -3",
            ),
            bbox(json!([600, 2, 50, 4]), "bbox: expected a box inside"),
            bbox(json!([1e308, 2, 1e308, 4]), "bbox: expected a box "),
            bbox(json!([640.5, 2, 0.5, 4]), "bbox: expected a box inside"),
            in_text("[1,2,3,4]", "[1,2,NaN,4]", "annotations[2]: not JSON labels: "),
            in_text("[1,2,3,4]", "[1,2,1e999,4]", "annotations[2]: not JSON labels: number out of range"),
            in_text(
                "\"bbox\":[1,2,3,4]",
                "\"bbox\":[1,2,3,4],\"bbox\":[1,2,3,4]",
                "annotations[2]: not JSON labels: duplicate field `bbox`",
            ),
        ],
        coco::parse,
    );
}

#[test]
fn yolo_files() {
    let parse = |bytes: &[u8]| yolo::parse(bytes, 3, (64, 48));
    check(
        vec![
            row("0", "line 1: columns: expected the five columns class, x, y, width, height, found 1"),
            row("0 0.5 0.5 0.5", "columns: expected the five columns"),
            row("0 0.5 0.5 0.5 0.5 0.9", "found more"),
            row("\n\n0,0.5,0.5,0.5,0.5", "line 3: columns"),
            row("3 0.5 0.5 0.5 0.5", "line 1: class: expected an index below 3, found `3`"),
            row("-1 0.5 0.5 0.5 0.5", "class: expected an index below 3, found `-1`"),
            row("1.0 0.5 0.5 0.5 0.5", "class: expected an index below 3, found `1.0`"),
            row("99999999999999999999999 0.5 0.5 0.5 0.5", "class: expected an index"),
            row("cat 0.5 0.5 0.5 0.5", "class: expected an index below 3, found `cat`"),
            row("0 nan 0.5 0.5 0.5", "line 1: x: expected a finite number, found `nan`"),
            row("0 0.5 inf 0.5 0.5", "y: expected a finite number, found `inf`"),
            row("0 0.5 0.5 1e999 0.5", "width: expected a finite number, found `1e999`"),
            row("0 0.5 0.5 0.5 ½", "height: expected a finite number, found `½`"),
            row("0 0.5 0.5 0 0.5", "box: expected a box with a width and a height above 0"),
            row("0 0.5 0.5 0.5 -0.5", "box: expected a box with a width and a height above 0"),
            row("0 0.9 0.5 0.5 0.5", "box: expected a box inside the picture of 64 × 48 pixels"),
            row("0 32 24 10 10", "box: expected a box inside"),
            row("0 1e308 0.5 1e308 0.5", "box: expected a box "),
            row(format!("0 {} 0.5 0.5 0.5", "x".repeat(100_000)), "x: expected a finite number"),
            row(format!("0{}", " 1".repeat(1_000_000)), "found more"),
            row(b"0 0.5 0.5 \xe4 0.5".to_vec(), "expected UTF-8, found 0xe4 at byte 10"),
            row(b"\xfe\xff\x000".to_vec(), "expected UTF-8, found the mark of UTF-16"),
            row(vec![b'\n'; 5 << 20], "longer than the 4194304 bytes"),
        ],
        parse,
    );
    for (size, expected) in [((0, 48), "width of the picture"), ((64, 1 << 40), "height of the picture")] {
        let error = yolo::parse(b"", 3, size).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

/// A file with some bytes changed, taken out, put in or cut off.
fn damaged(good: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<prop::sample::Index>(), 0..4u8, any::<u8>());
    prop::collection::vec(edit, 1..8).prop_map(move |edits| {
        let mut bytes = good.clone();
        for (at, kind, byte) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, byte),
                _ => bytes.truncate(bytes.len() - at % 16),
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damaged_files_are_read_or_refused(
        xml in damaged(voc_labels::FILE.as_bytes().to_vec()),
        json in damaged(coco_labels::file().to_string().into_bytes()),
        text in damaged(b"0 0.5 0.5 0.25 0.5\n2 0.1 0.1 0.2 0.2\n".to_vec()),
        noise in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        for bytes in [&xml, &json, &text, &noise] {
            if let Ok(annotation) = voc::parse(bytes) {
                prop_assert!(annotation.objects.iter().all(|object| object.bounding_box.area() > 0.0));
            }
            if let Ok(labels) = coco::parse(bytes) {
                let pictures = labels.dataset().pictures();
                prop_assert!(pictures.iter().flat_map(|p| &p.objects).all(|object| object.bounding_box.area() > 0.0));
            }
            if let Ok(objects) = yolo::parse(bytes, 3, (64, 48)) {
                prop_assert!(objects.iter().all(|object| object.class < 3 && object.bounding_box.x2 <= 64.0));
            }
        }
    }
}
