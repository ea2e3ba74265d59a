"""spark-submit jobs/train_als.py --config FILE: matrix -> factors of users and items."""

from cxspark.steps.graph import main

if __name__ == "__main__":
    main("train_als")
