//! The three lists of a file, read record by record, and joined.

use super::{
    super::{
        AnnotatedPicture, BoundingBox, DetectionDataset, Object,
        checks::{self, Located, wrong},
    },
    Labels, Reader,
    record::{Annotation, Category, Fields, Image, Record},
};
use crate::LabelProblem;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::{
    cell::RefCell,
    collections::BTreeMap,
    fmt,
    io::{self, BufRead},
    marker::PhantomData,
};

/// The records of a file.
pub(super) struct Lists {
    images: Vec<Image>,
    annotations: Vec<Annotation>,
    categories: Vec<Category>,
}

/// Where the reader is, and what it found to be wrong: serde's errors have no room for either.
#[derive(Default)]
struct Progress {
    place: Option<String>,
    problem: Option<LabelProblem>,
}

/// Reads the lists of a file.
pub(super) fn lists(mut reader: impl BufRead) -> Result<Lists, Located> {
    skip_mark(&mut reader)?;
    let progress = RefCell::new(Progress::default());
    let mut json = serde_json::Deserializer::from_reader(reader);
    let lists = File { progress: &progress }.deserialize(&mut json).and_then(|lists| {
        *progress.borrow_mut() = Progress::default();
        json.end()?;
        Ok(lists)
    });
    lists.map_err(|error| {
        let Progress { place, problem } = progress.into_inner();
        let problem = problem.unwrap_or_else(|| match error.classify() {
            serde_json::error::Category::Io => LabelProblem::Unreadable(error.into()),
            _ => LabelProblem::Syntax { format: "JSON labels", reason: checks::reason(&error.to_string()) },
        });
        Located { place, problem }
    })
}

/// Passes over the mark of UTF-8 that some editors put at the head.
fn skip_mark(reader: &mut impl BufRead) -> Result<(), LabelProblem> {
    // A buffer filled from a file or from memory holds three bytes at once, if there are as many.
    let head = reader.fill_buf().map_err(|error: io::Error| LabelProblem::Unreadable(error))?;
    let mark = checks::mark(head)?;
    reader.consume(mark);
    Ok(())
}

/// The whole file.
struct File<'a> {
    progress: &'a RefCell<Progress>,
}

impl<'de> DeserializeSeed<'de> for File<'_> {
    type Value = Lists;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Lists, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for File<'_> {
    type Value = Lists;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of images, annotations and categories")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Lists, A::Error> {
        let (mut images, mut annotations, mut categories) = (None, None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "images" => self.list(&mut map, "images", &mut images)?,
                "annotations" => self.list(&mut map, "annotations", &mut annotations)?,
                "categories" => self.list(&mut map, "categories", &mut categories)?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Lists {
            images: self.there("images", images)?,
            annotations: self.there("annotations", annotations)?,
            categories: self.there("categories", categories)?,
        })
    }
}

impl File<'_> {
    fn list<'de, A: MapAccess<'de>, R: Record>(
        &self,
        map: &mut A,
        name: &'static str,
        list: &mut Option<Vec<R>>,
    ) -> Result<(), A::Error> {
        if list.is_some() {
            return Err(self.fail(None, LabelProblem::Repeated { what: name.to_owned(), first: None }));
        }
        *list = Some(map.next_value_seed(List { name, file: self, record: PhantomData })?);
        self.progress.borrow_mut().place = None;
        Ok(())
    }

    fn there<T, E: serde::de::Error>(&self, name: &str, list: Option<T>) -> Result<T, E> {
        list.ok_or_else(|| self.fail(None, LabelProblem::Missing { field: format!("list `{name}`") }))
    }

    /// Stops the parser; the problem is told by [`lists`].
    fn fail<E: serde::de::Error>(&self, place: Option<String>, problem: LabelProblem) -> E {
        *self.progress.borrow_mut() = Progress { place, problem: Some(problem) };
        E::custom("stopped")
    }
}

