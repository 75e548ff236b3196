"""Regularised evolution, as in the benchmark's paper."""

from baseline import parser_of, run_baseline

if __name__ == "__main__":
    parser = parser_of(__doc__, save_dir="logs/rea")
    parser.add_argument("--population_size", type=int, default=10, help="size of the population")
    parser.add_argument("--sample_size", type=int, default=3, help="contestants of a tournament")
    options = parser.parse_args()
    sizes = {"population_size": options.population_size, "tournament_size": options.sample_size}
    run_baseline(options, "regularized_evolution", settings=sizes)
