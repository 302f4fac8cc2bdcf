"""Breaks every backward rule, and shows that the rule's own row of the table of operations notices.

    python tests/mutation/run.py [--cases 64] [--only NAME] [--list]

The feature `mutation` compiles the places where a rule can be broken (autodiff/src/mutation.rs) once; the environment
variable WENGERT_MUTANT chooses one for a process. First each row runs with nothing broken and writes down the places
that it reaches. Then each place is broken in each way, and one of the function's own rows must fail: those that bear
its name, or, where none does, the row that reaches it among the fewest other functions. Mutants that change nothing that could
be seen stand in equivalents.txt with the reason; one that is listed there and is noticed all the same is an error too.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
WAYS = ("sign", "factor", "dropped", "axis")


def build():
    command = ["cargo", "test", "--features", "mutation", "--test", "operations", "--no-run", "--message-format=json"]
    out = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    for line in out.splitlines():
        message = json.loads(line)
        if message.get("target", {}).get("name") == "operations" and message.get("executable"):
            return message["executable"]
    sys.exit("cargo named no executable")


def run(binary, row, **environment):
    """Whether the row passes."""
    full = dict(os.environ, RAYON_NUM_THREADS="1", PROPTEST_MAX_SHRINK_ITERS="0", RUST_BACKTRACE="0", **environment)
    command = [binary, "--exact", row, "--test-threads=1"]
    try:
        done = subprocess.run(command, cwd=ROOT, env=full, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def equivalents():
    """The mutants that change nothing, with the reason."""
    found = {}
    for line in (HERE / "equivalents.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            mutants, reason = line.split("  ", 1)
            place, ways = mutants.rsplit(":", 1)
            for way in ways.split(","):
                found[f"{place}:{way}"] = reason.strip()
    return found


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--cases", type=int, default=64, help="small cases a row (default: 64)")
    options.add_argument("--only", help="only functions whose name contains this")
    options.add_argument("--list", action="store_true", help="list the mutants and their rows, and run none")
    options.add_argument("--jobs", type=int, default=os.cpu_count())
    options = options.parse_args()
    drawn = {"WENGERT_CASES": str(options.cases), "WENGERT_SEED": "7"}

    start = time.monotonic()
    binary = build()
    listed = subprocess.run([binary, "--list"], check=True, stdout=subprocess.PIPE, text=True).stdout
    rows = [line.removesuffix(": test") for line in listed.splitlines() if line.endswith(": test")]
    rows = [row for row in rows if not row.startswith("complete::")]

    def reached(row):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "places")
            if not run(binary, row, WENGERT_MUTANTS=str(file), **drawn):
                sys.exit(f"{row} fails with nothing broken")
            return file.read_text().split() if file.exists() else []

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        places = dict(zip(rows, pool.map(reached, rows)))
        function = lambda place: place.split(":")[0].split("/")[0]
        reaching = collections.defaultdict(set)
        for row, found in places.items():
            for place in found:
                reaching[function(place)].add(row)
        breadth = {row: len({function(place) for place in found}) for row, found in places.items()}

        def candidates(place):
            """The function's own rows among those that reach a place, and the others."""
            name = function(place).removesuffix("_backward")
            rows = sorted(row for row in reaching[function(place)] if place in places[row])
            own = [row for row in rows if (row.split("::")[-1] + "_").startswith(name + "_")]
            own = own or [min(rows, key=lambda row: (breadth[row], row))]
            return own, [row for row in rows if row not in own]

        every = sorted({place for found in places.values() for place in found})
        every = [place for place in every if not options.only or options.only in function(place)]
        mutants = [f"{place}:{way}" for place in every for way in WAYS if not (place.endswith(":term") and way == "axis")]
        print(f"{len(mutants)} mutants of {len({function(p) for p in every})} functions in {len(rows)} rows", flush=True)
        if options.list:
            for mutant in mutants:
                print(mutant, *candidates(mutant.rsplit(":", 1)[0])[0])
            return

        known = equivalents()

        def judge(mutant):
            notices = lambda row: not run(binary, row, WENGERT_MUTANT=mutant, **drawn)
            own, others = candidates(mutant.rsplit(":", 1)[0])
            if row := next(filter(notices, own), None):
                return mutant, "caught", row
            if mutant in known:
                return mutant, "equivalent", known[mutant]
            other = next(filter(notices, others), None)
            return mutant, "elsewhere" if other else "SURVIVED", f"{own[0]}, not {other}" if other else own[0]

        judged = list(pool.map(judge, mutants))

    counts = collections.Counter(verdict for _, verdict, _ in judged)
    for mutant, verdict, why in judged:
        if verdict in ("SURVIVED", "elsewhere"):
            print(f"{verdict}: {mutant} ({why})")
        elif verdict == "caught" and mutant in known:
            counts["SURVIVED"] += 1
            print(f"listed as equivalent, but noticed: {mutant}")
    stale = [] if options.only else sorted(set(known) - set(mutants))
    for mutant in stale:
        print(f"listed as equivalent, but there is no such mutant: {mutant}")
    summary = ", ".join(f"{counts[v]} {v}" for v in ("caught", "equivalent", "elsewhere", "SURVIVED"))
    print(f"{len(judged)} mutants: {summary}; {time.monotonic() - start:.0f} s")
    if counts["SURVIVED"] or counts["elsewhere"] or stale:
        sys.exit(1)


main()
