#!/usr/bin/env python3
"""Compares two revisions of this project by their workloads, run in turn.

python3 benches/compare.py main HEAD                       # all workloads with two threads
python3 benches/compare.py HEAD . resnet18,conv --threads 2,1 --rounds 5

A revision is what git calls one, or `.` for the working tree as it is. Each is checked out and built under
target/compare/. One that has no benches/workloads gets this one's.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from run import ROOT, WORKLOADS, Peer, build_workloads, fold, interleave, listed, numbers, output_of, ratios

FOLDER = ROOT / "target" / "compare"
ENTRY = '\n[[bench]]\nname = "workloads"\nharness = false\n'


def checkout(revision):
    """The folder of a revision, and what to call it."""
    if revision == ".":
        return ROOT, "working tree"
    commit = output_of("git", "rev-parse", "--verify", "--short", f"{revision}^{{commit}}")
    if commit == "unknown":
        sys.exit(f"error: git knows no revision {revision}")
    folder = FOLDER / commit
    if not folder.exists():
        # By force, as a folder that was deleted by hand is still in git's books.
        add = ["git", "worktree", "add", "--quiet", "--detach", "--force", folder, commit]
        subprocess.run(add, cwd=ROOT, check=True)
    if not (folder / "benches" / "workloads").exists():
        shutil.copytree(ROOT / "benches" / "workloads", folder / "benches" / "workloads")
        manifest = folder / "Cargo.toml"
        text = manifest.read_text().replace("[dev-dependencies]", "[dev-dependencies]\npulp.workspace = true")
        manifest.write_text(text + ENTRY)
    return folder, f"{revision} ({commit})" if revision != commit else commit


def main():
    summary, details = __doc__.split("\n\n", 1)
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=summary, epilog=details, formatter_class=raw)
    parser.add_argument("before")
    parser.add_argument("after")
    parser.add_argument("workloads", nargs="?", type=listed, default=[w for w in WORKLOADS if w != "peak"],
                        help="separated by commas (default: all)")
    parser.add_argument("--threads", type=numbers, default=[2], help="how many, separated by commas (default: 2)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is run (default: 5)")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long a step is repeated (default: 2)")
    options = parser.parse_args()
    workloads = options.workloads
    unknown = set(workloads) - set(WORKLOADS)
    if unknown:
        parser.error(f"no such workloads: {', '.join(sorted(unknown))}; there are {', '.join(WORKLOADS)}")
    peers = []
    for revision in (options.before, options.after):
        folder, title = checkout(revision)
        if peers and title == peers[0].name:
            # The same twice shows the noise.
            title += " again"
        # Each in a target folder of its own: in a shared one cargo gives the programs of both the same name.
        program = build_workloads(folder)
        peers.append(Peer(title, title, [program], workloads))
    rows = []
    interleave(peers, workloads, options.threads, options.rounds, options.seconds, rows.append)
    results = fold(rows)
    before, after = (peer.name for peer in peers)
    for count in options.threads:
        print(f"\n{count} thread(s); in bold the time before by the time after: above 1, {after} is faster\n")
        print(ratios(results, count, after, [before]))


if __name__ == "__main__":
    main()
