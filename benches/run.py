#!/usr/bin/env python3
"""Runs the workloads here and in every other framework that is installed, in turn, and compares.

python3 benches/run.py --install                    # once: PyTorch, JAX, burn and candle, into target/peers/
python3 benches/run.py                              # everything: an hour, and writes benches/RESULTS.md
python3 benches/run.py --quick --workloads resnet18,lstm --threads 2 --peers torch-eager

Python 3.9 or newer and Cargo are enough; a peer that is not installed is left out, with a line that says so. An
installation elsewhere is named by WENGERT_TORCH or WENGERT_JAX: the path of its Python. Each process measures one
workload with one number of threads. In every round all frameworks run one after the other, so that what else the
machine does meets all; of the rounds a table gives the median of medians, and the best of bests. The lines as they
came are kept in target/peers/results.jsonl, from which --report writes RESULTS.md again.
"""

import argparse
import functools
import json
import math
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "benches" / "peers"
INSTALLED = ROOT / "target" / "peers"
RESULTS = ROOT / "benches" / "RESULTS.md"

# What each framework has of the workloads.
RUST = "mlp lenet5 resnet20 lstm ops conv"
WORKLOADS = (
    "peak mlp lenet5 lenet5-infer resnet20 resnet18 resnet18-b1 resnet18-b8 lstm gru googlenet yolo yolo-b1 ops conv "
    "elementwise matmul"
).split()
NETWORKS = [w for w in WORKLOADS if w not in ("peak", "ops", "conv", "elementwise", "matmul")]


@dataclass
class Peer:
    """A framework in one of its forms: how it is started, and which workloads it has."""

    name: str
    title: str
    command: list
    workloads: list
    # Whether it takes its number of threads from the processors it may use.
    pinned: bool = False
    environment: dict = field(default_factory=dict)

    def run(self, workload, threads, seconds):
        """The lines of one process; none, and a word about it, if it fails."""
        command = [*map(str, self.command), workload, "--threads", str(threads), "--seconds", str(seconds)]
        pools = {f"{pool}_NUM_THREADS": str(threads) for pool in ("OMP", "MKL", "RAYON", "MATMUL")}
        environment = {**os.environ, **pools, **self.environment}
        if self.name.startswith("candle"):
            # Its backward pass is a recursion.
            command = ["sh", "-c", 'ulimit -s unlimited; exec "$0" "$@"', *command]
        pin = None
        if self.pinned and hasattr(os, "sched_setaffinity"):
            pin = functools.partial(os.sched_setaffinity, 0, sorted(os.sched_getaffinity(0))[:threads])
        before = processor_seconds()
        done = subprocess.run(command, env=environment, preexec_fn=pin, capture_output=True, text=True)
        others = others_share(before, processor_seconds())
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
            say(f"  {self.name} {workload}: failed ({done.returncode}): {reason}")
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return [{**line, "others": others} for line in lines]


def processor_seconds():
    """Seconds of processor time: of the children of this process, of all processes, and in all; none if unknown."""
    if not os.path.exists("/proc/stat"):
        return None
    with open("/proc/stat") as stat:
        ticks = [int(n) / os.sysconf("SC_CLK_TCK") for n in stat.readline().split()[1:9]]
    idle = ticks[3] + ticks[4]
    children = os.times()
    return children.children_user + children.children_system, sum(ticks) - idle, sum(ticks)


def others_share(before, after):
    """The share of the processors that other programs took between two looks."""
    if before is None:
        return None
    ours, busy, total = (late - early for early, late in zip(before, after))
    return max(0.0, busy - ours) / total if total else 0.0


def say(text):
    print(text, flush=True)


# Finding and installing.


def python_of(framework):
    """The Python that has a framework: that of WENGERT_<NAME>, of target/peers/, or none."""
    named = os.environ.get(f"WENGERT_{framework.upper()}")
    if named:
        return named
    path = INSTALLED / framework / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    return str(path) if path.exists() else None


def executable_of(framework):
    path = INSTALLED / framework / "release" / (f"{framework}-peer" + (".exe" if os.name == "nt" else ""))
    return str(path) if path.exists() else None


