"""REINFORCE, as in the benchmark's paper."""

from baseline import parser_of, run_baseline

if __name__ == "__main__":
    parser = parser_of(__doc__, save_dir="logs/reinforce")
    parser.add_argument("--learning_rate", type=float, default=0.01, help="Adam's step size")
    parser.add_argument("--EMA_momentum", type=float, default=0.9, help="decay of the baseline's moving average")
    options = parser.parse_args()
    settings = {"learning_rate": options.learning_rate, "baseline_decay": options.EMA_momentum}
    run_baseline(options, "reinforce", settings=settings)
