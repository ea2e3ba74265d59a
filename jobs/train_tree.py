"""spark-submit jobs/train_tree.py --config FILE: features -> a tree that tells a label."""

from cxspark.steps.graph import main

if __name__ == "__main__":
    main("train_tree")