def install(frameworks):
    """Installs or builds frameworks, in the versions of their folders."""
    for framework in frameworks:
        say(f"installing {framework}")
        target, folder = INSTALLED / framework, PEERS / framework
        if (folder / "requirements.txt").exists():
            subprocess.run([sys.executable, "-m", "venv", target], check=True)
            pip = [python_of(framework), "-m", "pip", "install", "--quiet", "-r", folder / "requirements.txt"]
            subprocess.run(pip, check=True)
        else:
            environment = {**os.environ, "RUSTFLAGS": "-C target-cpu=native"}
            build = ["cargo", "build", "--release", "--locked", "--target-dir", target]
            subprocess.run(build, cwd=folder, env=environment, check=True)


def build_workloads(root):
    """Builds this project's program in a checkout, and gives its path."""
    command = ["cargo", "bench", "--bench", "workloads", "--no-run", "--message-format=json"]
    done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"error: the workloads do not build in {root}")
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == "workloads":
            return message["executable"]
    sys.exit(f"error: cargo built no workloads in {root}")


def find_peers():
    """Ours, and all peers that are installed."""
    peers = [Peer("wengert", "wengert", [build_workloads(ROOT)], WORKLOADS)]
    torch, jax = python_of("torch"), python_of("jax")
    if torch:
        program = [torch, PEERS / "torch" / "bench.py"]
        everything = [w for w in WORKLOADS if w != "peak"]
        # There is no accelerator in this comparison.
        hidden = {"CUDA_VISIBLE_DEVICES": ""}
        peers.append(Peer("torch-eager", "PyTorch", program, everything, environment=hidden))
        tuned = [*program, "--form", "tuned"]
        peers.append(Peer("torch-tuned", "tuned", tuned, NETWORKS, environment=hidden))
    if jax:
        program = [jax, PEERS / "jax" / "bench.py"]
        workloads = "mlp lenet5 resnet20 lstm gru".split()
        peers.append(Peer("jax", "JAX", program, workloads, pinned=True, environment={"JAX_PLATFORMS": "cpu"}))
    for name, more in (("burn", ["gru"]), ("candle", ["resnet18-b1", "resnet18-b8"])):
        if executable_of(name):
            peers.append(Peer(name, name, [executable_of(name)], RUST.split() + more, pinned=True))
    for name in ("torch", "jax", "burn", "candle"):
        if not (python_of(name) or executable_of(name)):
            say(f"{name}: skipped, as it is not installed (python3 benches/run.py --install {name})")
    return peers


# Measuring.


def interleave(peers, workloads, threads, rounds, seconds, keep):
    """Measures all in turn, round after round, and hands each line to `keep`."""
    begin = time.monotonic()
    for workload in workloads:
        who = [peer for peer in peers if workload in peer.workloads]
        for count in threads:
            for turn in range(rounds):
                for peer in who:
                    for row in peer.run(workload, count, seconds):
                        # What it calls itself does not tell its revision.
                        keep({**row, "peer": peer.name, "round": turn})
            names = ", ".join(peer.name for peer in who)
            say(f"{workload}, {count} thread(s): {names} ({time.monotonic() - begin:.0f} s)")


@dataclass
class Result:
    """The rounds of one framework with one workload and one number of threads."""

    median: float
    best: float
    memory: float
    rates: dict

    def limit(self, unit):
        """The rate of the best, which is what the machine can do where the median is what it was left to do."""
        return self.rates[unit] * self.median / self.best

    @staticmethod
    def of(rows):
        median = statistics.median(row["median_ms"] for row in rows)
        # A rate goes with the time; that of the median of medians is not always a round's own.
        units = {"gflops": -1, "gb_per_s": -1, "ns_per_operation": 1}
        rates = {u: rows[0][u] * (median / rows[0]["median_ms"]) ** sign for u, sign in units.items() if u in rows[0]}
        memory = max((row["peak_rss_mb"] or 0 for row in rows), default=0)
        return Result(median, min(row["best_ms"] for row in rows), memory, rates)


def fold(rows):
    """Results by (workload, threads, peer), in the order in which they came."""
    groups = {}
    for row in rows:
        groups.setdefault((row["workload"], row["threads"], row["peer"]), []).append(row)
    return {key: Result.of(group) for key, group in groups.items()}


# Telling.


def digits(x):
    return f"{x:,.0f}" if x >= 100 else f"{x:.1f}" if x >= 10 else f"{x:.2f}" if x >= 0.1 else f"{x:.3f}"


def geometric_mean(numbers):
    return math.exp(statistics.fmean(map(math.log, numbers)))


def unique(items):
    return list(dict.fromkeys(items))


