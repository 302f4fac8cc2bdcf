//! The Rust half of interop.py, which runs it: what PyTorch wrote is loaded, computed with, and written again.

use std::error::Error;
use std::path::Path;

use wengert::prelude::*;

/// The network that interop.py builds.
#[derive(Clone, Module)]
struct Net<T: Float = f32> {
    conv: Conv2d<T>,
    bn: BatchNorm2d<T>,
    lstm: Lstm<T>,
    head: Sequential<T>,
}

fn net<T: Float>() -> Net<T> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let conv = Conv2d::new(3, 4, 3, &mut rng);
    let lstm = LstmConfig::new(4, 5).batch_first(true).init(&mut rng);
    let head =
        Sequential::new().push(Linear::new(5, 6, &mut rng)).push(Relu).push(Linear::new(6, 2, &mut rng));
    Net { conv, bn: BatchNorm2d::new(4), lstm, head }
}

impl<T: Float> Net<T> {
    /// The scores of pictures \[2, 3, 6, 6\]: its 16 places are the steps of the LSTM, whose outputs are averaged.
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let x = self.bn.forward(&self.conv.forward(x)).relu();
        let steps = x.reshape([2, 4, 16]).transpose(1, 2);
        let outputs = self.lstm.forward(&steps);
        self.head.forward(&outputs.mean(1))
    }
}

fn exchange<T: Float>(folder: &Path, element: &str) -> Result<(), Box<dyn Error>> {
    let input = Parameter::<T>::new(Tensor::zeros([2, 3, 6, 6]));
    input.load(folder.join("input.npy"))?;
    for file in
        ["state.pt", "protocol5.pt", "state.safetensors", "plain.npz", "compressed.npz", "checkpoint.pth"]
    {
        let net = net::<T>();
        let dict = StateDict::open(folder.join(file))?;
        let dict =
            if file == "checkpoint.pth" { dict.select("model")?.strip_prefix("module.")? } else { dict };
        assert!(dict.load_into(&net)?.is_complete());
        net.save(folder.join(format!("{file}.{element}.safetensors")))?;
        let output = Parameter::new(net.forward(&input.value()));
        output.save(folder.join(format!("{file}.{element}.output.safetensors")))?;
    }
    Ok(())
}

#[test]
#[ignore = "interop.py runs it"]
fn interop() -> Result<(), Box<dyn Error>> {
    let folder = std::env::var("WENGERT_INTEROP")?;
    exchange::<f32>(folder.as_ref(), "f32")?;
    exchange::<f64>(folder.as_ref(), "f64")
}
