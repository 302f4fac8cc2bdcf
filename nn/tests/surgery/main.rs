//! What is done to models beside running them: first values, penalties and limits of weights, freezing and changing
//! parts, averages, summaries.

mod averaged;
mod ensemble;
mod folding;
mod init;
mod regularization;
mod selection;
mod sequential;
mod summary;
mod update_bn;
mod weight_norm;
