//! Networks that say what a picture shows.

mod darknet;

pub use darknet::{
    ConvBnLeaky, ConvBnLeakyConfig, Darknet19, Darknet19Backbone, Darknet19Config, Darknet53,
    Darknet53Backbone, Darknet53Config, DarknetResidual, DarknetStage,
};
