"""onnxruntime on several files of one network, in turns: python onnx_pair.py JOB ROUNDS FILE...

JOB as in measure.py. The first of the files is written here, from the twin, by PyTorch's own exporter; the others take pixels. Prints a line of JSON: for
each file the seconds of its runs.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy
import onnxruntime

from measure import available_cores

RUNS = 4  # of a file before the next one has its turn; the first one finds the caches of another and is not counted


def main():
    job, rounds, files = json.loads(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    subprocess.run([sys.executable, str(Path(__file__).with_name("onnx_export.py")), json.dumps(job), files[0]], check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = available_cores()
    sessions = [onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"]) for file in files]
    random = numpy.random.default_rng(0)
    maps = random.standard_normal((job["batch"], 3, job["height"], job["width"]), dtype=numpy.float32)
    pixels = random.integers(0, 256, (job["batch"], job["height"], job["width"], 3), dtype=numpy.uint8)
    seconds = [[] for _ in files]
    for round_ in range(rounds + 1):
        for i, session in enumerate(sessions):
            for run in range(RUNS):
                started = time.perf_counter()
                session.run(None, {"images": maps if i == 0 else pixels})
                if round_ > 0 and run > 0:
                    seconds[i].append(time.perf_counter() - started)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
