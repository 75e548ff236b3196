"""Random search over learning rate and batch size on one random cell, then evolution of the cell, as in the paper."""

from baseline import add_evolution_options, evolution_settings, parser_of, run_baseline

if __name__ == "__main__":
    parser = parser_of(__doc__, save_dir="logs/rs_then_rea")
    parser.add_argument("--time_budget_hpo", type=float, default=5_000, help="simulated seconds of the first stage")
    add_evolution_options(parser)
    options = parser.parse_args()
    settings = evolution_settings(options) | {"first_stage_s": options.time_budget_hpo}
    run_baseline(options, "rs_then_rea", settings=settings)
