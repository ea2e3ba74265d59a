"""spark-submit jobs/rank_features.py --config FILE: features -> how well each tells a label."""

import sys

from cxspark.steps.graph import main

if __name__ == "__main__":
    sys.exit(main("rank_features"))
