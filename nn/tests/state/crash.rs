//! A process that dies while it saves leaves the old file or the new one, whole.
//!
//! What it may leave beside it is the temporary file it was writing, named `.saving-` and six characters.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use wengert::prelude::*;

/// Where the process that is to die saves to.
const PLACE: &str = "WENGERT_TEST_SAVE_UNTIL_KILLED";

const KILLS: usize = 200;

/// One of the two models that are saved in turns.
fn model(value: f64) -> Linear<f32> {
    let layer = Linear::new(250, 400, &mut ChaCha8Rng::seed_from_u64(0));
    layer.parameters().iter().for_each(|parameter| parameter.set(&Tensor::full(parameter.shape(), value)));
    layer
}

#[test]
fn a_process_that_is_killed_leaves_a_whole_file() {
    if let Some(path) = std::env::var_os(PLACE) {
        let models = [model(1.0), model(2.0)];
        println!("ready");
        // Longer than it lives, and not forever, should nobody kill it.
        models.iter().cycle().take(20_000).for_each(|model| model.save(&path).unwrap());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    let whole = [model(1.0).to_bytes(), model(2.0).to_bytes()];
    // The delays reach over a few saves, however slow the disk is.
    let start = Instant::now();
    model(1.0).save(&path).unwrap();
    let longest = Duration::from_millis(15).max(4 * start.elapsed());
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut found = BTreeSet::new();
    for kill in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::a_process_that_is_killed_leaves_a_whole_file", "--nocapture"])
            .env(PLACE, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().ends_with("ready")), "the process ended by itself");
        thread::sleep(longest.mul_f64(rng.random()));
        child.kill().unwrap();
        child.wait().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let which = whole.iter().position(|whole| *whole == bytes);
        found.insert(which.unwrap_or_else(|| panic!("kill {kill} left a file of {} bytes", bytes.len())));
    }
    // That both are found says that the processes did save.
    assert_eq!(found.len(), 2);
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "weights.safetensors" || name.starts_with(".saving-"), "{name}");
    }
}
