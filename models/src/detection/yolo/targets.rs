//! Which box of a map is to explain which object.

use autodiff::Float;
use data::detection::{BoundingBox, Object};

use super::anchor_head::{AnchorHead, Map, Place};
use crate::detection::anchors::best;
use crate::detection::shape_iou;

/// What the maps of an [`AnchorHead`] are compared with: the boxes that are to explain an object, and those that are
/// to say that there is none. Made by [`AnchorHead::assign`].
#[derive(Clone, Debug, PartialEq)]
pub struct AnchorTargets {
    pub(super) pictures: usize,
    pub(super) maps: Vec<MapTargets>,
}

/// Of one map.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct MapTargets {
    /// Of the map.
    pub(super) shape: [usize; 4],
    /// The boxes that explain an object, in the order of the pictures' lists.
    pub(super) assigned: Vec<Assigned>,
    /// For each box, counted over [batch, anchors, rows, columns], what its objectness should be …
    pub(super) objectness: Vec<f64>,
    /// … and how much it counts: 0 where it is not known.
    pub(super) weight: Vec<f64>,
}

/// A box and its object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Assigned {
    /// Where the box's numbers stand in the map.
    pub(super) offsets: Vec<usize>,
    /// Its number, counted over [batch, anchors, rows, columns].
    pub(super) index: usize,
    pub(super) column: usize,
    pub(super) row: usize,
    pub(super) anchor: [f64; 2],
    pub(super) truth: BoundingBox,
    pub(super) class: usize,
    /// x and y in the cell, ln(w/p_w), ln(h/p_h).
    pub(super) t: [f64; 4],
    /// The object's area by the picture's; 1 if it is larger, as an object that reaches out of the picture may be.
    pub(super) share: f64,
}

impl AnchorTargets {
    /// How many objects have a box that is to explain them.
    pub fn assigned(&self) -> usize {
        self.maps.iter().map(|map| map.assigned.len()).sum()
    }

    #[track_caller]
    pub(super) fn new<T: Float>(head: &AnchorHead, maps: &[Map<'_, T>], objects: &[Vec<Object>]) -> Self {
        let pictures = maps.first().map_or(0, |map| map.batch);
        assert!(
            objects.len() == pictures,
            "AnchorHead: there are objects of {} pictures for maps of {pictures}",
            objects.len()
        );
        let options = head.loss_options();
        let mut targets: Vec<MapTargets> = maps
            .iter()
            .map(|map| {
                let boxes = map.batch * map.anchors().len() * map.rows * map.columns;
                MapTargets {
                    shape: [map.batch, map.anchors().len() * head.entries(), map.rows, map.columns],
                    assigned: Vec::new(),
                    objectness: vec![0.0; boxes],
                    weight: vec![options.noobject_scale; boxes],
                }
            })
            .collect();
        let mut taken: Vec<Vec<bool>> = targets.iter().map(|map| vec![false; map.weight.len()]).collect();
        for (picture, objects) in objects.iter().enumerate() {
            check_classes("AnchorHead", head.classes(), picture, objects);
            let visible: Vec<&BoundingBox> =
                objects.iter().map(|o| &o.bounding_box).filter(|b| b.has_size()).collect();
            for (map, targets) in maps.iter().zip(&mut targets).filter(|_| !visible.is_empty()) {
                for at in map.places(picture) {
                    let predicted = map.bounding_box(at);
                    if visible.iter().any(|truth| truth.iou(&predicted) > options.ignore_threshold) {
                        targets.weight[map.index(at)] = 0.0;
                    }
                }
            }
            for object in objects.iter().filter(|object| !object.difficult && !object.crowd) {
                let Some((which, at)) = place(maps, picture, &object.bounding_box) else { continue };
                let (map, targets) = (&maps[which], &mut targets[which]);
                let index = map.index(at);
                if std::mem::replace(&mut taken[which][index], true) {
                    continue;
                }
                let rescored = || map.bounding_box(at).iou(&object.bounding_box);
                targets.objectness[index] = if options.rescore { rescored() } else { 1.0 };
                targets.weight[index] = options.object_scale;
                targets.assigned.push(Assigned::new(map, head.entries(), at, object));
            }
        }
        Self { pictures, maps: targets }
    }
}

impl Assigned {
    fn new<T: Float>(map: &Map<'_, T>, entries: usize, at: Place, object: &Object) -> Self {
        let truth = object.bounding_box;
        let (x, y) = truth.center();
        let anchor = map.anchors()[at.anchor];
        let (width, height) = map.size();
        Self {
            offsets: (0..entries).map(|entry| map.offset(at, entry)).collect(),
            index: map.index(at),
            column: at.column,
            row: at.row,
            anchor,
            truth,
            class: object.class,
            t: [
                x / map.stride() - at.column as f64,
                y / map.stride() - at.row as f64,
                (truth.width() / anchor[0]).ln(),
                (truth.height() / anchor[1]).ln(),
            ],
            share: (truth.area() / (width as f64 * height as f64)).min(1.0),
        }
    }
}

/// The classes of a picture's objects must be those of the head.
#[track_caller]
pub(super) fn check_classes(head: &str, classes: usize, picture: usize, objects: &[Object]) {
    for (number, Object { class, .. }) in objects.iter().enumerate() {
        assert!(
            *class < classes,
            "{head}: object {number} of picture {picture} has class {class}, the head has {classes} classes"
        );
    }
}

/// The map, cell and anchor of an object, if it has one.
fn place<T: Float>(maps: &[Map<'_, T>], picture: usize, truth: &BoundingBox) -> Option<(usize, Place)> {
    let (width, height) = maps.first()?.size();
    let (x, y) = truth.center();
    let inside = |x: f64, end: usize| x >= 0.0 && x < end as f64;
    if !truth.has_size() || !inside(x, width) || !inside(y, height) {
        return None;
    }
    let of_map = |(which, map): (usize, &Map<'_, T>)| {
        map.anchors().iter().enumerate().map(|(anchor, shape)| (which, anchor, *shape)).collect::<Vec<_>>()
    };
    let all: Vec<(usize, usize, [f64; 2])> = maps.iter().enumerate().flat_map(of_map).collect();
    let size = [truth.width(), truth.height()];
    let &(which, anchor, _) = all.get(best(&all, |&(.., shape)| shape_iou(size, shape)).0)?;
    let map = &maps[which];
    // The quotient of a centre just before the edge may round up to the edge.
    let cell = |x: f64, cells: usize| ((x / map.stride()) as usize).min(cells - 1);
    Some((which, Place { picture, anchor, row: cell(y, map.rows), column: cell(x, map.columns) }))
}
