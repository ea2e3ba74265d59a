"""spark-submit jobs/recommend_knn.py --config FILE: matrix -> nearest users, recommendations."""

import sys

from cxspark.steps.graph import main

if __name__ == "__main__":
    sys.exit(main("recommend_knn"))
