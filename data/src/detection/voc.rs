//! Pascal VOC's labels: an XML file a picture.
//!
//! Everingham, Van Gool, Williams, Winn and Zisserman, "The Pascal Visual Object Classes (VOC) challenge" (2010). The
//! files number pixels from 1 and name the first and last that belong to the object. Here a box has edges: `xmin`
//! becomes the left edge `xmin − 1`, `xmax` the right edge `xmax`.
//!
//! ```
//! use wengert::data::detection::{BoundingBox, voc};
//!
//! let file = "
//!     <annotation>
//!         <filename>000005.jpg</filename>
//!         <size><width>500</width><height>375</height><depth>3</depth></size>
//!         <object>
//!             <name>chair</name>
//!             <difficult>0</difficult>
//!             <bndbox><xmin>263</xmin><ymin>211</ymin><xmax>324</xmax><ymax>339</ymax></bndbox>
//!         </object>
//!     </annotation>";
//! let annotation = voc::parse(file.as_bytes())?;
//! assert_eq!(annotation.objects[0].name, "chair");
//! assert_eq!(annotation.objects[0].bounding_box, BoundingBox::new(262.0, 210.0, 324.0, 339.0));
//!
//! let error = voc::parse(file.replace("339", "33q").as_bytes()).unwrap_err();
//! assert_eq!(error.to_string(), "bytes, object 0, line 8: ymax: expected a finite number, found `33q`");
//! # Ok::<(), wengert::data::Error>(())
//! ```

use super::{
    AnnotatedPicture, BoundingBox, DetectionDataset, Object,
    checks::{self, Located, wrong},
};
use crate::{Error, LabelProblem, error::shortened};
use roxmltree::{Document, Node, ParsingOptions};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    path::{Path, PathBuf},
};

/// The twenty classes of VOC 2007 and later, in the order of their names.
pub const CLASSES: [&str; 20] = [
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
];

/// The most bytes of a label. VOC's longest has 20 thousand.
const MAX_BYTES: u64 = 1 << 22;

/// The most elements and texts of a label.
const MAX_NODES: u32 = 1 << 18;

/// The most equals signs of a label. VOC's elements have no attributes; the parser compares each with all others.
const MAX_EQUALS: usize = 1 << 10;

/// A label: the size of a picture and what stands in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotation {
    /// The name of the picture's file.
    pub file_name: String,
    /// The width of the picture in pixels.
    pub width: usize,
    /// The height of the picture in pixels.
    pub height: usize,
    /// What stands in it.
    pub objects: Vec<AnnotatedObject>,
}

/// An object of a label.
#[derive(Clone, Debug, PartialEq)]
pub struct AnnotatedObject {
    /// The name of its class.
    pub name: String,
    /// Its box: edges in pixels, cut to the picture.
    pub bounding_box: BoundingBox,
    /// Hard to recognize: it is not counted.
    pub difficult: bool,
    /// A part of it is outside the box.
    pub truncated: bool,
    /// A part of it is hidden.
    pub occluded: bool,
}

/// Reads a label, gzipped or not.
///
/// `filename`, `size` with `width` and `height`, and of each `object` `name` and `bndbox` must be there;
/// `difficult`, `truncated` and `occluded` are 0 where they are not. Everything else is passed over. Coordinates may
/// have fractions. A box that reaches over the picture's edge by up to a pixel is cut.
///
/// # Errors
/// When the file cannot be read, is no UTF-8, longer than 4 MiB or no XML, defines entities, lacks an element or has it
/// twice, a number is not finite, or a box is empty or not inside the picture. The error tells the line.
pub fn read(path: impl AsRef<Path>) -> Result<Annotation, Error> {
    let path = path.as_ref();
    let bytes = checks::bytes(path, MAX_BYTES)?;
    decode(&bytes).map_err(|located| located.in_file(&path.display().to_string()))
}

/// Reads a label from memory, else as [`read`].
///
/// # Errors
/// As [`read`].
pub fn parse(bytes: &[u8]) -> Result<Annotation, Error> {
    decode(bytes).map_err(|located| located.in_file("bytes"))
}

fn decode(bytes: &[u8]) -> Result<Annotation, Located> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(LabelProblem::TooLong { limit: MAX_BYTES }.into());
    }
    let text = checks::text(bytes)?;
    let equals = text.bytes().filter(|&byte| byte == b'=').count();
    if equals > MAX_EQUALS {
        let expected = format!("elements without attributes, at most {MAX_EQUALS} equals signs");
        return Err(wrong("XML", expected, equals.to_string()).into());
    }
    let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| LabelProblem::Syntax {
        format: "XML",
        reason: checks::reason(&error.to_string()),
    })?;
    let root = document.root_element();
    if !root.has_tag_name("annotation") {
        let found = format!("<{}>", root.tag_name().name());
        return Err(wrong("root element", "<annotation>", found).into());
    }
    let root = Element { node: root, object: None };
    let file_name = root.required("filename")?;
    let name = file_name.text()?;
    checks::file_name("filename", &name).map_err(|problem| file_name.wrong(problem))?;
    let size = root.required("size")?;
    let side = |field: &'static str| {
        let element = size.required(field)?;
        checks::number(field, &element.text()?)
            .and_then(|number| checks::side(field, number))
            .map_err(|problem| element.wrong(problem))
    };
    let (width, height) = (side("width")?, side("height")?);
    let objects = root.node.children().filter(|node| node.has_tag_name("object")).enumerate();
    let objects = objects
        .map(|(i, node)| Element { node, object: Some(i) }.read_object(width, height))
        .collect::<Result<_, _>>()?;
    Ok(Annotation { file_name: name, width, height, objects })
}

