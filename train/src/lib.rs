//! Metrics of classifiers: [`accuracy`], and the [`ConfusionMatrix`] with precision, recall and F1 per class
//! and averaged. Those of detectors are in [`detection`].
//!
//! ```
//! use wengert::train::{Average, ConfusionMatrix, accuracy};
//!
//! let labels = [0, 0, 1, 1, 2, 2];
//! let predictions = [0, 0, 1, 2, 2, 2];
//! assert_eq!(accuracy(&predictions, &labels), 5.0 / 6.0);
//!
//! let mut matrix = ConfusionMatrix::new(["cat", "dog", "horse"]);
//! matrix.record(&predictions, &labels); // once a batch
//! assert_eq!(matrix.recall(1), 0.5);
//! assert_eq!(matrix.average(Average::Macro).recall, (1.0 + 0.5 + 1.0) / 3.0);
//! assert_eq!(
//!     matrix.to_string(),
//!     "\
//! true \\ predicted  cat  dog  horse
//!              cat    2    0      0
//!              dog    0    1      1
//!            horse    0    0      2
//! "
//! );
//! ```

mod accuracy;
mod confusion;
pub mod detection;
mod scores;
mod table;

pub use accuracy::{accuracy, threshold};
pub use confusion::ConfusionMatrix;
pub use scores::{Average, Report, Scores, f1_score};
