use super::*;

/// The data of a page.
fn data(page: &str) -> serde_json::Value {
    let start = page.find("id=\"data\">").unwrap() + "id=\"data\">".len();
    let end = start + page[start..].find("</script>").unwrap();
    serde_json::from_str(&page[start..end]).unwrap()
}

#[test]
fn hold_the_whole_record_and_need_no_network() {
    let tape = Tape::new().profiled();
    let w = Parameter::new(vector(&[1.0, 2.0]));
    tape.name_parameters([("a.</script>", &w)]);
    let y = tape.watch(&w).exp();
    let loss = y.sum(..);
    y.retain_grad();
    let mut graph = Graph::of(&tape);
    graph.name("y", &y);
    graph.gradients(&loss.backward());
    graph.profile(&tape.profile());
    let page = graph.to_html("<A & B>");
    assert!(page.contains("<title>&lt;A &amp; B&gt;"), "{}", &page[..300]);
    assert!(!page.contains("http:") && !page.contains("https:") && !page.contains("src="));
    let data = data(&page);
    let nodes = data["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 3);
    assert_eq!((&nodes[0]["name"], &nodes[0]["leaf"]), (&"a.</script>".into(), &true.into()));
    assert_eq!(
        (&nodes[1]["op"], &nodes[1]["path"], &nodes[1]["saved"]),
        (&"exp".into(), &"a".into(), &16.into())
    );
    assert_eq!(nodes[1]["gradient"], "1 … 1");
    assert!(nodes[1]["at"].as_str().unwrap().starts_with(file!()));
    assert!(nodes[1]["forward"].as_f64().unwrap() > 0.0 && nodes[1]["backward"].as_f64().unwrap() > 0.0);
    assert_eq!(nodes[2]["in"], serde_json::json!([1]));
}

#[test]
fn agree_with_the_summary_and_the_tape_on_what_is_saved() {
    let tape = Tape::new();
    let x = tape.variable(Tensor::<f32>::full([10, 10], 0.5));
    let w = Parameter::new(Tensor::ones([10, 10]));
    let y = x.matmul(&tape.watch(&w)).tanh().square().permute([1, 0]).exp();
    let graph = Graph::<f32>::of(&tape);
    // x for the product (its weight lives anyway), the result of tanh, which square keeps too, and exp's.
    assert_eq!(tape.saved_bytes(), 3 * 400);
    assert_eq!(graph.summary().total().saved, 1200);
    let saved = data(&graph.to_html(""))["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|n| n["saved"].as_u64())
        .sum::<u64>();
    assert_eq!(saved, 1200);
    drop(y);
}