/// An element and the object that it is a part of.
#[derive(Clone, Copy)]
struct Element<'a, 'input> {
    node: Node<'a, 'input>,
    object: Option<usize>,
}

impl<'a, 'input> Element<'a, 'input> {
    fn wrong(&self, problem: LabelProblem) -> Located {
        let line = self.node.document().text_pos_at(self.node.range().start).row;
        let place = match self.object {
            Some(object) => format!("object {object}, line {line}"),
            None => format!("line {line}"),
        };
        Located::at(place, problem)
    }

    /// The child of this name.
    fn optional(&self, name: &str) -> Result<Option<Self>, Located> {
        let mut found = self.node.children().filter(|child| child.has_tag_name(name));
        let first = found.next().map(|node| Self { node, object: self.object });
        match found.next() {
            Some(second) => Err(Self { node: second, object: self.object }
                .wrong(LabelProblem::Repeated { what: format!("<{name}>"), first: None })),
            None => Ok(first),
        }
    }

    fn required(&self, name: &str) -> Result<Self, Located> {
        self.optional(name)?.ok_or_else(|| {
            let field = format!("<{name}> in <{}>", self.node.tag_name().name());
            self.wrong(LabelProblem::Missing { field })
        })
    }

    /// Its text, which is all it may hold.
    fn text(&self) -> Result<String, Located> {
        if let Some(child) = self.node.children().find(Node::is_element) {
            let field = self.node.tag_name().name();
            return Err(self.wrong(wrong(field, "text", format!("<{}>", child.tag_name().name()))));
        }
        let text: String =
            self.node.children().filter(Node::is_text).filter_map(|text| text.text()).collect();
        Ok(text.trim().to_owned())
    }

    fn number(&self, name: &str) -> Result<f64, Located> {
        let element = self.required(name)?;
        checks::number(name, &element.text()?).map_err(|problem| element.wrong(problem))
    }

    fn flag(&self, name: &str) -> Result<bool, Located> {
        let Some(element) = self.optional(name)? else { return Ok(false) };
        match element.text()?.as_str() {
            "0" => Ok(false),
            "1" => Ok(true),
            other => Err(element.wrong(wrong(name, "0 or 1", format!("`{other}`")))),
        }
    }

    fn read_object(&self, width: usize, height: usize) -> Result<AnnotatedObject, Located> {
        let element = self.required("name")?;
        let name = element.text()?;
        if name.is_empty() {
            return Err(element.wrong(wrong("name", "the name of a class", "nothing")));
        }
        let corners = self.required("bndbox")?;
        let bounding_box = BoundingBox::new(
            corners.number("xmin")? - 1.0,
            corners.number("ymin")? - 1.0,
            corners.number("xmax")?,
            corners.number("ymax")?,
        );
        let bounding_box = checks::inside("bndbox", bounding_box, width, height)
            .map_err(|problem| corners.wrong(problem))?;
        Ok(AnnotatedObject {
            name,
            bounding_box,
            difficult: self.flag("difficult")?,
            truncated: self.flag("truncated")?,
            occluded: self.flag("occluded")?,
        })
    }
}

/// The text of a label's file: what [`parse`] reads.
///
/// ```
/// use wengert::data::detection::voc::{self, Annotation};
///
/// let empty = Annotation { file_name: "<1>.png".into(), width: 8, height: 4, objects: vec![] };
/// assert_eq!(voc::parse(voc::encode(&empty).as_bytes())?, empty);
/// # Ok::<(), wengert::data::Error>(())
/// ```
pub fn encode(annotation: &Annotation) -> String {
    let mut xml = String::new();
    let mut line = |depth: usize, text: String| {
        writeln!(xml, "{}{text}", "\t".repeat(depth)).expect("a string takes what is written to it");
    };
    line(0, "<annotation>".into());
    line(1, format!("<filename>{}</filename>", escaped(&annotation.file_name)));
    line(
        1,
        format!("<size><width>{}</width><height>{}</height></size>", annotation.width, annotation.height),
    );
    for object in &annotation.objects {
        line(1, "<object>".into());
        line(2, format!("<name>{}</name>", escaped(&object.name)));
        for (name, flag) in
            [("difficult", object.difficult), ("truncated", object.truncated), ("occluded", object.occluded)]
        {
            line(2, format!("<{name}>{}</{name}>", u8::from(flag)));
        }
        let b = object.bounding_box;
        let corners = [("xmin", b.x1 + 1.0), ("ymin", b.y1 + 1.0), ("xmax", b.x2), ("ymax", b.y2)];
        let corners: String = corners.map(|(name, v)| format!("<{name}>{v}</{name}>")).concat();
        line(2, format!("<bndbox>{corners}</bndbox>"));
        line(1, "</object>".into());
    }
    line(0, "</annotation>".into());
    xml
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A data set as VOC arranges it: labels in `Annotations`, pictures in `JPEGImages`, lists of names in
/// `ImageSets/Main`.
///
/// Without options, all labels of the folder in the order of their names, with the classes that they name in
/// alphabetical order.
///
/// ```no_run
/// use wengert::data::detection::voc;
///
/// let train = voc::Folder::new("VOCdevkit/VOC2007").split("trainval").classes(voc::CLASSES).read()?;
/// println!("{} pictures", train.len());
/// # Ok::<(), wengert::data::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
    split: Option<String>,
    classes: Option<Vec<String>>,
}

