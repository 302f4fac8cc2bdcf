from common import Family
from torch import nn


def cases():
    family = Family("linear")
    for bias in [True, False]:
        options = {"in_features": 3, "out_features": 4, "bias": bias}
        family.case("Linear", f"{bias=}", nn.Linear(3, 4, bias), options, (5, 3))
        family.case("Linear", f"{bias=}, three axes", nn.Linear(3, 4, bias), options, (2, 5, 3))
        family.case("Linear", f"{bias=}, one axis", nn.Linear(3, 4, bias), options, (3,))
    return family
