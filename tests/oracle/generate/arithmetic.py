"""Sums, differences, products and quotients."""

from common import INF, NAN, case, draw


def cases():
    operators = {
        "add": lambda a, b: a + b,
        "sub": lambda a, b: a - b,
        "mul": lambda a, b: a * b,
        "div": lambda a, b: a / b,
    }
    pairs = [
        ((2, 3), (2, 3)),
        ((2, 3), (3,)),
        ((2, 1), (1, 3)),
        ((), (2, 2)),
        ((3, 1, 2), (2, 1)),
        ((0, 3), (1, 3)),
        ((1,), (1,)),
    ]
    for op, function in operators.items():
        for a, b in pairs:
            case(f"{list(a)} with {list(b)}", op, function, [draw(*a, key="a"), draw(*b, key="b")])
    # The second derivative is an infinity; PyTorch's way to it leads through NaN.
    by_zero = [[1.0, -1.0, 0.0], [0.0, 0.0, 0.0]]
    case("by zero", "div", operators["div"], by_zero, singular=["second"])
    case("infinities", "add", operators["add"], [[INF, INF, 1.0], [-INF, INF, NAN]])
    numbers = {
        "add_number": lambda x, c: x + c,
        "sub_number": lambda x, c: x - c,
        "mul_number": lambda x, c: x * c,
        "div_number": lambda x, c: x / c,
        "number_add": lambda x, c: c + x,
        "number_sub": lambda x, c: c - x,
        "number_mul": lambda x, c: c * x,
        "number_div": lambda x, c: c / x,
    }
    for op, function in numbers.items():
        for c in (2.5, -1.0, 1.0):
            case(f"c = {c}", op, lambda x: function(x, c), [draw(2, 3)], c=c)
    case("[2, 3]", "neg", lambda x: -x, [draw(2, 3)])
    case("x twice", "mul_self", lambda x: x * x, [draw(4)])
    case("half a product", "detach", lambda x: x.detach() * x, [draw(4)])
