"""What the report knows: small frames, collected, and where they come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pyspark.sql import Row

from cxspark.report.confusions import Confusion
from cxspark.report.distance_maps import Comparison
from cxspark.report.segments import Segmentation
from cxspark.report.studies import Study


@dataclass(frozen=True)
class CloseUp:
    """A few customers in detail.

    Attributes:
        users: their user_ids, in the order they are shown.
        facts: `describe_customers`.
        history: `rank_history`.
        suggestions: `select_recommendations`.
        neighbors: `compare_neighbors`.
    """

    users: Sequence[str] = ()
    facts: Sequence[Row] = ()
    history: Sequence[Row] = ()
    suggestions: Sequence[Row] = ()
    neighbors: Sequence[Row] = ()


@dataclass(frozen=True)
class Evaluation:
    """The newest comparison of recommenders; nothing where there was none.

    Attributes:
        metrics: `select_metrics`.
        trials: `summarize_trials`.
    """

    metrics: Sequence[Row] = ()
    trials: Sequence[Row] = ()


@dataclass(frozen=True)
class Value:
    """What one source's customers are worth; nothing where none were valued.

    Attributes:
        summary: the first row of `summarize_values`.
        sizes: `aggregate_values`.
        forecasts: `select_forecasts`.
    """

    summary: Row | None = None
    sizes: Sequence[Row] = ()
    forecasts: Sequence[Row] = ()


@dataclass(frozen=True)
class Findings:
    """Rows of the transforms of this room, by the transform they come from.

    Attributes:
        loads: `aggregate_loads`.
        reasons: `rank_reasons`.
        meanings: reason -> what it means and what to do.
        events: the row of `aggregate_events`.
        types: `rank_event_types`.
        activity: `aggregate_activity`, in periods of `unit`.
        unit: day, week, month or year.
        item_sizes: `aggregate_group_sizes` of the events by item.
        user_sizes: the same of the matrix by user.
        reach_sizes: the same of the recommendations by item.
        matrix: the row of `aggregate_matrix`.
        distances: `aggregate_distances`.
        recommendations: `aggregate_recommendations`.
        recommended: `rank_recommended`.
        evaluation: of the recommenders.
        value: of the customers.
        comparisons: of customers, by distance.
        confusions: of the classes that customers were told.
        close_up: of a few customers.
        segmentation: of clusters and segments.
        names: item_id -> item_name.
        studies: of what tells customers apart.
    """

    loads: Sequence[Row]
    reasons: Sequence[Row]
    meanings: Mapping[str, tuple[str, str]]
    events: Row
    types: Sequence[Row]
    activity: Sequence[Row]
    unit: str
    item_sizes: Sequence[Row]
    user_sizes: Sequence[Row]
    reach_sizes: Sequence[Row]
    matrix: Row
    distances: Sequence[Row]
    recommendations: Sequence[Row]
    recommended: Sequence[Row]
    evaluation: Evaluation = Evaluation()
    value: Value = Value()
    comparisons: Sequence[Comparison] = ()
    confusions: Sequence[Confusion] = ()
    close_up: CloseUp = CloseUp()
    segmentation: Segmentation = field(default_factory=Segmentation)
    names: Mapping[str, str] = field(default_factory=dict)
    studies: Sequence[Study] = ()


@dataclass(frozen=True)
class Origin:
    """Where a page comes from.

    Attributes:
        made_at: UTC.
        run_id: the run that made it.
        versions: table -> the version read.
        program: name and version of the program.
    """

    made_at: datetime
    run_id: str
    versions: Mapping[str, int]
    program: str
