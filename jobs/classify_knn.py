"""spark-submit jobs/classify_knn.py --config FILE: features -> classes by the nearest."""

import sys

from cxspark.steps.graph import main

if __name__ == "__main__":
    sys.exit(main("classify_knn"))
