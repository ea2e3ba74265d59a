"""spark-submit jobs/train_als.py --config FILE: matrix -> factors of users and items."""

import sys

from cxspark.steps.graph import main

if __name__ == "__main__":
    sys.exit(main("train_als"))
