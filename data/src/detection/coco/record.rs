//! The records of the three lists, each checked by itself.

use super::{
    super::checks::{self, wrong},
    field::Field,
};
use crate::LabelProblem;
use serde::Deserialize;
use std::path::PathBuf;

/// The fields of a record of any list, as they are: what is wrong with one is said by its name.
#[derive(Deserialize)]
pub(super) struct Fields {
    id: Option<Field>,
    file_name: Option<Field>,
    width: Option<Field>,
    height: Option<Field>,
    image_id: Option<Field>,
    category_id: Option<Field>,
    bbox: Option<Field>,
    area: Option<Field>,
    iscrowd: Option<Field>,
    name: Option<Field>,
}

pub(super) struct Image {
    pub(super) id: u64,
    pub(super) file_name: PathBuf,
    pub(super) width: usize,
    pub(super) height: usize,
}

pub(super) struct Annotation {
    pub(super) id: u64,
    pub(super) image_id: u64,
    pub(super) category_id: u64,
    /// Left, top, width, height.
    pub(super) bbox: [f64; 4],
    pub(super) area: Option<f64>,
    pub(super) crowd: bool,
}

pub(super) struct Category {
    pub(super) id: u64,
    pub(super) name: String,
}

/// A record of one of the lists.
pub(super) trait Record: Sized {
    fn of(fields: Fields) -> Result<Self, LabelProblem>;

    fn id(&self) -> u64;
}

impl Record for Image {
    fn of(fields: Fields) -> Result<Self, LabelProblem> {
        let name = string("file_name", fields.file_name)?;
        Ok(Self {
            id: id("id", fields.id)?,
            file_name: checks::file_name("file_name", &name)?,
            width: checks::side("width", number("width", fields.width)?)?,
            height: checks::side("height", number("height", fields.height)?)?,
        })
    }

    fn id(&self) -> u64 {
        self.id
    }
}

impl Record for Annotation {
    fn of(fields: Fields) -> Result<Self, LabelProblem> {
        // A field that is null is one that is not there.
        let area = fields.area.map(|area| finite("area", &area)).transpose()?;
        if let Some(area) = area.filter(|area| *area < 0.0) {
            return Err(wrong("area", "a number of pixels, 0 or more", area.to_string()));
        }
        let crowd = match fields.iscrowd {
            None => false,
            Some(flag) => match flag.as_u64() {
                Some(flag @ 0..=1) => flag == 1,
                _ => return Err(wrong("iscrowd", "0 or 1", flag.to_string())),
            },
        };
        Ok(Self {
            id: id("id", fields.id)?,
            image_id: id("image_id", fields.image_id)?,
            category_id: id("category_id", fields.category_id)?,
            bbox: four("bbox", fields.bbox)?,
            area,
            crowd,
        })
    }

    fn id(&self) -> u64 {
        self.id
    }
}

impl Record for Category {
    fn of(fields: Fields) -> Result<Self, LabelProblem> {
        Ok(Self { id: id("id", fields.id)?, name: string("name", fields.name)? })
    }

    fn id(&self) -> u64 {
        self.id
    }
}

fn there(field: &str, value: Option<Field>) -> Result<Field, LabelProblem> {
    value.ok_or_else(|| LabelProblem::Missing { field: field.to_owned() })
}

fn id(field: &str, value: Option<Field>) -> Result<u64, LabelProblem> {
    let value = there(field, value)?;
    value.as_u64().ok_or_else(|| wrong(field, "a whole number, 0 or more", value.to_string()))
}

fn number(field: &str, value: Option<Field>) -> Result<f64, LabelProblem> {
    finite(field, &there(field, value)?)
}

/// JSON has no word for NaN or infinity, and its reader refuses numbers that are too large.
fn finite(field: &str, value: &Field) -> Result<f64, LabelProblem> {
    value.as_f64().filter(|v| v.is_finite()).ok_or_else(|| wrong(field, "a finite number", value.to_string()))
}

fn string(field: &str, value: Option<Field>) -> Result<String, LabelProblem> {
    match there(field, value)? {
        Field::Text(text) => Ok(text),
        other => Err(wrong(field, "a text", other.to_string())),
    }
}

fn four(field: &str, value: Option<Field>) -> Result<[f64; 4], LabelProblem> {
    match there(field, value)? {
        Field::List(numbers, 4) => {
            let mut four = [0.0; 4];
            for (slot, number) in four.iter_mut().zip(&numbers) {
                *slot = finite(field, number)?;
            }
            Ok(four)
        }
        other => Err(wrong(field, "[left, top, width, height]", other.to_string())),
    }
}
