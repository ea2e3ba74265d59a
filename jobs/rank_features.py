"""spark-submit jobs/rank_features.py --config FILE: features -> how well each tells a label."""

from cxspark.steps.graph import main

if __name__ == "__main__":
    main("rank_features")
