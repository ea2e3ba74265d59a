"""Every table of the suite, by name."""

from cxspark.contracts.classes import CLASSES, CONFUSIONS
from cxspark.contracts.clusters import CLUSTER_CENTERS, CLUSTER_TRIALS, CLUSTERS
from cxspark.contracts.distances import DISTANCES
from cxspark.contracts.evaluation import MODEL_METRICS, MODEL_TRIALS
from cxspark.contracts.events import BRONZE_EVENTS, LOADS, QUARANTINE, SILVER_EVENTS
from cxspark.contracts.factors import ITEM_AVAILABILITY, ITEM_FACTORS, MODELS, USER_FACTORS
from cxspark.contracts.features import (
    BRONZE_CUSTOMERS,
    CUSTOMER_FEATURES,
    CUSTOMERS,
    SNAPSHOTS,
)
from cxspark.contracts.interactions import INTERACTIONS
from cxspark.contracts.operations import JOB_RUNS, RUN_METRICS, TABLE_CARE
from cxspark.contracts.preferences import (
    ITEM_INDEX,
    RECOMMENDATIONS,
    USER_INDEX,
    USER_ITEM,
    USER_NEIGHBORS,
)
from cxspark.contracts.segments import SEGMENT_MOVES, SEGMENT_PROFILES, SEGMENT_RUNS, SEGMENTS
from cxspark.contracts.table import Table
from cxspark.contracts.trees import (
    FEATURES_GAIN,
    TREE_CURVE,
    TREE_METRICS,
    TREE_PREDICTIONS,
    TREE_RULES,
    TREE_TRIALS,
)
from cxspark.contracts.value import CUSTOMER_VALUE, VALUE_FORECASTS, VALUE_MODELS

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        BRONZE_EVENTS,
        BRONZE_CUSTOMERS,
        SILVER_EVENTS,
        QUARANTINE,
        CUSTOMERS,
        ITEM_AVAILABILITY,
        USER_ITEM,
        INTERACTIONS,
        USER_INDEX,
        ITEM_INDEX,
        USER_NEIGHBORS,
        RECOMMENDATIONS,
        USER_FACTORS,
        ITEM_FACTORS,
        MODELS,
        CUSTOMER_FEATURES,
        FEATURES_GAIN,
        TREE_RULES,
        TREE_PREDICTIONS,
        TREE_CURVE,
        TREE_METRICS,
        TREE_TRIALS,
        CUSTOMER_VALUE,
        VALUE_MODELS,
        VALUE_FORECASTS,
        DISTANCES,
        CLASSES,
        CONFUSIONS,
        CLUSTERS,
        CLUSTER_CENTERS,
        CLUSTER_TRIALS,
        SEGMENTS,
        SEGMENT_PROFILES,
        SEGMENT_MOVES,
        SEGMENT_RUNS,
        LOADS,
        SNAPSHOTS,
        MODEL_METRICS,
        MODEL_TRIALS,
        JOB_RUNS,
        RUN_METRICS,
        TABLE_CARE,
    )
}
