"""Regularised evolution, as in the benchmark's paper."""

from baseline import add_evolution_options, evolution_settings, parser_of, run_baseline

if __name__ == "__main__":
    parser = parser_of(__doc__, save_dir="logs/rea")
    add_evolution_options(parser)
    options = parser.parse_args()
    run_baseline(options, "regularized_evolution", settings=evolution_settings(options))
