from itertools import product

from common import Family
from torch import nn

BY_SPATIAL_AXES = {
    "BatchNorm": [nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d],
    "InstanceNorm": [nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d],
}
SPATIAL = [(3,), (2, 2), (2, 1, 2)]


def cases():
    family = Family("normalization")

    def case(module, options, *inputs, note=""):
        told = ", ".join(f"{key}={value}" for key, value in options.items())
        shapes = " and ".join(str(list(x)) for x in inputs)
        family.case(module.__name__, f"{told} on {shapes}{note}", module(**options), options, *inputs)

    def by_channel(name, momenta):
        for spatial, momentum, affine, track in product(range(3), momenta, [True, False], [True, False]):
            if spatial == 1 or momentum == 0.1 or (affine and track):
                options = {"num_features": 2, "momentum": momentum, "affine": affine, "track_running_stats": track}
                case(BY_SPATIAL_AXES[name][spatial], options, (2, 2, *SPATIAL[spatial]))
        for spatial in range(3):
            options = {"num_features": 3, "eps": 1e-2, "affine": True, "bias": False, "track_running_stats": True}
            case(BY_SPATIAL_AXES[name][spatial], options, (2, 3, *SPATIAL[spatial]))
            case(BY_SPATIAL_AXES[name][spatial], {"num_features": 2}, (1, 2, *SPATIAL[spatial]))

    by_channel("BatchNorm", [0.1, None, 0.3, 0.0, 1.0])
    for momentum, affine, track in product([0.1, None], [True, False], [True, False]):
        options = {"num_features": 3, "momentum": momentum, "affine": affine, "track_running_stats": track}
        case(nn.BatchNorm1d, options, (4, 3))
        case(nn.BatchNorm1d, options, (0, 3))
    case(nn.BatchNorm2d, {"num_features": 3}, (0, 3, 2, 2))
    case(nn.BatchNorm2d, {"num_features": 3}, (2, 3, 0, 2))

    by_channel("InstanceNorm", [0.1, 0.3, 0.0, 1.0])
    for spatial, track in product(range(3), [True, False]):
        options = {"num_features": 2, "affine": True, "track_running_stats": track}
        case(BY_SPATIAL_AXES["InstanceNorm"][spatial], options, (2, *SPATIAL[spatial]))

    for groups, affine in product([1, 2, 4], [True, False]):
        for shape in [(3, 4), (2, 4, 3), (1, 4, 2, 2), (2, 4, 2, 1, 2), (0, 4, 2)]:
            case(nn.GroupNorm, {"num_groups": groups, "num_channels": 4, "affine": affine}, shape)
    case(nn.GroupNorm, {"num_groups": 2, "num_channels": 4, "eps": 1e-2, "bias": False}, (2, 4, 3))

    for normalized_shape, shape in [(4, (3, 4)), ([4], (4,)), ([3, 4], (2, 3, 4)), ([2, 1, 3], (2, 2, 1, 3)), (3, (0, 3)), (1, (2, 1))]:
        for affine in [True, False]:
            options = {"normalized_shape": normalized_shape, "elementwise_affine": affine}
            case(nn.LayerNorm, options, shape)
            for eps in [None, 1e-2]:
                case(nn.RMSNorm, {**options, "eps": eps}, shape)
        case(nn.LayerNorm, {"normalized_shape": normalized_shape, "eps": 1e-2, "bias": False}, shape)

    for size, shape in product([1, 2, 3, 5, 9], [(2, 4, 3), (1, 4, 2, 2), (1, 3, 2, 1, 2)]):
        case(nn.LocalResponseNorm, {"size": size}, shape)
        case(nn.LocalResponseNorm, {"size": size, "alpha": 0.7, "beta": 1.3, "k": 1.5}, shape)
    case(nn.LocalResponseNorm, {"size": 2}, (0, 3, 2))
    return family
