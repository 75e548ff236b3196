"""Random search, as in the benchmark's paper."""

from baseline import parser_of, run_baseline

if __name__ == "__main__":
    run_baseline(parser_of(__doc__, save_dir="logs/random").parse_args(), "random_search")
