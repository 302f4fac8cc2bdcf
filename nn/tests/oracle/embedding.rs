use wengert::prelude::*;

use crate::cases::Case;
use crate::subject::{Subject, module};

pub(crate) fn build(case: &Case) -> Box<dyn Subject> {
    let rng = &mut ChaCha8Rng::seed_from_u64(0);
    match case.layer.as_str() {
        "Embedding" => {
            module(case.read::<EmbeddingConfig>().init(rng), |table, _, ids| vec![table.forward(&ids[0])])
        }
        "EmbeddingBag" => {
            let mut case = case.clone();
            let offsets = case.options.as_object_mut().and_then(|options| options.remove("offsets"));
            let offsets: Option<Vec<usize>> = offsets.map(|o| serde_json::from_value(o).expect("offsets"));
            module(case.read::<EmbeddingBagConfig>().init(rng), move |table, weights, ids| {
                vec![match &offsets {
                    Some(offsets) => table.forward_offsets(&ids[0], offsets, weights.first()),
                    None => table.forward_with(&ids[0], weights.first()),
                }]
            })
        }
        other => panic!("no layer {other}"),
    }
}
