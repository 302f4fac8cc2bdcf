from common import Family
from torch import nn


def cases():
    family = Family("linear")
    for bias in [True, False]:
        options = {"in_features": 3, "out_features": 4, "bias": bias}
        family.case("Linear", f"{bias=}", nn.Linear(3, 4, bias), options, (5, 3))
        family.case("Linear", f"{bias=}, three axes", nn.Linear(3, 4, bias), options, (2, 5, 3))
        family.case("Linear", f"{bias=}, one axis", nn.Linear(3, 4, bias), options, (3,))

        options = {"in1_features": 3, "in2_features": 2, "out_features": 4, "bias": bias}
        family.case("Bilinear", f"{bias=}", nn.Bilinear(3, 2, 4, bias), options, (5, 3), (5, 2))
        family.case("Bilinear", f"{bias=}, three axes", nn.Bilinear(3, 2, 4, bias), options, (2, 5, 3), (2, 5, 2))
        family.case("Bilinear", f"{bias=}, one axis", nn.Bilinear(3, 2, 4, bias), options, (3,), (2,))

    zero = [[0.0, 0.0, 0.0], [1.0, -2.0, 0.5]]
    family.case("CosineSimilarity", "defaults", nn.CosineSimilarity(), {}, (4, 3), (4, 3))
    family.case("CosineSimilarity", "axis", nn.CosineSimilarity(0), {"axis": 0}, (4, 3), (4, 3))
    family.case("CosineSimilarity", "broadcast", nn.CosineSimilarity(-1), {"dim": -1}, (4, 1, 3), (5, 3))
    family.case("PairwiseDistance", "defaults", nn.PairwiseDistance(), {}, (4, 3), (4, 3))
    for p in [1.0, 3.0]:
        family.case("PairwiseDistance", f"{p=}", nn.PairwiseDistance(p), {"p": p}, (4, 3), (4, 3))
    keep = nn.PairwiseDistance(2.0, eps=0.1, keepdim=True)
    family.case("PairwiseDistance", "kept, eps", keep, {"eps": 0.1, "keepdim": True}, (2, 4, 3), (4, 3))
    family.case("PairwiseDistance", "equal", nn.PairwiseDistance(), {}, zero, zero)
    return family
