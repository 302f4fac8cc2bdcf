"""How the Python peers time steps and print results: the rules of benches/workloads/measure.rs."""

import json
import os
import statistics
import time


class Measure:
    """With how many threads and for how many seconds to measure, and whom."""

    def __init__(self, peer, threads, seconds):
        self.peer, self.threads, self.seconds = peer, threads, seconds

    def time(self, step):
        """Seconds of each step: after a second of warming up, as often as it fits in the time."""
        return repeat(step, 1.0, self.seconds)

    def time_briefly(self, step):
        """The same for a step of which a process measures several: in a quarter of the time."""
        return repeat(step, 0.4, self.seconds / 4)

    def report(self, workload, times, flop=None, moved=None, operations=None):
        """Prints the line of a workload; its rates, of flop, bytes moved or operations, are those of the median."""
        median = statistics.median(times)
        row = dict(peer=self.peer, workload=workload, threads=self.threads, median_ms=median * 1e3,
                   best_ms=min(times) * 1e3, samples=len(times), peak_rss_mb=peak_memory())
        if flop:
            row["gflops"] = flop / median / 1e9
        if moved:
            row["gb_per_s"] = moved / median / 1e9
        if operations:
            row["ns_per_operation"] = median / operations * 1e9
        print(json.dumps(row), flush=True)


def repeat(step, warm_up, seconds, fewest=9, most=2000, patience=45):
    start, steps = time.perf_counter(), 0
    while steps < 3 or time.perf_counter() - start < warm_up:
        step()
        steps += 1
    times, start = [], time.perf_counter()
    while len(times) < fewest or (time.perf_counter() - start < seconds and len(times) < most):
        begin = time.perf_counter()
        step()
        times.append(time.perf_counter() - begin)
        if time.perf_counter() - start > patience:
            break
    return times


def peak_memory():
    """The most memory this process has had, in MB of 2**20 bytes, where the system tells."""
    if not os.path.exists("/proc/self/status"):
        return None
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM:"))


def parse(description, workloads, forms=None):
    """The command line of a peer: its workload, and threads, seconds and form as options."""
    import argparse

    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("workload", choices=list(workloads))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=6.0)
    if forms:
        parser.add_argument("--form", choices=forms, default=forms[0])
    return parser.parse_args()
