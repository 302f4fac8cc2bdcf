//! What one does with a trained classifier: another head, several models together, ten crops, pictures of what it sees.

mod ensemble;
mod explain;
mod few_examples;
mod head;
mod small;
mod ten_crop;
