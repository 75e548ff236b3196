"""Random search over learning rate and batch size on one random cell, then evolution of the cell, as in the paper."""

from baseline import parser_of, run_baseline

if __name__ == "__main__":
    parser = parser_of(__doc__, save_dir="logs/rs_then_rea")
    parser.add_argument("--time_budget_hpo", type=float, default=5_000, help="simulated seconds of the first stage")
    parser.add_argument("--population_size", type=int, default=10, help="size of the population")
    parser.add_argument("--sample_size", type=int, default=3, help="contestants of a tournament")
    options = parser.parse_args()
    settings = {
        "first_stage_s": options.time_budget_hpo,
        "population_size": options.population_size,
        "tournament_size": options.sample_size,
    }
    run_baseline(options, "rs_then_rea", settings=settings)