impl Folder {
    /// The folder that the others are in, such as `VOCdevkit/VOC2007`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), split: None, classes: None }
    }

    /// Only the pictures that `ImageSets/Main/<split>.txt` lists, in its order.
    pub fn split(mut self, split: impl Into<String>) -> Self {
        self.split = Some(split.into());
        self
    }

    /// The names of the classes. An object of another is an error.
    pub fn classes(mut self, classes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.classes = Some(classes.into_iter().map(Into::into).collect());
        self
    }

    /// Reads the labels; the pictures are read when they are asked for.
    ///
    /// # Errors
    /// When the list or a label cannot be read ([`read`]), a picture is named twice, or an object's class is none of
    /// those that were given.
    pub fn read(&self) -> Result<DetectionDataset, Error> {
        let labels = self.labels()?;
        let given = self.classes.clone().map(checks::class_names).transpose();
        let given = given.map_err(|problem| Located::from(problem).in_file("classes"))?;
        let mut annotations = Vec::with_capacity(labels.len());
        let mut seen: BTreeMap<String, PathBuf> = BTreeMap::new();
        for path in labels {
            let annotation = read(&path)?;
            if let Some(first) = seen.insert(annotation.file_name.clone(), path.clone()) {
                let what = format!("the picture `{}`", shortened(&annotation.file_name));
                let problem = LabelProblem::Repeated { what, first: Some(first.display().to_string()) };
                return Err(Located::from(problem).in_file(&path.display().to_string()));
            }
            annotations.push((path, annotation));
        }
        let names = || annotations.iter().flat_map(|(_, annotation)| &annotation.objects).map(|o| &o.name);
        let class_names =
            given.unwrap_or_else(|| names().collect::<BTreeSet<_>>().into_iter().cloned().collect());
        let pictures = self.root.join("JPEGImages");
        let annotated = annotations.iter().map(|(path, annotation)| {
            let objects = annotation.objects.iter().enumerate().map(|(i, object)| {
                object.in_classes(&class_names).map_err(|problem| {
                    Located::at(format!("object {i}"), problem).in_file(&path.display().to_string())
                })
            });
            let objects = objects.collect::<Result<_, Error>>()?;
            let file = pictures.join(&annotation.file_name);
            Ok(AnnotatedPicture::in_file(file, annotation.width, annotation.height, objects))
        });
        let annotated = annotated.collect::<Result<_, Error>>()?;
        Ok(DetectionDataset::checked(annotated, class_names))
    }

    /// The files of the labels, in order.
    fn labels(&self) -> Result<Vec<PathBuf>, Error> {
        let folder = self.root.join("Annotations");
        let Some(split) = &self.split else {
            return checks::files(&folder, &["xml"]);
        };
        let path = self.root.join("ImageSets").join("Main").join(format!("{split}.txt"));
        let bytes = checks::bytes(&path, MAX_BYTES)?;
        let origin = path.display().to_string();
        let text = checks::text(&bytes).map_err(|problem| Located::from(problem).in_file(&origin))?;
        let mut labels = Vec::new();
        for (i, line) in text.lines().enumerate() {
            // A list of one class has −1, 0 or 1 behind each name.
            let Some(name) = line.split_whitespace().next() else { continue };
            checks::file_name("name", name)
                .map_err(|problem| Located::at(format!("line {}", i + 1), problem).in_file(&origin))?;
            labels.push(folder.join(format!("{name}.xml")));
        }
        Ok(labels)
    }
}

impl AnnotatedObject {
    fn in_classes(&self, class_names: &[String]) -> Result<Object, LabelProblem> {
        let Some(class) = class_names.iter().position(|name| *name == self.name) else {
            let expected = format!(
                "one of {} classes ({}, …)",
                class_names.len(),
                class_names.first().map_or("none", String::as_str)
            );
            return Err(wrong("name", expected, format!("`{}`", self.name)));
        };
        Ok(Object { difficult: self.difficult, ..Object::new(self.bounding_box, class) })
    }
}
