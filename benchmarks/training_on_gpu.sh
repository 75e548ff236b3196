#!/usr/bin/env bash
# Everything about the trainer that needs a GPU, in under ten minutes: parity, kill and resume, and the speed figures,
# which it writes into docs/training.md. PyTorch, ConfigSpace, numpy and pytest must be installed for $PYTHON.
#
#   PYTHON=python bash benchmarks/training_on_gpu.sh
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python}
export PYTHONPATH=$PWD CUBLAS_WORKSPACE_CONFIG=:4096:8

"$PYTHON" -c 'import torch; print(torch.__version__, torch.cuda.get_device_name())'

echo "== parity with the oracle, and networks together against each alone"
timeout 120 "$PYTHON" benchmarks/speed/training.py --device cuda --check

echo "== a deterministic run, stopped and gone on with: the same bits"
timeout 60 "$PYTHON" - <<'PYTHON_END'
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from nhb2_plugins.training import Execution, Training, TrainingTask, place_data, train_resumably
from nhb2_plugins.space import Configuration
from tests.training.patterns import image_data

execution = Execution(device="cuda", deterministic=True)
task = TrainingTask(Configuration("0|10|210", 0.1, 64), epochs=3)
data = place_data(image_data(512, 256, 256, size=32), execution)
unbroken = Training(task, data, execution)
unbroken.train()
with TemporaryDirectory() as directory:
    train_resumably(task, data, Path(directory), execution, until=1)
    last = []
    run = train_resumably(task, data, Path(directory), execution, on_epoch=last.append)
assert [replace(a, train_time_s=0, valid_time_s=0, test_time_s=0) for a in run.results] == [
    replace(a, train_time_s=0, valid_time_s=0, test_time_s=0) for a in unbroken.run.results
]
own, theirs = unbroken.network.state_dict(), last[-1].network.state_dict()
assert all(torch.equal(own[name], theirs[name]) for name in own)
print("equal bit for bit")
PYTHON_END

echo "== speed: the default, then channels last and TF32, which are printed and not written"
timeout 240 "$PYTHON" benchmarks/speed/training.py --device cuda --write docs/training.md
timeout 90 "$PYTHON" benchmarks/speed/training.py --device cuda --channels-last --only 16 128 512 --no-whole-run || true
timeout 60 "$PYTHON" benchmarks/speed/training.py --device cuda --tf32 --only 16 512 --no-whole-run || true
