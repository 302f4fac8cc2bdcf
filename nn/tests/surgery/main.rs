//! What is done to models beside running them: first values, penalties and limits of weights, freezing and changing
//! parts, averages, summaries.

mod averaged;
mod ensemble;
mod init;
mod regularization;
mod selection;
mod sequential;
mod summary;
mod weight_norm;
