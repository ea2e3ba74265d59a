"""spark-submit jobs/compute_distances.py --config FILE: features -> distances between customers."""

import sys

from cxspark.steps.graph import main

if __name__ == "__main__":
    sys.exit(main("compute_distances"))
