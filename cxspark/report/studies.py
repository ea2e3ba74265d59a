"""What tells customers apart, as the page shows it: a study per source and label."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pyspark.sql import Row


@dataclass(frozen=True)
class Study:
    """What was found out of one label of one source.

    Attributes:
        source: whose customers.
        label: what was to be told.
        gains: of ``FEATURES_GAIN``, by rank.
        rules: of ``TREE_RULES``, by leaf; none where no tree was grown.
        curve: of ``TREE_CURVE``, the test's, by threshold.
        metrics: of ``TREE_METRICS``, the test's.
    """

    source: str
    label: str
    gains: Sequence[Row] = ()
    rules: Sequence[Row] = ()
    curve: Sequence[Row] = ()
    metrics: Sequence[Row] = ()

    @property
    def event(self) -> str | None:
        """Of two classes the one that counts; None of more, or without a tree."""
        return next((row["event"] for row in self.rules), None)

    @property
    def chosen(self) -> Row | None:
        """The point of the curve that the threshold stands for."""
        return next((row for row in self.curve if row["is_chosen"]), None)

    @property
    def beside(self) -> list[tuple[str, float | None, float | None]]:
        """Metric, the tree's value and that of the commonest class for everyone."""
        found = {(row["metric"], row["model"]): row["value"] for row in self.metrics}
        names = dict.fromkeys(metric for metric, _ in found)
        return [(name, found.get((name, "tree")), found.get((name, "majority"))) for name in names]


@dataclass
class Node:
    """A split or a leaf.

    Attributes:
        condition: what leads to it from its parent; empty at the root.
        depth: questions before it.
        leaf: its rule; None of a split.
        children: below it, in order.
    """

    condition: str
    depth: int
    leaf: Row | None = None
    children: list["Node"] = field(default_factory=list)

    @property
    def leaves(self) -> list[Row]:
        """The rules below it, or its own."""
        if self.leaf is not None:
            return [self.leaf]
        return [row for child in self.children for row in child.leaves]

    @property
    def n_rows(self) -> int:
        """Customers to learn from that come here."""
        return sum(row["n_rows"] for row in self.leaves)

    def walk(self) -> Iterator["Node"]:
        """The node and all below it, each before its children."""
        yield self
        for child in self.children:
            yield from child.walk()


def group_studies(
    gains: Sequence[Row], rules: Sequence[Row], curve: Sequence[Row], metrics: Sequence[Row]
) -> list[Study]:
    """One study per source and label that any of the tables has, by name."""
    tables = (gains, rules, curve, metrics)
    keys = sorted({(row["source"], row["label"]) for table in tables for row in table})
    return [
        Study(
            *key,
            *([row for row in table if (row["source"], row["label"]) == key] for table in tables),
        )
        for key in keys
    ]


def plant(rules: Sequence[Row]) -> Node:
    """The tree again, from what leads to its leaves.

    Args:
        rules: of one tree, by leaf, at least one.
    """
    root = Node("", 0)
    for rule in rules:
        node = root
        for depth, condition in enumerate(rule["conditions"], 1):
            # Leaves come in order, so the way is new, or it is the one taken last.
            if not node.children or node.children[-1].condition != condition:
                node.children.append(Node(condition, depth))
            node = node.children[-1]
        node.leaf = rule
    return root
