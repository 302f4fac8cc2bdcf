from common import Family
from torch import nn

SHAPES = {
    nn.Dropout: [(7,), (2, 3)],
    nn.Dropout1d: [(2, 3), (2, 3, 2)],
    nn.Dropout2d: [(2, 3, 2), (2, 3, 2, 1)],
    nn.Dropout3d: [(3, 2, 1, 2), (2, 3, 1, 2, 1)],
    nn.AlphaDropout: [(7,), (2, 3)],
    nn.FeatureAlphaDropout: [(2, 3), (2, 3, 2)],
}


def cases():
    family = Family("dropout")
    for module, shapes in SHAPES.items():
        for shape in shapes:
            for options in [{}, {"p": 0.0}, {"p": 0.3}, {"p": 1.0}]:
                # With p = 0 and p = 1 nothing is left to chance.
                random = options.get("p") not in [0.0, 1.0]
                family.case(module.__name__, f"{options} on {list(shape)}", module(**options), options, shape, random=random)
    return family