/// One list. Each record is checked as it comes, and what is not needed of it is forgotten.
struct List<'a, R> {
    name: &'static str,
    file: &'a File<'a>,
    record: PhantomData<R>,
}

impl<'de, R: Record> DeserializeSeed<'de> for List<'_, R> {
    type Value = Vec<R>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<R>, D::Error> {
        self.file.progress.borrow_mut().place = Some(self.name.to_owned());
        deserializer.deserialize_seq(self)
    }
}

impl<'de, R: Record> Visitor<'de> for List<'_, R> {
    type Value = Vec<R>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of {}", self.name)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<R>, A::Error> {
        let mut records: Vec<R> = Vec::new();
        loop {
            let place = || format!("{}[{}]", self.name, records.len());
            self.file.progress.borrow_mut().place = Some(place());
            let Some(fields) = seq.next_element::<Fields>()? else { return Ok(records) };
            match R::of(fields) {
                Ok(record) => records.push(record),
                Err(problem) => return Err(self.file.fail(Some(place()), problem)),
            }
        }
    }
}

impl Lists {
    /// The annotations put to their images.
    pub(super) fn join(mut self, reader: &Reader) -> Result<Labels, Located> {
        // Classes are numbered by id, whatever the order of the file.
        let categories = by_id("categories", &self.categories)?;
        by_id("annotations", &self.annotations)?;
        let images = by_id("images", &self.images)?;
        let classes: BTreeMap<u64, usize> =
            categories.keys().enumerate().map(|(class, &id)| (id, class)).collect();
        let mut objects: Vec<Vec<Object>> = self.images.iter().map(|_| Vec::new()).collect();
        for (i, annotation) in self.annotations.iter().enumerate() {
            let located = |problem| Located::at(format!("annotations[{i}]"), problem);
            let missing = |field: &str, list: &str, count: usize, id: u64| {
                located(wrong(field, format!("the id of one of the {count} {list}"), id.to_string()))
            };
            let Some(&image) = images.get(&annotation.image_id) else {
                return Err(missing("image_id", "images", images.len(), annotation.image_id));
            };
            let Some(&class) = classes.get(&annotation.category_id) else {
                return Err(missing("category_id", "categories", classes.len(), annotation.category_id));
            };
            let [left, top, width, height] = annotation.bbox;
            if reader.skip_empty_boxes && (width == 0.0 || height == 0.0) {
                continue;
            }
            let size = &self.images[image];
            let bounding_box = BoundingBox::from_corner(left, top, width, height);
            let bounding_box =
                checks::inside("bbox", bounding_box, size.width, size.height).map_err(located)?;
            objects[image].push(Object {
                crowd: annotation.crowd,
                outline_area: annotation.area,
                ..Object::new(bounding_box, class)
            });
        }
        let names = categories.values().map(|&at| std::mem::take(&mut self.categories[at].name));
        let class_names = checks::class_names(names).map_err(|problem| Located::at("categories", problem))?;
        let category_ids = classes.into_keys().collect();
        let image_ids = self.images.iter().map(|image| image.id).collect();
        let pictures = self.images.into_iter().zip(objects).map(|(image, objects)| {
            AnnotatedPicture::in_file(image.file_name, image.width, image.height, objects)
        });
        let dataset = DetectionDataset::checked(pictures.collect(), class_names);
        Ok(Labels { dataset, image_ids, category_ids })
    }
}

/// Where the record of each id stands in its list.
fn by_id<R: Record>(list: &str, records: &[R]) -> Result<BTreeMap<u64, usize>, Located> {
    let mut places = BTreeMap::new();
    for (i, record) in records.iter().enumerate() {
        if let Some(first) = places.insert(record.id(), i) {
            let what = format!("the id {}", record.id());
            let problem = LabelProblem::Repeated { what, first: Some(format!("{list}[{first}]")) };
            return Err(Located::at(format!("{list}[{i}]"), problem));
        }
    }
    Ok(places)
}