def table(head, rows):
    """A Markdown table with columns of even width."""
    lines = [head, ["---"] * len(head), *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    lines[1] = ["-" * width for width in widths]
    return "\n".join("| " + " | ".join(c.ljust(w) for c, w in zip(line, widths)) + " |" for line in lines)


# Rows that are no part of a comparison of frameworks: what the machine can do.
MACHINE = ("k_copy_64mb", "m_peak_fma")


def ratios(results, threads, ours, peers):
    """Times as a table: median (best) of ours and of each peer, and how many times as long the peer took."""
    workloads = unique(w for w, t, p in results if t == threads and p == ours and w not in MACHINE)
    rows, all_ratios, best_ratios = [], {peer: [] for peer in peers}, {peer: [] for peer in peers}
    for workload in workloads:
        mine = results[workload, threads, ours]
        row = [workload, f"{digits(mine.median)} ({digits(mine.best)})"]
        for peer in peers:
            theirs = results.get((workload, threads, peer))
            if theirs is None:
                row.append("")
                continue
            ratio = theirs.median / mine.median
            all_ratios[peer].append(ratio)
            best_ratios[peer].append(theirs.best / mine.best)
            row.append(f"{digits(theirs.median)} ({digits(theirs.best)}) **{ratio:.2f}×**")
        rows.append(row)
    for name, source in (("geometric mean of medians", all_ratios), ("of bests", best_ratios)):
        means = [f"**{geometric_mean(source[peer]):.2f}×**" if source[peer] else "" for peer in peers]
        rows.append([name, "", *means])
    return table(["milliseconds", ours, *peers], rows)


def memory(results, threads, peers):
    workloads = unique(w for w, t, _ in results if t == threads and w[0] in "abcdefgh")
    rows = []
    for workload in workloads:
        found = [results.get((workload, threads, peer)) for peer in peers]
        rows.append([workload, *(f"{result.memory:,.0f}" if result and result.memory else "" for result in found)])
    return table(["MB", *peers], rows)


def rates(results, threads, peers):
    """Rates per workload, ours against the machine's own."""
    peak, copy = (results.get((name, threads, "wengert")) for name in ("m_peak_fma", "k_copy_64mb"))
    rows = []
    for workload in unique(w for w, t, p in results if t == threads and p == "wengert"):
        mine = results[workload, threads, "wengert"]
        for unit, limit, label in (("gflops", peak, "GFLOP/s"), ("gb_per_s", copy, "GB/s"), ("ns_per_operation", None, "ns")):
            if unit not in mine.rates:
                continue
            share = f"{mine.rates[unit] / limit.limit(unit):.0%}" if limit else ""
            theirs = [results.get((workload, threads, peer)) for peer in peers]
            others = [digits(r.rates[unit]) if r and unit in r.rates else "" for r in theirs]
            rows.append([workload, label, digits(mine.rates[unit]), share, *others])
    return table(["rate of the median", "", "wengert", "of the machine's best", *peers], rows)


CONVOLUTIONAL = ["c_resnet20_b64", "d_resnet18_train_b8", "g_googlenet_train_b4", "h_tinyyolo_train_b2"]
TRAINING = ["a_mlp_b128", "b_lenet5_b64", *CONVOLUTIONAL, "e_lstm_b32_t64", "f_gru_b32_t64"]


def targets(results):
    """What is asked of the table, what it shows, and whether that is enough."""
    rows = []

    def of(workloads, peer, threads=2):
        """(ratio, workload) of those that both have."""
        pairs = ((w, results.get((w, threads, "wengert")), results.get((w, threads, peer))) for w in workloads)
        return [(theirs.median / mine.median, w) for w, mine, theirs in pairs if mine and theirs]

    def share(workload, limit, unit):
        mine, best = results.get((workload, 2, "wengert")), results.get((limit, 2, "wengert"))
        return [(mine.rates[unit] / best.limit(unit), workload)] if mine and best else []

    def ask(text, found, least, form="{:.2f}×"):
        """`found`: (value, name) pairs of which the smallest counts."""
        if not found:
            return
        below = [f"{name} {form.format(value)}" for value, name in sorted(found) if value < least]
        value, name = min(found)
        lowest = f"{form.format(value)} ({name}{f', the lowest of {len(found)}' if len(found) > 1 else ''})"
        answer = "**no**: " + ", ".join(below) if below else "yes: " + lowest
        rows.append([text, form.format(least), answer])

    # Those that issue 6 names; the others stand in the tables below without being asked for.
    compared = unique(w for w, _, _ in results if w[0] in "abcdefghij" and not w.startswith("b_lenet5_infer"))
    forward = [w for w in compared if w[0] == "j" and w.endswith("_fwd") or "_infer_" in w]
    both = [w for w in compared if w.endswith("_fwdbwd")]
    chain = [w for w in compared if w[0] == "i"]
    ask("convolutional training against PyTorch", of(CONVOLUTIONAL, "torch-eager"), 2)
    ask("convolutions forward and backward against PyTorch", of(both, "torch-eager"), 2)
    ask("MLP, LSTM and forward rows against PyTorch", of(["a_mlp_b128", "e_lstm_b32_t64", *forward], "torch-eager"), 1.5)
    ask("GRU against PyTorch", of(["f_gru_b32_t64"], "torch-eager"), 2.5)
    ask("LeNet-5 against PyTorch", of(["b_lenet5_b64"], "torch-eager"), 3)
    ask("networks against PyTorch tuned", of(TRAINING + forward, "torch-tuned"), 1.4)
    found = [ratio for ratio, _ in of(compared, "torch-eager")]
    if found:
        ask("geometric mean against PyTorch", [(geometric_mean(found), f"{len(found)} rows")], 2.5)
    ask("chain of small operations against PyTorch", of(chain, "torch-eager"), 10)
    ask("training against burn", of(TRAINING, "burn"), 5)
    ask("training against candle", of(TRAINING, "candle"), 5)
    for peer in ("burn", "candle", "jax"):
        ask(f"every row against {peer}", of(compared, peer), 1)
    ask("every row against PyTorch, 1 thread", of(compared, "torch-eager", 1), 1.5)

    percent = "{:.0%}"
    ask("ResNet-18 training, of the arithmetic", share("d_resnet18_train_b8", "m_peak_fma", "gflops"), 0.95, percent)
    ask("product of 1024×1024, of the arithmetic", share("l_matmul_1024", "m_peak_fma", "gflops"), 0.85, percent)
    ask("four operations on 64 MB, of a copy", share("k_chain4_64mb", "k_copy_64mb", "gb_per_s"), 0.85, percent)
    mine, theirs = (results.get(("d_resnet18_train_b8", 2, p)) for p in ("wengert", "torch-eager"))
    if mine and theirs and mine.memory and theirs.memory:
        ask("memory of ResNet-18 training, PyTorch's by ours", [(theirs.memory / mine.memory, "MB")], 1 / 0.7)
    return table(["target, 2 threads unless said otherwise", "least", "reached"], rows)


def output_of(*command, cwd=ROOT):
    try:
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def machine():
    """Processor, cores and memory, as far as the system tells."""
    processor, flags, memory_size = platform.processor() or platform.machine(), "", ""
    if os.path.exists("/proc/cpuinfo"):
        text = Path("/proc/cpuinfo").read_text()
        entries = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        entries = {key.strip(): value.strip() for key, value in entries.items()}
        model = ", ".join(f"{k} {entries[k]}" for k in ("cpu family", "model") if k in entries)
        processor = f"{entries.get('model name', processor)} ({model})"
        for extension in ("avx512f", "avx2", "asimd"):
            if extension in entries.get("flags", entries.get("Features", "")).split():
                flags = f", {extension.upper()}"
                break
        kilobytes = int(Path("/proc/meminfo").read_text().split()[1])
        memory_size = f", {kilobytes / 2**20:.0f} GiB of memory"
    return f"{processor}{flags}, {os.cpu_count()} cores{memory_size}, {platform.system()}"


def versions(peers):
    lines = [
        f"wengert {output_of('git', 'describe', '--always', '--dirty')}",
        output_of("rustc", "--version"),
    ]
    for framework, packages in (("torch", ["torch", "torchvision"]), ("jax", ["jax", "jaxlib", "optax"])):
        if any(peer.startswith(framework) for peer in peers):
            code = f"from importlib.metadata import version as v; print(', '.join(p + ' ' + v(p) for p in {packages}))"
            lines.append(output_of(python_of(framework) or sys.executable, "-c", code))
    for framework, package in (("burn", "burn"), ("candle", "candle-core")):
        if framework in peers:
            lock = (PEERS / framework / "Cargo.lock").read_text()
            version = re.search(f'name = "{package}"\nversion = "(.*)"', lock)[1]
            lines.append(f"{framework} {version}, built for this processor (target-cpu=native)")
    return lines


def conditions(rows):
    """How often all was measured, and how much else the machine had to do."""
    most = {}
    for row in rows:
        key = row["workload"], row["threads"]
        most[key] = max(most.get(key, 0), 1 + row["round"])
    least, rounds = min(most.values()), max(most.values())
    count = f"{least} to {rounds}" if least < rounds else str(rounds)
    yield f"{count} round{'s' if rounds > 1 else ''}: the median of medians (the best of bests)"
    others = [row["others"] for row in rows if row.get("others") is not None]
    if others:
        yield f"other programs took {statistics.fmean(others):.0%} of the processors meanwhile, at most {max(others):.0%}"
        if max(others) > 0.1:
            yield "**the machine was not quiet**: what waits for its threads suffers most, the bests least"


def report(rows, about):
    """RESULTS.md."""
    results = fold(rows)
    peers = [p for p in ("torch-eager", "torch-tuned", "jax", "burn", "candle") if any(k[2] == p for k in results)]
    parts = [
        "# Results",
        "What `python3 benches/run.py` measured last. It says how; in short: f32, a training step is forward, loss, "
        "backward and optimizer, and all frameworks run in turn on the same machine.",
        "\n".join(f"- {line}" for line in [*about, *conditions(rows)]),
        "`torch-eager` is PyTorch as one writes it first, `torch-tuned` channels-last with a fused optimizer. A "
        "number in bold is the peer's time by ours: above 1, ours is faster.",
    ]
    threads = sorted({t for _, t, _ in results}, reverse=True)
    if 2 in threads:
        parts += ["## Targets", targets(results)]
    for count in threads:
        title = f"{count} thread{'s' if count > 1 else ''}"
        parts += [f"## Times, {title}", ratios(results, count, "wengert", peers)]
        parts += [f"## Rates, {title}", rates(results, count, [p for p in peers if p in ("torch-eager", "burn", "candle")])]
    parts += [f"## Peak resident memory, {threads[0]} threads", memory(results, threads[0], ["wengert", *peers])]
    return "\n\n".join(part for part in parts if part) + "\n"


def listed(text):
    return text.split(",")


def numbers(text):
    return [int(number) for number in text.split(",")]


def main():
    summary, details = __doc__.split("\n\n", 1)
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=summary, epilog=details, formatter_class=raw)
    parser.add_argument("--workloads", type=listed, default=WORKLOADS, help="which, separated by commas (default: all)")
    parser.add_argument("--threads", type=numbers, default=[2, 1], help="how many, separated by commas (default: 2,1)")
    parser.add_argument("--peers", type=listed, help="of torch-eager, torch-tuned, jax, burn, candle (default: all)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is run (default: 3)")
    parser.add_argument("--seconds", type=float, default=6.0, help="how long a step is repeated (default: 6)")
    parser.add_argument("--quick", action="store_true", help="one round of two seconds; RESULTS.md stays as it is")
    parser.add_argument("--output", type=Path, help="where to write the report (default: benches/RESULTS.md)")
    parser.add_argument("--report", type=Path, metavar="FILE", help="measure nothing; report on lines kept in a file")
    parser.add_argument("--install", nargs="*", metavar="PEER", help="install torch, jax, burn, candle, or those named")
    options = parser.parse_args()
    if options.install is not None:
        return install(options.install or ["torch", "jax", "burn", "candle"])
    unknown = set(options.workloads) - set(WORKLOADS)
    if unknown:
        parser.error(f"no such workloads: {', '.join(sorted(unknown))}; there are {', '.join(WORKLOADS)}")
    if options.report:
        about, *rows = map(json.loads, options.report.read_text().splitlines())
    else:
        rounds, seconds = (1, 2.0) if options.quick else (options.rounds, options.seconds)
        peers = find_peers()
        if options.peers is not None:
            peers = [peer for peer in peers if peer.name == "wengert" or peer.name in options.peers]
        about = [time.strftime("%Y-%m-%d"), machine(), *versions([peer.name for peer in peers])]
        INSTALLED.mkdir(parents=True, exist_ok=True)
        rows = []
        with open(INSTALLED / "results.jsonl", "w") as lines:

            def keep(row):
                rows.append(row)
                print(json.dumps(row), file=lines, flush=True)

            print(json.dumps(about), file=lines)
            interleave(peers, options.workloads, options.threads, rounds, seconds, keep)
    if not rows:
        sys.exit("error: nothing was measured")
    text = report(rows, about)
    print("\n" + text)
    output = options.output or (None if options.quick else RESULTS)
    if output:
        output.write_text(text)
        say(f"written to {output}")


if __name__ == "__main__":
    main()
