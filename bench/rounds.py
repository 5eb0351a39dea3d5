"""What the reports read of the lines that bench/load prints."""

import collections
import statistics
import sys

# a turn counts if its processes waited for others no longer than this share
# of it; if fewer than ENOUGH do, all count
UNDISTURBED = 0.1
ENOUGH = 20

Side = collections.namedtuple("Side", "requests wall cpu waited longest")


def read_rounds(path):
    """Rounds by group, in each the sides by name."""
    groups = collections.defaultdict(lambda: collections.defaultdict(dict))

    for line in path.read_text().splitlines():
        start, group, name, number, *figures = line.split()
        requests, failed, limited, wall, cpu_time, wait, own, *longest = \
            map(int, figures)

        if failed or limited:
            sys.exit(f"{path}: answers that were not expected: {line}")

        groups[group][start, number][name] = Side(
            requests, wall, cpu_time, wait + own, *(longest or [0]))

    return groups


def cpu(side):
    return side.cpu / side.requests / 1000


def rate(side):
    return side.requests / side.wall * 1e9


def added(side, base):
    return cpu(side) - cpu(base)


def ratio(side, base):
    return base.wall / side.wall


def spread(rounds, names, figure, digits=2):
    turns = [[turn[name] for name in names] for turn in rounds.values()]
    calm = [turn for turn in turns if all(
        side.waited <= UNDISTURBED * side.wall for side in turn)]

    values = [figure(*turn)
              for turn in (calm if len(calm) >= ENOUGH else turns)]
    low, median, high = statistics.quantiles(values, n=4)

    return (f"{median:,.{digits}f} "
            f"({low:,.{digits}f} to {high:,.{digits}f})")
